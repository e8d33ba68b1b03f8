"""What can be said of a song as a whole."""

import numpy as np
import pytest

from classify.representations import descriptors
from classify.songs import NOTE


def notes(onset, pitch, beat=None, drum=False, length=0.2):
    table = np.zeros(len(onset), NOTE)
    table["onset"], table["pitch"], table["duration"] = onset, pitch, length
    table["beat"] = np.nan if beat is None else beat
    table["velocity"], table["drum"] = 64, drum
    return table


SCALE = np.array([60, 62, 64, 65, 67, 69, 71, 72] * 8)


def test_the_key_of_a_scale():
    onset = np.arange(64) * 0.25
    cadence = np.array([0, 4, 7, 0, 7, 4, 0, 2, 0, 4, 7, 11, 0, 5, 9, 0] * 4) + 60
    assert descriptors.key(notes(onset, cadence)) == "C major"
    assert descriptors.key(notes(onset, cadence + 3)) == "E♭ major"
    minor = np.array([0, 3, 7, 0, 7, 3, 0, 2, 0, 3, 7, 8, 0, 5, 8, 0] * 4) + 62
    assert descriptors.key(notes(onset, minor)) == "D minor"
    assert descriptors.key(notes(onset, cadence, drum=True)) == ""
    assert descriptors.key(notes(onset, cadence, length=0)) == "C major"


@pytest.mark.parametrize("bpm", [60, 92, 140])
def test_beats_that_notes_keep_to_are_believed(bpm):
    beat = np.arange(64) / 2
    assert descriptors.tempo(notes(beat * 60 / bpm, SCALE, beat)) == pytest.approx(bpm)


@pytest.mark.parametrize("bpm", [75, 100, 126])
def test_a_performance_is_measured_whatever_its_file_says(bpm):
    """Played quarters and eighths, recorded against a click of 120 bpm that nobody heard."""
    draw = np.random.default_rng(1)
    gaps = draw.choice([1.0, 0.5, 0.5], 200) * 60 / bpm
    onset = np.cumsum(gaps) + draw.normal(0, 0.008, 200)
    onset = np.sort(onset - onset.min())
    table = notes(onset, np.resize(SCALE, 200), onset * 2)
    found = descriptors.tempo(table)
    assert min(abs(found / bpm - octave) for octave in (0.5, 1, 2)) < 0.03
    table["beat"] = np.nan
    assert descriptors.tempo(table) == found


def test_a_song_that_begins_all_at_once_has_no_tempo():
    assert np.isnan(descriptors.tempo(notes(np.zeros(3), [60, 64, 67])))


def test_statistics_are_finite_and_do_not_depend_on_length():
    onset = np.arange(64) * 0.25
    songs = [notes(onset, SCALE), notes(np.arange(128) * 0.25, np.tile(SCALE, 2))]
    one, twice = descriptors.statistics(songs)
    assert one.shape == descriptors.LEAST.shape and (descriptors.LEAST > 0).all()
    assert (np.abs(one - twice) < 0.2 * descriptors.LEAST).all()
    odd = [notes([0], [60]), notes([0], [60], drum=True), notes(np.zeros(9), [60] * 9)]
    assert np.isfinite(descriptors.statistics(odd)).all()


def test_statistics_are_those_of_numpy_whatever_songs_are_beside():
    draw = np.random.default_rng(0)
    songs = [
        notes(np.sort(draw.random(n).round(1)), draw.integers(30, 90, n), drum=n == 7)
        for n in (40, 7, 1, 2, 300, 7)
    ]
    together = descriptors.statistics(songs)
    names = [statistic.name for statistic in descriptors.STATISTICS]
    for song, values in zip(songs, together, strict=True):
        np.testing.assert_array_equal(values, descriptors.statistics([song])[0])
        said, pitch = dict(zip(names, values, strict=True)), song["pitch"].astype(float)
        gaps = np.diff(song["onset"])
        assert said["together"] == pytest.approx((gaps <= descriptors.TOGETHER).sum() / len(song))
        if song["drum"][0]:
            assert said["drums"] == 1 and not any(said[name] for name in names[:6])
            continue
        assert said["pitch_std"] == pytest.approx(pitch.std())
        assert said["pitch_low"] == pytest.approx(np.quantile(pitch, 0.1))
        assert said["pitch_high"] == pytest.approx(np.quantile(pitch, 0.9))
        if len(song) > 1:
            assert said["leap_mean"] == pytest.approx(np.abs(np.diff(pitch)).mean())
        apart = np.log(gaps[gaps > descriptors.TOGETHER])
        if len(apart):
            assert said["gap_std"] == pytest.approx(apart.std())


def test_statistics_tell_what_they_are_called():
    names = [statistic.name for statistic in descriptors.STATISTICS]
    table = notes(np.arange(64) * 0.25, SCALE)
    before = dict(zip(names, descriptors.statistics([table])[0], strict=True))
    table["pitch"] += 12
    table["velocity"] += 10
    table["program"] = 40
    after = dict(zip(names, descriptors.statistics([table])[0], strict=True))
    assert before["pitch_mean"] == pytest.approx(SCALE.mean())
    assert after["pitch_mean"] - before["pitch_mean"] == pytest.approx(12)
    assert after["velocity_mean"] == 74 and after["not_piano"] == 1 and before["not_piano"] == 0
    assert after["gap_mean"] == before["gap_mean"] == pytest.approx(np.log(0.25))
    assert after["together"] == 0
