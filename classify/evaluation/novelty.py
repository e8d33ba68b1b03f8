"""Is a song like any that a model has learned from? If not, its answer is a guess.

A song is a row of quantities. Each quantity is centred on its median over the training songs and
divided by their spread, but by no less than the smallest difference that matters, so that a corpus
in which a quantity never changes does not make every other song strange. A song's *distance* is its
mean distance to the nearest training songs, by the root of the mean square over quantities. It is
*known* if it is no further off than 99 of 100 training songs are from those of other groups.

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
FEWEST_TOLD, MOST_TOLD = 30, 1000

#: A quantity counts at most so many spreads from the centre.
FURTHEST = 10.0


@dataclass(frozen=True, eq=False)
class Novelty:
    """What training songs are like.

    Parameters
    ----------
    centre, scale : ndarray, shape (n_quantities,)
        Of each quantity.
    reference : ndarray of float32, shape (n_kept, n_quantities)
        Training songs, centred and scaled.
    threshold : float
        The largest distance of a known song.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    reference: NDArray[np.float32]
    threshold: float

    def distance(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Give each song's mean distance to its nearest training songs, shape (n_songs,)."""
        apart = _apart(_scaled(x, self.centre, self.scale), self.reference)
        return _to_nearest(apart)

    def known(self, x: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Say which songs are like those of the training."""
        return self.distance(x) <= self.threshold

    def told_apart(self, x: NDArray[np.floating], seed: int = 0) -> float:
        """Say how well a collection as a whole can be told from the training songs.

        Each of its songs may be like some song of the training, and all of them together still be
        another kind of music, for which the model's confidence was never measured. A logistic
        regression learns to tell the two collections apart and is asked about songs held out.

        Parameters
        ----------
        x : ndarray, shape (n_songs, n_quantities)
            The collection; of more than `MOST_TOLD` songs, so many are drawn.
        seed : int
            Of the draw and the folds.

        Returns
        -------
        float
            Area under the ROC curve: about 0.5 if there is nothing to tell, 1 if no song is
            mistaken. NaN if either collection has fewer than `FEWEST_TOLD` songs.

        References
        ----------
        Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests, ICLR.
        """
        if min(len(x), len(self.reference)) < FEWEST_TOLD:
            return float("nan")
        draw = np.random.default_rng(seed)
        new = _scaled(draw.permutation(x)[:MOST_TOLD], self.centre, self.scale)
        old = draw.permutation(self.reference)[:MOST_TOLD]
        both, which = np.concatenate([old, new]), np.repeat([0, 1], [len(old), len(new)])
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        regression = LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000)
        said = cross_val_predict(regression, both, which, cv=folds, method="decision_function")
        return float(roc_auc_score(which, said))


def fit(
    x: NDArray[np.floating],
    groups: Sequence[str],
    least: NDArray[np.floating],
    seed: int = 0,
) -> Novelty:
    """Learn what training songs are like.

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
    """
    if len(set(groups)) < 2:
        raise ValueError("distances between groups of songs need two groups at least")
    centre = np.median(x, axis=0)
    low, high = np.quantile(x, [0.25, 0.75], axis=0)
    scale = np.maximum((high - low) / 1.349, least)
    order = np.sort(np.random.default_rng(seed).permutation(len(x))[:MOST_SONGS])
    reference = _scaled(x[order], centre, scale).astype(np.float32)
    names = np.asarray(groups)[order]
    apart = _apart(reference, reference)
    apart[names[:, None] == names[None, :]] = np.inf
    distance = _to_nearest(apart)
    threshold = np.quantile(distance[np.isfinite(distance)], INSIDE, method="higher")
    return Novelty(centre, scale, reference, float(threshold))


def _scaled(
    x: NDArray[np.floating], centre: NDArray[np.floating], scale: NDArray[np.floating]
) -> NDArray[np.float64]:
    return np.clip((x - centre) / scale, -FURTHEST, FURTHEST)


def _apart(x: NDArray[np.floating], reference: NDArray[np.floating]) -> NDArray[np.float64]:
    return cdist(x, reference) / np.sqrt(reference.shape[1])


def _to_nearest(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average the smallest distances of each row; those that are infinite do not count."""
    nearest = np.sort(apart, axis=1)[:, :NEIGHBOURS]
    there = np.isfinite(nearest)
    sums = np.where(there, nearest, 0.0).sum(axis=1)
    return np.where(there.any(axis=1), sums / np.maximum(there.sum(axis=1), 1), np.inf)
