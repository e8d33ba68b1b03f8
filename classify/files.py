"""Files and folders that are either whole or not there.

A run can be killed at any moment. Everything it leaves behind is therefore written beside its
final place and renamed, which file systems do in one step.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs


def cache_folder() -> Path:
    """Where what can be made anew is kept: CLASSIFY_CACHE, or the user's cache folder."""
    return Path(os.environ.get("CLASSIFY_CACHE") or platformdirs.user_cache_dir("classify"))


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; rename it to `path` when the block ends well.

    Parameters
    ----------
    path : Path
        The file or folder that shall be there in full, or not at all. What stood there before
        is replaced only once the new one is complete.

    Yields
    ------
    Path
        A path in the same folder, ending as `path` does, where nothing exists yet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{os.getpid()}-{path.name}")
    _remove(beside)
    try:
        yield beside
        if beside.is_dir() and path.is_dir():
            shutil.rmtree(path)  # a folder cannot be renamed over one that is not empty
        beside.replace(path)
    finally:
        _remove(beside)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` (UTF-8), whole or not at all."""
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8")


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
