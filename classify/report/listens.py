"""The section on what the models listen to: the best model on features, family by family.

Read from importance.parquet; `classify.experiments.feature_importance` says what was shuffled. A
family's *credit* is the mean of what the model loses without it and of what it brings alone, in the
share of songs answered rightly. Single features are ranked by what the model loses without them in
log-likelihood, since one of hundreds seldom changes an answer.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from classify.evaluation.importance import mean_over_songs
from classify.experiments import results
from classify.presentation.figures import BLUE, GREY, Drawings, clean
from classify.report import changes, words
from classify.report.view import Row, Score, View

#: So many single features are named at most.
NAMED = 10


@dataclass(frozen=True)
class Family:
    """What a model gets from a family of features, in shares of songs answered rightly.

    Parameters
    ----------
    name : str
        Of the family.
    without, alone, credit : Score
        What it loses without the family, what it has from it alone, and the mean of the two.
    """

    name: str
    without: Score
    alone: Score
    credit: Score


@dataclass(frozen=True, eq=False)
class Listens:
    """What the best model on features listens to.

    Parameters
    ----------
    row : Row
        The model.
    families : list of Family
        By falling credit.
    features : list of (str, str, Score)
        Name, names of those that rise and fall with it, and what is lost without them in nats; the
        largest first.
    n_songs : int
        Songs that were shuffled.
    """

    row: Row
    families: list[Family]
    features: list[tuple[str, list[str], Score]]
    n_songs: int


def read(view: View) -> Listens | None:
    """Read what was found; None if no scored model takes features, or the run is of before.

    Raises
    ------
    InputError
        If importance.parquet is damaged.
    """
    table = changes.read_beside(view, results.IMPORTANCE)
    if table is None or table.empty:
        return None
    row = next((row for row in view.contenders if row.name in set(table.model)), None)
    if row is None:
        return None
    own = table[table.model == row.name].sort_values(["fold", "song"], kind="stable")
    families = [
        _family(str(name), rows, view)
        for name, rows in own[own.level == "family"].groupby("name", sort=False)
    ]
    families.sort(key=lambda family: -family.credit.value)
    return Listens(row, families, _features(own, view), len(own.drop_duplicates(["fold", "song"])))


def _family(name: str, rows: pd.DataFrame, view: View) -> Family:
    without, alone = rows.without_right.to_numpy(), rows.alone_right.to_numpy()
    asked = (without, alone, (without + alone) / 2)
    return Family(name, *(_score(values, rows, view) for values in asked))


def _score(values: np.ndarray, rows: pd.DataFrame, view: View) -> Score:
    seed = view.run["settings"]["seed"]
    return Score(*mean_over_songs(values, rows.group.tolist(), seed, view.n_folds))


def _features(own: pd.DataFrame, view: View) -> list[tuple[str, list[str], Score]]:
    """Rank the single features that were tried in more than half of the folds."""
    rows = own[own.level == "feature"]
    n_folds = rows.groupby("name").fold.nunique()
    kept = n_folds[n_folds > view.n_folds / 2].index
    found = [
        (
            str(name),
            [other for other in some.members.iloc[0].split("; ") if other != name],
            _score(some.without.to_numpy(), some, view),
        )
        for name, some in rows[rows.name.isin(kept)].groupby("name", sort=True)
    ]
    return sorted(found, key=lambda item: -item[2].value)[:NAMED]


def sentences(found: Listens) -> list[str]:
    """Say which families the model gets its answers from, and which single features it misses."""
    title = found.row.title
    sure = [family for family in found.families if family.credit.low > 0]
    if not sure:
        lines = [f"These songs cannot say which family of features {title} listens to."]
    else:
        named = [f"{family.name} ({_points(family.credit)})" for family in sure]
        lines = [
            f"{title} listens to {words.listed(named)}: in points of accuracy on songs, the mean "
            f"of what it loses without each and has from it alone."
        ]
        if len(sure) < len(found.families):
            others = [family.name for family in found.families if family not in sure]
            lines.append(f"Of {words.listed(others)} these songs cannot say that it gets anything.")
    if found.features:
        lines.append(
            f"Of the single features that were tried, {title} would miss these most, from "
            f"the first on: {words.listed([called(item) for item in found.features])}."
        )
    return lines


def called(item: tuple[str, list[str], Score]) -> str:
    """Name a feature in words, with how many are like it; doubtful ones get a question mark."""
    name, alike, loss = item
    like = f" with {len(alike)} like it" if alike else ""
    return f"{plain(name)}{like}{'' if loss.low > 0 else ' (?)'}"


def plain(name: str) -> str:
    """Write a feature's name as words."""
    return name.replace("_", " ")


def how_found(view: View, found: Listens) -> str:
    """Say what was shuffled."""
    folds = "" if view.n_folds == 1 else f" of {view.n_folds} folds"
    return (
        f"Values of {found.n_songs} test songs{folds} were exchanged among songs, all of a family "
        "together, or all but that family; a feature together with those that rise and fall with "
        "it. Intervals are 95 %, over groups of songs, each of one family alone. Tried were the "
        "features that tell the classes apart best in the training part, one at a time; a question "
        "mark says that its loss could be nothing. It is about this model on these songs: another "
        "one may get the same from other features."
    )


def alt(found: Listens) -> str:
    """Describe the picture."""
    said = [
        f"{family.name} {_points(family.credit)} ({words.points(family.credit.low)} to "
        f"{words.points(family.credit.high)})"
        for family in found.families
    ]
    return (
        f"Points of accuracy that {found.row.title} gets from each family of features, with 95 % "
        f"intervals: {'; '.join(said)}."
    )


def _points(score: Score) -> str:
    return words.points(score.value)


def drawings(view: View, content: Listens | None) -> Drawings:
    """Give the section's picture, `listens`."""
    return {"listens": partial(_figure, content)} if content else {}


def _figure(found: Listens) -> Figure:
    """Draw the credit of each family as a bar with its interval."""
    families = found.families[::-1]
    figure = Figure(figsize=(5.2, 0.8 + 0.28 * len(families)))
    axes = figure.add_subplot()
    for place, family in enumerate(families):
        credit = family.credit
        colour = BLUE if credit.low > 0 else GREY
        axes.barh(place, 100 * credit.value, 0.6, color=colour, alpha=0.45)
        axes.plot([100 * credit.low, 100 * credit.high], [place, place], color=colour, lw=1.8)
    axes.axvline(0, color=GREY, lw=1)
    axes.set_yticks(range(len(families)), [family.name for family in families])
    axes.set_xlabel("points of accuracy on songs (line: 95 % interval; grey: could be nothing)")
    return clean(figure)
