"""Key, mode, and pitch classes as seen from the key.

The key of a window is the one of 24 whose profile (Krumhansl and Kessler 1982) correlates best with
the window's pitch classes, weighted by length. `mode` is the best major correlation less the best
minor one; `clarity` the best correlation less that of the best other key. Quantities that count
from the tonic are 0 where nothing but drums is played.
"""

import math

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.compiled import compiled, inner
from classify.representations.features.lines import (
    BASS,
    MELODY,
    MINOR,
    PITCH,
    PITCHED,
    TONIC,
    WEIGHT,
    Lines,
)
from classify.representations.features.profiles import TEMPLATES, TEMPLATES_TEMPERLEY, fit_keys
from classify.representations.features.registry import features
from classify.representations.features.statistics import (
    Floats,
    cosine,
    entropy,
    greatest,
    mean,
    progress,
    std,
    to_shares,
    total,
)

MAJOR_SCALE = np.isin(np.arange(12), [0, 2, 4, 5, 7, 9, 11])
MINOR_SCALE = np.isin(np.arange(12), [0, 2, 3, 5, 7, 8, 10])

DEGREES = ("1", "b2", "2", "b3", "3", "4", "b5", "5", "b6", "6", "b7", "7")

#: Parts of a window, of equally many notes, whose keys are compared.
PARTS = 4


def key_of(notes: NDArray[np.void]) -> tuple[int, bool] | None:
    """Find the key of a whole song: pitch class of the tonic, and whether it is minor.

    Parameters
    ----------
    notes : ndarray of NOTE, shape (n_notes,)
        Lengths count within bounds, as in `derive.weigh`.

    Returns
    -------
    (int, bool) or None
        None for nothing but drums.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> key_of(piece().notes)
    (2, False)
    """
    pitched = notes[~notes["drum"]]
    if not len(pitched):
        return None
    lengths = pitched["duration"].astype(float)
    weight = np.minimum(lengths, 4 * lengths.mean()) + 0.1 * lengths.mean()
    weight = weight if weight.any() else np.ones(len(pitched))
    counted = np.bincount(pitched["pitch"] % 12, weight, minlength=12)
    best = fit_keys(counted / counted.sum(), TEMPLATES, np.zeros(24))
    return best % 12, best >= 12


@inner
def mode(fit: Floats) -> float:
    """Best major less best minor correlation."""
    return greatest(fit, 0, 12) - greatest(fit, 12, 24)


@inner
def clarity(fit: Floats) -> float:
    """Best correlation less the next."""
    best, second = -math.inf, -math.inf
    for k in range(24):
        if fit[k] > best:
            best, second = fit[k], best
        elif fit[k] > second:
            second = fit[k]
    return best - second


@features(
    "key",
    "Krumhansl and Kessler 1982; Temperley 2007",
    {
        "key_major_fit": "correlation",
        "key_minor_fit": "correlation",
        "key_mode": "correlation, major less minor",
        "key_parallel_mode": "correlation, major less minor on one tonic",
        "key_clarity": "correlation",
        "key_is_minor": "0-1",
        "key_mode_temperley": "correlation, major less minor",
        "key_parallel_mode_temperley": "correlation, major less minor on one tonic",
        "key_clarity_temperley": "correlation",
        "key_fit_entropy": "0-1",
    },
)
@compiled
def tonality(w: Lines, out: Floats) -> None:
    """Major or minor, and how clearly."""
    other = np.zeros(24)
    for row in range(len(out)):
        o, fit, tonic = out[row], w.fit[row], int(w.shared[row, TONIC])
        o[0], o[1] = greatest(fit, 0, 12), greatest(fit, 12, 24)
        o[2], o[3], o[4] = mode(fit), fit[tonic] - fit[tonic + 12], clarity(fit)
        o[5] = w.shared[row, MINOR]
        tonic = fit_keys(w.profile[row], TEMPLATES_TEMPERLEY, other) % 12
        o[6], o[7], o[8] = mode(other), other[tonic] - other[tonic + 12], clarity(other)
        for k in range(24):
            other[k] = math.exp(4 * fit[k])
        to_shares(other)
        o[9] = entropy(other)


@features(
    "key",
    "tones counted from the tonic, after Krumhansl 1990",
    {f"degree_{d}": "share of sounding time" for d in DEGREES}
    | {f"melody_degree_{d}": "share of melody notes" for d in DEGREES}
    | {f"bass_degree_{d}": "share of bass notes" for d in DEGREES}
    | {
        "degree_in_scale": "share of sounding time",
        "degree_in_triad": "share of sounding time",
        "degree_entropy": "0-1",
    },
)
@compiled
def degrees(w: Lines, out: Floats) -> None:
    """Pitch classes counted from the tonic: of all notes, melody and bass."""
    pitch = w.table[PITCH]
    for row in range(len(out)):
        o, profile, tonic = out[row], w.profile[row], int(w.shared[row, TONIC])
        minor = w.shared[row, MINOR] > 0
        scale = MINOR_SCALE if minor else MAJOR_SCALE
        o[12:37] = 0.0
        for degree in range(12):
            o[degree] = profile[(tonic + degree) % 12]
            o[36] += o[degree] * scale[degree]
        for i in range(w.begin[MELODY, row], w.end[MELODY, row]):
            o[12 + (int(pitch[i]) - tonic) % 12] += 1
        for i in range(w.begin[BASS, row], w.end[BASS, row]):
            o[24 + (int(pitch[i]) - tonic) % 12] += 1
        to_shares(o[12:24])
        to_shares(o[24:36])
        o[37] = o[0] + o[7] + (o[3] if minor else o[4])
        o[38] = entropy(profile)


@features(
    "key",
    "after Quinn 2006 and Amiot 2016 (Fourier coefficients of pitch classes)",
    {f"pitch_class_fourier_{k}": "0-1" for k in range(1, 7)}
    | {f"tonic_phase_{k}_{part}": "-1 to 1" for k in (3, 5) for part in ("cos", "sin")},
)
@compiled
def fourier(w: Lines, out: Floats) -> None:
    """Chromatic, dyadic, augmented, octatonic, diatonic and whole-tone quality of the profile."""
    for row in range(len(out)):
        o, profile, tonic = out[row], w.profile[row], int(w.shared[row, TONIC])
        for k in range(1, 7):
            real, imaginary = 0.0, 0.0
            for degree in range(12):
                share = profile[(tonic + degree) % 12]
                real += share * COSINES[k * degree % 12]
                imaginary -= share * SINES[k * degree % 12]
            o[k - 1] = math.hypot(real, imaginary)
            if k in (3, 5):
                o[k + 3], o[k + 4] = real, imaginary


COSINES, SINES = (f(2 * np.pi * np.arange(12) / 12) for f in (np.cos, np.sin))


@features(
    "key",
    "after Temperley 2007, chapter 6 (changes of key)",
    {
        "key_parts_same": "share of quarters in the window's key",
        "key_parts_distinct": "keys",
        "key_parts_fifths": "mean fifths from the window's key",
        "key_parts_mode_mean": "correlation, major less minor",
        "key_parts_mode_std": "correlation, major less minor",
        "key_parts_clarity": "correlation",
        "key_mode_change": "correlation, last less first quarter",
        "key_profile_steadiness": "mean cosine of neighbouring quarters",
    },
)
@compiled
def key_changes(w: Lines, out: Floats) -> None:
    """Keys of the four quarters of a window (by number of notes)."""
    t, quarters, fit = w.table, np.zeros((PARTS, 12)), np.zeros(24)
    modes, found = np.zeros(PARTS), np.zeros(24)
    for row in range(len(out)):
        o, a, b = out[row], w.begin[PITCHED, row], w.end[PITCHED, row]
        tonic, minor = int(w.shared[row, TONIC]), int(w.shared[row, MINOR])
        quarters[:] = 0.0
        for i in range(a, b):
            part = min(int(progress(i - a, b - a) * PARTS), PARTS - 1)
            quarters[part, int(t[PITCH, i]) % 12] += t[WEIGHT, i]
        used, same, away, clear = 0, 0, 0, 0.0
        found[:] = 0.0
        for part in range(PARTS):
            modes[part] = mode(w.fit[row])
            if total(quarters[part], 0, 12) > 0:
                to_shares(quarters[part])
                best = fit_keys(quarters[part], TEMPLATES, fit)
                modes[part] = mode(fit)
                used += 1
                same += best == tonic + 12 * minor
                fifths = 7 * (best % 12 + 3 * (best // 12) - tonic - 3 * minor) % 12
                away += min(fifths, 12 - fifths)
                clear += clarity(fit)
                found[best] = 1.0
        used = max(used, 1)
        o[0], o[1], o[2] = same / used, total(found, 0, 24), away / used
        o[3], o[4], o[5] = mean(modes, 0, PARTS), std(modes, 0, PARTS), clear / used
        o[6] = modes[PARTS - 1] - modes[0]
        o[7] = 0.0
        for part in range(PARTS - 1):
            o[7] += cosine(quarters[part], quarters[part + 1]) / (PARTS - 1)
