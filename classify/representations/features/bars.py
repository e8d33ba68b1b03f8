"""Bars as they are written: the time signature, places in the bar, and what comes back after bars.

A performance has no bars, and a file may say none; bars of four quarter notes are then counted from
the song's start. Where an upbeat is not written as a bar of its own, or after a rest, bars are
counted from it; what comes back after so many bars does not depend on where they begin.
"""

import numpy as np

from classify.representations.features.batch import WindowBatch
from classify.representations.features.metre import (
    NEAR,
    contrast,
    gap_weights,
    in_beats,
    melody_values,
    offset,
    same_pitch_later,
)
from classify.representations.features.ragged import Floats, modulo, ratio
from classify.representations.features.registry import features

#: Bars after which a return is looked for.
LAGS = (1, 2, 4, 8)

#: Equal parts of a bar that onsets are counted in: of simple and compound, and of triple metre.
PARTS = (8, 6)

#: Share of a bar by which a note may be before its place.
EARLY = 0.01

#: By the number above: bars of two, of three, of four, and compound ones.
KINDS = [np.isin(np.arange(256), above) for above in ([2], [3], [4], [6, 9, 12])]

#: To base 2; 0 of 0.
LOGARITHM = np.log2(np.maximum(np.arange(256), 1))


@features(
    "metre",
    "jSymbolic 2.2 catalogue, metre; notated",
    {
        "bar_written": "0-1",
        "bar_length": "log2 quarter notes, mean over notes",
        "bar_numerator": "mean over notes",
        "bar_unit": "log2 of the denominator, mean over notes",
        "bar_duple": "share of notes in bars of two",
        "bar_triple": "share of notes in bars of three",
        "bar_quadruple": "share of notes in bars of four",
        "bar_compound": "share of notes in bars of six, nine or twelve",
        "melody_per_bar": "melody notes a bar",
    },
)
def signatures(batch: WindowBatch) -> list[Floats]:
    """Written time signatures; 4/4 where there is none."""
    melody = in_beats(batch, batch.melody)
    n_notes, written = batch.real.sum(axis=1), batch.real & (batch.numerator > 0)
    unwritten = n_notes - written.sum(axis=1)

    def mean(values: Floats, where_unwritten: float = 0.0) -> Floats:
        return ((values * written).sum(axis=1) + where_unwritten * unwritten) / n_notes

    parts, unit = LOGARITHM[batch.numerator], LOGARITHM[batch.denominator]
    bars = melody.of(melody.bar)
    return [
        mean(written.astype(float)),
        mean(2 + parts - unit, 2.0),
        mean(batch.numerator, 4.0),
        mean(unit, 2.0),
        *(mean(kind[batch.numerator]) for kind in KINDS),
        ratio(bars.counts, np.maximum(bars.last() - bars.first(), 1)),
    ]


@features(
    "metre",
    "metrical profile (Palmer and Krumhansl 1990; Huron 2006), in written bars",
    {f"in_bar_{n}_{k}": f"share of melody notes in part {k} of {n}"
     for n in PARTS for k in range(n)}
    | {f"in_bar_long_{n}_{k}": f"share of the melody's beats that begin in part {k} of {n}"
       for n in PARTS for k in range(n)}
    | {
        "bar_upbeat": "bars from the first melody note to the next bar",
        "bar_last": "place of the last melody note, 0-1",
        "downbeat_share": "share of melody notes",
        "downbeat_bass": "share of bass notes",
        "downbeat_long": "log2 ratio of gaps on the downbeat and off it",
        "downbeat_high": "semitones, melody on the downbeat less off it",
        "downbeat_loud": "velocity on the downbeat less off it",
    },
)  # fmt: skip
def in_bars(batch: WindowBatch) -> list[Floats]:
    """Places in the bar, and what marks the downbeat."""
    melody, bass = in_beats(batch, batch.melody), in_beats(batch, batch.bass)
    events = in_beats(batch, batch.events)
    weights = gap_weights(melody)
    parts = [
        melody.of(modulo(np.floor(n * (melody.bar + EARLY)).astype(np.int64), n)) for n in PARTS
    ]
    bar = melody.of(melody.bar)
    down, low, all_down = (offset(x.bar, 1) < NEAR / 4 for x in (melody, bass, events))
    known, value = batch.once(melody_values)
    last = bar.last() + EARLY
    return [
        *(part.histogram(n) for part, n in zip(parts, PARTS, strict=True)),
        *(part.histogram(n, weights) for part, n in zip(parts, PARTS, strict=True)),
        np.ceil(bar.first() - EARLY) - bar.first(),
        last - np.floor(last),
        melody.of(down).mean(),
        bass.of(low).mean(),
        contrast(value, down[known]),
        contrast(melody.of(melody.pitch), down),
        contrast(events.of(events.velocity), all_down),
    ]


@features(
    "metre",
    "onset autocorrelation (Brown 1993), in written bars",
    {f"onset_after_bars_{lag}": "share of events that have one" for lag in LAGS}
    | {f"melody_after_bars_{lag}": "share of melody notes with the same pitch there"
       for lag in LAGS},
)  # fmt: skip
def returns(batch: WindowBatch) -> list[Floats]:
    """Whether something begins, and whether the melody is the same, so many bars later."""
    events, melody = in_beats(batch, batch.events), in_beats(batch, batch.melody)
    pitch = np.zeros(len(events), np.int64)
    return [
        *same_pitch_later(events, events.bar, pitch, LAGS),
        *same_pitch_later(melody, melody.bar, melody.pitch, LAGS),
    ]
