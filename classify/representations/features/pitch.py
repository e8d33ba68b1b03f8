"""Pitch: height, register and variety. Drums are left out throughout."""

import numpy as np

from classify.representations.features.compiled import compiled, inner
from classify.representations.features.lines import PITCH, PITCHED, WEIGHT, Lines
from classify.representations.features.registry import features
from classify.representations.features.statistics import (
    TENTHS_AND_QUARTERS,
    Floats,
    change,
    count,
    counted_quantiles,
    entropy,
    greatest,
    least,
    mean,
    ratio,
    skew,
    std,
    to_shares,
    total,
    trend,
)

JSYMBOLIC = "jSymbolic 2.2 catalogue, pitch statistics (McKay, Cumming and Fujinaga 2018)"

#: jSymbolic's registers: up to 54 is low, from 73 on is high.
LOW, HIGH = 55, 73


@features(
    "pitch",
    JSYMBOLIC,
    {
        "pitch_mean": "MIDI pitch",
        "pitch_weighted_mean": "MIDI pitch",
        "pitch_std": "semitones",
        "pitch_skew": "",
        "pitch_lowest": "MIDI pitch",
        "pitch_highest": "MIDI pitch",
        "pitch_range": "semitones",
        "pitch_q10": "MIDI pitch",
        "pitch_q25": "MIDI pitch",
        "pitch_q50": "MIDI pitch",
        "pitch_q75": "MIDI pitch",
        "pitch_q90": "MIDI pitch",
        "pitch_change": "semitones",
        "pitch_trend": "correlation with time",
    },
)
@compiled
def height(w: Lines, out: Floats) -> None:
    """Where the notes lie; `weighted` by length."""
    pitch, weight, counts = w.table[PITCH], w.table[WEIGHT], np.zeros(128)
    for row in range(len(out)):
        o, a, b = out[row], w.begin[PITCHED, row], w.end[PITCHED, row]
        weighted = 0.0
        for i in range(a, b):
            weighted += pitch[i] * weight[i]
        o[0] = mean(pitch, a, b)
        o[1] = ratio(weighted, total(weight, a, b))
        o[2] = std(pitch, a, b)
        o[3] = skew(pitch, a, b)
        o[4] = least(pitch, a, b)
        o[5] = greatest(pitch, a, b)
        o[6] = o[5] - o[4]
        count(pitch, a, b, counts)
        counted_quantiles(counts, b - a, TENTHS_AND_QUARTERS, o, 7)
        o[12] = change(pitch, a, b)
        o[13] = trend(pitch, a, b)


@features(
    "pitch",
    JSYMBOLIC,
    {
        "register_low": "share of notes, by register",
        "register_middle": "share of notes, by register",
        "register_high": "share of notes, by register",
        "register_low_time": "share of sounding time, by register",
        "register_high_time": "share of sounding time, by register",
    },
)
@compiled
def register(w: Lines, out: Floats) -> None:
    """How much lies below G3 (55), between, and above C5 (72)."""
    pitch, weight = w.table[PITCH], w.table[WEIGHT]
    for row in range(len(out)):
        o, a, b = out[row], w.begin[PITCHED, row], w.end[PITCHED, row]
        low, high, low_time, high_time = 0, 0, 0.0, 0.0
        for i in range(a, b):
            if pitch[i] < LOW:
                low += 1
                low_time += weight[i]
            elif pitch[i] >= HIGH:
                high += 1
                high_time += weight[i]
        time = total(weight, a, b)
        o[0] = ratio(low, b - a)
        o[1] = ratio(b - a - low - high, b - a)
        o[2] = ratio(high, b - a)
        o[3] = ratio(low_time, time)
        o[4] = ratio(high_time, time)


@features(
    "pitch",
    JSYMBOLIC,
    {
        "pitch_distinct": "pitches",
        "pitch_distinct_ratio": "pitches a note",
        "pitch_class_distinct": "pitch classes",
        "pitch_entropy": "0-1",
        "pitch_class_entropy": "0-1",
        "pitch_most_common": "share of notes",
        "pitch_class_most_common": "share of notes",
        "pitch_class_second": "share of notes",
        "pitch_class_third": "share of notes",
        "pitch_class_rare": "share of notes in the five rarest classes",
        "pitch_per_octave": "pitches an octave of range",
    },
)
@compiled
def variety(w: Lines, out: Floats) -> None:
    """How many different pitches and pitch classes, and how evenly they are used."""
    pitch, of_pitch, of_class = w.table[PITCH], np.zeros(128), np.zeros(12)
    for row in range(len(out)):
        o, a, b = out[row], w.begin[PITCHED, row], w.end[PITCHED, row]
        count(pitch, a, b, of_pitch)
        of_class[:] = 0.0
        distinct, classes = 0, 0
        for k in range(128):
            distinct += of_pitch[k] > 0
            of_class[k % 12] += of_pitch[k]
        to_shares(of_pitch)
        to_shares(of_class)
        o[3], o[4] = entropy(of_pitch), entropy(of_class)
        rank(of_class)
        for k in range(12):
            classes += of_class[k] > 0
        o[0] = distinct
        o[1] = ratio(distinct, b - a)
        o[2] = classes
        o[5] = greatest(of_pitch, 0, 128)
        o[6], o[7], o[8] = of_class[0], of_class[1], of_class[2]
        o[9] = total(of_class, 7, 12)
        o[10] = distinct * 12 / max(greatest(pitch, a, b) - least(pitch, a, b), 1.0)


@inner
def rank(values: Floats) -> None:
    """Sort a few values, the greatest first."""
    for i in range(1, len(values)):
        j = i
        while j > 0 and values[j - 1] < values[j]:
            values[j - 1], values[j] = values[j], values[j - 1]
            j -= 1
