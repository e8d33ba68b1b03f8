"""A line for each model: the best few stand out by colour, dash and marker, the others are grey."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classify.presentation.figures import BLUE, GREEN, ORANGE, PALE, PINK

#: Colour, line and marker of the best models, best first.
MARKS = [(BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (PINK, ":", "D")]


def draw_line(
    axes: Axes,
    rank: int,
    title: str,
    x: Sequence[float],
    y: Sequence[float],
    ends: Sequence[tuple[float, float]] = (),
) -> None:
    """Draw one model's accuracies.

    Parameters
    ----------
    axes : Axes
        Where to.
    rank : int
        Place of the model, 0 for the best; the first few are marked and named.
    title : str
        Its name.
    x, y : sequences of float
        Where, and the accuracy there as a share.
    ends : sequence of (low, high), optional
        Intervals, drawn as bars for the models that are named.
    """
    y = [100 * value for value in y]
    if rank >= len(MARKS):
        axes.plot(
            x, y, color=PALE, lw=1, zorder=1, label="other models" if rank == len(MARKS) else None
        )
        return
    colour, dash, marker = MARKS[rank]
    for place, (low, high) in zip(x, ends, strict=False):
        axes.plot([place, place], [100 * low, 100 * high], color=colour, lw=0.9, alpha=0.6)
    axes.plot(
        x, y, dash, color=colour, marker=marker, ms=4, lw=1.6, label=title, zorder=3 - rank / 10
    )


def legend(figure: Figure, axes: Axes) -> None:
    """Name the marked models above the panels, best first, and the grey ones together."""
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: -handles[i].get_zorder())
    figure.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="lower center",
        bbox_to_anchor=(0.5, 0.9),
        ncols=2,
        frameon=False,
        fontsize=7.5,
        handlelength=3.2,
    )
