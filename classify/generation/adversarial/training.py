"""How a generator and its adversary are trained; the epoch best on held-out music is kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks.learning import fit
from classify.models import backend
from classify.models.trainer import Batches, Trainer, Values
from classify.progress import Progress

#: Value that decides which epoch is kept: lower is better.
MONITOR = "val_distance"

Floats = NDArray[np.float32]


class Pieces(Protocol):
    """Music to learn from, in pieces of one length."""

    def __len__(self) -> int:
        """Count them."""

    def batch(self, places: NDArray[np.intp], random: np.random.Generator) -> tuple[Floats, ...]:
        """Give what the network takes of some of them."""


@dataclass(frozen=True)
class Aim:
    """How both are trained.

    Parameters
    ----------
    rate, beta_1, beta_2 : float
        Of Adam.
    batch : int
        Pieces in a batch.
    generator_every, critic_every : int
        Batches of which one is the generator's turn, or the adversary's.
    faster : float
        How many times as fast the adversary learns.
    epochs, batches, patience : int
        Epochs at most, batches in an epoch at most, and epochs without a better one.
    """

    rate: float
    beta_1: float
    beta_2: float
    batch: int
    generator_every: int
    critic_every: int
    faster: float
    epochs: int
    batches: int
    patience: int


def train(
    make: Callable[[], Any],
    inputs: dict[str, tuple[int, ...]],
    pieces: Pieces,
    aim: Aim,
    seed: int,
    evaluate: Callable[[dict[str, Floats]], Values] | None,
    progress: Progress,
    checkpoint: Path | None = None,
) -> tuple[dict[str, Floats], list[Values], int]:
    """Train both.

    Parameters
    ----------
    make : callable
        Makes the layer that says what pieces cost, when Keras is ready.
    inputs : dict of str to tuple of int
        Shapes of what it takes, one example each.
    pieces : Pieces
        What is learned from.
    aim : Aim
        How.
    seed : int
        Of everything that is drawn.
    evaluate : callable, optional
        Measures a generator of such weights on held-out music, `MONITOR` among others.
    progress : Progress
        Shows progress.
    checkpoint : Path, optional
        A folder that is written after each epoch; a training that finds one goes on behind it.

    Returns
    -------
    weights : dict of str to ndarray
        Of the best epoch; of the last where nothing decides.
    history : list of dict
        Values of each epoch.
    best : int
        The epoch, from 0.
    """
    monitor = MONITOR if evaluate else None
    trainer = Trainer(aim.epochs, seed, aim.rate, monitor=monitor, patience=aim.patience)
    keras = trainer.start()
    from classify.generation.networks import phrase_network, rivals_network

    layer = make()
    model = rivals_network.build(layer, inputs)
    optimiser = rivals_network.TurnTaking(
        aim.rate, aim.beta_1, aim.beta_2, aim.generator_every, aim.critic_every, aim.faster
    )
    optimiser.build(model.trainable_variables)
    metrics, jit = phrase_network.metrics(layer), backend.jit(keras)
    model.compile(optimizer=optimiser, loss=phrase_network.loss, metrics=metrics, jit_compile=jit)
    n_batches = min(aim.batches, max(1, len(pieces) // aim.batch))

    def of_epoch(epoch: int) -> Iterator[tuple[Any, ...]]:
        random = np.random.default_rng((seed, epoch))
        order = np.resize(random.permutation(len(pieces)), (n_batches, aim.batch))
        for places in order:
            yield pieces.batch(places, random), np.zeros((len(places), 1), np.float32)

    history = fit(
        trainer, model, Batches(of_epoch, n_batches), None, progress, checkpoint,
        "generator and its adversary", said=_said,
        evaluate=(lambda: evaluate(rivals_network.weights(layer))) if evaluate else None,
    )  # fmt: skip
    return rivals_network.weights(layer), history.epochs, history.best


def _said(values: Values) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in values.items())
