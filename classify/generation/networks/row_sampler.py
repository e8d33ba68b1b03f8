"""A network over rows, sampled in NumPy row by row with what was computed before it kept.

A network of this size spends its time on calls, not on arithmetic: a step through Keras costs
milliseconds whatever is computed, a step here a fraction of one (`benchmarks/generation_speed.py`).
Nothing of Keras is imported, so a saved generator answers at once.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks.architecture import Architecture

Floats = NDArray[np.float32]

#: Added to a variance before its root is taken.
TINY = 1e-5


class RowSampler:
    """Some songs that are written at the same time, row by row.

    Parameters
    ----------
    architecture : Architecture
        Of the network.
    weights : mapping of str to ndarray of float32
        By the names of `Architecture.shapes`.
    condition : ndarray of float32, shape (n_songs, n_conditions)
        What is known of each.
    """

    def __init__(
        self, architecture: Architecture, weights: Mapping[str, Floats], condition: Floats
    ) -> None:
        shape = self.architecture = architecture
        self.weights, self.n_songs, self.n_rows = weights, len(condition), 0
        self.fixed = condition @ weights["condition"] if shape.conditions else np.float32(0)
        self.window = np.zeros((self.n_songs, shape.convolution, shape.units), np.float32)
        state = np.zeros((self.n_songs, shape.units), np.float32)
        self.states = [(state, state)] * shape.layers
        attends = shape.trunk == "attention"
        size = self.n_songs, shape.heads, shape.context * attends, shape.units // shape.heads
        self.keys = [np.zeros(size, np.float32) for _ in range(shape.layers)]
        self.values = [np.zeros(size, np.float32) for _ in range(shape.layers)]
        self.times = np.zeros((self.n_songs, shape.context), np.int64)
        self.distance = np.arange(shape.context)[::-1]
        self.buckets = shape.buckets()
        most = max((relative.lag for relative in shape.relative), default=0)
        self.before = [np.full((self.n_songs, len(shape.fields)), -1)] * (most + 1)
        units = shape.units
        self.cuts = [3 * units, 4 * units, 6 * units]

    def read(
        self, row: NDArray[np.int64], extras: NDArray[np.int64], time: NDArray[np.int64]
    ) -> Floats:
        """Read a row of each song; give what is known then.

        Parameters
        ----------
        row : ndarray of int, shape (n_songs, n_fields)
            Before the first row, the number of classes of each field.
        extras : ndarray of int, shape (n_songs, n_extras)
            What is known of the next row.
        time : ndarray of int, shape (n_songs,)
            Of the row that is read.

        Returns
        -------
        ndarray of float32, shape (n_songs, units)
        """
        parts, shape = self.weights, self.architecture
        x = np.zeros((self.n_songs, shape.units), np.float32) + self.fixed
        for k in range(len(shape.fields)):
            x = x + parts[f"read.{k}"][row[:, k]]
        for k in range(len(shape.extras)):
            x = x + parts[f"extra.{k}"][extras[:, k]]
        self.before = [row, *self.before[:-1]]
        x = self._attended(x, time) if shape.trunk == "attention" else self._recurred(x)
        return normed(x, parts["norm"])

    def _recurred(self, x: Floats) -> Floats:
        """Take a row into the states of LSTMs."""
        parts, shape = self.weights, self.architecture
        if shape.convolution:
            self.window = np.concatenate([self.window[:, 1:], x[:, None]], axis=1)
            kernel = parts["conv.kernel"].reshape(-1, shape.units)
            x = np.maximum(self.window.reshape(self.n_songs, -1) @ kernel + parts["conv.bias"], 0)
        for n, (hidden, cell) in enumerate(self.states):
            gates = (
                x @ parts[f"{n}.kernel"] + hidden @ parts[f"{n}.recurrent"] + parts[f"{n}.gates"]
            )
            self.states[n] = lstm_step(gates, cell)
            x = self.states[n][0]
        return x

    def _attended(self, x: Floats, time: NDArray[np.int64]) -> Floats:
        """Keep a row's keys and values, and look at those of the rows before."""
        parts, shape = self.weights, self.architecture
        n = min(self.n_rows, shape.context - 1)
        if self.n_rows >= shape.context:  # the oldest row is forgotten
            for kept in (*self.keys, *self.values):
                kept[:, :, :-1] = kept[:, :, 1:].copy()
            self.times[:, :-1] = self.times[:, 1:].copy()
        self.times[:, n] = time
        self.n_rows += 1
        apart = (time[:, None] - self.times[:, : n + 1]).clip(0, shape.longest)
        bias = parts["times"][self.buckets[apart]] + parts["rows"][self.distance[-n - 1 :]]
        bias = bias.transpose(0, 2, 1)
        for layer in range(shape.layers):
            x = self._layer(x, layer, n, bias)
        return x

    def _layer(self, x: Floats, layer: int, n: int, bias: Floats) -> Floats:
        parts, shape = self.weights, self.architecture
        heads, size = shape.heads, shape.units // shape.heads
        add_qkv, add_out, add_wide, add_narrow = np.split(parts[f"{layer}.bias"], self.cuts)
        qkv = normed(x, parts[f"{layer}.norm"]) @ parts[f"{layer}.qkv"] + add_qkv
        query, key, value = qkv.reshape(-1, 3, heads, size).transpose(1, 0, 2, 3)
        self.keys[layer][:, :, n], self.values[layer][:, :, n] = key, value
        keys, values = self.keys[layer][:, :, : n + 1], self.values[layer][:, :, : n + 1]
        scores = (keys @ query[..., None])[..., 0] * np.float32(size**-0.5) + bias
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        looked = (scores[:, :, None] @ values).reshape(-1, shape.units)
        x = x + looked @ parts[f"{layer}.out"] + add_out
        wide = normed(x, parts[f"{layer}.norm2"]) @ parts[f"{layer}.wide"] + add_wide
        return x + np.maximum(wide, 0) @ parts[f"{layer}.narrow"] + add_narrow

    def scores(self, x: Floats, field: int, chosen: NDArray[np.int64]) -> Floats:
        """Score the classes of a field, knowing those of the row before it.

        Parameters
        ----------
        x : ndarray of float32, shape (n_songs, units)
            What is known, with the fields before this one added (`chose`).
        field : int
            Which.
        chosen : ndarray of int, shape (n_songs, field or more)
            The fields before it.

        Returns
        -------
        ndarray of float32, shape (n_songs, n_classes)
        """
        parts, shape = self.weights, self.architecture
        head, classes = parts[f"head.{field}"], parts[f"class.{field}"]
        hidden = np.maximum(x @ head[:-1] + head[-1], 0)
        logits = hidden @ classes[:-1] + classes[-1]
        if shape.regression and not field:
            n = shape.fields[0]
            mean = (n - 1) / 2 + n / 8 * logits[:, :1]
            apart = (np.arange(n) - mean) * np.exp(-classes[-1, 1]) / (n / 16)
            return np.asarray(-0.5 * apart**2, np.float32)
        for place, relative in enumerate(shape.relative):
            if relative.field == field:
                rows = self.before[relative.lag - 1] if relative.lag else chosen
                steps = hidden @ parts[f"relative.{place}"]
                for song, other in enumerate(rows[:, relative.other].tolist()):
                    if 0 <= other < shape.pitches:
                        first = shape.pitches - 1 - other
                        logits[song, : shape.pitches] += steps[song, first : first + shape.pitches]
        return logits

    def chose(self, x: Floats, field: int, chosen: NDArray[np.int64]) -> Floats:
        """Add a field that was chosen, shape (n_songs,), to what is known."""
        name = f"chosen.{field}"
        return x + self.weights[name][chosen] if name in self.weights else x


def sigmoid(x: Floats) -> Floats:
    """Squash numbers to between 0 and 1."""
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5)


def lstm_step(gates: Floats, cell: Floats) -> tuple[Floats, Floats]:
    """Take a step of an LSTM (Hochreiter and Schmidhuber 1997); give its output, and its cell.

    Parameters
    ----------
    gates : ndarray of float32, shape (n, 4 * units)
        Input, forget, cell and output before they are squashed, in Keras's order.
    cell : ndarray of float32, shape (n, units)
        Before the step.
    """
    enter, forget, new, leave = np.split(gates, 4, axis=-1)
    cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(new)
    return sigmoid(leave) * np.tanh(cell), cell


def normed(x: Floats, norm: Floats) -> Floats:
    """Normalise over the last axis."""
    x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(TINY))
    return x * (1 + norm[0]) + norm[1]


def drawn(scores: Floats, random: np.random.Generator, top_p: float = 1.0) -> NDArray[np.int64]:
    """Draw a class of each row of scores, from the likeliest that make up `top_p` together.

    >>> drawn(np.array([[0.0, -np.inf], [-np.inf, 3.0]], np.float32), np.random.default_rng(0))
    array([0, 1])
    """
    scores = scores.astype(np.float64)
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    order = np.argsort(-p, axis=-1, kind="stable")
    total = np.cumsum(np.take_along_axis(p, order, -1), axis=-1)
    last = (total < top_p).sum(axis=-1).clip(max=p.shape[-1] - 1)
    mass = np.take_along_axis(total, last[:, None], -1)[:, 0]
    place = (total < (random.random(len(p)) * mass)[:, None]).sum(axis=-1)
    return np.take_along_axis(order, place[:, None], -1)[:, 0]
