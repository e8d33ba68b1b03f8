"""Networks train, stop, keep their best weights, and say what they did."""

import zipfile

import numpy as np
import pytest

from classify.errors import InputError
from classify.models.network_classifier import NetworkClassifier
from classify.models.training_settings import TrainingSettings
from classify.models.weights import check_network, save_network


def windows(n: int = 80):
    """Two classes of pitch contours: rising and falling."""
    draw = np.random.default_rng(0)
    code = np.arange(n) % 2
    line = np.linspace(-1, 1, 24)[None, :, None] * np.where(code, 1, -1)[:, None, None]
    return (line + 0.3 * draw.normal(size=(n, 24, 1))).astype(np.float32), code.astype(str)


@pytest.fixture(scope="module")
def trained():
    x, y = windows()
    settings = TrainingSettings(epochs=40, patience=3)
    return NetworkClassifier("nn3", settings).fit(x, y, np.arange(80).astype(str)), x, y


def test_it_learns(trained):
    network, x, y = trained
    assert (network.predict(x) == y).mean() > 0.9


def test_the_best_epoch_is_kept_and_training_stops(trained):
    network, x, y = trained
    scores = [epoch["val_song_macro_f1"] for epoch in network.history_]
    measured = {"loss", "accuracy", "macro_f1"}
    of_validation = {f"val_{name}" for name in [*measured, "song_macro_f1"]}
    assert set(network.history_[0]) == measured | of_validation
    assert network.best_epoch_ == int(np.argmax(scores)) + 1
    assert len(scores) == 40 or len(scores) == network.best_epoch_ + 3
    # the kept weights give the kept epoch's loss on the inner songs again
    from classify.evaluation.splits import held_out as held_out_of

    _, held_out = held_out_of(y.tolist(), np.arange(80).astype(str), 0)
    calibrates = ~np.isnan(network.held_out_).any(axis=1)  # half of them decide when to stop
    assert (
        calibrates.sum() == len(held_out) // 2 and calibrates[held_out].sum() == len(held_out) // 2
    )
    stop = held_out[~calibrates[held_out]]
    p = network.predict_proba(x[stop])
    loss = -np.log(p[np.arange(len(stop)), y[stop].astype(int)]).mean()
    assert loss == pytest.approx(network.history_[network.best_epoch_ - 1]["val_loss"], rel=1e-4)


def test_the_papers_recipe_runs_every_epoch_and_keeps_the_last():
    x, y = windows(40)
    network = NetworkClassifier("nn3", TrainingSettings(recipe="paper", epochs=3)).fit(x, y)
    assert network.best_epoch_ == len(network.history_) == 3


def test_facts_name_the_device_and_the_size(trained):
    facts = trained[0].facts()
    assert facts["parameters"] == trained[0].model_.count_params()
    assert facts["device"].startswith(("CPU", "GPU"))
    assert facts["padding"] == ["same"]


@pytest.mark.slow
def test_another_seed_gives_other_weights():
    x, y = windows(40)
    settings = TrainingSettings(epochs=1)
    one, two = (NetworkClassifier("nn3", settings, seed).fit(x, y) for seed in (1, 2))
    assert not np.array_equal(one.predict_proba(x), two.predict_proba(x))


def test_bad_settings_are_refused():
    with pytest.raises(InputError, match="--recipe fast: expected one of default, paper"):
        TrainingSettings(recipe="fast")
    with pytest.raises(InputError, match="--epochs 0"):
        TrainingSettings(epochs=0)


def test_equal_networks_are_equal_files(tmp_path):
    """Whenever they are saved, and wherever in memory their shared objects are."""
    import keras

    def shared() -> keras.Model:
        keras.utils.set_random_seed(5)
        notes, layer = keras.Input((4,), name="notes"), keras.layers.Dense(4, name="twice")
        return keras.Model(notes, layer(layer(notes)), name="same")

    held = []
    for name in "ab":
        held.append(shared())
        save_network(held[-1], tmp_path / f"{name}.keras")
        with zipfile.ZipFile(tmp_path / f"{name}.keras") as archive:
            assert b'"date_saved": ""' in archive.read("metadata.json")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()
    again = shared()
    check_network(tmp_path / "a.keras", again, "same")
    again.load_weights(tmp_path / "a.keras")
