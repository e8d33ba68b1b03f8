"""Attributions: exact where the truth is known, complete for networks, destroyed by chance."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit as sigmoid
from scipy.stats import spearmanr

from classify.inference.explain.attributions import (
    TOLERANCE,
    attributed,
    cut_out,
    integrated_gradients,
    left_out,
    occluded,
    on_notes,
)
from classify.models import backend, networks
from classify.models.network_classifier import NetworkClassifier
from classify.models.training_settings import TrainingSettings
from classify.songs import NOTE, Song

CHANNELS = ("pitch", "velocity", "duration")


def song_of(n_notes, seed=0):
    draw = np.random.default_rng(seed)
    notes = np.zeros(n_notes, dtype=NOTE)
    notes["onset"] = notes["beat"] = np.arange(n_notes)
    notes["duration"], notes["pitch"] = 0.5, draw.integers(40, 80, n_notes)
    return Song.of(notes, Path("made.mid"))


def test_a_known_model_is_attributed_exactly():
    draw = np.random.default_rng(0)
    weights, x = draw.normal(size=(5, 2)), draw.normal(size=(3, 5, 2)).astype(np.float32)

    def answer(rows):
        return sigmoid((rows * weights).sum(axis=(1, 2)))

    def slope(rows):
        p = answer(rows)[:, None, None]
        return p * (1 - p) * weights

    found, gap = integrated_gradients(slope, answer, x, np.zeros_like(x))
    assert gap <= TOLERANCE
    # of a function of a sum, each number has its share of the sum (Sundararajan et al., linearity)
    moved = (answer(x) - 0.5) / (x * weights).sum(axis=(1, 2))
    assert np.allclose(found, moved[:, None, None] * x * weights, atol=1e-3)


def test_steps_are_doubled_for_a_steep_model_and_a_gap_is_told():
    x = np.full((1, 1, 1), 1.0, dtype=np.float32)

    def answer(rows):
        return sigmoid(4000 * (rows[:, 0, 0] - 0.5))

    def slope(rows):
        p = answer(rows)[:, None, None]
        return 4000 * p * (1 - p)

    _, gap = integrated_gradients(slope, answer, x, np.zeros_like(x))
    assert gap > TOLERANCE


def test_windows_come_back_to_their_notes():
    windows = np.arange(8.0).reshape(2, 4, 1)
    found = on_notes(windows, np.array([0, 4]), 6)  # the second window has two notes, on the right
    assert found[:, 0].tolist() == [0, 0.5, 1, 1.5, 3, 3.5]


def test_padding_takes_no_part():
    x = np.array([[[9.0], [9.0], [1.0], [2.0]]], dtype=np.float32)
    found = attributed(
        lambda rows: np.ones_like(rows),
        lambda rows: rows.sum(axis=(1, 2)),
        x,
        np.array([0]),
        2,
        ("pitch",),
    )
    assert np.allclose(found.notes, [1, 2]) and found.baseline == 18


def test_the_passage_that_decides_is_found_by_leaving_it_out():
    song = song_of(200)
    song.notes["pitch"][80:100] = 100

    def answer(songs):
        return np.array([(own.notes["pitch"] == 100).mean() * 5 for own in songs])

    found = occluded(answer, song, np.array([0]), 200)
    assert found.notes[82:98].min() > 0 > found.notes[110:].max()
    assert found.notes[82:98].min() > 3 * np.abs(found.notes[110:]).max()


def test_windows_are_asked_by_themselves():
    song = song_of(40)
    song.notes["pitch"][:] = 50
    song.notes["pitch"][22:26] = 100
    asked = []

    def answer(pieces):
        asked.extend(len(own.notes) for own in pieces)
        return np.array([(own.notes["pitch"] == 100).any() for own in pieces], dtype=float)

    found = occluded(answer, song, np.array([0, 20]), 20).notes
    assert max(asked) == 20
    assert not found[:20].any()  # nothing in the first window says anything
    assert found[22:26].min() > 0 and not found[30:].any()


def test_what_is_left_out_takes_its_time_with_it():
    rest = left_out(song_of(10), slice(3, 6)).notes
    assert len(rest) == 7 and rest["onset"].tolist() == rest["beat"].tolist() == list(range(7))
    assert left_out(song_of(10), slice(6, 10)).notes["onset"].tolist() == list(range(6))


def test_no_passage_is_the_whole_song_and_every_note_is_in_one():
    for n_notes in (1, 2, 4, 5, 9, 64, 1000, 1001):
        passages = cut_out(n_notes)
        assert all(0 < own.stop - own.start < n_notes for own in passages)
        covered = {note for own in passages for note in range(own.start, own.stop)}
        assert not passages or covered == set(range(n_notes))
    lonely = occluded(lambda pieces: np.ones(len(pieces)), song_of(1), np.array([0]), 8)
    assert lonely.notes.tolist() == [0]


# --- networks


def windows(n=120, seed=0):
    """The mean of the first channel decides; the others say nothing. Notes are -1 or 1."""
    draw = np.random.default_rng(seed)
    code = np.arange(n) % 2
    share = np.where(code, 0.8, 0.2)
    x = draw.choice([-1.0, 1.0], (n, 24, 3))
    x[:, :, 0] = np.where(draw.random((n, 24)) < share[:, None], 1, -1)
    return x.astype(np.float32), code.astype(str)


def trained(labels):
    x, _ = windows()
    settings = TrainingSettings(recipe="paper", epochs=10)
    return NetworkClassifier("nn3", settings).fit(x, labels).model_


def explained(model):
    """Attributions for class 1 of ten new windows, and the largest gap."""
    x, _ = windows(10, seed=1)
    return integrated_gradients(
        backend.gradient(model, 1),
        lambda rows: model.predict(rows, verbose=0)[:, 1],
        x,
        np.zeros_like(x),
    )


def likeness(found):
    """Mean rank correlation with the truth: notes of 1 in the first channel speak for class 1."""
    x, _ = windows(10, seed=1)
    truth = x * np.array([1.0, 0, 0])
    return np.mean([spearmanr(a.ravel(), b.ravel())[0] for a, b in zip(found, truth, strict=True)])


@pytest.fixture(scope="module")
def network():
    return trained(windows()[1])


def test_attributions_of_a_network_are_complete_and_right(network):
    found, gap = explained(network)
    x, _ = windows(10, seed=1)
    p = network.predict(x, verbose=0)[:, 1]
    floor = network.predict(np.zeros_like(x[:1]), verbose=0)[0, 1]
    assert np.allclose(found.sum(axis=(1, 2)), p - floor, atol=TOLERANCE + 1e-4)
    assert gap <= TOLERANCE and np.ptp(p) > 0.5
    assert likeness(found) > 0.5


@pytest.mark.slow
def test_random_weights_destroy_the_attributions(network):
    import keras

    right = likeness(explained(network)[0])
    found = []
    for seed in range(4):
        keras.utils.set_random_seed(seed)
        found.append(likeness(explained(networks.find()["nn3"].build(24, 3, 2))[0]))
    assert abs(np.mean(found)) < 0.2 < right / 2


@pytest.mark.slow  # random weights, above, are the same check of attributions in the fast suite
def test_random_labels_destroy_the_attributions():
    _, labels = windows()
    mixed = labels.copy()
    for name in ("0", "1"):  # half of each class has either label, so that none is left to learn
        own = np.flatnonzero(labels == name)
        mixed[own] = np.random.default_rng(0).permutation(["0", "1"] * (len(own) // 2))
    assert abs(likeness(explained(trained(mixed))[0])) < 0.3
