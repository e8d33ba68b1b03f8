"""One piece of work of a reading process: some files to one Parquet file of notes.

The process that wants the songs gets a few facts about each; the notes themselves go to disk.
"""

import ctypes
import math
import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from classify.compute.executor import deadline
from classify.songs import archive, midi
from classify.songs.formats import File, FileFormat, SongBytes, as_midi
from classify.songs.song import NOTE, UnusableSong
from classify.songs.table import NoteTable, NoteTableBuilder

#: How notes are laid down: quick to write and to read, a fifth of their size in memory.
PARQUET = {
    "compression": "lz4",
    "use_dictionary": ["song"],
    "column_encoding": {name: "BYTE_STREAM_SPLIT" for name in NOTE.names or () if name != "drum"},
    "write_statistics": False,
    "write_batch_size": 2**20,
    "data_page_size": 2**24,
}


class ParsedSong(NamedTuple):
    """One song of a file, or why there is none."""

    digest: str  # of the file
    part: int = 0  # which song of the file
    title: str = ""
    first: int = 0  # where its notes begin in the Parquet file
    n_notes: int = 0
    seconds: float = 0.0
    tempi: bytes = b""
    metres: bytes = b""
    repaired: str = ""
    reason: str = ""
    origin: str = ""
    loudness: float | None = None
    artist: str = ""


@dataclass
class Batch:
    """What came of a piece of work.

    Parameters
    ----------
    digests : list of str, length n_files
        Hash of each file; empty where it could not be opened.
    songs : list of ParsedSong
        Of each file that was not known before.
    unopened : dict of int to str
        Files that could not be opened, by number, and why.
    n_notes : int
        Notes in the Parquet file.
    """

    digests: list[str] = field(default_factory=list)
    songs: list[ParsedSong] = field(default_factory=list)
    unopened: dict[int, str] = field(default_factory=dict)
    n_notes: int = 0


def read_batch(
    files: Sequence[File], kind: FileFormat, known: str, shard: str, crashed_files: dict[str, str]
) -> Batch:
    """Read files of one kind and write their notes.

    Parameters
    ----------
    files : sequence of File
        What to read.
    kind : FileFormat
        What they are.
    known : str
        Path of the store's index; files whose content is in it are not read again.
    shard : str
        Path of the Parquet file to write.
    crashed_files : dict of str to str
        Digests of files that ended the process when they were tried, and how. They are not kept
        in mind, since a busy machine may have been the reason.
    """
    _keep_freed_memory()
    batch, gathered = Batch(), _Gathered([])
    batch.songs = gathered.failed
    contents: dict[str, tuple[bytes, File]] = {}
    held = 0
    with ExitStack() as open_archives:
        archives: dict[str, zipfile.ZipFile] = {}
        for number, file in enumerate(files):
            try:
                data, digest = opened(file, kind, archives, open_archives)
                if digest in crashed_files:
                    raise UnusableSong(crashed_files[digest])
            except UnusableSong as reason:
                batch.digests.append("")
                batch.unopened[number] = str(reason)
                continue
            batch.digests.append(digest)
            contents[digest] = data, file
            held += len(data)
            if held > 4 * kind.batch[1]:  # files in archives can be larger than thought
                gathered.add(contents, kind, known)
                held = 0
    gathered.add(contents, kind, known)
    table = gathered.notes.table()
    batch.songs += gathered.placed(table)
    batch.n_notes = write_shard(Path(shard), gathered.names(), table)
    return batch


@cache
def _keep_freed_memory() -> None:
    """Keep freed memory for the next arrays: fetching it again took a tenth of the time (glibc)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(-3, 2**28)  # M_MMAP_THRESHOLD
        mallopt(-1, 2**28)  # M_TRIM_THRESHOLD
    except (OSError, AttributeError, TypeError):
        return


def opened(
    file: File,
    kind: FileFormat,
    archives: dict[str, zipfile.ZipFile] | None = None,
    stack: ExitStack | None = None,
) -> tuple[bytes, str]:
    """Read a file, and hash it; a recording's bytes stay where decoders find them.

    Raises
    ------
    UnusableSong
        As `contents_of` does.
    """
    if kind.name == "audio" and not file.member:
        return b"", midi.digest_of(file.path, kind.most_bytes)
    data = contents_of(file, kind.most_bytes, archives, stack)
    return data, midi.digest(data)


def contents_of(
    file: File,
    most_bytes: int,
    archives: dict[str, zipfile.ZipFile] | None = None,
    stack: ExitStack | None = None,
) -> bytes:
    """Read the bytes of a file, of an archive too.

    Raises
    ------
    UnusableSong
        If that cannot be done, or the file is too large.
    """
    if not file.member:
        return midi.contents(file.path, most_bytes)
    archives = {} if archives is None else archives
    with ExitStack() as opened:
        if file.path not in archives:
            try:
                archives[file.path] = (stack or opened).enter_context(zipfile.ZipFile(file.path))
            except (OSError, zipfile.BadZipFile):
                raise UnusableSong("is in an archive that cannot be opened any more") from None
        return archive.read(archives[file.path], file.member, most_bytes)


def _known(index: str, kind: FileFormat, digests: list[str]) -> set[str]:
    """Which of these are in the store's index already."""
    marks = ",".join("?" * len(digests))
    with sqlite3.connect(f"file:{index}?mode=ro", uri=True, timeout=60) as database:
        rows = database.execute(
            f"SELECT DISTINCT digest FROM songs WHERE reader = ? AND digest IN ({marks})",
            [kind.reader, *(bytes.fromhex(digest) for digest in digests)],
        ).fetchall()
    database.close()
    return {row[0].hex() for row in rows}


class _Gathered:
    """The songs of a batch, while they are read."""

    def __init__(self, failed: list[ParsedSong]) -> None:
        self.failed = failed
        self.added: set[str] = set()
        self.notes = NoteTableBuilder()
        self.owners: list[tuple[str, int, SongBytes, str]] = []  # digest, part, song, repaired

    def add(self, contents: dict[str, tuple[bytes, File]], kind: FileFormat, known: str) -> None:
        """Add the songs of files that are not known, and forget their bytes."""
        for digest in _known(known, kind, list(contents)) | self.added:
            contents.pop(digest, None)
        for digest, (data, file) in contents.items():
            deadline(kind.seconds)
            self.add_file(digest, data, file, kind)
        deadline(0)
        self.added |= contents.keys()
        contents.clear()

    def add_file(self, digest: str, data: bytes, file: File, kind: FileFormat) -> None:
        """Add the songs of one file, or the reason why there are none."""
        number = 0
        try:
            for number, part in enumerate(as_midi(data, file, kind)):
                self._add_part(digest, number, part)
        except UnusableSong as reason:
            self._fail(digest, number, str(reason))
        except MemoryError:
            gigabytes = f"{kind.memory / 2**30:.0f} GB"
            self._fail(digest, number, f"needs more than {gigabytes} of memory to be read")
        except RecursionError:
            self._fail(digest, number, "is nested too deeply")
        except Exception as error:  # a fault of ours, and no reason to stop reading a library
            self._fail(digest, number, f"makes the reader fail ({type(error).__name__}: {error})")

    def _add_part(self, digest: str, number: int, part: SongBytes) -> None:
        try:
            if part.reason:
                raise UnusableSong(part.reason)
            scanned = midi.scan(part.data)
        except UnusableSong as reason:
            self._fail(digest, number, str(reason), part.title)
            return
        self.notes.add(scanned._replace(origin=part.origin or scanned.origin))
        self.owners.append((digest, number, part._replace(data=b""), scanned.repaired))

    def _fail(self, digest: str, number: int, reason: str, title: str = "") -> None:
        self.failed.append(ParsedSong(digest, number, title, reason=reason))

    def names(self) -> list[str]:
        """Name each song that was read, as in the column `song`."""
        return [f"{digest}:{part}" if part else digest for digest, part, _, _ in self.owners]

    def placed(self, table: NoteTable) -> list[ParsedSong]:
        """Say of each song where its notes are, or why they are no music."""
        first, seconds = table.first.tolist(), table.seconds.tolist()
        songs = []
        for i, (digest, part, song, repaired) in enumerate(self.owners):
            if table.problems[i]:
                songs.append(ParsedSong(digest, part, song.title, reason=table.problems[i]))
                continue
            maps = table.tempi(i).tobytes(), table.metres(i).tobytes()
            n_notes = first[i + 1] - first[i]
            songs.append(
                ParsedSong(
                    *(digest, part, song.title, first[i], n_notes, seconds[i], *maps, repaired),
                    origin=table.origin[i],
                    loudness=None if math.isnan(song.loudness) else song.loudness,
                    artist=song.artist,
                )
            )
        return songs


def write_shard(path: Path, names: list[str], table: NoteTable) -> int:
    """Write a table of notes as Parquet, each row with the name of its song; give their number."""
    n_notes = len(table.columns["onset"])
    if n_notes:
        song = pa.DictionaryArray.from_arrays(table.owner, pa.array(names))
        columns = {"song": song} | {name: table.columns[name] for name in NOTE.names or ()}
        with suppress(FileNotFoundError):
            path.unlink()
        pq.write_table(pa.table(columns), path, **PARQUET)
    return n_notes


def without(path: Path, songs: Sequence[ParsedSong], digests: set[str]) -> list[ParsedSong]:
    """Take the songs of some files out of a batch and its Parquet file.

    Parameters
    ----------
    path : Path
        The Parquet file, written again.
    songs : sequence of ParsedSong
        The batch's songs; those that have notes are in the order of the file.
    digests : set of str
        Files whose songs are taken out.
    """
    left, pieces, first = list[ParsedSong](), list[pa.Table](), 0
    notes = pq.read_table(path) if path.is_file() else None
    for song in songs:
        if song.digest not in digests:
            left.append(song._replace(first=first))
            first += song.n_notes
            if notes is not None and song.n_notes:
                pieces.append(notes.slice(song.first, song.n_notes))
    if pieces:
        table = pa.concat_tables(pieces).combine_chunks()
        song = _renamed(table.column("song").chunk(0).dictionary_encode(), digests)
        pq.write_table(table.set_column(0, "song", song), path, **PARQUET)
    return left


def _renamed(song: pa.DictionaryArray, digests: set[str]) -> pa.DictionaryArray:
    """Leave out the names of songs that are not there, as if they had never been read."""
    names = song.dictionary.to_pylist()
    kept = [name for name in names if name.split(":")[0] not in digests]
    place = {name: number for number, name in enumerate(kept)}
    moved = np.array([place.get(name, 0) for name in names], dtype=np.int32)
    return pa.DictionaryArray.from_arrays(moved[song.indices.to_numpy()], pa.array(kept))
