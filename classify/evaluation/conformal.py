"""Sets of classes that hold the true one as often as promised (split conformal prediction).

A set holds every class whose probability is at least some limit. The limit is read off songs that
the model was not trained on, so that the true class of so many of them, and of any further song
like them, is in its set. No assumption about the model is needed, only that calibration songs and
further songs are exchangeable; a bad model keeps the promise too, with large sets.

Songs of one group are not exchangeable with songs of another; groups are. Given groups, each group
counts as much as any other, and the promise is for a song of a new group.

Conventions: `p` has a row of class probabilities for each song, shape (n_songs, n_classes), and
`truth` the column of each song's true class. The promise is marginal: over songs of all kinds, not
for each class.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Share of songs whose set holds their class, unless told otherwise.
COVERAGE = 0.9


def limit(
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
        Share of further songs whose set shall hold their class, between 0 and 1.
    groups : sequence of str, length n_songs, optional
        Group of each song; each song its own unless given.

    Returns
    -------
    float
        0 if there are too few songs for the promise, so that only sets of all classes keep it.

    Raises
    ------
    ValueError
        If the coverage is not between 0 and 1, or there are no songs.

    References
    ----------
    Sadinle, Lei and Wasserman 2019, JASA 114 (LAC); with groups, Lee, Barber and Willett 2023,
    Distribution-free inference with hierarchical data, arXiv 2306.06342.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"a coverage of {coverage} is not between 0 and 1")
    if not len(truth):
        raise ValueError("a promise of coverage needs calibration songs; there are none")
    names = np.arange(len(truth)) if groups is None else np.asarray(groups)
    _, index, sizes = np.unique(names, return_inverse=True, return_counts=True)
    of_truth = p[np.arange(len(truth)), truth]
    falling = np.argsort(-of_truth, kind="stable")
    reached = np.cumsum(1 / sizes[index][falling])
    # sums of fractions such as 1/3 can end just below the whole number that they stand for
    enough = reached >= coverage * (len(sizes) + 1) - 1e-9
    return float(of_truth[falling][enough.argmax()]) if enough.any() else 0.0


def sets(p: NDArray[np.floating], least: float) -> NDArray[np.bool_]:
    """Give each song's set of classes: those with at least the probability that `limit` found.

    Returns
    -------
    ndarray of bool, shape (n_songs, n_classes)
        A set can be empty: no class is likely enough.
    """
    return np.asarray(p) >= least


def covered(chosen: NDArray[np.bool_], truth: NDArray[np.integer]) -> float:
    """Share of songs whose set holds their class."""
    return float(chosen[np.arange(len(truth)), truth].mean())


def mean_size(chosen: NDArray[np.bool_]) -> float:
    """Mean number of classes in a set; of two models that keep the promise, less is better."""
    return float(chosen.sum(axis=1).mean())
