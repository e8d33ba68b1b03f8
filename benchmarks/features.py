"""How many windows a second become features, for each family and in all, on one core.

Makes random windows with several voices and drums, the worst case for most features::

    python benchmarks/features.py --windows 2000 --notes 200

"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from classify.features import batch, compute, listed
from classify.songs import NOTE, Song


def made_up(n_notes: int, seed: int) -> Song:
    """Make a song of chords, melody and drums on a grid of quarter beats."""
    draw = np.random.default_rng(seed)
    notes = np.zeros(n_notes, NOTE)
    notes["beat"] = np.sort(draw.integers(0, n_notes, n_notes)) / 4
    notes["onset"] = notes["beat"] / 2 + draw.uniform(0, 0.005, n_notes).cumsum() / n_notes
    notes["duration"] = draw.choice([0.1, 0.25, 0.5, 1.0], n_notes)
    notes["drum"] = draw.random(n_notes) < 0.2
    notes["pitch"] = np.where(
        notes["drum"],
        draw.choice([36, 38, 42], n_notes),
        draw.choice([0, 2, 4, 5, 7, 9, 11], n_notes) + 12 * draw.integers(3, 7, n_notes),
    )
    notes["velocity"] = draw.integers(30, 110, n_notes)
    notes["program"] = draw.choice([0, 32, 48], n_notes)
    order = np.lexsort((notes["pitch"], notes["onset"]))
    return Song.of(notes[order], Path(f"{seed}.mid"))


def seconds(function: Callable[[], object]) -> float:
    """Give the processor time of one call, the better of two."""
    taken = []
    for _ in range(2):
        start = time.process_time()
        function()
        taken.append(time.process_time() - start)
    return min(taken)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--windows", type=int, default=2000)
    parser.add_argument("--notes", type=int, default=200)
    options = parser.parse_args()
    songs = [made_up(options.notes, seed) for seed in range(100)]
    rows = np.arange(options.windows)
    windows = batch(songs, rows % len(songs), np.zeros_like(rows), options.notes)
    families = list(dict.fromkeys(f.family for f in listed()))
    print(f"{options.windows:,} windows of {options.notes:,} notes; processor time on one core")
    print(f"{'family':14} features  windows/s (with what it needs: events, melody, bass)")
    with threadpool_limits(1):
        for family in families:
            taken = seconds(lambda family=family: compute(windows, [family]))  # type: ignore[misc]
            n_features = len(listed([family]))
            print(f"{family:14} {n_features:8d} {options.windows / taken:10,.0f}", flush=True)
        taken = seconds(lambda: compute(windows))
    print(f"{'all':14} {len(listed()):8d} {options.windows / taken:10,.0f}")


if __name__ == "__main__":
    main()
