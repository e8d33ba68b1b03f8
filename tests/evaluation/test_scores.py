"""Scores against scikit-learn, intervals against theory."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn import metrics

from classify.evaluation.scores import (
    SCORES,
    accuracy,
    balanced_accuracy,
    confusion,
    interval,
    macro_f1,
    resampled,
)

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
    answer = (np.arange(400) >= 240).astype(int)
    low, high = interval(accuracy(resampled(truth, answer, [str(i) for i in range(400)], 2, 0)))
    half = norm.ppf(0.975) * np.sqrt(0.6 * 0.4 / 400)
    assert low == pytest.approx(0.6 - half, abs=0.006)
    assert high == pytest.approx(0.6 + half, abs=0.006)


def test_songs_of_one_group_widen_the_interval():
    truth, answer = np.zeros(400, int), (np.arange(400) >= 240).astype(int)

    def width(groups):
        low, high = interval(accuracy(resampled(truth, answer, groups, 2, 0)))
        return high - low

    alone = width([str(i) for i in range(400)])
    tens = width([str(i // 10) for i in range(400)])
    assert tens == pytest.approx(np.sqrt(10) * alone, rel=0.15)


def test_every_score_takes_resamples():
    draws = resampled(TRUTH, ANSWER, [str(i) for i in range(300)], 4, 0)
    for score in SCORES.values():
        values = score(draws)
        assert values.shape == (2000,) and np.isfinite(values).all()
