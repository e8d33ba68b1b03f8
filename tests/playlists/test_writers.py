"""Playlists as files, read back by other readers; with names that break careless writers."""

import csv
import json
import time
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classify.errors import InputError
from classify.playlists.build import build
from classify.playlists.media_paths import MediaPaths
from classify.playlists.playlist import DISCLAIMER, LISTENING_LEVEL, Provenance
from classify.playlists.request import Request
from classify.playlists.writers import FORMATS, write, write_all

from .libraries import table

MADE = Provenance("my model (a1b2c3)", "2026-01-31T12:30:00+00:00")
XSPF = "{http://xspf.org/ns/0/}"
HOSTILE = [
    "songs/Für Elise.mid",
    "songs/100% #1 [take: 2].mid",
    "#EXTM3U.mid",
    "a/'quote' \"double\" & <tag>.mid",
    "a/line\nbreak.mid",
    " leading and trailing .mid ",
    "a/http://x.mid",
    "日本語/音楽.mid",
    "a/b?c=d.mid",
    "=cmd.mid",
]


def one(songs=HOSTILE, titles=None, artist=""):
    """Give a playlist of all of some songs."""
    titles = titles or ["" for _ in songs]
    rows = [
        {"song": song, "title": title, "artist": f"{artist}{n}" if artist else ""}
        for n, (song, title) in enumerate(zip(songs, titles, strict=True))
    ]
    (made,) = build(table(rows), Request("Calming", minutes=3.1 * len(rows)))
    assert len(made.entries) == len(rows)
    return made


def files_of_m3u8(path):
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[0] == "#EXTM3U" and lines[-1] == ""
    return [line for line in lines[:-1] if not line.startswith("#")]


def opened(line, folder):
    """Find the file that a player would open for a line."""
    if line.startswith("file://"):
        return Path(url2pathname(urlsplit(line).path))
    return Path(folder, line)


def test_m3u8_names_every_file(tmp_path):
    made, path = one(), tmp_path / "list.m3u8"
    write(made, path, MADE, MediaPaths(root=tmp_path))
    found = [opened(line, tmp_path) for line in files_of_m3u8(path)]
    assert [str(file) for file in found] == [str(tmp_path / e.song) for e in made.entries]


def test_xspf_names_every_file_by_uri(tmp_path):
    made = one()
    for absolute in (False, True):
        path = tmp_path / "lists" / "list.xspf"
        write(made, path, MADE, MediaPaths(root=tmp_path, absolute=absolute))
        locations = [e.text for e in ET.parse(path).iter(f"{XSPF}location")]
        for location, entry in zip(locations, made.entries, strict=True):
            assert location.isascii() and not set(location) & set(' "<>#?')
            assert location.startswith("file:///") == absolute
            place = unquote(location.removeprefix("file://"))
            assert (path.parent / place).resolve() == (tmp_path / entry.song).resolve()


def test_xspf_says_all_that_is_known_of_a_song(tmp_path):
    made, path = one(["a.mid", "b.mid"], ["Eins", ""], "Anna"), tmp_path / "list.xspf"
    write(made, path, MADE)
    root = ET.parse(path).getroot()
    assert root.tag == f"{XSPF}playlist" and root.get("version") == "1"
    assert datetime.fromisoformat(root.findtext(f"{XSPF}date")) == datetime.fromisoformat(MADE.when)
    by_location = {t.findtext(f"{XSPF}location"): t for t in root.iter(f"{XSPF}track")}
    track = next(t for location, t in by_location.items() if location.endswith("a.mid"))
    assert track.findtext(f"{XSPF}title") == "Eins"
    assert track.findtext(f"{XSPF}creator") == "Anna0"
    assert track.findtext(f"{XSPF}duration") == "180000"
    meta = {m.get("rel").removeprefix("urn:x-classify:"): m.text for m in track.iter(f"{XSPF}meta")}
    assert meta == {
        "mood": "Calming",
        "probability": "0.9000",
        "confidence": "0.9000",
        "tempo": "80.0",
        "loudness": "60.0",
        "reason": "Calming, the wanted mood",
    }


def test_xspf_fits_the_schema(tmp_path):
    etree = pytest.importorskip("lxml.etree")
    schema = etree.RelaxNG(etree.parse(Path(__file__).with_name("xspf.rng")))
    path = tmp_path / "list.xspf"
    write(one(), path, MADE)
    schema.assertValid(etree.parse(path))
    path.write_text(path.read_text().replace("<duration>", "<duration>about "))
    assert not schema.validate(etree.parse(path))


def test_m3u8_is_read_by_a_players_library(tmp_path):
    m3u8 = pytest.importorskip("m3u8")
    songs = ["a/Für, Elise.mid", "b/100% 1.mid"]
    made, path = one(songs, ["Für, Elise", "Eins"]), tmp_path / "list.m3u8"
    write(made, path, MADE, MediaPaths(root=tmp_path))
    read = m3u8.loads(path.read_text(encoding="utf-8"))
    assert [segment.uri for segment in read.segments] == [entry.song for entry in made.entries]
    assert [segment.title for segment in read.segments] == [e.title for e in made.entries]
    assert [segment.duration for segment in read.segments] == [180, 180]


def vlc_or_skip():
    """Give VLC's own reader, where the player is installed."""
    try:
        import vlc

        return vlc, vlc.Instance("--quiet", "--no-audio", "--no-video")
    except (ImportError, OSError, NameError, AttributeError) as error:
        pytest.skip(f"VLC is not installed: {error}")


@pytest.mark.parametrize("ending", ["m3u8", "xspf"])
def test_vlc_finds_every_file(tmp_path, ending):
    vlc, player = vlc_or_skip()
    made, path = one(), tmp_path / f"list.{ending}"
    write(made, path, MADE, MediaPaths(root=tmp_path))
    media = player.media_new_path(str(path))
    media.parse_with_options(vlc.MediaParseFlag.local, 10_000)
    until = time.monotonic() + 20
    while not media.get_parsed_status() and time.monotonic() < until:
        time.sleep(0.02)
    items = media.subitems()
    items.lock()
    found = [unquote(urlsplit(items.item_at_index(i).get_mrl()).path) for i in range(items.count())]
    items.unlock()
    assert found == [str(tmp_path / entry.song) for entry in made.entries]


def test_jspf_says_the_same_as_xspf(tmp_path):
    made = one()
    write_all([made], tmp_path / "list", [".jspf", "xspf"], MADE)
    value = json.loads((tmp_path / "list.jspf").read_text(encoding="utf-8"))["playlist"]
    root = ET.parse(tmp_path / "list.xspf").getroot()
    tracks = list(root.iter(f"{XSPF}track"))
    assert value["annotation"] == root.findtext(f"{XSPF}annotation")
    for track, element in zip(value["track"], tracks, strict=True):
        assert track["location"] == [element.findtext(f"{XSPF}location")]
        assert str(track["duration"]) == element.findtext(f"{XSPF}duration")
        pairs = [pair for meta in track["meta"] for pair in meta.items()]
        assert pairs == [(m.get("rel"), m.text) for m in element.iter(f"{XSPF}meta")]


def test_csv_has_a_row_for_each_song_and_no_formula(tmp_path):
    titles = ["=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", 'a "b", c', "", "", "", "x"]
    made, path = one(titles=titles), tmp_path / "list.csv"
    write(made, path, MADE)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["position"]) for row in rows] == list(range(1, len(made.entries) + 1))
    assert sum(float(row["seconds"]) for row in rows) == pytest.approx(made.seconds)
    for row, entry in zip(rows, made.entries, strict=True):
        assert not row["title"].startswith(("=", "+", "-", "@"))
        assert row["title"].removeprefix("'") == entry.title.strip()
        assert float(row["p:Calming"]) == pytest.approx(entry.probability)
        assert row["model"] == MADE.model and row["made"] == MADE.when


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_every_format_says_model_time_and_that_it_is_no_medical_device(tmp_path, ending):
    made, path = one(["a.mid"]), tmp_path / f"list{ending}"
    write(made, path, MADE)
    text = path.read_text(encoding="utf-8")
    for sentence in (MADE.model, MADE.when, DISCLAIMER, LISTENING_LEVEL, f"{made.certainty:.3f}"):
        assert sentence in text


PAIR = one(["a.mid", "b.mid"])
TEXT = st.text(st.characters(codec=None), max_size=30)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(TEXT, min_size=2, max_size=2), TEXT)
def test_no_title_breaks_a_file(tmp_path, titles, model):
    """Titles are any text at all: controls, line ends, lone surrogates, markup."""
    entries = [replace(e, title=t, artist=model) for e, t in zip(PAIR.entries, titles, strict=True)]
    made = replace(PAIR, entries=tuple(entries))
    paths = write_all([made], tmp_path / "x", list(FORMATS), Provenance(model, MADE.when))
    assert all(path.is_file() for path in paths)
    assert len(list(ET.parse(tmp_path / "x.xspf").iter(f"{XSPF}track"))) == 2
    assert sorted(files_of_m3u8(tmp_path / "x.m3u8")) == sorted(files_of_m3u8(tmp_path / "x.m3u"))
    assert len(files_of_m3u8(tmp_path / "x.m3u8")) == 2
    assert (
        len(json.loads((tmp_path / "x.jspf").read_text(encoding="utf-8"))["playlist"]["track"]) == 2
    )
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 2


def test_several_lists_are_numbered(tmp_path):
    made = one(["a.mid"])
    paths = write_all([made, made], tmp_path / "v1.2 week", ["m3u8", "csv"], MADE)
    assert [path.name for path in paths] == [
        "v1.2 week-1.m3u8", "v1.2 week-1.csv", "v1.2 week-2.m3u8", "v1.2 week-2.csv"
    ]  # fmt: skip


def test_unknown_formats_and_times_are_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(InputError, match=r"\.pls is not a known format; known are \.m3u8"):
        write(one(["a.mid"]), tmp_path / "list.pls", MADE)
    with pytest.raises(InputError, match="'yesterday' is not a time"):
        write(one(["a.mid"]), tmp_path / "list.xspf", Provenance("m", "yesterday"))
    assert not list(tmp_path.iterdir())
