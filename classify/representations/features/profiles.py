"""How well pitch-class profiles fit the 24 keys."""

import math

import numpy as np

from classify.representations.features.compiled import compiled
from classify.representations.features.statistics import Floats, mean, squares

#: How well each tone fits a key, C major and C minor (Krumhansl and Kessler 1982).
KRUMHANSL = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
#: How often each tone of a key occurs in short segments of the Kostka-Payne corpus, tonic first
#: (Temperley 2007, chapter 6); each is a share of segments, so a row does not add up to 1.
TEMPERLEY = (
    (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
    (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
)


def templates(profiles: tuple[tuple[float, ...], ...]) -> Floats:
    """24 unit vectors of mean 0: C major to B major, C minor to B minor."""
    rows = np.array([np.roll(p, k) for p in profiles for k in range(12)])
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


TEMPLATES, TEMPLATES_TEMPERLEY = templates(KRUMHANSL), templates(TEMPERLEY)


@compiled
def fit_keys(profile: Floats, patterns: Floats, fit: Floats) -> int:
    """Correlate a pitch-class profile with 24 keys, and give the best; C major if it is flat."""
    middle, best, most = mean(profile, 0, 12), 0, -2e9
    length = math.sqrt(squares(profile, 0, 12, middle))
    for key in range(24):
        even, odd = 0.0, 0.0
        for tone in range(0, 12, 2):
            even += profile[tone] * patterns[key, tone]
            odd += profile[tone + 1] * patterns[key, tone + 1]
        fit[key] = (even + odd) / length if length > 1e-9 else 0.0
        rounded = np.rint(fit[key] * 1e9)
        if rounded > most:
            best, most = key, rounded
    return best
