"""Bars as they are written: the time signature, places in the bar, and what comes back after bars.

A performance has no bars, and a file may say none; bars of four quarter notes are then counted from
the song's start. Where an upbeat is not written as a bar of its own, or after a rest, bars are
counted from it; what comes back after so many bars does not depend on where they begin.
"""

import math

import numpy as np

from classify.representations.features.compiled import compiled, inner
from classify.representations.features.lines import (
    ABOVE,
    BAR,
    BASS,
    BELOW,
    EVENTS,
    LOG_BEATS,
    MELODY,
    NOTES,
    PITCH,
    VELOCITY,
    Lines,
)
from classify.representations.features.metre import (
    NEAR,
    gap_weight,
    on_and_off,
    returns,
    room_for_ticks,
)
from classify.representations.features.registry import features
from classify.representations.features.statistics import (
    Floats,
    offset,
    ratio,
    to_shares,
)

#: Bars after which a return is looked for.
LAGS_IN_BARS = np.array([1.0, 2.0, 4.0, 8.0])

#: Equal parts of a bar that onsets are counted in: of simple and compound, and of triple metre.
PARTS = (8, 6)

#: Share of a bar by which a note may be before its place.
EARLY = 0.01

#: To base 2; 0 of 0.
LOGARITHM = np.log2(np.maximum(np.arange(256), 1))


@features(
    "metre",
    "jSymbolic 2.2 catalogue, metre; notated",
    {
        "bar_written": "0-1",
        "bar_length": "log2 quarter notes, mean over notes",
        "bar_numerator": "mean over notes",
        "bar_unit": "log2 of the denominator, mean over notes",
        "bar_duple": "share of notes in bars of two",
        "bar_triple": "share of notes in bars of three",
        "bar_quadruple": "share of notes in bars of four",
        "bar_compound": "share of notes in bars of six, nine or twelve",
        "melody_per_bar": "melody notes a bar",
    },
)
@compiled
def signatures(w: Lines, out: Floats) -> None:
    """Written time signatures; 4/4 where there is none."""
    t = w.table
    for row in range(len(out)):
        o, a, b = out[row], w.begin[NOTES, row], w.end[NOTES, row]
        o[:] = 0.0
        for i in range(a, b):
            above, below = t[ABOVE, i], t[BELOW, i]
            if above == 0:  # nothing is written
                above = below = 4.0
            else:
                o[0] += 1
                o[4] += above == 2
                o[5] += above == 3
                o[6] += above == 4
                o[7] += above == 6 or above == 9 or above == 12
            unit = LOGARITHM[int(below)]
            o[1] += 2 + LOGARITHM[int(above)] - unit
            o[2] += above
            o[3] += unit
        for k in range(8):
            o[k] /= b - a
        a, b = w.begin[MELODY, row], w.end[MELODY, row]
        o[8] = (b - a) / max(t[BAR, b - 1] - t[BAR, a], 1.0) if b > a else 0.0


@features(
    "metre",
    "metrical profile (Palmer and Krumhansl 1990; Huron 2006), in written bars",
    {f"in_bar_{n}_{k}": f"share of melody notes in part {k} of {n}"
     for n in PARTS for k in range(n)}
    | {f"in_bar_long_{n}_{k}": f"share of the melody's beats that begin in part {k} of {n}"
       for n in PARTS for k in range(n)}
    | {
        "bar_upbeat": "bars from the first melody note to the next bar",
        "bar_last": "place of the last melody note, 0-1",
        "downbeat_share": "share of melody notes",
        "downbeat_bass": "share of bass notes",
        "downbeat_long": "log2 ratio of gaps on the downbeat and off it",
        "downbeat_high": "semitones, melody on the downbeat less off it",
        "downbeat_loud": "velocity on the downbeat less off it",
    },
)  # fmt: skip
@compiled
def in_bars(w: Lines, out: Floats) -> None:
    """Places in the bar, and what marks the downbeat."""
    t = w.table
    for row in range(len(out)):
        o, a, b = out[row], w.begin[MELODY, row], w.end[MELODY, row]
        o[:] = 0.0
        for i in range(a, b):
            first = 0
            for n in PARTS:
                part = math.floor(n * (t[BAR, i] + EARLY)) % n
                o[first + part] += 1
                o[14 + first + part] += gap_weight(w, i, b)
                first += n
        for first, end in ((0, 8), (8, 14), (14, 22), (22, 28)):
            to_shares(o[first:end])
        o[29] = EARLY
        if b > a:
            o[28] = math.ceil(t[BAR, a] - EARLY) - t[BAR, a]
            o[29] = t[BAR, b - 1] + EARLY - math.floor(t[BAR, b - 1] + EARLY)
        o[30], o[31] = _down(w, MELODY, row), _down(w, BASS, row)
        o[32] = on_and_off(w, MELODY, row, BAR, NEAR / 4, LOG_BEATS, 1)
        o[33] = on_and_off(w, MELODY, row, BAR, NEAR / 4, PITCH, 0)
        o[34] = on_and_off(w, EVENTS, row, BAR, NEAR / 4, VELOCITY, 0)


@inner
def _down(w: Lines, line: int, row: int) -> float:
    """Share of a line's notes on the downbeat."""
    n = 0
    for i in range(w.begin[line, row], w.end[line, row]):
        n += offset(w.table[BAR, i], 1.0) < NEAR / 4
    return ratio(n, w.end[line, row] - w.begin[line, row])


@features(
    "metre",
    "onset autocorrelation (Brown 1993), in written bars",
    {f"onset_after_bars_{lag:g}": "share of events that have one" for lag in LAGS_IN_BARS}
    | {f"melody_after_bars_{lag:g}": "share of melody notes with the same pitch there"
       for lag in LAGS_IN_BARS},
)  # fmt: skip
@compiled
def returns_of_bars(w: Lines, out: Floats) -> None:
    """Whether something begins, and whether the melody is the same, so many bars later."""
    ticks, at = room_for_ticks(w)
    for row in range(len(out)):
        returns(w, EVENTS, row, BAR, LAGS_IN_BARS, ticks, at, out[row, :4])
        returns(w, MELODY, row, BAR, LAGS_IN_BARS, ticks, at, out[row, 4:])
