"""From the notes of windows to all lines: events, outer voices, pulse, beats, key and chords."""

import math

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.chords import PER_SEGMENT, name_chords
from classify.representations.features.compiled import compiled, inner
from classify.representations.features.lines import (
    BAR,
    BASS,
    BEAT,
    COVER,
    DRUM,
    DURATION,
    END,
    EVENT,
    EVENTS,
    FILLED,
    LAGS,
    LEAP,
    LOG_BEATS,
    LOG_GAP,
    LOG_LENGTH,
    LONGEST,
    LOUDEST,
    MELODY,
    MINOR,
    N_CHORDS,
    N_LAGS,
    N_SHARED,
    NOTES,
    ONSET,
    ONSETS_ON,
    PACE,
    PAUSE,
    PER_OCTAVE,
    PERIOD,
    PHRASE_END,
    PITCH,
    PITCHED,
    PREFERENCE,
    PREFERRED,
    PROGRAM,
    PULSE,
    SHORTEST,
    SPAN,
    TOGETHER,
    TONIC,
    VELOCITY,
    WEIGHT,
    Lines,
)
from classify.representations.features.profiles import TEMPLATES, fit_keys
from classify.representations.features.statistics import (
    Floats,
    Integers,
    mean,
    median,
    ratio,
    to_shares,
    total,
)


def derive(table: Floats, lengths: Integers) -> Lines:
    """Derive all lines.

    Parameters
    ----------
    table : ndarray of float, shape (N_COLUMNS, 5 * n_notes)
        The notes of all windows, one behind the other, in order of onset; room for the rest.
    lengths : ndarray of int, shape (n_windows,)
        Notes in each window.

    Raises
    ------
    ValueError
        If the onsets of a window fall.
    """
    n = len(lengths)
    begin, end = np.zeros((6, n), np.int64), np.zeros((6, n), np.int64)
    end[NOTES] = np.cumsum(lengths)
    begin[NOTES] = end[NOTES] - lengths
    chords = np.zeros((end[NOTES, -1] // PER_SEGMENT + n, N_CHORDS))
    shared, profile, fit, lags = (np.zeros((n, k)) for k in (N_SHARED, 12, 24, N_LAGS))
    w = Lines(table, begin, end, shared, profile, fit, lags, chords)
    if not _derive(w):
        raise ValueError("the onsets of a window must never fall")
    return w


@compiled
def _derive(w: Lines) -> bool:
    """Fill in all lines; tell whether onsets never fall."""
    n_notes = int(w.end[NOTES, -1])
    keys, order = np.empty(n_notes, np.int64), np.empty(n_notes, np.int64)
    scratch = np.empty(n_notes)
    covered = np.empty(n_notes, np.bool_)
    done, segments = n_notes, 0
    for row in range(w.begin.shape[1]):
        if not _events(w, row, keys, order, scratch):
            return False
        done = _choose_events(w, row, done)
        done = _choose_pitched(w, row, done, order)
        weigh(w.table, w.begin[PITCHED, row], w.end[PITCHED, row])
        done = _choose_line(w, row, done, MELODY, order, covered)
        done = _choose_line(w, row, done, BASS, order, covered)
        _times(w, row)
        _pulse(w, row)
        _beats(w, row)
        _steps(w, row, scratch)
        _key(w, row)
        segments = name_chords(w, row, segments)
    return True


@inner
def _events(w: Lines, row: int, keys: Integers, order: Integers, scratch: Floats) -> bool:
    """Count the events, give their notes one onset, beat and bar, and sort these."""
    t, a, b = w.table, w.begin[NOTES, row], w.end[NOTES, row]
    start, begun, number, before = t[ONSET, a], a, 0, 0.0
    for i in range(a, b):
        now = t[ONSET, i] - start
        gap = now - before if i > a else 0.0
        if gap < 0:
            return False
        if gap > TOGETHER:
            _sort_event(t, begun, i, keys, order, scratch)
            begun, number = i, number + 1
            t[ONSET, i] = now
        else:
            t[ONSET, i] = t[ONSET, begun] if i > a else 0.0
            t[BEAT, i], t[BAR, i] = t[BEAT, begun], t[BAR, begun]
        t[EVENT, i] = number
        before = now
    _sort_event(t, begun, b, keys, order, scratch)
    for i in range(a, b):
        t[END, i] = t[ONSET, i] + t[DURATION, i]
    return True


@inner
def _sort_event(
    t: Floats, a: int, b: int, keys: Integers, order: Integers, scratch: Floats
) -> None:
    """Sort the notes of an event by pitch, then by all else, so that nothing depends on order."""
    if b - a < 2:
        return
    moved, before = False, 0
    for i in range(a, b):
        key = (int(t[PITCH, i]) * 128 + int(t[VELOCITY, i])) * 128 + int(t[PROGRAM, i])
        key = key * 2 + int(t[DRUM, i])
        key = (key << 36) + int(min(t[DURATION, i] * 1e6, 2.0**36 - 1))
        keys[i] = key
        order[i], moved = i, moved or (i > a and key < before)
        before = key
    if not moved:
        return
    step = 1
    while 3 * step + 1 < b - a:
        step = 3 * step + 1
    while step > 0:  # Shell's sort: events are short, and mostly in order
        for i in range(a + step, b):
            j, key, place = i, keys[i], order[i]
            while j >= a + step and keys[j - step] > key:
                keys[j], order[j] = keys[j - step], order[j - step]
                j -= step
            keys[j], order[j] = key, place
        step //= 3
    for column in SORTED:
        for i in range(a, b):
            scratch[i] = t[column, order[i]]
        for i in range(a, b):
            t[column, i] = scratch[i]


#: What is each note's own in an event.
SORTED = (PITCH, VELOCITY, PROGRAM, DRUM, DURATION)


@inner
def _copy(t: Floats, chosen: Integers, n: int, to: int) -> int:
    """Copy the first `n` chosen notes to place `to` and on; give the place after them."""
    for column in OF_VOICES:
        source, target = t[column], t[column, to : to + n]
        for k in range(n):
            target[k] = source[chosen[k]]
    return to + n


#: What is asked of pitched notes, melody and bass.
OF_VOICES = (ONSET, DURATION, END, BEAT, BAR, PITCH, VELOCITY, PROGRAM, EVENT, WEIGHT, LOG_LENGTH)


@inner
def _choose_events(w: Lines, row: int, done: int) -> int:
    """Take one note of each event, for its time: the highest, drums included."""
    t, a, b = w.table, w.begin[NOTES, row], w.end[NOTES, row]
    w.begin[EVENTS, row] = done
    loudest = 0.0
    for i in range(a, b):
        loudest = max(loudest, t[VELOCITY, i])
        if i + 1 == b or t[EVENT, i + 1] != t[EVENT, i]:
            t[ONSET, done], t[BEAT, done], t[BAR, done] = t[ONSET, i], t[BEAT, i], t[BAR, i]
            t[VELOCITY, done], t[LOUDEST, done] = t[VELOCITY, i], loudest
            loudest = 0.0
            done += 1
    w.end[EVENTS, row] = done
    return done


@inner
def _choose_pitched(w: Lines, row: int, done: int, chosen: Integers) -> int:
    """Take the notes that are no drums; where none is, notes need not be copied."""
    drum, a, b, n = w.table[DRUM], w.begin[NOTES, row], w.end[NOTES, row], 0
    for i in range(a, b):
        chosen[n] = i
        n += drum[i] == 0  # `if` would be a branch that processors cannot foresee
    if n == b - a:
        w.begin[PITCHED, row], w.end[PITCHED, row] = a, b
        return done
    w.begin[PITCHED, row], w.end[PITCHED, row] = done, done + n
    return _copy(w.table, chosen, n, done)


@inner
def weigh(t: Floats, a: int, b: int) -> None:
    """Say how much notes count in a pitch profile: their length, within bounds.

    A tenth of the window's mean length is added, and four times the mean is the most, so that
    neither a grace note nor a pedal point decides. 1 where all lengths are 0.
    """
    middle = mean(t[DURATION], a, b)
    for i in range(a, b):
        t[WEIGHT, i] = min(t[DURATION, i], 4 * middle) + 0.1 * middle if middle > 0 else 1.0
        t[LOG_LENGTH, i] = math.log(min(max(t[DURATION, i], SHORTEST), LONGEST))


@inner
def _choose_line(
    w: Lines, row: int, done: int, line: int, chosen: Integers, covered: NDArray[np.bool_]
) -> int:
    """Take an outer voice: leave out what begins under (bass: over) a note that goes on sounding.

    A note covers one of the `COVER` next events, whether or not it is covered itself.
    """
    t, a, b, n = w.table, w.begin[PITCHED, row], w.end[PITCHED, row], 0
    event, last = t[EVENT], b - 1 if line == MELODY else a
    beside, sign = (1, 1.0) if line == MELODY else (-1, -1.0)
    for i in range(a, b):
        chosen[n] = i
        n += (i == last) | (event[i] != event[i + beside])
    for k in range(n):
        i = chosen[k]
        middle, pitch, under = t[ONSET, i] + 0.5 * t[DURATION, i] + 1e-6, sign * t[PITCH, i], False
        for j in range(max(0, k - COVER), k):
            under |= (sign * t[PITCH, chosen[j]] > pitch) & (t[END, chosen[j]] > middle)
        covered[k] = under
    kept = 0
    for k in range(n):
        chosen[kept] = chosen[k]
        kept += not covered[k]
    w.begin[line, row], w.end[line, row] = done, done + kept
    return _copy(t, chosen, kept, done)


@inner
def _times(w: Lines, row: int) -> None:
    """Take logarithms of gaps; find the span, and the seconds that the window stands for."""
    t = w.table
    for line in (EVENTS, MELODY, BASS):
        for i in range(w.begin[line, row], w.end[line, row] - 1):
            t[LOG_GAP, i] = math.log(t[ONSET, i + 1] - t[ONSET, i])
    span = t[ONSET, w.end[NOTES, row] - 1]
    n_events = w.end[EVENTS, row] - w.begin[EVENTS, row]
    filled = span * n_events / (n_events - 1) if n_events > 1 else 0.0
    if n_events == 1:
        for i in range(w.begin[NOTES, row], w.end[NOTES, row]):
            filled = max(filled, t[END, i])
    w.shared[row, SPAN], w.shared[row, FILLED] = span, filled


@inner
def _pulse(w: Lines, row: int) -> None:
    """Find the pulse from the times between each event and up to `ONSETS_ON` later ones.

    Its seconds are the geometric mean of the times in its class and the neighbouring ones.
    """
    onset, a, b = w.table[ONSET], w.begin[EVENTS, row], w.end[EVENTS, row]
    counts, logs, score = w.lags[row], np.zeros(N_LAGS), np.empty(N_LAGS)
    for i in range(a, b):
        for j in range(i + 1, min(i + 1 + ONSETS_ON, b)):
            apart = onset[j] - onset[i]
            if apart >= UPPER[-1]:
                break
            place = CLASS_OF_LAG[int(apart * CELLS)]
            place += apart >= UPPER[place]
            if apart >= LOWER:
                off = (apart - LAGS[place]) / (apart + LAGS[place])  # half of its log, nearly
                square = off * off
                counts[place] += 1
                logs[place] += off * (1 + square * (1 / 3 + square * (1 / 5 + square / 7)))
    best = best_pulse(counts, score)
    near, n_near = 0.0, 0.0
    for shift in range(-1, 2):
        place = min(max(best + shift, 0), N_LAGS - 1)
        near += 2 * logs[place] + counts[place] * math.log(LAGS[place] / LAGS[best])
        n_near += counts[place]
    w.shared[row, PULSE] = best
    w.shared[row, PERIOD] = LAGS[best] * math.exp(ratio(near, n_near))
    to_shares(counts)


LOG_2 = math.log(2)

#: Where the first class of lags begins, and where each one ends.
LOWER, UPPER = LAGS[0] * 2 ** (-0.5 / PER_OCTAVE), LAGS * 2 ** (0.5 / PER_OCTAVE)
#: Cells a second, in which at most one class ends; the class in which each begins.
CELLS = 1000
CLASS_OF_LAG = np.searchsorted(UPPER, np.arange(int(UPPER[-1] * CELLS) + 1) / CELLS, side="right")
#: Class of the preferred period: the pulse where nothing recurs.
NOTHING = int(np.abs(LAGS - PREFERRED).argmin())


@inner
def best_pulse(counts: Floats, score: Floats) -> int:
    """Score each lag as the pulse, by itself, its half and its multiples; give the best one."""
    n = ratio(1.0, total(counts, 0, N_LAGS))
    best, most = NOTHING, 0.0
    for k in range(N_LAGS):
        of_all = _smooth(counts, k)
        of_all += 0.5 * (_smooth(counts, k - 12) + _smooth(counts, k + 12))
        of_all += 0.25 * (_smooth(counts, k - 19) + _smooth(counts, k + 19))
        score[k] = np.rint(of_all * n * PREFERENCE[k] * 1e9) / 1e9
        if score[k] > most:
            best, most = k, score[k]
    return best


@inner
def _smooth(counts: Floats, k: int) -> float:
    if k < 0 or k >= N_LAGS:
        return 0.0
    below = counts[k - 1] / 2 if k > 0 else 0.0
    above = counts[k + 1] / 2 if k + 1 < N_LAGS else 0.0
    return below + counts[k] + above


@inner
def _beats(w: Lines, row: int) -> None:
    """Count beats in pulses where a window has none; take logarithms of the melody's."""
    t, unknown = w.table, False
    for i in range(w.begin[NOTES, row], w.end[NOTES, row]):
        unknown |= math.isnan(t[BEAT, i])
    if unknown:
        for line in range(5):
            for i in range(w.begin[line, row], w.end[line, row]):
                t[BEAT, i] = t[ONSET, i] / w.shared[row, PERIOD]
                t[BAR, i] = t[BEAT, i] / 4
    for i in range(w.begin[MELODY, row], w.end[MELODY, row] - 1):
        beats = t[BEAT, i + 1] - t[BEAT, i]
        t[LOG_BEATS, i] = math.log(min(max(beats, 1 / 32), 32.0)) / LOG_2


@inner
def _steps(w: Lines, row: int, scratch: Floats) -> None:
    """Code the melody's steps, and find the ends of its phrases."""
    t, a, b = w.table, w.begin[MELODY, row], w.end[MELODY, row]
    for i in range(a, b - 1):
        scratch[i - a] = t[ONSET, i + 1] - t[ONSET, i]
    middle = median(scratch, b - 1 - a) if b - a > 1 else 0.0
    for i in range(a, b - 1):
        gap = t[ONSET, i + 1] - t[ONSET, i]
        t[LEAP, i] = min(max(t[PITCH, i + 1] - t[PITCH, i] + 16, 0.0), 31.0)
        paces = 2 / LOG_2 * math.log(gap / max(middle, 1e-3))
        t[PACE, i] = min(max(np.rint(paces) + 8, 0.0), 15.0)
        t[PHRASE_END, i] = gap >= PAUSE * middle - 1e-6 and middle > 0
    if b > a:
        t[PHRASE_END, b - 1] = 1.0


@inner
def _key(w: Lines, row: int) -> None:
    t, profile = w.table, w.profile[row]
    for i in range(w.begin[PITCHED, row], w.end[PITCHED, row]):
        profile[int(t[PITCH, i]) % 12] += t[WEIGHT, i]
    to_shares(profile)
    best = fit_keys(profile, TEMPLATES, w.fit[row])
    w.shared[row, TONIC], w.shared[row, MINOR] = best % 12, best >= 12
