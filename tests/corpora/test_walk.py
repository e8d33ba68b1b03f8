"""One walk over folders and archives."""

import os
import zipfile
from pathlib import Path

import pytest

from classify.corpora.walk import Skipped, walk
from classify.songs import UnusableSong

NAMES = ["b.mid", "a/c.mid", "a/d.txt", ".hidden.mid", "a/.trash/e.mid", "__MACOSX/a/._c.mid"]


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in NAMES:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    return tmp_path / "in"


def zipped(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def test_a_folder_and_its_archive_hold_the_same_files(folder, tmp_path):
    files, skipped = walk(folder)
    assert [file.name for file in files] == ["b.mid", "a/c.mid", "a/d.txt"] and not skipped
    assert all(file.path == folder / file.name and not file.member for file in files)
    archive = zipped(tmp_path / "in.zip", NAMES)
    inside, skipped = walk(archive)
    assert {file.name for file in inside} == {file.name for file in files} and not skipped
    assert all(file.path == archive and file.member == file.name for file in inside)


def test_names_start_from_the_root_and_show_no_odd_bytes(folder):
    odd = os.fsdecode(b"\xff.mid")
    (folder / "a" / odd).touch()
    files, _ = walk(folder / "a", folder)
    assert [file.name for file in files] == ["a/c.mid", "a/d.txt", r"a/\xff.mid"]
    assert files[-1].path == folder / "a" / odd


def test_members_with_backslashes_and_names_that_climb(tmp_path):
    files, skipped = walk(zipped(tmp_path / "x.zip", ["a\\b.mid", "../c.mid"]))
    assert [(file.name, file.member) for file in files] == [("a/b.mid", "a\\b.mid")]
    assert skipped == [Skipped("../c.mid", "has a name that climbs out of its archive")]


def test_a_linked_folder_is_walked_once(folder):
    (folder / "z").symlink_to(folder / "a")
    (folder / "a" / "round").symlink_to(folder)
    assert len(walk(folder)[0]) == 3


def test_a_file_that_is_no_archive_is_refused(folder):
    with pytest.raises(UnusableSong, match="is not a zip archive"):
        walk(folder / "b.mid")
