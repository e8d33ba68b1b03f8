"""Notes that sound together: intervals, dissonance, chords and their changes.

Simultaneous intervals are taken between a note and each of the notes after it (in order of event
and pitch, at most `REACH` places on) that begins while it still sounds. Chords are those of
segments (`classify.representations.features.chords`).
"""

import numpy as np

from classify.representations.features.chords import CHORDS
from classify.representations.features.compiled import compiled, inner
from classify.representations.features.lines import (
    END,
    EVENT,
    FIT,
    LOWEST,
    ONSET,
    PITCH,
    PITCHED,
    QUALITY,
    ROOT,
    SEGMENTS,
    TONIC,
    Lines,
    widest,
)
from classify.representations.features.registry import features
from classify.representations.features.statistics import (
    Floats,
    cosine,
    entropy,
    mean,
    ratio,
    std,
    to_shares,
    total,
)

#: How many notes on a simultaneous note is looked for.
REACH = 8

#: Consonance of interval classes 1 to 6 (Huron 1994); the 0 of unisons and octaves is our own.
HURON = np.array([0.0, -1.428, -0.582, 0.594, 0.386, 1.240, -0.453])

#: 1 for chords with a major third and a pure fifth, -1 for those with a minor third.
BALANCE = np.array([1, -1, -1, 0, 0, 1, 1, -1, 0])
INTERVALS = ("octave", "m2", "M2", "m3", "M3", "P4", "tritone", "P5", "m6", "M6", "m7", "M7")


def _roughness() -> Floats:
    """Roughness `(128, 128)` of pairs of tones with five partials.

    The curve, its numbers and the lesser amplitude of two partials are those of Sethares' own
    program (his `dissmeasure`, as in Tuning, Timbre, Spectrum, Scale; the paper of 1993 rounds the
    numbers and multiplies amplitudes), but for its constant factor 5. That there are five partials,
    each .88 times the one below, is our choice.
    """
    partial = np.arange(1, 6)
    frequency = 440 * 2 ** ((np.arange(128) - 69) / 12)
    amplitude = 0.88 ** (partial - 1)
    of_all = np.zeros((128, 128))
    for p, a in zip(partial, amplitude, strict=True):
        for q, b in zip(partial, amplitude, strict=True):
            f, g = np.meshgrid(p * frequency, q * frequency, indexing="ij")
            x = 0.24 * np.abs(f - g) / (0.0207 * np.minimum(f, g) + 18.96)
            of_all += min(a, b) * (np.exp(-3.51 * x) - np.exp(-5.75 * x))
    return of_all


ROUGHNESS = _roughness()


@features(
    "harmony",
    "jSymbolic 2.2 catalogue, vertical intervals; Huron 1994; after Sethares 1993",
    {f"vertical_{name}": "share of simultaneous intervals" for name in INTERVALS}
    | {
        "vertical_pairs": "simultaneous intervals a note",
        "vertical_distance": "semitones",
        "vertical_entropy": "0-1",
        "consonance": "Huron's index, mean",
        "dissonant_share": "share of simultaneous intervals (seconds, sevenths, tritones)",
        "perfect_share": "share of simultaneous intervals (octaves, fifths, fourths)",
        "roughness": "Sethares' dissonance of a simultaneous interval, by register",
        "roughness_std": "Sethares' dissonance of a simultaneous interval, by register",
        "close_low": "share of notes below C3 with another less than a fifth above, by register",
    },
)
@compiled
def vertical(w: Lines, out: Floats) -> None:
    """Intervals between notes that sound together."""
    t, table, sizes = w.table, np.zeros(12), np.zeros(128, np.int64)
    rough = np.empty(REACH * widest(w, PITCHED))
    for row in range(len(out)):
        o, a, b = out[row], w.begin[PITCHED, row], w.end[PITCHED, row]
        table[:] = 0.0
        sizes[:] = 0
        n, muddy, distance, consonance = 0, 0, 0, 0.0
        for i in range(a, b):
            for j in range(i + 1, min(i + 1 + REACH, b)):
                if t[END, i] <= t[ONSET, j] + 1e-6 and t[EVENT, i] != t[EVENT, j]:
                    break
                low, high = int(t[PITCH, i]), int(t[PITCH, j])
                size = abs(high - low)
                sizes[size] += 1
                rough[n] = ROUGHNESS[low, high]
                n += 1
                muddy += (min(low, high) < 48) & (0 < size < 7)
        for size in range(128):
            table[size % 12] += sizes[size]
            distance += size * sizes[size]
        for kind in range(12):
            consonance += table[kind] * HURON[min(kind, 12 - kind)]
        to_shares(table)
        for k in range(12):
            o[k] = table[k]
        o[12], o[13], o[14] = ratio(n, b - a), ratio(distance, n), entropy(table)
        o[15] = ratio(consonance, n)
        o[16] = table[1] + table[2] + table[6] + table[10] + table[11]
        o[17] = table[0] + table[5] + table[7]
        o[18], o[19], o[20] = mean(rough, 0, n), std(rough, 0, n), ratio(muddy, b - a)


@compiled
def interval_vector(profile: Floats, out: Floats) -> None:
    """Interval-class content of a pitch-class profile: shares of pairs of classes 1 to 6."""
    for k in range(1, 7):
        out[k - 1] = 0.0
        for tone in range(12 - k):
            out[k - 1] += profile[tone] * profile[tone + k]
        for tone in range(12 - k, 12):
            out[k - 1] += profile[tone] * profile[tone + k - 12]
    out[5] /= 2
    to_shares(out)


@features(
    "harmony",
    "Forte 1973 (interval vector), weighted by length",
    {f"interval_class_{k}": "share of pairs of pitch classes" for k in range(1, 7)},
)
@compiled
def interval_classes(w: Lines, out: Floats) -> None:
    """Interval classes between all pitch classes of the window, together or not."""
    for row in range(len(out)):
        interval_vector(w.profile[row], out[row])


@features(
    "harmony",
    "chord templates after Fujishima 1999; qualities as in jSymbolic 2.2",
    {f"chord_{name}": "share of segments" for name in CHORDS}
    | {
        "chord_fit": "correlation",
        "chord_major_less_minor": "share of segments",
        "chord_distinct": "chords a segment",
        "chord_changes": "share of neighbouring segments",
        "chord_root_fifth": "share of changes of root",
        "chord_root_third": "share of changes of root",
        "chord_root_second": "share of changes of root",
        "chord_steadiness": "mean cosine of neighbouring segments",
        "chord_notes": "pitch classes a segment",
        "chord_consonance": "Huron's index of a segment, mean",
    },
)
@compiled
def chords(w: Lines, out: Floats) -> None:
    """Qualities of chords and the motion of their roots."""
    content, named = np.zeros(6), np.zeros(N_NAMES)
    for row in range(len(out)):
        o, a, b = out[row], w.begin[SEGMENTS, row], w.end[SEGMENTS, row]
        o[:] = 0.0
        named[:] = 0.0
        for k in range(a, b):
            chord = w.chords[k]
            o[int(chord[QUALITY])] += 1 / (b - a)
            o[9] += chord[FIT] / (b - a)
            named[12 * int(chord[QUALITY]) + int(chord[ROOT])] = 1.0
            interval_vector(chord[:12], content)
            for size in range(6):
                o[18] += content[size] * HURON[size + 1] / (b - a)
            for tone in range(12):
                o[17] += (chord[tone] > 0.02) / (b - a)
        o[10] = o[0] + o[5] + o[6] - o[1] - o[7]
        o[11] = ratio(total(named, 0, len(named)), b - a)
        _changes(w, a, b, o)


#: How many chords there are, with their roots.
N_NAMES = 12 * len(CHORDS)


@inner
def _changes(w: Lines, a: int, b: int, o: Floats) -> None:
    """Fill in what changes from chord to chord."""
    moved = 0
    for k in range(a, b - 1):
        here, there = w.chords[k], w.chords[k + 1]
        up = int(there[ROOT] - here[ROOT]) % 12
        size = min(up, 12 - up)
        o[12] += up != 0 or here[QUALITY] != there[QUALITY]
        moved += size > 0
        o[13] += size == 5
        o[14] += size == 3 or size == 4
        o[15] += size == 1 or size == 2
        o[16] += cosine(here[:12], there[:12])
    o[12], o[16] = ratio(o[12], b - a - 1), ratio(o[16], b - a - 1)
    for k in range(13, 16):
        o[k] = ratio(o[k], moved)


#: Triads whose content is measured, from their root.
TRIADS = {name: CHORDS[name] for name in ("major", "minor", "diminished", "suspended")}
TRIAD_TONES = np.array(list(TRIADS.values()))


@features(
    "harmony",
    "thorough bass; triad content, our extension of interval content (Forte 1973) to three tones",
    {f"above_bass_{name}": "share of a segment, mean" for name in INTERVALS}
    | {f"triad_{name}": "share of triads in the window" for name in TRIADS}
    | {f"segment_triad_{name}": "product of shares, mean of segments" for name in TRIADS}
    | {f"root_up_{k}": "share of changes of root" for k in range(1, 12)}
    | {f"bass_up_{k}": "share of changes of lowest note" for k in range(1, 12)},
)
@compiled
def thorough_bass(w: Lines, out: Floats) -> None:
    """Pitch classes above each segment's lowest note, triads whatever their place, and moves."""
    for row in range(len(out)):
        o, a, b = out[row], w.begin[SEGMENTS, row], w.end[SEGMENTS, row]
        o[:] = 0.0
        for triad in range(4):
            o[12 + triad] = _content(w.profile[row], triad)
        to_shares(o[12:16])
        for k in range(a, b):
            chord = w.chords[k]
            lowest = int(chord[LOWEST])
            for tone in range(12):
                o[tone] += chord[(lowest + tone) % 12] / (b - a)
            for triad in range(4):
                o[16 + triad] += 27 * _content(chord, triad) / (b - a)
        for k in range(a, b - 1):
            root = int(w.chords[k + 1, ROOT] - w.chords[k, ROOT]) % 12
            bass = int(w.chords[k + 1, LOWEST] - w.chords[k, LOWEST]) % 12
            if root > 0:
                o[19 + root] += 1
            if bass > 0:
                o[30 + bass] += 1
        to_shares(o[20:31])
        to_shares(o[31:42])


@inner
def _content(profile: Floats, triad: int) -> float:
    """Sum over all roots of the product of the shares of a chord's pitch classes."""
    added, second, third = 0.0, TRIAD_TONES[triad, 1], TRIAD_TONES[triad, 2]
    for root in range(12):
        added += profile[root] * profile[second] * profile[third]
        second = second + 1 if second < 11 else 0
        third = third + 1 if third < 11 else 0
    return added


@features(
    "harmony",
    "Riemann's functions as chord roots from the tonic",
    {
        f"root_{name}": "share of segments"
        for name in ("1", "b2", "2", "b3", "3", "4", "b5", "5", "b6", "6", "b7", "7")
    }
    | {
        "root_dominant_to_tonic": "share of neighbouring segments",
        "root_subdominant_to_tonic": "share of neighbouring segments",
        "tonic_major_less_minor": "share of segments on the tonic",
    },
)
@compiled
def functions(w: Lines, out: Floats) -> None:
    """Roots of chords from the tonic."""
    for row in range(len(out)):
        o, a, b = out[row], w.begin[SEGMENTS, row], w.end[SEGMENTS, row]
        o[:] = 0.0
        tonic, before = int(w.shared[row, TONIC]), -1
        for k in range(a, b):
            degree = int(w.chords[k, ROOT] - tonic) % 12
            o[degree] += 1
            if degree == 0:
                o[12] += before == 7
                o[13] += before == 5
                o[14] += BALANCE[int(w.chords[k, QUALITY])]
            before = degree
        o[14] = ratio(o[14], o[0])
        to_shares(o[:12])
        o[12], o[13] = ratio(o[12], b - a - 1), ratio(o[13], b - a - 1)
