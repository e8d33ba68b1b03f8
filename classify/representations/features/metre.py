"""Rhythm in beats: tempo, places in the beat and bar, note values, syncopation and swing.

Beats are the file's quarter notes, counted from the song's start, so a bar of four is met at
multiples of 4 where the song has no upbeat. Most quantities ask only for periods and hold with an
upbeat too; `classify.representations.features.bars` reads the bars that are written. Where a
window's beats are unknown, they are counted in pulses (see `rhythm`) from the window's first onset.
"""

import math

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.compiled import compiled, inner
from classify.representations.features.lines import (
    BASS,
    BEAT,
    DURATION,
    EVENT,
    EVENTS,
    LOG_BEATS,
    MELODY,
    ONSET,
    PHRASE_END,
    PITCH,
    SPAN,
    VELOCITY,
    Lines,
    widest,
)
from classify.representations.features.registry import features
from classify.representations.features.statistics import (
    Floats,
    Integers,
    entropy,
    greatest,
    mean,
    nearest,
    offset,
    quantiles,
    ratio,
    std,
    to_shares,
    total,
)

#: Distance in beats within which an onset is on a place of the grid.
NEAR = 0.06

#: Periods in beats whose strength is measured.
PERIODS = {"1_4": 1 / 4, "1_3": 1 / 3, "1_2": 1 / 2, "2_3": 2 / 3, "3_4": 3 / 4, "1": 1.0,
           "3_2": 1.5, "2": 2.0, "3": 3.0, "4": 4.0, "6": 6.0, "8": 8.0}  # fmt: skip
#: Those that can be a beat, a bar, or a part of one.
BARS = ("1", "3_2", "2", "3", "4")

#: Note values in beats; each gap counts at the nearest (by ratio).
VALUES = {"1_8": 1 / 8, "1_4": 1 / 4, "1_3": 1 / 3, "1_2": 1 / 2, "2_3": 2 / 3, "3_4": 3 / 4,
          "1": 1.0, "3_2": 1.5, "2": 2.0, "3": 3.0, "4": 4.0}  # fmt: skip
SIZES = np.log2(list(VALUES.values()))
BORDERS = (SIZES[1:] + SIZES[:-1]) / 2
#: Coarser classes of values, for pairs of neighbours.
COARSE = {"quick": (0, 3), "half": (3, 5), "three_quarters": (5, 6), "beat": (6, 7),
          "beat_and_half": (7, 8), "long": (8, 11)}  # fmt: skip
COARSE_OF = np.repeat(np.arange(len(COARSE)), [b - a for a, b in COARSE.values()])

#: Ticks in a beat, where beats are compared exactly.
TICKS = 48

LOG_2 = math.log(2)


@features(
    "metre",
    "jSymbolic 2.2 catalogue, tempo; beat histogram positions",
    {
        "tempo": "bpm",
        "tempo_variation": "std by mean of gaps' tempi",
        "beats_span": "beats",
        "events_per_beat": "events a beat",
        "melody_per_beat": "melody notes a beat",
        "on_beat": "share of events",
        "on_half": "share of events",
        "on_quarter": "share of events",
        "on_third": "share of events",
        "off_grid": "share of events on no half, quarter or third",
        "grid_deviation": "beats from the nearest quarter or third",
        "melody_on_beat": "share of melody notes",
        "bass_on_beat": "share of bass notes",
    },
)
@compiled
def grid(w: Lines, out: Floats) -> None:
    """Tempo and places in the beat."""
    t, tempi = w.table, np.empty(widest(w, EVENTS))
    for row in range(len(out)):
        o, a, b = out[row], w.begin[EVENTS, row], w.end[EVENTS, row]
        o[:] = 0.0
        span, n = t[BEAT, b - 1] - t[BEAT, a], b - a
        for i in range(a, b - 1):
            apart = t[ONSET, i + 1] - t[ONSET, i]
            tempi[i - a] = 60 * (t[BEAT, i + 1] - t[BEAT, i]) / apart
        o[0] = ratio(60 * span, w.shared[row, SPAN]) if w.shared[row, SPAN] > 0 else 120.0
        o[1] = ratio(std(tempi, 0, n - 1), mean(tempi, 0, n - 1))
        o[2], o[3] = span, n / max(span, 1.0)
        o[4] = (w.end[MELODY, row] - w.begin[MELODY, row]) / max(span, 1.0)
        for i in range(a, b):
            place, off = _place(t[BEAT, i])
            o[5 + place] += 1 / n
            o[10] += off / n
        o[11], o[12] = _on_beat(w, MELODY, row), _on_beat(w, BASS, row)


@inner
def _place(beat: float) -> tuple[int, float]:
    """Class of a place in the beat, from the beat itself to none; beats from quarter or third."""
    quarter, third = offset(beat, 1 / 4), offset(beat, 1 / 3)
    off = min(quarter, third)
    if offset(beat, 1.0) < NEAR:
        return 0, off
    if offset(beat, 1 / 2) < NEAR:
        return 1, off
    if quarter < NEAR:
        return 2, off
    return (3 if third < NEAR else 4), off


@inner
def _on_beat(w: Lines, line: int, row: int) -> float:
    """Share of a line's notes that are on the beat."""
    n = 0
    for i in range(w.begin[line, row], w.end[line, row]):
        n += offset(w.table[BEAT, i], 1.0) < NEAR
    return ratio(n, w.end[line, row] - w.begin[line, row])


@features(
    "metre",
    "Fourier tempogram in beats (Grosche and Müller 2011); phenomenal accents (Lerdahl and "
    "Jackendoff 1983)",
    {f"period_{name}": "0-1, all events" for name in PERIODS}
    | {f"period_long_{name}": "0-1, melody weighted by gap" for name in BARS}
    | {f"period_bass_{name}": "0-1, bass" for name in BARS}
    | {f"period_high_{name}": "0-1, melody peaks" for name in BARS}
    | {f"period_end_{name}": "0-1, phrase ends" for name in BARS}
    | {"triple_less_duple": "difference of strengths", "compound_less_simple": "difference"},
)
@compiled
def metre(w: Lines, out: Floats) -> None:
    """Strength of each period, for all onsets and for accents."""
    t, of_all, sums = w.table, np.empty(5), np.zeros((5, 2 * N_PERIODS))
    powers = np.empty((2 * N_PERIODS, widest(w, EVENTS)))
    accents = np.empty((5, max(widest(w, MELODY), widest(w, BASS))))
    at = np.empty(accents.shape[1], np.int64)
    for row in range(len(out)):
        o, n = out[row], w.end[EVENTS, row] - w.begin[EVENTS, row]
        _turn(t[BEAT], w.begin[EVENTS, row], n, powers)
        of_all[0], of_all[2] = n, _events_of(w, BASS, row, at)
        for k in range(2 * N_PERIODS):
            sums[0, k] = total(powers[k], 0, n)
        for k in range(10, 20):
            sums[2, k] = 0.0
            for i in range(int(of_all[2])):
                sums[2, k] += powers[k, at[i]]
        n = _events_of(w, MELODY, row, at)
        _find_accents(w, row, accents, of_all)
        for k in range(10, 20):
            _add_accents(powers[k], at[:n], accents, sums[:, k])
        for period in range(N_PERIODS):
            o[period] = _strength(sums[0], period, of_all[0])
        for kind in range(1, 5):
            for k in range(len(BAR_NUMBERS)):
                o[7 + 5 * kind + k] = _strength(sums[kind], BAR_NUMBERS[k], of_all[kind])
        o[32] = o[15] - max(o[14], o[16])
        o[33] = o[6] - o[5]


N_PERIODS = len(PERIODS)
#: Numbers of `BARS` among the periods.
BAR_NUMBERS = np.array([list(PERIODS).index(name) for name in BARS])


@inner
def _strength(sums: Floats, period: int, weight: float) -> float:
    """Length of the mean vector of onsets on a circle: 0 (spread) to 1 (as one)."""
    x, y = sums[2 * period], sums[2 * period + 1]
    return ratio(math.sqrt(x * x + y * y), weight)


@inner
def _turn(beats: Floats, first: int, n: int, powers: Floats) -> None:
    """Place beats on the circle of each period: as powers of their place on that of 24 beats.

    Their sine and cosine come from the nearest of `STOPS` angles and a series for the rest. All
    beats are multiplied side by side.
    """
    for i in range(n):
        stops = beats[first + i] / 24 * STOPS
        stop = math.floor(stops + 0.5)
        rest = (stops - stop) * (2 * math.pi / STOPS)
        square = rest * rest
        c = 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56)))
        s = rest * (1 - square / 6 * (1 - square / 20 * (1 - square / 42)))
        u, v = COSINES[stop & (STOPS - 1)], SINES[stop & (STOPS - 1)]
        x, y = u * c - v * s, v * c + u * s
        cube, of_cube = x * x * x - 3 * x * y * y, 3 * x * x * y - y * y * y
        powers[22, i], powers[23, i] = cube, of_cube
        powers[20, i], powers[21, i] = cube * x - of_cube * y, cube * y + of_cube * x
    _multiply(powers, n, 18, 22, 22)  # 4 beats are the sixth power, 8 beats the third
    _multiply(powers, n, 16, 20, 20)
    _multiply(powers, n, 14, 18, 18)
    _multiply(powers, n, 12, 16, 16)
    _multiply(powers, n, 10, 14, 14)
    _multiply(powers, n, 8, 12, 12)
    _multiply(powers, n, 6, 10, 14)
    _multiply(powers, n, 4, 10, 10)
    _multiply(powers, n, 2, 6, 6)
    _multiply(powers, n, 0, 4, 4)


@inner
def _multiply(powers: Floats, n: int, made: int, one: int, other: int) -> None:
    """Multiply complex numbers, by the rows of their real parts."""
    real, imaginary = powers[made], powers[made + 1]
    a, b, c, d = powers[one], powers[one + 1], powers[other], powers[other + 1]
    for i in range(n):
        real[i] = a[i] * c[i] - b[i] * d[i]
    for i in range(n):
        imaginary[i] = a[i] * d[i] + b[i] * c[i]


#: Angles whose sine and cosine are kept; a power of two.
STOPS = 64
COSINES, SINES = (f(2 * np.pi * np.arange(STOPS) / STOPS) for f in (np.cos, np.sin))


@inner
def _events_of(w: Lines, line: int, row: int, at: Integers) -> int:
    """Write the number of each note's event; give how many notes there are."""
    a, n = w.begin[line, row], w.end[line, row] - w.begin[line, row]
    for i in range(n):
        at[i] = int(w.table[EVENT, a + i])
    return n


@inner
def _find_accents(w: Lines, row: int, accents: Floats, of_all: Floats) -> None:
    """Weigh the melody's notes: by gap, as peaks, and as ends of phrases; add up the weights."""
    t, a, b = w.table, w.begin[MELODY, row], w.end[MELODY, row]
    of_all[1] = of_all[3] = of_all[4] = 0.0
    for i in range(a, b):
        peak = a < i < b - 1 and t[PITCH, i - 1] < t[PITCH, i] >= t[PITCH, i + 1]
        accents[1, i - a] = gap_weight(w, i, b)
        accents[3, i - a], accents[4, i - a] = peak, t[PHRASE_END, i] > 0
        of_all[1] += accents[1, i - a]
        of_all[3] += accents[3, i - a]
        of_all[4] += accents[4, i - a]


@inner
def _add_accents(powers: Floats, at: Integers, accents: Floats, sums: Floats) -> None:
    """Add up one part of the melody's places on a circle, weighted in three ways."""
    by_gap, peaks, ends = 0.0, 0.0, 0.0
    for i in range(len(at)):
        power = powers[at[i]]
        by_gap += accents[1, i] * power
        peaks += accents[3, i] * power
        ends += accents[4, i] * power
    sums[1], sums[3], sums[4] = by_gap, peaks, ends


@inner
def gap_weight(w: Lines, i: int, end: int) -> float:
    """How much a note counts where long ones count more: beats to the next, four at most."""
    beats = w.table[BEAT, i + 1] - w.table[BEAT, i] if i + 1 < end else 0.0
    return min(beats, 4.0) + 1e-3


#: Beats after which a return is looked for.
LAGS_IN_BEATS = np.array([0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0])


@features(
    "metre",
    "onset autocorrelation (Brown 1993)",
    {
        f"onset_lag_{lag:g}".replace(".", "_"): "share of events that have one"
        for lag in LAGS_IN_BEATS
    }
    | {
        f"melody_lag_{lag:g}".replace(".", "_"): "share of melody notes with the same pitch there"
        for lag in LAGS_IN_BEATS
    },
)
@compiled
def autocorrelation(w: Lines, out: Floats) -> None:
    """Whether something begins, and whether the melody is the same, so many beats later.

    Notes later than that before the window's end do not count.
    """
    ticks, at = room_for_ticks(w)
    for row in range(len(out)):
        returns(w, EVENTS, row, BEAT, LAGS_IN_BEATS, ticks, at, out[row, :7])
        returns(w, MELODY, row, BEAT, LAGS_IN_BEATS, ticks, at, out[row, 7:])


@inner
def room_for_ticks(w: Lines) -> tuple[Integers, NDArray[np.uint8]]:
    """Make room for the ticks of a line's notes, and for what begins on each tick."""
    most = max(widest(w, EVENTS), widest(w, MELODY))
    return np.empty(most, np.int64), np.zeros((most + 1) * TOO_FAR, np.uint8)


@inner
def returns(
    w: Lines,
    line: int,
    row: int,
    time: int,
    lags: Floats,
    ticks: Integers,
    at: NDArray[np.uint8],
    out: Floats,
) -> None:
    """For each lag, the share of notes after which one is found so much later.

    Of the melody, one of the same pitch. Gaps beyond any lag are cut to `TOO_FAR`. Of notes on one
    tick, the last one counts. `at` is 0 wherever nothing begins, before and after.
    """
    t, a, n = w.table, w.begin[line, row], w.end[line, row] - w.begin[line, row]
    before, tick = 0, 0
    for i in range(n):
        now = int(np.rint(t[time, a + i] * TICKS))
        tick += min(max(now - before, 0), TOO_FAR) if i > 0 else 0
        ticks[i], before = tick, now
        at[tick] = 1 if line == EVENTS else t[PITCH, a + i] + 1
    possible = n
    for k in range(len(lags)):
        lag, found = int(lags[k] * TICKS), 0
        while possible > 0 and ticks[possible - 1] + lag > tick:
            possible -= 1
        for i in range(possible):
            found += at[ticks[i] + lag] == (1 if line == EVENTS else t[PITCH, a + i] + 1)
        out[k] = ratio(found, possible)
    for i in range(n):
        at[ticks[i]] = 0


#: Ticks that are more than the longest lag.
TOO_FAR = int(LAGS_IN_BEATS.max() * TICKS) + 1


@features(
    "metre",
    "jSymbolic 2.2 catalogue, note values; FANTASTIC (Müllensiefen 2009)",
    {f"value_{name}": "share of melody gaps" for name in VALUES}
    | {f"value_{a}_to_{b}": "share of neighbouring melody gaps" for a in COARSE for b in COARSE}
    | {
        "value_mean": "log2 beats",
        "value_std": "log2 ratio",
        "value_entropy": "0-1",
        "value_most_common": "share of melody gaps",
        "value_modal": "log2 beats",
        "length_mean": "log2 beats",
        "length_shortest": "log2 beats",
        "length_longest": "log2 beats",
    },
)
@compiled
def values(w: Lines, out: Floats) -> None:
    """Note values of the melody, from onset to onset, and pairs of neighbours."""
    t = w.table
    lengths = np.empty(widest(w, MELODY))
    for row in range(len(out)):
        o, a, b = out[row], w.begin[MELODY, row], w.end[MELODY, row]
        o[:] = 0.0
        before = -1
        for i in range(a, b - 1):
            kind = nearest(t[LOG_BEATS, i], BORDERS)
            o[kind] += 1
            if before >= 0:
                o[11 + 6 * COARSE_OF[before] + COARSE_OF[kind]] += 1
            before = kind
        to_shares(o[:11])
        to_shares(o[11:47])
        o[47], o[48] = mean(t[LOG_BEATS], a, b - 1), std(t[LOG_BEATS], a, b - 1)
        o[49], o[50], modal = entropy(o[:11]), greatest(o, 0, 11), 0
        for k in range(1, 11):
            if np.rint(o[k] * 1e9) > np.rint(o[modal] * 1e9):
                modal = k
        o[51] = SIZES[modal] if b - a > 1 else 0.0
        pace = 60 / _tempo(w, row)
        for i in range(a, b):
            length = min(max(t[DURATION, i] / pace, 1 / 32), 32.0)
            lengths[i - a] = math.log(length) / LOG_2
        o[52] = mean(lengths, 0, b - a)
        quantiles(lengths, b - a, OUTER, o, 53)


OUTER = np.array([0.05, 0.95])


@inner
def _tempo(w: Lines, row: int) -> float:
    """Mean tempo in quarter notes a minute; 120 where there is none."""
    first, last = w.begin[EVENTS, row], w.end[EVENTS, row] - 1
    beats = w.table[BEAT, last] - w.table[BEAT, first]
    tempo = ratio(60 * beats, w.shared[row, SPAN])
    return tempo if tempo > 0 else 120.0


@features(
    "metre",
    "after Longuet-Higgins and Lee 1984 (syncopation); Friberg and Sundström 2002 (swing)",
    {
        "syncopation": "levels an event, mean",
        "syncopated": "share of events held over a stronger place",
        "melody_syncopation": "levels a melody note, mean",
        "off_beat": "share of events off the beat",
        "off_beat_long": "share of gaps of a beat or more that begin off the beat",
        "swing_ratio": "long by short",
        "swing_share": "share of halved beats",
        "swing_spread": "std of long by short",
        "dotted_pairs": "share of beats split 3 to 1",
        "snap_pairs": "share of beats split 1 to 3",
    },
)
@compiled
def syncopation(w: Lines, out: Floats) -> None:
    """Events held over a stronger place of the beat; beats split into two unequal parts.

    A note on the half is one level weaker than the beat, on the quarter two, anywhere else three.
    Longuet-Higgins and Lee go on above the beat; here all beats are alike, as few performances say
    where bars begin. The swing ratio is the mean over beats with one event on each end and one from
    .4 to .8; it is 1 where there is none.
    """
    t, swing = w.table, np.empty(widest(w, EVENTS))
    for row in range(len(out)):
        o, a, b = out[row], w.begin[EVENTS, row], w.end[EVENTS, row]
        o[:] = 0.0
        o[0], o[1] = _levels(w, EVENTS, row)
        o[2], _ = _levels(w, MELODY, row)
        long, long_off, splits, n_swung, swung = 0, 0, 0, 0, 0
        for i in range(a, b):
            off = offset(t[BEAT, i], 1.0) >= NEAR
            o[3] += off
            if i + 1 < b and t[BEAT, i + 1] - t[BEAT, i] >= 1 - NEAR:
                long += 1
                long_off += off
            if i + 2 < b and not off and abs(t[BEAT, i + 2] - t[BEAT, i] - 1) < NEAR:
                split = t[BEAT, i + 1] - t[BEAT, i]
                splits += 1
                if 0.4 < split < 0.8:
                    swing[n_swung] = split / (1 - split)
                    swung += swing[n_swung] > 1.25
                    n_swung += 1
                o[8] += abs(split - 0.75) < NEAR
                o[9] += abs(split - 0.25) < NEAR
        o[3], o[4] = ratio(o[3], b - a), ratio(long_off, long)
        o[5] = mean(swing, 0, n_swung) if n_swung else 1.0
        o[6], o[7] = ratio(swung, n_swung), std(swing, 0, n_swung)
        o[8], o[9] = ratio(o[8], splits), ratio(o[9], splits)


@inner
def _levels(w: Lines, line: int, row: int) -> tuple[float, float]:
    """How many levels stronger the strongest place is that notes are held over: mean, and share."""
    beats, a, b = w.table[BEAT], w.begin[line, row], w.end[line, row]
    levels, held = 0, 0
    for i in range(a, b - 1):
        beat, own, over = beats[i], 3, 0
        for level in range(3):
            if own == 3 and offset(beat, 0.5**level) < NEAR:
                own = level
        for level in (1, 0):
            period = 0.5**level
            following = period * (math.floor(beat / period + NEAR) + 1)
            if beats[i + 1] > following + NEAR:
                over = max(own - level, 0)
        levels += over
        held += over > 0
    return ratio(levels, max(b - a - 1, 0)), ratio(held, max(b - a - 1, 0))


@features(
    "metre",
    "metrical profile (Palmer and Krumhansl 1990; Huron 2006)",
    {f"bar_four_{k}": "share of melody notes at half-beat k" for k in range(8)}
    | {f"bar_three_{k}": "share of melody notes at half-beat k" for k in range(6)}
    | {
        "upbeat": "beats from the window's first melody note to the next beat",
        "loud_on_beat": "velocity on the beat less off it",
        "long_on_beat": "log2 ratio of gaps on the beat and off it",
        "high_on_beat": "semitones, melody on the beat less off it",
        "last_on_beat": "0-1",
        "last_value": "log2 beats of the last known melody gap",
    },
)
@compiled
def places(w: Lines, out: Floats) -> None:
    """Places in bars of four and three beats, and what marks the beat."""
    t = w.table
    for row in range(len(out)):
        o, a, b = out[row], w.begin[MELODY, row], w.end[MELODY, row]
        o[:] = 0.0
        for i in range(a, b):
            half = math.floor(2 * t[BEAT, i] + 2 * NEAR)
            o[half % 8] += 1
            o[8 + half % 6] += 1
        to_shares(o[:8])
        to_shares(o[8:14])
        o[15] = on_and_off(w, EVENTS, row, BEAT, NEAR, VELOCITY, 0)
        o[16] = on_and_off(w, MELODY, row, BEAT, NEAR, LOG_BEATS, 1)
        o[17] = on_and_off(w, MELODY, row, BEAT, NEAR, PITCH, 0)
        if b > a:
            o[14] = math.ceil(t[BEAT, a] - NEAR) - t[BEAT, a]
            o[18] = offset(t[BEAT, b - 1], 1.0) < NEAR
        if b > a + 1:
            o[19] = t[LOG_BEATS, b - 2]


@inner
def on_and_off(
    w: Lines, line: int, row: int, time: int, near: float, column: int, unknown: int
) -> float:
    """Mean of a line's values on the beat (or bar) less that of the others; 0 unless both are.

    The last `unknown` notes are left out.
    """
    t, on, off, n_on, n_off = w.table, 0.0, 0.0, 0, 0
    for i in range(w.begin[line, row], w.end[line, row] - unknown):
        if offset(t[time, i], 1.0) < near:
            on += t[column, i]
            n_on += 1
        else:
            off += t[column, i]
            n_off += 1
    return on / n_on - off / n_off if n_on and n_off else 0.0
