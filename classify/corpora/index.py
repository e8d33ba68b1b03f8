"""What a store knows of files and of songs: one SQLite file that is never believed
unchecked.

Every row carries a checksum over all that is in it, and says how many rows its file has. A row that
does not fit its checksum, or lacks one of its siblings, counts as not there, so that the file is
read again. An index that SQLite cannot use any more is begun anew: that loses nothing but time.
"""

import marshal
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

NAME = "index.sqlite"

#: Recorded steps survive a kill; the rare merging of the log is what waits for the disk.
PRAGMAS = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 10000;
"""

TABLES = """
CREATE TABLE IF NOT EXISTS files (
    folder BLOB, name BLOB, size INT, changed INT, moved INT, read_at INT, digest BLOB, seal INT,
    PRIMARY KEY (folder, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS songs (
    digest BLOB, part INT, title TEXT, shard TEXT, first INT, n_notes INT,
    seconds REAL, tempi BLOB, metres BLOB, repaired TEXT, reason TEXT, origin TEXT, loudness REAL,
    artist TEXT, reader TEXT, n_parts INT, seal INT,
    PRIMARY KEY (digest, reader, part)) WITHOUT ROWID;
"""

#: What SQLite answers when the index is not at fault: no right, no room, another program.
NOT_DAMAGED = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH,
}  # fmt: skip


class StoredSong(NamedTuple):
    """One song in the store, or why a file gives none."""

    digest: str
    part: int
    title: str
    shard: str
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


class KnownFile(NamedTuple):
    """A file as it was when it was last read."""

    folder: bytes
    name: bytes
    size: int
    changed: int
    moved: int
    read_at: int
    digest: bytes


#: Columns of a file and of a song, in the order of their checksums.
FILE = ", ".join(f"files.{name}" for name in (*KnownFile._fields, "seal"))
SONG = ", ".join(f"songs.{name}" for name in (*StoredSong._fields, "reader", "n_parts", "seal"))
N_FILE, N_SONG = len(KnownFile._fields), len(StoredSong._fields) + 2


class Index:
    """The index of a store.

    Parameters
    ----------
    folder : Path
        Of the store.

    Raises
    ------
    sqlite3.Error
        If it cannot be used, and that is no fault of what is in it (`is_damage`).
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        try:
            self._open()
        except (sqlite3.Error, ValueError) as error:
            if not is_damage(error):
                raise
            self.begin_anew()

    def _open(self) -> None:
        self._base = sqlite3.connect(self.path, timeout=60)
        self._base.executescript(PRAGMAS)
        self._base.executescript(TABLES)

    def begin_anew(self) -> None:
        """Forget all, since what is kept cannot be used."""
        self._base.close()
        for ending in ("", "-wal", "-shm", "-journal"):
            self.path.with_name(NAME + ending).unlink(missing_ok=True)
        self._open()

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._base.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            if "decode" not in str(error):
                raise
        self._base.text_factory = _text  # takes anything, and takes longer
        return self._base.execute(query, values).fetchall()

    def shards(self) -> set[str]:
        """Name the shards in which songs have notes."""
        rows = self._rows("SELECT DISTINCT shard FROM songs")
        return {shard for (shard,) in rows if shard}

    def in_folder(
        self, folder: bytes, readers: set[str]
    ) -> Iterator[tuple[KnownFile, str, list[StoredSong]]]:
        """Give each file of a folder, the reader of its songs, and its songs; only whole ones."""
        rows = self._rows(
            f"SELECT {FILE}, {SONG} FROM files JOIN songs ON songs.digest = files.digest "
            "WHERE folder = ? ORDER BY name, reader, part",
            [folder],
        )
        for file, song in _runs(rows):
            about, reader = file[0][:N_FILE], song[0][-3]
            if reader not in readers or _seal(about) != file[0][N_FILE]:
                continue
            songs = self._whole(song)
            if songs:
                yield KnownFile(*about), reader, songs

    def of_content(self, digest: str, reader: str) -> list[StoredSong]:
        """Give the songs that a content holds; none where they are not known."""
        rows = self._rows(
            f"SELECT {SONG} FROM songs WHERE digest = ? AND reader = ? ORDER BY part",
            [bytes.fromhex(digest), reader],
        )
        return self._whole(rows)

    def among(self, digests: Sequence[str], reader: str) -> set[str]:
        """Say of which contents anything is known, whole or not."""
        return _among(self._base, digests, reader)

    def _whole(self, rows: Sequence[tuple[Any, ...]]) -> list[StoredSong]:
        """Make songs of the rows of a content; forget them where one is damaged or missing."""
        if not rows:
            return []
        n_parts = rows[0][-2]
        whole = len(rows) == n_parts and all(
            row[1] == part and row[-2] == n_parts and _seal(row[:N_SONG]) == row[N_SONG]
            for part, row in enumerate(rows)
        )
        if whole:
            return [StoredSong(row[0].hex(), *row[1 : N_SONG - 2]) for row in rows]
        with self._base:
            self._base.execute(
                "DELETE FROM songs WHERE digest = ? AND reader = ?", [rows[0][0], rows[0][-3]]
            )
        if self._base.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("malformed")  # rows may be lost that nobody misses
        return []

    def record(
        self, files: Iterable[KnownFile], songs: Iterable[tuple[StoredSong, str, int]]
    ) -> None:
        """Add files and songs (with reader, and how many songs their file has) in one step."""
        with self._base:
            self._base.executemany(
                f"INSERT OR REPLACE INTO songs VALUES ({_marks(N_SONG + 1)})",
                [
                    _sealed((bytes.fromhex(song.digest), *song[1:], reader, n_parts))
                    for song, reader, n_parts in songs
                ],
            )
            self._base.executemany(
                f"INSERT OR REPLACE INTO files VALUES ({_marks(N_FILE + 1)})",
                [_sealed(tuple(file)) for file in files],
            )

    def forget_shard(self, shard: str) -> list[str]:
        """Forget the contents that have notes in a shard; give their digests, in its order."""
        with self._base:
            rows = self._rows("SELECT digest FROM songs WHERE shard = ? ORDER BY first", [shard])
            digests = list(dict.fromkeys(row[0] for row in rows))
            self._base.executemany(
                "DELETE FROM songs WHERE digest = ?", [(digest,) for digest in digests]
            )
        return [digest.hex() for digest in digests]

    def forget_problems(self) -> int:
        """Forget the contents that could not be read, or not in full; give their number."""
        with self._base:
            digests = self._rows("SELECT DISTINCT digest FROM songs WHERE reason != ''")
            self._base.executemany("DELETE FROM songs WHERE digest = ?", digests)
        return len(digests)

    def counts(self) -> tuple[int, int]:
        """Count the songs that have notes, and those that could not be read."""
        ((songs, problems),) = self._rows("SELECT sum(reason = ''), sum(reason != '') FROM songs")
        return songs or 0, problems or 0


def known_contents(path: str, reader: str, digests: Sequence[str]) -> set[str]:
    """Say which of some contents an index holds; none where that cannot be found out.

    It is asked in the processes that read files, which then read too much rather than fail.
    """
    with (
        suppress(sqlite3.Error, MemoryError, ValueError),
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as base,
    ):
        return _among(base, digests, reader)
    return set()


def _among(base: sqlite3.Connection, digests: Sequence[str], reader: str) -> set[str]:
    rows = base.execute(
        "SELECT DISTINCT digest FROM songs WHERE reader = ? "
        f"AND digest IN ({_marks(len(digests))})",
        [reader, *(bytes.fromhex(digest) for digest in digests)],
    ).fetchall()
    return {row[0].hex() for row in rows}


def is_damage(error: Exception) -> bool:
    """Say whether an error means that what is in an index cannot be used.

    Anything that SQLite refuses counts that is not about rights, room or other programs: a table
    or a column that lacks, rows that contradict the table, a file cut short.
    """
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, ValueError)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF not in NOT_DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ


def _runs(
    rows: Sequence[tuple[Any, ...]],
) -> Iterator[tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]]:
    """Part sorted rows by file and reader: the columns of the file, and those of its songs."""
    file: list[tuple[Any, ...]] = []
    songs: list[tuple[Any, ...]] = []
    for row in rows:
        one, song = row[: N_FILE + 1], row[N_FILE + 1 :]
        if file and (one[1] != file[0][1] or song[-3] != songs[0][-3]):
            yield file, songs
            file, songs = [], []
        file.append(one)
        songs.append(song)
    if file:
        yield file, songs


def _sealed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return *row, _seal(row)


def _seal(row: tuple[Any, ...]) -> int:
    """Checksum of a row's values; the oldest form of marshal writes equal values equally."""
    return zlib.crc32(marshal.dumps(row, 0))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")  # a damaged text is for its row's checksum


def _marks(n: int) -> str:
    return ",".join("?" * n)
