"""A corpus: songs in order, each with its label, and a list of what was left out and why."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from classify.corpora import builtin, published
from classify.corpora.groups import merged
from classify.corpora.labels import Entry, Listing, SetAside, find
from classify.corpora.store import VERSION, Store
from classify.errors import InputError
from classify.files import cache_folder
from classify.songs import Song
from classify.songs.formats import File


@dataclass(frozen=True, eq=False)
class Corpus:
    """Labelled songs.

    Parameters
    ----------
    name : str
        For titles and folder names.
    source : str
        What the user asked for: a path, or the name of a built-in corpus.
    songs : list of Song
        In the order of the listing.
    entries : list of Entry
        What the listing says of each song; same length as `songs`.
    groups : list of str
        Songs with the same group are never parted by a split. A song without a group of its own
        is its own group; byte-identical files always share one.
    set_aside : list of SetAside
        What was listed and is not used.
    window : int or None
        The corpus's own sensible window, in notes.
    licence : str
        Whose music it is, where that is known.
    note : str
        What a reader of a report should know of a published corpus.
    citation : str
        BibTeX of a published corpus.
    """

    name: str
    source: str
    songs: list[Song]
    entries: list[Entry]
    groups: list[str]
    set_aside: list[SetAside]
    window: int | None = None
    licence: str = ""
    note: str = ""
    citation: str = ""

    @property
    def labels(self) -> list[str]:
        """The label of each song."""
        return [entry.label for entry in self.entries]

    @property
    def classes(self) -> list[str]:
        """The labels that occur, sorted."""
        return sorted(set(self.labels))

    @property
    def n_copies(self) -> int:
        """How many songs are byte for byte the same as an earlier one."""
        return len(self.songs) - len({song.digest for song in self.songs})

    @property
    def n_contradictions(self) -> int:
        """How many songs are byte for byte the same as an earlier one with another label."""
        first: dict[str, str] = {}
        return sum(
            first.setdefault(song.digest, label) != label
            for song, label in zip(self.songs, self.labels, strict=True)
        )

    @property
    def repaired(self) -> list[tuple[str, str]]:
        """Name of each song whose file had to be mended, and what was mended."""
        return [
            (entry.name, song.repaired)
            for song, entry in zip(self.songs, self.entries, strict=True)
            if song.repaired
        ]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over names, labels, groups, splits and contents: equal for equal corpora."""
        digest = hashlib.sha256()
        for song, entry, group in zip(self.songs, self.entries, self.groups, strict=True):
            row = (entry.name, entry.label, group, entry.split, song.digest)
            digest.update("\x1f".join(row).encode() + b"\x1e")
        return digest.hexdigest()


def load(source: str, on_song: Callable[[int, int], None] = lambda done, total: None) -> Corpus:
    """Read a corpus.

    Parameters
    ----------
    source : str
        The name of a built-in corpus (`folk`, `tunes`), a folder with one folder per class, a
        folder with a labels.csv, a CSV file, a zip archive, or a published corpus and the folder
        of a copy (`emopia:PATH`).
    on_song : callable, optional
        Called with (songs done, songs in all) while the corpus is made or read.

    Returns
    -------
    Corpus
        With at least two classes.

    Raises
    ------
    InputError
        If there is no such corpus, no usable song, or only one class.
    """
    if not source.strip():
        raise InputError("the corpus is an empty name; expected a folder or a built-in corpus")
    listing, about = _listing(source, on_song)
    store = Store(cache_folder() / f"songs-v{VERSION}")
    files = [File(str(entry.path), entry.member) for entry in listing.entries]
    songs, entries, set_aside = [], [], []
    for entry, parts in zip(listing.entries, store.read(files, on_song), strict=True):
        for held in parts:
            own = entry if len(parts) == 1 else replace(entry, name=f"{entry.name}#{held.part + 1}")
            if held.reason:
                set_aside.append(SetAside(own.name, held.reason, own.label))
            else:
                songs.append(store.song(held, own.path, PurePath(own.name).stem))
                entries.append(own)
    corpus = Corpus(
        name=about.get("name", listing.name),
        source=source,
        songs=songs,
        entries=entries,
        groups=_groups(songs, entries),
        set_aside=set_aside + listing.set_aside,
        **{name: value for name, value in about.items() if name != "name"},
    )
    _check(corpus)
    return corpus


def _listing(source: str, on_song: Callable[[int, int], None]) -> tuple[Listing, dict[str, Any]]:
    """Find the files of a corpus, and what else is known of it."""
    made = builtin.CORPORA.get(source)
    if made:
        about = {"name": made.name, "window": made.window, "licence": made.licence}
        return find(builtin.prepared(made, on_song)), about
    of_authors = published.parse_source(source)
    if of_authors:
        name, folder = of_authors
        listing = published.find(name, folder)
        corpus = published.corpora()[name]
        about = {"name": name, "window": corpus.window, "licence": corpus.licence}
        return listing, about | {"note": corpus.note, "citation": corpus.citation}
    path = _path(source)
    if not path.exists() and "/" not in source:
        raise InputError(
            f"{source}: is neither a folder here nor a built-in corpus; "
            f"built in are {', '.join(builtin.CORPORA)}"
        )
    return find(path), {}


def _path(source: str) -> Path:
    try:
        return Path(source).expanduser()
    except RuntimeError:  # ~name of a user who is not there
        return Path(source)


def _groups(songs: list[Song], entries: list[Entry]) -> list[str]:
    """Name each song's group, with byte-identical songs (and so their whole groups) merged."""
    return merged(
        [
            [entry.group or f"song:{entry.name}", f"sha256:{song.digest}"]
            for song, entry in zip(songs, entries, strict=True)
        ]
    )


def _check(corpus: Corpus) -> None:
    if not corpus.songs:
        first = corpus.set_aside[0]
        raise InputError(
            f"{corpus.source}: none of the {len(corpus.set_aside)} files can be used; "
            f"the first, {first.name}, {first.reason}"
        )
    if len(corpus.classes) == 1:
        raise InputError(
            f"{corpus.source}: all {len(corpus.songs)} usable songs carry the label "
            f"{corpus.classes[0]!r}; a comparison needs at least two classes"
        )
