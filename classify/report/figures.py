"""The report's pictures, as SVG files.

Colours are Okabe and Ito's, which colour-blind readers tell apart; nothing is told by colour alone.
"""

from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from classify.presentation.figures import BLUE, GREY, ORANGE, Drawings, clean
from classify.report.view import Row, View


def drawings(view: View) -> Drawings:
    """Give the pictures that every report has: `scores`, `confusion-<model>`, `curves-<model>`."""
    found: Drawings = {"scores": partial(_scores, view)}
    for row in view.scored:
        found[f"confusion-{row.name}"] = partial(_confusion, row, view.classes)
        if "history" in row.fits[0]:
            found[f"curves-{row.name}"] = partial(_curves, row)
    return found


def _scores(view: View) -> Figure:
    """Draw accuracy on test songs with its interval, a line a model."""
    rows = view.scored[::-1]
    figure = Figure(figsize=(5.2, 0.6 + 0.3 * len(rows)))
    axes = figure.add_subplot()
    places = np.arange(len(rows))
    for place, row in zip(places, rows, strict=True):
        score = row.score()
        colour = GREY if row.kind == "reference" else BLUE if row.kind == "network" else ORANGE
        marker = "s" if row.kind == "baseline" else "o" if row.kind == "network" else "D"
        axes.plot([100 * score.low, 100 * score.high], [place, place], color=colour, lw=2.2)
        axes.plot(100 * score.value, place, marker, color=colour, ms=6.5)
        axes.plot(100 * row.score("window").value, place, "|", color="#111827", ms=9)
    axes.set_yticks(places, [row.title for row in rows])
    if view.majority:
        axes.axvline(100 * view.majority.score().value, color=GREY, ls=":", lw=1, zorder=0)
    axes.set_xlabel("right answers on test songs, % (bar: 95 % interval; |: on windows)")
    return clean(figure)


def _confusion(row: Row, classes: list[str]) -> Figure:
    """Draw a confusion matrix: songs counted, shade by the share of the true class."""
    assert row.confusion is not None
    counts, n_classes = row.confusion, len(classes)
    side = max(2.2, 0.42 * n_classes + 0.9)
    figure = Figure(figsize=(side, side))
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(n_classes, n_classes):
        ink = "white" if shares[i, j] > 0.55 else "#111827"
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", color=ink, fontsize=8)
    names = [name if len(name) <= 24 else f"{name[:12]}…{name[-10:]}" for name in classes]
    plain = {"parse_math": False}  # a class may be called Ke$ha
    slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(n_classes), names, **slanted, **plain)
    axes.set_yticks(range(n_classes), names, **plain)
    axes.set_xlabel("answered")
    axes.set_ylabel("true")
    axes.set_title(row.title, fontsize=10)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def _curves(row: Row) -> Figure:
    """Draw accuracy and loss of a network's first fit by epoch, in training and on inner songs."""
    history = row.fits[0]["history"]
    epochs = np.arange(1, len(history) + 1)
    figure = Figure(figsize=(3.1, 3.3))
    above, below = figure.subplots(2, 1, sharex=True)
    for axes, name, label in ((above, "accuracy", "accuracy"), (below, "loss", "loss")):
        for key, colour, style, part in (
            (name, BLUE, "-", "training"),
            (f"val_{name}", ORANGE, "--", "inner validation"),
        ):
            if key not in history[0]:
                continue  # the paper's recipe holds nothing out
            axes.plot(
                epochs,
                [e[key] for e in history],
                style,
                color=colour,
                label=part,
                lw=1.6,
                marker="." if len(history) < 4 else "",
            )
        axes.axvline(row.fits[0]["best"]["epoch"], color=GREY, ls=":", lw=1)
        axes.set_ylabel(label)
        axes.margins(y=0.15)
    above.set_title(row.title, fontsize=10)
    above.legend(frameon=False, fontsize=7.5)
    below.set_xlabel("epoch (dotted: kept)")
    below.xaxis.get_major_locator().set_params(integer=True)
    figure.align_ylabels()
    return figure
