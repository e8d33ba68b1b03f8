"""What accuracy costs: each model's accuracy on songs against its time to train.

*Pareto-optimal* is a model that no other one beats on one of the two without losing on the other.
That says what was measured, not what is certain: who is really more accurate is for the paired
tests to say.
"""

from collections.abc import Iterator
from functools import partial

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from classify.presentation.figures import BLUE, GREY, canvas, grid, name_beside, spread
from classify.presentation.numbers import percent, span
from classify.progress import duration
from classify.report.blocks import Block, Canvas, Details, Figure, Table, TableRow, Text, columns
from classify.report.format import listed, score_cell, seconds
from classify.report.run_view import Row, View

TITLE, ORDER = "Pareto-optimal: accuracy against training time", 40

#: Times that an axis may name, in seconds.
NAMED = (0.01, 0.1, 1, 10, 60, 600, 3600, 36000, 360000)

#: Height of a line of labels, in inches.
LINE = 0.17


def blocks(view: View) -> Iterator[Block]:
    """Show the Pareto front, where two models at least have scores and times."""
    rows = timed(view)
    if len(rows) < 2:
        return
    front = view.pareto_front
    yield Text(*sentences(view))
    described = [
        f"{row.title} {percent(row.score().value)} ({span(row.score().low, row.score().high)}) in "
        f"{took(row)}{', Pareto-optimal' if row in front else ''}"
        for row in rows
    ]
    alt = (
        "Accuracy on test songs against time to train on a logarithmic scale, fastest first: "
        f"{'; '.join(described)}."
    )
    yield Figure("pareto-front", partial(draw, rows, front), alt)
    yield Text(
        "Filled and joined: Pareto-optimal, where no other model is at least as accurate and as "
        f"fast. Bars are 95 % intervals. {how_timed(view)}",
        kind="note",
    )
    table = [
        TableRow(
            [row.title, took(row), score_cell(row.score()), "yes" if row in front else ""],
            view.kind(row),
        )
        for row in rows
    ]
    titles = ("model", "time to train", "accuracy on songs, %", "Pareto-optimal")
    yield Details("The same as a table", [Table(columns(*titles), table)])


def timed(view: View) -> list[Row]:
    """Give the models whose times are known, without the majority class, fastest first."""
    rows = [row for row in view.contenders if row.seconds is not None]
    return sorted(rows, key=lambda row: row.seconds or 0.0)


def quicker_choice(view: View) -> tuple[Row | None, bool]:
    """Give the fastest model that is not significantly different from the best one, if faster.

    Returns
    -------
    (Row or None, bool)
        The model, and whether any model at all is faster than the best one.
    """
    best = view.contenders[0]
    if best.seconds is None:
        return None, False
    faster = [row for row in timed(view) if (row.seconds or 0.0) < best.seconds]
    alike = [row for row in faster if row.difference and not row.difference.significant]
    return next(iter(alike), None), bool(faster)


def sentences(view: View) -> list[str]:
    """Say which models are Pareto-optimal, and which fast one does not differ from the best."""
    front, best = view.pareto_front, view.contenders[0]
    if len(front) == 1:
        lines = [
            f"{front[0].title} alone is Pareto-optimal: no model that learned faster than it, in "
            f"{took(front[0])}, or as fast, was as accurate."
        ]
    else:
        named = [f"{row.title} ({percent(row.score().value)} in {took(row)})" for row in front]
        lines = [f"Pareto-optimal, from the fastest on: {listed(named)}."]
    instead, any_faster = quicker_choice(view)
    if instead:
        lines.append(
            f"The fastest model that is not significantly different from {best.title} is "
            f"{instead.title}, in {took(instead)} instead of {took(best)}; that does not show that "
            f"it is as accurate."
        )
    elif any_faster:
        lines.append(
            f"Every model that learned faster than {best.title} is significantly different from it."
        )
    return lines


def how_timed(view: View) -> str:
    """Say what the seconds are, and how far they can be trusted."""
    fits = "" if view.n_folds == 1 else f", all {view.n_folds * view.n_repeats} fits together"
    return (
        f"Times are wall-clock seconds of training{fits}, choices on inner folds among them, each "
        "on one thread with other fits running, so they are rough; the time for computing features "
        "is not counted. The front is drawn by the measured accuracies, whose intervals overlap: "
        "it does not say that one model is really more accurate than another."
    )


def took(row: Row) -> str:
    """Write a row's time to train."""
    return seconds(row)


def draw(rows: list[Row], front: list[Row]) -> Canvas:
    """Draw accuracy with its interval over time, the front joined, names at the right."""
    scores = [row.score() for row in rows]
    height = max(2.8, 0.8 + LINE * len(scores))
    figure, axes = canvas(3.6, height)
    for row in rows:
        _mark(axes, row, row in front)
    x = [row.seconds or 0.0 for row in front]
    axes.step(x, [100 * row.score().value for row in front], where="post", color=BLUE, lw=1.4)
    axes.set_xscale("log")
    low, high = 100 * min(s.low for s in scores) - 2, 100 * max(s.high for s in scores) + 2
    axes.set_ylim(low, high)
    _times(axes)
    places = [100 * score.value for score in scores]
    line = LINE * (high - low) / (height * axes.get_position().height)
    for row, y, label in zip(rows, places, spread(places, line), strict=True):
        point, beside = (row.seconds or 0.0, y), (1.03, (label - low) / (high - low))
        colour, bold = (BLUE, True) if row in front else (GREY, False)
        name_beside(axes, row.title, point, beside, colour, bold=bold, coordinates="axes fraction")
    axes.set_xlabel("time to train (logarithmic scale)")
    axes.set_ylabel("accuracy on test songs, %")
    grid(axes)
    return figure


def _mark(axes: Axes, row: Row, on_front: bool) -> None:
    score, x = row.score(), row.seconds or 0.0
    colour = BLUE if on_front else GREY
    axes.plot([x, x], [100 * score.low, 100 * score.high], color=colour, lw=1, alpha=0.5, zorder=1)
    fill = colour if on_front else "white"
    axes.plot(x, 100 * score.value, "o", color=colour, mfc=fill, ms=5.5, zorder=3)


def _times(axes: Axes) -> None:
    """Name round times on the axis; its ends where none lies between them."""
    low, high = axes.get_xlim()
    named = [value for value in NAMED if low <= value <= high]
    axes.xaxis.set_major_locator(FixedLocator(named or [low, high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _time(value)))


def _time(value: float) -> str:
    text = f"{value:g} s" if value < 10 else duration(value)
    return text.removesuffix(" 0 s").removesuffix(" 0 min")
