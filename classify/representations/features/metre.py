"""Rhythm in beats: tempo, places in the beat and bar, note values, syncopation and swing.

Beats are the file's quarter notes, counted from the song's start, so a bar of four is met at
multiples of 4 where the song has no upbeat. Most quantities ask only for periods and hold with an
upbeat too; `classify.representations.features.bars` reads the bars that are written. Where a
window's beats are unknown, they are counted in pulses (see `rhythm`) from the window's first onset.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.batch import WindowBatch, WindowNotes
from classify.representations.features.melody import phrase_ends
from classify.representations.features.ragged import Floats, Ragged, entropy, modulo, ragged, ratio
from classify.representations.features.registry import features
from classify.representations.features.rhythm import pulses

#: Distance in beats within which an onset is on a place of the grid.
NEAR = 0.06

#: Periods in beats whose strength is measured.
PERIODS = {"1_4": 1 / 4, "1_3": 1 / 3, "1_2": 1 / 2, "2_3": 2 / 3, "3_4": 3 / 4, "1": 1.0,
           "3_2": 1.5, "2": 2.0, "3": 3.0, "4": 4.0, "6": 6.0, "8": 8.0}  # fmt: skip
#: Those that can be a beat, a bar, or a part of one.
BARS = ("1", "3_2", "2", "3", "4")

#: Note values in beats; each gap counts at the nearest (by ratio).
VALUES = {"1_8": 1 / 8, "1_4": 1 / 4, "1_3": 1 / 3, "1_2": 1 / 2, "2_3": 2 / 3, "3_4": 3 / 4,
          "1": 1.0, "3_2": 1.5, "2": 2.0, "3": 3.0, "4": 4.0}  # fmt: skip
#: Coarser classes of values, for pairs of neighbours.
COARSE = {"quick": (0, 3), "half": (3, 5), "three_quarters": (5, 6), "beat": (6, 7),
          "beat_and_half": (7, 8), "long": (8, 11)}  # fmt: skip

#: Ticks in a beat, where beats are compared exactly.
TICKS = 48


def without_beats(batch: WindowBatch) -> NDArray[np.bool_]:
    """Tell which windows hold a note whose beat is unknown."""
    return batch.notes.of(np.isnan(batch.notes.beat)).total() > 0


def in_beats(batch: WindowBatch, line: WindowNotes) -> WindowNotes:
    """Fill in the beats of windows that have none, in pulses."""
    unknown = batch.once(without_beats)
    if not unknown.any():
        return line
    period = batch.once(pulses).period
    beat = np.where(unknown[line.row], line.onset / period[line.row], line.beat)
    return replace(line, beat=beat, bar=np.where(unknown[line.row], beat / 4, line.bar))


def beat_gaps(line: WindowNotes) -> Ragged:
    """Beats between successive notes of a line."""
    return line.of(line.beat).steps()


def offset(beat: Floats, period: float) -> Floats:
    """Distance in beats to the nearest multiple of a period."""
    return np.abs(beat - period * np.round(beat / period))


@features(
    "metre",
    "jSymbolic 2.2 catalogue, tempo; beat histogram positions",
    {
        "tempo": "bpm",
        "tempo_variation": "std by mean of gaps' tempi",
        "beats_span": "beats",
        "events_per_beat": "events a beat",
        "melody_per_beat": "melody notes a beat",
        "on_beat": "share of events",
        "on_half": "share of events",
        "on_quarter": "share of events",
        "on_third": "share of events",
        "off_grid": "share of events on no half, quarter or third",
        "grid_deviation": "beats from the nearest quarter or third",
        "melody_on_beat": "share of melody notes",
        "bass_on_beat": "share of bass notes",
    },
)
def grid(batch: WindowBatch) -> list[Floats]:
    """Tempo and places in the beat."""
    events, melody, bass = (in_beats(batch, x) for x in (batch.events, batch.melody, batch.bass))
    beat = events.of(events.beat)
    span = beat.last() - beat.first()
    apart, seconds = beat.steps().values, events.of(events.onset).steps()
    local = seconds.of(ratio(60 * apart, seconds.values))
    whole, half, quarter = (offset(beat.values, p) for p in (1, 1 / 2, 1 / 4))
    third = offset(beat.values, 1 / 3)
    kinds = [
        whole < NEAR,
        (half < NEAR) & (whole >= NEAR),
        (quarter < NEAR) & (half >= NEAR),
        (third < NEAR) & (quarter >= NEAR),
        np.minimum(quarter, third) >= NEAR,
    ]
    return [
        np.where(batch.span > 0, ratio(60 * span, batch.span), 120.0),
        ratio(local.std(), local.mean()),
        span,
        ratio(beat.counts, np.maximum(span, 1)),
        ratio(melody.of(melody.beat).counts, np.maximum(span, 1)),
        *(beat.of(kind).mean() for kind in kinds),
        beat.of(np.minimum(quarter, third)).mean(),
        melody.of(offset(melody.beat, 1) < NEAR).mean(),
        bass.of(offset(bass.beat, 1) < NEAR).mean(),
    ]


def strength(beat: Ragged, period: float, weights: Floats | None = None) -> Floats:
    """Length of the mean vector of onsets on a circle of one period: 0 (spread) to 1 (as one)."""
    turns = beat.values / period
    angle = (2 * np.pi * (turns - np.floor(turns))).astype(np.float32)
    return np.hypot(beat.of(np.cos(angle)).mean(weights), beat.of(np.sin(angle)).mean(weights))


@features(
    "metre",
    "Fourier tempogram in beats (Grosche and Müller 2011); phenomenal accents (Lerdahl and "
    "Jackendoff 1983)",
    {f"period_{name}": "0-1, all events" for name in PERIODS}
    | {f"period_long_{name}": "0-1, melody weighted by gap" for name in BARS}
    | {f"period_bass_{name}": "0-1, bass" for name in BARS}
    | {f"period_high_{name}": "0-1, melody peaks" for name in BARS}
    | {f"period_end_{name}": "0-1, phrase ends" for name in BARS}
    | {"triple_less_duple": "difference of strengths", "compound_less_simple": "difference"},
)
def metre(batch: WindowBatch) -> list[Floats]:
    """Strength of each period, for all onsets and for accents."""
    events, melody, bass = (in_beats(batch, x) for x in (batch.events, batch.melody, batch.bass))
    beat, tune, low = (x.of(x.beat) for x in (events, melody, bass))
    weights = gap_weights(melody)
    peaks, ends = tune.where(_peaks(melody)), tune.where(phrase_ends(melody))
    everything = {name: strength(beat, period) for name, period in PERIODS.items()}
    long = {name: strength(tune, PERIODS[name], weights) for name in BARS}
    return [
        *everything.values(),
        *long.values(),
        *(strength(low, PERIODS[name]) for name in BARS),
        *(strength(peaks, PERIODS[name]) for name in BARS),
        *(strength(ends, PERIODS[name]) for name in BARS),
        long["3"] - np.maximum(long["2"], long["4"]),
        everything["3_2"] - everything["1"],
    ]


def _peaks(melody: WindowNotes) -> NDArray[np.bool_]:
    """Whether a melody note is higher than the one before and not lower than the next."""
    here, there = melody.of(melody.row).pairs()
    rises, falls = np.zeros(len(melody), bool), np.zeros(len(melody), bool)
    rises[there] = melody.pitch[there] > melody.pitch[here]
    falls[here] = melody.pitch[there] <= melody.pitch[here]
    return rises & falls


#: Beats after which a return is looked for.
LAGS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0)


@features(
    "metre",
    "onset autocorrelation (Brown 1993)",
    {f"onset_lag_{lag:g}".replace(".", "_"): "share of events that have one" for lag in LAGS}
    | {
        f"melody_lag_{lag:g}".replace(".", "_"): "share of melody notes with the same pitch there"
        for lag in LAGS
    },
)
def autocorrelation(batch: WindowBatch) -> list[Floats]:
    """Whether something begins, and whether the melody is the same, so many beats later.

    Notes later than that before the window's end do not count.
    """
    events, melody = in_beats(batch, batch.events), in_beats(batch, batch.melody)
    pitch = np.zeros(len(events), np.int64)
    return [
        *same_pitch_later(events, events.beat, pitch, LAGS),
        *same_pitch_later(melody, melody.beat, melody.pitch, LAGS),
    ]


def same_pitch_later(
    line: WindowNotes, time: Floats, pitch: NDArray[np.int64], lags: Sequence[float]
) -> list[Floats]:
    """For each lag, the share of notes after which the same pitch is found so much later."""
    if not len(line):
        return [np.zeros(line.n_rows)] * len(lags)
    place = _ticks(line, time)
    left = line.of(place).max().astype(np.int64)[line.row] - place
    sounding = np.full(place[-1] + TOO_FAR, -1, np.int8)
    sounding[place] = pitch
    out = []
    for lag in lags:
        ticks = int(lag * TICKS)
        again = line.of(sounding[place + ticks] == pitch)
        out.append(ratio(again.total(), line.of(left >= ticks).total()))
    return out


#: Ticks that are more than the longest lag.
TOO_FAR = int(max(LAGS) * TICKS) + 1


def _ticks(line: WindowNotes, time: Floats) -> NDArray[np.int64]:
    """Places of notes on one line of ticks for all windows.

    Longer gaps than any lag are cut to `TOO_FAR`, and windows lie so far apart.
    """
    tick = np.round(time * TICKS).astype(np.int64)
    gap = np.where(line.row[1:] == line.row[:-1], tick[1:] - tick[:-1], TOO_FAR)
    return np.append(0, np.cumsum(np.clip(gap, 0, TOO_FAR)))


@features(
    "metre",
    "jSymbolic 2.2 catalogue, note values; FANTASTIC (Müllensiefen 2009)",
    {f"value_{name}": "share of melody gaps" for name in VALUES}
    | {f"value_{a}_to_{b}": "share of neighbouring melody gaps" for a in COARSE for b in COARSE}
    | {
        "value_mean": "log2 beats",
        "value_std": "log2 ratio",
        "value_entropy": "0-1",
        "value_most_common": "share of melody gaps",
        "value_modal": "log2 beats",
        "length_mean": "log2 beats",
        "length_shortest": "log2 beats",
        "length_longest": "log2 beats",
    },
)
def values(batch: WindowBatch) -> list[Floats]:
    """Note values of the melody, from onset to onset, and pairs of neighbours."""
    melody = in_beats(batch, batch.melody)
    between = beat_gaps(melody)
    logs = between.of(np.log2(np.clip(between.values, 1 / 32, 32)))
    sizes = np.log2(list(VALUES.values()))
    kind = between.of(np.searchsorted((sizes[1:] + sizes[:-1]) / 2, logs.values))
    table = kind.histogram(len(VALUES))
    coarse = np.repeat(np.arange(len(COARSE)), [b - a for a, b in COARSE.values()])[kind.values]
    here, there = kind.pairs()
    pair = ragged(coarse[here] * len(COARSE) + coarse[there], kind.row[here], len(batch))
    pace = ratio(60, _tempo(batch, melody))[melody.row]
    length = melody.of(np.log2(np.clip(melody.duration / pace, 1 / 32, 32)))
    return [
        table,
        pair.histogram(len(COARSE) ** 2),
        logs.mean(),
        logs.std(),
        entropy(table),
        table.max(axis=1),
        np.where(kind.counts > 0, sizes[np.round(table, 9).argmax(axis=1)], 0.0),
        length.mean(),
        *length.quantiles(0.05, 0.95).T,
    ]


def _tempo(batch: WindowBatch, line: WindowNotes) -> Floats:
    events = in_beats(batch, batch.events)
    beat = events.of(events.beat)
    tempo = ratio(60 * (beat.last() - beat.first()), batch.span)
    return np.where(tempo > 0, tempo, 120.0)


@features(
    "metre",
    "after Longuet-Higgins and Lee 1984 (syncopation); Friberg and Sundström 2002 (swing)",
    {
        "syncopation": "levels an event, mean",
        "syncopated": "share of events held over a stronger place",
        "melody_syncopation": "levels a melody note, mean",
        "off_beat": "share of events off the beat",
        "off_beat_long": "share of gaps of a beat or more that begin off the beat",
        "swing_ratio": "long by short",
        "swing_share": "share of halved beats",
        "swing_spread": "std of long by short",
        "dotted_pairs": "share of beats split 3 to 1",
        "snap_pairs": "share of beats split 1 to 3",
    },
)
def syncopation(batch: WindowBatch) -> list[Floats]:
    """Events held over a stronger place of the beat; beats split into two unequal parts.

    A note on the half is one level weaker than the beat, on the quarter two, anywhere else three.
    Longuet-Higgins and Lee go on above the beat; here all beats are alike, as few performances say
    where bars begin. The swing ratio is the mean over beats with one event on each end and one from
    .4 to .8; it is 1 where there is none.
    """
    events, melody = in_beats(batch, batch.events), in_beats(batch, batch.melody)
    levels, lines = _levels(events), _levels(melody)
    between = beat_gaps(events)
    known, _ = events.places.pairs(1)
    off = offset(events.beat[known], 1) >= NEAR
    split = _splits(events)
    swung = split.where((split.values > 0.4) & (split.values < 0.8))
    swing = swung.of(swung.values / (1 - swung.values))
    return [
        levels.mean(),
        levels.of(levels.values > 0).mean(),
        lines.mean(),
        events.of(offset(events.beat, 1) >= NEAR).mean(),
        between.of(off).where(between.values >= 1 - NEAR).mean(),
        np.where(swing.counts > 0, swing.mean(), 1.0),
        swing.of(swing.values > 1.25).mean(),
        swing.std(),
        split.of(np.abs(split.values - 0.75) < NEAR).mean(),
        split.of(np.abs(split.values - 0.25) < NEAR).mean(),
    ]


def _levels(line: WindowNotes) -> Ragged:
    """How many levels stronger the strongest place is that each note is held over; 0 if none."""
    known, places = line.places.pairs(1)
    beat, gap = line.beat[known], line.beat_gaps[known]
    own_level = np.select([offset(beat, p) < NEAR for p in (1, 1 / 2, 1 / 4)], [0, 1, 2], 3)
    over = np.full(len(beat), -1)
    for level, period in ((1, 1 / 2), (0, 1.0)):
        following = period * (np.floor(beat / period + NEAR) + 1)
        over = np.where(beat + gap > following + NEAR, own_level - level, over)
    return Ragged(np.maximum(over, 0), places)


def _splits(events: WindowNotes) -> Ragged:
    """Place within the beat of events that alone divide a beat between two events."""
    here, there = events.of(events.beat).pairs(2)
    middle = events.beat[here + 1] - events.beat[here]
    whole = (offset(events.beat[here], 1) < NEAR) & (
        np.abs(events.beat[there] - events.beat[here] - 1) < NEAR
    )
    return ragged(middle, events.row[here], events.n_rows).where(whole)


@features(
    "metre",
    "metrical profile (Palmer and Krumhansl 1990; Huron 2006)",
    {f"bar_four_{k}": "share of melody notes at half-beat k" for k in range(8)}
    | {f"bar_three_{k}": "share of melody notes at half-beat k" for k in range(6)}
    | {
        "upbeat": "beats from the window's first melody note to the next beat",
        "loud_on_beat": "velocity on the beat less off it",
        "long_on_beat": "log2 ratio of gaps on the beat and off it",
        "high_on_beat": "semitones, melody on the beat less off it",
        "last_on_beat": "0-1",
        "last_value": "log2 beats of the last known melody gap",
    },
)
def places(batch: WindowBatch) -> list[Floats]:
    """Places in bars of four and three beats, and what marks the beat."""
    melody, events = in_beats(batch, batch.melody), in_beats(batch, batch.events)
    half = np.floor(2 * melody.beat + 2 * NEAR).astype(np.int64)
    beat = melody.of(melody.beat)
    on_beat, on_melody = offset(events.beat, 1) < NEAR, offset(melody.beat, 1) < NEAR
    known, value = batch.once(melody_values)
    return [
        melody.of(modulo(half, 8)).histogram(8),
        melody.of(modulo(half, 6)).histogram(6),
        np.ceil(beat.first() - NEAR) - beat.first(),
        contrast(events.of(events.velocity), on_beat),
        contrast(value, on_melody[known]),
        contrast(melody.of(melody.pitch), on_melody),
        melody.of(on_melody).last(),
        value.last(),
    ]


def gap_weights(line: WindowNotes) -> Floats:
    """How much notes count where long ones count more: beats to the next, four at most."""
    return np.minimum(np.nan_to_num(line.beat_gaps), 4) + 1e-3


def melody_values(batch: WindowBatch) -> tuple[NDArray[np.bool_], Ragged]:
    """Which gaps of the melody are known, and these in log2 beats."""
    melody = in_beats(batch, batch.melody)
    known = ~np.isnan(melody.beat_gaps)
    value = melody.of(np.log2(np.clip(np.nan_to_num(melody.beat_gaps), 1 / 32, 32)))
    return known, value.where(known)


def contrast(all_values: Ragged, marked: NDArray[np.bool_]) -> Floats:
    """Mean of the marked values less that of the others; 0 unless there are both."""
    n_marked, total = (
        all_values.of(marked).total(),
        all_values.of(all_values.values * marked).total(),
    )
    n_others, others = all_values.counts - n_marked, all_values.total() - total
    both = (n_marked > 0) & (n_others > 0)
    return np.where(both, ratio(total, n_marked) - ratio(others, n_others), 0.0)
