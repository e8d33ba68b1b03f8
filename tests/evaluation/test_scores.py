"""Scores against scikit-learn, intervals against theory."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm, t
from sklearn import metrics

from classify.evaluation.intervals import (
    Estimate,
    bootstrap,
    effective_groups,
    estimate,
    estimate_balanced,
    estimate_share,
    estimates,
    interval,
    resampled,
    wilson,
)
from classify.evaluation.scores import SCORES, accuracy, balanced_accuracy, confusion, macro_f1

DRAW = np.random.default_rng(0)
TRUTH, ANSWER = DRAW.integers(0, 4, 300), DRAW.integers(0, 4, 300)


def test_scores_are_scikit_learns():
    counts = confusion(TRUTH, ANSWER, 4)
    np.testing.assert_array_equal(counts, metrics.confusion_matrix(TRUTH, ANSWER))
    assert accuracy(counts) == pytest.approx(metrics.accuracy_score(TRUTH, ANSWER), abs=1e-12)
    expected = metrics.f1_score(TRUTH, ANSWER, average="macro")
    assert macro_f1(counts) == pytest.approx(expected, abs=1e-12)
    expected = metrics.balanced_accuracy_score(TRUTH, ANSWER)
    assert balanced_accuracy(counts) == pytest.approx(expected, abs=1e-12)


def test_one_class_for_everything_scores_as_it_should():
    counts = confusion(np.array([0, 0, 1, 2]), np.zeros(4, int), 3)
    assert accuracy(counts) == 0.5
    assert balanced_accuracy(counts) == pytest.approx(1 / 3)
    assert macro_f1(counts) == pytest.approx((2 * 2 / 6) / 3)


def test_a_resample_counts_whole_groups():
    groups = ["g0", "g0", "g1", "g2"]
    draws = resampled(np.array([0, 1, 1, 0]), np.array([0, 0, 1, 0]), groups, 2, seed=3)
    assert draws.shape == (2000, 2, 2)
    # song 0 (0 -> 0) and song 1 (1 -> 0) are one group, so they come and go together;
    # song 3 adds to (0, 0) alone
    assert (draws[:, 0, 0] >= draws[:, 1, 0]).all()


def test_the_interval_of_independent_songs_is_the_binomial_one():
    truth = np.zeros(400, int)
    prediction = (np.arange(400) >= 240).astype(int)
    low, high = interval(accuracy(resampled(truth, prediction, [str(i) for i in range(400)], 2, 0)))
    half = norm.ppf(0.975) * np.sqrt(0.6 * 0.4 / 400)
    assert low == pytest.approx(0.6 - half, abs=0.006)
    assert high == pytest.approx(0.6 + half, abs=0.006)


def test_songs_of_one_group_widen_the_interval():
    truth, prediction = np.zeros(400, int), (np.arange(400) >= 240).astype(int)

    def width(groups):
        low, high = interval(accuracy(resampled(truth, prediction, groups, 2, 0)))
        return high - low

    alone = width([str(i) for i in range(400)])
    tens = width([str(i // 10) for i in range(400)])
    assert tens == pytest.approx(np.sqrt(10) * alone, rel=0.15)


def test_every_score_takes_resamples():
    draws = resampled(TRUTH, ANSWER, [str(i) for i in range(300)], 4, 0)
    for score in SCORES.values():
        values = score(draws)
        assert values.shape == (2000,) and np.isfinite(values).all()


def test_the_bootstrap_of_songs_draws_what_the_bootstrap_of_counts_draws():
    groups = [str(i // 7) for i in range(300)]
    by_count = accuracy(resampled(TRUTH, ANSWER, groups, 4, 5))
    by_song = bootstrap(lambda songs: (TRUTH == ANSWER)[songs].mean(), groups, 5)
    np.testing.assert_allclose(by_song, by_count, atol=1e-12)


def test_the_bootstrap_is_what_it_is_by_hand_with_scikit_learn():
    """Groups drawn by numpy, songs laid out as often as drawn, scored by scikit-learn."""
    names, groups = [str(i) for i in range(43)], [str(i // 7) for i in range(300)]
    times = np.random.default_rng(5).multinomial(43, np.full(43, 1 / 43), size=2000)[:300]
    order = np.sort(names)  # groups are numbered in the order of their names
    by_hand = []
    for draw in times:
        songs = [i for name, n in zip(order, draw, strict=True) for i in range(300)
                 if groups[i] == name for _ in range(n)]  # fmt: skip
        by_hand.append(
            (
                metrics.accuracy_score(TRUTH[songs], ANSWER[songs]),
                metrics.f1_score(TRUTH[songs], ANSWER[songs], average="macro"),
            )
        )
    draws = resampled(TRUTH, ANSWER, groups, 4, 5)[:300]
    ours = np.stack([accuracy(draws), macro_f1(draws)], axis=1)
    np.testing.assert_allclose(ours, by_hand, atol=1e-12)
    ends = np.percentile([row[0] for row in by_hand], [2.5, 97.5])
    assert interval(accuracy(draws)) == pytest.approx(tuple(ends), abs=1e-12)


def test_effective_groups():
    assert effective_groups(list("aabbcc")) == pytest.approx(3)
    # 10 songs in groups of 7, 2 and 1: 10**2 / (49 + 4 + 1)
    assert effective_groups(list("aaaaaaabbc")) == pytest.approx(100 / 54, abs=1e-12)


def test_widened_percentiles_are_the_t_interval_of_a_mean():
    # replicates of a mean of n normal values spread by its standard error times sqrt((n - 1) / n)
    n, quantiles = 8, (np.arange(200_000) + 0.5) / 200_000
    replicates = norm.ppf(quantiles) * np.sqrt((n - 1) / n)
    low, high = interval(replicates, n)
    assert high == pytest.approx(t.ppf(0.975, n - 1), rel=1e-3)
    assert low == pytest.approx(-high)
    assert interval(replicates)[1] == pytest.approx(norm.ppf(0.975) * np.sqrt(7 / 8), rel=1e-3)


@pytest.mark.parametrize("n_right", [0, 3, 120, 400])
def test_wilson_of_many_songs_in_no_groups_is_scipys(n_right):
    # with so many songs a t quantile is nearly the normal one
    right = np.arange(4000) < 10 * n_right
    low, high = wilson(right, [str(i) for i in range(4000)])
    expected = binomtest(10 * n_right, 4000).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_balanced_accuracy_lies_in_its_interval_as_often_as_it_should():
    sizes, rates = {"a": 40, "b": 12, "c": 8}, {"a": 0.9, "b": 0.5, "c": 0.2}
    draw = np.random.default_rng(1)
    classes = np.repeat(list(sizes), list(sizes.values()))
    songs, inside = [str(i) for i in range(60)], 0
    for _ in range(300):
        right = draw.random(60) < np.array([rates[one] for one in classes])
        found = estimate_balanced(right, classes.tolist(), songs)
        of_each = [right[classes == one].mean() for one in sizes]
        assert found.value == pytest.approx(np.mean(of_each))
        inside += found.low <= np.mean(list(rates.values())) <= found.high
    assert 0.93 <= inside / 300 <= 0.99


def test_wilson_by_hand():
    # four groups of two, all right or all wrong: they are worth four songs less the usual n - 1,
    # so variance .25 / 3, n = 3; t of 3 degrees of freedom
    right = np.array([1, 1, 1, 1, 0, 0, 0, 0], bool)
    square = t.ppf(0.975, 3) ** 2 / 3
    half = np.sqrt(square * (0.25 + square / 4)) / (1 + square)
    expected = (0.5 - half, 0.5 + half)
    assert wilson(right, list("aabbccdd")) == pytest.approx(expected, abs=1e-9)


def test_wilson_of_songs_all_right_counts_groups():
    # share 1: the lower end is n / (n + t**2), here with two groups as two songs
    low, high = wilson(np.ones(20, bool), ["a"] * 10 + ["b"] * 10)
    assert low == pytest.approx(2 / (2 + t.ppf(0.975, 1) ** 2), abs=1e-9)
    assert high == 1


def test_folds_widen_by_the_correction_of_nadeau_and_bengio():
    # 5 folds: variance (1/5 + 1/4) instead of 1/5, so 9/4 as large, and 3/2 the quantile; at all
    # right the lower end is n / (n + quantile**2)
    low, _ = wilson(np.ones(20, bool), ["a"] * 10 + ["b"] * 10, n_folds=5)
    assert low == pytest.approx(2 / (2 + 9 / 4 * t.ppf(0.975, 1) ** 2), abs=1e-9)
    replicates = norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    assert interval(replicates, 40, 5)[1] == pytest.approx(
        3 / 2 * t.ppf(0.975, 39) * np.sqrt(40 / 39), rel=0.01
    )


def test_wilson_of_repeats_takes_shares():
    # two repeats that answer the same songs are worth one
    right = np.array([1, 0, 1, 1, 0, 0, 1, 0], bool)
    both = np.mean([right, right], axis=0)
    assert wilson(both, list("aabbccdd")) == wilson(right, list("aabbccdd"))


def test_one_group_has_no_interval():
    with pytest.raises(ValueError, match="one group of songs cannot tell"):
        wilson(np.array([True, False]), ["a", "a"])
    with pytest.raises(ValueError, match="one group of songs cannot tell"):
        interval(np.zeros(10), 1)


@pytest.mark.parametrize(("icc", "share"), [(0.3, 0.25), (1.0, 0.25), (0.3, 0.7)])
def test_wilson_misses_about_as_often_as_it_should_with_few_groups(icc, share):
    # 20 groups of 4; songs of a group share their chance of being right, to a degree of icc
    draw, missed = np.random.default_rng(0), 0
    groups = [str(i // 4) for i in range(80)]
    for _ in range(400):
        of_group = draw.random(20) < share
        own = draw.random(80) < share
        right = np.where(draw.random(80) < np.sqrt(icc), np.repeat(of_group, 4), own)
        low, high = wilson(right, groups)
        missed += not low <= share <= high
    assert missed / 400 < 0.08


def test_a_mean_of_one_group_could_be_anything_that_it_can_be():
    """One rule wherever a mean over songs is shown: nothing is known, and the interval says so."""
    values = np.array([1, 0, -1, 1])
    assert estimate(values, ["one"] * 4, 0, bounds=(-1, 1)) == Estimate(0.25, -1, 1)
    assert estimate(values, ["one"] * 4, 0) == Estimate(0.25, -np.inf, np.inf)
    assert estimate_share(values == 1, ["one"] * 4) == Estimate(0.5, 0, 1)


def test_estimates_are_means_with_the_intervals_of_their_kind():
    values = np.random.default_rng(0).integers(-1, 2, (30, 2))
    groups = [str(i // 2) for i in range(30)]
    both = estimates(values, groups, 7, n_folds=5)
    for column, result in zip(values.T, both, strict=True):
        replicates = bootstrap(lambda drawn, v=column: float(v[drawn].mean()), groups, 7)
        assert (result.low, result.high) == interval(replicates, 15, 5)
        assert result.value == column.mean() and result == estimate(column, groups, 7, n_folds=5)
    right = values[:, 0] > 0
    result = estimate_share(right, groups, 5)
    assert (result.value, result.low, result.high) == (right.mean(), *wilson(right, groups, 5))
