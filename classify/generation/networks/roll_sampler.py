"""The convolution network over rolls in NumPy: a saved generator needs no Keras to answer.

Each convolution is one product of matrices, in 32 bits; normalisation is folded into the weights.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks.roll_shape import STRIDE, RollShape

Floats = NDArray[np.float32]


class RollSampler:
    """What a trained network says of pieces.

    Parameters
    ----------
    shape : RollShape
        Of the network.
    weights : mapping of str to ndarray of float32
        By the names of `RollShape.shapes`.
    """

    def __init__(self, shape: RollShape, weights: Mapping[str, Floats]) -> None:
        self.shape, self.weights = shape, weights

    def scores(
        self, classes: NDArray[np.int64], known: NDArray[np.bool_], begins: NDArray[np.bool_]
    ) -> Floats:
        """Score every class at every place of a piece.

        Parameters
        ----------
        classes : ndarray of int, shape (n_steps, voices)
            What is not known does not matter.
        known : ndarray of bool, shape (n_steps, voices)
            What of them is known.
        begins : ndarray of bool, shape (n_steps, voices)
            Where known notes begin.

        Returns
        -------
        ndarray of float32, shape (n_steps, voices, classes)
            With attacks, twice as many: the second half scores that a note begins, should it have
            that pitch.
        """
        shape, n_steps = self.shape, len(classes)
        x = np.zeros((-(-n_steps // STRIDE) * STRIDE, shape.classes, shape.n_read), np.float32)
        voices = shape.voices
        step, voice = np.nonzero(known)
        x[step, classes[step, voice], voice] = 1
        x[:n_steps, :, voices : 2 * voices] = known[:, None]
        x[n_steps:, :, voices : 2 * voices] = 1  # behind the end nothing sounds
        x[n_steps:, 0, :voices] = 1
        if shape.attacks:
            x[:n_steps, :, 2 * voices :] = x[:n_steps, :, :voices] * begins[:, None]
        y = np.maximum(self._joined(x), 0)
        y = self._blocks(y, "deep", shape.deep)
        y = y @ self.weights["part"][0, 0] + self.weights["part.bias"]
        y = y.reshape(*y.shape[:2], STRIDE, shape.filters).transpose(0, 2, 1, 3)
        y = y.reshape(*x.shape[:2], shape.filters)
        x = np.maximum(self._layer(x, "near") + y + self.weights["rows"], 0)
        x = self._blocks(x, "after", shape.after)
        x = self._layer(x, "last")[:n_steps].transpose(0, 2, 1)
        if shape.attacks:
            x = np.concatenate([x[:, :voices], x[:, voices:]], axis=-1)
        return x

    def log_probabilities(
        self, classes: NDArray[np.int64], known: NDArray[np.bool_], begins: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Give log-probabilities of classes, as `scores` takes them."""
        scores = self.scores(classes, known, begins)[..., : self.shape.classes].astype(np.float64)
        scores -= scores.max(axis=-1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True)))

    def _layer(self, x: Floats, name: str) -> Floats:
        return convolved(x, self.weights[name]) + self.weights[f"{name}.bias"]

    def _joined(self, x: Floats) -> Floats:
        """Make one step of every `STRIDE` steps."""
        kernel = self.weights["join"]
        flat = x.reshape(-1, STRIDE, *x.shape[1:]).transpose(0, 2, 1, 3)
        flat = flat.reshape(*flat.shape[:2], -1)
        kernel = kernel.transpose(1, 0, 2, 3).reshape(1, kernel.shape[1], -1, kernel.shape[3])
        return convolved(flat, kernel) + self.weights["join.bias"]

    def _blocks(self, x: Floats, name: str, count: int) -> Floats:
        for block in range(count):
            y = np.maximum(self._layer(x, f"{name}{block}a"), 0)
            x = np.maximum(x + self._layer(y, f"{name}{block}b"), 0)
        return x


def convolved(x: Floats, kernel: Floats) -> Floats:
    """Convolve (n_steps, classes, channels) with a kernel of odd size, zeros around it.

    Examples
    --------
    >>> x = np.zeros((1, 3, 1), np.float32)
    >>> x[0, 1] = 1
    >>> convolved(x, np.arange(3, dtype=np.float32).reshape(1, 3, 1, 1)).ravel().tolist()
    [2.0, 1.0, 0.0]
    """
    tall, wide, channels, filters = kernel.shape
    n_steps, n_classes = x.shape[:2]
    padded = np.zeros((n_steps + tall - 1, n_classes + wide - 1, channels), np.float32)
    padded[tall // 2 : tall // 2 + n_steps, wide // 2 : wide // 2 + n_classes] = x
    (down, right, inside) = padded.strides
    seen = np.lib.stride_tricks.as_strided(
        padded,
        (n_steps, n_classes, tall, wide, channels),
        (down, right, down, right, inside),
        writeable=False,
    )
    columns = seen.reshape(n_steps * n_classes, -1)
    return np.asarray(columns @ kernel.reshape(-1, filters)).reshape(n_steps, n_classes, filters)
