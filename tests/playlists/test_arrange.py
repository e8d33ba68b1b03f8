"""An order that a person gave: stages that go forward, and what it does not keep."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from classify.errors import InputError
from classify.playlists.arrange import arrange
from classify.playlists.build import build
from classify.playlists.library import example_library, library_from_table
from classify.playlists.playlist import describe
from classify.playlists.request import Limits, Request

PATH = ["Happy", "Nostalgia", "Calming"]


def music(*numbers):
    return [f"music/{number}.mid" for number in numbers]


def test_what_was_built_breaks_nothing_and_has_the_same_stages():
    library, request = example_library(), Request("Calming", minutes=10, start="Happy")
    (built,) = build(library, request)
    made = arrange(library, request, [entry.song for entry in built.entries], built.path)
    assert made.violations == ()
    assert [entry.mood for entry in made.playlist.entries] == [e.mood for e in built.entries]
    assert made.playlist.certainty == built.certainty


def test_stages_never_go_back():
    library, request = example_library(), Request("Calming", minutes=30, start="Happy")
    made = arrange(library, request, music(0, 3, 5), PATH)
    stages = [PATH.index(entry.mood) for entry in made.playlist.entries]
    assert stages == sorted(stages)
    assert "mood" in {violation.kind for violation in made.violations}


def test_each_broken_wish_is_named_at_its_place():
    limits = Limits(tempo=(60, 100), no_repeat_artist=True)
    request = Request("Calming", minutes=5, limits=limits)
    made = arrange(example_library(), request, music(0, 3, 6, 0), ["Calming"])
    kinds = {(violation.position, violation.kind) for violation in made.violations}
    assert {(-1, "length"), (1, "artist"), (2, "tempo"), (2, "novel"), (2, "tempo step"),
            (3, "twice")} <= kinds  # fmt: skip
    assert [v.position for v in made.violations] == sorted(v.position for v in made.violations)


def test_every_limit_that_a_builder_keeps_is_named_where_a_person_does_not():
    table = pd.DataFrame({
        "song": ["a.mid", "b.mid", "c.mid"], "title": "", "artist": "",
        "seconds": [60.0, 60.0, 900.0],
        "tempo": [80.0, np.nan, 80.0], "loudness": 60.0, "confidence": 0.9,
        "prediction": "Calming", "in_distribution": True, "generated": [True, False, False],
        "p:Calming": 0.9, "p:Happy": 0.1,
    })  # fmt: skip
    request = Request("Calming", minutes=10)
    made = arrange(library_from_table(table), request, list(table.song), ["Calming"])
    assert [(v.position, v.kind) for v in made.violations if "step" not in v.kind] == [
        (-1, "length"), (0, "generated"), (1, "tempo"), (2, "length")]  # fmt: skip
    assert any(v.sentence == "a is made by a generator." for v in made.violations)
    allowed = replace(request, limits=Limits(allow_generated=True))
    made = arrange(library_from_table(table), allowed, ["a.mid"], ["Calming"])
    assert made.violations == ()


def test_a_locked_song_is_wanted_whatever_it_is():
    request = Request("Calming", minutes=30, limits=Limits(tempo_change=None, loudness_change=None))
    free = arrange(example_library(), request, music(1, 6), ["Calming"])
    locked = arrange(example_library(), request, music(1, 6), ["Calming"], music(6))
    assert len(free.violations) == 1 and locked.violations == ()
    assert locked.playlist.entries[1].pinned


def test_an_order_by_hand_is_not_called_the_best():
    made = arrange(example_library(), Request("Calming", minutes=30), music(0, 1), ["Calming"])
    text = " ".join(describe(made.playlist))
    assert "A person put the songs in this order" in text and "No other list" not in text


def test_a_song_that_is_not_there_is_refused():
    with pytest.raises(InputError, match=r"gone\.mid: is no song of the library"):
        arrange(example_library(), Request("Calming"), ["gone.mid"], ["Calming"])
