"""Labels that several models confidently contradict: confident learning over a committee.

A model contradicts a song's label where another class is more probable and at least as probable as
that class usually is for its own songs (the threshold of Northcutt, Jiang and Chuang 2021, JAIR 70,
as in cleanlab). One model contradicts many labels, right ones among them; what more than half of
the models contradict with the same class is worth a look.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Suspicion:
    """A song whose label is doubtful: its index, the other class, votes, and the mean margin."""

    song: int
    other: int
    votes: int
    margin: float


def suspicions(p: Sequence[NDArray[np.floating]], truth: NDArray[np.integer]) -> list[Suspicion]:
    """Rank the songs whose label most models confidently contradict.

    Parameters
    ----------
    p : sequence of ndarray, each of shape (n_songs, n_classes)
        Calibrated probabilities of each model for songs that it did not learn from.
    truth : ndarray of int, shape (n_songs,)
        Their labels.

    Returns
    -------
    list of Suspicion
        The largest margin first: probability of the other class less that of the label, the mean
        over all models. Empty for fewer than two models.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.9, 0.1], [0.1, 0.9]])
    >>> [found] = suspicions([p, p], np.array([0, 0, 1, 1]))
    >>> found.song, found.other, found.votes, round(found.margin, 1)
    (2, 0, 2, 0.8)
    """
    if len(p) < 2:
        return []
    n_songs, n_classes = p[0].shape
    votes = np.zeros((n_songs, n_classes), int)
    songs = np.arange(n_songs)
    for of_model in p:
        own = np.array([of_model[truth == k, k].mean() if (truth == k).any() else 1.0
                        for k in range(n_classes)])  # fmt: skip
        sure = (of_model >= own) & (of_model > of_model[songs, truth][:, None])
        best = np.where(sure, of_model, -1.0).argmax(axis=1)
        flagged = sure.any(axis=1)
        votes[songs[flagged], best[flagged]] += 1
    mean = np.mean(p, axis=0)
    found = [
        Suspicion(int(song), int(other), int(votes[song, other]),
                  float(mean[song, other] - mean[song, truth[song]]))
        for song, other in enumerate(votes.argmax(axis=1))
        if votes[song, other] > len(p) / 2
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.margin, one.song))
