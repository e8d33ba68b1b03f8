"""How a network over rows is trained on songs: pieces of them, with wishes hidden at random."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks.architecture import Architecture
from classify.generation.networks.learning import divided, fit
from classify.models.trainer import Arrays, Batches, Trainer
from classify.progress import Progress

#: Pieces in a batch, and songs that can spare some for validation.
BATCH, ENOUGH = 16, 20

#: Epochs without a better one after which training stops.
PATIENCE = 4

Batch = tuple[tuple[NDArray[Any], ...], NDArray[np.float32]]

#: Hides some of what is known of songs, shape (n_songs, n_conditions).
Hide = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Example:
    """A song to learn from.

    Parameters
    ----------
    rows : ndarray of int, shape (n_rows, n_fields)
        Classes of the fields.
    time : ndarray of int, shape (n_rows,)
        When each row is; never falls.
    extras : ndarray of int, shape (n_rows, n_extras)
        What is known of each row before it is predicted.
    counts : ndarray of bool, shape (n_rows, n_fields)
        Which fields mean something.
    condition : ndarray of float32, shape (n_conditions,)
        What is known of the whole song.
    """

    rows: NDArray[np.int64]
    time: NDArray[np.int64]
    extras: NDArray[np.int64]
    counts: NDArray[np.bool_]
    condition: NDArray[np.float32]


def train(
    architecture: Architecture,
    songs: Sequence[Example],
    hide: Hide,
    epochs: int,
    seed: int,
    progress: Progress,
    checkpoint: Path | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Train a network; give its weights.

    Parameters
    ----------
    architecture : Architecture
        What to train.
    songs : sequence of Example
        What it learns from; some of them decide when to stop, where there are enough.
    hide : callable
        Hides some of what is known of songs, anew each time they are seen.
    epochs : int
        At most so many passes over the songs.
    seed : int
        Of everything that is drawn.
    progress : Progress
        Shows progress.
    checkpoint : Path, optional
        A folder that is written after each epoch; a training that finds one goes on behind it.
    """
    from classify.generation.networks import row_network

    learned, held_out = divided(songs, seed, ENOUGH)
    n_rows, monitor = architecture.context, "val_loss" if held_out else None
    trainer = Trainer(epochs, seed, monitor=monitor, patience=PATIENCE if monitor else None)
    trainer.start()
    model = row_network.build(architecture, n_rows)
    targets = np.zeros((1, n_rows, len(architecture.fields)), np.float32)
    trainer.compile(model, row_network.loss, targets=targets)

    def of_epoch(epoch: int) -> Iterator[Batch]:
        random = np.random.default_rng((seed, epoch))
        pieces = _pieces(learned, n_rows, int(random.integers(0, n_rows)))
        chosen = [pieces[i] for i in random.permutation(len(pieces))]
        for begin in range(0, max(1, len(chosen) - BATCH + 1), BATCH):
            yield laid(chosen[begin : begin + BATCH], architecture, hide, random)

    validation = None
    if held_out:
        x, y = laid(_pieces(held_out, n_rows, 0), architecture)
        validation = Arrays(x, y, batch_size=BATCH)
    batches = Batches(of_epoch, max(1, len(_pieces(learned, n_rows, 0)) // BATCH))
    fit(trainer, model, batches, validation, progress, checkpoint, unit=" nats a row")
    return row_network.weights(model)


def _pieces(songs: Sequence[Example], length: int, first: int) -> list[tuple[Example, int]]:
    """Give where pieces of songs begin: one at each beginning, the others from `first` on."""
    return [
        (song, start)
        for song in songs
        for start in sorted(
            {0, *range(first or length, max(1, len(song.rows) - length // 8), length)}
        )
    ]


def laid(
    pieces: Sequence[tuple[Example, int]],
    architecture: Architecture,
    hide: Hide | None = None,
    random: np.random.Generator | None = None,
) -> Batch:
    """Lay pieces of songs into what a network takes, and what of them counts."""
    n_rows, n_fields = architecture.context, len(architecture.fields)
    size = len(pieces), n_rows, n_fields
    read = np.broadcast_to(np.array(architecture.fields, np.int32), size).copy()
    chosen, counts = np.zeros(size, np.int32), np.zeros(size, np.float32)
    extras = np.zeros((len(pieces), n_rows, len(architecture.extras)), np.int32)
    times = np.zeros((len(pieces), n_rows), np.int32)
    for place, (song, start) in enumerate(pieces):
        rows, part = song.rows[start : start + n_rows], slice(start, start + n_rows)
        length, begin = len(rows), int(start == 0)  # before the first row of a song stands none
        read[place, begin:length] = song.rows[start - 1 + begin : start + length - 1]
        times[place, begin:length] = song.time[start - 1 + begin : start + length - 1]
        times[place, length:] = times[place, length - 1]
        chosen[place, :length], extras[place, :length] = rows, song.extras[part]
        counts[place, :length] = song.counts[part]
    known = np.stack([song.condition for song, _ in pieces])
    if hide and random:
        known = hide(known, random)
    return (read, chosen, extras, times, known), counts
