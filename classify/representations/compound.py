"""A song as compound tokens: one row of whole numbers for each note.

A row says how many bars on a note begins, at which step of its bar, and with which pitch, length,
loudness, tempo, instrument and time signature (the compound words of Hsiao et al. 2021, with the
fields of REMI, Huang and Yang 2020, here with one row for each note whatever changes). Steps are
48ths of a whole note: sixteenths and triplets fall on them.

What is lost: what is finer than a step, notes beyond 16 quarter notes' length, velocities within
bins of four, tempi within 1 %, changes of tempo between two notes, the program of a drum kit,
and the time signature of bars in which no note begins, which are taken to be as long as the bar
before. What is kept:
pitches, instruments and drums exactly, onsets to half a step, velocities to half a bin.
"""

import numpy as np
from numpy.typing import NDArray

from classify.representations.sequences import (
    BarLines,
    Rows,
    SequenceRepresentation,
    in_beats,
    metres_of,
    note_array,
    song_of,
)
from classify.songs import Song

#: Columns, and their units.
COLUMNS = {
    "bar": "bars since the note before",
    "step": "steps since the bar began",
    "pitch": "MIDI pitch",
    "length": "steps",
    "velocity": "bins of four MIDI velocities",
    "tempo": "bins of 2 %, from 24.6 quarter notes a minute",
    "program": "MIDI program, 128 for drums",
    "bar_length": "steps of the bar",
    "unit": "denominator of the time signature",
}
BAR, STEP, PITCH, LENGTH, VELOCITY, TEMPO, PROGRAM, BAR_LENGTH, UNIT = range(len(COLUMNS))

#: Steps in a quarter note, and steps of the longest note.
STEPS_PER_BEAT, LONGEST = 12, 192

#: Velocities in a bin.
BIN = 4

#: Tempo of the middle bin, ratio between bins, and number of bins: from 24.6 to 574.
MIDDLE, RATIO, TEMPI = 120.0, 1.02, 160

DRUMS = 128


def tempo_bin(tempo: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the bin of a tempo in quarter notes a minute.

    >>> tempo_of(tempo_bin(np.array([120.0]))).round(1).tolist()
    [120.0]
    """
    bins = np.round(np.log(np.maximum(tempo, 1e-9) / MIDDLE) / np.log(RATIO)) + TEMPI // 2
    return bins.clip(0, TEMPI - 1).astype(np.int64)


def tempo_of(bins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the tempo that a bin stands for.

    >>> tempo_of(np.array([81])).round(1).tolist()
    [122.4]
    """
    return np.asarray(MIDDLE * RATIO ** (bins - TEMPI // 2.0), float)


class Compound(SequenceRepresentation):
    """Notes as rows of whole numbers.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> rows = COMPOUND.rows(piece())
    >>> rows.table[1].astype(int).tolist()
    [0, 6, 62, 8, 13, 80, 0, 48, 4]
    >>> COMPOUND.song(rows.table).notes["pitch"][:3].tolist()
    [36, 62, 68]
    """

    name = "compound"

    def names(self) -> dict[str, str]:
        """Name the columns, and their units."""
        return COLUMNS

    def rows(self, song: Song) -> Rows:
        """Write a song as rows, one for each note."""
        notes = song.notes
        begins, ends = in_beats(song)
        begin = np.round(begins * STEPS_PER_BEAT).astype(np.int64)
        end = np.round(ends * STEPS_PER_BEAT).astype(np.int64)
        bars = BarLines.of(song, STEPS_PER_BEAT, int(begin.max(initial=0)))
        bar = np.searchsorted(bars.start, begin, side="right") - 1
        tempi = song.tempi if len(song.tempi) else np.array([[0.0, 120.0]])
        tempo = tempi[np.searchsorted(tempi[:, 0], notes["onset"], side="right").clip(1) - 1, 1]
        table = np.stack(
            [
                np.diff(bar, prepend=0),
                begin - bars.start[bar],
                notes["pitch"],
                (end - begin).clip(1, LONGEST),
                notes["velocity"] // BIN,
                tempo_bin(tempo),
                np.where(notes["drum"], DRUMS, notes["program"]),
                bars.length[bar],
                bars.denominator[bar],
            ],
            axis=1,
        )
        order = np.lexsort((table[:, PITCH], begin))  # notes of one step by pitch
        table, bar = table[order], bar[order]
        table[:, BAR] = np.diff(bar, prepend=0)
        return Rows(table.astype(np.float32), np.arange(len(table)))

    def song(self, table: NDArray[np.floating], title: str = "new song") -> Song:
        """Make a song of rows."""
        rows = table.round().astype(np.int64)
        begin, lengths, units = _laid(rows)
        tempo = tempo_of(rows[:, TEMPO])
        seconds, tempi = _timed(begin, tempo)
        drum = rows[:, PROGRAM] == DRUMS
        notes = note_array(
            onset=seconds,
            duration=rows[:, LENGTH] * 60 / STEPS_PER_BEAT / tempo,
            beat=begin / STEPS_PER_BEAT,
            pitch=rows[:, PITCH],
            velocity=(rows[:, VELOCITY] * BIN + BIN // 2).clip(1, 127),
            program=np.where(drum, 0, rows[:, PROGRAM]),
            drum=drum,
        )
        return song_of(notes, tempi, metres_of(lengths, units, STEPS_PER_BEAT), title)


def _laid(
    rows: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give the step of each note, and length and denominator of each bar up to the last.

    Bars in which no note begins are as long as the one before them.
    """
    bars, begin, start = list[tuple[int, int]](), list[int](), 0
    for row in rows.tolist():
        own = row[BAR_LENGTH], row[UNIT]
        for left in range(row[BAR] + (not bars), 0, -1):
            start += bars[-1][0] if bars else 0
            bars.append(own if left == 1 or not bars else bars[-1])
        begin.append(start + row[STEP])
    lengths, units = np.array(bars, np.int64).reshape(-1, 2).T
    return np.array(begin, np.int64), lengths, units


def _timed(
    begin: NDArray[np.int64], tempo: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the seconds of each note, and the tempo map."""
    if not len(begin):
        return np.zeros(0), np.zeros((0, 2))
    changes = np.flatnonzero(np.diff(tempo, prepend=0))
    since = np.append(0, begin[changes[1:]])  # the first tempo holds from the song's start
    per_step = 60 / STEPS_PER_BEAT / tempo[changes]
    at = np.append(0, np.cumsum(np.diff(since) * per_step[:-1]))
    part = np.searchsorted(changes, np.arange(len(begin)), side="right") - 1
    seconds = at[part] + (begin - since[part]) * per_step[part]
    return seconds, np.stack([at, tempo[changes]], 1)


COMPOUND = Compound()
