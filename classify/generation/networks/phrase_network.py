"""An autoencoder of phrases, as Keras trains it (see `Architecture`)."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from classify.generation.latent.architecture import parts_of
from classify.generation.latent.phrases import HOLD, LOUDNESS, NOTHING, SYMBOLS

#: Added to a standard deviation before its logarithm is taken.
TINY = 1e-8

#: Standard deviation of the means of phrases' latent vectors, in each direction, where these are
#: normalised: below the prior's 1, since each phrase has a deviation of its own beside it.
DEVIATION = 0.8


@dataclass(frozen=True)
class Objective:
    """What a variational autoencoder of phrases is trained for.

    Reconstruction in nats, plus beta times what the KL divergence of the latent vector from the
    prior is above the free bits. Beta rises from 0 as 1 - exp(-batches / rise); the decoder reads
    its own draws in place of the true symbols with a probability that rises as an inverse sigmoid
    (Bengio et al. 2015).

    Parameters
    ----------
    beta : float
        Highest weight of the divergence.
    free_bits : float
        Divergence of a phrase, in bits, that costs nothing.
    rise : float
        Batches in which beta comes to 63 % of its highest value.
    sampling : float
        The constant k of the inverse sigmoid, in batches; 0 for the true symbols throughout.
    forgets : float
        Share of frames of which the decoder is not told the one before in training, so that it has
        to ask the latent vector (Bowman et al. 2016, who drop words).
    """

    beta: float = 0.2
    free_bits: float = 32.0
    rise: float = 200.0
    sampling: float = 0.0
    forgets: float = 0.0


class LatentNetwork(keras.layers.Layer):
    """What each phrase costs.

    Call arguments
    --------------
    inputs : list of tensors
        `symbols` and `loudness`, shape (n, n_steps, n_voices); `counts`, the same shape, 1 for
        what is to be learned; `metre`, shape (n, n_metres); `label`, shape (n, n_labels), which an
        adversary is told.

    Returns
    -------
    tensor, shape (n, len(COLUMNS))
        In nats; the accuracy is a share of the symbols.
    """

    #: What an example's row holds, in order.
    COLUMNS: tuple[str, ...] = ("objective", "reconstruction", "kl", "accuracy")

    architecture: Any

    def __init__(
        self, architecture: Any, objective: Objective, seed: int = 0, **options: Any
    ) -> None:
        super().__init__(**options)
        self.architecture, self.objective = architecture, objective
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, shapes: Any) -> None:
        """Make the weights."""
        layers, known = keras.layers, self.architecture.shapes()
        self.parts: dict[str, Any] = {}
        for name, parts in parts_of(known).items():
            *size, width, units = known[f"{name}.kernel"]
            if size:
                layer: Any = layers.Conv2D(units, size, activation="selu")
                layer.build((None, None, None, width))
            elif "recurrent" not in parts:
                layer = layers.Dense(units)
                layer.build((None, width))
            elif len(known[f"{name}.bias"]) == 2:
                layer = layers.GRU(units // 3, return_sequences=True)
                layer.build((None, None, width))
            else:
                layer = layers.LSTM(units // 4, return_sequences=True)
                layer.build((None, None, width))
            self.parts[name] = layer
            setattr(self, f"layer_{name.replace('.', '_')}", layer)  # so that Keras counts it
        if getattr(self.architecture, "apart_from_start", False):
            self.normal = layers.BatchNormalization(center=False, scale=False, momentum=0.95)
            self.normal.build((None, self.architecture.latent))
        self.batches = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Give the costs."""
        symbols, loudness, counts, metre, label = inputs
        mean, spread = self.encoded(symbols, loudness, metre, training)
        z = mean
        if training:
            self.batches.assign(self.batches + 1)
            z = mean + spread * keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        nats, accuracy = self.reconstruction(z, symbols, loudness, counts, metre, training)
        return self.costs(nats, accuracy, z, divergence(mean, spread), label, training)

    def costs(self, nats: Any, accuracy: Any, z: Any, kl: Any, label: Any, training: bool) -> Any:
        """Lay the columns side by side."""
        del z, label
        return ops.stack([nats + self.penalty(kl, training), nats, kl, accuracy], axis=-1)

    def penalty(self, kl: Any, training: bool) -> Any:
        """Say what a divergence costs; as in the end, where nothing is trained."""
        aim, beta = self.objective, self.objective.beta
        over = ops.maximum(kl - aim.free_bits * float(np.log(2)), 0)
        return over * (beta * (1 - ops.exp(-self.batches / aim.rise)) if training else beta)

    def encoded(
        self, symbols: Any, loudness: Any, metre: Any, training: bool = False
    ) -> tuple[Any, Any]:
        """Give mean and standard deviation of the latent vectors."""
        shape = self.architecture
        begins = ops.logical_and(symbols >= 0, symbols < HOLD)
        loud = ops.cast(loudness + 1, "float32") / LOUDNESS * ops.cast(begins, "float32")
        x = ops.concatenate(
            [self._ones(symbols, range(shape.voices)), loud,
             ops.repeat(metre[:, None], shape.n_steps, axis=1)], axis=2
        )  # fmt: skip
        last = x[:, -1]
        for n in range(len(shape.encoder)):
            forward = self.parts[f"encoder.{n}.forward"](x)
            backward = self.parts[f"encoder.{n}.backward"](ops.flip(x, axis=1))
            last = ops.concatenate([forward[:, -1], backward[:, -1]], axis=1)
            x = ops.concatenate([forward, ops.flip(backward, axis=1)], axis=2)
        heard = ops.mean(x, axis=1) if shape.apart_from_start else last
        mean = self.parts["mean"](heard)
        if shape.apart_from_start:
            mean = DEVIATION * self.normal(mean, training=training)
        return mean, ops.softplus(self.parts["spread"](heard))

    def folded(self, found: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Give weights with the normalisation as a part of the layer that it normalises."""
        if not hasattr(self, "normal"):
            return found
        centre, variance = (ops.convert_to_numpy(w) for w in self.normal.weights)
        scale = DEVIATION / np.sqrt(variance + self.normal.epsilon)
        return found | {
            "mean.kernel": found["mean.kernel"] * scale,
            "mean.bias": (found["mean.bias"] - centre) * scale,
        }

    def _ones(self, symbols: Any, voices: Any) -> Any:
        """Write symbols of some voices as ones; `NOTHING` has none."""
        ones = [ops.one_hot(ops.maximum(symbols[..., v], 0), SYMBOLS)
                * ops.cast(symbols[..., v] >= 0, "float32")[..., None] for v in voices]  # fmt: skip
        return ops.concatenate(ones, axis=-1)

    def reconstruction(
        self, z: Any, symbols: Any, loudness: Any, counts: Any, metre: Any, training: bool
    ) -> tuple[Any, Any]:
        """Say how improbable phrases are, in nats, and which share of symbols is the likeliest."""
        shape = self.architecture
        context = self._contexts(z, metre)
        stretches = (-1, shape.stretch, shape.voices)
        true = ops.reshape(symbols, stretches)
        read = true
        if training and shape.feedback and self.objective.sampling:
            read = self._mixed(context, true)
        logits, loud = self._written(context, read)
        counts = ops.reshape(counts, stretches)
        begins = ops.cast(ops.logical_and(true >= 0, true < HOLD), "float32") * counts
        nats = nats_of(logits, true) * counts
        nats = nats + nats_of(loud, ops.reshape(loudness, stretches)) * begins
        right = ops.cast(ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), true), "float32")
        whole = (-1, shape.n_steps * shape.voices)
        right, counts, nats = (ops.reshape(one, whole) for one in (right * counts, counts, nats))
        share = ops.sum(right, axis=-1) / ops.maximum(ops.sum(counts, axis=-1), 1)
        return ops.sum(nats, axis=-1), share

    def _contexts(self, z: Any, metre: Any) -> Any:
        """Give what each stretch is told."""
        shape = self.architecture
        if not shape.conductor:
            return ops.concatenate([z, metre], axis=1)
        x = ops.zeros_like(z[:, :1])[:, None] * ops.zeros((1, shape.bars, 1))
        for n in range(len(shape.conductor)):
            start = self._started(z, f"conductor.{n}.start")
            x = self.parts[f"conductor.{n}"](x, initial_state=start)
        said = ops.tanh(self.parts["conductor.output"](x))
        told = ops.repeat(metre[:, None], shape.bars, axis=1)
        return ops.reshape(ops.concatenate([said, told], axis=2), (-1, shape.context))

    def _start(self, context: Any, name: str) -> list[Any]:
        """Give what a layer of the decoder begins with."""
        if self.architecture.one_start:
            return [ops.tanh(self.parts["start"](context))] * 2
        return self._started(context, name)

    def _started(self, context: Any, name: str) -> list[Any]:
        return list(ops.split(ops.tanh(self.parts[name](context)), 2, axis=1))

    def _written(self, context: Any, read: Any) -> tuple[Any, Any]:
        """Score symbols and loudness, where `read` are the symbols themselves, not those before."""
        shape, symbols, loudness = self.architecture, list[Any](), list[Any]()
        before = ops.pad(read[:, :-1], ((0, 0), (1, 0), (0, 0)), constant_values=NOTHING)
        told = ops.repeat(context[:, None], shape.stretch, axis=1)
        for g, voices in enumerate(shape.groups):
            x = ops.concatenate([self._ones(before, voices), told], -1) if shape.feedback else told
            for n in range(len(shape.decoder)):
                start = self._start(context, f"decoder.{g}.{n}.start")
                x = self.parts[f"decoder.{g}.{n}"](x, initial_state=start)
            for found, what, n_classes in (
                (symbols, "symbol", SYMBOLS), (loudness, "loudness", LOUDNESS)
            ):  # fmt: skip
                scores = self.parts[f"decoder.{g}.{what}"](x)
                found.append(ops.reshape(scores, (-1, shape.stretch, len(voices), n_classes)))
        return ops.concatenate(symbols, axis=2), ops.concatenate(loudness, axis=2)

    def _mixed(self, context: Any, true: Any) -> Any:
        """Put the decoder's own draws in the place of some true symbols.

        It draws them all at once, behind the true ones, so that training stays as fast (Mihaylova
        and Martins 2019); Roberts et al. draw one after another.
        """
        k = self.objective.sampling
        share = 1 - k / (k + ops.exp(ops.minimum(self.batches / k, 30.0)))
        logits, _ = self._written(ops.stop_gradient(context), true)
        flat = ops.reshape(ops.stop_gradient(logits), (-1, SYMBOLS))
        drawn = keras.random.categorical(flat, 1, dtype="int32", seed=self.seed_generator)
        drawn = ops.reshape(drawn, ops.shape(true))
        chance = keras.random.uniform(ops.shape(true), seed=self.seed_generator)
        replaced = ops.logical_and(chance < share, true >= 0)
        return ops.where(replaced, drawn, true)


def divergence(mean: Any, spread: Any, of_mean: Any = 0.0, of_spread: Any = 1.0) -> Any:
    """Give the KL divergence of normal distributions from others, in nats; from the standard one.

    Parameters
    ----------
    mean, spread : tensor, shape (n, n_latent)
        Means and standard deviations.
    of_mean, of_spread : tensor or float
        Those of the others.
    """
    ratio = (spread + TINY) / (of_spread + TINY)
    apart = (mean - of_mean) / (of_spread + TINY)
    return 0.5 * ops.sum(ops.square(ratio) + ops.square(apart) - 1 - 2 * ops.log(ratio), axis=-1)


def nats_of(logits: Any, true: Any) -> Any:
    """Say how improbable classes are; what is below 0 counts as class 0."""
    log_p = ops.log_softmax(logits, axis=-1)
    return -ops.take_along_axis(log_p, ops.maximum(true, 0)[..., None], axis=-1)[..., 0]


def build(layer: Any) -> Any:
    """Build a model from what a `LatentNetwork` takes to its costs."""
    shape = layer.architecture
    steps = shape.n_steps, shape.voices
    inputs = [
        keras.Input(steps, dtype="int32"),
        keras.Input(steps, dtype="int32"),
        keras.Input(steps, dtype="float32"),
        keras.Input((shape.metres,), dtype="float32"),
        keras.Input((max(1, shape.labels),), dtype="float32"),
    ]
    return keras.Model(inputs, layer(inputs))


def loss(nothing: Any, costs: Any) -> Any:
    """Give the objective of each phrase."""
    del nothing
    return costs[:, 0]


def metrics(layer: Any) -> list[Any]:
    """Make what measures each column of a layer but the objective."""

    def of(place: int, name: str) -> Any:
        def column(nothing: Any, costs: Any) -> Any:
            del nothing
            return costs[:, place]

        return keras.metrics.MeanMetricWrapper(column, name=name)

    return [of(place, name) for place, name in enumerate(layer.COLUMNS) if place]


def weights(layer: Any) -> dict[str, NDArray[np.float32]]:
    """Give the weights of a network by the names of `Architecture.shapes`."""
    found = {}
    for name, parts in parts_of(layer.architecture.shapes()).items():
        for part, weight in zip(parts, layer.parts[name].weights, strict=True):
            found[f"{name}.{part}"] = np.asarray(ops.convert_to_numpy(weight))
    return dict(layer.folded(found))
