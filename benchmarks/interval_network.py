"""A network without an order over intervals, for chorales in frames of four voices.

It says which pitch a voice has in a hidden frame, as an interval from the pitch that this voice had
in the nearest known frame before. Everything it reads is an interval from that pitch, too, so that
all keys are one: the known frames around the hidden one; the nearest known frames on both sides,
however far they are; how often each pitch class sounds nearby and in the song; and the two places
of the song around which most known frames are the same as around the hidden one, since chorales
repeat their lines. A perceptron with residual blocks reads embeddings of these, and may point at
pitches of this voice that it was given. Only known frames are looked at anywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks.learning import fit
from classify.generation.networks.voice_songs import SHIFTS, VoiceSong
from classify.models.trainer import BEST, Arrays, Batches, Trainer
from classify.progress import Progress

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Inputs = dict[str, NDArray[Any]]

VOICES, CLASSES = 4, 47

#: Classes of pitches that are not there: hidden ones, and those beyond a song's ends. 0 is silence.
HIDDEN, BEYOND = -1, -2

#: Widest interval, in semitones; the number of a silence follows that of the widest, then those of
#: hidden pitches and of what is beyond a song. The network gives the first `GIVEN`.
WIDEST = 36
SILENT = 2 * WIDEST + 1
GIVEN, READ = SILENT + 1, SILENT + 3

#: Where voices begin a song of which nothing is known, as classes.
CENTRES = np.array([35, 30, 23, 13])

#: Frames on each side that are read, nearest known frames on each side, frames on each side that
#: are compared with those of other places, and how many of these places are read.
AROUND, NEAREST, COMPARED, REPEATS = 6, 3, 8, 2

#: How far a known frame is: each distance up to eight, then ranges of them.
DISTANCES = np.array([*range(1, 9), 13, 21])

#: Frames nearer than so many on each side, whose pitch classes are counted.
COUNTED = (12, 40, 10_000)

#: How alike two places are: by frames that are the same, in pairs, and frames that differ.
ALIKE = 3 * (COMPARED + 1)

#: Size of an embedding and of layers, and residual blocks.
EMBEDDING, WIDTH, BLOCKS = 10, 96, 3

#: Songs in a batch, hidden notes of each, batches in an epoch, and Adam's first rate.
SONGS, NOTES, BATCHES, RATE = 16, 64, 250, 2e-3


@dataclass(frozen=True, eq=False)
class Hidden:
    """Notes of a song that are to be said.

    Parameters
    ----------
    steps, voices : ndarray of int, shape (n,)
        Which.
    frames : ndarray of int, shape (n, VOICES)
        What is known of the frame of each: classes, or `HIDDEN`, as the note itself is.
    """

    steps: Ints
    voices: Ints
    frames: Ints


def read(classes: Ints, known: Bools, hidden: Hidden) -> tuple[Inputs, Ints]:
    """Lay out what a network reads of hidden notes.

    Parameters
    ----------
    classes : ndarray of int, shape (n_steps, VOICES)
        Of a song; what is not known does not matter.
    known : ndarray of bool, shape (n_steps,)
        Which frames are known.
    hidden : Hidden
        Notes of other frames.

    Returns
    -------
    inputs : dict of ndarray, each of shape (n, ...)
        As the network takes them.
    origins : ndarray of int, shape (n,)
        Classes from which intervals are counted.
    """
    steps, voices, rows = hidden.steps, hidden.voices, np.arange(len(hidden.steps))
    around = _around(classes, known, hidden)
    nearest, distances = _nearest(classes, known, steps)
    repeats, alike, same = _repeats(classes, known, hidden)
    own = np.concatenate([x[rows, :, voices] for x in (nearest, repeats, around)], axis=1)
    origins = _first(own[:, [0, NEAREST, 1, NEAREST + 1]], CENTRES[voices])
    n_steps, from_origin = len(classes), origins[:, None]
    pitches = np.concatenate([x.reshape(len(rows), -1) for x in (around, nearest, repeats)], axis=1)
    counts = _counts(classes, known, steps, from_origin)
    inputs = {
        "pitches": numbers(pitches, from_origin),
        "own": numbers(own, from_origin),
        "distances": distances,
        "places": np.stack([steps % 16, 16 + (steps - n_steps) % 16], axis=1),
        "alike": alike,
        "voice": voices,
        "origin": origins,
    }
    whole: Inputs = {name: x.astype(np.int32) for name, x in inputs.items()}
    return whole | {"shares": np.concatenate([counts, same], axis=1).astype(np.float32)}, origins


def numbers(classes: Ints, origins: Ints) -> Ints:
    """Give numbers to intervals from origins, silences, hidden pitches, and what is beyond a song.

    >>> numbers(np.array([7, 10, 0, HIDDEN, BEYOND]), np.array(8)).tolist()
    [35, 38, 73, 74, 75]
    """
    intervals = np.clip(classes - origins, -WIDEST, WIDEST) + WIDEST
    return np.asarray(np.where(classes > 0, intervals, SILENT - classes))


def classes_of(origins: Ints) -> Ints:
    """Give the class of each number that the network gives; `BEYOND` where a song has none.

    Parameters
    ----------
    origins : ndarray of int, shape (n,)
        Classes from which intervals were counted.

    Returns
    -------
    ndarray of int, shape (n, GIVEN)
    """
    found = origins[:, None] + np.arange(GIVEN) - WIDEST
    found = np.where((found < 1) | (found >= CLASSES), BEYOND, found)
    found[:, SILENT] = 0
    return found


def _first(choices: Ints, otherwise: Ints) -> Ints:
    """Give the first of some classes in each row that sounds."""
    sounds = choices > 0
    found = choices[np.arange(len(choices)), sounds.argmax(axis=1)]
    return np.where(sounds.any(axis=1), found, otherwise)


def _around(classes: Ints, known: Bools, hidden: Hidden) -> Ints:
    """Give what is known of the frames around notes, shape (n, 2 * AROUND + 1, VOICES)."""
    beyond = np.full((AROUND, VOICES), BEYOND)
    padded = np.concatenate([beyond, np.where(known[:, None], classes, HIDDEN), beyond])
    found = padded[hidden.steps[:, None] + np.arange(2 * AROUND + 1)]
    found[:, AROUND] = hidden.frames
    return found


def _nearest(classes: Ints, known: Bools, steps: Ints) -> tuple[Ints, Ints]:
    """Give the nearest known frames before and behind, nearest first, and how far they are."""
    n_steps, places = len(classes), np.flatnonzero(known)
    padded = np.concatenate([np.full(NEAREST, -1), places, np.full(NEAREST, n_steps)])
    next_one = np.searchsorted(places, steps)[:, None] + NEAREST
    before, behind = next_one - 1 - np.arange(NEAREST), next_one + np.arange(NEAREST)
    found = padded[np.concatenate([before, behind], axis=1)]
    distances = np.searchsorted(DISTANCES, np.abs(found - steps[:, None]), side="right") - 1
    beyond = (found < 0) | (found == n_steps)
    frames = classes[found.clip(0, n_steps - 1)]
    return np.where(beyond[..., None], BEYOND, frames), distances


def _counts(classes: Ints, known: Bools, steps: Ints, origins: Ints) -> NDArray[np.float64]:
    """Give shares of pitch classes, counted from the origins, of known frames near and far."""
    n_steps = len(classes)
    once = np.zeros((n_steps + 1, 12))
    step, voice = np.nonzero(known[:, None] & (classes > 0))
    np.add.at(once, (step + 1, classes[step, voice] % 12), 1)
    total, found = once.cumsum(axis=0), []
    for far in COUNTED:
        counts = total[np.minimum(steps + far, n_steps)] - total[np.maximum(steps - far, 0)]
        shares = counts / (counts.sum(axis=1, keepdims=True) + VOICES)
        found.append(np.take_along_axis(shares, (np.arange(12) + origins) % 12, axis=1))
    return np.concatenate(found, axis=1)


def _repeats(classes: Ints, known: Bools, hidden: Hidden) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Find where else the song has what is known around notes.

    Returns
    -------
    frames : ndarray of int, shape (n, REPEATS, VOICES)
        Known frames of these places.
    alike : ndarray of int, shape (n, REPEATS)
        How alike the frames around are, below `ALIKE`.
    same : ndarray, shape (n, 2 * REPEATS)
        Share of the voices that are known in the frame itself and the same there, and not.
    """
    steps, n_steps, rows = hidden.steps, len(classes), np.arange(len(hidden.steps))
    _, names = np.unique(classes, axis=0, return_inverse=True)
    offsets = [step for step in range(2 * COMPARED + 1) if step != COMPARED]
    around = np.arange(n_steps)[:, None] + offsets
    is_known = np.pad(known, COMPARED)[around]
    named = np.where(is_known, np.pad(names.ravel().astype(np.int16), COMPARED)[around], -1)
    sought = np.where(is_known[steps], named[steps], -2)
    equal = (sought[:, None] == named).sum(axis=-1, dtype=np.int16)
    both = is_known[steps].astype(np.float32) @ is_known.T.astype(np.float32)
    differ = both.astype(np.int16) - equal
    near = np.abs(steps[:, None] - np.arange(n_steps)) <= COMPARED
    score = np.where(near | ~known, -n_steps, equal - 2 * differ)
    frames, alike, same = [], [], []
    for _ in range(REPEATS):
        best = score.argmax(axis=1)
        found = score[rows, best] > -n_steps
        frame = np.where(found[:, None], classes[best], HIDDEN)
        few = np.minimum(equal[rows, best] // 2, COMPARED)
        alike.append(
            np.where(found, 3 * few + np.searchsorted([1, 3], differ[rows, best], "right"), 2)
        )
        seen = hidden.frames != HIDDEN
        same += [(seen & (hidden.frames == frame)).sum(axis=1) / (VOICES - 1),
                 (seen & (hidden.frames != frame)).sum(axis=1) / (VOICES - 1)]  # fmt: skip
        frames.append(frame)
        score[rows, best] = -n_steps
    return np.stack(frames, axis=1), np.stack(alike, axis=1), np.stack(same, axis=1)


def build() -> Any:
    """Build the network, from what `read` lays out to scores, shape (n, GIVEN)."""
    import keras
    from keras import layers, ops

    sizes = {
        "pitches": (VOICES * (2 * AROUND + 1 + 2 * NEAREST + REPEATS),),
        "own": (2 * AROUND + 1 + 2 * NEAREST + REPEATS,),
        "distances": (2 * NEAREST,),
        "places": (2,),
        "alike": (REPEATS,),
        "voice": (),
        "origin": (),
    }
    inputs = {name: keras.Input(size, dtype="int32", name=name) for name, size in sizes.items()}
    inputs["shares"] = keras.Input((12 * len(COUNTED) + 2 * REPEATS,), name="shares")
    voice = inputs["voice"]

    def summed(name: str, classes: int) -> Any:
        """Embed each column by a table of its own."""
        tables = classes * ops.arange(sizes[name][0])
        table = layers.Embedding(classes * sizes[name][0], WIDTH, name=name + "_table")
        return ops.sum(table(inputs[name] + tables), axis=1)

    seen = [
        layers.Flatten()(layers.Embedding(READ, EMBEDDING, name=f"{name}_table")(inputs[name]))
        for name in ("pitches", "own")
    ]
    x = layers.Dense(WIDTH)(ops.concatenate([*seen, inputs["shares"]], axis=1))
    x = x + summed("distances", len(DISTANCES)) + summed("alike", ALIKE)
    x = x + ops.sum(layers.Embedding(32, WIDTH)(inputs["places"]), axis=1)
    x = (
        x
        + layers.Embedding(VOICES, WIDTH)(voice)
        + layers.Embedding(CLASSES, WIDTH)(inputs["origin"])
    )
    for _ in range(BLOCKS):
        y = layers.Dense(WIDTH, activation="relu")(layers.LayerNormalization(center=False)(x))
        y = y * (1 + layers.Embedding(VOICES, WIDTH, embeddings_initializer="zeros")(voice))
        x = x + layers.Dense(WIDTH)(y)
    x = layers.LayerNormalization()(x)
    n_pointed = 2 * NEAREST + REPEATS  # pitches that stand first among those of the voice
    pointed = (
        ops.one_hot(inputs["own"][:, :n_pointed], READ) * layers.Dense(n_pointed)(x)[..., None]
    )
    usual = layers.Embedding(VOICES, GIVEN, embeddings_initializer="zeros")(voice)
    scores = layers.Dense(GIVEN)(x) + usual + ops.sum(pointed, axis=1)[:, :GIVEN]
    return keras.Model(inputs, scores)


def log_probabilities(model: Any, inputs: Inputs, size: int = 1024) -> NDArray[np.float64]:
    """Give log-probabilities of intervals, shape (n, GIVEN), in batches of one size."""
    n, found = len(inputs["voice"]), []
    for start in range(0, n, size):
        batch = {name: x[start : start + size] for name, x in inputs.items()}
        length = len(batch["voice"])
        batch = {name: np.resize(x, (size, *x.shape[1:])) for name, x in batch.items()}
        scores = np.asarray(model.predict_on_batch(batch), np.float64)[:length]
        scores -= scores.max(axis=1, keepdims=True)
        found.append(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))
    return np.concatenate(found)


def drawn(classes: Ints, n: int, most: int, random: np.random.Generator) -> tuple[Inputs, Ints]:
    """Hide frames of a song; give what a network reads of some hidden notes, and what these are.

    Of shares of known frames, the greatest of 1 to `most` is taken, whatever their number is: the
    likelihood as published is a mean over five orders, to which the best of them says most.
    """
    known = random.random(len(classes)) < random.random(random.integers(1, most + 1)).max()
    if known.all():
        known[random.integers(len(classes))] = False
    steps = random.choice(np.flatnonzero(~known), n)
    place = np.argsort(random.random((n, VOICES)), axis=1)
    turn = random.integers(0, VOICES, n)
    voices = (place == turn[:, None]).argmax(axis=1)
    frames = np.where(place < turn[:, None], classes[steps], HIDDEN)
    inputs, origins = read(classes, known, Hidden(steps, voices, frames))
    return inputs, numbers(classes[steps, voices], origins)


def batch_of(
    songs: Sequence[VoiceSong], n: int, most: int, random: np.random.Generator
) -> tuple[Inputs, Ints]:
    """Draw hidden notes of songs, each moved to a key at random."""
    parts = []
    for song in songs:
        sounding = song.classes[song.classes > 0]
        low = max(SHIFTS[0], 1 - int(sounding.min()))
        high = min(SHIFTS[-1], CLASSES - 1 - int(sounding.max()))
        moved = song.moved(int(random.integers(low, max(low, high) + 1)))
        parts.append(drawn(moved.classes, n, most, random))
    inputs = {name: np.concatenate([x[name] for x, _ in parts]) for name in parts[0][0]}
    return inputs, np.concatenate([y for _, y in parts]).astype(np.int32)


def train(
    songs: Sequence[VoiceSong],
    held_out: Sequence[VoiceSong],
    epochs: int,
    orders: int,
    progress: Progress,
    checkpoint: Path,
    seed: int = 0,
    rate: float = RATE,
    begin: Path | None = None,
) -> Any:
    """Train a network; give it with the weights that are best for the songs held out.

    Parameters
    ----------
    songs, held_out : sequence of VoiceSong
        What it learns from, and what decides.
    epochs : int
        Of `BATCHES` batches.
    orders : int
        Orders whose probabilities are averaged in the end.
    progress : Progress
        Shows progress.
    checkpoint : Path
        A folder; a training that finds one goes on behind it.
    seed : int
        Of everything that is drawn.
    rate : float
        Adam's first rate, which falls to 0 as a cosine.
    begin : Path, optional
        The checkpoint of a finished training, whose best weights are begun with.
    """
    trainer = Trainer(epochs, seed, rate, monitor="val_loss", decay_steps=epochs * BATCHES)
    keras = trainer.start()
    model = build()
    if begin:
        model.load_weights(begin / BEST)
    trainer.compile(
        model, keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        targets=np.zeros(1, np.int32),
    )  # fmt: skip

    def of_epoch(epoch: int) -> Iterator[tuple[Any, ...]]:
        random = np.random.default_rng((seed, epoch))
        for _ in range(BATCHES):
            chosen = random.integers(0, len(songs), SONGS)
            yield batch_of([songs[n] for n in chosen], NOTES, orders, random)

    x, y = batch_of(held_out, NOTES, orders, np.random.default_rng(seed))
    validation = Arrays(x, y, batch_size=SONGS * NOTES)
    batches = Batches(of_epoch, BATCHES)
    fit(trainer, model, batches, validation, progress, checkpoint, unit=" nats a hidden note")
    return model
