"""Why this song: a paragraph and a picture, for models on features and on notes."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from classify.errors import InputError
from classify.evaluation.calibration import apply_temperature
from classify.inference.explain import profiles, terms
from classify.inference.explain.drawing import strengths, write
from classify.inference.explain.profiles import QUANTILES, Profiles
from classify.inference.explain.song import explain, of_estimator
from classify.models import registry
from classify.models.baseline_classifier import BaselineClassifier
from classify.models.network_classifier import NetworkClassifier
from classify.models.training_settings import TrainingSettings
from classify.representations import features
from classify.representations.channels import Channels
from classify.representations.features.registry import Feature
from classify.representations.representation import silent
from classify.representations.windows import WindowSettings, cut
from classify.songs import Song, midi
from tests.inference.explain import made

SETTINGS = WindowSettings(30, 30, ("pitch", "velocity", "inter-onset", "duration"))


class Trained:
    def __init__(self, folder, rule, name="features-logistic"):
        self.made = made.corpus(folder, rule, per_class=20)
        windows = cut(self.made.songs, SETTINGS)
        batch = features.batch(self.made.songs, windows.song, windows.start, SETTINGS.window)
        table = features.compute(batch)
        own = terms.of_songs(table, windows.song, len(self.made.songs))
        self.profiles = profiles.profile(own, self.made.labels, self.made.groups, seed=0)
        given = registry.find()[name].representation
        x = np.concatenate(list(given.encode(self.made.songs, windows)))
        model = BaselineClassifier(name, quick=True).fit(x, self.made.labels[windows.song])
        self.listener = of_estimator(
            model, SETTINGS, given, lambda p, song: apply_temperature(p, temperature=0.5)
        )


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    return Trained(tmp_path_factory.mktemp("tempo"), made.tempo_only)


def test_a_slow_song_is_said_to_be_slow(slow, tmp_path):
    song = midi.read(made.write_music(tmp_path / "new.mid", 77, tempo=65))
    found = explain(slow.listener, song, profiles=slow.profiles)
    assert found.label == "one" and found.p[0] > 0.5
    assert f"new is predicted one (one {100 * found.p[0]:.0f} %" in found.paragraph
    assert "calibrated" in found.paragraph
    like = found.paragraph.split("Like one songs, it is ")[1]
    assert "slower" in like and "Unlike" not in like and "faster" not in like
    assert "of the 40 training songs" in found.paragraph


def test_the_other_class_can_be_asked_about(slow, tmp_path):
    song = midi.read(made.write_music(tmp_path / "new.mid", 77, tempo=65))
    found = explain(slow.listener, song, "two", slow.profiles)
    assert "What follows is about two" in found.paragraph
    assert "slower" in found.paragraph.split("Unlike two songs, it is ")[1]
    with pytest.raises(InputError, match="'three' is no class of this model; it has one, two"):
        explain(slow.listener, song, "three")


def test_the_passage_in_another_register_speaks_against(tmp_path):
    low = Trained(tmp_path / "register", made.register_only)
    song = midi.read(made.write_music(tmp_path / "mixed.mid", 5, register=52))
    notes = song.notes.copy()
    notes["pitch"][20:35] += 24
    notes = notes[np.lexsort((notes["pitch"], notes["onset"]))]
    found = explain(low.listener, Song.of(notes, song.path))
    assert found.label == "one"
    told = found.attributions.notes
    assert told[22:33].mean() < 0 < np.delete(told, slice(18, 37)).mean()
    assert "against it from" in found.paragraph


def test_a_model_on_notes_is_explained_too(tmp_path):
    low = Trained(tmp_path / "register", made.register_only, name="logistic")
    song = midi.read(made.write_music(tmp_path / "low.mid", 5, register=52))
    found = explain(low.listener, song)
    starts = cut([song], SETTINGS).start
    assert found.windows.shape == (len(starts), 2) and found.spans.shape == (len(starts), 2)
    assert found.spans[0, 0] == 0 and found.label == "one"
    assert "Like" not in found.paragraph  # nothing was given to compare with


class Loudness(Channels):
    """A representation of two columns, whatever channels windows have."""

    def columns(self, settings):
        return [Feature("pitch", "", "notes", ""), Feature("loudness", "", "notes", "")]

    def shape(self, settings):
        return settings.window, 2

    def encode(self, songs, windows, count=silent):
        for x in super().encode(songs, windows, count):
            yield x[:, :, :2]


@pytest.mark.slow
def test_columns_are_those_of_what_a_network_reads(tmp_path):
    corpus, given = made.corpus(tmp_path, made.register_only, per_class=10), Loudness()
    windows = cut(corpus.songs, SETTINGS)
    x = np.concatenate(list(given.encode(corpus.songs, windows)))
    settings = TrainingSettings(epochs=1, batch_size=16)
    network = NetworkClassifier("nn3", settings).fit(x, corpus.labels[windows.song])
    found = explain(of_estimator(network, SETTINGS, given), corpus.songs[0])
    assert list(found.attributions.channels) == ["pitch", "loudness"]


def test_picture_and_text_are_written_and_are_the_same_again(slow, tmp_path):
    song = midi.read(made.write_music(tmp_path / "$odd_name$.mid", 77, tempo=65))
    found = explain(slow.listener, song, profiles=slow.profiles)
    paths = write(found, tmp_path / "out")
    assert [path.suffix for path in paths] == [".svg", ".png", ".txt"]
    assert paths[2].read_text() == found.paragraph + "\n"
    first = paths[0].read_bytes()
    ET.fromstring(first)
    assert write(found, tmp_path / "out")[0].read_bytes() == first
    assert paths[1].read_bytes().startswith(b"\x89PNG")


def test_a_course_is_drawn_only_where_windows_differ(slow, tmp_path):
    song = midi.read(made.write_music(tmp_path / "new.mid", 77, tempo=65))
    found = explain(slow.listener, song)
    assert found.has_course  # and what is drawn is calibrated, as what is said
    assert found.windows.mean(axis=0) == pytest.approx(found.p, abs=1e-5)
    flat = replace(found, windows=np.repeat(found.p[None], len(found.windows), axis=0))
    written = (write(one, tmp_path / name)[0] for one, name in ((found, "a"), (flat, "b")))
    assert [path.read_text().count('<g id="axes_') for path in written] == [2, 1]


def test_strength_is_told_by_sign_and_size():
    told = strengths(np.array([0.0, 0.001, -0.5, 1.0, 1.0]))
    assert told[0] == told[1] == 0 and told[2] == pytest.approx(-0.5) and told[3] == 1
    assert strengths(np.zeros(3)).tolist() == [0, 0, 0]


def test_profiles_survive_json_and_know_where_a_song_stands(slow):
    import json
    from dataclasses import asdict

    import msgspec

    again = msgspec.convert(json.loads(json.dumps(asdict(slow.profiles))), Profiles)
    assert again == slow.profiles
    known = {"tempo": tuple(np.linspace(50, 150, len(QUANTILES)).tolist())}
    even = Profiles(("a", "b"), (), known, 10, 10)
    assert even.standing("tempo", 100) == pytest.approx(0.5)
    assert even.standing("tempo", 20) == 0 and even.standing("tempo", 500) == 1
    same = Profiles(("a", "b"), (), {"tempo": (120.0,) * len(QUANTILES)}, 10, 10)
    assert same.standing("tempo", 120.0) == pytest.approx(0.5)


def test_random_classes_have_no_profile(slow):
    draw = np.random.default_rng(0)
    table = draw.normal(size=(60, len(terms.TERMS)))
    labels, groups = draw.permutation(["a", "b", "c"] * 20), [f"g{k // 2}" for k in range(60)]
    found = profiles.profile(table, labels, groups, seed=0)
    assert found.of("a") == found.of("b") == found.of("c") == []
    assert "differs from the other songs in nothing" in found.sentence("a")


def test_a_class_of_one_group_is_refused(slow):
    table = np.zeros((4, len(terms.TERMS)))
    with pytest.raises(ValueError, match="two groups of songs of class 'a'"):
        profiles.profile(table, ["a", "a", "b", "b"], ["x", "x", "y", "z"], seed=0)


def test_a_class_is_never_named_for_the_clips_of_one_recording():
    draw = np.random.default_rng(1)
    table = draw.normal(size=(60, len(terms.TERMS)))
    labels = ["a"] * 30 + ["b"] * 30
    groups = ["one recording"] * 20 + [f"g{k}" for k in range(40)]
    table[:20, 0] += 5
    found = profiles.profile(table, labels, groups, seed=0)
    assert terms.TERMS[0].feature not in {d.feature for d in found.of("a")}
