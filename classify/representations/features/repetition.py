"""Repetition and structure: patterns that return, and how alike the parts of a window are."""

from collections.abc import Callable

import numpy as np

from classify.representations.features.batch import WindowBatch
from classify.representations.features.ragged import Floats, Ragged, changes, cosine, ragged, ratio
from classify.representations.features.registry import features

#: Notes in the patterns that are counted.
LENGTHS = (2, 3, 5)

#: Places on at which a pattern may return.
FAR = 16


@features(
    "repetition",
    "m-types, FANTASTIC (Müllensiefen 2009)",
    {f"melody_patterns_{n}": "different a pattern" for n in LENGTHS}
    | {f"rhythm_patterns_{n}": "different a pattern" for n in LENGTHS}
    | {f"tune_patterns_{n}": "different a pattern" for n in LENGTHS}
    | {
        "melody_pattern_most_common": "share of patterns of two intervals",
        "rhythm_pattern_most_common": "share of patterns of two gaps",
    },
)
def patterns(batch: WindowBatch) -> list[Floats]:
    """How many patterns of successive intervals, gaps, or both, are new; 1 if none returns."""
    interval, gap = batch.once(steps)
    both = interval.of(interval.values * 16 + gap.values)
    melodic = [_coded(interval, n, 32) for n in LENGTHS]
    rhythmic = [_coded(gap, n, 16) for n in LENGTHS]
    joint = [_coded(both, n, 512) for n in LENGTHS]
    return [
        *(ratio(x.distinct(), x.counts) for x in (*melodic, *rhythmic, *joint)),
        _most_common(melodic[0]),
        _most_common(rhythmic[0]),
    ]


def steps(batch: WindowBatch) -> tuple[Ragged, Ragged]:
    """Melodic intervals (0-31, unisons 16) and gap ratios (0-15, equal ones 8), by note."""
    melody = batch.melody
    moves = melody.of(melody.pitch).steps()
    here, _ = melody.of(melody.pitch).pairs()
    gap = melody.gaps[here]
    median = moves.of(gap).quantiles(0.5)[:, 0][moves.row]
    steps = 2 * np.log2(np.maximum(gap, 1e-3) / np.maximum(median, 1e-3))
    return (
        moves.of(np.clip(moves.values + 16, 0, 31)),
        moves.of(np.clip(np.round(steps) + 8, 0, 15).astype(np.int64)),
    )


def _coded(steps: Ragged, length: int, n_classes: int) -> Ragged:
    """Numbers of the patterns of `length` successive steps."""
    here, places = steps.places.pairs(length - 1)
    code = np.zeros(len(here), np.int64)
    for k in range(length):
        code = code * n_classes + steps.values[here + k]
    return Ragged(code, places)


def _most_common(codes: Ragged) -> Floats:
    keys = np.sort((codes.row << 40) + codes.values)
    starts = np.flatnonzero(changes(keys))
    runs = ragged(np.diff(np.append(starts, len(keys))), keys[starts] >> 40, codes.n_rows)
    return ratio(runs.max(), codes.counts)


@features(
    "repetition",
    "self-similarity at a lag (after Foote 1999)",
    {
        "return_best": "share of notes equal in interval and gap at the best lag",
        "return_lag": "melody notes",
        "return_mean": "share of notes, mean of lags",
        "return_rhythm_best": "share of notes equal in gap at the best lag",
        "return_pitch_best": "share of notes equal in pitch at the best lag",
        "sequence_best": "share of notes equal in interval but not pitch at the best lag",
    },
)
def returns(batch: WindowBatch) -> list[Floats]:
    """Melody against itself, 2 to 16 notes on; lags beyond half the melody are left out."""
    interval, gap = batch.once(steps)
    here, _ = batch.melody.places.pairs(1)
    pitch = interval.of(batch.melody.pitch[here])
    both = interval.of(interval.values * 16 + gap.values)
    kinds = [_equal(both), _equal(gap), _equal(pitch)]
    moved = _equal(interval, but=pitch)
    best = [table.max(axis=1) for table in (*kinds, moved)]
    lag = np.where(best[0] > 0, np.round(kinds[0], 9).argmax(axis=1) + 2, 0)
    return [best[0], lag.astype(float), kinds[0].mean(axis=1), *best[1:]]


def _equal(codes: Ragged, but: Ragged | None = None) -> Floats:
    """Share `(n_rows, n_lags)` of values equal to the one a lag on, but for equal ones of another.

    0 at lags of more than half the number of values.
    """
    table = codes.table(-1).astype(np.int16)
    other = None if but is None else but.table(-1).astype(np.int16)
    out = np.zeros((codes.n_rows, FAR - 1))
    for lag in range(2, min(FAR, table.shape[1] // 2) + 1):
        later = table[:, lag:]
        same = (later == table[:, :-lag]) & (later >= 0)
        if other is not None:
            same &= other[:, lag:] != other[:, :-lag]
        possible = codes.counts >= 2 * lag
        out[:, lag - 2] = np.where(possible, ratio(same.sum(axis=1), codes.counts - lag), 0.0)
    return out


@features(
    "repetition",
    "contrast of sections (after Panda, Malheiro and Paiva 2020)",
    {
        "halves_pitch_classes": "cosine",
        "halves_intervals": "cosine",
        "halves_gaps": "cosine",
        "halves_pitch": "cosine",
        "thirds_pitch_spread": "semitones, std of the means",
        "thirds_velocity_spread": "MIDI velocity, std of the means",
        "thirds_density_spread": "log ratio, std of the means",
        "thirds_melody_range_spread": "semitones, std of the ranges",
    },
)
def contrast(batch: WindowBatch) -> list[Floats]:
    """How alike the halves of a window are, and how its thirds differ."""
    notes = batch.pitched
    interval, gap = batch.once(steps)
    pitch, velocity = notes.of(notes.pitch), batch.notes.of(batch.notes.velocity)
    between = batch.events.of(batch.events.onset).steps()
    gaps = between.of(np.log(np.maximum(between.values, 0.01)))
    melody = batch.melody.of(batch.melody.pitch)
    return [
        _halves(notes.of(notes.pitch_class), 12),
        _halves(interval, 32),
        _halves(gap, 16),
        _halves(pitch, 128),
        *(_of_thirds(x, Ragged.mean).std(axis=1) for x in (pitch, velocity, gaps)),
        _of_thirds(melody, lambda third: third.max() - third.min()).std(axis=1),
    ]


def _halves(codes: Ragged, n_classes: int) -> Floats:
    late = (codes.progress >= 0.5).astype(np.int64)
    table = codes.of(late * n_classes + codes.values).histogram(2 * n_classes)
    return cosine(table[:, :n_classes], table[:, n_classes:])


def _of_thirds(values: Ragged, statistic: Callable[[Ragged], Floats]) -> Floats:
    """Statistics `(n_rows, 3)` of three parts with the same number of values.

    Of all values, thrice, where there are fewer than three.
    """
    third = np.minimum((values.progress * 3).astype(np.int64), 2)
    thirds = ragged(values.values, 3 * values.row + third, 3 * values.n_rows)
    few = (values.counts < 3)[:, None]
    return np.where(few, statistic(values)[:, None], statistic(thirds).reshape(-1, 3))
