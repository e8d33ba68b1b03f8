"""Libraries: read once, judged once, filtered; nothing outside of them is reached."""

import io
import zipfile
from pathlib import Path

import pytest

from classify.app import tasks
from classify.app.settings import decide
from classify.app.tables import Library, Model, Prediction, Song
from tests.app.conftest import add_folder, room_of
from tests.conftest import write_song


def rows(client, library, **filters):
    answer = client.get(f"/api/v1/libraries/{library}/songs", params=filters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_songs_are_listed_with_moods_and_skipped_files_with_reasons(client, library):
    everything = rows(client, library)
    assert everything["total"] == 11 and len(everything["rows"]) == 11
    for row in everything["rows"]:
        assert row["judged"] and sum(row["p"].values()) == pytest.approx(1, abs=1e-4)
        assert row["best"] in row["moods"] and row["prediction"] in ("", row["best"])
    (skipped,) = client.get(f"/api/v1/libraries/{library}/skipped").json()
    assert skipped["name"] == "notes.mid" and skipped["reason"]


def test_nothing_is_judged_twice(page, library):
    assert tasks.read_library(room_of(page), library)["judged"] == 0
    with page.database.reading() as session:
        folder = session.get_one(Library, library).path
    again = add_folder(page, Path(folder), "The same folder")
    assert tasks.read_library(room_of(page), again)["judged"] == 0


def test_filters_are_joined_by_and_or_or(client, library):
    calm = rows(client, library, mood="Calming")["total"]
    fast = rows(client, library, tempo_low=100)["total"]
    assert 0 < calm < 11 and fast <= 11
    both = rows(client, library, mood="Calming", seconds_low=10)["total"]
    one = rows(client, library, mood="Calming", seconds_high=10**6, match="any")["total"]
    assert both <= calm <= one == 11
    assert rows(client, library, mood=["Calming", "Happy"])["total"] == 11
    surest = rows(client, library, sort="p:Happy", order="down")["rows"]
    values = [row["p"]["Happy"] for row in surest]
    assert values == sorted(values, reverse=True)
    high = rows(client, library, p_mood="Happy", p_low=0.6)["total"]
    assert high == sum(value >= 0.6 for value in values)


def test_songs_that_nobody_judged_come_last_on_whichever_part_they_fall(client, page):
    known = {"a": 0.25, "c": 0.75, "d": 0.25, "f": 1.0}
    with page.database.writing() as session:
        model = Model(kind="classifier", sha256="0", name="-", title="-", corpus="-", folder="-",
                      classes=["Happy"], knobs=[], card="")  # fmt: skip
        session.add_all([model, Library(name="Six", kind="folder", path="/six")])
        session.flush()
        decide(session, "classifier", str(model.id))
        session.add_all(
            Song(library_id=1, name=one, source="", file="", digest=one, title=one, artist="",
                 seconds=1.0, notes=1, origin="", repaired="", excluded=one == "f")
            for one in "abcdef"
        )  # fmt: skip
        session.add_all(
            Prediction(digest=one, model_id=model.id, best="Happy", prediction="", confidence=p,
                       moods="Happy", in_distribution=True, learned_from=False, key="",
                       loudness=64.0, p={"Happy": p}, windows=[], statistics=[])
            for one, p in known.items()
        )  # fmt: skip
    for order, expected in (("up", "adcbe"), ("down", "cadbe")):
        asked = {"sort": "p:Happy", "order": order, "limit": 2}
        parts = [rows(client, 1, offset=offset, **asked) for offset in (0, 2, 4, 6)]
        assert [part["total"] for part in parts] == [5] * 4
        assert [row["title"] for part in parts for row in part["rows"]] == list(expected)
    unlikely = rows(client, 1, sort="p:Happy", seconds_high=10, p_mood="Happy", p_low=0.5)
    assert [row["title"] for row in unlikely["rows"]] == ["c"] and unlikely["total"] == 1


def test_search_takes_everything_for_text(client, library):
    assert rows(client, library, q="<b>bold")["total"] == 1
    for text in ("'; DROP TABLE song; --", '" OR 1=1 --', "%", "_", "\\", "' UNION SELECT 1"):
        assert rows(client, library, q=text)["total"] == 0
    for sort in ("title; DROP TABLE song", "p:x' OR '1", 'p:a"b', "p:"):
        assert rows(client, library, sort=sort)["total"] == 11


def test_a_song_that_is_there_twice_is_shown_twice_and_marked(client, page, library, tmp_path):
    source = tmp_path / "library" / "Happy" / "00.mid"
    (tmp_path / "library" / "copy.mid").write_bytes(source.read_bytes())
    tasks.read_library(room_of(page), library)
    doubles = rows(client, library, duplicates=True)
    assert doubles["total"] == 2 and all(row["duplicate"] for row in doubles["rows"])


def test_excluded_songs_are_hidden_until_asked_for(client, library):
    first = rows(client, library)["rows"][0]
    assert client.patch(f"/api/v1/songs/{first['id']}", json={"excluded": True}).is_success
    assert rows(client, library)["total"] == 10
    assert rows(client, library, excluded="yes")["rows"][0]["id"] == first["id"]


def test_a_link_out_of_the_folder_is_not_followed(client, page, library, tmp_path):
    outside = write_song(tmp_path / "secret" / "private.mid", 5)
    (tmp_path / "library" / "link.mid").symlink_to(outside)
    (tmp_path / "library" / "linked").symlink_to(outside.parent)
    tasks.read_library(room_of(page), library)
    assert rows(client, library, q="private")["total"] == rows(client, library, q="link")["total"]
    assert rows(client, library, q="link")["total"] == 0
    reasons = {row["name"]: row["reason"]
               for row in client.get(f"/api/v1/libraries/{library}/skipped").json()}  # fmt: skip
    assert any("link" in reason for reason in reasons.values())


def test_only_folders_below_the_roots_can_be_chosen(client, tmp_path):
    for path in ("/", "/etc", f"{tmp_path}/../..", "~", f"{tmp_path}/page"):
        assert client.get("/api/v1/folders", params={"path": path}).status_code == 403
        assert client.post("/api/v1/libraries", json={"path": path}).status_code == 403
    (tmp_path / "way-out").symlink_to("/etc")
    assert client.get("/api/v1/folders", params={"path": f"{tmp_path}/way-out"}).status_code == 403
    assert client.get("/api/v1/folders", params={"path": f"{tmp_path}/none"}).status_code == 404
    assert client.get("/api/v1/folders", params={"path": "a\0b"}).status_code == 404
    inside = client.get("/api/v1/folders", params={"path": str(tmp_path)}).json()
    assert "page" in inside["folders"] and inside["above"] is None


def upload(client, **files):
    number = client.post("/api/v1/uploads", json={"name": "Dropped"}).json()["library"]
    parts = [("files", (name, io.BytesIO(data))) for name, data in files.items()]
    return number, client.post(f"/api/v1/uploads/{number}/files", files=parts).json()


def test_uploaded_names_are_names_and_what_is_no_song_is_refused(client, page, tmp_path):
    song = write_song(tmp_path / "a.mid", 3).read_bytes()
    number, answer = upload(client, **{
        "../../../evil.mid": song, "C:\\Windows\\b.mid": song, "run.exe": b"MZ", ".mid": song,
    })  # fmt: skip
    page.jobs.cancel(answer["job"])
    kept = sorted(p.name for p in (page.place.uploads / str(number)).iterdir())
    assert kept == ["b.mid", "evil.mid"]
    assert {file["name"] for file in answer["refused"]} == {"run.exe", "mid"}
    assert not (tmp_path / "evil.mid").exists()


def test_a_bomb_is_skipped_with_its_reason(client, page, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.mid", bytes(200 * 2**20))
    song = write_song(tmp_path / "a.mid", 3).read_bytes()
    number, answer = upload(client, **{"bomb.zip": buffer.getvalue(), "a.mid": song})
    page.jobs.cancel(answer["job"])
    tasks.read_library(room_of(page), number)
    (skipped,) = client.get(f"/api/v1/libraries/{number}/skipped").json()
    assert skipped["name"] == "bomb.zip" and "unpacks to" in skipped["reason"]
    assert rows(client, number)["total"] == 1


def test_names_and_labels_are_shown_as_text(client, library):
    (row,) = rows(client, library, q="<b>")["rows"]
    for path in (f"/library/{library}", f"/songs/{row['id']}", "/"):
        text = client.get(path).text
        assert "<b>Bold" not in text
    assert "&lt;b&gt;Bold" in client.get(f"/songs/{row['id']}").text


def test_a_library_may_be_called_anything(client, page, library, tmp_path):
    add_folder(page, tmp_path, "100 % %(x)s {{ 7 * 7 }} <b>hits</b>")
    for path in ("/", "/library", "/playlists", "/generate", "/comparisons"):
        text = client.get(path, headers={"accept-language": "de"})
        assert text.status_code == 200 and "<b>hits" not in text.text
    assert "100 % %(x)s {{ 7 * 7 }} &lt;b&gt;hits" in client.get("/").text


def test_folders_name_artists_only_if_a_person_says_so(client, page, library, tmp_path):
    assert {row["artist"] for row in rows(client, library)["rows"]} == {""}
    path = str(tmp_path / "library")
    made = client.post("/api/v1/libraries", json={"path": path, "artists": True}).json()
    page.jobs.cancel(made["job"])
    tasks.read_library(room_of(page), made["library"])
    assert {row["artist"] for row in rows(client, library)["rows"]} == {"Calming", "Happy"}
