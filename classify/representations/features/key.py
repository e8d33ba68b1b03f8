"""Key, mode, and pitch classes as seen from the key.

The key of a window is the one of 24 whose profile (Krumhansl and Kessler 1982) correlates best with
the window's pitch classes, weighted by length. `mode` is the best major correlation less the best
minor one; `clarity` the best correlation less that of the best other key. Quantities that count
from the tonic are 0 where nothing but drums is played.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.batch import WindowBatch, WindowNotes
from classify.representations.features.ragged import Floats, cosine, entropy, shares
from classify.representations.features.registry import features

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
MAJOR_SCALE = np.isin(np.arange(12), [0, 2, 4, 5, 7, 9, 11])
MINOR_SCALE = np.isin(np.arange(12), [0, 2, 3, 5, 7, 8, 10])

DEGREES = ("1", "b2", "2", "b3", "3", "4", "b5", "5", "b6", "6", "b7", "7")

#: Parts of a window, of equally many notes, whose keys are compared.
PARTS = 4


def _templates(profiles: tuple[tuple[float, ...], ...]) -> Floats:
    """24 unit vectors of mean 0: C major to B major, C minor to B minor."""
    rows = np.array([np.roll(p, k) for p in profiles for k in range(12)])
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


TEMPLATES = _templates(KRUMHANSL)
TEMPLATES_TEMPERLEY = _templates(TEMPERLEY)


@dataclass(frozen=True, eq=False)
class Keys:
    """Keys of pitch-class profiles.

    Parameters
    ----------
    fit : ndarray, shape (n, 24)
        Correlations with C major to B major and C minor to B minor.
    tonic : ndarray of int, shape (n,)
        Pitch class of the best key.
    minor : ndarray of bool, shape (n,)
        Whether the best key is minor.
    """

    fit: Floats
    tonic: NDArray[np.int64]
    minor: NDArray[np.bool_]

    @property
    def mode(self) -> Floats:
        """Best major less best minor correlation."""
        return self.fit[:, :12].max(axis=1) - self.fit[:, 12:].max(axis=1)

    @property
    def clarity(self) -> Floats:
        """Best correlation less the next."""
        best = np.sort(self.fit, axis=1)
        return best[:, -1] - best[:, -2]

    @property
    def parallel(self) -> Floats:
        """Correlation with major less that with minor, both on the best key's tonic."""
        rows = np.arange(len(self.fit))
        return self.fit[rows, self.tonic] - self.fit[rows, self.tonic + 12]


def keys(profile: Floats, templates: Floats = TEMPLATES) -> Keys:
    """Find the keys of pitch-class profiles `(n, 12)`; C major where a profile is flat."""
    centred = profile - profile.mean(axis=1, keepdims=True)
    fit = cosine_table(centred, templates)
    best = np.round(fit, 9).argmax(axis=1)
    return Keys(fit, best % 12, best >= 12)


def cosine_table(profile: Floats, templates: Floats) -> Floats:
    """Cosines `(n, n_templates)` of profiles with unit vectors; 0 for a profile of 0."""
    length = np.sqrt((profile * profile).sum(axis=1, keepdims=True))
    return (profile / np.where(length > 1e-9, length, np.inf)) @ templates.T


def key_of(notes: NDArray[np.void]) -> tuple[int, bool] | None:
    """Find the key of a whole song: pitch class of the tonic, and whether it is minor.

    Parameters
    ----------
    notes : ndarray of NOTE, shape (n_notes,)
        Lengths count within bounds, as in `Notes.weight`.

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
    fitted = keys(counted[np.newaxis] / counted.sum())
    return int(fitted.tonic[0]), bool(fitted.minor[0])


def profile(notes: WindowNotes) -> Floats:
    """Pitch classes C to B of each window, shares `(n_rows, 12)` weighted by length."""
    return notes.of(notes.pitch_class).histogram(12, notes.weight)


def window_profile(batch: WindowBatch) -> Floats:
    """Pitch classes of the windows of a batch."""
    return profile(batch.pitched)


def window_keys(batch: WindowBatch) -> Keys:
    """Keys of the windows of a batch."""
    return keys(batch.once(window_profile))


def from_tonic(table: Floats, tonic: NDArray[np.int64]) -> Floats:
    """Turn pitch-class columns `(n, 12)` so that the tonic comes first."""
    return np.take_along_axis(table, (tonic[:, None] + np.arange(12)) % 12, axis=1)


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
def tonality(batch: WindowBatch) -> list[Floats]:
    """Major or minor, and how clearly."""
    pitch_classes = batch.once(window_profile)
    fitted, other = batch.once(window_keys), keys(pitch_classes, TEMPLATES_TEMPERLEY)
    return [
        fitted.fit[:, :12].max(axis=1),
        fitted.fit[:, 12:].max(axis=1),
        fitted.mode,
        fitted.parallel,
        fitted.clarity,
        fitted.minor.astype(float),
        other.mode,
        other.parallel,
        other.clarity,
        entropy(shares(np.exp(4 * fitted.fit))),
    ]


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
def degrees(batch: WindowBatch) -> list[Floats]:
    """Pitch classes counted from the tonic: of all notes, melody and bass."""
    all_notes, fitted = batch.once(window_profile), batch.once(window_keys)
    melody = batch.melody.of(batch.melody.pitch_class).histogram(12)
    bass = batch.bass.of(batch.bass.pitch_class).histogram(12)
    turned, melody, bass = (from_tonic(t, fitted.tonic) for t in (all_notes, melody, bass))
    scale = np.where(fitted.minor[:, None], MINOR_SCALE, MAJOR_SCALE)
    third = np.where(fitted.minor, turned[:, 3], turned[:, 4])
    return [
        turned,
        melody,
        bass,
        (turned * scale).sum(axis=1),
        turned[:, 0] + turned[:, 7] + third,
        entropy(all_notes),
    ]


@features(
    "key",
    "after Quinn 2006 and Amiot 2016 (Fourier coefficients of pitch classes)",
    {f"pitch_class_fourier_{k}": "0-1" for k in range(1, 7)}
    | {f"tonic_phase_{k}_{part}": "-1 to 1" for k in (3, 5) for part in ("cos", "sin")},
)
def fourier(batch: WindowBatch) -> list[Floats]:
    """Chromatic, dyadic, augmented, octatonic, diatonic and whole-tone quality of the profile."""
    turned = from_tonic(batch.once(window_profile), batch.once(window_keys).tonic)
    coefficients = np.fft.rfft(turned, axis=1)
    three, five = coefficients[:, 3], coefficients[:, 5]
    return [np.abs(coefficients[:, 1:]), three.real, three.imag, five.real, five.imag]


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
def key_changes(batch: WindowBatch) -> list[Floats]:
    """Keys of the four quarters of a window (by number of notes)."""
    notes = batch.pitched
    part = np.minimum((notes.of(notes.row).progress * PARTS).astype(np.int64), PARTS - 1)
    cells = notes.of(part * 12 + notes.pitch_class).histogram(PARTS * 12, notes.weight)
    quarters = cells.reshape(-1, 12)
    used = (quarters.sum(axis=1) > 0).reshape(-1, PARTS)
    fitted, whole = keys(quarters), batch.once(window_keys)
    tonic, minor = fitted.tonic.reshape(-1, PARTS), fitted.minor.reshape(-1, PARTS)
    same = (tonic == whole.tonic[:, None]) & (minor == whole.minor[:, None])
    fifths = 7 * (tonic + 3 * minor - (whole.tonic + 3 * whole.minor)[:, None]) % 12
    fifths = np.minimum(fifths, 12 - fifths)
    n_used = np.maximum(used.sum(axis=1), 1)
    mode = np.where(used, fitted.mode.reshape(-1, PARTS), whole.mode[:, None])
    code = np.sort(np.where(used, tonic + 12 * minor, -1), axis=1)
    distinct = ((np.diff(code, prepend=-1, axis=1) != 0) & (code >= 0)).sum(axis=1)
    near = [cosine(a, b) for a, b in zip(*_neighbours(cells), strict=True)]
    return [
        (same & used).sum(axis=1) / n_used,
        distinct.astype(float),
        (fifths * used).sum(axis=1) / n_used,
        mode.mean(axis=1),
        mode.std(axis=1),
        (fitted.clarity.reshape(-1, PARTS) * used).sum(axis=1) / n_used,
        mode[:, -1] - mode[:, 0],
        np.mean(near, axis=0),
    ]


def _neighbours(cells: Floats) -> tuple[list[Floats], list[Floats]]:
    parts = np.split(cells, PARTS, axis=1)
    return parts[:-1], parts[1:]
