"""The chapter about latent spaces: what is written again, what a space knows, how it learned."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawn

from classify.generation import knobs
from classify.generation.judged_songs import SONGS
from classify.generation.latent.compared import TRAINING
from classify.generation.latent.latent_generator import ATTRIBUTES
from classify.generation.latent.measuring import FOLDS
from classify.presentation.figures import BLUE, GREY, ORANGE, grid
from classify.presentation.numbers import percent, points, points_span
from classify.report.blocks import Block, Canvas, Cell, Figure, Table, TableRow, Text, columns
from classify.report.format import score_cell
from classify.report.generators.data import GeneratorsView

TITLE = "What do the latent spaces hold?"

#: Columns of the table: title and name of the measure.
SHARES = {
    "notes": "notes",
    "notes of the middle": "notes, song unknown",
    "steps": "steps",
    "steps, true ones read": "steps, true ones read",
}

#: What is drawn of a history: beside the reconstruction, the first of these that it has.
BESIDE = {"kl": "KL divergence", "critic": "songs told from the prior"}


def spaces(view: GeneratorsView) -> list[str]:
    """Name the generators that have a latent space and were measured."""
    return [name for name in view.generators if view.get(name, "reconstruction", "notes")]


def blocks(view: GeneratorsView) -> Iterator[Block]:
    """Give the chapter; nothing where no generator has a space."""
    names = spaces(view)
    if not names:
        return
    histories = {name: history(view, name) for name in names}
    warnings = [str(table.collapse.iloc[-1]) for table in histories.values()
                if "collapse" in table and pd.notna(table.collapse.iloc[-1])]  # fmt: skip
    if warnings:
        yield Text(*(f"{line}." for line in warnings), kind="warning")
    probed = (
        " Moods told: songs whose mood a linear classifier tells from the latent vector, tested on "
        f"groups that it has not seen, where a mood has {FOLDS}; chance is "
        f"{percent(1 / len(view.classes))}."
        if view.classes
        else ""
    )
    yield Table(
        columns("generator", *SHARES.values(), "nats told", "moods told"),
        [_row(view, name) for name in names],
        "Held-out songs that were coded and written again, in %, with 95 % intervals over groups. "
        "Notes: F1 of pitch and onset, of those that the generator's representation has; song "
        "unknown: the same from the middle of the space. Steps: sixteenths of each voice with the "
        "right symbol, where the decoder reads what it wrote, and where it reads the true ones. "
        "Nats told: how much less improbable a phrase is where the decoder is told its latent "
        f"vector rather than the middle of the space; near 0, the space has collapsed.{probed}",
    )
    gains = list(_gains(view, names))
    if gains:
        yield Text(*gains)
    yield from _nats(view, names)
    yield from _changes(view, names)
    yield from _slides(view, names)
    yield from _ways(view, names)
    for name in names:
        if not histories[name].empty:
            yield Figure(
                f"training-{name}", partial(draw, histories[name]), _alt(view, name, histories),
                f"{view.title(name)}: reconstruction in nats a phrase, and "
                f"{BESIDE[_beside(histories[name])]}, by epoch; broken lines: songs that were not "
                "learned from.", small=True,
            )  # fmt: skip


def history(view: GeneratorsView, name: str) -> pd.DataFrame:
    """Read what became of each epoch of a generator's training."""
    file = view.folder / SONGS / name / TRAINING
    return pd.read_csv(file) if file.is_file() else pd.DataFrame()


def _row(view: GeneratorsView, name: str) -> TableRow:
    shares = [score_cell(e) if e else Cell("–")
              for of in SHARES for e in [view.get(name, "reconstruction", of)]]  # fmt: skip
    told, probe = view.get(name, "reconstruction", "nats told"), view.get(name, "probe")
    cell = Cell(f"{told.value:.1f}", f"{told.low:.1f} to {told.high:.1f}") if told else Cell("–")
    return TableRow([view.title(name), *shares, cell, score_cell(probe) if probe else Cell("–")])


def _gains(view: GeneratorsView, names: list[str]) -> Iterator[str]:
    """Say how a generator and its variants differ, song by song."""
    for name in names:
        for other in names:
            for of, what in (("notes", "notes"), ("steps", "steps")):
                gain = view.get(name, "gain", f"{of}: {other}")
                if gain:
                    yield (
                        f"{view.title(name)} less {view.title(other)}, song by song: "
                        f"{points(gain.value)} points of {what} "
                        f"({points_span(gain.low, gain.high)}; "
                        f"{view.count(name, 'gain', f'{of}: {other}')} songs)."
                    )


def _nats(view: GeneratorsView, names: list[str]) -> Iterator[Block]:
    """Show likelihoods, where a decoder was measured on true frames and on its own."""
    rows = []
    for name in names:
        told = view.get(name, "reconstruction", "nats, true ones read")
        free = view.get(name, "reconstruction", "nats, own ones read")
        gap = view.get(name, "reconstruction", "nats, gap")
        if told and free and gap:
            cells = [Cell(f"{e.value:.1f}", f"{e.low:.1f}–{e.high:.1f}") for e in (told, free, gap)]
            rows.append(TableRow([view.title(name), *cells]))
    if rows:
        yield Table(
            columns("generator", "true frames read", "own frames read", "gap"),
            rows,
            "Nats a frame of held-out songs, less is better: where the decoder reads the true "
            "frames before each, as in training, and where it reads what it wrote itself, as when "
            "it composes. A decoder that sees what it is to predict is good at the one alone.",
        )


#: Columns of the table of changed moods: name of the measure and title.
CHANGES = {
    "heard before": "heard before",
    "heard after": "heard after",
    "heard and itself": "heard, and itself",
}


def _changes(view: GeneratorsView, names: list[str]) -> Iterator[Block]:
    """Show what moving songs to another mood did."""
    rows = []
    for name in names:
        shares = [view.get(name, "change", of) for of in CHANGES]
        alike = [view.get(name, "change", of) for of in ("similarity", "similarity before")]
        if all(shares) and all(alike):
            cells = [score_cell(e) for e in shares if e]
            cells += [Cell(f"{e.value:.2f}", f"{e.low:.2f}–{e.high:.2f}") for e in alike if e]
            rows.append(TableRow([view.title(name), *cells]))
    if rows:
        yield Table(
            columns("generator", *CHANGES.values(), "similarity", "similarity before"),
            rows,
            "Held-out songs that were moved to another mood. Heard: those that the judge calls by "
            "that mood, in %, where they were and where they were moved to; itself: and whose "
            "melodic similarity to the song is at least .5. Similarity: share of steps, in any "
            "key, that the moved song has in common with the song, in order; before: that of the "
            "song where it is, as far as the generator can keep it.",
        )


def _slides(view: GeneratorsView, names: list[str]) -> Iterator[Block]:
    """Show what moving songs along attributes did."""
    rows = []
    for name in names:
        for attribute in ATTRIBUTES:
            own = view.get(name, "slide", f"{attribute}: {attribute}")
            others = {of: e for of in knobs.KNOBS if of not in (attribute, "tempo")
                      and (e := view.get(name, "slide", f"{attribute}: {of}"))}  # fmt: skip
            if own and others:
                most = max(others, key=lambda of: abs(others[of].value))
                cells = [Cell(f"{own.value:.2f}", f"{own.low:.2f} to {own.high:.2f}"),
                         Cell(f"{others[most].value:.2f}", most)]  # fmt: skip
                rows.append(TableRow([f"{view.title(name)}: {attribute}", *cells]))
    if rows:
        yield Table(
            columns("attribute", "its own r", "strongest other r"),
            rows,
            "Held-out songs moved along each attribute by -2 to 2 standard deviations: Pearson's r "
            "of how far and of what is then measured, each song less its mean, with bootstrap "
            "intervals over groups; and the attribute that changes most beside it.",
        )


def _ways(view: GeneratorsView, names: list[str]) -> Iterator[Block]:
    """Show how even the steps between songs are."""
    rows = []
    for name in names:
        found = [view.get(name, "largest step", of) for of in ("latent", "mixed")]
        if all(found):
            rows.append(TableRow([view.title(name), *(score_cell(e) for e in found if e)]))
    if rows:
        yield Table(
            columns("generator", "in the space", "piano rolls mixed"),
            rows,
            "Ways between pairs of held-out songs in four steps: the share in % that the largest "
            "step has of all, in descriptors of songs; 25 is as even as can be, and 100 all at "
            "once. Beside it the same where the piano rolls of both songs are added, each with its "
            "share of the way, and cells that come to a half are played.",
        )


def draw(table: pd.DataFrame) -> Canvas:
    """Draw reconstruction and divergence by epoch."""
    figure = Drawn(figsize=(4.6, 2.1), layout="constrained")
    epochs = np.arange(1, len(table) + 1)
    curves = {"reconstruction": "reconstruction", _beside(table): BESIDE[_beside(table)]}
    panels = figure.subplots(1, 2)
    for axes, (curve, title), colour in zip(panels, curves.items(), (BLUE, ORANGE), strict=True):
        axes.plot(epochs, table[curve], color=colour)
        if f"val_{curve}" in table:
            axes.plot(epochs, table[f"val_{curve}"], "--", color=GREY)
        axes.set(title=title, xlabel="epoch")
        if curve != "critic":
            axes.set_ylim(bottom=0)
        grid(axes)
    return figure


def _beside(table: pd.DataFrame) -> str:
    return next(name for name in BESIDE if name in table)


def _alt(view: GeneratorsView, name: str, histories: dict[str, pd.DataFrame]) -> str:
    last = histories[name].iloc[-1]
    return (
        f"Training of {view.title(name)}: {len(histories[name])} epochs; reconstruction "
        f"{last.reconstruction:.0f} nats a phrase and {BESIDE[_beside(histories[name])]} "
        f"{last[_beside(histories[name])]:.2f} in the last."
    )
