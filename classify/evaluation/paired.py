"""The best model against each other one, on the same songs.

Which model is best was seen on these very songs, so that it is ahead of others by luck too. On one
hold-out, where the test is exact, p values between models are therefore adjusted over all pairs of
them, and those against the majority class over all models. Over folds they are adjusted over the
comparisons shown: the tests are cautious enough for that. `benchmarks/best_of_many.py` measures
both.

Conventions: a *right* table has a row for each song of each fold, one column of bool for each
model, and an index of (repeat, fold, group, song).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from classify.evaluation import significance
from classify.evaluation.intervals import Estimate, estimates
from classify.evaluation.significance import Comparison, MeanDifference

#: With fewer fits of a model than this, songs are pooled: a t test over folds finds less then
#: (benchmarks/power.py).
FEW_FITS = 20

#: Differences with an adjusted p value below this are called significant.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Difference:
    """The best model's accuracy on songs less that of another model.

    Parameters
    ----------
    points : Estimate
        Hold-out: difference of the two accuracies; folds: mean over folds of that difference. The
        interval is of this one difference alone.
    p_value : float
        Adjusted after Holm.
    same_songs : bool
        Whether both models are right on the very same songs.
    probabilities : Comparison or None
        That the best (a) is better, practically equivalent, and worse; None without folds.
    """

    points: Estimate
    p_value: float
    same_songs: bool
    probabilities: Comparison | None = None

    @property
    def significant(self) -> bool:
        """Whether it is statistically significant."""
        return self.p_value < SIGNIFICANT


def right_table(songs: pd.DataFrame) -> pd.DataFrame:
    """Lay out which songs each model predicted correctly.

    Parameters
    ----------
    songs : DataFrame
        Song rows of the test part, as predictions.parquet has them.

    Returns
    -------
    DataFrame
        One column for each model; see the module's conventions.
    """
    rows = songs.assign(right=songs.label == songs.prediction)
    keys = ["repeat", "fold", "group", "song"]
    return rows.pivot(index=keys, columns="model", values="right").sort_index()


def against_best(
    right: pd.DataFrame, names: list[str], majority: str | None, n_folds: int, seed: int
) -> dict[str, Difference]:
    """Compare the best model with every other.

    Parameters
    ----------
    right : DataFrame
        As `right_table` gives it.
    names : list of str
        Models from best to worst, without the majority class.
    majority : str or None
        The majority class's name.
    n_folds : int
        1 for a hold-out: exact McNemar test, bootstrap interval. Else: corrected t test over folds,
        or over songs where folds are few, its interval and its Bayesian form.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict of str to Difference
        For each model but the best.
    """
    if not names:
        return {}
    best = names[0]
    others = [*names[1:], *([majority] if majority else [])]
    if n_folds > 1:
        p_values = _adjusted(right, [(best, other) for other in others], n_folds)
    else:
        p_values = all_pairs(right, names, n_folds)
        if majority:
            p_values |= _adjusted(right, [(name, majority) for name in names], n_folds)
    points = (
        _over_folds(right, best, others, n_folds)
        if n_folds > 1
        else [(one, None) for one in _once(right, best, others, seed)]
    )
    return {
        other: Difference(one, p_values[best, other], bool((right[best] == right[other]).all()), p)
        for other, (one, p) in zip(others, points, strict=True)
    }


def all_pairs(right: pd.DataFrame, names: list[str], n_folds: int) -> dict[tuple[str, str], float]:
    """Test every model against every other.

    Parameters
    ----------
    right, names, n_folds
        As in `against_best`.

    Returns
    -------
    dict of (str, str) to float
        p values, adjusted after Holm over all pairs, by pairs in the order of `names`. Over folds
        that is more than `against_best` adjusts over, so that these are larger.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([[0], [0], list("abcdef"), [1]])
    >>> index.names = ["repeat", "fold", "group", "song"]
    >>> right = pd.DataFrame({"a": True, "b": True, "c": False}, index=index)
    >>> all_pairs(right, ["a", "b", "c"], n_folds=1)
    {('a', 'b'): 1.0, ('a', 'c'): 0.09375, ('b', 'c'): 0.09375}
    """
    return _adjusted(right, list(combinations(names, 2)), n_folds)


def fold_accuracies(right: pd.DataFrame) -> pd.DataFrame:
    """Give each model's accuracy on the songs of each (repeat, fold), a row for each."""
    return right.groupby(level=["repeat", "fold"]).mean()


def _adjusted(
    right: pd.DataFrame, pairs: list[tuple[str, str]], n_folds: int
) -> dict[tuple[str, str], float]:
    if n_folds > 1:
        raw = [_mean_difference(right, a, b, n_folds).p_value for a, b in pairs]
    else:
        groups = right.index.get_level_values("group").to_numpy()
        raw = [
            significance.mcnemar(right[a].to_numpy(bool), right[b].to_numpy(bool), groups)
            for a, b in pairs
        ]
    return dict(zip(pairs, significance.holm(raw), strict=True))


def _over_folds(
    right: pd.DataFrame, best: str, others: list[str], n_folds: int
) -> list[tuple[Estimate, Comparison]]:
    found = [_mean_difference(right, best, other, n_folds) for other in others]
    return [(Estimate(one.mean, *one.interval()), one.comparison()) for one in found]


def pools(n_fits: int) -> bool:
    """Say whether songs of all folds are pooled for the test."""
    return n_fits < FEW_FITS


def _mean_difference(right: pd.DataFrame, a: str, b: str, n_folds: int) -> MeanDifference:
    """Give the mean difference of two models over folds, or over songs where folds are few."""
    folds = fold_accuracies(right[[a, b]])
    if not pools(len(folds)):
        return significance.corrected(folds[a] - folds[b], 1 / (n_folds - 1))
    values = right[a].astype(int) - right[b].astype(int)
    per_song = values.groupby(level=["group", "song"]).mean()
    groups = per_song.index.get_level_values("group").to_numpy()
    if len(set(groups)) < 2:
        return MeanDifference(float(per_song.mean()), 1.0, 1.0)  # nothing is known
    return significance.pooled(per_song.to_numpy(), groups, n_folds)


def _once(right: pd.DataFrame, best: str, others: list[str], seed: int) -> list[Estimate]:
    right_songs = right.astype(np.int8)
    differences = right_songs[[best]].to_numpy() - right_songs[others].to_numpy()
    groups = right.index.get_level_values("group").tolist()
    return estimates(differences, groups, seed, bounds=(-1.0, 1.0))
