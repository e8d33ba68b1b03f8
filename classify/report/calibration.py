"""The section on calibration: is a model right as often as it says, and what is that good for?"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classify.evaluation.calibration import RiskCoverage
from classify.evaluation.conformal import COVERAGE
from classify.presentation.figures import BLUE, GREY, LIGHT, ORANGE, Drawings, spread
from classify.report import words
from classify.report.sureness import SURE, Sureness
from classify.report.view import Row, Score, View

#: Models that have a reliability diagram: the best ones.
SHOWN = 3

#: Songs that a risk is worth drawing from.
ENOUGH = 10


@dataclass(frozen=True, eq=False)
class Line:
    """One model's calibration as the tables show it.

    Parameters
    ----------
    row : Row
        The model.
    found : Sureness
        What was measured.
    ece, brier : Score
        After calibration; with an interval where the run's scores have one, else nan.
    """

    row: Row
    found: Sureness
    ece: Score
    brier: Score


def read(view: View) -> list[Line] | None:
    """Give each contender's calibration, best model first; None if there is no contender."""
    lines = [
        Line(row, row.sureness, *(_after(row, row.sureness, m) for m in ("ece", "brier")))
        for row in view.contenders
        if row.sureness
    ]
    return lines or None


def drawings(view: View, content: Any) -> Drawings:
    """Give `reliability-<model>` of the best few, and `risk-coverage` of all."""
    if not content:
        return {}
    found: Drawings = {
        f"reliability-{line.row.name}": partial(_reliability, line) for line in content[:SHOWN]
    }
    return found | {"risk-coverage": partial(_risks, content)}


def _after(row: Row, found: Sureness, metric: str) -> Score:
    """Give a score of calibrated probabilities, from scores.csv where it stands there."""
    written = row.scores.get(("song", "test", metric))
    if written and np.isfinite(written.value):
        return written
    return Score(getattr(found, metric)[1], np.nan, np.nan)


def sentences(view: View, line: Line) -> list[str]:
    """Say in plain words what a model's confidence is worth."""
    found, title = line.found, line.row.title
    lines = [] if found.calibrated else [f"{title} could not be calibrated."]
    nearest = int(np.abs(found.after.confidence - SURE).argmin())
    says, right = found.after.confidence[nearest], found.after.accuracy[nearest]
    lines.append(
        f"When {title} says {100 * says:.0f} %, it is right for {100 * right:.0f} % of songs "
        f"(measured on {_answers(view, int(found.after.count[nearest]))})."
    )
    if found.kept:
        lines.append(
            f"Keeping only songs it is at least {100 * SURE:.0f} % sure of leaves "
            f"{100 * found.kept:.0f} % of songs, of which {100 * found.wrong:.0f} % are wrong; of "
            f"all songs, {100 * float(found.curve.risk[-1]):.0f} % are."
        )
    else:
        lines.append(f"It is not {100 * SURE:.0f} % sure of any song.")
    if found.sets:
        lines.append(
            f"Sets of classes that shall hold the true one for {100 * COVERAGE:.0f} % of songs "
            f"hold it for {words.percent(found.sets.covered)}{_between(found)}, with "
            f"{found.sets.size:.1f} of {len(view.classes)} classes on average."
        )
    return lines


def _answers(view: View, count: int) -> str:
    """Name songs; over repeats a song is answered several times."""
    return f"{count} {'songs' if view.n_repeats == 1 else 'answers'}"


def _between(found: Sureness) -> str:
    text = covered_span(found)
    return f" ({text})" if text else ""


def covered_span(found: Sureness) -> str:
    """Write the interval of the sets' coverage in percent: 81.0–93.4; empty if there is none."""
    if not found.sets or found.sets.low is None or found.sets.high is None:
        return ""
    return f"{words.number(found.sets.low)}–{words.number(found.sets.high)}"


def temperature(found: Sureness) -> str:
    """Write the temperature, or its range over folds."""
    if not found.calibrated:
        return "not calibrated"
    low, high = (f"{value:.2f}" for value in (min(found.temperatures), max(found.temperatures)))
    return low if low == high else f"{low}–{high}"


def three(value: float) -> str:
    """Write a score between 0 and 2 with three places: .041."""
    return "–" if np.isnan(value) else f"{value:.3f}".removeprefix("0")


def three_span(score: Score) -> str:
    """Write such a score's interval: .035–.049; empty if there is none."""
    return "" if np.isnan(score.low) else f"{three(score.low)}–{three(score.high)}"


def bins_text(found: Sureness) -> str:
    """Write a reliability curve out, for those who cannot see it."""
    bins = found.after
    each = zip(bins.confidence, bins.accuracy, bins.count, strict=True)
    return "; ".join(f"says {100 * c:.0f} %, right {100 * a:.0f} % ({n})" for c, a, n in each)


def _reliability(line: Line) -> Figure:
    """Draw accuracy by confidence in bins of equally many songs; below, the songs of each."""
    found = line.found
    figure = Figure(figsize=(3.1, 3.6))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    above.plot([0, 100], [0, 100], color=GREY, ls=":", lw=1)
    if found.calibrated:
        _bins(above, found.before, "s--", GREY, "before calibration")
        _bins(above, found.after, "o-", BLUE, "after")
    else:
        _bins(above, found.after, "o-", BLUE, "not calibrated")
    above.set(xlim=(0, 103), ylim=(-3, 103), ylabel="right, %")
    above.set_title(line.row.title, fontsize=10, parse_math=False)
    above.legend(frameon=False, fontsize=7.5, loc="upper left")
    below.vlines(100 * found.after.confidence, 0, found.after.count, color=BLUE, lw=3)
    below.set(xlabel="confidence, %", ylabel="songs", ylim=(0, 1.15 * found.after.count.max()))
    below.yaxis.get_major_locator().set_params(integer=True, nbins=2)
    figure.align_ylabels()
    return figure


def _bins(axes: Axes, bins: Any, style: str, colour: str, label: str) -> None:
    fill = "white" if style[0] == "s" else colour
    axes.plot(
        100 * bins.confidence,
        100 * bins.accuracy,
        style,
        color=colour,
        mfc=fill,
        ms=4.5,
        lw=1.3,
        label=label,
    )


def _risks(lines: list[Line]) -> Figure:
    """Draw the share of wrong answers by the share of songs kept, a curve a model."""
    figure = Figure(figsize=(4.2, max(3.2, 0.6 + 0.26 * len(lines))))
    axes = figure.add_subplot()
    high = max(100 * _from(line.found)[1].max() for line in lines)
    top = max(10.0, 1.08 * high)
    ends = [100 * float(line.found.curve.risk[-1]) for line in lines]
    labels = spread(ends, top / max(13, 1.2 * len(lines)))
    for place, line in reversed(list(enumerate(lines))):
        _risk(axes, line, ends[place], labels[place], best=place == 0)
    axes.set(xlim=(0, 100), ylim=(min(0.0, *labels), max(top, *labels)))
    axes.set_xlabel("songs kept, the surest first, %")
    axes.set_ylabel("wrong among them, %")
    axes.grid(color=LIGHT, lw=0.8)
    axes.set_axisbelow(True)
    return figure


def _risk(axes: Axes, line: Line, end: float, label: float, *, best: bool) -> None:
    coverage, risk = _from(line.found)
    colour, style = (ORANGE, "--") if line.row.kind == "baseline" else (BLUE, "-")
    width, alpha = (2.8, 1.0) if best else (1.0, 0.7)
    axes.plot(100 * coverage, 100 * risk, style, color=colour, lw=width, alpha=alpha)
    if line.found.kept * line.found.n_songs >= ENOUGH:
        marker = "s" if line.row.kind == "baseline" else "o"
        axes.plot(100 * line.found.kept, 100 * line.found.wrong, marker, color=colour, ms=6)
    axes.annotate(
        line.row.title,
        (100, end),
        (104, label),
        color=colour,
        fontsize=8.5,
        fontweight="bold" if best else "normal",
        va="center",
        annotation_clip=False,
        arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "relpos": (0, 0.5)},
        parse_math=False,
    )


def _from(found: Sureness) -> tuple[np.ndarray, np.ndarray]:
    """Give the part of a curve with songs enough for a risk to mean something."""
    curve: RiskCoverage = found.curve
    enough = curve.coverage * found.n_songs >= min(ENOUGH, found.n_songs) - 1e-9
    return curve.coverage[enough], curve.risk[enough]
