"""Notebooks run from fresh kernels on the reference runs, and are kept with what they then show.

Needs the runs of `make results`. After those were made again: python -m tests.notebooks
"""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks import NOTEBOOKS, ROOT, executed

#: Whatever names a machine, a user or a folder of theirs.
OF_A_MACHINE = re.compile(
    r"/(?:home|root|Users|tmp|work|usr|opt|var|private)/|[A-Z]:\\\\|site-packages|"
    + re.escape(str(ROOT))
)

#: Numbers that prose may hold: levels that were chosen, and the paper's protocol. All others must
#: be computed.
CHOSEN = re.compile(r"\b(?:[Mm]acro-F1|95 %|95 of 100|80 %|835 windows of 800 notes)")

LARGEST = 400 * 1024

#: They look at or train on whole corpora, or read the same runs by the same calls as notebook 2.
LONG = (
    "0-your-first-model", "1-a-corpus-before-modelling", "3-where-models-err",
    "4-what-the-leak-does", "5-from-songs-to-a-playlist", "6-from-songs-to-new-songs",
    "7-inside-a-network", "8-a-walk-through-a-space",
)  # fmt: skip


def each_of(*slow: str) -> pytest.MarkDecorator:
    """Run a test on each notebook; on these in the slow suite."""
    parameters = [
        pytest.param(
            path,
            marks=[pytest.mark.xdist_group(f"notebook {path.name[0]}")]
            + [pytest.mark.slow] * (path.stem in slow),
        )
        for path in NOTEBOOKS
    ]
    return pytest.mark.parametrize("path", parameters, ids=lambda path: path.stem)


each = each_of()


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell says, its pictures left out."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {})
        found.append(data.get("text/markdown") or data.get("text/plain") or output.get("text", ""))
    return [text for text in found if not text.startswith("<IPython")]


def shows_something(source: str) -> bool:
    """Say if a cell ends in a value, or calls what shows sentences and pictures."""
    tree = ast.parse(source)
    called = {getattr(n.func, "id", "") for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return isinstance(tree.body[-1], ast.Expr) or bool(called & {"say", "picture"})


def test_there_are_nine_and_the_runs_they_read():
    assert [path.name[0] for path in NOTEBOOKS] == list("012345678")
    for name in ("folk", "tunes"):
        run = ROOT / "results" / "reference" / name / "run.json"
        assert run.is_file(), f"{run}: not there; make it with `make results`"


@each_of(*LONG)
def test_says_what_the_runs_say_now(path: Path, tmp_path: Path):
    """A changed interface breaks here; changed runs make the saved sentences false."""
    saved = code_cells(nbformat.read(path, as_version=4))
    fresh = code_cells(executed(path, tmp_path))
    for before, after in zip(saved, fresh, strict=True):
        assert texts(before) == texts(after), (
            f"{path.name} was saved from other runs; execute it again: python -m tests.notebooks\n"
            f"{before.source}"
        )


@each
def test_is_saved_with_its_outputs(path: Path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"display_data", "execute_result"}
    for cell in cells:
        assert cell.outputs or not shows_something(cell.source), cell.source
    assert path.stat().st_size < LARGEST


@each
def test_names_no_machine(path: Path):
    assert not OF_A_MACHINE.search(re.sub(r'"image/png": "[^"]*"', "", path.read_text("utf-8")))


@each
def test_pictures_have_words(path: Path):
    """Every picture has an alternative text, and sentences beneath it that were computed."""
    n_pictures = 0
    for cell in code_cells(nbformat.read(path, as_version=4)):
        for picture, words in zip(cell.outputs, [*cell.outputs, {}][1:], strict=True):
            kinds = {"image/png", "image/svg+xml"} & set(picture.get("data", {}))
            if kinds:
                n_pictures += 1
                assert picture.metadata[kinds.pop()]["alt"], cell.source
                assert "text/markdown" in words.get("data", {}), cell.source
    assert n_pictures >= 1


@each
def test_numbers_are_computed_and_not_typed(path: Path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "", cell.source)
            assert not re.search(r"\d", CHOSEN.sub("", prose)), cell.source
