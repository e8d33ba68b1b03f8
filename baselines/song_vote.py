"""The mean of three models' probabilities for a whole song (soft vote, Kittler 1998).

All read the song's features as one long window and the mean over its excerpts: a regression on the
quantities as they are, one on their ranks, and extra trees. Their settings are fixed, which
leaves nothing to search. Where a song is there twice, as itself and as what was heard of it, the
regressions learn to say the same of both.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cholesky, solve_triangular
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler

TITLE = "Song-level ensemble"
INPUT = "song-features"
GRID: dict[str, list] = {}

#: What the mean squared difference of a regression's scores between a song and its copy costs, in
#: terms of what the squares of its weights cost. Of 0, 1, 3, 6, 10, 30 and 100, on 663 EMOPIA clips
#: with a copy each, 1 was right about most recordings (70.1 %; 68.3 % with 0), and about 70.9 % of
#: the songs (70.6 % with 0; 71.5 % with 3).
STEADINESS = 1.0


def build(seed: int) -> "SongVote":
    """Build the three models and their ensemble; values far out are bounded for the regressions."""

    def bounded(limit: float) -> FunctionTransformer:
        return FunctionTransformer(np.clip, kw_args={"a_min": -limit, "a_max": limit})

    def regression() -> LogisticRegression:
        return LogisticRegression(C=2e-3, max_iter=100, random_state=seed)

    ranks = QuantileTransformer(n_quantiles=100, output_distribution="normal", random_state=seed)
    trees = ExtraTreesClassifier(n_estimators=300, min_samples_leaf=2, random_state=seed)
    members = [
        ("plain", make_pipeline(StandardScaler(), bounded(3.0), regression())),
        ("ranked", make_pipeline(ranks, bounded(2.5), StandardScaler(), regression())),
        ("trees", trees),
    ]
    return SongVote(members, voting="soft")


class SongVote(VotingClassifier):
    """A vote whose regressions say much the same of a song and of a copy of it.

    Parameters are those of `VotingClassifier`.
    """

    def fit(self, x: NDArray, y: ArrayLike, originals: ArrayLike | None = None) -> "SongVote":
        """Fit the members.

        Parameters
        ----------
        x : ndarray, shape (n, n_columns)
            Rows, one a song or a copy of one.
        y : array of labels, length n
            At least two classes.
        originals : array, length n, optional
            Which song each row is, or is a copy of; each its own unless given.
        """
        super().fit(x, y)
        first, copy = _pairs(np.arange(len(x)) if originals is None else np.asarray(originals))
        if len(copy):
            codes = self.le_.transform(y)
            for member in self.estimators_:
                if isinstance(member, Pipeline):
                    _steady(member, x, codes, first, copy)
        return self


def _pairs(originals: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair the first row of a song with each later one."""
    _, begin, place = np.unique(originals, return_index=True, return_inverse=True)
    first = begin[place]
    copy = np.flatnonzero(first != np.arange(len(originals)))
    return first[copy], copy


def _steady(
    member: Pipeline, x: NDArray, y: NDArray, first: NDArray[np.int64], copy: NDArray[np.int64]
) -> None:
    """Fit a pipeline's regression again, with a price on how much pairs of rows differ in scores.

    With the mean D of the differences' outer products, weights w cost w'w + STEADINESS w'Dw. That
    is w'LL'w, so a plain regression finds L'w when its rows x are given as L^-1 x.
    """
    rows = np.asarray(member[:-1].transform(x), dtype=float)
    apart = rows[copy] - rows[first]
    cost = np.eye(rows.shape[1]) + STEADINESS * (apart.T @ apart) / len(apart)
    lower = cholesky(cost, lower=True)
    regression = clone(member[-1]).fit(solve_triangular(lower, rows.T, lower=True).T, y)
    regression.coef_ = solve_triangular(lower, regression.coef_.T, lower=True, trans="T").T
    member.steps[-1] = (member.steps[-1][0], regression)
