"""Voices on the page: a melody harmonised, one bar written again, and who can do that."""

import numpy as np
import pytest
from msgspec import structs

from classify import api
from classify.app import tasks
from classify.app.room import add_model
from classify.errors import InputError
from classify.generation.generators.deep_bach import DeepBach
from classify.inference import saved_generator
from classify.representations import melody as melodies
from classify.representations.melody import Melody
from classify.songs import midi
from tests.app.conftest import add_folder, room_of
from tests.app.test_generate import make
from tests.conftest import write_corpus
from tests.generation.songs import drawn_voices


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Give a composer of single notes, and one of four voices whose weights are drawn."""
    place = tmp_path_factory.mktemp("composers")
    plain = api.train(write_corpus(place / "songs"), place / "plain", "unigram")
    about = structs.replace(plain.about, name="deep-bach", title="DeepBach", moods=[])
    saved_generator.write(place / "voices", about, drawn_voices(DeepBach))
    return place


@pytest.fixture
def composers(page, folders):
    return [add_model(room_of(page), folders / name) for name in ("plain", "voices")]


@pytest.fixture
def melody(client, page, tmp_path):
    """Give the number of a melody of four bars of four quarters, at 90 a minute."""
    tune = melodies.decode(Melody((60, 62, 64, 65) * 4, (4,) * 16, 4, (4, 4)), tempo=90)
    (tmp_path / "tunes").mkdir()
    midi.write_song(tmp_path / "tunes" / "<b>tune.mid", tune)
    library = add_folder(page, tmp_path / "tunes")
    tasks.read_library(room_of(page), library)
    return client.get(f"/api/v1/libraries/{library}/songs").json()["rows"][0]["id"]


def pitches(song, first, last):
    """Give onsets and pitches of the notes from one moment to another."""
    return {
        (round(onset, 2), pitch)
        for onset, pitch in zip(song["notes"]["onset"], song["notes"]["pitch"], strict=True)
        if first - 0.01 <= onset < last - 0.01
    }


def test_a_melody_is_harmonised_and_one_bar_of_that_written_again(client, page, composers, melody):
    song = make(client, page, composers[1], revise={"song": melody}, voices="1")
    bar = 4 * 60 / 90
    assert song["facts"]["from"] == ["<b>tune"] and "<b>tune" not in client.get("/generate").text
    np.testing.assert_allclose(song["bars"], [0, bar, 2 * bar, 3 * bar], atol=1e-3)
    given = client.get(f"/api/v1/songs/{melody}/notes").json()
    tune = pitches({"notes": given}, 0, 4 * bar)
    assert tune < pitches(song, 0, 4 * bar)
    asked = {"revise": {"generated": song["id"]}, "renew": "2", "tempo": song["facts"]["tempo"]}
    again = make(client, page, composers[1], seed=8, **asked)
    for n in range(4):
        before, after = (pitches(one, n * bar, (n + 1) * bar) for one in (song, again))
        assert (before == after) == (n != 1)
    assert again["facts"]["from"] == ["New song 1"]


def test_composers_say_what_they_can_do_with_a_song(client, page, composers, melody):
    plain, voices = composers
    given = client.get("/api/v1/composers").json()
    trained = {one["id"]: one["able"] for one in given["trained"]}
    assert trained == {plain: [], voices: ["keep", "renew", "voices"]}
    assert given["able"]["voices"]["muse-gan"] == "MuseGAN"
    assert "muse-gan" not in given["able"]["renew"]  # which keeps no bars as they are
    for wrong in ({"renew": "9" * 30}, {"voices": "1" * 30}, {"revise": {"path": "/etc"}}):
        answer = client.post("/api/v1/generated", json={"model": voices, "wishes": wrong})
        assert answer.status_code == 422
    with pytest.raises(InputError, match="bar 9 lies beyond the 4 of the song"):
        make(client, page, voices, revise={"song": melody}, renew="9")
    with pytest.raises(InputError, match="Unigram cannot keep the wish for renew"):
        make(client, page, plain, revise={"song": melody}, renew="1")
