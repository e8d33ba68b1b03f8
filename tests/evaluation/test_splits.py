"""Splits keep groups whole, and say so when they cannot."""

import numpy as np
import pytest

from classify.evaluation import splits
from classify.evaluation.splits import SplitError

LABELS = ["a"] * 30 + ["b"] * 20 + ["c"] * 10
GROUPS = [f"g{i // 2}" for i in range(60)]


@pytest.mark.parametrize("seed", range(5))
def test_a_fifth_of_each_class_is_held_out_and_no_group_is_parted(seed):
    test = splits.by_song(LABELS, GROUPS, seed)
    labels, groups = np.array(LABELS), np.array(GROUPS)
    assert [int(test[labels == c].sum()) for c in "abc"] == [6, 4, 2]
    splits.refuse_shared_groups(groups[~test], groups[test])


def test_the_seed_decides():
    assert (splits.by_song(LABELS, GROUPS, 0) == splits.by_song(LABELS, GROUPS, 0)).all()
    assert (splits.by_song(LABELS, GROUPS, 0) != splits.by_song(LABELS, GROUPS, 1)).any()


def test_random_windows_are_the_papers_share():
    assert splits.by_window(835, 0).sum() == 167


def test_the_guard_names_what_is_parted():
    with pytest.raises(SplitError, match=r"divides 1 group of songs that belong together \('x'\)"):
        splits.refuse_shared_groups(["x", "y"], ["x", "z"])


@pytest.mark.parametrize(
    ("labels", "groups", "message"),
    [
        (["a"] * 9 + ["b"], range(10), "class 'b' has 1 song, and .* at least 5 songs"),
        (["a"] * 5 + ["b"] * 5, [*range(5), 5, 5, 5, 6, 6], "'b' has 5 songs in 2 groups"),
    ],
)
def test_a_class_with_too_few_songs(labels, groups, message):
    with pytest.raises(SplitError, match=message):
        splits.by_song(labels, [str(g) for g in groups], 0)


def test_a_split_that_would_lose_a_class_is_refused():
    # c2's five groups are in the same two large ones as much of the rest
    labels = ["c0"] * 5 + ["c1"] * 5 + ["c2"] * 5
    groups = ["s3", "0g1", "s5", "s2", "s7", "1g0", "s5", "s7", "1g3", "s1",
              "2g0", "2g1", "2g2", "s5", "s7"]  # fmt: skip
    for seed in range(30):
        try:
            test = splits.by_song(labels, groups, seed)
        except SplitError as error:
            assert "no fifth of them holds a song of every class" in str(error)
        else:
            assert set(np.array(labels)[test]) == set(labels)


def test_inner_folds_keep_groups_and_cover_everything():
    folds = splits.inner_folds(LABELS, GROUPS, 3, 0)
    assert len(folds) == 3
    groups = np.array(GROUPS)
    for fit, validate in folds:
        splits.refuse_shared_groups(groups[fit], groups[validate])
    assert sorted(np.concatenate([v for _, v in folds])) == list(range(60))


def test_inner_folds_are_fewer_where_groups_are_scarce():
    labels, groups = ["a"] * 6 + ["b"] * 2, [str(i) for i in range(8)]
    assert len(splits.inner_folds(labels, groups, 5, 0)) == 2


def test_without_groups_inner_folds_part_anything():
    assert len(splits.inner_folds(LABELS, None, 5, 0)) == 5


@pytest.mark.parametrize("seed", range(10))
def test_small_corpora_are_held_out_evenly(seed):
    labels = ["a"] * 8 + ["b"] * 8
    test = splits.by_song(labels, [str(i) for i in range(16)], seed)
    assert 3 <= test.sum() <= 4 and {1, 2} >= set(np.bincount(test[8:])[1:])
    assert set(np.array(labels)[test]) == {"a", "b"}


@pytest.mark.parametrize("n_folds", [2, 5, 10])
def test_folds_test_every_song_once_and_part_no_group(n_folds):
    labels, groups = LABELS * 2, [f"g{i // 2}" for i in range(120)]
    masks = splits.folds(labels, groups, n_folds, 0)
    assert len(masks) == n_folds
    assert (np.sum(masks, axis=0) == 1).all()
    for test in masks:
        assert set(np.array(groups)[test]).isdisjoint(np.array(groups)[~test])
        assert set(np.array(labels)[test]) == {"a", "b", "c"}


def test_folds_are_stratified_and_the_seed_decides():
    for test in splits.folds(LABELS, GROUPS, 5, 0):
        assert [int(test[np.array(LABELS) == c].sum()) for c in "abc"] == [6, 4, 2]
    first, again, other = (np.array(splits.folds(LABELS, GROUPS, 5, seed)) for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()


def test_folds_of_a_class_with_too_few_groups():
    with pytest.raises(
        SplitError, match=r"class 'c' has 10 songs in 5 groups, .* at least 6 group"
    ):
        splits.folds(LABELS, GROUPS, 6, 0)
    with pytest.raises(SplitError, match="1 folds leave nothing to learn from"):
        splits.folds(LABELS, GROUPS, 1, 0)


def test_folds_that_would_lose_a_class_are_refused():
    # both groups that hold class b are in one fold
    labels = ["a", "a", "b", "b", "b", "b"]
    groups = ["z", "x", "w", "w", "x", "w"]
    with pytest.raises(SplitError, match="one of the 2 folds holds no song of the class 'b'"):
        splits.folds(labels, groups, 2, 0)
