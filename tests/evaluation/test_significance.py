"""Paired tests against worked values."""

import numpy as np
import pytest
from scipy.stats import binomtest

from classify.evaluation.significance import holm, mcnemar


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
    found = 0
    for _ in range(200):
        a, b = (np.repeat(draw.random(25) < 0.6, 8) for _ in range(2))
        found += mcnemar(a, b, groups) < 0.05
    assert found <= 20


def test_holm_by_hand():
    # .01 * 4, max(.04, .03 * 3), max(.09, .04 * 2), max(.09, .05 * 1)... in the order given
    assert holm([0.04, 0.01, 0.03, 0.05]) == pytest.approx([0.09, 0.04, 0.09, 0.09])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
