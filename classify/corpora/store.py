"""Parsed notes kept on disk, so that no song is read twice, whatever its file is called.

A store is a folder:

- `notes-<hash>.parquet`: one row a note, with the columns of `classify.songs.NOTE` and `song`, the
  hash of the file's content; pandas, Polars, DuckDB and Dask open them as they are. Each is called
  by the hash of what is in it, so that one that was damaged is known by its name;
- `index.sqlite`: which file had which content when it was last looked at, and which songs a content
  holds, where their notes are, or why there are none (`classify.corpora.index`);
- `descriptions.sqlite`: what was computed of notes (`classify.corpora.descriptions`).

Files are read in batches, in order; a batch is recorded in one step when all before it are. A
reading that is killed therefore leaves the first batches, whole, and goes on with the next: what
it ends with is what an undisturbed one gives. Nothing in the folder is believed unchecked: what was
damaged is read anew from the songs' files. Deleting the folder loses nothing but time.
"""

import logging
import os
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from classify.compute.executor import n_cores
from classify.corpora.descriptions import Descriptions
from classify.corpora.index import Index, KnownFile, StoredSong, is_damage, known_contents
from classify.corpora.reading import Piece, Reading
from classify.errors import InputError
from classify.files import DiskFull, cache_folder, is_full
from classify.songs.batch import ParsedSong, without
from classify.songs.formats import KINDS, File, FileFormat, kind_of
from classify.songs.song import NOTE, Song
from classify.songs.table import as_notes

#: Part of the folder's name; raised when what is written changes.
VERSION = 4

#: Notes of so many shards are kept in memory.
SHARDS_IN_MEMORY = 2

#: A file changed within so many nanoseconds before it was read may have changed again unseen.
TOO_FRESH = 2 * 10**9

SHARDS = "notes-*.parquet"

_log = logging.getLogger("classify")


class DamagedShard(Exception):
    """Notes on disk that are not those that were put there; the message says what was found."""


class Store:
    """Songs that were read before, and the way to read more.

    Parameters
    ----------
    folder : Path
        Where it is kept; made if it is not there.
    describes : bool
        Whether descriptions of its songs are kept as well (`classify.corpora.descriptions`).
    """

    def __init__(self, folder: Path, describes: bool = False) -> None:
        self.folder, self.describes = folder, describes
        self._shards: OrderedDict[str, NDArray[np.void]] = OrderedDict()
        self._files: dict[str, File] = {}  # of each content that was asked for
        self._healed: dict[tuple[str, int], StoredSong] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / ".lock")
            self._index = Index(folder)
            self._sound(self._forget_lost_shards)
        except (OSError, sqlite3.Error) as error:
            raise self._broken(error) from None

    def __reduce__(self) -> tuple[Callable[[Path], "Store"], tuple[Path]]:
        """Travel with a song to another process, where all songs share one store."""
        return _of_folder, (self.folder,)

    @classmethod
    def of_user(cls) -> "Store":
        """Open the store in the user's cache folder."""
        return cls(folder_of_user(), describes=True)

    def _broken(self, error: Exception) -> InputError:
        if is_full(error, self.folder) or "disk is full" in str(error):
            return DiskFull(self.folder)
        return InputError(
            f"{self.folder}: cannot be used to keep songs in ({error}); free it, or name another "
            f"place with the environment variable CLASSIFY_CACHE"
        )

    def _sound(self, do: Callable[[], None]) -> None:
        """Do something with the index; once more with an empty one if it proves to be damaged."""
        try:
            do()
        except (sqlite3.Error, ValueError) as error:
            if not is_damage(error):
                raise
            _log.warning("%s: was damaged (%s); songs are read anew", self._index.path, error)
            self._index.begin_anew()
            do()

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
            self._sound(lambda: self._read(lookups, on_song, n_workers or n_cores()))
        except sqlite3.Error as error:
            raise self._broken(error) from None
        for lookup in lookups:
            for song in lookup.songs[:1]:
                self._files[song.digest] = lookup.file
        return [lookup.songs for lookup in lookups]

    def _read(
        self, lookups: "list[FileLookup]", on_song: Callable[[int, int], None], n_workers: int
    ) -> None:
        """Give each file its songs."""
        for lookup in lookups:
            lookup.songs = []
        self._look_up(lookups)
        missing = [lookup for lookup in lookups if not lookup.songs]
        on_song(len(lookups) - len(missing), len(lookups))
        if not missing:
            return
        with self._alone(missing):
            self._tidy()
            for _ in range(3):  # where what was known proves to be damaged
                missing = [lookup for lookup in missing if not lookup.songs]
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
            fetch=partial(self.notes, stored, self._files.get(stored.digest)),
            tempi=np.frombuffer(stored.tempi).reshape(-1, 2),
            metres=np.frombuffer(stored.metres).reshape(-1, 3),
            digest=f"{stored.digest}:{stored.part}" if stored.part else stored.digest,
            repaired=stored.repaired,
            origin=stored.origin,
            loudness=float("nan") if stored.loudness is None else stored.loudness,
            artist=stored.artist,
            home=self.folder if self.describes else None,
        )

    def notes(self, song: StoredSong, file: File | None = None) -> NDArray[np.void]:
        """Fetch the notes of a song: NOTE rows, sorted by (onset, pitch).

        Parameters
        ----------
        song : StoredSong
            That `read` gave, here or in another process.
        file : File, optional
            Its file, where it is not known from `read`.

        Raises
        ------
        InputError
            If they were damaged on disk, and the song's file is not there any more to be read anew.
        """
        if file is not None:
            self._files.setdefault(song.digest, file)
        song = self._healed.get((song.digest, song.part), song)
        try:
            notes = self._shard(song.shard)
        except DamagedShard as damage:
            song = self._heal(song, damage)
            notes = self._shard(song.shard)
        return notes[song.first : song.first + song.n_notes]

    def _shard(self, name: str) -> NDArray[np.void]:
        """Give the notes of a shard; the last ones that were asked for are kept in memory."""
        if name not in self._shards:
            while len(self._shards) >= SHARDS_IN_MEMORY:
                self._shards.popitem(last=False)
            self._shards[name] = self._load(name)
        self._shards.move_to_end(name)
        return self._shards[name]

    def _load(self, name: str) -> NDArray[np.void]:
        try:
            data = self._path(name).read_bytes()
        except OSError as error:
            raise DamagedShard(f"cannot be read ({error.strerror})") from None
        if _name(data) != name:
            raise DamagedShard("was damaged")
        table = pq.read_table(pa.BufferReader(data), use_threads=False).combine_chunks()
        return as_notes({name: table.column(name).to_numpy() for name in NOTE.names or ()})

    def _path(self, shard: str) -> Path:
        return self.folder / f"notes-{shard}.parquet"

    def _heal(self, song: StoredSong, damage: DamagedShard) -> StoredSong:
        """Read the songs of a damaged shard anew; give the one that is wanted."""
        path = self._path(song.shard)
        with self._alone([]):
            digests = dict.fromkeys([*self._index.forget_shard(song.shard), song.digest])
            path.unlink(missing_ok=True)
        _log.warning("%s: %s; its songs are read anew", path, damage)
        for found in self.read([self._files[d] for d in digests if d in self._files]):
            self._healed |= {(one.digest, one.part): one for one in found}
        healed = self._healed.get((song.digest, song.part), song)
        if not healed.n_notes or not self._path(healed.shard).is_file():
            raise InputError(
                f"{path}: {damage}, and {self._files[song.digest].path} is not as it was any more; "
                f"run the same command again"
            )
        return healed

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
        readers = {kind.reader for kind in KINDS.values()}
        wanted: dict[str, dict[bytes, list[FileLookup]]] = {}
        for lookup in lookups:
            wanted.setdefault(lookup.folder, {}).setdefault(os.fsencode(lookup.name), []).append(
                lookup
            )
        for folder, names in wanted.items():
            for known, reader, songs in self._index.in_folder(os.fsencode(folder), readers):
                for lookup in names.get(known.name, ()):
                    now = lookup.as_looked_at()
                    fresh = max(now[1], now[2]) > known.read_at - TOO_FRESH
                    if reader == lookup.kind.reader and now == known[2:5] and not fresh:
                        lookup.songs = songs

    def _forget_lost_shards(self) -> None:
        """Forget songs whose notes are not there any more."""
        for shard in self._index.shards():
            if not self._path(shard).is_file():
                self._index.forget_shard(shard)

    def _tidy(self) -> None:
        """Delete what readings that were killed left, and notes that no song is in any more."""
        kept = {self._path(shard).name for shard in self._index.shards()}
        for left in (*self.folder.glob(".batch-*"), *self.folder.glob(SHARDS)):
            if left.name not in kept:
                left.unlink(missing_ok=True)

    def forget_problems(self) -> int:
        """Forget the files that could not be read, so that they are tried again; count them."""
        with self._alone([]):
            return self._index.forget_problems()

    def about(self, forget: str = "") -> str:
        """Say what is kept, in how many bytes, after something was forgotten.

        Parameters
        ----------
        forget : {"problems", "descriptions", ""}
            What to forget: the files that could not be read, or what was computed of songs.
        """
        said = ""
        if forget == "problems":
            said = f"{self.forget_problems():,} files that could not be read will be tried again\n"
        with Descriptions(self.folder) as descriptions:
            n_descriptions, n_bytes = descriptions.size()
            if forget == "descriptions":
                descriptions.forget()
                said = f"{n_descriptions:,} descriptions were deleted\n"
                n_descriptions = n_bytes = 0
        songs, problems = self._index.counts()
        of_notes = sum(path.stat().st_size for path in self.folder.glob(SHARDS))
        return said + (
            f"{self.folder}: {songs:,} songs are kept in {of_notes / 1e6:,.1f} MB; "
            f"{problems:,} could not be read; "
            f"{n_descriptions:,} descriptions of songs take {n_bytes / 1e6:,.1f} MB"
        )

    # --- what is new

    def _read_new(self, lookups: Sequence["FileLookup"], n_workers: int) -> Iterator[int]:
        """Read files batch by batch and record each; yield how many files that were."""
        batches = [
            (kind, batch)
            for kind in KINDS.values()
            for batch in _batches([lookup for lookup in lookups if lookup.kind is kind])
        ]
        in_order = [lookup for _, batch in batches for lookup in batch]
        reading = Reading(self.folder, partial(known_contents, str(self._index.path)), n_workers)
        for piece in reading.read([(k, [one.file for one in batch]) for k, batch in batches]):
            self._record(in_order[piece.first : piece.first + len(piece.files)], piece)
            yield len(piece.files)

    def _record(self, lookups: list["FileLookup"], piece: Piece) -> None:
        """Add what was read to the store in one step."""
        batch, reader = piece.batch, piece.kind.reader
        assert batch is not None
        parsed = self._first_come(batch.songs, piece)
        shard = self._keep(piece.shard) if any(song.n_notes for song in parsed) else ""
        if piece.shard:
            Path(piece.shard).unlink(missing_ok=True)
        songs: dict[str, list[StoredSong]] = {}
        for song in sorted(parsed, key=lambda song: song.part):
            songs.setdefault(song.digest, []).append(_stored(song, shard))
        now = time.time_ns()
        self._index.record(
            [
                KnownFile(*lookup.place(), *lookup.as_looked_at(), now, bytes.fromhex(digest))
                for lookup, digest in zip(lookups, batch.digests, strict=True)
                if digest
            ],
            [(song, reader, len(parts)) for parts in songs.values() for song in parts],
        )
        for number, (lookup, digest) in enumerate(zip(lookups, batch.digests, strict=True)):
            if not digest:
                lookup.songs = [_stored(ParsedSong("", reason=batch.unopened[number]), "")]
            else:  # known before, under another name, unless it was read just now
                lookup.songs = songs.get(digest) or self._index.of_content(digest, reader)

    def _keep(self, temporary: str) -> str:
        """Move notes to where they stay; give the shard's name."""
        with open(temporary, "rb") as file:
            shard = _name(file.read())
        os.replace(temporary, self._path(shard))
        return shard

    def _first_come(self, songs: list[ParsedSong], piece: Piece) -> list[ParsedSong]:
        """Leave out songs that a batch read at the same time has brought already."""
        reader, digests = piece.kind.reader, sorted({song.digest for song in songs})
        found = self._index.among(digests, reader)
        known = {digest for digest in found if self._index.of_content(digest, reader)}
        return without(Path(piece.shard), songs, known) if known else songs


def folder_of_user() -> Path:
    """Name the folder of the user's own store."""
    return cache_folder() / f"songs-v{VERSION}"


@lru_cache(maxsize=1)
def _of_folder(folder: Path) -> Store:
    return Store(folder)


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


def _stored(song: ParsedSong, shard: str) -> StoredSong:
    return StoredSong(shard=shard if song.n_notes else "", **song._asdict())


def _name(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
