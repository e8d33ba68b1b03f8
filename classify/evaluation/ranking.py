"""How well probabilities rank songs of a class before all others, whatever threshold is chosen.

Areas under one-vs-rest ROC and precision–recall curves, with intervals by a bootstrap over groups
of songs. The same areas as scikit-learn's `roc_auc_score` and `average_precision_score`, for all
resamples at once: a resample only weights songs, and sorting does not change with weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.evaluation.intervals import Estimate, bootstrap_of_counts, effective_groups, interval


@dataclass(frozen=True)
class Areas:
    """Areas under the curves of each class against the others, and their means over classes.

    Parameters
    ----------
    roc, precision : list of (Estimate or None)
        Of each class; None where no song, or every song, is of it.
    mean_roc, mean_precision : Estimate
        Over the other classes.
    """

    roc: list[Estimate | None]
    precision: list[Estimate | None]
    mean_roc: Estimate
    mean_precision: Estimate


def weighted_areas(
    positive: NDArray[np.bool_], score: NDArray[np.floating], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Give the areas under the ROC curve and under the precision–recall curve.

    Parameters
    ----------
    positive : ndarray of bool, shape (n_songs,)
        Which songs are of the class.
    score : ndarray, shape (n_songs,)
        Its probability; equal ones are one point of a curve.
    weights : ndarray, shape (n_resamples, n_songs)
        How often each resample has each song.

    Returns
    -------
    ndarray, shape (n_resamples, 2)
        The share of pairs that are in order, of pairs of a song of the class and another (half of
        those that are equal); and average precision. NaN for a resample without such pairs.

    Examples
    --------
    >>> positive, score = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.6, 0.1])
    >>> weighted_areas(positive, score, np.ones((1, 4))).round(3).tolist()
    [[0.75, 0.833]]
    """
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))  # of equal ones
    weights = weights[:, order].astype(float)
    right = np.cumsum(weights * positive[order], axis=1)[:, last]
    kept = np.cumsum(weights, axis=1)[:, last]
    wrong, n_right = kept - right, right[:, -1:]
    n_wrong = wrong[:, -1:]
    more_right, more_wrong = np.diff(right, prepend=0), np.diff(wrong, prepend=0)
    with np.errstate(invalid="ignore"):
        roc = (more_wrong * (right - more_right / 2)).sum(axis=1) / (n_right * n_wrong)[:, 0]
        precision = right / np.maximum(kept, 1e-300)
        average = (more_right * precision).sum(axis=1) / n_right[:, 0]
    return np.column_stack([roc, np.where(np.isnan(roc), np.nan, average)])


def areas(
    p: NDArray[np.floating],
    truth: NDArray[np.integer],
    groups: Sequence[str],
    seed: int,
    n_folds: int = 1,
) -> Areas:
    """Estimate the areas under each class's curves.

    Parameters
    ----------
    p : ndarray, shape (n_songs, n_classes)
        Probabilities, of the songs of all folds together.
    truth : ndarray of int, shape (n_songs,)
        True class of each song.
    groups : sequence of str, length n_songs
        The units that are drawn.
    seed : int
        Of the bootstrap.
    n_folds : int
        As in `classify.evaluation.intervals.interval`.

    Raises
    ------
    ValueError
        If all songs are of one class.

    References
    ----------
    Fawcett 2006, An introduction to ROC analysis, Pattern Recognition Letters 27; Davis and
    Goadrich 2006, The relationship between precision-recall and ROC curves, ICML.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.4, 0.6], [0.6, 0.4], [0.2, 0.8]])
    >>> found = areas(p, np.array([0, 0, 1, 1]), ["a", "b", "c", "d"], seed=0)
    >>> found.mean_roc.value, [round(one.value, 3) for one in found.precision]
    (0.75, [0.833, 0.833])
    """
    n_classes, n_groups = p.shape[1], effective_groups(groups)
    known = [c for c in range(n_classes) if 0 < (truth == c).sum() < len(truth)]
    if not known:
        raise ValueError("all songs are of one class; give songs of at least two")
    found = _found(p[:, known], truth[:, None] == np.array(known), groups, seed)

    def estimated(areas: NDArray) -> Estimate:
        replicates = areas[1:][np.isfinite(areas[1:])]
        if n_groups <= 1 or not len(replicates):
            return Estimate(float(areas[0]), 0.0, 1.0)
        return Estimate(float(areas[0]), *interval(replicates, n_groups, n_folds))

    roc, precision = (
        [
            estimated(found[:, known.index(c), which]) if c in known else None
            for c in range(n_classes)
        ]
        for which in (0, 1)
    )
    return Areas(roc, precision, *(estimated(found[:, :, which].mean(axis=1)) for which in (0, 1)))


def _found(p: NDArray, positive: NDArray, groups: Sequence[str], seed: int) -> NDArray:
    """Areas of the songs, then of each resample: shape (1 + RESAMPLES, n_classes, 2)."""

    def of_classes(times: NDArray) -> NDArray:
        pairs = zip(positive.T, p.T, strict=True)
        return np.stack([weighted_areas(*of_class, times) for of_class in pairs], axis=1)

    songs = np.ones((1, len(p)), int)
    return np.concatenate([of_classes(songs), bootstrap_of_counts(of_classes, groups, seed)])
