"""How far each model falls when test songs are changed in ways that leave their class alone.

Read from the `robustness` rows of checks.parquet: each model as it was trained, asked about its
test songs transposed, stretched, with one loudness, and without drums.
"""

from dataclasses import dataclass
from functools import partial

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from classify.presentation.figures import Drawings
from classify.report.changes import (
    answers,
    between,
    check_rows,
    labels,
    own_songs,
    paired_changes,
    signed,
)
from classify.report.lines import draw_line, legend
from classify.report.view import Row, Score, View

CHECK = "robustness"

#: Kinds of change in the order of the report: how a variant's name begins, and a short title.
FAMILIES = {
    "transposed": "transposed, semitones",
    "stretched": "stretched, × length",
    "velocity": "velocity",
    "drums": "drums",
}

#: Families with degrees, which are drawn: the degree of unchanged songs, and what the axis shows.
DRAWN = {
    "transposed": (0.0, "transposed by so many semitones"),
    "stretched": (1.0, "stretched to so many times its length"),
}

NUMERALS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


@dataclass(frozen=True)
class Variant:
    """A change of songs: its name, the kind it is of, and its degree (semitones or factor)."""

    name: str
    family: str
    amount: float

    @property
    def short(self) -> str:
        """What heads its column under the family's title: +3, 0.8, flattened."""
        return self.name.removeprefix(self.family).strip().replace("-", "−")


@dataclass(frozen=True)
class Cell:
    """One model under one variant.

    Parameters
    ----------
    accuracy : float
        On the changed songs.
    change : Score
        Accuracy less that on the same songs unchanged.
    turned : int
        How many answers are others than before.
    n_songs : int
        How many songs were changed.
    """

    accuracy: float
    change: Score
    turned: int
    n_songs: int

    @property
    def shade(self) -> str:
        """Background in the heat table: orange for a loss, blue for a gain, full at 20 points."""
        depth = min(1.0, abs(self.change.value) / 0.2)
        colour = "213, 94, 0" if self.change.value < 0 else "0, 114, 178"
        return f"rgba({colour}, {0.6 * depth:.2f})"  # text stays legible on the deepest


@dataclass(frozen=True, eq=False)
class Robustness:
    """All models under all variants.

    Parameters
    ----------
    rows : list of Row
        Models, best first, without the majority class.
    unchanged : dict of str to float
        Accuracy of each model on its test songs as they are.
    variants : list of Variant
        By family and degree.
    cells : dict of (model's name, variant's name) to Cell
    """

    rows: list[Row]
    unchanged: dict[str, float]
    variants: list[Variant]
    cells: dict[tuple[str, str], Cell]

    def of(self, family: str) -> list[Variant]:
        """Give the variants of one family."""
        return [variant for variant in self.variants if variant.family == family]

    @property
    def families(self) -> dict[str, str]:
        """Titles of the families that occur."""
        return {name: title for name, title in FAMILIES.items() if self.of(name)}

    def worst(self, row: Row, family: str) -> tuple[Variant, Cell]:
        """Give the variant of a family under which a model loses most."""
        found = [(variant, self.cells[row.name, variant.name]) for variant in self.of(family)]
        return min(found, key=lambda item: item[1].change.value)

    @property
    def sentences(self) -> list[str]:
        """What there is to say, a sentence for each family."""
        return _sentences(self)


def read(view: View) -> Robustness | None:
    """Compare every model's answers to changed songs with those to the same songs unchanged.

    Returns
    -------
    Robustness or None
        None if the run was not asked for it, or no model was scored.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    rows = check_rows(view, CHECK)
    if rows is None or not view.contenders:
        return None
    own = own_songs(view)
    own = own[(own.repeat == 0) & own.model.isin([row.name for row in view.contenders])]
    before = answers(own)
    variants, cells = [], {}
    for (name, amount), changed in rows.groupby(["variant", "amount"]):
        variants.append(Variant(name, name.split()[0], amount))
        for model, cell in _cells(before, changed, view).items():
            cells[model, name] = cell
    order = list(FAMILIES)
    variants.sort(key=lambda variant: (order.index(variant.family), variant.amount))
    asked = [row for row in view.contenders if row.name in set(rows.model)]
    unchanged = (own.answer == own.label).groupby(own.model).mean().to_dict()
    return Robustness(asked, unchanged, variants, cells)


def _cells(unchanged: pd.DataFrame, changed: pd.DataFrame, view: View) -> dict[str, Cell]:
    """Compare all models under one variant."""
    names = [row.name for row in view.contenders if row.name in set(changed.model)]
    after = answers(changed)[names]
    before, truth = unchanged.loc[after.index, names], labels(changed).loc[after.index]
    right_before, right = before.eq(truth, axis=0), after.eq(truth, axis=0)
    groups = after.index.get_level_values("group").tolist()
    found = paired_changes(right_before.to_numpy(), right.to_numpy(), groups, view)
    return {
        name: Cell(right[name].mean(), change, int((before[name] != after[name]).sum()), len(after))
        for name, change in zip(names, found, strict=True)
    }


def _sentences(found: Robustness) -> list[str]:
    """Say, for each kind of change, how far the best model falls, and which model falls most."""
    lines = []
    for family in found.families:
        best = found.rows[0]
        text = f"{_condition(found, family)}, {_fall(found, best, family)}"
        last = min(found.rows, key=lambda row: found.worst(row, family)[1].change.value)
        if len(found.rows) > 1:
            if not _loses(found.worst(last, family)[1]):
                text += "; no other model loses anything"
            elif last is best:
                text += "; no other model loses more"
            else:
                text += f"; {_fall(found, last, family, 'most')}"
        lines.append(text + ".")
    return lines


def _condition(found: Robustness, family: str) -> str:
    amounts = [variant.amount for variant in found.of(family)]
    if family == "transposed":
        most = int(max(abs(amount) for amount in amounts))
        count = NUMERALS[most] if most < len(NUMERALS) else str(most)
        return f"Transposed by up to {count} semitone{'s' * (most != 1)}"
    if family == "stretched":
        return f"Stretched to {min(amounts):g} to {max(amounts):g} times their length"
    return "With all notes equally loud" if family == "velocity" else "Without drums"


def _loses(cell: Cell) -> bool:
    """Say whether anything of a loss is left once it is rounded."""
    return signed(cell.change.value).startswith("−")


def _fall(found: Robustness, row: Row, family: str, most: str = "") -> str:
    """Say what one model loses at worst: "SVM loses at most 1.2 points (at +5; …)"."""
    variant, cell = found.worst(row, family)
    several = len(found.of(family)) > 1
    if not _loses(cell):
        return f"{row.title} loses nothing"
    change = cell.change
    up_to = ("up to " if most else "at most ") if several else ""
    place = f"at {variant.short}; " if several else ""
    verdict = ", which could be chance" if change.high >= 0 else ""
    return (
        f"{row.title} loses {most + ', ' if most else ''}{up_to}{-100 * change.value:.1f} points "
        f"({place}95 % interval {between(-change.high, -change.low)}){verdict}"
    )


def drawings(view: View, content: Robustness | None) -> Drawings:
    """Give `robustness-transposed` and `robustness-stretched`, where they were tried."""
    if not content:
        return {}
    return {
        f"robustness-{family}": partial(_figure, content, family)
        for family in DRAWN
        if content.of(family)
    }


def _figure(found: Robustness, family: str) -> Figure:
    """Draw accuracy over semitones or factors, a line a model, unchanged songs in the middle."""
    figure = Figure(figsize=(3.8, 3.2))
    axes = figure.add_subplot()
    unchanged, label = DRAWN[family]
    axes.axvline(unchanged, color="#9ca3af", lw=0.8, ls=":", zorder=0)
    for rank, row in list(enumerate(found.rows))[::-1]:
        cells = [(v.amount, found.cells[row.name, v.name].accuracy) for v in found.of(family)]
        x, y = zip(*sorted([*cells, (unchanged, found.unchanged[row.name])]), strict=True)
        draw_line(axes, rank, row.title, x, y)
    if family == "stretched":
        axes.set_xscale("log")
        factors = [unchanged, *(variant.amount for variant in found.of(family))]
        axes.set_xticks(factors, [f"{factor:g}" for factor in factors])
        axes.minorticks_off()
    else:
        axes.xaxis.set_major_locator(MultipleLocator(2))
    axes.set_ylim(*_limits(found))
    axes.set_xlabel(label)
    axes.set_ylabel("right answers on test songs, %")
    legend(figure, axes)
    return figure


def _limits(found: Robustness) -> tuple[float, float]:
    """Give the ends of the axis of accuracy, the same for all pictures, in percent."""
    values = [cell.accuracy for cell in found.cells.values()] + list(found.unchanged.values())
    return 100 * min(values) - 3, 100 * max(values) + 3
