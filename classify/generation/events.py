"""Songs as the rows that a transformer writes: compound tokens in a home key and one metre.

Rows are those of `classify.representations.compound` in fewer classes: songs are moved to C major
or A minor, lengths are rounded to those in `LENGTHS`, and tempo and metre, which hold for a whole
song here, are left to what is known of it. One row stands behind the last note: its bar is `END`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classify.generation import knobs
from classify.generation.knobs import KNOBS
from classify.generation.styles import HOME, nearest
from classify.representations import compound
from classify.representations.compound import BIN, COMPOUND, STEPS_PER_BEAT
from classify.representations.features.key import key_of
from classify.representations.sequences import note_array, song_of
from classify.songs import Song

Ints = NDArray[np.int64]

#: Fields of a row, in the order in which they are predicted.
BAR, STEP, PROGRAM, PITCH, LENGTH, VELOCITY = range(6)

#: Most bars that a note may begin after the one before it, and the class of a song's end.
MOST_BARS, END = 3, 4

#: Steps that a note may last.
LENGTHS = np.array([*range(1, 13), 14, 16, 18, 20, 24, 30, 36, 42, 48, 60, 72, 96, 120, 144, 192])

#: Bars of a phrase that are distinguished, and bars to the end from which on all are one.
PHRASE, LEFT = 8, 16

#: Steps of the longest bar that is learned.
LONGEST_BAR = 96

#: General MIDI programs, and one for drums.
DRUMS = compound.DRUMS


@dataclass(frozen=True, eq=False)
class EventSong:
    """A song as it is learned.

    Parameters
    ----------
    rows : ndarray of int, shape (n_notes + 1, 6)
        Fields of each note; programs are General MIDI's, 128 for drums. The last row is the end.
    time : ndarray of int, shape (n_notes + 1,)
        Step at which each begins.
    extras : ndarray of int, shape (n_notes + 1, 2)
        What is known before each row: the bar of the note before it, as a place in a phrase and as
        bars left.
    metre : (int, int)
        Steps of a bar, and denominator of the time signature.
    shift : int
        Semitones that it was moved by to its home key.
    knobs : ndarray, shape (n_knobs,)
        What is measured on it in the home key; NaN where nothing is.
    """

    rows: Ints
    time: Ints
    extras: Ints
    metre: tuple[int, int]
    shift: int
    knobs: NDArray[np.float64]


def encode(song: Song) -> EventSong | None:
    """Write a song as rows; None where it has no notes, or bars that are too long.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> one = encode(piece())
    >>> one.rows[0].tolist(), one.metre, one.rows[-1, 0]
    ([1, 0, 32, 38, 6, 10], (48, 4), 4)
    """
    if not song.n_notes:
        return None
    table = COMPOUND.rows(song).table.astype(np.int64)
    bars = Counter(map(tuple, table[:, [compound.BAR_LENGTH, compound.UNIT]].tolist()))
    metre = bars.most_common(1)[0][0]
    if metre[0] > LONGEST_BAR:
        return None
    shift = home_shift(song)
    bar, step = _in_metre(table, metre[0])
    order = np.lexsort((table[:, compound.PITCH], bar * metre[0] + step))
    bar, step, table = bar[order], step[order], table[order]
    drum = table[:, compound.PROGRAM] == DRUMS
    rows = np.zeros((len(table) + 1, 6), np.int64)
    rows[:-1, BAR] = np.diff(bar, prepend=-1).clip(0, MOST_BARS)
    rows[-1, BAR] = END
    rows[:-1, STEP], rows[:-1, PROGRAM] = step, table[:, compound.PROGRAM]
    rows[:-1, PITCH] = (table[:, compound.PITCH] + np.where(drum, 0, shift)).clip(0, 127)
    rows[:-1, LENGTH] = length_class(table[:, compound.LENGTH])
    rows[:-1, VELOCITY] = table[:, compound.VELOCITY]
    time = np.append(bar * metre[0] + step, bar[-1] * metre[0] + step[-1])
    before = np.append(-1, bar)
    extras = extras_of(before, int(bar[-1]) + 1)
    measured = knobs.measure(song)
    measured["register"] += shift
    return EventSong(rows, time, extras, metre, shift, np.array([measured[n] for n in KNOBS]))


def _in_metre(table: Ints, length: int) -> tuple[Ints, Ints]:
    """Give bar and step of each note where all bars are equally long, the first at the first."""
    starts = np.cumsum(table[:, compound.BAR] * length)
    step = starts + table[:, compound.STEP]
    first = starts[0]
    return (step - first) // length, (step - first) % length


def home_shift(song: Song) -> int:
    """Give the semitones, -6 to 5, that move a song to C major or A minor."""
    key = key_of(song.notes)
    return 0 if key is None else nearest(HOME[bool(key[1])] - int(key[0]))


def length_class(steps: Ints) -> Ints:
    """Give the nearest of `LENGTHS` to each number of steps.

    >>> LENGTHS[length_class(np.array([1, 13, 50, 500]))].tolist()
    [1, 12, 48, 192]
    """
    return np.asarray(np.abs(np.asarray(steps)[:, None] - LENGTHS).argmin(axis=1))


def extras_of(bar: Ints, n_bars: int) -> Ints:
    """Say of bars, -1 before the first, their place in a phrase and how many are left after them.

    >>> extras_of(np.array([-1, 0, 8, 11]), 12).tolist()
    [[0, 12], [1, 11], [1, 3], [4, 0]]
    """
    place = np.where(bar < 0, 0, 1 + bar % PHRASE)
    return np.stack([place, (n_bars - 1 - bar).clip(0, LEFT)], axis=1)


def decode(rows: Ints, metre: tuple[int, int], n_bars: int, tempo: float, shift: int = 0) -> Song:
    """Make a song of rows without an end.

    Parameters
    ----------
    rows : ndarray of int, shape (n_notes, 6)
        As in an `EventSong`.
    metre : (int, int)
        Steps of a bar, and denominator of the time signature.
    n_bars : int
        Where notes that sound on are cut off.
    tempo : float
        Quarter notes a minute.
    shift : int
        Semitones from the home key.

    Returns
    -------
    Song
    """
    drum = rows[:, PROGRAM] == DRUMS
    begin = (np.cumsum(rows[:, BAR]) - 1) * metre[0] + rows[:, STEP]
    end = np.minimum(begin + LENGTHS[rows[:, LENGTH]], n_bars * metre[0])
    pitch = np.where(drum, rows[:, PITCH], (rows[:, PITCH] + shift).clip(0, 127))
    end = _without_overlap(begin, end, pitch, rows[:, PROGRAM])
    per_step = 60 / STEPS_PER_BEAT / tempo
    notes = note_array(
        onset=begin * per_step,
        duration=(end - begin) * per_step,
        beat=begin / STEPS_PER_BEAT,
        pitch=pitch,
        velocity=(rows[:, VELOCITY] * BIN + BIN // 2).clip(1, 127),
        program=np.where(drum, 0, rows[:, PROGRAM]),
        drum=drum,
    )
    numerator = metre[0] * metre[1] // (4 * STEPS_PER_BEAT)
    metres = np.array([[0, numerator, metre[1]]])
    return song_of(notes, np.array([[0, tempo]]), metres, "new song")


def _without_overlap(begin: Ints, end: Ints, pitch: Ints, program: Ints) -> Ints:
    """End each note where the next one of its instrument and pitch begins."""
    end, last = end.copy(), dict[tuple[int, int], int]()
    for n, key in enumerate(zip(program.tolist(), pitch.tolist(), strict=True)):
        if key in last:
            end[last[key]] = min(end[last[key]], max(begin[n], begin[last[key]] + 1))
        last[key] = n
    return end


def orchestrated(song: Song, instruments: Sequence[int]) -> Song:
    """Give parts other instruments, the highest part the first; the last plays all that are left.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> sorted(set(orchestrated(piece(), (40, 42)).notes["program"].tolist()))
    [0, 40, 42]
    """
    notes = song.notes.copy()
    pitched = ~notes["drum"]
    programs = sorted(
        np.unique(notes["program"][pitched]).tolist(),
        key=lambda n: -notes["pitch"][pitched & (notes["program"] == n)].mean(),
    )
    new = notes["program"].copy()
    for place, program in enumerate(programs):
        chosen = instruments[min(place, len(instruments) - 1)]
        new[pitched & (notes["program"] == program)] = chosen
    notes["program"] = new
    return replace(song, fetch=lambda: notes)
