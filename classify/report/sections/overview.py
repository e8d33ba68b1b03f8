"""The result in a few sentences, and every model's accuracy in one figure."""

from collections.abc import Iterator
from functools import partial

from classify.presentation.figures import BLUE, GREY, INK, ORANGE, canvas, name_rows
from classify.presentation.numbers import percent, span
from classify.report.blocks import Block, Canvas, Figure, Text
from classify.report.run_view import View
from classify.report.summary import practice, summary, warnings

TITLE, ORDER = "", 10

#: Colour and marker of each kind of model.
LOOKS = {"reference": (GREY, "D"), "baseline": (ORANGE, "s"), "network": (BLUE, "o")}


def blocks(view: View) -> Iterator[Block]:
    """Say which model is best, and draw all of them."""
    run = view.run
    yield Text(
        f"{run['corpus']['songs']} songs · {', '.join(view.classes)} · {run['finished'][:10]} · "
        f"classify {run['classify']}",
        kind="note",
    )
    yield Text(*warnings(view), kind="warning")
    yield Text(*summary(view), kind="result")
    yield Text(*practice(view), kind="practice")
    scores = [(row.title, row.score()) for row in view.scored]
    described = [f"{title} {percent(s.value)} ({span(s.low, s.high)})" for title, s in scores]
    alt = f"Accuracy on test songs with 95 % intervals: {'; '.join(described)}."
    yield Figure("scores", partial(_scores, view), alt)
    flatters = (
        "The best model was picked by the very score shown, so that score flatters it a little. "
    )
    yield Text(
        f"{flatters if len(view.contenders) > 1 else ''}Intervals of accuracy are Wilson's, for "
        "the number of independent songs that the groups of songs are worth. Circles are networks, "
        "squares classical models.",
        kind="note",
    )


def _scores(view: View) -> Canvas:
    """Draw accuracy on test songs with its interval, one line per model."""
    rows = view.scored[::-1]
    figure, axes = canvas(5.2, 0.6 + 0.3 * len(rows))
    for place, row in enumerate(rows):
        score = row.score()
        colour, marker = LOOKS[row.kind]
        axes.plot([100 * score.low, 100 * score.high], [place, place], color=colour, lw=2.2)
        axes.plot(100 * score.value, place, marker, color=colour, ms=6.5)
        axes.plot(100 * row.score("window").value, place, "|", color=INK, ms=9)
    name_rows(axes, [row.title for row in rows])
    if view.majority:
        axes.axvline(100 * view.majority.score().value, color=GREY, ls=":", lw=1, zorder=0)
    axes.set_xlabel("accuracy on test songs, % (bar: 95 % interval; |: on windows)")
    return figure
