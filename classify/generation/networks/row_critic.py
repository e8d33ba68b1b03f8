"""The adversary of a network over rows: convolutions that tell written sequences from real ones.

The text classifier of Kim (2014) with a highway layer (Srivastava et al. 2015), as Yu et al. (2017)
have it: windows of several widths, the highest answer of each filter anywhere in the sequence.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

#: Share of features that are hidden in training, and weight of the last layer's squares.
DROPOUT, SQUARES = 0.25, 0.2


class Highway(keras.layers.Layer):
    """Lets through a part of what it is given, and the rest changed."""

    def build(self, shape: Any) -> None:
        """Make the weights."""
        units = shape[-1]
        self.change = keras.layers.Dense(units, activation="relu")
        self.gate = keras.layers.Dense(units, activation="sigmoid", bias_initializer="ones")
        self.change.build(shape)
        self.gate.build(shape)

    def call(self, x: Any) -> Any:
        """Mix."""
        gate = self.gate(x)
        return gate * self.change(x) + (1 - gate) * x


def build(
    fields: Sequence[int], n_rows: int, units: int, windows: Sequence[tuple[int, int]], seed: int
) -> Any:
    """Build a model from rows, shape (n, n_rows, n_fields), to the probability that they are real.

    Parameters
    ----------
    fields : sequence of int
        Classes of each field.
    n_rows : int
        Rows of a sequence.
    units : int
        Numbers that a row is read as.
    windows : sequence of (int, int)
        Rows of each window, and its filters; those that are longer than a sequence are left out.
    seed : int
        Of what is hidden.
    """
    layers = keras.layers
    rows = keras.Input((n_rows, len(fields)), dtype="int32")
    read = [layers.Embedding(n, units)(rows[..., k]) for k, n in enumerate(fields)]
    x = layers.add(read) if len(read) > 1 else read[0]
    found = [
        ops.max(layers.Conv1D(filters, width, activation="relu")(x), axis=1)
        for width, filters in windows if width <= n_rows
    ]  # fmt: skip
    heard = Highway()(ops.concatenate(found, axis=-1))
    heard = layers.Dropout(DROPOUT, seed=seed)(heard)
    squares = keras.regularizers.L2(SQUARES * 1e-2)
    real = layers.Dense(1, activation="sigmoid", kernel_regularizer=squares)(heard)
    return keras.Model(rows, real)
