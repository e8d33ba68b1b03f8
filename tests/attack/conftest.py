"""What all families of attacks share: a corpus, a model, and the table at the end."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.tally import Tally
from tests.conftest import write_corpus, write_song

TALLIES: list[Tally] = []


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Count the attacks of a test, and fail it where one did what must not happen."""
    one = Tally(request.node.name.removeprefix("test_"))
    TALLIES.append(one)
    yield one
    assert not one.bad, "\n\n".join(one.bad[:5])


@pytest.fixture(scope="session")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small labelled corpus."""
    return write_corpus(tmp_path_factory.mktemp("attacked") / "songs", per_class=6)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Songs that no model has learned from."""
    folder = tmp_path_factory.mktemp("attacked") / "library"
    for number in range(8):
        low, beat = ((45, 1.0), (75, 0.25))[number % 2]
        write_song(folder / f"{number}.mid", 900 + number, low, beat)
    return folder


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """A trained model that may be harmed."""
    return Path(shutil.copytree(trained, tmp_path / "copied"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what came of each family."""
    if TALLIES:
        terminalreporter.section("attacks")
        for one in TALLIES:
            terminalreporter.write_line(str(one))
        whole = Tally("all families")
        for one in TALLIES:
            whole.counts += one.counts
            whole.bad += one.bad
        terminalreporter.write_line(str(whole))
