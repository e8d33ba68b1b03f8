"""Each class by itself, scores that count more than right or wrong, and each fold by itself."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from classify.evaluation import paired
from classify.evaluation.calibration import log_losses
from classify.evaluation.intervals import (
    Estimate,
    effective_groups,
    estimate,
    estimate_share,
    interval,
    resampled,
)
from classify.evaluation.scores import mcc
from classify.experiments import results
from classify.presentation.numbers import number
from classify.report.blocks import Block, Cell, Column, Details, Table, TableRow, columns
from classify.report.format import score_cell
from classify.report.run_view import Row, View

TITLE, ORDER = "Classes, folds and further scores", 72

#: Folds that a table has columns for.
MOST = 20


def blocks(view: View) -> Iterator[Block]:
    """Show the best model's classes; the other models', further scores and folds in details."""
    if view.best is None:
        return
    yield _of_classes(view, view.best)
    others = [_of_classes(view, row) for row in view.contenders[1:]]
    if others:
        yield Details("The other models", others)
    yield Details("Further scores: MCC, log loss, validation", [*_further(view)])
    if view.n_folds > 1 and view.n_folds * view.n_repeats <= MOST:
        yield Details("Each fold", [_folds(view)])


def _of_classes(view: View, row: Row) -> Table:
    songs = view.test_songs[view.test_songs.model == row.name]
    rows = []
    for name in view.classes:
        recall = _share(view, songs[songs.label == name])
        precision = _share(view, songs[songs.prediction == name])
        values = [one.value if one else 0.0 for one in (precision, recall)]
        f1 = 2 * np.prod(values) / sum(values) if sum(values) else 0.0
        cells = [score_cell(one) if one else Cell("–") for one in (precision, recall)]
        support = songs[songs.label == name].song.nunique()
        rows.append(TableRow([name, *cells, number(float(f1)), str(support)]))
    caption = (
        f"{row.title} on test songs, %. Precision: of the songs predicted so, those that are so; "
        "recall: of the songs that are so, those predicted so; F1: their harmonic mean; support: "
        "songs of the class."
    )
    return Table(columns("class", "precision", "recall", "F1", "support"), rows, caption)


def _share(view: View, songs: pd.DataFrame) -> Estimate | None:
    """Give the share of right predictions among some songs; over repeats, a song counts once."""
    if songs.empty:
        return None
    right = (songs.label == songs.prediction).groupby([songs.group, songs.song]).mean()
    groups = right.index.get_level_values("group").tolist()
    return estimate_share(right.to_numpy(float), groups, view.n_folds)


def _further(view: View) -> Iterator[Block]:
    rows = [
        TableRow([row.title, *_further_cells(view, row)], view.kind(row)) for row in view.scored
    ]
    yield Table(
        columns("model", "MCC", "log loss", "validation, %", "test macro-F1, %"),
        rows,
        "MCC: Matthews' correlation of predicted and true classes, 0 for guessing, 1 at best. Log "
        "loss: mean surprise at the true class in nats, of calibrated probabilities where there "
        "are any; less is better. Validation: the macro-F1 on inner songs by which grid values and "
        "epochs were chosen, the mean over fits; far above the one on test songs, the choice has "
        "been fitted to the inner songs.",
    )


def _further_cells(view: View, row: Row) -> list[Cell]:
    songs = view.test_songs[view.test_songs.model == row.name]
    assert row.confusion is not None
    truth, predicted = (np.searchsorted(view.classes, songs[k]) for k in ("label", "prediction"))
    groups = songs.group.tolist()
    value, ends = float(mcc(row.confusion)), (-1.0, 1.0)
    n_groups = effective_groups(songs.drop_duplicates("song").group.tolist())
    if n_groups > 1:
        draws = resampled(truth, predicted, groups, len(view.classes), view.seed)
        ends = interval(mcc(draws), n_groups, view.n_folds)
    losses = pd.Series(log_losses(results.calibrated_or_raw(songs), truth))
    by_song = losses.groupby([songs.group.to_numpy(), songs.song.to_numpy()]).mean()
    names = by_song.index.get_level_values(0).tolist()
    loss = estimate(by_song.to_numpy(), names, view.seed, view.n_folds, (0.0, np.inf))
    chosen = [fit["validation"] for fit in row.fits if fit.get("validation") is not None]
    return [
        Cell(f"{value:.2f}", f"{ends[0]:.2f}–{ends[1]:.2f}".replace("-", "−")),
        Cell(f"{loss.value:.2f}", f"{loss.low:.2f}–{loss.high:.2f}"),
        Cell(number(float(np.mean(chosen))) if chosen else "–"),
        score_cell(row.score(metric="macro_f1")),
    ]


def _folds(view: View) -> Table:
    accuracies = paired.fold_accuracies(view.right)
    sizes = view.test_songs[view.test_songs.model == view.scored[0].name]
    n_songs = sizes.groupby(["repeat", "fold"]).song.nunique()
    repeats = view.n_repeats > 1
    titles: list[Column] = [
        Column(str(fold + 1), f"repeat {repeat + 1}" if repeats else "fold")
        for repeat, fold in accuracies.index
    ]
    rows = [
        TableRow([row.title, *(number(one) for one in accuracies[row.name])], view.kind(row))
        for row in view.scored
    ]
    rows.append(TableRow(["songs", *(str(one) for one in n_songs)], "reference"))
    return Table([*columns("model"), *titles], rows, "Accuracy on the test songs of each fold, %.")
