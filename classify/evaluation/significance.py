"""Is a difference between two models more than chance? Paired tests on the same songs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest


def mcnemar(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> float:
    """Exact McNemar test of two models on the same songs (McNemar 1947, in its binomial form).

    Parameters
    ----------
    right_a, right_b : ndarray of bool, shape (n_songs,)
        Which songs each model answered rightly.

    Returns
    -------
    float
        Two-sided p value; 1 if the models are right on the same songs.
    """
    only_a = int((right_a & ~right_b).sum())
    only_b = int((right_b & ~right_a).sum())
    if only_a + only_b == 0:
        return 1.0
    return float(binomtest(only_a, only_a + only_b).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for the number of comparisons shown (Holm 1979).

    Parameters
    ----------
    p_values : sequence of float
        In any order.

    Returns
    -------
    list of float
        Adjusted values in the same order, each at most 1.
    """
    order = np.argsort(p_values)
    adjusted = np.zeros(len(p_values))
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = min(1.0, highest)
    return adjusted.tolist()
