"""The one score by which everything is chosen: grid values, and the epoch of a network.

Models are compared on songs, so they are chosen on songs: a song's answer is the mean of its
windows', and macro-F1 counts every class alike (accuracy is often highest while a model still
answers two classes of five).
"""

import numpy as np
from numpy.typing import NDArray

from classify.evaluation.scores import confusion, macro_f1, song_means


def song_score(outputs: NDArray[np.floating], codes: NDArray[np.integer], songs: NDArray) -> float:
    """Compute macro-F1 over songs.

    Parameters
    ----------
    outputs : ndarray, shape (n_windows, n_classes)
        Probabilities or decisions; NaN for windows that were not predicted.
    codes : ndarray of int, shape (n_windows,)
        The class of each window.
    songs : ndarray, shape (n_windows,)
        The song of each window.

    Examples
    --------
    >>> outputs = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [np.nan, np.nan]])
    >>> song_score(outputs, np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2]))
    1.0
    """
    known = ~np.isnan(outputs).any(axis=1)
    _, first, place = np.unique(songs[known], return_index=True, return_inverse=True)
    predicted = song_means(outputs[known], place).argmax(axis=1)
    return float(macro_f1(confusion(codes[known][first], predicted, outputs.shape[1])))
