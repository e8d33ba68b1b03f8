"""What must not change a prediction does not: names of files, and other songs of the test part."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from classify.experiments import results
from classify.experiments.comparison import compare
from classify.experiments.settings import Settings
from tests.conftest import write_corpus, write_song


def predicted(songs: Path, out: Path) -> pd.DataFrame:
    settings = Settings(corpus=str(songs), window=16, models=("knn",), quick=True)
    rows = results.read(compare(settings, out, 1))[0]
    rows = rows[(rows.part == "test") & (rows.level == "song")]
    columns = ["model", "song", *(name for name in rows if name.startswith(results.P))]
    return rows[columns].sort_values(["model", "song"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    place = tmp_path_factory.mktemp("break")
    songs = write_corpus(place / "songs")
    return songs, predicted(songs, place / "run")


def test_names_of_files_say_nothing(before, tmp_path):
    songs, expected = before
    renamed = shutil.copytree(songs, tmp_path / "songs")
    for path in renamed.rglob("*.mid"):
        path.rename(path.with_name(f"{path.stem} as nobody called it.mid"))
    found = predicted(renamed, tmp_path / "run")
    pd.testing.assert_frame_equal(found.drop(columns="song"), expected.drop(columns="song"))


def test_a_test_song_changes_no_other_prediction(before, tmp_path):
    songs, expected = before
    other = shutil.copytree(songs, tmp_path / "songs")
    changed = expected.song.iloc[0]
    assert changed.startswith("Calming")
    write_song(other / changed, seed=999, low=75, beat=0.25)  # as the other class is
    found = predicted(other, tmp_path / "run")
    same, new = found[found.song != changed], found[found.song == changed]
    pd.testing.assert_frame_equal(same, expected[expected.song != changed])
    assert not new.equals(expected[expected.song == changed])
