"""What the songs of a class are like, beside those of all other classes.

Each class is held against the rest in the features that people have words for (`terms`). What
counts is the group of songs: a group's songs of a class are one value, their median, so that ten
clips of one recording weigh as one. The difference of a class is the median of its groups less the
median of the others, in units of a robust standard deviation (1.4826 times the median absolute
deviation within class and rest; Rousseeuw and Croux 1993). A difference is *significant* if the
Brunner-Munzel test (2000), which supposes neither equal spreads nor normal values, finds it with
Holm's correction for all classes and terms, and the bootstrap interval over groups leaves out 0.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import brunnermunzel

from classify.evaluation.significance import holm
from classify.inference.explain.terms import TERMS, Term

#: Resamples of groups behind an interval.
RESAMPLES = 500

#: Chance of naming any difference where there is none.
LEVEL = 0.05

#: Smaller differences, in standard deviations, are not named however sure they are.
SMALLEST = 0.2

#: Differences named in a sentence.
NAMED = 6

#: Quantiles of the training songs that a profile keeps, for songs that are looked at later.
QUANTILES = tuple(np.linspace(0, 1, 21).round(2).tolist())


@dataclass(frozen=True)
class Difference:
    """How one class differs from the others in one term.

    Parameters
    ----------
    label, feature : str
        Class, and name of the feature.
    of_class, others : float
        Medians of groups of the class, and of the others.
    value, low, high : float
        Their difference in standard deviations, with its 95 % interval.
    more_often : float
        Share of pairs of a group of the class and one of the others in which the class has more
        (ties count half).
    p : float
        Adjusted for all classes and terms.
    """

    label: str
    feature: str
    of_class: float
    others: float
    value: float
    low: float
    high: float
    more_often: float
    p: float

    @property
    def significant(self) -> bool:
        """Whether it may be named."""
        sure = self.p < LEVEL and (self.low > 0 or self.high < 0)
        return sure and abs(self.value) >= SMALLEST

    @property
    def term(self) -> Term:
        """The feature with its words."""
        return BY_FEATURE[self.feature]


BY_FEATURE = {term.feature: term for term in TERMS}


@dataclass(frozen=True)
class Profiles:
    """What each class of some songs is like.

    Parameters
    ----------
    classes : tuple of str
        The labels.
    differences : tuple of Difference
        Of every class and term.
    quantiles : dict of str to tuple of float
        QUANTILES of all the songs, by feature.
    n_songs, n_groups : int
        How many songs and groups this is based on.
    """

    classes: tuple[str, ...]
    differences: tuple[Difference, ...]
    quantiles: dict[str, tuple[float, ...]]
    n_songs: int
    n_groups: int

    def of(self, label: str) -> list[Difference]:
        """Give a class's significant differences, the largest first and one of each aspect."""
        significant = [d for d in self.differences if d.label == label and d.significant]
        of_aspect: dict[str, Difference] = {}
        for difference in sorted(significant, key=lambda d: -abs(d.value)):
            of_aspect.setdefault(difference.term.aspect, difference)
        return list(of_aspect.values())

    def sentence(self, label: str) -> str:
        """Say what a class means here, in a sentence."""
        differences = self.of(label)[:NAMED]
        if not differences:
            return f"{label}: differs from the other songs in nothing that has a plain name."
        words = [
            f"{d.term.more if d.value > 0 else d.term.less} "
            f"({d.term.what} {d.term.format(d.of_class)}; others {d.term.format(d.others)})"
            for d in differences
        ]
        return f"{label} here means: {', '.join(words)}."

    def standing(self, feature: str, value: float) -> float:
        """Give the share of the songs that have less of a feature than `value` (ties half)."""
        ends = np.array(self.quantiles[feature])
        below, up_to = np.searchsorted(ends, value), np.searchsorted(ends, value, "right")
        if up_to > below:
            return float((QUANTILES[below] + QUANTILES[up_to - 1]) / 2)
        return float(np.interp(value, ends, QUANTILES))


def profile(
    table: NDArray[np.floating], labels: Sequence[str], groups: Sequence[str], seed: int
) -> Profiles:
    """Hold every class against the others.

    Parameters
    ----------
    table : ndarray, shape (n_songs, n_terms)
        As `terms.of_songs` gives it; of the songs a model learned from, or of a whole corpus.
    labels, groups : sequence of str, length n_songs
        Class and group of each song.
    seed : int
        Of the resamples.

    Raises
    ------
    ValueError
        If there are not two classes, or a class is of one group.
    """
    label, group = np.asarray(labels), np.asarray(groups)
    classes = np.unique(label)
    if len(classes) < 2:
        raise ValueError(f"a profile needs two classes; there is only {classes.tolist()}")
    draw = np.random.default_rng(seed)
    of_classes = [_against(table, label == name, group, str(name), draw) for name in classes]
    adjusted = iter(holm([d.p for of_one in of_classes for d in of_one]))
    differences = tuple(
        Difference(**{**asdict(d), "p": next(adjusted)}) for of_one in of_classes for d in of_one
    )
    ends = np.quantile(table, QUANTILES, axis=0)
    quantiles = {term.feature: tuple(ends[:, place].tolist()) for place, term in enumerate(TERMS)}
    n_groups = len(np.unique(group))
    return Profiles(tuple(map(str, classes)), differences, quantiles, len(table), n_groups)


def _against(
    table: NDArray, inside: NDArray[np.bool_], group: NDArray, label: str, draw: np.random.Generator
) -> list[Difference]:
    """Hold a class against the rest, term by term; p values are not adjusted yet."""
    ours, theirs = (
        _of_groups(table[inside], group[inside]),
        _of_groups(table[~inside], group[~inside]),
    )
    if min(len(ours), len(theirs)) < 2:
        raise ValueError(f"a profile needs two groups of songs of class {label!r} and of others")
    values = _standardised(ours, theirs)
    resamples = [
        _standardised(draw.choice(ours, len(ours)), draw.choice(theirs, len(theirs)))
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(resamples, [0.025, 0.975], axis=0)
    above = (ours[:, None] > theirs).mean((0, 1)) + (ours[:, None] == theirs).mean((0, 1)) / 2
    return [
        Difference(
            label, term.feature, float(np.median(ours[:, k])), float(np.median(theirs[:, k])),
            float(values[k]), float(low[k]), float(high[k]), float(above[k]),
            _p(ours[:, k], theirs[:, k]),
        )
        for k, term in enumerate(TERMS)
    ]  # fmt: skip


def _of_groups(table: NDArray, group: NDArray) -> NDArray[np.float64]:
    """Give the medians of groups, shape (n_groups, n_terms)."""
    return np.array([np.median(table[group == name], axis=0) for name in np.unique(group)])


def _standardised(ours: NDArray, theirs: NDArray) -> NDArray[np.float64]:
    """Difference of medians by the robust standard deviation within both; 0 where there is none."""
    middle, other = np.median(ours, axis=0), np.median(theirs, axis=0)
    away = np.concatenate([np.abs(ours - middle), np.abs(theirs - other)])
    spread = 1.4826 * np.median(away, axis=0)
    small = spread <= 1e-9 * (1 + np.abs(middle))
    spread = np.where(small, np.sqrt((away**2).mean(axis=0)), spread)  # most are the same number
    return np.divide(middle - other, spread, out=np.zeros_like(middle), where=spread > 1e-9)


def _p(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Two-sided p value of Brunner and Munzel; it has none for groups that do not overlap."""
    apart = ours.min() > theirs.max() or theirs.min() > ours.max()
    if apart:  # the chance of this order among all, twice
        return float(2 * np.exp(-_log_choose(len(ours) + len(theirs), len(ours))))
    if ours.min() == ours.max() == theirs.min() == theirs.max():
        return 1.0
    return float(np.nan_to_num(brunnermunzel(ours, theirs).pvalue, nan=1.0))


def _log_choose(n: int, k: int) -> float:
    """Logarithm of the number of ways to choose k of n."""
    return float(np.log(np.arange(n - k + 1, n + 1)).sum() - np.log(np.arange(1, k + 1)).sum())
