"""Corpora that their authors publish, read from a copy that the user has downloaded.

A source such as `emopia:/music/EMOPIA_2.2` names a corpus and a folder. One module of this package
is one corpus: constants (`CORPUS`) and `listing(folder)`, which derives labels, groups and splits
from the authors' file names and lists. A new module here is a new corpus; no list is edited.

Nothing is downloaded, copied or written. Nothing is skipped in silence either: every MIDI file of
the folder that is not part of the corpus, and every file that the authors list and the copy lacks,
is named; other files are counted by folder.
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

from classify.corpora.labels import Listing
from classify.corpora.published._copy import Published, is_song, list_files, printable
from classify.corpora.walk import Skipped, relative_name
from classify.errors import InputError

__all__ = ["Published", "check", "corpora", "list_songs", "parse_source"]

#: Names before the colon; a single letter is a drive of Windows.
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
    """Split `emopia:PATH` into name and folder.

    Parameters
    ----------
    source : str
        What the user named.

    Returns
    -------
    tuple of (str, Path), or None
        Name, in lower case and not checked, and folder. None where `source` is a path: it exists
        as written, has no colon, or begins with a drive (`C:`) or with what is not a name.

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


def list_songs(name: str, folder: Path) -> Listing:
    """List the songs of a published corpus in a user's copy of it.

    Parameters
    ----------
    name : str
        One of `corpora()`.
    folder : Path
        The copy.

    Returns
    -------
    Listing
        Labels, groups and, where the copy has the authors' lists, splits.

    Raises
    ------
    InputError
        If there is no such corpus or folder, or the folder is no copy of that corpus; the message
        names what was expected and where to get it.
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
    entries = [replace(entry, source=entry.source or corpus.title) for entry in entries]
    skipped = listing.skipped + unprintable + _unmentioned(corpus, folder, listing)
    return replace(listing, entries=entries, skipped=skipped)


def _unmentioned(corpus: Published, folder: Path, listing: Listing) -> list[Skipped]:
    """Name the MIDI files that the adapter does not mention; count other files by folder."""
    known = {entry.name for entry in listing.entries}
    known |= {item.name for item in listing.skipped}
    files = list_files(folder)
    strays = [relative_name(path, folder) for path in files if is_song(path)]
    others = Counter(relative_name(path.parent, folder) for path in files if not is_song(path))
    return [
        Skipped(name, f"is not a file that {corpus.title} labels")
        for name in strays
        if name not in known
    ] + [
        Skipped(f"{name}/", f"also holds other than MIDI files, {count:,} in number")
        for name, count in others.items()
    ]


def check(name: str, folder: Path) -> list[str]:
    """Compare a copy with the corpus as published: what is missing, what is surplus.

    Parameters
    ----------
    name, folder
        As for `list_songs`.

    Returns
    -------
    list of str
        First whether all files of the version that fits best are present, with a line for each
        class that differs; then a line for each reason for which files are skipped (among
        them: listed by the authors and missing, present and not listed).

    Raises
    ------
    InputError
        As `list_songs` does.
    """
    listing = list_songs(name, folder)
    corpus = corpora()[name]
    counts = Counter(entry.label for entry in listing.entries)
    n_files = counts.total()
    version = min(corpus.files, key=lambda v: abs(corpus.files[v] - n_files))
    expected = corpus.classes.get(version, {})
    labels = sorted({*counts, *expected}) if expected else []
    lines = [
        f"{label}: {_compare(counts[label], expected.get(label, 0))}"
        for label in labels
        if counts[label] != expected.get(label, 0)
    ]
    if n_files == corpus.files[version] and not lines:
        first = f"{corpus.title} ({version}): all {n_files:,} expected files are there"
    else:
        first = f"{corpus.title} ({version}): {_compare(n_files, corpus.files[version])}"
    return [first, *lines, *_reasons(listing.skipped)]


def _compare(present: int, expected: int) -> str:
    gap = expected - present
    gap_text = f"{gap:,} missing" if gap >= 0 else f"{-gap:,} surplus"
    return f"{present:,} files are there, {expected:,} are expected, {gap_text}"


def _reasons(skipped: Iterable[Skipped]) -> list[str]:
    """One line a reason, with the first few names."""
    names: dict[str, list[str]] = {}
    for item in skipped:
        names.setdefault(item.reason, []).append(item.name)
    return [
        f"skipped, {len(those):,}: {', '.join(those[:SHOWN])}"
        f"{' and so on' if len(those) > SHOWN else ''}: {reason}"
        for reason, those in names.items()
    ]
