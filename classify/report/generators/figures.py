"""Figures of a comparison of generators."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from classify.generation.measures import HELD_OUT
from classify.presentation.figures import BLUE, GREY, INK, PALE, SERIES, canvas, grid, name_rows
from classify.report.blocks import Canvas
from classify.report.generators.data import GeneratorsView

#: Columns of the table of longest runs.
RUNS = ("median", "95th percentile", "longest")

COLOURS = (*SERIES, GREY)
MARKERS = "osD^vPX"

#: Panels in a row.
ACROSS = 4


def control(view: GeneratorsView) -> Canvas:
    """Draw the share of songs that the judge calls by the class asked for."""
    names = view.sets[::-1]
    figure, axes = canvas(5.5, 0.7 + 0.32 * len(names))
    real = view.get(HELD_OUT, "control")
    if real:
        axes.axvspan(100 * real.low, 100 * real.high, color=PALE, alpha=0.5, lw=0)
    axes.axvline(100 / len(view.classes), color=GREY, ls="--", lw=1)
    for place, name in enumerate(names):
        score = view.get(name, "control")
        if score is None:
            continue
        colour = INK if name == HELD_OUT else BLUE if view.follows(name) else GREY
        axes.plot([100 * score.low, 100 * score.high], [place, place], color=colour, lw=1.5)
        axes.plot(100 * score.value, place, "o", color=colour, ms=6)
    name_rows(axes, [view.title(name) for name in names])
    axes.set(xlim=(0, 100), xlabel="songs called by the class asked for, %")
    return figure


def knob_panels(view: GeneratorsView, turned: Sequence[str]) -> Canvas:
    """Draw what was asked and what was measured, a panel a knob."""
    across = min(ACROSS, len(turned))
    down = -(-len(turned) // across)
    figure = Figure(figsize=(2.3 * across, 2.4 * down), layout="constrained")
    panels = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
    for axes, knob in zip(panels, turned, strict=False):
        for place, name in enumerate(view.generators):
            rows = view.songs
            rows = rows[(rows.set == name) & (rows.knob == knob) & (rows.failed == "")]
            asked = rows.target.replace({"major": 1, "minor": 0}).astype(float)
            if len(rows):
                axes.plot(
                    asked, rows[knob], MARKERS[place % len(MARKERS)], ms=3.5, alpha=0.7,
                    color=COLOURS[place % len(COLOURS)], label=view.title(name),
                )  # fmt: skip
        low, high = axes.get_xlim()
        axes.plot([low, high], [low, high], "--", color=GREY, lw=0.8)
        axes.set(title=knob, xlabel="asked", ylabel="measured")
        grid(axes)
    for axes in panels[len(turned) :]:
        axes.axis("off")
    handles = {
        label: handle
        for axes in panels
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", frameon=False,
                  ncols=4)  # fmt: skip
    return figure


def novelty(view: GeneratorsView) -> Canvas:
    """Draw how many songs share at most so long a run with one that was learned from."""
    figure, axes = canvas(5.5, 3)
    made = view.songs[view.songs.failed == ""]
    for place, name in enumerate(view.sets):
        runs = np.sort(made[made.set == name].longest_run.to_numpy(float))
        if len(runs):
            share = 100 * np.arange(1, len(runs) + 1) / len(runs)
            colour = INK if name == HELD_OUT else COLOURS[(place - 1) % len(COLOURS)]
            axes.step(np.maximum(runs, 1), share, where="post", color=colour,
                      lw=2.2 if name == HELD_OUT else 1.4, label=view.title(name))  # fmt: skip
    if "limit" in made:
        axes.axvline(float(made.limit.max()), color=GREY, ls="--", lw=1)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, place: f"{value:.0f}")
    axes.set(xlabel="notes of the longest run", ylabel="songs, %", ylim=(0, 101))
    axes.legend(frameon=False)
    grid(axes)
    return figure
