"""What a report shows, as plain values: read from a run's files, ordered, and tested."""

from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify import tables
from classify.errors import InputError
from classify.evaluation.scores import confusion
from classify.evaluation.significance import holm, mcnemar
from classify.record import read_record

#: Differences with an adjusted p value below this are called real.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Score:
    """A score and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(eq=False)
class Row:
    """One model in the tables.

    Parameters
    ----------
    name, title, kind : str
        As in `classify.models.Spec`.
    facts : dict
        What its fit left: parameters, best values, seconds, history; or `reason` if it failed.
    scores : dict of (level, part, metric) to Score
        Empty if it failed.
    confusion : ndarray or None
        Songs of the test part, true class by row.
    only_answer : str
        The one class it answers for every window of the test part; empty if it answers several.
    p_value : float or None
        Of its difference from the best model, on songs, Holm-adjusted (see `_compare_with_best`);
        None for the best itself.
    """

    name: str
    title: str
    kind: str
    facts: dict[str, Any]
    scores: dict[tuple[str, str, str], Score] = field(default_factory=dict)
    confusion: NDArray | None = None
    only_answer: str = ""
    p_value: float | None = None

    @property
    def failed(self) -> str:
        """Why it has no scores; empty if it has."""
        return self.facts.get("reason", "")

    def score(self, level: str = "song", part: str = "test", metric: str = "accuracy") -> Score:
        """Give one score; the headline unless asked otherwise."""
        return self.scores[level, part, metric]


@dataclass(eq=False)
class View:
    """A run as its report shows it: rows from best to worst, the failed ones last."""

    run: dict[str, Any]
    classes: list[str]
    rows: list[Row]
    n_test_songs: int
    n_test_windows: int
    n_test_groups: int

    @property
    def scored(self) -> list[Row]:
        """Rows with scores, best first."""
        return [row for row in self.rows if not row.failed]

    @property
    def contenders(self) -> list[Row]:
        """Scored rows without the majority class, best first."""
        return [row for row in self.scored if row.kind != "reference"]

    @property
    def majority(self) -> Row | None:
        """The majority class's row."""
        return next((row for row in self.scored if row.kind == "reference"), None)

    @property
    def failures(self) -> list[Row]:
        """Rows without scores."""
        return [row for row in self.rows if row.failed]


def read_view(folder: Path) -> View:
    """Read a run's files.

    Raises
    ------
    InputError
        If the run has not finished.
    """
    run = read_record(folder)
    if "finished" not in run:
        raise InputError(
            f"{folder}: its run has not finished; give its command again to go on: {run['command']}"
        )
    predictions, scored = tables.read(folder)
    classes = [c.removeprefix(tables.P) for c in predictions.columns if c.startswith(tables.P)]
    test = predictions[predictions.part == "test"]
    rows = [_row(name, facts, classes, test, scored) for name, facts in run["models"].items()]
    rows.sort(key=lambda row: _rank(row))
    view = View(
        run,
        classes,
        rows,
        n_test_songs=run["split"]["parts"]["test"]["songs"],
        n_test_windows=run["split"]["parts"]["test"]["windows"],
        n_test_groups=test.group.nunique(),
    )
    _compare_with_best(view, test[test.level == "song"])
    return view


def _rank(row: Row) -> tuple[Any, ...]:
    if row.failed:
        return (1, row.name)
    return (0, -row.score().value, -row.score(metric="macro_f1").value, row.name)


def _row(
    name: str,
    facts: dict[str, Any],
    classes: list[str],
    test: pd.DataFrame,
    scored: pd.DataFrame,
) -> Row:
    row = Row(name, facts["title"], facts["kind"], facts)
    if row.failed:
        return row
    for item in scored[scored.model == name].itertuples():
        row.scores[item.level, item.part, item.metric] = Score(item.value, item.low, item.high)
    own = test[test.model == name]
    songs = own[own.level == "song"]
    truth, answer = np.searchsorted(classes, songs.label), np.searchsorted(classes, songs.answer)
    row.confusion = confusion(truth, answer, len(classes))
    answers = own[own.level == "window"].answer.unique()
    row.only_answer = str(answers[0]) if len(answers) == 1 else ""
    return row


def _compare_with_best(view: View, songs: pd.DataFrame) -> None:
    """Test every model against the best one, on the same songs.

    Which model is best was seen on these very songs. So p values between models are adjusted over
    all pairs of them, and those against the majority class over all models.
    """
    if not view.contenders:
        return
    best = view.contenders[0].name
    names = [row.name for row in view.contenders]
    right = {name: (rows.label == rows.answer).to_numpy() for name, rows in songs.groupby("model")}
    groups = songs[songs.model == best].group.to_numpy()

    def adjusted(pairs: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
        p_values = holm([mcnemar(right[a], right[b], groups) for a, b in pairs])
        return dict(zip(pairs, p_values, strict=True))

    between = adjusted(list(combinations(names, 2)))  # best first, as the names are
    for row in view.contenders[1:]:
        row.p_value = between[best, row.name]
    if view.majority:
        floor = view.majority.name
        view.majority.p_value = adjusted([(name, floor) for name in names])[best, floor]
