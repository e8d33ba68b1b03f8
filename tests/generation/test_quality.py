"""What is measured on songs, on songs whose values are known."""

import numpy as np
import pytest

from classify.generation import quality
from classify.representations import melody as melodies
from classify.representations.melody import Melody

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def test_descriptors_of_a_scale():
    song = melodies.decode(Melody(SCALE, (4,) * 8), tempo=60)
    described = quality.descriptors(song)
    assert set(described) == set(quality.TITLES)
    assert described["range"] == 12 and described["inter_onset"] == pytest.approx(1.0)
    share = np.bincount(np.array(SCALE) % 12, minlength=12) / 8
    entropy = -(share[share > 0] * np.log2(share[share > 0])).sum()
    assert described["entropy"] == pytest.approx(entropy)
    assert described["pitch_classes"].sum() == pytest.approx(1)
    assert described["transitions"].reshape(12, 12)[0, 2] == pytest.approx(1 / 7)


def test_another_key_changes_neither_pitch_classes_nor_transitions():
    tune = Melody((60, 64, 67, 60, 65, 67, 64, 60), (4,) * 8)
    here, there = (quality.descriptors(melodies.decode(t)) for t in (tune, tune.transposed(5)))
    for name in ("pitch_classes", "transitions"):
        np.testing.assert_allclose(here[name], there[name])


def test_bars_return_at_any_pitch_and_after_as_many_bars_as_they_do():
    bars = [(60, 62, 64, 65), (67, 65, 64, 62), (64, 64, 64, 64), (60, 64, 60, 64)]
    again = [tuple(pitch + 5 for pitch in bar) for bar in bars[:3]] + [(72, 60, 72, 60)]
    tune = Melody(tuple(p for bar in bars + again for p in bar), (4,) * 32)
    shares = quality.returns(melodies.decode(tune))
    assert shares[4] == 0.75 and np.isnan(shares[8]) and np.isnan(shares[16])


def test_songs_of_one_note_are_left_out():
    songs = [melodies.decode(Melody(SCALE[:n], (4,) * n)) for n in (1, 2, 8)]
    assert len(quality.describe_all(songs)["range"]) == 2
