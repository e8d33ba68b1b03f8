"""Figures of runs side by side: scores of several runs, and ranks over corpora."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from classify.evaluation.paired import SIGNIFICANT
from classify.presentation.figures import BLUE, GREY, PALE, SERIES, canvas, name_rows
from classify.report.side_by_side.data import Across, Line, accuracy

#: Beside a colour, a marker for each run; from the seventh on colours begin again.
MARKERS = ("o", "s", "D", "^", "v", "P", "X")


def scores(lines: list[Line], names: list[str], *, joined: bool) -> Figure:
    """Draw each model's accuracy in every run with its interval; joined, a dumbbell a model."""
    figure, axes = canvas(5.2, 0.9 + (0.24 + 0.07 * len(names)) * len(lines))
    reach = min(0.3, 0.09 * len(names))
    offsets = np.linspace(reach, -reach, len(names))
    for place, line in enumerate(lines[::-1]):
        known = [(row.score(), y) for row, y in zip(line.rows, place + offsets, strict=True) if row]
        if joined:
            x = [100 * score.value for score, _ in known]
            axes.plot(x, [y for _, y in known], color=PALE, lw=3, zorder=1)
    for i, y in enumerate(offsets):
        marker, colour = MARKERS[i % len(MARKERS)], SERIES[i % len(SERIES)]
        for place, line in enumerate(lines[::-1]):
            if row := line.rows[i]:
                score, height = row.score(), place + y
                ends = [100 * score.low, 100 * score.high]
                axes.plot(ends, [height, height], color=colour, lw=1.2)
                axes.plot(100 * score.value, height, marker, color=colour, ms=6, zorder=3)
        label = names[i].replace("$", r"\$")  # a folder may be called Ke$ha
        axes.plot([], [], marker, color=colour, ms=6, label=label)
    name_rows(axes, [line.title for line in lines[::-1]])
    axes.set_xlabel("accuracy on test songs, % (bar: 95 % interval)")
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


def critical_difference(across: Across) -> Figure:
    """Draw mean ranks on a line, the best on the left, and bars over models that do not differ.

    The layout is that of Demsar 2006. Bars follow the tests in the sentences and the table: aeon's
    diagram has tests of its own, which part equal models more often than they promise.
    """
    assert across.ranking
    mean, n_models = across.ranking.mean, len(across.ranked)
    bars = across.ranking.inseparable_models(SIGNIFICANT)
    half = (n_models + 1) // 2  # models named on the left
    figure, axes = canvas(5.2, 0.9 + 0.16 * len(bars) + 0.24 * half)
    axes.set(xlim=(1, n_models), ylim=(-0.5 - 0.3 * len(bars) - 0.6 * half, 0))
    for place, bar in enumerate(bars):
        ends = mean[bar[0]] - 0.01 * n_models, mean[bar[-1]] + 0.01 * n_models
        axes.plot(ends, [-0.3 - 0.3 * place] * 2, color=BLUE, lw=3.5, clip_on=False)
    for i, line in enumerate(across.ranked):
        left = i < half
        y = -0.6 - 0.3 * len(bars) - 0.6 * (i if left else n_models - 1 - i)
        end = 1 - 0.03 * n_models if left else n_models * 1.03
        axes.plot([mean[i], mean[i], end], [0, y, y], color=GREY, lw=0.9, clip_on=False)
        name = f"{line.title}  {mean[i]:.2f}" if left else f"{mean[i]:.2f}  {line.title}"
        side = "right" if left else "left"
        axes.text(end, y, f" {name} ", ha=side, va="center", parse_math=False)
    axes.set_xlabel("mean rank (1: best)")
    axes.xaxis.set(ticks_position="top", label_position="top", ticks=range(1, n_models + 1))
    axes.spines["top"].set_visible(True)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_yticks([])
    return figure


def pairs(across: Across) -> Figure:
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
