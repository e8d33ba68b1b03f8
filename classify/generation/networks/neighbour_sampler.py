"""DeepBach's networks in NumPy: a saved generator needs no Keras to answer."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks.neighbour_shape import REACH, NeighbourShape
from classify.generation.networks.row_sampler import lstm_step

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class NeighbourSampler:
    """What trained networks say of places.

    Parameters
    ----------
    shape : NeighbourShape
        Of the networks.
    weights : mapping of str to ndarray of float32
        By the names of `NeighbourShape.shapes`.
    """

    def __init__(self, shape: NeighbourShape, weights: Mapping[str, Floats]) -> None:
        self.shape, self.weights = shape, weights

    def scores(self, symbols: Ints, places: Ints, steps: Ints, voice: int) -> Floats:
        """Score what a voice may do at some steps of a song.

        Parameters
        ----------
        symbols : ndarray of int, shape (n_steps, voices)
            Of the whole song.
        places : ndarray of int, shape (n_steps,)
            Step of the bar.
        steps : ndarray of int, shape (n,)
            Where.
        voice : int
            Which.

        Returns
        -------
        ndarray of float32, shape (n, classes + 1)
        """
        parts, n = self.weights, self.shape.voices
        before = np.arange(-REACH, 0)
        state = [
            self._recurred(*around(symbols, places, steps, offsets, self.shape.outside), network)
            for offsets, network in ((before, voice), (-before, n + voice))
        ]
        centre = parts["place"][voice][places[steps]] + parts["others.bias"][voice]
        others = [other for other in range(n) if other != voice]
        for number, other in enumerate(others):
            centre = centre + parts["others"][voice, number][symbols[steps, other]]
        centre = np.maximum(centre, 0)
        centre = np.maximum(centre @ parts["centre"][voice] + parts["centre.bias"][voice], 0)
        joined = np.concatenate([*state, centre], axis=-1)
        joined = np.maximum(joined @ parts["joined"][voice] + parts["joined.bias"][voice], 0)
        return np.asarray(joined @ parts["score"][voice] + parts["score.bias"][voice])

    def _recurred(self, symbols: Ints, places: Ints, network: int) -> Floats:
        """Read steps in order by LSTMs; give the last state, shape (n, units)."""
        parts, units = self.weights, self.shape.units
        x = parts["places"][network][places] + parts["steps.bias"][network]
        for voice in range(self.shape.voices):
            x = x + parts["steps"][network, voice][symbols[..., voice]]
        for layer in range(self.shape.layers):
            kernel, recurrent, gates = (
                parts[f"{layer}.{name}"][network] for name in ("kernel", "recurrent", "gates")
            )
            given = x @ kernel + gates
            hidden = cell = np.zeros((len(x), units), np.float32)
            states = []
            for step in range(REACH):
                opened = given[:, step] + hidden @ recurrent
                opened[:, units : 2 * units] += 1  # to begin with, little is forgotten
                hidden, cell = lstm_step(opened, cell)
                states.append(hidden)
            x = np.stack(states, axis=1)
        return hidden


def around(
    symbols: Ints, places: Ints, steps: Ints, offsets: Ints, outside: int
) -> tuple[Ints, Ints]:
    """Give the symbols and the places of the bar at some distances from some steps.

    Returns
    -------
    symbols : ndarray of int, shape (n, n_offsets, voices)
        `outside` beyond the song.
    places : ndarray of int, shape (n, n_offsets)
        Bars go on beyond the song.
    """
    wanted = steps[:, None] + offsets
    within = (wanted >= 0) & (wanted < len(symbols))
    nearest = wanted.clip(0, len(symbols) - 1)
    found = np.where(within[..., None], symbols[nearest], outside)
    return found, places[nearest]
