"""An autoencoder of phrases in NumPy: songs to latent vectors, and these to songs.

Keras trains it (`networks.phrase_network`); a saved one needs no Keras. Writing is a step at a
time, with all phrases side by side, and all bars where the decoder is hierarchical.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from classify.generation.latent.architecture import Architecture
from classify.generation.latent.phrases import HOLD, LOUDNESS, NOTHING, SYMBOLS
from classify.generation.networks.row_sampler import drawn, lstm_step

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Weights = Mapping[str, Floats]

#: From voices, a step, and scores of its symbols and their loudness, to what stands there.
Choice = Callable[[list[int], int, Floats, Floats], Ints]

#: Of the classes of a step, the likeliest that together have this probability can be drawn.
TOP_P = 0.95


class Coder:
    """Encoder and decoder.

    Parameters
    ----------
    architecture : Architecture
        Of the network.
    weights : mapping of str to ndarray of float32
        By the names of `Architecture.shapes`.
    """

    def __init__(self, architecture: Architecture, weights: Weights) -> None:
        self.architecture, self.weights = architecture, weights

    def encode(self, symbols: Ints, loudness: Ints, metre: Floats) -> tuple[Floats, Floats]:
        """Give mean and standard deviation of phrases' latent vectors.

        Parameters
        ----------
        symbols, loudness : ndarray of int, shape (n_phrases, bars, bar_steps, n_voices)
            As `phrases.cut` gives them.
        metre : ndarray of float32, shape (n_phrases, n_metres)
            1 for the time signature of each.

        Returns
        -------
        mean, spread : ndarray of float32, shape (n_phrases, latent)
        """
        shape, parts = self.architecture, self.weights
        x = reading(symbols.reshape(-1, shape.n_steps, shape.voices),
                    loudness.reshape(-1, shape.n_steps, shape.voices), metre)  # fmt: skip
        last = x[:, -1]
        for n in range(len(shape.encoder)):
            ways = [_lstm(x, parts, f"encoder.{n}.forward"),
                    _lstm(x[:, ::-1], parts, f"encoder.{n}.backward")]  # fmt: skip
            last = np.concatenate([way[:, -1] for way in ways], axis=1)
            x = np.concatenate([ways[0], ways[1][:, ::-1]], axis=2)
        heard = x.mean(axis=1) if shape.apart_from_start else last
        spread = np.logaddexp(0, dense(heard, parts, "spread"))
        return dense(heard, parts, "mean"), np.asarray(spread, np.float32)

    def decode(
        self,
        z: Floats,
        metre: Floats,
        bar_length: int,
        allowed: NDArray[np.bool_] | None = None,
        random: np.random.Generator | None = None,
        top_p: float = TOP_P,
    ) -> tuple[Ints, Ints]:
        """Write phrases.

        Parameters
        ----------
        z : ndarray of float32, shape (n_phrases, latent)
            What they are made of.
        metre : ndarray of float32, shape (n_phrases, n_metres)
            1 for the time signature of each.
        bar_length : int
            Steps of a bar; behind them stands nothing.
        allowed : ndarray of bool, shape (n_phrases, bars, bar_steps, n_voices, 130), optional
            Which symbols may be written, or what broadcasts to it; all unless given.
        random : Generator, optional
            Draws; without it, as many notes begin as are expected, each with the likeliest pitch:
            the likeliest symbol alone is nearly always that the last note is held.
        top_p : float
            Of the classes, the likeliest that together have this probability can be drawn.

        Returns
        -------
        symbols, loudness : ndarray of int, shape (n_phrases, bars, bar_steps, n_voices)
        """
        shape = self.architecture
        context = self.contexts(z, metre)
        size = len(z), shape.bars, shape.bar_steps, shape.voices
        n_songs = len(context)
        free = np.broadcast_to(True if allowed is None else allowed, (*size, SYMBOLS))
        free = free.reshape(n_songs, shape.stretch, shape.voices, SYMBOLS)
        symbols = np.full((n_songs, shape.stretch, shape.voices), NOTHING)
        loudness = np.zeros(symbols.shape, int)
        owed = np.full((n_songs, shape.voices), 0.5)  # notes that were expected and have not begun

        def choose(voices: list[int], t: int, scores: Floats, loud: Floats) -> Ints:
            if t % shape.bar_steps < bar_length:
                scores = np.where(free[:, t, voices], scores, -np.inf)
                if random is None:
                    symbols[:, t, voices], owed[:, voices] = _expected(scores, owed[:, voices])
                else:
                    symbols[:, t, voices] = _chosen(scores, random, top_p)
                begins = symbols[:, t, voices] < HOLD
                loudness[:, t, voices] = np.where(begins, _chosen(loud, random, top_p), 0)
            return symbols[:, t, voices]

        self.walk(context, choose)
        return symbols.reshape(size), loudness.reshape(size)

    def scores(self, z: Floats, metre: Floats, symbols: Ints) -> Floats:
        """Score symbols where each is written behind the true ones.

        Returns
        -------
        ndarray of float32, shape (n_phrases, bars, bar_steps, n_voices, 130)
        """
        shape = self.architecture
        context = self.contexts(z, metre)
        given = symbols.reshape(len(context), shape.stretch, shape.voices)
        found = np.zeros((*given.shape, SYMBOLS), np.float32)

        def choose(voices: list[int], t: int, scores: Floats, loud: Floats) -> Ints:
            del loud
            found[:, t, voices] = scores
            return given[:, t, voices]

        self.walk(context, choose)
        return found.reshape(*symbols.shape, SYMBOLS)

    def walk(self, context: Floats, choose: Choice) -> None:
        """Go through all steps of stretches, side by side.

        Parameters
        ----------
        context : ndarray of float32, shape (n_stretches, n_numbers)
            As `contexts` gives it.
        choose : callable
            From voices, a step, and the scores of its symbols and of their loudness, shapes
            (n_stretches, n_voices, 130) and (n_stretches, n_voices, 16), to what stands there.
        """
        for g, voices in enumerate(self.architecture.groups):
            writer = _Writer(self, context, g, len(voices))
            last = np.full((len(context), len(voices)), NOTHING)
            for t in range(self.architecture.stretch):
                last = choose(voices, t, *writer.step(last))

    def contexts(self, z: Floats, metre: Floats) -> Floats:
        """Give what each stretch is told, shape (n_stretches, n_numbers)."""
        shape, parts = self.architecture, self.weights
        if not shape.conductor:
            return np.concatenate([z, metre], axis=1).astype(np.float32)
        x = np.zeros((len(z), shape.bars, 1), np.float32)
        for n in range(len(shape.conductor)):
            x = _lstm(x, parts, f"conductor.{n}", started(z, parts, f"conductor.{n}.start"))
        said = np.tanh(dense(x, parts, "conductor.output"))
        told = np.repeat(metre[:, None], shape.bars, axis=1)
        return np.concatenate([said, told], axis=2).astype(np.float32).reshape(-1, shape.context)


class _Writer:
    """A decoder of some voices that writes stretches side by side."""

    def __init__(self, coder: Coder, context: Floats, group: int, n_voices: int) -> None:
        self.parts, self.name, self.n_voices = coder.weights, f"decoder.{group}", n_voices
        self.layers = [f"{self.name}.{n}" for n in range(len(coder.architecture.decoder))]
        if coder.architecture.one_start:
            start = np.tanh(dense(context, self.parts, "start"))
            self.states = [(start, start)] * len(self.layers)
        else:
            self.states = [started(context, self.parts, f"{layer}.start") for layer in self.layers]
        kernel = self.parts[f"{self.layers[0]}.kernel"]
        n_symbols = n_voices * SYMBOLS if coder.architecture.feedback else 0
        self.of_symbols = kernel[:n_symbols]  # a step's own symbols stand first
        self.fixed = context @ kernel[n_symbols:] + self.parts[f"{self.layers[0]}.bias"]

    def step(self, last: Ints) -> tuple[Floats, Floats]:
        """Read the last symbols, shape (n, n_voices); score the next ones and their loudness."""
        gates = self.fixed
        if len(self.of_symbols):
            rows = self.of_symbols[np.arange(self.n_voices) * SYMBOLS + np.maximum(last, 0)]
            gates = gates + np.where((last >= 0)[..., None], rows, 0).sum(axis=1)
        x = gates
        for n, layer in enumerate(self.layers):
            if n:
                gates = x @ self.parts[f"{layer}.kernel"] + self.parts[f"{layer}.bias"]
            hidden, cell = self.states[n]
            gates = np.asarray(gates + hidden @ self.parts[f"{layer}.recurrent"], np.float32)
            self.states[n] = lstm_step(gates, cell)
            x = self.states[n][0]
        symbol = dense(x, self.parts, f"{self.name}.symbol")
        loudness = dense(x, self.parts, f"{self.name}.loudness")
        return symbol.reshape(len(x), -1, SYMBOLS), loudness.reshape(len(x), -1, LOUDNESS)


def reading(symbols: Ints, loudness: Ints, metre: Floats) -> Floats:
    """Write steps as what an encoder reads: symbols as ones, loudness as a number, the metre."""
    ones = (symbols[..., None] == np.arange(SYMBOLS)).astype(np.float32)
    begins = (symbols >= 0) & (symbols < HOLD)
    loud = np.where(begins, (loudness + 1) / LOUDNESS, 0).astype(np.float32)
    told = np.repeat(metre[:, None], symbols.shape[1], axis=1).astype(np.float32)
    return np.concatenate([ones.reshape(*symbols.shape[:2], -1), loud, told], axis=2)


def dense(x: Floats, parts: Weights, name: str) -> Floats:
    """Apply a dense layer without an activation."""
    return np.asarray(x @ parts[f"{name}.kernel"] + parts[f"{name}.bias"])


def started(context: Floats, parts: Weights, name: str) -> tuple[Floats, Floats]:
    """Give the state that an LSTM begins with."""
    hidden, cell = np.split(np.tanh(dense(context, parts, name)), 2, axis=1)
    return hidden, cell


def _chosen(scores: Floats, random: np.random.Generator | None, top_p: float) -> Ints:
    """Choose a class of each row, shape (n, n_voices, n_classes): the likeliest, or one drawn."""
    if random is None:
        return np.asarray(scores.argmax(axis=-1))
    return drawn(scores.reshape(-1, scores.shape[-1]), random, top_p).reshape(scores.shape[:-1])


def _expected(scores: Floats, owed: NDArray[np.float64]) -> tuple[Ints, NDArray[np.float64]]:
    """Choose symbols so that as many notes begin as are expected; give what is owed then, too.

    A note begins when the probabilities that one does have come to one more than notes have begun.
    """
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    owed = owed + p[..., :HOLD].sum(axis=-1)
    begins = (owed >= 1) & (p[..., :HOLD].max(axis=-1) > 0)
    begins |= p[..., HOLD:].max(axis=-1) == 0  # nothing else may stand here
    held = HOLD + p[..., HOLD:].argmax(axis=-1)
    return np.where(begins, p[..., :HOLD].argmax(axis=-1), held), owed - begins


def _lstm(
    x: Floats, parts: Weights, name: str, state: tuple[Floats, Floats] | None = None
) -> Floats:
    """Apply an LSTM; give its output at each step, shape (n, n_steps, units)."""
    gates = x @ parts[f"{name}.kernel"] + parts[f"{name}.bias"]
    recurrent = parts[f"{name}.recurrent"]
    zeros = np.zeros((len(x), len(recurrent)), np.float32)
    hidden, cell = state or (zeros, zeros)
    outputs = np.zeros((*x.shape[:2], len(recurrent)), np.float32)
    for t in range(x.shape[1]):
        hidden, cell = lstm_step(gates[:, t] + hidden @ recurrent, cell)
        outputs[:, t] = hidden
    return outputs
