"""Would more songs help? Accuracy on the same test songs, learned from fewer training songs.

Read from the `learning-curve` rows of checks.parquet; the last point of each curve is the run
itself.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from classify.evaluation.scores import effective_groups, wilson
from classify.presentation.figures import Drawings
from classify.report.changes import (
    answers,
    between,
    check_rows,
    labels,
    own_songs,
    paired_changes,
    signed,
)
from classify.report.lines import draw_line, legend
from classify.report.view import Row, Score, View

CHECK = "learning-curve"

#: A gain whose interval stays below this is too small to label songs for.
LITTLE = 0.01


@dataclass(frozen=True, eq=False)
class Curve:
    """All models at all numbers of training songs.

    Parameters
    ----------
    rows : list of Row
        Models, best first, without the majority class.
    songs : list of int
        Numbers of training songs (the mean over folds), rising; the last is the run's own.
    scores : dict of (model's name, number of songs) to Score
        Accuracy on test songs with Wilson's interval.
    before : int
        The number of songs whose double is nearest to the run's own.
    gains : dict of str to Score
        By model: accuracy with all songs less that with `before` of them, paired.
    """

    rows: list[Row]
    songs: list[int]
    scores: dict[tuple[str, int], Score]
    before: int
    gains: dict[str, Score]

    @property
    def sentences(self) -> list[str]:
        """Whether more songs would help, and which model most."""
        return _sentences(self)


def read(view: View) -> Curve | None:
    """Read the learning curve in songs of a run.

    Returns
    -------
    Curve or None
        None if the run was not asked for it, or no model was scored.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    rows = check_rows(view, CHECK)
    if rows is None or not view.contenders:
        return None
    asked = [row for row in view.contenders if row.name in set(rows.model)]
    own = own_songs(view)
    own = own[(own.repeat == 0) & own.model.isin(rows.model)]
    n_all = view.run["split"]["parts"]["train"]["songs"]
    at = {_n_songs(part): part for _, part in rows.groupby("amount")} | {n_all: own}
    scores = {
        (name, n_songs): _score(part[part.model == name], view)
        for n_songs, part in at.items()
        for name in part.model.unique()
    }
    before = min(set(at) - {n_all}, key=lambda n_songs: abs(np.log2(2 * n_songs / n_all)))
    return Curve(asked, sorted(at), scores, before, _gains(at[before], own, asked, view))


def _n_songs(part: pd.DataFrame) -> int:
    """Give the mean over folds of the number of training songs."""
    return round(part.groupby(["repeat", "fold"]).n_train.first().mean())


def _score(rows: pd.DataFrame, view: View) -> Score:
    right, groups = (rows.label == rows.answer).to_numpy(), rows.group.tolist()
    if not effective_groups(groups) > 1:
        return Score(float(right.mean()), 0.0, 1.0)
    return Score(float(right.mean()), *wilson(right, groups, view.n_folds))


def _gains(
    fewer: pd.DataFrame, own: pd.DataFrame, asked: list[Row], view: View
) -> dict[str, Score]:
    """Compare answers learned from all songs with those learned from fewer."""
    names = [row.name for row in asked]
    before = answers(fewer)[names]
    after, truth = answers(own).loc[before.index, names], labels(fewer).loc[before.index]
    groups = before.index.get_level_values("group").tolist()
    right = [frame.eq(truth, axis=0).to_numpy() for frame in (before, after)]
    return dict(zip(names, paired_changes(right[0], right[1], groups, view), strict=True))


def _sentences(found: Curve) -> list[str]:
    """Say what the last doubling of songs gave the best model, and which model gained most."""
    best = found.rows[0]
    gain = found.gains[best.name]
    more = "fewer" if signed(gain.value).startswith("−") else "more"
    lines = [
        f"{_step(found)} gave {best.title} {_size(gain)} {more} {_interval(gain)}{_verdict(gain)}."
    ]
    most = max(found.rows, key=lambda row: found.gains[row.name].value)
    gain = found.gains[most.name]
    if most is not best and gain.value > 0:
        lines.append(
            f"{most.title} gained most, {_size(gain)} {_interval(gain)}; as the largest of "
            f"{len(found.rows)} gains it is likely to flatter."
        )
    return lines


def _step(found: Curve) -> str:
    """Name the last step: "Twice as many songs to learn from (124 instead of 62)"."""
    times = found.songs[-1] / found.before
    words = "Twice" if 1.8 <= times <= 2.2 else f"{times:.1f} times"
    return f"{words} as many songs to learn from ({found.songs[-1]} instead of {found.before})"


def _size(gain: Score) -> str:
    return f"{signed(gain.value).lstrip('+−')} points"


def _interval(gain: Score) -> str:
    return f"(95 % interval {between(gain.low, gain.high)})"


def _verdict(gain: Score) -> str:
    """Say what a gain means for whoever could label more songs."""
    if gain.low > 0:
        return ", so labelling more songs is likely to help"
    if gain.high < LITTLE:
        return ", so more songs of this kind are unlikely to help"
    return ", which could be nothing: these songs cannot say whether more would help"


def drawings(view: View, content: Curve | None) -> Drawings:
    """Give the section's picture, `learning-songs`."""
    return {"learning-songs": partial(_figure, content)} if content else {}


def _figure(found: Curve) -> Figure:
    """Draw accuracy over the number of training songs, a line a model."""
    figure = Figure(figsize=(5.2, 3.4))
    axes = figure.add_subplot()
    for rank, row in list(enumerate(found.rows))[::-1]:
        known = [n_songs for n_songs in found.songs if (row.name, n_songs) in found.scores]
        scores = [found.scores[row.name, n_songs] for n_songs in known]
        beside = 2 ** (0.03 * (rank - 1.5)) if rank < 4 else 1  # so that intervals do not overlap
        x = [n_songs * beside for n_songs in known]
        draw_line(
            axes, rank, row.title, x, [s.value for s in scores], [(s.low, s.high) for s in scores]
        )
    axes.set_xscale("log", base=2)
    axes.set_xticks(found.songs, [str(n_songs) for n_songs in found.songs])
    axes.minorticks_off()
    axes.set_xlabel("training songs (logarithmic scale)")
    axes.set_ylabel("right answers on test songs, %")
    axes.grid(axis="y", color="#e5e7eb", lw=0.8, zorder=0)
    legend(figure, axes)
    return figure
