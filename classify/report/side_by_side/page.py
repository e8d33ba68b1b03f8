"""Runs side by side, as chapters of blocks."""

from collections.abc import Iterator
from functools import partial

from classify.presentation.numbers import p_value, signed
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
from classify.report.format import score_cell
from classify.report.side_by_side import figures, text
from classify.report.side_by_side.data import Across, Line, RunComparison, SameCorpus

#: So many pairs at most are shown at once.
PAIRS = 15

INTERVALS = "Test songs, %; small figures are 95 % intervals."


def chapters(compared: RunComparison) -> Iterator[Chapter]:
    """Give everything that the page shows."""
    runs = [f"{r.name} ({r.corpus}, {r.view.run['finished'][:10]})" for r in compared.runs]
    start: list[Block] = [
        Text(" · ".join(runs), kind="note"),
        Text(*text.warnings(compared), kind="warning"),
    ]
    if compared.across:
        start += [Text(*text.across(compared.across), kind="answer")]
        start += [_scores_figure("sides-across", compared.across.lines, compared.across.names)]
    yield Chapter("", start)
    if compared.across:
        yield Chapter("Models and corpora", list(_across(compared.across, bool(compared.same))))
    for place, same in enumerate(compared.same):
        heading = f"{same.corpus}: {len(same.runs)} runs" if compared.across else ""
        yield Chapter(heading, list(_same(same, place)))
    yield Chapter("What differed", list(_differing(compared)))
    yield Chapter("How to get these runs again", list(_commands(compared)))


def _scores_figure(name: str, lines: list[Line], names: list[str], joined: bool = False) -> Figure:
    draw = partial(figures.scores, lines, names, joined=joined)
    return Figure(name, draw, text.scores_alt(lines, names))


def _across(compared: Across, several: bool) -> Iterator[Block]:
    first = (
        " Where a corpus has several runs, the first one named stands for it." if several else ""
    )
    ranked = (
        " Mean rank by accuracy, over models that have scores on every corpus; 1 is best, equal "
        "scores share a rank."
        if compared.ranking
        else ""
    )
    caption = (
        f"{INTERVALS}{first} Scores of corpora with different classes are not alike: compare "
        f"models within a column.{ranked}"
    )
    yield _scores(compared.lines, compared.names, caption, compared)
    if not compared.tested:
        return
    if len(compared.ranked) > 2:
        yield Text("Ranks over corpora", kind="heading")
        draw = partial(figures.critical_difference, compared)
        caption = (
            "Each model is at its mean rank, the best on the left. A bar joins neighbours of which "
            "no pair is significantly different by Friedman's test over all models and Wilcoxon's "
            "test of the pair."
        )
        yield Figure("sides-ranks", draw, text.ranks_alt(compared), caption)
        caption = (
            "Every pair: row less column in points of accuracy, averaged over corpora, and on how "
            "many corpora the row wins, draws and loses."
        )
        draw = partial(figures.pairs, compared)
        yield Figure("sides-pairs", draw, text.pairs_alt(compared), caption)
    rows = []
    for pair in compared.pairs:
        counts = f"{pair.won}, {pair.drawn}, {pair.lost}"
        cells = [f"{pair.a} – {pair.b}", signed(pair.difference), counts, p_value(pair.p_value)]
        rows.append(TableRow(cells))
    caption = (
        "p: Wilcoxon's signed-rank test over corpora, exact and two-sided, Holm-adjusted over all "
        "pairs."
    )
    table = Table(columns("pair", "points", "won, drawn, lost", "p"), rows, caption)
    yield Details(f"Tests of all {len(rows)} pairs", [table], open=len(rows) <= PAIRS)


def _scores(
    lines: list[Line], names: list[str], caption: str, across: Across | None = None
) -> Table:
    """Lay out each model's scores in every run; over corpora, with mean ranks and sizes."""
    ranking = across.ranking if across else None
    heads = columns("model", *(["mean rank"] if ranking else []))
    for name in names:
        heads += columns("accuracy", "macro-F1", over=name)
    rows = []
    for place, line in enumerate(lines):
        cells: list[Cell | str] = [line.title]
        if ranking:
            cells.append(f"{ranking.mean[place]:.2f}" if place < len(ranking.mean) else "–")
        for row in line.rows:
            metrics = ("accuracy", "macro_f1")
            cells += [score_cell(row.score(metric=m)) if row else "–" for m in metrics]
        rows.append(TableRow(cells, line.kind))
    if across:
        views = [run.view for run in across.runs]
        empty = [""] if ranking else []
        classes = [Cell(str(len(view.classes)), span=2) for view in views]
        songs = [Cell(str(view.n_test_songs), span=2) for view in views]
        rows.append(TableRow(["classes", *empty, *classes], "reference"))
        rows.append(TableRow(["test songs", *empty, *songs], "reference"))
    return Table(heads, rows, caption)


def _same(same: SameCorpus, place: int) -> Iterator[Block]:
    names = [run.name for run in same.runs]
    yield Text(*text.same_corpus(same), kind="answer")
    yield _scores_figure(f"sides-same-{place}", same.lines, names, joined=True)
    yield _scores(same.lines, names, INTERVALS)
    if not same.paired:
        return
    rows = []
    for pair in same.paired:
        one = pair.difference.points
        change = Cell(signed(one.value), f"{signed(one.low)} to {signed(one.high)}")
        p = p_value(pair.difference.p_value)
        rows.append(TableRow([pair.title, pair.other, change, str(pair.gained), str(pair.lost), p]))
    first = names[0]
    titles = (f"points above {first}", "right only here", f"right only in {first}", "p")
    yield Table(
        columns("model", "run", *titles),
        rows,
        f"The same songs classified by the same model in two runs. p: {text.test_used(same)}, "
        f"Holm-adjusted over the {text.counted(len(rows), 'row')} of this table.",
    )


def _differing(compared: RunComparison) -> Iterator[Block]:
    yield Text(text.differing(compared))
    if compared.differing:
        names = columns(*(run.name for run in compared.runs), prose=True)
        rows = [TableRow([name, *values]) for name, values in compared.differing]
        yield Table([*columns("setting"), *names], rows)


def _commands(compared: RunComparison) -> Iterator[Block]:
    for run in compared.runs:
        yield Text(f"{run.name}: seed {run.view.seed}, corpus fingerprint {run.fingerprint[:16]}")
        yield Text(run.view.run["command"], kind="code")
