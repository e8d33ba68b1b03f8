"""Feature importance of a fitted model: which columns are shuffled among which of its test songs.

`classify.evaluation.importance` says how songs are shuffled, and what the numbers mean. Two tables
are made of it:

- *While a run trains*, each model on features is measured before it leaves memory
  (`fit_importance`): all test songs, five shuffles, and of the features only those that separate
  the classes best in the training part. Columns: `level`
  (family or feature), `name`, `members` (of a feature's cluster), `index` (of the song), and how
  much worse the song is predicted: `without` and `alone` in nats, `without_right` and `alone_right`
  in right predictions. `alone` is measured for families only.
- *On request*, one model of a run is measured on all its test songs (`run_importance`). Columns:
  `level` (family, feature or channel), `name`, `members`, `metric`, `question`, `value`, `low`,
  `high`, `n_songs`. Features are screened by one shuffle, and only those with most credit are
  measured: their intervals do not know that they were chosen.

Features that rise and fall together are shuffled together, as one cluster.
"""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_selection import f_classif

from classify.evaluation.importance import (
    HeldOutSongs,
    Importance,
    Predict,
    SongImportance,
    correlated_clusters,
    mean_importances,
    permutation_importance,
)
from classify.representations.representation import Representation
from classify.representations.windows import WindowSettings

#: Songs of a fold that `fit_importance` shuffles at most, which is all of them on most corpora.
SONGS = 400

#: Features that it shuffles, one of each cluster; and those from which they are chosen.
FEATURES, SCREENED = 10, 60

#: Shuffles of these songs.
REPEATS = 5

#: Clusters of features that `run_importance` measures after the screening.
KEPT = 20

COLUMNS = ("level", "name", "members", "index", "without", "alone", "without_right",
           "alone_right")  # fmt: skip

Columns = Mapping[str, NDArray[np.int64]]


def held_out_songs(
    x: NDArray[np.float32], label: NDArray, song: NDArray, group: NDArray, classes: NDArray
) -> HeldOutSongs:
    """Gather songs from their windows.

    Parameters
    ----------
    x : ndarray of float32, shape (n_windows, ..., n_columns)
        As the model takes it.
    label, song, group : ndarray, shape (n_windows,)
        Of each window.
    classes : ndarray of str
        Columns of the model's probabilities, sorted.

    Raises
    ------
    ValueError
        If all songs are of one group, which cannot be shuffled.
    """
    _, first, place = np.unique(song, return_index=True, return_inverse=True)
    return HeldOutSongs(x, place, np.searchsorted(classes, label[first]), group[first].tolist())


# --- while a run trains


def fit_importance(
    given: Representation,
    predict: Predict,
    test: tuple[NDArray[np.float32], NDArray, NDArray, NDArray],
    train: tuple[NDArray[np.float32], NDArray],
    classes: NDArray,
    seed: int,
) -> pd.DataFrame:
    """Shuffle some of a model's test songs; one row for each song and each set of columns.

    Parameters
    ----------
    given : Representation
        What the model takes.
    predict : callable
        The fitted model, with a column for each of `classes`.
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
    x, label, song, group = test
    taken = np.sort(np.random.default_rng([seed, 1]).permutation(np.unique(song))[:SONGS])
    rows = np.isin(song, taken)
    if len(set(group[rows].tolist())) < 2:
        return pd.DataFrame(columns=COLUMNS)
    songs = held_out_songs(x[rows], label[rows], song[rows], group[rows], classes)
    settings = WindowSettings()  # features have the same columns whatever the window
    names = np.array([column.name for column in given.columns(settings)])
    chosen = _best_by_training(train, names)
    families = given.families(settings)
    of_families = permutation_importance(predict, songs, families, seed, REPEATS)
    of_features = permutation_importance(predict, songs, chosen, seed, REPEATS, alone=False)
    frames = [_song_rows("family", one, "", taken) for one in of_families]
    frames += [
        _song_rows("feature", one, _members(names, chosen[one.name]), taken) for one in of_features
    ]
    return pd.concat(frames, ignore_index=True)


def _song_rows(
    level: str, importance: SongImportance, members: str, index: NDArray[np.int64]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "level": level,
            "name": importance.name,
            "members": members,
            "index": index,
            "without": importance.without[0],
            "alone": importance.alone[0],
            "without_right": importance.without[1],
            "alone_right": importance.alone[1],
        }
    )


def _members(names: NDArray[np.str_], columns: NDArray[np.int64]) -> str:
    return "; ".join(names[columns])


def _best_by_training(train: tuple[NDArray[np.float32], NDArray], names: NDArray) -> Columns:
    """Choose clusters of features by how well each separates the training windows' classes."""
    x, label = train
    table = x.reshape(len(x), -1)
    changing = np.flatnonzero(np.ptp(table, axis=0) > 0)
    separation = np.zeros(table.shape[1])
    separation[changing] = np.nan_to_num(f_classif(table[:, changing].astype(float), label)[0])
    best = changing[np.argsort(-separation[changing], kind="stable")[:SCREENED]]
    if not len(best):
        return {}
    alike = correlated_clusters(table[:, best], names[best].tolist())
    ranked = sorted(alike.items(), key=lambda item: int(item[1].min()))
    return {name: best[columns] for name, columns in ranked[:FEATURES]}


# --- on request


def run_importance(
    given: Representation, predict: Predict, songs: HeldOutSongs, cutting: WindowSettings, seed: int
) -> pd.DataFrame:
    """Measure what a model's predictions of its test songs rest on.

    Parameters
    ----------
    given : Representation
        What the model takes.
    predict : callable
        The fitted model.
    songs : HeldOutSongs
        Test songs, as the model takes them.
    cutting : WindowSettings
        How songs are cut; names the channels of notes.
    seed : int
        Of the shuffles.

    Returns
    -------
    DataFrame
        As the module says.
    """
    families = given.families(cutting)
    if not given.described:
        return pd.DataFrame(_rows("channel", predict, songs, families, {}, seed))
    names = np.array([column.name for column in given.columns(cutting)])
    chosen = _best_by_shuffling(predict, songs, names, seed)
    members = {name: _members(names, columns) for name, columns in chosen.items()}
    rows = _rows("family", predict, songs, families, {}, seed)
    return pd.DataFrame(rows + _rows("feature", predict, songs, chosen, members, seed))


def _rows(
    level: str,
    predict: Predict,
    songs: HeldOutSongs,
    columns: Columns,
    members: Mapping[str, str],
    seed: int,
) -> list[dict[str, object]]:
    importance = permutation_importance(predict, songs, columns, seed)
    return [
        {"level": level, "name": one.name, "members": members.get(one.name, "")}
        | {field.name: getattr(one, field.name) for field in fields(Importance)[1:]}
        | {"n_songs": len(songs.truth)}
        for one in mean_importances(importance, songs.groups, seed)
    ]


def _best_by_shuffling(
    predict: Predict, songs: HeldOutSongs, names: NDArray[np.str_], seed: int
) -> Columns:
    """Give the clusters of features with most credit in one shuffle, which is not used again."""
    table = np.zeros((len(songs.truth), songs.x.shape[-1]))
    np.add.at(table, songs.song, songs.x.reshape(len(songs.x), -1))
    table /= np.bincount(songs.song)[:, None]
    alike = correlated_clusters(table, names.tolist())
    screened = permutation_importance(predict, songs, alike, seed + 1, repeats=1)
    best = sorted(screened, key=lambda one: -one.of("credit")[0].mean())[:KEPT]
    return {one.name: alike[one.name] for one in best}
