"""What a report shows, as plain values: read from a run's files, ordered, and tested."""

from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation.scores import SCORES, confusion
from classify.experiments import results
from classify.experiments.manifest import read_record
from classify.report import paired, sureness
from classify.report.paired import Difference
from classify.report.sureness import Sureness

LEVELS, PARTS = ("song", "window"), ("test", "train")


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
        As in `classify.models.registry.ModelSpec`.
    facts : dict
        What its first fit left, and `fits`, a list of what each did: parameters, best values,
        seconds, history; or `reason` if it failed.
    scores : dict of (level, part, metric) to Score
        Under the run's own split; empty if it failed.
    confusion : ndarray or None
        Songs of the test part, true class by row; each song once for each repeat.
    only_answer : str
        The one class it answers for every window of the test part; empty if it answers several.
    spread : float or None
        Standard deviation over folds of its accuracy on songs; None for a hold-out.
    difference : Difference or None
        How far the best model is ahead of it; None for the best itself.
    sureness : Sureness or None
        How far its confidence can be trusted; None if it failed, and for the majority class.
    """

    name: str
    title: str
    kind: str
    facts: dict[str, Any]
    scores: dict[tuple[str, str, str], Score] = field(default_factory=dict)
    confusion: NDArray | None = None
    only_answer: str = ""
    spread: float | None = None
    difference: Difference | None = None
    sureness: Sureness | None = None

    @property
    def fits(self) -> list[dict[str, Any]]:
        """What each fit left: one for a hold-out, one for each repeat and fold else."""
        return self.facts["fits"]

    @property
    def failed(self) -> str:
        """Why it has no scores; empty if it has."""
        return self.facts.get("reason", "")

    @property
    def seconds(self) -> float | None:
        """How long all of its fits trained, by the clock; None where a run does not say so."""
        spent = [fit["seconds_train"] for fit in self.fits if "seconds_train" in fit]
        return float(sum(spent)) if len(spent) == len(self.fits) else None

    def score(self, level: str = "song", part: str = "test", metric: str = "accuracy") -> Score:
        """Give one score; the headline unless asked otherwise."""
        return self.scores[level, part, metric]


@dataclass(eq=False)
class View:
    """A run as its report shows it.

    Parameters
    ----------
    folder : Path
        The run's folder.
    run : dict
        Content of run.json.
    predictions : DataFrame
        All of predictions.parquet.
    classes : list of str
        In the order of the columns of probabilities.
    rows : list of Row
        From best to worst, the failed ones last.
    scores : DataFrame
        All of scores.csv.
    n_test_songs, n_test_windows, n_test_groups : int
        Size of the test part.
    """

    folder: Path
    run: dict[str, Any]
    predictions: pd.DataFrame
    classes: list[str]
    rows: list[Row]
    scores: pd.DataFrame
    n_test_songs: int
    n_test_windows: int
    n_test_groups: int

    @property
    def protocol(self) -> str:
        """The run's own kind of split: song, window or given."""
        return self.run["split"]["kind"]

    @property
    def n_folds(self) -> int:
        """Folds of a repeat; 1 for a hold-out."""
        return self.run["split"]["folds"]

    @property
    def n_repeats(self) -> int:
        """How often every song is tested."""
        return self.run["split"]["repeats"]

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
    def timed(self) -> list[Row]:
        """Contenders whose time to train is known, best first."""
        return [row for row in self.contenders if row.seconds is not None]

    @property
    def front(self) -> list[Row]:
        """Timed rows than which no other is at least as accurate and as fast, and better at one.

        The fastest first, and so the most accurate last; of equals, all.
        """
        cost = {row.name: (row.seconds or 0.0, -row.score().value) for row in self.timed}

        def beaten(row: Row) -> bool:
            own = cost[row.name]
            return any(
                other != own and other[0] <= own[0] and other[1] <= own[1]
                for other in cost.values()
            )

        return sorted(
            (row for row in self.timed if not beaten(row)), key=lambda row: cost[row.name]
        )

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
    predictions, scored = results.read(folder)
    if "folds" not in run["split"] or "protocol" not in predictions:
        raise InputError(
            f"{folder}: is a run of an earlier version, whose files say too little for this "
            f"report; delete it and give its command again: {run['command']}"
        )
    classes = [c.removeprefix(results.P) for c in predictions.columns if c.startswith(results.P)]
    own = predictions[predictions.protocol == run["split"]["kind"]]
    test = own[own.part == "test"]
    own_scores = scored[scored.protocol == run["split"]["kind"]]
    rows = [_row(name, facts, classes, test, own_scores) for name, facts in run["models"].items()]
    for row in rows:
        _complete(row, folder)
    rows.sort(key=_rank)
    view = View(
        folder,
        run,
        predictions,
        classes,
        rows,
        scored,
        n_test_songs=run["split"]["parts"]["test"]["songs"],
        n_test_windows=run["split"]["parts"]["test"]["windows"],
        n_test_groups=test.group.nunique(),
    )
    _compare(view, test[test.level == "song"])
    return view


def _complete(row: Row, folder: Path) -> None:
    """Raise InputError where a table was cut short, so that a model lacks scores."""
    wanted = {(*place, metric) for place in product(LEVELS, PARTS) for metric in SCORES}
    if not row.failed and not wanted <= set(row.scores):
        file = folder / results.SCORES_FILE
        raise InputError(
            f"{file}: is missing or damaged (no scores of {row.name}); delete "
            f"{folder / 'run.json'} and {folder / 'models'}, and give the run's command again"
        )


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


def _compare(view: View, songs: pd.DataFrame) -> None:
    """Set what a row has of the songs of all folds together."""
    if not view.contenders:
        return
    right = paired.right_table(songs)
    differences = paired.against_best(
        right,
        [row.name for row in view.contenders],
        view.majority.name if view.majority else None,
        view.n_folds,
        view.run["settings"]["seed"],
    )
    spreads = paired.fold_accuracies(right).std()
    for row in view.scored:
        row.difference = differences.get(row.name)
        row.spread = float(spreads[row.name]) if view.n_folds > 1 else None
    for row in view.contenders:
        own = songs[songs.model == row.name]
        row.sureness = sureness.measured(own, view.classes, view.n_folds)
