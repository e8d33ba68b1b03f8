"""`classify transcribe`, as a user meets it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from classify import corpora
from classify.cli.main import main
from classify.compute.executor import VARIABLE
from classify.errors import InputError
from classify.songs import midi, transcribers
from tests.recordings import needs_extra, piece, record, sound


@pytest.fixture
def without_extra(monkeypatch):
    monkeypatch.setenv(VARIABLE, "inline")
    monkeypatch.setitem(sys.modules, "basic_pitch", None)


def run(capsys, *arguments: Path | str) -> tuple[int, str, str]:
    status = main(["transcribe", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return status, out, err


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"RIFF")
    return folder


def test_arguments_that_make_no_sense(tmp_path, capsys, without_extra):
    folder = touched(tmp_path / "in", "one.wav", "notes.txt", "there.mid")
    for source, out, message in [
        (tmp_path / "gone", tmp_path, "no such file or folder; expected a recording (.wav, .mp3"),
        (folder / "notes.txt", tmp_path, "notes.txt: is not a recording; expected"),
        (touched(tmp_path / "none", "a.txt", ".a.wav"), tmp_path / "x", "holds no recording"),
        (folder / "one.wav", folder / "there.mid", "there.mid: is there already"),
        (folder, folder / "notes.txt", "notes.txt: is a file, and MIDI files would be put into it"),
        (touched(tmp_path / "two", "a.wav", "a.mp3"), tmp_path / "x", "would both become"),
    ]:
        status, text, err = run(capsys, source, out)
        assert (status, text) == (2, "") and message in err
    assert (folder / "there.mid").read_bytes() == b"RIFF"
    assert not (tmp_path / "x").exists()


def test_without_the_extra_each_recording_says_what_to_run(tmp_path, capsys, without_extra):
    folder = touched(tmp_path / "in", "Calm/one.wav", "Calm/.trash/two.wav", "three.MP3")
    status, text, _ = run(capsys, folder, tmp_path / "out")
    assert status == 1 and "Skipped: 2\n  Calm/one.wav is a recording; " in text
    assert text.count("run `make audio`") == 2 and "\n  three.MP3 is" in text
    assert not (tmp_path / "out").exists()


def test_a_transcriber_that_is_not_there(tmp_path, capsys, without_extra, monkeypatch):
    monkeypatch.setitem(sys.modules, "transkun", None)
    folder = touched(tmp_path / "in", "Calm/one.wav")
    status, text, _ = run(capsys, folder, tmp_path / "out", "--transcriber", "transkun")
    assert status == 1 and "needs the piano extra: run `make piano`" in text
    status, _, err = run(capsys, folder, tmp_path / "out", "--transcriber", "mine")
    assert status == 2 and "basic-pitch" in err and "transkun" in err
    monkeypatch.setenv(transcribers.VARIABLE, "mine")
    with pytest.raises(InputError, match="CLASSIFY_TRANSCRIBER: mine: expected basic-pitch or"):
        corpora.load(str(folder))


@pytest.mark.slow
@needs_extra
def test_a_folder_becomes_a_folder(tmp_path, capsys):
    source, out = tmp_path / "in", tmp_path / "out"
    record(source / "Calm" / "one.flac", sound(piece(1)))
    record(source / "two.wav", np.zeros(9999))
    status, text, _ = run(capsys, source, out)
    assert status == 1 and "now: 1\nSkipped: 1\n  two.wav holds no notes" in text
    assert [p for p in out.rglob("*") if p.is_file()] == [out / "Calm" / "one.mid"]
    assert len(midi.read(out / "Calm" / "one.mid").notes) >= len(piece(1))


@pytest.mark.slow
@needs_extra
def test_one_recording_becomes_one_file_and_none_is_replaced_unasked(tmp_path, capsys):
    path = record(tmp_path / "one.ogg", sound(piece(1)))
    target = tmp_path / "new" / "song.mid"
    assert run(capsys, path, target)[0] == 0
    first = target.read_bytes()
    target.write_bytes(b"mine")
    assert run(capsys, path, target)[0] == 2 and target.read_bytes() == b"mine"
    assert run(capsys, path, target, "--force")[0] == 0 and target.read_bytes() == first
    assert run(capsys, path, tmp_path / "new")[0] == 0
    assert (tmp_path / "new" / "one.mid").read_bytes() == first
