"""What a split by random windows would report, next to the scores on unseen songs.

A random-window score is like for like only with the score of windows of unseen songs, so points
and ranks compare those two; the score of whole songs stands beside them. *Inflation* is the
difference, window by window: five draws of random windows test each of them once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau, rankdata

from classify.evaluation.intervals import Estimate, estimate, estimates
from classify.presentation.figures import BLUE, GREY, ORANGE, canvas, name_beside, spread
from classify.presentation.numbers import MINUS, ordinal, percent, points, points_span
from classify.report.blocks import Block, Canvas, Cell, Figure, Table, TableRow, Text, columns
from classify.report.format import listed, points_cell, score_cell
from classify.report.run_view import Row, View

TITLE, ORDER = "What a split by random windows would report", 60

#: The protocol of the rows under random windows.
RANDOM = "window"

#: What Kendall's correlation means, from which value on.
AGREEMENT = (
    (0.999, "the same ranking"),
    (0.8, "much the same ranking"),
    (0.3, "a ranking that agrees in part"),
    (-0.3, "a ranking that says little of the true one"),
    (-1.1, "a ranking that goes against the true one"),
)


@dataclass(frozen=True, eq=False)
class LeakLine:
    """One model under both splits: accuracy on windows, and ranks by it (0: not ranked).

    `inflation` is by how much random windows overestimate it on the same windows, as a share.
    """

    row: Row
    train: Estimate
    test: Estimate
    inflation: Estimate
    reported: int = 0
    true: int = 0


def blocks(view: View) -> Iterator[Block]:
    """Show what the probes and, where the run has them, the models gain by random windows."""
    lines = read(view)
    ranked = [line for line in lines if line.reported]
    yield Text(probes(view.run["split"]), *sentences(ranked, _mean_inflation(view, ranked)))
    if ranked:
        described = [
            f"{line.row.title} {percent(line.test.value)} (rank {line.reported}) and "
            f"{percent(line.row.score('window').value)} (rank {line.true})"
            for line in ranked
        ]
        yield Figure(
            "leak",
            partial(_slopes, ranked),
            "Accuracy on windows under random windows and on unseen songs, with ranks: "
            f"{'; '.join(described)}.",
            "Accuracy on windows, with ranks in brackets. Blue: best on unseen songs; orange, "
            "broken: best by random windows.",
        )
    if lines:
        yield _table(view, lines)
        yield _paper(lines)
    elif view.protocol != RANDOM:
        yield Text(
            "With `--leak`, the run trains every model under random windows too, and shows here "
            "what they would have reported.",
            kind="note",
        )


def read(view: View) -> list[LeakLine]:
    """Give all models as random windows rank them, the majority class last; none if not run."""
    reported = {} if view.protocol == RANDOM else _reported(view)
    contenders = [row for row in view.contenders if row.name in reported]
    test = [reported[row.name][1].value for row in contenders]
    ranks = zip(contenders, _ranks(test), _ranks(_true(contenders)), strict=True)
    majority = [view.majority] if view.majority and view.majority.name in reported else []
    gained = _gained(view, [row.name for row in [*contenders, *majority]]) if contenders else {}
    lines = [
        LeakLine(row, *reported[row.name], gained[row.name], int(a), int(b)) for row, a, b in ranks
    ]
    lines.sort(key=lambda line: (line.reported, line.true, line.row.name))
    if lines:
        lines += [LeakLine(row, *reported[row.name], gained[row.name]) for row in majority]
    return lines


def _right(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay out which windows each model predicts correctly; over repeats, how often."""
    right = (rows.prediction == rows.label).astype(float)
    keys = [rows.group, rows.song, rows.start, rows.model]
    return right.groupby(keys).mean().unstack("model")


def _paired(view: View, names: list[str]) -> pd.DataFrame:
    """Give what random windows change for each window and model: 1, 0 or -1."""
    rows = view.predictions
    tested = rows[(rows.level == "window") & (rows.part == "test") & rows.model.isin(names)]
    own, random = (_right(tested[tested.protocol == kind]) for kind in (view.protocol, RANDOM))
    return (random - own.reindex(random.index))[names].dropna()


def _gained(view: View, names: list[str]) -> dict[str, Estimate]:
    changes = _paired(view, names)
    groups = changes.index.get_level_values("group").tolist()
    n_folds = max(2, view.n_folds)  # several draws share training windows, whatever the own split
    gained = estimates(changes.to_numpy(), groups, view.seed, n_folds, (-1.0, 1.0))
    return dict(zip(names, gained, strict=True))


def _mean_inflation(view: View, ranked: list[LeakLine]) -> Estimate | None:
    """Give the mean over models of what random windows gain, with its interval."""
    if not ranked:
        return None
    changes = _paired(view, [line.row.name for line in ranked]).mean(axis=1)
    groups = changes.index.get_level_values("group").tolist()
    return estimate(changes.to_numpy(), groups, view.seed, max(2, view.n_folds), (-1.0, 1.0))


def _reported(view: View) -> dict[str, tuple[Estimate, Estimate]]:
    """Accuracy on windows of the training and the test part, by model, under random windows."""
    table = view.scores
    rows = table[(table.protocol == RANDOM) & (table.level == "window")]
    scores = {
        (item.model, item.part): Estimate(item.value, item.low, item.high)
        for item in rows[rows.metric == "accuracy"].itertuples()
    }
    models = {model for model, part in scores if part == "test"}
    return {model: (scores[model, "train"], scores[model, "test"]) for model in models}


def _true(rows: list[Row]) -> list[float]:
    return [row.score("window").value for row in rows]


def _ranks(values: list[float]) -> NDArray[np.integer]:
    """Rank from the highest down; equals share the better rank."""
    return rankdata(-np.asarray(values), method="min").astype(int)


def probes(split: dict[str, Any]) -> str:
    """Say what random windows gain on these very windows, by the quick probes."""
    measured = split["probes"]
    if not measured:
        return (
            "Classes have too few groups of songs to measure what a split by random windows gains "
            "on this corpus."
        )
    flatters = split["kind"] == RANDOM
    each = [
        f"a {probe['title']} by {probe['points']:.0f} points ({100 * probe['leaking']:.0f} % of "
        f"windows right instead of {100 * probe['honest']:.0f} %)"
        for probe in measured
        if round(probe["points"]) > 0
    ]
    not_at_all = [f"a {probe['title']}" for probe in measured if round(probe["points"]) <= 0]
    if not each:
        verb = "do not overestimate" if flatters else "would not have overestimated"
        return f"Random windows {verb} {' or '.join(not_at_all)} on this corpus."
    verb = "overestimate" if flatters else "would have overestimated"
    but = f", but not {listed(not_at_all)}" if not_at_all else ""
    return f"Random windows {verb} {listed(each)}{but}."


def sentences(ranked: list[LeakLine], mean: Estimate | None) -> list[str]:
    """Say how much random windows overestimate, and how they re-rank the models."""
    if mean is None:
        return []
    if len(ranked) == 1:
        only = ranked[0]
        return [
            f"Random windows report {percent(only.test.value)} for {only.row.title}; on windows of "
            f"unseen songs it reaches {percent(only.row.score('window').value)}; {_by(mean)}."
        ]
    return [_mean(ranked, mean), _best(ranked), *_agreement(ranked)]


def _mean(ranked: list[LeakLine], mean: Estimate) -> str:
    """Say how much random windows overestimate, over all models and at most."""
    most = max(ranked, key=lambda line: line.inflation.value)
    text = f"Over these {len(ranked)} models, on the same windows, {_by(mean)}"
    if most.inflation.low <= 0:
        return f"{text}; for no model is that significant." if mean.low <= 0 else f"{text}."
    return f"{text}; most for {most.row.title}: by {_inflation(most.inflation)}."


def _by(one: Estimate) -> str:
    """Say by how much random windows overestimate, if that is more than chance."""
    ends = _inflation(one)
    if one.low <= 0:
        return f"random windows do not significantly overestimate accuracy ({ends})"
    return f"random windows overestimate accuracy by {ends}"


def _inflation(one: Estimate) -> str:
    return f"{points(one.value)} points (95 % interval {points_span(one.low, one.high)})"


def _best(ranked: list[LeakLine]) -> str:
    """Say where the model that random windows call best stands in truth."""
    first = [line for line in ranked if line.reported == 1]
    names = listed([line.row.title for line in first])
    if all(line.true == 1 for line in first):
        return f"They call {names} best, as windows of unseen songs do."
    it = "it is" if len(first) == 1 else "they are"
    return (
        f"They would have called {names} best; on windows of unseen songs {it} "
        f"{listed([ordinal(line.true) for line in first])} of {len(ranked)}."
    )


def _agreement(ranked: list[LeakLine]) -> list[str]:
    tau = kendalltau([line.test.value for line in ranked], _true([line.row for line in ranked]))[0]
    if np.isnan(tau):
        return []
    kind = next(kind for least, kind in AGREEMENT if tau >= least)
    value = f"{tau:.2f}".replace("-0.00", "0.00").replace("-", MINUS)
    return [f"Kendall's τ of the two rankings is {value}: {kind}."]


def _table(view: View, lines: list[LeakLine]) -> Table:
    rows = []
    for line in lines:
        unseen = [line.row.score("window", "train"), line.row.score("window"), line.row.score()]
        cells: list[Cell | str] = [
            line.row.title,
            str(line.reported or "–"),
            *(score_cell(score) for score in (line.train, line.test)),
            str(line.true or "–"),
            *(score_cell(score) for score in unseen),
            points_cell(line.inflation),
        ]
        rows.append(TableRow(cells, view.kind(line.row)))
    titles = ("rank", "train, windows", "test, windows", "test, songs")
    return Table(
        [
            *columns("model"),
            *columns("rank", "train", "test", over="random windows"),
            *columns(*titles, over="unseen songs"),
            *columns("inflation, points"),
        ],
        rows,
        "Accuracy in %, with 95 % intervals, as random windows would have shown it, "
        "next to unseen songs; ranks and inflation are by windows. Random windows: five draws, "
        "each with four fifths to train on, that test every window once; inflation is measured on "
        "the same windows under both splits.",
    )


def _paper(lines: list[LeakLine]) -> Table:
    """Lay out the same for a paper."""
    titles = ("random windows", "unseen, windows", "unseen, songs", "inflation", "reported rank")
    rows = []
    for line in lines:
        scores = [line.test, line.row.score("window"), line.row.score()]
        ranks = [str(rank or "–") for rank in (line.reported, line.true)]
        cells = [score_cell(score) for score in scores]
        rows.append(TableRow([line.row.title, *cells, points_cell(line.inflation), *ranks]))
    return Table(
        columns("model", *titles, "true rank"),
        rows,
        "What a split by random windows (five draws, a fifth held out in each, songs on both "
        "sides) would have reported, next to unseen songs: accuracy in % with 95 % intervals, "
        "inflation on windows in points, and ranks by accuracy on windows.",
        label="tab:leak",
        paper_only=True,
    )


def _slopes(ranked: list[LeakLine]) -> Canvas:
    """Draw accuracy on windows under both splits, one line per model, with its ranks."""
    figure, axes = canvas(2.9, max(3.2, 0.8 + 0.27 * len(ranked)))
    left = [100 * line.test.value for line in ranked]
    right = [100 * value for value in _true([line.row for line in ranked])]
    low, high = min(left + right), max(left + right)
    apart = max(high - low, 5.0) / max(11, 1.15 * len(ranked))
    starts, ends = spread(left, apart), spread(right, apart)
    for line, a, b, start, end in zip(ranked, left, right, starts, ends, strict=True):
        style, colour, bold = _look(line)
        axes.plot([0, 1], [a, b], f"o{style}", color=colour, lw=2.4 if bold else 1.1, ms=4)
        reported = f"{line.row.title}  {a:.0f} %  ({line.reported})"
        true = f"({line.true})  {b:.0f} %  {line.row.title}"
        name_beside(axes, reported, (0, a), (-0.14, start), colour, bold=bold, left=True)
        name_beside(axes, true, (1, b), (1.14, end), colour, bold=bold)
    axes.set_xticks([0, 1], ["random windows", "unseen songs"])
    axes.set_xlim(-0.05, 1.05)
    labels = [*starts, *ends]
    axes.set_ylim(min(low, *labels) - apart, max(high, *labels) + apart)
    axes.spines[:].set_visible(False)
    axes.tick_params(left=False, labelleft=False, bottom=False)
    return figure


def _look(line: LeakLine) -> tuple[str, str, bool]:
    """Line style, colour, and whether to draw a line heavily."""
    if line.true == 1:
        return "-", BLUE, True
    return ("--", ORANGE, True) if line.reported == 1 else (":", GREY, False)
