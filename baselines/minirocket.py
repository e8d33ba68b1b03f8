"""MiniRocket (Dempster, Schmidt and Webb 2021): fixed convolutions of the notes, read linearly.

Each of 84 small kernels passes over the channels at several dilations; what counts is the share of
a window's notes where its answer is above a bias. The convolutions are aeon's. A logistic
regression on them gives probabilities, where the paper has a ridge.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

TITLE = "MiniRocket"
INPUT = "notes"
ROWS = False
GRID = {"logisticregression__C": [1e-3, 1e-2]}

#: Length of every kernel, in notes; no window may be shorter.
KERNEL = 9


def build(seed: int) -> Pipeline:
    """Build the convolutions, drawn by `seed`, and the regression on their standardised answers."""
    from aeon.transformations.collection.convolution_based import MiniRocket  # brings a compiler

    return make_pipeline(
        FunctionTransformer(by_channel),
        MiniRocket(n_kernels=2520, n_jobs=1, random_state=seed),
        StandardScaler(),
        LogisticRegression(max_iter=200, random_state=seed),
    )


def by_channel(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn (n_windows, n_notes, n_channels) to (n_windows, n_channels, n_notes), as aeon has it.

    Windows shorter than a kernel are filled with zeros on the left. The memory is laid out in this
    order too: aeon compiles its convolutions again for every other layout.
    """
    missing = max(0, KERNEL - x.shape[1])
    filled = np.pad(x, ((0, 0), (missing, 0), (0, 0)))
    return np.ascontiguousarray(filled.swapaxes(1, 2), dtype=np.float32)
