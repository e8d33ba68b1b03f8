"""Files are whole or not there."""

import pytest

from classify.files import atomic_write, read_json, write_json, write_text


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    write_text(tmp_path / "a.txt", "before")
    with pytest.raises(RuntimeError), atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("half of it")
        raise RuntimeError
    assert (tmp_path / "a.txt").read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_folders_are_replaced_whole(tmp_path):
    for text in ("one", "two"):
        with atomic_write(tmp_path / "run") as temporary:
            temporary.mkdir()
            write_json(temporary / f"{text}.json", {"ü": text})
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["two.json"]
    assert read_json(tmp_path / "run" / "two.json") == {"ü": "two"}
