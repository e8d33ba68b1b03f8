"""A classifier that judges new songs: independent of the generator, since it learned from others.

A generator may be guided by a classifier, and would then please that one. So the judge learns from
songs that the generator never saw, and what it says of new songs stands beside what it says of
real songs that neither has seen.

New songs are asked for as often of each mood, where real songs of some moods are rare. So the judge
takes all moods for as likely before it hears a song; else it would call few songs by a rare one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classify.evaluation.scores import song_means
from classify.models import registry
from classify.models.training_settings import TrainingSettings
from classify.representations import representation
from classify.representations.windows import Windows, WindowSettings, cut
from classify.songs import Song


class Judge:
    """A classifier of songs.

    Parameters
    ----------
    model : str
        Its name, as `classify compare` knows it.
    window : int
        Notes in a window.
    seed : int
        Of everything that is drawn.
    quick : bool
        Whether its grid is the small one.
    """

    def __init__(self, model: str, window: int, seed: int = 0, quick: bool = False) -> None:
        self.spec = registry.find()[model]
        self.cutting = WindowSettings(window, window)
        self.seed, self.quick = seed, quick

    def fit(self, songs: Sequence[Song], moods: Sequence[str], groups: Sequence[str]) -> "Judge":
        """Learn from songs.

        Parameters
        ----------
        songs : sequence of Song
            None of which a generator has learned from.
        moods, groups : sequences of str, length n_songs
            Of each song.
        """
        windows, x = self._encode(songs)
        estimator = registry.make(self.spec, self.seed, TrainingSettings(), self.quick)
        with threadpool_limits(1):
            label, group = np.array(moods)[windows.song], np.array(groups)[windows.song]
            self.estimator = estimator.fit(x, label, group, songs=windows.song)
        learned = np.array(moods)[np.unique(windows.song)]
        self.shares = np.array([(learned == mood).mean() for mood in self.classes])
        return self

    @property
    def classes(self) -> list[str]:
        """The moods that it knows, in the order of probabilities."""
        names: list[str] = self.estimator.classes_.tolist()
        return names

    def probabilities(self, songs: Sequence[Song]) -> NDArray[np.float64]:
        """Say how probable each mood is, all being as likely beforehand; not calibrated.

        Returns
        -------
        ndarray, shape (n_songs, n_classes)
        """
        windows, x = self._encode(songs)
        with threadpool_limits(1):
            p = song_means(self.estimator.predict_proba(x), windows.song) / self.shares
        return np.asarray(p / p.sum(axis=1, keepdims=True))

    def calls(self, songs: Sequence[Song]) -> list[str]:
        """Name the likeliest mood of each song."""
        p = self.probabilities(songs)
        return [self.classes[place] for place in p.argmax(axis=1)]

    def _encode(self, songs: Sequence[Song]) -> tuple[Windows, NDArray[np.float32]]:
        windows = cut(songs, self.cutting)
        given = representation.get(self.spec.input)
        return windows, np.concatenate(list(given.encode(songs, windows)))
