"""Scores of confusion matrices.

Conventions: rows of a confusion matrix are true classes, columns predicted ones; the last two axes
are the matrix, any axes before them are resamples (`classify.evaluation.intervals`).
"""

import numpy as np
from numpy.typing import NDArray


def song_means(p: NDArray[np.floating], song: NDArray[np.integer]) -> NDArray[np.float64]:
    """Average the probabilities of windows over their songs.

    Parameters
    ----------
    p : ndarray, shape (n_windows, n_classes)
        Of each window.
    song : ndarray of int, shape (n_windows,)
        The song of each window, counted from 0; every song has a window.

    Returns
    -------
    ndarray, shape (n_songs, n_classes)

    Examples
    --------
    >>> song_means(np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]), np.array([0, 0, 1])).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    sums = np.zeros((song.max() + 1, p.shape[1]))
    np.add.at(sums, song, p)
    return np.asarray(sums / np.bincount(song)[:, None])


def confusion(
    truth: NDArray[np.integer], prediction: NDArray[np.integer], n_classes: int
) -> NDArray:
    """Count predictions, shape (n_classes, n_classes): true class by row, predicted by column.

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    flat = np.bincount(truth * n_classes + prediction, minlength=n_classes**2)
    return flat.reshape(n_classes, n_classes)


def accuracy(counts: NDArray) -> NDArray[np.float64]:
    """Share of correct predictions.

    Examples
    --------
    >>> round(float(accuracy(np.array([[3, 1], [0, 2]]))), 3)
    0.833
    """
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


def macro_f1(counts: NDArray) -> NDArray[np.float64]:
    """Mean over classes of F1, the harmonic mean of precision and recall.

    A class that neither occurs nor is predicted does not count; one that is never predicted has 0.

    Examples
    --------
    >>> round(float(macro_f1(np.array([[3, 1], [0, 2]]))), 3)
    0.829
    """
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    both = counts.sum(axis=-1) + counts.sum(axis=-2)
    return _mean_where(2 * right, both)


def balanced_accuracy(counts: NDArray) -> NDArray[np.float64]:
    """Mean over the classes that occur of their recall, the share of songs predicted correctly.

    Examples
    --------
    >>> float(balanced_accuracy(np.array([[3, 1], [0, 2]])))
    0.875
    """
    return _mean_where(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


def mcc(counts: NDArray) -> NDArray[np.float64]:
    """Matthews' correlation coefficient of several classes (Gorodkin 2004), from -1 to 1.

    0 for guessing and where all predictions, or all songs, are of one class.

    Examples
    --------
    >>> float(mcc(np.array([[2, 0], [0, 2]]))), float(mcc(np.array([[2, 0], [2, 0]])))
    (1.0, 0.0)
    """
    total = counts.sum(axis=(-2, -1))
    of_truth, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    right = np.trace(counts, axis1=-2, axis2=-1)
    above = right * total - (of_truth * predicted).sum(axis=-1)
    spread = (total**2 - (of_truth**2).sum(axis=-1)) * (total**2 - (predicted**2).sum(axis=-1))
    below = np.sqrt(np.maximum(spread, 0.0))
    return np.divide(above, below, out=np.zeros(np.shape(below)), where=below > 0)


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
