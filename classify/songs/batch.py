"""One piece of work of a reading process: some files to one Parquet file of notes.

The process that wants the songs gets a few facts about each; the notes themselves go to disk.
"""

import ctypes
import math
import mmap
import struct
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from classify.compute.executor import deadline, emit
from classify.songs import archive, midi
from classify.songs.formats import File, FileFormat, SongBytes, as_midi
from classify.songs.song import NOTE, UnusableSong
from classify.songs.table import NoteTable, NoteTableBuilder

#: Songs of one file that are read, and letters of a title that are kept.
MOST_PARTS, MOST_LETTERS = 10_000, 500

#: Changes of tempo, or of metre, in one song.
MOST_CHANGES = 100_000

#: What stands in a `Mark` where no file in particular is being read.
NO_FILE = -1

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


class Mark:
    """Which file of a batch is being read: a number on disk, there whatever becomes of the process.

    It is beside the Parquet file, and gone when the block ends well.

    Parameters
    ----------
    shard : str
        Path of the Parquet file.
    """

    def __init__(self, shard: str) -> None:
        self.path = Path(f"{shard}.at")

    def __enter__(self) -> "Mark":
        with self.path.open("wb+") as file:
            file.write(NUMBER.pack(NO_FILE))
            file.flush()  # so that there is room on the disk
            self._memory = mmap.mmap(file.fileno(), NUMBER.size)
        return self

    def at(self, number: int) -> None:
        """Say which file is read from now on."""
        NUMBER.pack_into(self._memory, 0, number)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._memory.close()
        if kind is None:
            self.path.unlink()

    def take(self) -> int | None:
        """Give the file at which a batch ended, if it was at one, and remove the mark."""
        try:
            (number,) = NUMBER.unpack(self.path.read_bytes())
        except (OSError, struct.error):
            return None
        self.path.unlink()
        return None if number == NO_FILE else int(number)


NUMBER = struct.Struct("=q")


def read_batch(
    files: Sequence[File],
    kind: FileFormat,
    known: Callable[[str, list[str]], set[str]],
    shard: str,
    seconds: float,
    alone: bool,
) -> Batch:
    """Read files of one kind and write their notes.

    Before each file its number is marked (`Mark`): a file on which the process dies, or runs out of
    memory, is known by that.

    Parameters
    ----------
    files : sequence of File
        What to read.
    kind : FileFormat
        What they are.
    known : callable
        Given a reader and digests, says which of them need not be read again.
    shard : str
        Path of the Parquet file to write.
    seconds : float
        Time that each file may take.
    alone : bool
        Whether this is one file in a process that has read no other, so that it is its own fault
        if memory does not suffice or the reader fails. Otherwise the whole batch fails by that.

    Raises
    ------
    Exception
        Whatever goes wrong with a file that is not alone.
    """
    _keep_freed_memory()
    emit("begun")
    with Mark(shard) as mark:
        batch, gathered = Batch(), _Gathered(kind, seconds, alone, mark)
        _gather(files, kind, known, batch, gathered)
        mark.at(NO_FILE)
        table = gathered.notes.table()
        batch.songs = gathered.failed + gathered.placed(table)
        batch.n_notes = write_shard(Path(shard), gathered.names(), table)
    return batch


def _gather(
    files: Sequence[File],
    kind: FileFormat,
    known: Callable[[str, list[str]], set[str]],
    batch: Batch,
    gathered: "_Gathered",
) -> None:
    """Open files, and read those that are not known."""
    contents: dict[str, _Content] = {}
    held = 0
    with ExitStack() as open_archives:
        archives: dict[str, zipfile.ZipFile] = {}
        for number, file in enumerate(files):
            gathered.mark.at(number)
            try:
                data, digest = opened(file, kind, archives, open_archives)
            except UnusableSong as reason:
                batch.digests.append("")
                batch.unopened[number] = str(reason)
                continue
            batch.digests.append(digest)
            contents[digest] = _Content(number, data, file)
            held += len(data)
            if held > 4 * kind.batch[1]:  # files in archives can be larger than thought
                gathered.add(contents, known)
                held = 0
    gathered.add(contents, known)


class _Content(NamedTuple):
    """What is in a file, until it is read."""

    number: int
    data: bytes
    file: File


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


class _Gathered:
    """The songs of a batch, while they are read."""

    def __init__(self, kind: FileFormat, seconds: float, alone: bool, mark: Mark) -> None:
        self.kind, self.seconds, self.alone, self.mark = kind, seconds, alone, mark
        self.failed: list[ParsedSong] = []
        self.added: set[str] = set()
        self.notes = NoteTableBuilder()
        self.owners: list[tuple[str, int, SongBytes, str]] = []  # digest, part, song, repaired

    def add(
        self, contents: dict[str, _Content], known: Callable[[str, list[str]], set[str]]
    ) -> None:
        """Add the songs of files that are not known, and forget their bytes."""
        for digest in known(self.kind.reader, list(contents)) | self.added:
            contents.pop(digest, None)
        for digest, (number, data, file) in contents.items():
            self.mark.at(number)
            deadline(self.seconds)
            self.add_file(digest, data, file)
        deadline(0)
        self.added |= contents.keys()
        contents.clear()

    def add_file(self, digest: str, data: bytes, file: File) -> None:
        """Add the songs of one file, or the reason why there are none."""
        number = 0
        try:
            for part in as_midi(data, file, self.kind, self.seconds):
                if number >= MOST_PARTS:
                    raise UnusableSong(f"holds more than {MOST_PARTS:,} songs")
                if part.title:
                    part = part._replace(title=_kept(part.title))
                self._add_part(digest, number, part)
                number += 1
            if not number:
                raise UnusableSong("has no song in it")
        except UnusableSong as reason:
            self._fail(digest, number, str(reason))
        except MemoryError:
            if not self.alone:
                raise
            self._fail(digest, number, self.kind.too_much_memory)
        except RecursionError:
            self._fail(digest, number, "is nested too deeply")
        except Exception as error:  # a fault of ours, or for want of memory that others have
            if not self.alone:
                raise
            self._fail(digest, number, f"makes the reader fail ({type(error).__name__}: {error})")

    def _add_part(self, digest: str, number: int, part: SongBytes) -> None:
        try:
            if part.reason:
                raise UnusableSong(part.reason)
            scanned = midi.scan(part.data)
            changes = max(len(scanned.score.tempos), len(scanned.score.time_signatures))
            if changes > MOST_CHANGES:
                raise UnusableSong(
                    f"changes tempo or metre {changes:,} times; {MOST_CHANGES:,} are accepted"
                )
        except UnusableSong as reason:
            self._fail(digest, number, str(reason), part.title)
            return
        self.notes.add(scanned._replace(origin=part.origin) if part.origin else scanned)
        about = SongBytes(part.title, loudness=part.loudness, artist=part.artist)
        self.owners.append((digest, number, about, scanned.repaired))

    def _fail(self, digest: str, number: int, reason: str, title: str = "") -> None:
        self.failed.append(ParsedSong(digest, number, title, reason=_kept(reason)))

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
                    artist=_kept(song.artist),
                )
            )
        return songs


def _kept(text: str) -> str:
    """Shorten what a stranger's file says of itself, and leave out what is no text."""
    if not text:
        return ""
    return text[:MOST_LETTERS].encode("utf-8", "replace").decode()


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
