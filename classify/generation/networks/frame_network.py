"""An autoencoder of frames, as Keras trains it (see `FrameArchitecture`)."""

from typing import Any

import keras
from keras import ops

from classify.generation.latent.frame_architecture import CHANNELS, CONVOLUTIONS
from classify.generation.latent.phrases import LOUDNESS
from classify.generation.latent.rolls import KEYS
from classify.generation.networks.phrase_network import (
    DEVIATION,
    LatentNetwork,
    divergence,
    loss,
    metrics,
    nats_of,
    weights,
)

#: How sure of a note's begin, or of its sounding, the decoder is of a cell before it learns, in
#: log-odds: about as often as these are in music. A decoder that has to learn this first drives all
#: units to where they cannot learn any more, and hears neither its vector nor the frames before.
SELDOM = {"begins": -5.0, "sounds": -3.5}


class FrameNetwork(LatentNetwork):
    """What each sequence of frames costs.

    Call arguments
    --------------
    inputs : list of tensors
        `frames`, shape (n, bars, bar_steps, 88, 3); `loudness`, shape (n, bars, bar_steps), class
        of the notes that begin; `counts`, shape (n, bars), 1 for frames to be learned; `metre`,
        shape (n, n_metres).

    Returns
    -------
    tensor, shape (n, 4)
        The columns of `phrase_network`; the accuracy is F1 of the cells in which notes begin.
    """

    def build(self, shapes: Any) -> None:
        """Make the weights; most cells are silent."""
        super().build(shapes)
        for name, odds in SELDOM.items():
            bias = self.parts[name].bias
            bias.assign(ops.full(bias.shape, odds))

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Give the costs."""
        frames, loudness, counts, metre = inputs
        shape = self.architecture
        if training:
            self.batches.assign(self.batches + 1)
        features = self._features(frames)
        told = ops.repeat(metre[:, None], shape.bars, axis=1)
        of = self._by_step if shape.step else self._by_sequence
        hidden, kl = of(features, told, counts, training)
        nats, accuracy = self._costs(hidden, frames, loudness, counts)
        return self.costs(nats, accuracy, None, kl, None, training)

    def _features(self, frames: Any) -> Any:
        """Give numbers that stand for each frame, shape (n, bars, n_features)."""
        shape = self.architecture
        x = ops.reshape(frames, (-1, shape.bar_steps, KEYS, CHANNELS))
        for n, (_, pooled) in enumerate(CONVOLUTIONS):
            x = self.parts[f"conv.{n}"](x)
            x = ops.max_pool(x, 2) if pooled else x
        x = ops.selu(self.parts["frame.dense"](ops.reshape(x, (-1, shape.flat))))
        return ops.reshape(self.parts["frame.code"](x), (-1, shape.bars, shape.features))

    def _drawn(self, mean: Any, spread: Any, training: bool) -> Any:
        if not training:
            return mean
        return mean + spread * keras.random.normal(ops.shape(mean), seed=self.seed_generator)

    def _by_sequence(self, features: Any, told: Any, counts: Any, training: bool) -> Any:
        """Code all frames as one vector, and go over them again with it."""
        shape, parts = self.architecture, self.parts
        x = ops.concatenate([features, told], axis=-1)
        ends = [parts["encoder.forward"](x)[:, -1],
                parts["encoder.backward"](ops.flip(x, axis=1))[:, -1]]  # fmt: skip
        last = ops.concatenate(ends, axis=-1)
        mean, spread = parts["mean"](last), ops.softplus(parts["spread"](last))
        if shape.apart_from_start:
            mean = DEVIATION * self.normal(mean, training=training)
        z = ops.repeat(self._drawn(mean, spread, training)[:, None], shape.bars, axis=1)
        before = ops.pad(features[:, :-1], ((0, 0), (1, 0), (0, 0)))
        if training and self.objective.forgets:
            luck = keras.random.uniform(ops.shape(before)[:2], seed=self.seed_generator)
            before = before * ops.cast(luck >= self.objective.forgets, "float32")[..., None]
        x = ops.concatenate([z, before, told], axis=-1)
        for n in range(shape.layers):
            forward = parts[f"decoder.{n}.forward"](x)
            if shape.leaks:
                backward = parts[f"decoder.{n}.backward"](ops.flip(x, axis=1))
                forward = ops.concatenate([forward, ops.flip(backward, axis=1)], axis=-1)
            x = forward
        return x, divergence(mean, spread)

    def _by_step(self, features: Any, told: Any, counts: Any, training: bool) -> Any:
        """Code frame by frame; what came before says what is to be expected of the next."""
        shape, parts = self.architecture, self.parts
        h = ops.zeros_like(features[:, 0, :1]) * ops.zeros((1, shape.hidden))
        outputs, kl = [], 0.0
        for t in range(shape.bars):
            known = ops.concatenate([h, told[:, t]], axis=-1)
            expected = ops.relu(parts["prior.hidden"](known))
            seen = ops.concatenate([known, features[:, t]], axis=-1)
            found = ops.relu(parts["posterior.hidden"](seen))
            mean, spread = parts["mean"](found), ops.softplus(parts["spread"](found))
            apart = divergence(mean, spread, parts["prior.mean"](expected),
                               ops.softplus(parts["prior.spread"](expected)))  # fmt: skip
            kl = kl + apart * counts[:, t]
            z = self._drawn(mean, spread, training)
            outputs.append(ops.relu(parts["decoder.hidden"](ops.concatenate([known, z], axis=-1))))
            x = ops.concatenate([features[:, t], z], axis=-1)[:, None]
            h = parts["recurrence"](x, initial_state=h)[:, 0]
        return ops.stack(outputs, axis=1), kl

    def _costs(self, hidden: Any, frames: Any, loudness: Any, counts: Any) -> tuple[Any, Any]:
        """Give nats, summed over the frames that count, and F1 of the cells where notes begin."""
        shape, cells = self.architecture, (-1, self.architecture.bars, self.architecture.written)
        begins, sounds = (ops.reshape(frames[..., n], cells) for n in (0, 1))
        logits = self.parts["begins"](hidden)
        nats = _binary(logits, begins) + _binary(self.parts["sounds"](hidden), sounds)
        loud = ops.reshape(self.parts["loudness"](hidden),
                           (-1, shape.bars, shape.bar_steps, LOUDNESS))  # fmt: skip
        heard = ops.max(frames[..., 0], axis=-1)
        nats = nats + ops.sum(nats_of(loud, loudness) * heard, axis=-1)
        said = ops.cast(logits > 0, "float32") * counts[..., None]
        right = ops.sum(said * begins, axis=(1, 2))
        f1 = 2 * right / ops.maximum(ops.sum(said, axis=(1, 2)) + ops.sum(begins, axis=(1, 2)), 1)
        return ops.sum(nats * counts, axis=-1), f1


def _binary(logits: Any, true: Any) -> Any:
    """Give nats of frames whose cells are independent, shape (n, bars)."""
    return ops.sum(ops.softplus(logits) - true * logits, axis=-1)


def build(layer: FrameNetwork) -> Any:
    """Build a model from what a `FrameNetwork` takes to its costs."""
    shape = layer.architecture
    inputs = [
        keras.Input((shape.bars, shape.bar_steps, KEYS, CHANNELS), dtype="float32"),
        keras.Input((shape.bars, shape.bar_steps), dtype="int32"),
        keras.Input((shape.bars,), dtype="float32"),
        keras.Input((shape.metres,), dtype="float32"),
    ]
    return keras.Model(inputs, layer(inputs))


__all__ = ["FrameNetwork", "build", "loss", "metrics", "weights"]
