"""A corpus: songs in order, each with its label, and a list of what was skipped and why."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from classify.corpora import builtin, library, published
from classify.corpora.groups import group_by_shared_keys
from classify.corpora.labels import LABELS, Entry, Listing, holds_songs, list_songs
from classify.corpora.store import Store
from classify.corpora.walk import Skipped
from classify.errors import InputError, NoClasses
from classify.files import whole
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
        What the user named: a path, a built-in corpus, or a published one and its folder.
    songs : list of Song
        In the order of the listing.
    entries : list of Entry
        Label and other columns of each song; same length as `songs`.
    groups : list of str
        Songs of one group are kept together by every split. A song without a group is a group of
        its own; byte-identical files always share one.
    skipped : list of Skipped
        Files that are listed and not used, and why.
    window : int or None
        A sensible window for this corpus, in notes.
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
    skipped: list[Skipped]
    window: int | None = None
    licence: str = ""
    note: str = ""
    citation: str = ""

    @property
    def labels(self) -> list[str]:
        """The label of each song."""
        return [entry.label for entry in self.entries]

    @property
    def sources(self) -> list[str]:
        """The collection that each song comes from; empty where it is not known."""
        return [entry.source for entry in self.entries]

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
        """Name of each song whose file had to be repaired, and what was repaired."""
        return [
            (entry.name, song.repaired)
            for song, entry in zip(self.songs, self.entries, strict=True)
            if song.repaired
        ]

    def without(self, reasons: Mapping[str, str]) -> "Corpus":
        """Give the corpus without some songs, which count as skipped.

        Parameters
        ----------
        reasons : mapping of str to str
            By the name of a song's entry: why it is not used.

        Raises
        ------
        InputError
            If no song is left.
        """
        kept = [i for i, entry in enumerate(self.entries) if entry.name not in reasons]
        skipped = [
            Skipped(entry.name, reasons[entry.name], entry.label)
            for entry in self.entries
            if entry.name in reasons
        ]
        corpus = replace(
            self,
            songs=[self.songs[i] for i in kept],
            entries=[self.entries[i] for i in kept],
            groups=[self.groups[i] for i in kept],
            skipped=skipped + self.skipped,
        )
        _check(corpus, labelled=False)
        return corpus

    def without_labels(self) -> "Corpus":
        """Give the corpus with no song labelled."""
        return replace(self, entries=[replace(entry, label="") for entry in self.entries])

    @property
    def fingerprint(self) -> str:
        """SHA-256 over names, labels, groups, splits and contents: equal for equal corpora."""
        digest = hashlib.sha256()
        for song, entry, group in zip(self.songs, self.entries, self.groups, strict=True):
            row = (entry.name, entry.label, group, entry.split, song.digest)
            digest.update("\x1f".join(row).encode() + b"\x1e")
        return digest.hexdigest()


def load(
    source: str,
    on_song: Callable[[int, int], None] = lambda done, total: None,
    labelled: bool = True,
) -> Corpus:
    """Read a corpus, of which songs that a generator made are no part.

    Parameters
    ----------
    source : str
        The name of a built-in corpus (`folk`, `tunes`, `composers`, `chorales`), a folder with one
        folder per class, a folder with a labels.csv, a CSV file, a zip archive, or a published
        corpus and the folder of a copy (`emopia:PATH`).
    on_song : callable, optional
        Called with (songs done, songs in all) while the corpus is made or read.
    labelled : bool
        Whether songs without labels, or all of one label, are refused. Where they are not, a folder
        with songs in it and no labels.csv is read as it is, and their labels are empty.

    Returns
    -------
    Corpus
        With at least two classes, if it is to be labelled.

    Raises
    ------
    InputError
        If there is no such corpus, or no usable song; `NoClasses`, one of these, if songs have no
        label or all the same.
    """
    if not source.strip():
        raise InputError("the corpus is an empty name; expected a folder or a built-in corpus")
    listing, about = _listing(source, on_song, labelled)
    store = Store.of_user()
    files = [File(str(entry.path), entry.member) for entry in listing.entries]
    songs, entries, skipped = [], [], []
    for entry, parts in zip(listing.entries, store.read(files, on_song), strict=True):
        for stored in parts:
            name = entry.name if len(parts) == 1 else f"{entry.name}#{stored.part + 1}"
            song = None if stored.reason else store.song(stored, entry.path, PurePath(name).stem)
            if song is None or song.generated:
                reason = stored.reason or f"was {stored.origin}, and nothing is learned from that"
                skipped.append(Skipped(name, reason, entry.label))
            else:
                songs.append(song)
                entries.append(replace(entry, name=name))
    corpus = Corpus(
        name=about.get("name", listing.name),
        source=source,
        songs=songs,
        entries=entries,
        groups=_groups(songs, entries),
        skipped=skipped + listing.skipped,
        **{name: value for name, value in about.items() if name != "name"},
    )
    _check(corpus, labelled)
    return corpus


def _listing(
    source: str, on_song: Callable[[int, int], None], labelled: bool
) -> tuple[Listing, dict[str, Any]]:
    """List the files of a corpus, and give what else is known of it."""
    built_in = builtin.CORPORA.get(source)
    if built_in:
        about = {"name": built_in.name, "window": built_in.window, "licence": built_in.licence}
        return list_songs(builtin.prepare(built_in, on_song)), about | {"note": built_in.note}
    name_and_folder = published.parse_source(source)
    if name_and_folder:
        name, folder = name_and_folder
        listing = published.list_songs(name, folder)
        corpus = published.corpora()[name]
        about = {"name": name, "window": corpus.window, "licence": corpus.licence}
        return listing, about | {"note": corpus.note, "citation": corpus.citation}
    path = _path(source)
    if not path.exists() and "/" not in source:
        raise InputError(
            f"{source}: is neither a folder here nor a built-in corpus; "
            f"built in are {', '.join(builtin.CORPORA)}"
        )
    if not labelled and path.is_dir() and _holds_plain_songs(path):
        return library.list_songs([path], artist_folder=0), {"name": whole(path).name}
    return list_songs(path), {}


def _holds_plain_songs(folder: Path) -> bool:
    names = [path.name for path in folder.iterdir() if path.is_file()]
    return any(map(holds_songs, names)) and LABELS not in map(str.lower, names)


def _path(source: str) -> Path:
    try:
        return Path(source).expanduser()
    except RuntimeError:  # ~name of a user who is not there
        return Path(source)


def _groups(songs: list[Song], entries: list[Entry]) -> list[str]:
    """Name each song's group, with the groups of byte-identical songs merged."""
    return group_by_shared_keys(
        [
            [entry.group or f"song:{entry.name}", f"sha256:{song.digest}"]
            for song, entry in zip(songs, entries, strict=True)
        ]
    )


def _check(corpus: Corpus, labelled: bool) -> None:
    if not corpus.songs:
        first = corpus.skipped[0]
        raise InputError(
            f"{corpus.source}: none of the {len(corpus.skipped)} files can be used; "
            f"the first, {first.name}, {first.reason}"
        )
    if labelled and len(corpus.classes) == 1:
        raise NoClasses(
            f"{corpus.source}: all {len(corpus.songs)} usable songs carry the label "
            f"{corpus.classes[0]!r}; a comparison needs at least two classes"
        )
