"""Notes to windows."""

from pathlib import Path

import numpy as np
import pytest

from classify.errors import InputError
from classify.representations.scaling import ChannelScaler, unscaled
from classify.representations.windows import CHANNELS, WindowSettings, cut
from classify.songs import NOTE, Song


def song(n_notes: int, first: int = 0) -> Song:
    """Notes of pitch first, first + 1, ...; one every half second, a quarter of a second long."""
    notes = np.zeros(n_notes, NOTE)
    notes["onset"], notes["duration"] = np.arange(n_notes) * 0.5, 0.25
    notes["pitch"] = first + np.arange(n_notes)
    notes["velocity"] = 64
    return Song.of(notes, Path("x.mid"))


PITCH = WindowSettings(10, 10, ("pitch",))


def test_full_windows_follow_each_other():
    windows = cut([song(20), song(30, first=50)], PITCH)
    assert windows.x.shape == (5, 10, 1) and windows.x.dtype == np.float32
    assert windows.song.tolist() == [0, 0, 1, 1, 1]
    assert windows.start.tolist() == [0, 10, 0, 10, 20]
    assert windows.x[3, :, 0].tolist() == list(range(60, 70))


@pytest.mark.parametrize(
    ("n_notes", "hop", "starts", "counted"),
    [
        (4, 10, [0], {"padded_songs": 1}),
        (10, 10, [0], {"full": 1}),
        (14, 10, [0], {"full": 1, "dropped_tails": 1, "dropped_notes": 4}),
        (15, 10, [0, 10], {"full": 1, "padded_tails": 1}),
        (20, 5, [0, 5, 10], {"full": 3}),
        (23, 5, [0, 5, 10, 15], {"full": 3, "padded_tails": 1}),
        (12, 2, [0, 2], {"full": 2}),
        (13, 4, [0, 4], {"full": 1, "padded_tails": 1}),
        (16, 4, [0, 4, 8], {"full": 2, "padded_tails": 1}),
        (14, 10, [0], {"full": 1, "dropped_tails": 1, "dropped_notes": 4}),
    ],
)
def test_short_songs_and_tails(n_notes, hop, starts, counted):
    windows = cut([song(n_notes)], WindowSettings(10, hop, ("pitch",)))
    assert windows.start.tolist() == starts
    assert {k: v for k, v in windows.counts.items() if v} == counted


def test_padding_is_on_the_left_and_becomes_the_mean():
    windows = cut([song(4, first=60)], PITCH)
    assert np.isnan(windows.x[0, :6, 0]).all()
    assert windows.x[0, 6:, 0].tolist() == [60, 61, 62, 63]
    scaled = ChannelScaler.fit(windows.x).transform(windows.x)
    assert (scaled[0, :6] == 0).all()
    assert scaled[0, 6:].mean() == pytest.approx(0, abs=1e-6)
    assert scaled[0, 6:].std() == pytest.approx(1, rel=1e-6)
    assert unscaled(windows.x)[0, :, 0].tolist() == [0] * 6 + [60, 61, 62, 63]


def test_scaling_is_learned_from_the_given_windows_only():
    windows = cut([song(20), song(20, first=90)], PITCH)
    scaler = ChannelScaler.fit(windows.x[:2])
    assert scaler.mean[0] == pytest.approx(9.5)
    before = windows.x.copy()
    assert scaler.transform(windows.x)[2:].mean() > 5
    np.testing.assert_array_equal(windows.x, before)


def test_a_channel_that_never_changes_becomes_zero():
    windows = cut([song(20)], WindowSettings(10, 10, ("velocity", "drum")))
    assert (ChannelScaler.fit(windows.x).transform(windows.x) == 0).all()


def test_channels_carry_their_units():
    windows = cut([song(10)], WindowSettings(10, 10, tuple(CHANNELS)))
    first, second = windows.x[0, 0], windows.x[0, 1]
    assert first[list(CHANNELS).index("inter-onset")] == pytest.approx(np.log(0.01))
    assert second[list(CHANNELS).index("inter-onset")] == pytest.approx(np.log(0.51))
    assert second[list(CHANNELS).index("duration")] == pytest.approx(np.log(0.26))
    assert second[list(CHANNELS).index("velocity")] == 64


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 1}, "--window 1"),
        ({"window": 8, "hop": 9}, "--hop 9: must lie between 1 and the window of 8"),
        ({"window": 8, "hop": 0}, "--hop 0"),
        ({"channels": ("pitch", "tempo")}, "--channels pitch,tempo: expected one or more of pitch"),
        ({"channels": ("pitch", "pitch")}, "each once"),
        ({"channels": ()}, "--channels"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(InputError, match=message):
        WindowSettings(**settings)
