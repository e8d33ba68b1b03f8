"""What scripts and notebooks stand on: a change here that they would not survive must fail here."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import classify
from classify import api, compare, load_run
from classify.cli.main import main
from classify.errors import InputError
from classify.report.run import Run
from tests.conftest import write_corpus


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("api")
    songs = write_corpus(folder / "songs", per_class=10, n_notes=30)
    return compare(songs, models="knn, svm", window=16, folds=2, repeats=2, quick=True,
                   robustness=True, out=folder / "run")  # fmt: skip


def test_a_run_that_was_compared_is_the_run_that_is_loaded(run):
    again = load_run(str(run.folder))
    assert again.models == run.models and again.predictions.equals(run.predictions)
    assert again.record["settings"]["folds"] == 2
    assert repr(again).endswith(f"3 models on {again.record['corpus']['name']}>")


def test_scores_as_a_table(run):
    table = run.table()
    assert list(table.index) == run.models and table.index[-1] == "majority"
    assert (table["accuracy", "low"] <= table["accuracy", "value"]).all()
    value = run.scores.query(
        "model == 'knn' and level == 'song' and part == 'test' and metric == 'brier'"
    ).value.item()
    assert table.loc["knn", ("brier", "value")] == value
    assert len(run.table("window", "train")) == 3


def test_differences_are_from_the_best(run):
    table = run.differences()
    assert run.best not in table.index and set(table.index) == set(run.models) - {run.best}
    np.testing.assert_allclose(table[["better", "equivalent", "worse"]].sum(axis=1), 1)
    accuracy = run.table()["accuracy", "value"]
    gaps = accuracy[run.best] - accuracy[table.index]
    np.testing.assert_allclose(table.difference, gaps, atol=1e-9)


def test_songs_and_confusion_count_the_same_answers(run):
    for model in run.models:
        songs, counts = run.songs(model), run.confusion(model)
        assert len(songs) == counts.to_numpy().sum() == 2 * 20
        assert songs.right.sum() == np.trace(counts.to_numpy())
        wrong = songs[~songs.right].confidence
        assert wrong.is_monotonic_decreasing and songs.right.is_monotonic_increasing


def test_calibration_can_be_drawn(run):
    bins, curve = run.reliability(), run.risk_coverage("knn")
    assert bins.songs.sum() == 40 and bins.confidence.is_monotonic_increasing
    assert curve.coverage.iloc[-1] == 1
    accuracy = run.table().loc["knn", ("accuracy", "value")]
    assert curve.risk.iloc[-1] == pytest.approx(1 - accuracy)


def test_checks_and_summary_and_report(run):
    assert set(run.checks.check) == {"robustness"}  # all else that is known is equal in all songs
    assert any("highest accuracy: " in line or "an accuracy of" in line for line in run.summary())
    assert run._repr_html_().startswith("<p>")
    assert run.report().name == "report.html"


def test_mistakes_are_told(run, tmp_path):
    with pytest.raises(InputError, match=r"'fold' is no setting; expected any of corpus, window"):
        compare(fold=3)
    with pytest.raises(InputError, match=r"no scores of 'nn1'; it has those of"):
        run.songs("nn1")
    with pytest.raises(InputError, match="holds no run"):
        load_run(tmp_path)
    with pytest.raises(InputError, match="no scores of level 'tune'"):
        run.table("tune")


def test_the_names_come_without_what_they_need():
    code = "import sys, classify; assert 'pandas' not in sys.modules; classify.load_run"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)
    with pytest.raises(AttributeError, match="no attribute 'campare'"):
        _ = classify.campare


def test_from_songs_to_a_playlist_in_a_few_lines(tmp_path):
    songs = write_corpus(tmp_path / "songs")
    library = write_corpus(tmp_path / "new", per_class=4)
    model = classify.train(songs, tmp_path / "model", "features-logistic", window=16, folds=3)
    moods = classify.predict(model, library)
    assert len(moods) == 8 and {"confidence", "p:Calming"} <= set(moods)
    again = classify.predict(tmp_path / "model", library)
    assert again.equals(moods)
    found = classify.playlist(
        moods, "Calming", tmp_path / "evening.m3u8", model.name,
        minutes=1, min_confidence=0.5, tempo_change=None, loudness_change=None,
    )  # fmt: skip
    assert 0 < found.seconds <= 60 and all("Calming" in entry.song for entry in found.entries)
    assert model.name in (tmp_path / "evening.m3u8").read_text(encoding="utf-8")
    assert (tmp_path / "evening.svg").is_file()
    with pytest.raises(InputError, match="'widow' is no setting"):
        classify.train(songs, tmp_path / "other", widow=3)


def test_what_is_there_is_not_overwritten_unless_asked_for(trained, tmp_path):
    songs = write_corpus(tmp_path / "songs")
    with pytest.raises(InputError, match=r"is there already; name another folder .* --force"):
        classify.train(songs, trained, "features-logistic", window=16)


def test_a_model_is_trained_on_a_corpus_or_from_a_run(run, tmp_path):
    with pytest.raises(InputError, match="name either a CORPUS, or a run with --from"):
        classify.train(None, tmp_path / "model")
    with pytest.raises(InputError, match="--window: goes with a CORPUS; --from takes it"):
        classify.train(None, tmp_path / "model", origin=run.folder, window=9)
    with pytest.raises(InputError, match=f"--model nn1: {run.folder} compared"):
        classify.train(None, tmp_path / "model", "nn1", origin=run.folder)
    with pytest.raises(InputError, match="'leak' is no setting; expected any of window"):
        classify.train("folk", tmp_path / "model", leak=True)


def test_playlists_are_those_of_the_command(trained, tmp_path, capsys):
    library = write_corpus(tmp_path / "new", per_class=4)
    wishes = {"minutes": 1, "min_confidence": 0.5, "tempo_change": None, "loudness_change": None}
    made = api.playlists(trained, library, mood="Happy", out=tmp_path / "api" / "list", **wishes)
    command = ["playlist", str(trained), str(library), "--mood", "Happy", "--minutes", "1",
               "--min-confidence", "0.5", "--tempo-change", "none", "--loudness-change", "none",
               "--out", str(tmp_path / "cli" / "list")]  # fmt: skip
    assert main(command) == 0
    told = capsys.readouterr().out
    for path in made.paths:
        other = tmp_path / "cli" / path.name
        assert str(other) in told
        if path.suffix == ".csv":
            assert [row.split(",")[3] for row in path.read_text().splitlines()] == [
                row.split(",")[3] for row in other.read_text().splitlines()
            ]
    assert [path.suffix for path in made.paths] == [".m3u8", ".xspf", ".csv", ".svg"]


def test_nothing_is_shown_unless_asked_for(trained, tmp_path, capsys):
    library = write_corpus(tmp_path / "new", per_class=2)
    moods = classify.predict(trained, library)
    assert capsys.readouterr() == ("", "")
    assert moods.attrs["songs"] == 4 and moods.attrs["skipped"] == []
    moods.to_parquet(tmp_path / "moods.parquet")
