"""Compile what Numba compiles when it is first used, the features and MiniRocket: `make test` does
so once, while it installs, and its tests need not.

    python -m tests.ahead
"""

from concurrent.futures import ProcessPoolExecutor

import numpy as np


def compile_features() -> None:
    """Compute every feature of a window."""
    from classify.representations.features import batch, compute
    from classify.representations.reference import piece

    compute(batch([piece()], np.array([0]), np.array([0]), 64))


def compile_minirocket() -> None:
    """Fit MiniRocket."""
    from classify.models import registry
    from classify.models.training_settings import TrainingSettings

    x = np.random.default_rng(0).normal(size=(20, 16, 2)).astype(np.float32)
    y, groups = np.array(["one", "two"] * 10), np.arange(20).astype(str)
    spec = registry.find()["minirocket"]
    registry.make(spec, 0, TrainingSettings(), quick=True).fit(x, y, groups, print).predict_proba(x)


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as processes:
        for work in [processes.submit(compile_features), processes.submit(compile_minirocket)]:
            work.result()
