"""Transcriptions are given the mean and spread that songs have, by what their copies teach."""

import numpy as np

from classify.representations.scaling import LEAST_PAIRS, TranscriptionScaler

N = LEAST_PAIRS


def heard() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Songs of one to four equal windows, a copy of each, and two that are transcriptions alone."""
    draw = np.random.default_rng(0)
    songs = draw.normal(60, 5, (N, 1, 2)).astype(np.float32)
    copies = np.stack([songs[..., 0] / 2 + 30, np.full((N, 1), 7.0)], axis=-1).astype(np.float32)
    alone = np.full((2, 1, 2), 500, np.float32)
    times = draw.integers(1, 5, N)
    x = np.concatenate([np.repeat(songs, times, axis=0), copies, alone])
    originals = np.concatenate([np.repeat(np.arange(N), times), np.arange(N), [N, N + 1]])
    return x, originals, np.arange(len(x)) >= times.sum()


def test_copies_get_mean_and_spread_of_their_songs_each_counted_once():
    x, originals, transcribed = heard()
    scaler = TranscriptionScaler.of_pairs(x, originals, transcribed)
    songs = x[np.unique(originals[~transcribed], return_index=True)[1]]
    made = scaler.transform(x[transcribed][:N])
    np.testing.assert_allclose(made[..., 0], songs[..., 0], rtol=1e-5)
    np.testing.assert_allclose(made[..., 1], songs[..., 1].mean(), rtol=1e-5)


def test_too_few_pairs_teach_nothing():
    x, originals, transcribed = heard()
    fewer = originals != 0
    assert TranscriptionScaler.of_pairs(x[fewer], originals[fewer], transcribed[fewer]) is None
