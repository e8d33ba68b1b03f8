"""How well our transformer over rows predicts held-out music, in nats.

    CLASSIFY_DATA=FOLDER python benchmarks/network_likelihood.py [DATA ...] [--out FOLDER]

Three data sets of published likelihoods (`CLASSIFY_DATA/likelihood`): `jsb-16th`, chorales in
sixteenths, causal, in nats a token of four a step; `jsb` and `nottingham`, frames of
Boulanger-Lewandowski et al. (2012), joint, in nats a frame from the second frame on. A row is a
step or a frame, its fields the voices of a chorale, or the notes of a frame from the highest down,
`NONE` behind the last: each set of notes is one row, so that a row's probability is that of the
frame. Training songs are transposed at
random each time they are seen; the weights are those of the epoch with the lowest nats on the
validation part. Writes `DATA.json` and `DATA.npz` with the probability of every token of the test
part, from which anyone can work out the figure again.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray

from classify.files import write_json
from classify.generation.networks.architecture import Architecture, Relative
from classify.models.trainer import Batches, Trainer, Values

Ints = NDArray[np.int64]

#: Class of a field that holds no note, and MIDI pitch of class 0.
PITCHES, LOWEST = 88, 21
NONE = PITCHES

#: Semitones that songs are moved by in training.
SHIFTS = range(-5, 7)

#: Steps that something may have lasted, from which on all are one.
LONG = 16


@dataclass(frozen=True)
class Data:
    """A data set.

    Parameters
    ----------
    train, valid, test : list of ndarray of int, each of shape (n_rows, n_fields)
        Songs.
    skipped : int
        Rows at the beginning of each song that are not counted.
    per_row : int
        Tokens a row in the figure that is reported.
    """

    train: list[Ints]
    valid: list[Ints]
    test: list[Ints]
    skipped: int
    per_row: int


def rows_of(song: Sequence[Sequence[int] | Ints], n_fields: int, as_voices: bool = False) -> Ints:
    """Write frames of MIDI pitches as rows, from the highest down or as they stand."""
    rows = np.full((len(song), n_fields), NONE)
    for row, chord in zip(rows, song, strict=True):
        pitches = [int(pitch) - LOWEST for pitch in chord]
        row[: len(pitches)] = pitches if as_voices else sorted(pitches, reverse=True)
    return rows


def load(name: str, folder: Path) -> Data:
    """Read a data set."""
    if name == "jsb-16th":
        songs = json.loads((folder / "jsb-chorales-16th.json").read_text())
        train, valid, test = (
            [rows_of(song, 4, as_voices=True) for song in songs[part]]
            for part in ("train", "valid", "test")
        )
        return Data(train, valid, test, 0, 4)
    file = scipy.io.loadmat(folder / {"jsb": "JSB_Chorales", "nottingham": "Nottingham"}[name])
    n_fields = {"jsb": 4, "nottingham": 9}[name]
    train, valid, test = (
        [
            rows_of([np.flatnonzero(frame) + LOWEST for frame in song], n_fields)
            for song in file[part].ravel()
        ]
        for part in ("traindata", "validdata", "testdata")
    )
    return Data(train, valid, test, 1, 1)


def architecture(
    n_fields: int, units: int, layers: int, context: int, dropout: float
) -> Architecture:
    """Give the network: every note is seen from the one before in its place, and those above."""
    relative = [Relative(k, k, 1) for k in range(n_fields)]
    relative += [Relative(k, j, 0) for k in range(n_fields) for j in range(max(0, k - 3), k)]
    return Architecture(
        fields=(PITCHES + 1,) * n_fields, pitches=PITCHES, relative=tuple(relative),
        extras=(16, LONG + 1, *(LONG + 1,) * min(n_fields, 4)), units=units, layers=layers,
        context=context, longest=context, dropout=dropout,
    )  # fmt: skip


def extras_of(rows: Ints) -> Ints:
    """Give what is known before each row: its place in four beats, and how long all has lasted."""
    changes = np.ones((len(rows), 5), bool)
    changes[1:, 1:] = (rows[1:] != rows[:-1])[:, :4]
    changes[1:, 0] = (rows[1:] != rows[:-1]).any(axis=1)
    n_rows = np.arange(len(rows))[:, None]
    since = n_rows - np.maximum.accumulate(np.where(changes, n_rows, 0), axis=0) + 1
    known = np.concatenate([np.zeros((1, 5), int), since[:-1]]).clip(0, LONG)
    return np.concatenate([n_rows % 16, known], axis=1)


def moved(rows: Ints, semitones: int) -> Ints:
    """Transpose; None where that leaves the keyboard's range."""
    return np.where(rows == NONE, NONE, rows + semitones)


def inputs(songs: Sequence[Ints], n_rows: int) -> tuple[list[Any], NDArray[np.float32]]:
    """Lay songs of at most so many rows into what the network takes, with weights of rows."""
    n_fields = songs[0].shape[1]
    size = len(songs), n_rows, n_fields
    read, chosen = np.full(size, PITCHES + 1, np.int32), np.zeros(size, np.int32)
    extras = np.zeros((len(songs), n_rows, 2 + min(n_fields, 4)), np.int32)
    weight = np.zeros((len(songs), n_rows, 1), np.float32)
    for n, song in enumerate(songs):
        read[n, 1 : len(song)], chosen[n, : len(song)] = song[:-1], song
        extras[n, : len(song)] = extras_of(song)[:, : extras.shape[2]]
        weight[n, : len(song)] = 1
    times = np.broadcast_to(np.arange(n_rows, dtype=np.int32), size[:2]).copy()
    return [read, chosen, extras, times, np.zeros((len(songs), 0), np.float32)], weight


def crops(
    songs: Sequence[Ints], length: int, batch: int, seed: tuple[int, int]
) -> Iterator[tuple[Any, ...]]:
    """Give an epoch: pieces of songs, each transposed at random, in batches."""
    random, pieces = np.random.default_rng(seed), list[tuple[list[Any], NDArray[np.float32]]]()
    starts = [(n, s) for n, song in enumerate(songs) for s in _starts(len(song), length, random)]
    for n, start in (starts[i] for i in random.permutation(len(starts))):
        song = moved(songs[n], int(random.choice(SHIFTS)))
        inside = ((song >= 0) & (song <= NONE)).all() and (song[songs[n] != NONE] < NONE).all()
        (read, chosen, extras, _, none), weight = inputs([song if inside else songs[n]], len(song))
        cut = slice(start, start + length)
        short = max(0, length - (len(song) - start))
        padded = [
            np.pad(a[:, cut], ((0, 0), (0, short), (0, 0))) for a in (read, chosen, extras, weight)
        ]
        piece = [*padded[:3], np.arange(length, dtype=np.int32)[None], none]
        pieces.append((piece, padded[3]))
        if len(pieces) == batch:
            yield (
                tuple(np.concatenate([p[0][i] for p in pieces]) for i in range(5)),
                np.concatenate([p[1] for p in pieces]),
            )
            pieces = []


def _starts(n_rows: int, length: int, random: np.random.Generator) -> list[int]:
    """Give where pieces begin: every so often from a random place on, and at the beginning."""
    first = -int(random.integers(0, length))
    return [max(0, start) for start in range(first, max(1, n_rows - 8), length)]


def probabilities(model_of: Any, songs: Sequence[Ints], skipped: int) -> list[NDArray[np.float32]]:
    """Give the nats of each token of each song."""
    found = []
    for n in sorted(range(len(songs)), key=lambda n: len(songs[n])):
        n_rows = 64 * -(-len(songs[n]) // 64)
        x, _ = inputs([songs[n]], n_rows)
        found.append((n, model_of(n_rows).predict_on_batch(x)[0, skipped : len(songs[n])]))
    return [nats for _, nats in sorted(found, key=lambda pair: pair[0])]


def main() -> None:
    """Train and measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", nargs="*", default=["jsb-16th", "jsb", "nottingham"])
    parser.add_argument("--out", type=Path, default=Path("results/likelihood"))
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--patience", type=int, default=20)
    parser.add_argument("--rates", type=float, nargs="*", default=[1e-3, 2e-4])
    args = parser.parse_args()
    folder = Path(os.environ["CLASSIFY_DATA"]) / "likelihood"
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.data:
        measure(name, load(name, folder), args)


def measure(name: str, data: Data, args: argparse.Namespace) -> None:
    """Train on one data set and write what the network says of its test part."""
    shape = architecture(data.train[0].shape[1], args.units, args.layers, args.length, args.dropout)
    models: dict[int, Any] = {}
    started = time.time()

    def model_of(n_rows: int) -> Any:
        if n_rows not in models:
            models[n_rows] = row_network.build(shape, n_rows)
        if n_rows != args.length:
            models[n_rows].set_weights(models[args.length].get_weights())
        return models[n_rows]

    def evaluate() -> Values:
        nats = probabilities(model_of, data.valid, data.skipped)
        rows = sum(len(one) for one in nats)
        return {"valid": sum(float(one.sum()) for one in nats) / rows / data.per_row}

    def tell(epochs: Sequence[Values]) -> None:
        last = epochs[-1]
        spent = (time.time() - started) / 60
        print(f"{name} {len(epochs)}: loss {last['loss'] / data.per_row:.4f} "
              f"valid {last['valid']:.4f} after {spent:.1f} min", flush=True)  # fmt: skip
        if spent > args.minutes * (0.75 if len(done) < len(args.rates) else 1):
            raise _Enough

    n_batches = sum(1 for _ in crops(data.train, args.length, args.batch, (0, 0)))
    best: list[Any] = [np.inf, None]
    done = list[float]()
    for place, rate in enumerate(args.rates):
        done.append(rate)
        trainer = Trainer(args.epochs, 0, rate, monitor="valid", patience=args.patience)
        if not place:
            trainer.start()
            from classify.generation.networks import row_network
        model = model_of(args.length)
        trainer.compile(model, row_network.loss)
        print(model.count_params(), "parameters,", n_batches, "batches", flush=True)

        def keep(epochs: Sequence[Values], model: Any = model) -> None:
            if epochs[-1]["valid"] < best[0]:
                best[:] = epochs[-1]["valid"], model.get_weights()
            tell(epochs)

        def of_epoch(epoch: int, place: int = place) -> Iterator[tuple[Any, ...]]:
            return crops(data.train, args.length, args.batch, (place, epoch))

        batches = Batches(of_epoch, n_batches - n_batches // 20)
        with suppress(_Enough):
            trainer.fit(model, batches, evaluate=evaluate, on_epoch=keep)
        model.set_weights(best[1])
    nats = probabilities(model_of, data.test, data.skipped)
    tokens = sum(len(one) for one in nats) * data.per_row
    figure = sum(float(one.sum()) for one in nats) / tokens
    print(name, "test", figure, "valid", best[0], flush=True)
    np.savez_compressed(
        args.out / f"{name}.npz",
        nats=np.concatenate(nats),
        valid=np.concatenate(probabilities(model_of, data.valid, data.skipped)),
        song=np.repeat(np.arange(len(nats)), [len(one) for one in nats]),
    )
    write_json(args.out / f"{name}.json", {
        "nats": figure, "valid": best[0], "tokens": tokens, "minutes": (time.time() - started) / 60,
        "parameters": int(model.count_params()), "architecture": shape.as_values()})  # fmt: skip


class _Enough(Exception):
    """The time that was given is over."""


if __name__ == "__main__":
    main()
