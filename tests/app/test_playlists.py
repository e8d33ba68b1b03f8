"""Playlists of the page: built, changed, undone, kept from two windows, taken along."""

import csv
import io
import json

import m3u8
import pytest
from lxml import etree

from classify.app import tasks
from classify.errors import InputError
from tests.app.conftest import room_of


@pytest.fixture
def playlist(client, page, library):
    """Build a list of a few songs, as the page's job does."""
    wishes = {"library": library, "mood": "Calming+Happy", "minutes": 2, "min_confidence": 0.5,
              "tempo_change": None, "loudness_change": None}  # fmt: skip
    made = client.post("/api/v1/playlists", json=wishes).json()
    page.jobs.cancel(made["job"])
    tasks.build_playlist(room_of(page), made["playlist"], 0, [])
    return made["playlist"]


def state(client, number):
    return client.get(f"/api/v1/playlists/{number}").json()


def order(of):
    return [song["id"] for song in of["songs"]]


def put(client, number, songs, edition):
    body = {"edition": edition, "change": "moved", "songs": [{"id": song} for song in songs]}
    return client.put(f"/api/v1/playlists/{number}/songs", json=body)


def test_a_list_is_built_within_its_minutes(client, playlist):
    built = state(client, playlist)
    assert len(built["songs"]) > 2 and built["seconds"] <= 120 and built["built"]
    assert built["violations"] == [] and built["sentences"]


def test_changes_are_undone_and_made_again_to_the_same_order(client, playlist):
    first = state(client, playlist)
    turned = order(first)[::-1]
    second = put(client, playlist, turned, first["edition"]).json()
    assert order(second) == turned and not second["built"] and second["can_undo"]
    undone = client.post(f"/api/v1/playlists/{playlist}/undo", json={"edition": second["edition"]})
    assert order(undone.json()) == order(first) and undone.json()["built"]
    again = client.post(
        f"/api/v1/playlists/{playlist}/redo", json={"edition": undone.json()["edition"]}
    ).json()
    assert order(again) == turned and not again["can_redo"]


def test_the_second_of_two_windows_is_told_and_loses_nothing(client, playlist):
    seen = state(client, playlist)
    ours, theirs = order(seen)[::-1], order(seen)[1:]
    assert put(client, playlist, ours, seen["edition"]).status_code == 200
    refused = put(client, playlist, theirs, seen["edition"])
    assert refused.status_code == 409
    assert order(refused.json()["detail"]["state"]) == ours == order(state(client, playlist))
    undo = client.post(f"/api/v1/playlists/{playlist}/undo", json={"edition": seen["edition"]})
    assert undo.status_code == 409


def test_locked_songs_stay_when_the_rest_is_built_again(client, page, playlist):
    seen = state(client, playlist)
    others = client.get(f"/api/v1/libraries/{seen['library']}/songs").json()["rows"]
    new = next(row["id"] for row in others if row["id"] not in order(seen))
    entries = [{"id": new, "locked": True, "note": "her favourite"}]
    body = {"edition": seen["edition"], "songs": entries}
    changed = client.put(f"/api/v1/playlists/{playlist}/songs", json=body).json()
    tasks.build_playlist(room_of(page), playlist, changed["edition"], [new])
    rebuilt = state(client, playlist)
    (locked,) = [song for song in rebuilt["songs"] if song["id"] == new]
    assert locked["locked"] and locked["note"] == "her favourite" and len(rebuilt["songs"]) > 1


def test_a_list_that_changed_while_it_was_built_is_not_overwritten(client, page, playlist):
    seen = state(client, playlist)
    put(client, playlist, order(seen)[::-1], seen["edition"])
    with pytest.raises(InputError, match="changed while it was built"):
        tasks.build_playlist(room_of(page), playlist, seen["edition"], [])
    assert order(state(client, playlist)) == order(seen)[::-1]


def test_an_order_is_checked_without_being_kept(client, playlist):
    seen = state(client, playlist)
    twice = [*order(seen), order(seen)[0]]
    checked = client.post(f"/api/v1/playlists/{playlist}/check", json={"songs": twice}).json()
    assert "twice" in {violation["kind"] for violation in checked["violations"]}
    assert order(state(client, playlist)) == order(seen)


def build_days(client, page, library, **wishes):
    """Build lists for three days, as the page's job does; give the first one's number."""
    asked = {"library": library, "mood": "Happy", "lists": 3, "name": "Days", "min_confidence": 0.3,
             "tempo_change": None, "loudness_change": None} | wishes  # fmt: skip
    made = client.post("/api/v1/playlists", json=asked).json()
    page.jobs.cancel(made["job"])
    parameters = client.get(f"/api/v1/jobs/{made['job']}").json()["parameters"]
    return tasks.build_playlist(room_of(page), **parameters)


def test_a_list_for_each_day_shares_no_song_with_the_others(client, page, library):
    made = build_days(client, page, library, minutes=0.2)
    lists = [state(client, one["id"]) for one in client.get("/api/v1/playlists").json()]
    assert made["lists"] == 3
    assert [one["name"] for one in lists] == ["Days 3/3", "Days 2/3", "Days 1/3"]
    songs = [song["id"] for one in lists for song in one["songs"]]
    assert len(songs) == len(set(songs)) and all(one["songs"] for one in lists)
    asked = {"library": library, "mood": "Happy", "lists": 99}
    assert client.post("/api/v1/playlists", json=asked).status_code == 422


def test_days_for_which_no_song_is_left_have_no_list(client, page, library):
    made = build_days(client, page, library, minutes=0.2, lists=14)
    assert made["lists"] == len(client.get("/api/v1/playlists").json()) < 14


def test_days_of_which_none_can_be_filled_leave_no_list(client, page, library):
    with pytest.raises(InputError):
        build_days(client, page, library, minutes=100, tempo=[999, 1000])
    assert client.get("/api/v1/playlists").json() == []


def test_every_format_holds_the_order_that_is_shown(client, playlist):
    seen = state(client, playlist)
    put(client, playlist, order(seen)[::-1], seen["edition"])
    titles = [song["title"] for song in state(client, playlist)["songs"]]

    def export(kind):
        answer = client.get(f"/api/v1/playlists/{playlist}/export", params={"kind": kind})
        assert answer.status_code == 200 and "attachment" in answer.headers["content-disposition"]
        return answer

    segments = m3u8.loads(export("m3u8").text).segments
    assert [segment.title.rpartition(" - ")[2] for segment in segments] == titles
    assert all(segment.uri.startswith("/") for segment in segments)
    tracks = etree.fromstring(export("xspf").content).iter("{http://xspf.org/ns/0/}title")
    assert [title.text for title in tracks][1:] == titles
    assert [t["title"] for t in json.loads(export("jspf").text)["playlist"]["track"]] == titles
    rows = list(csv.DictReader(io.StringIO(export("csv").text)))
    assert [row["title"].lstrip("'") for row in rows] == titles
    assert b"<svg" in export("svg").content
    sheet = client.get(f"/playlists/{playlist}/sheet").text
    assert "<b>Bold" not in sheet and sheet.index("<tbody>") > 0


def test_excluded_songs_are_never_in_a_new_list(client, page, library, playlist):
    first = order(state(client, playlist))[0]
    client.patch(f"/api/v1/songs/{first}", json={"excluded": True})
    seen = state(client, playlist)
    tasks.build_playlist(room_of(page), playlist, seen["edition"], [])
    assert first not in order(state(client, playlist))


def test_an_impossible_wish_is_refused_in_a_sentence_and_leaves_no_list(client, page, library):
    wishes = {"library": library, "mood": "Calming", "minutes": 0.05, "min_confidence": 1}
    made = client.post("/api/v1/playlists", json=wishes).json()
    page.jobs.cancel(made["job"])
    with pytest.raises(InputError, match="no song is eligible"):
        tasks.build_playlist(room_of(page), made["playlist"], 0, [])
    assert client.get("/api/v1/playlists").json() == []
