"""A batch of windows as arrays: what features are computed from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.compiled import compiled, inner
from classify.representations.features.derive import derive
from classify.representations.features.lines import (
    ABOVE,
    BAR,
    BEAT,
    BELOW,
    DRUM,
    DURATION,
    N_COLUMNS,
    ONSET,
    PITCH,
    PROGRAM,
    VELOCITY,
    Lines,
)
from classify.representations.features.statistics import Floats, Integers
from classify.songs import NOTE, Song

#: Columns of a batch, and where each stands in the table of notes.
COLUMNS = {
    "onset": ONSET,
    "duration": DURATION,
    "beat": BEAT,
    "bar": BAR,
    "pitch": PITCH,
    "velocity": VELOCITY,
    "program": PROGRAM,
    "drum": DRUM,
    "numerator": ABOVE,
    "denominator": BELOW,
}

#: Bars where no metre is written: four quarter notes (SMF 1.0).
UNWRITTEN = np.array([[0.0, 4.0, 4.0]])

#: Share of a bar, and of a beat, by which a written time may be off.
NEARLY = 1e-3


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """Windows of notes, one behind the other.

    Parameters
    ----------
    onset, duration, beat : ndarray of float, shape (n_notes,)
        Seconds, seconds, quarter notes. The onsets of a window never fall. Beats may be NaN.
    pitch, velocity, program : ndarray of int, shape (n_notes,)
        As in MIDI, 0-127.
    drum : ndarray of bool, shape (n_notes,)
        Whether a note is on the percussion channel.
    bar : ndarray of float, shape (n_notes,)
        Bars since the song's start; bars of four quarter notes where no metre is written.
    numerator, denominator : ndarray, shape (n_notes,)
        The written time signature, or 0.
    lengths : ndarray of int, shape (n_windows,)
        Notes in each window.

    Raises
    ------
    ValueError
        If shapes differ or a window has no note.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> one = batch([piece()], np.array([0]), np.array([0]), 64)
    >>> one.lines().shared[:, 0].round(2).tolist()
    [17.14]
    """

    onset: Floats
    duration: Floats
    beat: Floats
    pitch: NDArray[Any]
    velocity: NDArray[Any]
    program: NDArray[Any]
    drum: NDArray[np.bool_]
    bar: Floats
    numerator: NDArray[Any]
    denominator: NDArray[Any]
    lengths: Integers

    def __post_init__(self) -> None:
        shapes = {name: getattr(self, name).shape for name in COLUMNS}
        n_notes = int(self.lengths.sum())
        if set(shapes.values()) != {(n_notes,)}:
            raise ValueError(f"arrays must share one shape, ({n_notes},) by lengths; got {shapes}")
        if not self.lengths.all():
            raise ValueError(f"window {int(np.argmin(self.lengths))} has no note")

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, first: int, end: int) -> "WindowBatch":
        """Choose successive windows; arrays are not copied."""
        a, b = int(self.lengths[:first].sum()), int(self.lengths[:end].sum())
        columns = {name: getattr(self, name)[a:b] for name in COLUMNS}
        return WindowBatch(**columns, lengths=self.lengths[first:end])

    def lines(self, room: Floats | None = None) -> Lines:
        """Derive the windows' notes, events, melody, bass and chords, and what features share.

        Parameters
        ----------
        room : ndarray of float, shape (N_COLUMNS, 5 * n_notes or more), optional
            Memory to use, which saves asking for it again and again.
        """
        n_notes = len(self.onset)
        table = np.empty((N_COLUMNS, 5 * n_notes)) if room is None else room
        for name, place in COLUMNS.items():
            table[place, :n_notes] = getattr(self, name)
        return derive(table, self.lengths)


def batch(
    songs: Sequence[Song], song: NDArray[Any], start: NDArray[Any], n_notes: int
) -> WindowBatch:
    """Gather the windows that `classify.representations.windows.cut` has cut.

    Parameters
    ----------
    songs : sequence of Song
        All songs.
    song, start : ndarray of int, shape (n_windows,)
        Each window's song and first note: `Windows.song` and `Windows.start`.
    n_notes : int
        Notes in a full window; a window that meets the song's end is shorter.

    Returns
    -------
    WindowBatch
        Of the same windows in the same order.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> one = batch([piece()], np.array([0, 0]), np.array([0, 64]), 64)
    >>> len(one), one.pitch.shape
    (2, (128,))
    """
    notes = [s.notes for s in songs]  # once: a store may have to load them
    of_song = np.array([len(some) for some in notes])
    table = np.concatenate(notes)
    lengths = np.minimum(n_notes, of_song[song] - start)
    first = (np.cumsum(of_song) - of_song)[song] + start
    at = np.repeat(first - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
    chosen = np.take(table, at)  # many times as fast as table[at], where rows have fields
    columns = {name: chosen[name] for name in NOTE.names or ()}
    bars = np.empty((3, len(table)))
    written = [s.metres for s in songs]
    _write_bars(
        table["beat"].astype(float),
        of_song,
        np.concatenate([UNWRITTEN, *(m for m in written if len(m))]).astype(float),
        np.array([len(m) for m in written]),
        bars,
    )
    return WindowBatch(
        **columns,
        **dict(zip(("bar", "numerator", "denominator"), np.take(bars, at, axis=1), strict=True)),
        lengths=lengths,
    )


@compiled
def _write_bars(
    beat: Floats, lengths: Integers, metres: Floats, n_metres: Integers, out: Floats
) -> None:
    """Give each note of songs its place in bars and the time signature it stands in.

    Programs write an upbeat as a short bar under a signature of its own: it is the end of a bar of
    the next one.
    """
    note, read = 0, 1  # the first metre is that of songs that say none
    for song in range(len(lengths)):
        own = metres[read : read + n_metres[song]] if n_metres[song] else metres[:1]
        read += n_metres[song]
        start, bars = own[:, 0].copy(), np.zeros(len(own))
        upbeat = len(own) > 1 and own[1, 0] - own[0, 0] <= _bar(own, 0) < _bar(own, 1)
        if upbeat:
            start[0] = own[1, 0] - _bar(own, 1)
        for k in range(1, len(own)):
            length = _bar(own, 1 if upbeat and k == 1 else k - 1)
            bars[k] = bars[k - 1] + math.ceil((start[k] - start[k - 1]) / length - NEARLY)
        k = 0
        for i in range(note, note + lengths[song]):
            while k + 1 < len(own) and not start[k + 1] > beat[i] + NEARLY:
                k += 1
            while k > 0 and start[k] > beat[i] + NEARLY:
                k -= 1
            metre = 1 if upbeat and k == 0 else k
            out[0, i] = bars[k] + (beat[i] - start[k]) / _bar(own, metre)
            out[1, i] = min(own[metre, 1], 255.0) if n_metres[song] else 0.0
            out[2, i] = min(own[metre, 2], 255.0) if n_metres[song] else 0.0
        note += lengths[song]


@inner
def _bar(metres: Floats, k: int) -> float:
    """Length of a bar in quarter notes."""
    return 4 * metres[k, 1] / metres[k, 2]
