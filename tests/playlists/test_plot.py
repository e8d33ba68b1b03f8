"""The plot of a playlist."""

import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from classify.errors import InputError
from classify.playlists import plot
from classify.playlists.build import build
from classify.playlists.playlist import Provenance
from classify.playlists.plot import alt_text, draw
from classify.playlists.request import Request

from .libraries import made_up, table

MADE = Provenance("mine", "2026-01-31T12:30:00+00:00")


@pytest.fixture(scope="module")
def playlist():
    (made,) = build(made_up(60), Request("Calming", start="Happy"))
    return made


def test_the_same_playlist_gives_the_same_picture(playlist, tmp_path):
    draw(playlist, tmp_path / "a.svg", MADE)
    draw(playlist, tmp_path / "b.svg", MADE)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    texts = ET.parse(tmp_path / "a.svg").getroot()
    described = [e.text for e in texts.iter("{http://purl.org/dc/elements/1.1/}description")]
    assert described == [alt_text(playlist)]


def test_a_picture_may_be_png(playlist, tmp_path):
    draw(playlist, tmp_path / "a.png", MADE)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match=r"ends in \.svg or \.png, not in '\.gif'"):
        draw(playlist, tmp_path / "a.gif", MADE)


def test_the_words_say_what_the_picture_shows(playlist):
    text = alt_text(playlist)
    assert text.startswith("Plot of the playlist Happy to Calming, ")
    assert "Happy from minute 0 for " in text
    first, last = playlist.entries[0], playlist.entries[-1]
    assert f"Tempo goes from {first.tempo:.0f} to {last.tempo:.0f} bpm" in text
    assert f"Loudness goes from {first.loudness:.0f} to {last.loudness:.0f} of 127." in text


def test_odd_names_and_unknown_tempi_can_be_drawn(tmp_path):
    moods = ("Ke$ha $x$", "_b\n", "c")
    rows = [{"mood": moods[0], "tempo": float("nan"), "song": "$a$.mid"}, {"mood": moods[0]}]
    (made,) = build(table(rows, moods), Request(moods[0], 7, pins=("$a$",)))
    draw(made, tmp_path / "a.svg", Provenance("m$_$\x00", MADE.when))
    assert ET.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")


def test_a_course_is_drawn_within_its_song(tmp_path):
    (made,) = build(made_up(60), Request("Calming", start="Happy"))
    first = made.entries[0]
    windows = pd.DataFrame(
        {"song": first.song, "start": [0.0, first.seconds / 2]}
        | {f"p:{mood}": [0.0, 0.0] for mood in made.moods}
    )
    change = np.zeros(len(made.moods))
    change[:2] = np.array([1, -1]) * min(first.p[:2])
    windows[[f"p:{mood}" for mood in made.moods]] = first.p + np.array([change, -change])
    followed = made.followed(windows)
    p1 = first.p[0] + change[0], first.p[0] - change[0]
    course = [row[:2] for row in followed.entries[0].course]
    assert course == [(0, pytest.approx(p1[0])), (first.seconds / 2, pytest.approx(p1[1]))]
    assert not followed.entries[1].course
    edges = np.cumsum([0, *(entry.seconds / 60 for entry in made.entries)])
    places, p = plot._followed(followed, edges)
    assert places[:3] == pytest.approx([0, first.seconds / 120, edges[1]])
    assert p[0, :2].tolist() == pytest.approx(p1) and len(places) == len(edges) + 1
    draw(made, tmp_path / "a.svg", MADE)
    draw(followed, tmp_path / "b.svg", MADE)
    assert (tmp_path / "a.svg").read_bytes() != (tmp_path / "b.svg").read_bytes()


def test_a_course_that_is_another_models_is_not_drawn():
    (made,) = build(made_up(60), Request("Calming", start="Happy"))
    first = made.entries[0]
    p = np.array(first.p)[::-1] * 0.9 + 0.1 / len(first.p)
    windows = pd.DataFrame([p, p], columns=[f"p:{mood}" for mood in made.moods])
    windows = windows.assign(song=first.song, start=[0.0, 9.0])
    assert not np.allclose(p, first.p, atol=0.01)
    assert not made.followed(windows).entries[0].course
