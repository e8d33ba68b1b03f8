"""How well Markov models of whole frames predict held-out music, in nats a frame.

    CLASSIFY_DATA=FOLDER python benchmarks/likelihood.py [jsb] [nottingham] [--out FOLDER]

The data sets and splits of Boulanger-Lewandowski et al. (2012), in `CLASSIFY_DATA/likelihood`: the
joint probability of all 88 keys of a frame, from the second frame of a song on, mean over the
frames of the test part. (Figures of independent keys are another protocol and never beside these.)

Three models, each the base of the next:

- *keys*: each key given the frame before and the lower keys of this one, as counted; a distribution
  over all 2^88 frames, so that no frame is impossible;
- *static*: whole frames by the frames before them, of variable order with Witten and Bell's (1991)
  backoff, counted in all transpositions of the training songs;
- *adaptive*: the same over the frames of the song itself, as far as it has been heard, since songs
  repeat themselves. It is causal: a frame's probability never depends on what follows.

Orders and strengths of the backoff are chosen on the validation part. Writes `DATA.npz` with the
probability of every frame of the test part; what is printed last is worked out from that file.
"""

import argparse
import itertools
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import scipy.io
from numpy.typing import NDArray

FILES = {"jsb": "JSB_Chorales", "nottingham": "Nottingham"}
KEYS, SHIFTS = 88, range(-5, 7)

#: Orders of the static and of the adaptive model, and strengths of their backoff, that are tried.
ORDERS, LENGTHS = (1, 2, 3, 4), (2, 4, 8, 16)
STRENGTHS = (0.5, 1.0, 2.0, 4.0)

Frame = tuple[int, ...]
Floats = NDArray[np.float64]


def load(name: str, folder: Path) -> dict[str, list[list[Frame]]]:
    """Read a data set: for each part, songs of frames of keys from 0 to 87."""
    file = scipy.io.loadmat(str(folder / f"{FILES[name]}.mat"))
    return {
        part: [
            [tuple(np.flatnonzero(frame).tolist()) for frame in song]
            for song in file[f"{part}data"].ravel()
        ]
        for part in ("train", "valid", "test")
    }


def transposed(song: Sequence[Frame], semitones: int) -> list[Frame] | None:
    """Move a song; None where that leaves the keyboard."""
    moved = [tuple(key + semitones for key in frame) for frame in song]
    keys = [key for frame in moved for key in frame]
    return moved if not keys or (min(keys) >= 0 and max(keys) < KEYS) else None


class KeyModel:
    """Each key by what sounded around it before, and by the next lower key of the same frame."""

    def __init__(self, songs: Iterable[Sequence[Frame]]) -> None:
        self.counts: dict[tuple[int, ...], list[float]] = defaultdict(lambda: [1.0, 0.25])
        for song in songs:
            for before, frame in itertools.pairwise(song):
                for context, sounds in self._contexts(before, frame):
                    self.counts[context][sounds] += 1

    @staticmethod
    def _contexts(before: Frame, frame: Frame) -> Iterable[tuple[tuple[int, ...], bool]]:
        held, now, lower, count = set(before), set(frame), -1, 0
        for key in range(KEYS):
            near = (key - 1 in held or key + 1 in held) + 2 * (key - 2 in held or key + 2 in held)
            interval = min(key - lower, 20) if lower >= 0 else 21 + key // 6
            rest = sum(other > key for other in before)
            yield (key in held, near, interval, min(count, 6), min(rest, 6)), key in now
            if key in now:
                lower, count = key, count + 1

    def log_probability(self, before: Frame, frame: Frame) -> float:
        """Log-probability of a frame after another one, in nats."""
        total = 0.0
        for context, sounds in self._contexts(before, frame):
            counts = self.counts.get(context, (1.0, 0.25))
            total += np.log(counts[sounds] / (counts[0] + counts[1]))
        return total


class Backoff:
    """How often which frame followed which frames, of every order up to the longest."""

    def __init__(self, order: int) -> None:
        self.order = order
        self.after: dict[tuple[int, ...], dict[int, int]] = defaultdict(dict)
        self.total: dict[tuple[int, ...], int] = defaultdict(int)

    def count(self, song: Sequence[int], place: int) -> None:
        """Count one frame of a song after those before it."""
        for length in range(min(self.order, place) + 1):
            context, symbol = tuple(song[place - length : place]), song[place]
            after = self.after[context]
            after[symbol] = after.get(symbol, 0) + 1
            self.total[context] += 1

    def probability(
        self, song: Sequence[int], place: int, base: float, order: int, strength: float
    ) -> float:
        """Interpolate all orders, the shortest first; new symbols share the weight of the base."""
        p = base
        for length in range(min(order, place) + 1):
            context = tuple(song[place - length : place])
            total = self.total.get(context, 0)
            if not total:
                break
            after = self.after[context]
            new = strength * len(after)
            p = (after.get(song[place], 0) + new * p) / (total + new)
        return p


class Predictor:
    """Predicts the frames of songs by all three models."""

    def __init__(self, songs: Sequence[Sequence[Frame]]) -> None:
        moved = [m for song in songs for shift in SHIFTS if (m := transposed(song, shift))]
        self.numbers: dict[Frame, int] = {}
        self.keys = KeyModel(moved[:: len(SHIFTS) + 1])  # each song once, in some key
        self.static = Backoff(max(ORDERS))
        for song in moved:
            numbered = self.numbered(song)
            for place in range(len(numbered)):
                self.static.count(numbered, place)

    def numbered(self, song: Sequence[Frame]) -> list[int]:
        """Write each frame as a number."""
        return [self.numbers.setdefault(frame, len(self.numbers)) for frame in song]

    def base(self, songs: Sequence[Sequence[Frame]]) -> list[Floats]:
        """Log-probabilities of all frames but the first of each song, by keys alone."""
        known: dict[tuple[Frame, Frame], float] = {}
        found = []
        for song in songs:
            for pair in itertools.pairwise(song):
                if pair not in known:
                    known[pair] = self.keys.log_probability(*pair)
            found.append(np.array([known[pair] for pair in itertools.pairwise(song)]))
        return found

    def by_training_songs(
        self, songs: Sequence[Sequence[Frame]], base: list[Floats], order: int, strength: float
    ) -> list[Floats]:
        """Probabilities of all frames but the first, by the training songs."""
        return [
            np.array([
                self.static.probability(song, place, np.exp(of_song[place - 1]), order, strength)
                for place in range(1, len(song))
            ])
            for song, of_song in zip(map(self.numbered, songs), base, strict=True)
        ]  # fmt: skip

    def by_the_song_too(
        self, songs: Sequence[Sequence[Frame]], static: list[Floats], order: int, strength: float
    ) -> list[Floats]:
        """Probabilities of all frames but the first, by the song itself as well."""
        found = []
        for song, of_song in zip(map(self.numbered, songs), static, strict=True):
            heard, p = Backoff(order), []
            heard.count(song, 0)
            for place in range(1, len(song)):
                p.append(heard.probability(song, place, of_song[place - 1], order, strength))
                heard.count(song, place)
            found.append(np.array(p))
        return found


def nats(probabilities: Sequence[Floats]) -> float:
    """Mean over all frames."""
    return float(-np.log(np.concatenate(probabilities)).mean())


def interval(probabilities: Sequence[Floats], n_draws: int = 2000) -> tuple[float, float]:
    """95 % bootstrap interval over songs."""
    total = np.array([-np.log(p).sum() for p in probabilities])
    frames = np.array([len(p) for p in probabilities])
    chosen = np.random.default_rng(0).integers(0, len(total), (n_draws, len(total)))
    low, high = np.quantile(total[chosen].sum(1) / frames[chosen].sum(1), [0.025, 0.975])
    return float(low), float(high)


def run(name: str, folder: Path, out: Path) -> None:
    """Fit, choose on the validation part, and print the test part."""
    data, begun = load(name, folder), time.perf_counter()
    model = Predictor(data["train"])
    bases = {part: model.base(data[part]) for part in ("valid", "test")}
    score, order, strength = min(
        (nats(model.by_training_songs(data["valid"], bases["valid"], o, s)), o, s)
        for o in ORDERS for s in STRENGTHS
    )  # fmt: skip
    static = {p: model.by_training_songs(data[p], bases[p], order, strength) for p in bases}
    best, length, weight = min(
        (nats(model.by_the_song_too(data["valid"], static["valid"], o, s)), o, s)
        for o in LENGTHS for s in STRENGTHS
    )  # fmt: skip
    adaptive = model.by_the_song_too(data["test"], static["test"], length, weight)
    print(f"{name}: {time.perf_counter() - begun:.0f} s; on the validation part static {score:.2f} "
          f"(order {order}, strength {strength}), adaptive {best:.2f} (order {length}, strength "
          f"{weight})")  # fmt: skip
    columns = {
        "keys": [np.exp(b) for b in bases["test"]], "static": static["test"], "adaptive": adaptive
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    for title, of_songs in columns.items():
        low, high = interval(of_songs)
        print(f"  {title:9} {nats(of_songs):.2f} nats a frame ({low:.2f}-{high:.2f})")
    flat = {title: np.concatenate(of_songs) for title, of_songs in columns.items()}
    np.savez_compressed(out / f"{name}.npz", allow_pickle=False, **flat)
    saved = np.load(out / f"{name}.npz")
    again = {title: round(float(np.mean(-np.log(saved[title]))), 2) for title in saved.files}
    print(f"  worked out from {out / name}.npz: {again}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="*", help="jsb, nottingham; both unless given")
    parser.add_argument("--out", type=Path, default=Path("likelihood"))
    given = parser.parse_args()
    for name in given.data or list(FILES):
        run(name, Path(os.environ["CLASSIFY_DATA"]) / "likelihood", given.out)


if __name__ == "__main__":
    main()
