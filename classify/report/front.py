"""The section on what accuracy costs: each model's accuracy on songs against its time to train.

On the *front* is a model that no other one beats on one of the two without losing on the other:
none is at least as accurate and as fast, and better at one of them. The front says what was
measured, not what is certain: who is really more accurate is for the paired tests to say.
"""

from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from classify.presentation.figures import BLUE, GREY, LIGHT, Drawings, spread
from classify.progress import duration
from classify.report import words
from classify.report.view import Row, View

#: Times that an axis may name, in seconds.
NAMED = (0.01, 0.1, 1, 10, 60, 600, 3600, 36000, 360000)

#: Height of a line of labels, in inches.
LINE = 0.17


@dataclass(frozen=True, eq=False)
class Front:
    """Models by what they cost.

    Parameters
    ----------
    rows : list of Row
        All models whose times are known, without the majority class, fastest first.
    best : list of Row
        Those on the front, fastest first; the last is the most accurate.
    instead : Row or None
        The fastest model that no test tells from the most accurate one, if it is faster.
    """

    rows: list[Row]
    best: list[Row]
    instead: Row | None


def read(view: View) -> Front | None:
    """Find the front.

    Returns
    -------
    Front or None
        None where fewer than two models have both scores and times.
    """
    rows = sorted(view.timed, key=lambda row: row.seconds or 0.0)
    if len(rows) < 2:
        return None
    best = view.front
    alike = [
        row
        for row in rows
        if row.difference and not row.difference.real and _faster(row, view.contenders[0])
    ]
    return Front(rows, best, alike[0] if alike else None)


def _faster(row: Row, other: Row) -> bool:
    return row.seconds is not None and other.seconds is not None and row.seconds < other.seconds


def sentences(view: View, found: Front) -> list[str]:
    """Say who is on the front, and which is the quickest choice that no test speaks against."""
    top = found.best[-1]
    if len(found.best) == 1:
        lines = [
            f"{top.title} is alone on the front: no model that learned faster than it, in "
            f"{took(top)}, or as fast, was as accurate."
        ]
    else:
        named = [
            f"{row.title} ({words.percent(row.score().value)} in {took(row)})" for row in found.best
        ]
        lines = [f"On the front, from the fastest on: {words.listed(named)}."]
    if found.instead:
        lines.append(
            f"The fastest model that no test tells from {view.contenders[0].title} is "
            f"{found.instead.title}, in {took(found.instead)} instead of "
            f"{took(view.contenders[0])}; that does not show that it is as accurate."
        )
    elif any(_faster(row, view.contenders[0]) for row in found.rows):
        lines.append(
            f"Every model that learned faster than {view.contenders[0].title} is told from it by "
            f"the paired tests."
        )
    return lines


def how_timed(view: View) -> str:
    """Say what the seconds are, and how far they can be trusted."""
    fits = "" if view.n_folds == 1 else f", all {view.n_folds * view.n_repeats} fits together"
    return (
        f"Times are wall-clock seconds of training{fits}, choices on inner folds among them, each "
        "on one thread with other fits beside it, so they are rough; what measuring features took "
        "is not counted. The front is drawn by the measured accuracies, whose intervals overlap: "
        "it does not say that one model is really more accurate than another."
    )


def alt(found: Front) -> str:
    """Describe the picture."""
    said = [
        f"{row.title} {words.percent(row.score().value)} ({words.span(row.score())}) in {took(row)}"
        + (", on the front" if row in found.best else "")
        for row in found.rows
    ]
    return (
        "Accuracy on test songs against time to train on a logarithmic scale, fastest first: "
        f"{'; '.join(said)}."
    )


def took(row: Row) -> str:
    """Write a row's time to train."""
    return words.seconds(row, "train")


def drawings(view: View, content: Front | None) -> Drawings:
    """Give the section's picture, `front`."""
    return {"front": partial(figure, content)} if content else {}


def figure(found: Front) -> Figure:
    """Draw accuracy with its interval over time, the front joined, names at the right."""
    scores = [row.score() for row in found.rows]
    made = Figure(figsize=(3.6, max(2.8, 0.8 + LINE * len(scores))))
    axes = made.add_subplot()
    for row in found.rows:
        _mark(axes, row, row in found.best)
    x = [row.seconds or 0.0 for row in found.best]
    y = [100 * row.score().value for row in found.best]
    axes.step(x, y, where="post", color=BLUE, lw=1.4, zorder=2)
    axes.set_xscale("log")
    low, high = 100 * min(s.low for s in scores), 100 * max(s.high for s in scores)
    axes.set_ylim(low - 2, high + 2)
    _times(axes)
    _names(axes, found, float(made.get_size_inches()[1]))
    axes.set_xlabel("time to train (logarithmic scale)")
    axes.set_ylabel("right answers on test songs, %")
    axes.grid(color=LIGHT, lw=0.8, zorder=0)
    axes.set_axisbelow(True)
    return made


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
    return (
        f"{value:g} s"
        if value < 10
        else duration(value).removesuffix(" 0 s").removesuffix(" 0 min")
    )


def _names(axes: Axes, found: Front, size: float) -> None:
    """Write names beside the picture, apart from each other, each with a thin line to its mark.

    `size` is the picture's height in inches.
    """
    low, high = axes.get_ylim()
    height = size * axes.get_position().height
    places = [100 * row.score().value for row in found.rows]
    at = spread(places, LINE * (high - low) / height)
    end = axes.get_xlim()[1]
    for row, y, label in zip(found.rows, places, at, strict=True):
        on_front = row in found.best
        colour = BLUE if on_front else GREY
        axes.annotate(
            row.title,
            (row.seconds or end, y),
            (1.03, (label - low) / (high - low)),
            textcoords="axes fraction",
            color=colour,
            fontsize=8.5,
            fontweight="bold" if on_front else "normal",
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.4, "alpha": 0.6,
                        "relpos": (0.0, 0.5)},
            parse_math=False,
        )  # fmt: skip
