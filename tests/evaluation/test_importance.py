"""Permutation importance: columns that decide have it, redundant ones share it."""

import numpy as np
import pytest

from classify.evaluation.importance import (
    HeldOutSongs,
    correlated_clusters,
    donor_windows,
    donors,
    mean_importances,
    permutation_importance,
)


def logistic(weights):
    """A model of two classes that is known to the last digit."""

    def predict(x):
        odds = 1 / (1 + np.exp(-(x @ weights)))
        return np.stack([1 - odds, odds], axis=1)

    return predict


def songs(n_songs=60, n_columns=4, seed=0):
    """Songs of one to three windows whose class is the sign of column 0."""
    draw = np.random.default_rng(seed)
    of_song = draw.normal(size=(n_songs, n_columns))
    song = np.repeat(np.arange(n_songs), draw.integers(1, 4, n_songs))
    x = (of_song[song] + 0.05 * draw.normal(size=(len(song), n_columns))).astype(np.float32)
    groups = [f"g{number // 2}" for number in range(n_songs)]
    return HeldOutSongs(x, song, (of_song[:, 0] > 0).astype(int), groups)


def each(n):
    return {f"c{k}": np.array([k]) for k in range(n)}


def value(importances, name, question="credit", metric="log_likelihood"):
    wanted = (name, question, metric)
    return next(i for i in importances if (i.name, i.question, i.metric) == wanted)


def test_only_the_column_that_decides_matters():
    held_out = songs()
    importances = permutation_importance(
        logistic(np.array([5.0, 0, 0, 0])), held_out, each(4), seed=1
    )
    table = mean_importances(importances, held_out.groups, seed=1)
    assert table[0].name == "c0" and value(table, "c0").low > 0.5
    assert 0.3 < value(table, "c0", "without", "accuracy").value < 0.7  # right by chance: half
    for name in ("c1", "c2", "c3"):
        assert value(table, name).value == 0


def test_columns_that_say_the_same_are_small_without_and_large_alone():
    held_out = songs()
    x = held_out.x.copy()
    x[:, 1] = x[:, 0]
    held_out = HeldOutSongs(x, held_out.song, held_out.truth, held_out.groups)
    importances = permutation_importance(
        logistic(np.array([5.0, 5.0, 0, 0])), held_out, each(4), seed=1
    )
    table = mean_importances(importances, held_out.groups, seed=1)
    whole = permutation_importance(
        logistic(np.array([5.0, 5.0, 0, 0])), held_out, {"both": np.array([0, 1])}, seed=1
    )
    both = mean_importances(whole, held_out.groups, seed=1)[0]
    assert value(table, "c0", "without", "accuracy").value < both.value
    # without and alone of the two add up to what both say, whichever comes first
    credits = value(table, "c0").value + value(table, "c1").value
    assert credits == pytest.approx(both.value, rel=1e-6)


def test_no_song_takes_from_its_own_group_and_each_gives_once():
    groups = ["a"] * 3 + ["b"] * 4 + [f"s{k}" for k in range(6)]
    for seed in range(20):
        chosen = donors(groups, seed)
        assert sorted(chosen) == list(range(13))
        assert all(groups[k] != groups[chosen[k]] for k in range(13))


def test_windows_of_a_song_move_together_and_in_order():
    song = np.array([2, 0, 0, 1, 2, 0])
    taken = donor_windows(song, np.array([2, 0, 1]))
    assert taken.tolist() == [3, 0, 4, 1, 3, 0]


def test_the_same_seed_gives_the_same_answer_and_the_input_is_left_alone():
    held_out = songs()
    before = held_out.x.copy()
    one, two = (
        permutation_importance(logistic(np.ones(4)), held_out, each(4), seed=3) for _ in range(2)
    )
    assert np.array_equal(one[0].without, two[0].without)
    assert np.array_equal(held_out.x, before)


def test_channels_of_notes_are_columns_too():
    held_out = songs()
    notes = np.repeat(held_out.x[:, None], 6, axis=1)
    model = logistic(np.array([5.0, 0, 0, 0]))
    of_notes = HeldOutSongs(notes, held_out.song, held_out.truth, held_out.groups)
    one = permutation_importance(lambda x: model(x.mean(axis=1)), of_notes, each(4), seed=1)
    two = permutation_importance(model, held_out, each(4), seed=1)
    assert np.allclose(one[0].without, two[0].without, atol=1e-5)


def test_clusters_join_what_rises_and_falls_together():
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, 100))
    constant = np.ones(100)
    table = np.stack([a, np.exp(a), -a + 0.01 * b, b, constant], axis=1)
    importances = correlated_clusters(table, ["a", "exp", "minus", "b", "constant"])
    assert sorted(map(sorted, importances.values())) == [[0, 1, 2], [3], [4]]
    assert set(importances) >= {"b", "constant"}
    assert correlated_clusters(table[:, :1], ["a"])["a"].tolist() == [0]


def test_songs_that_cannot_be_shuffled_are_refused():
    with pytest.raises(ValueError, match="at least two"):
        HeldOutSongs(np.zeros((2, 1)), np.array([0, 1]), np.array([0, 1]), ["a", "a"])
    with pytest.raises(ValueError, match="each song from 0 to 1"):
        HeldOutSongs(np.zeros((2, 1)), np.array([0, 0]), np.array([0, 1]), ["a", "b"])
