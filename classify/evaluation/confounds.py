"""What can be predicted without hearing a note: from where a song comes, its metre, its length.

A model that beats the majority class by no more than its songs' collection, time signature, tempo,
length or instruments tell has not shown that it hears anything else. Each of these is predicted
with alone: a song gets the commonest class of the training songs that are alike in it.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Numbers are put into so many bins of equally many training songs.
BINS = 8


def shares(
    values: Sequence[str] | NDArray[np.floating],
    labels: Sequence[str],
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Predict test songs from one value of each song.

    Parameters
    ----------
    values : sequence of str, or ndarray of float, length n_songs
        What songs are told by: a name, or a number.
    labels : sequence of str, length n_songs
        Class of each song.
    train, test : ndarray of bool, shape (n_songs,)
        Songs to learn from, and to predict.

    Returns
    -------
    ndarray, shape (n_test, n_classes)
        Shares of the classes, sorted by name, among training songs of the same name or bin; among
        all training songs where there is none.

    Examples
    --------
    >>> train = np.array([True, True, True, False, False])
    >>> shares(["x", "x", "y", "x", "z"], list("aabbb"), train, ~train).round(2).tolist()
    [[1.0, 0.0], [0.67, 0.33]]
    """
    names = _binned(np.asarray(values), train)
    classes, codes = np.unique(np.asarray(labels), return_inverse=True)
    counts: dict[str, NDArray[np.float64]] = {}
    for name, code in zip(names[train], codes[train], strict=True):
        counts.setdefault(name, np.zeros(len(classes)))[code] += 1
    everywhere = np.bincount(codes[train], minlength=len(classes)).astype(float)
    rows = np.array([counts.get(name, everywhere) for name in names[test]])
    return rows / rows.sum(axis=1, keepdims=True)


def _binned(values: NDArray, train: NDArray[np.bool_]) -> NDArray[np.str_]:
    """Turn numbers into names of bins of equally many training songs."""
    if not np.issubdtype(values.dtype, np.floating):
        return values.astype(str)
    edges = np.quantile(values[train], np.arange(1, BINS) / BINS)
    return np.searchsorted(edges, values, side="right").astype(str)


def varies(values: Sequence[str] | NDArray[np.floating]) -> bool:
    """Say whether songs differ in a value at all.

    >>> varies(["x", "x"]), varies(np.array([1.0, 2.0]))
    (False, True)
    """
    return len(Counter(np.asarray(values).tolist())) > 1
