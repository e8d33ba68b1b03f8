"""What must hold on real music; minutes each, so only `make test-slow` runs these."""

from pathlib import Path

import pytest

from classify.comparison import compare
from classify.experiment import Settings
from classify.report.view import View, read_view

pytestmark = pytest.mark.slow


def seen(folder: Path, **settings) -> View:
    return read_view(compare(Settings(**settings), folder / "run"))


def test_folk_songs_are_told_apart_well_above_chance(tmp_path):
    view = seen(tmp_path, corpus="folk", models=("random-forest", "knn"))
    assert view.majority is not None
    assert view.contenders[0].score().value > view.majority.score().value + 0.15


@pytest.mark.parametrize("name", ["nn3", "bi-nn3", "nn2", "nn1"])
def test_no_network_answers_one_class_on_emotions(real_data, tmp_path, name):
    view = seen(tmp_path, corpus=str(real_data / "emopia"), window=128, models=(name,))
    assert view.majority is not None and view.contenders
    assert not view.contenders[0].only_answer
    assert view.contenders[0].score().value > view.majority.score().value + 0.1


def test_the_papers_split_flatters_on_real_songs(real_data, tmp_path):
    corpus = str(real_data / "genre8")
    chosen = {"corpus": corpus, "models": ("knn",), "channels": ("pitch",), "recipe": "paper"}
    honest = seen(tmp_path / "song", **chosen, split="song")
    leaking = seen(tmp_path / "window", **chosen, split="window")
    assert leaking.run["split"]["shared"] > 0.9 and honest.run["split"]["shared"] == 0
    assert all(probe["points"] > 0 for probe in leaking.run["split"]["probes"])
