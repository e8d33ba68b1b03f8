"""From window to song: what a window's features are beside those of its whole song."""

import numpy as np
from numpy.typing import NDArray

from classify.features.ragged import ratio


def with_song(x: NDArray[np.float32], song: NDArray[np.int64]) -> NDArray[np.float32]:
    """Add to each window's features their mean and spread over the windows of its song.

    Each song is looked at by itself, so nothing passes from one song to another, nor from a
    training part to a test part that holds whole songs.

    Parameters
    ----------
    x : ndarray, shape (n_windows, n_features)
        Features of windows.
    song : ndarray of int, shape (n_windows,)
        Each window's song, in any order.

    Returns
    -------
    ndarray of float32, shape (n_windows, 3 * n_features)
        Features, their means, their population standard deviations (0 for a song of one window).
    """
    _, place, counts = np.unique(song, return_inverse=True, return_counts=True)
    order = np.argsort(place, kind="stable")
    starts = np.cumsum(counts) - counts

    def over_song(table: NDArray[np.float64]) -> NDArray[np.float64]:
        return ratio(np.add.reduceat(table[order], starts), counts[:, None])[place]

    values = x.astype(np.float64)
    mean = over_song(values)
    spread = np.sqrt(over_song((values - mean) ** 2))
    return np.concatenate([values, mean, spread], axis=1).astype(np.float32)
