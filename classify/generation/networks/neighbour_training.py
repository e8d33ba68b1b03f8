"""How DeepBach's networks learn: places of songs, with all that is around them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks.learning import divided, fit
from classify.generation.networks.neighbour_sampler import around
from classify.generation.networks.neighbour_shape import REACH, NeighbourShape
from classify.generation.networks.voice_songs import ENOUGH, VoiceSong, fitting
from classify.models.trainer import Arrays, Batches, Trainer
from classify.progress import Progress

#: Places in a batch, places of each song in an epoch, and Adam's first rate.
BATCH, PLACES_PER_SONG, RATE = 128, 48, 2e-3

Ints = NDArray[np.int64]


def laid(
    chosen: Sequence[tuple[VoiceSong, int]], shape: NeighbourShape
) -> tuple[tuple[Ints, Ints], Ints]:
    """Lay out what is around places of songs, and what is there."""
    offsets, found = np.arange(-REACH, REACH + 1), []
    for song, step in chosen:
        symbols = song.symbols(shape.hold)
        found.append(around(symbols, song.places, np.array([step]), offsets, shape.outside))
    symbols, places = (np.concatenate(part).astype(np.int32) for part in zip(*found, strict=True))
    return (symbols, places), symbols[:, REACH].copy()


def train(
    shape: NeighbourShape,
    songs: Sequence[VoiceSong],
    epochs: int,
    seed: int,
    progress: Progress,
    checkpoint: Path | None = None,
    places_per_song: int = PLACES_PER_SONG,
) -> dict[str, NDArray[np.float32]]:
    """Train the networks of all voices; give their weights.

    Parameters
    ----------
    shape : NeighbourShape
        What to train.
    songs : sequence of VoiceSong
        What they learn from; some of them decide which epoch is kept, where there are enough.
    epochs : int
        Passes over the songs.
    seed : int
        Of everything that is drawn.
    progress : Progress
        Shows progress.
    checkpoint : Path, optional
        A folder that is written after each epoch; a training that finds one goes on behind it.
    places_per_song : int
        Places of each song in an epoch.
    """
    from classify.generation.networks import neighbour_network

    songs, held_out = divided(songs, seed, ENOUGH)
    n_batches = max(1, len(songs) * places_per_song // BATCH)
    monitor = "val_loss" if held_out else None
    trainer = Trainer(epochs, seed, RATE, monitor=monitor, decay_steps=epochs * n_batches)
    trainer.start()
    model = neighbour_network.build(shape)
    targets = np.zeros((1, shape.voices), np.int32)
    trainer.compile(model, neighbour_network.loss, targets=targets)

    def of_epoch(epoch: int) -> Iterator[tuple[Any, ...]]:
        random = np.random.default_rng((seed, epoch))
        order = random.permutation(np.tile(np.arange(len(songs)), places_per_song))
        for batch in np.resize(order, (n_batches, min(BATCH, len(order)))):
            moved = [fitting(songs[n], shape.classes, random) for n in batch]
            yield laid([(song, int(random.integers(len(song.classes)))) for song in moved], shape)

    validation = None
    if held_out:
        random = np.random.default_rng(seed)
        chosen = [
            (song, int(step))
            for song in held_out
            for step in random.integers(len(song.classes), size=places_per_song)
        ]
        x, y = laid(chosen, shape)
        validation = Arrays(x, y, batch_size=BATCH)
    batches = Batches(of_epoch, n_batches)
    fit(trainer, model, batches, validation, progress, checkpoint, "networks", " nats a place")
    return neighbour_network.weights(model)
