"""One battery for every model that is found, whichever kind it is."""

import json
import pickle
import subprocess
import sys
import zipfile
from functools import cache

import numpy as np
import pytest

from classify import baselines
from classify.errors import InputError
from classify.models import networks, registry
from classify.models.training_settings import TrainingSettings
from classify.representations import note_events
from classify.representations.note_events import NoteEvents

SPECS = registry.find()
SETTINGS = TrainingSettings(epochs=2, batch_size=16)
CLASSES = ["blue", "green", "red"]

#: Fitted models are saved here and loaded by one fresh process.
FRESH = """
import sys, json, pathlib, numpy as np
from classify.models import registry
folder = pathlib.Path(sys.argv[1])
specs = registry.find()
def answer(path):
    x = np.load(path / "x.npy")
    return registry.load(path, specs[path.name], x.shape[1:]).predict_proba(x).tolist()
answers = {p.name: answer(p) for p in sorted(folder.iterdir()) if p.is_dir()}
(folder / "answers.json").write_text(json.dumps(answers))
"""


def windows(name: str):
    """30 songs of two windows, as a model is given them; the class moves one column."""
    draw = np.random.default_rng(0)
    code = np.repeat(np.arange(30) % 3, 2)
    given = SPECS[name].representation
    if isinstance(given, NoteEvents):
        x = of_notes(draw, code, given.n_excerpts)
    else:
        x = draw.normal(size=(60, 16, 2)).astype(np.float32)
        x[:, :, 0] += 2 * code[:, None]
    groups = np.repeat([f"song {i}" for i in range(30)], 2)
    return x, np.array(CLASSES)[code], groups


def of_notes(draw: np.random.Generator, code: np.ndarray, n_excerpts: int) -> np.ndarray:
    """Windows of 16 notes with all their columns, some padded; the class makes them louder."""
    x = np.zeros((len(code), n_excerpts, 16, len(note_events.COLUMNS)), np.float32)
    x[..., note_events.REAL] = 1
    x[..., note_events.PITCH] = draw.integers(40, 90, x.shape[:-1])
    x[..., note_events.INTER_ONSET] = draw.normal(-1, 1, x.shape[:-1])
    x[..., note_events.DURATION] = draw.normal(-1, 1, x.shape[:-1])
    x[..., note_events.VELOCITY] = 30 + 30 * code[:, None, None]
    x[..., note_events.PLACE] = np.arange(16) % note_events.BEATS
    x[..., note_events.TONIC] = draw.integers(0, 12, (len(code), 1, 1))
    x[::5, :, :6] = 0
    return x.reshape(len(code), -1, len(note_events.COLUMNS))


@cache
def fitted(name: str):
    x, y, groups = windows(name)
    said = []
    estimator = registry.make(SPECS[name], 7, SETTINGS, quick=True)
    return estimator.fit(x, y, groups, said.append), said


#: Models of one family are fitted in one process, and the families side by side.
FAMILIES = {
    "baselines": [name for name, spec in SPECS.items() if spec.kind != "network"],
    "networks": [name for name, spec in SPECS.items() if spec.kind == "network"],
}


def within(family: str) -> pytest.MarkDecorator:
    return pytest.mark.xdist_group(f"models {family}")


#: Models that only the slow suite tries: networks that differ from nn3 in their layers alone, which
#: `tests/models/networks` counts; those that other tests train; what is only there to be left out.
SLOW = {"nn1", "nn2", "bi-nn1", "bi-nn2", "bi-nn3", "crnn", "crnn-mean", "transformer", "passages",
        "song-choice", "song-stack", "features-vote", "features-extra-trees",
        *(n for n, spec in SPECS.items() if not spec.in_groups)}  # fmt: skip


def every(slow: set[str]) -> pytest.MarkDecorator:
    """Try every model, some of them only in the slow suite."""
    return pytest.mark.parametrize(
        "name",
        [
            pytest.param(n, marks=[within(family), *([pytest.mark.slow] if n in slow else [])])
            for family, names in FAMILIES.items()
            for n in names
        ],
    )


every_model = every(slow=SLOW)


@every_model
def test_probabilities_have_the_right_shape_and_order(name):
    x, y, _ = windows(name)
    estimator, _ = fitted(name)
    p = estimator.predict_proba(x)
    assert p.shape == (60, 3)
    assert estimator.classes_.tolist() == CLASSES
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert (estimator.predict(x) == np.array(CLASSES)[p.argmax(axis=1)]).all()
    if SPECS[name].kind == "baseline":  # two epochs teach a network little
        assert (estimator.predict(x) == y).mean() > 0.8


#: One of each kind of chance: weights, dropout and augmentation of networks, trees, kernels, folds
#: inside. The slow suite tries all.
DRAWN = {"passages", "random-forest", "minirocket", "svm", "song-vote"}


@every(slow=set(SPECS) - DRAWN)
def test_the_same_seed_gives_the_same_answer(name):
    x, y, groups = windows(name)
    again = registry.make(SPECS[name], 7, SETTINGS, quick=True).fit(x, y, groups)
    np.testing.assert_array_equal(again.predict_proba(x), fitted(name)[0].predict_proba(x))


@every_model
def test_a_single_window_works(name):
    x, _, _ = windows(name)
    p = fitted(name)[0].predict_proba(x[:1])
    assert p.shape == (1, 3)
    np.testing.assert_allclose(p, fitted(name)[0].predict_proba(x)[:1], atol=1e-5)


@every_model
def test_nan_is_refused(name):
    x, y, groups = windows(name)
    x[3, 4, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        registry.make(SPECS[name], 7, SETTINGS, quick=True).fit(x, y, groups)
    with pytest.raises(ValueError, match="NaN"):
        fitted(name)[0].predict_proba(x)


@every_model
def test_rows_instead_of_windows_are_refused(name):
    with pytest.raises(ValueError, match=r"expected \(n_windows, n_notes, n_channels\)"):
        fitted(name)[0].predict_proba(np.zeros((5, 32), dtype=np.float32))


@every_model
def test_every_unit_of_training_is_reported(name):
    total, _ = registry.n_units(SPECS[name], SETTINGS, quick=True)
    assert len(fitted(name)[1]) == total


@every_model
def test_parameters_can_be_read_and_cloned(name):
    from sklearn.base import clone

    estimator = registry.make(SPECS[name], 7, SETTINGS, quick=True)
    assert clone(estimator).get_params() == estimator.get_params()


@every_model
def test_facts_are_plain_json(name):
    facts = json.loads(json.dumps(fitted(name)[0].facts()))
    assert {"parameters", "best", "device"} <= set(facts)


def test_a_model_of_songs_learns_from_each_song_once():
    """Songs of many windows count no more than others, and their windows have one answer."""
    x, y, groups = windows("song-logistic")
    songs, label, group = x[::2], y[::2], groups[::2]
    n_windows = np.random.default_rng(1).integers(1, 9, len(songs))
    estimator = registry.make(SPECS["song-logistic"], 7, SETTINGS, quick=True)
    once = estimator.fit(songs, label, group).predict_proba(songs)
    repeated = [np.repeat(values, n_windows, axis=0) for values in (songs, label, group)]
    again = registry.make(SPECS["song-logistic"], 7, SETTINGS, quick=True).fit(*repeated)
    np.testing.assert_array_equal(
        again.predict_proba(repeated[0]), np.repeat(once, n_windows, axis=0)
    )


def test_a_model_of_songs_learns_what_to_make_of_transcriptions(tmp_path):
    x, y, groups = windows("song-logistic")
    songs, label, group = x[::2], y[::2], groups[::2]
    copies = songs / 4 - 9  # heard otherwise, all in the same way
    copied = np.arange(len(songs) * 2) >= len(songs)
    both = np.concatenate([songs, copies]), np.tile(label, 2), np.tile(group, 2)
    given = {"originals": np.tile(np.arange(len(songs)), 2), "transcribed": copied}
    estimator = registry.make(SPECS["song-logistic"], 7, SETTINGS, quick=True).fit(*both, **given)
    p = estimator.predict_proba(both[0], copied)
    np.testing.assert_allclose(p[copied], p[~copied], atol=0.03)  # ranks turn the last digits
    assert (estimator.predict(copies) != label).mean() > 0.5
    registry.save(estimator, tmp_path)
    again = registry.load(tmp_path, SPECS["song-logistic"], x.shape[1:])
    np.testing.assert_array_equal(again.predict_proba(both[0], copied), p)


def test_equal_songs_with_other_labels_are_both_learned_from():
    x, y, groups = windows("song-logistic")
    copy, other = np.repeat(x[:1], 3, axis=0), np.array(["blue", "green", "green"])
    estimator = registry.make(SPECS["song-logistic"], 7, SETTINGS, quick=True)
    estimator.fit(
        np.concatenate([copy, x[::2]]),
        np.concatenate([other, y[::2]]),
        np.concatenate([["copies"] * 3, groups[::2]]),
    )
    alone = registry.make(SPECS["song-logistic"], 7, SETTINGS, quick=True)
    alone.fit(
        np.concatenate([copy[:1], x[::2]]),
        np.concatenate([other[:1], y[::2]]),
        np.concatenate([["copies"], groups[::2]]),
    )
    green = estimator.classes_.tolist().index("green")
    assert estimator.predict_proba(copy[:1])[0, green] > alone.predict_proba(copy[:1])[0, green]


@pytest.mark.parametrize(
    "tried",
    [
        *(pytest.param(set(n) - SLOW, marks=within(f), id=f) for f, n in FAMILIES.items()),
        pytest.param(SLOW, marks=pytest.mark.slow, id="slow"),
    ],
)
def test_saved_models_answer_the_same_in_a_fresh_process(tried, tmp_path):
    for name in tried:
        registry.save(fitted(name)[0], tmp_path / name)
        np.save(tmp_path / name / "x.npy", windows(name)[0])
    fresh = [sys.executable, "-c", FRESH, str(tmp_path)]
    done = subprocess.run(fresh, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers = json.loads((tmp_path / "answers.json").read_text())
    assert set(answers) == tried
    for name, p in answers.items():
        np.testing.assert_array_equal(
            np.array(p), fitted(name)[0].predict_proba(windows(name)[0]).astype(float), err_msg=name
        )


def test_a_saved_model_with_unknown_types_is_refused(tmp_path):
    from sklearn.cluster import KMeans
    from skops import io

    registry.save(fitted("majority")[0], tmp_path)
    io.dump(np.random.RandomState, tmp_path / "baseline.skops")
    with pytest.raises(InputError, match="types that no model of ours has"):
        registry.load(tmp_path, SPECS["majority"], (8, 5))
    io.dump(KMeans(), tmp_path / "baseline.skops")
    with pytest.raises(InputError, match="holds no trained model"):
        registry.load(tmp_path / "elsewhere", SPECS["majority"], (8, 5))


def test_what_a_file_says_of_a_network_is_not_believed(tmp_path):
    """A layer that runs code, a pickle, weights that lie elsewhere: what `explain RUN` once met."""
    import h5py
    import keras

    x = windows("nn3")[0]
    registry.save(fitted("nn3")[0], tmp_path)
    path = tmp_path / "network.keras"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (tmp_path / "w.h5").write_bytes(members["model.weights.h5"])
    with h5py.File(tmp_path / "w.h5", "a") as weights:
        weights["layers/secret"] = h5py.ExternalLink("/etc/hostname", "/")
    linked = members | {"model.weights.h5": (tmp_path / "w.h5").read_bytes()}

    def refusal() -> str:
        with pytest.raises(InputError) as refused:
            registry.load(tmp_path, SPECS["nn3"], x.shape[1:])
        return str(refused.value)

    with zipfile.ZipFile(path, "w") as archive:
        for name, data in linked.items():
            archive.writestr(name, data)
    assert "weights that lie elsewhere" in refusal()
    keras.Sequential([keras.Input((4, 1)), keras.layers.Lambda(lambda x: x)]).save(path)
    assert "holds layers that nn3 has not" in refusal()
    path.write_bytes(pickle.dumps(object()))
    assert "cannot be read and is refused" in refusal()
    with pytest.raises(InputError, match="holds the model 'nn3', and 'nn1' is expected"):
        registry.load(tmp_path, SPECS["nn1"], x.shape[1:])


def test_names_and_groups_of_models():
    of_networks = {
        name for name in SPECS if SPECS[name].kind == "network" and SPECS[name].in_groups
    }
    assert {s.name for s in registry.select(["networks"])} == of_networks | {"majority"}
    assert [s.name for s in registry.select(["svm", "knn"])] == ["majority", "knn", "svm"]
    assert {s.name for s in registry.select(["all"])} == {
        name for name in SPECS if SPECS[name].in_groups
    }
    assert [s.name for s in registry.select(["crnn-mean"])] == ["majority", "crnn-mean"]
    assert {s.name for s in registry.select(["paper"])} == set(registry.PAPER) | {"majority"}
    own = {s.name for s in registry.select(["own"])}
    assert {"crnn", "transformer", "passages", "majority"} <= own <= of_networks | {"majority"}
    assert not own & set(registry.PAPER)
    assert not {s.kind for s in registry.select(["baselines"])} & {"network"}
    with pytest.raises(InputError, match="'nn4' is not a model; expected any of majority"):
        registry.select(["nn1", "nn4"])
    with pytest.raises(InputError, match="--models"):
        registry.select([])


NEW_BASELINE = """
from sklearn.naive_bayes import GaussianNB
TITLE, INPUT, GRID = "Naive Bayes", "song-features", {}
def build(seed):
    return GaussianNB()
"""

NEW_NETWORK = """
INPUT = "notes"
VARIANTS = {"dense": ("Dense", {"units": 4}), "dense-wide": ("Wide dense", {"units": 8})}
def build(n_notes, n_channels, n_classes, *, units):
    import keras
    from keras import layers
    return keras.Sequential([keras.Input((n_notes, n_channels)), layers.Flatten(),
                             layers.Dense(units), layers.Dense(n_classes, activation="softmax")])
"""


def test_a_new_model_is_a_new_file_and_no_list_is_edited(tmp_path, monkeypatch):
    for package, name, text in (
        (baselines, "another_bayes", NEW_BASELINE),
        (networks, "dense", NEW_NETWORK),
    ):
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / f"{name}.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    new = {"another-bayes", "dense", "dense-wide"}
    assert set(registry.names()) == set(registry.find()) == set(SPECS) | new
    assert new <= {spec.name for spec in registry.select(["all"])}
    assert "another-bayes" in {spec.name for spec in registry.select(["features"])}
    x, y, groups = windows("nn3")
    for name in new:
        estimator = registry.make(registry.find()[name], 7, SETTINGS, quick=True).fit(x, y, groups)
        registry.save(estimator, tmp_path / "saved" / name)
        spec = registry.find()[name]
        again = registry.load(tmp_path / "saved" / name, spec, x.shape[1:]).predict_proba(x)
        np.testing.assert_array_equal(again, estimator.predict_proba(x))
    for module in ("classify.baselines.another_bayes", "classify.models.networks.dense"):
        sys.modules.pop(module)


def test_listing_the_models_imports_neither_keras_nor_scikit_learn():
    script = (
        "import sys; from classify.models import registry; registry.names(); "
        "print([name for name in ('keras', 'tensorflow', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert done.stdout.decode().strip() == "[]"
