"""Listeners: labels that are somebody's, songs to label next, models adapted if it helps."""

import pytest

from classify.app import personal
from classify.app.judging import read_library
from classify.errors import InputError
from tests.app.conftest import add_folder, room_of
from tests.conftest import write_song


@pytest.fixture
def fresh(client, page, library, tmp_path):
    """Give the songs of a library that the model has not learned from, calm ones first."""
    for number in range(6):
        low, beat = (45, 1.0) if number < 3 else (75, 0.25)
        write_song(tmp_path / "fresh" / f"{number}.mid", 900 + number, low, beat)
    read_library(room_of(page), add_folder(page, tmp_path / "fresh", "Fresh"))
    return [row["id"] for row in client.get("/api/v1/libraries/2/songs").json()["rows"]]


def label(client, song, text):
    return client.patch(f"/api/v1/songs/{song}", json={"label": text})


def listener(client, name="Mrs. K"):
    return client.post("/api/v1/listeners", json={"name": name}).json()["listener"]


def test_a_label_is_somebodys_and_one_of_the_models(client, fresh):
    assert label(client, fresh[0], "Happy").status_code == 409
    one = listener(client)
    assert label(client, fresh[0], "Furious").status_code == 422
    assert label(client, fresh[0], "Happy").json()["label"] == "Happy"
    assert client.post("/api/v1/listeners", json={"name": "Mrs. K"}).status_code == 409
    other = listener(client, "<script>alert(1)</script>")
    assert client.get(f"/api/v1/songs/{fresh[0]}").json()["label"] is None
    assert "<script>alert" not in client.get("/listeners").text
    client.put(f"/api/v1/listeners/{one}/choose")
    assert client.get(f"/api/v1/songs/{fresh[0]}").json()["label"] == "Happy"
    assert client.get(f"/api/v1/listeners/{other}/labels").json() == []


def test_songs_are_suggested_that_the_model_knows_nothing_of(client, page, fresh):
    one = listener(client)
    label(client, fresh[0], "Calming")
    chosen = [song["id"] for song in personal.suggest(room_of(page), one)["songs"]]
    others = client.get("/api/v1/libraries/1/songs").json()["rows"]
    learned = {row["id"] for row in others if row["learned_from"]}
    assert chosen and len(set(chosen)) == len(chosen)
    assert not {fresh[0], *learned} & set(chosen)


def test_a_model_is_adapted_only_if_that_helps(client, page, fresh):
    one = listener(client)
    with pytest.raises(InputError, match="no labels yet"):
        personal.adapt(room_of(page), one)
    before = [model["id"] for model in client.get("/api/v1/models").json()]
    for place, song in enumerate(fresh):  # at random, so that nothing can be learned
        label(client, song, "Happy" if place % 2 else "Calming")
    found = personal.adapt(room_of(page), one)
    models = client.get("/api/v1/models").json()
    assert found["helped"] == (len(models) > len(before))
    for song in fresh:  # the opposite of what the model hears
        best = client.get(f"/api/v1/songs/{song}").json()["best"]
        label(client, song, "Calming" if best == "Happy" else "Happy")
    found = personal.adapt(room_of(page), one)
    assert found["helped"] and found["right_after"] > found["right_before"]
    used = [model for model in client.get("/api/v1/models").json() if model["used"]]
    assert used[0]["listener"] == "Mrs. K" and used[0]["id"] not in before
    client.put("/api/v1/listeners/0/choose")
    (base,) = [model for model in client.get("/api/v1/models").json() if model["used"]]
    assert base["id"] == before[0]
    client.delete(f"/api/v1/listeners/{one}")
    assert [model["id"] for model in client.get("/api/v1/models").json()] == before
