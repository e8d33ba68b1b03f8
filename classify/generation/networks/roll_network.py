"""The convolution network over rolls, as Keras trains it (see `RollShape`)."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from classify.generation.networks.roll_shape import STRIDE, Layer, RollShape

#: Added to a variance before its root is taken.
TINY = 1e-3


class AddRows(keras.layers.Layer):
    """Adds a weight for each pitch and channel, so that a voice can know its range."""

    def build(self, shape: Any) -> None:
        """Make the weights."""
        self.rows = self.add_weight(shape=shape[2:], initializer="zeros", name="rows")

    def call(self, x: Any) -> Any:
        """Add them."""
        return x + self.rows


def build(shape: RollShape, n_steps: int) -> Any:
    """Build a model.

    Parameters
    ----------
    shape : RollShape
        Its size.
    n_steps : int
        Steps of a piece, a multiple of `STRIDE`.

    Returns
    -------
    keras.Model
        Takes classes (int) of shape (n, n_steps, voices), what of them is known (0 or 1) and which
        notes begin (0 or 1), each of the same shape. Gives scores of shape (n, n_steps, voices,
        classes); with attacks, twice as many classes: the second half are scores of a note
        beginning, should it have that pitch.
    """
    size = n_steps, shape.voices
    classes = keras.Input(size, dtype="int32")
    known, begins = keras.Input(size), keras.Input(size)
    x = _read(shape, classes, known, begins)
    layers = {layer.name: layer for layer in shape.layers()}
    y = keras.layers.ReLU()(_normed(x, layers["join"], (STRIDE, 1)))
    y = _blocks(y, layers, "deep", shape.deep)
    y = _normed(y, layers["part"])
    y = ops.reshape(y, (-1, n_steps // STRIDE, shape.classes, STRIDE, shape.filters))
    y = ops.reshape(ops.transpose(y, (0, 1, 3, 2, 4)), (-1, *x.shape[1:3], shape.filters))
    x = keras.layers.ReLU()(AddRows(name="rows")(y + _normed(x, layers["near"])))
    x = _blocks(x, layers, "after", shape.after)
    x = keras.layers.Conv2D(shape.n_given, 3, padding="same", use_bias=False, name="last")(x)
    x = ops.transpose(AddRows(name="last.bias")(x), (0, 1, 3, 2))  # steps, channels, classes
    if shape.attacks:
        x = ops.concatenate([x[:, :, : shape.voices], x[:, :, shape.voices :]], axis=-1)
    return keras.Model([classes, known, begins], x)


def _read(shape: RollShape, classes: Any, known: Any, begins: Any) -> Any:
    """Lay out what is read, shape (n, n_steps, classes, n_read)."""
    rolls = ops.one_hot(classes, shape.classes) * known[..., None]
    parts = [rolls, ops.repeat(known[..., None], shape.classes, axis=-1)]
    if shape.attacks:
        parts.append(rolls * begins[..., None])
    return ops.transpose(ops.concatenate(parts, axis=2), (0, 1, 3, 2))


def _normed(x: Any, layer: Layer, strides: tuple[int, int] = (1, 1)) -> Any:
    convolved = keras.layers.Conv2D(
        layer.filters, layer.kernel, strides=strides, padding="same", use_bias=False,
        name=layer.name,
    )(x)  # fmt: skip
    return keras.layers.BatchNormalization(epsilon=TINY, momentum=0.95, name=f"{layer.name}.norm")(
        convolved
    )


def _blocks(x: Any, layers: dict[str, Layer], name: str, count: int) -> Any:
    """Add what two layers make of something to it, so many times."""
    for block in range(count):
        y = keras.layers.ReLU()(_normed(x, layers[f"{name}{block}a"]))
        x = keras.layers.ReLU()(x + _normed(y, layers[f"{name}{block}b"]))
    return x


def loss_of(shape: RollShape) -> Callable[[Any, Any], Any]:
    """Make the loss: nats of what is unknown, the mean over it in each piece (Uria et al. 2014).

    It takes, of shape (n, n_steps, voices, 4), the class, how much its nats count, whether a note
    begins, and how much the nats of that count; and scores as the model gives them.
    """

    def loss(true: Any, scores: Any) -> Any:
        which = ops.cast(true[..., :1], "int32")
        counts, begins, begin_counts = true[..., 1], true[..., 2], true[..., 3]
        log_p = ops.log_softmax(scores[..., : shape.classes], axis=-1)
        nats = -counts * ops.take_along_axis(log_p, which, axis=-1)[..., 0]
        if shape.attacks:
            score = ops.take_along_axis(scores, which + shape.classes, axis=-1)[..., 0]
            nats = nats + begin_counts * (ops.softplus(score) - begins * score)
        unknown = ops.maximum(ops.sum(counts, axis=(1, 2)), 1.0)
        return ops.sum(nats, axis=(1, 2)) / unknown

    return loss


def weights(model: Any, shape: RollShape) -> dict[str, NDArray[np.float32]]:
    """Give the weights by the names of `RollShape.shapes`, normalisation folded into them."""
    parts: dict[str, Any] = {}
    for layer in shape.layers():
        (kernel,) = model.get_layer(layer.name).get_weights()
        scale, shift, mean, variance = model.get_layer(f"{layer.name}.norm").get_weights()
        factor = scale / np.sqrt(variance + TINY)
        parts[layer.name], parts[f"{layer.name}.bias"] = kernel * factor, shift - mean * factor
    (parts["last"],) = model.get_layer("last").get_weights()
    for name in ("rows", "last.bias"):
        (parts[name],) = model.get_layer(name).get_weights()
    return {name: np.asarray(parts[name], np.float32) for name in shape.shapes()}
