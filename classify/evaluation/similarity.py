"""How alike two sets of songs are: overlap of distances between songs, and Fréchet distance.

A set of new songs may be as varied as the real ones and close to them, or only one of the two.
Distances between the songs of one set (*intra-set*) and between songs of the two (*inter-set*) say
which: where both sets come from one source, both kinds of distance are distributed alike.

Source: Yang and Lerch, "On the evaluation of generative models in music", Neural Computing and
Applications 32, 2020, section 3.2; Heusel et al., "GANs Trained by a Two Time-Scale Update Rule",
NeurIPS 2017, equation 6.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

#: A value and the ends of its 95 % interval.
Interval = tuple[float, float, float]

#: Points at which densities are estimated.
GRID = 512

#: Draws of songs that an interval is made from.
DRAWS = 100

#: Below this a density counts as none when logarithms are taken.
FLOOR = 1e-9

#: Share of the songs' covariance that is added to its diagonal, which few songs leave singular.
SHRINKAGE = 1e-6


def density(distances: Floats, low: float, high: float) -> Floats:
    """Estimate the density of distances with a Gaussian kernel of Scott's bandwidth.

    Parameters
    ----------
    distances : ndarray, shape (n_distances,)
        At least one.
    low, high : float
        Between which the density is estimated.

    Returns
    -------
    ndarray, shape (GRID,)
        Shares that add up to 1.

    Examples
    --------
    >>> estimated = density(np.array([1.0, 1.0, 2.0]), 0.0, 4.0)
    >>> float(estimated.sum().round(6)), bool(estimated[128] > estimated[256] > estimated[400])
    (1.0, True)
    """
    counts, _ = np.histogram(distances, GRID, (low, high))
    step = (high - low) / GRID
    bandwidth = max(float(distances.std()) * len(distances) ** -0.2, step)
    smooth = gaussian_filter1d(counts.astype(float), bandwidth / step, mode="reflect")
    return np.asarray(smooth / smooth.sum())


def overlap_and_divergence(inter: Floats, intra: Floats) -> tuple[float, float]:
    """Compare distances between two sets with those inside the set of real songs.

    Parameters
    ----------
    inter, intra : ndarray, shape (n_distances,)
        At least one each.

    Returns
    -------
    overlap : float
        Area that both densities cover, 0 to 1; 1 if they are the same.
    divergence : float
        Kullback-Leibler divergence of `inter` from `intra`, in nats; 0 if they are the same.

    Examples
    --------
    >>> distances = np.random.default_rng(0).gamma(3, size=5000)
    >>> overlap, divergence = overlap_and_divergence(distances, distances)
    >>> round(overlap, 6), round(divergence, 6)
    (1.0, 0.0)
    """
    both = np.concatenate([inter, intra])
    low, high = float(both.min()), float(both.max())
    if low == high:  # every song is the same as every other
        return 1.0, 0.0
    room = (high - low) / 10
    p, q = (density(distances, low - room, high + room) for distances in (inter, intra))
    p, q = np.maximum(p, FLOOR), np.maximum(q, FLOOR)
    return float(np.minimum(p, q).sum()), float((p * np.log(p / q)).sum())


def set_overlap(real: Floats, other: Floats, seed: int = 0) -> tuple[Interval, Interval]:
    """Give overlap and divergence of a set of songs and the real ones, by one descriptor.

    Parameters
    ----------
    real, other : ndarray, shapes (n_real, n_values) and (n_other, n_values)
        One descriptor of each song, of one or more values; two songs at least in each.
    seed : int
        Of the draws that the intervals are made from.

    Returns
    -------
    overlap, divergence : (float, float, float)
        As `overlap_and_divergence`, each with the ends of its 95 % interval.

    Examples
    --------
    >>> songs = np.random.default_rng(0).normal(size=(80, 1))
    >>> (overlap, low, high), _ = set_overlap(songs[:40], songs[40:])
    >>> low < overlap < high <= 1, overlap > 0.8
    (True, True)
    """
    inside, between = cdist(real, real), cdist(real, other)

    def measure(a: Places, b: Places) -> tuple[float, float]:
        pairs = np.triu_indices(len(a), 1)
        apart = a[pairs[0]] != a[pairs[1]]  # a song drawn twice is no pair of songs
        intra = inside[a[pairs[0]], a[pairs[1]]][apart]
        return overlap_and_divergence(between[np.ix_(a, b)].ravel(), intra)

    overlap, divergence = _intervals(measure, len(real), len(other), seed)
    return (overlap[0], overlap[1], min(1.0, overlap[2])), divergence


def frechet_interval(real: Floats, other: Floats, seed: int = 0) -> Interval:
    """Give the Fréchet distance of two sets with the ends of its 95 % interval.

    Parameters
    ----------
    real, other, seed
        As in `set_overlap`.
    """

    def measure(a: Places, b: Places) -> tuple[float]:
        return (frechet_distance(real[a], other[b]),)

    (distance,) = _intervals(measure, len(real), len(other), seed)
    return distance


def _intervals(
    measure: Callable[[Places, Places], tuple[float, ...]], n_real: int, n_other: int, seed: int
) -> list[Interval]:
    """Give measures of two sets, and 1.96 standard deviations on both sides of each.

    The deviation is that over draws of songs with replacement; percentiles of these draws would lie
    to one side, since a set in which songs occur twice is less varied.
    """
    random = np.random.default_rng(seed)
    values = measure(np.arange(n_real), np.arange(n_other))
    drawn = [
        measure(random.integers(n_real, size=n_real), random.integers(n_other, size=n_other))
        for _ in range(DRAWS)
    ]
    ends = 1.96 * np.std(drawn, axis=0)
    return [
        (value, max(0.0, value - end), value + end)
        for value, end in zip(values, ends.tolist(), strict=True)
    ]


def frechet_distance(real: Floats, other: Floats) -> float:
    """Give the Fréchet distance of two sets of songs, each seen as a normal distribution.

    Parameters
    ----------
    real, other : ndarray, shapes (n_real, n_values) and (n_other, n_values)
        Descriptors of each song; two songs at least in each.

    Returns
    -------
    float
        Squared, as the source has it; 0 for equal means and covariances.

    Examples
    --------
    >>> songs = np.random.default_rng(0).normal(size=(500, 3))
    >>> round(frechet_distance(songs, songs), 6), round(frechet_distance(songs, songs + 2), 3)
    (0.0, 12.0)
    """
    a, b = (np.atleast_2d(np.cov(songs, rowvar=False)) for songs in (real, other))
    ridge = SHRINKAGE * np.eye(len(a)) * max(float(np.trace(a)) / len(a), FLOOR)
    values = np.linalg.eigvals((a + ridge) @ (b + ridge))
    root = np.sqrt(np.maximum(values.real, 0)).sum()
    gap = real.mean(axis=0) - other.mean(axis=0)
    return max(0.0, float(gap @ gap + np.trace(a) + np.trace(b) + 2 * np.trace(ridge) - 2 * root))
