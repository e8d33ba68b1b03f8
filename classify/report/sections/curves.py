"""How well probabilities rank songs of each class before the others: ROC and precision–recall."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from classify.evaluation.intervals import Estimate
from classify.evaluation.ranking import Areas, areas
from classify.experiments import results
from classify.presentation.figures import GREY, SERIES, canvas, grid
from classify.presentation.numbers import percent
from classify.report.blocks import (
    Block,
    Canvas,
    Cell,
    Details,
    Figure,
    Table,
    TableRow,
    Text,
    columns,
)
from classify.report.format import score_cell
from classify.report.run_view import Row, View

TITLE, ORDER = "Each class against the others", 75

#: Colour and dash of each class; where there are more, the first ones are drawn.
DASHES = ("-", "--", "-.", ":")


def blocks(view: View) -> Iterator[Block]:
    """Draw the best model's curves, one a class; lay out the areas of all models."""
    if view.best is None or view.test_songs.label.nunique() < 2:
        return
    songs = {row.name: _songs(view, row) for row in view.contenders}
    found = {
        name: areas(p, truth, groups, view.seed, view.n_folds)
        for name, (p, truth, groups) in songs.items()
    }
    best, of_best = view.best, found[view.best.name]
    yield Text(
        f"If songs are ranked by the probability that {best.title} gives a class, how far do those "
        "of the class come first? ROC: how many of them are found (up) while so many others are "
        "let in (across). Precision–recall: how many of those kept are of the class (up) while so "
        "many of it are found (across); for a rare class that says more."
        + " Songs of all folds are ranked together."
        * (view.n_folds > 1)
    )
    p, truth, _ = songs[best.name]
    for name, title, each in (
        ("roc", "ROC curves", of_best.roc),
        ("precision-recall", "Precision–recall curves", of_best.precision),
    ):
        described = [
            f"{c} {percent(one.value)}" for c, one in zip(view.classes, each, strict=True) if one
        ]
        alt = f"{title} of {best.title}, one a class. Areas: {', '.join(described)}."
        yield Figure(name, partial(_draw, name, p, truth, view.classes), alt, small=True)
    yield _of_classes(view, best, of_best)
    rows = [
        TableRow(
            [row.title, *map(_cell, (found[row.name].mean_roc, found[row.name].mean_precision))],
            view.kind(row),
        )
        for row in view.contenders
    ]
    heads = columns("model", "area under ROC", "average precision")
    means = Table(heads, rows, "Means over classes, %, with 95 % intervals.", label="tab:areas")
    yield Details("The areas of all models", [means])


def _songs(view: View, row: Row) -> tuple[NDArray, NDArray, list[str]]:
    """Probabilities, true class and group of a model's test songs."""
    songs = view.test_songs[view.test_songs.model == row.name]
    truth = np.searchsorted(view.classes, songs.label)
    return results.calibrated_or_raw(songs), truth, songs.group.tolist()


def _cell(score: Estimate | None) -> Cell:
    return score_cell(score) if score else Cell("–")


def _of_classes(view: View, best: Row, found: Areas) -> Table:
    of_class = view.test_songs[view.test_songs.model == best.name].label.value_counts(True)
    rows = [
        TableRow([name, _cell(roc), _cell(precision), percent(of_class.get(name, 0.0))])
        for name, roc, precision in zip(view.classes, found.roc, found.precision, strict=True)
    ]
    return Table(
        columns("class", "area under ROC", "average precision", "share of songs"),
        rows,
        f"{best.title} on test songs, %, with 95 % intervals. Guessing has an area under ROC of "
        "50 %, and an average precision of the class's share of songs.",
    )


def _draw(name: str, p: NDArray, truth: NDArray, classes: list[str]) -> Canvas:
    """Draw a curve for each class that has songs."""
    figure, axes = canvas(3.4, 3.4)
    looks = [(colour, dash) for dash in DASHES for colour in SERIES]
    for c, (label, (colour, dash)) in enumerate(zip(classes, looks, strict=False)):
        if not 0 < (truth == c).sum() < len(truth):
            continue
        if name == "roc":
            x, y, _ = roc_curve(truth == c, p[:, c])
        else:
            y, x, _ = precision_recall_curve(truth == c, p[:, c])
        label = label if len(label) <= 24 else f"{label[:23]}…"
        line = axes.step if name != "roc" else axes.plot
        line(100 * x, 100 * y, color=colour, ls=dash, lw=1.4, label=label.replace("$", r"\$"))
    if name == "roc":
        axes.plot([0, 100], [0, 100], color=GREY, ls=":", lw=1)
        axes.set_xlabel("other songs let in, %")
        axes.set_ylabel("songs of the class found, %")
    else:
        axes.set_xlabel("songs of the class found, %")
        axes.set_ylabel("of those kept, of the class, %")
    axes.set_xlim(-2, 102)
    axes.set_ylim(-2, 102)
    grid(axes)
    axes.legend(frameon=False, fontsize=7, loc="best")
    return figure
