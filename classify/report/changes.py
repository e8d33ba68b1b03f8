"""The same models on the same test songs under two conditions: what an accuracy gains or loses.

Models are the same and songs are the same, so every song is compared with itself, and a song that
is hard either way adds nothing to the interval. Songs of one group are drawn together.

Conventions: a change is the accuracy afterwards less the accuracy before, as a share; below 0 it is
a loss. Tables here have a row for each tested song, named by repeat, fold, song and group, and a
column for each model.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation.scores import bootstrap, effective_groups, interval
from classify.report import words
from classify.report.view import Score, View

CHECKS = "checks.parquet"

#: What names one answer of a model.
SONG = ["repeat", "fold", "song", "group"]


def own_songs(view: View) -> pd.DataFrame:
    """Give the rows of a run's own test songs: all models, repeats and folds, no leaking ones."""
    rows = view.predictions
    own = (rows.level == "song") & (rows.part == "test") & (rows.protocol == view.protocol)
    return rows[own]


def check_rows(view: View, check: str) -> pd.DataFrame | None:
    """Read the rows of one check; None if it was not asked for.

    Parameters
    ----------
    view : View
        The run.
    check : {"robustness", "learning-curve"}
        Which one.

    Raises
    ------
    InputError
        If checks.parquet is damaged.
    """
    rows = read_beside(view, CHECKS)
    if rows is None:
        return None
    rows = rows[rows.check == check]
    return rows if len(rows) else None


def read_beside(view: View, name: str) -> pd.DataFrame | None:
    """Read a table that a run may have; None if it has not.

    Raises
    ------
    InputError
        If the table is damaged.
    """
    path = view.folder / name
    if not path.is_file():
        return None
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError):
        raise InputError(
            f"{path}: is damaged; delete it and {path.with_name('run.json')}, and give the run's "
            f"command again"
        ) from None


def answers(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay out answers by tested song and model; a model that was not asked has none."""
    return rows.set_index([*SONG, "model"]).answer.unstack("model")


def labels(rows: pd.DataFrame) -> pd.Series:
    """Give the true class of each tested song, named as in `answers`."""
    return rows.drop_duplicates(SONG).set_index(SONG).label


def paired_changes(
    before: NDArray[np.bool_], after: NDArray[np.bool_], groups: list[str], view: View
) -> list[Score]:
    """Measure how accuracy changes, with a paired interval.

    Parameters
    ----------
    before, after : ndarray of bool, shape (n_songs, n_models)
        Which answers are right.
    groups : list of str, length n_songs
        The units that are drawn.
    view : View
        The run, for its seed and number of folds.

    Returns
    -------
    list of Score, length n_models
        Percentile bootstrap of the difference over groups of songs, widened for few groups and for
        folds (see `classify.evaluation.scores.interval`). Where no song turned right or wrong, both
        ends are 0. With a single group nothing is known, and the ends are -1 and 1.
    """
    difference = after.astype(np.int8) - before.astype(np.int8)

    def mean(drawn: NDArray[np.int64]) -> Any:  # of all models at once
        return difference[drawn].mean(axis=0)

    n_groups = effective_groups(groups)
    if not n_groups > 1:
        return [Score(float(value), -1.0, 1.0) for value in difference.mean(axis=0)]
    replicates = bootstrap(mean, groups, view.run["settings"]["seed"])
    return [
        Score(float(value), *interval(column, n_groups, view.n_folds))
        for value, column in zip(difference.mean(axis=0), replicates.T, strict=True)
    ]


def signed(share: float, decimals: int = 1) -> str:
    """Write a change in points, with its sign: +4.2, −1.0 or 0.0."""
    text = f"{100 * share:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def between(low: float, high: float) -> str:
    """Write the interval of a change in points: −1.0 to 7.3."""
    return f"{words.points(low)} to {words.points(high)}"
