"""Changed windows are still windows: in range, in order, padded on the left, drawn by the seed."""

import numpy as np
import pytest

from classify.representations.augmentation import Augmentation, augmented
from classify.representations.note_events import (
    COLUMNS,
    DRUM,
    DURATION,
    INTER_ONSET,
    PITCH,
    PLACE,
    PROGRAM,
    REAL,
    TONIC,
    UNKNOWN,
    VELOCITY,
)
from classify.representations.windows import TOGETHER

NOTHING = Augmentation(transposition=0, tempo=0, velocity=0, contrast=0, drop=0, jitter=0)


def windows(n: int = 50, n_notes: int = 40, pad: int = 8, seed: int = 0) -> np.ndarray:
    """Windows with a fifth of drums, the first `pad` rows empty."""
    draw = np.random.default_rng(seed)
    x = np.zeros((n, n_notes, len(COLUMNS)), np.float32)
    x[..., REAL] = 1
    x[..., PITCH] = draw.integers(0, 128, (n, 1)) // 2 + draw.integers(0, 64, (n, n_notes))
    gaps = np.where(draw.random((n, n_notes)) < 0.3, 0, draw.exponential(0.3, (n, n_notes)))
    x[..., INTER_ONSET] = np.log(gaps + TOGETHER)
    x[..., DURATION] = np.log(draw.exponential(0.5, (n, n_notes)) + TOGETHER)
    x[..., VELOCITY] = draw.integers(1, 128, (n, n_notes))
    x[..., PLACE] = draw.random((n, n_notes)) * 12
    x[..., DRUM] = draw.random((n, n_notes)) < 0.2
    x[..., TONIC] = draw.integers(0, 12, (n, 1))
    x[:, :pad] = 0
    return x


def changed(x, seed=1, n_passages=1, **amounts):
    chosen = Augmentation(**(vars(NOTHING) | amounts)) if amounts else Augmentation()
    return augmented(x, np.random.default_rng(seed), chosen, n_passages)


def seconds(x: np.ndarray, column: int) -> np.ndarray:
    return np.where(x[..., REAL] > 0, np.exp(x[..., column].astype(float)) - TOGETHER, 0)


def test_nothing_changes_nothing():
    x = windows()
    before = x.copy()
    same = augmented(x, np.random.default_rng(0), NOTHING)
    np.testing.assert_allclose(same, x, atol=1e-4)
    changed(x)
    np.testing.assert_array_equal(x, before)


def test_the_seed_decides():
    x = windows()
    np.testing.assert_array_equal(changed(x, 3), changed(x, 3))
    assert not np.array_equal(changed(x, 3), changed(x, 4))
    rng = np.random.default_rng(3)
    once, twice = (augmented(x, rng, Augmentation()) for _ in range(2))
    assert not np.array_equal(once, twice)


def test_transposition_leaves_intervals_key_and_drums():
    x = windows()
    y = changed(x, transposition=5)
    real, drum = x[..., REAL] > 0, x[..., DRUM] > 0
    moved = y[..., PITCH] - x[..., PITCH]
    for row in range(len(x)):
        steps = np.unique(moved[row][real[row] & ~drum[row]])
        assert len(steps) == 1 and abs(steps[0]) <= 5
    assert (moved[drum] == 0).all() and len(np.unique(moved)) > 5
    relative = [(z[..., PITCH] - z[..., TONIC])[real & ~drum] % 12 for z in (x, y)]
    np.testing.assert_array_equal(*relative)
    assert set(np.unique(y[..., TONIC][real])) <= set(range(12))
    others = [c for c in range(len(COLUMNS)) if c not in (PITCH, TONIC)]
    np.testing.assert_allclose(y[..., others], x[..., others], atol=1e-4)


def test_an_unknown_tonic_stays_unknown():
    x = windows()
    x[..., TONIC] = np.where(x[..., REAL] > 0, UNKNOWN, 0)
    np.testing.assert_array_equal(changed(x, transposition=5)[..., TONIC], x[..., TONIC])


@pytest.mark.parametrize("pitches", [(0, 127), (2, 60), (70, 126)])
def test_pitches_and_velocities_stay_in_range(pitches):
    x = windows()
    real = x[..., REAL] > 0
    x[..., PITCH] = np.where(real, np.clip(x[..., PITCH], *pitches), 0)
    x[:, -2, PITCH], x[:, -1, PITCH], x[:, -2:, DRUM] = *pitches, 0
    y = changed(x, velocity=60, contrast=0.9, transposition=5)
    assert y[..., PITCH].min() >= 0 and y[..., PITCH].max() <= 127
    assert y[real][:, VELOCITY].min() >= 1 and y[..., VELOCITY].max() <= 127
    if pitches == (0, 127):
        np.testing.assert_array_equal(y[..., PITCH], x[..., PITCH])


def test_tempo_scales_all_times_of_a_window_alike_and_no_beats():
    x = windows()
    y = changed(x, tempo=0.2)
    factors = []
    for row in range(len(x)):
        for column in (INTER_ONSET, DURATION):
            before, after = seconds(x[row], column), seconds(y[row], column)
            long = before > 0.05
            factors.append(after[long] / before[long])
        np.testing.assert_allclose(np.concatenate(factors[-2:]), factors[-1][0], rtol=1e-3)
    drawn = [own[0] for own in factors]
    assert 1 / 1.2 - 1e-3 <= min(drawn) < 0.9 and 1.1 < max(drawn) <= 1.2 + 1e-3
    np.testing.assert_array_equal(y[..., PLACE], x[..., PLACE])


def test_dropped_notes_leave_the_rest_in_order_in_time_and_padded_on_the_left():
    x = windows()
    x[..., PROGRAM] = np.where(x[..., REAL] > 0, np.arange(x.shape[1]), 0)  # names each note
    y = changed(x, drop=0.5)
    left = y[..., REAL].sum(axis=1)
    assert (left <= 32).all() and left.min() < 25 and (left > 0).all()
    assert (np.diff(y[..., REAL], axis=1) >= 0).all()
    assert (y[y[..., REAL] == 0] == 0).all()
    for row in range(len(x)):
        own = y[row][y[row, :, REAL] > 0]
        named = own[:, PROGRAM].astype(int)
        assert (np.diff(named) > 0).all()
        kept = [c for c in range(len(COLUMNS)) if c != INTER_ONSET]
        np.testing.assert_allclose(own[:, kept], x[row, named][:, kept], atol=1e-4)
        onset = seconds(x[row], INTER_ONSET).cumsum()[named]
        np.testing.assert_allclose(seconds(own, INTER_ONSET).cumsum(), onset, atol=1e-3)


def test_one_note_stays():
    x = windows(pad=39)
    y = changed(x, drop=1.0)
    np.testing.assert_array_equal(y[..., REAL], x[..., REAL])


def test_jitter_moves_onsets_a_little_and_never_backwards():
    x = windows()
    y = changed(x, jitter=0.02)
    onsets = [seconds(z, INTER_ONSET).cumsum(axis=1)[:, 8:] for z in (x, y)]
    off = onsets[1] - onsets[0]
    assert 0.01 < off.std() < 0.04 and np.abs(off).max() < 0.15
    assert seconds(y, INTER_ONSET).min() >= -1e-6


def test_passages_of_a_window_are_changed_alike_and_keep_their_own_padding():
    each = windows(n=80)
    x = each.reshape(20, 160, -1)
    y = changed(x, n_passages=4).reshape(80, 40, -1)
    assert (np.diff(y[..., REAL], axis=1) >= 0).all()
    x = windows(n=20, n_notes=160, pad=0).reshape(20, 160, -1)
    x[..., PITCH] = 60
    x[..., DRUM] = 0
    y = changed(x, n_passages=4, transposition=5, tempo=0.2)
    assert (np.ptp(y[..., PITCH], axis=1) == 0).all() and len(np.unique(y[..., PITCH])) > 5
    factor = seconds(y, DURATION) / np.maximum(seconds(x, DURATION), 0.05)
    long = seconds(x, DURATION) > 0.05
    assert all(np.ptp(f[own]) < 0.01 for f, own in zip(factor, long, strict=True))
