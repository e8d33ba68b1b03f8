"""The probes see a leak where there is one, and none where there is none."""

import numpy as np

from classify.evaluation import leak, splits


def made_up(noise: float):
    """Labels drawn at random; a window is its song's own pattern plus noise."""
    draw = np.random.default_rng(0)
    song = np.repeat(np.arange(60), 10)
    labels = draw.integers(0, 3, 60).astype(str)[song]
    rows = draw.normal(size=(60, 20))[song] + noise * draw.normal(size=(600, 20))
    return rows.astype(np.float32), labels.tolist(), [str(s) for s in song]


def test_songs_that_are_recognised_are_worth_many_points():
    rows, labels, groups = made_up(noise=0.3)
    for probe in leak.probes(rows, labels, groups, splits.by_window(600, 0), 0):
        assert probe.leaking > 0.9
        assert probe.honest < 0.6
        assert probe.points == 100 * (probe.leaking - probe.honest)


def test_a_split_by_song_shares_nothing():
    rows, labels, groups = made_up(noise=0.3)
    by_window = splits.by_window(600, 0)
    assert leak.shared_songs(by_window, groups) > 0.95
    by_song = splits.by_song(labels, groups, 0)
    assert leak.shared_songs(by_song, groups) == 0
    for probe in leak.probes(rows, labels, groups, by_song, 0):
        assert abs(probe.points) < 25
