"""Files of fitted classical models: read here as by skops, and left to it where they hold more."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier
from skops import io

from classify.baselines import features_logistic, song_vote
from classify.errors import InputError
from classify.models import baseline_file


def small_vote() -> song_vote.SongVote:
    vote = song_vote.build(0)
    vote.set_params(trees__n_estimators=4, ranked__quantiletransformer__n_quantiles=10)
    return vote


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """80 songs of three classes, half of them copies of others."""
    draw = np.random.default_rng(0)
    y = np.arange(40) % 3
    x = draw.normal(size=(40, 6)) + y[:, None]
    return np.tile(x, (2, 1)) + draw.normal(0, 0.1, (80, 6)), np.tile(y, 2), np.tile(range(40), 2)


def written(model: Any, path: Path) -> Path:
    io.dump(model, path)
    return path


def assert_same(one: Any, other: Any) -> None:
    """Compare what two objects are made of, down to arrays and numbers."""
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype and one.flags.writeable and other.flags.writeable
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    elif callable(one) or isinstance(one, type):
        assert one is other
    elif hasattr(one, "__setstate__"):
        assert_same(one.__getstate__(), other.__getstate__())
    else:
        assert one == other or one != one


@pytest.mark.parametrize("name", ["vote", "logistic", "forest", "tree"])
def test_models_are_read_without_skops_as_by_it(name, rows, tmp_path):
    model = {
        "vote": small_vote(),
        "logistic": features_logistic.build(0),
        "forest": RandomForestClassifier(3, random_state=0),
        "tree": DecisionTreeClassifier(random_state=0, max_leaf_nodes=4),
    }[name]
    x, y, originals = rows
    model.fit(x, y, **({"originals": originals} if name == "vote" else {}))
    path = written(model, tmp_path / "model.skops")
    read = baseline_file.read_plain(path)
    assert_same(read, io.load(path, trusted=sorted(baseline_file.TRUSTED)))
    np.testing.assert_array_equal(read.predict_proba(x), model.predict_proba(x))
    if name == "vote":
        assert read.lasting_vote_ is not None
        assert read.named_estimators_["trees"] is read.estimators_[2]


def test_what_is_not_known_here_is_left_to_skops(rows, tmp_path):
    x, y, _ = rows
    path = written(GaussianNB().fit(x, y), tmp_path / "model.skops")
    with pytest.raises(baseline_file.LeftToSkops):
        baseline_file.read_plain(path)
    assert baseline_file.read(path).score(x, y) > 0.5
    written(np.random.RandomState, path)
    with pytest.raises(InputError, match=r"no model of ours has: numpy\.random"):
        baseline_file.read(path)


@pytest.mark.parametrize("change", [{"protocol": 1}, {"__class__": "system", "__module__": "os"}])
def test_a_changed_file_is_left_to_skops(change, rows, tmp_path):
    path = written(DecisionTreeClassifier().fit(*rows[:2]), tmp_path / "model.skops")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"]) | change
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (members | {"schema.json": json.dumps(schema).encode()}).items():
            archive.writestr(name, data)
    with pytest.raises(baseline_file.LeftToSkops):
        baseline_file.read_plain(path)
