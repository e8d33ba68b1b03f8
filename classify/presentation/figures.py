"""One palette and one style for every figure, and figures as SVG files.

Colours are Okabe and Ito's, which colour-blind readers can distinguish; nothing is said by colour
alone.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from classify.files import atomic_write

BLUE, ORANGE, GREY, LIGHT = "#0072B2", "#D55E00", "#6b7280", "#e5e7eb"

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
        with mpl.rc_context(STYLE), atomic_write(paths[name]) as beside:
            drawing().savefig(beside, format="svg", bbox_inches="tight", metadata={"Date": None})
    return paths


def clean(figure: Figure) -> Figure:
    """Give a figure of one line a model its grid, and take its left axis away."""
    (axes,) = figure.axes
    axes.grid(axis="x", color=LIGHT, lw=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(left=False)
    axes.spines["left"].set_visible(False)
    return figure


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
    found = np.empty(len(places))
    found[order] = moved
    return found.tolist()


def _touch(low: list[float], high: list[float], apart: float) -> bool:
    return high[0] - low[0] < apart * (low[1] + high[1]) / 2
