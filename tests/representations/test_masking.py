"""Which notes are hidden, how, and what is to be guessed of them."""

import numpy as np
import pytest

from classify.representations import masking
from classify.representations.masking import NOTHING, TARGETS
from classify.representations.note_events import (
    COLUMNS,
    DRUM,
    DURATION,
    INTER_ONSET,
    PITCH,
    PLACE,
    REAL,
    TONIC,
    VELOCITY,
)


def windows(n: int = 40, n_notes: int = 100, padding: int = 20) -> np.ndarray:
    draw = np.random.default_rng(0)
    x = np.zeros((n, n_notes, len(COLUMNS)), np.float32)
    own = x[:, padding:]
    own[..., REAL] = 1
    own[..., PITCH] = draw.integers(30, 90, own.shape[:2])
    own[..., VELOCITY] = draw.integers(1, 128, own.shape[:2])
    own[..., INTER_ONSET] = draw.normal(-2, 1, own.shape[:2])
    own[..., DURATION] = draw.normal(-1, 1, own.shape[:2])
    own[..., PLACE] = draw.integers(0, 12, own.shape[:2])
    own[..., TONIC] = 2
    own[..., DRUM] = draw.random(own.shape[:2]) < 0.2
    return x


def test_about_fifteen_percent_are_hidden_some_of_them_in_runs():
    x = windows(400)
    mask = masking.drawn(x, np.random.default_rng(1))
    assert not mask[:, :20].any()
    assert mask[:, 20:].mean() == pytest.approx(masking.SHARE, abs=0.02)
    beside = (mask[:, 21:] & mask[:, 20:-1]).sum() / mask[:, 20:].sum()
    assert beside > 2 * masking.SHARE  # had each been drawn for itself, it would be the share
    assert (mask != masking.drawn(x, np.random.default_rng(2))).any()


def test_the_shortest_song_has_something_to_guess():
    x = windows(50, n_notes=22)
    assert masking.drawn(x, np.random.default_rng(0)).any(axis=1).all()
    assert not masking.drawn(windows(1, 22, padding=22), np.random.default_rng(0)).any()


def test_what_is_hidden_cannot_be_read():
    """Two windows that differ only in what is hidden are the same once it is hidden."""
    x = windows()
    mask = masking.drawn(x, np.random.default_rng(3))
    other = x.copy()
    other[mask, PITCH], other[mask, VELOCITY], other[mask, PLACE] = 1, 1, 1
    other[mask, INTER_ONSET], other[mask, DURATION] = 1, 1
    np.testing.assert_array_equal(masking.hidden(x, mask), masking.hidden(other, mask))
    np.testing.assert_array_equal(masking.hidden(x, mask)[~mask], x[~mask])


def test_what_is_guessed_is_what_the_note_was():
    x = np.zeros((1, 3, len(COLUMNS)), np.float32)
    x[0, 1:, REAL], x[0, 1:, TONIC] = 1, 2
    x[0, 1, [PITCH, VELOCITY, INTER_ONSET, DURATION]] = 62 + 7, 127, -4.6, 3.4
    x[0, 2, [PITCH, VELOCITY, DRUM]] = 36, 20, 1
    y = masking.targets(x, np.array([[True, True, True]]))[0]
    assert (y[0] == NOTHING).all()
    assert y[1].tolist() == [7, 5, 0, 15, 15]
    assert y[2, :2].tolist() == [NOTHING, NOTHING] and y[2, 4] == 2
    assert (masking.targets(x, np.zeros((1, 3), bool)) == NOTHING).all()


def test_every_class_is_in_range():
    x = windows()
    x[..., PITCH] = np.where(x[..., REAL] > 0, np.arange(100) * 127 // 99, 0)
    y = masking.targets(x, np.ones(x.shape[:2], bool))
    for place, n in enumerate(TARGETS.values()):
        assert y[..., place].min() == NOTHING and y[..., place].max() < n
    assert [len(own) for own in masking.counts(y)] == list(TARGETS.values())


def test_whoever_is_blind_has_the_entropy_as_loss():
    seen = [np.full(n, 10**6) for n in TARGETS.values()]
    asked = [np.full(n, 5) for n in TARGETS.values()]
    np.testing.assert_allclose(
        masking.blind(seen, asked), np.log(list(TARGETS.values())), rtol=1e-6
    )
    assert masking.blind(seen, [np.zeros(n, int) for n in TARGETS.values()]) == [0] * 5
