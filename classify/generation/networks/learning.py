"""What trainings of generators have in common: songs that are held out, and what is told."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from classify.models.trainer import Arrays, Batches, History, Trainer, Values
from classify.progress import Progress

#: Share of songs that decide which weights are kept.
HELD_OUT = 0.1

Item = TypeVar("Item")


def divided(songs: Sequence[Item], seed: int, enough: int) -> tuple[list[Item], list[Item]]:
    """Give songs to learn from, and songs that decide; none of these where there are few.

    >>> learned, held_out = divided(range(20), seed=0, enough=20)
    >>> len(learned), len(held_out), divided(range(19), seed=0, enough=20)[1]
    (18, 2, [])
    """
    order = np.random.default_rng(seed).permutation(len(songs))
    n_held_out = round(HELD_OUT * len(songs)) if len(songs) >= enough else 0
    held_out, learned = np.split(order, [n_held_out])
    return [songs[n] for n in learned], [songs[n] for n in held_out]


def losses(values: Values) -> str:
    """Write losses with their names, for progress."""
    return ", ".join(f"{name} {value:.3f}" for name, value in values.items())


def fit(
    trainer: Trainer,
    model: Any,
    batches: Batches,
    validation: Arrays | None,
    progress: Progress,
    checkpoint: Path | None,
    what: str = "network",
    unit: str = "",
    said: Callable[[Values], str] = losses,
    evaluate: Callable[[], Values] | None = None,
) -> History:
    """Train a compiled model, and tell of each epoch and of the one that is kept.

    Parameters
    ----------
    trainer, model, batches, validation, checkpoint
        As `Trainer.fit` takes them.
    progress : Progress
        Shows progress.
    what : str
        What is trained.
    unit : str
        Of the losses, for the last sentence.
    said : callable
        Writes the values of an epoch.
    evaluate : callable, optional
        Gives more values after each epoch.
    """
    progress.begin("epochs", f"Training the {what}", trainer.epochs, "epoch")
    history = trainer.fit(
        model, batches, validation, evaluate,
        on_epoch=lambda done: progress.advance("epochs", said(done[-1])), checkpoint=checkpoint,
    )  # fmt: skip
    best = said(history.epochs[history.best])
    progress.end("epochs", f"Trained for {len(history.epochs)} epochs: {best}{unit}.")
    return history
