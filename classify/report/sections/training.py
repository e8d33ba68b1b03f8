"""How the networks learned: accuracy and loss by epoch."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Canvas

from classify.presentation.figures import BLUE, GREY, ORANGE
from classify.presentation.numbers import percent
from classify.report.blocks import Block, Figure, Text
from classify.report.run_view import Row, View

TITLE, ORDER = "How the networks learned", 120


def blocks(view: View) -> Iterator[Block]:
    """Show the curves of each network's first fit."""
    networks = [row for row in view.scored if row.kind == "network"]
    if not networks:
        return
    held_out = "windows" if view.protocol == "window" else "songs"
    how = (
        "The paper's recipe: every epoch was run and the last weights kept."
        if view.run["settings"]["recipe"] == "paper"
        else "The weights kept are those of the epoch with the best macro-F1 on "
        f"{held_out} held out inside the training part; training stops when "
        f"{view.run['training']['patience']} epochs brought none better."
    )
    first = " Curves are those of the first fold." if view.n_folds > 1 else ""
    yield Text(f"{how}{first} They ran on: {device(view.run)}.")
    for row in networks:
        if "history" in row.fits[0]:
            yield Figure(f"curves-{row.name}", partial(_draw, row), _alt(row), small=True)


def device(run: dict[str, Any]) -> str:
    """Name what the networks ran on."""
    networks = [model for model in run["models"].values() if model["kind"] == "network"]
    return "; ".join(sorted({fit["device"] for m in networks for fit in m.get("fits", [])}))


def _alt(row: Row) -> str:
    history = row.fits[0]["history"]
    last = history[-1]
    inner = "no inner validation"
    if "val_accuracy" in last:
        inner = f"inner validation {percent(last['val_accuracy'])}"
    return (
        f"Learning curves of {row.title}: {len(history)} epochs, epoch "
        f"{row.fits[0]['best']['epoch']} kept; final training accuracy "
        f"{percent(last['accuracy'])}, {inner}."
    )


def _draw(row: Row) -> Canvas:
    """Draw accuracy and loss of a network's first fit by epoch, in training and on inner songs."""
    history = row.fits[0]["history"]
    epochs = np.arange(1, len(history) + 1)
    figure = Canvas(figsize=(3.1, 3.3))
    above, below = figure.subplots(2, 1, sharex=True)
    marker = "." if len(history) < 4 else ""
    for axes, name in ((above, "accuracy"), (below, "loss")):
        lines = ((name, BLUE, "-", "training"), (f"val_{name}", ORANGE, "--", "inner validation"))
        for key, colour, style, part in lines:
            if key in history[0]:  # the paper's recipe holds nothing out
                y = [epoch[key] for epoch in history]
                axes.plot(epochs, y, style, color=colour, label=part, lw=1.6, marker=marker)
        axes.axvline(row.fits[0]["best"]["epoch"], color=GREY, ls=":", lw=1)
        axes.set_ylabel(name)
        axes.margins(y=0.15)
    above.set_title(row.title, fontsize=10)
    above.legend(frameon=False, fontsize=7.5)
    below.set_xlabel("epoch (dotted: kept)")
    below.xaxis.get_major_locator().set_params(integer=True)
    figure.align_ylabels()
    return figure
