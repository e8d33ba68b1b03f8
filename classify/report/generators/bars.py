"""The chapter about bars and variety: what networks trained against an adversary are judged by."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawn

from classify.evaluation.intervals import Estimate
from classify.generation.bar_measures import SHARES, TITLES
from classify.generation.measures import HELD_OUT
from classify.presentation.figures import BLUE, GREY, ORANGE, grid
from classify.report.blocks import Block, Canvas, Cell, Figure, Table, TableRow, Text, columns
from classify.report.generators.data import GeneratorsView
from classify.report.generators.spaces import history

TITLE = "Are songs varied, and bars filled as in real ones?"

#: Columns of variety: name of the measure, and title.
VARIETY = {
    "distinct": "distinct songs, %",
    "nearest": "nearest song",
    "density": "density",
    "coverage": "coverage, %",
}

#: What an adversary's history has, and others do not.
ADVERSARY, DISTANCE, BLEU = "adversary", "val_distance", "bleu"

#: What is measured of both stages of a network that learns by likelihood first.
STAGES = {"nats": "nats a note", "bleu": "BLEU", "self_bleu": "BLEU among themselves"}


def blocks(view: GeneratorsView, cell: Callable[[Estimate | None], Cell]) -> Iterator[Block]:
    """Give the chapter; `cell` lays out a value with its interval."""
    known = {name: history(view, name) for name in view.generators}
    trained = {name: table for name, table in known.items() if ADVERSARY in table}
    warnings = [str(table.collapse.iloc[-1]) for table in trained.values()
                if "collapse" in table and pd.notna(table.collapse.iloc[-1])]  # fmt: skip
    if warnings:
        yield Text(*(f"{line}." for line in warnings), kind="warning")
    filled = [of for of in TITLES if any(view.get(name, "bars", of) for name in view.sets)]
    rows = []
    for name in view.sets:
        cells = [_cell(view.get(name, "variety", of), of in ("distinct", "coverage"), cell)
                 for of in VARIETY]  # fmt: skip
        cells += [_cell(view.get(name, "bars", of), of in SHARES, cell) for of in filled]
        kind = "reference" if name == HELD_OUT else ""
        rows.append(TableRow([view.title(name), *cells], kind))
    yield Table(
        columns("songs", *VARIETY.values(), *(TITLES[of] for of in filled)),
        rows,
        "Distinct songs repeat none before, note for note, in any key. Nearest song: how far the "
        "nearest other song of the set is, as a multiple of the median among songs that were "
        "learned from, so that a generator that has collapsed is near 0. Density: in how many "
        "neighbourhoods of these a song lies, 1 being usual for real ones; coverage: how many "
        "neighbourhoods have a song (Naeem et al. 2020); fewer songs cover less. Then means over "
        "songs by Dong et al. (2018): bars without a note, pitch classes in the others, notes of "
        "at least a 32nd, and, since all are on a grid of sixteenths, those longer than one; drums "
        "on sixteenths; and the tonal distance between voices in a beat, near 0 where they share "
        "their harmony. Small figures are 95 % intervals.",
        dense=True,
    )
    yield from _stages(view, trained)
    for name, table in trained.items():
        yield Figure(
            f"training-{name}", partial(draw, table), _alt(view.title(name), table),
            f"{view.title(name)}: losses by epoch, and {_measure(table)[1]} by songs that it did "
            "not learn from.", small=True,
        )  # fmt: skip


def _stages(view: GeneratorsView, trained: dict[str, pd.DataFrame]) -> Iterator[Block]:
    """Show what an adversary did to networks that had learned by likelihood before."""
    rows = []
    for name, table in trained.items():
        if BLEU in table:
            last = table.iloc[-1]
            rows += [
                TableRow([f"{view.title(name)}, {title}",
                          *(Cell(f"{last[f'stage {n}, {of}']:.3f}") for of in STAGES)])
                for n, title in enumerate(("by likelihood", "then against an adversary"), 1)
            ]  # fmt: skip
    if rows:
        yield Table(
            columns("generator", *STAGES.values()),
            rows,
            "Before the adversary and behind the best round, on the beginnings of songs that were "
            "not learned from: nats a note, less is better; BLEU with these as references, and "
            "with the generator's other songs, which is high where all are alike. The second "
            "stage is kept only where its BLEU is higher, its songs are no more alike than real "
            "ones, and its nats are hardly worse.",
        )


def _cell(value: Estimate | None, share: bool, cell: Callable[[Estimate | None], Cell]) -> Cell:
    """Lay out a value, shares in %."""
    if value and share:
        value = Estimate(100 * value.value, 100 * value.low, 100 * value.high)
    return cell(value)


def draw(table: pd.DataFrame) -> Canvas:
    """Draw losses, and the distance on held-out music, by epoch."""
    figure = Drawn(figsize=(4.6, 2.1), layout="constrained")
    epochs = np.arange(1, len(table) + 1)
    losses, distance = figure.subplots(1, 2)
    for name, colour in ((ADVERSARY, ORANGE), ("generator", BLUE)):
        if name in table:
            losses.plot(epochs, table[name], color=colour, label=name)
    losses.set(title="losses", xlabel="epoch")
    losses.legend(frameon=False, fontsize=7)
    column, title = _measure(table)
    if column in table:
        distance.plot(epochs, table[column], color=GREY)
    distance.set(title=title, xlabel="epoch", yscale="log" if column == DISTANCE else "linear")
    for axes in (losses, distance):
        grid(axes)
    return figure


def _measure(table: pd.DataFrame) -> tuple[str, str]:
    """Give what decided which epoch was kept, and its title."""
    return (BLEU, "BLEU") if BLEU in table else (DISTANCE, "distance of bars")


def _alt(title: str, table: pd.DataFrame) -> str:
    last = table[table[ADVERSARY].notna()].iloc[-1]
    held = f"; distance {table[DISTANCE].min():.1f} at best" if DISTANCE in table else ""
    return (
        f"Training of {title}: {len(table)} epochs; in the last, the adversary's loss was "
        f"{last[ADVERSARY]:.2f}{held}."
    )
