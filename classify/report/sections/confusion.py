"""Which classes are confused with which: a matrix for each model."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from classify.presentation.figures import INK, canvas
from classify.report.blocks import Block, Canvas, Details, Figure, Text
from classify.report.run_view import Row, View

TITLE, ORDER = "Confusion matrix", 70

#: So many models are shown at once; the others are in details.
SHOWN = 6

#: So many classes at most have room for percents beside their counts.
WRITTEN = 10


def blocks(view: View) -> Iterator[Block]:
    """Show the confusion matrices of all models, best first."""
    repeats = f" once in each of {view.n_repeats} repeats" if view.n_repeats > 1 else ""
    yield Text(
        f"Test songs, counted{repeats}, with percents of the true class (rows); the darker, the "
        "larger that share."
    )
    matrices = [_matrix(row, view.classes) for row in view.scored]
    yield from matrices[:SHOWN]
    if others := matrices[SHOWN:]:
        named = f"The other {len(others)} models" if len(others) > 1 else "The other model"
        yield Details(named, others)


def _matrix(row: Row, classes: list[str]) -> Figure:
    assert row.confusion is not None
    counted = [
        f"{name}: {counts[place]} of {counts.sum()} right."
        for place, (name, counts) in enumerate(zip(classes, row.confusion, strict=True))
    ]
    alt = f"Confusion matrix of {row.title} on test songs. {' '.join(counted)}"
    return Figure(f"confusion-{row.name}", partial(_draw, row, classes), alt, small=True)


def _draw(row: Row, classes: list[str]) -> Canvas:
    """Draw a confusion matrix: songs counted, shade by the share of the true class."""
    assert row.confusion is not None
    counts, n_classes = row.confusion, len(classes)
    side = max(2.2, 0.42 * n_classes + 0.9)
    figure, axes = canvas(side, side)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(n_classes, n_classes):
        ink = "white" if shares[i, j] > 0.55 else INK
        percents = f"\n{100 * shares[i, j]:.0f} %" if n_classes <= WRITTEN else ""
        text = f"{counts[i, j]}{percents}"
        axes.text(j, i, text, ha="center", va="center", color=ink, fontsize=7 if percents else 8)
    names = [name if len(name) <= 24 else f"{name[:12]}…{name[-10:]}" for name in classes]
    plain = {"parse_math": False}  # a class may be called Ke$ha
    axes.set_xticks(
        range(n_classes), names, rotation=45, ha="right", rotation_mode="anchor", **plain
    )
    axes.set_yticks(range(n_classes), names, **plain)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(row.title, fontsize=10)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure
