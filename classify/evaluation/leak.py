"""Inflation by a leak: how much a split that divides songs overestimates a score.

Two quick probes measure it: models with fixed settings, trained on the same windows under both
kinds of split, random windows and whole songs. The difference of their accuracies is the inflation.
A nearest neighbour gains most, since the next window is from the same song; a forest gains as an
ordinary model does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from classify.evaluation.splits import PARTS, Names, SplitError, by_window, held_out, require_groups

#: Draws of each split that a probe is averaged over.
DRAWS = 3

#: A forest grows on all cores from this many windows on.
SEVERAL = 2000


@dataclass(frozen=True)
class Probe:
    """Window accuracy of one probe under both splits; `points` is the difference times 100."""

    title: str
    leaking: float
    honest: float

    @property
    def points(self) -> float:
        """Inflation of this probe's accuracy, in percentage points."""
        return 100 * (self.leaking - self.honest)


def shared_groups(test: NDArray[np.bool_], groups: Names) -> float:
    """Share of the test windows whose group also has windows in the training part, 0 to 1.

    Examples
    --------
    >>> shared_groups(np.array([True, True, False, False]), ["a", "b", "b", "c"])
    0.5
    """
    group = np.asarray(groups)
    return float(np.isin(group[test], group[~test]).mean())


def probes(rows: NDArray[np.float32], labels: Names, groups: Names, seed: int) -> list[Probe]:
    """Measure the inflation by random windows against whole songs, over a few draws of each split.

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
        Means over `DRAWS` draws; empty where a class has too few groups for a split of songs.

    Examples
    --------
    Sixty songs of five equal windows each, unrelated to their labels: only the leak helps.

    >>> songs = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    >>> labels, groups = np.tile(["a", "b"], 30), [str(song) for song in range(60)]
    >>> measured = probes(songs.repeat(5, axis=0), labels.repeat(5), np.repeat(groups, 5), seed=0)
    >>> measured[0].title, measured[0].leaking, measured[0].honest < 0.8
    ('nearest neighbour', 1.0, True)
    """
    try:
        require_groups(labels, groups, PARTS)
    except SplitError:
        return []
    # on few windows threads wait for each other longer than trees grow; trees are the same
    n_jobs = -1 if len(rows) > SEVERAL else 1
    models = [
        ("nearest neighbour", make_pipeline(StandardScaler(), KNeighborsClassifier(1))),
        ("random forest", RandomForestClassifier(100, random_state=seed, n_jobs=n_jobs)),
    ]
    return [_probe(title, model, rows, labels, groups, seed) for title, model in models]


def _probe(
    title: str,
    model: ClassifierMixin,
    rows: NDArray[np.float32],
    labels: Names,
    groups: Names,
    seed: int,
) -> Probe:
    truth = np.asarray(labels)

    def accuracy(train: NDArray[np.integer], test: NDArray[np.integer]) -> float:
        return float(model.fit(rows[train], truth[train]).score(rows[test], truth[test]))

    leaking, honest = [], []
    for draw in range(seed, seed + DRAWS):
        test = by_window(len(rows), draw)
        leaking.append(accuracy(np.flatnonzero(~test), np.flatnonzero(test)))
        honest.append(accuracy(*held_out(labels, groups, draw)))
    return Probe(title, float(np.mean(leaking)), float(np.mean(honest)))
