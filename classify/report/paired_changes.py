"""The same models on the same test songs under two conditions: what an accuracy gains or loses.

Models are the same and songs are the same, so every song is compared with itself, and a song that
is hard either way adds nothing to the interval. Songs of one group are drawn together.

Conventions: a change is the accuracy afterwards less the accuracy before, as a share; below 0 it is
a loss.
"""

import pandas as pd

from classify.evaluation.intervals import Estimate, estimates
from classify.experiments import results
from classify.report.run_view import View

#: What names one prediction of a model.
SONG = ["repeat", "fold", "song", "group"]


def check_rows(view: View, check: str) -> pd.DataFrame | None:
    """Read the rows of one check, robustness or learning-curve; None if the run has none.

    Raises
    ------
    InputError
        If checks.parquet is damaged.
    """
    rows = view.table(results.CHECKS)
    if rows is None or not view.contenders:
        return None
    rows = rows[rows.check == check]
    return rows if len(rows) else None


def own_songs(view: View, checked: pd.DataFrame) -> pd.DataFrame:
    """Give the first repeat's predictions of the models that a check has, without the check."""
    songs = view.test_songs
    names = [row.name for row in view.contenders if row.name in set(checked.model)]
    return songs[(songs.repeat == 0) & songs.model.isin(names)]


def predictions(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay out predictions by tested song and model; a model that was left out has none."""
    return rows.set_index([*SONG, "model"]).prediction.unstack("model")


def changes(before: pd.DataFrame, after: pd.DataFrame, view: View) -> dict[str, Estimate]:
    """Measure how the accuracy of each model changes from some rows to others, with an interval.

    Parameters
    ----------
    before, after : DataFrame
        Rows of predictions or of checks; what only one of them has is left out.
    view : View
        The run, for its seed and number of folds.

    Returns
    -------
    dict of str to Estimate
        By model: paired bootstrap over groups of songs, widened for few groups and for folds.
    """
    old, new = (predictions(rows) for rows in (before, after))
    names, songs = [name for name in new if name in old], new.index.intersection(old.index)
    truth = after.drop_duplicates(SONG).set_index(SONG).label.loc[songs]
    right = [t.loc[songs, names].eq(truth, axis=0).astype("int8") for t in (old, new)]
    groups = songs.get_level_values("group").tolist()
    changed = estimates(
        (right[1] - right[0]).to_numpy(), groups, view.seed, view.n_folds, (-1.0, 1.0)
    )
    return dict(zip(names, changed, strict=True))
