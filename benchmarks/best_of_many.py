"""The best of many models looks better than it is. Do our tests see through that?

Models that all have an accuracy of 50 %, and agree with each other as models do, are ranked
by the very songs that then test the best of them against the others. No difference is real, so at
most 5 of 100 such comparisons should call any of them so::

    python benchmarks/best_of_many.py --seeds 300

For each design two ways of adjusting p values are shown: over the comparisons of the best model
with each other one, and over all pairs of models. The report takes the first over folds and the
second on one hold-out.
"""

import argparse
from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from classify.evaluation.significance import corrected_t, holm, mcnemar, pooled

#: How often a model predicts what the others do, and as it did in the last repeat.
ALIKE, AGAIN = 0.5, 0.85

Right = NDArray[np.bool_]


def made_up(draw: np.random.Generator, n_models: int, n_songs: int) -> Right:
    """Give which songs each model predicts correctly, shape (n_models, n_songs)."""
    shared = draw.random(n_songs) < 0.5
    own = draw.random((n_models, n_songs)) < 0.5
    return np.where(draw.random((n_models, n_songs)) < ALIKE, shared, own)


def folded(draw: np.random.Generator, right: Right, folds: int, repeats: int) -> NDArray:
    """Give each model's accuracy in each fold of each repeat, shape (folds * repeats, n_models)."""
    accuracies = []
    for _ in range(repeats):
        redrawn = draw.random(right.shape) < 0.5
        now = np.where(draw.random(right.shape) < AGAIN, right, redrawn)
        parts = np.array_split(draw.permutation(right.shape[1]), folds)
        accuracies += [now[:, part].mean(axis=1) for part in parts]
    return np.array(accuracies)


def called(n_models: int, best: int, p_value: Callable[[int, int], float]) -> tuple[bool, bool]:
    """Say whether any difference of the best is called real, by either way of adjusting."""
    others = [(best, other) for other in range(n_models) if other != best]
    pairs = list(combinations(range(n_models), 2))
    shown = min(holm([p_value(*pair) for pair in others])) < 0.05
    adjusted = holm([p_value(*pair) for pair in pairs])
    real = [best in pair and p < 0.05 for pair, p in zip(pairs, adjusted, strict=True)]
    return shown, any(real)


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=300)
    options = parser.parse_args()
    print(f"{'called real':34} comparisons shown  all pairs")
    for n_models in (4, 12):
        for title, folds, repeats, n_songs in (
            ("hold-out of 60 songs, McNemar", 1, 1, 60),
            ("hold-out of 200 songs, McNemar", 1, 1, 200),
            ("5 folds of 500 songs, corrected t", 5, 1, 500),
            ("5 folds of 500 songs, t over songs", 5, 1, 500),
            ("5 folds twice, corrected t", 5, 2, 500),
        ):
            rates = np.mean(
                [
                    one(seed, n_models, folds, repeats, n_songs, pool="over songs" in title)
                    for seed in range(options.seeds)
                ],
                axis=0,
            )
            name = f"{n_models} models, {title}"
            print(f"{name:48} {rates[0]:6.1%}  {rates[1]:6.1%}", flush=True)


def one(
    seed: int, n_models: int, folds: int, repeats: int, n_songs: int, pool: bool
) -> tuple[bool, bool]:
    """Make models up, choose the best, and test it."""
    draw = np.random.default_rng(seed)
    right = made_up(draw, n_models, n_songs)
    if folds == 1:
        best = int(right.mean(axis=1).argmax())
        return called(n_models, best, lambda a, b: mcnemar(right[a], right[b]))
    if pool:
        best, names = int(right.mean(axis=1).argmax()), np.arange(n_songs).astype(str)
        values = right.astype(float)
        return called(
            n_models, best, lambda a, b: pooled(values[a] - values[b], names, folds).p_value
        )
    accuracies = folded(draw, right, folds, repeats)
    best = int(accuracies.mean(axis=0).argmax())
    ratio = 1 / (folds - 1)
    return called(
        n_models, best, lambda a, b: corrected_t(accuracies[:, a] - accuracies[:, b], ratio)
    )


if __name__ == "__main__":
    main()
