"""One way to train any network: batches and trees, losses of its own, stops, and kills."""

from itertools import pairwise

import numpy as np
import pytest

from classify.models import backend
from classify.models.trainer import BEST, HISTORY, Arrays, Batches, Trainer

KERAS = backend.import_keras()


def examples(n: int = 64) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(n, 6)).astype(np.float32)
    return x, (x[:, :1] - 2 * x[:, 1:2]).astype(np.float32)


def small() -> object:
    layers = KERAS.layers
    return KERAS.Sequential([KERAS.Input((6,)), layers.Dense(8, activation="tanh"),
                             layers.Dropout(0.3), layers.Dense(1)])  # fmt: skip


def batches(epoch: int):
    """Batches that are another each time, and depend on nothing but the epoch."""
    x, y = examples()
    order = np.random.default_rng((3, epoch)).permutation(len(x))
    for first in range(0, len(x), 16):
        yield x[order[first : first + 16]], y[order[first : first + 16]]


def trained(model, trainer: Trainer, data, **given):
    trainer.compile(model, "mse")
    return trainer.fit(model, data, **given)


def test_the_best_weights_are_kept_and_training_stops():
    x, y = examples()
    held = np.random.default_rng(1).normal(size=(16, 6)).astype(np.float32)
    noise = np.random.default_rng(2).normal(size=(16, 1)).astype(np.float32)
    trainer = Trainer(200, monitor="val_loss", patience=3, learning_rate=0.05)
    trainer.start()
    model, told = small(), []
    history = trained(model, trainer, Arrays(x, y), validation=Arrays(held, noise),
                      on_epoch=lambda epochs: told.append(len(epochs)))  # fmt: skip
    losses = [epoch["val_loss"] for epoch in history.epochs]
    assert history.best == int(np.argmin(losses)) and len(losses) == history.best + 4
    assert told == list(range(1, len(losses) + 1))
    kept = float(((model.predict(held, verbose=0) - noise) ** 2).mean())
    assert kept == pytest.approx(losses[history.best], rel=1e-4)


def test_without_a_monitor_the_last_weights_stay():
    x, y = examples()
    trainer = Trainer(3)
    trainer.start()
    assert trained(small(), trainer, Arrays(x, y)).best == 2


class Killed(Exception):
    pass


@pytest.mark.parametrize("kills", [(1,), pytest.param((1, 2, 3), marks=pytest.mark.slow)])
def test_a_killed_training_goes_on_to_the_same_weights(tmp_path, kills):
    def run(place, ends_after=None):
        trainer = Trainer(4, seed=5, monitor="loss")
        trainer.start()
        model = small()

        def watch(epochs):
            if len(epochs) == ends_after:
                raise Killed

        try:
            history = trained(model, trainer, Batches(batches, 4), on_epoch=watch, checkpoint=place)
        except Killed:
            return None
        return history, model.get_weights()

    history, weights = run(tmp_path / "whole")
    for ends_after in kills:
        assert run(tmp_path / "killed", ends_after) is None
    resumed, again = run(tmp_path / "killed")
    assert resumed == history
    for one, other in zip(weights, again, strict=True):
        np.testing.assert_array_equal(one, other)
    finished = run(tmp_path / "killed")  # nothing is left to do
    assert finished[0] == history


def test_a_checkpoint_is_whole_or_not_there(tmp_path, monkeypatch):
    trainer = Trainer(2, monitor="loss")
    trainer.start()
    model = small()
    trainer.compile(model, "mse")
    save, count = model.save_weights, []

    def breaks(path):
        count.append(path)
        if len(count) > 2:
            raise Killed
        save(path)

    monkeypatch.setattr(model, "save_weights", breaks)
    with pytest.raises(Killed):
        trainer.fit(model, Batches(batches, 4), checkpoint=tmp_path / "state")
    assert (tmp_path / "state" / HISTORY).is_file() and (tmp_path / "state" / BEST).is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


class Reconstruction(KERAS.Model):
    """A model with a loss of its own over a tree of inputs, as an autoencoder has."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.decode = KERAS.layers.Dense(2), KERAS.layers.Dense(6)

    def call(self, inputs, training=False):
        code = self.encode(KERAS.ops.concatenate([inputs["notes"], inputs["mood"]], axis=-1))
        self.add_loss(1e-3 * KERAS.ops.mean(code**2))
        return self.decode(code)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        wrong = KERAS.ops.mean((x["notes"] - y_pred) ** 2, axis=-1)
        weight = 1.0 if sample_weight is None else sample_weight
        return KERAS.ops.mean(weight * wrong) + sum(self.losses)


def test_a_model_may_have_a_loss_and_trees_of_its_own():
    x, _ = examples()
    tree = {"notes": x, "mood": np.eye(2, dtype=np.float32)[np.arange(64) % 2]}
    trainer = Trainer(12, learning_rate=0.05)

    def learned(weight):
        trainer.start()
        model = Reconstruction()
        trainer.compile(model)
        history = trainer.fit(model, Arrays(tree, x, sample_weight=weight))
        return [epoch["loss"] for epoch in history.epochs], model.predict(tree, verbose=0)

    losses, plain = learned(None)
    assert losses[-1] < 0.8 * losses[0]
    assert all(after < before for before, after in pairwise(losses[:5]))
    first_half = np.repeat([1.0, 0.0], 32).astype(np.float32)
    _, weighted = learned(first_half)
    others = [((p - x) ** 2)[32:].mean() for p in (plain, weighted)]
    assert others[1] > others[0]
    with pytest.raises(ValueError, match="sample weights need targets"):
        Arrays(tree, sample_weight=first_half)


class Adversaries(KERAS.Model):
    """Two networks against each other, each with an optimiser: the gradients are TensorFlow's."""

    def __init__(self) -> None:
        super().__init__()
        layers = KERAS.layers
        self.maker = KERAS.Sequential([KERAS.Input((2,)), layers.Dense(6)])
        self.critic = KERAS.Sequential([KERAS.Input((6,)), layers.Dense(4, activation="relu"),
                                        layers.Dense(1)])  # fmt: skip
        self.built = True

    def compile(self, rate: float) -> None:
        super().compile(optimizer=KERAS.optimizers.Adam(rate), jit_compile=False)
        self.critics = KERAS.optimizers.Adam(rate)
        self.optimizer.build(self.maker.trainable_variables)
        self.critics.build(self.critic.trainable_variables)

    def train_step(self, data):
        import tensorflow as tf

        (real,) = data if isinstance(data, tuple) else (data,)
        noise = tf.ones((tf.shape(real)[0], 2))
        entropy = tf.nn.sigmoid_cross_entropy_with_logits
        with tf.GradientTape(persistent=True) as tape:
            made = self.critic(self.maker(noise))
            true = self.critic(real)
            fooled = tf.reduce_mean(entropy(tf.ones_like(made), made))
            caught = tf.reduce_mean(entropy(tf.zeros_like(made), made)
                                    + entropy(tf.ones_like(true), true))  # fmt: skip
        for network, optimizer, loss in (
            (self.maker, self.optimizer, fooled),
            (self.critic, self.critics, caught),
        ):
            variables = network.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)
        return {"maker": fooled, "critic": caught}


@pytest.mark.skipif(KERAS.backend.backend() != "tensorflow", reason="its step is TensorFlow's")
def test_two_networks_against_each_other_are_trained_and_resumed(tmp_path):
    def alone(epoch):
        return ((x,) for x, _ in batches(epoch))

    def run(place, epochs):
        trainer = Trainer(epochs, seed=2)
        trainer.start()
        model = Adversaries()
        model.compile(0.01)
        history = trainer.fit(model, Batches(alone, 4), checkpoint=place)
        return history, model.get_weights()

    history, weights = run(tmp_path / "whole", 4)
    assert set(history.epochs[0]) == {"maker", "critic"}
    run(tmp_path / "parts", 2)
    resumed, again = run(tmp_path / "parts", 4)
    assert resumed == history
    for one, other in zip(weights, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_processor_never_computes_in_16_bits(monkeypatch):
    keras = Trainer(1, mixed_precision=True).start()
    policy = keras.config.dtype_policy().name
    assert (policy == "mixed_float16") == bool(backend.gpus(keras))
    monkeypatch.setattr(backend, "gpus", lambda keras: ["a GPU"])
    assert Trainer(1, mixed_precision=True).start().config.dtype_policy().name == "mixed_float16"
    assert Trainer(1).start().config.dtype_policy().name == "float32"
