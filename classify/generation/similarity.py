"""How much of one melody another has, whatever the key."""

import numpy as np
from numpy.typing import NDArray

from classify.generation.novelty import GRID, steps
from classify.representations import melody as melodies
from classify.songs import Song

#: Steps of a melody that are compared at most: of longer ones, the first.
MOST_STEPS = 2000


def melodic_similarity(one: Song, other: Song) -> float:
    """Give the share of two songs' steps that both have in the same order, 0 to 1.

    A step is the interval to the next note of the skyline and the time until it begins; what both
    have is their longest common subsequence, twice its length over both lengths.

    Parameters
    ----------
    one, other : Song
        With beats; 0 where one has no melody of two notes.

    Examples
    --------
    >>> from classify.representations.melody import Melody, decode
    >>> tune = Melody((60, 62, 64, 65, 67), (4,) * 5)
    >>> melodic_similarity(decode(tune), decode(tune.transposed(5)))
    1.0
    >>> melodic_similarity(decode(tune), decode(Melody((60, 62, 64, 60, 67), (4,) * 5)))
    0.5
    """
    a, b = (_steps(song)[:MOST_STEPS] for song in (one, other))
    if not len(a) or not len(b):
        return 0.0
    return 2 * _common(a, b) / (len(a) + len(b))


def _steps(song: Song) -> NDArray[np.int64]:
    melody = melodies.encode(song, GRID)
    return np.zeros(0, np.int64) if melody is None else steps(melody)


def _common(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Give the length of the longest common subsequence, a row of the table at a time."""
    row = np.zeros(len(b) + 1, np.int64)
    for value in a:
        found = row[:-1] + (b == value)
        row[1:] = np.maximum.accumulate(np.maximum(found, row[1:]))
    return int(row[-1])
