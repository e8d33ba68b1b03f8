"""Is a model right as often as it says, and what is that good for?"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from classify.evaluation.calibration import TEMPERATURES, Reliability
from classify.evaluation.conformal import COVERAGE
from classify.evaluation.intervals import Estimate, estimate_share
from classify.presentation.figures import BLUE, GREY, ORANGE, canvas, grid, name_beside, spread
from classify.presentation.numbers import number, percent, span, thousandths
from classify.report.blocks import Block, Cell, Details, Figure, Table, TableRow, Text, columns
from classify.report.calibration_metrics import CONFIDENT, CalibrationSummary
from classify.report.format import listed, score_cell, wrong_of_kept
from classify.report.run_view import Row, View

TITLE, ORDER = "Can its confidence be trusted?", 50

#: Models that have a reliability diagram: the best ones.
SHOWN = 3

#: Songs that a risk is worth drawing from.
ENOUGH = 10

ModelCalibration = tuple[Row, CalibrationSummary]


def blocks(view: View) -> Iterator[Block]:
    """Show how far confidence can be trusted, best model first."""
    lines = [(row, row.calibration) for row in view.contenders if row.calibration]
    if not lines:
        return
    yield Text(*sentences(view, *lines[0]))
    for row, measured in lines[:SHOWN]:
        after = "after calibration" if measured.calibrated else "not calibrated"
        alt = f"Reliability diagram of {row.title}, {after}: {_bins_text(measured.after)}."
        yield Figure(f"reliability-{row.name}", partial(_draw, row, measured), alt, small=True)
    shown = min(len(lines), SHOWN)
    models = f"best {shown} models are" if len(lines) > 1 else "model is"
    yield Text(
        f"How often the {models} right (up) where they are so confident (across), in bins of "
        "equally many songs. On the dotted line, a model is perfectly calibrated.",
        kind="note",
    )
    risks = [_risk_text(row, measured) for row, measured in lines]
    yield Figure(
        "risk-coverage",
        partial(_draw_risks, lines),
        "Risk–coverage curve: misclassified songs among those kept, the most confident first. "
        f"{'; '.join(risks)}.",
        "Risk–coverage curve: what leaving out the songs a model is least sure of gains; the "
        "lower, the better. Thick: the best model; whole lines are networks, broken ones classical "
        f"models; a mark is where a confidence of {percent(CONFIDENT, 0)} cuts. Curves begin at "
        "ten songs.",
    )
    tables = [_errors(view, lines), _selected(view, lines), *_by_class(view, *lines[0])]
    how = Text(how_measured(view, lines), kind="note")
    yield Details("All models' calibration as tables", [how, *tables])


def sentences(view: View, row: Row, measured: CalibrationSummary) -> list[str]:
    """Say in plain words what a model's confidence is worth."""
    lines = [] if measured.calibrated else [f"{row.title} could not be calibrated."]
    nearest = int(np.abs(measured.after.confidence - CONFIDENT).argmin())
    says, right = measured.after.confidence[nearest], measured.after.accuracy[nearest]
    count = int(measured.after.count[nearest])
    n_songs = max(1, count // view.n_repeats)
    ends = estimate_share(np.arange(n_songs) < right * n_songs, [str(i) for i in range(n_songs)])
    counted = "songs" if view.n_repeats == 1 else "predictions"  # a song has one in each repeat
    lines.append(
        f"When {row.title} says {percent(says, 0)}, it is right for {percent(right, 0)} of songs "
        f"(measured on {count} {counted}; 95 % interval {span(ends.low, ends.high)} %)."
    )
    sure = percent(CONFIDENT, 0)
    if measured.kept:
        lines.append(
            f"Keeping only songs it is at least {sure} sure of leaves "
            f"{percent(measured.kept, 0)} of songs, of which {wrong_of_kept(measured)} are "
            f"misclassified; of all songs, {percent(float(measured.curve.risk[-1]), 0)} are."
        )
    else:
        lines.append(f"It is not {sure} sure of any song.")
    if measured.sets:
        covered = measured.sets.covered
        lines.append(
            f"Prediction sets with about {percent(COVERAGE, 0)} coverage hold the true class of "
            f"{percent(covered.value)} of songs ({span(covered.low, covered.high)}), with "
            f"{measured.sets.size:.1f} of {len(view.classes)} classes on average."
        )
        shares = {name: one.value for name, one in measured.sets.of_class.items()}
        least = min(shares, key=lambda name: shares[name])
        text = f"That is over all songs: of the class {least!r} they hold it for "
        text += percent(shares[least])
        if by_class := measured.class_sets:
            own = [one.value for one in by_class.of_class.values()]
            text += (
                f"; sets with a threshold for each class (Mondrian) hold {percent(min(own))} to "
                f"{percent(max(own))} of every class, with {by_class.size:.1f} classes on average"
            )
        lines.append(f"{text}.")
    return lines


def how_measured(view: View, lines: list[ModelCalibration]) -> str:
    """Say what is in the tables."""
    stuck = [row.title for row, measured in lines if at_bound(measured)]
    bound = (
        f" The temperature of {listed(stuck)} is at the bound of those tried: its probabilities "
        "could not be calibrated, and are to be taken with caution."
        if stuck
        else ""
    )
    repeats = "; over repeats, a song counts once for each" if view.n_repeats > 1 else ""
    return (
        "A temperature above 1 says that the model was overconfident; it is fitted inside the "
        "training part and changes no prediction. Calibration error: mean distance between "
        "confidence and accuracy in bins of equally many songs (ECE); even a perfectly calibrated "
        "model has one, the noise floor: its mean, and in small figures what it stays below in 95 "
        "of 100 cases. Brier score: squared "
        "distance from the true class, 0 to 2. AURC: area under the risk–coverage curve. For all "
        "of these, less is better. Prediction sets are conformal: their threshold, too, comes from "
        f"songs inside the training part. Measured on test songs{repeats}.{bound}"
    )


def _errors(view: View, lines: list[ModelCalibration]) -> Table:
    rows = []
    for row, measured in lines:
        cells: list[Cell | str] = [row.title, temperature(measured)]
        for metric in ("ece", "brier"):
            before, after = getattr(measured, metric)[0], calibrated_score(row, measured, metric)
            cells += [thousandths(before), _score(after) if measured.calibrated else "–"]
            if metric == "ece":
                mean, high = measured.floor
                cells.append(Cell(thousandths(mean), f"< {thousandths(high)}"))
        rows.append(TableRow(cells, view.kind(row)))
    ece = columns("before", "after", "noise floor", over="calibration error (ECE)")
    brier = columns("before", "after", over="Brier score")
    return Table([*columns("model", "temperature"), *ece, *brier], rows)


def temperature(measured: CalibrationSummary) -> str:
    """Write the temperature, or its range over folds."""
    if not measured.calibrated:
        return "not calibrated"
    low, high = (f"{end(measured.temperatures):.2f}" for end in (min, max))
    bound = " (at its bound)" if at_bound(measured) else ""
    return (low if low == high else f"{low}–{high}") + bound


def at_bound(measured: CalibrationSummary) -> bool:
    """Say whether a temperature is as low or as high as any that is tried."""
    least, most = TEMPERATURES
    return any(t <= 1.01 * least or t >= 0.99 * most for t in measured.temperatures)


def calibrated_score(row: Row, measured: CalibrationSummary, metric: str) -> Estimate:
    """Give a score of calibrated probabilities, from scores.csv where it is there."""
    written = row.scores.get(("song", "test", metric))
    if written and np.isfinite(written.value):
        return written
    return Estimate(getattr(measured, metric)[1], np.nan, np.nan)


def _score(score: Estimate) -> Cell:
    ends = f"{thousandths(score.low)}–{thousandths(score.high)}"
    return Cell(thousandths(score.value), "" if np.isnan(score.low) else ends)


def _selected(view: View, lines: list[ModelCalibration]) -> Table:
    rows = []
    for row, measured in lines:
        cells: list[Cell | str] = [row.title, thousandths(measured.aurc), number(measured.kept)]
        if share := measured.of_kept:
            cells.append(score_cell(share))
        else:
            cells.append("–")
        if sets := measured.sets:
            covered = Cell(number(sets.covered.value), span(sets.covered.low, sets.covered.high))
            cells += [covered, f"{sets.size:.2f}", number(sets.single), number(sets.empty)]
        else:
            cells += ["–"] * 4
        rows.append(TableRow(cells, view.kind(row)))
    kept = columns("songs kept", "misclassified", over="confidence of at least 80 %, %")
    sets_over = "prediction sets with 90 % coverage, %"
    titles = ("hold the class", "mean size", "of one class", "empty")
    return Table([*columns("model", "AURC"), *kept, *columns(*titles, over=sets_over)], rows)


def _by_class(view: View, row: Row, measured: CalibrationSummary) -> list[Table]:
    """Lay out how often the best model's sets hold each class."""
    kinds = {"one threshold": measured.sets, "one for each class": measured.class_sets}
    shown = {title: sets for title, sets in kinds.items() if sets}
    if not shown:
        return []
    rows = [
        TableRow([name, *(score_cell(sets.of_class[name]) for sets in shown.values())])
        for name in view.classes
        if all(name in sets.of_class for sets in shown.values())
    ]
    rows.append(TableRow(["all songs", *(score_cell(sets.covered) for sets in shown.values())]))
    rows.append(TableRow(["mean size", *(f"{sets.size:.2f}" for sets in shown.values())]))
    caption = f"How often prediction sets of {row.title} hold the true class, % of its songs."
    return [Table([*columns("class"), *columns(*shown)], rows, caption)]


def _bins_text(bins: Reliability) -> str:
    """Write a reliability diagram out, for those who cannot see it."""
    each = zip(bins.confidence, bins.accuracy, bins.count, strict=True)
    return "; ".join(f"says {percent(c, 0)}, right {percent(a, 0)} ({n})" for c, a, n in each)


def _risk_text(row: Row, measured: CalibrationSummary) -> str:
    text = f"{row.title}: {percent(float(measured.curve.risk[-1]))} of all songs"
    if not measured.kept:
        return text
    kept = f"the {percent(measured.kept)} it is at least 80 % sure of"
    return f"{text}, {percent(measured.wrong)} of {kept}"


def _draw(row: Row, measured: CalibrationSummary) -> Canvas:
    """Draw accuracy by confidence in bins of equally many songs; below, the songs of each."""
    figure = Canvas(figsize=(3.1, 3.6))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    above.plot([0, 100], [0, 100], color=GREY, ls=":", lw=1)
    if measured.calibrated:
        _draw_bins(above, measured.before, "s--", GREY, "before calibration")
    _draw_bins(
        above, measured.after, "o-", BLUE, "after" if measured.calibrated else "not calibrated"
    )
    above.set(xlim=(0, 103), ylim=(-3, 103), ylabel="accuracy, %")
    above.set_title(row.title, fontsize=10, parse_math=False)
    above.legend(frameon=False, fontsize=7.5, loc="upper left")
    below.vlines(100 * measured.after.confidence, 0, measured.after.count, color=BLUE, lw=3)
    below.set(xlabel="confidence, %", ylabel="songs", ylim=(0, 1.15 * measured.after.count.max()))
    below.yaxis.get_major_locator().set_params(integer=True, nbins=2)
    figure.align_ylabels()
    return figure


def _draw_bins(axes: Axes, bins: Reliability, style: str, colour: str, label: str) -> None:
    fill = "white" if style[0] == "s" else colour
    x, y = 100 * bins.confidence, 100 * bins.accuracy
    axes.plot(x, y, style, color=colour, mfc=fill, ms=4.5, lw=1.3, label=label)


def _draw_risks(lines: list[ModelCalibration]) -> Canvas:
    """Draw the share of misclassified songs by the share of songs kept, a curve a model."""
    figure, axes = canvas(4.2, max(3.2, 0.6 + 0.26 * len(lines)))
    high = max(100 * _enough(measured)[1].max() for _, measured in lines)
    top = max(10.0, 1.08 * high)
    ends = [100 * float(measured.curve.risk[-1]) for _, measured in lines]
    labels = spread(ends, top / max(13, 1.2 * len(lines)))
    for place, (row, measured) in reversed(list(enumerate(lines))):
        _draw_risk(axes, row, measured, (ends[place], labels[place]), best=place == 0)
    axes.set(xlim=(0, 100), ylim=(min(0.0, *labels), max(top, *labels)))
    axes.set_xlabel("songs kept, the most confident first, %")
    axes.set_ylabel("misclassified among them, %")
    grid(axes)
    return figure


def _draw_risk(
    axes: Axes, row: Row, measured: CalibrationSummary, heights: tuple[float, float], *, best: bool
) -> None:
    coverage, risk = _enough(measured)
    colour, style, marker = (ORANGE, "--", "s") if row.kind == "baseline" else (BLUE, "-", "o")
    width, alpha = (2.8, 1.0) if best else (1.0, 0.7)
    axes.plot(100 * coverage, 100 * risk, style, color=colour, lw=width, alpha=alpha)
    if measured.kept * measured.n_songs >= ENOUGH:
        axes.plot(100 * measured.kept, 100 * measured.wrong, marker, color=colour, ms=6)
    end, label = heights
    name_beside(axes, row.title, (100, end), (104, label), colour, bold=best)


def _enough(measured: CalibrationSummary) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the part of a curve with songs enough for a risk to mean something."""
    curve = measured.curve
    enough = curve.coverage * measured.n_songs >= min(ENOUGH, measured.n_songs) - 1e-9
    return curve.coverage[enough], curve.risk[enough]
