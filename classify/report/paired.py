"""The best model against each other one, on the same songs.

Which model is best was seen on these very songs, so that it is ahead of others by luck too. On one
hold-out, where the test is exact, p values between models are therefore adjusted over all pairs of
them, and those against the majority class over all models. Over folds they are adjusted over the
comparisons shown: the corrected t test is cautious enough for that. `benchmarks/best_of_many.py`
measures both.

Conventions: a *right* table has a row for each song of each fold, one column of bool for each
model, and an index of (repeat, fold, group, song).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from classify.evaluation import scores, significance
from classify.evaluation.significance import Comparison

#: Differences with an adjusted p value below this are called real.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Difference:
    """The best model's accuracy on songs less that of another model.

    Parameters
    ----------
    value : float
        Hold-out: difference of the two accuracies; folds: mean over folds of that difference.
    low, high : float or None
        95 % interval of this one difference; None where there is one group of songs only, or where
        both models are right on the very same songs.
    p_value : float
        Adjusted after Holm.
    chances : Comparison or None
        Probabilities that the best (a) is better, as good, and worse; None without folds.
    """

    value: float
    low: float | None
    high: float | None
    p_value: float
    chances: Comparison | None = None

    @property
    def real(self) -> bool:
        """Whether it is more than chance gives."""
        return self.p_value < SIGNIFICANT


def right_table(songs: pd.DataFrame) -> pd.DataFrame:
    """Lay out which songs each model answered rightly.

    Parameters
    ----------
    songs : DataFrame
        Song rows of the test part, as predictions.parquet has them.

    Returns
    -------
    DataFrame
        One column for each model; see the module's conventions.
    """
    rows = songs.assign(right=songs.label == songs.answer)
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
        1 for a hold-out: exact McNemar test, bootstrap interval. Else: corrected t test, its
        interval and its Bayesian form.
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
        p_values = _adjusted(right, list(combinations(names, 2)), n_folds)
        if majority:
            p_values |= _adjusted(right, [(name, majority) for name in names], n_folds)
    compared = _over_folds if n_folds > 1 else _once
    return {
        other: compared(right[best], right[other], p_values[best, other], n_folds, seed)
        for other in others
    }


def fold_accuracies(right: pd.DataFrame) -> pd.DataFrame:
    """Give each model's accuracy on the songs of each (repeat, fold), a row for each."""
    return right.groupby(level=["repeat", "fold"]).mean()


def _adjusted(
    right: pd.DataFrame, pairs: list[tuple[str, str]], n_folds: int
) -> dict[tuple[str, str], float]:
    if n_folds > 1:
        folds = fold_accuracies(right)
        raw = [significance.corrected_t(folds[a] - folds[b], 1 / (n_folds - 1)) for a, b in pairs]
    else:
        groups = right.index.get_level_values("group").to_numpy()
        raw = [
            significance.mcnemar(right[a].to_numpy(bool), right[b].to_numpy(bool), groups)
            for a, b in pairs
        ]
    return dict(zip(pairs, significance.holm(raw), strict=True))


def _over_folds(
    best: pd.Series, other: pd.Series, p_value: float, n_folds: int, seed: int
) -> Difference:
    folds = fold_accuracies(pd.DataFrame({"best": best, "other": other}))
    values = (folds.best - folds.other).to_numpy()
    ratio = 1 / (n_folds - 1)
    low, high = significance.corrected_interval(values, ratio)
    chances = significance.bayesian_t(values, ratio)
    if (best == other).all():
        return Difference(0.0, None, None, p_value, chances)
    return Difference(float(values.mean()), low, high, p_value, chances)


def _once(best: pd.Series, other: pd.Series, p_value: float, n_folds: int, seed: int) -> Difference:
    difference = best.to_numpy(float) - other.to_numpy(float)
    value = float(difference.mean())
    groups = best.index.get_level_values("group").to_numpy()
    n_groups = scores.effective_groups(groups)
    if n_groups <= 1 or not difference.any():
        return Difference(value, None, None, p_value)
    replicates = scores.bootstrap(lambda songs: float(difference[songs].mean()), groups, seed)
    low, high = scores.interval(np.asarray(replicates), n_groups)
    return Difference(value, max(-1.0, low), min(1.0, high), p_value)
