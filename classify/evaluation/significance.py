"""Is a difference between two models statistically significant? Paired tests on the same songs.

One hold-out: exact McNemar test. Repeated folds: the corrected t test; few folds: a t test over the
songs of all folds, as much widened (`pooled`), since five folds leave the former four degrees of
freedom. Both have a Bayesian form, which can also find that two models are practically equivalent.
A plain t test over folds finds too many differences, since folds share most of their training songs
and their scores are therefore correlated. Both forms here take the correlation to be the test share
of the songs, 1 / n_folds. `benchmarks/power.py` measures how often each is wrong, and how often it
finds a difference that is there.

Conventions: models are a and b, a difference is the score of a less the score of b, on the same
test part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from classify.evaluation.intervals import effective_groups

#: Models whose accuracies differ by up to this are practically equivalent.
ROPE = 0.01


def mcnemar(
    right_a: NDArray[np.bool_],
    right_b: NDArray[np.bool_],
    groups: Sequence[str] | NDArray[np.str_] | None = None,
) -> float:
    """Exact McNemar test of two models on the same songs, with groups of songs as the unit.

    Under the null hypothesis the two models could be swapped. Songs of one group are not
    independent, so they are swapped together: the statistic is the difference in correct
    predictions, and its exact distribution is that of the sum of each group's difference with a
    random sign.
    With one song a group this is McNemar's test in its binomial form.

    Parameters
    ----------
    right_a, right_b : ndarray of bool, shape (n_songs,)
        Which songs each model predicts correctly.
    groups : sequence of str, length n_songs, optional
        Group of each song; each song its own unless given.

    Returns
    -------
    float
        Two-sided p value; 1 if the models are correct on the same songs.

    References
    ----------
    McNemar 1947, Psychometrika 12; Edgington and Onghena 2007, Randomization Tests, ch. 4.

    Examples
    --------
    Of ten songs, model a alone predicts six correctly, model b alone none.

    >>> right_a, right_b = np.ones(10, dtype=bool), np.arange(10) < 4
    >>> mcnemar(right_a, right_b)
    0.03125
    """
    difference = right_a.astype(int) - right_b.astype(int)
    if groups is not None:
        _, index = np.unique(np.asarray(groups), return_inverse=True)
        difference = np.bincount(index, weights=difference).astype(int)
    return sign_flip_test(difference)


def sign_flip_test(difference: NDArray[np.integer]) -> float:
    """Test a sum of whole numbers against sums with random signs.

    Exact: the distribution of the sum is built up number by number.

    Parameters
    ----------
    difference : ndarray of int, shape (n,)
        The summands; zeros do not matter.

    Returns
    -------
    float
        Probability of a sum at least as far from 0; 1 if all are 0.

    Examples
    --------
    >>> sign_flip_test(np.array([1, 1, 1, 1])), sign_flip_test(np.array([2, -1]))
    (0.125, 1.0)
    """
    sizes = np.abs(difference[difference != 0])
    probabilities = np.ones(1)  # of each sum from -reach to +reach
    for size in sizes:
        padded = np.zeros(len(probabilities) + 2 * size)
        padded[: len(probabilities)] += probabilities / 2
        padded[2 * size :] += probabilities / 2
        probabilities = padded
    reach = sizes.sum()
    extreme = np.abs(np.arange(-reach, reach + 1)) >= abs(difference.sum())
    return float(min(1.0, probabilities[extreme].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for their number (Holm 1979).

    Parameters
    ----------
    p_values : sequence of float
        In any order.

    Returns
    -------
    list of float
        Adjusted values in the same order, each at most 1.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values)
    adjusted = np.zeros(len(p_values))
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = min(1.0, highest)
    return adjusted.tolist()


def corrected_t(differences: Sequence[float] | NDArray[np.floating], ratio: float) -> float:
    """Corrected resampled t test of two models over repeated folds or repeated hold-outs.

    Parameters
    ----------
    differences : sequence of float, length n_repeats * n_folds
        Score of a less score of b in each fold, in any order.
    ratio : float
        Test songs divided by training songs: 1 / (n_folds - 1) for folds.

    Returns
    -------
    float
        Two-sided p value. Where all differences are equal, they have no variance: 1 if they are 0,
        else 0.

    Raises
    ------
    ValueError
        If there are fewer than two differences, one is not finite, or the ratio is not positive.

    References
    ----------
    Nadeau and Bengio 2003, Inference for the generalization error, Machine Learning 52; for
    repeated folds, Bouckaert and Frank 2004, Evaluating the replicability of significance tests,
    PAKDD.

    Examples
    --------
    >>> round(corrected_t([0.05, 0.02, 0.04, 0.03, 0.01], ratio=1 / 4), 4)
    0.0474
    """
    return corrected(differences, ratio).p_value


def corrected_interval(
    values: Sequence[float] | NDArray[np.floating], ratio: float, level: float = 0.95
) -> tuple[float, float]:
    """Give the interval of a mean over repeated folds that belongs to `corrected_t`.

    Meant for differences. For one model's accuracy it misses more often than its level says (about
    one in ten in benchmarks/random_labels.py); `intervals.wilson` and `intervals.interval`, given
    the number of folds, do not.

    Parameters
    ----------
    values : sequence of float, length n_repeats * n_folds
        A score of one model in each fold, or differences between two.
    ratio : float
        As in `corrected_t`.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    (low, high) : pair of float
        Holds 0 if and only if the p value of the values is at least 1 - level. Ends can lie outside
        of what the score can be.

    Raises
    ------
    ValueError
        As `corrected_t`.

    Examples
    --------
    >>> low, high = corrected_interval([0.05, 0.02, 0.04, 0.03, 0.01], ratio=1 / 4)
    >>> round(low, 4), round(high, 4)
    (0.0006, 0.0594)
    """
    return corrected(values, ratio).interval(level)


@dataclass(frozen=True)
class Comparison:
    """Probabilities that a is better, that both are equivalent, and that b is better; sum 1."""

    a_better: float
    equivalent: float
    b_better: float


def bayesian_t(
    differences: Sequence[float] | NDArray[np.floating], ratio: float, rope: float = ROPE
) -> Comparison:
    """Bayesian correlated t test of two models, with a region of practical equivalence.

    The posterior of the mean difference is a t distribution with the location and scale of
    `corrected_t`. Unlike a p value it can find for the null hypothesis: two models whose difference
    lies within the region with high probability are equivalent.

    Parameters
    ----------
    differences, ratio
        As in `corrected_t`.
    rope : float
        Half the width of the region of practical equivalence, in units of the score; 0 for none.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        As `corrected_t`, and if `rope` is negative.

    References
    ----------
    Corani and Benavoli 2015, Machine Learning 100; Benavoli, Corani, Demsar and Zaffalon 2017,
    JMLR 18.

    Examples
    --------
    >>> compared = bayesian_t([0.001, -0.002, 0.0, 0.002, -0.001], ratio=1 / 4)
    >>> round(compared.equivalent, 3)
    0.999
    """
    return corrected(differences, ratio).comparison(rope)


@dataclass(frozen=True)
class MeanDifference:
    """A mean difference with its standard error and degrees of freedom, as a t test sees it."""

    mean: float
    scale: float
    df: float

    @property
    def p_value(self) -> float:
        """Two-sided; where all differences are equal, 1 if they are 0, else 0."""
        if self.scale == 0:
            return float(self.mean == 0)
        return float(2 * student.sf(abs(self.mean) / self.scale, self.df))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Give the interval that holds 0 if and only if the p value is at least 1 - level."""
        half = float(student.ppf((1 + level) / 2, self.df)) * self.scale
        return self.mean - half, self.mean + half

    def comparison(self, rope: float = ROPE) -> Comparison:
        """Give the probabilities of its posterior, see `bayesian_t`."""
        if not rope >= 0:
            raise ValueError(f"a region of practical equivalence of {rope} is not at least 0")
        mean, scale = self.mean, self.scale
        if scale == 0:
            return Comparison(float(mean > rope), float(abs(mean) <= rope), float(mean < -rope))
        a_better = float(student.sf(rope, self.df, mean, scale))
        b_better = float(student.cdf(-rope, self.df, mean, scale))
        return Comparison(a_better, max(0.0, 1 - a_better - b_better), b_better)


def corrected(differences: Sequence[float] | NDArray[np.floating], ratio: float) -> MeanDifference:
    """Give the mean of differences over folds, with the corrected standard error; `corrected_t`."""
    values = np.asarray(differences, dtype=float)
    if len(values) < 2 or not np.isfinite(values).all():
        raise ValueError("a t test needs two finite differences at least, one for each fold")
    if not ratio > 0:
        raise ValueError(f"a ratio of test to training songs of {ratio} is not above 0")
    spread = 0.0 if np.ptp(values) == 0 else float(values.var(ddof=1))
    scale = float(np.sqrt((1 / len(values) + ratio) * spread))
    return MeanDifference(float(values.mean()), scale, len(values) - 1)


def pooled(
    differences: NDArray[np.floating], groups: Sequence[str] | NDArray[np.str_], n_folds: int
) -> MeanDifference:
    """Give the mean difference over the songs of all folds, with a standard error for folds.

    The standard error is that of a mean over groups of songs, times √(1 + k/(k - 1)) for k folds:
    models of different folds share training songs and err together, by the correction of Nadeau
    and Bengio. Degrees of freedom are the effective groups less 1 and not the folds less 1.

    Parameters
    ----------
    differences : ndarray, shape (n_songs,)
        For each song, whether a was right less whether b was; over repeats, the mean.
    groups : sequence of str, length n_songs
        Group of each song.
    n_folds : int
        At least 2.

    Raises
    ------
    ValueError
        If there is one group of songs, or fewer than two folds.

    Examples
    --------
    >>> one = pooled(np.array([1.0] * 10 + [0.0] * 30), [str(song) for song in range(40)], 5)
    >>> one.mean, round(one.p_value, 3)
    (0.25, 0.021)
    """
    if n_folds < 2:
        raise ValueError(f"{n_folds} fold is no cross-validation")
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise ValueError("one group of songs cannot tell how groups differ")
    mean = float(differences.mean())
    sums = np.bincount(index, weights=differences - mean)
    variance = (sums**2).sum() / len(differences) ** 2 * len(names) / (len(names) - 1)
    widened = float(np.sqrt(variance * (1 + n_folds / (n_folds - 1))))
    if np.ptp(differences) == 0:
        widened = 0.0
    return MeanDifference(mean, widened, effective_groups(names[index].tolist()) - 1)
