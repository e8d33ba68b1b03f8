"""Tests in which a corpus counts once, against scipy and against worked values."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import chi2, friedmanchisquare, wilcoxon

from classify.evaluation.ranks import Ranking, corpora_needed, lowest_p, rank_models, signed_rank


def test_demsars_worked_example():
    """Demsar 2006, section 3.2: AUC of four versions of C4.5 on 14 data sets, chi square 9.28."""
    scores = np.array(
        [
            [0.763, 0.768, 0.771, 0.798],
            [0.599, 0.591, 0.590, 0.569],
            [0.954, 0.971, 0.968, 0.967],
            [0.628, 0.661, 0.654, 0.657],
            [0.882, 0.888, 0.886, 0.898],
            [0.936, 0.931, 0.916, 0.931],
            [0.661, 0.668, 0.609, 0.685],
            [0.583, 0.583, 0.563, 0.625],
            [0.775, 0.838, 0.866, 0.875],
            [1.000, 1.000, 1.000, 1.000],
            [0.940, 0.962, 0.965, 0.962],
            [0.619, 0.666, 0.614, 0.669],
            [0.972, 0.981, 0.9751, 0.975],
            [0.957, 0.978, 0.946, 0.970],
        ]
    )
    ranking = rank_models(scores)
    assert ranking.mean == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    square = 12 * 14 / (4 * 5) * ((ranking.mean**2).sum() - 4 * 5**2 / 4)  # ties not corrected for
    assert square == pytest.approx(9.28, abs=5e-3)
    assert ranking.friedman == friedmanchisquare(*scores.T).pvalue < chi2.sf(square, 3)


def test_p_values_are_wilcoxons_with_holms_correction():
    scores = np.random.default_rng(0).normal([0, 1, 3], size=(9, 3))
    raw = {(a, b): wilcoxon(scores[:, a], scores[:, b]).pvalue for a, b in ((0, 1), (0, 2), (1, 2))}
    ranking, order = rank_models(scores), sorted(raw, key=raw.get)
    highest = 0.0
    for times, (a, b) in zip((3, 2, 1), order, strict=True):
        highest = max(highest, times * raw[a, b])
        assert ranking.p_values[a, b] == ranking.p_values[b, a] == pytest.approx(highest)
    assert (np.diag(ranking.p_values) == 1).all()


@pytest.mark.parametrize("n_corpora", [2, 5, 8])
def test_the_signed_rank_test_is_scipys_with_ties_and_zeros(n_corpora):
    rng = np.random.default_rng(n_corpora)
    for _ in range(10):
        difference = np.array([*rng.integers(-3, 4, n_corpora - 1), 2.0])
        known = difference[difference != 0]
        assert signed_rank(difference) == pytest.approx(wilcoxon(known).pvalue, abs=1e-12)
    without = rng.normal(size=30)
    assert signed_rank(without) == pytest.approx(wilcoxon(without).pvalue, abs=1e-7)
    shares = np.array([0.85 - 0.80, 0.70 - 0.75, 0.65 - 0.55])  # sizes tie but for rounding
    assert signed_rank(shares) == wilcoxon([1, -1, 2]).pvalue


@pytest.mark.parametrize("n_corpora", [3, 5, 6, 8])
def test_the_least_p_is_that_of_winning_everywhere(n_corpora):
    """Of all ways to sign n differences, two are as extreme as all of one sign."""
    sums = [
        np.dot(signs, np.arange(1, n_corpora + 1)) for signs in product((-1, 1), repeat=n_corpora)
    ]
    counted = np.mean(np.abs(sums) >= max(sums))
    scores = np.outer(np.arange(1, n_corpora + 1), [0, 1])
    assert lowest_p(n_corpora) == pytest.approx(counted)
    assert rank_models(scores).p_values[0, 1] == pytest.approx(counted)


def test_how_many_corpora_it_takes():
    assert (corpora_needed(), corpora_needed(3), corpora_needed(10), corpora_needed(66)) == (
        6,
        7,
        9,
        12,
    )
    for n_pairs in (1, 3, 10, 66):
        assert (
            lowest_p(corpora_needed(n_pairs), n_pairs)
            < 0.05
            <= lowest_p(corpora_needed(n_pairs) - 1, n_pairs)
        )


def test_significant_pairs_are_ordered_from_the_best():
    rng = np.random.default_rng(1)
    scores = rng.normal([3, 0, 0], size=(20, 3))
    ranking = rank_models(scores[:, [1, 0, 2]])
    assert {a for a, _ in ranking.significant_pairs()} == {1} and {
        b for _, b in ranking.significant_pairs()
    } == {0, 2}


def test_no_pair_is_significant_where_friedman_finds_nothing():
    rng = np.random.default_rng(2)
    for _ in range(40):
        ranking = rank_models(rng.normal(size=(7, 3)))
        if ranking.friedman >= 0.05:
            assert ranking.significant_pairs() == []


def test_models_that_tie_everywhere():
    ranking = rank_models(np.full((6, 3), 0.5))
    assert ranking.friedman == 1 and (ranking.p_values == 1).all() and (ranking.mean == 2).all()
    assert rank_models(np.full((6, 2), 0.5)).friedman is None


def test_equal_models_are_seldom_parted_beside_a_bad_one():
    """A bad model makes Friedman's test speak; the others, all alike, must stay together."""
    rng, wrong = np.random.default_rng(3), 0
    for _ in range(60):
        scores = rng.normal([-20, 0, 0, 0], size=(12, 4))
        wrong += any(0 not in pair for pair in rank_models(scores).significant_pairs())
    assert wrong <= 8  # 5 % of 60 is 3; more than 8 happen less than once in 200 such trials


@pytest.mark.parametrize("scores", [np.ones((1, 3)), np.ones((3, 1)), np.array([[1, np.nan]] * 3)])
def test_too_little_to_rank(scores):
    with pytest.raises(ValueError, match="ranks need"):
        rank_models(scores)


@pytest.mark.parametrize(
    ("apart", "together"),
    [
        ([], [[2, 0, 1, 3]]),
        ([(2, 3)], [[2, 0, 1], [0, 1, 3]]),
        ([(2, 0), (2, 1), (2, 3)], [[0, 1, 3]]),
        ([(2, 1), (2, 3), (0, 1), (0, 3)], [[2, 0], [1, 3]]),
        ([(2, 0), (0, 1), (1, 3), (2, 1), (2, 3), (0, 3)], []),
    ],
)
def test_models_that_stay_together(apart, together):
    p_values = np.ones((4, 4))
    for a, b in apart:
        p_values[a, b] = p_values[b, a] = 0.01
    mean = np.array([2.0, 3.0, 1.0, 4.0])  # best first: 2, 0, 1, 3
    assert Ranking(mean, 0.01, p_values).inseparable_models() == together
    assert Ranking(mean, 0.2, p_values).inseparable_models() == [[2, 0, 1, 3]]
