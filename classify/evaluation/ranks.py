"""Do models rank alike over several corpora? Tests in which a corpus counts once.

Friedman's test asks whether ranks differ at all, Wilcoxon's signed-rank test whether two models do.
Both know a corpus by one score a model, however many songs it has: with few corpora they can find
nothing, and `least_p` says from how many on they could.

Conventions: scores have a row a corpus and a column a model, higher is better; rank 1 is best.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import friedmanchisquare, rankdata

from classify.evaluation.significance import holm, swapped


@dataclass(frozen=True, eq=False)
class Ranking:
    """How models rank over corpora.

    Parameters
    ----------
    mean : ndarray, shape (n_models,)
        Mean ranks; equal scores share the mean of their ranks.
    friedman : float or None
        p value of Friedman's test that all models rank alike; None for two models, of which there
        is nothing to say but what their one pair says.
    p_values : ndarray, shape (n_models, n_models)
        Two-sided Wilcoxon tests of each pair, Holm-adjusted over all pairs; 1 on the diagonal.
    """

    mean: NDArray[np.float64]
    friedman: float | None
    p_values: NDArray[np.float64]

    def apart(self, level: float = 0.05) -> list[tuple[int, int]]:
        """Give the pairs told apart, the better-ranked model first, best pairs first.

        A pair counts only if Friedman's test, too, finds that models differ at all.
        """
        if self.friedman is not None and self.friedman >= level:
            return []
        order = np.argsort(self.mean, kind="stable")
        return [(a, b) for a, b in combinations(order.tolist(), 2) if self.p_values[a, b] < level]

    def together(self, level: float = 0.05) -> list[list[int]]:
        """Give the models that stay together: neighbours by rank of which no pair is told apart.

        Each list is as long as can be, best model first. A model that is told apart from both its
        neighbours is in none; one between two lists can be in both.
        """
        order = np.argsort(self.mean, kind="stable").tolist()
        apart, reach, found = set(self.apart(level)), 0, []
        for first in range(len(order)):
            last = first
            while last + 1 < len(order) and not any(
                (order[i], order[last + 1]) in apart for i in range(first, last + 1)
            ):
                last += 1
            if last > max(first, reach):
                found.append(order[first : last + 1])
                reach = last
        return found


def rank(scores: NDArray[np.float64]) -> Ranking:
    """Rank models over corpora and test whether they differ.

    Parameters
    ----------
    scores : ndarray, shape (n_corpora, n_models)
        Every score of every model, none missing.

    Returns
    -------
    Ranking

    Raises
    ------
    ValueError
        If a score is missing, or there are fewer than two corpora or two models.

    References
    ----------
    Demsar 2006, Statistical comparisons of classifiers over multiple data sets, JMLR 7; Benavoli,
    Corani and Mangili 2016, Should we really use post-hoc tests based on mean-ranks?, JMLR 17
    (Wilcoxon's test in place of Nemenyi's).
    """
    n_corpora, n_models = scores.shape
    if n_corpora < 2 or n_models < 2 or not np.isfinite(scores).all():
        raise ValueError("ranks need two corpora and two models at least, and every score")
    pairs = list(combinations(range(n_models), 2))
    p_values = np.ones((n_models, n_models))
    for (a, b), p in zip(
        pairs, holm([signed_rank(scores[:, a] - scores[:, b]) for a, b in pairs]), strict=True
    ):
        p_values[a, b] = p_values[b, a] = p
    return Ranking(rankdata(-scores, axis=1).mean(axis=0), _friedman(scores), p_values)


def signed_rank(difference: NDArray[np.float64]) -> float:
    """Wilcoxon's signed-rank test, exact with ties too.

    Zeros are left out, and equal sizes share the mean of their ranks. scipy's test gives the same
    p value, but takes a second for ten corpora as soon as two differences are of one size.

    Parameters
    ----------
    difference : ndarray, shape (n_corpora,)
        Score of one model less that of another.

    Returns
    -------
    float
        Two-sided p value; 1 if there is no difference.

    References
    ----------
    Wilcoxon 1945, Individual comparisons by ranking methods, Biometrics Bulletin 1.
    """
    difference = np.round(difference, 9)  # 0.85 - 0.80 and 0.75 - 0.70 are of one size
    known = difference[difference != 0]
    halves = np.rint(2 * rankdata(np.abs(known))).astype(int)  # shared ranks are whole or a half
    return swapped(np.where(known > 0, halves, -halves))


def _friedman(scores: NDArray[np.float64]) -> float | None:
    if scores.shape[1] < 3:
        return None
    if (scores == scores[:, :1]).all():
        return 1.0  # all models tie on every corpus
    return float(friedmanchisquare(*scores.T).pvalue)


def least_p(n_corpora: int, n_pairs: int = 1) -> float:
    """Give the lowest adjusted p value that a pair can reach: one model wins on every corpus.

    Of the 2 ** n_corpora ways to sign the differences two are that extreme; Holm multiplies the
    lowest p value by the number of pairs.
    """
    return min(1.0, n_pairs * 2.0 ** (1 - n_corpora))


def enough(n_pairs: int = 1, level: float = 0.05) -> int:
    """Give the least number of corpora with which a pair could be told apart."""
    return next(n for n in range(2, 1000) if least_p(n, n_pairs) < level)
