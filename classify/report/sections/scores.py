"""Every model's scores on songs and on windows, and what each model cost."""

from collections.abc import Iterator

import numpy as np

from classify.models.registry import RECOMMENDED
from classify.presentation.numbers import number, span
from classify.report import cues
from classify.report.blocks import Block, Cell, Details, Table, TableRow, Text, columns
from classify.report.format import best_values, parameters, score_cell, seconds, tested
from classify.report.run_view import Row, View

TITLE, ORDER = "All models", 20

METRICS = ("accuracy", "macro_f1", "balanced_accuracy")
TITLES = ("accuracy", "macro-F1", "balanced accuracy")

#: Scores between 0 and 1, or 2, that a paper gives as they are.
PLAIN = {"ece": "ECE", "brier": "Brier"}


def blocks(view: View) -> Iterator[Block]:
    """Give the tables of scores, of costs, and the one for papers."""
    learned = ""
    if view.run["settings"]["recipe"] != "paper" and any(r.kind == "network" for r in view.scored):
        learned = (
            " Networks learn from about four fifths of the training part; of the rest, half "
            "decides when to stop and half calibrates them."
        )
    if any(row.name == RECOMMENDED for row in view.scored):
        learned += (
            " The recommended model was developed on the built-in corpora and some like them, so "
            "that on these it has an advantage that it lacks on other music."
        )
    yield Text(
        "Small figures next to a score are its 95 % interval: Wilson's for accuracy, bootstrap "
        "percentiles over groups of songs, widened for few groups, for the others. "
        f"{_widened(view)}All scores are in percent.{learned}",
        kind="note",
    )
    yield Text(*_inputs(view), kind="note")
    means = "Songs: a song's prediction is the mean of its windows' probabilities."
    yield _level(view, "song", f"{means} {_songs(view)}")
    windows = _level(view, "window", f"Test part: {view.n_test_windows} windows.")
    yield Details("Per-window results", [windows])
    yield Details("What each model cost, and what was chosen for it", [_costs(view)])
    if view.scored:
        yield _paper(view)


def _widened(view: View) -> str:
    """Say how far intervals over folds are from exact."""
    if view.n_folds == 1:
        return ""
    factor = float(np.sqrt(1 + view.n_folds / (view.n_folds - 1)))
    return (
        f"Over k folds they are √(1 + k/(k − 1)) = {factor:.2f} times as wide, since models share "
        "training songs; in simulations they then cover the truth 97 to 99 times of 100. "
    )


def _inputs(view: View) -> list[str]:
    """Say what rows below the models are, and that models do not all read the same."""
    lines = []
    if cues.read(view):
        lines.append(
            "Rows that end in 'only' predict the commonest class of the training songs that are "
            "alike in that one thing: what a model reaches beyond them it has from the notes."
        )
    if any(view.run["models"][row.name]["input"].endswith("features") for row in view.contenders):
        lines.append(
            "Models on features read more than the windows of the others hold: bars and beats from "
            "the files' time signatures and tempo maps, instruments and drums, and those on songs "
            "the whole song."
        )
    return lines


def _songs(view: View) -> str:
    """Say over how many songs the table of songs goes, and what its small figures are."""
    if view.n_folds == 1:
        return f"Test part: {view.n_test_songs} songs."
    return (
        f"{tested(view)}; ± is the standard deviation of accuracy over "
        f"{view.n_folds * view.n_repeats} folds, in points."
    )


def _level(view: View, level: str, caption: str) -> Table:
    """Lay out scores on songs or on windows."""
    rows = []
    for row in view.scored:
        cells = [
            score_cell(
                row.score(level, part, metric),
                row.spread if (level, part, metric) == ("song", "test", "accuracy") else None,
            )
            for part in ("test", "train")
            for metric in METRICS
        ]
        rows.append(TableRow([row.title, *cells], view.kind(row)))
    if level == "song":
        rows += [_cue_row(cue) for cue in cues.read(view)]
    rows += [TableRow([row.title, Cell("failed", span=6)], "failed") for row in view.failures]
    parts = [*columns(*TITLES, over="test part"), *columns(*TITLES, over="training part")]
    return Table([*columns("model"), *parts], rows, caption)


def _cue_row(cue: cues.Cue) -> TableRow:
    cells = [score_cell(cue.scores[metric]) for metric in METRICS]
    return TableRow([cue.title, *cells, *[Cell("–")] * len(METRICS)], "reference")


def _costs(view: View) -> Table:
    n_fits = view.n_folds * view.n_repeats
    rows = [
        TableRow(
            [
                row.title,
                parameters(row),
                best_values(row),
                seconds(row),
                _per_song(view, row),
            ],
            view.kind(row),
        )
        for row in view.scored
    ]
    rows += [
        TableRow([row.title, Cell(f"failed: {row.failed}", span=4)], "failed")
        for row in view.failures
    ]
    counts = (
        f", with how many of the {n_fits} fits chose them; training times are sums over these fits"
        if view.n_folds > 1
        else ""
    )
    return Table(
        [
            *columns("model", "parameters"),
            *columns("best values", prose=True),
            *columns("time to train", "ms to predict a song"),
        ],
        rows,
        f"Best values are those that folds inside the training part chose{counts}. Predicting a "
        "song does not include reading it and computing what the model reads of it.",
    )


def _per_song(view: View, row: Row) -> str:
    """Write how long a model took to predict a test song, once its input was computed."""
    spent = [fit["seconds_predict"] for fit in row.fits if "seconds_predict" in fit]
    if len(spent) < len(row.fits):
        return "–"
    return f"{1000 * sum(spent) / (view.n_test_songs * view.n_repeats):.2f}"


def _paper(view: View) -> Table:
    """Lay out scores on test songs for a paper."""
    shown = [*METRICS, *(m for m in PLAIN if any(_has(row, m) for row in view.scored))]
    rows = [TableRow([row.title, *(_cell(row, m) for m in shown)]) for row in view.scored]
    if view.failures:
        failed = ", ".join(row.title for row in view.failures)
        rows.append(TableRow([Cell(f"failed, without scores: {failed}", span=1 + len(shown))]))
    titles = [PLAIN.get(m) or f"{TITLES[METRICS.index(m)]}, %" for m in shown]
    return Table(
        columns("model", *titles),
        rows,
        "Scores on test songs with 95 % intervals: Wilson's for accuracy, bootstrap percentiles "
        "over groups of songs for the others. A song's prediction is the mean of its windows' "
        "probabilities.",
        label="tab:scores",
        paper_only=True,
    )


def _has(row: Row, metric: str) -> bool:
    """Say whether a row has a score; probabilities that were not calibrated have no ECE."""
    key = ("song", "test", metric)
    return key in row.scores and bool(np.isfinite(row.scores[key].value))


def _cell(row: Row, metric: str) -> Cell:
    if not _has(row, metric):
        return Cell("–")
    score = row.score(metric=metric)
    if metric in PLAIN:
        return Cell(f"{score.value:.3f}", f"{score.low:.3f}–{score.high:.3f}")
    return Cell(number(score.value), span(score.low, score.high))
