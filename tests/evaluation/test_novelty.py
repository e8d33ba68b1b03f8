"""Songs that are like none of the training."""

import numpy as np
import pytest

from classify.evaluation import novelty


def songs(n_songs: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_songs, 8)) * np.arange(1, 9) + shift


LEAST = np.full(8, 0.1)


def test_one_song_in_a_hundred_of_the_same_kind_is_flagged():
    shares = []
    for seed in range(5):
        fitted = novelty.fit(songs(400, seed), [str(i) for i in range(400)], LEAST)
        shares.append(1 - fitted.in_distribution(songs(1000, seed + 100)).mean())
    assert 0.002 < np.mean(shares) < 0.03


def test_songs_far_away_are_flagged():
    fitted = novelty.fit(songs(200, 0), [str(i) for i in range(200)], LEAST)
    assert not fitted.in_distribution(songs(50, 1, shift=40.0)).any()
    assert np.isfinite(fitted.distance(np.full((1, 8), 1e12))).all()


def test_clips_of_one_recording_do_not_make_the_threshold_small():
    """Each song five times: its copies are no evidence that a new song would be as near."""
    once = songs(100, 0)
    names = [str(i) for i in range(100)]
    alone = novelty.fit(once, names, LEAST)
    grouped = novelty.fit(np.repeat(once, 5, axis=0), list(np.repeat(names, 5)), LEAST)
    blind = novelty.fit(np.repeat(once, 5, axis=0), [str(i) for i in range(500)], LEAST)
    assert blind.threshold < 0.2 * alone.threshold
    assert 0.5 * alone.threshold < grouped.threshold <= alone.threshold


def test_a_quantity_that_never_changes_counts_by_what_matters():
    x = songs(100, 0)
    x[:, 3] = 64.0
    fitted = novelty.fit(x, [str(i) for i in range(100)], LEAST)
    near, far = songs(100, 1), songs(100, 1)
    near[:, 3], far[:, 3] = 64.05, 70.0
    assert fitted.in_distribution(near).mean() > 0.9 and fitted.in_distribution(far).mean() < 0.1


def test_many_songs_are_thinned_alike():
    x, names = songs(3000, 0), [str(i) for i in range(3000)]
    one, two = (novelty.fit(x, names, LEAST, seed=4) for _ in range(2))
    assert len(one.reference) == novelty.MOST_SONGS and one.threshold == two.threshold


def test_one_group_alone_is_refused():
    with pytest.raises(ValueError, match="two groups"):
        novelty.fit(songs(5, 0), ["a"] * 5, LEAST)


def test_a_collection_that_hides_among_the_training_songs_has_a_high_domain_auc():
    """Each song near some training song, but only of one corner."""
    x = songs(400, 0)
    fitted = novelty.fit(x, [str(i) for i in range(400)], LEAST)
    corner = songs(400, 1)
    corner = corner[corner[:, 0] > 0.5]
    assert fitted.in_distribution(corner).mean() > 0.95 and fitted.domain_auc(corner) > 0.75
    same = [fitted.domain_auc(songs(200, seed)) for seed in range(2, 7)]
    assert abs(np.mean(same) - 0.5) < 0.08 and max(same) < 0.65
    assert np.isnan(fitted.domain_auc(songs(10, 1)))
