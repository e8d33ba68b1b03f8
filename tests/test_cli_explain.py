"""`classify explain MODEL SONG` writes a picture and a paragraph for each song."""

import argparse

import pytest

from classify import cli_explain
from classify.errors import InputError
from tests.conftest import write_song


def run(*arguments):
    parser = argparse.ArgumentParser()
    cli_explain.add(parser.add_subparsers())
    options = parser.parse_args(["explain", *map(str, arguments)])
    return options.run(options)


def test_each_song_gets_a_picture_and_a_paragraph(trained, tmp_path, capsys):
    song = write_song(tmp_path / "new" / "slow.mid", 510, 45, 1.0)
    write_song(tmp_path / "new" / "other" / "slow.mid", 511, 45, 1.0)
    (tmp_path / "new" / "broken.mid").write_bytes(b"MThd")
    assert run(trained, tmp_path / "new", "--out", tmp_path / "out") == 1
    told = capsys.readouterr().out
    assert f"{song.stem} is answered Calming (Calming " in told and "calibrated" in told
    assert "broken.mid is cut short" in told
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["slow-2.png", "slow-2.svg", "slow-2.txt", "slow.png", "slow.svg", "slow.txt"]


def test_a_class_the_model_does_not_have_is_refused(trained, tmp_path):
    song = write_song(tmp_path / "slow.mid", 510, 45, 1.0)
    with pytest.raises(InputError, match="'Sad' is no class of this model; it has Calming, Happy"):
        run(trained, song, "--class", "Sad", "--out", tmp_path / "out")
