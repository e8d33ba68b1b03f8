"""What a report shows, as plain values: read from a run's files, ordered, and tested."""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation import paired
from classify.evaluation.intervals import Estimate
from classify.evaluation.paired import Difference
from classify.evaluation.scores import SCORES, confusion
from classify.experiments import results
from classify.experiments.best_model import rank_key
from classify.experiments.run_record import read_run
from classify.report import calibration_metrics
from classify.report.calibration_metrics import CalibrationSummary

LEVELS, PARTS = ("song", "window"), ("test", "train")


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
    scores : dict of (level, part, metric) to Estimate
        Under the run's own split; empty if it failed.
    confusion : ndarray or None
        Songs of the test part, true class by row; each song once for each repeat.
    only_prediction : str
        The one class it predicts for every window of the test part; empty if it predicts several.
    spread : float or None
        Standard deviation over folds of its accuracy on songs; None for a hold-out.
    difference : Difference or None
        How far the best model is ahead of it; None for the best itself.
    calibration : CalibrationSummary or None
        How far its confidence can be trusted; None if it failed, and for the majority class.
    """

    name: str
    title: str
    kind: str
    facts: dict[str, Any]
    scores: dict[tuple[str, str, str], Estimate] = field(default_factory=dict)
    confusion: NDArray | None = None
    only_prediction: str = ""
    spread: float | None = None
    difference: Difference | None = None
    calibration: CalibrationSummary | None = None

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

    def score(self, level: str = "song", part: str = "test", metric: str = "accuracy") -> Estimate:
        """Give one score; the headline unless another is named."""
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
    """

    folder: Path
    run: dict[str, Any]
    predictions: pd.DataFrame
    classes: list[str]
    rows: list[Row]
    scores: pd.DataFrame

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
    def seed(self) -> int:
        """Of everything random."""
        return self.run["settings"]["seed"]

    @property
    def n_test_songs(self) -> int:
        """Songs of the test part."""
        return self.run["split"]["parts"]["test"]["songs"]

    @property
    def n_test_windows(self) -> int:
        """Windows of the test part."""
        return self.run["split"]["parts"]["test"]["windows"]

    @property
    def n_test_groups(self) -> int:
        """Groups of songs in the test part."""
        return self.test_songs.group.nunique()

    @cached_property
    def test_songs(self) -> pd.DataFrame:
        """Predictions for the run's own test songs: all models, repeats and folds."""
        rows = self.predictions
        return rows[
            (rows.level == "song") & (rows.part == "test") & (rows.protocol == self.protocol)
        ]

    @cached_property
    def right(self) -> pd.DataFrame:
        """Which of these songs each model was right on; see `classify.evaluation.paired`."""
        return paired.right_table(self.test_songs)

    @cached_property
    def pairs(self) -> dict[tuple[str, str], float]:
        """P values of every two contenders, best first, adjusted over all pairs."""
        names = [row.name for row in self.contenders]
        return paired.all_pairs(self.right, names, self.n_folds)

    @property
    def scored(self) -> list[Row]:
        """Rows with scores, best first."""
        return [row for row in self.rows if not row.failed]

    @property
    def contenders(self) -> list[Row]:
        """Scored rows without the majority class, best first."""
        return [row for row in self.scored if row.kind != "reference"]

    @property
    def best(self) -> Row | None:
        """The best model, which the majority class never is; None if none was scored."""
        return next(iter(self.contenders), None)

    @property
    def majority(self) -> Row | None:
        """The majority class's row."""
        return next((row for row in self.scored if row.kind == "reference"), None)

    @property
    def failures(self) -> list[Row]:
        """Rows without scores."""
        return [row for row in self.rows if row.failed]

    @property
    def pareto_front(self) -> list[Row]:
        """Contenders than which no other is at least as accurate and as fast, and better at one.

        Of those whose time to train is known; the fastest first, and so the most accurate last; of
        equals, all.
        """
        timed = [row for row in self.contenders if row.seconds is not None]
        cost = {row.name: (row.seconds or 0.0, -row.score().value) for row in timed}

        def beaten(mine: tuple[float, float]) -> bool:
            return any(c != mine and c[0] <= mine[0] and c[1] <= mine[1] for c in cost.values())

        front = [row for row in timed if not beaten(cost[row.name])]
        return sorted(front, key=lambda row: cost[row.name])

    def kind(self, row: Row) -> str:
        """Give the kind of a row in tables, where the best model stands out."""
        return f"{row.kind} best" if row is self.best else row.kind

    def table(self, name: str) -> pd.DataFrame | None:
        """Read a table that a run may have; None if it has not.

        Raises
        ------
        InputError
            If the table is damaged.
        """
        path = self.folder / name
        if not path.is_file():
            return None
        try:
            return results.read_table(path)
        except (OSError, ValueError):
            raise InputError(
                f"{path}: is damaged; delete it and {path.with_name('run.json')}, and give the "
                f"run's command again"
            ) from None


def read_view(folder: Path) -> View:
    """Read a run's files.

    Raises
    ------
    InputError
        If the run has not finished.
    """
    run = read_run(folder).as_dict()
    if "finished" not in run:
        raise InputError(
            f"{folder}: its run has not finished; give its command again to go on: {run['command']}"
        )
    predictions, scores = results.read(folder)
    if "protocol" not in predictions:
        raise InputError(
            f"{folder}: is a run of an earlier version, whose files say too little for this "
            f"report; delete it and give its command again: {run['command']}"
        )
    classes = [c.removeprefix(results.P) for c in predictions.columns if c.startswith(results.P)]
    view = View(folder, run, predictions, classes, [], scores)
    windows = predictions[predictions.protocol == view.protocol]
    windows = windows[(windows.part == "test") & (windows.level == "window")]
    own_scores = scores[scores.protocol == view.protocol]
    for name, facts in run["models"].items():
        row = Row(name, facts["title"], facts["kind"], facts)
        if not row.failed:
            _score(row, view, windows[windows.model == name], own_scores)
        view.rows.append(row)
    view.rows.sort(key=_rank)
    _compare(view)
    return view


def _score(row: Row, view: View, windows: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Set what a row has by itself.

    Raises
    ------
    InputError
        If a table was cut short, so that the model lacks scores.
    """
    for item in scores[scores.model == row.name].itertuples():
        row.scores[item.level, item.part, item.metric] = Estimate(item.value, item.low, item.high)
    wanted = {(*place, metric) for place in product(LEVELS, PARTS) for metric in SCORES}
    if not wanted <= set(row.scores):
        raise InputError(
            f"{view.folder / results.SCORES_FILE}: is missing or damaged (no scores of "
            f"{row.name}); delete {view.folder / 'run.json'} and {view.folder / 'models'}, and "
            f"give the run's command again"
        )
    songs = view.test_songs[view.test_songs.model == row.name]
    truth = np.searchsorted(view.classes, songs.label)
    predicted = np.searchsorted(view.classes, songs.prediction)
    row.confusion = confusion(truth, predicted, len(view.classes))
    classes = windows.prediction.unique()
    row.only_prediction = str(classes[0]) if len(classes) == 1 else ""


def _rank(row: Row) -> tuple[Any, ...]:
    """Order models, the best first; failed ones last."""
    if row.failed:
        return (1, row.name)
    scores = (row.score(), row.score(metric="macro_f1"), row.score("window"))
    return (0, *rank_key(tuple(score.value for score in scores), row.name))


def _compare(view: View) -> None:
    """Set what a row has of the songs of all folds together."""
    if not view.contenders:
        return
    differences = paired.against_best(
        view.right,
        [row.name for row in view.contenders],
        view.majority.name if view.majority else None,
        view.n_folds,
        view.seed,
    )
    spreads = paired.fold_accuracies(view.right).std()
    for row in view.scored:
        row.difference = differences.get(row.name)
        row.spread = float(spreads[row.name]) if view.n_folds > 1 else None
    for row in view.contenders:
        songs = view.test_songs[view.test_songs.model == row.name]
        row.calibration = calibration_metrics.summarise(songs, view.classes, view.n_folds)
