"""Dynamics: loudness as MIDI velocity, its accents and its changes."""

import numpy as np

from classify.representations.features.compiled import compiled
from classify.representations.features.lines import (
    BASS,
    EVENTS,
    LOG_GAP,
    LOG_LENGTH,
    LONGEST,
    LOUDEST,
    MELODY,
    NOTES,
    PITCH,
    PITCHED,
    VELOCITY,
    Lines,
    widest,
)
from classify.representations.features.registry import features
from classify.representations.features.statistics import (
    TENTHS,
    Floats,
    change,
    correlation,
    count,
    counted_quantiles,
    greatest,
    least,
    mean,
    mean_step,
    ratio,
    skew,
    std,
    trend,
)

SOURCE = "jSymbolic 2.2 catalogue, dynamics; Panda, Malheiro and Paiva 2020"

LOG_LONGEST = np.log(LONGEST)


@features(
    "dynamics",
    SOURCE,
    {
        "velocity_mean": "MIDI velocity",
        "velocity_std": "MIDI velocity",
        "velocity_skew": "",
        "velocity_range": "MIDI velocity",
        "velocity_q10": "MIDI velocity",
        "velocity_q50": "MIDI velocity",
        "velocity_q90": "MIDI velocity",
        "velocity_change": "MIDI velocity",
        "velocity_trend": "correlation with time",
        "velocity_step": "MIDI velocity, mean from event to event",
        "velocity_steadiness": "correlation of an event with the one before",
        "velocity_pitch": "correlation with pitch",
        "velocity_duration": "correlation with log length",
        "velocity_density": "correlation with log gap to the next event",
    },
)
@compiled
def loudness(w: Lines, out: Floats) -> None:
    """How loud, how varied, and what loudness goes with."""
    t, velocity, counts = w.table, w.table[VELOCITY], np.zeros(128)
    gaps = np.empty(widest(w, EVENTS))
    for row in range(len(out)):
        o, a, b = out[row], w.begin[NOTES, row], w.end[NOTES, row]
        o[0] = mean(velocity, a, b)
        o[1] = std(velocity, a, b)
        o[2] = skew(velocity, a, b)
        o[3] = greatest(velocity, a, b) - least(velocity, a, b)
        count(velocity, a, b, counts)
        counted_quantiles(counts, b - a, TENTHS, o, 4)
        o[7] = change(velocity, a, b)
        o[8] = trend(velocity, a, b)
        a, b = w.begin[EVENTS, row], w.end[EVENTS, row]
        o[9] = mean_step(t[LOUDEST], a, b)
        o[10] = correlation(t[LOUDEST], a, t[LOUDEST], a + 1, b - a - 1)
        for i in range(a, b - 1):
            gaps[i - a] = min(t[LOG_GAP, i], LOG_LONGEST)
        o[13] = correlation(t[LOUDEST], a, gaps, 0, b - a - 1)
        a, b = w.begin[PITCHED, row], w.end[PITCHED, row]
        o[11] = correlation(velocity, a, t[PITCH], a, b - a)
        o[12] = correlation(velocity, a, t[LOG_LENGTH], a, b - a)


@features(
    "dynamics",
    SOURCE,
    {
        "melody_velocity": "MIDI velocity, melody less all notes",
        "bass_velocity": "MIDI velocity, bass less all notes",
        "melody_velocity_std": "MIDI velocity",
        "velocity_accents": "share of events a standard deviation above the mean",
        "velocity_soft": "share of notes below 50",
        "velocity_loud": "share of notes above 90",
    },
)
@compiled
def balance(w: Lines, out: Floats) -> None:
    """Loudness of the outer voices, and accents."""
    velocity, loudest = w.table[VELOCITY], w.table[LOUDEST]
    for row in range(len(out)):
        o, a, b = out[row], w.begin[NOTES, row], w.end[NOTES, row]
        soft, loud, accents = 0, 0, 0
        for i in range(a, b):
            soft += velocity[i] < 50
            loud += velocity[i] > 90
        o[4], o[5] = ratio(soft, b - a), ratio(loud, b - a)
        middle = mean(velocity, w.begin[PITCHED, row], w.end[PITCHED, row])
        a, b = w.begin[MELODY, row], w.end[MELODY, row]
        o[0] = mean(velocity, a, b) - middle if b > a else 0.0
        o[2] = std(velocity, a, b)
        a, b = w.begin[BASS, row], w.end[BASS, row]
        o[1] = mean(velocity, a, b) - middle if b > a else 0.0
        a, b = w.begin[EVENTS, row], w.end[EVENTS, row]
        accent = mean(loudest, a, b) + max(std(loudest, a, b), 1.0)
        for i in range(a, b):
            accents += loudest[i] > accent
        o[3] = ratio(accents, b - a)
