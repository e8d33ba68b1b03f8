"""New songs of the page: made, the same again, kept in a library, gone on from."""

from dataclasses import replace
from pathlib import Path

import pytest

from classify import api
from classify.app import composing, tasks
from classify.app.room import add_model
from classify.errors import InputError
from classify.songs import GENERATED, midi
from classify.songs.score import to_midi
from tests.app.conftest import room_of
from tests.conftest import write_corpus, write_song


@pytest.fixture(scope="module")
def composer_folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("composer")
    api.train(write_corpus(place / "songs"), place / "model", "markov")
    return place / "model"


@pytest.fixture
def composer(page, composer_folder):
    return add_model(room_of(page), composer_folder, use=True)


def make(client, page, composer, seed=3, **wishes):
    """Make a song as the page does, in this process."""
    asked = {"model": composer, "seed": seed, "wishes": wishes}
    answer = client.post("/api/v1/generated", json=asked)
    assert answer.status_code == 202, answer.text
    page.jobs.cancel(answer.json()["job"])
    parameters = client.get(f"/api/v1/jobs/{answer.json()['job']}").json()["parameters"]
    number = composing.generate(room_of(page), **parameters)["generated"]
    return client.get(f"/api/v1/generated/{number}").json()


def test_a_song_says_what_was_asked_what_came_and_how_it_is_heard(client, page, composer, library):
    song = make(client, page, composer, mood="Happy", bars=4, register=70)
    facts = song["facts"]
    assert facts["mood asked"] == "Happy" and facts["mood judged"] in ("Calming", "Happy")
    assert facts["longest copy"] <= facts["copy limit"] and facts["tempo"] > 0
    assert len(song["notes"]["onset"]) == facts["notes"]


def test_the_same_seed_makes_the_same_bytes(client, page, composer):
    one, other = (make(client, page, composer, seed=9, bars=4) for _ in range(2))
    files = [client.get(f"/api/v1/generated/{song['id']}/midi") for song in (one, other)]
    assert files[0].content == files[1].content and files[0].content[:4] == b"MThd"
    assert "attachment" in files[0].headers["content-disposition"]


def test_a_song_is_taken_along_as_a_score_with_the_same_pitches(client, page, composer):
    song = make(client, page, composer, seed=9, bars=4)
    score = client.get(f"/api/v1/generated/{song['id']}/musicxml")
    assert 'filename="new-song-1.musicxml"' in score.headers["content-disposition"]
    (piece,) = to_midi(score.content, ".musicxml")
    pitches = midi.parse(piece.midi, Path("score")).notes["pitch"]
    assert sorted(pitches) == sorted(song["notes"]["pitch"])
    if not api.has_sound():
        told = client.get(f"/api/v1/generated/{song['id']}/ogg")
        assert told.status_code == 422 and "make audio" in told.json()["detail"]
    assert client.get(f"/api/v1/generated/{song['id']}/exe").status_code == 422


def test_a_kept_song_is_in_the_library_and_its_name_is_a_name(client, page, composer, tmp_path):
    song = make(client, page, composer, bars=4)
    title = "../../<i>evil/.mid"
    kept = client.post(f"/api/v1/generated/{song['id']}/keep", json={"title": title}).json()
    page.jobs.cancel(kept["job"])
    tasks.read_library(room_of(page), kept["library"])
    (row,) = client.get(f"/api/v1/libraries/{kept['library']}/songs").json()["rows"]
    assert row["title"].startswith("..-..") or "evil" in row["title"]
    (file,) = (page.place.generated / "kept").iterdir()
    assert midi.read(file).n_notes == song["facts"]["notes"]
    assert row["generated"]
    again = client.post(f"/api/v1/generated/{song['id']}/keep", json={"title": title}).json()
    page.jobs.cancel(again["job"])
    assert len(list((page.place.generated / "kept").iterdir())) == 1


def test_generated_songs_are_in_a_list_only_where_they_are_asked_for(
    client, page, library, tmp_path
):
    real = midi.read(write_song(tmp_path / "real.mid", 55, 45, 1.0))
    marked = replace(real, origin=f"{GENERATED} a test")
    midi.write_song(tmp_path / "library" / "new.mid", marked)  # in the folder of `library`
    tasks.read_library(room_of(page), library)
    songs = f"/api/v1/libraries/{library}/songs"
    (new,) = client.get(songs, params={"generated": "yes"}).json()["rows"]
    assert client.get(songs, params={"generated": "no"}).json()["total"] == 11
    wishes = {"library": library, "mood": "Calming+Happy", "minutes": 60, "min_confidence": 0,
              "tempo_change": None, "loudness_change": None}  # fmt: skip

    def build(**more):
        made = client.post("/api/v1/playlists", json=wishes | more).json()
        page.jobs.cancel(made["job"])
        tasks.build_playlist(room_of(page), made["playlist"], 0, [])
        return client.get(f"/api/v1/playlists/{made['playlist']}").json()

    without = build()
    assert new["id"] not in [entry["id"] for entry in without["songs"]]
    assert new["id"] in [entry["id"] for entry in build(allow_generated=True)["songs"]]
    body = {"edition": without["edition"], "change": "added", "songs": [{"id": new["id"]}]}
    changed = client.put(f"/api/v1/playlists/{without['id']}/songs", json=body).json()
    assert "generated" in [violation["kind"] for violation in changed["violations"]]


def test_songs_are_gone_on_from_whether_new_or_of_a_library(client, page, composer, library):
    first = make(client, page, composer, bars=4)
    rows = client.get(f"/api/v1/libraries/{library}/songs").json()["rows"]
    on = make(client, page, composer, bars=2, primer={"generated": first["id"]})
    assert on["facts"]["notes"] > 0
    bridge = make(client, page, composer, bars=2, bridge_from={"generated": first["id"]},
                  bridge_to={"song": rows[0]["id"]})  # fmt: skip
    assert bridge["facts"]["notes"] > 0
    client.delete(f"/api/v1/generated/{first['id']}")
    with pytest.raises(InputError, match="was deleted"):
        make(client, page, composer, bars=2, primer={"generated": first["id"]})


def test_one_bar_of_a_melody_is_written_again_by_its_composer(client, page, composer):
    (trained,) = client.get("/api/v1/composers").json()["trained"]
    assert trained["able"] == ["primer", "bridge", "keep", "renew"]  # it learned no voices
    song = make(client, page, composer, bars=6, mood="Happy")
    as_it_came = {name: song["facts"][name] for name in ("tempo", "loudness")}
    wishes = {"revise": {"generated": song["id"]}, "renew": "3", "mood": "Happy"} | as_it_came
    again = make(client, page, composer, seed=4, **wishes)
    assert len(again["bars"]) == len(song["bars"]) == 6
    begin, end = song["bars"][2:4]
    for one in (song, again):
        notes = one["notes"]
        one["rest"] = [note for note in zip(notes["onset"], notes["pitch"], strict=True)
                       if not begin - 0.01 < note[0] < end - 0.01]  # fmt: skip
    assert song["rest"] == again["rest"] and song["notes"]["pitch"] != again["notes"]["pitch"]


def test_wishes_that_make_no_sense_are_refused(client, page, composer):
    wrong = {"model": composer, "wishes": {"bars": -1}}
    assert client.post("/api/v1/generated", json=wrong).status_code == 422
    with pytest.raises(InputError):
        make(client, page, composer, key="H sharp")
    unknown = {"generator": "../../x", "library": 1}
    assert client.post("/api/v1/composers", json=unknown).status_code in (404, 422)
