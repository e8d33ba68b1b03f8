"""Scores and their intervals, all from confusion counts.

Every score here is a function of the confusion matrix, so a bootstrap over groups of songs needs
no second look at the predictions: the matrix of each group is counted once, and a resample of
groups is a weighted sum of their matrices.

Conventions: rows of a confusion matrix are true classes, columns predicted ones; the last two axes
are the matrix, any axes before them are resamples.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Resamples of a bootstrap.
RESAMPLES = 2000

#: Two-sided coverage of every interval.
LEVEL = 0.95


def confusion(truth: NDArray[np.integer], answer: NDArray[np.integer], n_classes: int) -> NDArray:
    """Count answers, shape (n_classes, n_classes): true class by row, answered class by column."""
    flat = np.bincount(truth * n_classes + answer, minlength=n_classes**2)
    return flat.reshape(n_classes, n_classes)


def accuracy(counts: NDArray) -> NDArray[np.float64]:
    """Share of right answers."""
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


def macro_f1(counts: NDArray) -> NDArray[np.float64]:
    """Mean over classes of F1, the harmonic mean of precision and recall.

    A class that neither occurs nor is answered does not count; one that is never answered has 0.
    """
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    both = counts.sum(axis=-1) + counts.sum(axis=-2)
    return _mean_where(2 * right, both)


def balanced_accuracy(counts: NDArray) -> NDArray[np.float64]:
    """Mean over the classes that occur of the share of their songs answered rightly (recall)."""
    return _mean_where(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


def _mean_where(above: NDArray, below: NDArray) -> NDArray[np.float64]:
    """Mean over the last axis of above / below, over entries whose denominator is not 0."""
    ratio = np.divide(above, below, out=np.zeros(below.shape), where=below > 0)
    return ratio.sum(axis=-1) / (below > 0).sum(axis=-1)


#: Every score by the name it has in scores.csv.
SCORES = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "balanced_accuracy": balanced_accuracy,
}


def resampled(
    truth: NDArray[np.integer],
    answer: NDArray[np.integer],
    groups: Sequence[str],
    n_classes: int,
    seed: int,
) -> NDArray[np.float64]:
    """Draw groups with replacement and count confusions for each draw.

    Parameters
    ----------
    truth, answer : ndarray of int, shape (n,)
        True and answered class of each song or window.
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
    """
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    per_group = np.zeros((len(names), n_classes**2))
    np.add.at(per_group, (index, truth * n_classes + answer), 1)
    draws = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES
    )
    return (draws @ per_group).reshape(RESAMPLES, n_classes, n_classes)


def interval(replicates: NDArray[np.float64]) -> tuple[float, float]:
    """Give the percentile interval of bootstrap replicates of a score, shape (RESAMPLES,)."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return float(low), float(high)
