"""The geometry of labels; what pictures look like is for people to see."""

import numpy as np
import pytest

from classify.presentation.figures import spread


def test_labels_with_room_stay_where_they_are():
    assert spread([5.0, 1.0, 3.0], 1.5) == [5.0, 1.0, 3.0]


def test_labels_move_apart_around_their_middle():
    assert spread([2.0, 2.0], 1.0) == [1.5, 2.5]
    assert spread([3.0, 0.0, 3.2], 1.0) == pytest.approx([2.6, 0.0, 3.6])


def test_many_labels_keep_order_and_distance():
    places = np.random.default_rng(0).normal(size=30).tolist()
    moved = spread(places, 0.2)
    assert (np.argsort(moved) == np.argsort(places)).all()
    assert np.diff(np.sort(moved)).min() > 0.2 - 1e-9
    assert np.mean(moved) == pytest.approx(np.mean(places))
