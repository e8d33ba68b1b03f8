"""New songs through a model: nothing lost, nothing guessed, and a kill costs a block at most."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from msgspec import structs
from scipy.special import logit

from classify.cli.main import main
from classify.compute.inline import InlineExecutor
from classify.corpora.library import load_library
from classify.errors import InputError
from classify.evaluation import calibration, novelty
from classify.inference import predicted_block as module
from classify.inference import prediction_batches
from classify.inference import saved_model as bundles
from classify.inference.predicted_block import COLUMNS
from classify.inference.prediction import predict
from classify.inference.saved_model import load
from classify.songs import audio, midi
from tests.conftest import write_corpus, write_song


@pytest.fixture(scope="module")
def model(trained):
    return load(trained)


@pytest.fixture
def library(tmp_path) -> Path:
    """New songs of both kinds, in two folders."""
    folder = tmp_path / "library"
    for number in range(3):
        write_song(folder / "Ann" / f"slow {number}.mid", 510 + number, 45, 1.0)
        write_song(folder / "Bob" / f"Cy - Fast {number}.mid", 600 + number, 75, 0.25)
    return folder


def drums(path: Path) -> Path:
    """Write a song of nothing but drums, unlike anything in training."""
    import symusic

    score = symusic.Score(480)
    track = symusic.Track(is_drum=True)
    track.notes.extend([symusic.Note(100 * i, 10, 36 + i % 3, 127) for i in range(400)])
    score.tracks.append(track)
    score.dump_midi(str(path))
    return path


def test_the_table_says_what_was_promised(model, library):
    found = predict(model, [library])
    table = found.table
    assert list(table.columns) == [*COLUMNS, "p:Calming", "p:Happy"]
    assert table.song.is_unique and list(table.song) == sorted(table.song)
    assert all(Path(song).is_file() for song in table.song)
    assert list(table.title) == ["slow 0", "slow 1", "slow 2", "Fast 0", "Fast 1", "Fast 2"]
    assert list(table.artist) == ["Ann"] * 3 + ["Cy"] * 3
    assert list(table.best) == ["Calming"] * 3 + ["Happy"] * 3
    p = table[["p:Calming", "p:Happy"]].to_numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(table.confidence, p.max(axis=1))
    assert table.n_windows.tolist() == [3] * 6 and table.loudness.tolist() == [64.0] * 6
    assert np.allclose(table.tempo, 120) and table.key.str.match(r"[A-G][♭♯]? (major|minor)").all()
    for best, held in zip(table.best, table.set, strict=True):
        assert best in held.split("|")


def test_songs_probabilities_are_those_of_their_windows(model, library):
    found = predict(model, [library])
    temperature = model.about.temperature
    one = found.window_predictions[found.window_predictions.song == found.table.song[0]]
    assert one.start.tolist() == [0.0, 8.0, 16.0]  # 16 notes of half a second
    songs = load_library([library]).items[:1]
    _, raw = model.predict_windows([songs[0].song])
    np.testing.assert_allclose(
        found.table[["p:Calming", "p:Happy"]].to_numpy()[0],
        calibration.apply_temperature(raw.mean(axis=0, keepdims=True), temperature)[0],
        atol=1e-8,  # logistic regressions round by the number of rows
    )
    # windows are moved in log-odds, all as far, so that their mean is what is said of the song
    assert one["p:Happy"].mean() == pytest.approx(found.table["p:Happy"][0], abs=1e-8)
    own = calibration.apply_temperature(raw, temperature)[:, 1]
    moved = logit(one["p:Happy"].to_numpy()) - logit(own)
    np.testing.assert_allclose(moved, moved[0], atol=1e-3)


def test_files_folders_and_archives_give_the_same(model, library, tmp_path):
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(library.rglob("*.mid")):
            opened.write(path, path.relative_to(library).as_posix())
    of_folder, of_archive = predict(model, [library]).table, predict(model, [archive]).table
    of_files = predict(model, sorted(library.rglob("*.mid"), reverse=True)).table
    assert of_archive.song.tolist()[0] == f"{archive}/Ann/slow 0.mid"
    for other in (of_archive, of_files):
        assert len(other) == 6
        np.testing.assert_array_equal(other["p:Happy"], of_folder["p:Happy"])


def test_nothing_is_lost(model, library, tmp_path):
    (library / "notes.txt").write_text("hello")
    (library / "Ann" / "broken.mid").write_bytes(b"MThd")
    extra = write_song(library / "one.mid", 3)
    found = predict(model, [library, extra, library / "Bob"])
    assert len(found.table) == 7
    reasons = {item.name.split("library/")[1]: item.reason for item in found.skipped}
    assert set(reasons) >= {"notes.txt", "Ann/broken.mid", "one.mid", "Bob/Cy - Fast 0.mid"}
    assert reasons["one.mid"] == "is listed more than once; it is read once"
    with pytest.raises(InputError, match="no such file or folder"):
        predict(model, [tmp_path / "nowhere"])
    with pytest.raises(InputError, match="none of the 1 files can be used"):
        predict(model, [library / "Ann" / "broken.mid"])
    with pytest.raises(InputError, match="no songs"):
        predict(model, [library / "notes.txt"])


def test_songs_unlike_any_in_training_are_flagged_not_guessed(model, library, tmp_path):
    drums(library / "drums.mid")
    table = predict(model, [library]).table.set_index("title")
    assert not table.in_distribution["drums"] and table.prediction["drums"] == ""
    assert table.key["drums"] == "" and table.in_distribution.drop("drums").all()


def test_not_sure_where_it_is_not(model, library):
    """The rule, with limits that make each of its cases."""
    p = predict(model, [library]).table["p:Happy"]
    for threshold, temperature, sure, answered in (
        (0.0, 200.0, 0.9, 0),  # both moods in the set, confidence near a half
        (0.0, 200.0, 0.5, 6),  # both moods, but confident enough
        (0.4999, 200.0, 0.9, 6),  # one mood, by right
        (0.99, 200.0, 0.9, 0),  # none by right
    ):
        changed = structs.replace(model.about, threshold=threshold, temperature=temperature)
        own = bundles.Bundle(model.folder, changed, model.estimator, model.novelty)
        table = predict(own, [library], sure=sure).table
        assert (table.prediction != "").sum() == answered, (threshold, sure)
        assert (table.best == np.where(p > 0.5, "Happy", "Calming")).all()
    with pytest.raises(InputError, match="--sure 2: expected a probability"):
        predict(model, [library], sure=2)


@pytest.mark.parametrize("ending", [".csv", ".json", ".parquet"])
def test_every_format_says_the_same(model, library, tmp_path, ending):
    out, course = tmp_path / f"p{ending}", tmp_path / "course.csv"
    (library / "broken.mid").write_bytes(b"MThd")
    found = predict(model, [library], out, course)
    if ending == ".json":
        whole = json.loads(out.read_text())
        about, table = whole["about"], pd.DataFrame(whole["songs"])
    else:
        about = json.loads((tmp_path / "p.about.json").read_text())
        read = pd.read_csv if ending == ".csv" else pd.read_parquet
        table = read(out, keep_default_na=False) if ending == ".csv" else read(out)
    assert list(table.columns) == list(found.table.columns)
    np.testing.assert_allclose(table["p:Happy"], found.table["p:Happy"], atol=1e-6)
    assert table.set.tolist() == found.table.set.tolist()
    assert about["bundle"] == model.id and "no medical device" in about["remark"]
    assert [Path(item["song"]).name for item in about["skipped"]] == ["broken.mid"]
    assert len(pd.read_csv(course)) == found.table.n_windows.sum()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    with pytest.raises(InputError, match=r"expected \.csv or \.json or \.parquet"):
        predict(model, [library], tmp_path / "p.txt")


def test_batches_do_not_matter(model, library):
    whole = predict(model, [library])
    pieces = predict(model, [library], size=2)
    pd.testing.assert_frame_equal(pieces.table, whole.table)
    pd.testing.assert_frame_equal(pieces.window_predictions, whole.window_predictions)


def test_a_stopped_prediction_goes_on(model, library, tmp_path, monkeypatch):
    """The second time, only batches that were not finished, or hold a changed song, are judged."""
    expected = predict(model, [library]).table
    judge, judged = module.predict_block, []

    def failing(bundle, block, course):
        if len(judged) == 2:
            raise KeyboardInterrupt
        judged.append([item.name for item in block])
        return judge(bundle, block, course)

    out = tmp_path / "p.csv"
    monkeypatch.setattr(module, "predict_block", failing)
    with pytest.raises(KeyboardInterrupt):
        predict(model, [library], out, size=2)
    assert not out.exists() and (tmp_path / ".p.csv.parts").is_dir()
    write_song(library / "Ann" / "slow 0.mid", 999, 45, 1.0)  # in the first batch
    monkeypatch.setattr(
        module, "predict_block", lambda b, k, c: (judged.append(len(k)), judge(b, k, c))[1]
    )
    judged.clear()
    again = predict(model, [library], out, size=2).table
    assert judged == [2, 2]  # the first batch, changed, and the third
    assert again["p:Happy"][0] != expected["p:Happy"][0]
    pd.testing.assert_frame_equal(again[1:], expected[1:])
    assert not (tmp_path / ".p.csv.parts").exists()


KILLED = """
import sys, time
from pathlib import Path
from classify.inference import predicted_block as module
from classify.inference.prediction import predict
from classify.inference.saved_model import load
judge = module.predict_block
def slowly(bundle, block, course):
    time.sleep(0.5)
    return judge(bundle, block, course)
module.predict_block = slowly
if __name__ == "__main__":
    predict(load(Path(sys.argv[1])), [Path(sys.argv[2])], Path(sys.argv[3]), size=2)
"""


@pytest.mark.slow
def test_a_killed_prediction_leaves_whole_batches(trained, library, tmp_path, monkeypatch):
    out = tmp_path / "p.csv"
    (tmp_path / "killed.py").write_text(KILLED)
    command = [sys.executable, str(tmp_path / "killed.py"), str(trained), str(library), str(out)]
    process = subprocess.Popen(command, env=os.environ, stderr=subprocess.DEVNULL)
    parts = tmp_path / ".p.csv.parts"
    while process.poll() is None and not list(parts.glob("[!.]*.json")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(list(parts.glob("[!.]*.json")))
    assert done >= 1 and not out.exists()
    judge, judged = module.predict_block, []
    monkeypatch.setattr(
        module, "predict_block", lambda b, k, c: (judged.append(len(k)), judge(b, k, c))[1]
    )
    predict(load(trained), [library], out, size=2)
    assert len(judged) == 3 - done and len(pd.read_csv(out)) == 6


def test_another_model_takes_nothing_over(model, library, tmp_path):
    items = load_library([library]).items
    other = bundles.Bundle(
        model.folder,
        structs.replace(model.about, sha256="0" * 64),
        model.estimator,
        model.novelty,
    )

    def part(bundle, songs):
        work = prediction_batches.Work(bundle, InlineExecutor(), tmp_path, 0.5, True)
        return work._begun(songs, {}).path

    assert part(model, items) != part(other, items)
    assert part(model, items) == part(model, list(items))
    assert part(model, items[1:]) != part(model, items)


def test_the_command(trained, library, tmp_path, capsys):
    out = tmp_path / "p.csv"
    assert main(["predict", str(trained), str(library), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "Calming" in printed and "no medical device" in printed
    assert printed.strip().splitlines()[-1] == str(out)
    (library / "broken.mid").write_bytes(b"MThd")
    assert main(["predict", str(trained), str(library)]) == 1
    assert "broken.mid" in capsys.readouterr().out
    assert main(["predict", str(tmp_path), str(library)]) == 2
    assert "holds no trained model" in capsys.readouterr().err
    assert main(["predict", str(trained), str(library), "--sure", "high"]) == 2
    assert "--sure: expected a probability, not 'high'" in capsys.readouterr().err


def test_the_commands_road_from_songs_to_predictions(tmp_path, capsys):
    songs = write_corpus(tmp_path / "songs")
    out = tmp_path / "model"
    train = ["train", str(songs), "--model", "features-logistic", "--window", "16", "--quick"]
    assert main([*train, "--folds", "2", "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out / "model-card.md")
    assert main([*train, "--folds", "2", "--out", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["train", "--out", str(out)]) == 2
    assert "either a CORPUS, or a run" in capsys.readouterr().err
    assert main(["train", "--from", str(tmp_path), "--window", "9", "--out", str(out)]) == 2
    assert "--window: goes with a CORPUS" in capsys.readouterr().err
    shutil.rmtree(out)
    assert main([*train, "--folds", "1", "--out", str(out)]) == 2


def test_a_song_of_one_note(model, tmp_path):
    midi.write(tmp_path / "one.mid", np.zeros(1), np.ones(1), np.array([60]))
    table = predict(model, [tmp_path / "one.mid"]).table
    assert np.isnan(table.tempo[0]) and table.n_windows[0] == 1
    assert np.isfinite(table.confidence[0])


def test_a_library_of_another_kind_is_warned_of(model, library, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(novelty, "FEWEST_COMPARED", 6)
    assert predict(model, [library]).about["warning"] == ""
    for number in range(8):
        write_song(tmp_path / "high" / f"{number}.mid", number, 100, 0.1)
    assert main(["predict", str(model.folder), str(tmp_path / "high")]) == 0
    assert "As a whole these songs are another kind of music" in capsys.readouterr().out


def test_a_model_that_never_learned_from_transcriptions_is_not_sure_about_them(model, tmp_path):
    played = midi.read(write_song(tmp_path / "played.mid", 1, 45, 1.0))
    onset, pitch = played.notes["onset"].tolist(), played.notes["pitch"].tolist()
    events = [(time, time + 0.45, number, 0.5) for time, number in zip(onset, pitch, strict=True)]
    heard = audio.midi_bytes(events, np.arange(0.0, 20.0, 0.5))
    (tmp_path / "heard.mid").write_bytes(heard)
    predictions = predict(model, [tmp_path])
    of_heard, of_played = predictions.table.to_dict("records")
    assert of_heard["song"].endswith("heard.mid") and of_heard["best"]
    assert not of_heard["in_distribution"] and of_heard["prediction"] == ""
    assert of_played["in_distribution"]
    assert predictions.about["warning"].startswith("1 of these songs are transcriptions")
    assert predictions.about["novel"] == 1
