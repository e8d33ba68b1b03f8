"""Melody (the skyline), bass, phrases, and how the two outer voices move against each other."""

import numpy as np

from classify.representations.features.compiled import compiled, inner
from classify.representations.features.lines import (
    BASS,
    DURATION,
    EVENT,
    MELODY,
    PHRASE_END,
    PITCH,
    PITCHED,
    TONIC,
    Lines,
    widest,
)
from classify.representations.features.registry import features
from classify.representations.features.statistics import (
    Floats,
    change,
    correlation,
    count,
    counted_quantiles,
    entropy,
    greatest,
    least,
    mean,
    progress,
    ratio,
    std,
    to_shares,
    trend,
)

JSYMBOLIC = "jSymbolic 2.2 catalogue, melody (McKay, Cumming and Fujinaga 2018)"

#: Intervals beyond an octave count as one.
WIDEST = 12

CLASSES = {
    "repeated": (0, 0),
    "step": (1, 2),
    "third": (3, 4),
    "fourth_fifth": (5, 7),
    "sixth_seventh": (8, 11),
    "octave": (12, 12),
    "wide": (13, 127),
}
#: Class of each size of an interval in semitones.
CLASS_OF = np.array([
    next(k for k, (low, high) in enumerate(CLASSES.values()) if low <= size <= high)
    for size in range(128)
])  # fmt: skip

OUTER_TENTHS = np.array([0.1, 0.9])


@inner
def sign(value: float) -> int:
    """-1, 0 or 1."""
    if value > 0:
        return 1
    return -1 if value < 0 else 0


@features(
    "melody",
    JSYMBOLIC,
    {
        "melody_pitch_mean": "MIDI pitch",
        "melody_pitch_std": "semitones",
        "melody_range": "semitones",
        "melody_q10": "MIDI pitch",
        "melody_q90": "MIDI pitch",
        "melody_pitch_trend": "correlation with time",
        "melody_arch": "correlation with an arch",
        "melody_change": "semitones",
        "melody_last_height": "semitones above the melody's mean",
        "melody_first_height": "semitones above the melody's mean",
        "melody_share": "melody notes a note",
    },
)
@compiled
def line(w: Lines, out: Floats) -> None:
    """Height and shape of the melody; an arch is highest in the middle of the window."""
    pitch, counts, arch = w.table[PITCH], np.zeros(128), np.empty(widest(w, MELODY))
    for row in range(len(out)):
        o, a, b = out[row], w.begin[MELODY, row], w.end[MELODY, row]
        o[0], o[1] = mean(pitch, a, b), std(pitch, a, b)
        o[2] = greatest(pitch, a, b) - least(pitch, a, b)
        count(pitch, a, b, counts)
        counted_quantiles(counts, b - a, OUTER_TENTHS, o, 3)
        for i in range(a, b):
            arch[i - a] = 1 - (2 * progress(i - a, b - a) - 1) ** 2
        o[5], o[6] = trend(pitch, a, b), correlation(pitch, a, arch, 0, b - a)
        o[7] = change(pitch, a, b)
        o[8] = pitch[b - 1] - o[0] if b > a else 0.0
        o[9] = pitch[a] - o[0] if b > a else 0.0
        o[10] = ratio(b - a, w.end[PITCHED, row] - w.begin[PITCHED, row])


@features(
    "melody",
    JSYMBOLIC,
    {f"melody_{name}": "share of melodic intervals" for name in CLASSES}
    | {
        "melody_interval_mean": "semitones",
        "melody_interval_size": "semitones",
        "melody_interval_std": "semitones",
        "melody_up_size": "semitones",
        "melody_down_size": "semitones",
        "melody_up": "share of melodic intervals",
        "melody_up_of_moves": "share of intervals that are no repetition",
        "melody_chromatic": "share of melodic intervals",
        "melody_interval_entropy": "0-1",
        "melody_interval_most_common": "share of melodic intervals",
    }
    | {
        f"melody_interval_{'down' if i < 0 else 'up'}_{abs(i)}": "share of melodic intervals"
        for i in range(-WIDEST, WIDEST + 1)
        if i
    },
)
@compiled
def intervals(w: Lines, out: Floats) -> None:
    """Sizes and directions of successive intervals; beyond an octave they count as octaves."""
    pitch, table = w.table[PITCH], np.zeros(2 * WIDEST + 1)
    moves, sizes = np.empty(widest(w, MELODY)), np.empty(widest(w, MELODY))
    for row in range(len(out)):
        o, a, n = out[row], w.begin[MELODY, row], w.end[MELODY, row] - w.begin[MELODY, row] - 1
        o[:] = 0.0
        table[:] = 0.0
        n_up, n_down, up, down, chromatic = 0, 0, 0.0, 0.0, 0
        for i in range(n):
            move = pitch[a + i + 1] - pitch[a + i]
            size = abs(move)
            moves[i], sizes[i] = move, size
            o[CLASS_OF[int(size)]] += 1
            table[int(min(max(move, -WIDEST), WIDEST)) + WIDEST] += 1
            chromatic += size == 1
            if move > 0:
                n_up += 1
                up += move
            elif move < 0:
                n_down += 1
                down -= move
        for k in range(7):
            o[k] = ratio(o[k], n)
        o[7], o[8], o[9] = mean(moves, 0, n), mean(sizes, 0, n), std(sizes, 0, n)
        o[10], o[11] = ratio(up, n_up), ratio(down, n_down)
        o[12], o[13], o[14] = ratio(n_up, n), ratio(n_up, n_up + n_down), ratio(chromatic, n)
        to_shares(table)
        o[15], o[16] = entropy(table), greatest(table, 0, len(table))
        for k in range(WIDEST):
            o[17 + k], o[17 + WIDEST + k] = table[k], table[WIDEST + 1 + k]


@features(
    "melody",
    "jSymbolic 2.2 (melodic arcs); Narmour 1990; von Hippel and Huron 2000",
    {
        "melody_turns": "share of melody notes",
        "melody_arc_length": "notes",
        "melody_arc_size": "semitones",
        "melody_step_inertia": "share of steps followed by a step on",
        "melody_leap_return": "share of leaps turned back",
        "melody_leap_fill": "share of leaps followed by a step back",
        "melody_interval_autocorrelation": "correlation",
        "melody_mobility": "correlation of pitch with the pitch before",
        "melody_trill": "share of notes equal to the one before last",
    },
)
@compiled
def contour(w: Lines, out: Floats) -> None:
    """Arcs, inertia and gap filling. Repetitions are passed over in search of turns."""
    pitch, moves = w.table[PITCH], np.empty(widest(w, MELODY))
    for row in range(len(out)):
        o, a, b = out[row], w.begin[MELODY, row], w.end[MELODY, row]
        n, covered, trills = 0, 0.0, 0
        for i in range(a, b - 1):
            if pitch[i + 1] != pitch[i]:
                moves[n] = pitch[i + 1] - pitch[i]
                covered += abs(moves[n])
                n += 1
            trills += i + 2 < b and pitch[i + 2] == pitch[i]
        turns, steps, inertia, leaps, returns, fills = 0, 0, 0, 0, 0, 0
        for k in range(n - 1):
            back, short = sign(moves[k]) != sign(moves[k + 1]), abs(moves[k + 1]) <= 2
            turns += back
            if abs(moves[k]) <= 2:
                steps += 1
                inertia += not back and short
            elif abs(moves[k]) >= 5:
                leaps += 1
                returns += back
                fills += back and short
        n_arcs = turns + (n > 0)
        o[0], o[1], o[2] = ratio(turns, b - a), ratio(n, n_arcs), ratio(covered, n_arcs)
        o[3], o[4], o[5] = ratio(inertia, steps), ratio(returns, leaps), ratio(fills, leaps)
        o[6] = correlation(moves, 0, moves, 1, n - 1)
        o[7] = correlation(pitch, a, pitch, a + 1, b - a - 1)
        o[8] = ratio(trills, max(b - a - 2, 0))


@features(
    "melody",
    JSYMBOLIC + ", bass",
    {
        "bass_pitch_mean": "MIDI pitch",
        "bass_range": "semitones",
        "bass_repeated": "share of bass intervals",
        "bass_step": "share of bass intervals",
        "bass_third": "share of bass intervals",
        "bass_fourth_fifth": "share of bass intervals",
        "bass_octave": "share of bass intervals",
        "bass_interval_size": "semitones",
        "bass_up": "share of bass intervals",
        "bass_falling_fifth": "share of bass intervals",
        "bass_share": "bass notes a note",
        "outer_distance": "semitones between melody and bass",
    },
)
@compiled
def bass_line(w: Lines, out: Floats) -> None:
    """How the lowest line moves; a falling fifth may also be a rising fourth."""
    pitch = w.table[PITCH]
    for row in range(len(out)):
        o, a, b = out[row], w.begin[BASS, row], w.end[BASS, row]
        o[:] = 0.0
        o[0] = mean(pitch, a, b)
        o[1] = greatest(pitch, a, b) - least(pitch, a, b)
        for i in range(a, b - 1):
            move = pitch[i + 1] - pitch[i]
            size = abs(move)
            o[2] += size == 0
            o[3] += size == 1 or size == 2
            o[4] += size == 3 or size == 4
            o[5] += 5 <= size <= 7
            o[6] += size == 12
            o[7] += size
            o[8] += move > 0
            o[9] += move == -7 or move == 5
        for k in range(2, 10):
            o[k] = ratio(o[k], max(b - a - 1, 0))
        o[10] = ratio(b - a, w.end[PITCHED, row] - w.begin[PITCHED, row])
        o[11] = mean(pitch, w.begin[MELODY, row], w.end[MELODY, row]) - o[0]


@features(
    "melody",
    "Huron 2001 (motion of outer voices)",
    {
        "outer_parallel": "share of steps in which both move",
        "outer_contrary": "share of steps in which both move",
        "outer_oblique": "share of steps",
        "outer_both_share": "share of events with melody and bass",
    },
)
@compiled
def motion(w: Lines, out: Floats) -> None:
    """Melody against bass, from event to event in which both begin a note."""
    pitch, event = w.table[PITCH], w.table[EVENT]
    for row in range(len(out)):
        o, first, b = out[row], w.begin[PITCHED, row], w.end[PITCHED, row]
        low, high, n_both, n_events = 0.0, 0.0, 0, 0
        moving, parallel, contrary, oblique = 0, 0, 0, 0
        for i in range(first, b):
            if i + 1 < b and event[i + 1] == event[i]:
                continue
            n_events += 1
            if pitch[i] > pitch[first]:
                if n_both:
                    top, bottom = sign(pitch[i] - high), sign(pitch[first] - low)
                    moving += top * bottom != 0
                    parallel += top * bottom > 0
                    contrary += top * bottom < 0
                    oblique += (top == 0) != (bottom == 0)
                low, high = pitch[first], pitch[i]
                n_both += 1
            first = i + 1
        o[0], o[1] = ratio(parallel, moving), ratio(contrary, moving)
        o[2], o[3] = ratio(oblique, max(n_both - 1, 0)), ratio(n_both, n_events)


@features(
    "melody",
    "after Cambouropoulos 2001 (boundaries at long gaps)",
    {
        "phrase_length": "melody notes",
        "phrase_end_tonic": "share of phrase ends",
        "phrase_end_third": "share of phrase ends",
        "phrase_end_fifth": "share of phrase ends",
        "phrase_end_other": "share of phrase ends",
        "phrase_end_fall": "share of phrase ends reached from above",
        "phrase_end_interval": "semitones, mean size",
        "phrase_end_height": "semitones above the melody's mean",
        "phrase_end_length": "times the melody's mean note",
        "phrase_start_height": "semitones above the melody's mean",
        "last_note_tonic": "0-1",
        "last_note_third": "0-1",
        "last_note_fifth": "0-1",
        "first_note_tonic": "0-1",
        "first_note_fifth": "0-1",
        "last_bass_tonic": "0-1",
    },
)
@compiled
def phrases(w: Lines, out: Floats) -> None:
    """Look at ends of phrases, and at the window's first and last note, from the tonic."""
    t, pitch = w.table, w.table[PITCH]
    for row in range(len(out)):
        o, a, b = out[row], w.begin[MELODY, row], w.end[MELODY, row]
        tonic = int(w.shared[row, TONIC])
        o[:] = 0.0
        if b == a:
            continue
        ends, reached, starts, height, length, first = 0, 0, 0, 0.0, 0.0, 0.0
        for i in range(a, b):
            if i == a or t[PHRASE_END, i - 1] > 0:
                starts += 1
                first += pitch[i]
            if t[PHRASE_END, i] > 0:
                ends += 1
                o[1 + _kind_of(int(pitch[i]) - tonic)] += 1
                height += pitch[i]
                length += t[DURATION, i]
                if i > a:
                    reached += 1
                    o[5] += pitch[i] < pitch[i - 1]
                    o[6] += abs(pitch[i] - pitch[i - 1])
        middle = mean(pitch, a, b)
        o[0] = ratio(b - a, ends)
        for k in range(1, 5):
            o[k] = ratio(o[k], ends)
        o[5], o[6] = ratio(o[5], reached), ratio(o[6], reached)
        o[7], o[9] = ratio(height, ends) - middle, ratio(first, starts) - middle
        o[8] = ratio(ratio(length, ends), mean(t[DURATION], a, b))
        last = _kind_of(int(pitch[b - 1]) - tonic)
        o[10], o[11], o[12] = last == 0, last == 1, last == 2
        begun = _kind_of(int(pitch[a]) - tonic)
        o[13], o[14] = begun == 0, begun == 2
        o[15] = (int(pitch[w.end[BASS, row] - 1]) - tonic) % 12 == 0


@inner
def _kind_of(above: int) -> int:
    """Say whether a tone is the tonic (0), a third (1), a fifth (2) or another one (3)."""
    degree = above % 12
    if degree == 0:
        return 0
    if degree == 3 or degree == 4:
        return 1
    return 2 if degree == 7 else 3


#: Tones of a key by semitones from the tonic, thirds, sixths and sevenths of either size as one.
TONES = np.array([1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 7, 7])

#: Pairs of successive tones whose share is measured, as numbers of two digits.
WANTED = np.array([51, 71, 21, 15, 13, 31, 32, 43, 54, 53, 35, 56, 65, 11, 55, 12, 23, 17])


@features(
    "melody",
    "transitions between tones of a key, after Krumhansl 1990",
    {
        f"melody_{a}_to_{b}": "share of melodic intervals"
        for a, b in (divmod(pair, 10) for pair in WANTED)
    },
)
@compiled
def transitions(w: Lines, out: Floats) -> None:
    """Scale degree to scale degree, where thirds, sixths and sevenths are of either size."""
    pitch, table = w.table[PITCH], np.zeros(78)
    for row in range(len(out)):
        o, a, b = out[row], w.begin[MELODY, row], w.end[MELODY, row]
        tonic = int(w.shared[row, TONIC])
        table[:] = 0.0
        for i in range(a, b - 1):
            here = TONES[(int(pitch[i]) - tonic) % 12]
            there = TONES[(int(pitch[i + 1]) - tonic) % 12]
            table[10 * here + there] += 1
        to_shares(table)
        for k in range(len(WANTED)):
            o[k] = table[WANTED[k]]
