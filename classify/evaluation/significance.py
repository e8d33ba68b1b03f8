"""Is a difference between two models more than chance? Paired tests on the same songs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def mcnemar(
    right_a: NDArray[np.bool_],
    right_b: NDArray[np.bool_],
    groups: Sequence[str] | NDArray[np.str_] | None = None,
) -> float:
    """Exact McNemar test of two models on the same songs, with groups of songs as the unit.

    Under the null hypothesis the two models could be swapped. Songs of one group are not
    independent, so they are swapped together: the statistic is the difference in right answers,
    and its exact distribution is that of the sum of each group's difference with a random sign.
    With one song a group this is McNemar's test in its binomial form.

    Parameters
    ----------
    right_a, right_b : ndarray of bool, shape (n_songs,)
        Which songs each model answered rightly.
    groups : sequence of str, length n_songs, optional
        Group of each song; each song its own unless given.

    Returns
    -------
    float
        Two-sided p value; 1 if the models are right on the same songs.

    References
    ----------
    McNemar 1947, Psychometrika 12; Edgington and Onghena 2007, Randomization Tests, ch. 4.
    """
    difference = right_a.astype(int) - right_b.astype(int)
    if groups is not None:
        _, index = np.unique(np.asarray(groups), return_inverse=True)
        difference = np.bincount(index, weights=difference).astype(int)
    steps = np.abs(difference[difference != 0])
    chances = np.ones(1)  # of each sum from -reach to +reach
    for step in steps:
        padded = np.zeros(len(chances) + 2 * step)
        padded[: len(chances)] += chances / 2
        padded[2 * step :] += chances / 2
        chances = padded
    reach = steps.sum()
    extreme = np.abs(np.arange(-reach, reach + 1)) >= abs(difference.sum())
    return float(min(1.0, chances[extreme].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for their number (Holm 1979).

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
