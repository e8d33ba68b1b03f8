"""A performance as 388 events: notes on and off, time passing in hundredths of a second, loudness.

128 events begin a pitch and 128 end it, 100 let 10 ms to 1 s pass, and 32 set the loudness of what
begins from then on (Simon and Oore 2017, Performance RNN; Oore et al. 2020, "This time with
feeling", section 3). There is no grid: times are rounded to 10 ms from the song's start, so that
errors do not add up.

What is lost: beats, tempo and time signatures, instruments, drums, velocities within bins of four,
one of two notes of a pitch that begin within 10 ms, and the rest of a note on whose pitch another
begins while it sounds. What is kept: pitches exactly, onsets to 5 ms, velocities to half a bin.
"""

import numpy as np
from numpy.typing import NDArray

from classify.representations.sequences import Rows, SequenceRepresentation, note_array, song_of
from classify.songs import Song

#: Where each kind of event begins, and how many events there are.
ON, OFF, SHIFT, VELOCITY, EVENTS = 0, 128, 256, 356, 388

#: Time shifts in a second, and the longest in shifts.
SHIFTS_PER_SECOND, LONGEST_SHIFT = 100, 100

#: Velocities in a bin; a bin is played at its middle.
BIN = 4

#: Tempo that a song without beats is written at.
TEMPO = 120.0


class PerformanceEvents(SequenceRepresentation):
    """Events of a performance.

    Examples
    --------
    >>> song = PERFORMANCE_EVENTS.song(np.array([[356 + 20], [60], [256 + 49], [128 + 60]]))
    >>> song.notes[["onset", "duration", "pitch", "velocity"]].tolist()
    [(0.0, 0.5, 60, 82)]
    >>> PERFORMANCE_EVENTS.rows(song).table[:, 0].astype(int).tolist()
    [376, 60, 305, 188]
    """

    name = "performance-events"
    rows_per_note = 5

    def names(self) -> dict[str, str]:
        """Name the column."""
        return {"event": "128 on, 128 off, 100 shifts of 10 ms, 32 velocities"}

    def rows(self, song: Song) -> Rows:
        """Write a song as events."""
        notes = song.notes
        begin = np.round(notes["onset"] * SHIFTS_PER_SECOND).astype(np.int64)
        end = np.round((notes["onset"] + notes["duration"]) * SHIFTS_PER_SECOND).astype(np.int64)
        kept = _kept(begin, notes)
        end = _until_next(begin, np.maximum(end, begin + 1), notes["pitch"], kept)
        changes = sorted(
            [(int(end[n]), 0, int(notes["pitch"][n]), int(n)) for n in kept]
            + [(int(begin[n]), 1, int(notes["pitch"][n]), int(n)) for n in kept]
        )
        events, now, loudness = list[int](), 0, -1
        first = np.full(len(notes), -1)
        for time, is_on, pitch, note in changes:
            events += _shifts(time - now)
            now = time
            bin_ = int(notes["velocity"][note]) // BIN
            if is_on:
                first[note] = len(events)
                if bin_ != loudness:
                    events.append(VELOCITY + bin_)
                    loudness = bin_
            events.append((ON if is_on else OFF) + pitch)
        first = np.maximum.accumulate(np.where(first < 0, 0, first))
        return Rows(np.array(events, np.float32)[:, None], first)

    def song(self, table: NDArray[np.floating], title: str = "new song") -> Song:
        """Make a song of events; notes that never end do so with the last event."""
        time, bin_ = 0, 64 // BIN
        sounding = dict[int, tuple[int, int]]()  # pitch: when it began, velocity
        done = list[tuple[int, int, int, int]]()  # when it began, when it ends, pitch, velocity
        for event in table[:, 0].astype(int).tolist():
            if event >= VELOCITY:
                bin_ = event - VELOCITY
            elif event >= SHIFT:
                time += event - SHIFT + 1
            else:
                pitch = event % OFF
                if pitch in sounding:
                    begin, velocity = sounding.pop(pitch)
                    done += [(begin, time, pitch, velocity)] if time > begin else []
                if event < OFF:
                    sounding[pitch] = time, min(127, bin_ * BIN + BIN // 2)
        time = max(time, 1 + max((begin for begin, _ in sounding.values()), default=0))
        done += [(begin, time, pitch, loud) for pitch, (begin, loud) in sounding.items()]
        return _song(np.array(done, float).reshape(-1, 4), title)


def _song(done: NDArray[np.float64], title: str) -> Song:
    begin, end = done[:, 0] / SHIFTS_PER_SECOND, done[:, 1] / SHIFTS_PER_SECOND
    notes = note_array(
        onset=begin,
        duration=end - begin,
        beat=begin * TEMPO / 60,
        pitch=done[:, 2],
        velocity=done[:, 3],
    )
    tempi, metres = np.array([[0.0, TEMPO]]), np.array([[0.0, 4.0, 4.0]])
    return song_of(notes, tempi, metres, title)


def _kept(begin: NDArray[np.int64], notes: NDArray[np.void]) -> NDArray[np.int64]:
    """Give the notes that are written: the loudest of those on one pitch at one time."""
    order = np.lexsort((-notes["velocity"].astype(int), notes["pitch"], begin))
    order = order[~notes["drum"][order]]
    same = (np.diff(begin[order], prepend=-1) == 0) & (
        np.diff(notes["pitch"][order].astype(int), prepend=-1) == 0
    )
    return np.sort(order[~same])


def _until_next(
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    pitch: NDArray[np.uint8],
    kept: NDArray[np.int64],
) -> NDArray[np.int64]:
    """End each note where the next one on its pitch begins, if it lasts so long."""
    end = end.copy()
    order = kept[np.lexsort((begin[kept], pitch[kept]))]
    same = pitch[order[1:]] == pitch[order[:-1]]
    end[order[:-1]] = np.where(same, np.minimum(end[order[:-1]], begin[order[1:]]), end[order[:-1]])
    return end


def _shifts(hundredths: int) -> list[int]:
    whole, rest = divmod(hundredths, LONGEST_SHIFT)
    return [SHIFT + LONGEST_SHIFT - 1] * whole + ([SHIFT + rest - 1] if rest else [])


PERFORMANCE_EVENTS = PerformanceEvents()
