"""LaTeX and BibTeX, read back by a small parser, since not every machine has TeX."""

import re
import shutil
import subprocess

import pytest

from classify.files import read_json, write_json
from classify.report import write_report
from classify.report.citation import bibtex
from classify.report.latex import escaped
from classify.report.run_view import read_view
from tests.report.made_runs import write_run

EVERYTHING = "R&B 100% $x_1^2$ #1 {a}\\b~|<c>\n\x07–"


def made(tmp_path, right=None, **changes):
    run = write_run(tmp_path / "run", right or {"svm": 38, "knn": 15}, **changes)
    record = read_json(run / "run.json")
    record["corpus"]["name"] = EVERYTHING
    for model in record["models"].values():
        model["title"] = f"{model['title']} & {EVERYTHING}"
    write_json(run / "run.json", record)
    return run


def tables(run) -> str:
    """Write a run's report and give its tables."""
    return write_report(run).with_name("tables.tex").read_text()


def unescaped(text: str) -> str:
    """Take away every escaped character and command."""
    return re.sub(r"\\([a-zA-Z]+|.)", "", text)


def table_rows(latex: str, label: str) -> list[list[str]]:
    """Give the cells of one table, its heading first."""
    table = latex[latex.index(rf"\label{{{label}}}") :]
    body = table[table.index(r"\toprule") : table.index(r"\bottomrule")]
    lines = [line for line in body.splitlines() if line.endswith(r"\\")]
    return [re.split(r"(?<!\\)&", line.removesuffix(r"\\")) for line in lines]


def assert_sound(latex: str) -> None:
    plain = unescaped(latex)
    depth = 0
    for character in plain:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    without_comment = "\n".join(plain.splitlines()[1:])
    assert not set("%#_^~<|") & set(re.sub(r"\$[^$]*\$", "", without_comment))
    assert plain.count("$") % 2 == 0
    assert latex.isprintable() or not re.search(r"[^\n\x20-\U0010ffff]", latex)
    for label in re.findall(r"\\label\{(.*?)\}", latex):
        columns = re.search(rf"{label}\}}\n\\begin\{{tabular\}}\{{(l+r+)\}}", latex)[1]
        for row in table_rows(latex, label):
            assert len(row) == len(columns) or "multicolumn" in row[0]


def test_escaping_worked_by_hand():
    assert escaped("50 % of R&B_#1") == r"50 \% of R\&B\_\#1"
    assert escaped("{a}\\") == r"\textbraceleft{}a\textbraceright{}\textbackslash{}"
    assert escaped("a\n\tb\x07") == "a b"


def test_tables_are_sound_whatever_names_hold(tmp_path):
    latex = tables(made(tmp_path, failed="nn3"))
    assert_sound(latex)
    assert latex.count(r"\begin{table}") == latex.count(r"\end{table}") == 3
    assert r"R\&B 100\% \$x\_1\textasciicircum{}2\$ \#1" in latex
    assert "failed, without scores: NN3" in latex


def test_scores_and_differences_are_those_of_the_report(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 38, "knn": 15})
    view, latex = read_view(run), tables(run)
    head, first, second, third = table_rows(latex, "tab:scores")
    assert head[1].strip() == r"accuracy, \%"
    score = view.rows[0].score()
    assert first[0].strip() == "SVM" and third[0].strip() == "KNN"
    assert first[1].strip() == f"95.0 ({100 * score.low:.1f}--{100 * score.high:.1f})"
    assert second[1].strip().startswith("50.0")
    _, majority, knn = table_rows(latex, "tab:differences")
    found = view.rows[2].difference
    interval = f"{100 * found.points.low:.1f} to {100 * found.points.high:.1f}"
    assert [cell.strip() for cell in knn] == ["KNN", "57.5", interval, "$<$ .001"]
    assert majority[1].strip() == "45.0"


def test_captions_state_the_protocol(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 38, "knn": 15})
    latex = tables(run)
    assert latex.count("One hold-out of 40 songs; songs and groups of songs are never split") == 3
    assert "exact McNemar" in latex and "seed 0" in latex
    run = write_run(tmp_path / "folds", {"svm": 38, "knn": 15}, folds=5, repeats=3)
    latex = tables(run)
    assert "5 folds, repeated 3 times, each song tested once in each" in latex
    assert "t test over songs, widened for folds" in latex and "McNemar" not in latex


def test_the_leak_has_a_table_where_it_was_measured(tmp_path):
    run = write_run(tmp_path / "without", {"svm": 30, "knn": 20})
    assert "tab:leak" not in tables(run)
    run = write_run(tmp_path / "with", {"svm": 30, "knn": 20}, leak={"svm": 36, "knn": 40})
    latex = tables(run)
    assert_sound(latex)
    _, knn, svm = table_rows(latex, "tab:leak")
    cells = [cell.strip() for cell in knn]
    assert cells[0] == "KNN" and cells[4].startswith("50.0 (") and cells[5:] == ["1", "2"]
    assert [cell.split()[0] for cell in cells[1:4]] == ["100.0", "50.0", "50.0"]
    assert svm[4].strip().startswith("15.0 (")
    assert [cell.strip() for cell in svm][5:] == ["2", "1"]


def test_a_run_without_any_model(tmp_path):
    run = write_run(tmp_path / "run", {}, failed="knn")
    latex = tables(run)
    assert_sound(latex)
    assert "MAJORITY" in latex and "tab:differences" not in latex


def entries(bibtex: str) -> dict[str, dict[str, str]]:
    """Read entries as BibTeX does: braces count wherever they stand."""
    found, at = {}, 0
    while (start := bibtex.find("@", at)) >= 0:
        opened = bibtex.index("{", start)
        depth, at = 1, opened + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(bibtex[at], 0)
            at += 1
        key, _, fields = bibtex[opened + 1 : at - 1].partition(",")
        found[f"{bibtex[start:opened]}:{key}"] = dict(
            re.findall(r"^\s*(\w+) = \{(.*)\},?$", fields, re.MULTILINE)
        )
    return found


def test_bibtex_names_classify_the_run_and_the_corpus(tmp_path):
    found = entries(bibtex(read_view(write_run(tmp_path / "run", {"svm": 38}))))
    assert list(found) == [
        "@software:classify-0.1.0",
        "@misc:songs-00000000",
        "@inproceedings:some2021",
    ]
    assert found["@software:classify-0.1.0"]["version"] == "0.1.0"
    own = found["@misc:songs-00000000"]
    assert own["year"] == "2026" and own["title"] == "{Comparison of 1 models on songs}"
    assert own["note"] == "2026-01-01, seed 0, corpus fingerprint 0000000000000000"


def test_bibtex_of_a_corpus_of_any_name(tmp_path):
    run = made(tmp_path)
    record = read_json(run / "run.json")
    for citation in ("Some, A.: Songs. 2021", "@misc{broken, title = {", ""):
        record["corpus"]["citation"] = citation
        write_json(run / "run.json", record)
        found = entries(bibtex(read_view(run)))
        assert list(found)[1:] == ["@misc:r-b-100-x-1-2-1-a-b-c-00000000"]
        assert r"R\&B" in found["@misc:r-b-100-x-1-2-1-a-b-c-00000000"]["title"]


def test_the_report_writes_them(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 38, "knn": 15})
    write_report(run)
    view = read_view(run)
    assert r"\label{tab:scores}" in (run / "tables.tex").read_text()
    assert (run / "citation.bib").read_text() == bibtex(view)


def test_latex_itself_reads_the_tables(tmp_path):
    program = shutil.which("pdflatex")
    if not program:
        pytest.skip("no pdflatex on this machine")
    run = made(tmp_path, failed="nn3")
    paper = (
        r"\documentclass{article}\usepackage{booktabs}\begin{document}"
        + tables(run).split("\n", 1)[1]
        + r"\end{document}"
    )
    (tmp_path / "paper.tex").write_text(paper)
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
