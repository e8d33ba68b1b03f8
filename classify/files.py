"""Files and folders that are either whole or not there.

A run can be killed at any moment. Everything it leaves behind is therefore written beside its
final place and renamed, which file systems do in one step.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from classify.errors import InputError

#: In a folder of unfinished work: what it is work for.
KEY = "key"

#: A byte of a file's name that is not UTF-8, as `displayable` shows it.
ESCAPED = re.compile(r"\\x([89a-f][0-9a-f])")


def cache_folder() -> Path:
    """Folder of files that can be made again: CLASSIFY_CACHE, or the user's cache folder."""
    return Path(os.environ.get("CLASSIFY_CACHE") or platformdirs.user_cache_dir("classify"))


def displayable(name: str) -> str:
    r"""Write a file's name as text; bytes that are not UTF-8 as `\\x` and two digits.

    Examples
    --------
    >>> print(displayable("caf\udce9.mid"))
    caf\xe9.mid
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def on_disk(path: Path) -> Path:
    """Find the file that was named by `displayable`, or by any text; `path` where it is not there.

    Parameters
    ----------
    path : Path
        As a table, a playlist or a person names it.
    """
    text = str(path)
    escaped = ESCAPED.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), text)
    for name in dict.fromkeys((text, escaped)):
        found = Path(os.fsdecode(name.encode("utf-8", "surrogateescape")))
        if found.exists():
            return found
    return path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; rename it to `path` when the block ends well.

    Parameters
    ----------
    path : Path
        The file or folder that is written in full, or not at all. What stood there before is
        replaced only once the new one is complete.

    Yields
    ------
    Path
        A path in the same folder, ending as `path` does, where nothing exists yet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    _remove(temporary)
    try:
        yield temporary
        if temporary.is_dir() and path.is_dir():
            shutil.rmtree(path)  # a folder cannot be renamed over one that is not empty
        temporary.replace(path)
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
    """Read the JSON file `path` (UTF-8)."""
    return json.loads(path.read_text(encoding="utf-8"))


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


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keep a second run out of a run's folder while the block runs.

    Raises
    ------
    InputError
        If another run holds the folder.
    """
    whole = folder.resolve()
    whole.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(whole.with_name(f".{whole.name}.lock"))
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
