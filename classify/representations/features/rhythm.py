"""Rhythm in seconds: density, gaps between onsets, lengths, articulation, rests, and the pulse.

Nothing here needs the file's beats, so it also holds for played music, whose beats are often
nominal. The pulse is the period that the times between onsets repeat most, with a preference for
about half a second.
"""

import math

import numpy as np

from classify.representations.features.compiled import compiled, inner
from classify.representations.features.derive import best_pulse
from classify.representations.features.lines import (
    BASS,
    DURATION,
    END,
    EVENT,
    EVENTS,
    FILLED,
    LOG_GAP,
    LOG_LENGTH,
    LONGEST,
    MELODY,
    N_LAGS,
    NOTES,
    OCTAVES,
    ONSET,
    PER_OCTAVE,
    PERIOD,
    PITCH,
    PITCHED,
    PULSE,
    SPAN,
    Lines,
    widest,
)
from classify.representations.features.registry import features
from classify.representations.features.statistics import (
    TENTHS,
    TENTHS_AND_QUARTERS,
    Floats,
    change,
    correlation,
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

JSYMBOLIC = "jSymbolic 2.2 catalogue, rhythm (McKay, Cumming and Fujinaga 2018)"

#: Neighbouring gaps as ratios; each is counted at the nearest.
RATIOS = {"1_4": 1 / 4, "1_3": 1 / 3, "1_2": 1 / 2, "2_3": 2 / 3, "1_1": 1.0, "3_2": 3 / 2,
          "2_1": 2.0, "3_1": 3.0, "4_1": 4.0}  # fmt: skip
BORDERS = np.log(list(RATIOS.values()))
BORDERS = (BORDERS[1:] + BORDERS[:-1]) / 2

LOG_LONGEST = math.log(LONGEST)
#: Logarithm of the ratio below which a gap follows one that is longer by half or more.
SHORTER = math.log(2 / 3) + 1e-6


@features(
    "rhythm",
    JSYMBOLIC,
    {
        "notes_per_second": "1/s",
        "events_per_second": "1/s",
        "melody_per_second": "1/s",
        "span": "s",
        "gap_log_mean": "log s",
        "gap_log_std": "log ratio",
        "gap_log_q10": "log s",
        "gap_log_q25": "log s",
        "gap_log_q50": "log s",
        "gap_log_q75": "log s",
        "gap_log_q90": "log s",
        "melody_gap_log_mean": "log s",
        "bass_gap_log_mean": "log s",
        "gap_change": "log ratio",
        "density_variation": "std by mean of eight parts",
    },
)
@compiled
def density(w: Lines, out: Floats) -> None:
    """How fast notes follow each other."""
    t, n_most = w.table, max(widest(w, EVENTS), widest(w, MELODY), widest(w, BASS))
    logs, parts = np.empty(n_most), np.zeros(8)
    for row in range(len(out)):
        o, a, b = out[row], w.begin[NOTES, row], w.end[NOTES, row]
        filled, span = w.shared[row, FILLED], max(w.shared[row, SPAN], 1e-6)
        parts[:] = 0.0
        for i in range(a, b):
            parts[min(int(t[ONSET, i] / span * 8), 7)] += 1
        to_shares(parts)
        o[0] = ratio(b - a, filled)
        o[1] = ratio(w.end[EVENTS, row] - w.begin[EVENTS, row], filled)
        o[2] = ratio(w.end[MELODY, row] - w.begin[MELODY, row], filled)
        o[3] = w.shared[row, SPAN]
        for k, line in ((11, MELODY), (12, BASS), (4, EVENTS)):
            a, n = w.begin[line, row], w.end[line, row] - w.begin[line, row] - 1
            for i in range(n):
                logs[i] = min(t[LOG_GAP, a + i], LOG_LONGEST)
            o[k] = mean(logs, 0, n)
        o[5] = std(logs, 0, n)
        o[13] = change(logs, 0, n)
        quantiles(logs, max(n, 0), TENTHS_AND_QUARTERS, o, 6)
        o[14] = std(parts, 0, 8) * 8


@features(
    "rhythm",
    "Grabe and Low 2002 (nPVI); ratios after Roeske et al. 2020",
    {
        "gap_variation": "std by mean",
        "gap_npvi": "nPVI",
        "melody_gap_variation": "std by mean",
        "melody_npvi": "nPVI",
        "gap_ratio_entropy": "0-1",
        "gap_long_short": "share of longer then shorter by half again or more",
    }
    | {f"gap_ratio_{name}": "share of neighbouring gaps" for name in RATIOS}
    | {f"melody_gap_ratio_{name}": "share of neighbouring gaps" for name in RATIOS},
)
@compiled
def regularity(w: Lines, out: Floats) -> None:
    """How even the gaps are."""
    for row in range(len(out)):
        o = out[row]
        o[:] = 0.0
        o[5] = _ratios(w, EVENTS, row, o[6:15])
        o[4] = entropy(o[6:15])
        _ratios(w, MELODY, row, o[15:24])
        o[0], o[1] = _variation(w, EVENTS, row)
        o[2], o[3] = _variation(w, MELODY, row)


@inner
def _ratios(w: Lines, line: int, row: int, table: Floats) -> float:
    """Count neighbouring gaps by their ratio; give the share of long, then short ones."""
    log, shorter = w.table[LOG_GAP], 0
    a, b = w.begin[line, row], w.end[line, row]
    for i in range(a, b - 2):
        apart = log[i + 1] - log[i]
        table[nearest(apart, BORDERS)] += 1
        shorter += apart < SHORTER
    to_shares(table)
    return ratio(shorter, max(b - a - 2, 0))


@inner
def _variation(w: Lines, line: int, row: int) -> tuple[float, float]:
    """Spread of gaps by their mean; 100 times the mean |a - b| by the mean of a and b (nPVI)."""
    onset, a, b = w.table[ONSET], w.begin[line, row], w.end[line, row]
    n, squares, differences = b - a - 1, 0.0, 0.0
    if n < 1:
        return 0.0, 0.0
    middle = (onset[b - 1] - onset[a]) / n
    for i in range(a, b - 1):
        gap = onset[i + 1] - onset[i]
        squares += (gap - middle) ** 2
        if i + 2 < b:
            following = onset[i + 2] - onset[i + 1]
            differences += ratio(abs(gap - following), (gap + following) / 2)
    return ratio(math.sqrt(squares / n), middle), 100 * ratio(differences, n - 1)


@features(
    "rhythm",
    JSYMBOLIC,
    {
        "duration_log_mean": "log s",
        "duration_log_std": "log ratio",
        "duration_log_q10": "log s",
        "duration_log_q25": "log s",
        "duration_log_q50": "log s",
        "duration_log_q75": "log s",
        "duration_log_q90": "log s",
        "duration_variation": "std by mean",
        "duration_change": "log ratio",
        "melody_duration_log_mean": "log s",
        "bass_duration_log_mean": "log s",
        "duration_pitch_correlation": "correlation",
    },
)
@compiled
def lengths(w: Lines, out: Floats) -> None:
    """Lengths of notes, drums left out."""
    t, logs = w.table, np.empty(widest(w, PITCHED))
    for row in range(len(out)):
        o, a, b = out[row], w.begin[PITCHED, row], w.end[PITCHED, row]
        for i in range(a, b):
            logs[i - a] = t[LOG_LENGTH, i]
        o[0], o[1] = mean(logs, 0, b - a), std(logs, 0, b - a)
        o[7] = ratio(std(t[DURATION], a, b), mean(t[DURATION], a, b))
        o[8] = change(logs, 0, b - a)
        o[11] = correlation(logs, 0, t[PITCH], a, b - a)
        quantiles(logs, b - a, TENTHS_AND_QUARTERS, o, 2)
        o[9] = mean(t[LOG_LENGTH], w.begin[MELODY, row], w.end[MELODY, row])
        o[10] = mean(t[LOG_LENGTH], w.begin[BASS, row], w.end[BASS, row])


@features(
    "rhythm",
    "articulation after Bresin and Battel 2000; Panda, Malheiro and Paiva 2020",
    {
        "articulation_mean": "length by gap to the next event",
        "articulation_q10": "length by gap to the next event",
        "articulation_q50": "length by gap to the next event",
        "articulation_q90": "length by gap to the next event",
        "staccato": "share of melody notes that fill less than half their gap",
        "legato": "share of melody notes that reach the next",
        "melody_articulation_std": "length by gap to the next melody note",
        "rest_share": "share of time in which nothing sounds",
        "rest_longest": "share of time",
        "rest_events": "share of events that follow a rest",
    },
)
@compiled
def articulation(w: Lines, out: Floats) -> None:
    """How notes are joined; ratios count 4 at most. Rests are between the first and last onset."""
    t, filled = w.table, np.empty(widest(w, PITCHED))
    silent = np.empty(widest(w, EVENTS))
    for row in range(len(out)):
        o, a, first = out[row], w.begin[PITCHED, row], w.begin[EVENTS, row]
        n, last = 0, w.end[EVENTS, row] - 1
        for i in range(a, w.end[PITCHED, row]):
            event = first + int(t[EVENT, i])
            if event < last:
                gap = t[ONSET, event + 1] - t[ONSET, event]
                filled[n] = _filling(t[DURATION, i], gap)
                n += 1
        o[0] = mean(filled, 0, n)
        quantiles(filled, n, TENTHS, o, 1)
        a, n = w.begin[MELODY, row], w.end[MELODY, row] - w.begin[MELODY, row] - 1
        short, joined = 0, 0
        for i in range(n):
            filled[i] = _filling(t[DURATION, a + i], t[ONSET, a + i + 1] - t[ONSET, a + i])
            short += filled[i] < 0.5
            joined += filled[i] > 0.98
        o[4], o[5], o[6] = ratio(short, n), ratio(joined, n), std(filled, 0, n)
        span, n, rests = max(w.shared[row, SPAN], 1e-6), _rests(w, row, silent), 0
        for k in range(n):
            rests += silent[k] > 0.05 * (span / n)
        o[7], o[8] = total(silent, 0, n) / span, greatest(silent, 0, n) / span
        o[9] = ratio(rests, n)


@inner
def _filling(duration: float, gap: float) -> float:
    return min(duration / max(gap, 1e-3), 4.0)


@inner
def _rests(w: Lines, row: int, silent: Floats) -> int:
    """Write the silent seconds before each event but the first; give their number."""
    t, last, n = w.table, 0.0, 0
    for i in range(w.begin[NOTES, row], w.end[NOTES, row]):
        if i > w.begin[NOTES, row] and t[EVENT, i] != t[EVENT, i - 1]:
            silent[n] = max(t[ONSET, i] - last / 1e6, 0.0)
            n += 1
        last = max(last, np.rint(min(t[END, i], 2.0**17) * 1e6))
    return n


@features(
    "rhythm",
    "inter-onset histogram (Dixon 2001); preferred periods (after Parncutt 1994)",
    {
        "pulse_tempo": "bpm, by pace",
        "pulse_clarity": "share of lags at the pulse and its octaves, by pace",
        "pulse_entropy": "0-1, by pace",
        "pulse_second": "salience of the next best by that of the best, by pace",
        "pulse_second_ratio": "octaves between the two, by pace",
        "pulse_on_grid": "share of gaps near a multiple of a quarter pulse, by pace",
        "pulse_on_triplets": "share of gaps near a multiple of a third of the pulse, by pace",
        "events_per_pulse": "events, by pace",
    }
    | {f"lag_octave_{k}": "share of times between onsets, by pace" for k in range(OCTAVES * 2)},
)
@compiled
def pulse(w: Lines, out: Floats) -> None:
    """Describe the most repeated period; the tempo is 120 where nothing recurs."""
    onset, score = w.table[ONSET], np.empty(N_LAGS)
    for row in range(len(out)):
        o, a, b = out[row], w.begin[EVENTS, row], w.end[EVENTS, row]
        o[:] = 0.0
        lags, period, best = w.lags[row], w.shared[row, PERIOD], int(w.shared[row, PULSE])
        best_pulse(lags, score)
        second, most = 0, 0.0
        for k in range(N_LAGS):
            o[8 + k // (PER_OCTAVE // 2)] += lags[k]
            if abs(k - best) > 2 and score[k] > most:
                second, most = k, score[k]
        o[0] = 60 / period
        for octave in range(-1, 2):
            o[1] += lags[min(max(best + 12 * octave, 0), N_LAGS - 1)]
        o[2], o[3] = entropy(lags), ratio(most, score[best])
        o[4] = (second - best) / PER_OCTAVE if most > 0 else 0.0
        for i in range(a, b - 1):
            steps = (onset[i + 1] - onset[i]) / period
            o[5] += offset(4 * steps, 1.0) < 0.15
            o[6] += offset(3 * steps, 1.0) < 0.15
        o[5], o[6] = ratio(o[5], b - a - 1), ratio(o[6], b - a - 1)
        o[7] = ratio(b - a, w.shared[row, FILLED]) * period
