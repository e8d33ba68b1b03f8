"""What was computed of songs, kept beside their notes, so that nothing is computed twice.

A description is an array, kept bit by bit under a hash of all that decides it: the notes
themselves, how they were cut, and the version of what describes them. So a changed song, another
window or a new feature finds nothing, and a song that was renamed or stands in two corpora is
described once.

All stand in one SQLite file in the store's folder. Every row carries a checksum: one that was
damaged counts as not there, and a file that SQLite cannot use any more is begun anew. The file
grows to `MOST_BYTES` or a quarter of what is free on its disk, whichever is less; then the oldest
third is forgotten.
"""

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classify.corpora.index import is_damage
from classify.files import free_bytes

NAME = "descriptions.sqlite"

#: Bytes that descriptions may take: songs described as wholes take 6 kB each, windows 3 kB.
MOST_BYTES = 8 * 2**30

#: Bytes of the largest description that is kept: of a song that lasts for hours.
LARGEST = 2**22

#: Keys that are asked for at once; SQLite takes 999 values anywhere.
AT_ONCE = 500

#: Nothing waits for the disk: what a power failure leaves is known by its checksums.
START = """
PRAGMA auto_vacuum = FULL; PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS descriptions (key BLOB PRIMARY KEY, value BLOB, seal BLOB);
"""

_log = logging.getLogger("classify")

#: Files that cannot be used, of which a line has said so.
_said: set[Path] = set()


class Descriptions:
    """The descriptions in a store's folder, for a `with` block.

    What goes wrong with the file costs time and never a result: it is said, once, and descriptions
    are computed.

    Parameters
    ----------
    folder : Path
        Of the store.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Descriptions(Path(folder)) as kept:
    ...     kept.put({b"key": b"value"})
    ...     kept.get([b"key", b"other"])
    {b'key': b'value'}
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._base: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        try:
            self._open()
        except (sqlite3.Error, ValueError, OSError) as error:
            self._give_up(error)
        return self

    def __exit__(self, *error: object) -> None:
        if self._base:
            self._base.close()

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(self.path, timeout=60)
        self._base.executescript(START)

    def _give_up(self, error: Exception) -> None:
        """Begin anew if the file is damaged; leave it alone if it cannot be used."""
        with suppress(sqlite3.Error):
            if self._base:
                self._base.close()
        self._base = None
        if isinstance(error, OSError) or not is_damage(error):
            if self.path not in _said:
                _log.warning("%s: no descriptions are kept there (%s)", self.path, error)
            _said.add(self.path)
            return
        _log.warning("%s: was damaged (%s); songs are described anew", self.path, error)
        self.forget()
        with suppress(sqlite3.Error, OSError):
            self._open()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Give the descriptions that are kept and whole, by key."""
        found: dict[bytes, bytes] = {}
        try:
            for first in range(0, len(keys) if self._base else 0, AT_ONCE):
                some = keys[first : first + AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, value, seal FROM descriptions WHERE key IN ({marks})"
                assert self._base is not None
                for key, value, seal in self._base.execute(query, some):
                    if isinstance(value, bytes) and _seal(key, value) == seal:
                        found[key] = value
        except (sqlite3.Error, ValueError) as error:
            self._give_up(error)
        return found

    def put(self, rows: Mapping[bytes, bytes]) -> None:
        """Keep descriptions; those that are too large are not, and of very many the oldest."""
        few = {key: value for key, value in rows.items() if len(value) <= LARGEST}
        if not few or not self._base:
            return
        try:
            with self._base:
                self._base.executemany(
                    "INSERT OR REPLACE INTO descriptions VALUES (?, ?, ?)",
                    [(key, value, _seal(key, value)) for key, value in few.items()],
                )
                size = self._n_bytes(self._base)
                if size > min(MOST_BYTES, (size + free_bytes(self.path)) // 4):
                    self._base.execute(
                        "DELETE FROM descriptions WHERE rowid <= (SELECT min(rowid) + "
                        "(max(rowid) - min(rowid)) / 3 FROM descriptions)"
                    )
        except (sqlite3.Error, ValueError, OSError) as error:
            self._give_up(error)

    @staticmethod
    def _n_bytes(base: sqlite3.Connection) -> int:
        ((pages,),) = base.execute("PRAGMA page_count")
        ((size,),) = base.execute("PRAGMA page_size")
        return int(pages * size)

    def size(self) -> tuple[int, int]:
        """Give the number of descriptions, and the bytes that they take."""
        try:
            if self._base:
                ((rows,),) = self._base.execute("SELECT count(*) FROM descriptions")
                return int(rows), self._n_bytes(self._base)
        except (sqlite3.Error, ValueError) as error:
            self._give_up(error)
        return 0, 0

    def forget(self) -> None:
        """Delete all."""
        if self._base:
            self._base.close()
            self._base = None
        for ending in ("", "-journal"):
            with suppress(OSError):
                self.path.with_name(NAME + ending).unlink(missing_ok=True)


def _seal(key: bytes, value: bytes) -> bytes:
    return blake2b(key + value, digest_size=8).digest()


def find_or_compute(
    homes: Sequence[Path | None],
    keys: Sequence[bytes],
    compute: Callable[[list[int]], Sequence[bytes]],
) -> list[bytes]:
    """Give descriptions: what is kept of songs, and what has to be computed, which is then kept.

    Parameters
    ----------
    homes : sequence of Path or None
        Where the description of each song is kept; nowhere where it is None.
    keys : sequence of bytes
        A hash of all that decides each, as `key_of` makes it.
    compute : callable
        Given the places of songs in these lists: describes them, in that order.
    """
    found: dict[bytes, bytes] = {}
    with ExitStack() as stack:
        folders = dict.fromkeys(home for home in homes if home is not None)
        kept = [
            (stack.enter_context(Descriptions(home)),
             [key for key, its in zip(keys, homes, strict=True) if its == home])
            for home in folders
        ]  # fmt: skip
        for descriptions, own in kept:
            found |= descriptions.get(own)
        missing = [place for place, key in enumerate(keys) if key not in found]
        new = dict(
            zip([keys[n] for n in missing], compute(missing) if missing else (), strict=True)
        )
        for descriptions, own in kept:
            descriptions.put({key: new[key] for key in own if key in new})
    return [new[key] if key in new else found[key] for key in keys]


def key_of(version: str, *arrays: NDArray[Any]) -> bytes:
    """Hash what decides a description: the version of what describes, and what is described."""
    digest = blake2b(version.encode(), digest_size=16)
    for values in arrays:
        digest.update(f"{values.shape} {values.dtype.str}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.digest()


def version_of(*parts: str) -> str:
    """Hash the version of what describes songs: NumPy's, sources, names, or hashes of such."""
    text = "\n".join((np.__version__, *parts))
    return blake2b(text.encode(), digest_size=16).hexdigest()
