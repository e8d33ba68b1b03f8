"""Dynamics: loudness as MIDI velocity, its accents and its changes."""

import numpy as np

from classify.representations.features.batch import WindowBatch, WindowNotes
from classify.representations.features.ragged import Floats
from classify.representations.features.registry import features
from classify.representations.features.rhythm import log_time

SOURCE = "jSymbolic 2.2 catalogue, dynamics; Panda, Malheiro and Paiva 2020"


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
def loudness(batch: WindowBatch) -> list[Floats]:
    """How loud, how varied, and what loudness goes with."""
    notes, events = batch.notes, batch.events
    velocity = notes.of(notes.velocity)
    loudest = _loudest(notes)
    of_events = events.of(loudest)
    steps = of_events.steps()
    here, there = of_events.pairs()
    pitched = batch.pitched
    loud = pitched.of(pitched.velocity)
    known, _ = events.places.pairs(1)
    return [
        velocity.mean(),
        velocity.std(),
        velocity.skew(),
        velocity.max() - velocity.min(),
        velocity.quantiles(0.1, 0.5, 0.9),
        velocity.change(),
        velocity.correlation(velocity.progress),
        steps.of(np.abs(steps.values)).mean(),
        steps.of(loudest[here]).correlation(loudest[there]),
        loud.correlation(pitched.pitch),
        loud.correlation(log_time(pitched.duration)),
        of_events.where(known).correlation(log_time(events.gaps[known])),
    ]


def _loudest(notes: WindowNotes) -> np.ndarray:
    """Greatest velocity of each event."""
    return np.maximum.reduceat(notes.velocity, notes.firsts)


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
def balance(batch: WindowBatch) -> list[Floats]:
    """Loudness of the outer voices, and accents."""
    notes, pitched = batch.notes, batch.pitched
    mean = pitched.of(pitched.velocity).mean()
    melody, bass = (x.of(x.velocity) for x in (batch.melody, batch.bass))
    events = batch.events.of(_loudest(notes))
    accent = (events.mean() + np.maximum(events.std(), 1))[events.row]
    return [
        np.where(melody.counts > 0, melody.mean() - mean, 0.0),
        np.where(bass.counts > 0, bass.mean() - mean, 0.0),
        melody.std(),
        events.of(events.values > accent).mean(),
        notes.of(notes.velocity < 50).mean(),
        notes.of(notes.velocity > 90).mean(),
    ]
