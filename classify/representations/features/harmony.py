"""Notes that sound together: intervals, dissonance, chords and their changes.

Simultaneous intervals are taken between a note and each of the notes after it (in order of event
and pitch, at most `REACH` places on) that begins while it still sounds. Chords are read from
segments of a window, equal in time, about `PER_SEGMENT` notes each: the chord is the template whose
pitch classes correlate best with the segment's, and of two alike the one that has its root in the
bass.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.batch import WindowBatch, WindowNotes
from classify.representations.features.key import (
    cosine_table,
    from_tonic,
    window_keys,
    window_profile,
)
from classify.representations.features.ragged import (
    Floats,
    Places,
    Ragged,
    changes,
    entropy,
    modulo,
    places,
    ragged,
    ratio,
    shares,
)
from classify.representations.features.registry import features

#: How many notes on a simultaneous note is looked for.
REACH = 8

#: Notes in a chord segment, on average, and the most segments of a window.
PER_SEGMENT, SEGMENTS = 8, 64

#: Consonance of interval classes 1 to 6 (Huron 1994); the 0 of unisons and octaves is our own.
HURON = np.array([0.0, -1.428, -0.582, 0.594, 0.386, 1.240, -0.453])

CHORDS = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "augmented": (0, 4, 8),
    "suspended": (0, 5, 7),
    "dominant_seventh": (0, 4, 7, 10),
    "major_seventh": (0, 4, 7, 11),
    "minor_seventh": (0, 3, 7, 10),
    "fifth": (0, 7),
}
#: 1 for chords with a major third and a pure fifth, -1 for those with a minor third.
BALANCE = np.array([1, -1, -1, 0, 0, 1, 1, -1, 0])
INTERVALS = ("octave", "m2", "M2", "m3", "M3", "P4", "tritone", "P5", "m6", "M6", "m7", "M7")


def _chord_templates() -> Floats:
    rows = np.array(
        [np.isin((np.arange(12) - root) % 12, c) for c in CHORDS.values() for root in range(12)],
        float,
    )
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


CHORD_TEMPLATES = _chord_templates()


def _preferences() -> Floats:
    """Tell what decides between chords that fit alike, by lowest pitch class: `(12, n_templates)`.

    A root in the bass, then a root close above it, then the order of `CHORDS`: so the choice is the
    same in every key.
    """
    above = (np.tile(np.arange(12), len(CHORDS)) - np.arange(12)[:, None]) % 12
    by_root = np.where(above == 0, BASS_BONUS, -1e-6 * above)
    return by_root - 1e-7 * np.repeat(np.arange(len(CHORDS)), 12)


#: Added to the correlation of chords whose root is the segment's lowest pitch class.
BASS_BONUS = 0.02
PREFERENCES = _preferences()


def sounding_pairs(notes: WindowNotes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find indices of notes that sound together, the earlier (or lower) first, in order of row."""
    together = np.zeros((len(notes), REACH), bool)
    begin = notes.onset + 1e-6
    for lag in range(1, REACH + 1):
        held = (notes.end[:-lag] > begin[lag:]) & (notes.row[:-lag] == notes.row[lag:])
        together[:-lag, lag - 1] = held | (notes.event[:-lag] == notes.event[lag:])
    cells = np.flatnonzero(together)
    here = cells // REACH
    return here, cells - REACH * here + here + 1


@lru_cache(maxsize=1)
def roughness_table() -> Floats:
    """Roughness `(128, 128)` of pairs of tones with five partials.

    The curve, its numbers and the lesser amplitude of two partials are those of Sethares' own
    program (his `dissmeasure`, as in Tuning, Timbre, Spectrum, Scale; the paper of 1993 rounds the
    numbers and multiplies amplitudes), but for its constant factor 5. That there are five partials,
    each .88 times the one below, is our choice.
    """
    partial = np.arange(1, 6)
    frequency = 440 * 2 ** ((np.arange(128) - 69) / 12)
    amplitude = 0.88 ** (partial - 1)
    total = np.zeros((128, 128))
    for p, a in zip(partial, amplitude, strict=True):
        for q, b in zip(partial, amplitude, strict=True):
            f, g = np.meshgrid(p * frequency, q * frequency, indexing="ij")
            x = 0.24 * np.abs(f - g) / (0.0207 * np.minimum(f, g) + 18.96)
            total += min(a, b) * (np.exp(-3.51 * x) - np.exp(-5.75 * x))
    return total


@features(
    "harmony",
    "jSymbolic 2.2 catalogue, vertical intervals; Huron 1994; after Sethares 1993",
    {f"vertical_{name}": "share of simultaneous intervals" for name in INTERVALS}
    | {
        "vertical_pairs": "simultaneous intervals a note",
        "vertical_distance": "semitones",
        "vertical_entropy": "0-1",
        "consonance": "Huron's index, mean",
        "dissonant_share": "share of simultaneous intervals (seconds, sevenths, tritones)",
        "perfect_share": "share of simultaneous intervals (octaves, fifths, fourths)",
        "roughness": "Sethares' dissonance of a simultaneous interval, by register",
        "roughness_std": "Sethares' dissonance of a simultaneous interval, by register",
        "close_low": "share of notes below C3 with another less than a fifth above, by register",
    },
)
def vertical(batch: WindowBatch) -> list[Floats]:
    """Intervals between notes that sound together."""
    notes = batch.pitched
    here, there = sounding_pairs(notes)
    low, high = notes.pitch[here], notes.pitch[there]
    size = ragged(np.abs(high - low), notes.row[here], notes.n_rows)
    kind = size.of(modulo(size.values, 12))
    table = kind.histogram(12)
    small = np.minimum(kind.values, 12 - kind.values)
    rough = size.of(roughness_table().ravel()[128 * low + high])
    muddy = size.of((np.minimum(low, high) < 48) & (size.values > 0) & (size.values < 7))
    return [
        table,
        ratio(size.counts, notes.of(notes.row).counts),
        size.mean(),
        entropy(table),
        size.of(HURON[small]).mean(),
        table[:, [1, 2, 6, 10, 11]].sum(axis=1),
        table[:, [0, 5, 7]].sum(axis=1),
        rough.mean(),
        rough.std(),
        ratio(muddy.total(), notes.of(notes.row).counts),
    ]


def interval_vector(profile: Floats) -> Floats:
    """Interval-class content `(n, 6)` of pitch-class profiles: shares of pairs of classes 1-6."""
    twice = np.concatenate([profile, profile], axis=1)
    pairs = [np.einsum("ij,ij->i", profile, twice[:, k : k + 12]) for k in range(1, 7)]
    pairs[5] = pairs[5] / 2
    return shares(np.stack(pairs, axis=1))


@features(
    "harmony",
    "Forte 1973 (interval vector), weighted by length",
    {f"interval_class_{k}": "share of pairs of pitch classes" for k in range(1, 7)},
)
def interval_classes(batch: WindowBatch) -> list[Floats]:
    """Interval classes between all pitch classes of the window, together or not."""
    return [interval_vector(batch.once(window_profile))]


@dataclass(frozen=True, eq=False)
class Chords:
    """Chords of segments in which something begins.

    Parameters
    ----------
    profile : ndarray, shape (n_segments, 12)
        Pitch-class shares.
    places : Places
        The window of each segment.
    quality, root, lowest : ndarray of int, shape (n_segments,)
        Index in `CHORDS`; pitch classes of the root and of the lowest note.
    fit : ndarray, shape (n_segments,)
        Correlation with the chord's template.
    """

    profile: Floats
    places: Places
    quality: NDArray[np.int64]
    root: NDArray[np.int64]
    lowest: NDArray[np.int64]
    fit: Floats


def chords_of(batch: WindowBatch) -> Chords:
    """Name the chord of each segment."""
    profile, row, lowest = _segments(batch)
    centred = profile - profile.mean(axis=1, keepdims=True)
    fit = cosine_table(centred, CHORD_TEMPLATES)
    liked = PREFERENCES[lowest]
    liked += fit  # in place, as it is the largest table of all
    best = liked.argmax(axis=1)
    fit_of_best = fit[np.arange(len(fit)), best]
    where = places(row, len(batch))
    return Chords(profile, where, best // 12, modulo(best, 12), lowest, fit_of_best)


def _segments(batch: WindowBatch) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Pitch-class shares, window and lowest note's pitch class of segments that hold an onset."""
    notes = batch.pitched
    n_segments = np.clip(notes.places.counts // PER_SEGMENT, 1, SEGMENTS)
    span = np.maximum(notes.of(notes.onset).max(), 1e-6)
    place = 0.999999 * n_segments[notes.row] * notes.onset / span[notes.row]
    first = np.cumsum(n_segments) - n_segments
    segment = first[notes.row] + place.astype(np.int64)
    new = changes(segment)
    starts, number = np.flatnonzero(new), np.cumsum(new) - 1
    table = np.bincount(number * 12 + notes.pitch_class, notes.weight, len(starts) * 12)
    lowest = np.minimum.reduceat(notes.pitch, starts) if len(starts) else starts
    return shares(table.astype(float).reshape(-1, 12)), notes.row[starts], modulo(lowest, 12)


@features(
    "harmony",
    "chord templates after Fujishima 1999; qualities as in jSymbolic 2.2",
    {f"chord_{name}": "share of segments" for name in CHORDS}
    | {
        "chord_fit": "correlation",
        "chord_major_less_minor": "share of segments",
        "chord_distinct": "chords a segment",
        "chord_changes": "share of neighbouring segments",
        "chord_root_fifth": "share of changes of root",
        "chord_root_third": "share of changes of root",
        "chord_root_second": "share of changes of root",
        "chord_steadiness": "mean cosine of neighbouring segments",
        "chord_notes": "pitch classes a segment",
        "chord_consonance": "Huron's index of a segment, mean",
    },
)
def chords(batch: WindowBatch) -> list[Floats]:
    """Qualities of chords and the motion of their roots."""
    harmony = batch.once(chords_of)
    profile, root = harmony.profile, harmony.root
    best = Ragged(12 * harmony.quality + root, harmony.places)
    table = best.of(harmony.quality).histogram(len(CHORDS))
    here, there = best.pairs()
    move = best.of(root).steps()
    move = move.of(modulo(move.values, 12))
    size = np.minimum(move.values, 12 - move.values)
    roots = move.of(size).where(size > 0)
    near = np.sqrt((profile**2).sum(axis=1))
    closeness = (profile[here] * profile[there]).sum(axis=1) / (near[here] * near[there])
    return [
        table,
        best.of(harmony.fit).mean(),
        table[:, [0, 5, 6]].sum(axis=1) - table[:, [1, 7]].sum(axis=1),
        ratio(best.distinct(), best.counts),
        move.of(best.values[here] != best.values[there]).mean(),
        roots.of(roots.values == 5).mean(),
        roots.of((roots.values == 3) | (roots.values == 4)).mean(),
        roots.of(roots.values <= 2).mean(),
        move.of(closeness).mean(),
        best.of((profile > 0.02).sum(axis=1)).mean(),
        best.of(interval_vector(profile) @ HURON[1:]).mean(),
    ]


#: Triads whose content is measured, from their root.
TRIADS = {name: CHORDS[name] for name in ("major", "minor", "diminished", "suspended")}


@features(
    "harmony",
    "thorough bass; triad content, our extension of interval content (Forte 1973) to three tones",
    {f"above_bass_{name}": "share of a segment, mean" for name in INTERVALS}
    | {f"triad_{name}": "share of triads in the window" for name in TRIADS}
    | {f"segment_triad_{name}": "product of shares, mean of segments" for name in TRIADS}
    | {f"root_up_{k}": "share of changes of root" for k in range(1, 12)}
    | {f"bass_up_{k}": "share of changes of lowest note" for k in range(1, 12)},
)
def thorough_bass(batch: WindowBatch) -> list[Floats]:
    """Pitch classes above each segment's lowest note, triads whatever their place, and moves."""
    harmony = batch.once(chords_of)
    turned = from_tonic(harmony.profile, harmony.lowest)
    above = [Ragged(column, harmony.places).mean() for column in turned.T]
    window = np.stack([_content(batch.once(window_profile), t) for t in TRIADS.values()], axis=1)
    segments = [
        Ragged(_content(harmony.profile, t), harmony.places).mean() for t in TRIADS.values()
    ]
    return [
        *above,
        shares(window),
        *(27 * content for content in segments),
        _moves(Ragged(harmony.root, harmony.places)),
        _moves(Ragged(harmony.lowest, harmony.places)),
    ]


def _content(profile: Floats, chord: tuple[int, ...]) -> Floats:
    """Sum over all roots of the product of the shares of a chord's pitch classes."""
    twice = np.concatenate([profile, profile], axis=1)
    product = twice[:, chord[0] : chord[0] + 12]
    for k in chord[1:]:
        product = product * twice[:, k : k + 12]
    return product.sum(axis=1)


def _moves(pitch_class: Ragged) -> Floats:
    """Shares `(n_rows, 11)` of moves by 1 to 11 semitones upwards, repetitions left out."""
    moves = pitch_class.steps()
    moves = moves.of(modulo(moves.values, 12))
    return moves.where(moves.values > 0).histogram(12)[:, 1:]


@features(
    "harmony",
    "Riemann's functions as chord roots from the tonic",
    {
        f"root_{name}": "share of segments"
        for name in ("1", "b2", "2", "b3", "3", "4", "b5", "5", "b6", "6", "b7", "7")
    }
    | {
        "root_dominant_to_tonic": "share of neighbouring segments",
        "root_subdominant_to_tonic": "share of neighbouring segments",
        "tonic_major_less_minor": "share of segments on the tonic",
    },
)
def functions(batch: WindowBatch) -> list[Floats]:
    """Roots of chords from the tonic."""
    harmony, tonic = batch.once(chords_of), batch.once(window_keys).tonic
    root = Ragged(harmony.root, harmony.places)
    table = from_tonic(root.histogram(12), tonic)
    degree = modulo(root.values - tonic[root.row], 12)
    here, there = root.pairs()
    home = root.steps().of(degree[there] == 0)
    balance = BALANCE[harmony.quality]
    return [
        table,
        home.of(home.values & (degree[here] == 7)).mean(),
        home.of(home.values & (degree[here] == 5)).mean(),
        root.of(balance).where(degree == 0).mean(),
    ]
