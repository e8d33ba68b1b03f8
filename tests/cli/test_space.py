"""classify space: songs from the latent space of a trained generator, as files or refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from msgspec import structs

from classify import api
from classify.cli.main import main
from classify.inference import saved_generator
from classify.inference.space_files import flattened
from classify.songs import GENERATED, midi
from tests.conftest import write_corpus, write_song
from tests.generation.songs import Drawn


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with songs, a generator whose space is drawn, not learned, and one that has none."""
    folder = tmp_path_factory.mktemp("space")
    songs = write_corpus(folder / "songs")
    markov = api.train(songs, folder / "markov", "markov")
    read = [midi.read(path) for path in sorted(songs.rglob("*.mid"))]
    space = Drawn(quick=True).fit(read, ["Calming"] * 8 + ["Happy"] * 8)
    about = structs.replace(markov.about, name="music-vae", title="MusicVAE")
    saved_generator.write(folder / "model", about, space)
    return folder


def song(place, number):
    return str(place / "songs" / "Happy" / f"{number:02d}.mid")


def test_a_way_between_two_songs_is_written_and_plays_as_one_piece(place, tmp_path, capsys):
    out = tmp_path / "way"
    given = ["space", "interpolate", str(place / "model"), song(place, 0), song(place, 1),
             "-n", "3", "--out", str(out)]  # fmt: skip
    assert main(given) == 0
    assert {path.name for path in out.iterdir()} == {
        "01.mid", "02.mid", "03.mid", "01.svg", "02.svg", "03.svg", "all.mid", "songs.csv",
        "index.html"}  # fmt: skip
    assert pd.read_csv(out / "songs.csv").way.tolist() == [0, 0.5, 1]
    parts = [midi.read(out / f"{n:02d}.mid") for n in (1, 2, 3)]
    whole = midi.read(out / "all.mid")
    assert whole.n_notes == sum(part.n_notes for part in parts)
    assert whole.seconds > sum(part.seconds for part in parts)
    assert whole.origin.startswith(GENERATED) and parts[1].origin.startswith(GENERATED)
    assert "02.mid: way 0.50, similarity" in capsys.readouterr().out
    first = (out / "02.mid").read_bytes()
    assert main([*given, "--force"]) == 0 and (out / "02.mid").read_bytes() == first


def test_a_way_begins_with_the_song_written_again_and_what_is_moved_by_nothing_stays(
    place, tmp_path
):
    model = api.loaded_generator(place / "model")
    again = api.reconstruct(model, [song(place, 0)], tmp_path / "a")
    way = api.interpolate(model, song(place, 0), song(place, 1), tmp_path / "b", n=2)
    changed = api.change_mood(model, song(place, 0), tmp_path / "c", mood="Calming", n=2)
    slid = api.slide(model, song(place, 0), tmp_path / "d", attribute="density", amount=-1)
    np.testing.assert_array_equal(way.songs[0].notes, again.songs[0].notes)
    np.testing.assert_array_equal(changed.songs[0].notes, slid.songs[0].notes)
    assert changed.table.similarity[0] == slid.table.similarity[0] == 1
    assert changed.table.strength.tolist() == [0, 0.5, 1] and slid.table.amount.tolist() == [0, -1]
    assert set(changed.table["mood asked"]) == {"Calming"}
    assert again.table["notes kept"].between(0, 1).all()


def test_a_phrase_is_answered_and_both_are_played_in_turn(place, tmp_path, capsys):
    """In the phrase's tempo and length; the nearer it is to stay, the more alike."""
    given = ["space", "answer", str(place / "model"), song(place, 0), "-n", "2"]
    assert main([*given, "--likeness", "0.5", "--out", str(tmp_path / "far")]) == 0
    assert "02.mid: similarity" in capsys.readouterr().out
    asked = midi.read(Path(song(place, 0)))
    answers = [midi.read(tmp_path / "far" / f"{n:02d}.mid") for n in (1, 2)]
    duet = midi.read(tmp_path / "far" / "all.mid")
    assert duet.n_notes == 2 * asked.n_notes + sum(one.n_notes for one in answers)
    np.testing.assert_array_equal(duet.notes["pitch"][: asked.n_notes], asked.notes["pitch"])
    assert duet.origin.startswith(GENERATED) and answers[0].origin.startswith(GENERATED)
    bars = [np.ceil(one.notes["beat"].max() / 4) for one in (asked, *answers)]
    assert max(bars) - min(bars) <= 1 and answers[0].tempi[0, 1] == asked.tempi[0, 1]
    assert pd.read_csv(tmp_path / "far" / "songs.csv").seed.tolist() == [0, 1]


def test_a_style_between_two_moods_begins_and_ends_with_theirs(place, tmp_path, capsys):
    space = api.loaded_generator(place / "model")
    options = {"n": 1, "seed": 3, "bars": 4}
    shares = [api.mix(space, "Calming", "Happy", tmp_path / str(share), share=share, **options)
              for share in (0.0, 0.5, 1.0)]  # fmt: skip
    turned = api.mix(space, "Happy", "Calming", tmp_path / "turned", share=1.0, **options)
    np.testing.assert_array_equal(turned.songs[0].notes, shares[0].songs[0].notes)
    tempi = [one.songs[0].tempi[0, 1] for one in shares]
    assert min(tempi[0], tempi[2]) <= tempi[1] <= max(tempi[0], tempi[2])
    given = ["space", "mix", str(place / "model"), "Calming", "Happy", "-n", "1", "--seed", "3",
             "--bars", "4", "--out", str(tmp_path / "same")]  # fmt: skip
    assert main(given) == 0
    assert "01.mid: share 0.50" in capsys.readouterr().out
    same = [(tmp_path / name / "01.mid").read_bytes() for name in ("0.5", "same")]
    assert same[0] == same[1]


def test_a_map_has_every_song(place, tmp_path, capsys):
    given = ["space", "map", str(place / "model"), str(place / "songs")]
    assert main([*given, "--out", str(tmp_path / "map")]) == 0
    table = pd.read_csv(tmp_path / "map" / "map.csv")
    assert len(table) == 16 and set(table.mood) == {"Calming", "Happy"}
    assert "<svg" in (tmp_path / "map" / "map.svg").read_text()
    assert "16 songs on the map" in capsys.readouterr().out
    assert main([*given, "--out", str(tmp_path / "map")]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_neighbours_are_neighbours_on_a_map(method):
    z = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32) / 10
    z[6:, 3] += 5
    places = flattened(z, method, seed=1)
    assert places.shape == (12, 2) and (places == flattened(z, method, seed=1)).all()
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e9 * np.eye(12)
    assert ((apart.argmin(axis=1) < 6) == (np.arange(12) < 6)).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["reconstruct", "markov", "0"], "Markov has no latent space; train one that has"),
        (["change", "model", "0", "--mood", "Sad"], "mood 'Sad': was not learned; known are Calm"),
        (["slide", "model", "0", "--attribute", "tempo"], "attribute"),
        (
            ["slide", "model", "0", "--attribute", "density", "--amount", "99"],
            "amount 99: must lie",
        ),
        (["interpolate", "model", "0", "0", "-n", "1"], "-n 1: expected a whole number from 2"),
        (["interpolate", "model", "0", "waltz"], "waltz: is in 3/4; MusicVAE learned 4/4"),
        (["reconstruct", "model", "missing"], "missing"),
        (["mix", "model", "Calming", "Sad"], "mood 'Sad': was not learned; known are Calming, Hap"),
        (["mix", "model", "Calming", "Happy", "--share", "2"], "--share 2: expected a number from"),
        (["answer", "model", "0", "-n", "101"], "-n 101: expected a whole number from 1 to 100"),
        (["answer", "markov", "0"], "Markov has no latent space; train one that has"),
        (["map", "model", "few"], "2 of 2 songs have a place in the space of MusicVAE; a map need"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(place, tmp_path, given, message, capsys):
    names = {"0": song(place, 0), "markov": str(place / "markov"),
             "model": str(place / "model"), "missing": str(tmp_path / "missing.mid"),
             "waltz": str(tmp_path / "waltz.mid"), "few": str(tmp_path / "few")}  # fmt: skip
    write_song(tmp_path / "few" / "a.mid", 1, 60, 0.5)
    write_song(tmp_path / "few" / "b.mid", 2, 60, 0.5)
    tune = midi.read(Path(song(place, 0)))
    midi.write_song(tmp_path / "waltz.mid", replace(tune, metres=np.array([[0.0, 3.0, 4.0]])))
    arguments = [names.get(word, word) for word in given]
    assert main(["space", *arguments, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert message in said.replace("\n", " ") and "Traceback" not in said
    assert not (tmp_path / "out").exists()
