"""Ways through a composer's space: made on the page, heard, kept; refused where there is none."""

import shutil
from dataclasses import replace

import pytest
from msgspec import structs

from classify import api
from classify.app import composing, tasks
from classify.app.room import add_model
from classify.errors import InputError
from classify.inference import saved_generator
from classify.songs import midi
from tests.app.conftest import room_of
from tests.conftest import write_corpus
from tests.generation.songs import Drawn, made


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Give two composers: one that has no space, and one whose space is drawn, not learned."""
    place = tmp_path_factory.mktemp("composers")
    plain = api.train(write_corpus(place / "songs"), place / "plain", "unigram")
    space = Drawn(quick=True).fit(made(24), ["Calming", "Happy"] * 12)
    about = structs.replace(
        plain.about, name="music-vae", title="MusicVAE", moods=["Calming", "Happy"]
    )
    saved_generator.write(place / "space", about, space)
    return place


@pytest.fixture
def composers(page, folders):
    return [add_model(room_of(page), folders / name) for name in ("plain", "space")]


@pytest.fixture
def songs(client, page, library, tmp_path):
    """Put three songs into the library that have a place in the space: two in 4/4, one in 3/4."""
    for number, song in enumerate(made(3)):
        song = replace(song, title="<i>Tune")
        midi.write_song(tmp_path / "library" / "Happy" / f"<i>tune {number}.mid", song)
    tasks.read_library(room_of(page), library)
    rows = client.get(f"/api/v1/libraries/{library}/songs", params={"q": "tune"}).json()["rows"]
    return {int(row["name"].split()[-1][0]): row for row in rows}


def go(client, page, composer, **way):
    """Go a way as the page does, in this process."""
    answer = client.post("/api/v1/generated/ways", json={"model": composer, "way": way})
    assert answer.status_code == 202, answer.text
    page.jobs.cancel(answer.json()["job"])
    parameters = client.get(f"/api/v1/jobs/{answer.json()['job']}").json()["parameters"]
    numbers = composing.walk(room_of(page), **parameters)["generated"]
    return [client.get(f"/api/v1/generated/{number}").json() for number in numbers]


def test_between_two_songs_are_steps_that_are_heard_and_kept(client, page, composers, songs):
    ends = {"song": {"song": songs[0]["id"]}, "other": {"song": songs[2]["id"]}}
    steps = go(client, page, composers[1], kind="between", steps=3, **ends)
    assert [step["facts"]["way"] for step in steps] == [0, 0.5, 1]
    assert len({step["wishes"]["set"] for step in steps}) == 1
    first, last = steps[0]["facts"]["known"]
    assert first["mood"] == songs[0]["best"] and last["p"] == songs[2]["p"][songs[2]["best"]]
    for step in steps:
        assert len(step["notes"]["onset"]) == step["facts"]["notes"] > 0
        assert step["facts"]["mood judged"] in ("Calming", "Happy")
    kept = client.post(f"/api/v1/generated/{steps[1]['id']}/keep", json={"title": "Between"}).json()
    page.jobs.cancel(kept["job"])
    tasks.read_library(room_of(page), kept["library"])
    (row,) = client.get(f"/api/v1/libraries/{kept['library']}/songs").json()["rows"]
    assert row["title"].startswith("Between") and row["generated"]
    assert "<i>" not in client.get("/generate").text
    further = {"song": {"generated": steps[1]["id"]}, "attribute": "register", "amount": 2}
    moved = go(client, page, composers[1], kind="quality", steps=2, **further)
    (known,) = moved[0]["facts"]["known"]
    assert known["title"] == "Between" and known["mood"] == steps[1]["facts"]["mood judged"]
    shutil.rmtree(page.place.generated / "new")
    with pytest.raises(InputError, match="new/"):
        go(client, page, composers[1], kind="quality", steps=2, **further)


def test_a_song_in_another_mood_says_what_is_heard_before_and_after(client, page, composers, songs):
    way = {"kind": "mood", "song": {"song": songs[0]["id"]}, "mood": "Calming", "amount": 1.5}
    steps = go(client, page, composers[1], steps=3, **way)
    assert [step["facts"]["strength"] for step in steps] == [0, 0.75, 1.5]
    (known,) = steps[0]["facts"]["known"]
    assert known["asked"] == songs[0]["p"]["Calming"]
    for step in steps:
        asked, judged = step["facts"]["probability of the mood asked"], step["facts"]["probability"]
        assert asked == pytest.approx(
            judged if step["facts"]["mood judged"] == "Calming" else 1 - judged
        )
        assert 0 <= step["facts"]["similarity"] <= 1


def test_ways_are_refused_where_there_is_none(client, page, composers, songs):
    plain, space = composers
    trained = {one["id"]: one for one in client.get("/api/v1/composers").json()["trained"]}
    assert trained[space]["space"] and not trained[plain]["space"]
    one = {"song": songs[0]["id"]}
    refused = [
        (
            plain,
            {"kind": "mood", "song": one, "mood": "Happy"},
            "has no space of songs; these have",
        ),
        (space, {"kind": "mood", "song": one, "mood": "sad"}, "known are Calming, Happy"),
        (space, {"kind": "between", "song": one}, "other: is missing"),
        (space, {"kind": "between", "song": {"file": "/etc/passwd"}}, "song"),
        (space, {"kind": "mood", "song": one, "mood": "Happy", "steps": 99}, "steps"),
    ]
    for model, way, why in refused:
        answer = client.post("/api/v1/generated/ways", json={"model": model, "way": way})
        assert answer.status_code == 422 and why in answer.json()["detail"], answer.text
    with pytest.raises(InputError, match="between them there is nothing"):
        go(client, page, space, kind="between", song=one, other={"song": songs[1]["id"]})
    assert client.get("/api/v1/generated").json() == []


def test_where_no_composer_has_a_space_the_page_says_which_would(client, page, folders):
    add_model(room_of(page), folders / "plain", use=True)
    text = client.get("/generate").text
    assert "none of yours has one: Unigram" in text and "MusicVAE, flat" in text
    assert 'id="way"' not in text
    add_model(room_of(page), folders / "space")
    text = client.get("/generate").text
    assert 'id="way"' in text and "that have no space of songs: Unigram." in text
