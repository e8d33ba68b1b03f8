"""How well an orderless network over intervals predicts chorales, in nats a frame.

    CLASSIFY_DATA=FOLDER python benchmarks/interval_likelihood.py [--out FOLDER] [--epochs N]

The data and the protocols of `masked_likelihood.py`, joint and as published, on the same frames in
the same orders; and another network, that of `interval_network.py`, whose inputs include repeats
within the song. Shares of known frames are drawn in training as the best of five orders has them.
`--compared-with` names a folder of that benchmark, and gives the difference of the two networks,
paired by frame, with an interval over songs.

Then pieces of eight bars are sampled from nothing, frames at a time, the voices of a frame one
after another (blocked Gibbs sampling, an ever smaller share of frames hidden), and their parallel
fifths and octaves are counted beside those of Bach's test songs.

`--more` trains on from the best weights, with a rate that begins half as high. Training goes on
where it was stopped. `frames.npz` has the nats of all frames, from which what is printed is worked
out.
"""

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from interval_network import (
    BEYOND,
    HIDDEN,
    VOICES,
    Hidden,
    Inputs,
    classes_of,
    log_probabilities,
    numbers,
    read,
    train,
)
from masked_likelihood import LOWEST, MORE_RATE, ORDERS, interval, load, parallels
from numpy.typing import NDArray

from classify.generation import gibbs
from classify.generation.networks.voice_generator import MORE_ROUNDS
from classify.generation.networks.voice_songs import VoiceSong
from classify.generation.voice_leading import parallel_notes
from classify.progress import on_terminal
from classify.representations.voices import REST

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

#: Steps of a piece that is sampled, and rounds of sampling.
STEPS, ROUNDS = 128, 48


@dataclass(eq=False)
class Frame:
    """A frame whose voices become known one after another.

    Parameters
    ----------
    classes : ndarray of int, shape (n_steps, VOICES)
        Of the song.
    known : ndarray of bool, shape (n_steps,)
        Frames that are known.
    step : int
        Which frame it is.
    voices : ndarray of int, shape (VOICES,)
        The order.
    """

    classes: Ints
    known: Bools
    step: int
    voices: Ints
    seen: Ints = field(default_factory=lambda: np.full(VOICES, HIDDEN))
    nats: float = 0.0

    def read(self, turn: int) -> tuple[Inputs, Ints]:
        """Lay out what is read before the voice that has its turn."""
        hidden = Hidden(np.array([self.step]), self.voices[turn : turn + 1], self.seen[None])
        return read(self.classes, self.known, hidden)


def frames_of(songs: Sequence[VoiceSong], share: float) -> list[tuple[int, int, Frame]]:
    """Choose frames as `masked_likelihood.frame_nats` does: song, order, frame."""
    found = []
    for number, song in enumerate(songs):
        random, n_steps = np.random.default_rng(number), len(song.classes)
        looked_at = np.flatnonzero(random.random(n_steps) < share)
        for order in range(ORDERS):
            place = np.argsort(random.permutation(n_steps))
            for step in looked_at:
                known = place < place[step]
                frame = Frame(song.classes, known, int(step), random.permutation(VOICES))
                found.append((number, order, frame))
    return found


def measure(model: Any, frames: Sequence[Frame], given_truth: bool) -> Floats:
    """Give nats of frames, whose voices become known: the true ones, or the likeliest."""
    for turn in range(VOICES):
        inputs, origins = joined([frame.read(turn) for frame in frames])
        log_p, classes = log_probabilities(model, inputs), classes_of(origins)
        best = np.where(classes == BEYOND, -np.inf, log_p).argmax(axis=1)
        likeliest = classes[np.arange(len(classes)), best]
        for row, frame in enumerate(frames):
            voice = frame.voices[turn]
            true = frame.classes[frame.step, voice]
            frame.nats -= log_p[row, numbers(true, origins[row])]
            frame.seen[voice] = true if given_truth else likeliest[row]
    return np.array([frame.nats for frame in frames])


def joined(parts: Sequence[tuple[Inputs, Ints]]) -> tuple[Inputs, Ints]:
    """Join what was laid out."""
    inputs = {name: np.concatenate([x[name] for x, _ in parts]) for name in parts[0][0]}
    return inputs, np.concatenate([origins for _, origins in parts])


def nats_of_songs(model: Any, songs: Sequence[VoiceSong], share: float) -> dict[str, list[Floats]]:
    """Give nats of some frames of each song by both protocols."""
    chosen = frames_of(songs, share)
    of_song = np.array([number for number, _, _ in chosen])
    found: dict[str, list[Floats]] = {"as published": [], "joint": []}
    nats = measure(model, [frame for _, _, frame in chosen], False)
    for number in np.unique(of_song):
        orders = nats[of_song == number].reshape(ORDERS, -1)
        mean = np.logaddexp.reduce(-orders, axis=0) - np.log(ORDERS)
        found["as published"].append(-mean)
    once = [(number, frame) for number, order, frame in frames_of(songs, share) if not order]
    nats = measure(model, [frame for _, frame in once], True)
    of_song = np.array([number for number, _ in once])
    found["joint"] = [nats[of_song == number] for number in np.unique(of_song)]
    return found


def sampled(model: Any, n_pieces: int, n_rounds: int, n_more: int = 0) -> list[VoiceSong]:
    """Sample pieces from nothing, and then notes that make parallels anew."""
    randoms = [np.random.default_rng(number) for number in range(n_pieces)]
    pieces = [np.zeros((STEPS, VOICES), np.int64) for _ in randoms]
    for share in gibbs.shares(n_rounds):
        hidden = [
            np.repeat((random.random(STEPS) < share)[:, None], VOICES, axis=1) for random in randoms
        ]
        draw(model, pieces, hidden, randoms)
    for _ in range(n_more):
        hidden = []
        for piece, random in zip(pieces, randoms, strict=True):
            pitch = np.where(piece > 0, piece + LOWEST - 1, REST)
            hidden.append(parallel_notes(pitch, np.ones(pitch.shape, bool), random))
        draw(model, pieces, hidden, randoms)
    return [VoiceSong(piece, np.zeros(piece.shape, bool)) for piece in pieces]


@dataclass(eq=False)
class Redrawn:
    """Frames of a piece of which some notes are drawn anew, the voices one after another.

    Parameters
    ----------
    piece : ndarray of int, shape (STEPS, VOICES)
        Classes, which are written to in the end.
    known : ndarray of bool, shape (STEPS,)
        Frames that stay.
    steps, seen, order : ndarray of int, shape (n,), (n, VOICES) and (n, VOICES)
        The others, what is known of them, and whose turn it is when.
    random : numpy.random.Generator
        Draws.
    """

    piece: Ints
    known: Bools
    steps: Ints
    seen: Ints
    order: Ints
    random: np.random.Generator

    @classmethod
    def of(cls, piece: Ints, hidden: Bools, random: np.random.Generator) -> "Redrawn":
        """Begin with what is hidden."""
        known = np.asarray((~hidden).all(axis=1))
        steps = np.flatnonzero(~known)
        order = np.argsort(random.random((len(steps), VOICES)), axis=1)
        return cls(piece, known, steps, np.where(hidden, HIDDEN, piece)[steps], order, random)

    def waiting(self, turn: int) -> Ints:
        """Give the frames whose voice of this turn is not known."""
        of_turn = np.take_along_axis(self.seen, self.order[:, turn, None], axis=1)[:, 0]
        return np.flatnonzero(of_turn == HIDDEN)

    def read(self, rows: Ints, turn: int) -> tuple[Inputs, Ints]:
        """Lay out what is read before voices of some frames."""
        hidden = Hidden(self.steps[rows], self.order[rows, turn], self.seen[rows])
        return read(self.piece, self.known, hidden)

    def draw(self, rows: Ints, turn: int, log_p: Floats, classes: Ints) -> None:
        """Draw voices of some frames."""
        new = gibbs.drawn(np.where(classes < 1, -np.inf, log_p), self.random)
        self.seen[rows, self.order[rows, turn]] = classes[np.arange(len(rows)), new]


def draw(
    model: Any,
    pieces: Sequence[Ints],
    hidden: Sequence[Bools],
    randoms: Sequence[np.random.Generator],
) -> None:
    """Draw what is hidden of pieces, those of all pieces at once; write it."""
    todo = [Redrawn.of(*one) for one in zip(pieces, hidden, randoms, strict=True)]
    for turn in range(VOICES):
        waiting = [(one, one.waiting(turn)) for one in todo]
        waiting = [(one, rows) for one, rows in waiting if len(rows)]
        if not waiting:
            continue
        inputs, origins = joined([one.read(rows, turn) for one, rows in waiting])
        log_p, classes = log_probabilities(model, inputs), classes_of(origins)
        ends = np.cumsum([len(rows) for _, rows in waiting])[:-1]
        parts = zip(waiting, np.split(log_p, ends), np.split(classes, ends), strict=True)
        for (one, rows), log_p_of_one, classes_of_one in parts:
            one.draw(rows, turn, log_p_of_one, classes_of_one)
    for one in todo:
        one.piece[one.steps] = one.seen


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("interval-likelihood"))
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--more", type=int, default=0, help="epochs behind these")
    parser.add_argument("--share", type=float, default=0.05, help="of frames that are looked at")
    parser.add_argument("--compared-with", type=Path, help="a folder of masked_likelihood.py")
    parser.add_argument("--samples", type=int, default=32, help="pieces that are sampled")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    data = load(Path(os.environ["CLASSIFY_DATA"]) / "likelihood")
    begun = time.process_time()
    with on_terminal() as progress:
        parts, first = (data["train"], data["valid"]), given.out / "checkpoint"
        model = train(*parts, given.epochs, ORDERS, progress, first)
        if given.more:
            again = given.out / f"more-{given.more}"
            model = train(*parts, given.more, ORDERS, progress, again, 1, MORE_RATE, first)
    print(f"{model.count_params():,} weights; trained for {time.process_time() - begun:.0f} s of "
          "processor time", flush=True)  # fmt: skip
    begun = time.process_time()
    nats = nats_of_songs(model, data["test"], given.share)
    flat = {name: np.concatenate(of_songs) for name, of_songs in nats.items()}
    file = f"frames{f'-more-{given.more}' if given.more else ''}.npz"
    np.savez_compressed(given.out / file, allow_pickle=False, **flat)
    print(f"{len(flat['joint']):,} frames of {len(data['test'])} test songs in "
          f"{time.process_time() - begun:.0f} s")  # fmt: skip
    for name, of_songs in nats.items():
        low, high = interval(of_songs)
        print(f"  {name:12} {flat[name].mean():.3f} nats a frame ({low:.3f}-{high:.3f})")
    if given.compared_with:
        compare(nats["as published"], given.compared_with)
    print(f"Bach: {parallels(data['test'])}")
    for n_more in (0, MORE_ROUNDS):
        made = sampled(model, given.samples, ROUNDS, n_more)
        print(
            f"{given.samples} sampled pieces, {n_more} more rounds: {parallels(made)}", flush=True
        )


def compare(nats: list[Floats], folder: Path) -> None:
    """Print how far frames are from those of another network, which were the same ones."""
    other = np.load(folder / "frames.npz")["as published"]
    ends = np.cumsum([len(of_song) for of_song in nats])
    if len(other) != ends[-1]:
        raise SystemExit(f"{folder} has {len(other):,} frames, not {ends[-1]:,}: give its --share")
    paired = [a - b for a, b in zip(nats, np.split(other, ends[:-1]), strict=True)]
    low, high = interval(paired)
    print(f"  {np.concatenate(paired).mean():+.3f} ({low:+.3f} to {high:+.3f}) from {folder}")


if __name__ == "__main__":
    main()
