"""Phrases and cells that several sections share."""

from collections import Counter
from typing import Any

from classify.evaluation.intervals import Estimate
from classify.evaluation.paired import pools
from classify.presentation.numbers import number, percent, points, points_span, span
from classify.progress import duration
from classify.report.blocks import Cell
from classify.report.calibration_metrics import CalibrationSummary
from classify.report.run_view import Row, View


def listed(names: list[str]) -> str:
    """Join names to `a, b and c`; to `a; b, c; and d` where a name has a comma.

    >>> listed(["MuseGAN", "C-RVAE, by step", "Copy"])
    'MuseGAN; C-RVAE, by step; and Copy'
    """
    if len(names) > 1 and any("," in name for name in names):
        return f"{'; '.join(names[:-1])}; and {names[-1]}"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def score_cell(score: Estimate, spread: float | None = None) -> Cell:
    """Write a share in percent over its interval, and its standard deviation over folds."""
    folds = "" if spread is None else f"; folds ± {number(spread)}"
    return Cell(number(score.value), f"{span(score.low, score.high)}{folds}")


def points_cell(change: Estimate) -> Cell:
    """Write a difference in points over its interval."""
    return Cell(points(change.value), points_span(change.low, change.high))


def best_values(row: Row) -> str:
    """Write the grid values or the epoch that the inner folds chose, with counts over the fits."""
    chosen = [fit.get("best", {}) for fit in row.fits]
    keys = list(dict.fromkeys(key for best in chosen for key in best))
    return ", ".join(f"{key} {_counted([best.get(key) for best in chosen])}" for key in keys) or "–"


def _counted(values: list[Any]) -> str:
    """Write the distinct values and how often each was chosen; the range of many numbers."""
    counts = Counter(v if isinstance(v, int | float) else str(v) for v in values)
    if len(counts) == 1:
        return str(values[0])
    if len(counts) > 3 and all(isinstance(value, int | float) for value in counts):
        return f"{min(counts)} to {max(counts)}"
    return " or ".join(f"{value} ({count}×)" for value, count in counts.most_common())


def parameters(row: Row) -> str:
    """Write a network's number of parameters."""
    count = row.fits[0].get("parameters")
    return f"{count:,}" if count else "–"


def seconds(row: Row) -> str:
    """Write how long all of a row's fits trained."""
    value = row.seconds
    if value is None:
        return "–"
    return duration(value) if value >= 1 else f"{value:.2f} s"


def tested(view: View) -> str:
    """Say which songs a score is of: `40 test songs`, or how often each song was tested."""
    if view.n_folds == 1:
        return f"{view.n_test_songs} test songs"
    if view.n_repeats == 1:
        return f"{view.n_test_songs} songs, each tested once in {view.n_folds} folds"
    return (
        f"{view.n_test_songs} songs, each tested once in each of {view.n_repeats} repeats of "
        f"{view.n_folds} folds"
    )


def wrong_of_kept(measured: CalibrationSummary) -> str:
    """Write the share of misclassified songs among those a model is sure of, with its interval."""
    share = measured.of_kept
    if share is None:
        return "none"
    counts = f"{measured.n_wrong} of {measured.n_kept}"
    return f"{percent(share.value)} ({counts}; 95 % interval {span(share.low, share.high)} %)"


def test_name(view: View) -> str:
    """Name the test of differences."""
    if view.n_folds == 1:
        return "exact McNemar test"
    pooled = pools(view.n_folds * view.n_repeats)
    return "t test over songs, widened for folds" if pooled else "corrected t test over folds"


def adjusted_over(view: View) -> str:
    """Say over what p values are adjusted."""
    if view.n_folds > 1:
        return "the comparisons shown"
    return "all pairs of models, and against the majority class over all models"


def duplicate_pairs(corpus: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the pairs of songs in different groups that seem to be the same music."""
    pairs = corpus.get("duplicates", {}).get("pairs", [])
    return [pair for pair in pairs if pair["groups"][0] != pair["groups"][1]]


def duplicate_warning(corpus: dict[str, Any]) -> list[str]:
    """Say how many songs of different groups seem to be the same music; nothing if none do."""
    pairs = duplicate_pairs(corpus)
    if not pairs:
        return []
    odd = sum(pair["labels"][0] != pair["labels"][1] for pair in pairs)
    what = "pair of songs seems" if len(pairs) == 1 else "pairs of songs seem"
    fate = (
        "their groups were joined, so that no split parts them"
        if corpus["duplicates"]["merged"]
        else "they may be on both sides of the split, since --keep-duplicates was given"
    )
    return [
        f"{len(pairs)} {what} to be the same music in another key, at another tempo or under "
        f"another name, {odd} of them under different labels; {fate}."
    ]
