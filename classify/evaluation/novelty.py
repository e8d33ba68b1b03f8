"""Novelty: is a song like the training songs of a model? If not, its prediction is unreliable.

A song is a row of quantities. Each quantity is centred on its median over the training songs and
divided by their spread, but by no less than the smallest difference that matters, so that a corpus
in which a quantity never changes does not make every other song novel. A song's *distance* is its
mean distance to the nearest training songs, by the root of the mean square over quantities. It is
*in distribution* if it is no further away than 99 of 100 training songs are from those of other
groups.

Conventions: `x` has a row of quantities for each song, shape (n_songs, n_quantities), all finite.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

#: Training songs that a song is compared with: so many nearest.
NEIGHBOURS = 5

#: Share of training songs that lie within the threshold when their own group is held out.
INSIDE = 0.99

#: Training songs that are kept for comparison; of more, so many are drawn.
MOST_SONGS = 2000

#: Songs of a collection that is compared as a whole: at least, and at most.
FEWEST_COMPARED, MOST_COMPARED = 30, 1000

#: A quantity counts at most so many spreads from the centre.
FURTHEST = 10.0


@dataclass(frozen=True, eq=False)
class Novelty:
    """A description of training songs, to compare others with.

    Parameters
    ----------
    centre, scale : ndarray, shape (n_quantities,)
        Of each quantity.
    reference : ndarray of float32, shape (n_kept, n_quantities)
        Training songs, centred and scaled.
    threshold : float
        The largest distance of a song in distribution.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    reference: NDArray[np.float32]
    threshold: float

    def distance(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Give each song's mean distance to its nearest training songs, shape (n_songs,)."""
        distances = _distances(_scaled(x, self.centre, self.scale), self.reference)
        return _to_nearest(distances)

    def in_distribution(self, x: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Mark the songs that are like the training songs."""
        return self.distance(x) <= self.threshold

    def domain_auc(self, x: NDArray[np.floating], seed: int = 0) -> float:
        """Measure how well a collection as a whole can be distinguished from the training songs.

        Each of its songs may be like some training song, and all of them together still be another
        kind of music, for which the model's confidence was never measured. A logistic regression
        learns to distinguish the two collections and is evaluated on held-out songs.

        Parameters
        ----------
        x : ndarray, shape (n_songs, n_quantities)
            The collection; of more than `MOST_COMPARED` songs, so many are drawn.
        seed : int
            Of the draw and the folds.

        Returns
        -------
        float
            Area under the ROC curve: about 0.5 if the collections are alike, 1 if every song is
            attributed correctly. NaN if either collection has fewer than `FEWEST_COMPARED` songs.

        References
        ----------
        Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests, ICLR.
        """
        if min(len(x), len(self.reference)) < FEWEST_COMPARED:
            return float("nan")
        draw = np.random.default_rng(seed)
        drawn = draw.permutation(len(x))[:MOST_COMPARED]
        new = _scaled(x[drawn], self.centre, self.scale)
        old = draw.permutation(self.reference)[:MOST_COMPARED]
        both, which = np.concatenate([old, new]), np.repeat([0, 1], [len(old), len(new)])
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        regression = LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000)
        scores = cross_val_predict(regression, both, which, cv=folds, method="decision_function")
        return float(roc_auc_score(which, scores))


def fit(
    x: NDArray[np.floating],
    groups: Sequence[str],
    least: NDArray[np.floating],
    seed: int = 0,
) -> Novelty:
    """Describe training songs, so that others can be compared with them.

    Parameters
    ----------
    x : ndarray, shape (n_songs, n_quantities)
        Training songs.
    groups : sequence of str, length n_songs
        Group of each; a song is never compared with its own group.
    least : ndarray, shape (n_quantities,)
        The smallest difference of each quantity that matters.
    seed : int
        Of the draw, if there are more than `MOST_SONGS`.

    Raises
    ------
    ValueError
        If there are fewer than two groups.

    References
    ----------
    Ramaswamy, Rastogi and Shim 2000, SIGMOD (distance to the k-th nearest neighbour); the mean over
    the k nearest is Angiulli and Pizzuti 2002, PKDD.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> novelty = fit(x, groups=[str(song) for song in range(100)], least=np.array([0.1, 0.1]))
    >>> novelty.in_distribution(np.array([[0.0, 0.0], [9.0, 9.0]])).tolist()
    [True, False]
    """
    if len(set(groups)) < 2:
        raise ValueError("distances between groups of songs need two groups at least")
    centre = np.median(x, axis=0)
    low, high = np.quantile(x, [0.25, 0.75], axis=0)
    scale = np.maximum((high - low) / 1.349, least)
    order = np.sort(np.random.default_rng(seed).permutation(len(x))[:MOST_SONGS])
    reference = _scaled(x[order], centre, scale).astype(np.float32)
    names = np.asarray(groups)[order]
    distances = _distances(reference, reference)
    distances[names[:, None] == names[None, :]] = np.inf
    distance = _to_nearest(distances)
    threshold = np.quantile(distance[np.isfinite(distance)], INSIDE, method="higher")
    return Novelty(centre, scale, reference, float(threshold))


def _scaled(
    x: NDArray[np.floating], centre: NDArray[np.floating], scale: NDArray[np.floating]
) -> NDArray[np.float64]:
    return np.clip((x - centre) / scale, -FURTHEST, FURTHEST)


def _distances(x: NDArray[np.floating], reference: NDArray[np.floating]) -> NDArray[np.float64]:
    return cdist(x, reference) / np.sqrt(reference.shape[1])


def _to_nearest(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average the smallest distances of each row; those that are infinite do not count."""
    nearest = np.sort(distances, axis=1)[:, :NEIGHBOURS]
    finite = np.isfinite(nearest)
    sums = np.where(finite, nearest, 0.0).sum(axis=1)
    return np.where(finite.any(axis=1), sums / np.maximum(finite.sum(axis=1), 1), np.inf)
