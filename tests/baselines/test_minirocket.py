"""MiniRocket hears the order of notes, in every channel, in windows of any length."""

import numpy as np
import pytest
from classify.baselines.minirocket import KERNEL, by_channel

from classify.models.baseline_classifier import BaselineClassifier

#: What is compiled for the first model is there for the others.
pytestmark = pytest.mark.xdist_group("models baselines")


def melodies(n_notes: int, channel: int):
    """80 windows of the same pitches, turned to begin anywhere; half of them run backwards."""
    draw = np.random.default_rng(0)
    pattern = np.resize([0.0, 1.0, 3.0, 4.0], n_notes)
    x = draw.normal(scale=0.1, size=(80, n_notes, 2)).astype(np.float32)
    y = np.repeat(["down", "up"], 40)
    for window, way in zip(x, y, strict=True):
        run = np.roll(pattern, draw.integers(4))
        window[:, channel] += run if way == "up" else run[::-1]
    return x, y


@pytest.mark.parametrize("channel", [0, 1])
def test_order_in_any_channel_is_heard(channel):
    x, y = melodies(24, channel)
    model = BaselineClassifier("minirocket", quick=True).fit(x[::2], y[::2])
    assert (model.predict(x[1::2]) == y[1::2]).mean() > 0.95


def test_windows_shorter_than_a_kernel_are_filled():
    x, y = melodies(4, 0)
    model = BaselineClassifier("minirocket", quick=True).fit(x, y)
    assert model.predict_proba(x).shape == (80, 2)
    filled = by_channel(x)
    assert filled.shape == (80, 2, KERNEL)
    assert not filled[:, :, : KERNEL - 4].any()


@pytest.mark.parametrize("n", [1, 3])
def test_channels_come_first_in_memory_too(n):
    x = np.arange(n * 24, dtype=np.float32).reshape(n, 12, 2)
    turned = by_channel(x)
    assert turned.flags.c_contiguous
    np.testing.assert_array_equal(turned[:, 1], x[:, :, 1])
