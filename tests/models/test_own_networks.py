"""Networks of our own on the whole road: songs, comparison, training, new songs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classify.evaluation.splits import held_out, inner_folds
from classify.experiments import results
from classify.experiments.comparison import compare
from classify.experiments.settings import Settings
from classify.files import read_json
from classify.inference import saved_model, training, training_plan
from classify.inference.explain.song import explain, of_bundle
from classify.inference.prediction import predict
from classify.models.network_classifier import NetworkClassifier
from classify.models.training_settings import TrainingSettings
from classify.representations.note_events import (
    COLUMNS,
    INTER_ONSET,
    PITCH,
    REAL,
    VELOCITY,
    NoteEvents,
)
from tests.conftest import write_corpus


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("own") / "songs", per_class=6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crnn", "passages"])
def test_they_are_compared_whatever_the_channels(name, songs, tmp_path):
    settings = Settings(
        str(songs), window=16, channels=("pitch",), models=(name,), epochs=1, robustness=True
    )
    run = compare(settings, tmp_path / "run", 1)
    facts = read_json(run / "run.json")["models"][name]
    assert facts["input"] == {"crnn": "note-events", "passages": "note-excerpts"}[name]
    (fit,) = facts["fits"]
    assert fit["padding"] == [] and fit["training"]["augment"]
    table, _ = results.read(run)
    assert set(table.model) == {name, "majority"} and table["p:Happy"].between(0, 1).all()
    assert name in set(pd.read_parquet(run / results.CHECKS).model)


@pytest.mark.slow
def test_one_is_trained_kept_and_asked(songs, tmp_path):
    settings = Settings(str(songs), window=16, folds=2, epochs=1)
    out = training.train(training_plan.plan(settings, "crnn"), tmp_path / "model", 1)
    loaded = saved_model.load(out)
    assert loaded.about.features.names == list(COLUMNS) and loaded.estimator.scaler_ is None
    found = predict(loaded, [songs / "Happy"])
    assert len(found.table) == 6 and found.table.n_windows.tolist() == [3] * 6
    np.testing.assert_allclose(found.table[["p:Calming", "p:Happy"]].sum(axis=1), 1)
    why = explain(of_bundle(loaded), found.items[0].song)
    assert why.attributions.method == "occlusion" and np.abs(why.attributions.notes).max() > 0


def windows() -> tuple[np.ndarray, np.ndarray]:
    """60 windows of two classes, rising and falling."""
    draw = np.random.default_rng(0)
    code = np.arange(60) % 2
    x = np.zeros((60, 16, len(COLUMNS)), np.float32)
    line = np.arange(16) * np.where(code, 1, -1)[:, None]
    x[..., REAL], x[..., VELOCITY] = 1, 64
    x[..., PITCH] = 64 + line + draw.integers(-2, 3, (60, 16))
    x[..., INTER_ONSET] = draw.normal(-1, 0.5, (60, 16))
    return x, code.astype(str)


def test_only_what_is_fitted_on_is_augmented(monkeypatch):
    x, y = windows()
    seen = []
    augment = NoteEvents.augment

    def watched(self, batch, rng):
        seen.append(batch)
        return augment(self, batch, rng)

    monkeypatch.setattr(NoteEvents, "augment", watched)
    network = NetworkClassifier("crnn", TrainingSettings(epochs=4)).fit(x, y)
    fit, held = held_out(y.tolist(), None, 0)
    validate = held[inner_folds(y[held], None, 2, 0)[0][0]]  # the others are calibrated on
    given = {batch.tobytes() for batch in np.concatenate(seen)}
    assert given == {window.tobytes() for window in x[fit]}
    p = network.predict_proba(x[validate])
    loss = -np.log(p[np.arange(len(validate)), y[validate].astype(int)]).mean()
    assert loss == pytest.approx(network.history_[network.best_epoch_ - 1]["val_loss"], rel=1e-4)


@pytest.mark.slow
def test_augmentation_can_be_left_out(monkeypatch):
    x, y = windows()
    monkeypatch.setattr(NoteEvents, "augment", None)
    for settings in (
        TrainingSettings(epochs=1, augment=False),
        TrainingSettings(epochs=1, recipe="paper"),
    ):
        NetworkClassifier("crnn", settings).fit(x, y)
    assert not TrainingSettings(augment=False).record()["augment"]
    assert "augment" not in TrainingSettings(recipe="paper").record()
