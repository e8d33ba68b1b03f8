"""The probes see a leak where there is one, and none where there is none."""

import numpy as np
import pytest

from classify.evaluation import leak, splits


@pytest.fixture(autouse=True)
def _draws_of_users(monkeypatch):
    """As many as outside the tests."""
    monkeypatch.setattr(leak, "DRAWS", 3)


def made_up(noise: float):
    """Labels drawn at random; a window is its song's own pattern plus noise."""
    draw = np.random.default_rng(0)
    song = np.repeat(np.arange(60), 10)
    labels = draw.integers(0, 3, 60).astype(str)[song]
    rows = draw.normal(size=(60, 20))[song] + noise * draw.normal(size=(600, 20))
    return rows.astype(np.float32), labels.tolist(), [str(s) for s in song]


def test_songs_that_are_recognised_are_worth_many_points():
    rows, labels, groups = made_up(noise=0.3)
    measured = leak.probes(rows, labels, groups, 0)
    assert len(measured) == 2
    for probe in measured:
        assert probe.leaking > 0.9
        assert probe.honest < 0.6
        assert probe.points == 100 * (probe.leaking - probe.honest)


def test_a_split_by_song_shares_nothing():
    _, labels, groups = made_up(noise=0.3)
    by_window = splits.by_window(600, 0)
    assert leak.shared_groups(by_window, groups) > 0.95
    by_song = splits.by_song(labels, groups, 0)
    assert leak.shared_groups(by_song, groups) == 0


def test_windows_without_a_song_of_their_own_leak_nothing():
    rows, labels, _ = made_up(noise=0.3)
    draw = np.random.default_rng(1)
    rows = draw.normal(size=rows.shape).astype(np.float32)
    for probe in leak.probes(rows, labels, [str(i) for i in range(600)], 0):
        assert abs(probe.points) < 8


def test_too_few_groups_measure_nothing():
    rows, labels, _ = made_up(noise=0.3)
    assert leak.probes(rows, labels, ["one artist"] * 600, 0) == []
