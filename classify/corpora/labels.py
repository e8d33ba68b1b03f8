"""Which file carries which label: a folder per class, or a labels.csv.

A folder per class::

    songs/Calming/one.mid
    songs/Calming/more/two.mid
    songs/Sports/three.mid

labels.csv has the columns `path` (relative to the file) and `label`, and may have `group` (songs
that a split must keep together: clips of one recording, variants of one tune, one artist), `split`
(train, val or test) and `source` (the collection that a song comes from). Every other column is
kept with the song. All values are read as text. A song whose label is empty is skipped, so that a
list can be filled in bit by bit. Songs are taken in the order of their paths, so that the order of
the rows changes no result.

Either may lie in a zip archive, which is then named as the corpus. An archive among the songs of a
class, or in a labels.csv, is replaced by the songs in it.
"""

import csv
import difflib
import io
import os
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from classify.corpora.walk import Skipped, WalkedFile, hidden, slashes, walk
from classify.errors import InputError, NoClasses
from classify.files import displayable, on_disk, read_bytes, whole
from classify.songs import UnusableSong, archive
from classify.songs.formats import READABLE, kind_of

LABELS = "labels.csv"
REQUIRED = ("path", "label")
OPTIONAL = ("group", "split", "source")

OUTSIDE = "lies outside the class folders, so it has no label"
NO_SONG = f"does not have the ending of a song; songs are {READABLE}"

#: Bytes of the largest labels.csv that is read.
MOST_TABLE_BYTES = 2**28

#: Usual names of the parts of a split, and the one used here.
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
    """One file of a corpus before it is read: its path, its label and its other columns.

    Parameters
    ----------
    path : Path
        The file, or the archive that it is in.
    name : str
        Its path for people: relative to the corpus, with forward slashes.
    label : str
        Its class; empty in a library without labels.
    group : str
        Songs of one group are kept together by every split; empty: a group of its own.
    split : str
        train, val or test; empty: not given.
    extra : dict of str to str
        Further columns of a labels.csv.
    member : str
        Its name in the archive; empty for a file in a folder.
    source : str
        The collection it comes from; empty: not given.
    """

    path: Path
    name: str
    label: str
    group: str = ""
    split: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    member: str = ""
    source: str = ""


@dataclass(frozen=True)
class Listing:
    """What a folder or a labels.csv lists: files to read, and files known to be unusable."""

    name: str
    entries: list[Entry]
    skipped: list[Skipped]


def list_songs(path: Path) -> Listing:
    """List the labelled files of a folder or of a CSV file.

    Parameters
    ----------
    path : Path
        A folder with one folder per class, a folder that holds a labels.csv, a CSV file, or a zip
        archive of either kind of folder.

    Raises
    ------
    InputError
        If there is nothing there, nothing labelled, or the CSV file contradicts itself.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder{did_you_mean(path)}")
    if not path.is_file():
        return only_songs(_from_folder(path))
    if path.suffix.lower() == archive.ENDING:
        return only_songs(_from_archive(path))
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise InputError(
            f"{path}: is a single file; a corpus is a folder with one folder per class, a CSV "
            f"file with the columns path and label, or a .zip of either"
        )
    return only_songs(with_archives(_from_csv(path)))


def _from_folder(path: Path) -> Listing:
    """List a folder with a labels.csv, or one with a folder per class."""
    tables = sorted(p for p in path.iterdir() if p.name.lower() == LABELS and not p.is_dir())
    if not tables:
        return with_archives(_from_folders(path))
    listing = _from_csv(tables[0])
    listing = replace(listing, skipped=listing.skipped + _unlisted(path, listing))
    return with_archives(listing)


def only_songs(listing: Listing) -> Listing:
    """Skip what is listed and does not have the ending of a song."""
    others = [e for e in listing.entries if kind_of(e.member or e.path.name) is None]
    if not others:
        return listing
    skipped = [Skipped(entry.name, NO_SONG, entry.label) for entry in others]
    entries = [e for e in listing.entries if kind_of(e.member or e.path.name)]
    return replace(listing, entries=entries, skipped=skipped + listing.skipped)


def did_you_mean(path: Path) -> str:
    """`; did you mean ...?` when the folder holds a similar name."""
    if not path.parent.is_dir():
        return ""
    names = [p.name for p in path.parent.iterdir() if p.is_dir()]
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.parent / close[0]}?" if close else ""


# --- a folder per class


def _from_folders(root: Path) -> Listing:
    entries: list[Entry] = []
    skipped: list[Skipped] = []
    for path in sorted(p for p in root.iterdir() if not hidden(p.name)):
        label = displayable(path.name)
        if not path.is_dir():
            skipped.append(Skipped(label, OUTSIDE))
            continue
        files, unreadable = walk(path, root)
        skipped += [replace(folder, label=label) for folder in unreadable]
        songs = [file for file in files if holds_songs(file.name)]
        if not songs:
            content = f"{len(files)} other files" if files else "nothing"
            skipped.append(Skipped(label + "/", f"has no song in it ({content})", label))
            continue
        entries += [Entry(file.path, file.name, label) for file in songs]
        skipped += [
            Skipped(file.name, NO_SONG, label) for file in files if not holds_songs(file.name)
        ]
    if not entries:
        raise NoClasses(
            f"{root}: no labelled songs{_first_of(skipped)}; expected one folder per class with "
            f"songs in it ({root.name}/Calming/one.mid), or a {LABELS}; songs are {READABLE}"
        )
    for entry in entries:
        _check_printable(entry, f"{entry.path}")
    return Listing(displayable(whole(root).name), entries, skipped)


def holds_songs(name: str) -> bool:
    """Say whether a file's name is that of a song, or of an archive."""
    return kind_of(name) is not None or name.lower().endswith(archive.ENDING)


def _first_of(skipped: list[Skipped]) -> str:
    return f" ({skipped[0].name} {skipped[0].reason})" if skipped else ""


def _unlisted(folder: Path, listing: Listing) -> list[Skipped]:
    """Name the songs beside a labels.csv that it does not list."""
    listed = {os.path.realpath(entry.path) for entry in listing.entries}
    files, unreadable = walk(folder)
    return unreadable + [
        Skipped(file.name, f"is not listed in {LABELS}")
        for file in files
        if holds_songs(file.name) and os.path.realpath(file.path) not in listed
    ]


def _check_printable(entry: Entry, where: str) -> None:
    """Refuse names that no table could show."""
    columns = {"path": entry.name, "label": entry.label, "group": entry.group}
    for column, value in (columns | {"source": entry.source}).items():
        if not value.isprintable():
            raise InputError(f"{where}: the {column} {value!r} contains a control character")


# --- labels.csv


#: Where the song is that a row of a labels.csv names: a path, and a name if that is an archive.
Locate = Callable[[str], tuple[Path, str]]


def _from_csv(path: Path) -> Listing:
    folder = whole(path).parent
    name = folder.name if path.name.lower() == LABELS else path.stem
    entries, skipped = _from_text(
        str(path), _text(path), lambda name: (on_disk(path.parent / name), "")
    )
    return Listing(name, entries, skipped)


def _from_text(path: str, text: str, locate: Locate) -> tuple[list[Entry], list[Skipped]]:
    """Read the text of a labels.csv; `path` only names it."""
    rows = _rows(path, text)
    _, header = next(rows)
    columns = _columns(path, header)
    entries: list[Entry] = []
    skipped: list[Skipped] = []
    seen: dict[tuple[str, str], tuple[int, Entry]] = {}
    for line, cells in rows:
        row = dict(zip(columns, cells, strict=True))
        if row["path"] and not row["label"]:
            skipped.append(Skipped(displayable(row["path"]), f"has no label (line {line})"))
            continue
        entry = _entry(path, line, row, locate)
        _check_printable(entry, f"{path}, line {line}")
        file = os.path.realpath(entry.path), entry.member
        first_line, first = seen.setdefault(file, (line, entry))
        if first is entry:
            entries.append(entry)
            continue
        if replace(entry, path=first.path, name=first.name, extra=first.extra) != first:
            raise InputError(
                f"{path}, line {line}: {entry.name!r} is already on line {first_line} with other "
                f"values (label {first.label!r} there, {entry.label!r} here); "
                f"a song may be listed once"
            )
        skipped.append(Skipped(entry.name, f"line {line} repeats line {first_line}", entry.label))
    if not entries and skipped:
        raise InputError(
            f"{path}: no song has a label ({skipped[0].name} {skipped[0].reason}, and so on); "
            f"the label belongs in the column of that name"
        )
    if not entries:
        raise InputError(f"{path}: has a header but no songs below it")
    entries.sort(key=lambda entry: (entry.path, entry.member))
    return entries, skipped


def _text(path: Path) -> str:
    try:
        return _decoded(str(path), read_bytes(path, MOST_TABLE_BYTES))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _decoded(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}: is not UTF-8 text; save the table as 'CSV UTF-8'"
        ) from None


def _rows(path: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells), header first, without blank lines."""
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


def _columns(path: str, header: list[str]) -> list[str]:
    columns = [cell.lower() if cell.lower() in REQUIRED + OPTIONAL else cell for cell in header]
    for name in REQUIRED:
        if name not in columns:
            raise InputError(
                f"{path}: has no column {name!r}; its columns are {', '.join(map(repr, header))}, "
                f"and path and label are needed (group, split and source are optional)"
            )
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise InputError(f"{path}: has the column {repeated[0]!r} twice")
    return columns


def _entry(csv_path: str, line: int, row: dict[str, str], locate: Locate) -> Entry:
    if not row["path"]:
        raise InputError(f"{csv_path}, line {line}: the path is empty")
    split = row.get("split", "").lower()
    if split and split not in PARTS:
        raise InputError(
            f"{csv_path}, line {line}: split is {row['split']!r}; accepted are train, val and test"
        )
    extra = {name: value for name, value in row.items() if name not in REQUIRED + OPTIONAL}
    path, member = locate(row["path"])
    return Entry(
        path=path,
        name=slashes(row["path"]),
        label=row["label"],
        group=row.get("group", ""),
        split=PARTS.get(split, ""),
        extra=extra,
        member=member,
        source=row.get("source", ""),
    )


# --- archives


def with_archives(listing: Listing) -> Listing:
    """Replace archives by the songs in them."""
    entries: list[Entry] = []
    skipped = list(listing.skipped)
    for entry in listing.entries:
        if entry.member or entry.path.suffix.lower() != archive.ENDING:
            entries.append(entry)
            continue
        try:
            files, problems = walk(entry.path)
        except UnusableSong as reason:
            skipped.append(Skipped(entry.name, str(reason), entry.label))
            continue
        for file in files:
            if kind_of(file.name):
                name = f"{entry.name}/{file.name}"
                entries.append(replace(entry, name=name, member=file.member))
            else:
                problems.append(Skipped(file.name, NO_SONG))
        skipped += [
            replace(problem, name=f"{entry.name}/{problem.name}", label=entry.label)
            for problem in problems
        ]
    return replace(listing, entries=entries, skipped=skipped)


def _from_archive(path: Path) -> Listing:
    """List a corpus that is an archive: with a labels.csv, or a folder per class."""
    try:
        files, skipped = walk(path)
    except UnusableSong as reason:
        raise InputError(f"{path}: {reason}") from None
    tops = {file.name.split("/")[0] for file in files}
    top = f"{tops.pop()}/" if len(tops) == 1 else ""  # most archives hold one folder with it all
    tables = [file for file in files if file.name.lower() == (top + LABELS).lower()]
    if tables:
        entries, unlisted = _from_table_in_archive(path, tables[0], files, top)
        skipped += unlisted
    else:
        entries, unlabelled = _from_folders_in_archive(files, top)
        skipped += unlabelled
    if not entries:
        raise InputError(
            f"{path}: no labelled songs{_first_of(skipped)}; expected one folder per class with "
            f"songs in it, or a {LABELS}; songs are {READABLE}"
        )
    return Listing(path.stem, entries, skipped)


def _from_table_in_archive(
    path: Path, table: WalkedFile, files: list[WalkedFile], top: str
) -> tuple[list[Entry], list[Skipped]]:
    where = f"{path}/{table.name}"
    try:
        with zipfile.ZipFile(path) as opened:
            text = _decoded(where, archive.read(opened, table.member, MOST_TABLE_BYTES))
    except UnusableSong as reason:
        raise InputError(f"{where}: {reason}") from None
    members = {file.name: file.member for file in files}

    def locate(name: str) -> tuple[Path, str]:
        inside = posixpath.normpath(top + slashes(name))
        return path, members.get(inside, inside)

    entries, skipped = _from_text(where, text, locate)
    listed = {entry.member for entry in entries}
    return entries, skipped + [
        Skipped(file.name, f"is not listed in {LABELS}")
        for file in files
        if kind_of(file.name) and file.member not in listed
    ]


def _from_folders_in_archive(
    files: list[WalkedFile], top: str
) -> tuple[list[Entry], list[Skipped]]:
    entries, skipped = [], []
    for file in files:
        label, _, rest = file.name.removeprefix(top).partition("/")
        if not rest:
            skipped.append(Skipped(file.name, OUTSIDE))
        elif not kind_of(file.name):
            skipped.append(Skipped(file.name, NO_SONG, label))
        elif not file.name.isprintable():
            shown = "".join(letter if letter.isprintable() else "?" for letter in file.name)
            skipped.append(Skipped(shown, "has a control character in its name"))
        else:
            entries.append(Entry(file.path, file.name, label, member=file.member))
    return entries, skipped
