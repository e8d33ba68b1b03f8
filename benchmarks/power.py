"""How often do our tests of two models find a difference that is there, and one that is not?

Two models answer made-up songs; the first has so many points more accuracy. They agree as models
do, and each fold's models differ a little from the others'. At 0 points a test should call them
different in at most 5 of 100 cases; above, the more often the better::

    python benchmarks/power.py --seeds 300

The last lines are of models that were really trained, on labels drawn at random: songs in groups,
folds that share training songs (`random_labels.py`). There, too, at most 5 of 100 are to be called
different.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from classify.evaluation.significance import corrected_t, mcnemar, pooled

sys.path.insert(0, str(Path(__file__).parent))
import random_labels

SONGS, FOLDS = 800, 5
POINTS = (0, 2, 4, 6, 8, 10, 15)

#: How often both models get a song from the same draw, and how often a repeat's model does again.
ALIKE, AGAIN = 0.5, 0.85


def right_songs(draw: np.random.Generator, points: float, repeats: int) -> np.ndarray:
    """Give which songs each model predicts correctly, shape (repeats, 2, SONGS)."""
    accuracy = np.array([[0.5 + points / 100], [0.5]])
    shared, own = draw.random(SONGS), draw.random((2, SONGS))
    first = np.where(draw.random((2, SONGS)) < ALIKE, shared, own) < accuracy
    redrawn = draw.random((repeats, 2, SONGS)) < accuracy
    return np.where(draw.random((repeats, 2, SONGS)) < AGAIN, first, redrawn)


def p_values(draw: np.random.Generator, points: float) -> Iterator[tuple[str, float]]:
    """Test one pair of models in every way: title, and p value."""
    right = right_songs(draw, points, 10).astype(float)
    differences = right[:, 0] - right[:, 1]
    names = np.arange(SONGS).astype(str)
    fifth = draw.permutation(SONGS)[: SONGS // FOLDS]
    yield "a fifth held out: McNemar", mcnemar(*(right[0][:, fifth] > 0))
    for repeats in (1, 2, 10):
        parts = [np.array_split(draw.permutation(SONGS), FOLDS) for _ in range(repeats)]
        folds = [
            one[part].mean() for one, of in zip(differences, parts, strict=False) for part in of
        ]
        title = f"{repeats} x {FOLDS} folds: "
        yield title + "corrected t over folds", corrected_t(folds, 1 / (FOLDS - 1))
        mean = differences[:repeats].mean(axis=0)
        yield title + "t over songs, widened", pooled(mean, names, FOLDS).p_value


def main() -> None:
    """Print rates by difference, and those of trained models on random labels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--corpora", type=int, default=100, help="with random labels")
    options = parser.parse_args()
    rates: dict[str, list[float]] = {}
    for points in POINTS:
        called: dict[str, list[bool]] = {}
        for seed in range(options.seeds):
            for title, p in p_values(np.random.default_rng([points, seed]), points):
                called.setdefault(title, []).append(p < 0.05)
        for title, which in called.items():
            rates.setdefault(title, []).append(float(np.mean(which)))
    print(f"{SONGS} songs; called different, %, by the difference in points")
    print(f"{'test':40}" + "".join(f"{points:>6}" for points in POINTS))
    for title, row in rates.items():
        print(f"{title:40}" + "".join(f"{100 * rate:6.0f}" for rate in row), flush=True)
    print("\ntrained models, labels at random (above 5 is too often)")
    every = [
        random_labels.found(random_labels.made_up(s, 20, 0.0), s) for s in range(options.corpora)
    ]
    for title in every[0].called:
        print(f"{title:44} {np.mean([one.called[title] != 0 for one in every]):6.1%}", flush=True)


if __name__ == "__main__":
    main()
