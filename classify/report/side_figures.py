"""Pictures of runs side by side: scores of several runs, and ranks over corpora."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from classify.report.figures import Drawings
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
    """Draw mean ranks on a line, bars joining models that aeon's procedure does not tell apart.

    aeon tests each pair one-sidedly. Half the level and Bonferroni's correction over all pairs keep
    the chance of any false difference below the level; with its own defaults (a level of 0.1 over
    the models less one) equally good models were parted in 14 to 38 of 100 made-up comparisons.
    """
    import matplotlib.pyplot as plt
    from aeon.visualisation import plot_critical_difference

    titles = [line.title for line in across.ranked]
    with _offstage():
        figure, _ = plot_critical_difference(
            accuracy(across.ranked),
            titles,
            correction="bonferroni",
            alpha=SIGNIFICANT / 2,
            width=7,
            textspace=2.2,
        )
        plt.close(figure)
    return figure


def _pairs(across: Across) -> Figure:
    """Draw a matrix of all pairs: mean difference, corpora won, drawn and lost, and p value."""
    import matplotlib.pyplot as plt
    from aeon.visualisation import create_multi_comparison_matrix

    scores = 100 * accuracy(across.ranked)
    with _offstage():
        figure = create_multi_comparison_matrix(
            pd.DataFrame(scores, columns=[line.title for line in across.ranked]),
            statistic_name="accuracy, %",
            pvalue_test_params={"zero_method": "wilcox", "alternative": "two-sided"},
            pvalue_threshold=SIGNIFICANT,
            precision=3,
            colormap="coolwarm_r",
            fig_size=(2.5 + 1.35 * len(across.ranked), 1 + 0.7 * len(across.ranked)),
            font_size=9,
        )
        plt.close(figure)
    return figure
