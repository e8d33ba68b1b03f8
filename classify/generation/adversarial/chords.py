"""A chord for each bar of a song, as MidiNet is told them: one of 24 triads, or none."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.latent.phrases import Grid

Floats = NDArray[np.float32]

#: Numbers that say a chord: a root, and whether it is minor.
TOLD = 13

#: Triads, 12 in major and 12 in minor; and what stands for none.
TRIADS, NONE = 24, 24

#: What notes outside a triad count against it, and what its root in the bass counts for it.
OUTSIDE, IN_BASS = 0.5, 0.2

#: Added to how often a chord follows another.
EVER = 0.02


def _templates() -> Floats:
    """Give what each pitch class counts for each triad, shape (24, 12)."""
    rows = np.full((TRIADS, 12), -OUTSIDE)
    for root in range(12):
        for minor in (0, 1):
            tones = (root + np.array((0, 4 - minor, 7))) % 12
            rows[12 * minor + root, tones] = 1
    return rows.astype(np.float32)


TEMPLATES = _templates()


def of_bars(grid: Grid) -> NDArray[np.int64]:
    """Name the chord of each bar of a song in the home key; a silent bar has that before it.

    Returns
    -------
    ndarray of int, shape (n_bars,)
        Root, plus 12 in minor; `NONE` before the first note.
    """
    kept = ~grid.notes["drum"]
    begin, end = grid.begin[kept], grid.end[kept]
    pitch = grid.notes["pitch"][kept].astype(int) - grid.shift
    edges = np.arange(grid.n_bars + 1) * grid.length
    found, last = np.full(grid.n_bars, NONE), NONE
    for bar, (first, after) in enumerate(pairwise(edges)):
        within = (begin < after) & (np.maximum(end, begin + 1) > first)
        if within.any():
            sounding = np.minimum(end[within], after) - np.maximum(begin[within], first)
            weights = np.bincount(pitch[within] % 12, np.maximum(sounding, 1), 12)
            last = of_classes(weights, int(pitch[within].min()) % 12)
        found[bar] = last
    return found


def of_classes(weights: NDArray[Any], bass: int | None = None) -> int:
    """Name the triad that fits pitch classes best.

    >>> of_classes(np.bincount([9, 0, 4], minlength=12), 9) == 12 + 9
    True
    """
    scores = TEMPLATES @ (weights / max(1e-9, weights.sum()))
    if bass is not None:
        scores[[bass, 12 + bass]] += IN_BASS
    return int(scores.argmax())


def told(chords: Sequence[int] | NDArray[np.int64]) -> Floats:
    """Write chords as numbers: a root of 12, and 1 for minor; zeros for none.

    >>> told([12 + 9])[0].tolist() == [0.0] * 9 + [1.0, 0.0, 0.0, 1.0]
    True
    """
    rows = np.zeros((len(chords), TOLD), np.float32)
    for row, chord in enumerate(chords):
        if chord < TRIADS:
            rows[row, chord % 12], rows[row, 12] = 1, chord // 12
    return rows


def counted(songs: Sequence[NDArray[np.int64]]) -> Floats:
    """Count which chord follows which, shape (25, 25); the last row is the beginning."""
    counts = np.zeros((TRIADS + 1, TRIADS + 1), np.float32)
    for chords in songs:
        row = TRIADS
        for chord in chords[chords < TRIADS].tolist():
            counts[row, chord] += 1
            row = chord
    return counts


def drawn(counts: Floats, n_bars: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Draw a progression."""
    found, row = [], TRIADS
    for _ in range(n_bars):
        p = counts[row, :TRIADS].astype(float) + EVER * (counts[:, :TRIADS].sum(axis=0) > 0)
        row = int(random.choice(TRIADS, p=p / p.sum())) if p.sum() else 0
        found.append(row)
    return np.array(found)
