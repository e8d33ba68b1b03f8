"""Distances between sets of songs, against sources that are known exactly."""

import numpy as np
import pytest
from scipy.stats import norm

from classify.evaluation import similarity


def test_the_density_is_that_of_a_known_distribution():
    drawn = np.random.default_rng(0).normal(10, 2, 20_000)
    estimated = similarity.density(drawn, 0, 20)
    middles = (np.arange(similarity.GRID) + 0.5) * 20 / similarity.GRID
    true = norm(10, 2).pdf(middles) * 20 / similarity.GRID
    assert np.abs(estimated - true).sum() < 0.05


def test_two_known_distributions_overlap_by_as_much_as_they_do():
    random = np.random.default_rng(1)
    a, b = random.normal(0, 1, 50_000), random.normal(2, 1, 50_000)
    overlap, divergence = similarity.overlap_and_divergence(a, b)
    assert overlap == pytest.approx(2 * norm.cdf(-1), abs=0.02)
    assert divergence == pytest.approx(2.0, abs=0.25)  # half the squared distance


def test_equal_songs_overlap_wholly():
    same = np.ones((5, 1))
    (overlap, *_), (divergence, *_) = similarity.set_overlap(same, same)
    assert (overlap, divergence) == (1.0, 0.0)


def test_a_set_that_is_less_varied_or_elsewhere_overlaps_less():
    random = np.random.default_rng(2)
    real, other = random.normal(size=(80, 1)), random.normal(size=(80, 1))
    alike = similarity.set_overlap(real, other)[0]
    poor = similarity.set_overlap(real, 0.1 * other)[0]
    far = similarity.set_overlap(real, other + 3)[0]
    assert alike[0] > 0.9 and alike[0] > poor[0] + 0.05 and poor[0] > far[0]
    for value, low, high in (alike, poor, far):
        assert 0 <= low <= value <= high <= 1


def test_the_frechet_distance_of_known_normal_distributions():
    random = np.random.default_rng(3)
    real = random.normal(size=(200_000, 2))
    other = random.normal(size=(200_000, 2)) * [2, 3] + [1, 0]
    # means apart by 1, standard deviations by 1 and 2
    assert similarity.frechet_distance(real, other) == pytest.approx(1 + 1 + 4, abs=0.1)


def test_the_same_seed_gives_the_same_interval():
    random = np.random.default_rng(4)
    real, other = random.normal(size=(30, 2)), random.normal(size=(20, 2))
    first = similarity.frechet_interval(real, other, seed=5)
    assert first == similarity.frechet_interval(real, other, seed=5)
    assert first != similarity.frechet_interval(real, other, seed=6)
