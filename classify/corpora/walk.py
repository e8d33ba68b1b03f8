"""One walk over folders and zip archives: which files are there, and which cannot be reached.

Hidden files and folders, and the `__MACOSX` folders that some archives carry, are not listed.
Linked folders are walked too, each once. Nothing is unpacked.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from classify.files import displayable
from classify.songs import archive

BACKSLASH = re.compile(r"\\(?!x(?:[89a-f][0-9a-f]|5c))")

ELSEWHERE = "is on another file system; it is read where it is named itself"


@dataclass(frozen=True)
class Skipped:
    """A file or folder that is not used, and why."""

    name: str
    reason: str
    label: str = ""


@dataclass(frozen=True)
class WalkedFile:
    """A file in a folder or an archive.

    Parameters
    ----------
    path : Path
        The file, or the archive that it is in.
    name : str
        Its path from the root of the walk, for people: with forward slashes, as `displayable`.
    member : str
        Its name in the archive; empty for a file in a folder.
    """

    path: Path
    name: str
    member: str = ""


def walk(source: Path, root: Path | None = None) -> tuple[list[WalkedFile], list[Skipped]]:
    """List the files of a folder or of a zip archive.

    Parameters
    ----------
    source : Path
        A folder, or a .zip file. Folders in it that are on another file system are not walked:
        what is mounted or linked there is listed where it is named as a source itself.
    root : Path, optional
        The folder above `source` that names start from; `source` itself unless given.

    Returns
    -------
    list of WalkedFile
        Folder by folder, sorted; an archive's files by name.
    list of Skipped
        Folders that cannot be opened, and files of an archive that cannot be read.

    Raises
    ------
    UnusableSong
        If `source` is a file, and not a zip archive that can be read.
    """
    if not source.is_dir():
        return _walk_archive(source)
    skipped: list[Skipped] = []
    root = root or source

    def on_error(error: OSError) -> None:
        reason = f"cannot be opened: {error.strerror}"
        skipped.append(Skipped(relative_name(Path(error.filename), root) + "/", reason))

    device = source.stat().st_dev

    def elsewhere(folder: Path) -> bool:
        try:
            return folder.stat().st_dev != device
        except OSError:  # gone, or not to be opened: walking it says so
            return False

    files: list[WalkedFile] = []
    seen: set[str] = set()
    for parent, folders, names in os.walk(source, onerror=on_error, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not hidden(name))
        for name in [name for name in folders if elsewhere(Path(parent, name))]:
            folders.remove(name)
            skipped.append(Skipped(relative_name(Path(parent, name), root) + "/", ELSEWHERE))
        folder, prefix = Path(parent), relative_name(Path(parent), root)
        prefix = "" if prefix == "." else f"{prefix}/"
        files += [
            WalkedFile(folder / name, prefix + displayable(name))
            for name in sorted(names)
            if not hidden(name)
        ]
    return files, skipped


def _walk_archive(path: Path) -> tuple[list[WalkedFile], list[Skipped]]:
    names, problems = archive.members(path)
    files = [WalkedFile(path, displayable(slashes(name)), name) for name in names]
    skipped = [Skipped(displayable(slashes(name)), reason) for name, reason in problems.items()]
    return [f for f in files if not any(map(hidden, PurePosixPath(f.name).parts))], skipped


def slashes(name: str) -> str:
    """Write a path with forward slashes; some programs write backslashes, and we for odd bytes."""
    return BACKSLASH.sub("/", name)


def hidden(name: str) -> bool:
    """Say whether a file or folder of this name is one that people do not want to see."""
    return name.startswith(".") or name == "__MACOSX"


def relative_name(path: Path, root: Path) -> str:
    """Name a path for people: from `root`, with forward slashes, as `displayable`."""
    return displayable(Path(os.path.relpath(path, root)).as_posix())
