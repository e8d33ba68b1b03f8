"""What all features read: notes, events, melody, bass and chord segments of windows, as one table.

An *event* is a group of notes that begin together: each begins at most `TOGETHER` seconds after
the one before. Played chords are spread by some milliseconds, written ones are not. The *melody*
is the skyline: the highest note of each event, unless a higher one of the events just before still
sounds. The *bass* is its mirror image. Both leave drums out.
"""

from typing import NamedTuple

import numpy as np

from classify.representations.features.compiled import inner
from classify.representations.features.statistics import Floats, Integers

#: Notes that begin within so many seconds of the note before are one event.
TOGETHER = 0.03

#: Melody and bass look back at so many events for a note that still sounds.
COVER = 6

#: A phrase ends with a note whose gap to the next is at least so many times the median gap.
PAUSE = 2.0

#: Seconds at least and at most whose logarithm is taken.
SHORTEST, LONGEST = 0.01, 30.0

#: Lines: rows of `Lines.begin` and `Lines.end`.
NOTES, PITCHED, EVENTS, MELODY, BASS, SEGMENTS = range(6)

#: Rows of `Lines.table`. Seconds since the window's first onset; an event's notes share its first
#: onset, its beat and its bar. Of all lines:
ONSET, DURATION, END, BEAT, BAR, PITCH, VELOCITY, PROGRAM, DRUM, EVENT = range(10)
#: Of all but events: how much a note counts in a pitch profile, and the log of its bounded length.
WEIGHT, LOG_LENGTH = 10, 11
#: From a note to the next: log seconds (of events, melody and bass); of the melody also log2 beats
#: from 1/32 to 32, semitones (0-31, unisons 16), and gap by median gap (0-15, equal ones 8).
LOG_GAP, LOG_BEATS, LEAP, PACE = 12, 13, 14, 15
#: Of the melody: whether a phrase ends. Of events: the greatest velocity.
PHRASE_END, LOUDEST = 16, 17
#: Of all notes: the written time signature, or 0.
ABOVE, BELOW = 16, 17
N_COLUMNS = 18

#: Columns of `Lines.shared`: seconds from the first onset to the last; seconds that the window
#: stands for, its span and one mean gap; pitch class of the tonic; whether the key is minor; class
#: and seconds of the pulse.
SPAN, FILLED, TONIC, MINOR, PULSE, PERIOD, N_SHARED = range(7)

#: Columns of `Lines.chords` after the pitch classes.
QUALITY, ROOT, LOWEST, FIT, N_CHORDS = range(12, 17)

#: Lags between onsets: twelve classes an octave from 0.1 to 3.2 s, between up to 8 onsets.
FIRST_LAG, OCTAVES, PER_OCTAVE, ONSETS_ON = 0.1, 5, 12, 8
N_LAGS = OCTAVES * PER_OCTAVE
LAGS = FIRST_LAG * 2 ** (np.arange(N_LAGS) / PER_OCTAVE)

#: The preferred period in seconds, and the width of the preference in octaves. That moderate
#: periods are preferred is Parncutt's (1994), who found about .7 s; van Noorden and Moelants (1999)
#: found .5 to .55 s. The values are ours: 120 bpm, as in most files, and a wide preference.
PREFERRED, WIDTH = 0.5, 1.0
PREFERENCE = np.exp(-0.5 * (np.log2(LAGS / PREFERRED) / WIDTH) ** 2)


class Lines(NamedTuple):
    """Windows of notes, and what is derived from them.

    Notes `begin[line, row]` to `end[line, row]` (excluded) of the table are those of a line of a
    window, in order of event, then pitch: `table[PITCH, begin[MELODY, 0]]` is the first pitch of
    the first window's melody.

    Parameters
    ----------
    table : ndarray of float, shape (N_COLUMNS, n)
        A row for each quantity of notes.
    begin, end : ndarray of int, shape (6, n_windows)
        Where the lines of each window stand; `SEGMENTS` are rows of `chords`.
    shared : ndarray of float, shape (n_windows, N_SHARED)
        Quantities of windows.
    profile : ndarray of float, shape (n_windows, 12)
        Shares of pitch classes C to B, weighted by length.
    fit : ndarray of float, shape (n_windows, 24)
        Correlations of the profile with C major to B major and C minor to B minor.
    lags : ndarray of float, shape (n_windows, N_LAGS)
        Shares of times between onsets, by class (`LAGS`).
    chords : ndarray of float, shape (n_segments, N_CHORDS)
        Of segments in which something begins: shares of pitch classes, then `QUALITY` (index in
        `CHORDS`), `ROOT` and `LOWEST` (pitch classes), `FIT` (correlation with the template).
    """

    table: Floats
    begin: Integers
    end: Integers
    shared: Floats
    profile: Floats
    fit: Floats
    lags: Floats
    chords: Floats


@inner
def widest(w: Lines, line: int) -> int:
    """Give the number of notes of the longest line, at least 1: the room that scratch needs."""
    most = 1
    for row in range(w.begin.shape[1]):
        most = max(most, w.end[line, row] - w.begin[line, row])
    return most
