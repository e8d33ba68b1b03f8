"""Wishes that cannot be."""

from pathlib import Path

import pytest

from classify.errors import InputError
from classify.playlists.output import Output
from classify.playlists.request import Limits, Request


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"minutes": 0}, "0 minutes"),
        ({"minutes": float("nan")}, "nan minutes"),
        ({"strategy": "slow"}, "slow: expected one of iso, direct"),
        ({"strategy": "iso"}, "--from"),
        ({"n_lists": 0}, "0 lists"),
        ({"seed": -1}, "seed of -1"),
    ],
)
def test_an_impossible_request_is_refused(fields, words):
    with pytest.raises(InputError, match=words):
        Request("Calming", **fields)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"min_confidence": 1.1}, "confidence of 1.1"),
        ({"min_confidence": float("nan")}, "confidence of nan"),
        ({"tempo": (80, 60)}, "tempo range from 80 to 60"),
        ({"loudness": (-1, 60)}, "loudness range from -1 to 60"),
        ({"tempo_change": 0}, "change of tempo of 0"),
        ({"loudness_change": -3}, "change of loudness of -3"),
    ],
)
def test_limits_that_cannot_be_are_refused(limits, words):
    with pytest.raises(InputError, match=words):
        Limits(**limits)


def test_a_present_mood_asks_for_the_iso_principle_unless_told_otherwise():
    assert Request("Calming", start="Sports").iso
    assert not Request("Calming", start="Sports", strategy="direct").iso
    assert not Request("Calming").iso


def test_an_empty_mood_and_a_file_without_a_name_are_refused():
    with pytest.raises(InputError, match="--mood is empty"):
        Request(" ")
    with pytest.raises(InputError, match="expected the name of a file"):
        Output(out=Path())
