"""What all adapters share: what a published corpus is, and what a user's copy of it holds."""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

from classify.corpora import walk
from classify.corpora.labels import Entry
from classify.corpora.walk import Skipped, hidden
from classify.errors import InputError
from classify.files import read_text
from classify.songs import midi


@dataclass(frozen=True)
class Reached:
    """An accuracy that somebody published for a corpus.

    Parameters
    ----------
    system : str
        What reached it.
    accuracy : float
        As a share.
    source : str
        Who published it, and when.
    split : str
        How songs were split.
    given : bool
        Whether that is the split which comes with the corpus, so that test songs are the same.
    """

    system: str
    accuracy: float
    source: str
    split: str
    given: bool = False


@dataclass(frozen=True)
class Published:
    """A corpus that its authors publish and a user downloads.

    Parameters
    ----------
    name : str
        The part of a source before the colon.
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
    reached : tuple of Reached
        What others reached on it.
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
    reached: tuple[Reached, ...] = ()

    def refusal(self, folder: Path, why: str) -> InputError:
        """Refuse a folder that is no copy of this corpus; `why` continues the folder's name."""
        return InputError(
            f"{self.name}:{folder}: {why}; expected {self.layout}, as downloaded from {self.url}"
        )

    def packed(self, archive: Path, into: Path) -> InputError:
        """Refuse an archive that must be unpacked first, and name the command."""
        return InputError(
            f"{archive}: must be unpacked before {self.title} can be read; "
            f'run: python -m zipfile -e "{archive}" "{into}"'
        )


def list_files(folder: Path) -> list[Path]:
    """List all files below a folder.

    Raises
    ------
    InputError
        If a folder in it cannot be opened: the copy is then not complete.
    """
    files, unreadable = walk.walk(folder)
    for item in unreadable:
        raise InputError(f"{folder / item.name}: {item.reason}")
    return [file.path for file in files]


def is_song(path: Path) -> bool:
    """Say whether a file has the ending of a MIDI file."""
    return path.suffix.lower() in midi.ENDINGS


def midi_files(folder: Path) -> list[Path]:
    """List all MIDI files below a folder."""
    return [path for path in list_files(folder) if is_song(path)]


def with_subfolders(folder: Path) -> list[Path]:
    """Give a folder and the folders in it: an archive may unpack into a folder of its own."""
    inside = (path for path in folder.iterdir() if path.is_dir() and not hidden(path.name))
    return [folder, *sorted(inside)]


def find_folder(corpus: Published, folder: Path, name: str) -> Path | None:
    """Find the folder called `name`: the given one, in it, or one level deeper.

    Raises
    ------
    InputError
        If there are several, so that it is not clear which copy is meant.
    """
    if folder.absolute().name == name:
        return folder
    matches = [parent / name for parent in with_subfolders(folder) if (parent / name).is_dir()]
    if len(matches) > 1:
        copies = " and ".join(str(match.parent) for match in matches)
        raise InputError(f"{corpus.name}:{folder}: holds several copies ({copies}); name one")
    return matches[0] if matches else None


def table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Read one of the authors' CSV lists, with every cell as text.

    Raises
    ------
    InputError
        If it cannot be read, is not UTF-8, or lacks one of `columns`.
    """
    try:
        text = read_text(path, "utf-8-sig")
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


def printable(entries: list[Entry]) -> tuple[list[Entry], list[Skipped]]:
    """Divide entries into those that tables can show and those with a control character."""
    good, bad = [], []
    for entry in entries:
        if (entry.name + entry.label + entry.group).isprintable():
            good.append(entry)
        else:
            shown = "".join(c if c.isprintable() else "?" for c in entry.name)
            bad.append(Skipped(shown, "has a control character in its name", entry.label))
    return good, bad
