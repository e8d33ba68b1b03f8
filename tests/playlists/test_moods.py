"""The graph of moods, from defaults and from files."""

import json
from itertools import pairwise

import pytest

from classify.errors import InputError
from classify.playlists.moods import FOLK, PAPER, QUADRANTS, Mood, Moods, default_moods, read_moods

TOML = """
[calm]
valence = 0.6
arousal = -0.7
tempo = [60, 80]
neighbours = ["sad"]
[sad]
valence = -0.5
arousal = -0.5
[wild]
valence = 0.5
arousal = 0.8
neighbours = ["sad"]
"""


def test_quadrants_that_share_a_side_are_neighbours():
    moods = Moods(QUADRANTS)
    assert moods.neighbours("Q1") == ["Q2", "Q4"]
    assert moods.neighbours("Q3") == ["Q2", "Q4"]


def test_of_two_ways_as_short_the_pleasant_one_is_taken():
    assert Moods(QUADRANTS).path("Q1", "Q3") == ["Q1", "Q4", "Q3"]
    assert Moods(QUADRANTS).path("Q1", "Q3", among={"Q2"}) == ["Q1", "Q2", "Q3"]


def test_the_papers_moods_lead_from_sports_to_calming_in_small_steps():
    assert Moods(PAPER).path("Sports", "Calming") == ["Sports", "Happy", "Nostalgia", "Calming"]
    assert Moods(PAPER).path("Calming", "Calming") == ["Calming"]


@pytest.mark.parametrize("moods", [PAPER, QUADRANTS, FOLK])
def test_every_default_mood_can_be_reached_from_every_other(moods):
    graph = Moods(moods)
    for one in graph.names:
        for other in graph.names:
            way = graph.path(one, other)
            assert way[0] == one and way[-1] == other
            assert all(b in graph.neighbours(a) for a, b in pairwise(way))


def test_labels_are_recognised_also_when_some_are_missing():
    assert default_moods({"Q4", "Q1"}).names == ["Q1", "Q4"]
    assert default_moods({"HVHA", "LVLA"}).neighbours("HVHA") == []
    assert default_moods(["Calming"])["Calming"].tempo == (60, 80)


def test_of_unknown_labels_each_neighbours_every_other():
    moods = default_moods({"up", "down", "Q1"})
    assert not moods.known
    assert moods.neighbours("up") == ["Q1", "down"]
    assert moods.path("up", "down") == ["up", "down"]


def test_a_file_says_neighbours_and_they_are_mutual(tmp_path):
    file = tmp_path / "moods.toml"
    file.write_text(TOML)
    moods = read_moods(file, ["calm", "sad", "wild"])
    assert moods.neighbours("sad") == ["calm", "wild"]
    assert moods.path("wild", "calm") == ["wild", "sad", "calm"]
    assert moods["calm"] == Mood("calm", 0.6, -0.7, (60.0, 80.0), ("sad",))


def test_json_says_the_same(tmp_path):
    file = tmp_path / "moods.json"
    file.write_text(json.dumps({"a": {"neighbours": ["b"]}, "b": {}, "c": {}}))
    moods = read_moods(file, ["a", "b", "c"])
    assert moods.known and moods.neighbours("b") == ["a"]
    assert moods.path("a", "c") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[calm", "neither TOML nor JSON"),
        ("", "no moods"),
        ("calm = 3", "calm is 3"),
        ("[calm]\nvalence = 2\narousal = 0", "valence 2"),
        ("[calm]\nvalence = true\narousal = 0", "valence True"),
        ("[calm]\nvalence = nan\narousal = 0", "valence nan"),
        ("[calm]\nvalence = 0.5", "both valence and arousal"),
        ("[calm]\ntempo = [80, 60]", r"tempo \[80, 60\]"),
        ("[calm]\ntempo = 80", "tempo 80"),
        ("[calm]\nneighbours = 'sad'", "neighbours 'sad'"),
        ("[calm]\nneighbours = ['sad']", "neighbour 'sad'"),
        ("[calm]\ncolour = 'blue'", "'colour'"),
        ("[sad]", "no table for the mood 'calm'"),
    ],
)
def test_what_cannot_be_is_refused_by_file_and_value(tmp_path, text, words):
    file = tmp_path / "moods.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=words) as error:
        read_moods(file, ["calm"])
    assert str(file) in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.toml: cannot be read"):
        read_moods(tmp_path / "absent.toml", ["calm"])
