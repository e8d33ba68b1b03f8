"""Parsed notes kept on disk, so that no song is read twice, whatever its file is called.

A store is a folder:

- `notes-000001.parquet` and so on: one row a note, with the columns of `classify.songs.NOTE` and
  `song`, the hash of the file's content; pandas, Polars, DuckDB and Dask open them as they are;
- `index.sqlite`: which file had which content when it was last looked at (`files`), and which songs
  a content holds, where their notes are, or why there are none (`songs`).

Files are read in batches, in order; a batch is recorded in one step when all before it are. A
reading that is killed therefore leaves the first batches, whole, and goes on with the next: what
it ends with is what an undisturbed one gives. Deleting the folder loses nothing but time.
"""

import os
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from classify.compute.executor import Task, TaskDied, make_executor, n_cores, task_name
from classify.errors import InputError
from classify.songs.batch import Batch, ParsedSong, opened, read_batch, without
from classify.songs.formats import KINDS, File, FileFormat, kind_of
from classify.songs.song import NOTE, Song, UnusableSong
from classify.songs.table import as_notes

#: Part of the folder's name; raised when what is written changes.
VERSION = 3

#: Notes of so many shards are kept in memory.
SHARDS_IN_MEMORY = 2

#: A file changed within so many nanoseconds before it was read may have changed again unseen.
TOO_FRESH = 2 * 10**9

#: Recorded steps survive a kill; the rare merging of the log is what waits for the disk.
PRAGMAS = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 10000;
"""

TABLES = """
CREATE TABLE IF NOT EXISTS files (
    folder BLOB, name BLOB, size INT, changed INT, moved INT, read_at INT, digest BLOB,
    PRIMARY KEY (folder, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS songs (
    digest BLOB, reader TEXT, part INT, title TEXT, shard INT, first INT, n_notes INT,
    seconds REAL, tempi BLOB, metres BLOB, repaired TEXT, reason TEXT, origin TEXT, loudness REAL,
    artist TEXT,
    PRIMARY KEY (digest, reader, part)) WITHOUT ROWID;
"""


class StoredSong(NamedTuple):
    """One song in the store, or why a file gives none."""

    digest: str
    part: int
    title: str
    shard: int
    first: int
    n_notes: int
    seconds: float
    tempi: bytes
    metres: bytes
    repaired: str
    reason: str
    origin: str = ""
    loudness: float | None = None
    artist: str = ""


#: Columns of a song in the index, as `StoredSong` has them.
SONG = "songs.digest, " + ", ".join(StoredSong._fields[1:])


class Store:
    """Songs that were read before, and the way to read more.

    Parameters
    ----------
    folder : Path
        Where it is kept; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shards: OrderedDict[int, tuple[NDArray[np.void], _Owners]] = OrderedDict()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._index = sqlite3.connect(folder / "index.sqlite", timeout=60)
            self._index.executescript(PRAGMAS)
            self._index.executescript(TABLES)
            self._lock = FileLock(folder / ".lock")
            self._forget_lost_shards()
        except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
            raise self._broken(error) from None

    def _broken(self, error: Exception) -> InputError:
        return InputError(
            f"{self.folder}: cannot be used to keep songs in ({error}); delete it, or name another "
            f"place with the environment variable CLASSIFY_CACHE"
        )

    def read(
        self,
        files: Sequence[File],
        on_song: Callable[[int, int], None] = lambda done, total: None,
        n_workers: int | None = None,
    ) -> list[list[StoredSong]]:
        """Give the songs of files, reading those that are new or were changed.

        Parameters
        ----------
        files : sequence of File
            Of the kinds in `classify.songs.formats.KINDS`.
        on_song : callable, optional
            Called with (files done, files in all).
        n_workers : int, optional
            Processes that read at once; one per core unless given.

        Returns
        -------
        list of list of StoredSong, length n_files
            The songs of each file in order; one without a shard says why there is no song.
        """
        lookups = _lookups(files)
        try:
            self._read(lookups, on_song, n_workers or n_cores())
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._broken(error) from None
        return [lookup.songs for lookup in lookups]

    def _read(
        self, lookups: "list[FileLookup]", on_song: Callable[[int, int], None], n_workers: int
    ) -> None:
        """Give each file its songs."""
        self._look_up(lookups)
        missing = [lookup for lookup in lookups if not lookup.songs]
        on_song(len(lookups) - len(missing), len(lookups))
        if missing:
            with self._alone(missing):
                missing = [lookup for lookup in missing if not lookup.songs]
                for left in self.folder.glob(".batch-*"):  # by a reading that was killed
                    left.unlink(missing_ok=True)
                already = len(lookups) - len(missing)
                for done in self._read_new(missing, n_workers):
                    already += done
                    on_song(already, len(lookups))

    def song(self, stored: StoredSong, path: Path, title: str) -> Song:
        """Make a Song whose notes are fetched from here; `title` is for one that has none."""
        return Song(
            path=path,
            title=stored.title or title,
            n_notes=stored.n_notes,
            seconds=stored.seconds,
            fetch=partial(self.notes, stored),
            tempi=np.frombuffer(stored.tempi).reshape(-1, 2),
            metres=np.frombuffer(stored.metres).reshape(-1, 3),
            digest=f"{stored.digest}:{stored.part}" if stored.part else stored.digest,
            repaired=stored.repaired,
            origin=stored.origin,
            loudness=float("nan") if stored.loudness is None else stored.loudness,
            artist=stored.artist,
        )

    def notes(self, song: StoredSong) -> NDArray[np.void]:
        """Fetch the notes of a song: NOTE rows, sorted by (onset, pitch)."""
        if song.shard not in self._shards:
            while len(self._shards) >= SHARDS_IN_MEMORY:
                self._shards.popitem(last=False)
            self._shards[song.shard] = self._load(song.shard)
        self._shards.move_to_end(song.shard)
        notes, owners = self._shards[song.shard]
        rows = slice(song.first, song.first + song.n_notes)
        name = f"{song.digest}:{song.part}" if song.part else song.digest
        if rows.stop > len(notes) or not owners[rows.start] == owners[rows.stop - 1] == name:
            raise InputError(
                f"{self._path(song.shard)}: holds other notes than were put there; delete "
                f"{self.folder}, and its songs are read again"
            )
        return notes[rows]

    def _load(self, shard: int) -> "tuple[NDArray[np.void], _Owners]":
        """Give the notes of a shard, and the name of each note's song."""
        path = self._path(shard)
        try:
            table = pq.read_table(path, use_threads=False).combine_chunks()
            song = table.column("song").chunk(0).dictionary_encode()
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"{path}: cannot be read ({error}); delete it, and its songs are read again"
            ) from None
        notes = as_notes({name: table.column(name).to_numpy() for name in NOTE.names or ()})
        return notes, _Owners(song.dictionary.to_pylist(), song.indices.to_numpy())

    def _path(self, shard: int) -> Path:
        return self.folder / f"notes-{shard:06d}.parquet"

    # --- what is known

    @contextmanager
    def _alone(self, missing: Sequence["FileLookup"]) -> Iterator[None]:
        """Wait until no other program writes here; it may have read what is missing meanwhile."""
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            self._lock.acquire()
            self._look_up(missing)
        try:
            yield
        finally:
            self._lock.release()

    def _look_up(self, lookups: Sequence["FileLookup"]) -> None:
        """Find the songs of each file that is as it was."""
        readers = {kind.name: kind.reader for kind in KINDS.values()}
        wanted: dict[str, dict[bytes, list[FileLookup]]] = {}
        for lookup in lookups:
            wanted.setdefault(lookup.folder, {}).setdefault(os.fsencode(lookup.name), []).append(
                lookup
            )
        for folder, names in wanted.items():
            for row in self._known(folder):
                for lookup in names.get(row[0], ()):
                    if row[5] != readers[lookup.kind.name]:
                        continue
                    now = lookup.as_looked_at()
                    fresh = max(now[1], now[2]) > row[4] - TOO_FRESH
                    if now == row[1:4] and not fresh:
                        lookup.songs.append(_stored_song(row[6:]))

    def _known(self, folder: str) -> Iterable[tuple[Any, ...]]:
        """Give every song of the files of a folder."""
        return self._index.execute(
            f"SELECT name, size, changed, moved, read_at, reader, {SONG} FROM files JOIN songs "
            "ON songs.digest = files.digest WHERE folder = ? ORDER BY name, reader, part",
            [os.fsencode(folder)],
        )

    # --- what is new

    def _read_new(self, lookups: Sequence["FileLookup"], n_workers: int) -> Iterator[int]:
        """Read files batch by batch and record each; yield how many files that were."""
        for kind in KINDS.values():
            batches = _batches([lookup for lookup in lookups if lookup.kind is kind])
            files = [[lookup.file for lookup in batch] for batch in batches]
            for number, batch in self._in_order(files, kind, n_workers):
                self._record(batches[number], batch, kind, self._beside(number))
                yield len(files[number])

    def _beside(self, number: int) -> str:
        return str(self.folder / f".batch-{os.getpid()}-{number:06d}.parquet")

    def _in_order(
        self, batches: list[list[File]], kind: FileFormat, n_workers: int
    ) -> Iterator[tuple[int, Batch]]:
        """Read batches in processes; give them in order, whichever is read first."""
        tasks = [self._task(batch, kind, number) for number, batch in enumerate(batches)]
        ready: dict[int, Batch] = {}
        following = 0
        n_workers = max(1, min(n_workers, len(tasks)))
        with make_executor(n_workers, keep_workers=True) as executor:
            numbers = {executor.submit(task): number for number, task in enumerate(tasks)}
            for future in executor.as_completed(list(numbers)):
                number = numbers[future]
                try:
                    ready[number] = future.result()
                except TaskDied:
                    ready[number] = self._with_care(batches[number], kind, number)
                while following in ready:
                    yield following, ready.pop(following)
                    following += 1

    def _task(
        self,
        files: list[File],
        kind: FileFormat,
        number: int,
        crashed_files: dict[str, str] | None = None,
    ) -> Task:
        index, shard = str(self.folder / "index.sqlite"), self._beside(number)
        return Task(
            task_name("read", kind.reader, files),
            read_batch,
            (files, kind, index, shard, crashed_files or {}),
            memory=kind.memory,
        )

    def _with_care(self, files: list[File], kind: FileFormat, number: int) -> Batch:
        """Read a batch whose process died: find out at which files it dies, and leave those out."""
        crashed_files: dict[str, str] = {}
        with make_executor(1, keep_workers=True) as executor:
            for file in files:
                try:
                    executor.submit(self._task([file], kind, number)).result()
                except TaskDied as death:
                    with suppress(UnusableSong):  # gone meanwhile: the last try says so
                        crashed_files[opened(file, kind)[1]] = kind.why_died(death)
            try:
                return executor.submit(self._task(files, kind, number, crashed_files)).result()
            except TaskDied:
                raise MemoryError(
                    f"reading {len(files)} files at once needs too much memory"
                ) from None

    def _record(
        self, lookups: list["FileLookup"], batch: Batch, kind: FileFormat, temporary: str
    ) -> None:
        """Add a batch to the store in one step."""
        (shard,) = self._index.execute("SELECT 1 + coalesce(max(shard), 0) FROM songs").fetchone()
        songs = self._first_come(batch, kind, temporary)
        if any(song.n_notes for song in songs):
            os.replace(temporary, self._path(shard))
        elif os.path.exists(temporary):
            os.unlink(temporary)
        now = time.time_ns()
        rows = [_row(song, kind, shard) for song in songs]
        with self._index:
            self._index.executemany(
                "INSERT OR REPLACE INTO songs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows
            )
            self._index.executemany(
                "INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?)",
                [
                    (*lookup.place(), *lookup.as_looked_at(), now, bytes.fromhex(digest))
                    for lookup, digest in zip(lookups, batch.digests, strict=True)
                    if digest
                ],
            )
        self._give(lookups, batch, kind, rows)

    def _give(
        self,
        lookups: list["FileLookup"],
        batch: Batch,
        kind: FileFormat,
        rows: list[tuple[Any, ...]],
    ) -> None:
        """Give each file of a batch its songs."""
        of_file: dict[str, list[StoredSong]] = {}
        for digest, _, *rest in sorted(rows, key=lambda row: row[2]):
            of_file.setdefault(digest.hex(), []).append(_stored_song([digest, *rest]))
        for number, (lookup, digest) in enumerate(zip(lookups, batch.digests, strict=True)):
            if not digest:
                unopened = batch.unopened[number]
                lookup.songs.append(StoredSong("", 0, "", 0, 0, 0, 0.0, b"", b"", "", unopened))
                continue
            if digest not in of_file:  # known before, under another name
                known = self._index.execute(
                    f"SELECT {SONG} FROM songs WHERE digest = ? AND reader = ? ORDER BY part",
                    [bytes.fromhex(digest), kind.reader],
                )
                of_file[digest] = [_stored_song(row) for row in known]
            lookup.songs += of_file[digest]

    def _first_come(self, batch: Batch, kind: FileFormat, temporary: str) -> list[ParsedSong]:
        """Leave out songs that a batch read at the same time has brought already."""
        digests = {song.digest for song in batch.songs}
        marks = ",".join("?" * len(digests))
        rows = self._index.execute(
            f"SELECT DISTINCT digest FROM songs WHERE reader = ? AND digest IN ({marks})",
            [kind.reader, *map(bytes.fromhex, digests)],
        )
        known = {row[0].hex() for row in rows}
        return without(Path(temporary), batch.songs, known) if known else batch.songs

    def _forget_lost_shards(self) -> None:
        """Forget songs whose notes are not there any more."""
        shards = [row[0] for row in self._index.execute("SELECT DISTINCT shard FROM songs")]
        lost = [(shard,) for shard in shards if shard and not self._path(shard).is_file()]
        with self._index:
            self._index.executemany("DELETE FROM songs WHERE shard = ?", lost)


@dataclass(frozen=True)
class _Owners:
    """The name of each note's song."""

    names: list[str]
    index: NDArray[np.integer]

    def __getitem__(self, note: int) -> str:
        return self.names[self.index[note]]


@dataclass(slots=True)
class FileLookup:
    """A file that is looked up, and its songs."""

    file: File
    kind: FileFormat
    folder: str
    name: str
    state: tuple[int, int, int] | None = None
    songs: list[StoredSong] = field(default_factory=list)

    def as_looked_at(self) -> tuple[int, int, int]:
        """Size, and when content and place were last changed (ns), as first looked at."""
        if self.state is None:
            try:
                about = os.stat(self.file.path)
                self.state = about.st_size, about.st_mtime_ns, about.st_ctime_ns
            except OSError:
                self.state = -1, 0, 0
        return self.state

    def place(self) -> tuple[bytes, bytes]:
        """Where it is, as the index names it."""
        return os.fsencode(self.folder), os.fsencode(self.name)


def _lookups(files: Sequence[File]) -> list[FileLookup]:
    """Prepare to look for files; an archive is the folder of what is in it."""
    folders: dict[str, str] = {}
    lookups = []
    for file in files:
        path, member = file
        kind = kind_of(member or path)
        if kind is None:
            raise ValueError(f"{file}: is of no kind that is read")
        if member:
            folder, name = path, member
        else:
            folder, slash, name = path.rpartition(os.sep)  # os.path.split, ten times as fast
            folder += slash
        if folder not in folders:
            folders[folder] = os.path.abspath(folder)
        lookups.append(FileLookup(file, kind, folders[folder], name))
    return lookups


def _batches(lookups: Sequence[FileLookup]) -> list[list[FileLookup]]:
    """Part files of one kind into batches; where one ends depends on the files in it only."""
    batches: list[list[FileLookup]] = []
    files_left = bytes_left = 0
    for lookup in lookups:
        if files_left <= 0 or bytes_left <= 0:
            batches.append([])
            files_left, bytes_left = lookup.kind.batch
        batches[-1].append(lookup)
        files_left -= 1
        size = lookup.as_looked_at()[
            0
        ]  # before the file is read, so that a change meanwhile is noticed
        bytes_left -= 0 if lookup.file.member else size
    return batches


def _stored_song(row: Sequence[Any]) -> StoredSong:
    return StoredSong(row[0].hex(), *row[1:])


def _row(song: ParsedSong, kind: FileFormat, shard: int) -> tuple[Any, ...]:
    digest, part, title, first, n_notes, *rest = song
    place = shard if n_notes else 0
    return bytes.fromhex(digest), kind.reader, part, title, place, first, n_notes, *rest
