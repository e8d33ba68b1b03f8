"""How long does a new song take, by each generator, on one core?

    python benchmarks/generation_speed.py MODEL [MODEL ...] [-n 20] [--whole 1]

MODEL is a folder that `classify train --model GENERATOR` wrote. Loads each, then asks for songs of
several kinds, as far as the generator takes such wishes; prints the median of the milliseconds of
one core's time from request to song, without loading, and the slowest of them. The first song of
each kind is counted, too: it prepares what later ones use again.

Networks that write row by row keep what they computed for the rows before. Beside each of their
figures stands that of the same network that computes everything anew for each row, in whole
matrices, as one would by calling it on all that is written so far; it is asked for `--whole` songs
of each kind, which must be the same songs.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classify.generation.generator import Generator
from classify.generation.networks.network_generator import NetworkGenerator
from classify.generation.networks.row_sampler import RowSampler, normed
from classify.generation.request import Request
from classify.inference import saved_generator
from classify.songs import Song

REQUESTS: dict[str, dict[str, Any]] = {
    "16 bars": {"bars": 16},
    "16 bars, range, key, repeats": {
        "bars": 16, "low": 55, "high": 80, "key": "D major", "repeats": 3,
    },
    "16 bars on chords": {"bars": 16, "chords": ("C", "F", "G7", "C")},
    "16 bars of a mood": {"bars": 16, "mood": "first"},
    "16 bars of a density": {"bars": 16, "density": 2.5},
    "a minute": {"seconds": 60},
    "five minutes": {"seconds": 300},
}  # fmt: skip

#: What is asked of networks that keep nothing.
WHOLE = ("16 bars", "a minute")

Floats = NDArray[np.float32]


class WithoutCache(RowSampler):
    """A network over rows that computes all rows again to predict the next."""

    def read(
        self, row: NDArray[np.int64], extras: NDArray[np.int64], time: NDArray[np.int64]
    ) -> Floats:
        """Read all rows so far, of which those in reach of the last count."""
        self.known = [*getattr(self, "known", []), (row, extras, time)]
        if self.architecture.trunk == "lstm":
            nothing = np.zeros((self.n_songs, self.architecture.conditions), np.float32)
            again = RowSampler(self.architecture, self.weights, nothing)
            again.fixed = self.fixed
            for one in self.known:
                x = again.read(*one)
        else:
            x = self._all_rows()
        self.before = [row, *self.before[:-1]]
        return x

    def _all_rows(self) -> Floats:
        parts, shape = self.weights, self.architecture
        known = self.known[-self._reach() :]
        rows, extras, times = (np.stack([one[i] for one in known], axis=1) for i in range(3))
        x = np.zeros((*times.shape, shape.units), np.float32)
        x += np.reshape(self.fixed, (-1, 1, shape.units)) if shape.conditions else 0
        for k in range(len(shape.fields)):
            x += parts[f"read.{k}"][rows[..., k]]
        for k in range(len(shape.extras)):
            x += parts[f"extra.{k}"][extras[..., k]]
        place = np.arange(len(known))
        distance = place[:, None] - place
        seen = (distance >= 0) & (distance < shape.context)
        apart = (times[:, :, None] - times[:, None]).clip(0, shape.longest)
        by_rows = parts["rows"][distance.clip(0, shape.context - 1)]
        bias = parts["times"][self.buckets[apart]] + by_rows
        bias = np.where(seen[None, ..., None], bias, -np.inf).transpose(0, 3, 1, 2)
        for layer in range(shape.layers):
            x = self._whole_layer(x, layer, bias)
        return normed(x[:, -1], parts["norm"])

    def _reach(self) -> int:
        """Count the rows on which the last depends through all layers."""
        return (self.architecture.context - 1) * self.architecture.layers + 1

    def _whole_layer(self, x: Floats, layer: int, bias: Floats) -> Floats:
        parts, shape = self.weights, self.architecture
        heads, size = shape.heads, shape.units // shape.heads
        add_qkv, add_out, add_wide, add_narrow = np.split(parts[f"{layer}.bias"], self.cuts)
        qkv = normed(x, parts[f"{layer}.norm"]) @ parts[f"{layer}.qkv"] + add_qkv
        query, key, value = qkv.reshape(*x.shape[:2], 3, heads, size).transpose(2, 0, 3, 1, 4)
        scores = query @ key.swapaxes(-1, -2) * np.float32(size**-0.5) + bias
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        looked = (scores @ value).transpose(0, 2, 1, 3).reshape(x.shape)
        x = x + looked.astype(np.float32) @ parts[f"{layer}.out"] + add_out
        wide = normed(x, parts[f"{layer}.norm2"]) @ parts[f"{layer}.wide"] + add_wide
        return x + np.maximum(wide, 0) @ parts[f"{layer}.narrow"] + add_narrow


def timed(generator: Generator, wishes: dict[str, Any], n_songs: int) -> tuple[list[float], Song]:
    """Give the milliseconds that each of some songs took, and the first song."""
    taken, songs = [], []
    for seed in range(n_songs):
        begun = time.process_time()
        songs.append(generator.generate(Request(**wishes), seed))
        taken.append(1000 * (time.process_time() - begun))
    return taken, songs[0]


def without_cache(generator: NetworkGenerator) -> Callable[..., RowSampler]:
    """Give what begins songs of a network that keeps nothing."""

    def sampler(condition: Floats, n_songs: int = 1) -> RowSampler:
        known = np.repeat(condition[None], n_songs, 0)
        return WithoutCache(generator.architecture, generator.weights, known)

    return sampler


def measure(model: Path, n_songs: int, n_whole: int) -> None:
    """Print how long songs of a model take."""
    begun = time.perf_counter()
    saved = saved_generator.load(model)
    print(f"{saved.name}: loaded in {time.perf_counter() - begun:.1f} s", flush=True)
    generator = saved.generator
    for title, wishes in REQUESTS.items():
        if not wishes.keys() <= generator.KEEPS | generator.AIMS:
            continue
        if "mood" in wishes:
            if not generator.moods:
                continue
            wishes = wishes | {"mood": generator.moods[0]}
        taken, song = timed(generator, wishes, n_songs)
        median = float(np.median(taken))
        line = f"  {title:30} {median:7.0f} ms, at most {max(taken):.0f}, {song.n_notes} notes"
        if n_whole and title in WHOLE and isinstance(generator, NetworkGenerator):
            generator.sampler = without_cache(generator)  # type: ignore[method-assign]
            slow, other = timed(generator, wishes, n_whole)
            del generator.sampler
            ratio = np.median(slow) / np.median(taken[:n_whole])
            same = "the same song" if (song.notes == other.notes).all() else "another song"
            line += f"; without a cache {np.median(slow):.0f}, {ratio:.1f} times, {same}"
        print(line, flush=True)


def main() -> None:
    """Measure all models that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("-n", type=int, default=20, help="songs of each kind")
    parser.add_argument("--whole", type=int, default=1, help="songs of each kind without a cache")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    with threadpool_limits(1):
        for model in args.models:
            measure(model, args.n, args.whole)


if __name__ == "__main__":
    main()
