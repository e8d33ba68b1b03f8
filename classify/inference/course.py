"""The course of classes over a song: what single windows say, brought in line with the whole.

A model of windows says something of each of them. One that describes a whole song says the same of
all, so a companion is trained beside it, on features of single windows. Either way the course is
moved by as much for all windows of a song, in log-odds, as makes its mean what is said of the song:
it tells where in a song a class is more probable, and never another mood than the song's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classify.evaluation import calibration
from classify.evaluation.scores import song_means
from classify.representations.representation import Representation
from classify.representations.windows import Windows
from classify.songs import Song

#: The model of windows that is trained beside a model of whole songs.
COMPANION = "features-logistic"

#: How near to the song's probabilities the mean of its course is brought, and in how many steps.
NEAR, STEPS = 1e-9, 2_000


@dataclass(frozen=True, eq=False)
class Companion:
    """A model of single windows beside one of whole songs.

    Parameters
    ----------
    estimator : BaselineClassifier
        Fitted on the same songs.
    representation : Representation
        What it is given of windows.
    temperature : float
        What calibrates it on windows of songs that it had not seen.
    """

    estimator: Any
    representation: Representation
    temperature: float

    def predict(self, songs: Sequence[Song], windows: Windows) -> NDArray[np.float64]:
        """Give calibrated probabilities of windows, shape (n_windows, n_classes)."""
        blocks = self.representation.encode(songs, windows)
        with threadpool_limits(1):
            p = np.concatenate([self.estimator.predict_proba(x) for x in blocks])
        return calibration.apply_temperature(p, self.temperature)


def balanced(
    windows: NDArray[np.floating], song: NDArray[np.integer], p: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Move windows' probabilities so that their mean over each song is what is said of the song.

    Parameters
    ----------
    windows : ndarray, shape (n_windows, n_classes)
        Their probabilities.
    song : ndarray of int, shape (n_windows,)
        Whose they are, counted from 0; every song has a window.
    p : ndarray, shape (n_songs, n_classes)
        Probabilities of the songs.

    Returns
    -------
    ndarray, shape (n_windows, n_classes)
        With one shift of log-odds for each song and class.

    References
    ----------
    Sinkhorn 1967, Diagonal equivalence to matrices with prescribed row and column sums.

    Examples
    --------
    >>> windows = np.array([[0.2, 0.8], [0.6, 0.4]])
    >>> course = balanced(windows, np.array([0, 0]), np.array([[0.7, 0.3]]))
    >>> course.round(2).tolist(), course.mean(axis=0).round(3).tolist()
    ([[0.53, 0.47], [0.87, 0.13]], [0.7, 0.3])
    """
    wanted = np.maximum(p, calibration.FLOOR)
    wanted = wanted / wanted.sum(axis=1, keepdims=True)
    course = np.maximum(windows, calibration.FLOOR).astype(np.float64)
    unfinished = np.ones(len(p), dtype=bool)  # each song by itself, whatever is beside it
    for _ in range(STEPS):
        rows = unfinished[song]
        course[rows] /= course[rows].sum(axis=1, keepdims=True)
        mean = song_means(course, song)
        unfinished &= np.abs(mean - wanted).max(axis=1) >= NEAR
        if not unfinished.any():
            break
        rows = unfinished[song]
        course[rows] *= (wanted / mean)[song[rows]]
    return course / course.sum(axis=1, keepdims=True)
