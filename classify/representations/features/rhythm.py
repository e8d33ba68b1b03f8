"""Rhythm in seconds: density, gaps between onsets, lengths, articulation, rests, and the pulse.

Nothing here needs the file's beats, so it also holds for played music, whose beats are often
nominal. The pulse is the period that the times between onsets repeat most, with a preference for
about half a second.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.batch import WindowBatch, WindowNotes
from classify.representations.features.ragged import Floats, Ragged, entropy, ragged, ratio
from classify.representations.features.registry import features

JSYMBOLIC = "jSymbolic 2.2 catalogue, rhythm (McKay, Cumming and Fujinaga 2018)"

#: Seconds added before taking logarithms, and the longest time that counts.
SHORTEST, LONGEST = 0.01, 30.0

#: Neighbouring gaps as ratios; each is counted at the nearest.
RATIOS = {"1_4": 1 / 4, "1_3": 1 / 3, "1_2": 1 / 2, "2_3": 2 / 3, "1_1": 1.0, "3_2": 3 / 2,
          "2_1": 2.0, "3_1": 3.0, "4_1": 4.0}  # fmt: skip

#: Lags between onsets: twelve classes an octave from 0.1 to 3.2 s, between up to 8 onsets.
FIRST_LAG, OCTAVES, PER_OCTAVE, ONSETS_ON = 0.1, 5, 12, 8

#: The preferred period in seconds, and the width of the preference in octaves. That moderate
#: periods are preferred is Parncutt's (1994), who found about .7 s; van Noorden and Moelants (1999)
#: found .5 to .55 s. The values are ours: 120 bpm, as in most files, and a wide preference.
PREFERRED, WIDTH = 0.5, 1.0


def log_time(seconds: Floats) -> Floats:
    """Logarithm of bounded seconds."""
    return np.log(np.clip(seconds, SHORTEST, LONGEST))


def gaps(line: WindowNotes) -> Ragged:
    """Seconds between successive notes of a line (or events)."""
    return line.of(line.onset).steps()


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
def density(batch: WindowBatch) -> list[Floats]:
    """How fast notes follow each other."""
    notes, events = batch.notes, batch.events
    between = gaps(events)
    logs = between.of(log_time(between.values))
    melody, bass = gaps(batch.melody), gaps(batch.bass)
    span = np.maximum(batch.span, 1e-6)[notes.row]
    part = np.minimum((notes.onset / span * 8).astype(np.int64), 7)
    shares_of_parts = notes.of(part).histogram(8)
    return [
        ratio(notes.of(notes.row).counts, batch.filled),
        ratio(events.of(events.row).counts, batch.filled),
        ratio(batch.melody.of(batch.melody.row).counts, batch.filled),
        batch.span,
        logs.mean(),
        logs.std(),
        logs.quantiles(0.1, 0.25, 0.5, 0.75, 0.9),
        melody.of(log_time(melody.values)).mean(),
        bass.of(log_time(bass.values)).mean(),
        logs.change(),
        shares_of_parts.std(axis=1) * 8,
    ]


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
def regularity(batch: WindowBatch) -> list[Floats]:
    """How even the gaps are."""
    events, melody = gaps(batch.events), gaps(batch.melody)
    of_events, of_melody = _ratios(events), _ratios(melody)
    table = of_events.of(_nearest(of_events.values)).histogram(len(RATIOS))
    return [
        ratio(events.std(), events.mean()),
        _npvi(events),
        ratio(melody.std(), melody.mean()),
        _npvi(melody),
        entropy(table),
        of_events.of(of_events.values < np.log(2 / 3) + 1e-6).mean(),
        table,
        of_melody.of(_nearest(of_melody.values)).histogram(len(RATIOS)),
    ]


def _ratios(between: Ragged) -> Ragged:
    """Logarithms of each gap by the gap before."""
    return between.of(np.log(np.maximum(between.values, 1e-3))).steps()


def _nearest(logs: Floats) -> NDArray[np.int64]:
    borders = np.log(list(RATIOS.values()))
    return np.searchsorted((borders[1:] + borders[:-1]) / 2, logs)


def _npvi(between: Ragged) -> Floats:
    """100 times the mean of |a - b| by the mean of a and b, over neighbouring gaps."""
    here, there = between.pairs()
    a, b = between.values[here], between.values[there]
    return (
        100
        * ragged(ratio(np.abs(a - b), (a + b) / 2), between.row[here], len(between.counts)).mean()
    )


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
def lengths(batch: WindowBatch) -> list[Floats]:
    """Lengths of notes, drums left out."""
    notes = batch.pitched
    length = notes.of(notes.duration)
    logs = notes.of(log_time(notes.duration))
    melody, bass = batch.melody, batch.bass
    return [
        logs.mean(),
        logs.std(),
        logs.quantiles(0.1, 0.25, 0.5, 0.75, 0.9),
        ratio(length.std(), length.mean()),
        logs.change(),
        melody.of(log_time(melody.duration)).mean(),
        bass.of(log_time(bass.duration)).mean(),
        logs.correlation(notes.pitch),
    ]


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
def articulation(batch: WindowBatch) -> list[Floats]:
    """How notes are joined; ratios count 4 at most. Rests are between the first and last onset."""
    melody, events = batch.melody, batch.events
    filling = _filling(melody.duration, melody.gaps)
    joined = melody.of(filling).where(~np.isnan(filling))
    pitched = batch.pitched
    to_next = events.gaps[pitched.event]
    filled = _filling(pitched.duration, to_next)
    of_all = pitched.of(filled).where(~np.isnan(filled))
    rest = _rests(batch.notes)
    span = np.maximum(batch.span, 1e-6)
    return [
        of_all.mean(),
        of_all.quantiles(0.1, 0.5, 0.9),
        joined.of(joined.values < 0.5).mean(),
        joined.of(joined.values > 0.98).mean(),
        joined.std(),
        rest.total() / span,
        rest.max() / span,
        rest.of(rest.values > 0.05 * (span / np.maximum(rest.counts, 1))[rest.row]).mean(),
    ]


def _filling(duration: Floats, gap: Floats) -> Floats:
    return np.minimum(duration / np.maximum(gap, 1e-3), 4.0)


def _rests(notes: WindowNotes) -> Ragged:
    """Silent seconds before each event but the first."""
    microseconds = np.round(np.minimum(notes.end, 2**17) * 1e6).astype(np.int64)
    key = notes.row << 38  # later windows lie beyond the end of every earlier one
    last_end = np.maximum.accumulate(key + microseconds)[notes.lasts] - key[notes.lasts]
    row, onset = notes.row[notes.lasts], notes.onset[notes.lasts]
    here, there = ragged(onset, row, notes.n_rows).pairs()
    silent = np.maximum(onset[there] - last_end[here] / 1e6, 0)
    return ragged(silent, row[here], notes.n_rows)


@dataclass(frozen=True, eq=False)
class Pulses:
    """The pulse of each window.

    Parameters
    ----------
    table : ndarray, shape (n_rows, n_lags)
        Shares of times between onsets, by class (`LAGS`).
    score : ndarray, shape (n_rows, n_lags)
        Salience of each class as the pulse.
    best : ndarray of int, shape (n_rows,)
        Class of the pulse; that of `PREFERRED` where nothing recurs.
    period : ndarray, shape (n_rows,)
        Seconds: geometric mean of the times in that class and its neighbours.
    """

    table: Floats
    score: Floats
    best: NDArray[np.int64]
    period: Floats


def pulses(batch: WindowBatch) -> Pulses:
    """Find the pulse from the times between each event and up to `ONSETS_ON` later ones."""
    counts, logs = _lag_tables(batch.events)
    table = ratio(counts, counts.sum(axis=1, keepdims=True))
    score = np.round(pulse_scores(table), 9)
    nothing = int(np.abs(LAGS - PREFERRED).argmin())
    best = np.where(score.any(axis=1), score.argmax(axis=1), nothing)
    near = np.clip(best[:, None] + np.array([-1, 0, 1]), 0, len(LAGS) - 1)
    n_near = np.take_along_axis(counts, near, axis=1).sum(axis=1)
    mean = ratio(np.take_along_axis(logs, near, axis=1).sum(axis=1), n_near)
    return Pulses(table, score, best, np.where(n_near > 0, np.exp2(mean), LAGS[best]))


def _lag_tables(line: WindowNotes) -> tuple[Floats, Floats]:
    """Count the times between onsets in each class of each window; sum their log2 seconds."""
    n_lags = OCTAVES * PER_OCTAVE
    counts, logs = np.zeros((2, line.n_rows * n_lags))
    for lag in range(1, ONSETS_ON + 1):
        apart = line.onset[lag:] - line.onset[:-lag]
        log = np.log2(np.maximum(apart, 1e-3).astype(np.float32))
        place = np.floor((log - np.log2(FIRST_LAG)) * PER_OCTAVE + 0.5).astype(np.int64)
        same_row = line.row[lag:] == line.row[:-lag]
        inside = np.flatnonzero((place >= 0) & (place < n_lags) & same_row)
        cells = line.row[inside] * n_lags + place[inside]
        counts += np.bincount(cells, minlength=len(counts))
        logs += np.bincount(cells, log[inside], len(logs))
    return counts.reshape(-1, n_lags), logs.reshape(-1, n_lags)


LAGS = FIRST_LAG * 2 ** (np.arange(OCTAVES * PER_OCTAVE) / PER_OCTAVE)


def pulse_scores(table: Floats) -> Floats:
    """Salience `(n, n_lags)` of each lag as the pulse: itself, its half and its multiples."""
    near = np.pad(table, ((0, 0), (1, 1)))
    smooth = near[:, :-2] / 2 + near[:, 1:-1] + near[:, 2:] / 2
    score = smooth.copy()
    for shift, share in ((-12, 0.5), (12, 0.5), (-19, 0.25), (19, 0.25)):
        moved = np.zeros_like(score)
        if shift > 0:
            moved[:, :-shift] = smooth[:, shift:]
        else:
            moved[:, -shift:] = smooth[:, :shift]
        score += share * moved
    return score * np.exp(-0.5 * (np.log2(LAGS / PREFERRED) / WIDTH) ** 2)


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
def pulse(batch: WindowBatch) -> list[Floats]:
    """Describe the most repeated period; the tempo is 120 where nothing recurs."""
    fitted = batch.once(pulses)
    table, score, best, period = fitted.table, fitted.score, fitted.best, fitted.period
    rows = np.arange(len(batch))
    rival = np.abs(np.arange(len(LAGS)) - best[:, None]) > 2
    others = np.where(rival, score, 0)
    second = others.argmax(axis=1)
    octaves = sum(table[rows, np.clip(best + 12 * k, 0, len(LAGS) - 1)] for k in (-1, 0, 1))
    between = gaps(batch.events)
    steps = between.values / period[between.row]
    return [
        60 / period,
        np.asarray(octaves),
        entropy(table),
        ratio(others.max(axis=1), score[rows, best]),
        np.where(others.any(axis=1), (second - best) / PER_OCTAVE, 0.0),
        between.of(np.abs(4 * steps - np.round(4 * steps)) < 0.15).mean(),
        between.of(np.abs(3 * steps - np.round(3 * steps)) < 0.15).mean(),
        ratio(batch.events.of(batch.events.row).counts, batch.filled) * period,
        table.reshape(len(batch), OCTAVES * 2, -1).sum(axis=2),
    ]
