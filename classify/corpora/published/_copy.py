"""What all adapters share: what a published corpus is, and how a user's copy of it is walked.

A copy is whatever lies in the folder that the user names. Hidden files and the `__MACOSX` folders
that some archives carry are passed over, as everywhere in this toolkit.
"""

import csv
import io
import os
from dataclasses import dataclass, field
from pathlib import Path

from classify.corpora.labels import Entry, SetAside
from classify.errors import InputError
from classify.songs import midi


@dataclass(frozen=True)
class Published:
    """A corpus that its authors publish and a user downloads.

    Parameters
    ----------
    name : str
        What stands before the colon of a source.
    title : str
        For people.
    citation : str
        BibTeX.
    licence : str
        Whose music it is and under which terms.
    home, url : str
        The authors' page; what to download.
    layout : str
        What a copy looks like; continues "expected ...".
    window : int
        A sensible number of notes for a window.
    files : dict of str to int
        Version of the corpus to how many labelled files it has.
    classes : dict of str to dict of str to int
        Version to label to files, for the versions where that is known.
    note : str
        What a reader of a report should know: leaks, noise of the labels.
    """

    name: str
    title: str
    citation: str
    licence: str
    home: str
    url: str
    layout: str
    window: int
    files: dict[str, int]
    classes: dict[str, dict[str, int]] = field(default_factory=dict)
    note: str = ""

    def refusal(self, folder: Path, why: str) -> InputError:
        """Say that `folder` is no copy of this corpus; `why` continues the folder's name."""
        return InputError(
            f"{self.name}:{folder}: {why}; expected {self.layout}, as downloaded from {self.url}"
        )

    def packed(self, archive: Path, into: Path) -> InputError:
        """Say that an archive must be unpacked first, and how."""
        return InputError(
            f"{archive}: must be unpacked before {self.title} can be read; "
            f'run: python -m zipfile -e "{archive}" "{into}"'
        )


def walk(folder: Path) -> list[Path]:
    """List all files below a folder, sorted; linked folders are walked too, each once."""

    def unopened(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be opened: {error.strerror}") from None

    files, seen = [], set()
    for parent, folders, names in os.walk(folder, onerror=unopened, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__MACOSX")
        files += [Path(parent) / name for name in sorted(names) if not name.startswith(".")]
    return files


def is_song(path: Path) -> bool:
    """Say whether a file's ending is that of a MIDI file."""
    return path.suffix.lower() in midi.ENDINGS


def songs(folder: Path) -> list[Path]:
    """List all MIDI files below a folder, sorted."""
    return [path for path in walk(folder) if is_song(path)]


def folders(folder: Path) -> list[Path]:
    """Give a folder and the folders in it: an archive may unpack into a folder of its own."""
    inside = (p for p in folder.iterdir() if p.is_dir() and p.name != "__MACOSX")
    return [folder, *sorted(p for p in inside if not p.name.startswith("."))]


def holder(corpus: Published, folder: Path, inside: str) -> Path | None:
    """Find the folder called `inside`: the given one, in it, or one level deeper.

    Raises
    ------
    InputError
        If there are several, so that it is not clear which copy is meant.
    """
    if folder.absolute().name == inside:
        return folder
    found = [place / inside for place in folders(folder) if (place / inside).is_dir()]
    if len(found) > 1:
        where = " and ".join(str(place.parent) for place in found)
        raise InputError(f"{corpus.name}:{folder}: holds several copies ({where}); name one")
    return found[0] if found else None


def name_of(path: Path, folder: Path) -> str:
    """Write a path as people know it; bytes that are not UTF-8 show as question marks."""
    name = Path(os.path.relpath(path, folder)).as_posix()
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Read one of the authors' CSV lists, with every cell as text.

    Raises
    ------
    InputError
        If it cannot be read, is not UTF-8, or lacks one of `columns`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    rows = [[cell.strip() for cell in cells] for cells in csv.reader(io.StringIO(text, newline=""))]
    header = rows[0] if rows else []
    for column in columns:
        if column not in header:
            raise InputError(
                f"{path}: has no column {column!r}, which the authors' own list has; "
                f"its columns are {', '.join(map(repr, header)) or 'none'}"
            )
    return [dict(zip(header, cells, strict=False)) for cells in rows[1:] if any(cells)]


def printable(entries: list[Entry]) -> tuple[list[Entry], list[SetAside]]:
    """Part entries that tables can show from those whose name holds a control character."""
    good, bad = [], []
    for entry in entries:
        if (entry.name + entry.label + entry.group).isprintable():
            good.append(entry)
        else:
            shown = "".join(c if c.isprintable() else "?" for c in entry.name)
            bad.append(SetAside(shown, "has a control character in its name", entry.label))
    return good, bad
