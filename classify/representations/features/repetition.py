"""Repetition and structure: patterns that return, and how alike the parts of a window are."""

import numpy as np

from classify.representations.features.compiled import compiled, inner
from classify.representations.features.lines import (
    EVENTS,
    LEAP,
    LOG_GAP,
    MELODY,
    NOTES,
    PACE,
    PITCH,
    PITCHED,
    VELOCITY,
    Lines,
    widest,
)
from classify.representations.features.registry import features
from classify.representations.features.statistics import (
    Floats,
    Integers,
    cosine,
    greatest,
    least,
    mean,
    progress,
    ratio,
    std,
)

#: Notes in the patterns that are counted.
LENGTHS = (2, 3, 5)

#: Places on at which a pattern may return.
FAR = 16


@features(
    "repetition",
    "m-types, FANTASTIC (Müllensiefen 2009)",
    {f"melody_patterns_{n}": "different a pattern" for n in LENGTHS}
    | {f"rhythm_patterns_{n}": "different a pattern" for n in LENGTHS}
    | {f"tune_patterns_{n}": "different a pattern" for n in LENGTHS}
    | {
        "melody_pattern_most_common": "share of patterns of two intervals",
        "rhythm_pattern_most_common": "share of patterns of two gaps",
    },
)
@compiled
def patterns(w: Lines, out: Floats) -> None:
    """How many patterns of successive intervals, gaps, or both, are new; 1 if none returns."""
    most = widest(w, MELODY)
    codes, places = np.zeros(most, np.int64), np.zeros(_room(most), np.int64)
    counts = np.zeros(len(places), np.int64)
    for row in range(len(out)):
        o, a, n = out[row], w.begin[MELODY, row], w.end[MELODY, row] - w.begin[MELODY, row] - 1
        for kind in range(3):
            for k in range(len(LENGTHS)):
                found = max(n - LENGTHS[k] + 1, 0)
                _code(w, a, found, LENGTHS[k], kind, codes)
                distinct, common = _count(codes, found, places, counts)
                o[3 * kind + k] = ratio(distinct, found)
                if k == 0 and kind < 2:
                    o[9 + kind] = ratio(common, found)


@inner
def _code(w: Lines, a: int, n: int, length: int, kind: int, codes: Integers) -> None:
    """Code patterns of `length` successive intervals (kind 0), gaps (1) or both (2)."""
    leap, pace = w.table[LEAP], w.table[PACE]
    for i in range(n):
        code = 0
        for k in range(a + i, a + i + length):
            if kind == 0:
                code = code * 32 + int(leap[k])
            elif kind == 1:
                code = code * 16 + int(pace[k])
            else:
                code = code * 512 + int(leap[k]) * 16 + int(pace[k])
        codes[i] = code


@inner
def _room(n: int) -> int:
    """Give a power of two that is at least twice as large."""
    room = 4
    while room < 2 * n:
        room *= 2
    return room


@inner
def _count(codes: Integers, n: int, places: Integers, counts: Integers) -> tuple[int, int]:
    """Count the different codes, and the most common one, in a table by their hash."""
    room = min(_room(n), len(places))
    for k in range(room):
        places[k] = -1
    distinct, common = 0, 0
    for i in range(n):
        code = codes[i]
        place = ((code * 0x9E3779B1) >> 15) & (room - 1)
        while places[place] != code and places[place] != -1:
            place = (place + 1) & (room - 1)
        new = places[place] == -1
        distinct += new
        places[place], counts[place] = code, (0 if new else counts[place]) + 1
        common = max(common, counts[place])
    return distinct, common


@features(
    "repetition",
    "self-similarity at a lag (after Foote 1999)",
    {
        "return_best": "share of notes equal in interval and gap at the best lag",
        "return_lag": "melody notes",
        "return_mean": "share of notes, mean of lags",
        "return_rhythm_best": "share of notes equal in gap at the best lag",
        "return_pitch_best": "share of notes equal in pitch at the best lag",
        "sequence_best": "share of notes equal in interval but not pitch at the best lag",
    },
)
@compiled
def returns(w: Lines, out: Floats) -> None:
    """Melody against itself, 2 to 16 notes on; lags beyond half the melody are left out."""
    t, shares = w.table, np.zeros((4, FAR - 1))
    for row in range(len(out)):
        o, a, n = out[row], w.begin[MELODY, row], w.end[MELODY, row] - w.begin[MELODY, row] - 1
        shares[:] = 0.0
        end = a + max(n, 0)
        leap, pace, pitch = t[LEAP, a:end], t[PACE, a:end], t[PITCH, a:end]
        for lag in range(2, min(FAR, n // 2) + 1):
            both, paces, pitches, moved = 0, 0, 0, 0
            for i in range(n - lag):
                same_leap, same_pace = leap[i] == leap[i + lag], pace[i] == pace[i + lag]
                same_pitch = pitch[i] == pitch[i + lag]
                both += same_leap & same_pace  # `and` would be a branch
                paces += same_pace
                pitches += same_pitch
                moved += same_leap & (not same_pitch)
            shares[0, lag - 2], shares[1, lag - 2] = both / (n - lag), paces / (n - lag)
            shares[2, lag - 2], shares[3, lag - 2] = pitches / (n - lag), moved / (n - lag)
        best = 0
        for k in range(FAR - 1):
            if np.rint(shares[0, k] * 1e9) > np.rint(shares[0, best] * 1e9):
                best = k
        o[0] = greatest(shares[0], 0, FAR - 1)
        o[1] = best + 2 if o[0] > 0 else 0
        o[2] = mean(shares[0], 0, FAR - 1)
        o[3], o[4] = greatest(shares[1], 0, FAR - 1), greatest(shares[2], 0, FAR - 1)
        o[5] = greatest(shares[3], 0, FAR - 1)


@features(
    "repetition",
    "contrast of sections (after Panda, Malheiro and Paiva 2020)",
    {
        "halves_pitch_classes": "cosine",
        "halves_intervals": "cosine",
        "halves_gaps": "cosine",
        "halves_pitch": "cosine",
        "thirds_pitch_spread": "semitones, std of the means",
        "thirds_velocity_spread": "MIDI velocity, std of the means",
        "thirds_density_spread": "log ratio, std of the means",
        "thirds_melody_range_spread": "semitones, std of the ranges",
    },
)
@compiled
def contrast(w: Lines, out: Floats) -> None:
    """How alike the halves of a window are, and how its thirds differ."""
    t, early, late = w.table, np.zeros(128), np.zeros(128)
    for row in range(len(out)):
        o, a, b = out[row], w.begin[PITCHED, row], w.end[PITCHED, row]
        o[3] = _halves(t[PITCH], a, b, early, late)
        for k in range(12, 128):
            early[k % 12] += early[k]
            late[k % 12] += late[k]
        o[0] = cosine(early[:12], late[:12])
        o[4] = _spread_of_thirds(t[PITCH], a, b, False)
        o[5] = _spread_of_thirds(t[VELOCITY], w.begin[NOTES, row], w.end[NOTES, row], False)
        o[6] = _spread_of_thirds(t[LOG_GAP], w.begin[EVENTS, row], w.end[EVENTS, row] - 1, False)
        a, b = w.begin[MELODY, row], w.end[MELODY, row]
        o[1] = _halves(t[LEAP], a, b - 1, early, late)
        o[2] = _halves(t[PACE], a, b - 1, early, late)
        o[7] = _spread_of_thirds(t[PITCH], a, b, True)


@inner
def _halves(codes: Floats, a: int, b: int, early: Floats, late: Floats) -> float:
    """Cosine between the counts of codes in the first half and in the second."""
    early[:] = 0.0
    late[:] = 0.0
    for i in range(a, b):
        if progress(i - a, b - a) >= 0.5:
            late[int(codes[i])] += 1
        else:
            early[int(codes[i])] += 1
    return cosine(early, late)


@inner
def _spread_of_thirds(values: Floats, a: int, b: int, ranges: bool) -> float:
    """Spread of the means (or ranges) of three parts; 0 of fewer than three values."""
    if b - a < 3:
        return 0.0
    found, first = np.zeros(3), a
    for third in range(3):
        end = first
        while end < b and min(int(progress(end - a, b - a) * 3), 2) == third:
            end += 1
        if ranges:
            found[third] = greatest(values, first, end) - least(values, first, end)
        else:
            found[third] = mean(values, first, end)
        first = end
    return std(found, 0, 3)
