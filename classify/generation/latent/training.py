"""How an autoencoder of phrases is trained: phrases of songs, cut elsewhere in each epoch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks.learning import divided, fit
from classify.models.trainer import Arrays, Batches, Trainer, Values
from classify.progress import Progress

#: Phrases in a batch, and songs that can spare some for validation.
BATCH, ENOUGH = 16, 20

#: Batches in an epoch at most, so that an epoch of many songs is a part of them, drawn anew each
#: time; and what must lie within its song of a phrase, beside the fullest one.
MOST_BATCHES, WITHIN = 40, 0.25

#: Of Adam.
LEARNING_RATE = 2e-3

#: Epochs without a better one after which training stops.
PATIENCE = 6

#: Cuts a song into phrases from a bar on: arrays of which the first axis counts phrases; the one
#: at `COUNTS` says what is within the song.
COUNTS = 2
Cut = Callable[[int], tuple[NDArray[Any], ...]]


@dataclass(frozen=True, eq=False)
class Example:
    """A song to learn from.

    Parameters
    ----------
    cut : callable
        From the first bar to what the network takes of each phrase.
    bars : int
        Bars of a phrase: phrases begin at a bar below this, drawn for each epoch.
    """

    cut: Cut
    bars: int

    def phrases(self, first: int) -> tuple[NDArray[Any], ...]:
        """Cut the song from a bar on; without phrases that lie mostly behind its end."""
        parts = self.cut(first)
        counts = parts[COUNTS].reshape(len(parts[COUNTS]), -1).mean(axis=1)
        kept = counts >= WITHIN * max(counts.max(), 1e-9)
        return tuple(part[kept] for part in parts)


def train(
    make: Callable[[], Any],
    module: Any,
    songs: Sequence[Example],
    epochs: int,
    seed: int,
    progress: Progress,
    checkpoint: Path | None = None,
    to_the_end: bool = False,
) -> tuple[dict[str, NDArray[np.float32]], list[Values]]:
    """Train a network; give its weights, and what became of each epoch.

    Parameters
    ----------
    make : callable
        Makes the layer that says what phrases cost, when Keras is ready.
    module : module
        Where the layer is from: its `build`, `loss`, `metrics` and `weights`.
    songs : sequence of Example
        What it learns from; some of them decide when to stop, where there are enough.
    epochs : int
        At most so many passes over the songs.
    seed : int
        Of everything that is drawn.
    progress : Progress
        Shows progress.
    checkpoint : Path, optional
        A folder that is written after each epoch; a training that finds one goes on behind it.
    to_the_end : bool
        Whether all epochs are run and the last weights kept: an adversary has no best epoch.

    Returns
    -------
    weights : dict of str to ndarray
        Of the best epoch, or the last.
    history : list of dict
        Means of each epoch, those of songs that decide when to stop after `val_`.
    """
    learned, held_out = divided(songs, seed, ENOUGH)
    monitor = "val_loss" if held_out and not to_the_end else None
    patience = PATIENCE if monitor else None
    trainer = Trainer(epochs, seed, LEARNING_RATE, monitor=monitor, patience=patience)
    trainer.start()
    layer = make()
    model = module.build(layer)
    measured = module.metrics(layer)
    targets = np.zeros((1, len(measured) + 1), np.float32)
    trainer.compile(model, module.loss, measured, targets)
    n_phrases = sum(len(song.phrases(0)[0]) for song in learned)
    n_batches = min(MOST_BATCHES, max(1, n_phrases // BATCH))

    def of_epoch(epoch: int) -> Iterator[tuple[Any, ...]]:
        random = np.random.default_rng((seed, epoch))
        parts = together([song.phrases(int(random.integers(song.bars))) for song in learned])
        order = random.permutation(len(parts[0]))
        for places in np.resize(order, (n_batches, min(BATCH, len(order)))):
            yield tuple(part[places] for part in parts), np.zeros((len(places), 1), np.float32)

    validation = None
    if held_out:
        x = together([song.phrases(0) for song in held_out])
        validation = Arrays(x, np.zeros((len(x[0]), 1), np.float32), batch_size=BATCH)
    batches = Batches(of_epoch, n_batches)
    history = fit(trainer, model, batches, validation, progress, checkpoint, said=_said)
    return module.weights(layer), history.epochs


def together(cuts: Sequence[tuple[NDArray[Any], ...]]) -> tuple[NDArray[Any], ...]:
    """Lay phrases of several songs one behind the other."""
    return tuple(np.concatenate(part) for part in zip(*cuts, strict=True))


def _said(values: Values) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in values.items())
