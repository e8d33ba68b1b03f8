"""How much does a split that parts songs flatter a score? Two quick probes measure it.

The probes are models of fixed settings, trained twice on the same windows: once under the random
window split, once with all windows of a song on one side. What they gain is the leak. A nearest
neighbour gains most, since the window next door is from the same song; a forest gains as an
ordinary model does.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from classify.evaluation.splits import Names, held_out


@dataclass(frozen=True)
class Probe:
    """Window accuracy of one probe under both splits; `points` is the difference times 100."""

    title: str
    leaking: float
    honest: float

    @property
    def points(self) -> float:
        """Percentage points that the leak is worth to this probe."""
        return 100 * (self.leaking - self.honest)

    def to_json(self) -> dict[str, float | str]:
        """Give all fields and the points."""
        return asdict(self) | {"points": self.points}


def shared_songs(test: NDArray[np.bool_], groups: Names) -> float:
    """Share of the test windows whose group also has windows in the training part, 0 to 1."""
    group = np.asarray(groups)
    return float(np.isin(group[test], group[~test]).mean())


def probes(
    rows: NDArray[np.float32],
    labels: Names,
    groups: Names,
    test: NDArray[np.bool_],
    seed: int,
) -> list[Probe]:
    """Measure what the given split gains over one that keeps groups whole.

    Parameters
    ----------
    rows : ndarray, shape (n_windows, n_columns)
        Windows as rows of numbers.
    labels, groups : sequences of str, length n_windows
        Class and group of each window.
    test : ndarray of bool, shape (n_windows,)
        The split in question.
    seed : int
        Of the forest and of the honest split, which also holds out a fifth.

    Returns
    -------
    list of Probe
    """
    truth = np.asarray(labels)
    honest_train, honest_test = held_out(labels, groups, seed)
    found = []
    for title, model in (
        ("nearest neighbour", make_pipeline(StandardScaler(), KNeighborsClassifier(1))),
        ("random forest", RandomForestClassifier(200, random_state=seed)),
    ):
        leaking = model.fit(rows[~test], truth[~test]).score(rows[test], truth[test])
        honest = model.fit(rows[honest_train], truth[honest_train]).score(
            rows[honest_test], truth[honest_test]
        )
        found.append(Probe(title, float(leaking), float(honest)))
    return found
