"""A corpus: songs in order, each with its label, and a list of what was left out and why."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from classify.corpora import builtin
from classify.corpora.groups import merged
from classify.corpora.labels import Entry, SetAside, find
from classify.errors import InputError
from classify.songs import Song, UnusableSong, midi


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
    """

    name: str
    source: str
    songs: list[Song]
    entries: list[Entry]
    groups: list[str]
    set_aside: list[SetAside]
    window: int | None = None
    licence: str = ""

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
        folder with a labels.csv, or a CSV file.
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
    made = builtin.CORPORA.get(source)
    path = builtin.prepared(made, on_song) if made else _path(source)
    if made is None and not path.exists() and "/" not in source:
        raise InputError(
            f"{source}: is neither a folder here nor a built-in corpus; "
            f"built in are {', '.join(builtin.CORPORA)}"
        )
    listing = find(path)
    songs, entries, set_aside = [], [], []
    for number, entry in enumerate(listing.entries, 1):
        try:
            songs.append(midi.read(entry.path))
            entries.append(entry)
        except UnusableSong as reason:
            set_aside.append(SetAside(entry.name, str(reason), entry.label))
        on_song(number, len(listing.entries))
    corpus = Corpus(
        name=made.name if made else listing.name,
        source=source,
        songs=songs,
        entries=entries,
        groups=_groups(songs, entries),
        set_aside=set_aside + listing.set_aside,
        window=made.window if made else None,
        licence=made.licence if made else "",
    )
    _check(corpus)
    return corpus


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
