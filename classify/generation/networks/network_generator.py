"""What generators that are networks over rows have in common: options, training, state."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks.architecture import Architecture
from classify.generation.networks.kept_network import KeptNetwork
from classify.generation.networks.row_sampler import RowSampler
from classify.progress import Progress

#: Passes over the songs for a quick look, and how often a mood is hidden in training.
QUICK_EPOCHS, HIDDEN_MOOD = 2, 0.2


class NetworkGenerator(KeptNetwork):
    """A network over rows, trained by Keras and sampled in NumPy.

    Parameters
    ----------
    epochs : int, optional
        Most passes over the songs.
    seed : int
        Of the weights and of what is hidden.
    quick : bool
        A small network, trained for a moment: to see the road.

    Attributes
    ----------
    EPOCHS : int
        Passes over the songs unless told otherwise.
    """

    OPTIONS = frozenset({"epochs", "seed", "quick"})
    EPOCHS: ClassVar[int] = 24
    ARCHITECTURE = Architecture

    architecture: Architecture

    def __init__(self, epochs: int | None = None, seed: int = 0, quick: bool = False) -> None:
        self.epochs, self.seed, self.quick = epochs, seed, quick

    def train(
        self,
        examples: Sequence[Any],
        hide: Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]],
        progress: Progress,
        work: Path | None = None,
    ) -> None:
        """Train the network of `architecture` on examples (`row_training.Example`).

        With a folder for work, a training that was stopped goes on from its last epoch.
        """
        from classify.generation.networks import row_training

        epochs = self.epochs or (QUICK_EPOCHS if self.quick else self.EPOCHS)
        self.weights = row_training.train(
            self.architecture,
            examples,
            hide,
            epochs,
            self.seed,
            progress,
            work / "network" if work else None,
        )

    def sampler(self, condition: NDArray[np.float32], n_songs: int = 1) -> RowSampler:
        """Begin songs of which the same is known."""
        return RowSampler(self.architecture, self.weights, np.repeat(condition[None], n_songs, 0))


def one_hot(name: str, names: Sequence[str]) -> list[float]:
    """Mark which of some names is meant; none where it is not among them.

    >>> one_hot("calm", ["calm", "wild"]), one_hot("", ["calm", "wild"])
    ([1.0, 0.0], [0.0, 0.0])
    """
    return [float(name == one) for one in names]


def hide_moods(n_moods: int) -> Callable[..., NDArray[np.float32]]:
    """Make what hides moods at random, where they stand first in what is known."""

    def hide(known: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        known = known.copy()
        known[:, :n_moods] *= random.random((len(known), 1)) >= HIDDEN_MOOD
        return known

    return hide
