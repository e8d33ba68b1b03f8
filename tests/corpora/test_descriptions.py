"""What was computed of songs: kept whole or computed again, in a file that does not outgrow all."""

import logging
import sqlite3

import numpy as np
import pytest

from classify.corpora import descriptions
from classify.corpora.descriptions import NAME, Descriptions, find_or_compute, key_of


def keep(folder, rows: dict[bytes, bytes]) -> None:
    with Descriptions(folder) as kept:
        kept.put(rows)


def kept_of(folder, *keys: bytes) -> dict[bytes, bytes]:
    with Descriptions(folder) as kept:
        return kept.get(keys)


def test_descriptions_come_back_as_they_were_kept(tmp_path):
    rows = {f"{number}".encode(): bytes([number % 256]) * 10 for number in range(1200)}
    keep(tmp_path, rows)
    assert kept_of(tmp_path, *rows, b"other") == rows
    with Descriptions(tmp_path) as kept:
        n_rows, n_bytes = kept.size()
        assert n_rows == 1200 and n_bytes == (tmp_path / NAME).stat().st_size
        kept.forget()
    assert not list(tmp_path.iterdir()) and kept_of(tmp_path, *rows) == {}


@pytest.mark.parametrize("value", [b"vAlue", "value", None, 1.5])
def test_a_damaged_description_is_not_believed(tmp_path, value):
    keep(tmp_path, {b"key": b"value", b"other": b"one"})
    with sqlite3.connect(tmp_path / NAME) as base:
        base.execute("UPDATE descriptions SET value = ? WHERE key = ?", [value, b"key"])
    assert kept_of(tmp_path, b"key", b"other") == {b"other": b"one"}
    keep(tmp_path, {b"key": b"value"})
    assert kept_of(tmp_path, b"key") == {b"key": b"value"}


@pytest.mark.parametrize("damage", [b"no database", b"SQLite format 3\x00" + bytes(4000)])
def test_a_damaged_file_is_begun_anew_and_that_is_said(tmp_path, caplog, damage):
    keep(tmp_path, {b"key": b"value"})
    (tmp_path / NAME).write_bytes(damage)
    assert kept_of(tmp_path, b"key") == {}
    assert "was damaged" in caplog.text
    keep(tmp_path, {b"key": b"value"})
    assert kept_of(tmp_path, b"key") == {b"key": b"value"}


def test_pages_that_were_overwritten_cost_what_stood_on_them(tmp_path, caplog):
    rows = {f"{number}".encode(): bytes(500) for number in range(500)}
    keep(tmp_path, rows)
    data = bytearray((tmp_path / NAME).read_bytes())
    data[8192:60000] = np.random.default_rng(0).bytes(60000 - 8192)
    (tmp_path / NAME).write_bytes(data)
    found = kept_of(tmp_path, *rows)
    assert all(rows[key] == value for key, value in found.items())
    keep(tmp_path, rows)
    keep(tmp_path, rows)
    assert kept_of(tmp_path, *rows) == rows


def test_where_nothing_can_be_kept_everything_is_computed_and_one_line_says_so(tmp_path, caplog):
    (tmp_path / NAME).mkdir()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert find_or_compute([tmp_path], [b"key"], lambda places: [b"value"]) == [b"value"]
    assert caplog.text.count("no descriptions are kept there") == 1


def test_the_oldest_are_forgotten_when_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(descriptions, "MOST_BYTES", 200_000)
    for number in range(40):
        keep(tmp_path, {f"{number}-{one}".encode(): bytes(1000) for one in range(10)})
        assert (tmp_path / NAME).stat().st_size < 300_000
    assert len(kept_of(tmp_path, *(f"39-{one}".encode() for one in range(10)))) == 10
    assert not kept_of(tmp_path, b"0-0", b"1-0", b"10-0")


def test_a_description_of_hours_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(descriptions, "LARGEST", 10)
    keep(tmp_path, {b"long": bytes(11), b"short": bytes(10)})
    assert kept_of(tmp_path, b"long", b"short") == {b"short": bytes(10)}


def test_only_what_is_missing_is_computed_in_order(tmp_path):
    asked = []

    def compute(places):
        asked.append(places)
        return [b"new %d" % place for place in places]

    one, two = tmp_path / "one", tmp_path / "two"
    keep(one, {b"a": b"kept a"})
    homes, keys = [one, None, one, two], [b"a", b"b", b"c", b"d"]
    expected = [b"kept a", b"new 1", b"new 2", b"new 3"]
    assert find_or_compute(homes, keys, compute) == expected
    assert find_or_compute(homes, keys, compute) == expected
    assert asked == [[1, 2, 3], [1]]  # what has no home is kept nowhere


def test_keys_tell_apart_all_that_decides():
    a, b = np.arange(6), np.arange(6.0)
    keys = [key_of("1", a), key_of("2", a), key_of("1", b), key_of("1", a.reshape(2, 3)),
            key_of("1", a[:3], a[3:]), key_of("1", a[::-1])]  # fmt: skip
    assert len(set(keys)) == len(keys) and key_of("1", a.copy()) == keys[0]
