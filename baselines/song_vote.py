"""The mean of three models' probabilities for a whole song (soft vote, Kittler 1998).

All read the song's features as one long window and the mean over its excerpts: a regression on the
quantities as they are, one on their ranks, and extra trees. Their settings are fixed, which
leaves nothing to search. Where a song is there twice, as itself and as what was heard of it, the
regressions learn to say the same of both, and the three models are there twice too: on all
quantities and, with more of a say, on those alone that last, which are much the same in both.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.stats import rankdata
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

#: A quantity lasts where its values for songs and for their copies correlate by more (Spearman's
#: rank correlation).
LASTS = 0.7

#: How much the vote on these quantities counts beside the vote on all, which counts 1. Of 663
#: EMOPIA clips and their recordings, 84 % are predicted alike with 0, 87 % with 1 and 88 % with 2.
WEIGHT = 2.0

#: Pairs from which it can be told what lasts; with fewer, the vote is on all quantities.
LEAST_PAIRS = 30


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
    """A vote that says much the same of a song and of a copy of it.

    Parameters are those of `VotingClassifier`.

    Attributes
    ----------
    lasting_ : ndarray of int
        Columns that are much the same for songs and for copies; none where there are too few pairs.
    lasting_vote_ : VotingClassifier or None
        The vote on these.
    """

    lasting_vote_: VotingClassifier | None = None  # what was saved earlier has none

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
        self.lasting_, self.lasting_vote_ = np.zeros(0, np.int64), None
        first, copy = _pairs(np.arange(len(x)) if originals is None else np.asarray(originals))
        if len(copy):
            _steady_vote(self, x, y, first, copy)
        if len(copy) >= LEAST_PAIRS:
            self.lasting_ = np.flatnonzero(_correlations(x[first], x[copy]) > LASTS)
        if len(self.lasting_):
            kept, vote = x[:, self.lasting_], VotingClassifier(self.estimators, voting="soft")
            self.lasting_vote_ = vote.fit(kept, y)
            _steady_vote(vote, kept, y, first, copy)
        return self

    def predict_proba(self, x: NDArray) -> NDArray[np.float64]:
        """Give class probabilities, shape (n, n_classes)."""
        p = super().predict_proba(x)
        if self.lasting_vote_ is None:
            return p
        return (p + WEIGHT * self.lasting_vote_.predict_proba(x[:, self.lasting_])) / (1 + WEIGHT)


def _pairs(originals: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair the first row of a song with each later one."""
    _, begin, place = np.unique(originals, return_index=True, return_inverse=True)
    first = begin[place]
    copy = np.flatnonzero(first != np.arange(len(originals)))
    return first[copy], copy


def _correlations(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    """Correlate the ranks of each column's values; 0 where they are all the same."""
    ranks = [rankdata(rows, axis=0) for rows in (a, b)]
    ranks = [rows - rows.mean(axis=0) for rows in ranks]
    spread = np.sqrt((ranks[0] ** 2).sum(axis=0) * (ranks[1] ** 2).sum(axis=0))
    return np.asarray((ranks[0] * ranks[1]).sum(axis=0) / np.where(spread > 0, spread, 1.0))


def _steady_vote(
    vote: VotingClassifier,
    x: NDArray,
    y: ArrayLike,
    first: NDArray[np.int64],
    copy: NDArray[np.int64],
) -> None:
    """Fit the regressions of a vote again, as below."""
    codes = vote.le_.transform(y)
    for member in vote.estimators_:
        if isinstance(member, Pipeline):
            _steady(member, x, codes, first, copy)


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
