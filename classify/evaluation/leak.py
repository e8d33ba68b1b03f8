"""How much does a split that parts songs flatter a score? Two quick probes measure it.

The probes are models of fixed settings, trained on the same windows under both kinds of split:
random windows, and all windows of a song on one side. What they gain is the leak. A nearest
neighbour gains most, since the window next door is from the same song; a forest gains as an
ordinary model does.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from classify.evaluation.splits import PARTS, Names, SplitError, by_window, held_out, require

#: Draws of each split that a probe is averaged over.
DRAWS = 3


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


def shared_groups(test: NDArray[np.bool_], groups: Names) -> float:
    """Share of the test windows whose group also has windows in the training part, 0 to 1."""
    group = np.asarray(groups)
    return float(np.isin(group[test], group[~test]).mean())


def probes(rows: NDArray[np.float32], labels: Names, groups: Names, seed: int) -> list[Probe]:
    """Measure what random windows gain over songs kept whole, over a few draws of both splits.

    Parameters
    ----------
    rows : ndarray, shape (n_windows, n_columns)
        Windows as rows of numbers.
    labels, groups : sequences of str, length n_windows
        Class and group of each window.
    seed : int
        Of the splits and the forest.

    Returns
    -------
    list of Probe
        Means over `DRAWS` draws; empty where a class has too few groups to be kept whole.
    """
    try:
        require(labels, groups, PARTS)
    except SplitError:
        return []
    return [_probe(title, model, rows, labels, groups, seed) for title, model in _models(seed)]


def _models(seed: int) -> list[tuple[str, ClassifierMixin]]:
    return [
        ("nearest neighbour", make_pipeline(StandardScaler(), KNeighborsClassifier(1))),
        ("random forest", RandomForestClassifier(100, random_state=seed, n_jobs=-1)),
    ]


def _probe(
    title: str,
    model: ClassifierMixin,
    rows: NDArray[np.float32],
    labels: Names,
    groups: Names,
    seed: int,
) -> Probe:
    truth = np.asarray(labels)

    def right(train: NDArray[np.integer], test: NDArray[np.integer]) -> float:
        return float(model.fit(rows[train], truth[train]).score(rows[test], truth[test]))

    leaking, honest = [], []
    for draw in range(seed, seed + DRAWS):
        parted = by_window(len(rows), draw)
        leaking.append(right(np.flatnonzero(~parted), np.flatnonzero(parted)))
        honest.append(right(*held_out(labels, groups, draw)))
    return Probe(title, float(np.mean(leaking)), float(np.mean(honest)))
