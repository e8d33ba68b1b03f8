"""Corpora in which one quantity alone decides the class, and all others are drawn at random."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import symusic

from classify.songs import Song, midi

#: Steps of the scales: a major one, and a natural minor one.
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


def write_music(
    path: Path,
    seed: int,
    tempo: float | None = None,
    scale: tuple[int, ...] | None = None,
    register: float | None = None,
    velocity: float | None = None,
    n_notes: int = 64,
) -> Path:
    """Write a melody over chords; whatever is not given is drawn.

    Parameters
    ----------
    path : Path
        The MIDI file.
    seed : int
        Of everything drawn.
    tempo : float
        Quarter notes a minute; else 60 to 180.
    scale : tuple of int
        Else one of the two.
    register : float
        Pitch of the melody's middle; else 55 to 79.
    velocity : float
        Mean; else 40 to 100.
    n_notes : int
        Of the melody.
    """
    draw = np.random.default_rng(seed)
    drawn = draw.uniform(60, 180), draw.integers(2), draw.uniform(55, 79), draw.uniform(40, 100)
    tempo = drawn[0] if tempo is None else tempo
    scale = (MAJOR, MINOR)[drawn[1]] if scale is None else scale
    register = drawn[2] if register is None else register
    velocity = drawn[3] if velocity is None else velocity
    tonic, walk = draw.integers(12), np.cumsum(draw.integers(-2, 3, n_notes))
    walk = np.abs((walk + 7) % 28 - 14) - 7  # folded, so that the melody stays within two octaves
    walk[[0, n_notes // 2, n_notes - 1]] = 0
    middle = 12 * round((register - tonic) / 12) + tonic
    pitches = [middle + 12 * (step // 7) + scale[step % 7] for step in walk]
    lengths = draw.choice([0.5, 1.0, 1.5], n_notes, p=[0.6, 0.3, 0.1])
    starts = np.cumsum(lengths) - lengths
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, tempo))
    track = symusic.Track(program=0, is_drum=False)

    def add(start: float, length: float, pitch: int) -> None:
        loud = int(np.clip(draw.normal(velocity, 8), 1, 127))
        track.notes.append(symusic.Note(int(480 * start), int(480 * length), int(pitch), loud))

    for start, length, pitch in zip(starts, lengths, pitches, strict=True):
        add(start, 0.9 * length, pitch)
    for bar in np.arange(0, starts[-1], 4):
        root = draw.choice([0, 0, 3, 4])  # tonic, subdominant, dominant
        for step in (root, root + 2, root + 4):
            add(bar, 3.8, middle - 12 + 12 * (step // 7) + scale[step % 7])
    score.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    score.dump_midi(str(path))
    return path


def tempo_only(code: int, draw: np.random.Generator) -> dict:
    return {"tempo": draw.uniform(60, 90) if code == 0 else draw.uniform(120, 180)}


def mode_only(code: int, draw: np.random.Generator) -> dict:
    return {"scale": MINOR if code == 0 else MAJOR}


def register_only(code: int, draw: np.random.Generator) -> dict:
    return {"register": draw.uniform(50, 58) if code == 0 else draw.uniform(70, 78)}


@dataclass(frozen=True)
class Made:
    """Songs with their labels; each is a group of its own."""

    songs: list[Song]
    labels: np.ndarray

    @property
    def groups(self) -> list[str]:
        return [str(song.path) for song in self.songs]


def corpus(folder: Path, rule: Callable[..., dict], per_class: int = 40, n_notes: int = 64) -> Made:
    """Write two classes, `one` and `two`, that differ by the rule alone, and read them."""
    songs, labels = [], []
    for code, label in enumerate(("one", "two")):
        for number in range(per_class):
            seed = 1000 * code + number
            given = rule(code, np.random.default_rng(seed + 10**6))
            path = folder / label / f"{number:03d}.mid"
            songs.append(midi.read(write_music(path, seed, n_notes=n_notes, **given)))
            labels.append(label)
    return Made(songs, np.array(labels))
