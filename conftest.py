"""What tests and the examples in docstrings share: one process, a cache, a folder of songs."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from classify.compute.executor import VARIABLE
from tests.conftest import write_corpus, write_song

#: Modules whose examples use the folder of `example_folder`.
DOCUMENTED = ("classify.api.", "classify.inference.tasks.", "classify.inference.libraries.")

# TensorFlow asks once, when it is imported; fits in this process must sum as those in others do
os.environ |= dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")


@pytest.fixture(scope="session", autouse=True)
def inline() -> Iterator[None]:
    """Fit and read in this very process: starting others takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "inline")
        yield


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep a cache of our own: nothing is taken from the user's, and nothing left there.

    Processes that share the tests share it too, so that built-in corpora are made once.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLASSIFY_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def example_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder as a user may have it: songs, a model, two runs, one listener's labels."""
    from classify import api

    place = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for name in ("songs", "more"):
            write_corpus(place / name)
        for number, label in enumerate(["Calming", "Calming", "Happy", "Happy"]):
            low, beat = (45, 1.0) if label == "Calming" else (75, 0.25)
            write_song(place / "listener" / label / f"{number}.mid", 500 + number, low, beat)
        api.compare("songs", models="knn", window=16, quick=True, out="results/songs", jobs=1)
        shutil.copytree("results/songs", "results/again")
        api.train("songs", "models/mine", "features-logistic", window=16, folds=3)
    return place


@pytest.fixture(autouse=True)
def _in_example_folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run examples of the Python interface where their songs are."""
    if request.node.name.startswith(DOCUMENTED):
        monkeypatch.chdir(request.getfixturevalue("example_folder"))
    if request.node.name == "classify.api.comparisons.pretrain":
        monkeypatch.setattr("classify.models.pretraining.BATCHES", 1)  # a minute less
