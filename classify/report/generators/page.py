"""A comparison of generators, as chapters of blocks."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from classify.evaluation.intervals import Estimate
from classify.generation import knobs
from classify.generation.measures import HELD_OUT, MELODIES
from classify.generation.quality import RETURNS, TITLES
from classify.presentation.numbers import MINUS, number, percent, span
from classify.progress import duration
from classify.report.blocks import (
    Block,
    Cell,
    Chapter,
    Details,
    Figure,
    Table,
    TableRow,
    Text,
    columns,
)
from classify.report.format import listed, score_cell
from classify.report.generators import bars, figures, spaces, voices
from classify.report.generators.data import GeneratorsView

#: Correlation from which a knob does what it says.
OBEYED = 0.9

KNOB_TITLES = {"mode": "major or minor"}


def chapters(view: GeneratorsView) -> Iterator[Chapter]:
    """Give everything that the page shows."""
    yield Chapter("", list(_overview(view)))
    if view.classes:
        yield Chapter("Are the songs of the class that was asked for?", list(_control(view)))
    if any(view.get(name, "knob", knob) for name in view.generators for knob in knobs.KNOBS):
        yield Chapter("Does each knob do what it says?", list(_knobs(view)))
    yield Chapter("How alike real songs are they?", list(_fidelity(view)))
    if spaces.spaces(view):
        yield Chapter(spaces.TITLE, list(spaces.blocks(view)))
    if voices.there_are_any(view):
        yield Chapter(voices.TITLE, list(voices.blocks(view, _plain_cell)))
    yield Chapter(bars.TITLE, list(bars.blocks(view, _plain_cell)))
    yield Chapter("Are they new?", list(_novelty(view)))
    yield Chapter("Do bars return?", list(_structure(view)))
    yield Chapter("What did they cost?", list(_costs(view)))
    yield Chapter("How to get this again", [Text(view.run["command"], kind="code")])


def _overview(view: GeneratorsView) -> Iterator[Block]:
    run = view.run
    yield Text(_division(view), kind="note")
    yield Text(*summary(view), kind="result")
    if run["failed"]:
        lines = [
            f"{run['titles'][name]} failed: {reason}" for name, reason in run["failed"].items()
        ]
        yield Text(*lines, kind="warning")
    short = [
        f"{view.title(name)} composed {percent(made.value, 0)} of what was asked"
        for name in view.generators
        if (made := view.get(name, "made")) and made.value < 1
    ]
    if short:
        yield Text(f"{'; '.join(short)}; for the others it found no song that keeps all wishes.")
    yield Text(
        "Measures say what can be counted. They agree poorly with listeners: let people compare "
        "songs blindly with `listening/index.html`, whose answers are in `listening/answers.csv`.",
        kind="note",
    )


def _division(view: GeneratorsView) -> str:
    """Say who learned from what, and what generators were asked for."""
    corpus, parts, n_songs = view.run["corpus"], view.run["parts"], view.run["settings"]["songs"]
    divided = (
        f"{corpus['songs']} songs in {corpus['groups']} groups, divided once: generators learned "
        f"from {parts['learned']}"
    )
    if not view.classes:
        return (
            f"{divided}, and {parts['held_out']} were held out. These songs have no classes, so "
            f"that none is judged. Each generator was asked for {n_songs} songs."
        )
    return (
        f"{divided}, the judge ({view.run['judge']}) from {parts['judged']} others, and "
        f"{parts['held_out']} were seen by neither. Each generator was asked for {n_songs} songs "
        f"of each of {len(view.classes)} classes."
    )


def _relation(score: Estimate, real: Estimate) -> str:
    """Say how often the judge agrees, beside real songs; where it may be as often, that it is."""
    if score.low > real.high:
        return "more often than"
    return "as often as" if score.high >= real.value else "less often than"


def summary(view: GeneratorsView) -> list[str]:
    """Say what came of it, in sentences."""
    real, lines = view.get(HELD_OUT, "control"), []
    following = [name for name in view.generators if view.follows(name)]
    if real and following:
        best = following[0]
        score = view.get(best, "control")
        assert score is not None
        relation = _relation(score, real)
        lines.append(
            f"{view.title(best)} follows classes best: the judge calls {percent(score.value)} "
            f"({span(score.low, score.high)}) of its songs by the class that was asked for, "
            f"{relation} it is right about real songs that nobody saw ({percent(real.value)}, "
            f"{span(real.low, real.high)}); chance is {percent(1 / len(view.classes))}."
        )
        if tunes := view.get(HELD_OUT, MELODIES):
            lines.append(
                f"Where it hears only the melody of those real songs, played evenly, it is right "
                f"about {percent(tunes.value)} ({span(tunes.low, tunes.high)}): no more can be "
                "expected of a generator that writes melodies."
            )
    copying = [name for name in view.generators if _share(view, name, "copies") > 0]
    clean = [name for name in view.generators if name not in copying]
    if clean:
        titles = listed([view.title(name) for name in clean])
        lines.append(
            f"No copies among the songs of {titles}: none shares a longer run of notes with a song "
            "that was learned from than 95 % of real songs share with another."
        )
    lines += [
        f"{percent(_share(view, name, 'copies'))} of the songs of {view.title(name)} are copies, "
        "beyond that limit."
        for name in copying
    ]
    return lines


def _share(view: GeneratorsView, name: str, measure: str) -> float:
    known = view.get(name, measure)
    return known.value if known else 0.0


def _percent_cell(score: Estimate | None) -> Cell:
    return score_cell(score) if score else Cell("–")


def _plain_cell(value: Estimate | None, decimals: int = 2) -> Cell:
    if value is None or np.isnan(value.value):
        return Cell("–")
    middle, low, high = (
        f"{one:.{decimals}f}".replace("-", MINUS) for one in (value.value, value.low, value.high)
    )
    return Cell(
        middle, "" if low == high else f"{low} to {high}" if MINUS in low else f"{low}–{high}"
    )


def _row(view: GeneratorsView, name: str, cells: list[Cell]) -> TableRow:
    return TableRow([view.title(name), *cells], "reference" if name == HELD_OUT else "")


def _control(view: GeneratorsView) -> Iterator[Block]:
    rows = [
        _row(view, name, [_percent_cell(view.get(name, "control", mood))
                          for mood in ("", *view.classes)])
        for name in view.sets
    ]  # fmt: skip
    yield Figure(
        "control", partial(figures.control, view),
        "Share of songs that the judge calls by the class asked for, with 95 % intervals: "
        + "; ".join(_spoken(view, name) for name in view.sets) + ".",
        "The broken line is chance; the band is what the judge reaches on real songs.",
    )  # fmt: skip
    unasked = [view.title(name) for name in view.generators if not view.follows(name)]
    told = (
        f" {listed(unasked)} cannot be told a class: what the judge says of "
        f"{'its' if len(unasked) == 1 else 'their'} songs is what chance gives."
        if unasked
        else ""
    )
    yield Table(
        columns("songs", "all classes", *view.classes),
        rows,
        "Share of songs in % that the judge calls by the class asked for, or that real songs have; "
        "of all classes, the mean of theirs. The judge takes all for as likely beforehand. "
        f"The judge learned from none of these songs, nor from those that generators saw.{told}",
    )


def _spoken(view: GeneratorsView, name: str) -> str:
    score = view.get(name, "control")
    return f"{view.title(name)} {percent(score.value)}" if score else f"{view.title(name)} none"


def _knobs(view: GeneratorsView) -> Iterator[Block]:
    turned = [k for k in knobs.KNOBS if any(view.get(n, "knob", k) for n in view.generators)]
    titles = [KNOB_TITLES.get(knob, knob) for knob in turned]
    rows = []
    for name in view.generators:
        cells = [_plain_cell(view.get(name, "knob", knob)) for knob in turned]
        if any(cell.text != "–" for cell in cells):
            rows.append(_row(view, name, cells))
    yield Figure(
        "knobs", partial(figures.knob_panels, view, turned),
        f"What was asked of each knob ({listed(titles)}) and what was measured, a point a song.",
        "On the broken line, measured equals asked.",
    )  # fmt: skip
    obeyed = [
        f"{view.title(name)} follows {listed(good)}"
        for name in view.generators
        if (good := [KNOB_TITLES.get(k, k) for k in turned
                     if (r := view.get(name, "knob", k)) and r.value >= OBEYED])
    ]  # fmt: skip
    if obeyed:
        yield Text(f"At a correlation of at least {OBEYED}: {'; '.join(obeyed)}.")
    yield Table(
        columns("generator", *titles),
        rows,
        "Pearson's correlation of what was asked and what was measured, with 95 % bootstrap "
        "intervals over songs; – where a generator has no such knob.",
    )


def _fidelity(view: GeneratorsView) -> Iterator[Block]:
    rows = [
        _row(view, name, [_plain_cell(view.get(name, "Fréchet distance"))]
             + [_plain_cell(view.get(name, "overlap", one)) for one in TITLES])
        for name in view.sets
    ]  # fmt: skip
    yield Table(
        columns("songs", "Fréchet distance", *TITLES.values()),
        rows,
        "Fréchet distance over all descriptors (0: the same), and for each descriptor the overlap "
        "of the distances between new and real songs with those among real songs (1: alike; Yang "
        "and Lerch 2020). All are against the songs that were learned from; real songs that "
        "nobody saw are what can be reached. Small figures are 95 % intervals over songs.",
        dense=True,
    )
    divergence = [
        _row(view, name, [_plain_cell(view.get(name, "divergence", one)) for one in TITLES])
        for name in view.sets
    ]
    table = Table(
        columns("songs", *TITLES.values()), divergence,
        "Kullback-Leibler divergence of the same distributions, in nats; 0: the same.", dense=True,
    )  # fmt: skip
    yield Details("Divergences", [table])


def _novelty(view: GeneratorsView) -> Iterator[Block]:
    rows = []
    for name in view.sets:
        runs = [view.get(name, "longest run", of) for of in figures.RUNS]
        cells = [Cell(f"{run.value:.0f}" if run else "–") for run in runs]
        rows.append(_row(view, name, [*cells, _percent_cell(view.get(name, "copies"))]))
    yield Figure(
        "novelty", partial(figures.novelty, view),
        "Longest run of notes that songs share with a song that was learned from, as a cumulative "
        "share of songs.",
        "Further to the left is more new. The broken line is the limit: 95 % of real songs share "
        "no longer run with one of another group.",
    )  # fmt: skip
    yield Table(
        columns("songs", *figures.RUNS, "copies, %"),
        rows,
        "Notes of the longest run of melody that a song shares, in any key and at any tempo, with "
        "one that was learned from; copies are songs beyond the limit.",
    )


def _structure(view: GeneratorsView) -> Iterator[Block]:
    rows = [
        _row(view, name, [_percent_cell(view.get(name, "returns", str(n))) for n in RETURNS])
        for name in view.sets
    ]
    yield Table(
        columns("songs", *(f"after {n} bars" for n in RETURNS)),
        rows,
        "Bars in % that return so many bars later, at any pitch, with the same steps and rhythm; "
        "means over songs that are long enough, with 95 % intervals.",
    )


def _costs(view: GeneratorsView) -> Iterator[Block]:
    rows = []
    for name in view.generators:
        learning, minute = (view.get(name, what, "seconds") for what in ("learning", "a minute"))
        cells = [Cell(_time(learning)), Cell(_time(minute))]
        rows.append(_row(view, name, [*cells, Cell(str(view.count(name, "a minute", "seconds")))]))
    yield Table(
        columns("generator", "to learn", "to compose a minute of music", "songs"),
        rows,
        "Time of one processor core.",
    )


def _time(value: Estimate | None) -> str:
    if value is None:
        return "–"
    return duration(value.value) if value.value >= 1 else f"{number(10 * value.value, 0)} ms"
