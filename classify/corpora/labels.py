"""Which file carries which label: a folder per class, or a labels.csv.

A folder per class::

    songs/Calming/one.mid
    songs/Calming/more/two.mid
    songs/Sports/three.mid

labels.csv has the columns `path` (relative to the file) and `label`, and may have `group` (songs
that a split must not part: clips of one recording, variants of one tune, one artist) and `split`
(train, val or test). Every other column is carried along. All values are read as text.
"""

import csv
import difflib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from classify.errors import InputError
from classify.songs import midi

LABELS = "labels.csv"
REQUIRED = ("path", "label")
OPTIONAL = ("group", "split")

#: Names that people give to the parts of a split, and ours.
PARTS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class Entry:
    """One file of a corpus before it is read: where it lies and what people say of it."""

    path: Path
    name: str  # the path as people know it: relative to the corpus, with forward slashes
    label: str
    group: str = ""
    split: str = ""
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SetAside:
    """A file or folder that is not used, and why."""

    name: str
    reason: str
    label: str = ""


@dataclass(frozen=True)
class Listing:
    """What a folder or a labels.csv names: files to read, and files known to be unusable."""

    name: str
    entries: list[Entry]
    set_aside: list[SetAside]


def find(path: Path) -> Listing:
    """List the labelled files of a folder or of a CSV file.

    Parameters
    ----------
    path : Path
        A folder with one folder per class, a folder that holds a labels.csv, or a CSV file.

    Raises
    ------
    InputError
        If there is nothing there, nothing labelled, or the CSV file contradicts itself.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder{_near(path)}")
    if path.is_file():
        if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
            raise InputError(
                f"{path}: is a single file; a corpus is a folder with one folder per class, "
                f"or a CSV file with the columns path and label"
            )
        return _from_csv(path)
    tables = sorted(p for p in path.iterdir() if p.name.lower() == LABELS and not p.is_dir())
    if tables:
        listing = _from_csv(tables[0])
        return replace(listing, set_aside=listing.set_aside + _unlisted(path, listing))
    return _from_folders(path)


def _near(path: Path) -> str:
    """`; did you mean ...?` when the folder holds a similar name."""
    if not path.parent.is_dir():
        return ""
    names = [p.name for p in path.parent.iterdir() if p.is_dir()]
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.parent / close[0]}?" if close else ""


# --- a folder per class


def _from_folders(root: Path) -> Listing:
    entries: list[Entry] = []
    set_aside: list[SetAside] = []
    for place in sorted(p for p in root.iterdir() if not _hidden(p)):
        if not place.is_dir():
            reason = "lies outside the class folders, so it has no label"
            set_aside.append(SetAside(_name(place, root), reason))
            continue
        label = _name(place, root)
        files, problems = _files(place, root, label)
        set_aside += problems
        songs = [p for p in files if p.suffix.lower() in midi.ENDINGS]
        if not songs:
            what = f"{len(files)} other files" if files else "nothing"
            set_aside.append(SetAside(label + "/", f"has no .mid or .midi file ({what})", label))
            continue
        entries += [Entry(p, _name(p, root), label) for p in songs]
        set_aside += [
            SetAside(_name(p, root), "is not a .mid or .midi file", label)
            for p in files
            if p.suffix.lower() not in midi.ENDINGS
        ]
    if not entries:
        raise InputError(
            f"{root}: no labelled songs{_first_of(set_aside)}; expected one folder per class with "
            f".mid or .midi files in it ({root.name}/Calming/one.mid), or a {LABELS}"
        )
    for entry in entries:
        _check_printable(entry, f"{entry.path}")
    return Listing(_plain(root.resolve().name), entries, set_aside)


def _first_of(set_aside: list[SetAside]) -> str:
    return f" ({set_aside[0].name} {set_aside[0].reason})" if set_aside else ""


def _files(folder: Path, root: Path, label: str) -> tuple[list[Path], list[SetAside]]:
    """Walk a folder, linked folders too (each once); name what cannot be opened."""
    problems: list[SetAside] = []

    def unopened(error: OSError) -> None:
        place = Path(error.filename)
        problems.append(
            SetAside(_name(place, root) + "/", f"cannot be opened: {error.strerror}", label)
        )

    files, seen = [], set()
    for parent, folders, names in os.walk(folder, onerror=unopened, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        files += [Path(parent) / name for name in sorted(names)]
    return [p for p in files if not _hidden(p)], problems


def _unlisted(folder: Path, listing: Listing) -> list[SetAside]:
    """Name the MIDI files beside a labels.csv that it says nothing of."""
    listed = {os.path.realpath(entry.path) for entry in listing.entries}
    files, problems = _files(folder, folder, "")
    return problems + [
        SetAside(_name(p, folder), f"is not listed in {LABELS}")
        for p in files
        if p.suffix.lower() in midi.ENDINGS and os.path.realpath(p) not in listed
    ]


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or "__MACOSX" in path.parts


def _name(path: Path, root: Path) -> str:
    return _plain(path.relative_to(root).as_posix())


def _plain(name: str) -> str:
    """Show the bytes of a file name that is not UTF-8 as question marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _check_printable(entry: Entry, where: str) -> None:
    """Refuse names that no table could show."""
    for what, value in (("path", entry.name), ("label", entry.label), ("group", entry.group)):
        if not value.isprintable():
            raise InputError(f"{where}: the {what} {value!r} holds a control character")


# --- labels.csv


def _from_csv(path: Path) -> Listing:
    rows = _rows(path)
    _, header = next(rows)
    columns = _columns(path, header)
    entries: list[Entry] = []
    set_aside: list[SetAside] = []
    seen: dict[str, tuple[int, Entry]] = {}
    for line, cells in rows:
        entry = _entry(path, line, dict(zip(columns, cells, strict=True)))
        _check_printable(entry, f"{path}, line {line}")
        first = seen.setdefault(os.path.realpath(entry.path), (line, entry))
        if first[1] is entry:
            entries.append(entry)
            continue
        if (first[1].label, first[1].group, first[1].split) != (
            entry.label,
            entry.group,
            entry.split,
        ):
            raise InputError(
                f"{path}, line {line}: {entry.name!r} is already on line {first[0]} with other "
                f"values (label {first[1].label!r} there, {entry.label!r} here); "
                f"a song may be listed once"
            )
        set_aside.append(SetAside(entry.name, f"line {line} repeats line {first[0]}", entry.label))
    if not entries:
        raise InputError(f"{path}: has a header but no songs below it")
    folder = path.resolve().parent
    return Listing(folder.name if path.name.lower() == LABELS else path.stem, entries, set_aside)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells), header first; blank lines are passed over."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}: is not UTF-8 text; save the table as 'CSV UTF-8'"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise InputError(f"{path}: is empty; expected a first line with the columns path and label")
    outside_quotes = re.sub(r'"[^"]*"', "", first)
    delimiter = max(",;\t", key=outside_quotes.count)  # many countries' spreadsheets write ;
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    width = 0
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            while cells and not cells[-1] and (not width or len(cells) > width):
                cells.pop()  # spreadsheets end lines with empty columns
            width = width or len(cells)
            if not any(cells):
                continue
            if len(cells) != width:
                raise InputError(
                    f"{path}, line {reader.line_num}: has {len(cells)} columns, "
                    f"the header has {width}"
                )
            yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: cannot be read: {error}") from None


def _columns(path: Path, header: list[str]) -> list[str]:
    columns = [cell.lower() if cell.lower() in REQUIRED + OPTIONAL else cell for cell in header]
    for name in REQUIRED:
        if name not in columns:
            raise InputError(
                f"{path}: has no column {name!r}; its columns are {', '.join(map(repr, header))}, "
                f"and path and label are needed (group and split are optional)"
            )
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InputError(f"{path}: has the column {twice[0]!r} twice")
    return columns


def _entry(csv_path: Path, line: int, row: dict[str, str]) -> Entry:
    for name in REQUIRED:
        if not row[name]:
            raise InputError(f"{csv_path}, line {line}: the {name} is empty")
    split = row.get("split", "").lower()
    if split and split not in PARTS:
        raise InputError(
            f"{csv_path}, line {line}: split is {row['split']!r}; accepted are train, val and test"
        )
    extra = {name: value for name, value in row.items() if name not in REQUIRED + OPTIONAL}
    return Entry(
        path=csv_path.parent / row["path"],
        name=row["path"].replace("\\", "/"),
        label=row["label"],
        group=row.get("group", ""),
        split=PARTS.get(split, ""),
        extra=extra,
    )
