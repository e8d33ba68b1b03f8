"""Paired tests against worked values."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_1samp

from classify.evaluation.significance import (
    bayesian_t,
    corrected_interval,
    corrected_t,
    holm,
    mcnemar,
    pooled,
)

# accuracy of two models in 2 x 5 folds
A = np.array([0.71, 0.68, 0.74, 0.69, 0.72, 0.70, 0.73, 0.66, 0.75, 0.70])
B = np.array([0.69, 0.69, 0.70, 0.66, 0.73, 0.68, 0.70, 0.67, 0.71, 0.69])


def pairs(both: int, only_a: int, only_b: int, none: int):
    right_a = np.repeat([True, True, False, False], [both, only_a, only_b, none])
    right_b = np.repeat([True, False, True, False], [both, only_a, only_b, none])
    return right_a, right_b


@pytest.mark.parametrize(
    ("only_a", "only_b", "p_value"),
    [
        # two-sided binomial, 2 * sum(C(n, k), k <= min) / 2**n
        (1, 9, 2 * (1 + 10) / 2**10),
        (0, 6, 2 / 2**6),
        (5, 5, 1.0),
        (0, 0, 1.0),
        (3, 4, 1.0),
    ],
)
def test_mcnemar_is_the_exact_binomial(only_a, only_b, p_value):
    assert mcnemar(*pairs(20, only_a, only_b, 7)) == pytest.approx(p_value, abs=1e-12)


def test_without_groups_it_is_scipys_binomial():
    draw = np.random.default_rng(0)
    for _ in range(20):
        a, b = draw.random((2, 60)) < 0.6
        only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
        expected = binomtest(only_a, only_a + only_b).pvalue
        assert mcnemar(a, b) == pytest.approx(expected, abs=1e-12)
        assert mcnemar(a, b, [str(i) for i in range(60)]) == pytest.approx(expected, abs=1e-12)


def test_songs_of_a_group_are_swapped_together():
    # groups differ by +3, +2, -1; of the 8 signs, |sum| >= 4 for +3+2+1, +3+2-1 and their mirrors
    a = np.array([1, 1, 1, 1, 1, 0], dtype=bool)
    b = ~a
    assert mcnemar(a, b, list("xxxyyz")) == pytest.approx(4 / 8)


def test_equal_models_with_grouped_songs_differ_by_chance_only():
    draw = np.random.default_rng(1)
    groups = np.repeat(np.arange(25), 8).astype(str)
    result = 0
    for _ in range(200):
        a, b = (np.repeat(draw.random(25) < 0.6, 8) for _ in range(2))
        result += mcnemar(a, b, groups) < 0.05
    assert result <= 20


def test_holm_by_hand():
    # .01 * 4, max(.04, .03 * 3), max(.09, .04 * 2), max(.09, .05 * 1)... in the order given
    assert holm([0.04, 0.01, 0.03, 0.05]) == pytest.approx([0.09, 0.04, 0.09, 0.09])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def by_hand(differences: list[Fraction], ratio: Fraction) -> Fraction:
    """Square of the statistic as Nadeau and Bengio (2003) print it, in exact fractions."""
    n = len(differences)
    mean = sum(differences) / n
    variance = sum((d - mean) ** 2 for d in differences) / (n - 1)
    return mean**2 / ((Fraction(1, n) + ratio) * variance)


def t_of_two(square: Fraction) -> float:
    """Two-sided p value of a t distribution with 2 degrees of freedom, in closed form."""
    t = float(square) ** 0.5
    return 1 - t / (2 + t * t) ** 0.5


def test_the_corrected_t_by_hand():
    # differences .01 .02 .06: mean .03, variance .0007; n = 3 and ratio 1/2 make (1/3 + 1/2)
    square = by_hand([Fraction(1, 100), Fraction(2, 100), Fraction(6, 100)], Fraction(1, 2))
    assert square == Fraction(9, 10000) / (Fraction(5, 6) * Fraction(7, 10000))
    assert corrected_t([0.01, 0.02, 0.06], 1 / 2) == pytest.approx(t_of_two(square), abs=1e-9)
    assert corrected_t([-0.02, -0.06, -0.01], 1 / 2) == pytest.approx(t_of_two(square), abs=1e-9)


def test_without_a_correction_it_would_be_scipys_t_test():
    assert corrected_t(A - B, 1e-15) == pytest.approx(ttest_1samp(A - B, 0).pvalue, abs=1e-9)
    assert corrected_t(A - B, 1 / 4) > 3 * ttest_1samp(A - B, 0).pvalue


def test_the_corrected_interval_is_scipys_and_ends_where_the_test_does():
    plain = ttest_1samp(A, 0).confidence_interval(0.9)
    assert corrected_interval(A, 1e-15, 0.9) == pytest.approx((plain.low, plain.high), abs=1e-9)
    p_value = corrected_t(A - B, 1 / 4)
    low, high = corrected_interval(A - B, 1 / 4, 1 - p_value)
    assert low == pytest.approx(0, abs=1e-9)
    assert high == pytest.approx(2 * (A - B).mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("rope", "a_better", "equivalent"),
    [
        # baycomp 1.0.3, CorrelatedTTest.probs(A, B, rope, runs=2)
        (0.01, 0.6869171280458861, 0.28474119108844487),
        (0.02, 0.37221320919021195, 0.6206147358223953),
        (0, 0.8942011774576365, 0),
    ],
)
def test_the_bayesian_t_is_baycomps(rope, a_better, equivalent):
    result = bayesian_t(A - B, 1 / 4, rope)
    assert result.a_better == pytest.approx(a_better, abs=1e-9)
    assert result.equivalent == pytest.approx(equivalent, abs=1e-9)
    assert result.b_better == pytest.approx(1 - a_better - equivalent, abs=1e-9)
    mirrored = bayesian_t(B - A, 1 / 4, rope)
    assert mirrored.b_better == pytest.approx(result.a_better, abs=1e-12)


def test_without_a_region_the_bayesian_t_is_half_the_p_value():
    assert 2 * bayesian_t(A - B, 1 / 4, 0).b_better == pytest.approx(corrected_t(A - B, 1 / 4))


def test_differences_that_never_vary():
    assert corrected_t([0.0] * 5, 1 / 4) == 1
    assert corrected_t([0.1] * 5, 1 / 4) == 0
    assert bayesian_t([0.1] * 5, 1 / 4).a_better == 1
    assert bayesian_t([0.005] * 5, 1 / 4).equivalent == 1
    assert bayesian_t([-0.1] * 5, 1 / 4).b_better == 1


@pytest.mark.parametrize(
    ("differences", "ratio", "message"),
    [
        ([0.1], 1 / 4, "two finite differences"),
        ([0.1, np.nan], 1 / 4, "two finite differences"),
        ([0.1, 0.2], 0, "ratio of test to training songs of 0 is not above 0"),
    ],
)
def test_what_a_t_test_cannot_use(differences, ratio, message):
    for test in (corrected_t, bayesian_t):
        with pytest.raises(ValueError, match=message):
            test(differences, ratio)
    with pytest.raises(ValueError, match="-1 is not at least 0"):
        bayesian_t([0.1, 0.2], 1 / 4, -1)


def test_songs_of_few_folds_are_a_t_test_with_a_wider_error():
    draw = np.random.default_rng(0)
    values = draw.integers(-1, 2, 60).astype(float)
    alone = pooled(values, [str(song) for song in range(60)], 5)
    assert alone.scale == pytest.approx(values.std(ddof=1) / np.sqrt(60) * np.sqrt(2.25))
    assert alone.df == pytest.approx(59)
    groups = np.arange(60) // 3  # of a group's songs, the same is seen three times
    mean = values.reshape(20, 3).mean(axis=1)
    together = pooled(values, groups.astype(str), 5)
    assert together.scale == pytest.approx(mean.std(ddof=1) / np.sqrt(20) * np.sqrt(2.25))
    low, high = together.interval()
    assert (low <= 0 <= high) == (together.p_value >= 0.05)
    with pytest.raises(ValueError, match="one group"):
        pooled(values, ["x"] * 60, 5)
