"""Notes kept on disk: what is read again, what is not, and what a kill leaves."""

import gc
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classify.compute import executor, local
from classify.corpora import reading
from classify.corpora import store as store_module
from classify.corpora.store import Store, StoredSong
from classify.errors import InputError
from classify.songs import batch, formats, midi
from classify.songs.formats import File
from tests.conftest import write_song
from tests.midi_odd.make import FILES


def library(folder: Path, n_songs: int) -> list[File]:
    """Write distinct songs that are not fresh any more."""
    paths = [write_song(folder / f"{n:03d}.mid", n, n_notes=30) for n in range(n_songs)]
    return [File(str(path)) for path in paths]


@pytest.fixture
def jobs(monkeypatch) -> list[int]:
    """How many files each piece of work was given."""
    seen: list[int] = []
    submit: Callable = local.LocalExecutor.submit

    def watched(self, task, *callbacks):
        seen.append(len(task.arguments[0]))
        return submit(self, task, *callbacks)

    monkeypatch.setattr(local.LocalExecutor, "submit", watched)
    monkeypatch.setattr(store_module, "TOO_FRESH", -(10**15))
    return seen


@pytest.fixture
def small_batches(monkeypatch):
    kinds = {name: replace(kind, batch=(4, kind.batch[1])) for name, kind in formats.KINDS.items()}
    monkeypatch.setattr(store_module, "KINDS", kinds)
    endings = {ending: kind for kind in kinds.values() for ending in kind.endings}
    monkeypatch.setattr(formats, "_KIND_OF", endings)


def test_notes_come_back_as_they_were_read(tmp_path):
    files = library(tmp_path / "songs", 5)
    jig = tmp_path / "songs" / "jig.mid"
    midi.write(jig, np.arange(6) / 2, np.ones(6) / 2, np.full(6, 60), [(0.0, 6, 8)])
    files.append(File(str(jig)))
    store = Store(tmp_path / "store")
    for file, (stored,) in zip(files, store.read(files), strict=True):
        song = midi.read(Path(file.path))
        np.testing.assert_array_equal(store.notes(stored), song.notes)
        assert (stored.n_notes, stored.seconds, stored.digest) == (
            song.n_notes,
            song.seconds,
            song.digest,
        )
        assert np.frombuffer(stored.tempi).reshape(-1, 2).tolist() == song.tempi.tolist()
        kept = store.song(stored, Path(file.path), "").metres
        assert kept.tolist() == song.metres.tolist() == [[0, 6, 8]] * (song.path == jig)


def test_songs_travel_to_other_processes_without_their_notes(tmp_path):
    (file,) = library(tmp_path / "songs", 1)
    store = Store(tmp_path / "store")
    ((stored,),) = store.read([file])
    song = store.song(stored, Path(file.path), "")
    travelled = pickle.loads(pickle.dumps(song))
    assert len(pickle.dumps(song)) < 2000
    np.testing.assert_array_equal(travelled.notes, song.notes)
    again = pickle.loads(pickle.dumps(song))
    assert again.fetch.func.__self__ is travelled.fetch.func.__self__ is not store
    again.fetch.func.__self__._shards.clear()
    for shard in (tmp_path / "store").glob("notes-*"):
        shard.write_bytes(b"damaged")
    np.testing.assert_array_equal(again.notes, song.notes)  # read anew from the file


def test_nothing_is_read_twice_whatever_it_is_called(tmp_path, jobs):
    files = library(tmp_path / "songs", 5)
    first = Store(tmp_path / "store").read(files)
    assert sum(jobs) == 5
    jobs.clear()
    assert Store(tmp_path / "store").read(files) == first
    assert jobs == []
    moved = [File(file.path.replace("songs", "renamed")) for file in files]
    (tmp_path / "songs").rename(tmp_path / "renamed")
    assert Store(tmp_path / "store").read(moved) == first  # hashed, and known
    assert sum(jobs) == 5
    assert len(list((tmp_path / "store").glob("*.parquet"))) == 1


def test_only_what_changed_is_read(tmp_path, jobs):
    files = library(tmp_path / "songs", 5)
    store = Store(tmp_path / "store")
    before = store.read(files)
    jobs.clear()
    write_song(Path(files[2].path), 99, n_notes=31)
    after = Store(tmp_path / "store").read(files)
    assert jobs == [1]
    assert [a == b for a, b in zip(after, before, strict=True)] == [True, True, False, True, True]
    assert after[2][0].n_notes == 31


def test_a_file_just_written_is_looked_at_again(tmp_path):
    """Within the clock's grain a file may change without a new time of change."""
    (file,) = library(tmp_path / "songs", 1)
    store = Store(tmp_path / "store")
    store.read([file])
    path = Path(file.path)
    state = path.stat()
    other = write_song(tmp_path / "other.mid", 5, n_notes=30).read_bytes()
    assert len(other) == state.st_size or path.write_bytes(other)
    path.write_bytes(other)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    ((stored,),) = store.read([file])
    assert stored.digest == midi.digest(other)


def test_equal_files_are_stored_once(tmp_path, small_batches):
    files = library(tmp_path / "songs", 6)
    for number in (0, 3, 5):
        shutil.copy(files[number].path, tmp_path / "songs" / f"9{number}.mid")
    files += [File(str(tmp_path / "songs" / f"9{n}.mid")) for n in (0, 3, 5)]
    found = Store(tmp_path / "store").read(files, n_workers=2)
    assert [found[6], found[7], found[8]] == [found[0], found[3], found[5]]
    notes = pd.concat([pd.read_parquet(p) for p in (tmp_path / "store").glob("*.parquet")])
    assert len(notes) == 6 * 30 and notes["song"].nunique() == 6


def test_the_parquet_files_open_in_pandas(tmp_path):
    files = library(tmp_path / "songs", 3)
    ((stored, *_), *_) = Store(tmp_path / "store").read(files)
    (shard,) = (tmp_path / "store").glob("*.parquet")
    notes = pd.read_parquet(shard)
    assert set(notes.columns) == {
        "song", "onset", "duration", "beat", "pitch", "velocity", "program", "drum",
    }  # fmt: skip
    own = notes[notes["song"] == stored.digest]
    assert len(own) == 30 and own["onset"].is_monotonic_increasing


def test_files_that_give_no_song_are_kept_in_mind_too(tmp_path, jobs):
    path = tmp_path / "text.mid"
    path.write_bytes(FILES["text.mid"])
    ((refused,),) = Store(tmp_path / "store").read([File(str(path))])
    assert "is not a MIDI file" in refused.reason
    jobs.clear()
    assert Store(tmp_path / "store").read([File(str(path))]) == [[refused]]
    assert jobs == []


def test_a_file_that_cannot_be_opened_is_tried_again(tmp_path):
    file = File(str(tmp_path / "late.mid"))
    ((refused,),) = Store(tmp_path / "store").read([file])
    assert refused.reason == "cannot be opened: No such file or directory"
    write_song(Path(file.path), 1)
    ((stored,),) = Store(tmp_path / "store").read([file])
    assert stored.n_notes == 40


@pytest.mark.parametrize("how", ["cut", "empty", "random", "gone", "swapped"])
def test_a_damaged_shard_is_named_and_read_anew(tmp_path, small_batches, caplog, how):
    files = library(tmp_path / "songs", 8)  # in two shards
    store = Store(tmp_path / "store")
    before = store.read(files)
    notes = [store.notes(song) for (song,) in before]
    shard, other = (tmp_path / "store" / f"notes-{before[n][0].shard}.parquet" for n in (0, 7))
    kept = other.stat().st_mtime_ns
    store = Store(tmp_path / "store")
    assert store.read(files) == before
    data = shard.read_bytes()
    damaged = {"cut": data[:100], "empty": b"", "random": os.urandom(len(data)),
               "swapped": other.read_bytes()}  # fmt: skip
    shard.write_bytes(damaged[how]) if how in damaged else shard.unlink()
    for (song,), expected in zip(before, notes, strict=True):
        np.testing.assert_array_equal(store.notes(song), expected)
    assert [r.getMessage().endswith("its songs are read anew") for r in caplog.records] == [True]
    assert shard.name in caplog.text and shard.read_bytes() == data
    assert other.stat().st_mtime_ns == kept
    assert Store(tmp_path / "store").read(files) == before


def test_any_flipped_bit_of_a_shard_changes_nothing(tmp_path):
    """A bit of each byte in turn, and at last of bytes that a file has lost meanwhile."""
    (file,) = library(tmp_path / "songs", 1)
    store = Store(tmp_path / "store")
    ((stored,),) = store.read([file])
    expected = store.notes(stored)
    (shard,) = (tmp_path / "store").glob("*.parquet")
    data = shard.read_bytes()
    for place in range(0, len(data), 29):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        shard.write_bytes(flipped)
        store._shards.clear()
        np.testing.assert_array_equal(store.notes(stored), expected)
    shard.write_bytes(data[:-1])
    store._shards.clear()
    Path(file.path).unlink()
    with pytest.raises(InputError, match=r"notes-.* was damaged, and .*000.mid is not as it was"):
        store.notes(stored)


def facts(store: Store, found: list[list[StoredSong]]) -> list[tuple]:
    """All that is known of songs but for where their notes are, and the notes."""
    songs = [song._replace(shard="", first=0) for parts in found for song in parts]
    notes = [store.notes(s).tobytes() for parts in found for s in parts if s.n_notes]
    return [*songs, *notes]


def test_any_flipped_bit_of_the_index_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv(executor.VARIABLE, "inline")
    files = library(tmp_path / "songs", 3)
    path = tmp_path / "songs" / "text.mid"
    path.write_bytes(FILES["text.mid"])
    files.append(File(str(path)))
    store = Store(tmp_path / "store")
    expected = facts(store, store.read(files))
    store._index.begin_anew()
    assert facts(store, store.read(files)) == expected
    with sqlite3.connect(tmp_path / "store" / "index.sqlite") as index:
        index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    index.close()
    data = (tmp_path / "store" / "index.sqlite").read_bytes()
    used = [place for place, byte in enumerate(data) if byte]
    for number in range(40):
        damaged = tmp_path / f"damaged-{number}"
        shutil.copytree(
            tmp_path / "store", damaged, ignore=shutil.ignore_patterns("*-wal", "*-shm")
        )
        flipped = bytearray(data)
        flipped[used[number * len(used) // 40]] ^= 1 << number % 8
        (damaged / "index.sqlite").write_bytes(flipped)
        store = Store(damaged)
        assert facts(store, store.read(files)) == expected, used[number * len(used) // 40]


@pytest.mark.parametrize("damage", [b"", b"this is no database, as anyone can see" * 99])
def test_an_index_that_is_none_is_begun_anew(tmp_path, damage):
    files = library(tmp_path / "songs", 2)
    before = Store(tmp_path / "store").read(files)
    gc.collect()  # closes the index
    for left in (tmp_path / "store").glob("index.sqlite?*"):
        left.unlink()
    (tmp_path / "store" / "index.sqlite").write_bytes(damage)
    assert Store(tmp_path / "store").read(files) == before
    assert len(list((tmp_path / "store").glob("*.parquet"))) == 1


def test_a_place_that_is_no_store_is_one_sentence(tmp_path):
    (tmp_path / "store" / "index.sqlite").mkdir(parents=True)
    with pytest.raises(InputError, match="cannot be used to keep songs in"):
        Store(tmp_path / "store")


def content(folder: Path) -> tuple[dict[str, bytes], list[tuple]]:
    """All that a store holds: Parquet files byte for byte, the index row for row."""
    shards = {path.name: path.read_bytes() for path in sorted(folder.glob("*.parquet"))}
    with sqlite3.connect(folder / "index.sqlite") as index:
        return shards, index.execute("SELECT * FROM songs").fetchall()


def test_a_killed_reading_ends_with_the_same_store(tmp_path, small_batches):
    files = library(tmp_path / "songs", 60)
    for n in range(0, 40, 7):  # copies among them, so that a kill may fall between two
        shutil.copy(files[n].path, tmp_path / "songs" / f"copy{n}.mid")
        files.append(File(str(tmp_path / "songs" / f"copy{n}.mid")))
    Store(tmp_path / "whole").read(files, n_workers=2)
    code = (
        "import sys, time, dataclasses; from pathlib import Path\n"
        "from classify.corpora import store; from classify.songs import formats\n"
        "def said(done, total): print(done, flush=True); time.sleep(0.1)\n"
        "if __name__ == '__main__':\n"
        "    k = {n: dataclasses.replace(x, batch=(4, x.batch[1]))"
        " for n, x in formats.KINDS.items()}\n"
        "    store.KINDS = k\n"
        "    formats._KIND_OF = {e: x for x in k.values() for e in x.endings}\n"
        "    files = [formats.File(p) for p in sys.argv[2:]]\n"
        "    store.Store(Path(sys.argv[1])).read(files, said)\n"
    )
    (tmp_path / "read.py").write_text(code)
    root = str(Path(__file__).parent.parent.parent)
    command = [sys.executable, str(tmp_path / "read.py"), str(tmp_path / "killed")]
    for stop in (8, 24, 44):
        program = subprocess.Popen(
            [*command, *(file.path for file in files)], stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": root},
        )  # fmt: skip
        assert program.stdout is not None
        for line in program.stdout:
            if int(line) >= stop:
                program.send_signal(signal.SIGKILL)
        program.wait()
    assert 0 < len(content(tmp_path / "killed")[1]) < 60
    Store(tmp_path / "killed").read(files, n_workers=2)
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


def test_files_that_harm_their_reader_are_the_only_ones_lost(tmp_path, monkeypatch, jobs):
    """The reader of scores is handed texts on which it loops, dies, fails or eats all memory."""
    kind = replace(formats.KINDS["abc"], seconds=8)
    monkeypatch.setitem(formats.KINDS, "abc", kind)
    monkeypatch.setattr(formats, "_KIND_OF", formats._KIND_OF | dict.fromkeys(kind.endings, kind))
    monkeypatch.setattr(reading, "read_batch", _harmed)
    names = ["a", "crash", "b", "c", "balloon", "hang", "d"]
    files = []
    for number, name in enumerate(names):
        path = tmp_path / f"{name}.abc"
        path.write_text(f"X:1\nT:{name}\nM:4/4\nL:1/4\nK:C\n{'CDEFGABc'[number]}4|\n")
        files.append(File(str(path)))
    store = Store(tmp_path / "store")
    found = store.read(files, n_workers=1)
    assert {song.title for (song,) in found if not song.reason} == {"a", "b", "c", "d"}
    assert all(len(store.notes(song)) == 1 for (song,) in found if not song.reason)
    reasons = {name: song.reason for name, (song,) in zip(names, found, strict=True) if song.reason}
    assert reasons == {
        "crash": "makes the reader crash (SIGSEGV)",
        "balloon": "needs more than 3 GB of memory to be read",
        "hang": "takes longer than 8 s to read",
    }
    jobs.clear()
    assert Store(tmp_path / "store").read(files) == found  # each was alone when that was found
    assert jobs == []
    assert Store(tmp_path / "store").forget_problems() == 3
    monkeypatch.setattr(reading, "read_batch", batch.read_batch)
    assert all(not song.reason for (song,) in Store(tmp_path / "store").read(files, n_workers=1))
    assert jobs == [3]


def test_what_failed_in_company_is_tried_alone(tmp_path, monkeypatch, small_batches):
    """Memory that a neighbour holds, or a batch too large as a whole, takes no file along."""
    monkeypatch.setenv(executor.VARIABLE, "inline")
    monkeypatch.setattr(reading, "read_batch", _crowded)
    files = library(tmp_path / "songs", 7)
    found = Store(tmp_path / "store").read(files)
    assert [song.n_notes for (song,) in found] == [30, 30, 30, 30, 30, 0, 30]
    assert found[5][0].reason == "makes the reader fail (OperationalError: disk I/O error)"


def _crowded(files, *rest):
    """Fail in company, at its second file or when all have been read; fail at one even alone."""
    made = batch.read_batch(files, *rest)
    if len(files) == 3:
        raise MemoryError
    if len(files) > 1:
        with batch.Mark(rest[2]) as mark:
            mark.at(1)
            raise sqlite3.OperationalError("disk I/O error")
    if files[0].path.endswith("005.mid"):
        raise sqlite3.OperationalError("disk I/O error")
    return made


def _harmed(*arguments):
    """Read a batch where one kind of file does harm (in the process that reads)."""
    from classify.songs import batch, score

    plain = score.to_midi

    def to_midi(data: bytes, ending: str):
        if b"T:crash" in data:
            os.kill(os.getpid(), signal.SIGSEGV)
        if b"T:hang" in data:
            executor.deadline(0.5)
            sum(range(10**12))
        if b"T:balloon" in data:
            bytearray(8 * 2**30)
        yield from plain(data, ending)

    score.to_midi = to_midi
    try:
        return batch.read_batch(*arguments)
    finally:
        score.to_midi = plain
