"""Properties of every playlist, whatever the library and the request, and its diagnostics."""

import math
from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classify.errors import InputError
from classify.playlists import objective
from classify.playlists.build import build
from classify.playlists.library import library_from_table
from classify.playlists.moods import Moods, default_moods
from classify.playlists.playlist import describe
from classify.playlists.request import Limits, Request
from classify.playlists.solver import total_cost

from .libraries import MOODS, made_up, rows, table

EDGE = 1e-9


@st.composite
def requests(draw):
    """A library and a request for it, with pins and vetoes that do not meet."""
    made = table(draw(rows()))
    songs = draw(st.permutations(list(made.song)))
    n_pins, n_vetoes = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    limits = Limits(
        min_confidence=draw(st.sampled_from([0.5, 0.8])),
        tempo_change=draw(st.sampled_from([None, 0.15, 0.4])),
        loudness_change=draw(st.sampled_from([None, 16.0])),
        tempo=draw(st.sampled_from([None, (65.0, 120.0)])),
        no_repeat_artist=draw(st.booleans()),
    )
    return made, Request(
        mood=draw(st.sampled_from(MOODS)),
        minutes=draw(st.sampled_from([5.0, 12.0, 30.0])),
        start=draw(st.sampled_from(["", *MOODS])),
        pins=tuple(songs[:n_pins]),
        vetoes=tuple(songs[n_pins : n_pins + n_vetoes]),
        limits=limits,
        seed=draw(st.integers(0, 3)),
        n_lists=draw(st.integers(1, 3)),
    )


def lists_or_none(made, request):
    """Lists, or none where the request is refused."""
    try:
        return build(made, request)
    except InputError:
        return []


def broken(request, one, two):
    """Limits that two neighbours break, by the words of the rules and not by our own code."""
    names = []
    limits = request.limits
    if limits.tempo_change is not None and one.tempo and two.tempo:
        slow, fast = sorted([one.tempo, two.tempo])
        names += ["tempo"] * (fast / slow > 1 + limits.tempo_change + EDGE)
    louder = abs(one.loudness - two.loudness)
    if limits.loudness_change is not None and louder > limits.loudness_change + EDGE:
        names.append("loudness")
    if one.artist and one.artist == two.artist:
        names.append("artist")
    return names


@settings(max_examples=40, deadline=None)
@given(requests())
def test_every_list_keeps_the_rules(case):
    made, request = case
    lists = lists_or_none(made, request)
    everything = [entry.song for one in lists for entry in one.entries]
    assert len(everything) == len(set(everything)), "a song twice"
    assert not set(everything) & set(request.vetoes), "a vetoed song"
    if lists:
        assert set(request.pins) <= set(everything), "a pin is missing"
    for one in lists:
        assert sum(entry.seconds for entry in one.entries) <= 60 * request.minutes + EDGE
        for entry in one.entries:
            row = made[made.song == entry.song].iloc[0]
            if not entry.pinned:
                assert row.known and row[f"p:{entry.mood}"] >= request.limits.min_confidence
                if request.limits.tempo:
                    assert request.limits.tempo[0] <= row.tempo <= request.limits.tempo[1]
        for a, b in pairwise(one.entries):
            names = broken(request, a, b)
            assert not names or a.pinned or b.pinned, f"{names} broken without a pin"
            messages = [note for note in one.diagnostics if note.startswith("Beside a pin, from")]
            assert len(messages) == sum(
                len(broken(request, *pair)) for pair in pairwise(one.entries)
            )
        free = [entry.artist for entry in one.entries if entry.artist and not entry.pinned]
        if request.limits.no_repeat_artist:
            assert len(free) == len(set(free))


@settings(max_examples=25, deadline=None)
@given(requests())
def test_moods_change_in_bounded_steps_and_the_target_is_held_from_two_thirds(case):
    made, request = case
    moods = default_moods(MOODS)
    for one in lists_or_none(made, request):
        order = [entry.mood for entry in one.entries]
        assert order[-1] == request.mood
        for a, b in pairwise(order):
            assert a == b or b in moods.neighbours(a)
        first = order.index(request.mood)
        assert order[first:] == [request.mood] * (len(order) - first)
        grid = objective.step_seconds(request)
        ends = np.cumsum([math.ceil(entry.seconds / grid) for entry in one.entries])
        assert 3 * (ends[first - 1] if first else 0) <= 2 * ends[-1]


@settings(max_examples=15, deadline=None)
@given(requests(), st.randoms())
def test_the_order_of_the_library_changes_nothing(case, random):
    made, request = case
    order = list(range(len(made)))
    random.shuffle(order)
    assert lists_or_none(made, request) == lists_or_none(made.iloc[order], request)
    assert lists_or_none(made, request) == lists_or_none(made, request)


@settings(max_examples=25, deadline=None)
@given(rows(most=5), st.sampled_from(["", "Sports"]), st.sampled_from([None, 0.15]))
def test_of_few_songs_no_order_is_better(made, start, change):
    songs = library_from_table(table(made))
    request = Request("Calming", 12, start, limits=Limits(0.5, tempo_change=change))
    lists = lists_or_none(songs, request)
    if not lists:
        return
    moods, out = default_moods(MOODS), np.zeros(len(songs), dtype=bool)
    found = objective.find_candidates(songs, request, moods, list(lists[0].path), out, [])
    stated = objective.state_problem(songs, request, found)
    nodes = range(len(stated.cost))
    every = (order for n in range(1, 6) for order in permutations(nodes, n))
    assert lists[0].cost == pytest.approx(min(total_cost(stated, order) for order in every))
    assert lists[0].optimal


def test_another_seed_gives_another_list_nearly_as_good():
    made = library_from_table(made_up(300))
    best, again, other = (
        build(made, Request("Calming", start="Sports", seed=seed))[0] for seed in (0, 0, 5)
    )
    assert best == again
    assert [e.song for e in other.entries] != [e.song for e in best.entries]
    assert (
        best.cost - EDGE
        <= other.cost
        <= best.cost + 30 * (objective.SEED_COST + best.gap + other.gap)
    )


def test_a_large_library_gives_a_full_and_sure_list():
    (one,) = build(made_up(2000), Request("Calming", start="Sports"))
    assert 29 <= one.seconds / 60 <= 30
    assert one.certainty > 0.95 and one.gap < 0.1
    assert one.path == ("Sports", "Happy", "Nostalgia", "Calming")
    assert {entry.mood for entry in one.entries} == set(one.path)


def test_a_pin_overrides_the_model_and_the_limits_and_that_is_said():
    songs = [{"mood": "Calming"}] * 6 + [
        {"song": "loud.mid", "title": "Loud", "mood": "Sports", "tempo": 170.0, "known": False}
    ]
    (one,) = build(table(songs), Request("Calming", 12, pins=("loud",)))
    assert "loud.mid" in [entry.song for entry in one.entries]
    messages = " ".join(one.diagnostics)
    assert "Loud, unlike anything the model was trained on" in messages
    assert "the tempo changes from" in messages and "more than 15 %" in messages
    places = [entry.pinned for entry in one.entries].index(True)
    assert places in (0, len(one.entries) - 1), "in the middle two limits would be broken"


def test_a_song_pinned_and_vetoed_is_refused_and_so_is_what_is_not_there():
    made = table([{"artist": "A"}, {"artist": "B"}, {"title": "Song 1"}])
    with pytest.raises(InputError, match=r"000\.mid is both pinned and vetoed"):
        build(made, Request("Calming", pins=("000",), vetoes=("A",)))
    with pytest.raises(InputError, match="'Song 1' names 2 songs"):
        build(made, Request("Calming", pins=("Song 1",)))
    with pytest.raises(InputError, match="'Zong 0'"):
        build(made, Request("Calming", vetoes=("Zong 0",)))
    with pytest.raises(InputError, match=r"000\.mid, music/001\.mid last 6\.00 minutes"):
        build(made, Request("Calming", minutes=5, pins=("000", "001")))


def test_unknown_moods_are_refused_with_the_known_ones():
    with pytest.raises(InputError, match="'Calm' is not known to the model; it knows Calming"):
        build(table([{}]), Request("Calm"))
    with pytest.raises(InputError, match="the mood 'Happy' of the library is not defined"):
        build(table([{}]), Request("Calming"), Moods([default_moods(MOODS)["Calming"]]))


def test_no_sure_song_is_an_error_that_names_the_likeliest():
    made = table([{"p": 0.7}, {"p": 0.75, "song": "near.mid"}, {"known": False}])
    with pytest.raises(InputError, match=r"most likely is near\.mid with probability 0\.75"):
        build(made, Request("Calming"))


def test_too_few_songs_are_said_with_their_minutes():
    (one,) = build(table([{}] * 3 + [{"mood": "Sports"}]), Request("Calming"))
    assert any("only 3 songs are eligible, 9.0 minutes in all" in note for note in one.diagnostics)
    assert "4 of the library's 4 songs (100 %)" in one.coverage


def test_a_missing_way_is_said_and_the_wanted_mood_comes_first():
    fast = [{"mood": "Happy", "tempo": 150.0}] * 5
    slow = [{"mood": "Calming", "tempo": 70.0}] * 8
    moods = Moods([replace(default_moods(MOODS)[m], neighbours=("Calming",)) for m in MOODS])
    (one,) = build(table(fast + slow), Request("Calming", 24, "Happy"), moods)
    assert {entry.mood for entry in one.entries} == {"Calming"}
    assert any(
        "no sequence of songs leads from there to Calming" in note for note in one.diagnostics
    )


def test_pins_are_a_list_even_if_no_song_is_of_the_wanted_mood():
    made = table([{"mood": "Happy"}, {"mood": "Sports"}])
    (one,) = build(made, Request("Calming", 12, pins=("001",)))
    assert [entry.song for entry in one.entries] == ["music/001.mid"]
    assert any(
        "predicted as Calming with enough confidence; pinned songs" in note
        for note in one.diagnostics
    )


def test_a_mood_without_songs_is_named():
    (one,) = build(table([{}] * 8), Request("Calming", 24, "Sports"))
    assert any(
        "no eligible song is predicted as Sports or Happy" in note for note in one.diagnostics
    )


def test_unknown_labels_are_each_others_neighbours_and_that_is_said():
    moods = ("down", "mid", "up")
    made = table([{"mood": "up"}] * 4 + [{"mood": "down"}] * 4, moods)
    (one,) = build(made, Request("down", 24, "up"))
    assert one.entries[0].mood == "up"
    assert any("each counts as a neighbour of every other" in note for note in one.diagnostics)


def test_a_week_of_lists_has_no_song_twice_and_says_when_songs_run_out():
    lists = build(made_up(200), Request("Calming", minutes=12, n_lists=7))
    songs = [entry.song for one in lists for entry in one.entries]
    assert len(lists) == 7 and len(songs) == len(set(songs))
    lists = build(table([{}] * 5), Request("Calming", 12, n_lists=7))
    assert len(lists) == 2 and "Only 2 lists of 7" in lists[-1].diagnostics[-1]


def test_songs_of_unknown_tempo_are_left_out_and_counted():
    made = table([{}] * 4 + [{"tempo": float("nan")}] * 2)
    (one,) = build(made, Request("Calming", 24))
    assert len(one.entries) == 4 and "2 of unknown tempo" in one.coverage
    free = Limits(tempo_change=None)
    (one,) = build(made, Request("Calming", 24, limits=free))
    assert len(one.entries) == 6


def test_a_list_is_described_in_sentences():
    (one,) = build(made_up(200), Request("Calming", start="Sports"))
    messages = describe(one)
    assert messages[0].startswith("Sports to Calming: ") and "of 30 minutes" in messages[0]
    assert f"{one.certainty:.3f}" in messages[1]
    assert all(sentence.endswith(".") for sentence in messages)
