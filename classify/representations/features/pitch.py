"""Pitch: height, register and variety. Drums are left out throughout."""

import numpy as np

from classify.representations.features.batch import WindowBatch
from classify.representations.features.ragged import Floats, entropy, ratio
from classify.representations.features.registry import features

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
def height(batch: WindowBatch) -> list[Floats]:
    """Where the notes lie; `weighted` by length."""
    notes = batch.pitched
    pitch = notes.of(notes.pitch)
    low, high = pitch.min(), pitch.max()
    return [
        pitch.mean(),
        pitch.mean(notes.weight),
        pitch.std(),
        pitch.skew(),
        low,
        high,
        high - low,
        pitch.quantiles(0.1, 0.25, 0.5, 0.75, 0.9),
        pitch.change(),
        pitch.correlation(pitch.progress),
    ]


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
def register(batch: WindowBatch) -> list[Floats]:
    """How much lies below G3 (55), between, and above C5 (72)."""
    notes = batch.pitched
    low, high = notes.of(notes.pitch < LOW), notes.of(notes.pitch >= HIGH)
    middle = notes.of((notes.pitch >= LOW) & (notes.pitch < HIGH))
    return [
        low.mean(),
        middle.mean(),
        high.mean(),
        low.mean(notes.weight),
        high.mean(notes.weight),
    ]


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
def variety(batch: WindowBatch) -> list[Floats]:
    """How many different pitches and pitch classes, and how evenly they are used."""
    notes = batch.pitched
    pitch = notes.of(notes.pitch)
    of_pitch = pitch.histogram(128)
    of_class = notes.of(notes.pitch_class).histogram(12)
    ranked = np.sort(of_class, axis=1)[:, ::-1]
    distinct = pitch.distinct()
    octaves = np.maximum(pitch.max() - pitch.min(), 1) / 12
    return [
        distinct.astype(float),
        ratio(distinct, pitch.counts),
        (of_class > 0).sum(axis=1).astype(float),
        entropy(of_pitch),
        entropy(of_class),
        of_pitch.max(axis=1),
        ranked[:, 0],
        ranked[:, 1],
        ranked[:, 2],
        ranked[:, 7:].sum(axis=1),
        ratio(distinct, octaves),
    ]
