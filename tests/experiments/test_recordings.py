"""Learning from recordings: a copy stays on its song's side, and is scored and calibrated apart."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from classify import corpora
from classify.corpora.recorded import copy_path, record_songs
from classify.errors import InputError
from classify.experiments import dataset, results
from classify.experiments.comparison import compare
from classify.experiments.dataset import prepare
from classify.experiments.run_record import read_run
from classify.experiments.settings import Settings
from classify.inference import saved_model, training, training_plan
from classify.inference.prediction import predict
from classify.report.run_view import read_view
from classify.report.sections import recordings as section
from classify.songs import Song, acoustics, audio, piano, transcriber, transcribers
from tests.conftest import write_corpus
from tests.songs.test_render import fetched, needs_sound  # noqa: F401


def heard(song: Song, by: transcribers.Transcriber = transcriber) -> bytes:
    """What a transcriber may write of a song: notes are missing, some are heard in octaves."""
    notes = [note for place, note in enumerate(song.notes) if place % 3]
    rows = [
        (float(n["onset"]) + 0.01, float(n["onset"]) + 0.2, int(n["pitch"]), float(n["velocity"]))
        for n in notes
    ]
    rows += [(on, off, pitch + 12, level) for on, off, pitch, level in rows[::7]]
    return audio.midi_bytes(sorted(rows), np.arange(0.0, 20.0, 0.5), by)


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> Path:
    """A corpus whose copies have all been transcribed before; of one, nothing is heard."""
    folder = write_corpus(tmp_path_factory.mktemp("recordings") / "songs", per_class=6)
    for number, song in enumerate(corpora.load(str(folder)).songs):
        path = copy_path(song, acoustics.draw_for(song.digest, 0))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(heard(song) if number else b"")
    return folder


def settings(folder: Path, **changes) -> Settings:
    asked = Settings(corpus=str(folder), window=16, models=("knn",), quick=True, recordings=True)
    return replace(asked, **changes)


def test_a_copy_is_learned_from_where_its_song_is_and_tested_nowhere_else(songs):
    data = prepare(settings(songs, folds=3, leak=True, learning_curve=True))
    assert len(data.copies) == 11 and all(copy.transcribed for copy in data.copies)
    copied = data.recorded
    for fold in data.parts:
        assert not (fold.test & copied).any() and not (fold.recorded & ~copied).any()
        if not fold.grouped:
            assert not (fold.train & copied).any() and not fold.recorded.any()
            continue
        learned = set(data.groups[fold.train])
        assert not learned & set(data.groups[fold.recorded | fold.test])
        in_both = set(data.original[fold.train & copied])
        assert in_both == set(data.original[fold.train & ~copied]) - {0}
    tested = np.concatenate([data.original[fold.recorded] for fold in data.outer])
    assert set(tested) == set(range(1, 12))


def test_of_a_large_corpus_some_songs_are_recorded(songs, monkeypatch):
    monkeypatch.setattr(dataset, "MOST_RECORDED", 5)
    data = prepare(settings(songs))
    assert 4 <= len(data.copies) <= 5 and sorted(data.copied) == data.copied.tolist()


def test_recordings_have_scores_and_calibration_of_their_own(songs, tmp_path):
    run = compare(settings(songs, folds=3), tmp_path / "run", 1)
    table, scores = results.read(run)
    rows = table[(table.level == "song") & (table.model == "knn")]
    assert rows.groupby("part").song.nunique().to_dict() == {
        "recorded": 11,
        "test": 12,
        "train": 12,
    }
    about = read_run(run)
    assert about.corpus.songs == 12 and about.split.copies == 11
    assert about.split.parts.test.songs == 12
    fit = about.models["knn"].fits[0]
    learned = rows[(rows.part == "train") & (rows.fold == 0)].song
    assert fit.n_calibration_songs == len(learned)
    assert fit.n_calibration_songs_recorded == len(set(learned) - {rows.song.min()})
    recorded = rows[(rows.part == "recorded") & (rows.fold == 0)]
    assert set(recorded.temperature) == {fit.temperature_recorded}
    value = scores[(scores.model == "knn") & (scores.level == "song")].set_index(["part", "metric"])
    right = (rows.label == rows.prediction)[rows.part == "recorded"].mean()
    assert value.value["recorded", "accuracy"] == pytest.approx(right, abs=1e-6)
    (line,) = section.read(read_view(run))
    assert line.accuracy.value == pytest.approx(right, abs=1e-6) and 0 <= line.agreement <= 1
    texts = [block for block in section.blocks(read_view(run))]
    assert len(texts) == 3


def test_a_model_that_learned_from_copies_says_something_of_transcriptions(songs, tmp_path):
    plan = training_plan.plan(settings(songs, folds=3), "knn")
    model = saved_model.load(training.train(plan, tmp_path / "model", 1))
    about = model.about.recordings
    assert about.copies == 11 and about.scores.songs == 11
    assert model.about.transcribed_by == {"basic-pitch": 11}
    card = (model.folder / "model-card.md").read_text()
    assert "transcribed recordings of 11" in card and "For transcriptions they are" in card
    song = corpora.load(str(songs)).songs[3]
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "heard.mid").write_bytes(heard(song))
    said = predict(model, [tmp_path / "new"])
    assert said.table.in_distribution.all() and "transcriptions" not in said.about["warning"]
    (tmp_path / "new" / "other.mid").write_bytes(heard(song, piano))
    said = predict(model, [tmp_path / "new"])
    assert said.table.in_distribution.tolist() == [True, False]
    assert "1 of these songs are transcriptions" in said.about["warning"]
    before = structs.replace(model.about, transcribed_by={})  # made when there was one transcriber
    old = replace(model, about=before)
    assert [old.knows(f"transcribed by {by}") for by in ("basic-pitch 0.4.0", "transkun")] == [1, 0]
    p = np.array([[0.7, 0.3], [0.7, 0.3]])
    both = model.calibrated(p, np.array([False, True]))
    assert both[0] == pytest.approx(model.calibrated(p[:1])[0])
    assert both[0, 0] != both[1, 0] or about.temperature == model.about.temperature


def test_copies_are_kept_by_transcriber_and_a_missing_one_says_what_to_run(songs, monkeypatch):
    song = corpora.load(str(songs)).songs[3]
    conditions = acoustics.draw_for(song.digest, 0)
    assert copy_path(song, conditions, "transkun") != copy_path(song, conditions)
    monkeypatch.setitem(sys.modules, "transkun", None)
    with pytest.raises(InputError, match=r"--recordings: .* the piano extra: run `make piano`"):
        prepare(settings(songs, transcriber="transkun"))


def test_random_windows_part_a_song_from_its_copy_and_are_refused(songs):
    with pytest.raises(InputError, match="--split window: parts songs, and --recordings"):
        settings(songs, split="window")


@pytest.mark.slow
@needs_sound
@pytest.mark.usefixtures("fetched")
def test_songs_are_recorded_once(tmp_path):
    folder = write_corpus(tmp_path / "songs", per_class=1)
    played = corpora.load(str(folder)).songs
    conditions = [replace(acoustics.draw(n), soundfont="timgm") for n in range(len(played))]
    first = record_songs(played, conditions, n_workers=1)
    times = [copy_path(*pair).stat().st_mtime_ns for pair in zip(played, conditions, strict=True)]
    again = record_songs(played, conditions, n_workers=1)
    assert times == [
        copy_path(*pair).stat().st_mtime_ns for pair in zip(played, conditions, strict=True)
    ]
    for song, copy, same in zip(played, first, again, strict=True):
        assert copy.transcribed and copy.title == song.title
        assert (copy.notes == same.notes).all()
        assert 0.3 < copy.n_notes / song.n_notes < 3
