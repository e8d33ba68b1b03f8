"""Ways through a composer's space, and maps of it: made on the page; refused where none is."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from classify import api
from classify.app import composing, mapping, tasks
from classify.app.room import add_model
from classify.app.tables import Library, Model
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


def draw(client, page, composer, library, method="pca"):
    """Draw a map as the page does, in this process; give what the page is told."""
    asked = {"model": composer, "library": library, "method": method}
    answer = client.post("/api/v1/maps", json=asked)
    assert answer.status_code == 202, answer.text
    page.jobs.cancel(answer.json()["job"])
    parameters = client.get(f"/api/v1/jobs/{answer.json()['job']}").json()["parameters"]
    mapping.draw_map(room_of(page), **parameters)
    return client.get(f"/api/v1/maps/{library}", params={"model": composer}).json()


def test_a_map_has_songs_near_each_other_that_are_near_in_the_space(
    client, page, library, composers, songs, tmp_path
):
    where = f"/api/v1/maps/{library}"
    assert client.get(where, params={"model": composers[1]}).status_code == 404
    shown = draw(client, page, composers[1], library)
    rows = client.get(f"/api/v1/libraries/{library}/songs").json()["rows"]
    assert {point["id"] for point in shown["points"]} <= {row["id"] for row in rows}
    assert len(shown["points"]) + shown["without"] == len(rows) and shown["new"] == 0
    points = {point["id"]: point for point in shown["points"]}
    assert points[songs[0]["id"]]["mood"] == songs[0]["best"] in shown["moods"]
    with page.database.reading() as session:
        space = api.loaded_generator(session.get_one(Model, composers[1]).folder).generator
    read = [midi.read(tmp_path / "library" / row["name"]) for row in rows if row["id"] in points]
    z = np.stack([space.encode(song).z.mean(axis=0) for song in read])
    flat = np.array(
        [[points[row["id"]][axis] for axis in "xy"] for row in rows if row["id"] in points]
    )
    near = [np.linalg.norm(one[:, None] - one[None], axis=2) for one in (z, flat)]
    assert (near[1] <= near[0] + 1e-3).all() and np.corrcoef(*map(np.ravel, near))[0, 1] > 0.5


def test_only_what_is_new_is_placed_and_a_song_that_came_later_is_told(
    client, page, library, composers, songs, tmp_path
):
    first = draw(client, page, composers[1], library, "tsne")
    assert first["method"] == "tsne"
    file = page.place.maps / f"{composers[1]}.npz"
    before = dict(np.load(file, allow_pickle=False))
    midi.write_song(tmp_path / "library" / "Happy" / "later.mid", made(6)[4])
    tasks.read_library(room_of(page), library)
    told = client.get(f"/api/v1/maps/{library}", params={"model": composers[1]}).json()
    assert told["new"] == 1 and len(told["points"]) == len(first["points"])
    again = draw(client, page, composers[1], library)
    assert again["new"] == 0 and len(again["points"]) == len(first["points"]) + 1
    after = dict(np.load(file, allow_pickle=False))
    np.testing.assert_array_equal(after["z"][: len(before["z"])], before["z"])
    with page.database.writing() as session:  # the composer learned again
        session.get_one(Model, composers[1]).sha256 = "another"
    where = f"/api/v1/maps/{library}"
    assert client.get(where, params={"model": composers[1]}).status_code == 404


def test_maps_are_refused_where_there_is_none(client, page, library, composers, folders):
    plain, space = composers
    for asked, status, why in (
        ({"model": plain, "library": library}, 422, "has no space of songs; these have"),
        ({"model": space, "library": 99}, 404, "no such library"),
        ({"model": space, "library": library, "method": "guess"}, 422, "method"),
    ):
        answer = client.post("/api/v1/maps", json=asked)
        assert answer.status_code == status and why in str(answer.json()["detail"])
    with page.database.writing() as session:
        session.get_one(Library, library).path = str(folders / "few")
    midi.write_song(folders / "few" / "one.mid", made(1)[0])
    with pytest.raises(InputError, match="1 of 1 songs have a place in the space of MusicVAE; a "):
        draw(client, page, space, library)


def test_the_map_page_says_that_there_is_no_library(client):
    assert "There is no library yet." in client.get("/map").text
    assert 'id="points"' not in client.get("/map").text


def test_where_no_composer_has_a_space_there_is_no_map(client, page, library, folders):
    add_model(room_of(page), folders / "plain", use=True)
    text = client.get("/map").text
    assert "none of yours has one" in text and "MusicVAE, flat" in text
    assert 'id="points"' not in text


def test_the_map_page_offers_libraries_and_composers(client, library, composers):
    answer = client.get("/map")
    assert 'id="points"' in answer.text and 'role="application"' in answer.text
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]
    assert "Karte der Lieder" in client.get("/map", headers={"accept-language": "de"}).text
