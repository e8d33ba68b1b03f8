"""Several moods wanted at once."""

import numpy as np
import pytest

from classify.errors import InputError
from classify.playlists.build import build
from classify.playlists.library import library_from_table
from classify.playlists.merge_moods import merge_moods
from classify.playlists.moods import Mood, Moods, default_moods
from classify.playlists.request import Request

from .libraries import table


def between(n_songs=8):
    """Songs of which the model is sure that they are calm or nostalgic, and not which."""
    made = table([{"p": 0.5} for _ in range(n_songs)])
    made["p:Nostalgia"], made["p:Happy"], made["p:Sports"] = 0.45, 0.03, 0.02
    return made


def test_songs_between_two_moods_suit_who_wants_either():
    with pytest.raises(InputError, match="no song"):
        build(between(), Request("Calming", minutes=10))
    (made,) = build(between(), Request("Calming+Nostalgia", minutes=10))
    assert len(made.entries) == 3
    assert made.moods == ("Calming+Nostalgia", "Happy", "Sports")
    for entry in made.entries:
        assert entry.mood == "Calming+Nostalgia"
        assert entry.probability == pytest.approx(0.95) == pytest.approx(entry.confidence)
        assert sum(entry.p) == pytest.approx(1)


def test_a_way_leads_between_joined_moods():
    rows = [{"mood": "Sports", "tempo": 70.0}] * 3 + [{"mood": "Happy", "tempo": 70.0}] * 4
    (made,) = build(
        table(rows + [{"tempo": 70.0}] * 9),
        Request("Calming+Nostalgia", minutes=30, start="Happy+Sports"),
    )
    assert made.path == ("Happy+Sports", "Calming+Nostalgia")
    assert made.entries[0].mood == "Happy+Sports"
    assert made.entries[-1].mood == "Calming+Nostalgia"


def test_what_is_known_of_joined_moods():
    labels = ["Calming", "Happy", "Mysterious", "Nostalgia", "Sports"]
    songs = library_from_table(table([{}], moods=labels))
    joined, moods = merge_moods(songs, default_moods(labels), "Calming+Sports")
    own = moods["Calming+Sports"]
    assert own.point == pytest.approx((0.5, 0.05)) and own.tempo == (60, 140)
    known = default_moods(labels)
    either = set(known.neighbours("Calming")) | set(known.neighbours("Sports"))
    assert set(moods.neighbours(own.name)) == either - {"Calming", "Sports"}
    np.testing.assert_allclose(joined.p.sum(axis=1), 1)


def test_moods_that_name_neighbours_still_find_each_other():
    known = Moods([Mood("a", neighbours=("b",)), Mood("b"), Mood("c", neighbours=("b",))])
    songs = library_from_table(table([{"mood": "a"}], moods=("a", "b", "c")))
    _, moods = merge_moods(songs, known, "a+b")
    assert moods.neighbours("c") == ["a+b"]


def test_one_mood_is_left_as_it_is_even_with_the_sign_in_its_name():
    songs = library_from_table(table([{"mood": "R+B"}], moods=("R+B", "Soul")))
    same, _ = merge_moods(songs, default_moods(songs.moods), "R+B", "Soul")
    assert same is songs


@pytest.mark.parametrize(
    ("mood", "start", "message"),
    [
        ("Calming+Rage", "", "'Rage' is not known to the model; it knows Calming, Happy"),
        ("Calming+", "", "'' is not known"),
        ("Calming+Calming", "", "name one twice"),
        ("Calming+Happy", "Happy+Sports", "share the mood 'Happy'"),
        ("Calming+Happy", "Happy", "share the mood 'Happy'"),
    ],
)
def test_requests_that_are_impossible(mood, start, message):
    with pytest.raises(InputError) as error:
        build(between(), Request(mood, start=start))
    assert message in str(error.value)
