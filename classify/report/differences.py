"""The section on differences: the best model against each other one, in words and in a figure."""

from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from classify.evaluation.significance import ROPE
from classify.presentation.figures import BLUE, GREY, LIGHT, Drawings, clean
from classify.report import words
from classify.report.paired import Difference
from classify.report.view import Row, View

#: Half the width of the region in which two models are as good as each other, in points.
ROPE_POINTS = 100 * ROPE


def read(view: View) -> list[tuple[Row, str]] | None:
    """Give each other model and a sentence that says how far the best is ahead of it.

    Returns
    -------
    list of (Row, str), or None
        From the nearest to the furthest behind, the majority class in its place; None if there is
        nothing to compare.
    """
    rows = [row for row in view.scored if row.difference]
    return [(row, sentence(row)) for row in rows] or None


def drawings(view: View, content: Any) -> Drawings:
    """Give `differences`, the intervals of all differences."""
    return {"differences": partial(_forest, [row for row, _ in content])} if content else {}


def sentence(row: Row) -> str:
    """Say how far the best model is ahead of this one, and what that means."""
    found = row.difference
    assert found is not None
    if found.low is None and found.value == 0:
        start = f"right on the very same songs as {_title(row)}"
    else:
        start = f"{_place(row, found.value)}{_between(row)}"
        if found.real:
            start += ", more than chance gives"
        elif round(100 * found.value, 1) != 0:
            start += ", could be chance" + _among_many(found)
    end = f" (adjusted p {words.p_text(row)})"
    if found.chances:
        end += (
            f"; with {words.chance(found.chances.a_better)} probability really better, "
            f"{words.chance(found.chances.equivalent)} as good, "
            f"{words.chance(found.chances.b_better)} worse"
        )
    return f"{start}{end}"


def _among_many(found: Difference) -> str:
    """Say why an interval without 0 is not enough: it knows nothing of the other comparisons."""
    alone = found.low is not None and found.high is not None and found.low * found.high > 0
    return " among so many comparisons" if alone else ""


def interval(row: Row) -> str:
    """Write the interval of a difference in points: −1.0 to 9.2."""
    found = row.difference
    if found is None or found.low is None or found.high is None:
        return "–"
    return f"{words.points(found.low)} to {words.points(found.high)}"


def _place(row: Row, value: float) -> str:
    size = words.points(abs(value))
    if size == "0.0":
        return f"level with {_title(row)}"
    return f"{'ahead of' if value > 0 else 'behind'} {_title(row)} by {size} points"


def _title(row: Row) -> str:
    return "the majority class" if row.kind == "reference" else row.title


def _between(row: Row) -> str:
    text = interval(row)
    return "" if text == "–" else f" ({text})"


def _forest(rows: list[Row]) -> Figure:
    """Draw every difference with its interval, a line a model; filled where it is real."""
    figure = Figure(figsize=(5.2, 0.8 + 0.3 * len(rows)))
    axes = figure.add_subplot()
    rows = rows[::-1]
    places = np.arange(len(rows))
    axes.axvspan(-ROPE_POINTS, ROPE_POINTS, color=LIGHT, lw=0, zorder=0)
    axes.axvline(0, color=GREY, lw=1)
    for place, row in zip(places, rows, strict=True):
        found = row.difference
        assert found is not None
        if found.low is not None and found.high is not None:
            axes.plot([100 * found.low, 100 * found.high], [place, place], color=BLUE, lw=1.8)
        fill = BLUE if found.real else "white"
        axes.plot(100 * found.value, place, "o", color=BLUE, mfc=fill, mew=1.6, ms=6.5)
    axes.set_yticks(places, [row.title for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(
        "points by which the best model is ahead (bar: 95 % interval)\n"
        "filled: more than chance gives; band: as good as each other"
    )
    return clean(figure)
