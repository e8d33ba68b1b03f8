"""Melodies by one convolution and one LSTM: the generator of Chen and Wang, section 3.2.

They predict the rest of a note sequence from what came before by one Conv1D and one LSTM, and give
no sizes: those here are ours. `conv-lstm` predicts the next pitch as one of 128 classes;
`conv-lstm-regression` as a number, by its mean squared error, as their curves suggest. So that
songs can be made, the length of each note is predicted too, which is ours.

A song is its skyline (`classify.representations.melody`) in C major or A minor, rests counted to
the note before them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation.keys import minor_and_shift
from classify.generation.networks.architecture import Architecture
from classify.generation.networks.network_generator import NetworkGenerator, hide_moods, one_hot
from classify.generation.networks.row_sampler import drawn
from classify.generation.request import Request
from classify.generation.styles import HOME, nearest
from classify.progress import Progress
from classify.representations import melody as melodies
from classify.representations.melody import REST, Melody, bar_ticks
from classify.songs import Song

#: Rows that the convolution sees, units of both layers, and rows of a piece in training.
WIDTH, UNITS, CONTEXT = 8, 128, 96

#: Steps in a quarter note, and in the longest note.
TICKS_PER_BEAT, LONGEST = 4, 4 * melodies.LONGEST

#: Of the classes of a field, the likeliest that together have this probability can be drawn.
TOP_P = 0.95


class ConvLSTM(NetworkGenerator):
    """One Conv1D and one LSTM over pitches and lengths."""

    TITLE = "Conv1D + LSTM"
    KEEPS = frozenset(
        {"bars", "seconds", "tempo", "low", "high", "instruments", "longest_copy", "loudness",
         "primer"}
    )  # fmt: skip
    AIMS = frozenset({"mood", "key", "mode", "register"})
    REGRESSION = False
    FIELDS: ClassVar[tuple[int, ...]] = (128, LONGEST + 1)
    FACTS: ClassVar[tuple[str, ...]] = (
        "known_moods",
        "metre",
        "tempo",
        "velocity",
        "bars",
        "minor",
        "middle",
    )

    known_moods: list[str]
    metre: list[int]
    tempo: float
    velocity: float
    bars: float
    minor: float
    middle: float

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Train the network."""
        from classify.generation.networks.row_training import Example

        pairs = [(home(song), mood) for song, mood in zip(songs, moods, strict=True)]
        kept = [(*one, mood) for one, mood in pairs if one]
        if not kept:
            raise InputError("none of the songs has a melody with beats to learn from")
        self.known_moods = sorted(set(moods) - {""})
        self.metre = list(Counter(tune.metre for tune, _, _ in kept).most_common(1)[0][0])
        tempi = [float(song.tempi[0, 1]) for song in songs if len(song.tempi)]
        self.tempo = float(np.median(tempi or [120.0]))
        self.velocity = float(np.median([song.notes["velocity"].mean() for song in songs]))
        self.bars = float(np.median([sum(t.ticks) / t.bar_ticks for t, _, _ in kept]))
        self.minor = float(np.mean([minor for _, minor, _ in kept]))
        self.middle = float(np.mean(np.concatenate([tune.pitch for tune, _, _ in kept])))
        self.architecture = self.shaped()
        examples = [
            Example(rows, np.zeros(len(rows), int), np.zeros((len(rows), 0), int),
                    np.ones(rows.shape, bool), self._condition(mood, minor))
            for tune, minor, mood in kept
            for rows in [rows_of(tune)]
        ]  # fmt: skip
        self.train(examples, hide_moods(len(self.known_moods)), progress, work)

    def shaped(self) -> Architecture:
        """Give the network's architecture."""
        return Architecture(
            fields=self.FIELDS, trunk="lstm", convolution=WIDTH, layers=1,
            regression=self.REGRESSION, units=32 if self.quick else UNITS, context=CONTEXT,
            conditions=len(self.known_moods) + 1,
        )  # fmt: skip

    def _condition(self, mood: str, minor: bool) -> NDArray[np.float32]:
        return np.array([*one_hot(mood, self.known_moods), float(minor)], np.float32)

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Write a melody note by note, to the end of the bar that was asked for."""
        request = self.set_knobs(request, random)
        tempo = request.tempo or self.tempo
        metre = int(self.metre[0]), int(self.metre[1])
        bar = bar_ticks(metre, TICKS_PER_BEAT)
        bars = request.bars or max(1, round(self.bars))
        if request.seconds is not None:
            bars = max(1, round(request.seconds * tempo / 60 * TICKS_PER_BEAT / bar))
        minor, shift = minor_and_shift(request, self.minor, self.middle, random)
        low = (request.low or 0) - shift
        high = (127 if request.high is None else request.high) - shift
        rows = self._written(request, bars * bar, self._condition(request.mood or "", minor),
                             (low, high), random)  # fmt: skip
        ticks = rows[:, 1].copy()
        ticks[-1] -= ticks.sum() - bars * bar  # the last note is cut off
        pitch = (rows[:, 0] + shift).clip(0, 127)
        tune = Melody(tuple(pitch.tolist()), tuple(ticks.tolist()), TICKS_PER_BEAT, metre)
        return melodies.decode(
            tune, tempo, (request.instruments or (0,))[0],
            round(request.loudness or self.velocity), "new song",
        )  # fmt: skip

    def _written(
        self,
        request: Request,
        n_ticks: int,
        condition: NDArray[np.float32],
        within: tuple[int, int],
        random: np.random.Generator,
    ) -> NDArray[np.int64]:
        sampler = self.sampler(condition)
        row = np.array([self.architecture.fields])
        nothing, now = np.zeros((1, 0), int), np.zeros(1, int)
        if request.primer is not None and (given := home(request.primer)):
            for following in rows_of(given[0])[-CONTEXT:]:
                sampler.read(row, nothing, now)
                row = following[None]
        pitches = np.arange(128)
        outside = (pitches < within[0]) | (pitches > within[1])
        rows, total = list[NDArray[np.int64]](), 0
        while total < n_ticks:
            x, row = sampler.read(row, nothing, now), np.zeros((1, 2), np.int64)
            for field, forbidden in enumerate((outside, np.arange(LONGEST + 1) < 1)):
                scores = np.where(forbidden, -np.inf, sampler.scores(x, field, row))
                row[:, field] = drawn(scores, random, TOP_P)
                x = sampler.chose(x, field, row[:, field])
            rows.append(row[0])
            total += int(row[0, 1])
        return np.array(rows)

    def predictions(self, song: Song, share: float = 0.5) -> dict[str, NDArray[np.float64]]:
        """Predict the rest of a song from its first part, as the paper's figures 4 to 7 do.

        Parameters
        ----------
        song : Song
            One that was not learned from.
        share : float
            Of its notes, those that are given.

        Returns
        -------
        dict of str to ndarray, each of shape (n_notes_of_the_rest,)
            Pitches in the home key: `truth`; `one_step`, each expected from all notes before it;
            and `free`, each expected from what was predicted before it.

        Raises
        ------
        ValueError
            If the song has no melody.
        """
        given = home(song)
        if given is None:
            raise ValueError(f"{song.title} has no melody")
        rows, first = rows_of(given[0]), 0
        first = max(1, int(len(rows) * share))
        curves = {"truth": rows[first:, 0].astype(float)}
        for name, free in (("one_step", False), ("free", True)):
            sampler = self.sampler(self._condition("", given[1]))
            row, found = np.array([self.architecture.fields]), list[float]()
            for n, true in enumerate(rows):
                x = sampler.read(row, np.zeros((1, 0), int), np.zeros(1, int))
                scores = sampler.scores(x, 0, row)[0].astype(float)
                p = np.exp(scores - scores.max())
                mean = float(p @ np.arange(128) / p.sum())
                likeliest = mean if self.REGRESSION else float(scores.argmax())
                row = true[None].copy()
                if n >= first:
                    found.append(likeliest)
                    row[0, 0] = round(likeliest) if free else row[0, 0]
            curves[name] = np.array(found)
        return curves


def home(song: Song) -> tuple[Melody, bool] | None:
    """Give a song's melody in C major or A minor, and whether it is minor; None without one."""
    tune = melodies.encode(song, TICKS_PER_BEAT)
    if tune is None or all(pitch == REST for pitch in tune.pitch):
        return None
    tonic, minor = melodies.tonic(tune)
    moved = tune.transposed(nearest(HOME[minor] - tonic))
    low, high = min(p for p in moved.pitch if p != REST), max(moved.pitch)
    if low < 0 or high > 127:
        moved = moved.transposed(12 if low < 0 else -12)
    return _without_rests(moved), minor


def _without_rests(tune: Melody) -> Melody:
    """Count rests to the notes before them."""
    pitch, ticks = list[int](), list[int]()
    for p, t in zip(tune.pitch, tune.ticks, strict=True):
        if p == REST:
            if ticks:
                ticks[-1] = min(LONGEST, ticks[-1] + t)
            continue
        pitch.append(p)
        ticks.append(t)
    return replace(tune, pitch=tuple(pitch), ticks=tuple(ticks))


def rows_of(tune: Melody) -> NDArray[np.int64]:
    """Write a melody without rests as pitches and lengths, shape (n_notes, 2)."""
    return np.stack([tune.pitch, np.minimum(tune.ticks, LONGEST)], axis=1).astype(np.int64)


GENERATOR = ConvLSTM
