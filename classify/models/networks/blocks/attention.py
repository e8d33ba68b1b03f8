"""Attention over what is there, never over padding."""

from typing import Any

import keras
import numpy as np
from keras import ops

#: Added to the score of padding: e to this is 0.
NEVER = -1e9


@keras.saving.register_keras_serializable("classify")
class AttentionPooling(keras.layers.Layer):
    """Weighted mean over the steps that are real; the weights are learned.

    A step's score is a small network of it, and weights are the softmax of scores, with `heads`
    scores a step: each sees the steps in its own way, and takes its own share of the units.

    Parameters
    ----------
    heads : int
        Must divide the units.

    Call arguments
    --------------
    x : tensor, shape (n, n_steps, n_units)
    real : tensor, shape (n, n_steps, 1)
        1 for a real step, 0 for padding; one at least must be real.

    Returns
    -------
    tensor, shape (n, n_units)

    References
    ----------
    Lin et al. 2017, A structured self-attentive sentence embedding.
    """

    def __init__(self, heads: int = 4, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads
        self.hidden = keras.layers.Dense(32, activation="tanh")
        self.score = keras.layers.Dense(heads)

    def build(self, x_shape: Any, real_shape: Any) -> None:
        """Make the weights."""
        self.hidden.build(x_shape)
        self.score.build((*x_shape[:-1], 32))

    def call(self, x: Any, real: Any) -> Any:
        """Give the means."""
        scores = self.score(self.hidden(x)) + NEVER * (1 - real)
        weights = ops.softmax(scores, axis=1)[..., None]
        split = ops.reshape(x, (-1, x.shape[1], self.heads, x.shape[-1] // self.heads))
        return ops.reshape(ops.sum(weights * split, axis=1), (-1, x.shape[-1]))

    def compute_output_shape(self, x_shape: Any, real_shape: Any) -> Any:
        """Give the shape of what `call` returns."""
        return (x_shape[0], x_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Give what makes this layer again."""
        return super().get_config() | {"heads": self.heads}


@keras.saving.register_keras_serializable("classify")
class Positions(keras.layers.Layer):
    """Add sines and cosines of a step's place, counted from the end, where the real steps are.

    Call arguments
    --------------
    x : tensor, shape (n, n_steps, n_units)
        An even number of units.

    References
    ----------
    Vaswani et al. 2017, Attention is all you need, section 3.5.
    """

    def call(self, x: Any) -> Any:
        """Add them."""
        n_steps, n_units = x.shape[1], x.shape[2]
        rates = 1000.0 ** (-np.arange(0, n_units, 2) / n_units)
        angles = np.arange(n_steps)[::-1, None] * rates
        table = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
        return x + ops.convert_to_tensor(table[None], dtype=x.dtype)


@keras.saving.register_keras_serializable("classify")
class Regroup(keras.layers.Layer):
    """Lay the first two axes of windows out anew: excerpts to windows of their own, and back.

    Parameters
    ----------
    shape : sequence of int
        Of what comes out, without the first axis, which takes what is left.
    """

    def __init__(self, shape: Any, **options: Any) -> None:
        super().__init__(**options)
        self.shape = tuple(shape)

    def call(self, x: Any) -> Any:
        """Lay out anew."""
        return ops.reshape(x, (-1, *self.shape))

    def compute_output_shape(self, shape: Any) -> Any:
        """Give the shape of what `call` returns."""
        return (None, *self.shape)

    def get_config(self) -> dict[str, Any]:
        """Give what makes this layer again."""
        return super().get_config() | {"shape": list(self.shape)}
