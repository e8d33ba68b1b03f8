"""The best model against each other one, in words, in a figure and in a table."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from classify.evaluation.paired import SIGNIFICANT, Difference, pools
from classify.evaluation.significance import ROPE
from classify.presentation.figures import BLUE, GREY, LIGHT, canvas, name_rows
from classify.presentation.numbers import (
    number,
    p_equals,
    p_value,
    points,
    points_span,
    probability,
    signed,
)
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
from classify.report.format import adjusted_over, test_name
from classify.report.run_view import Row, View

TITLE, ORDER = "Is the best model really better?", 30


def blocks(view: View) -> Iterator[Block]:
    """Compare the best model with all others, from the nearest to the furthest behind."""
    compared = [(row, row.difference) for row in view.scored if row.difference]
    if not compared or view.best is None:
        return
    best = view.best.title
    lines = [sentence(row, difference) for row, difference in compared]
    yield Text(f"{best}, the model with the highest accuracy, is")
    yield Text(*(f"{line};" for line in lines[:-1]), f"{lines[-1]}.", kind="list")
    yield Text(*(f"{row.title} failed and cannot be compared." for row in view.failures))
    described = [
        f"{row.title} {points(d.points.value)} ({interval(d)}), "
        f"{'significant' if d.significant else 'not significant'}"
        for row, d in compared
    ]
    alt = f"By how many points {best} is ahead, with 95 % intervals: {'; '.join(described)}."
    yield Figure("differences", partial(_forest, compared), alt)
    how = Text(how_tested(view), kind="note")
    yield Details("The same as a table, and how it was tested", [how, _table(view, best, compared)])
    if len(view.contenders) > 2:
        yield Details("Every model against every other", [_matrix(view)])


def sentence(row: Row, difference: Difference) -> str:
    """Say how far the best model is ahead of another one, and what that means."""
    title = "the majority class" if row.kind == "reference" else row.title
    value, size = difference.points.value, points(abs(difference.points.value))
    if difference.same_songs:
        start = f"right on the very same songs as {title}"
    else:
        where = f"{'ahead of' if value > 0 else 'behind'} {title} by {size} points"
        start = f"{where if size != '0.0' else f'level with {title}'} ({interval(difference)})"
        if difference.significant:
            start += ", statistically significant"
        elif size != "0.0":
            start += ", not significant after Holm's correction" + _among_many(difference)
    end = f" (adjusted {p_equals(difference.p_value)})"
    if chances := difference.probabilities:
        end += (
            f"; with {probability(chances.a_better)} probability really better, "
            f"{probability(chances.equivalent)} practically equivalent, "
            f"{probability(chances.b_better)} worse"
        )
    return start + end


def _among_many(difference: Difference) -> str:
    """Say why an interval without 0 is not enough: it knows nothing of the other comparisons."""
    ends = difference.points.low * difference.points.high
    return " over so many comparisons" if ends > 0 else ""


def interval(difference: Difference) -> str:
    """Write the interval of a difference in points: −1.0 to 9.2."""
    return points_span(difference.points.low, difference.points.high)


def how_tested(view: View) -> str:
    """Say how differences were tested, and what to beware of."""
    end = (
        f"p values are Holm-adjusted over {adjusted_over(view)}; intervals are of one difference "
        f"each and not adjusted."
    )
    if view.n_folds == 1:
        return (
            "Exact McNemar test by groups of songs; intervals are bootstrap percentiles over "
            f"groups of songs. {end} One hold-out gives no probability that a model is really "
            "better: --folds gives one."
        )
    beware = (
        "Probabilities are those of the Bayesian correlated t test; practically equivalent means "
        f"within {number(ROPE, 0)} point either way. The best model was picked by these very "
        "scores, which flatters its probabilities a little."
    )
    if pools(view.n_folds * view.n_repeats):
        factor = np.sqrt(1 + view.n_folds / (view.n_folds - 1))
        return (
            "Each song is one value: whether the best model was right less whether the other was. "
            "Tests and intervals are those of a t test over groups of songs with a standard error "
            f"{factor:.2f} times as large, since models of different folds share training songs "
            f"(Nadeau and Bengio's correction). {end} {beware}"
        )
    return (
        f"Each fold is one value: its difference in accuracy on songs, {view.n_repeats} × "
        f"{view.n_folds} of them. Points are their mean, which can differ a little from the "
        "difference of the scores of all songs together. Tests and intervals are the t test of "
        "Nadeau and Bengio, corrected for training songs that folds share. "
        f"{end} {beware}"
    )


def _table(view: View, best: str, compared: list[tuple[Row, Difference]]) -> Table:
    titles = ["model", "points behind", "95 % interval", "adjusted p"]
    if view.n_folds > 1:
        titles += ["best model better", "practically equivalent", "worse"]
    rows = []
    for row, d in compared:
        cells = [row.title, points(d.points.value), interval(d), p_value(d.p_value)]
        if chances := d.probabilities:
            each = (chances.a_better, chances.equivalent, chances.b_better)
            cells += [probability(chance) for chance in each]
        rows.append(TableRow(cells, row.kind))
    return Table(
        columns(*titles),
        rows,
        f"By how many points of accuracy on test songs {best}, the best model, is ahead of each "
        f"other, with the 95 % interval of that difference alone; {test_name(view)}, p values "
        f"Holm-adjusted over {adjusted_over(view)}.",
        label="tab:differences",
    )


def _matrix(view: View) -> Table:
    """Lay out by how many points the model of a row is ahead of that of a column."""
    models = view.contenders
    rows = []
    for place, row in enumerate(models):
        cells: list[Cell | str] = [f"{place + 1} {row.title}"]
        for column, other in enumerate(models):
            if row is other:
                cells.append("")
                continue
            pair = (row.name, other.name) if place < column else (other.name, row.name)
            ahead, p = row.score().value - other.score().value, view.pairs[pair]
            shade = 0.0 if p >= SIGNIFICANT else float(np.sign(ahead)) / 2
            cells.append(Cell(signed(ahead), f"p {p_value(p)}", shade=shade))
        rows.append(TableRow(cells, row.kind))
    return Table(
        [*columns("model"), *columns(*(str(1 + place) for place in range(len(models))))],
        rows,
        "By how many points of accuracy on test songs the model of a row is ahead of that of a "
        f"column; {test_name(view)}, p values Holm-adjusted over all {len(view.pairs)} pairs; "
        "shaded where significant.",
        dense=True,
    )


def _forest(compared: list[tuple[Row, Difference]]) -> Canvas:
    """Draw every difference with its interval, one line per model; filled where significant."""
    figure, axes = canvas(5.2, 0.8 + 0.3 * len(compared))
    axes.axvspan(-100 * ROPE, 100 * ROPE, color=LIGHT, lw=0, zorder=0)
    axes.axvline(0, color=GREY, lw=1)
    for place, (_, difference) in enumerate(compared[::-1]):
        one = difference.points
        axes.plot([100 * one.low, 100 * one.high], [place, place], color=BLUE, lw=1.8)
        fill = BLUE if difference.significant else "white"
        axes.plot(100 * one.value, place, "o", color=BLUE, mfc=fill, mew=1.6, ms=6.5)
    name_rows(axes, [row.title for row, _ in compared[::-1]])
    axes.set_xlabel(
        "points by which the best model is ahead (bar: 95 % interval)\n"
        "filled: statistically significant; band: practically equivalent"
    )
    return figure
