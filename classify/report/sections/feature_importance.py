"""Feature importance of the best model on features, family by family.

Read from importance.parquet; `classify.experiments.feature_importance` says what was shuffled. A
family's *credit* is the mean of what the model loses without it and of what it brings alone, in the
share of songs classified correctly. Single features are ranked by what the model loses without them
in log-likelihood, since one of hundreds seldom changes a prediction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd

from classify.evaluation.intervals import Estimate, estimate
from classify.experiments import results
from classify.presentation.figures import BLUE, GREY, canvas, name_rows
from classify.presentation.numbers import points, points_span
from classify.report.blocks import Block, Canvas, Details, Figure, Table, TableRow, Text, columns
from classify.report.format import listed, points_cell
from classify.report.run_view import Row, View

TITLE, ORDER = "Feature importance", 90

#: So many single features are named at most.
NAMED = 10


@dataclass(frozen=True)
class Family:
    """What a model gets from a family of features: without it, from it alone, and their mean."""

    name: str
    without: Estimate
    alone: Estimate
    credit: Estimate


@dataclass(frozen=True)
class FeatureLoss:
    """A feature, how many rise and fall with it, and what is lost without them, in nats."""

    name: str
    n_alike: int
    loss: Estimate


@dataclass(frozen=True, eq=False)
class ImportanceSummary:
    """What one model's predictions rest on, most important first."""

    row: Row
    families: list[Family]
    features: list[FeatureLoss]
    n_songs: int


def blocks(view: View) -> Iterator[Block]:
    """Show the importance of families, where a scored model takes features."""
    importances = read(view)
    if importances is None:
        return
    yield Text(*sentences(importances))
    described = [
        f"{family.name} {points(family.credit.value)} "
        f"({points_span(family.credit.low, family.credit.high)})"
        for family in importances.families
    ]
    alt = (
        f"Points of accuracy that {importances.row.title} gets from each family of features, with "
        f"95 % intervals: {'; '.join(described)}."
    )
    yield Figure("feature-importance", partial(_draw, importances), alt)
    rows = [
        TableRow([f.name, *(points_cell(e) for e in (f.without, f.alone, f.credit))])
        for f in importances.families
    ]
    titles = ("family", "lost without it", "gained from it alone", "mean")
    caption = "Points of accuracy on songs, with 95 % intervals."
    how = Text(how_measured(view, importances), kind="note")
    table = Table(columns(*titles), rows, caption)
    yield Details("The same as a table, and how it was measured", [how, table])


def read(view: View) -> ImportanceSummary | None:
    """Read what was found; None if no scored model takes features, or the run is of before.

    Raises
    ------
    InputError
        If importance.parquet is damaged.
    """
    table = view.table(results.IMPORTANCE)
    if table is None or table.empty:
        return None
    row = next((row for row in view.contenders if row.name in set(table.model)), None)
    if row is None:
        return None
    of_model = table[table.model == row.name].sort_values(["fold", "song"], kind="stable")
    families = []
    for name, rows in of_model[of_model.level == "family"].groupby("name", sort=False):
        without, alone = rows.without_right, rows.alone_right
        each = [_mean(values, rows, view) for values in (without, alone, (without + alone) / 2)]
        families.append(Family(str(name), *each))
    families.sort(key=lambda family: -family.credit.value)
    n_songs = len(of_model.drop_duplicates(["fold", "song"]))
    return ImportanceSummary(row, families, _features(of_model, view), n_songs)


def _mean(values: pd.Series, rows: pd.DataFrame, view: View) -> Estimate:
    return estimate(values.to_numpy(), rows.group.tolist(), view.seed, view.n_folds)


def _features(of_model: pd.DataFrame, view: View) -> list[FeatureLoss]:
    """Rank the single features that were tried in more than half of the folds."""
    rows = of_model[of_model.level == "feature"]
    n_folds = rows.groupby("name").fold.nunique()
    rows = rows[rows.name.isin(n_folds[n_folds > view.n_folds / 2].index)]
    importances = []
    for name, some in rows.groupby("name", sort=True):
        alike = [other for other in some.members.iloc[0].split("; ") if other != name]
        importances.append(FeatureLoss(str(name), len(alike), _mean(some.without, some, view)))
    return sorted(importances, key=lambda feature: -feature.loss.value)[:NAMED]


def sentences(importances: ImportanceSummary) -> list[str]:
    """Say which families matter to the model, and which single features it would miss."""
    title = importances.row.title
    sure = [family for family in importances.families if family.credit.low > 0]
    if not sure:
        lines = [f"These songs cannot say which family of features matters to {title}."]
    else:
        named = [f"{family.name} ({points(family.credit.value)})" for family in sure]
        lines = [
            f"Important to {title}: {listed(named)}; in points of accuracy on songs, the mean of "
            f"what it loses without each and gains from it alone."
        ]
        others = [family.name for family in importances.families if family not in sure]
        if others:
            lines.append(f"The interval includes zero for {listed(others)}.")
    if importances.features:
        lines.append(
            f"Of the single features that were tried, {title} would miss these most, from the "
            f"first on: {listed([named_feature(feature) for feature in importances.features])}."
        )
    return lines


def named_feature(feature: FeatureLoss) -> str:
    """Name a feature in words, with how many are like it; doubtful ones get a question mark."""
    like = f" with {feature.n_alike} like it" if feature.n_alike else ""
    return f"{feature.name.replace('_', ' ')}{like}{'' if feature.loss.low > 0 else ' (?)'}"


def how_measured(view: View, importances: ImportanceSummary) -> str:
    """Say what was shuffled."""
    folds = "" if view.n_folds == 1 else f" of {view.n_folds} folds"
    return (
        f"Permutation importance: values of {importances.n_songs} test songs{folds} were exchanged "
        "among songs, all of a family together, or all but that family; a feature with those "
        "that rise and fall with it. Intervals are 95 %, over groups of songs, each of one family "
        "alone. Tried were the features that distinguish the classes best in the training part, "
        "one at a time; a question mark says that the interval of its loss includes zero. It is "
        "about this model on these songs: another one may get the same from other features."
    )


def _draw(importances: ImportanceSummary) -> Canvas:
    """Draw the credit of each family as a bar with its interval."""
    families = importances.families[::-1]
    figure, axes = canvas(5.2, 0.8 + 0.28 * len(families))
    for place, family in enumerate(families):
        credit = family.credit
        colour = BLUE if credit.low > 0 else GREY
        axes.barh(place, 100 * credit.value, 0.6, color=colour, alpha=0.45)
        axes.plot([100 * credit.low, 100 * credit.high], [place, place], color=colour, lw=1.8)
    axes.axvline(0, color=GREY, lw=1)
    name_rows(axes, [family.name for family in families])
    axes.set_xlabel("points of accuracy on songs (line: 95 % interval; grey: includes zero)")
    return figure
