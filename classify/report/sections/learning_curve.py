"""Would more songs help? Accuracy on the same test songs, learned from fewer training songs.

Read from the `learning-curve` rows of checks.parquet; the last point of each curve is the run
itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from classify.evaluation.intervals import Estimate, estimate_share
from classify.presentation.figures import canvas, grid
from classify.presentation.numbers import MINUS, percent, points_span, signed
from classify.report.blocks import Block, Canvas, Cell, Figure, Table, TableRow, Text, columns
from classify.report.format import score_cell
from classify.report.model_lines import MARKS, draw_line, legend
from classify.report.paired_changes import changes, check_rows, own_songs
from classify.report.run_view import Row, View

TITLE, ORDER = "Learning curve: would more songs help?", 110

#: A gain whose interval stays below this is too small to label songs for.
LITTLE = 0.01

NOT_MEASURED = "Not measured in this run. `--learning-curve` trains every model on fewer songs too."
TOO_FEW = (
    "Left out: the songs to learn from are so few that no model could be trained on fewer of them."
)


@dataclass(frozen=True, eq=False)
class Curve:
    """All models, best first, at all numbers of training songs, rising to the run's own.

    Numbers of songs are means over folds. `scores` have the keys (model's name, number of songs);
    `gains` are, by model, accuracy with all songs less that with `before` of them: the number whose
    double is nearest to the run's own.
    """

    rows: list[Row]
    songs: list[int]
    scores: dict[tuple[str, int], Estimate]
    before: int
    gains: dict[str, Estimate]


def blocks(view: View) -> Iterator[Block]:
    """Show the learning curve in songs, where the run has one."""
    curve = read(view)
    if curve is None:
        measured = check_rows(view, "learning-curve") is not None
        yield Text(TOO_FEW if measured else NOT_MEASURED, kind="note")
        return
    yield Text(*sentences(curve))
    yield Figure("learning-songs", partial(_draw, curve), _alt(curve))
    folds = ", first repeat, widened for folds" if view.n_folds > 1 else ""
    yield Text(
        "Every model was trained again on a part of its training songs and evaluated on the same "
        "test songs; the smaller part lies within the larger. Bars and small figures are 95 % "
        "intervals (Wilson's); the last column is the gain of the last step with its paired "
        f"interval (bootstrap of the difference over groups of songs{folds}). What the last "
        "doubling gave is a hint, no promise, of what the next will.",
        kind="note",
    )
    yield _table(curve)


def read(view: View) -> Curve | None:
    """Read the learning curve in songs of a run; None if it has none of two points.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    rows = check_rows(view, "learning-curve")
    if rows is None:
        return None
    full = own_songs(view, rows)
    n_all = view.run["split"]["parts"]["train"]["songs"]
    at = {_n_songs(part): part for _, part in rows.groupby("amount")} | {n_all: full}
    scores = {
        (str(name), n_songs): _score(some, view)
        for n_songs, part in at.items()
        for name, some in part.groupby("model")
    }
    fewer = set(at) - {n_all}
    if not fewer:
        return None
    before = min(fewer, key=lambda n_songs: abs(np.log2(2 * n_songs / n_all)))
    gains = changes(at[before], full, view)
    models = [row for row in view.contenders if row.name in gains]
    return Curve(models, sorted(at), scores, before, gains) if models else None


def _n_songs(part: pd.DataFrame) -> int:
    """Give the mean over folds of the number of training songs."""
    return round(part.groupby(["repeat", "fold"]).n_train.first().mean())


def _score(rows: pd.DataFrame, view: View) -> Estimate:
    right = (rows.label == rows.prediction).to_numpy()
    return estimate_share(right, rows.group.tolist(), view.n_folds)


def sentences(curve: Curve) -> list[str]:
    """Say what the last doubling of songs gave the best model, and which model gained most."""
    best = curve.rows[0]
    gain = curve.gains[best.name]
    times = curve.songs[-1] / curve.before
    twice = "Twice" if 1.8 <= times <= 2.2 else f"{times:.1f} times"
    more = "fewer" if signed(gain.value).startswith(MINUS) else "more"
    lines = [
        f"{twice} as many songs to learn from ({curve.songs[-1]} instead of {curve.before}) gave "
        f"{best.title} {_size(gain)} {more} {_interval(gain)}{_verdict(gain)}."
    ]
    most = max(curve.rows, key=lambda row: curve.gains[row.name].value)
    gain = curve.gains[most.name]
    if most is not best and gain.value > 0:
        lines.append(
            f"{most.title} gained most, {_size(gain)} {_interval(gain)}; as the largest of "
            f"{len(curve.rows)} gains it is likely to flatter."
        )
    return lines


def _size(gain: Estimate) -> str:
    return f"{signed(gain.value).lstrip('+' + MINUS)} points"


def _interval(gain: Estimate) -> str:
    return f"(95 % interval {points_span(gain.low, gain.high)})"


def _verdict(gain: Estimate) -> str:
    """Say what a gain means for whoever could label more songs."""
    if gain.low > 0:
        return ", so labelling more songs is likely to help"
    if gain.high < LITTLE:
        return ", so more songs of this kind are unlikely to help"
    return "; the interval includes zero: these songs cannot say whether more would help"


def _table(curve: Curve) -> Table:
    rows = []
    for row in curve.rows:
        scores = [curve.scores.get((row.name, n_songs)) for n_songs in curve.songs]
        cells = [score_cell(score) if score else Cell("–") for score in scores]
        gain = curve.gains[row.name]
        change = Cell(signed(gain.value), points_span(gain.low, gain.high))
        rows.append(TableRow([row.title, *cells, change]))
    over = "accuracy in %, learned from so many songs"
    numbers = columns(*map(str, curve.songs), over=over)
    last = columns(f"gain from {curve.before} to {curve.songs[-1]}, points")
    return Table([*columns("model"), *numbers, *last], rows)


def _alt(curve: Curve) -> str:
    described = []
    for row in curve.rows[: len(MARKS)]:
        known = [
            f"{percent(curve.scores[row.name, n_songs].value)} from {n_songs} songs"
            for n_songs in curve.songs
            if (row.name, n_songs) in curve.scores
        ]
        described.append(f"{row.title}: {', '.join(known)}.")
    return (
        "Accuracy on test songs by number of training songs, one line per model. "
        f"{' '.join(described)}"
    )


def _draw(curve: Curve) -> Canvas:
    """Draw accuracy over the number of training songs, one line per model."""
    figure, axes = canvas(5.2, 3.4)
    for rank, row in list(enumerate(curve.rows))[::-1]:
        known = [n_songs for n_songs in curve.songs if (row.name, n_songs) in curve.scores]
        scores = [curve.scores[row.name, n_songs] for n_songs in known]
        beside = 2 ** (0.03 * (rank - 1.5)) if rank < 4 else 1  # so that intervals do not overlap
        x = [n_songs * beside for n_songs in known]
        ends = [(score.low, score.high) for score in scores]
        draw_line(axes, rank, row.title, x, [score.value for score in scores], ends)
    axes.set_xscale("log", base=2)
    axes.set_xticks(curve.songs, [str(n_songs) for n_songs in curve.songs])
    axes.minorticks_off()
    axes.set_xlabel("training songs (logarithmic scale)")
    axes.set_ylabel("accuracy on test songs, %")
    grid(axes, "y")
    legend(figure, axes)
    return figure
