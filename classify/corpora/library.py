"""Songs that nobody has labelled: files, folders and archives, as people keep them.

A library is read by the same readers and kept in the same store as a corpus. Where a file is named
`Artist - Title`, both are taken from its name; otherwise the artist is the first folder below the
library's own (or the second, or whichever is said to be), if the library has several such folders.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from classify.corpora.labels import (
    NO_SONG,
    Entry,
    Listing,
    SetAside,
    files_below,
    hidden,
    holds_songs,
    near,
    only_songs,
    plain,
    with_archives,
)
from classify.corpora.store import VERSION, Store
from classify.errors import InputError
from classify.files import cache_folder
from classify.songs import Song
from classify.songs.formats import READABLE, File

#: What parts artist and title in a file's name.
DASH = " - "


@dataclass(frozen=True)
class Item:
    """A song of a library.

    Parameters
    ----------
    name : str
        Its path as text, as the user gave it; no two songs of a library share one. A song in an
        archive has the archive's path before its own, a tune of a collection `#` and its number.
    artist, title : str
        What is known of them; the artist may be empty.
    song : Song
        Its notes.
    file : str
        The path of its file; empty if that is in an archive or holds other songs too.
    """

    name: str
    artist: str
    title: str
    song: Song
    file: str


@dataclass(frozen=True)
class Library:
    """Songs without labels, and what cannot be one and why."""

    items: list[Item]
    set_aside: list[SetAside]


def load_library(
    sources: Sequence[Path],
    on_song: Callable[[int, int], None] = lambda done, total: None,
    artist_folder: int = 1,
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

    Raises
    ------
    InputError
        If a source is not there, or nothing in it is a song that can be read.
    """
    listing = find_songs(sources, artist_folder)
    store = Store(cache_folder() / f"songs-v{VERSION}")
    files = [File(str(entry.path), entry.member) for entry in listing.entries]
    items, set_aside = list[Item](), list(listing.set_aside)
    for entry, parts in zip(listing.entries, store.read(files, on_song), strict=True):
        for held in parts:
            name = entry.name if len(parts) == 1 else f"{entry.name}#{held.part + 1}"
            if held.reason:
                set_aside.append(SetAside(name, held.reason))
                continue
            artist, title = _called(PurePath(name).stem if len(parts) == 1 else PurePath(name).name)
            song = store.song(held, entry.path, title)
            file = "" if entry.member or len(parts) > 1 else str(entry.path)
            items.append(Item(name, artist or entry.group, song.title, song, file))
    if not items:
        first = set_aside[0]
        raise InputError(
            f"{sources[0]}: none of the {len(set_aside)} files can be used; "
            f"the first, {first.name}, {first.reason}"
        )
    return Library(items, set_aside)


def _called(stem: str) -> tuple[str, str]:
    artist, dash, title = stem.partition(DASH)
    return (
        (artist.strip(), title.strip()) if dash and artist.strip() and title.strip() else ("", stem)
    )


def find_songs(sources: Sequence[Path], artist_folder: int = 1) -> Listing:
    """List the songs of files, folders and archives; `group` is the artist, where folders tell.

    Raises
    ------
    InputError
        If a source is not there, or no song is found.
    """
    if artist_folder < 0:
        raise InputError(
            f"--artist-folder {artist_folder}: expected 1 for the first folder below the library's "
            f"own, 2 for the second, or 0 for none"
        )
    entries, set_aside = list[Entry](), list[SetAside]()
    for source in sources:
        found = with_archives(_of_source(source, artist_folder))
        entries += found.entries
        set_aside += found.set_aside
    listing = only_songs(Listing(plain(str(sources[0])), entries, set_aside))
    listing = _once(listing)
    if not listing.entries:
        first = listing.set_aside[:1]
        why = f" ({first[0].name} {first[0].reason})" if first else ""
        raise InputError(f"{sources[0]}: no songs{why}; songs are {READABLE}")
    return listing


def _of_source(source: Path, artist_folder: int) -> Listing:
    if not source.exists():
        raise InputError(f"{source}: no such file or folder{near(source)}")
    if source.is_file():
        return Listing("", [Entry(source, _shown(source), "")], [])
    files, problems = files_below(source, source, "")
    songs = [path for path in files if holds_songs(path.name)]
    others = [SetAside(_shown(path), NO_SONG) for path in files if not holds_songs(path.name)]
    folders = [(None, *path.relative_to(source).parts[:-1]) for path in songs]
    artists = [own[artist_folder] if artist_folder < len(own) else None for own in folders]
    several = len(set(filter(None, artists))) > 1
    return Listing(
        "",
        [
            Entry(path, _shown(path), "", group=plain(artist) if several and artist else "")
            for path, artist in zip(songs, artists, strict=True)
            if not hidden(path)
        ],
        problems + others,
    )


def _shown(path: Path) -> str:
    return plain(path.as_posix())


def _once(listing: Listing) -> Listing:
    """Keep each file once, however often the sources name it, and each name once."""
    seen: set[tuple[str, str]] = set()
    entries, again = list[Entry](), list[SetAside]()
    for entry in listing.entries:
        place = os.path.realpath(entry.path), entry.member
        if place in seen:
            again.append(SetAside(entry.name, "is named twice; it is read once"))
        else:
            entries.append(entry)
            seen.add(place)
    entries.sort(key=lambda entry: (entry.name, entry.member))
    shown = Counter[str]()
    for number, entry in enumerate(entries):
        shown[entry.name] += 1
        if shown[entry.name] > 1:  # names that differ only in bytes that no text shows
            entries[number] = replace(entry, name=f"{entry.name} ({shown[entry.name]})")
    return Listing(listing.name, entries, listing.set_aside + again)
