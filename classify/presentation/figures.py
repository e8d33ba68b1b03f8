"""One palette and one style for every figure, and figures as SVG files.

Colours are those of Okabe and Ito 2008, which colour-blind readers can distinguish; nothing is said
by colour alone.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classify.files import atomic_write

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
YELLOW, SKY, LEMON, BLACK = "#E69F00", "#56B4E9", "#F0E442", "#000000"

#: Colours of things side by side, in this order.
SERIES = (BLUE, ORANGE, GREEN, PINK, YELLOW, SKY)

#: Text and greys, from dark to light: `GREY` for what matters less, `PALE` for what is only there,
#: `LIGHT` for grids.
INK, GREY, PALE, LIGHT = "#111827", "#6b7280", "#c3c8d0", "#e5e7eb"

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9ca3af",
    "axes.labelcolor": "#374151",
    "xtick.color": "#374151",
    "ytick.color": "#374151",
    "svg.hashsalt": "classify",  # the same picture gives the same bytes
}


#: What draws each picture, by the picture's name.
Drawings = dict[str, Callable[[], Figure]]


def save(drawings: Drawings, folder: Path) -> dict[str, Path]:
    """Draw every picture and save it as `<name>.svg`.

    Parameters
    ----------
    drawings : dict of str to callable
        What draws each picture, by name.
    folder : Path
        Where the SVG files go.

    Returns
    -------
    dict of str to Path
        The file of each picture.
    """
    paths = {}
    for name, drawing in drawings.items():
        paths[name] = folder / f"{name}.svg"
        with mpl.rc_context(STYLE), atomic_write(paths[name]) as temporary:
            drawing().savefig(temporary, format="svg", bbox_inches="tight", metadata={"Date": None})
    return paths


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Give a figure of one panel, size in inches, and its axes."""
    figure = Figure(figsize=(width, height))
    return figure, figure.add_subplot()


def grid(axes: Axes, which: Literal["both", "x", "y"] = "both") -> None:
    """Draw a light grid below everything else."""
    axes.grid(axis=which, color=LIGHT, lw=0.8, zorder=0)
    axes.set_axisbelow(True)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of a figure, from 0 up, and take its left axis away."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    grid(axes, "x")
    axes.tick_params(left=False)
    axes.spines["left"].set_visible(False)


def name_beside(
    axes: Axes,
    text: str,
    point: tuple[float, float],
    place: tuple[float, float],
    colour: str,
    *,
    bold: bool = False,
    left: bool = False,
    coordinates: str = "data",
) -> None:
    """Write a name beside a figure, with a thin line to the point that it belongs to.

    Parameters
    ----------
    axes : Axes
        Where to.
    text : str
        The name; any characters.
    point : (float, float)
        What is named, in data coordinates.
    place : (float, float)
        Where the name begins, or ends if it is to the `left`, in matplotlib's `coordinates`.
    colour : str
        Of name and line.
    """
    axes.annotate(
        text,
        point,
        place,
        textcoords=coordinates,
        color=colour,
        fontsize=8.5,
        fontweight="bold" if bold else "normal",
        va="center",
        ha="right" if left else "left",
        annotation_clip=False,
        arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.5, "relpos": (float(left), 0.5)},
        parse_math=False,
    )


def spread(places: list[float], apart: float) -> list[float]:
    """Move labels apart that would overlap, as little as keeps their order.

    Parameters
    ----------
    places : list of float
        Where labels belong, in any order.
    apart : float
        The least distance between two, above 0.

    Returns
    -------
    list of float
        Where to put them, in the same order.
    """
    order = np.argsort(places, kind="stable")
    blocks: list[list[float]] = []  # of labels that touch: [their middle, their number]
    for place in np.asarray(places, dtype=float)[order]:
        blocks.append([float(place), 1])
        while len(blocks) > 1 and _touch(blocks[-2], blocks[-1], apart):
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    moved = [
        middle + apart * (step - (n - 1) / 2) for middle, n in blocks for step in range(int(n))
    ]
    in_given_order = np.empty(len(places))
    in_given_order[order] = moved
    return in_given_order.tolist()


def _touch(low: list[float], high: list[float], apart: float) -> bool:
    return high[0] - low[0] < apart * (low[1] + high[1]) / 2
