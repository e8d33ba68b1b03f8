"""Ranks of models over several corpora, and tests in which a corpus counts once.

Friedman's test asks whether ranks differ at all, Wilcoxon's signed-rank test whether two models do.
Both use one score per corpus and model, however many songs it has: with few corpora no difference
can be significant, and `lowest_p` gives what p value is possible.

Conventions: scores have a row a corpus and a column a model, higher is better; rank 1 is best.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import friedmanchisquare, rankdata

from classify.evaluation.significance import holm, sign_flip_test


@dataclass(frozen=True, eq=False)
class Ranking:
    """Ranks of models over corpora.

    Parameters
    ----------
    mean : ndarray, shape (n_models,)
        Mean ranks; equal scores share the mean of their ranks.
    friedman : float or None
        p value of Friedman's test that all models rank alike; None for two models,
        where the test of their one pair says it all.
    p_values : ndarray, shape (n_models, n_models)
        Two-sided Wilcoxon tests of each pair, Holm-adjusted over all pairs; 1 on the diagonal.
    """

    mean: NDArray[np.float64]
    friedman: float | None
    p_values: NDArray[np.float64]

    def significant_pairs(self, level: float = 0.05) -> list[tuple[int, int]]:
        """Give the significantly different pairs, the better model first, best pairs first.

        A pair counts only if Friedman's test is significant too.
        """
        if self.friedman is not None and self.friedman >= level:
            return []
        order = np.argsort(self.mean, kind="stable")
        return [(a, b) for a, b in combinations(order.tolist(), 2) if self.p_values[a, b] < level]

    def inseparable_models(self, level: float = 0.05) -> list[list[int]]:
        """Give lists of neighbours by rank of which no pair is significantly different.

        Each list is as long as possible, best model first. A model that differs significantly from
        both its neighbours is in none; one between two lists can be in both.
        """
        order = np.argsort(self.mean, kind="stable").tolist()
        different, reach, lists = set(self.significant_pairs(level)), 0, []
        for first in range(len(order)):
            last = first
            while last + 1 < len(order) and not any(
                (order[i], order[last + 1]) in different for i in range(first, last + 1)
            ):
                last += 1
            if last > max(first, reach):
                lists.append(order[first : last + 1])
                reach = last
        return lists


def rank_models(scores: NDArray[np.float64]) -> Ranking:
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

    Examples
    --------
    Three models on six corpora; the first is best on all of them.

    >>> scores = np.array([[0.9, 0.6, 0.7], [0.8, 0.7, 0.6], [0.9, 0.5, 0.6],
    ...                    [0.7, 0.6, 0.5], [0.8, 0.4, 0.5], [0.9, 0.8, 0.7]])
    >>> ranking = rank_models(scores)
    >>> ranking.mean.tolist(), ranking.p_values[0].round(3).tolist()
    ([1.0, 2.5, 2.5], [1.0, 0.094, 0.094])
    >>> ranking.significant_pairs()
    []
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

    Examples
    --------
    >>> signed_rank(np.array([0.1, 0.2, 0.05, 0.3, 0.15, 0.25]))
    0.03125
    """
    difference = np.round(difference, 9)  # 0.85 - 0.80 and 0.75 - 0.70 are of one size
    known = difference[difference != 0]
    halves = np.rint(2 * rankdata(np.abs(known))).astype(int)  # shared ranks are whole or a half
    return sign_flip_test(np.where(known > 0, halves, -halves))


def _friedman(scores: NDArray[np.float64]) -> float | None:
    if scores.shape[1] < 3:
        return None
    if (scores == scores[:, :1]).all():
        return 1.0  # all models tie on every corpus
    return float(friedmanchisquare(*scores.T).pvalue)


def lowest_p(n_corpora: int, n_pairs: int = 1) -> float:
    """Give the lowest adjusted p value that a pair can reach: one model wins on every corpus.

    Of the 2 ** n_corpora ways to sign the differences two are that extreme; Holm multiplies the
    lowest p value by the number of pairs.

    Examples
    --------
    >>> lowest_p(5), lowest_p(6, n_pairs=3)
    (0.0625, 0.09375)
    """
    return min(1.0, n_pairs * 2.0 ** (1 - n_corpora))


def corpora_needed(n_pairs: int = 1, level: float = 0.05) -> int:
    """Give the smallest number of corpora with which a pair can be significantly different.

    Examples
    --------
    >>> corpora_needed(), corpora_needed(n_pairs=3)
    (6, 7)
    """
    return next(n for n in range(2, 1000) if lowest_p(n, n_pairs) < level)
