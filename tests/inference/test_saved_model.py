"""A trained model as a folder: the same answers elsewhere; nothing of a hostile one is executed."""

import json
import pickle
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classify.corpora import load as load_corpus
from classify.errors import InputError
from classify.evaluation import calibration
from classify.experiments.comparison import compare
from classify.experiments.settings import Settings
from classify.files import read_json, write_json
from classify.inference import training, training_plan
from classify.inference.saved_model import ABOUT, KNOWN, load, seal
from classify.models import artifacts, registry
from classify.representations import features
from classify.representations.features import registry as feature_registry
from classify.representations.features.registry import Feature, Group
from tests.conftest import write_corpus

FRESH = """
import sys, numpy as np
from pathlib import Path
from classify import corpora
from classify.inference import saved_model as bundle
loaded = bundle.load(Path(sys.argv[1]))
_, p = loaded.predict_windows(corpora.load(sys.argv[2]).songs)
np.save(sys.argv[3], p)
"""


@pytest.fixture
def copy(trained, tmp_path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "copy"))


@pytest.fixture(scope="session")
def network(tmp_path_factory) -> Path:
    """A bundle of NN3, trained once for one epoch a fold."""
    place = tmp_path_factory.mktemp("network")
    songs = write_corpus(place / "songs", per_class=6)
    settings = Settings(corpus=str(songs), window=16, folds=2, epochs=1)
    return training.train(training_plan.plan(settings, "nn3"), place / "model", 1)


class Payload:
    """What a hostile pickle holds: it leaves a file when it is opened."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def resealed(folder: Path) -> None:
    """Give a changed bundle the hashes of what it holds now, as somebody ill-meaning would."""
    seal(folder, read_json(folder / ABOUT))


def refused(folder: Path, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def answers_in_fresh_process(folder: Path, songs: Path, out: Path) -> np.ndarray:
    command = [sys.executable, "-c", FRESH, str(folder), str(songs), str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return np.load(out)


def test_a_bundle_answers_the_same_in_a_fresh_process(trained, tmp_path):
    songs = write_corpus(tmp_path / "new", per_class=2, n_notes=50)
    _, here = load(trained).predict_windows(load_corpus(str(songs)).songs)
    elsewhere = Path(shutil.copytree(trained, tmp_path / "moved" / "model"))
    there = answers_in_fresh_process(elsewhere, songs, tmp_path / "p.npy")
    np.testing.assert_array_equal(there, here)


def test_what_a_bundle_says_of_itself(trained):
    about = read_json(trained / ABOUT)
    names = {p.relative_to(trained).as_posix() for p in trained.rglob("*") if p.is_file()}
    assert set(about["files"]) | {ABOUT} == names
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    assert about["classes"] == ["Calming", "Happy"]
    assert about["windows"]["window"] == 16 and about["corpus"]["songs"] == 16
    assert about["calibrated_on"] == {"songs": 16, "groups": 16, "folds": 3}
    assert about["features"]["names"] == [feature.name for feature in features.listed()]
    score = about["scores"]["song"]["accuracy"]
    assert 0 <= score["low"] <= score["value"] <= score["high"] <= 1
    card = (trained / "model-card.md").read_text()
    assert "no medical device" in card and "## Limits" in card and "3 folds" in card


def test_temperature_and_limit_come_from_songs_held_out(tmp_path):
    """Random labels: what is held out cannot be known, so sets must hold nearly every class."""
    songs = tmp_path / "songs"
    write_corpus(tmp_path / "made", per_class=20)
    for number, path in enumerate(sorted((tmp_path / "made" / "Happy").glob("*.mid"))):
        place = songs / ("Calming" if number % 2 else "Happy") / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    settings = Settings(corpus=str(songs), window=16, folds=5, quick=True)
    out = training.train(training_plan.plan(settings, "features-logistic"), tmp_path / "model", 2)
    about = read_json(out / ABOUT)
    assert about["scores"]["song"]["accuracy"]["value"] < 0.85
    assert about["threshold"] < 0.5  # both classes in nearly every set
    assert about["temperature"] > 0.3


def test_every_song_trains_and_own_songs_are_known(trained):
    loaded = load(trained)
    corpus = load_corpus(str(trained.parent / "songs"))
    windows, raw = loaded.predict_windows(corpus.songs)
    p = np.array([raw[windows.song == index].mean(axis=0) for index in range(len(corpus.songs))])
    calm = loaded.calibrated(p)
    expected = calibration.apply_temperature(p, loaded.about.temperature)
    np.testing.assert_allclose(calm, expected)
    assert (np.array(loaded.classes)[calm.argmax(axis=1)] == corpus.labels).all()
    assert set(loaded.about.songs) == {song.digest[:16] for song in corpus.songs}
    assert (loaded.sets(calm).sum(axis=1) >= 1).all()


@pytest.mark.parametrize("name", ["model/baseline.skops", KNOWN, "probe_p.npy", "model-card.md"])
def test_changed_truncated_and_lost_files_are_refused(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    refused(copy, "was changed since it was written")
    (copy / name).write_bytes(data[:-1])
    refused(copy, f"{name} has .* bytes, and .* when it was written")
    (copy / name).unlink()
    refused(copy, f"lacks {name}")


def test_a_changed_or_damaged_bundle_json_is_refused(copy, tmp_path):
    about = read_json(copy / ABOUT)
    write_json(copy / ABOUT, about | {"temperature": 9.0})
    refused(copy, "is damaged or was changed")
    for text in ("", "{", "[]", '{"format": 1}', '{"format": 1, "files": {"a": 1}}', "null"):
        (copy / ABOUT).write_text(text)
        refused(copy, "is damaged or was changed")
    (copy / ABOUT).unlink()
    refused(copy, "holds no trained model")
    refused(tmp_path / "nowhere", "holds no trained model")


def test_values_that_no_model_has_are_refused(copy):
    about = read_json(copy / ABOUT)
    adaptation = {"matrix": [[1]], "bias": [0, 0]}
    for change in ({"temperature": -1.0}, {"threshold": 2.0}, {"temperature": None},
                   {"classes": "ab"}, {"model": {}}, {"adaptation": adaptation}):  # fmt: skip
        seal(copy, about | change)
        refused(copy, str(copy))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"temperature": "0.5"}, "temperature is '0.5'; expected a number"),
        ({"coverage": "most"}, "coverage is 'most'; expected a number"),
        ({"coverage": 90}, "coverage is 90; expected a number of at most 1"),
        ({"coverage": None}, "coverage is null; expected a number"),
        ({"corpus": None}, "corpus is null; expected an object"),
        ({"mood": "calm"}, "has an unknown field 'mood'; expected any of format, classify"),
        ({"windows": {"window": 16, "hop": 16}}, "lacks the field 'channels' in windows"),
        ({"classes": ["Calming"]}, "classes is a list; expected a list of length of at least 2"),
    ],
)
def test_wrong_fields_behind_right_hashes_are_named(copy, change, sentence):
    seal(copy, read_json(copy / ABOUT) | change)
    with pytest.raises(InputError) as caught:
        load(copy)
    assert f"{copy / ABOUT}: {sentence}" in str(caught.value) and "\n" not in str(caught.value)


def test_missing_fields_scales_of_zero_and_keys_given_twice_are_refused(copy):
    about = read_json(copy / ABOUT)
    seal(copy, {name: value for name, value in about.items() if name != "coverage"})
    refused(copy, "lacks the field 'coverage'; expected a number")
    scale = [0.0, *about["novelty"]["scale"][1:]]
    seal(copy, about | {"novelty": about["novelty"] | {"scale": scale}})
    refused(copy, r"novelty.scale\[0\] is 0.0; expected a number above 0")
    estimator = copy / "model" / "estimator.json"
    whole = read_json(estimator)
    write_json(estimator, whole | {"scaling": {"mean": [1.0], "std": [0.0]}})
    seal(copy, about)
    refused(copy, r"estimator.json: scaling.std\[0\] is 0.0; expected a number above 0")
    write_json(estimator, whole)
    seal(copy, about)
    assert load(copy).id
    text = (copy / ABOUT).read_text()
    (copy / ABOUT).write_text(text.replace("{", '{"temperature": 1.0, ', 1))
    refused(copy, "the key 'temperature' is given twice")


def test_nothing_says_where_the_songs_were(trained):
    for name in (ABOUT, "model-card.md"):
        text = (trained / name).read_text()
        assert str(trained.parent) not in text and str(Path.home()) not in text


def test_a_newer_bundle_is_refused(copy):
    seal(copy, read_json(copy / ABOUT) | {"format": 3})
    refused(copy, "was written by a newer classify .*format 3; this one reads format 2")


def test_an_older_bundle_is_refused(copy):
    seal(copy, read_json(copy / ABOUT) | {"format": 1})
    refused(copy, "was written by an older classify .*format 1; .* train it again")


def test_other_features_are_refused(copy):
    about = read_json(copy / ABOUT)
    kept = about["features"]
    lost = {"names": ["no_such_feature", *kept["names"][1:]], "reference": kept["reference"]}
    seal(copy, about | {"features": lost})
    refused(copy, "was trained on no_such_feature, which this program does not measure")
    others = {"names": kept["names"], "reference": [v + 1 for v in kept["reference"]]}
    seal(copy, about | {"features": others})
    refused(copy, f"was trained on {kept['names'][0]} and .* more, which .* measures otherwise")


def filled_with_7(lines, out):
    out[:] = 7


def test_a_new_feature_changes_nothing(trained, copy, monkeypatch):
    """A model on features takes the columns it learned from, wherever they stand by now."""
    songs = load_corpus(str(trained.parent / "songs")).songs
    _, before = load(copy).predict_windows(songs)
    new = Group(filled_with_7, (Feature("new_feature", "s", "rhythm", "here"),))
    monkeypatch.setattr(feature_registry, "GROUPS", {"new": new} | feature_registry.GROUPS)
    assert features.listed()[0].name == "new_feature"
    _, after = load(copy).predict_windows(songs)
    np.testing.assert_array_equal(after, before)


def test_a_feature_that_means_something_else_now_is_refused(copy, monkeypatch):
    name, group = next(iter(feature_registry.GROUPS.items()))
    other = Group(filled_with_7, group.features)
    monkeypatch.setitem(feature_registry.GROUPS, name, other)
    refused(copy, f"was trained on {group.features[0].name}")


def test_a_path_that_climbs_out_is_refused(copy, tmp_path):
    outside = tmp_path / "outside.skops"
    shutil.copy(copy / "model/baseline.skops", outside)
    about = read_json(copy / ABOUT)
    fact = about["files"]["model/baseline.skops"]
    for name in ("model/../../outside.skops", str(outside), "..\\outside.skops"):
        about["files"] = {name: fact}
        about.pop("sha256", None)
        write_json(copy / ABOUT, about | {"sha256": artifacts.digest(about)})
        refused(copy, "is no file of a bundle")


def test_links_and_files_not_listed_are_refused(copy, tmp_path):
    weights = copy / "model/baseline.skops"
    weights.rename(tmp_path / "elsewhere.skops")
    weights.symlink_to(tmp_path / "elsewhere.skops")
    refused(copy, "is a link or no plain file")
    weights.unlink()
    (tmp_path / "elsewhere.skops").rename(weights)
    assert load(copy).id
    (copy / "model" / "extra.txt").write_text("hello")
    refused(copy, "holds 'model/extra.txt', which is not on its list")


def test_a_pickle_inside_is_refused_and_never_opened(copy, tmp_path):
    trace = tmp_path / "executed"
    hostile = pickle.dumps(Payload(trace))
    pickle.loads(hostile)
    assert trace.exists()  # the payload works
    trace.unlink()
    (copy / "model.pkl").write_bytes(hostile)
    refused(copy, "holds 'model.pkl'")
    resealed(copy)
    refused(copy, "'model.pkl', which is no file of a bundle")
    (copy / "model.pkl").unlink()
    for name in ("model/baseline.skops", KNOWN, "probe_x.npy"):
        whole = (copy / name).read_bytes()
        (copy / name).write_bytes(hostile)
        resealed(copy)
        refused(copy, "cannot be read and is refused")
        (copy / name).write_bytes(whole)
    np.save(copy / KNOWN, np.array([Payload(trace)], dtype=object), allow_pickle=True)
    resealed(copy)
    refused(copy, "cannot be read and is refused")
    assert not trace.exists()


def test_types_that_no_model_has_are_refused(copy, tmp_path):
    """A skops file that asks for os.system: named, and not called."""
    trace = tmp_path / "executed"
    path = copy / "model/baseline.skops"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    schema["content"] = {
        "__class__": "system", "__module__": "os", "__loader__": "ReduceNode", "__id__": 1,
        "args": {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode",
                 "content": json.dumps(f"touch {trace}"), "is_json": True, "__id__": 2},
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (members | {"schema.json": json.dumps(schema).encode()}).items():
            archive.writestr(name, data)
    resealed(copy)
    refused(copy, "refused|types that no model of ours has")
    assert not trace.exists()


def test_weights_of_another_model_are_refused(copy, tmp_path):
    """Well-formed, with the right hashes, of the same kind: told by what it answers."""
    songs = write_corpus(tmp_path / "songs", per_class=6, n_notes=64)
    (songs / "Calming").rename(songs / "x")
    (songs / "Happy").rename(songs / "Calming")
    (songs / "x").rename(songs / "Happy")
    settings = Settings(corpus=str(songs), window=16, folds=2, quick=True)
    other = training.train(training_plan.plan(settings, "features-logistic"), tmp_path / "other", 2)
    shutil.copy(other / "model/baseline.skops", copy / "model/baseline.skops")
    refused(copy, "model/baseline.skops")
    resealed(copy)
    refused(copy, "predicts otherwise than when it was saved")


def test_names_that_are_taken_are_refused(trained, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is there already; name another"):
        training.check_free(tmp_path / "mine", True)
    with pytest.raises(InputError, match="--force replaces it"):
        training.check_free(trained, False)
    training.check_free(trained, True)
    training.check_free(tmp_path / "new", False)


def test_a_stopped_training_goes_on(tmp_path, monkeypatch):
    """What had been fitted is not fitted again, unless it was for something else."""
    songs, out = write_corpus(tmp_path / "songs", per_class=6), tmp_path / "model"
    settings = Settings(corpus=str(songs), window=16, folds=2, quick=True)
    plan = training_plan.plan(settings, "features-logistic")
    monkeypatch.setattr(training, "_write", stopped)
    with pytest.raises(KeyboardInterrupt):
        training.train(plan, out, 2)
    assert not out.exists()
    monkeypatch.undo()
    fits = tmp_path / ".model.work" / "models" / "features-logistic"
    began = {path: path.stat().st_mtime_ns for path in fits.glob("*/fit.json")}
    assert len(began) == 3
    monkeypatch.setattr(training, "_write", stopped)
    with pytest.raises(KeyboardInterrupt):
        training.train(plan, out, 2)
    assert {path: path.stat().st_mtime_ns for path in began} == began
    monkeypatch.undo()
    training.train(replace(plan, settings=replace(plan.settings, seed=1)), out, 2)
    assert load(out).about.settings.seed == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "songs"]


def stopped(*arguments):
    raise KeyboardInterrupt


def test_unknown_models_and_folds_are_refused():
    with pytest.raises(InputError, match="--model nn9: expected recommended, or one of"):
        training_plan.plan(Settings(folds=5), "nn9")
    with pytest.raises(InputError, match="--model majority"):
        training_plan.plan(Settings(folds=5), "majority")
    with pytest.raises(InputError, match="2 folds at least"):
        training_plan.plan(Settings(), "recommended")
    assert training_plan.plan(Settings(folds=5), "recommended").model == registry.RECOMMENDED


def test_a_model_of_a_run_is_trained_as_it_was_there(tmp_path):
    songs = write_corpus(tmp_path / "songs")
    asked = Settings(corpus=str(songs), window=16, hop=8, models=("knn", "logistic"), quick=True)
    run = compare(asked, tmp_path / "run", 2)
    plan = training_plan.plan_of_run(run, None, 2)
    assert plan.model in ("knn", "logistic")
    assert plan.run.scores["accuracy"].value >= 0.5
    out = training.train(training_plan.plan_of_run(run, "logistic", 2), tmp_path / "model", 2)
    about = load(out).about
    assert about.model.name == "logistic" and about.windows.hop == 8
    assert about.run.name == "run" and load(out).estimator.scaler_ is not None
    with pytest.raises(InputError, match=r"--model svm: .* compared"):
        training_plan.plan_of_run(run, "svm")
    shutil.rmtree(songs / "Happy")
    write_corpus(tmp_path / "others", per_class=9)
    shutil.copytree(tmp_path / "others" / "Happy", songs / "Happy")
    with pytest.raises(InputError, match="is not as it was when run compared"):
        training.train(replace(plan), tmp_path / "again", 2)


# --- networks


@pytest.mark.slow  # the battery of all models saves networks as well
def test_a_network_answers_the_same_in_a_fresh_process(network, tmp_path):
    songs = write_corpus(tmp_path / "new", per_class=2, n_notes=50)
    loaded = load(network)
    _, here = loaded.predict_windows(load_corpus(str(songs)).songs)
    assert here.shape[1] == 2 and loaded.estimator.scaler_ is not None
    there = answers_in_fresh_process(network, songs, tmp_path / "p.npy")
    np.testing.assert_array_equal(there, here)


def test_a_lambda_layer_is_refused_and_never_called(network, tmp_path):
    import keras

    trace = tmp_path / "executed"
    copy = Path(shutil.copytree(network, tmp_path / "copy"))
    path = copy / "model/network.keras"

    def payload(x):
        Path(str(trace)).touch()
        return x

    hostile = keras.Sequential([
        keras.layers.Input((16, 5)), keras.layers.Lambda(payload), keras.layers.Flatten(),
        keras.layers.Dense(2, activation="softmax"),
    ])  # fmt: skip
    assert trace.exists()  # the payload works
    hostile.save(path)
    trace.unlink()
    refused(copy, "was changed|has .* bytes")
    resealed(copy)
    refused(copy, "holds layers that nn3 has not: .*Lambda")
    with zipfile.ZipFile(network / "model/network.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path) as archive:  # its description, with weights that fit
        members["config.json"] = archive.read("config.json")
    write_archive(path, members)
    resealed(copy)
    refused(copy, "holds layers that nn3 has not: .*Lambda")
    assert not trace.exists()


def write_archive(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def test_swapped_and_foreign_weights_are_refused(network, tmp_path):
    import h5py

    copy = Path(shutil.copytree(network, tmp_path / "copy"))
    path = copy / "model/network.keras"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    loaded = load(network)
    model = loaded.estimator.model_
    model.set_weights([w[::-1].copy() for w in model.get_weights()])
    loaded.estimator.save_network(path)
    resealed(copy)
    refused(copy, "predicts otherwise than when it was saved")
    (tmp_path / "w.h5").write_bytes(members["model.weights.h5"])
    with h5py.File(tmp_path / "w.h5", "a") as weights:
        weights["layers/secret"] = h5py.ExternalLink("/etc/hostname", "/")
    write_archive(path, members | {"model.weights.h5": (tmp_path / "w.h5").read_bytes()})
    resealed(copy)
    refused(copy, "weights that lie elsewhere")
    write_archive(path, members | {"payload.py": b"print()"})
    resealed(copy)
    refused(copy, "is no network")
