"""Songs written row by row, with what must not be written left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.generation import events
from classify.generation.events import BAR, END, MOST_BARS, PITCH, STEP, EventSong
from classify.generation.networks.row_sampler import RowSampler, drawn

#: Of the classes of a field, the likeliest that together have this probability can be drawn.
TOP_P = 0.98

#: Notes in a bar, at most.
MOST_NOTES = 96

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """What holds for a whole song.

    Parameters
    ----------
    metre : (int, int)
        Steps of a bar, and denominator of the time signature.
    bars : int
        Length.
    tempo : float
        Quarter notes a minute.
    shift : int
        Semitones from the home key to that of the song.
    low, high : int
        Lowest and highest pitch in the home key.
    """

    metre: tuple[int, int]
    bars: int
    tempo: float
    shift: int
    low: int
    high: int


class Writer:
    """Songs that are written side by side, each to the bar that it is to end in.

    Parameters
    ----------
    sampler : RowSampler
        Which has read nothing yet.
    line : Line
        What holds for all of them.
    random : numpy.random.Generator
        Draws.
    """

    def __init__(self, sampler: RowSampler, line: Line, random: np.random.Generator) -> None:
        self.sampler, self.line, self.random = sampler, line, random
        self.n_songs = sampler.n_songs
        self.bar = np.full(self.n_songs, -1)
        self.step = np.zeros(self.n_songs, np.int64)
        self.pitch = np.full(self.n_songs, -1)
        self.in_bar = np.zeros(self.n_songs, np.int64)  # notes in the present bar
        self.over = np.zeros(self.n_songs, bool)
        self.highest = min(self.line.high, 127)

    def write(self, primer: EventSong | None = None) -> list[Ints]:
        """Write all songs; give the rows of each, shape (n_notes, n_fields)."""
        rows, before = list[Ints](), np.array(self.sampler.architecture.fields)[None]
        last = np.repeat(before, self.n_songs, axis=0)
        offset = 0
        if primer is not None and len(primer.rows):
            last, offset = self._prime(primer, last)
        done: list[list[Ints]] = [[] for _ in range(self.n_songs)]
        while not self.over.all():
            time = offset + np.maximum(self.bar, 0) * self.line.metre[0] + self.step
            if offset and not rows:
                time = np.full(self.n_songs, offset - self.line.metre[0] + self.tail)
            extras = events.extras_of(self.bar, self.line.bars)
            row = self._row(self.sampler.read(last, extras, time))
            rows.append(row)
            for song in np.flatnonzero(row[:, BAR] != END):
                if not self.over[song]:
                    done[song].append(row[song])
            self._advance(row)
            last = row
        return [np.array(one) for one in done]

    def _prime(self, primer: EventSong, first: Ints) -> tuple[Ints, int]:
        """Read what the songs go on from, but its last row; give that row and the next bar."""
        n_bars = int(primer.time[-1]) // self.line.metre[0] + 1
        bar = primer.time // self.line.metre[0]
        last = first
        for n, row in enumerate(primer.rows):
            known = events.extras_of(
                np.full(self.n_songs, bar[n - 1] if n else -1), n_bars + self.line.bars
            )
            time = np.full(self.n_songs, primer.time[max(0, n - 1)])
            self.sampler.read(last, known, time)
            last = np.repeat(row[None], self.n_songs, axis=0)
        self.tail = int(primer.time[-1]) % self.line.metre[0]
        return last, n_bars * self.line.metre[0]

    tail: int = 0

    def _row(self, x: NDArray[np.float32]) -> Ints:
        """Draw a row of each song, with what may follow there."""
        n_fields = len(self.sampler.architecture.fields)
        row = np.zeros((self.n_songs, n_fields), np.int64)
        for field in range(n_fields):
            scores = self.sampler.scores(x, field, row)
            if field in (BAR, STEP, PITCH):
                allowed = (self._bars, self._steps, lambda row: row, self._pitches)[field](row)
                scores = np.where(allowed, scores, -np.inf)
            row[:, field] = drawn(scores, self.random, TOP_P)
            x = self.sampler.chose(x, field, row[:, field])
        return row

    def _bars(self, row: Ints) -> NDArray[np.bool_]:
        """Say how many bars on a note may begin: never behind the last, and never over before."""
        left = self.line.bars - 1 - self.bar
        on = np.arange(MOST_BARS + 1)
        full = (self.in_bar >= MOST_NOTES) | (self.step >= self._last_step()) & (
            self.pitch >= self.highest
        )
        allowed = on[None] <= left[:, None]
        allowed[:, 0] &= (self.bar >= 0) & ~full
        end = (left == 0) & (self.in_bar > 0)
        return np.concatenate([allowed, end[:, None]], axis=1)

    def _last_step(self) -> int:
        return self.line.metre[0] - 1

    def _steps(self, row: Ints) -> NDArray[np.bool_]:
        """Say where in its bar a note may begin: not before the last one."""
        step = np.arange(self.sampler.architecture.fields[STEP])[None]
        same = row[:, BAR] == 0
        first = np.where(same, self.step + (self.pitch >= self.highest), 0)
        allowed = (step >= first[:, None]) & (step <= self._last_step())
        allowed[row[:, BAR] == END] = True
        return allowed

    def _pitches(self, row: Ints) -> NDArray[np.bool_]:
        """Say which pitches may follow: of notes that begin together, higher ones."""
        pitch = np.arange(128)[None]
        together = (row[:, BAR] == 0) & (row[:, STEP] == self.step) & (self.bar >= 0)
        low = np.where(together, self.pitch + 1, self.line.low)
        allowed = (pitch >= np.maximum(low, self.line.low)[:, None]) & (pitch <= self.highest)
        allowed[row[:, BAR] == END] = True
        return np.asarray(allowed)

    def _advance(self, row: Ints) -> None:
        """Take note of where each song is."""
        ended = row[:, BAR] == END
        on = np.where(ended, 0, row[:, BAR])
        self.in_bar = np.where(on > 0, 1, self.in_bar + 1)
        self.bar = self.bar + on
        self.step = np.where(ended, self.step, row[:, STEP])
        self.pitch = np.where(ended, self.pitch, row[:, PITCH])
        self.over |= ended
        self.bar = np.where(self.over, self.line.bars - 1, self.bar)
        self.in_bar = np.where(self.over, 1, self.in_bar)
