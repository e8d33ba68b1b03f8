"""Prediction sets with a chosen coverage (split conformal prediction).

A set contains every class whose probability reaches a threshold. The threshold is chosen on songs
that the model was not trained on, so that the true class of the chosen share of them, and of
further songs like them, is in its set. No assumption about the model is needed, only that
calibration songs and further songs are exchangeable; a bad model reaches the coverage too, with
large sets.

Songs of one group are not exchangeable with songs of another; groups are. Given groups, each group
counts as much as any other, and the coverage holds for a song of a new group.

Conventions: `p` has a row of class probabilities for each song, shape (n_songs, n_classes), and
`truth` the column of each song's true class. With one threshold the coverage is marginal: over
songs of all kinds, and a hard class may be held far less often. With one for each class
(`class_thresholds`) it is that of the songs of each class, at the price of larger sets.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Share of songs whose set contains their class, by default.
COVERAGE = 0.9


def threshold(
    p: NDArray[np.floating],
    truth: NDArray[np.integer],
    coverage: float = COVERAGE,
    groups: Sequence[str] | NDArray[np.str_] | None = None,
) -> float:
    """Find the least probability that a class needs to be in a song's set.

    With n calibration songs it is the k-th largest probability of their true classes, where k is
    the least whole number not below coverage * (n + 1); with groups, each song weighs 1 divided by
    its group's size, and n is the number of groups.

    Parameters
    ----------
    p, truth : ndarray, shapes (n_songs, n_classes) and (n_songs,)
        Probabilities and classes of calibration songs: inner folds, never the test part.
    coverage : float
        Share of further songs whose set is to contain their class, between 0 and 1.
    groups : sequence of str, length n_songs, optional
        Group of each song; each song its own unless given.

    Returns
    -------
    float
        0 if there are too few songs, so that only sets of all classes reach the coverage.

    Raises
    ------
    ValueError
        If the coverage is not between 0 and 1, or there are no songs.

    References
    ----------
    Sadinle, Lei and Wasserman 2019, JASA 114 (LAC); with groups, Lee, Barber and Willett 2023,
    Distribution-free inference with hierarchical data, arXiv 2306.06342.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    >>> threshold(p, np.array([0, 0, 1, 1]), coverage=0.8)
    0.6
    """
    if not 0 < coverage < 1:
        raise ValueError(f"a coverage of {coverage} is not between 0 and 1")
    if not len(truth):
        raise ValueError("prediction sets need calibration songs; there are none")
    names = np.arange(len(truth)) if groups is None else np.asarray(groups)
    _, index, sizes = np.unique(names, return_inverse=True, return_counts=True)
    of_truth = p[np.arange(len(truth)), truth]
    falling = np.argsort(-of_truth, kind="stable")
    reached = np.cumsum(1 / sizes[index][falling])
    # sums of fractions such as 1/3 can end just below the whole number that they stand for
    enough = reached >= coverage * (len(sizes) + 1) - 1e-9
    return float(of_truth[falling][enough.argmax()]) if enough.any() else 0.0


def class_thresholds(
    p: NDArray[np.floating],
    truth: NDArray[np.integer],
    coverage: float = COVERAGE,
    groups: Sequence[str] | NDArray[np.str_] | None = None,
) -> NDArray[np.float64]:
    """Find a threshold for each class on the calibration songs of that class alone.

    Parameters
    ----------
    p, truth, coverage, groups
        As in `threshold`.

    Returns
    -------
    ndarray, shape (n_classes,)
        0 for a class with too few songs, which is then in every set.

    References
    ----------
    Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World, ch. 4 (Mondrian
    predictors); Sadinle, Lei and Wasserman 2019, JASA 114.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    >>> class_thresholds(p, np.array([0, 0, 1, 1]), coverage=0.6).tolist()
    [0.8, 0.4]
    """
    names = np.arange(len(truth)) if groups is None else np.asarray(groups)
    least = np.zeros(p.shape[1])
    for place in np.unique(truth):
        own = truth == place
        least[place] = threshold(p[own], truth[own], coverage, names[own])
    return least


def prediction_sets(
    p: NDArray[np.floating], least: float | NDArray[np.floating]
) -> NDArray[np.bool_]:
    """Give each song's prediction set: the classes with at least the probability of `threshold`.

    `least` is one number, one for each class, or of the shape of `p`.

    Returns
    -------
    ndarray of bool, shape (n_songs, n_classes)
        A set can be empty: no class is likely enough.

    Examples
    --------
    >>> prediction_sets(np.array([[0.7, 0.3], [0.55, 0.45]]), 0.4).tolist()
    [[True, False], [True, True]]
    """
    return np.asarray(p) >= least


def coverage(sets: NDArray[np.bool_], truth: NDArray[np.integer]) -> float:
    """Share of songs whose set contains their class.

    Examples
    --------
    >>> coverage(np.array([[True, False], [True, True]]), np.array([1, 1]))
    0.5
    """
    return float(sets[np.arange(len(truth)), truth].mean())


def mean_set_size(sets: NDArray[np.bool_]) -> float:
    """Mean number of classes in a set; of two models with the same coverage, less is better.

    Examples
    --------
    >>> mean_set_size(np.array([[True, False], [True, True]]))
    1.5
    """
    return float(sets.sum(axis=1).mean())
