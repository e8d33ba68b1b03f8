"""A causal network over rows, as Keras trains it (see `Architecture`)."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from classify.generation.networks.architecture import NEVER, Architecture

#: Added to a variance before its root is taken.
TINY = 1e-5


class RowNetwork(keras.layers.Layer):
    """How improbable each field of each row is, in nats, given all rows before it.

    Call arguments
    --------------
    inputs : list of tensors
        `read`, shape (n, n_rows, n_fields): the row before each row; before the first, the number
        of classes. `chosen`, the same shape: the rows themselves. `extras`, shape (n, n_rows,
        n_extras). `times`, shape (n, n_rows): of the rows in `read`; never falls. `condition`,
        shape (n, n_conditions).

    Returns
    -------
    tensor, shape (n, n_rows, n_fields)
    """

    def __init__(self, architecture: Architecture, **options: Any) -> None:
        super().__init__(**options)
        self.architecture = architecture
        self.dropout = keras.layers.Dropout(architecture.dropout)
        self.seed_generator = self.dropout.seed_generator  # where a training that resumes sets it

    def build(self, shapes: Any) -> None:
        """Make the weights."""
        self.parts: dict[str, Any] = {}
        shape, layers = self.architecture, keras.layers
        self.sublayers: dict[str, Any] = {}
        if shape.convolution:
            self.sublayers["conv"] = layers.Conv1D(
                shape.units, shape.convolution, padding="causal", activation="relu"
            )
        for n in range(shape.layers if shape.trunk == "lstm" else 0):
            self.sublayers[str(n)] = layers.LSTM(shape.units, return_sequences=True)
        for name, layer in self.sublayers.items():
            setattr(self, f"layer_{name}", layer)  # so that Keras counts its weights
            layer.build((None, None, shape.units))
        self._make_weights()

    def _make_weights(self) -> None:
        initial = keras.initializers
        for name, shape in self.architecture.shapes().items():
            if name.split(".")[0] in self.sublayers:
                continue
            kind = name.split(".")[-1 if name[0].isdigit() else 0]
            start: Any = initial.RandomNormal(stddev=0.02)
            if kind in ("qkv", "out", "wide", "narrow", "head", "class"):
                start = initial.RandomNormal(
                    stddev=shape[0] ** -0.5 / (2 if kind == "class" else 1)
                )
            if kind in ("bias", "rows", "times", "norm", "norm2"):
                start = "zeros"
            self.parts[name] = self.add_weight(shape=shape, initializer=start, name=f"w_{name}")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Give the nats."""
        read, chosen, extras, times, condition = inputs
        parts, shape = self.parts, self.architecture
        x = sum(
            ops.take(parts[f"read.{k}"], read[..., k], axis=0) for k in range(len(shape.fields))
        )
        for k in range(len(shape.extras)):
            x = x + ops.take(parts[f"extra.{k}"], extras[..., k], axis=0)
        if shape.conditions:
            x = x + (condition @ parts["condition"])[:, None]
        x = self.dropout(x, training=training)
        if shape.trunk == "lstm":
            for layer in self.sublayers.values():
                x = self.dropout(layer(x), training=training)
        else:
            bias = self._bias(times)
            for n in range(shape.layers):
                x = self._layer(x, n, bias, training)
        return self._nats(_normed(x, parts["norm"]), read, chosen)

    def _bias(self, times: Any) -> Any:
        """Give what is added to attention's scores, shape (n, heads, n_rows, n_rows)."""
        shape = self.architecture
        n_rows = times.shape[1]
        distance = np.arange(n_rows)[:, None] - np.arange(n_rows)
        seen = np.where((distance >= 0) & (distance < shape.context), 0.0, NEVER).astype("float32")
        by_rows = ops.take(self.parts["rows"], distance.clip(0, shape.context - 1), axis=0)
        apart = ops.clip(times[:, :, None] - times[:, None], 0, shape.longest)
        by_time = ops.take(self.parts["times"], ops.take(shape.buckets(), apart, axis=0), axis=0)
        return ops.transpose(by_time + by_rows[None] + seen[None, :, :, None], (0, 3, 1, 2))

    def _layer(self, x: Any, n: int, bias: Any, training: bool) -> Any:
        parts, units, heads = self.parts, self.architecture.units, self.architecture.heads
        n_rows = x.shape[1]
        add_qkv, add_out, add_wide, add_narrow = ops.split(
            parts[f"{n}.bias"], [3 * units, 4 * units, 6 * units]
        )
        qkv = _normed(x, parts[f"{n}.norm"]) @ parts[f"{n}.qkv"] + add_qkv
        qkv = ops.reshape(qkv, (-1, n_rows, 3, heads, units // heads))
        query, key, value = (ops.transpose(qkv[:, :, i], (0, 2, 1, 3)) for i in range(3))
        scores = query @ ops.transpose(key, (0, 1, 3, 2)) * (units // heads) ** -0.5 + bias
        looked = ops.transpose(ops.softmax(scores, axis=-1) @ value, (0, 2, 1, 3))
        looked = ops.reshape(looked, (-1, n_rows, units)) @ parts[f"{n}.out"] + add_out
        x = x + self.dropout(looked, training=training)
        wide = ops.relu(_normed(x, parts[f"{n}.norm2"]) @ parts[f"{n}.wide"] + add_wide)
        return x + self.dropout(wide @ parts[f"{n}.narrow"] + add_narrow, training=training)

    def _nats(self, x: Any, read: Any, chosen: Any) -> Any:
        """Predict the fields one after another."""
        parts, shape, nats = self.parts, self.architecture, []
        for k in range(len(shape.fields)):
            head = parts[f"head.{k}"]
            hidden = ops.relu(x @ head[:-1] + head[-1])
            logits = hidden @ parts[f"class.{k}"][:-1] + parts[f"class.{k}"][-1]
            if shape.regression and not k:
                logits = _normal(logits, parts["class.0"][-1, 1], shape.fields[0])
            for place, relative in enumerate(shape.relative):
                if relative.field == k:
                    steps = hidden @ parts[f"relative.{place}"]
                    logits = logits + self._seen_from(_other(relative, read, chosen), steps, k)
            log_p = ops.log_softmax(logits, axis=-1)
            true = ops.maximum(chosen[..., k], 0)[..., None]
            nats.append(-ops.take_along_axis(log_p, true, axis=-1)[..., 0])
            if k < len(shape.fields) - 1:
                x = x + ops.take(parts[f"chosen.{k}"], true[..., 0], axis=0)
        return ops.stack(nats, axis=-1)

    def _seen_from(self, other: Any, steps: Any, k: int) -> Any:
        """Turn scores of steps from a pitch into scores of pitches; 0 where there is no pitch."""
        pitches, classes = self.architecture.pitches, self.architecture.fields[k]
        known = ops.cast((other >= 0) & (other < pitches), "float32")[..., None]
        start = pitches - 1 - ops.clip(other, 0, pitches - 1)
        places = start[..., None] + np.arange(pitches, dtype="int32")
        scores = ops.take_along_axis(steps, places, axis=-1) * known
        return ops.pad(scores, ((0, 0), (0, 0), (0, classes - pitches)))


def _normal(numbers: Any, width: Any, classes: int) -> Any:
    """Score classes as values of a normal distribution; numbers count from the middle class."""
    mean = (classes - 1) / 2 + classes / 8 * numbers[..., :1]
    apart = (np.arange(classes, dtype="float32") - mean) * ops.exp(-width) / (classes / 16)
    return -0.5 * ops.square(apart)


def _other(relative: Any, read: Any, chosen: Any) -> Any:
    """Give the pitch that another is seen from; -1 before the first row."""
    if not relative.lag:
        return chosen[..., relative.other]
    rows, back = read[..., relative.other], relative.lag - 1
    return ops.pad(rows, ((0, 0), (back, 0)), constant_values=-1)[:, : rows.shape[1]]


def _normed(x: Any, norm: Any) -> Any:
    """Normalise over the last axis (Ba et al. 2016)."""
    x = x - ops.mean(x, axis=-1, keepdims=True)
    x = x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + TINY)
    return x * (1 + norm[0]) + norm[1]


def build(architecture: Architecture, n_rows: int) -> Any:
    """Build a model from what `RowNetwork` takes to nats of each field."""
    n_fields = len(architecture.fields)
    inputs = [
        keras.Input((n_rows, n_fields), dtype="int32"),
        keras.Input((n_rows, n_fields), dtype="int32"),
        keras.Input((n_rows, len(architecture.extras)), dtype="int32"),
        keras.Input((n_rows,), dtype="int32"),
        keras.Input((architecture.conditions,), dtype="float32"),
    ]
    return keras.Model(inputs, RowNetwork(architecture)(inputs))


def loss(weight: Any, nats: Any) -> Any:
    """Give nats a row; weights are 1 for what counts, shape (n, n_rows, n_fields or 1)."""
    rows = ops.mean(ops.sum(ops.max(weight, axis=-1), axis=-1))
    return ops.sum(nats * weight, axis=(-1, -2)) / ops.maximum(rows, 1)


def policy_loss(better: Any, nats: Any) -> Any:
    """Give nats a row, each as much as its reward is better, shape (n, n_rows, n_fields)."""
    return ops.sum(nats * better, axis=(-1, -2)) / nats.shape[1]


def set_weights(model: Any, known: dict[str, NDArray[np.float32]]) -> None:
    """Give a model the weights that `weights` gave."""
    for name, part in _parts(model).items():
        part.assign(known[name])


def weights(model: Any) -> dict[str, NDArray[np.float32]]:
    """Give the weights of a model by the names of `Architecture.shapes`."""
    return {name: np.asarray(ops.convert_to_numpy(part)) for name, part in _parts(model).items()}


def _parts(model: Any) -> dict[str, Any]:
    """Give the variables of a model by the names of `Architecture.shapes`."""
    (layer,) = (layer for layer in model.layers if isinstance(layer, RowNetwork))
    parts = dict(layer.parts)
    for name, inner in layer.sublayers.items():
        names = ("kernel", "bias") if name == "conv" else ("kernel", "recurrent", "gates")
        parts |= {f"{name}.{n}": part for n, part in zip(names, inner.weights, strict=True)}
    return {name: parts[name] for name in layer.architecture.shapes()}
