"""Songs made for the tests: short, real MIDI files, two or three classes that differ clearly."""

import gc
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from classify.compute.executor import VARIABLE
from classify.songs import midi

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


def write_song(path: Path, seed: int, low: int = 60, beat: float = 0.5, n_notes: int = 40) -> Path:
    """Write a random walk of `n_notes` around pitch `low`, a note every `beat` quarter notes."""
    draw = np.random.default_rng(seed)
    pitches = np.clip(low + np.cumsum(draw.integers(-3, 4, n_notes)), 0, 127)
    path.parent.mkdir(parents=True, exist_ok=True)
    midi.write(path, np.arange(n_notes) * beat, np.full(n_notes, beat * 0.9), pitches)
    return path


def write_corpus(folder: Path, per_class: int = 8, n_notes: int = 40) -> Path:
    """Write a folder per class: Calming is low and slow, Happy is high and fast."""
    for label, low, beat in (("Calming", 45, 1.0), ("Happy", 75, 0.25)):
        for number in range(per_class):
            seed = number + 100 * (label == "Happy")
            write_song(folder / label / f"{number:02d}.mid", seed, low, beat, n_notes)
    return folder


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a test by the length of a file that it is given, whose content may hold the time."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > 40 else None


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, unless a test says with which others it goes."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(str(item.path)))


def pytest_collection_finish() -> None:
    """Leave libraries and tests out of garbage collection, which Keras asks for after each model.

    They make a million objects that stay, and to look at all of them again takes half a second.
    """
    gc.collect()
    gc.freeze()


class _Strict(logging.Handler):
    """Makes an error of what a user reads as one line, since it is a fault of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(record.getMessage()) from sys.exc_info()[1]


@pytest.fixture(autouse=True)
def _no_section_is_left_out(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail where a report leaves out a section that fails, unless that is what is tested."""
    strict, log = _Strict(logging.ERROR), logging.getLogger("classify")
    if not request.node.get_closest_marker("may_leave_out"):
        log.addHandler(strict)
    yield
    log.removeHandler(strict)


@pytest.fixture(autouse=True, scope="session")
def _one_draw_of_the_leak() -> Iterator[None]:
    """Probe the leak by one draw, which every run pays; tests of the leak draw as users do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("classify.evaluation.leak.DRAWS", 1)
        yield


@pytest.fixture
def local_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit and read in processes of their own, as users do; where these are what is tested."""
    monkeypatch.setenv(VARIABLE, "local")


@pytest.fixture
def corpus_folder(tmp_path: Path) -> Path:
    """A folder per class, eight songs each."""
    return write_corpus(tmp_path / "songs")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Labelled real music for development; not part of the project."""
    folder = os.environ.get("CLASSIFY_DATA")
    if not folder:
        pytest.skip("CLASSIFY_DATA does not name a folder of labelled songs")
    return Path(folder)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a model on features, trained once on a folder per class."""
    from classify.experiments.settings import Settings
    from classify.inference import training, training_plan

    place = tmp_path_factory.mktemp("trained")
    songs = write_corpus(place / "songs")
    settings = Settings(corpus=str(songs), window=16, folds=3, quick=True)
    return training.train(training_plan.plan(settings, "features-logistic"), place / "model", 2)


@contextmanager
def chromium(profile: Path, *arguments: str, requests: bool = False) -> "Iterator[Chrome]":
    """Start headless Chromium, where Debian's packages chromium and chromium-driver are installed.

    Its log names every address that was asked for, if it is to keep the `requests`.
    """
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("no chromium and chromedriver on this machine")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update",
        f"--user-data-dir={profile}", *arguments,
    ):  # fmt: skip
        options.add_argument(argument)
    if requests:
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    os.environ["SE_OFFLINE"] = "true"
    started = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield started
    started.quit()
