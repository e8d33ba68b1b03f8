"""Corpora that their authors publish, read from a copy that the user has downloaded.

A source such as `emopia:/music/EMOPIA_2.2` names a corpus and a folder. One module of this package
is one corpus: constants (`CORPUS`) and `listing(folder)`, which derives labels, groups and splits
from the authors' file names and lists. A new module here is a new corpus; no list is edited.

Nothing is downloaded, copied or written. Nothing is passed over in silence either: every MIDI file
of the folder that is not part of the corpus, and every file that the authors list and the copy
lacks, is set aside by name; other files are counted by folder.
"""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from classify.corpora.labels import Listing, SetAside
from classify.corpora.published._copy import Published, is_song, name_of, printable, walk
from classify.errors import InputError

__all__ = ["Published", "check", "corpora", "find", "parse_source"]

#: What may stand before the colon; a single letter is a drive of Windows.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]+")

#: Names shown for one reason before "and so on".
SHOWN = 3


def corpora() -> dict[str, Published]:
    """Give every published corpus that has an adapter, by name."""
    return {name: module.CORPUS for name, module in _adapters().items()}


@cache
def _adapters() -> dict[str, ModuleType]:
    modules = (
        importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
        if not info.name.startswith("_")
    )
    return {module.CORPUS.name: module for module in modules}


def parse_source(source: str) -> tuple[str, Path] | None:
    """Take `emopia:PATH` apart.

    Parameters
    ----------
    source : str
        What the user asked for.

    Returns
    -------
    tuple of (str, Path), or None
        Name, in lower case and not checked, and folder. None where `source` is a path: it exists
        as it stands, has no colon, or begins with a drive (`C:`) or with what no corpus is called.

    Raises
    ------
    InputError
        If nothing follows the colon.
    """
    name, colon, rest = source.partition(":")
    if not colon or not NAME.fullmatch(name) or Path(source).exists():
        return None
    if not rest.strip():
        raise InputError(f"{source} names no folder; write {source}PATH")
    try:
        return name.lower(), Path(rest).expanduser()
    except RuntimeError:  # ~name of a user who is not there
        return name.lower(), Path(rest)


def find(name: str, folder: Path) -> Listing:
    """List the files of a published corpus in a user's copy of it.

    Parameters
    ----------
    name : str
        One of `corpora()`.
    folder : Path
        Where the copy lies.

    Returns
    -------
    Listing
        Labels, groups and, where the copy has the authors' lists, splits.

    Raises
    ------
    InputError
        If there is no such corpus or folder, or the folder is no copy of that corpus; the message
        says what was expected and where it is to be had.
    """
    adapter = _adapters().get(name)
    if adapter is None:
        raise InputError(
            f"{name}:{folder}: {name!r} is not a published corpus with an adapter, "
            f"and there is no such folder; there are {', '.join(sorted(_adapters()))}"
        )
    corpus: Published = adapter.CORPUS
    if not folder.exists():
        raise corpus.refusal(folder, "there is no such folder")
    if folder.is_file() and folder.suffix.lower() == ".zip":
        raise corpus.packed(folder, folder.with_suffix(""))
    if not folder.is_dir():
        raise corpus.refusal(folder, "is not a folder")
    listing: Listing = adapter.listing(folder)
    entries, unprintable = printable(listing.entries)
    if not entries:
        raise corpus.refusal(folder, f"holds no labelled file of {corpus.title}")
    set_aside = listing.set_aside + unprintable
    rest = _unmentioned(corpus, folder, listing)
    return replace(listing, entries=entries, set_aside=set_aside + rest)


def _unmentioned(corpus: Published, folder: Path, listing: Listing) -> list[SetAside]:
    """Name the MIDI files that the adapter says nothing of; count other files by folder."""
    known = {entry.name for entry in listing.entries}
    known |= {item.name for item in listing.set_aside}
    files = walk(folder)
    strays = [name_of(path, folder) for path in files if is_song(path)]
    others = Counter(name_of(path.parent, folder) for path in files if not is_song(path))
    return [
        SetAside(name, f"is not a file that {corpus.title} labels")
        for name in strays
        if name not in known
    ] + [
        SetAside(f"{name}/", f"also holds other than MIDI files, {count:,} in number")
        for name, count in others.items()
    ]


def check(name: str, folder: Path) -> list[str]:
    """Say what a copy lacks, or has too much, against the corpus as published.

    Parameters
    ----------
    name, folder
        As for `find`.

    Returns
    -------
    list of str
        First whether all files of the version that fits best are there, with a line for each
        class that differs; then a line for each reason for which files were set aside (among
        them: listed by the authors and not there, there and not listed).

    Raises
    ------
    InputError
        As `find` does.
    """
    listing = find(name, folder)
    corpus = corpora()[name]
    found = Counter(entry.label for entry in listing.entries)
    n_found = found.total()
    version = min(corpus.files, key=lambda v: abs(corpus.files[v] - n_found))
    expected = corpus.classes.get(version, {})
    labels = sorted({*found, *expected}) if expected else []
    lines = [
        f"{label}: {_against(found[label], expected.get(label, 0))}"
        for label in labels
        if found[label] != expected.get(label, 0)
    ]
    if n_found == corpus.files[version] and not lines:
        first = f"{corpus.title} ({version}): all {n_found:,} expected files are there"
    else:
        first = f"{corpus.title} ({version}): {_against(n_found, corpus.files[version])}"
    return [first, *lines, *_reasons(listing.set_aside)]


def _against(found: int, expected: int) -> str:
    gap = f"{expected - found:,} missing" if found <= expected else f"{found - expected:,} surplus"
    return f"{found:,} files are there, {expected:,} are expected, {gap}"


def _reasons(set_aside: Iterable[SetAside]) -> list[str]:
    """One line a reason, with the first few names."""
    names: dict[str, list[str]] = {}
    for item in set_aside:
        names.setdefault(item.reason, []).append(item.name)
    return [
        f"set aside, {len(those):,}: {', '.join(those[:SHOWN])}"
        f"{' and so on' if len(those) > SHOWN else ''}: {reason}"
        for reason, those in names.items()
    ]
