"""What a fitted model on features listens to, found out while it is still in memory.

Its test songs, or some of them, have families of features shuffled among them, and single features;
`classify.evaluation.importance` says how, and what the answers mean. All of it is chosen to be
cheap beside a fit: one shuffle, few songs, and of the features only those that tell the classes
apart best in the training part, one of each cluster that rise and fall together.

Columns of a *listening* table, a row for each song and each set of columns: `level` (family or
feature), `name`, `members` (of a feature's cluster), `index` (of the song), and how much worse the
song is answered: `without` and `alone` in nats, `without_right` and `alone_right` in right answers.
`alone` was asked of families only.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_selection import f_classif

from classify.evaluation import importance
from classify.evaluation.importance import HeldOutSongs, Predict
from classify.representations.representation import Representation
from classify.representations.windows import WindowSettings

#: Songs that are shuffled at most; those of several folds are put together.
SONGS = 36

#: Features that are shuffled, one of each cluster; and those from which they are chosen.
FEATURES, SCREENED = 10, 60

#: Shuffles of these songs.
REPEATS = 1

COLUMNS = ("level", "name", "members", "index", "without", "alone", "without_right",
           "alone_right")  # fmt: skip


def listening(
    given: Representation,
    predict: Predict,
    test: tuple[NDArray[np.float32], NDArray, NDArray, NDArray],
    train: tuple[NDArray[np.float32], NDArray],
    classes: NDArray,
    seed: int,
) -> pd.DataFrame:
    """Shuffle a model's test songs; one row for each song and each set of columns.

    Parameters
    ----------
    given : Representation
        What the model takes.
    predict : callable
        The fitted model, answering a column for each of `classes`.
    test : tuple of ndarray, length n_windows
        Windows of shape (n_windows, 1, n_features), and label, song and group of each.
    train : tuple of ndarray
        Windows that the model learned from, and their labels.
    classes : ndarray of str
        All classes, sorted.
    seed : int
        Of the songs that are taken, and of the shuffle.

    Returns
    -------
    DataFrame
        As the module says; empty where all songs are of one group, which cannot be shuffled.
    """
    index, held = _some(test, classes, seed)
    if held is None:
        return pd.DataFrame(columns=COLUMNS)
    settings = WindowSettings()  # features have the same columns whatever the window
    alike = _candidates(train, np.array([column.name for column in given.columns(settings)]))
    members = {name: names for name, (_, names) in alike.items()}
    features = {name: columns for name, (columns, _) in alike.items()}
    by_family = importance.permutation_importance(
        predict, held, given.families(settings), seed, REPEATS
    )
    by_feature = importance.permutation_importance(
        predict, held, features, seed, REPEATS, alone=False
    )
    frames = [
        pd.DataFrame(
            {
                "level": level,
                "name": fall.name,
                "members": members.get(fall.name, "") if level == "feature" else "",
                "index": index,
                "without": fall.without[0],
                "alone": fall.alone[0],
                "without_right": fall.without[1],
                "alone_right": fall.alone[1],
            }
        )
        for level, found in (("family", by_family), ("feature", by_feature))
        for fall in found
    ]
    return pd.concat(frames, ignore_index=True)


def _some(
    test: tuple[NDArray[np.float32], NDArray, NDArray, NDArray], classes: NDArray, seed: int
) -> tuple[NDArray[np.int64], HeldOutSongs | None]:
    """Take some songs of the test part, whole."""
    x, label, song, group = test
    songs = np.unique(song)
    taken = np.sort(np.random.default_rng([seed, 1]).permutation(songs)[:SONGS])
    rows = np.isin(song, taken)
    _, first, place = np.unique(song[rows], return_index=True, return_inverse=True)
    groups = group[rows][first].tolist()
    if len(set(groups)) < 2:
        return taken, None
    return taken, HeldOutSongs(x[rows], place, np.searchsorted(classes, label[rows][first]), groups)


def _candidates(
    train: tuple[NDArray[np.float32], NDArray], names: NDArray[np.str_]
) -> dict[str, tuple[NDArray[np.int64], str]]:
    """Choose features by how well each alone tells the training windows' classes apart.

    Returns
    -------
    dict of str to (ndarray of int, str)
        Columns of each cluster under the name of one of its features, and the names of all.
    """
    x, label = train
    table = x.reshape(len(x), -1)
    changing = np.flatnonzero(np.ptp(table, axis=0) > 0)
    apart = np.zeros(table.shape[1])
    apart[changing] = np.nan_to_num(f_classif(table[:, changing].astype(float), label)[0])
    best = changing[np.argsort(-apart[changing], kind="stable")[:SCREENED]]
    if not len(best):
        return {}
    found = importance.correlated_clusters(table[:, best], names[best].tolist())
    ranked = sorted(found.items(), key=lambda item: int(item[1].min()))
    return {
        name: (best[own], "; ".join(names[best[np.sort(own)]])) for name, own in ranked[:FEATURES]
    }
