"""The tables of a run: predictions for windows and songs, and scores with intervals.

predictions.parquet is the primary artefact, and scores.csv can be derived from it. Columns of the
predictions: `level` (window or song), `model`, `repeat`, `fold`, `part` (train or test), `song`,
`group`, `start` (first note of a window; -1 for a song), `label`, `answer`, and `p:<class>` for
each class.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation.scores import (
    SCORES,
    confusion,
    effective_groups,
    interval,
    resampled,
    wilson,
)
from classify.files import written_whole

PREDICTIONS = "predictions.parquet"
SCORES_FILE = "scores.csv"
P = "p:"


@dataclass(frozen=True, eq=False)
class WindowTable:
    """What is known of each window and each song, apart from any model.

    Parameters
    ----------
    song, start : ndarray of int, shape (n_windows,)
        Index of the song, and first note.
    test : ndarray of bool, shape (n_windows,)
        Which windows are held out.
    names, labels, groups : list of str, length n_songs
        Of each song.
    """

    song: NDArray[np.int64]
    start: NDArray[np.int64]
    test: NDArray[np.bool_]
    names: list[str]
    labels: list[str]
    groups: list[str]


def predictions(about: WindowTable, probabilities: Mapping[str, NDArray]) -> pd.DataFrame:
    """Lay out every model's answers, window by window and song by song.

    Parameters
    ----------
    about : WindowTable
        Windows and songs.
    probabilities : mapping of str to ndarray, shape (n_windows, n_classes)
        Of each model; columns are the sorted classes.

    Returns
    -------
    DataFrame
        A song's probabilities are the mean of its windows' in the same part.
    """
    classes = sorted(set(about.labels))
    p_columns = [P + name for name in classes]
    frames = []
    for model, p in probabilities.items():
        part = np.where(about.test, "test", "train")
        windows = pd.DataFrame({"part": part, "index": about.song, "start": about.start})
        windows[p_columns] = p
        songs = windows.groupby(["part", "index"], as_index=False)[p_columns].mean()
        songs["start"] = -1
        for level, frame in (("window", windows), ("song", songs)):
            frames.append(frame.assign(level=level, model=model, repeat=0, fold=0))
    table = pd.concat(frames, ignore_index=True)
    for column, values in (
        ("song", about.names),
        ("group", about.groups),
        ("label", about.labels),
    ):
        table[column] = np.array(values, dtype=object)[table["index"]]
    table["answer"] = np.array(classes, dtype=object)[table[p_columns].to_numpy().argmax(axis=1)]
    first = [
        "level",
        "model",
        "repeat",
        "fold",
        "part",
        "song",
        "group",
        "start",
        "label",
        "answer",
    ]
    return table[first + p_columns]


def scores(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Score every model on songs and on windows, with intervals that know the groups of songs.

    Accuracy has Wilson's interval for the effective number of songs; the other scores have
    bootstrap percentiles over groups, widened for few groups. `benchmarks/random_labels.py`
    measures how often each kind misses.

    Parameters
    ----------
    table : DataFrame
        As `predictions` gives it.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns model, level, part, metric, value, low, high, n_songs, n_windows.
    """
    return pd.DataFrame(_score_rows(table, seed))


def _score_rows(table: pd.DataFrame, seed: int) -> Iterator[dict[str, object]]:
    classes = [column.removeprefix(P) for column in table.columns if column.startswith(P)]
    n_windows = table[table.level == "window"].groupby("part").size() // table.model.nunique()
    for (model, level, part), rows in table.groupby(["model", "level", "part"], sort=False):
        truth = np.searchsorted(classes, rows.label)
        answer = np.searchsorted(classes, rows.answer)
        counts = confusion(truth, answer, len(classes))
        groups = rows.group.tolist()
        draws = resampled(truth, answer, groups, len(classes), seed)
        for metric, score in SCORES.items():
            if effective_groups(groups) <= 1:
                low, high = 0.0, 1.0  # one group alone says nothing of others
            elif metric == "accuracy":
                low, high = wilson(truth == answer, groups)
            else:
                low, high = interval(score(draws), effective_groups(groups))
            yield {
                "model": model,
                "level": level,
                "part": part,
                "metric": metric,
                "value": float(score(counts)),
                "low": low,
                "high": high,
                "n_songs": rows.song.nunique(),
                "n_windows": int(n_windows[part]),
            }


def write(folder: Path, table: pd.DataFrame, scored: pd.DataFrame) -> None:
    """Write predictions.parquet and scores.csv into a run's folder, each whole or not at all."""
    with written_whole(folder / PREDICTIONS) as beside:
        table.to_parquet(beside, index=False, compression="zstd")
    with written_whole(folder / SCORES_FILE) as beside:
        scored.to_csv(beside, index=False, float_format="%.6f")


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the predictions and the scores of a run's folder; texts stay texts.

    Raises
    ------
    InputError
        If either is missing or damaged.
    """
    texts = dict.fromkeys(("model", "level", "part", "metric"), str)
    numbers = dict.fromkeys(("value", "low", "high"), float)
    file = folder / SCORES_FILE
    try:
        scored = pd.read_csv(file, dtype=texts | numbers, keep_default_na=False)
        file = folder / PREDICTIONS
        return pd.read_parquet(file), scored
    except (OSError, ValueError):
        raise InputError(
            f"{file}: is missing or damaged; delete {folder / 'run.json'} and {folder / 'models'}, "
            f"and give the run's command again"
        ) from None
