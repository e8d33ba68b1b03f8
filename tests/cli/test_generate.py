"""classify generate: from a trained generator to files, or a refusal in a sentence."""

import numpy as np
import pandas as pd
import pytest

from classify import api
from classify.cli.main import main
from classify.corpora import builtin, builtin_scores
from classify.songs import midi
from tests.conftest import write_corpus, write_song


@pytest.fixture(scope="module")
def composer(tmp_path_factory):
    place = tmp_path_factory.mktemp("composer")
    api.train(write_corpus(place / "songs"), place / "model", "markov")
    return place / "model"


def test_songs_a_table_pictures_and_a_page_are_written(composer, trained, tmp_path, capsys):
    out = tmp_path / "new"
    given = ["generate", str(composer), "-n", "2", "--mood", "Happy", "--bars", "4", "--seed", "3",
             "--judge", str(trained), "--out", str(out)]  # fmt: skip
    assert main(given) == 0
    assert {path.name for path in out.iterdir()} == {
        "01.mid", "02.mid", "01.svg", "02.svg", "songs.csv", "index.html"}  # fmt: skip
    table = pd.read_csv(out / "songs.csv")
    assert table["mood asked"].tolist() == ["Happy", "Happy"] and table.seed.tolist() == [3, 4]
    assert table["mood judged"].isin(["Calming", "Happy"]).all()
    assert (table["longest copy"] <= table["copy limit"]).all()
    assert table.probability.between(0.5, 1).all()
    page = (out / "index.html").read_text()
    assert "AudioContext" in page and 'src="01.svg"' in page and "no medical device" in page
    assert "longest copy" in capsys.readouterr().out
    first = (out / "01.mid").read_bytes()
    assert main([*given, "--force"]) == 0 and (out / "01.mid").read_bytes() == first


def test_songs_are_continued_bridged_and_revised(composer, tmp_path):
    old = write_song(tmp_path / "old.mid", 1, low=75, beat=0.25)
    api.generate(composer, tmp_path / "a", bars=2, primer=old, longest_copy=50)
    revised = api.generate(composer, tmp_path / "b", bars=3, revise=old, keep="2", longest_copy=50)
    before, after = midi.read(old).notes, revised.songs[0].notes
    inside = [n[(n["beat"] >= 4) & (n["beat"] < 8)]["pitch"] for n in (before, after)]
    np.testing.assert_array_equal(*inside)
    other = write_song(tmp_path / "other.mid", 2, low=75, beat=0.25)
    bridge = api.generate(
        composer, tmp_path / "c", bars=2, bridge_from=old, bridge_to=other, longest_copy=50
    )
    assert bridge.songs[0].seconds <= 4


def test_a_copy_says_that_it_is_one(composer, tmp_path, capsys):
    api.train(composer.parent / "songs", tmp_path / "copy", "copy")
    out = tmp_path / "new"
    assert main(["generate", str(tmp_path / "copy"), "-n", "3", "--out", str(out)]) == 0
    assert "3 of 3 songs share more notes in a row" in capsys.readouterr().out
    assert pd.read_csv(out / "songs.csv")["copies more than real songs"].all()
    assert (out / "index.html").read_text().count("not to be given out as new") == 3
    new = api.generate(composer, tmp_path / "other", n=2, bars=4)
    assert not new.table["copies more than real songs"].any()
    assert "given out as new" not in (tmp_path / "other" / "index.html").read_text()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--mood", "Sad"], "mood 'Sad': was not learned; known are Calming, Happy"),
        (["--syncopation", "0.3"], "Markov cannot keep the wish for syncopation"),
        (["--keep", "2"], "--revise goes together with --keep, --renew or --voices"),
        (["--revise", "a.mid"], "--revise goes together with --keep, --renew or --voices"),
        (["--revise", "a.mid", "--keep", "1", "--renew", "2"], "give --keep or --renew, not both"),
        (["--metre", "4"], "--metre 4: expected a time signature"),
        (["-n", "0"], "-n 0: expected a whole number from 1"),
        (["--instruments", "piano"], "--instruments piano: expected General MIDI programs"),
        (["--continue", "nowhere.mid"], "nowhere.mid: cannot be opened"),
        (["--bridge-from", "a.mid"], "--bridge-from and --bridge-to go together"),
    ],
)
def test_what_cannot_be_done_is_refused(composer, tmp_path, capsys, given, message):
    assert main(["generate", str(composer), "--out", str(tmp_path / "new"), *given]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_classifier_makes_no_songs(trained, tmp_path, capsys):
    assert main(["generate", str(trained), "--out", str(tmp_path / "new")]) == 2
    assert "holds no trained generator" in capsys.readouterr().err


def test_a_generator_that_writes_one_voice_harmonises_nothing(composer, tmp_path, capsys):
    old = write_song(tmp_path / "old.mid", 1, low=75, beat=0.25)
    given = ["generate", str(composer), "--out", str(tmp_path / "new"), "--revise", str(old)]
    assert main([*given, "--voices", "1"]) == 2
    assert "voices 1: nothing is left to be written of a melody" in capsys.readouterr().err
    assert main([*given, "--voices", "2"]) == 2
    assert "voices 2: the music that was learned has 1" in capsys.readouterr().err
    assert main([*given, "--voices", "one"]) == 2
    assert "--voices one: expected numbers from the highest, as 1,2,4" in capsys.readouterr().err


@pytest.mark.slow
def test_a_melody_file_is_harmonised(tmp_path, capsys):
    """From files to files: a generator learns from chorales and sets a melody in four voices."""
    songs = sorted(builtin.CORPORA["chorales"].candidates(), key=lambda song: song.name)[:12]
    (tmp_path / "songs").mkdir()
    for song in songs:
        notes = builtin_scores.read(song.content, as_written=True)
        midi.write(tmp_path / "songs" / f"{song.name}.mid", *notes)
    model, melody, new = (str(tmp_path / name) for name in ("model", "melody.mid", "new"))
    given = ["train", str(tmp_path / "songs"), "--model", "coconet", "--quick", "--out", model]
    assert main(given) == 0
    write_song(tmp_path / "melody.mid", 1, low=60, beat=0.5)
    assert main(["generate", model, "--revise", melody, "--voices", "1", "--out", new]) == 0
    (file,) = (tmp_path / "new").glob("*.mid")
    given, notes = midi.read(tmp_path / "melody.mid").notes, midi.read(file).notes
    places, asked = (
        set(zip(song["onset"].tolist(), song["pitch"].tolist(), strict=True))
        for song in (notes, given)
    )
    assert asked <= places and len(notes) > 2 * len(given)
    assert main(["generate", model, "--revise", melody, "--voices", "7", "--out", new + "2"]) == 2
    assert "voices 7: the music that was learned has 4" in capsys.readouterr().err
