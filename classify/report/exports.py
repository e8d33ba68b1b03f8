"""A run for a paper: tables in LaTeX, whom to cite in BibTeX, and every song's answers as CSV.

Names of corpora, classes and models are the user's and may hold any character, so whatever is not
of this module goes through `escaped`. The tables need the package booktabs and nothing else; names
in other than Latin letters need LuaLaTeX or XeLaTeX.
"""

import re
from collections.abc import Sequence

import numpy as np

from classify.files import atomic_write, write_text
from classify.report import leak, words
from classify.report.paired import Difference
from classify.report.songs import full_table
from classify.report.view import Row, Score, View

LATEX = "tables.tex"
BIBTEX = "citation.bib"
SONGS = "songs.csv"

SPECIAL = {character: f"\\{character}" for character in "&%$#_"} | {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",  # not \{, which BibTeX counts as an open brace
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
    "−": "$-$",
    "×": r"$\times$",
    "…": r"\ldots{}",
}

#: Scores of the first table: name in scores.csv, heading, and whether they are percentages.
COLUMNS = {
    "accuracy": ("accuracy, %", True),
    "macro_f1": ("macro-F1, %", True),
    "balanced_accuracy": ("balanced accuracy, %", True),
    "ece": ("ECE", False),
    "brier": ("Brier", False),
}


def write(view: View) -> None:
    """Write tables.tex, citation.bib and songs.csv into the run's folder."""
    write_text(view.folder / LATEX, latex(view))
    write_text(view.folder / BIBTEX, bibtex(view))
    if view.scored:
        with atomic_write(view.folder / SONGS) as beside:
            full_table(view).to_csv(beside, index=False, float_format="%.6f")


def escaped(text: str) -> str:
    """Write any text so that LaTeX and BibTeX print it as it is.

    White space of any kind becomes one blank; other control characters, which LaTeX cannot print,
    are left out.
    """
    plain = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return "".join(SPECIAL.get(character, character) for character in plain)


def latex(view: View) -> str:
    """Give a run's tables in LaTeX: scores, differences, and the leak where it was measured.

    Returns
    -------
    str
        `table` environments for a paper that uses booktabs.
    """
    parts = ["% \\usepackage{booktabs}"]
    if view.scored:
        parts.append(_scores(view))
    if len(view.contenders) > 1 or (view.contenders and view.majority):
        parts.append(_differences(view))
    if leak := _leak(view):
        parts.append(leak)
    return "\n\n".join(parts) + "\n"


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], caption: str, label: str, last: str = ""
) -> str:
    """Lay out a table: the first column to the left, the others to the right.

    Parameters
    ----------
    head, rows, caption
        LaTeX, escaped by the caller.
    label : str
        For cross references.
    last : str
        A last row over all columns.
    """
    lines = [" & ".join(row) + r" \\" for row in rows]
    if last:
        lines.append(rf"\multicolumn{{{len(head)}}}{{l}}{{{last}}} \\")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{caption}}}",
            rf"\label{{{label}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
            r"\toprule",
            " & ".join(head) + r" \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _scores(view: View) -> str:
    """Lay out scores on test songs with their intervals."""
    shown = [metric for metric in COLUMNS if any(_has(row, metric) for row in view.scored)]
    rows = [[escaped(row.title), *(_score(row, metric) for metric in shown)] for row in view.scored]
    failed = ", ".join(escaped(row.title) for row in view.failures)
    caption = (
        f"{_corpus(view)} Scores on test songs with 95\\,\\% intervals: Wilson's for accuracy, "
        f"bootstrap percentiles over groups of songs for the others. A song's answer is the mean "
        f"of its windows' probabilities. {_protocol(view)}"
    )
    head = ["model", *(COLUMNS[metric][0].replace("%", r"\%") for metric in shown)]
    last = f"failed, without scores: {failed}" if failed else ""
    return _table(head, rows, caption, "tab:scores", last)


def _has(row: Row, metric: str) -> bool:
    """Say whether a row has a score; probabilities that were not calibrated have no ECE."""
    key = ("song", "test", metric)
    return key in row.scores and bool(np.isfinite(row.scores[key].value))


def _score(row: Row, metric: str) -> str:
    if not _has(row, metric):
        return "--"
    score = row.score(metric=metric)
    if COLUMNS[metric][1]:
        return _percent(score)
    return f"{score.value:.3f} ({score.low:.3f}--{score.high:.3f})"


def _percent(score: Score) -> str:
    return f"{words.number(score.value)} ({escaped(words.span(score))})"


def _differences(view: View) -> str:
    """Lay out how far each model is behind the best, and whether that could be chance."""
    best = view.contenders[0]
    rows = [
        [escaped(row.title), *_behind(row.difference), _p(row)]
        for row in view.scored
        if row.difference
    ]
    caption = (
        f"{_corpus(view)} By how many points of accuracy on test songs {escaped(best.title)}, the "
        f"best model, is ahead of each other, with the 95\\,\\% interval of that difference alone; "
        f"{words.test_name(view)}, $p$ values Holm-adjusted over "
        f"{words.adjusted_over(view)}. {_protocol(view)}"
    )
    head = ["model", "points behind", r"95\,\% interval", "adjusted $p$"]
    return _table(head, rows, caption, "tab:differences")


def _behind(found: Difference) -> tuple[str, str]:
    """Write a difference and its interval; models right on the very same songs have none."""
    value = escaped(words.points(found.value))
    if found.low is None or found.high is None:
        return value, "--"
    return value, escaped(f"{words.points(found.low)} to {words.points(found.high)}")


def _p(row: Row) -> str:
    text = escaped(words.p_text(row))
    return f"${text.replace(SPECIAL['<'], '<')}$" if SPECIAL["<"] in text else text


def _leak(view: View) -> str:
    """Lay out what random windows claim beside what unseen songs give; empty if unasked."""
    lines = leak.read(view).lines
    if not lines:
        return ""
    rows = [
        [
            escaped(line.row.title),
            _percent(line.test),
            _percent(line.row.score("window")),
            _percent(line.row.score()),
            escaped(words.points(line.points)),
            *("--" if rank is None else str(rank) for rank in (line.claimed, line.true)),
        ]
        for line in lines
    ]
    caption = (
        f"{_corpus(view)} What a split by random windows (one draw, a fifth held out, songs on "
        f"both sides) would have claimed, beside unseen songs: accuracy in \\% with 95\\,\\% "
        f"intervals, what the leak is worth on windows in points, and ranks by accuracy on "
        f"windows. {_protocol(view)}"
    )
    head = ["model", "random windows", "unseen, windows", "unseen, songs", "leak"]
    return _table([*head, "claimed rank", "true rank"], rows, caption, "tab:leak")


def _corpus(view: View) -> str:
    corpus = view.run["corpus"]
    return (
        f"{escaped(corpus['name'])}: {corpus['songs']} songs in {corpus['groups']} groups, "
        f"{len(view.classes)} classes."
    )


def _protocol(view: View) -> str:
    """Say in a caption how songs were split and how many were tested."""
    settings = view.run["settings"]
    how = f"One hold-out of {view.n_test_songs} songs"
    if view.n_folds > 1:
        repeated = f", repeated {view.n_repeats} times" if view.n_repeats > 1 else ""
        how = f"{view.n_folds} folds{repeated}, each song tested once in each"
        how = how if repeated else f"{view.n_folds} folds, each song tested once"
    whole = {
        "song": "songs and groups of songs are never parted",
        "window": "windows of one song are on both sides, so that these scores leak",
        "given": "split as the corpus gives it",
    }[view.protocol]
    windows = view.run["windows"]
    quick = " A quick run, not for publication." if settings["quick"] else ""
    return (
        f"{how}; {whole}; windows of {windows['window']} notes; seed {settings['seed']}; "
        f"classify {escaped(view.run['classify'])}.{quick}"
    )


def bibtex(view: View) -> str:
    """Give what to cite: classify, this run, and the corpus where its citation is BibTeX.

    Returns
    -------
    str
        Entries for a .bib file.
    """
    run = view.run
    corpus, version, date = run["corpus"], run["classify"], run["finished"][:10]
    name = escaped(corpus["name"])
    key = re.sub(r"[^A-Za-z0-9]+", "-", corpus["name"]).strip("-").lower() or "corpus"
    software = {
        "title": "{classify}: a leak-free comparison of models for symbolic music",
        "version": escaped(version),
        "year": date[:4],
    }
    own = {
        "title": f"{{Comparison of {len(view.contenders)} models on {name}}}",
        "year": date[:4],
        "howpublished": f"Run of classify {escaped(version)}",
        "note": f"{date}, seed {run['settings']['seed']}, "
        f"corpus fingerprint {corpus['fingerprint'][:16]}",
    }
    entries = [
        _entry("software", f"classify-{version}", software),
        _entry("misc", f"{key}-{corpus['fingerprint'][:8]}", own),
    ]
    citation = str(corpus.get("citation") or "").strip()
    if citation.startswith("@") and citation.count("{") == citation.count("}"):
        entries.append(citation)
    return "\n\n".join(entries) + "\n"


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])
