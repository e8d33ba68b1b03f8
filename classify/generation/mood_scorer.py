"""How well a new song fits a mood: what a generator chooses among several by.

A generator that is asked for a mood composes a few songs and gives the one that fits best. What
fits is learned from the very songs that the generator learned from, so the judge of a comparison,
which has seen none of them, stays independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.representations import features
from classify.representations.features.context import EXCERPT, mean_of_excerpts
from classify.songs import Song

#: Inverse strength of the penalty on coefficients (scikit-learn's C) times the songs: a strong one,
#: since what is chosen by a classifier pleases its errors, too. And standard deviations beyond
#: which a feature counts no more, since new songs may lie far outside of all real ones.
PENALTY, FARTHEST = 0.2, 4.0

#: Songs of a mood from which on it can be told from others.
FEWEST_SONGS = 5

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MoodScorer:
    """Logistic regression on the features of a song's excerpts.

    Parameters
    ----------
    moods : list of str
        Sorted.
    middle, spread : ndarray, shape (n_features,)
        Mean and standard deviation of each feature among the songs that were learned from.
    weights : ndarray, shape (n_moods, n_features + 1)
        Coefficients of the standardised features, and an intercept in the last column.
    """

    moods: list[str]
    middle: Floats
    spread: Floats
    weights: Floats

    @classmethod
    def fit(cls, songs: Sequence[Song], moods: Sequence[str]) -> "MoodScorer | None":
        """Learn to tell moods; None where there are no two moods of `FEWEST_SONGS` songs.

        Parameters
        ----------
        songs : sequence of Song
            Those that a generator learns from.
        moods : sequence of str
            Of each; empty where it is not known.
        """
        from sklearn.linear_model import LogisticRegression

        counts = {mood: list(moods).count(mood) for mood in set(moods) - {""}}
        known = sorted(mood for mood, count in counts.items() if count >= FEWEST_SONGS)
        if len(known) < 2:
            return None
        chosen = [place for place, mood in enumerate(moods) if mood in known]
        x = mean_of_excerpts([songs[place] for place in chosen], EXCERPT)
        middle, spread = x.mean(axis=0), x.std(axis=0)
        spread[spread < 1e-9] = np.inf  # a feature that never varies says nothing
        model = LogisticRegression(C=PENALTY / len(x), max_iter=500, class_weight="balanced")
        model.fit(_standardised(x, middle, spread), [moods[place] for place in chosen])
        coefficients, intercept = model.coef_, model.intercept_
        if len(known) == 2:  # scikit-learn gives one row, for the second of two classes
            coefficients = np.vstack([-coefficients, coefficients]) / 2
            intercept = np.append(-intercept, intercept) / 2
        return cls(known, middle, spread, np.column_stack([coefficients, intercept]))

    def probabilities(self, songs: Sequence[Song], mood: str) -> Floats:
        """Say how probable a mood is.

        Parameters
        ----------
        songs : sequence of Song
            At least one, each with a note.
        mood : str
            One of `moods`.

        Returns
        -------
        ndarray, shape (n_songs,)
        """
        score = self._scores(songs)
        odds = np.exp(score - score.max(axis=1, keepdims=True))
        return np.asarray((odds / odds.sum(axis=1, keepdims=True))[:, self.moods.index(mood)])

    def calls(self, songs: Sequence[Song]) -> list[str]:
        """Name the mood that is most probable for each song; each has a note."""
        return [self.moods[place] for place in self._scores(songs).argmax(axis=1)]

    def _scores(self, songs: Sequence[Song]) -> Floats:
        x = _standardised(mean_of_excerpts(songs, EXCERPT), self.middle, self.spread)
        return np.asarray(x @ self.weights[:, :-1].T + self.weights[:, -1])

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Give arrays and values that a scorer is made of again."""
        names = [feature.name for feature in features.listed()]
        arrays = {"middle": self.middle, "spread": self.spread, "weights": self.weights}
        return arrays, {"moods": self.moods, "features": names}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> Self:
        """Make a scorer of what `state` gave.

        Raises
        ------
        InputError
            If it measures other features than this program.
        """
        if values["features"] != [feature.name for feature in features.listed()]:
            raise InputError("measures other features than this program does; train it again")
        return cls(values["moods"], arrays["middle"], arrays["spread"], arrays["weights"])


def _standardised(x: Floats, middle: Floats, spread: Floats) -> Floats:
    return np.clip((x - middle) / spread, -FARTHEST, FARTHEST)
