"""Layers of adversarial networks, written once for NumPy and for Keras.

`xp` is `numpy` or `keras.ops`: networks are trained by Keras on any backend and sampled in NumPy,
by the same lines. Tensors have shape (n, ..., n_channels); convolutions go along one axis.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

#: Weights by their names.
Weights = Mapping[str, Any]
Shapes = dict[str, tuple[int, ...]]

#: Normalises what a layer of a name gives.
Normalise = Callable[[str, Any], Any]

#: Slope of leaky rectifiers below 0, and what is added to a variance before its root is taken.
LEAK, TINY = 0.2, 1e-5

#: What a normalised layer has beside its kernel: learned, and seen in training.
LEARNED, SEEN = ("scale", "shift"), ("mean", "variance")


def layer_shapes(
    name: str, kernel: tuple[int, ...], normalised: bool = False, bias: bool = True
) -> Shapes:
    """Give the shapes of a layer's weights; the kernel's last axis counts units."""
    shapes: Shapes = {f"{name}.kernel": kernel}
    if bias:
        shapes[f"{name}.bias"] = (kernel[-1],)
    if normalised:
        shapes |= {f"{name}.{part}": (kernel[-1],) for part in (*LEARNED, *SEEN)}
    return shapes


def n_learned(shapes: Shapes, prefix: str = "") -> int:
    """Count the weights that are learned, of layers whose names begin with `prefix`.

    >>> n_learned(layer_shapes("write", (3, 5), normalised=True))
    30
    """
    return sum(
        int(np.prod(shape)) for name, shape in shapes.items()
        if name.startswith(prefix) and name.rsplit(".", 1)[-1] not in SEEN
    )  # fmt: skip


def dense(weights: Weights, name: str, x: Any) -> Any:
    """Apply a dense layer to the last axis."""
    return x @ weights[f"{name}.kernel"] + weights[f"{name}.bias"]


def convolve(xp: Any, weights: Weights, name: str, x: Any, axis: int, stride: int) -> Any:
    """Apply a convolution without padding along an axis.

    Examples
    --------
    >>> kernel = {"a.kernel": np.ones((2, 1, 1)), "a.bias": np.zeros(1)}
    >>> convolve(np, kernel, "a", np.arange(5.0)[None, :, None], 1, 2)[0, :, 0].tolist()
    [1.0, 5.0]
    """
    return _slid(xp, weights[f"{name}.kernel"], x, axis, stride) + weights[f"{name}.bias"]


def _slid(xp: Any, kernel: Any, x: Any, axis: int, stride: int) -> Any:
    """Apply a kernel of shape (width, n_in, n_out) along an axis."""
    x = xp.moveaxis(x, axis, -2)
    width, n_in, n_out = kernel.shape
    last = (x.shape[-2] - width) // stride * stride
    if width == stride == x.shape[-2] - last and not x.shape[-2] % width:  # nothing overlaps
        size = (-1, *x.shape[1:-2], x.shape[-2] // width, width * n_in)
        y = xp.reshape(x, size) @ xp.reshape(kernel, (width * n_in, n_out))
    else:
        y = sum(x[..., j : j + last + 1 : stride, :] @ kernel[j] for j in range(width))
    return xp.moveaxis(y, -2, axis)


def spread(xp: Any, weights: Weights, name: str, x: Any, axis: int, stride: int) -> Any:
    """Apply a transposed convolution along an axis.

    Examples
    --------
    >>> kernel = {"a.kernel": np.ones((3, 1, 1)), "a.bias": np.zeros(1)}
    >>> spread(np, kernel, "a", np.array([1.0, 10.0])[None, :, None], 1, 1)[0, :, 0].tolist()
    [1.0, 11.0, 11.0, 10.0]
    """
    return _spread(xp, weights[f"{name}.kernel"], x, axis, stride) + weights[f"{name}.bias"]


def _spread(xp: Any, kernel: Any, x: Any, axis: int, stride: int) -> Any:
    x = xp.moveaxis(x, axis, -2)
    width, n_in, n_out = kernel.shape
    length, middle = x.shape[-2], x.shape[1:-2]
    flat = xp.reshape(xp.transpose(kernel, (1, 0, 2)), (n_in, width * n_out))
    y = x @ flat
    if width == stride or length == 1:
        y = xp.reshape(y, (-1, *middle, length * width, n_out))
        return xp.moveaxis(y, -2, axis)
    y, total = xp.reshape(y, (-1, *middle, length, width, n_out)), (length - 1) * stride + width
    parts = [_placed(xp, y[..., j, :], j, stride, total) for j in range(width)]
    return xp.moveaxis(sum(parts[1:], parts[0]), -2, axis)


def _placed(xp: Any, x: Any, first: int, stride: int, total: int) -> Any:
    """Lay rows into as many as `total` of zeros: every `stride`th one from `first` on."""
    length, middle, n = x.shape[-2], x.shape[1:-2], x.shape[-1]
    none = [(0, 0)] * (len(middle) + 2)
    if stride > 1:
        x = xp.pad(x[..., None, :], (*none, (0, stride - 1), (0, 0)))
        x = xp.reshape(x, (-1, *middle, length * stride, n))
        x = x[..., : (length - 1) * stride + 1, :]
    after = total - first - x.shape[-2]
    return xp.pad(x, (*none[:-1], (first, after), (0, 0)))


def slope_of_convolution(
    xp: Any, weights: Weights, name: str, slope: Any, axis: int, stride: int, length: int
) -> Any:
    """Give the slope by what a convolution was given, of which it had `length` along the axis."""
    kernel = xp.transpose(weights[f"{name}.kernel"], (0, 2, 1))
    back = _spread(xp, kernel, slope, axis, stride)
    lost = length - back.shape[axis]
    if not lost:
        return back
    room = [(0, 0)] * len(back.shape)
    room[axis] = (0, lost)  # rows behind the last full stride, which it did not read
    return xp.pad(back, tuple(room))


def rectified(xp: Any, x: Any) -> Any:
    """Let through what is above 0."""
    return xp.maximum(x, 0)


def leaky(xp: Any, x: Any) -> Any:
    """Let through what is above 0, and a little of what is below."""
    return xp.maximum(x, LEAK * x)


def squashed(xp: Any, x: Any) -> Any:
    """Bring to between 0 and 1."""
    return 0.5 * xp.tanh(0.5 * x) + 0.5


def as_trained(weights: Weights) -> Normalise:
    """Normalise by what was seen in training."""

    def normalise(name: str, x: Any) -> Any:
        scale, shift, mean, variance = (weights[f"{name}.{p}"] for p in (*LEARNED, *SEEN))
        return (x - mean) * (scale / np.sqrt(variance + TINY)) + shift

    return normalise
