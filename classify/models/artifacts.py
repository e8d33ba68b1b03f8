"""Folders that say what is in them, and are refused if anything else is.

An artifact's folder holds one JSON file that lists every other file with its size and SHA-256, and
has a SHA-256 of its own. Looking at it opens nothing: the list's form, names, links, sizes and
hashes come first, then every field of the JSON file (`classify.records`). Hashes tell a damaged or
exchanged file; they cannot tell an ill-meant one, whose maker can hash too. So whoever reads the
files must make nothing of what they say they are.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from classify.errors import InputError
from classify.files import read_text, write_json
from classify.records import Count, DuplicateKey, Record, loads, typed

#: Bytes of the longest list.
MOST_BYTES = 2**28

SHA256 = re.compile(r"[0-9a-f]{64}")


class FileFact(Record, frozen=True):
    """Size and SHA-256 of a file."""

    bytes: Count
    sha256: str


class ArtifactRecord(Record, frozen=True, kw_only=True):
    """What every artifact's JSON file says.

    Parameters
    ----------
    format : int
        Number of the format that it is written in.
    classify : str
        Version of this toolkit that wrote it.
    files : dict of str to FileFact
        Every other file, by its path in the folder.
    sha256 : str
        Of all the rest: equal for equal artifacts.
    """

    format: int
    classify: str
    files: dict[str, FileFact]
    sha256: str


A = TypeVar("A", bound=ArtifactRecord)


@dataclass(frozen=True)
class ArtifactType(Generic[A]):
    """A kind of artifact.

    Parameters
    ----------
    name : str
        What people call it.
    about : str
        The JSON file's name.
    holds : str
        What it holds, as in "holds no trained model".
    format : int
        Raised when what is written changes; a folder with another number is refused.
    files : tuple of frozenset of str
        The sets of files that it may have beside the JSON file; one of them, whole.
    record : type
        What its JSON file is read into.
    """

    name: str
    about: str
    holds: str
    format: int
    files: tuple[frozenset[str], ...]
    record: type[A]


def seal(folder: Path, about: dict[str, Any], kind: ArtifactType[A]) -> None:
    """Write the JSON file for the files that are there, with their hashes and its own."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    files = {name: _fact(folder / name).as_dict() for name in names if name != kind.about}
    about = {"format": kind.format} | about | {"files": files}
    about.pop("sha256", None)
    write_json(folder / kind.about, about | {"sha256": digest(about)})


def digest(about: dict[str, Any]) -> str:
    """Hash what a JSON file says, its own hash aside."""
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _fact(path: Path) -> FileFact:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return FileFact(path.stat().st_size, sha256)


@contextmanager
def as_input_error(folder: Path) -> Iterator[None]:
    """Turn whatever a reader says of a hostile or damaged file into a refusal."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # readers of files that were made to break them raise anything
        message = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{folder}: holds a model that cannot be read and is refused ({message[:200]})"
        ) from None


def checked(folder: Path, kind: ArtifactType[A]) -> A:
    """Read the JSON file, and look at every other without opening it.

    Raises
    ------
    InputError
        If it is no such folder, or one that is damaged, was changed, is of a newer format, holds a
        file that none of its kind has, or a field that is unknown, missing or wrong.
    """
    about = _read_about(folder, kind)
    listed = {
        name: FileFact(fact["bytes"], fact["sha256"]) for name, fact in about["files"].items()
    }
    for name in listed:
        if not any(name in files for files in kind.files):
            raise InputError(
                f"{folder}: its list names {name!r}, which is no file of a {kind.name}"
            )
    if set(listed) not in kind.files:
        raise InputError(f"{folder}: its list of files is not that of a {kind.name}")
    folders = {parent.as_posix() for name in listed for parent in Path(name).parents}
    present = set()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or name in folders):
            raise InputError(f"{folder}: {name} is a link or no plain file; a {kind.name} has none")
        present |= {name} if path.is_file() else set()
    if extra := sorted(present - set(listed) - {kind.about}):
        raise InputError(f"{folder}: holds {extra[0]!r}, which is not on its list of files")
    for name, fact in listed.items():
        _check_file(folder, name, fact)
    return typed(about, kind.record, folder / kind.about)


def _check_file(folder: Path, name: str, fact: FileFact) -> None:
    path = folder / name
    if not path.is_file():
        raise InputError(f"{folder}: lacks {name}")
    if path.stat().st_size != fact.bytes:
        raise InputError(
            f"{folder}: {name} has {path.stat().st_size:,} bytes, and {fact.bytes:,} when it "
            f"was written; copy the whole folder again"
        )
    if _fact(path).sha256 != fact.sha256:
        raise InputError(f"{folder}: {name} was changed since it was written; copy it again")


def _read_about(folder: Path, kind: ArtifactType[A]) -> dict[str, Any]:
    """Read the JSON file; refuse one of a newer format, or that was changed."""
    path = folder / kind.about
    if not path.is_file() or path.is_symlink():
        raise InputError(f"{folder}: holds no {kind.holds} (no {kind.about} in it)")
    damaged = InputError(f"{path}: is damaged or was changed; copy the whole folder again")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise damaged
        about = loads(read_text(path))
        number = about["format"]
        plain = all(
            isinstance(fact["bytes"], int) and SHA256.fullmatch(str(fact["sha256"]))
            for fact in about["files"].values()
        )
        if type(number) is int and number > kind.format:
            raise InputError(
                f"{folder}: was written by a newer classify ({about.get('classify')}, format "
                f"{number}; this one reads format {kind.format}); install that one"
            )
        if type(number) is int and number < kind.format and plain:
            raise InputError(
                f"{folder}: was written by an older classify ({about.get('classify')}, format "
                f"{number}; this one reads format {kind.format}); train it again"
            )
        content = {name: value for name, value in about.items() if name != "sha256"}
        if number != kind.format or not plain or about.get("sha256") != digest(content):
            raise damaged
    except DuplicateKey as error:
        raise InputError(f"{path}: {error}; copy the whole folder again") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise damaged from None
    return about
