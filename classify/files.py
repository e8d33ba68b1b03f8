"""Files and folders that are either whole or not there.

A run can be killed at any moment. Everything it leaves behind is therefore written beside its
final place and renamed, which file systems do in one step.
"""

import errno
import json
import os
import re
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from classify.errors import InputError

#: In a folder of unfinished work: what it is work for.
KEY = "key"

#: What the system answers where no more can be written, and so few bytes free that none can.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FEW_BYTES = 2**14

#: Bytes of the largest file that is read as a whole.
MOST_BYTES = 2**28

#: Open a file without waiting for the other end of a pipe, and its bytes as they are.
READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

#: Name of what is being written: of no other process, on whichever machine that sees the disk.
TEMPORARY = re.compile(r"\.[0-9a-f]{12}-[^/]+(/.*)?")

#: A byte of a file's name that is not UTF-8, as `displayable` shows it.
ESCAPED = re.compile(r"\\x([89a-f][0-9a-f]|5c)")


def cache_folder() -> Path:
    """Folder of files that can be made again: CLASSIFY_CACHE, or the user's cache folder.

    Raises
    ------
    InputError
        If that is no path on this machine.
    """
    given = os.environ.get("CLASSIFY_CACHE") or platformdirs.user_cache_dir("classify")
    if "://" in given:
        raise InputError(f"CLASSIFY_CACHE={given}: expected a folder on this machine")
    return Path(given)


def displayable(name: str) -> str:
    r"""Write a file's name as text; bytes that are not UTF-8 as `\\x` and two digits.

    No two names are shown alike: a backslash that would be taken for such a byte is `\\x5c`.

    Examples
    --------
    >>> print(displayable("caf\udce9.mid"), displayable(r"caf\xe9.mid"))
    caf\xe9.mid caf\x5cxe9.mid
    """
    plain = ESCAPED.sub(lambda found: rf"\x5c{found[0][1:]}", name)
    return plain.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def on_disk(path: Path) -> Path:
    """Find the file that was named by `displayable`, or by any text; `path` where it is not there.

    Parameters
    ----------
    path : Path
        As a table, a playlist or a person names it.
    """
    text = str(path)
    for name in dict.fromkeys((ESCAPED.sub(_byte, text), text)):
        found = Path(os.fsdecode(name.encode("utf-8", "surrogateescape")))
        if found.exists():
            return found
    return path


def _byte(escaped: re.Match[str]) -> str:
    number = int(escaped[1], 16)
    return chr(number if number < 0x80 else 0xDC00 + number)


class DiskFull(InputError):
    """There is no room for what is to be written; the same command goes on when there is.

    Parameters
    ----------
    path : Path
        What was to be written.
    needed : int
        Its bytes, where they are known.
    """

    def __init__(self, path: Path, needed: int = 0) -> None:
        self.path, self.needed = path, needed
        wants = f"{_size(needed)} are needed, and " if needed else ""
        super().__init__(
            f"{path}: no space is left on its disk ({wants}{_size(free_bytes(path))} are free); "
            f"make room there, and give the same command again"
        )

    def __reduce__(self) -> tuple[type["DiskFull"], tuple[Path, int]]:
        return DiskFull, (self.path, self.needed)


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 10**6 else f"{n_bytes / 1e3:,.0f} kB"


def free_bytes(path: Path) -> int:
    """Say how much can be written where a file is or will be."""
    folder = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(folder).free


def is_full(error: BaseException, path: Path) -> bool:
    """Say whether an error came of a full disk, a quota or a limit on the size of files.

    Not every library says so: some raise errors of their own when they could write a part only.
    """
    if not isinstance(error, Exception) or isinstance(error, InputError):
        return False
    return getattr(error, "errno", None) in FULL or free_bytes(path) < FEW_BYTES


@contextmanager
def atomic_write(path: Path, n_bytes: int = 0) -> Iterator[Path]:
    """Give a temporary path to write to; rename it to `path` when the block ends well.

    Parameters
    ----------
    path : Path
        The file or folder that is written in full, or not at all. What stood there before is
        replaced only once the new one is complete.
    n_bytes : int
        How large it will be, where that is known.

    Yields
    ------
    Path
        A path in the same folder, ending as `path` does, where nothing exists yet.

    Raises
    ------
    DiskFull
        If there is no room.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex[:12]}-{path.name}")
    if n_bytes and n_bytes > free_bytes(path):
        raise DiskFull(path, n_bytes)
    try:
        yield temporary
        if temporary.is_dir() and path.is_dir():
            shutil.rmtree(path)  # a folder cannot be renamed over one that is not empty
        temporary.replace(path)
    except Exception as error:
        if is_full(error, path):
            _remove(temporary)
            raise DiskFull(path, n_bytes) from None
        raise
    finally:
        _remove(temporary)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` (UTF-8), whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read the JSON file `path` (UTF-8). Raises as `read_text` does."""
    return json.loads(read_text(path))


class Unreadable(Exception):
    """A file that is not opened; the message is the reason, as the end of a sentence on it."""


def pieces(path: Path | str, most_bytes: int = MOST_BYTES, at_once: int = 2**20) -> Iterator[bytes]:
    """Read a file piece by piece: a regular one, of a size that is known before.

    Raises
    ------
    Unreadable
        If it is a pipe, a device or a folder, or too large.
    OSError
        If it cannot be opened or read.
    """
    file = os.open(path, READING)
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable("is not a file that can be read from start to end")
        if about.st_size > most_bytes:
            raise Unreadable(too_large(about.st_size, most_bytes))
        left = most_bytes
        while left > 0 and (piece := os.read(file, min(at_once, about.st_size + 1, left))):
            yield piece
            left -= len(piece)
    finally:
        os.close(file)


def read_bytes(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """Read a regular file.

    Raises
    ------
    InputError
        If it is a pipe, a device or a folder, or larger than `most_bytes`.
    OSError
        If it cannot be opened or read.
    """
    try:
        return b"".join(pieces(path, most_bytes))
    except Unreadable as reason:
        raise InputError(f"{path}: {reason}") from None


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Read a text file of at most `MOST_BYTES`. Raises as `read_bytes`, or UnicodeDecodeError."""
    return read_bytes(path).decode(encoding).replace("\r\n", "\n")


def check_regular(path: Path) -> None:
    """Refuse a pipe or a device, before a library opens it. Raises as `read_bytes` does."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is not a file that can be read from start to end")


def too_large(size: int, most_bytes: int) -> str:
    """Give the reason for refusing a file that is too large."""
    return f"has {size / 1e6:,.1f} MB, and at most {most_bytes / 1e6:,.0f} are read"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def work_dir(out: Path, key: str) -> Path:
    """Give the folder in which work is kept until all is done; go on with what was killed.

    Parameters
    ----------
    out : Path
        What is being made; the folder stands beside it.
    key : str
        A hash of everything that decides the numbers. What was left under another is deleted.

    Returns
    -------
    Path
    """
    work = out.with_name(f".{out.name}.work")
    made_for = work / KEY
    if not made_for.is_file() or made_for.read_bytes() != key.encode():
        shutil.rmtree(work, ignore_errors=True)
        write_text(work / KEY, key)
    return work


def whole(path: Path) -> Path:
    """Give an absolute path without links; links that lead in a circle stay as they are."""
    return Path(os.path.realpath(path))


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keep a second run out of a run's folder while the block runs.

    Raises
    ------
    InputError
        If another run holds the folder.
    """
    real = whole(folder)
    real.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(real.with_name(f".{real.name}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise InputError(
            f"{folder}: another run is writing there now; wait for it, or name another with --out"
        ) from None
    try:
        yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()
