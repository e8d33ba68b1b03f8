"""Files are whole or not there."""

import os
import pickle
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from classify.errors import InputError
from classify.files import (
    DiskFull,
    atomic_write,
    check_regular,
    displayable,
    on_disk,
    read_json,
    write_json,
    write_text,
)
from classify.representations.arrays import save_data


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


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "run.json")
    for path in (tmp_path / "run.json", tmp_path, Path("/dev/zero")):
        with pytest.raises(InputError, match="is not a file"):
            read_json(path)
    with pytest.raises(InputError, match="is not a file"):
        check_regular(tmp_path / "run.json")


@pytest.fixture
def no_room() -> Iterator[Callable[[], None]]:
    """Let no file grow beyond 2 kB, as on a full disk; give what takes that limit off."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, no_room):
    """An array in a file that cannot grow once ended the process where it was touched."""
    values = np.arange(4000, dtype=np.float32).reshape(100, 20, 2)
    inputs = {"notes": (values.shape, [values[:40], values[40:]])}
    refused = r"notes.npy: no space is left on its disk \(16 kB are needed, and .* are free\); make"
    with pytest.raises(DiskFull, match=refused):
        save_data(tmp_path, inputs, song=np.zeros(100))
    with pytest.raises(DiskFull, match=r"text.txt: no space is left"):
        write_text(tmp_path / "text.txt", "x" * 3000)
    assert list(tmp_path.iterdir()) == []
    no_room()
    save_data(tmp_path, inputs, song=np.zeros(100))
    np.testing.assert_array_equal(np.load(tmp_path / "notes.npy"), values)


def test_more_than_the_disk_holds_is_not_even_begun(tmp_path):
    with pytest.raises(DiskFull) as full, atomic_write(tmp_path / "x", 2**60):
        pytest.fail("was begun")
    assert str(pickle.loads(pickle.dumps(full.value))).startswith(f"{tmp_path / 'x'}: no space")


def test_every_name_is_found_by_what_is_shown_of_it(tmp_path):
    names = [
        b"caf\xe9.mid",
        rb"caf\xe9.mid",
        rb"caf\x5cxe9.mid",
        rb"a\b.mid",
        "Dvořák.mid".encode(),
    ]
    files = [tmp_path / os.fsdecode(name) for name in names]
    shown = [displayable(str(file)) for file in files]
    assert len(set(shown)) == len(names)
    for file, text in zip(files, shown, strict=True):
        assert on_disk(Path(text)) == Path(text)
        file.touch()
    assert [on_disk(Path(text)) for text in shown] == files
