"""Imports run one way: a room may use the rooms behind it, never one in front or beside it."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: From the back of the house to the front; a room may import from the rows above its own.
ROWS = [
    {"errors", "progress"},
    {"files", "options"},
    {"addresses", "records"},
    {"storage"},
    {"presentation"},
    {"compute"},
    {"songs"},
    {"corpora"},
    {"representations"},
    {"evaluation", "baselines"},
    {"models"},
    {"experiments", "generation"},
    {"report", "inference", "playlists"},
    {"api"},
    {"app"},
    {"cli"},
]
PLACE = {name: place for place, row in enumerate(ROWS) for name in row}
FILES = [p for p in (ROOT / "classify").rglob("*.py") if p.stem not in ("__main__",)]
FILES.remove(ROOT / "classify" / "__init__.py")


def module_name(path: Path) -> str:
    """Dotted name of a file: `classify.songs` of `classify/songs/__init__.py`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_when_loaded(path: Path, modules: set[str]) -> set[str]:
    """Modules of ours that a file imports outside of functions, under TYPE_CHECKING too."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (whole & modules) or {node.module}
        waiting.extend(ast.iter_child_nodes(node))
    return (found & modules) - {module_name(path)}


def test_no_modules_import_each_other_in_a_circle():
    files = [*FILES, ROOT / "classify" / "__init__.py"]
    modules = {module_name(path) for path in files}
    imports = {module_name(path): imported_when_loaded(path, modules) for path in files}
    while free := {name for name, others in imports.items() if not others & imports.keys()}:
        for name in free:
            del imports[name]
    assert not imports, f"these are in a circle or lead into one: {', '.join(sorted(imports))}"


@cache
def imported(path: Path) -> set[str]:
    """Dotted names of the modules a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    own = path.relative_to(ROOT / "classify").parts[0].removesuffix(".py")
    for name in imported(path):
        if name.startswith("classify."):
            other = name.split(".")[1]
            assert other == own or PLACE[other] < PLACE[own], f"{own} imports {other}"


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("keras", {"models/networks", "models/backend.py", "generation/networks"}),
        ("tensorflow", {"models/backend.py"}),
        (
            "music21",
            {
                "corpora/builtin_tunes.py",
                "corpora/builtin_scores.py",
                "songs/score.py",
                "songs/notation.py",
            },
        ),
        ("basic_pitch", {"songs/transcriber.py"}),
        ("transkun", {"songs/piano.py"}),
        ("librosa", {"songs/audio.py"}),
        ("multiprocessing", {"compute/local.py"}),  # one pool of processes
        ("dask", {"compute/dask/site.py"}),
        ("distributed", {"compute/dask"}),
        ("aeon", {"report/side_by_side/figures.py"}),
        ("fastapi", {"app"}),
        ("sqlalchemy", {"app"}),
    ],
)
def test_heavy_libraries_stay_in_their_rooms(library, rooms):
    """A room is a file or a whole folder, and none is named in vain."""
    users = {
        path.relative_to(ROOT / "classify")
        for path in FILES
        if any(name.split(".")[0] == library for name in imported(path))
    }
    used = {room for room in rooms for user in users if user.is_relative_to(room)}
    assert users and used == rooms
    assert all(any(user.is_relative_to(room) for room in rooms) for user in users)


def test_the_page_reaches_the_toolkit_through_its_interface():
    """It is a client as any other: what it needs of songs and models, `classify.api` gives."""
    for path in (ROOT / "classify" / "app").rglob("*.py"):
        rooms = {n.split(".")[1] for n in imported(path) if n.startswith("classify.")}
        assert rooms <= {"api", "app", "errors", "presentation", "progress"}, path


@pytest.mark.parametrize("room", ["baselines", "classify/evaluation"])
def test_baselines_and_evaluation_stand_alone(room):
    """They import nothing of ours but each other's files of the same folder."""
    for path in (ROOT / room).glob("*.py"):
        ours = {n for n in imported(path) if n.split(".")[0] == "classify"}
        assert {n for n in ours if not n.startswith(room.replace("/", "."))} == set()
        assert "from .." not in path.read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nobody_imports_the_package_from_inside_it(path):
    """A room imports the rooms that it needs, never what the package offers to users."""
    rooms = {p.stem for p in (ROOT / "classify").iterdir()}
    names = {
        ".".join(name.split(".")[:2]).removeprefix("classify.")
        for name in imported(path)
        if name.split(".")[0] == "classify"
    }
    assert names <= rooms
