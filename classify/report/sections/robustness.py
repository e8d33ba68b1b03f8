"""How much each model loses when test songs are changed in ways that leave their class alone.

Read from the `robustness` rows of checks.parquet: each model as it was trained, evaluated on its
test songs transposed, stretched, with constant loudness, and without drums.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from matplotlib.ticker import MultipleLocator

from classify.evaluation.intervals import Estimate
from classify.presentation.figures import GREY, canvas
from classify.presentation.numbers import MINUS, number, percent, points_span, signed
from classify.report.blocks import (
    Block,
    Canvas,
    Cell,
    Details,
    Figure,
    Table,
    TableRow,
    Text,
    columns,
)
from classify.report.model_lines import MARKS, draw_line, legend
from classify.report.paired_changes import changes, check_rows, own_songs, predictions
from classify.report.run_view import Row, View

TITLE, ORDER = "Robustness", 100

#: Kinds of change in the order of the report: how a variant's name begins, and a short title.
FAMILIES = {
    "transposed": "transposed, semitones",
    "stretched": "stretched, × length",
    "velocity": "velocity",
    "drums": "drums",
    "metre": "time signatures",
}

#: Families with degrees, which are drawn: the degree of unchanged songs, and what the axis shows.
DRAWN = {
    "transposed": (0.0, "transposed by so many semitones"),
    "stretched": (1.0, "stretched to so many times its length"),
}

NUMERALS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip

#: A loss of so many points has the deepest shade.
DEEPEST = 0.2


@dataclass(frozen=True)
class Variant:
    """A change of songs: its name, the kind it is of, and its degree (semitones or factor)."""

    name: str
    family: str
    amount: float

    @property
    def short(self) -> str:
        """What heads its column under the family's title: +3, 0.8, flattened."""
        return self.name.removeprefix(self.family).strip().replace("-", MINUS)


@dataclass(frozen=True)
class Result:
    """One model under one variant: accuracy, its change, and how many predictions changed."""

    accuracy: float
    change: Estimate
    n_changed: int
    n_songs: int


@dataclass(frozen=True, eq=False)
class Robustness:
    """All models, best first, under all variants, by family and degree.

    `unchanged` is each model's accuracy on its test songs as they are; `results` have the keys
    (model's name, variant's name).
    """

    rows: list[Row]
    unchanged: dict[str, float]
    variants: list[Variant]
    results: dict[tuple[str, str], Result]

    def of(self, family: str) -> list[Variant]:
        """Give the variants of one family."""
        return [variant for variant in self.variants if variant.family == family]

    @property
    def families(self) -> list[str]:
        """The families that occur."""
        return [name for name in FAMILIES if self.of(name)]

    def worst(self, row: Row, family: str) -> tuple[Variant, Result]:
        """Give the variant of a family under which a model loses most."""
        tested = [(variant, self.results[row.name, variant.name]) for variant in self.of(family)]
        return min(tested, key=lambda item: item[1].change.value)


def blocks(view: View) -> Iterator[Block]:
    """Show what changes of test songs cost, where the run tried any."""
    tested = read(view)
    if tested is None:
        yield Text(
            "Not measured in this run. `--robustness` evaluates every model on its test songs "
            "transposed, stretched, with constant loudness, without drums and without time "
            "signatures; whatever no song has is left out.",
            kind="note",
        )
        return
    yield Text(*sentences(tested))
    for family in DRAWN:
        if tested.of(family):
            draw = partial(_draw, tested, family)
            yield Figure(f"robustness-{family}", draw, _alt(tested, family), small=True)
    folds = ", first repeat, widened for folds" if view.n_folds > 1 else ""
    yield Text(
        "Test songs were changed in ways that leave their class alone; the models are those of the "
        "tables above and learned from unchanged songs. Changes are in points of accuracy, with a "
        "paired 95 % interval (bootstrap of the difference over groups of songs"
        f"{folds}); what no test song has, such as loudness that varies, is not tried; each worst "
        "case is the worst of those tried, so it exaggerates a little. Drums are never transposed; "
        "stretched to 1.25 means slower by a quarter.",
        kind="note",
    )
    yield _heat(tested)
    yield Details(
        "Every change with its interval, and how many predictions changed", [_table(tested)]
    )


def read(view: View) -> Robustness | None:
    """Compare every model's predictions of changed songs with those of the same songs unchanged.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    rows = check_rows(view, "robustness")
    if rows is None:
        return None
    plain = own_songs(view, rows)
    models = [row for row in view.contenders if row.name in set(plain.model)]
    before, variants, tested = predictions(plain), [], {}
    for (name, amount), changed in rows.groupby(["variant", "amount"]):
        variants.append(Variant(name, name.split()[0], amount))
        after = predictions(changed)
        right = (changed.prediction == changed.label).groupby(changed.model).mean()
        for model, change in changes(plain, changed, view).items():
            n_changed = int((before.loc[after.index, model] != after[model]).sum())
            tested[model, name] = Result(right[model], change, n_changed, len(after))
    order = list(FAMILIES)
    variants.sort(key=lambda variant: (order.index(variant.family), variant.amount))
    unchanged = (plain.prediction == plain.label).groupby(plain.model).mean().to_dict()
    return Robustness(models, unchanged, variants, tested)


def sentences(tested: Robustness) -> list[str]:
    """Say, for each kind of change, how much the best model loses, and which model loses most."""
    lines = []
    for family in tested.families:
        best = tested.rows[0]
        text = f"{_condition(tested, family)}, {_loss(tested, best, family)}"
        last = min(tested.rows, key=lambda row: tested.worst(row, family)[1].change.value)
        if len(tested.rows) > 1:
            if not _loses(tested.worst(last, family)[1]):
                text += "; no other model loses anything"
            elif last is best:
                text += "; no other model loses more"
            else:
                text += f"; {_loss(tested, last, family, 'most')}"
        lines.append(text + ".")
    return lines


def _condition(tested: Robustness, family: str) -> str:
    amounts = [variant.amount for variant in tested.of(family)]
    if family == "transposed":
        most = int(max(abs(amount) for amount in amounts))
        count = NUMERALS[most] if most < len(NUMERALS) else str(most)
        return f"Transposed by up to {count} semitone{'s' * (most != 1)}"
    if family == "stretched":
        return f"Stretched to {min(amounts):g} to {max(amounts):g} times their length"
    return {
        "velocity": "With all notes equally loud",
        "drums": "Without drums",
        "metre": "Without time signatures",
    }[family]


def _loses(result: Result) -> bool:
    """Say whether anything of a loss is left once it is rounded."""
    return signed(result.change.value).startswith(MINUS)


def _loss(tested: Robustness, row: Row, family: str, most: str = "") -> str:
    """Say what one model loses at worst: "SVM loses at most 1.2 points (at +5; …)"."""
    variant, result = tested.worst(row, family)
    several = len(tested.of(family)) > 1
    if not _loses(result):
        return f"{row.title} loses nothing"
    change = result.change
    up_to = ("up to " if most else "at most ") if several else ""
    place = f"at {variant.short}; " if several else ""
    verdict = "; the interval includes zero" if change.high >= 0 else ""
    return (
        f"{row.title} loses {most + ', ' if most else ''}{up_to}{number(-change.value)} points "
        f"({place}95 % interval {points_span(-change.high, -change.low)}{verdict})"
    )


def _alt(tested: Robustness, family: str) -> str:
    described = [
        f"{row.title}: unchanged {percent(tested.unchanged[row.name])}, lowest "
        f"{percent(tested.worst(row, family)[1].accuracy)}."
        for row in tested.rows[: len(MARKS)]
    ]
    return f"Accuracy on {family} test songs, one line per model. {' '.join(described)}"


def _heat(tested: Robustness) -> Table:
    """Lay out all changes in whole points, shaded."""
    heads = columns("model", "as is, %")
    for family in tested.families:
        heads += columns(*(v.short for v in tested.of(family)), over=FAMILIES[family])
    rows = []
    for row in tested.rows:
        cells: list[Cell | str] = [row.title, number(tested.unchanged[row.name])]
        for variant in tested.variants:
            change = tested.results[row.name, variant.name].change.value
            shade = max(-1.0, min(1.0, change / DEEPEST))
            cells.append(Cell(signed(change, 0), shade=shade))
        rows.append(TableRow(cells))
    caption = (
        "Change of accuracy in whole points; the deeper orange, the larger the loss, blue a gain."
    )
    return Table(heads, rows, caption, dense=True)


def _table(tested: Robustness) -> Table:
    rows = []
    for row in tested.rows:
        for variant in tested.variants:
            result = tested.results[row.name, variant.name]
            change = result.change
            cells = [row.title, variant.name, number(result.accuracy), signed(change.value)]
            cells.append(points_span(change.low, change.high))
            rows.append(TableRow([*cells, f"{result.n_changed} of {result.n_songs}"]))
    titles = ("accuracy, %", "change, points", "95 % interval", "predictions changed")
    return Table([*columns("model"), *columns("songs", prose=True), *columns(*titles)], rows)


def _draw(tested: Robustness, family: str) -> Canvas:
    """Draw accuracy over semitones or factors, one line per model, unchanged in the middle."""
    figure, axes = canvas(3.8, 3.2)
    unchanged, label = DRAWN[family]
    axes.axvline(unchanged, color=GREY, lw=0.8, ls=":", zorder=0)
    for rank, row in list(enumerate(tested.rows))[::-1]:
        points = [(v.amount, tested.results[row.name, v.name].accuracy) for v in tested.of(family)]
        x, y = zip(*sorted([*points, (unchanged, tested.unchanged[row.name])]), strict=True)
        draw_line(axes, rank, row.title, x, y)
    if family == "stretched":
        axes.set_xscale("log")
        factors = [unchanged, *(variant.amount for variant in tested.of(family))]
        axes.set_xticks(factors, [f"{factor:g}" for factor in factors])
        axes.minorticks_off()
    else:
        axes.xaxis.set_major_locator(MultipleLocator(2))
    # the same axis of accuracy in all figures
    values = [*(r.accuracy for r in tested.results.values()), *tested.unchanged.values()]
    axes.set_ylim(100 * min(values) - 3, 100 * max(values) + 3)
    axes.set_xlabel(label)
    axes.set_ylabel("accuracy on test songs, %")
    legend(figure, axes)
    return figure
