"""How the network over rolls learns: pieces of songs, in which some notes are hidden.

What is hidden is drawn anew each time (Uria et al. 2014; Huang et al. 2017): so much of a piece,
any share being as likely as another, note by note, or step by step in all voices, or whole voices
but for some steps. The loss is the mean over what is hidden, so that each share counts the same.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks.learning import divided, fit
from classify.generation.networks.roll_shape import STRIDE, RollShape
from classify.generation.networks.voice_songs import ENOUGH, SHIFTS, VoiceSong, fitting
from classify.models.trainer import BEST, Arrays, Batches, Trainer
from classify.progress import Progress

#: Pieces in a batch, steps of a piece, and Adam's first rate, which falls to 0 as a cosine.
BATCH, STEPS, RATE = 16, 64, 3e-3

#: How often notes, steps and voices are what is hidden.
HIDDEN = (0.4, 0.4, 0.2)

#: Share of hidden steps of which some voices are known.
BEGUN = 0.25

#: Times that each piece of a held-out song is looked at.
LOOKS = 1

Known = NDArray[np.bool_]


def hidden(
    n_steps: int, voices: int, random: np.random.Generator, kinds: Sequence[float] = HIDDEN
) -> Known:
    """Draw what is hidden of a piece, shape (n_steps, voices); something always is.

    Examples
    --------
    >>> hidden(8, 4, np.random.default_rng(0)).shape
    (8, 4)
    """
    share, kind = random.random(), random.choice(3, p=np.array(kinds) / sum(kinds))
    if kind == 0 or (kind == 2 and voices == 1):
        unknown = random.random((n_steps, voices)) >= share
    elif kind == 1:
        unknown = np.repeat(random.random((n_steps, 1)) >= share, voices, axis=1)
        begun = random.random((n_steps, 1)) < BEGUN  # steps of which some voices are known
        unknown &= ~(begun & (random.random((n_steps, voices)) < random.random()))
    else:
        silent = random.permutation(voices) < random.integers(1, voices)
        unknown = silent[None] & (random.random((n_steps, 1)) >= share * (random.random() < 0.5))
    if not unknown.any():
        unknown[random.integers(n_steps), random.integers(voices)] = True
    return np.asarray(unknown)


def laid(
    pieces: Sequence[tuple[VoiceSong, int]],
    n_steps: int,
    random: np.random.Generator,
    kinds: Sequence[float] = HIDDEN,
) -> tuple[tuple[NDArray[Any], ...], NDArray[np.float32]]:
    """Lay pieces of songs, from a step on, into what a network takes, and what of them counts."""
    voices = pieces[0][0].classes.shape[1]
    size = len(pieces), n_steps, voices
    classes, known = np.zeros(size, np.int32), np.zeros(size, np.float32)
    begins, true = np.zeros(size, np.float32), np.zeros((*size, 4), np.float32)
    for place, (song, start) in enumerate(pieces):
        of_piece, new = (a[start : start + n_steps] for a in (song.classes, song.begins))
        length = len(of_piece)
        unknown = hidden(length, voices, random, kinds)
        classes[place, :length], known[place, :length] = of_piece, ~unknown
        begins[place, :length] = new
        known[place, length:] = 1  # behind the end nothing sounds
        before = np.concatenate([of_piece[:1] * 0, of_piece[:-1]])
        open_ended = (of_piece > 0) & (of_piece == before)  # else it begins, whatever is said
        true[place, :length] = np.stack([of_piece, unknown, new, unknown & open_ended], axis=-1)
    return (classes, known, begins), true


def train(
    shape: RollShape,
    songs: Sequence[VoiceSong],
    epochs: int,
    seed: int,
    progress: Progress,
    checkpoint: Path | None = None,
    held_out: Sequence[VoiceSong] | None = None,
    pieces_per_song: int = 1,
    shifts: Sequence[int] = SHIFTS,
    kinds: Sequence[float] = HIDDEN,
    rate: float = RATE,
    begin: Path | None = None,
) -> tuple[dict[str, NDArray[np.float32]], list[dict[str, float]]]:
    """Train a network; give its weights, and what became of each epoch.

    Parameters
    ----------
    shape : RollShape
        What to train.
    songs : sequence of VoiceSong
        What it learns from.
    epochs : int
        Passes over the songs.
    seed : int
        Of everything that is drawn.
    progress : Progress
        Shows progress.
    checkpoint : Path, optional
        A folder that is written after each epoch; a training that finds one goes on behind it.
    held_out : sequence of VoiceSong, optional
        Songs that decide which epoch is kept; some of the others, where there are enough, unless
        given.
    pieces_per_song : int
        Pieces of each song in an epoch.
    shifts : sequence of int
        Semitones that a piece may be moved by, as far as its notes stay within the classes.
    kinds : sequence of float
        How often notes, steps and voices are what is hidden.
    rate : float
        Adam's first rate.
    begin : Path, optional
        The checkpoint of a finished training, whose best weights are begun with.
    """
    from classify.generation.networks import roll_network

    if held_out is None:
        songs, held_out = divided(songs, seed, ENOUGH)
    n_batches = max(1, len(songs) * pieces_per_song // BATCH)
    monitor = "val_loss" if held_out else None
    trainer = Trainer(epochs, seed, rate, monitor=monitor, decay_steps=epochs * n_batches)
    trainer.start()
    model = roll_network.build(shape, STEPS)
    if begin:
        model.load_weights(begin / BEST)
    targets = np.zeros((1, STEPS, shape.voices, 4), np.float32)
    trainer.compile(model, roll_network.loss_of(shape), targets=targets)

    def of_epoch(epoch: int) -> Iterator[tuple[Any, ...]]:
        random = np.random.default_rng((seed, epoch))
        order = random.permutation(np.tile(np.arange(len(songs)), pieces_per_song))
        for batch in np.resize(order, (n_batches, min(BATCH, len(order)))):
            yield laid(
                [_piece(songs[n], shape, shifts, random) for n in batch], STEPS, random, kinds
            )

    validation = None
    if held_out:
        pieces = [
            (song, start) for song in held_out for start in range(0, len(song.classes), STEPS)
        ]
        x, y = laid(pieces * LOOKS, STEPS, np.random.default_rng(seed), kinds)
        validation = Arrays(x, y, batch_size=BATCH)
    batches = Batches(of_epoch, n_batches)
    history = fit(
        trainer, model, batches, validation, progress, checkpoint, unit=" nats a hidden note"
    )
    return roll_network.weights(model, shape), history.epochs


def _piece(
    song: VoiceSong, shape: RollShape, shifts: Sequence[int], random: np.random.Generator
) -> tuple[VoiceSong, int]:
    """Draw where a piece of a song begins, on a quarter note, and how far it is moved."""
    last = max(0, len(song.classes) - STEPS)
    start = STRIDE * int(random.integers(0, last // STRIDE + 1))
    return fitting(song, shape.classes, random, slice(start, start + STEPS), shifts), start
