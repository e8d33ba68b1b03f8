"""The road from songs to a run's files: real songs, real fits, real kills."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classify.errors import InputError
from classify.evaluation import splits
from classify.experiments import results
from classify.experiments.comparison import compare
from classify.experiments.dataset import prepare
from classify.experiments.settings import Settings
from classify.files import exclusive, read_json
from classify.models import registry
from classify.progress import Lines
from classify.report.run_view import read_view
from classify.representations import features, musical_features
from classify.representations.musical_features import FEATURES, SONG_FEATURES
from tests.conftest import write_corpus, write_song

QUICK = Settings(window=16, models=("knn", "logistic", "nn3"), quick=True)


def settings(folder: Path, **changes) -> Settings:
    return replace(QUICK, corpus=str(folder), **changes)


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus") / "songs", per_class=10)


@pytest.fixture(scope="module")
def run(songs, tmp_path_factory) -> Path:
    return compare(settings(songs), tmp_path_factory.mktemp("runs") / "run", 2)


def test_a_run_leaves_its_files_and_nothing_else(run):
    names = {p.name for p in run.iterdir()}
    assert names == {"run.json", "predictions.parquet", "scores.csv", "excerpts.parquet", "models"}
    assert {p.name for p in (run / "models").iterdir()} == {"majority", "knn", "logistic", "nn3"}


def test_predictions_are_one_row_a_model_part_and_song(run):
    table, _ = results.read(run)
    songs = table[table.level == "song"]
    assert len(songs) == 4 * 20 and not songs.duplicated(["model", "song"]).any()
    assert set(songs[songs.part == "test"].groupby("model").size()) == {4}
    p = table[["p:Calming", "p:Happy"]].to_numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    windows = table[(table.level == "window") & (table.model == "nn3")]
    means = windows.groupby("song")["p:Happy"].mean()
    nn3 = songs[songs.model == "nn3"].set_index("song")["p:Happy"]
    np.testing.assert_allclose(nn3.sort_index(), means.sort_index(), rtol=1e-5)


def test_scores_are_tidy_and_follow_from_the_predictions(run):
    table, scores = results.read(run)
    calibrated = len(scores[scores.metric.isin(["ece", "brier"])])
    assert calibrated == 4 * 2 and len(scores) == 4 * 2 * 2 * 3 + calibrated
    assert (scores.low <= scores.value + 1e-9).all() and (scores.value <= scores.high + 1e-9).all()
    pd.testing.assert_frame_equal(
        results.scores(table, seed=0), scores, check_exact=False, atol=1e-6, check_dtype=False
    )


def test_the_record_says_how_to_get_the_numbers_again(run):
    record = read_json(run / "run.json")
    assert record["corpus"]["songs_per_class"] == {"Calming": 10, "Happy": 10}
    assert record["split"]["shared"] == 0
    assert record["windows"]["counts"]["full"] == 40
    assert {"python", "keras", "scikit-learn"} <= set(record["versions"])
    assert record["models"]["nn3"]["fits"][0]["parameters"] > 80_000
    text = (run / "run.json").read_text()
    assert record["settings"]["corpus"] == "songs"
    assert str(run.parent) not in text and str(Path.home()) not in text


def test_low_and_slow_against_high_and_fast_is_learned(run):
    view = read_view(run)
    assert view.contenders[0].score().value == 1.0
    assert view.majority is not None and view.majority.score().value == 0.5


def test_the_same_command_again_trains_nothing(run, songs, capsys):
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*")}
    compare(settings(songs), run, 2, Lines())
    assert "finished already; nothing is trained again" in capsys.readouterr().err
    assert {p: p.stat().st_mtime_ns for p in run.rglob("*")} == before


def test_another_comparison_does_not_overwrite_a_run(run, songs, tmp_path):
    with pytest.raises(InputError, match=r"holds another run .its seed is 0, here it is 1"):
        compare(settings(songs, seed=1), run, 2)
    copy = shutil.copytree(songs, tmp_path / "songs")
    compare(settings(copy, models=("majority",)), tmp_path / "run", 1)
    (copy / "Happy" / "00.mid").rename(copy / "Calming" / "99.mid")
    with pytest.raises(InputError, match="its songs, labels or split were others"):
        compare(settings(copy, models=("majority",)), tmp_path / "run", 1)
    with pytest.raises(InputError, match="is there already and is no run"):
        compare(settings(songs), copy, 2)


def test_models_of_other_versions_or_splits_are_not_mixed_in(songs, tmp_path, monkeypatch):
    chosen = settings(songs, models=("majority",))
    compare(chosen, tmp_path / "run", 1)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(InputError, match="its keras backend is tensorflow, here it is jax"):
        compare(chosen, tmp_path / "run", 1)
    monkeypatch.delenv("KERAS_BACKEND")
    by_song = splits.by_song
    monkeypatch.setattr(splits, "by_song", lambda *a: np.roll(by_song(*a), 1))
    with pytest.raises(InputError, match="its songs, labels or split were others"):
        compare(chosen, tmp_path / "run", 1)


def test_the_majority_is_one_of_songs_not_of_windows(tmp_path):
    for number in range(30):  # 24 short songs of a, 6 long ones of b with most of the windows
        label, n_notes = ("a", 20) if number < 24 else ("b", 400)
        write_song(tmp_path / "songs" / label / f"{number}.mid", number, n_notes=n_notes)
    view = read_view(compare(settings(tmp_path / "songs", models=("knn",)), tmp_path / "run", 2))
    assert view.majority is not None
    assert view.majority.only_prediction == "a" and view.majority.score().value > 0.7


def test_small_corpora_pass_over_what_the_grid_asks_too_much(tmp_path):
    folder = write_corpus(tmp_path / "songs", per_class=6)
    chosen = settings(folder, window=40, models=("knn",), quick=False)
    record = read_json(compare(chosen, tmp_path / "run", 1) / "run.json")
    assert record["models"]["knn"]["fits"][0]["best"]["n_neighbors"] in (1, 3)


def running(run: Path) -> list[Path]:
    """Processes that were started for a run, by the mark in their environment."""
    mark = f"MARK={run}\0".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found += [process] * (mark in (process / "environ").read_bytes())
    return found


COMMAND = [sys.executable, "-m", "classify", "compare"]


@pytest.mark.slow
@pytest.mark.usefixtures("local_processes")
def test_a_killed_run_goes_on_to_the_same_scores(run, songs, tmp_path):
    command = [*COMMAND, str(songs), "--window", "16", "--models", "knn,logistic,nn3", "--quick",
               "--jobs", "1", "--out", str(tmp_path / "run")]  # fmt: skip
    marked = {**os.environ, "MARK": str(tmp_path)}
    process = subprocess.Popen(command, start_new_session=True, env=marked)
    models = tmp_path / "run" / "models"
    until = time.monotonic() + 120
    while len(list(models.glob("*/*/fit.json"))) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    assert len(running(tmp_path)) >= 2  # the run and its worker, which the mark must find
    process.send_signal(signal.SIGKILL)
    process.wait()
    until = time.monotonic() + 60
    while running(tmp_path) and time.monotonic() < until:
        time.sleep(0.2)  # its workers notice and leave; on a busy machine that takes a while
    done = {p: p.stat().st_mtime_ns for p in models.glob("*/*/fit.json")}
    assert 2 <= len(done) < 4 and not (tmp_path / "run" / "scores.csv").exists()
    assert running(tmp_path) == []

    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    for name in ("predictions.parquet", "scores.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (run / name).read_bytes()


def test_damaged_results_of_a_model_are_made_again(songs, tmp_path):
    chosen = settings(songs, models=("logistic",))
    folder = compare(chosen, tmp_path / "run", 1)
    before = (folder / "predictions.parquet").read_bytes()
    (folder / "models" / "logistic" / "r0f0" / "fit.json").write_text("{")
    (folder / "models" / "majority" / "r0f0" / "probabilities.npy").write_bytes(b"junk")
    record = read_json(folder / "run.json")
    del record["finished"]
    (folder / "run.json").write_text(json.dumps(record))
    compare(chosen, folder, 1)
    assert (folder / "predictions.parquet").read_bytes() == before


def test_two_runs_do_not_share_a_folder(songs, tmp_path):
    with exclusive(tmp_path / "run"), pytest.raises(InputError, match="another run is writing"):
        compare(settings(songs), tmp_path / "run", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("local_processes")
def test_ctrl_c_says_how_to_go_on(songs, tmp_path):
    arguments = ["--window", "16", "--models", "bi-nn1", "--out", str(tmp_path / "r")]
    process = subprocess.Popen(
        [*COMMAND, str(songs), *arguments],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests
    )  # fmt: skip
    while not (tmp_path / "r" / "models" / "majority" / "r0f0" / "fit.json").exists():
        time.sleep(0.05)
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the same command goes on from there" in said and "Traceback" not in said


def test_the_papers_split_leaks_and_says_by_how_much(songs, tmp_path):
    folder = compare(
        settings(songs, split="window", channels=("pitch",), recipe="paper", models=("knn",)),
        tmp_path / "run",
        2,
    )
    split = read_json(folder / "run.json")["split"]
    assert split["shared"] > 0.5
    assert [probe["title"] for probe in split["probes"]] == ["nearest neighbour", "random forest"]


@pytest.mark.usefixtures("local_processes")
def test_a_model_that_fails_is_named_and_the_rest_goes_on(songs, tmp_path, monkeypatch):
    out = tmp_path / "run"
    (tmp_path / "sitecustomize.py").write_text(
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "def fit(*a, **k): raise MemoryError('no room')\n"
        "KNeighborsClassifier.fit = fit\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    compare(settings(songs, models=("knn", "logistic")), out, 1)
    record = read_json(out / "run.json")["models"]
    assert "MemoryError: no room (see" in record["knn"]["reason"]
    assert "seconds_train" in record["logistic"]["fits"][0]
    assert "no room" in (out / "logs" / "knn-r0f0.log").read_text()
    monkeypatch.delenv("PYTHONPATH")
    compare(settings(songs, models=("knn", "logistic")), out, 1)  # tried again, and now it works
    assert "seconds_train" in read_json(out / "run.json")["models"]["knn"]["fits"][0]
    assert not (out / "logs").exists()


def listed(tmp_path: Path, split: dict[int, str], groups: dict[int, str] | None = None) -> Path:
    """Twelve songs of two classes with a split column."""
    rows = ["path,label,group,split"]
    for number in range(12):
        write_song(tmp_path / f"{number}.mid", number)
        group = (groups or {}).get(number, "")
        rows.append(f"{number}.mid,{'ab'[number % 2]},{group},{split.get(number, 'train')}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    return tmp_path


def given(folder: Path):
    return prepare(settings(folder, split="given"))


def test_the_given_split_is_followed(tmp_path):
    data = given(listed(tmp_path, {0: "test", 1: "test", 2: "val"}))
    assert sorted(set(data.windows.song[data.outer[0].test])) == [0, 1]
    assert data.notes == ["The 1 val songs of the given split train with the others."]


def test_a_given_split_without_test_songs_tests_on_val(tmp_path):
    data = given(listed(tmp_path, {4: "val", 5: "val"}))
    tested = set(data.windows.song[data.outer[0].test])
    assert {data.corpus.entries[song].name for song in tested} == {"4.mid", "5.mid"}
    assert "its val songs are the test part" in data.notes[0]


@pytest.mark.parametrize(
    ("split", "groups", "message"),
    [
        ({0: "test", 1: "test"}, {0: "live", 2: "live"}, "divides 1 group .*'live'"),
        ({0: "test", 1: "test", 3: ""}, None, "'3.mid' has none"),
        ({}, None, "needs songs in train and in test"),
        (dict.fromkeys(range(0, 12, 2), "test"), None, "the class 'a' has no song in train"),
        (dict.fromkeys(range(0, 10, 2), "test"), None, "the class 'a' has 1 song, and a split"),
        ({0: "test", 2: "test"}, None, "the class 'b' has no song in test"),
    ],
)
def test_a_given_split_that_cannot_be_used(tmp_path, split, groups, message):
    with pytest.raises(InputError, match=message):
        given(listed(tmp_path, split, groups))


def test_too_few_songs_for_the_split(tmp_path):
    folder = write_corpus(tmp_path / "songs", per_class=4)
    with pytest.raises(InputError, match=r"the class 'Calming' has 4 songs, and .* at least 5"):
        prepare(settings(folder))


@pytest.mark.slow
def test_real_music_splits_without_parting_a_song(real_data):
    for name in ("emopia", "vgmidi", "genre8", "nottingham"):
        data = prepare(settings(real_data / name, window=128))
        groups, test = data.groups, data.outer[0].test
        assert not set(groups[test]) & set(groups[~test])
        assert 0.1 < test.mean() < 0.35
        assert set(data.labels[test]) == set(data.corpus.classes)


def test_models_on_features_are_given_features(songs, tmp_path):
    chosen = settings(songs, models=("features-logistic", "song-logistic"))
    folder = compare(chosen, tmp_path / "run", 2)
    view = read_view(folder)
    assert [model.title for model in view.contenders] and not view.failures
    assert all(model.score().value == 1.0 for model in view.contenders)  # low against high
    kept, spec = folder / "models" / "features-logistic" / "r0f0", "features-logistic"
    fitted = registry.load(kept, registry.find()[spec], (1, len(features.listed())))
    assert fitted.model_.n_features_in_ == len(features.listed())
    heard = pd.read_parquet(folder / results.IMPORTANCE)
    tested = read_view(folder).predictions.query("level == 'song' and part == 'test'").song
    assert set(heard.model) == set(chosen.models) and set(heard.song) == set(tested)
    assert set(heard.level) == {"family", "feature"} and heard.without.notna().all()


def test_features_do_not_depend_on_how_windows_are_blocked(songs, monkeypatch):
    data = prepare(settings(songs))
    for given in (FEATURES, SONG_FEATURES):
        whole = np.concatenate(list(given.encode(data.corpus.songs, data.windows)))
        with monkeypatch.context() as patch:
            patch.setattr(musical_features, "AT_ONCE", 7)
            pieces = np.concatenate(list(given.encode(data.corpus.songs, data.windows)))
        assert whole.shape == (len(data.windows), 1, given.shape(data.cutting)[1])
        np.testing.assert_allclose(pieces, whole, rtol=1e-5, atol=1e-5)
    for song in range(len(data.corpus.songs)):  # the last was of whole songs
        own = whole[data.windows.song == song]
        assert (own == own[0]).all()
