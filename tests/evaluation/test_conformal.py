"""Sets keep their promise; values against mapie."""

import numpy as np
import pytest

from classify.evaluation import conformal

P = np.array(
    [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5], [0.5, 0.4, 0.1], [0.3, 0.3, 0.4],
     [0.8, 0.1, 0.1], [0.15, 0.75, 0.1], [0.45, 0.35, 0.2], [0.05, 0.05, 0.9]]
)  # fmt: skip
TRUTH = np.array([0, 1, 2, 1, 0, 0, 1, 0, 2])
NEW = np.array(
    [[0.62, 0.28, 0.1], [0.34, 0.33, 0.33], [0.05, 0.9, 0.05], [0.42, 0.31, 0.27],
     [0.5, 0.1, 0.4], [0.41, 0.4, 0.19]]
)  # fmt: skip
NEW_TRUTH = np.array([0, 1, 2, 1, 2, 0])


@pytest.mark.parametrize(
    ("coverage", "expected", "share", "size"),
    [
        # mapie 1.6.0, SplitConformalClassifier(prefit, "lac"), with a classifier that hands P on
        (0.5, [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], 1 / 6, 1 / 3),
        (0.6, [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]], 1 / 6, 1 / 2),
        (0.7, [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]], 1 / 6, 1 / 2),
        (0.8, [[1, 0, 0], [0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 0, 1], [1, 1, 0]], 1 / 2, 7 / 6),
    ],
)
def test_sets_are_mapies(coverage, expected, share, size):
    chosen = conformal.prediction_sets(NEW, conformal.threshold(P, TRUTH, coverage))
    np.testing.assert_array_equal(chosen, np.array(expected, bool))
    assert conformal.coverage(chosen, NEW_TRUTH) == pytest.approx(share, abs=1e-9)
    assert conformal.mean_set_size(chosen) == pytest.approx(size, abs=1e-9)


def test_the_limit_by_hand():
    # true classes had .9 .8 .75 .7 .6 .5 .45 .4 .3; k = ceil(.9 * 10) = 9, ceil(.75 * 10) = 8
    assert conformal.threshold(P, TRUTH, 0.9) == 0.3
    assert conformal.threshold(P, TRUTH, 0.75) == 0.4
    # ten songs would be needed for .91 and none is left out of a set
    assert conformal.threshold(P, TRUTH, 0.91) == 0
    assert conformal.prediction_sets(NEW, 0.0).all()


def test_groups_of_one_song_change_nothing():
    for coverage in (0.1, 0.5, 0.8, 0.9, 0.95):
        alone = conformal.threshold(P, TRUTH, coverage, [str(i) for i in range(9)])
        assert alone == conformal.threshold(P, TRUTH, coverage)


def test_each_group_counts_once_by_hand():
    # songs .9 .8 .75 weigh 1/3 each, .7 .6 1/2 each, .5 .45 .4 .3 1/4 each; .5 * (3 + 1) = 2 whole
    # groups are reached with .6, .75 * 4 = 3 with .3, and more never
    order = np.argsort(-P[np.arange(9), TRUTH])
    groups = np.array(list("aaabbcccc"))
    p, truth = P[order], TRUTH[order]
    assert conformal.threshold(p, truth, 0.5, groups) == 0.6
    assert conformal.threshold(p, truth, 0.75, groups) == 0.3
    assert conformal.threshold(p, truth, 0.8, groups) == 0


def made_up(draw, n_songs, of_group):
    """Probabilities that know little; songs of a group are as sure as each other."""
    skill = np.repeat(draw.random(n_songs // of_group), of_group)[:, None]
    truth = draw.integers(0, 4, n_songs)
    p = skill * np.eye(4)[truth] + (1 - skill) * draw.dirichlet(np.ones(4), n_songs)
    return p, truth


@pytest.mark.parametrize("of_group", [1, 5])
@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_the_promise_is_kept_and_not_by_far(of_group, coverage):
    # 20 groups for calibration, 20 new ones, again and again: on average, as promised, and at
    # most 1 / (n + 1) above where songs are their own groups
    draw, reached = np.random.default_rng(0), []
    groups = np.repeat(np.arange(20), of_group).astype(str)
    for _ in range(800):
        least = conformal.threshold(*made_up(draw, 20 * of_group, of_group), coverage, groups)
        p, truth = made_up(draw, 20 * of_group, of_group)
        reached.append(conformal.coverage(conformal.prediction_sets(p, least), truth))
    assert coverage - 0.015 < np.mean(reached) < coverage + 1 / 21 + 0.015


@pytest.mark.parametrize("coverage", [0, 1, 1.2])
def test_what_cannot_be_promised(coverage):
    with pytest.raises(ValueError, match="is not between 0 and 1"):
        conformal.threshold(P, TRUTH, coverage)
    with pytest.raises(ValueError, match="there are none"):
        conformal.threshold(P[:0], TRUTH[:0])


def test_a_hard_class_is_held_as_often_as_an_easy_one():
    """One threshold holds the hard class in far fewer sets; one for each class does not."""
    draw = np.random.default_rng(0)

    def songs(n: int) -> tuple[np.ndarray, np.ndarray]:
        truth = (draw.random(n) < 0.15).astype(int)  # the second class is rare, and hard to see
        of_second = np.where(truth == 1, draw.uniform(0.1, 0.7, n), draw.uniform(0.0, 0.3, n))
        return np.stack([1 - of_second, of_second], axis=1), truth

    p, truth = songs(2000)
    new, of_new = songs(4000)
    one = conformal.prediction_sets(new, conformal.threshold(p, truth))
    each = conformal.prediction_sets(new, conformal.class_thresholds(p, truth))
    hard = of_new == 1
    assert conformal.coverage(one[hard], of_new[hard]) < 0.7
    for chosen in (hard, ~hard):
        assert 0.87 < conformal.coverage(each[chosen], of_new[chosen]) < 0.93
    assert conformal.class_thresholds(p[:5], np.zeros(5, int)).tolist() == [0.0, 0.0]  # too few
