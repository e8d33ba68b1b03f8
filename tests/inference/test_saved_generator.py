"""A trained generator's folder: what is in it, that it loads anywhere, and what is refused."""

import json
import shutil

import numpy as np
import pytest

from classify import api
from classify.cli.main import main
from classify.errors import InputError
from classify.generation.request import Request
from classify.inference import saved_generator
from classify.songs import midi
from tests.conftest import write_corpus, write_song
from tests.generation.songs import made


def write_songs(folder, n_songs=12):
    folder.mkdir(parents=True)
    for number, song in enumerate(made(n_songs)):
        midi.write_song(folder / f"{number:02d}.mid", song)
    return folder


@pytest.fixture(scope="module")
def composer(tmp_path_factory):
    place = tmp_path_factory.mktemp("composer")
    corpus = write_corpus(place / "songs")
    return api.train(corpus, place / "model", "markov", command="classify train songs")


def test_a_generator_is_trained_saved_and_loaded(composer):
    assert composer.about.moods == ["Calming", "Happy"] == composer.generator.moods
    assert composer.about.corpus.songs == 16 and composer.about.command == "classify train songs"
    assert composer.about.copying.limit == composer.generator.longest_copy
    card = (composer.folder / "model-card.md").read_text()
    assert "no medical device" in card and "Calming" in card and "| median | tempo |" in card
    again = saved_generator.load(composer.folder)
    for request in (Request(bars=4), Request(bars=4, mood="Happy")):
        one, other = (g.generator.generate(request, 1).notes for g in (again, composer))
        assert one.tobytes() == other.tobytes()


def test_nothing_in_the_folder_is_a_pickle(composer):
    arrays = composer.folder / "generator" / "arrays.npz"
    with np.load(arrays, allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "iuf" for name in file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / "generator" / "values.json").write_text("{}"), "has 2 bytes"),
        (lambda f: (f / "generator" / "arrays.npz").unlink(), "lacks generator/arrays.npz"),
        (lambda f: (f / "more.txt").write_text("x"), "holds 'more.txt', which is not on its list"),
        (lambda f: (f / "generator.json").write_text("{"), "is damaged or was changed"),
    ],
)
def test_a_folder_that_was_changed_is_refused(composer, tmp_path, change, message):
    folder = tmp_path / "copy"
    shutil.copytree(composer.folder, folder)
    change(folder)
    with pytest.raises(InputError, match=message):
        saved_generator.load(folder)


def test_a_folder_of_another_generator_is_refused(composer, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(composer.folder, folder)
    about = json.loads((folder / "generator.json").read_text())
    saved_generator.artifacts.seal(folder, about | {"name": "beethoven"}, saved_generator.KIND)
    with pytest.raises(InputError, match="knows no generator 'beethoven'"):
        saved_generator.load(folder)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--window", "80"], "--window: --model markov learns without it; of these options"),
        (["--folds", "3"], "--folds: --model markov learns without it"),
        (["--epochs", "3"], "--epochs: --model markov learns without it"),
    ],
)
def test_options_of_classifiers_are_refused(corpus_folder, tmp_path, capsys, option, message):
    given = ["train", str(corpus_folder), "--model", "markov", "--out", str(tmp_path / "m")]
    assert main([*given, *option]) == 2
    assert message in capsys.readouterr().err


def test_songs_without_labels_will_do_and_unusable_ones_are_skipped(tmp_path, capsys):
    folder = write_songs(tmp_path / "plain")
    (folder / "empty.mid").write_bytes(b"")
    (folder / "broken.mid").write_bytes(b"MThd nonsense")
    write_song(folder / "single.mid", 0, n_notes=1)
    out = tmp_path / "model"
    assert main(["train", str(folder), "--model", "markov", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert (
        "learned from 12 songs only" in said
        and "single.mid (has 1 note; a generator learns" in said
    )
    about = saved_generator.load(out).about
    assert about.moods == [] and about.corpus.songs == 12 and about.corpus.skipped == 3


def test_a_generator_that_is_there_is_replaced_only_if_asked(composer, corpus_folder):
    with pytest.raises(InputError, match=r"is there already; .*--force replaces it"):
        api.train(corpus_folder, composer.folder, "markov")
