"""What is found out of a fitted model's features, on data in which one family alone speaks."""

import numpy as np
import pytest

from classify.experiments import feature_importance
from classify.models import registry
from classify.models.training_settings import TrainingSettings
from classify.representations.musical_features import FEATURES
from classify.representations.windows import WindowSettings

COLUMNS = FEATURES.columns(WindowSettings())
FAMILIES = FEATURES.families(WindowSettings())
CLASSES = np.array(["calm", "happy"])
N = 120  # songs, of two windows each


@pytest.fixture(scope="module")
def fitted():
    """Three metre features tell the classes apart, of which two are the same but for noise."""
    draw = np.random.default_rng(0)
    song = np.repeat(np.arange(N), 2)
    label = CLASSES[song % 2]
    x = draw.normal(size=(2 * N, 1, len(COLUMNS))).astype(np.float32)
    drawn = np.concatenate([own[:4] for own in FAMILIES.values()])
    x[:, 0, ~np.isin(np.arange(x.shape[-1]), drawn)] = 0  # the others never change
    first, second, third = FAMILIES["metre"][:3]
    x[:, 0, first] += 2 * (song % 2)
    x[:, 0, second] = x[:, 0, first] + 0.1 * draw.normal(size=2 * N)
    x[:, 0, third] += 1.5 * (song % 2)
    train = song < N // 2
    spec = registry.find()["features-logistic"]
    model = registry.make(spec, 0, TrainingSettings(), quick=True)
    model.fit(x[train], label[train], song[train].astype(str))
    return model, x, label, song, train, (first, second, third)


def found(fitted, group=None, seed=0):
    model, x, label, song, train, _ = fitted
    group = song.astype(str) if group is None else group
    test = x[~train], label[~train], song[~train], group[~train]
    given = x[train], label[train]
    return feature_importance.fit_importance(
        FEATURES, model.predict_proba, test, given, CLASSES, seed
    )


def test_the_family_that_speaks_is_found(fitted):
    table = found(fitted)
    assert list(table.columns) == list(feature_importance.COLUMNS)
    assert set(table["index"]) == set(range(N // 2, N))  # all test songs
    means = table[table.level == "family"].groupby("name")[["without", "alone_right"]].mean()
    assert set(means.index) == set(FAMILIES)
    assert means.without.idxmax() == means.alone_right.idxmax() == "metre"
    assert means.without["metre"] > 3 * means.without.drop("metre").max()
    assert means.alone_right["metre"] > 0.1


def test_features_that_say_the_same_are_shuffled_together(fitted):
    table = found(fitted)
    names = [feature.name for feature in COLUMNS]
    first, second, third = (names[column] for column in fitted[-1])
    features = table[table.level == "feature"]
    assert features.name.nunique() == feature_importance.FEATURES and features.alone.isna().all()
    best = features.groupby(["name", "members"]).without.mean().sort_values()[::-1].head(2)
    assert {frozenset(members.split("; ")) for _, members in best.index} == {
        frozenset({first, second}), frozenset({third})}  # fmt: skip


def test_the_same_seed_gives_the_same_and_few_songs_are_taken(fitted, monkeypatch):
    assert found(fitted).equals(found(fitted))
    monkeypatch.setattr(feature_importance, "SONGS", 20)
    table = found(fitted)
    assert table["index"].nunique() == 20
    assert set(table["index"]) != set(found(fitted, seed=1)["index"])


def test_one_group_of_songs_cannot_be_shuffled(fitted):
    table = found(fitted, group=np.full(2 * N, "one"))
    assert table.empty and list(table.columns) == list(feature_importance.COLUMNS)
