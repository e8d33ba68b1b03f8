"""What must hold on real music; minutes each, so only `make test-slow` runs these."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classify.experiments.comparison import compare
from classify.experiments.settings import Settings
from classify.report.run_view import View, read_view
from classify.songs import midi
from tests.recordings import needs_extra, piece, record, sound

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


@needs_extra
def test_recordings_are_classified_as_their_notes_are(tmp_path):
    """Two classes, told apart by register; half of each is heard, half is read."""
    for label, shift in (("low", -12), ("high", 12)):
        for number in range(8):
            notes = [(on, end, pitch + shift) for on, end, pitch in piece(4)]
            notes = [(on * (1 + number / 20), end * (1 + number / 20), p) for on, end, p in notes]
            path = tmp_path / "songs" / label / f"{number}.wav"
            if number % 2:
                record(path, sound(notes))
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            onset, end, pitch = np.array(notes).T
            midi.write(path.with_suffix(".mid"), onset * 2, (end - onset) * 2, pitch.astype(int))
    corpus = str(tmp_path / "songs")
    view = seen(tmp_path, corpus=corpus, window=24, models=("random-forest",))
    assert view.run["corpus"]["songs"] == 16 and not view.run["corpus"]["set_aside"]
    songs = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
    songs = songs[(songs["level"] == "song") & (songs["model"] == "random-forest")]
    heard = songs[songs["song"].str.endswith(".wav")]
    assert len(heard) == 8
    assert ((heard["p:low"] > 0.5) == heard["song"].str.startswith("low")).all()


def test_the_papers_split_flatters_on_real_songs(real_data, tmp_path):
    corpus = str(real_data / "genre8")
    chosen = {"corpus": corpus, "models": ("knn",), "channels": ("pitch",), "recipe": "paper"}
    honest = seen(tmp_path / "song", **chosen, split="song")
    leaking = seen(tmp_path / "window", **chosen, split="window")
    assert leaking.run["split"]["shared"] > 0.9 and honest.run["split"]["shared"] == 0
    assert all(probe["points"] > 0 for probe in leaking.run["split"]["probes"])
