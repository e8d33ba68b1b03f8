"""A batch of windows as arrays: what features are computed from."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from classify.representations.features.statistics import Floats
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

#: What is known of a note's bar.
BAR_OF_NOTE = np.dtype([("bar", np.float64), ("numerator", np.uint8), ("denominator", np.uint8)])

#: Bars where no metre is written: four quarter notes (SMF 1.0).
UNWRITTEN = np.array([[0.0, 4.0, 4.0]])

#: Share of a bar, and of a beat, by which a written time may be off.
NEARLY = 1e-3


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """Windows of notes, one a row; rows shorter than the longest are padded where `real` is false.

    Parameters
    ----------
    onset, duration, beat : ndarray of float, shape (n_windows, n_notes)
        Seconds, seconds, quarter notes. The real onsets of a row never fall. Beats may be NaN.
    pitch, velocity, program : ndarray of int, shape (n_windows, n_notes)
        As in MIDI, 0-127.
    bar : ndarray of float, shape (n_windows, n_notes)
        Bars since the song's start; bars of four quarter notes where no metre is written.
    numerator, denominator : ndarray of int, shape (n_windows, n_notes)
        The written time signature, or 0.
    drum, real : ndarray of bool, shape (n_windows, n_notes)
        Whether a note is on the percussion channel; whether it is a note at all.

    Raises
    ------
    ValueError
        If shapes differ, a window has no note, or onsets fall.

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
    real: NDArray[np.bool_]

    def __post_init__(self) -> None:
        shapes = {f.name: getattr(self, f.name).shape for f in fields(self)}
        if len(set(shapes.values())) > 1 or self.real.ndim != 2:
            raise ValueError(f"arrays must share one shape (n_windows, n_notes); got {shapes}")
        if not self.real.any(axis=1).all():
            empty = int(np.flatnonzero(~self.real.any(axis=1))[0])
            raise ValueError(f"window {empty} has no note")

    def __len__(self) -> int:
        return len(self.real)

    def take(self, rows: Any) -> "WindowBatch":
        """Choose windows by slice, mask or indices."""
        return WindowBatch(*(getattr(self, f.name)[rows] for f in fields(self)))

    def lines(self, room: Floats | None = None) -> Lines:
        """Derive the windows' notes, events, melody, bass and chords, and what features share.

        Parameters
        ----------
        room : ndarray of float, shape (N_COLUMNS, 5 * n_notes or more), optional
            Memory to use, which saves asking for it again and again.
        """
        cells = np.flatnonzero(self.real)
        table = np.empty((N_COLUMNS, 5 * len(cells))) if room is None else room
        for name, place in COLUMNS.items():
            table[place, : len(cells)] = getattr(self, name).ravel()[cells]
        return derive(table, self.real.sum(axis=1))


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
        Notes in a full window; a window that meets the song's end is padded on the right.

    Returns
    -------
    WindowBatch
        Of the same windows in the same order.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> one = batch([piece()], np.array([0, 0]), np.array([0, 64]), 64)
    >>> len(one), one.pitch.shape
    (2, (2, 64))
    """
    notes = [s.notes for s in songs]  # once: a store may have to load them
    lengths = np.array([len(of_song) for of_song in notes])
    table = np.concatenate(notes)
    place = np.asarray(start)[:, None] + np.arange(min(n_notes, lengths.max()))
    real = place < lengths[song][:, None]
    first = (np.cumsum(lengths) - lengths)[song]
    at = np.where(real, place + first[:, None], 0)
    bars = np.concatenate(
        [_bars(of_song["beat"], s.metres) for of_song, s in zip(notes, songs, strict=True)]
    )[at]
    cells = table[at]
    columns = {name: cells[name] for name in NOTE.fields or ()}
    return WindowBatch(
        **columns | {name: bars[name] for name in BAR_OF_NOTE.fields or ()}, real=real
    )


def _bars(beat: NDArray[np.float32], written: NDArray[np.float64]) -> NDArray[np.void]:
    """Give each note's place in bars and the time signature it stands in.

    Programs write an upbeat as a short bar under a signature of its own: it is the end of a bar of
    the next one.
    """
    metres = (written if len(written) else UNWRITTEN).copy()
    length = 4 * metres[:, 1] / metres[:, 2]
    if len(metres) > 1 and metres[1, 0] - metres[0, 0] <= length[0] < length[1]:
        metres[0] = metres[1, 0] - length[1], *metres[1, 1:]
        length[0] = length[1]
    start, numerator, denominator = metres.T
    bars_before = np.append(0, np.cumsum(np.ceil(np.diff(start) / length[:-1] - NEARLY)))
    beat = beat.astype(float)
    metre = np.searchsorted(start, beat + NEARLY, side="right").clip(1) - 1
    out = np.zeros(len(beat), BAR_OF_NOTE)
    out["bar"] = bars_before[metre] + (beat - start[metre]) / length[metre]
    if len(written):
        out["numerator"], out["denominator"] = numerator[metre], denominator[metre]
    return out
