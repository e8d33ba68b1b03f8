"""What models are worth on recordings: transcribed copies of the test songs.

The rows of part `recorded` in predictions.parquet: each test song rendered as sound under drawn
conditions and transcribed, predicted by models that learned from such copies of other songs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from classify.evaluation.intervals import Estimate
from classify.experiments.results import RECORDED
from classify.presentation.numbers import number, percent, points_span
from classify.report.blocks import Block, Table, TableRow, Text, columns
from classify.report.calibration_metrics import CONFIDENT, CalibrationSummary, summarise
from classify.report.run_view import Row, View

TITLE, ORDER = "Recordings", 95


@dataclass(frozen=True, eq=False)
class OnRecordings:
    """One model: accuracy on songs and on their recordings, and how sure it is of the latter.

    `agreement` is the share of songs of which it predicts the same either way.
    """

    row: Row
    as_songs: float
    accuracy: Estimate
    agreement: float
    calibration: CalibrationSummary


def blocks(view: View) -> Iterator[Block]:
    """Show accuracy and confidence on recordings, where the run learned from such."""
    tested = read(view)
    if not tested:
        yield Text(
            "Not measured in this run. `--recordings` also learns from recordings of the training "
            "songs, and evaluates every model on recordings of its test songs.",
            kind="note",
        )
        return
    yield Text(_sentence(tested[0]))
    yield Text(
        "Test songs were rendered by soundfonts, each under other conditions (piano, room, noise, "
        "tuning, MP3), and transcribed again. Models learned from songs and from such copies of "
        "them; temperature and threshold for recordings come from copies of training songs. Real "
        "recordings differ more from each other than these do.",
        kind="note",
    )
    yield _table(tested)


def read(view: View) -> list[OnRecordings]:
    """Measure every model on recordings; none where the run has no recordings."""
    rows = view.predictions
    rows = rows[(rows.level == "song") & (rows.part == RECORDED) & (rows.protocol == view.protocol)]
    return [
        _measured(row, rows[rows.model == row.name], view)
        for row in view.contenders
        if (rows.model == row.name).any()
    ]


def _measured(row: Row, recorded: pd.DataFrame, view: View) -> OnRecordings:
    key = ["repeat", "song"]
    songs = view.test_songs[view.test_songs.model == row.name]
    both = recorded.merge(songs, on=key, suffixes=("", "_of_song"))
    return OnRecordings(
        row,
        as_songs=float((both.prediction_of_song == both.label).mean()),
        accuracy=row.score("song", RECORDED),
        agreement=float((both.prediction == both.prediction_of_song).mean()),
        calibration=summarise(recorded, view.classes, view.n_folds),
    )


def _sentence(best: OnRecordings) -> str:
    text = (
        f"{best.row.title} is right about {percent(best.accuracy.value)} of the recordings "
        f"(95 % interval {points_span(best.accuracy.low, best.accuracy.high)}) and "
        f"{percent(best.as_songs)} of the same songs; it predicts the same for "
        f"{percent(best.agreement)} of them."
    )
    sets = best.calibration.sets
    if sets is None:
        return text
    return (
        f"{text} Its prediction sets with 90 % coverage hold the true class for "
        f"{percent(sets.covered.value)} of the recordings."
    )


def _table(tested: list[OnRecordings]) -> Table:
    rows = []
    for one in tested:
        calibration = one.calibration
        sets = calibration.sets
        rows.append(
            TableRow(
                [
                    one.row.title,
                    number(one.as_songs),
                    number(one.accuracy.value),
                    points_span(one.accuracy.low, one.accuracy.high),
                    number(one.agreement),
                    number(sets.covered.value) if sets else "",
                    number(calibration.kept),
                    number(calibration.wrong) if calibration.kept else "",
                ]
            )
        )
    sure = f"at least {CONFIDENT:.0%} sure, %"
    titles = ("songs, %", "recordings, %", "95 % interval", "same prediction, %",
              "sets hold the class, %", sure, "wrong among these, %")  # fmt: skip
    return Table([*columns("model"), *columns(*titles)], rows)
