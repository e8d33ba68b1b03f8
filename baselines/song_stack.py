"""A regression on several models' probabilities for a whole song (stacking, Wolpert 1992).

Which models is chosen inside the training part, as in song-choice; the regression learns from
their probabilities for songs that they have not seen.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from .song_choice import LEAST, SelectedEnsemble, members

TITLE = "Stacked song-level ensemble"
INPUT = "song-features"
GRID: dict[str, list] = {}

#: Inverse strength of the regression's L2 penalty: a column is a logarithm of a probability.
C = 0.03


def build(seed: int) -> "StackedEnsemble":
    """Build the stack over the members that song-choice has."""
    return StackedEnsemble(members(seed), seed)


class StackedEnsemble(SelectedEnsemble):
    """Selected members, combined by a multinomial regression on their log-probabilities.

    Parameters are those of `SelectedEnsemble`.

    Attributes
    ----------
    final_ : LogisticRegression
        On columns member by member, class by class.
    """

    def _combine(self, p: NDArray, y: NDArray) -> None:
        self.final_ = LogisticRegression(C=C, max_iter=300).fit(_columns(p), y)

    def predict_proba(self, x: NDArray) -> NDArray[np.float64]:
        """Give class probabilities, shape (n, n_classes), columns as in `classes_`."""
        return self.final_.predict_proba(_columns(self._member_probabilities(x)))


def _columns(p: NDArray) -> NDArray:
    """Lay members side by side: (n_members, n, n_classes) to (n, n_members * n_classes)."""
    return np.concatenate(list(np.log(np.clip(p, LEAST, 1))), axis=1)
