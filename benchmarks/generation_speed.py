"""How long does a new song take, by each generator, on one core?

    python benchmarks/generation_speed.py MODEL [MODEL ...] [-n 20]

MODEL is a folder that `classify train --model GENERATOR` wrote. Loads each, then asks for songs of
several kinds, as far as the generator takes such wishes; prints the median of the milliseconds from
request to song, without loading, and the slowest of them. The first song of each kind is counted,
too: it prepares what later ones use again.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from classify.generation.request import Request
from classify.inference import saved_generator

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


def milliseconds(model: Path, n_songs: int) -> None:
    """Print how long songs of a model take."""
    begun = time.perf_counter()
    saved = saved_generator.load(model)
    print(f"{saved.name}: loaded in {time.perf_counter() - begun:.1f} s")
    generator = saved.generator
    for title, wishes in REQUESTS.items():
        if not wishes.keys() <= generator.KEEPS | generator.AIMS:
            continue
        if "mood" in wishes:
            if not generator.moods:
                continue
            wishes = wishes | {"mood": generator.moods[0]}
        taken = []
        for seed in range(n_songs):
            begun = time.perf_counter()
            generator.generate(Request(**wishes), seed)
            taken.append(1000 * (time.perf_counter() - begun))
        print(f"  {title:30} {np.median(taken):7.0f} ms, at most {max(taken):.0f}")


def main() -> None:
    """Measure all models that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("-n", type=int, default=20, help="songs of each kind")
    args = parser.parse_args()
    with threadpool_limits(1):
        for model in args.models:
            milliseconds(model, args.n)


if __name__ == "__main__":
    main()
