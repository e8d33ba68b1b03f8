"""Whole songs as rows that are read one after another, and as songs again.

What generators learn from is a sequence: the steps of a grid, the events of a performance, notes as
tokens. A `SequenceRepresentation` writes a whole song as rows and makes a song of rows; how windows
of notes, which other models are given, are cut from the rows follows from that.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.registry import Feature
from classify.representations.representation import Blocks, Count, Representation, silent
from classify.representations.windows import BLOCK_BYTES, Windows, WindowSettings
from classify.songs import NOTE, Song

#: Fills rows that stand for nothing; the first column of all others is 0 or more.
PADDING = -1.0

#: Time signature where a file has none.
COMMON_TIME = (4, 4)

#: No bar is longer, in quarter notes; one that is said to be is counted as one in 4/4.
LONGEST_BAR = 32


@dataclass(frozen=True, eq=False)
class Rows:
    """A song as rows.

    Parameters
    ----------
    table : ndarray of float32, shape (n_rows, n_columns)
        The song; the first column is never below 0.
    first : ndarray of int, shape (n_notes,)
        The row at which each note of the song begins; never falls.
    """

    table: NDArray[np.float32]
    first: NDArray[np.int64]


class SequenceRepresentation(Representation):
    """A representation that writes a whole song as rows.

    Attributes
    ----------
    rows_per_note : int
        Room for each note of a window, in rows. A window that takes more loses its last rows.
    """

    rows_per_note: int = 1

    @abstractmethod
    def rows(self, song: Song) -> Rows:
        """Write a song as rows."""

    @abstractmethod
    def song(self, table: NDArray[Any], title: str = "new song") -> Song:
        """Make a song of rows, shape (n_rows, n_columns)."""

    @abstractmethod
    def names(self) -> dict[str, str]:
        """Name the columns, and their units."""

    def columns(self, settings: WindowSettings) -> list[Feature]:
        """Name the columns and their units."""
        return [Feature(name, unit, "rows", "") for name, unit in self.names().items()]

    def shape(self, settings: WindowSettings) -> tuple[int, int]:
        """Give the rows of a window, and the columns."""
        return settings.window * self.rows_per_note, len(self.names())

    def encode(self, songs: Sequence[Song], windows: Windows, count: Count = silent) -> Blocks:
        """Cut windows; a window has the rows from its first note to the next window's."""
        n_rows, n_columns = self.shape(windows.settings)
        step = max(1, BLOCK_BYTES // (4 * n_rows * n_columns))
        last, whole = -1, Rows(np.zeros((0, n_columns), np.float32), np.zeros(0, np.int64))
        for begin in range(0, len(windows), step):
            block = slice(begin, min(begin + step, len(windows)))
            x = np.full((block.stop - begin, n_rows, n_columns), PADDING, np.float32)
            pairs = zip(windows.song[block].tolist(), windows.start[block].tolist(), strict=True)
            for place, (index, start) in enumerate(pairs):
                if index != last:
                    whole, last = self.rows(songs[index]), index
                ends = np.append(whole.first, len(whole.table))
                stop = ends[min(start + windows.settings.window, len(whole.first))]
                piece = whole.table[ends[start] if start else 0 : stop][:n_rows]
                x[place, n_rows - len(piece) :] = piece
            yield x
            count(block.stop, len(windows))

    def decode(self, x: NDArray[np.float32], settings: WindowSettings) -> NDArray[np.void]:
        """Give the notes of windows that follow each other, as far as their rows hold them."""
        table = x.reshape(-1, x.shape[-1])
        notes = self.song(table[table[:, 0] >= 0]).notes.copy()
        if len(notes):
            notes["onset"] -= notes["onset"][0]
        return notes


def in_beats(song: Song) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give where notes begin and end, in quarter notes; 120 a minute where a file has no beats.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> in_beats(piece())[0][:3].tolist()
    [0.0, 0.5, 1.5]
    """
    notes = song.notes
    ends = song.beats_at(notes["onset"] + notes["duration"].astype(float))
    begins = notes["beat"].astype(float)
    unknown = ~np.isfinite(begins)
    begins[unknown] = song.beats_at(notes["onset"][unknown])
    return begins, np.maximum(ends, begins)


@dataclass(frozen=True, eq=False)
class BarLines:
    """Where bars begin, in steps of a grid.

    Parameters
    ----------
    start : ndarray of int, shape (n_bars + 1,)
        First step of each bar, and of the one behind the last.
    denominator : ndarray of int, shape (n_bars,)
        Note value that the time signature counts.
    """

    start: NDArray[np.int64]
    denominator: NDArray[np.int64]

    @property
    def length(self) -> NDArray[np.int64]:
        """Steps of each bar."""
        return np.diff(self.start)

    @classmethod
    def of(cls, song: Song, steps_per_beat: int, last: int) -> "BarLines":
        """Lay bars up to a step; a new time signature begins a new bar, whatever went before.

        Examples
        --------
        >>> from classify.representations.reference import piece
        >>> BarLines.of(piece(), 4, 40).start.tolist()
        [0, 16, 32, 48]
        """
        metres = song.metres if len(song.metres) else np.array([[0.0, *COMMON_TIME]])
        if metres[0, 0] > 0:
            metres = np.concatenate([[[0.0, *COMMON_TIME]], metres])
        since = np.round(metres[:, 0] * steps_per_beat).astype(int)
        starts, denominators, end = list[int](), list[int](), 0
        for place, (_, numerator, denominator) in enumerate(metres.tolist()):
            beats = 4 * numerator / denominator
            length = max(1, round(min(beats, LONGEST_BAR) * steps_per_beat))
            stop = since[place + 1] if place + 1 < len(since) else max(last, since[place]) + 1
            some = range(since[place], min(stop, last + 1), length)
            starts += some
            denominators += [int(denominator)] * len(some)
            end = starts[-1] + length if some else end
        return cls(np.array([*starts, end]), np.array(denominators))


def metres_of(
    lengths: NDArray[np.int64], denominators: NDArray[np.int64], steps_per_beat: int
) -> NDArray[np.float64]:
    """Give the time signatures of bars, as `Song.metres` has them.

    Parameters
    ----------
    lengths, denominators : ndarray of int, shape (n_bars,)
        Steps of each bar, and the note value that it counts; a bar whose length is no multiple of
        it counts a smaller one.
    steps_per_beat : int
        Steps in a quarter note.

    Examples
    --------
    >>> metres_of(np.array([16, 16, 12]), np.array([4, 4, 8]), 4).tolist()
    [[0.0, 4.0, 4.0], [8.0, 6.0, 8.0]]
    """
    starts = np.cumsum(lengths) - lengths
    rows, before = list[list[float]](), (0, 0)
    for start, length, unit in zip(
        starts.tolist(), lengths.tolist(), denominators.tolist(), strict=True
    ):
        if (length, unit) == before:
            continue
        before, denominator = (length, unit), unit
        while length * denominator % (4 * steps_per_beat) and denominator < 64:
            denominator *= 2
        numerator = max(1, round(length * denominator / 4 / steps_per_beat))
        rows.append([start / steps_per_beat, numerator, denominator])
    return np.array(rows).reshape(-1, 3)


def song_of(notes: NDArray[np.void], tempi: NDArray[Any], metres: NDArray[Any], title: str) -> Song:
    """Make a song of notes in any order, with its tempo map and time signatures."""
    notes = notes[np.lexsort((notes["pitch"], notes["onset"]))]
    song = Song.of(notes, Path(f"{title}.mid"), title)
    return replace(song, tempi=np.asarray(tempi, float), metres=np.asarray(metres, float))


def note_array(**columns: Any) -> NDArray[np.void]:
    """Make NOTE rows of columns; those that are not given are 0.

    Examples
    --------
    >>> note_array(pitch=[60, 62], velocity=64)["velocity"].tolist()
    [64, 64]
    """
    shape = np.broadcast_shapes(*(np.shape(values) for values in columns.values()))
    notes = np.zeros(shape, NOTE)
    for name, values in columns.items():
        notes[name] = values
    return notes
