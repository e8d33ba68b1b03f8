"""The section on the leak: what a split by random windows claims, beside the truth.

A random-window score is like for like only with the score of windows of unseen songs, so points
and ranks compare those two; the score of whole songs stands beside them.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import kendalltau, rankdata

from classify.presentation.figures import BLUE, GREY, ORANGE, Drawings, spread
from classify.report import words
from classify.report.view import Row, Score, View

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
class Line:
    """One model under both splits.

    Parameters
    ----------
    row : Row
        The model, with its scores on unseen songs.
    train, test : Score
        Its accuracy on windows under random windows.
    claimed, true : int or None
        Its rank by accuracy on windows, under random windows and on unseen songs; None for the
        majority class.
    """

    row: Row
    train: Score
    test: Score
    claimed: int | None = None
    true: int | None = None

    @property
    def points(self) -> float:
        """What the leak is worth to it, as a share of windows."""
        return self.test.value - self.row.score("window").value


@dataclass(frozen=True, eq=False)
class Leak:
    """What the section shows.

    Parameters
    ----------
    probes : str
        What random windows gain on this corpus, by quick probes.
    lines : list of Line
        As random windows rank the models; the majority class last; empty without such rows.
    tau : float
        Kendall's rank correlation of both rankings; nan if there is none.
    """

    probes: str
    lines: list[Line]
    tau: float

    @property
    def ranked(self) -> list[Line]:
        """Lines without the majority class."""
        return [line for line in self.lines if line.claimed is not None]


def read(view: View) -> Leak:
    """Collect what the probes and, where the run has them, the models gain by random windows."""
    claimed = {} if view.protocol == RANDOM else _claimed(view)
    contenders = [row for row in view.contenders if row.name in claimed]
    test = [claimed[row.name][1].value for row in contenders]
    true = [row.score("window").value for row in contenders]
    ranks = zip(contenders, _ranks(test), _ranks(true), strict=True)
    lines = [Line(row, *claimed[row.name], int(a), int(b)) for row, a, b in ranks]
    lines.sort(key=lambda line: (line.claimed, line.true, line.row.name))
    if lines and view.majority and view.majority.name in claimed:
        lines.append(Line(view.majority, *claimed[view.majority.name]))
    tau = float(kendalltau(test, true).statistic) if len(contenders) > 1 else np.nan
    return Leak(probes(view.run["split"]), lines, tau)


def drawings(view: View, content: Leak) -> Drawings:
    """Give `leak`, both rankings with a line a model."""
    return {"leak": partial(_slopes, content.ranked)} if content.ranked else {}


def _claimed(view: View) -> dict[str, tuple[Score, Score]]:
    """Accuracy on windows of the training and the test part, by model, under random windows."""
    table = view.scores
    rows = table[
        (table.protocol == RANDOM) & (table.level == "window") & (table.metric == "accuracy")
    ]
    found = {
        (item.model, item.part): Score(item.value, item.low, item.high)
        for item in rows.itertuples()
    }
    models = {model for model, part in found if part == "test"}
    return {model: (found[model, "train"], found[model, "test"]) for model in models}


def _ranks(values: list[float]) -> NDArray[np.integer]:
    """Rank from the highest down; equals share the better rank."""
    return rankdata(-np.asarray(values), method="min").astype(int)


def probes(split: dict[str, Any]) -> str:
    """Say what random windows gain on these very windows, by the quick probes."""
    found = split["probes"]
    if not found:
        return (
            "Classes have too few groups of songs to measure what a split by random windows gains "
            "on this corpus."
        )
    verb = "flatter" if split["kind"] == RANDOM else "would have flattered"
    each = [
        f"a {probe['title']} by {probe['points']:.0f} points ({100 * probe['leaking']:.0f} % of "
        f"windows right instead of {100 * probe['honest']:.0f} %)"
        for probe in found
        if round(probe["points"]) > 0
    ]
    not_at_all = [f"a {probe['title']}" for probe in found if round(probe["points"]) <= 0]
    if not each:
        no = "do not flatter" if split["kind"] == RANDOM else "would not have flattered"
        return f"Random windows {no} {' or '.join(not_at_all)} on this corpus."
    text = f"Random windows {verb} {words.listed(each)}"
    return f"{text}, but not {words.listed(not_at_all)}." if not_at_all else f"{text}."


def sentences(content: Leak) -> list[str]:
    """Say how random windows re-rank the models."""
    ranked = content.ranked
    if not ranked:
        return []
    if len(ranked) == 1:
        only = ranked[0]
        return [
            f"Random windows claim {words.percent(only.test.value)} for {only.row.title}; on "
            f"windows of unseen songs it reaches {words.percent(only.row.score('window').value)}."
        ]
    return [_mean(ranked), _best(ranked), *_agreement(content.tau)]


def _mean(ranked: list[Line]) -> str:
    """Say how much random windows claim too much, over all models and at most."""
    mean = float(np.mean([line.points for line in ranked]))
    most = max(ranked, key=lambda line: line.points)
    if mean <= 0:
        return (
            f"Over these {len(ranked)} models, random windows claim no more than windows of unseen "
            f"songs bear out ({words.points(mean)} points on average)."
        )
    return (
        f"Over these {len(ranked)} models, random windows claim {words.points(mean)} points more "
        f"than windows of unseen songs bear out, and most for {most.row.title}: "
        f"{words.points(most.points)} points."
    )


def _best(ranked: list[Line]) -> str:
    """Say where the model that random windows call best stands in truth."""
    first = [line for line in ranked if line.claimed == 1]
    names = words.listed([line.row.title for line in first])
    if all(line.true == 1 for line in first):
        return f"They call {names} best, as windows of unseen songs do."
    places = words.listed([f"{ordinal(line.true or 0)}" for line in first])
    it = "it is" if len(first) == 1 else "they are"
    return (
        f"They would have called {names} best; on windows of unseen songs {it} {places} of "
        f"{len(ranked)}."
    )


def _agreement(tau: float) -> list[str]:
    if np.isnan(tau):
        return []
    kind = next(kind for least, kind in AGREEMENT if tau >= least)
    value = f"{tau:.2f}".replace("-0.00", "0.00").replace("-", "−")
    return [f"Kendall's τ of the two rankings is {value}: {kind}."]


def ordinal(number: int) -> str:
    """Write a place: 1st, 2nd, 3rd, 4th, 11th."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if number % 100 in (11, 12, 13) else endings.get(number % 10, "th")
    return f"{number}{ending}"


def _slopes(ranked: list[Line]) -> Figure:
    """Draw accuracy on windows under both splits, a line a model, with its ranks."""
    figure = Figure(figsize=(2.9, max(3.2, 0.8 + 0.27 * len(ranked))))
    axes = figure.add_subplot()
    left = [100 * line.test.value for line in ranked]
    right = [100 * line.row.score("window").value for line in ranked]
    low, high = min(left + right), max(left + right)
    apart = max(high - low, 5.0) / max(11, 1.15 * len(ranked))
    starts, ends = spread(left, apart), spread(right, apart)
    for line, a, b, start, end in zip(ranked, left, right, starts, ends, strict=True):
        style, colour, weight = _look(line)
        axes.plot([0, 1], [a, b], f"o{style}", color=colour, lw=2.4 if weight else 1.1, ms=4)
        bold = "bold" if weight else "normal"
        claimed = f"{line.row.title}  {a:.0f} %  ({line.claimed})"
        true = f"({line.true})  {b:.0f} %  {line.row.title}"
        _label(axes, claimed, (0, a), (-0.14, start), colour, bold)
        _label(axes, true, (1, b), (1.14, end), colour, bold)
    axes.set_xticks([0, 1], ["random windows", "unseen songs"])
    axes.set_xlim(-0.05, 1.05)
    labels = [*starts, *ends]
    axes.set_ylim(min(low, *labels) - apart, max(high, *labels) + apart)
    axes.spines[:].set_visible(False)
    axes.tick_params(left=False, labelleft=False, bottom=False)
    return figure


def _look(line: Line) -> tuple[str, str, bool]:
    """Line style, colour, and whether to draw a line heavily."""
    if line.true == 1:
        return "-", BLUE, True
    if line.claimed == 1:
        return "--", ORANGE, True
    return ":", GREY, False


def _label(
    axes: Axes,
    text: str,
    point: tuple[float, float],
    place: tuple[float, float],
    colour: str,
    weight: str,
) -> None:
    left = place[0] < 0
    axes.annotate(
        text,
        point,
        place,
        color=colour,
        fontsize=8.5,
        fontweight=weight,
        va="center",
        ha="right" if left else "left",
        annotation_clip=False,
        arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.5, "relpos": (float(left), 0.5)},
        parse_math=False,
    )
