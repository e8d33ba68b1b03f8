"""Are new songs varied: as many as they seem, and wherever real songs are?

A generator that has collapsed writes few songs over and over. Rows are descriptors of songs, shape
(n_songs, n_values), on scales on which distances mean something.

Source: Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020.
"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]

#: A real song's neighbourhood reaches as far as so many other real songs.
NEIGHBOURS = 5


def density_and_coverage(
    real: Floats, new: Floats, neighbours: int = NEIGHBOURS
) -> tuple[Floats, NDArray[np.bool_]]:
    """Say for new songs how real they are, and for real songs whether one is near.

    Parameters
    ----------
    real, new : ndarray, shapes (n_real, n_values) and (n_new, n_values)
        At least two real songs.
    neighbours : int
        How far the neighbourhood of a real song reaches; fewer where there are fewer songs.

    Returns
    -------
    density : ndarray, shape (n_new,)
        In how many neighbourhoods of real songs each lies, by the number that is expected of a real
        one: their mean is about 1 for real songs.
    covered : ndarray of bool, shape (n_real,)
        Whether a new song lies in the neighbourhood of each.

    Examples
    --------
    >>> songs = np.random.default_rng(0).normal(size=(400, 2))
    >>> density, covered = density_and_coverage(songs[:200], songs[200:])
    >>> bool(abs(density.mean() - 1) < 0.2), bool(covered.mean() > 0.9)
    (True, True)
    >>> same = np.repeat(songs[:1], 200, axis=0)
    >>> bool(density_and_coverage(songs[:200], same)[1].mean() < 0.1)
    True
    """
    k = min(neighbours, len(real) - 1)
    among = cdist(real, real)
    reach = np.sort(among, axis=1)[:, k]  # the nearest of all is the song itself
    near = cdist(real, new) <= reach[:, None]
    return near.sum(axis=0) / k, near.any(axis=1)


def nearest_distances(songs: Floats) -> Floats:
    """Give the distance of each song to the nearest other one, shape (n_songs,).

    >>> nearest_distances(np.array([[0.0], [1.0], [3.0]])).tolist()
    [1.0, 1.0, 2.0]
    """
    apart = cdist(songs, songs)
    np.fill_diagonal(apart, np.inf)
    return np.asarray(apart.min(axis=1))


def first_of_their_kind(songs: Sequence[Hashable]) -> NDArray[np.bool_]:
    """Mark songs that are no repetition of one before: their share is that of distinct songs.

    >>> first_of_their_kind(["a", "b", "a"]).tolist()
    [True, True, False]
    """
    seen = set[Hashable]()
    marks = []
    for song in songs:
        marks.append(song not in seen)
        seen.add(song)
    return np.array(marks, bool)
