"""An autoencoder of frames in NumPy: songs to latent vectors, and these to songs, frame by frame.

Keras trains it (`networks.frame_network`); a saved one needs no Keras.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from classify.generation.latent.coder import dense
from classify.generation.latent.frame_architecture import CONVOLUTIONS, FrameArchitecture
from classify.generation.latent.phrases import LOUDNESS
from classify.generation.latent.rolls import KEYS, as_frames
from classify.generation.networks.row_sampler import drawn, sigmoid

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Weights = Mapping[str, Floats]

#: Constants of SELU (Klambauer et al. 2017).
SELU_ALPHA, SELU_SCALE = np.float32(1.6732632), np.float32(1.050701)

#: How much chance there is in which notes begin: a factor of Gumbel noise on their logits.
CHANCE = 0.6

#: Frames that are convolved at once.
AT_ONCE = 64


class FrameCoder:
    """Encoder and decoder.

    Parameters
    ----------
    architecture : FrameArchitecture
        Of the network.
    weights : mapping of str to ndarray of float32
        By the names of `FrameArchitecture.shapes`.
    """

    def __init__(self, architecture: FrameArchitecture, weights: Weights) -> None:
        self.architecture, self.weights = architecture, weights

    def features(self, frames: Floats) -> Floats:
        """Give numbers that stand for frames, shape (..., n_features)."""
        shape, parts = self.architecture, self.weights
        flat = frames.reshape(-1, *frames.shape[-3:])
        found = []
        for first in range(0, len(flat), AT_ONCE):
            x = flat[first : first + AT_ONCE]
            for n, (_, pooled) in enumerate(CONVOLUTIONS):
                x = selu(_convolved(x, parts[f"conv.{n}.kernel"]) + parts[f"conv.{n}.bias"])
                x = _pooled(x) if pooled else x
            x = selu(dense(x.reshape(len(x), -1), parts, "frame.dense"))
            found.append(dense(x, parts, "frame.code"))
        return np.concatenate(found).reshape(*frames.shape[:-3], shape.features)

    def encode(self, frames: Floats, metre: Floats) -> tuple[Floats, Floats]:
        """Give mean and standard deviation of what stands for sequences, shape (n, vector).

        Parameters
        ----------
        frames : ndarray of float32, shape (n, bars, bar_steps, 88, 3)
            As `rolls.cut` gives them.
        metre : ndarray of float32, shape (n, n_metres)
            1 for the time signature of each.
        """
        shape, parts, features = self.architecture, self.weights, self.features(frames)
        if not shape.step:
            told = np.repeat(metre[:, None], shape.bars, axis=1)
            x = np.concatenate([features, told], axis=-1)
            ends = [_gru(way, parts, f"encoder.{name}")[:, -1]
                    for name, way in (("forward", x), ("backward", x[:, ::-1]))]  # fmt: skip
            last = np.concatenate(ends, axis=1)
            return dense(last, parts, "mean"), np.logaddexp(0, dense(last, parts, "spread"))
        h = np.zeros((len(frames), shape.hidden), np.float32)
        means, spreads = [], []
        for t in range(shape.bars):
            known = np.concatenate([h, metre, features[:, t]], axis=1)
            found = np.maximum(dense(known, parts, "posterior.hidden"), 0)
            means.append(dense(found, parts, "mean"))
            spreads.append(np.logaddexp(0, dense(found, parts, "spread")))
            h = _gru_cell(np.concatenate([features[:, t], means[-1]], axis=1), h, parts,
                          "recurrence")  # fmt: skip
        return np.concatenate(means, axis=1), np.concatenate(spreads, axis=1)

    def decode(
        self,
        z: Floats,
        metre: Floats,
        bar_length: int,
        allowed: Bools | None = None,
        heard: Bools | None = None,
        random: np.random.Generator | None = None,
    ) -> tuple[Bools, Bools, Ints]:
        """Write sequences: as many notes begin in a frame as are expected, the likeliest.

        Parameters
        ----------
        z : ndarray of float32, shape (n, vector)
            What they are made of.
        metre : ndarray of float32, shape (n, n_metres)
            1 for the time signature of each.
        bar_length : int
            Steps of a bar; nothing begins behind them.
        allowed : ndarray of bool, shape (88,), optional
            Keys that may be struck.
        heard : ndarray of bool, shape (n, bars), optional
            Bars that begin with a note whatever is expected.
        random : Generator, optional
            Draws.

        Returns
        -------
        begins, sounds : ndarray of bool, shape (n, bars, bar_steps, 88)
        loudness : ndarray of int, shape (n, bars, bar_steps)
        """
        shape = self.architecture
        keys = np.ones(KEYS, bool) if allowed is None else allowed
        free = np.zeros((shape.bar_steps, KEYS), bool)
        free[:bar_length] = keys
        decoder = _Decoder(self, z, metre)
        frames = []
        for t in range(shape.bars):
            scores = decoder.scores()
            must = None if heard is None else heard[:, t]
            frames.append(_chosen(scores, free, must, random))
            decoder.take(self.features(as_frames(*frames[-1])))
        begins, sounds, loudness = (np.stack(part, 1) for part in zip(*frames, strict=True))
        return begins, sounds, loudness

    def nats(
        self, z: Floats, frames: Floats, loudness: Ints, metre: Floats, bar_length: int, own: bool
    ) -> Floats:
        """Say how improbable true frames are, shape (n, bars).

        Parameters
        ----------
        z, metre, bar_length
            As in `decode`.
        frames, loudness
            As `rolls.cut` gives them.
        own : bool
            Whether the decoder reads what it wrote itself, rather than the true frames.
        """
        shape = self.architecture
        decoder, features = _Decoder(self, z, metre), self.features(frames)
        if shape.leaks and not own:
            decoder.see_all(features)
        free = np.zeros((shape.bar_steps, KEYS), bool)
        free[:bar_length] = True
        found = np.zeros(frames.shape[:2], np.float32)
        for t in range(shape.bars):
            scores = decoder.scores()
            found[:, t] = _costs(scores, frames[:, t], loudness[:, t])
            written = features[:, t]
            if own:
                written = self.features(as_frames(*_chosen(scores, free, None, None)))
            decoder.take(written)
        return found


Scores = tuple[Floats, Floats, Floats]


class _Decoder:
    """A decoder that goes over sequences side by side, frame by frame."""

    def __init__(self, coder: FrameCoder, z: Floats, metre: Floats) -> None:
        self.shape, self.parts, self.metre = coder.architecture, coder.weights, metre
        self.z = z.reshape(len(z), -1, self.shape.latent)
        self.before = np.zeros((len(z), self.shape.features), np.float32)
        self.inputs = list[Floats]()
        self.seen: Floats | None = None
        zeros = np.zeros((len(z), self.shape.hidden), np.float32)
        self.states = [zeros] * (1 if self.shape.step else self.shape.layers)
        self.t = 0

    def scores(self) -> Scores:
        """Score the cells and the loudness of the next frame."""
        x = self._by_step() if self.shape.step else self._by_sequence()
        n, steps = len(x), self.shape.bar_steps
        begins, sounds = (
            dense(x, self.parts, name).reshape(n, steps, KEYS) for name in ("begins", "sounds")
        )
        return begins, sounds, dense(x, self.parts, "loudness").reshape(n, steps, LOUDNESS)

    def take(self, features: Floats) -> None:
        """Read the next frame."""
        if self.shape.step:
            x = np.concatenate([features, self.z[:, self.t]], axis=1)
            self.states[0] = _gru_cell(x, self.states[0], self.parts, "recurrence")
        self.before, self.t = features, self.t + 1

    def see_all(self, features: Floats) -> None:
        """Read all true frames beforehand, as a decoder in both directions does in training."""
        before = np.pad(features[:, :-1], ((0, 0), (1, 0), (0, 0)))
        rows = [self._read(frame) for frame in before.transpose(1, 0, 2)]
        self.seen = self._both_ways(np.stack(rows, axis=1))

    def _read(self, before: Floats) -> Floats:
        return np.concatenate([self.z[:, 0], before, self.metre], axis=1)

    def _by_step(self) -> Floats:
        known = np.concatenate([self.states[0], self.metre, self.z[:, self.t]], axis=1)
        return np.maximum(dense(known, self.parts, "decoder.hidden"), 0)

    def _by_sequence(self) -> Floats:
        if self.seen is not None:
            return self.seen[:, self.t]
        x = self._read(self.before)
        if self.shape.leaks:  # what is not written yet cannot be read
            self.inputs.append(x)
            return self._both_ways(np.stack(self.inputs, axis=1))[:, -1]
        for n in range(self.shape.layers):
            x = _gru_cell(x, self.states[n], self.parts, f"decoder.{n}.forward")
            self.states[n] = x
        return x

    def _both_ways(self, x: Floats) -> Floats:
        for n in range(self.shape.layers):
            backward = _gru(x[:, ::-1], self.parts, f"decoder.{n}.backward")[:, ::-1]
            forward = _gru(x, self.parts, f"decoder.{n}.forward")
            x = np.concatenate([forward, backward], axis=2)
        return x


def _chosen(
    scores: Scores, free: Bools, must: Bools | None, random: np.random.Generator | None
) -> tuple[Bools, Bools, Ints]:
    """Choose which notes begin, which sound, and how loud each step is."""
    logits, sounding, loud = scores
    n = len(logits)
    expected = (sigmoid(logits) * free).sum(axis=(1, 2)).round().astype(int)
    wanted = logits.astype(float)
    if random is not None:
        wanted = wanted + CHANCE * random.gumbel(size=wanted.shape)
    wanted = np.where(free, wanted, -np.inf)
    if must is not None:
        first = wanted[:, 0].argmax(axis=1)
        wanted[must, 0, first[must]] = np.inf
        expected = np.maximum(expected, must)
    order = np.argsort(-wanted.reshape(n, -1), axis=1, kind="stable")
    begins = np.zeros(order.shape, bool)
    np.put_along_axis(begins, order, np.arange(order.shape[1]) < expected[:, None], axis=1)
    begins = begins.reshape(logits.shape) & free
    if random is None:
        loudness = loud.argmax(axis=-1)
    else:
        loudness = drawn(loud.reshape(-1, LOUDNESS), random, 0.9).reshape(loud.shape[:2])
    loudness = np.where(begins.any(axis=-1), loudness, 0)
    return begins, begins | ((sounding > 0) & free), loudness


def _costs(scores: Scores, frames: Floats, loudness: Ints) -> Floats:
    """Give nats of one frame of each sequence."""
    begins, sounds, loud = scores
    nats = sum(
        (np.logaddexp(0, logits) - frames[..., n] * logits).sum(axis=(1, 2))
        for n, logits in enumerate((begins, sounds))
    )
    log_p = loud - np.logaddexp.reduce(loud, axis=-1, keepdims=True)
    of_true = np.take_along_axis(log_p, loudness[..., None], axis=-1)[..., 0]
    return np.asarray(nats - (of_true * frames[..., 0].max(axis=-1)).sum(axis=-1), np.float32)


def selu(x: Floats) -> Floats:
    """Apply the scaled exponential linear unit."""
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def _convolved(x: Floats, kernel: Floats) -> Floats:
    """Convolve without a border, shape (n, height, width, channels)."""
    size = kernel.shape[0]
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    return np.asarray(sum(
        x[:, i : i + height, j : j + width] @ kernel[i, j]
        for i in range(size) for j in range(size)
    ))  # fmt: skip


def _pooled(x: Floats) -> Floats:
    """Give the highest of each two by two."""
    n, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def _gru_cell(x: Floats, h: Floats, parts: Weights, name: str) -> Floats:
    """Take a step of a GRU (Cho et al. 2014, with the reset behind the product as Keras has it)."""
    bias = parts[f"{name}.bias"]
    enter = np.split(x @ parts[f"{name}.kernel"] + bias[0], 3, axis=1)
    back = np.split(h @ parts[f"{name}.recurrent"] + bias[1], 3, axis=1)
    update, reset = sigmoid(enter[0] + back[0]), sigmoid(enter[1] + back[1])
    return update * h + (1 - update) * np.tanh(enter[2] + reset * back[2])


def _gru(x: Floats, parts: Weights, name: str) -> Floats:
    """Apply a GRU; give its output at each step, shape (n, n_steps, units)."""
    h = np.zeros((len(x), len(parts[f"{name}.recurrent"])), np.float32)
    outputs = []
    for t in range(x.shape[1]):
        h = _gru_cell(x[:, t], h, parts, name)
        outputs.append(h)
    return np.stack(outputs, axis=1)
