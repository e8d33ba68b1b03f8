"""What must not matter to a comparison does not, and where there is nothing, nothing is found."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classify.experiments import results
from classify.experiments.comparison import compare
from classify.experiments.settings import Settings
from tests.conftest import write_corpus, write_song

SETTINGS = Settings(window=16, models=("knn", "features-logistic"), quick=True)


def tabled(folder: Path) -> pd.DataFrame:
    """Move the songs of a corpus into one folder, with a table of labels and groups of two."""
    rows = []
    for n, path in enumerate(sorted(folder.rglob("*.mid"))):
        name = f"{n:03d}.mid"
        rows.append({"path": name, "label": path.parent.name, "group": f"group {n // 2}"})
        path.rename(folder / name)
    table = pd.DataFrame(rows)
    table.to_csv(folder / "labels.csv", index=False)
    return table


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> Path:
    folder = write_corpus(tmp_path_factory.mktemp("corpus") / "songs", per_class=12)
    tabled(folder)
    return folder


def predictions(songs: Path, out: Path, **changes) -> pd.DataFrame:
    settings = Settings(**{**vars(SETTINGS), "corpus": str(songs), **changes})
    table, _ = results.read(compare(settings, out, 1))
    of_test = table[table.part == "test"].sort_values(["model", "level", "song", "start"])
    return of_test.reset_index(drop=True)


@pytest.fixture(scope="module")
def before(songs, tmp_path_factory) -> pd.DataFrame:
    return predictions(songs, tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def copy(songs, tmp_path) -> Path:
    return Path(shutil.copytree(songs, tmp_path / "songs"))


def test_the_order_of_a_tables_rows_does_not_matter(copy, before, tmp_path):
    table = pd.read_csv(copy / "labels.csv", dtype=str)
    table.sample(frac=1, random_state=3).to_csv(copy / "labels.csv", index=False)
    pd.testing.assert_frame_equal(predictions(copy, tmp_path / "run"), before)


def test_names_of_files_do_not_matter(copy, before, tmp_path):
    table = pd.read_csv(copy / "labels.csv", dtype=str)
    for name in table.path:
        (copy / name).rename(copy / f"song number {name}")
    table.assign(path="song number " + table.path).to_csv(copy / "labels.csv", index=False)
    after = predictions(copy, tmp_path / "run")
    named = after.song.str.replace("song number ", "")
    pd.testing.assert_frame_equal(after.assign(song=named), before)


def test_another_content_of_a_test_song_changes_its_own_rows_alone(copy, before, tmp_path):
    song = before.song.iloc[0]
    write_song(copy / Path(song).name, 4711, low=60, beat=0.5)
    after = predictions(copy, tmp_path / "run")
    p = [name for name in before if name.startswith("p:")]
    own = before.song == song
    assert not np.array_equal(before.loc[own, p], after.loc[after.song == song, p])
    others = after[after.song != song].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, before[~own].reset_index(drop=True))


@pytest.mark.slow
def test_labels_that_mean_nothing_are_not_learned(copy, tmp_path):
    """Classes are equally frequent, so chance is a half; 95 % of intervals should hold it."""
    table, held = pd.read_csv(copy / "labels.csv", dtype=str), []
    for seed in range(20):
        of_group = table.drop_duplicates("group").set_index("group").label
        mixed = pd.Series(np.random.default_rng(seed).permutation(of_group), of_group.index)
        table.assign(label=table.group.map(mixed)).to_csv(copy / "labels.csv", index=False)
        settings = Settings(**{**vars(SETTINGS), "corpus": str(copy), "folds": 4})
        _, scores = results.read(compare(settings, tmp_path / f"run {seed}", 1))
        rows = scores.query("metric == 'accuracy' and level == 'song' and part == 'test'")
        assert len(rows) == 3  # the majority, too
        held += [low <= 0.5 <= high for low, high in zip(rows.low, rows.high, strict=True)]
    assert np.mean(held) >= 0.85
