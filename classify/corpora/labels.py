"""Which file carries which label: a folder per class, or a labels.csv.

A folder per class::

    songs/Calming/one.mid
    songs/Calming/more/two.mid
    songs/Sports/three.mid

labels.csv has the columns `path` (relative to the file) and `label`, and may have `group` (songs
that a split must not part: clips of one recording, variants of one tune, one artist) and `split`
(train, val or test). Every other column is carried along. All values are read as text. A song whose
label is empty is set aside, so that a list can be filled in bit by bit.

Either may lie in a zip archive, which is then named as the corpus. An archive among the songs of a
class, or in a labels.csv, stands for the songs in it.
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
from pathlib import Path, PurePath, PurePosixPath

from classify.errors import InputError
from classify.songs import UnusableSong, archive
from classify.songs.formats import READABLE, kind_of

LABELS = "labels.csv"
REQUIRED = ("path", "label")
OPTIONAL = ("group", "split")

OUTSIDE = "lies outside the class folders, so it has no label"
NO_SONG = f"has an ending that is none of a song; songs are {READABLE}"

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
    member: str = ""  # its name in the archive that `path` is


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
        A folder with one folder per class, a folder that holds a labels.csv, a CSV file, or a zip
        archive of either kind of folder.

    Raises
    ------
    InputError
        If there is nothing there, nothing labelled, or the CSV file contradicts itself.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder{near(path)}")
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
    listing = replace(listing, set_aside=listing.set_aside + _unlisted(path, listing))
    return with_archives(listing)


def only_songs(listing: Listing) -> Listing:
    """Set aside what is listed and has no song's ending."""
    others = [e for e in listing.entries if kind_of(e.member or e.path.name) is None]
    if not others:
        return listing
    aside = [SetAside(entry.name, NO_SONG, entry.label) for entry in others]
    entries = [e for e in listing.entries if kind_of(e.member or e.path.name)]
    return replace(listing, entries=entries, set_aside=aside + listing.set_aside)


def near(path: Path) -> str:
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
    for place in sorted(p for p in root.iterdir() if not hidden(p)):
        if not place.is_dir():
            set_aside.append(SetAside(_name(place, root), OUTSIDE))
            continue
        label = _name(place, root)
        files, problems = files_below(place, root, label)
        set_aside += problems
        songs = [p for p in files if holds_songs(p.name)]
        if not songs:
            what = f"{len(files)} other files" if files else "nothing"
            set_aside.append(SetAside(label + "/", f"has no song in it ({what})", label))
            continue
        entries += [Entry(p, _name(p, root), label) for p in songs]
        set_aside += [
            SetAside(_name(p, root), NO_SONG, label) for p in files if not holds_songs(p.name)
        ]
    if not entries:
        raise InputError(
            f"{root}: no labelled songs{_first_of(set_aside)}; expected one folder per class with "
            f"songs in it ({root.name}/Calming/one.mid), or a {LABELS}; songs are {READABLE}"
        )
    for entry in entries:
        _check_printable(entry, f"{entry.path}")
    return Listing(plain(root.resolve().name), entries, set_aside)


def holds_songs(name: str) -> bool:
    """Say whether a file's name is that of a song, or of an archive."""
    return kind_of(name) is not None or name.lower().endswith(archive.ENDING)


def _first_of(set_aside: list[SetAside]) -> str:
    return f" ({set_aside[0].name} {set_aside[0].reason})" if set_aside else ""


def files_below(folder: Path, root: Path, label: str) -> tuple[list[Path], list[SetAside]]:
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
        folders[:] = sorted(name for name in folders if not hidden(Path(name)))
        files += [Path(parent) / name for name in sorted(names)]
    return [p for p in files if not hidden(p)], problems


def _unlisted(folder: Path, listing: Listing) -> list[SetAside]:
    """Name the songs beside a labels.csv that it says nothing of."""
    listed = {os.path.realpath(entry.path) for entry in listing.entries}
    files, problems = files_below(folder, folder, "")
    return problems + [
        SetAside(_name(p, folder), f"is not listed in {LABELS}")
        for p in files
        if holds_songs(p.name) and os.path.realpath(p) not in listed
    ]


def hidden(path: PurePath) -> bool:
    """Say whether people do not want to see a file."""
    return path.name.startswith(".") or "__MACOSX" in path.parts


def _name(path: Path, root: Path) -> str:
    return plain(path.relative_to(root).as_posix())


def plain(name: str) -> str:
    """Show the bytes of a file name that is not UTF-8 as question marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _check_printable(entry: Entry, where: str) -> None:
    """Refuse names that no table could show."""
    for what, value in (("path", entry.name), ("label", entry.label), ("group", entry.group)):
        if not value.isprintable():
            raise InputError(f"{where}: the {what} {value!r} holds a control character")


# --- labels.csv


#: Where the song is that a row of a labels.csv names: a path, and a name if that is an archive.
Locate = Callable[[str], tuple[Path, str]]


def _from_csv(path: Path) -> Listing:
    folder = path.resolve().parent
    name = folder.name if path.name.lower() == LABELS else path.stem
    entries, set_aside = _from_text(str(path), _text(path), lambda name: (path.parent / name, ""))
    return Listing(name, entries, set_aside)


def _from_text(path: str, text: str, locate: Locate) -> tuple[list[Entry], list[SetAside]]:
    """Read the text of a labels.csv; `path` only names it."""
    rows = _rows(path, text)
    _, header = next(rows)
    columns = _columns(path, header)
    entries: list[Entry] = []
    set_aside: list[SetAside] = []
    seen: dict[tuple[str, str], tuple[int, Entry]] = {}
    for line, cells in rows:
        row = dict(zip(columns, cells, strict=True))
        if row["path"] and not row["label"]:
            set_aside.append(SetAside(plain(row["path"]), f"has no label (line {line})"))
            continue
        entry = _entry(path, line, row, locate)
        _check_printable(entry, f"{path}, line {line}")
        place = os.path.realpath(entry.path), entry.member
        first = seen.setdefault(place, (line, entry))
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
    if not entries and set_aside:
        raise InputError(
            f"{path}: no song has a label ({set_aside[0].name} {set_aside[0].reason}, and so on); "
            f"the label belongs in the column of that name"
        )
    if not entries:
        raise InputError(f"{path}: has a header but no songs below it")
    return entries, set_aside


def _text(path: Path) -> str:
    try:
        return _decoded(str(path), path.read_bytes())
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
    """Yield (line number, cells), header first; blank lines are passed over."""
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
                f"and path and label are needed (group and split are optional)"
            )
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InputError(f"{path}: has the column {twice[0]!r} twice")
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
        name=row["path"].replace("\\", "/"),
        label=row["label"],
        group=row.get("group", ""),
        split=PARTS.get(split, ""),
        extra=extra,
        member=member,
    )


# --- archives


def with_archives(listing: Listing) -> Listing:
    """Put the songs of an archive in the place of the archive."""
    entries: list[Entry] = []
    set_aside = list(listing.set_aside)
    for entry in listing.entries:
        if entry.member or entry.path.suffix.lower() != archive.ENDING:
            entries.append(entry)
            continue
        try:
            names, problems = archive.members(entry.path)
        except UnusableSong as reason:
            set_aside.append(SetAside(entry.name, str(reason), entry.label))
            continue
        for name in names:
            inside = replace(entry, name=plain(f"{entry.name}/{name}"), member=name)
            if kind_of(name) and not hidden(Path(name)):
                entries.append(inside)
            elif not hidden(Path(name)):
                problems[name] = NO_SONG
        set_aside += [
            SetAside(plain(f"{entry.name}/{name}"), reason, entry.label)
            for name, reason in problems.items()
        ]
    return replace(listing, entries=entries, set_aside=set_aside)


def _from_archive(path: Path) -> Listing:
    """List a corpus that is an archive: with a labels.csv, or a folder per class."""
    try:
        names, problems = archive.members(path)
    except UnusableSong as reason:
        raise InputError(f"{path}: {reason}") from None
    actual = {name.replace("\\", "/"): name for name in names}  # some programs write backslashes
    names = [name for name in actual if not hidden(PurePosixPath(name))]
    tops = {name.split("/")[0] for name in names}
    top = f"{tops.pop()}/" if len(tops) == 1 else ""  # most archives hold one folder with it all
    set_aside = [SetAside(plain(name), reason) for name, reason in problems.items()]
    tables = [name for name in names if name.lower() == (top + LABELS).lower()]
    if tables:
        where = f"{path}/{tables[0]}"
        try:
            with zipfile.ZipFile(path) as opened:
                text = _decoded(where, archive.read(opened, actual[tables[0]], 2**28))
        except UnusableSong as reason:
            raise InputError(f"{where}: {reason}") from None

        def locate(name: str) -> tuple[Path, str]:
            inside = posixpath.normpath(top + name.replace("\\", "/"))
            return path, actual.get(inside, inside)

        entries, repeated = _from_text(where, text, locate)
        listed = {entry.member.replace("\\", "/") for entry in entries}
        set_aside += repeated + [
            SetAside(plain(name), f"is not listed in {LABELS}")
            for name in names
            if kind_of(name) and name not in listed
        ]
        return Listing(path.stem, entries, set_aside)
    entries = []
    for name in names:
        label, _, rest = name.removeprefix(top).partition("/")
        if not rest:
            set_aside.append(SetAside(plain(name), OUTSIDE))
        elif not kind_of(name):
            set_aside.append(SetAside(plain(name), NO_SONG, plain(label)))
        elif not name.isprintable():
            shown = "".join(letter if letter.isprintable() else "?" for letter in name)
            set_aside.append(SetAside(shown, "has a control character in its name"))
        else:
            entries.append(Entry(path, plain(name), plain(label), member=actual[name]))
    if not entries:
        raise InputError(
            f"{path}: no labelled songs{_first_of(set_aside)}; expected one folder per class with "
            f"songs in it, or a {LABELS}; songs are {READABLE}"
        )
    return Listing(path.stem, entries, set_aside)
