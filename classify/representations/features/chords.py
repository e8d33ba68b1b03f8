"""Chords of segments of a window, equal in time, about `PER_SEGMENT` notes each.

The chord is the template whose pitch classes correlate best with the segment's, and of two alike
the one that has its root in the bass.
"""

import math

import numpy as np

from classify.representations.features.compiled import inner
from classify.representations.features.lines import (
    FIT,
    LOWEST,
    ONSET,
    PITCH,
    PITCHED,
    QUALITY,
    ROOT,
    SEGMENTS,
    WEIGHT,
    Lines,
)
from classify.representations.features.statistics import Floats, mean, squares, to_shares

#: Notes in a chord segment, on average, and the most segments of a window.
PER_SEGMENT, MOST_SEGMENTS = 8, 64

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


def _templates() -> Floats:
    """Templates `(12, ROOM)` of a chord on each root: quality by quality, root by root; length 1.

    They need no mean of 0, since profiles are given one. Columns beyond are 0.
    """
    columns = [
        np.isin(np.arange(12), [(root + tone) % 12 for tone in tones])
        / np.sqrt(len(tones) - len(tones) ** 2 / 12)
        for tones in CHORDS.values()
        for root in range(12)
    ]
    found = np.zeros((12, ROOM))
    found[:, : len(columns)] = np.transpose(columns)
    return found


N_TEMPLATES = 12 * len(CHORDS)
#: So many numbers are computed in whole vectors, whatever the processor.
ROOM = 128
TEMPLATES = _templates()

#: Added to the correlation of chords whose root is the segment's lowest pitch class.
BASS_BONUS = 0.02
#: What decides between chords that fit alike: by lowest pitch class and root.
ABOVE = (np.arange(12) - np.arange(12)[:, None]) % 12
PREFERENCES = np.where(ABOVE == 0, BASS_BONUS, -1e-6 * ABOVE)
PREFERENCES = np.tile(PREFERENCES, len(CHORDS)) - 1e-7 * np.repeat(np.arange(len(CHORDS)), 12)


@inner
def name_chords(w: Lines, row: int, done: int) -> int:
    """Name the chord of each segment of a window in which something begins."""
    t, a, b, chords = w.table, w.begin[PITCHED, row], w.end[PITCHED, row], w.chords
    w.begin[SEGMENTS, row] = w.end[SEGMENTS, row] = done
    if a == b:
        return done
    n_segments = min(max((b - a) // PER_SEGMENT, 1), MOST_SEGMENTS)
    span = max(t[ONSET, b - 1], 1e-6)
    before, lowest, fits, scratch = -1, 0.0, np.empty(ROOM), np.empty(ROOM)
    for i in range(a, b):
        segment = int(0.999999 * n_segments * t[ONSET, i] / span)
        if segment != before:
            before, lowest = segment, t[PITCH, i]
            done += 1
        lowest = min(lowest, t[PITCH, i])
        chords[done - 1, int(t[PITCH, i]) % 12] += t[WEIGHT, i]
        chords[done - 1, LOWEST] = lowest % 12
    for k in range(w.begin[SEGMENTS, row], done):
        _name(chords[k], fits, scratch)
    w.end[SEGMENTS, row] = done
    return done


@inner
def _name(chord: Floats, fits: Floats, scratch: Floats) -> None:
    """Fill in a segment's chord.

    A root in the bass decides between chords that fit alike, then a root close above it, then the
    order of `CHORDS`: so the choice is the same in every key.
    """
    profile, lowest = chord[:12], int(chord[LOWEST])
    to_shares(profile)
    middle = mean(profile, 0, 12)
    length = math.sqrt(squares(profile, 0, 12, middle))
    scale = 1 / length if length > 1e-9 else 0.0
    for tone in range(12):
        scratch[tone] = (profile[tone] - middle) * scale
    for k in range(ROOM):
        fit = 0.0
        for tone in range(12):
            fit += scratch[tone] * TEMPLATES[tone, k]
        fits[k] = fit
    for k in range(N_TEMPLATES):
        scratch[k] = fits[k] + PREFERENCES[lowest, k]
    best, most = 0, -math.inf
    for k in range(N_TEMPLATES):
        if scratch[k] > most:
            best, most = k, scratch[k]
    chord[QUALITY], chord[ROOT], chord[FIT] = best // 12, best % 12, fits[best]
