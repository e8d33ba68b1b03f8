"""Songs as rolls of several tracks, and rolls as songs again, as MuseGAN has them.

Tracks are voices told by place: of the notes that begin together, the highest, the lowest, all
others, and drums. A cell says whether a pitch sounds; of a note that is struck again at once, the
last step is left out, so that both can be told.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from classify.generation.adversarial.phrase_shape import BARS, LOWEST, PITCHES
from classify.generation.latent.phrases import (
    BASS,
    DRUMS,
    INNER,
    MELODY,
    TICKS_PER_BEAT,
    Grid,
    apart,
    folded,
)
from classify.representations.sequences import note_array, song_of
from classify.songs import Song

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

#: How often the first track is given in training.
GIVEN = 0.5

#: Tracks, in the order in which phrases have them.
TRACKS = (MELODY, INNER, BASS, DRUMS)


def of_notes(grid: Grid) -> dict[str, NDArray[np.intp]]:
    """Tell notes to tracks; give the places of each."""
    drum = grid.notes["drum"]
    order = np.lexsort((grid.notes["pitch"], grid.begin))
    pitched = order[~drum[order] & (grid.begin[order] >= 0)]
    new = np.diff(grid.begin[pitched]) > 0
    highest, lowest = np.append(new, True)[: len(pitched)], np.append(True, new)[: len(pitched)]
    return {
        MELODY: pitched[highest],
        BASS: pitched[lowest & ~highest],
        INNER: pitched[~lowest & ~highest],
        DRUMS: np.flatnonzero(drum & (grid.begin >= 0)),
    }


def encode(grid: Grid, steps: int, tracks: Sequence[str] = TRACKS) -> Bools:
    """Write a song as rolls in the home key, shape (n_bars, steps, PITCHES, n_tracks)."""
    n, found = grid.n_bars * grid.length, of_notes(grid)
    rolls = np.zeros((n, PITCHES, len(tracks)), bool)
    for column, name in enumerate(tracks):
        places = found[name]
        shift = 0 if name == DRUMS else grid.shift
        pitch = grid.notes["pitch"][places].astype(int) - shift - LOWEST
        inside = (pitch >= 0) & (pitch < PITCHES)
        starts = set(zip(grid.begin[places].tolist(), pitch.tolist(), strict=True))
        for place, p in zip(places[inside].tolist(), pitch[inside].tolist(), strict=True):
            first = int(grid.begin[place])
            last = min(max(int(grid.end[place]), first + 1), n)
            struck = [(at, p) in starts for at in range(first + 1, last + 1)]
            if any(struck):  # again: this one ends a step before
                last = max(first + 1, first + struck.index(True))
            rolls[first:last, p, column] = True
    bars = np.zeros((grid.n_bars, steps, PITCHES, len(tracks)), bool)
    bars[:, : grid.length] = rolls.reshape(grid.n_bars, grid.length, PITCHES, len(tracks))
    return bars


def begins_of(rolls: Bools) -> Bools:
    """Give where notes begin in bars that follow each other, shape as given."""
    flat = rolls.reshape(-1, *rolls.shape[2:])
    before = np.concatenate([np.zeros_like(flat[:1]), flat[:-1]])
    return np.asarray(flat & ~before).reshape(rolls.shape)


def decode(
    rolls: Bools,
    length: int,
    shift: int,
    tempo: float,
    metre: tuple[int, int],
    velocity: int,
    programs: Mapping[str, int],
    tracks: Sequence[str] = TRACKS,
) -> Song:
    """Make a song of rolls.

    Parameters
    ----------
    rolls : ndarray of bool, shape (n_bars, steps, PITCHES, n_tracks)
        In the home key.
    length : int
        Steps of a bar.
    shift : int
        Semitones from the home key.
    tempo, metre, velocity
        Of the song.
    programs : mapping of str to int
        General MIDI instrument of each track.
    tracks : sequence of str
        In the order of the rolls.
    """
    flat = rolls[:, :length].reshape(-1, *rolls.shape[2:])
    edges = np.diff(flat.astype(np.int8), axis=0, prepend=0, append=0)
    per_step, parts = 60 / tempo / TICKS_PER_BEAT, []
    for column, name in enumerate(tracks):
        pitch, begin = np.nonzero(edges[..., column].T > 0)
        _, end = np.nonzero(edges[..., column].T < 0)
        drum = name == DRUMS
        parts.append(note_array(
            onset=begin * per_step, duration=(end - begin) * per_step, beat=begin / TICKS_PER_BEAT,
            pitch=folded(pitch + LOWEST + (0 if drum else shift)), velocity=velocity,
            program=0 if drum else programs.get(name, 0), drum=drum,
        ))  # fmt: skip
    metres, tempi = np.array([[0, *metre]]), np.array([[0, tempo]])
    return song_of(apart(np.concatenate(parts)), tempi, metres, "new song")


def common_programs(grids: Sequence[Grid], share: float = 0.1) -> dict[str, int]:
    """Give the instrument of each track that such a share of songs has; always of the melody."""
    heard: dict[str, Counter[int]] = {name: Counter() for name in TRACKS}
    songs = Counter[str]()
    for grid in grids:
        for name, places in of_notes(grid).items():
            heard[name].update(grid.notes["program"][places].tolist())
            songs[name] += bool(len(places))
    often = [name for name in TRACKS if name == MELODY or songs[name] >= share * len(grids)]
    return {name: int(heard[name].most_common(1)[0][0]) for name in often}


class Phrases:
    """Phrases of songs to learn from, with the first track given or not.

    Parameters
    ----------
    songs : sequence of ndarray of bool
        Of each, shape (n_bars, steps, PITCHES, n_tracks).
    length : int
        Steps of a bar within it.
    times : int
        Steps of the networks in each of these.
    """

    def __init__(self, songs: Sequence[Bools], length: int, times: int) -> None:
        self.times, self.length = times, length
        silent = np.zeros((BARS, *songs[0].shape[1:]), bool)
        padded = [np.concatenate([s, silent[: max(0, BARS - len(s))]]) for s in songs]
        self.bars = np.concatenate(padded)
        ends = np.cumsum([len(song) for song in padded])
        first = [np.arange(end - len(song), end - BARS + 1)
                 for end, song in zip(ends, padded, strict=True)]  # fmt: skip
        self.places = np.concatenate(first)

    def __len__(self) -> int:
        return len(self.places)

    def phrases(self, places: NDArray[np.intp]) -> Bools:
        """Give some of them."""
        return self.bars[self.places[places][:, None] + np.arange(BARS)]

    def batch(self, places: NDArray[np.intp], random: np.random.Generator) -> tuple[Floats, ...]:
        """Give phrases as the networks take them, whether a track is given, and steps within."""
        rolls = as_heard(self.phrases(places), self.times)
        given = (random.random(len(places)) < GIVEN).astype(np.float32)
        within = np.arange(rolls.shape[2]) < self.length * self.times
        return rolls, given, np.repeat(within[None].astype(np.float32), len(places), axis=0)


def as_heard(rolls: Bools, times: int) -> Floats:
    """Write rolls as networks take them: 1 where a pitch sounds, -1 elsewhere."""
    return 2 * np.repeat(rolls, times, axis=2).astype(np.float32) - 1


def as_written(said: Floats, times: int) -> Floats:
    """Give how surely pitches sound on the grid: the mean over the steps of each sixteenth."""
    n, bars, steps, *rest = said.shape
    return np.asarray(said.reshape(n, bars, steps // times, times, *rest).mean(axis=3))
