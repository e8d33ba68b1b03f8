"""DeepBach's networks, as Keras trains them (see `NeighbourShape`)."""

from math import prod
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from classify.generation.networks.neighbour_shape import REACH, NeighbourShape


class NeighbourNetworks(keras.layers.Layer):
    """Scores what each voice may do at a place, given all that is around it.

    Call arguments
    --------------
    symbols : tensor of int, shape (n, 2 * REACH + 1, voices)
        Around a place, which is in the middle.
    places : tensor of int, shape (n, 2 * REACH + 1)
        Step of the bar.

    Returns
    -------
    tensor, shape (n, voices, classes + 1)
        The last class holds.
    """

    def __init__(self, shape: NeighbourShape, **options: Any) -> None:
        super().__init__(**options)
        self.shape = shape

    def build(self, *shapes: Any) -> None:
        """Make the weights."""
        self.parts = {}
        for name, shape in self.shape.shapes().items():
            start: Any = "zeros"
            if not name.endswith(("bias", "gates")):
                wide = shape[-2] if len(shape) == 3 else self.shape.voices
                start = keras.initializers.RandomNormal(stddev=wide**-0.5)
            if name in ("steps", "others", "places", "place"):
                start = keras.initializers.RandomNormal(stddev=0.3)
            if prod(shape):
                self.parts[name] = self.add_weight(shape=shape, initializer=start, name=f"w_{name}")

    def call(self, inputs: Any) -> Any:
        """Give the scores."""
        symbols, places = inputs
        parts, n = self.parts, self.shape.voices
        left, right = slice(0, REACH), slice(2 * REACH, REACH, -1)
        x = [
            self._read(symbols[:, part], places[:, part], first)
            for part, first in ((left, 0), (right, n))
        ]
        state = self._recurred(ops.concatenate(x, axis=0))
        centre = ops.take(parts["place"], places[:, REACH], axis=1) + parts["others.bias"][:, None]
        if n > 1:
            seen = [self._others(symbols[:, REACH], voice) for voice in range(n)]
            centre = centre + ops.stack(seen)
        centre = ops.relu(centre)
        centre = ops.relu(centre @ parts["centre"] + parts["centre.bias"][:, None])
        joined = ops.concatenate([state[:n], state[n:], centre], axis=-1)
        joined = ops.relu(joined @ parts["joined"] + parts["joined.bias"][:, None])
        scores = joined @ parts["score"] + parts["score.bias"][:, None]
        return ops.transpose(scores, (1, 0, 2))

    def _read(self, symbols: Any, places: Any, first: int) -> Any:
        """Embed steps for the networks of one direction, shape (voices, n, REACH, embedding)."""
        own = slice(first, first + self.shape.voices)
        x = ops.take(self.parts["places"][own], places, axis=1)
        for voice in range(self.shape.voices):
            x = x + ops.take(self.parts["steps"][own, voice], symbols[..., voice], axis=1)
        return x + self.parts["steps.bias"][own, None, None]

    def _recurred(self, x: Any) -> Any:
        """Read steps by LSTMs; give the last state, shape (2 * voices, n, units)."""
        for layer in range(self.shape.layers):
            kernel, recurrent, gates = (
                self.parts[f"{layer}.{name}"] for name in ("kernel", "recurrent", "gates")
            )
            given = ops.einsum("vnte,veu->vntu", x, kernel) + gates[:, None, None]
            hidden = cell = ops.zeros_like(given[:, :, 0, : self.shape.units])
            states = []
            for step in range(REACH):
                enter, forget, new, leave = ops.split(given[:, :, step] + hidden @ recurrent, 4, -1)
                cell = ops.sigmoid(forget + 1) * cell + ops.sigmoid(enter) * ops.tanh(new)
                hidden = ops.sigmoid(leave) * ops.tanh(cell)
                states.append(hidden)
            x = ops.stack(states, axis=2)
        return hidden

    def _others(self, symbols: Any, voice: int) -> Any:
        """Read the other voices of the place, shape (n, dense)."""
        others = [other for other in range(self.shape.voices) if other != voice]
        return sum(
            ops.take(self.parts["others"][voice, number], symbols[:, other], axis=0)
            for number, other in enumerate(others)
        )


def build(shape: NeighbourShape) -> Any:
    """Build a model from what `NeighbourNetworks` takes to scores."""
    size = 2 * REACH + 1
    symbols = keras.Input((size, shape.voices), dtype="int32")
    places = keras.Input((size,), dtype="int32")
    return keras.Model([symbols, places], NeighbourNetworks(shape)([symbols, places]))


def loss(true: Any, scores: Any) -> Any:
    """Give nats a voice: the mean over voices, whose symbols have shape (n, voices)."""
    log_p = ops.log_softmax(scores, axis=-1)
    which = ops.cast(true, "int32")[..., None]
    return -ops.mean(ops.take_along_axis(log_p, which, axis=-1)[..., 0], axis=-1)


def weights(model: Any) -> dict[str, NDArray[np.float32]]:
    """Give the weights of a model by the names of `NeighbourShape.shapes`."""
    (layer,) = (layer for layer in model.layers if isinstance(layer, NeighbourNetworks))
    return {
        name: np.asarray(ops.convert_to_numpy(layer.parts[name]))
        if name in layer.parts
        else np.zeros(shape, np.float32)
        for name, shape in layer.shape.shapes().items()
    }
