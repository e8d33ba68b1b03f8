"""Intervals of scores; the unit of resampling is always the group of songs.

Every score of `classify.evaluation.scores` is a function of the confusion matrix, so a bootstrap
over groups of songs needs no second look at the predictions: the matrix of each group is counted
once, and a resample of groups is a weighted sum of their matrices (`resampled`). For any other
statistic of songs, such as a calibration error, `bootstrap_of_counts` hands it how often each
resample has each song, and `bootstrap` the songs themselves.

`estimate` and `estimate_share` give a mean with its interval; every mean over songs
goes through them.

With few or uneven groups percentiles of the replicates lie too close together. `interval` widens
them when it is given the number of groups; for accuracy alone `wilson` is better still. How
often each misses is measured by benchmarks/random_labels.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

#: Resamples of a bootstrap.
RESAMPLES = 2000

#: Numbers of a block of draws, so that many songs need no more memory than few.
BLOCK = 1_000_000

#: Two-sided coverage of every interval.
LEVEL = 0.95


def resampled(
    truth: NDArray[np.integer],
    prediction: NDArray[np.integer],
    groups: Sequence[str],
    n_classes: int,
    seed: int,
) -> NDArray[np.float64]:
    """Draw groups with replacement and count confusions for each draw.

    Parameters
    ----------
    truth, prediction : ndarray of int, shape (n,)
        True and predicted class of each song or window.
    groups : sequence of str, length n
        The units that are drawn; songs of one group stay together, since they are not independent.
    n_classes : int
        Size of the matrices.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray, shape (RESAMPLES, n_classes, n_classes)
        Percentile bootstrap replicates (Efron 1979; the cluster bootstrap of Field and Welsh 2007).

    Examples
    --------
    >>> from classify.evaluation.scores import accuracy
    >>> truth, prediction = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    >>> replicates = resampled(truth, prediction, ["a", "b", "c", "d"], n_classes=2, seed=0)
    >>> replicates.shape, accuracy(replicates)[:3].tolist()
    ((2000, 2, 2), [1.0, 0.5, 0.75])
    """
    index, draws = _drawn(groups, seed)
    per_group = np.zeros((draws.shape[1], n_classes**2))
    np.add.at(per_group, (index, truth * n_classes + prediction), 1)
    return (draws @ per_group).reshape(RESAMPLES, n_classes, n_classes)


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], Any], groups: Sequence[str], seed: int
) -> NDArray[np.float64]:
    """Draw groups with replacement and compute any statistic of the songs of each draw.

    The draws are those of `resampled` for the same groups and seed.

    Parameters
    ----------
    statistic : callable
        Takes the indices of the drawn songs, repeated as often as their group was drawn; gives a
        number, or an array of several.
    groups : sequence of str, length n_songs
        The units that are drawn.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray, shape (RESAMPLES, ...)
        For a statistic that is not an average, such as a calibration error or the area under a
        curve, replicates can lie to one side of the statistic of the songs themselves.

    Examples
    --------
    >>> values = np.array([1.0, 0.0, 1.0, 1.0])
    >>> means = bootstrap(lambda drawn: values[drawn].mean(), ["a", "a", "b", "c"], seed=0)
    >>> means.shape, bool(means.min() < values.mean() < means.max())
    ((2000,), True)
    """
    index, draws = _drawn(groups, seed)
    songs = np.arange(len(index))
    return np.array([statistic(np.repeat(songs, times[index])) for times in draws])


def bootstrap_of_counts(
    statistic: Callable[[NDArray[np.int64]], NDArray[np.float64]], groups: Sequence[str], seed: int
) -> NDArray[np.float64]:
    """Draw as `bootstrap` does, for a statistic that is computed of many draws at once.

    Parameters
    ----------
    statistic : callable
        Takes how often each draw has each song, shape (n_draws, n_songs); gives a number, or an
        array of several, for each draw.
    groups, seed
        As in `bootstrap`.

    Returns
    -------
    ndarray, shape (RESAMPLES, ...)

    Examples
    --------
    >>> values, groups = np.array([1.0, 0.0, 1.0, 1.0]), ["a", "a", "b", "c"]
    >>> means = bootstrap_of_counts(lambda times: times @ values / times.sum(axis=1), groups, 0)
    >>> np.allclose(means, bootstrap(lambda drawn: values[drawn].mean(), groups, 0))
    True
    """
    index, draws = _drawn(groups, seed)
    rows = max(1, BLOCK // len(index))
    blocks = (draws[start : start + rows] for start in range(0, RESAMPLES, rows))
    return np.concatenate([statistic(block[:, index]) for block in blocks])


def _drawn(groups: Sequence[str], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Index of each song's group, and how often each draw has each group, (RESAMPLES, n_groups)."""
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    draws = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES
    )
    return index, draws


def effective_groups(groups: Sequence[str]) -> float:
    """Give the number of equally large groups that would tell as much as these (Kish 1965).

    The square of the number of songs, divided by the sum of squares of the groups' sizes: the
    number of groups if all are of one size, and fewer the more they differ.

    Examples
    --------
    >>> effective_groups(["a", "a", "b", "b"]), round(effective_groups(["a", "a", "a", "b"]), 2)
    (2.0, 1.6)
    """
    _, sizes = np.unique(np.asarray(groups), return_counts=True)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def interval(
    replicates: NDArray[np.float64], n_groups: float | None = None, n_folds: int = 1
) -> tuple[float, float]:
    """Give the percentile interval of bootstrap replicates of a score.

    Parameters
    ----------
    replicates : ndarray, shape (RESAMPLES,)
        The score of each resample.
    n_groups : float, optional
        How many groups were drawn from, best as `effective_groups` counts them. Percentiles are
        then moved outwards to where an interval of a mean would have its ends if it used a t
        distribution and an unbiased variance, as it should. Without it, plain percentiles.
    n_folds : int
        Folds that the songs are pooled from; 1 for a single test part. Models of different folds
        share most training songs, so that they err together, which resamples of test songs cannot
        show: percentiles move outwards once more. Used with `n_groups` only.

    Returns
    -------
    (low, high) : pair of float

    Raises
    ------
    ValueError
        If there is not more than one group.

    References
    ----------
    Hesterberg 2015, What teachers should know about the bootstrap, The American Statistician 69
    (the expanded percentile interval).

    Examples
    --------
    >>> replicates = np.linspace(0, 1, 101)
    >>> low, high = interval(replicates)
    >>> round(low, 3), round(high, 3)
    (0.025, 0.975)
    >>> low, high = interval(replicates, n_groups=10)
    >>> round(low, 3), round(high, 3)
    (0.009, 0.991)
    """
    tail = (1 - LEVEL) / 2
    if n_groups is not None:
        widened = _quantile(n_groups, n_folds) * np.sqrt(n_groups / (n_groups - 1))
        tail = float(norm.sf(widened))
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return float(low), float(high)


def wilson(
    right: NDArray[np.bool_] | NDArray[np.floating], groups: Sequence[str], n_folds: int = 1
) -> tuple[float, float]:
    """Give the interval of accuracy for songs in groups.

    Wilson's score interval for as many independent songs as would make accuracy vary as much as
    groups of songs make it vary (the design effect, never taken as less than 1), with a t quantile
    for the number of effective groups. Unlike percentiles, it does not shrink to a point when all
    predictions are correct or all are wrong; then a group counts as one song.

    Parameters
    ----------
    right : ndarray of bool or float, shape (n_songs,)
        Which songs were predicted correctly; for repeated folds, the share of repeats.
    groups : sequence of str, length n_songs
        Group of each song.
    n_folds : int
        As in `interval`.

    Returns
    -------
    (low, high) : pair of float

    Raises
    ------
    ValueError
        If there is not more than one group.

    References
    ----------
    Wilson 1927, JASA 22; Franco, Little, Louis and Slud 2019, Journal of Survey Statistics and
    Methodology 7 (with an effective sample size).

    Examples
    --------
    >>> right, groups = np.array([True] * 8 + [False] * 2), [str(song) for song in range(10)]
    >>> low, high = wilson(right, groups)
    >>> round(low, 2), round(high, 2)
    (0.43, 0.96)
    """
    n_groups = effective_groups(groups)
    square = _quantile(n_groups, n_folds) ** 2 / _effective_songs(right, groups, n_groups)
    share = float(right.mean())
    centre = (share + square / 2) / (1 + square)
    half = np.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def estimate_share(
    right: NDArray[np.bool_] | NDArray[np.floating], groups: Sequence[str], n_folds: int = 1
) -> Estimate:
    """Estimate a share of songs, such as accuracy, with Wilson's interval.

    Parameters
    ----------
    right, groups, n_folds
        As in `wilson`.

    Returns
    -------
    Estimate
        One group of songs says nothing about others: the interval is then 0 to 1.

    Examples
    --------
    >>> estimate_share(np.array([True, True, False]), ["a", "a", "a"])
    Estimate(value=0.6666666666666666, low=0.0, high=1.0)
    """
    if effective_groups(groups) <= 1:
        return Estimate(float(right.mean()), 0.0, 1.0)
    return Estimate(float(right.mean()), *wilson(right, groups, n_folds))


def estimate_balanced(
    right: NDArray[np.bool_], classes: Sequence[str], groups: Sequence[str]
) -> Estimate:
    """Estimate balanced accuracy: the mean over classes of the share of songs that are right.

    The interval is made of those of the classes, whose distances from their shares are added as
    squares (MOVER). Groups that have songs of two classes count for each by itself.

    Parameters
    ----------
    right : ndarray of bool, shape (n_songs,)
        Which songs were predicted correctly.
    classes, groups : sequences of str, length n_songs
        Of each song.

    Returns
    -------
    Estimate
        Of a class with one group, nothing is known: its interval is 0 to 1.

    References
    ----------
    Zou and Donner 2008, Statistics in Medicine 27.

    Examples
    --------
    >>> right, songs = np.array([True] * 8 + [False] * 2), [str(song) for song in range(10)]
    >>> of_both = estimate_balanced(right, ["a"] * 8 + ["b"] * 2, songs)
    >>> of_both.value, round(of_both.low, 2), round(of_both.high, 2)
    (0.5, 0.29, 0.99)
    """
    known, group = np.array(classes), np.array(groups)
    each = [estimate_share(right[known == one], group[known == one]) for one in np.unique(known)]
    value, low, high = np.array([(e.value, e.low, e.high) for e in each]).T
    below, above = (np.sqrt(((end - value) ** 2).sum()) / len(each) for end in (low, high))
    return Estimate(float(value.mean()), float(value.mean() - below), float(value.mean() + above))


def estimate(
    values: NDArray,
    groups: Sequence[str],
    seed: int,
    n_folds: int = 1,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Estimate:
    """Estimate the mean over songs of any quantity, with a bootstrap interval over groups of songs.

    Parameters
    ----------
    values : ndarray, shape (n_songs,)
        Of each song.
    groups : sequence of str, length n_songs
        Group of each song.
    seed : int
        Of the bootstrap.
    n_folds : int
        As in `interval`.
    bounds : (float, float)
        What the mean could be at all; -1 to 1 for a difference of two shares.

    Returns
    -------
    Estimate
        One group of songs says nothing about others: the interval then has the ends `bounds`.

    Examples
    --------
    >>> estimate(np.array([1, 0, 0, -1]), ["a", "a", "b", "b"], seed=0, bounds=(-1, 1))
    Estimate(value=0.0, low=-0.5, high=0.5)
    """
    (one,) = estimates(values, groups, seed, n_folds, bounds)
    return one


def estimates(
    values: NDArray,
    groups: Sequence[str],
    seed: int,
    n_folds: int = 1,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> list[Estimate]:
    """Estimate the means of several quantities of the same songs, with the same draws.

    Parameters
    ----------
    values : ndarray, shape (n_songs, n_quantities)
        A column for each.
    groups, seed, n_folds, bounds
        As in `estimate`.

    Returns
    -------
    list of Estimate, length n_quantities

    Examples
    --------
    >>> values = np.array([[1, 0], [0, 0], [0, 0], [1, 0]])
    >>> [estimate.value for estimate in estimates(values, ["a", "b", "c", "d"], seed=0)]
    [0.5, 0.0]
    """
    means, n_groups = np.atleast_1d(values.mean(axis=0)), effective_groups(groups)
    if n_groups <= 1:
        return [Estimate(float(mean), *bounds) for mean in means]
    columns = values.reshape(len(values), -1)
    replicates = bootstrap_of_counts(
        lambda times: times @ columns / times.sum(axis=1, keepdims=True), groups, seed
    )
    return [
        Estimate(float(mean), *interval(column, n_groups, n_folds))
        for mean, column in zip(means, replicates.T, strict=True)
    ]


def _effective_songs(right: NDArray, groups: Sequence[str], n_groups: float) -> float:
    """Give the number of independent songs with the variance of the share that groups give it."""
    share = right.mean()
    alone = share * (1 - share) / len(right)
    if alone == 0:
        return n_groups
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    excess = np.bincount(index, weights=right - share)
    together = (excess**2).sum() / len(right) ** 2 * len(excess) / (len(excess) - 1)
    return float(len(right) / max(1.0, together / alone))


def _quantile(n_groups: float, n_folds: int) -> float:
    """Give the t quantile of LEVEL for so many groups, larger for scores pooled from folds.

    A mean over folds has the variance of independent ones times 1 + n_folds / (n_folds - 1), by the
    correction of Nadeau and Bengio 2003, Machine Learning 52.
    """
    if not n_groups > 1:
        raise ValueError("one group of songs cannot tell how groups differ; give at least two")
    together = 1 + n_folds / (n_folds - 1) if n_folds > 1 else 1.0
    return float(student.ppf((1 + LEVEL) / 2, n_groups - 1) * np.sqrt(together))
