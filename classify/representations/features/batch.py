"""A batch of windows as arrays, and what all features read from it: notes, events, melody, bass.

An *event* is a group of notes that begin together: each begins at most `TOGETHER` seconds after
the one before. Played chords are spread by some milliseconds, written ones are not. The *melody*
is the skyline: the highest note of each event, unless a higher one of the events just before still
sounds. The *bass* is its mirror image. Both leave drums out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.ragged import (
    Floats,
    Places,
    Ragged,
    changes,
    modulo,
    places,
    ratio,
)
from classify.songs import NOTE, Song

T = TypeVar("T")

#: Notes that begin within so many seconds of the note before are one event.
TOGETHER = 0.03

#: Columns that `WindowNotes` are made of.
USED = ("onset", "duration", "beat", "bar", "pitch", "velocity", "program", "drum")

#: What is known of a note's bar.
BAR = np.dtype([("bar", np.float64), ("numerator", np.uint8), ("denominator", np.uint8)])

#: Bars where no metre is written: four quarter notes (SMF 1.0).
UNWRITTEN = np.array([[0.0, 4.0, 4.0]])

#: Share of a bar, and of a beat, by which a written time may be off.
NEARLY = 1e-3

#: Melody and bass look back at so many events for a note that still sounds.
COVER = 6


@dataclass(frozen=True, eq=False)
class WindowNotes:
    """Notes of many windows, one behind the other, in order of event, then pitch.

    Parameters
    ----------
    row : ndarray of int, shape (n,)
        Window of each note.
    n_rows : int
        Number of windows.
    event : ndarray of int, shape (n,)
        Number of the note's event, counted over the whole batch.
    onset, duration, beat : ndarray of float, shape (n,)
        Seconds since the window's first onset, seconds, and quarter notes since the song's start.
        All notes of an event have its first onset, beat and bar. Beats may be NaN.
    bar : ndarray of float, shape (n,)
        Bars since the song's start; NaN where beats are.
    pitch, velocity, program : ndarray, shape (n,)
        As in MIDI, 0-127.
    drum : ndarray of bool, shape (n,)
        On the percussion channel.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> one = batch([piece()], np.array([0]), np.array([0]), 64)
    >>> len(one.notes), len(one.melody), len(one.bass)
    (64, 41, 45)
    """

    row: NDArray[np.int64]
    n_rows: int
    event: NDArray[np.int64]
    onset: Floats
    duration: Floats
    beat: Floats
    bar: Floats
    pitch: NDArray[np.int64]
    velocity: NDArray[np.int64]
    program: NDArray[np.int64]
    drum: NDArray[np.bool_]

    def where(self, chosen: NDArray[Any]) -> "WindowNotes":
        """Keep notes by mask or by rising indices."""
        if chosen.dtype == bool:
            chosen = np.flatnonzero(chosen)
        kept = {f.name: getattr(self, f.name)[chosen] for f in fields(self) if f.name != "n_rows"}
        return WindowNotes(**kept, n_rows=self.n_rows)

    def of(self, values: NDArray[Any]) -> Ragged:
        """Values that belong to these notes."""
        return Ragged(values, self.places)

    @cached_property
    def places(self) -> Places:
        """The window of each note."""
        return places(self.row, self.n_rows)

    def __len__(self) -> int:
        return len(self.row)

    @cached_property
    def end(self) -> Floats:
        """Seconds at which notes end."""
        return self.onset + self.duration

    @cached_property
    def weight(self) -> Floats:
        """How much a note counts in a pitch profile: its length, within bounds.

        A tenth of the window's mean length is added, and four times the mean is the most, so that
        neither a grace note nor a pedal point decides. 1 where all lengths are 0.
        """
        mean = self.of(self.duration).mean()[self.row]
        return np.where(mean > 0, np.minimum(self.duration, 4 * mean) + 0.1 * mean, 1.0)

    @cached_property
    def pitch_class(self) -> NDArray[np.int64]:
        """Pitch classes: C is 0, B is 11."""
        return modulo(self.pitch, 12)

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """Index of each event's first (lowest) note among these."""
        return np.flatnonzero(changes(self.event))

    @cached_property
    def lasts(self) -> NDArray[np.int64]:
        """Index of each event's last (highest) note among these."""
        return np.flatnonzero(np.roll(changes(self.event), -1))

    @cached_property
    def gaps(self) -> Floats:
        """Seconds from each note to the next in its window; NaN for the last."""
        return self._to_next(self.onset)

    @cached_property
    def beat_gaps(self) -> Floats:
        """Beats from each note to the next in its window; NaN for the last."""
        return self._to_next(self.beat)

    def _to_next(self, times: Floats) -> Floats:
        out = np.empty(len(self))
        np.subtract(times[1:], times[:-1], out=out[:-1])
        rows, _ = self.places.used
        out[self.places.borders[rows + 1] - 1] = np.nan
        return out


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
    >>> one.span.round(2).tolist()
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

    @cached_property
    def notes(self) -> WindowNotes:
        """Every note, drums included."""
        cells = np.flatnonzero(self.real)
        row = cells // self.real.shape[1]
        flat = {name: getattr(self, name).ravel()[cells] for name in USED}
        onset = np.asarray(flat.pop("onset"), float)
        first = changes(row)
        onset = onset - onset[first][row]
        gap = np.diff(onset, prepend=0.0)
        if (gap[~first] < 0).any():
            raise ValueError("the onsets of a window must never fall")
        new = first | (gap > TOGETHER)
        event, begin = np.cumsum(new) - 1, np.flatnonzero(new)
        # equal onsets come in any order: one order is made of them, so nothing can depend on it
        microseconds = np.minimum(flat["duration"] * 1e6, 2**36).astype(np.int64)
        key = event
        for name, size in (("pitch", 128), ("velocity", 128), ("program", 128), ("drum", 2)):
            key = key * size + flat[name]
        order = _sorted(key, microseconds)
        integer = {name: flat[name][order].astype(np.int64) for name in ("velocity", "program")}
        return WindowNotes(
            row=row,
            n_rows=len(self),
            event=event,
            onset=onset[begin][event],
            beat=np.asarray(flat["beat"], float)[begin][event],
            bar=np.asarray(flat["bar"], float)[begin][event],
            duration=np.asarray(flat["duration"], float)[order],
            pitch=flat["pitch"][order].astype(np.int64),
            drum=flat["drum"][order],
            **integer,
        )

    @cached_property
    def pitched(self) -> WindowNotes:
        """Notes that are no drums."""
        return self.notes.where(~self.notes.drum)

    @cached_property
    def events(self) -> WindowNotes:
        """One note of each event, for its time: the highest, drums included."""
        return self.notes.where(self.notes.lasts)

    @cached_property
    def melody(self) -> WindowNotes:
        """The skyline."""
        return _uncovered(self.pitched.where(self.pitched.lasts), 1)

    @cached_property
    def bass(self) -> WindowNotes:
        """The lowest line."""
        return _uncovered(self.pitched.where(self.pitched.firsts), -1)

    def once(self, function: Callable[["WindowBatch"], T]) -> T:
        """Compute what a function says of this batch the first time, and remember it."""
        if function not in self._known:
            self._known[function] = function(self)
        return self._known[function]

    @cached_property
    def _known(self) -> dict[Any, Any]:
        return {}

    @cached_property
    def span(self) -> Floats:
        """Seconds from the first onset to the last."""
        return self.notes.of(self.notes.onset).max()

    @cached_property
    def filled(self) -> Floats:
        """Seconds that the window stands for: its span and one mean gap after the last event."""
        n_events = self.events.of(self.events.row).counts
        return np.where(n_events > 1, ratio(self.span * n_events, n_events - 1), self._longest)

    @cached_property
    def _longest(self) -> Floats:
        return self.notes.of(self.notes.end).max()


def _sorted(key: NDArray[np.int64], then: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order by a key that hardly ever falls and is hardly ever equal, then by another one."""
    order = np.argsort(key, kind="stable")
    new = changes(key[order])
    twins = np.flatnonzero(~new | ~np.roll(new, -1))
    equal = order[twins]
    order[twins] = equal[np.lexsort((then[equal], key[equal]))]
    return order


def _uncovered(line: WindowNotes, direction: int) -> WindowNotes:
    """Leave out notes that begin under (direction 1) or over (-1) one that goes on sounding."""
    covered = np.zeros(len(line), bool)
    height, middle = direction * line.pitch, line.onset + 0.5 * line.duration + 1e-6
    for lag in range(1, COVER + 1):
        beyond = height[:-lag] > height[lag:]
        lasts = line.end[:-lag] > middle[lag:]
        covered[lag:] |= beyond & lasts & (line.row[:-lag] == line.row[lag:])
    return line.where(~covered)


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
    return WindowBatch(**columns | {name: bars[name] for name in BAR.fields or ()}, real=real)


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
    out = np.zeros(len(beat), BAR)
    out["bar"] = bars_before[metre] + (beat - start[metre]) / length[metre]
    if len(written):
        out["numerator"], out["denominator"] = numerator[metre], denominator[metre]
    return out
