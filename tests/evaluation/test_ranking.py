"""Areas under curves against scikit-learn's, for songs as they are and for resamples."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from classify.evaluation.ranking import areas, weighted_areas


def test_areas_are_scikit_learns_with_ties_and_weights():
    draw = np.random.default_rng(0)
    positive, score = draw.random(60) < 0.3, draw.integers(0, 12, 60) / 12
    weights = np.vstack([np.ones(60), draw.integers(0, 4, (5, 60))])
    for found, weight in zip(weighted_areas(positive, score, weights), weights, strict=True):
        given = (positive, score)
        expected = [
            f(*given, sample_weight=weight) for f in (roc_auc_score, average_precision_score)
        ]
        assert found == pytest.approx(expected)


def test_intervals_hold_chance_for_guesses_and_not_for_knowledge():
    draw = np.random.default_rng(1)
    truth, groups = np.arange(120) % 3, [str(song // 2) for song in range(120)]
    guessed = areas(draw.dirichlet([1, 1, 1], 120), truth, groups, seed=0, n_folds=5)
    assert guessed.mean_roc.low < 0.5 < guessed.mean_roc.high
    p = draw.dirichlet([1, 1, 1], 120)
    p[np.arange(120), truth] += 0.5
    knowing = areas(p, truth, groups, seed=0, n_folds=5)
    assert knowing.mean_roc.low > 0.5
    assert knowing.mean_roc.value == pytest.approx(
        np.mean([roc_auc_score(truth == c, p[:, c]) for c in range(3)])
    )
    assert all(one.low <= one.value <= one.high for one in knowing.roc + knowing.precision)


def test_classes_without_songs_have_no_area():
    p = np.array([[0.8, 0.2, 0.0], [0.3, 0.7, 0.0], [0.6, 0.4, 0.0]])
    found = areas(p, np.array([0, 1, 0]), ["a", "a", "a"], seed=0)
    assert found.roc[2] is None and found.precision[2] is None
    assert (found.mean_roc.low, found.mean_roc.high) == (0.0, 1.0)  # one group tells nothing
    with pytest.raises(ValueError, match="at least two"):
        areas(p, np.zeros(3, int), ["a", "b", "c"], seed=0)
