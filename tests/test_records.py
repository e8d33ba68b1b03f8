"""Records: every wrong field is named in one sentence, and no place of this machine is kept."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.errors import InputError
from classify.records import (
    DuplicateKey,
    Positive,
    Record,
    loads,
    portable,
    recall,
    remember,
    typed,
)

FILE = Path("mine.json")


class Inner(Record, frozen=True):
    """Something with a number and counts."""

    size: Positive
    counts: dict[str, int]


class Outer(Record, frozen=True):
    """Something with others in it."""

    inner: Inner | None
    all: list[Inner]
    note: str = ""


RIGHT = {"size": 1, "counts": {"a": 1}}
WHOLE = {"inner": RIGHT, "all": [RIGHT], "note": "x"}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (WHOLE | {"inner": RIGHT | {"size": "big"}}, "inner.size is 'big'; expected a number"),
        (WHOLE | {"inner": RIGHT | {"size": 0}}, "inner.size is 0; expected a number above 0"),
        (WHOLE | {"all": [RIGHT, {"size": 1}]}, "lacks the field 'counts' in all[1]; expected an"),
        (WHOLE | {"all": None}, "all is null; expected a list"),
        (
            WHOLE | {"inner": RIGHT | {"counts": {"b": "two"}}},
            "inner.counts.b is 'two'; expected a",
        ),
        (WHOLE | {"extra": 1}, "has an unknown field 'extra'; expected any of inner, all, note"),
        (
            WHOLE | {"inner": RIGHT | {"more": 1}},
            "has an unknown field 'more' in inner; expected any of size, counts",
        ),
        ({"all": []}, "lacks the field 'inner'; expected an object or null"),
        (WHOLE | {"note": True}, "note is True; expected text"),
        ([], "it is a list; expected an object"),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_what_would_do(value, sentence):
    with pytest.raises(InputError) as caught:
        typed(value, Outer, FILE)
    assert f"mine.json: {sentence}" in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_right_is_read_and_written_the_same():
    record = typed(WHOLE, Outer, FILE)
    assert record.as_dict() == WHOLE and typed(record.as_dict(), Outer, FILE) == record


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-1, 1) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["inner", "all", "note", "size", "counts"]), inner)
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_any_json_is_read_or_refused_in_a_sentence(value):
    try:
        assert isinstance(typed(value, Outer, FILE), Outer)
    except InputError as error:
        assert str(error).startswith("mine.json: ") and "\n" not in str(error)


def test_a_key_that_is_given_twice_is_refused():
    assert loads('{"a": {"b": 1}, "b": 2}') == {"a": {"b": 1}, "b": 2}
    with pytest.raises(DuplicateKey, match="the key 'b' is given twice"):
        loads('{"a": {"b": 1, "b": 1}}')


def test_paths_are_shortened_to_what_means_something_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given_text, kept in (
        ("songs", "songs"),
        ("data/songs", "data/songs"),
        ("../songs", "../songs"),
        (f"{tmp_path}/data/songs", "data/songs"),
        ("/home/me/songs", "songs"),
        ("/home/me/songs/", "songs"),
        ("~/songs", "~/songs"),
        ("emopia:/data/EMOPIA_2.2", "emopia:EMOPIA_2.2"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        (
            "classify train '/home/me/my songs' --out=/x/model",
            "classify train 'my songs' --out=model",
        ),
        (
            "compare(Settings(corpus='/home/me/songs', hop=1))",
            "compare(Settings(corpus='songs', hop=1))",
        ),
    ):
        assert portable(given_text) == kept


def test_places_are_remembered_on_this_machine():
    assert recall("a hash", "songs") == "songs"
    remember("a hash", "/home/me/songs")
    assert recall("a hash", "songs") == "/home/me/songs"
    assert json.dumps(recall("another", "songs")) == '"songs"'
