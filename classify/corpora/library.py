"""Unlabelled songs: files, folders and archives, as people keep them.

A library is read by the same readers and kept in the same store as a corpus. Where a file is named
`Artist - Title`, both are taken from its name; otherwise the artist is the first folder below the
library's folder (or the second, or whichever is given), if the library has several such folders.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from classify.addresses import shown
from classify.corpora.labels import (
    NO_SONG,
    Entry,
    Listing,
    did_you_mean,
    holds_songs,
    only_songs,
    with_archives,
)
from classify.corpora.store import Store
from classify.corpora.walk import Skipped, walk
from classify.errors import InputError
from classify.files import displayable
from classify.songs import Song
from classify.songs.formats import READABLE, File

#: What separates artist and title in a file's name.
DASH = " - "


@dataclass(frozen=True)
class Item:
    """A song of a library.

    Parameters
    ----------
    name : str
        Its path as text, as the user gave it; unique in a library. A song in an archive has the
        archive's path before its name, a tune of a collection `#` and its number behind it.
    artist, title : str
        For people; the artist may be empty.
    song : Song
        Its notes.
    file : str
        The path of its file, as `classify.files.displayable` shows it; empty if that is in an
        archive or holds other songs too.
    """

    name: str
    artist: str
    title: str
    song: Song
    file: str

    @property
    def source(self) -> str:
        """The path of the file or archive that it is in, shown likewise."""
        return displayable(str(self.song.path))


@dataclass(frozen=True)
class Library:
    """Songs without labels, and files that are skipped, and why."""

    items: list[Item]
    skipped: list[Skipped]


def load_library(
    sources: Sequence[Path],
    on_song: Callable[[int, int], None] = lambda done, total: None,
    artist_folder: int = 1,
    n_workers: int | None = None,
) -> Library:
    """Read a library.

    Parameters
    ----------
    sources : sequence of Path
        Files, folders (and all folders in them) and zip archives.
    on_song : callable, optional
        Called with (files done, files in all).
    artist_folder : int
        Which folder below a source names the artist: 1 is the first; 0, none does.
    n_workers : int, optional
        As for `items_of`.

    Raises
    ------
    InputError
        If a source does not exist, or nothing in it is a song that can be read.
    """
    listing = list_songs(sources, artist_folder)
    items, unread = items_of(listing.entries, Store.of_user(), on_song, n_workers)
    skipped = [*listing.skipped, *unread]
    if not items:
        raise nothing_usable(sources[0], skipped)
    return Library(items, skipped)


def nothing_usable(source: Path, skipped: Sequence[Skipped]) -> InputError:
    """Make the refusal of a library in which no song can be used."""
    first = skipped[0]
    return InputError(
        f"{source}: none of the {len(skipped)} files can be used; "
        f"the first, {first.name}, {first.reason}"
    )


def items_of(
    entries: Sequence[Entry],
    store: Store,
    on_song: Callable[[int, int], None] = lambda done, total: None,
    n_workers: int | None = None,
) -> tuple[list[Item], list[Skipped]]:
    """Read some files of a library.

    Parameters
    ----------
    entries : sequence of Entry
        As `list_songs` gives them.
    store : Store
        Where notes are kept.
    on_song : callable, optional
        Called with (files done, files in all).
    n_workers : int, optional
        Processes that read at once; one per core unless given.

    Returns
    -------
    items : list of Item
    skipped : list of Skipped
        What could not be read, and why.
    """
    files = [File(str(entry.path), entry.member) for entry in entries]
    items, skipped = list[Item](), list[Skipped]()
    for entry, parts in zip(entries, store.read(files, on_song, n_workers), strict=True):
        for stored in parts:
            name = entry.name if len(parts) == 1 else f"{entry.name}#{stored.part + 1}"
            if stored.reason:
                skipped.append(Skipped(name, stored.reason))
                continue
            artist, title = _artist_and_title(
                PurePath(name).stem if len(parts) == 1 else PurePath(name).name
            )
            song = store.song(stored, entry.path, title)
            artist = song.artist or artist
            file = "" if entry.member or len(parts) > 1 else displayable(str(entry.path))
            items.append(Item(name, artist or entry.group, song.title, song, file))
    return items, skipped


def _artist_and_title(stem: str) -> tuple[str, str]:
    artist, dash, title = stem.partition(DASH)
    return (
        (artist.strip(), title.strip()) if dash and artist.strip() and title.strip() else ("", stem)
    )


def list_songs(sources: Sequence[Path], artist_folder: int = 1) -> Listing:
    """List the songs of files, folders and archives, with the artist as `group`.

    Raises
    ------
    InputError
        If a source does not exist, or holds no song.
    """
    if artist_folder < 0:
        raise InputError(
            f"--artist-folder {artist_folder}: expected 1 for the first folder below the library's "
            f"own, 2 for the second, or 0 for none"
        )
    entries, skipped = list[Entry](), list[Skipped]()
    for source in sources:
        listing = with_archives(_list_source(source, artist_folder))
        entries += listing.entries
        skipped += listing.skipped
    listing = only_songs(Listing(displayable(str(sources[0])), entries, skipped))
    listing = _without_repeats(listing)
    if not listing.entries:
        first = listing.skipped[:1]
        why = f" ({first[0].name} {first[0].reason})" if first else ""
        raise InputError(f"{sources[0]}: no songs{why}; songs are {READABLE}")
    return listing


def _list_source(source: Path, artist_folder: int) -> Listing:
    if not source.exists():
        raise InputError(f"{source}: no such file or folder{did_you_mean(source)}")
    if not source.is_dir():
        return Listing("", [Entry(source, _shown(source), "")], [])
    files, unreadable = walk(source)
    songs = [file for file in files if holds_songs(file.name)]
    others = [Skipped(_shown(f.path), NO_SONG) for f in files if not holds_songs(f.name)]
    folders = [("", *file.name.split("/")[:-1]) for file in songs]
    artists = [names[artist_folder] if artist_folder < len(names) else "" for names in folders]
    if len(set(filter(None, artists))) < 2:
        artists = [""] * len(songs)
    entries = [
        Entry(file.path, _shown(file.path), "", group=artist)
        for file, artist in zip(songs, artists, strict=True)
    ]
    return Listing("", entries, unreadable + others)


def _shown(path: Path) -> str:
    return displayable(shown(path))


def _without_repeats(listing: Listing) -> Listing:
    """Keep each file once, however often the sources name it, and each name once."""
    seen: set[tuple[str, str]] = set()
    entries, repeats = list[Entry](), list[Skipped]()
    for entry in listing.entries:
        file = os.path.realpath(entry.path), entry.member
        if file in seen:
            repeats.append(Skipped(entry.name, "is listed more than once; it is read once"))
        else:
            entries.append(entry)
            seen.add(file)
    entries.sort(key=lambda entry: (entry.name, entry.member))
    uses = Counter[str]()
    for number, entry in enumerate(entries):
        uses[entry.name] += 1
        if uses[entry.name] > 1:  # names that differ only in bytes that are not UTF-8
            entries[number] = replace(entry, name=f"{entry.name} ({uses[entry.name]})")
    return Listing(listing.name, entries, listing.skipped + repeats)
