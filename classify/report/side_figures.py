"""Pictures of runs side by side: scores of several runs, and ranks over corpora."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from classify.presentation.figures import Drawings
from classify.report.paired import SIGNIFICANT
from classify.report.sides import CORPORA, Across, Line, Sides, accuracy

#: Okabe and Ito's colours and a marker for each run; from the seventh on both begin anew.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")


def drawings(sides: Sides) -> Drawings:
    """Give the pictures of a page: `sides-same-<n>`, `sides-across`, `sides-ranks`, `sides-pairs`.

    The last two only where there are corpora enough, and three models with scores on all of them.
    """
    found: Drawings = {
        f"sides-same-{i}": partial(
            _scores, same.lines, [side.name for side in same.sides], joined=True
        )
        for i, same in enumerate(sides.same)
    }
    if sides.across:
        found["sides-across"] = partial(
            _scores, sides.across.lines, sides.across.names, joined=False
        )
        if ranks_drawn(sides.across):
            found["sides-ranks"] = partial(_critical_difference, sides.across)
            found["sides-pairs"] = partial(_pairs, sides.across)
    return found


def ranks_drawn(across: Across) -> bool:
    """Say whether pictures of ranks are drawn: three corpora and three models have to be there."""
    return len(across.sides) >= CORPORA and len(across.ranked) > 2


def _scores(lines: list[Line], names: list[str], *, joined: bool) -> Figure:
    """Draw each model's accuracy in every run with its interval; joined, a dumbbell a model."""
    figure = Figure(figsize=(5.2, 0.9 + (0.24 + 0.07 * len(names)) * len(lines)))
    axes = figure.add_subplot()
    reach = min(0.3, 0.09 * len(names))
    offsets = np.linspace(reach, -reach, len(names))
    for place, line in enumerate(lines[::-1]):
        known = [(row.score(), y) for row, y in zip(line.rows, place + offsets, strict=True) if row]
        if joined:
            at = [100 * score.value for score, _ in known]
            axes.plot(at, [y for _, y in known], color="#c3c8d0", lw=3, zorder=1)
    for i, y in enumerate(offsets):
        marker, colour = MARKERS[i % len(MARKERS)], COLOURS[i % len(COLOURS)]
        for place, line in enumerate(lines[::-1]):
            if row := line.rows[i]:
                score, height = row.score(), place + y
                ends = [100 * score.low, 100 * score.high]
                axes.plot(ends, [height, height], color=colour, lw=1.2)
                axes.plot(100 * score.value, height, marker, color=colour, ms=6, zorder=3)
        label = names[i].replace("$", r"\$")  # a folder may be called Ke$ha
        axes.plot([], [], marker, color=colour, ms=6, label=label)
    axes.set_yticks(range(len(lines)), [line.title for line in lines[::-1]])
    axes.set_ylim(-0.6, len(lines) - 0.4)
    axes.set_xlabel("right answers on test songs, % (bar: 95 % interval)")
    axes.grid(axis="x", color="#e5e7eb", lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(left=False)
    axes.spines["left"].set_visible(False)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=min(3, len(names)), frameon=False)
    return figure


@contextmanager
def _offstage() -> Iterator[None]:
    """Let a library draw with pyplot without a window, and leave everything as it was."""
    import matplotlib.pyplot as plt

    backend = mpl.get_backend()
    plt.switch_backend("agg")
    try:
        with mpl.rc_context():
            yield
    finally:
        plt.switch_backend(backend)


def _critical_difference(across: Across) -> Figure:
    """Draw mean ranks on a line, the best on the left, and bars over models not told apart.

    The layout is that of Demsar 2006. Bars follow the tests in the sentences and the table: aeon's
    diagram has tests of its own, which part equal models more often than they promise.
    """
    assert across.ranking
    mean, n_models = across.ranking.mean, len(across.ranked)
    bars = across.ranking.together(SIGNIFICANT)
    half = (n_models + 1) // 2  # models named on the left
    figure = Figure(figsize=(5.2, 0.9 + 0.16 * len(bars) + 0.24 * half))
    axes = figure.add_subplot()
    axes.set(xlim=(1, n_models), ylim=(-0.5 - 0.3 * len(bars) - 0.6 * half, 0))
    for place, bar in enumerate(bars):
        ends = mean[bar[0]] - 0.01 * n_models, mean[bar[-1]] + 0.01 * n_models
        axes.plot(ends, [-0.3 - 0.3 * place] * 2, color=COLOURS[0], lw=3.5, clip_on=False)
    for i, line in enumerate(across.ranked):
        left = i < half
        y = -0.6 - 0.3 * len(bars) - 0.6 * (i if left else n_models - 1 - i)
        end = 1 - 0.03 * n_models if left else n_models * 1.03
        axes.plot([mean[i], mean[i], end], [0, y, y], color="#6b7280", lw=0.9, clip_on=False)
        name = f"{line.title}  {mean[i]:.2f}" if left else f"{mean[i]:.2f}  {line.title}"
        side = "right" if left else "left"
        axes.text(end, y, f" {name} ", ha=side, va="center", parse_math=False)
    axes.set_xlabel("mean rank (1: best)")
    axes.xaxis.set(ticks_position="top", label_position="top", ticks=range(1, n_models + 1))
    axes.spines["top"].set_visible(True)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_yticks([])
    return figure


def _pairs(across: Across) -> Figure:
    """Draw a matrix of all pairs: mean difference, corpora won, drawn and lost."""
    import matplotlib.pyplot as plt
    from aeon.visualisation import create_multi_comparison_matrix

    scores = 100 * accuracy(across.ranked)
    with _offstage():
        figure = create_multi_comparison_matrix(
            pd.DataFrame(scores, columns=[textwrap.fill(line.title, 14) for line in across.ranked]),
            statistic_name="accuracy, %",
            include_pvalue=False,  # its Holm does not stop at the first p value too high
            pvalue_correction=None,
            precision=3,
            colormap="coolwarm_r",
            fig_size=(2.5 + 1.35 * len(across.ranked), 1 + 0.7 * len(across.ranked)),
            font_size=9,
        )
        plt.close(figure)
    return figure
