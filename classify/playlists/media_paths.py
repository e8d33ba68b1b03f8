"""Paths of a playlist's songs, as a player needs them.

Players seldom play MIDI files, so a playlist can point at recordings instead: files with the same
stem as the song, beside it or anywhere in a folder of recordings.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath
from urllib.parse import quote

from classify.addresses import address_of
from classify.errors import InputError
from classify.files import on_disk

#: Endings of recordings, where none is named; the first that is there is taken.
RECORDINGS = (".flac", ".mp3", ".m4a", ".ogg", ".opus", ".wav", ".aac", ".aiff", ".wma")


@dataclass(frozen=True)
class MediaPaths:
    """How a playlist names its songs' files.

    Parameters
    ----------
    root : Path
        Folder that the library's relative paths start from.
    absolute : bool
        Whether to write absolute paths. Otherwise paths start from the playlist's folder, so that
        both can be moved together.
    media_root : Path or None
        Folder of recordings. A recording has the song's stem; of several, the one at the same place
        in its folder as the song in the library is taken.
    ext : tuple of str
        Endings of recordings, best first; without a `media_root`, recordings lie beside the songs.

    Examples
    --------
    >>> paths = MediaPaths(root=Path("music"))
    >>> file, problem = paths.file("Slow/a song.mid")
    >>> file.as_posix(), problem
    ('music/Slow/a song.mid', '')
    >>> paths.path(file, Path("lists/evening.m3u8"))
    '../music/Slow/a song.mid'
    >>> paths.uri(file, Path("lists/evening.xspf"))
    '../music/Slow/a%20song.mid'
    """

    root: Path = field(default_factory=Path)
    absolute: bool = False
    media_root: Path | None = None
    ext: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.media_root is not None and not self.media_root.is_dir():
            raise InputError(
                f"{self.media_root}: is not a folder; a folder of recordings is expected"
            )
        for ext in self.ext:
            if not ext.strip(".") or "/" in ext:
                raise InputError(f"{ext!r} is not a file ending; one such as .mp3 is expected")

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of recordings, each with its dot, in small letters."""
        return tuple(f".{ext.lower().lstrip('.')}" for ext in self.ext) or RECORDINGS

    @cached_property
    def recordings(self) -> dict[str, list[Path]]:
        """Recordings of the folder by stem, best ending first."""
        by_stem: dict[str, list[Path]] = {}
        for folder, _, names in os.walk(self.media_root or Path()):
            for name in names:
                if PurePath(name).suffix.lower() in self.endings:
                    by_stem.setdefault(PurePath(name).stem, []).append(Path(folder, name))
        preference = {ending: number for number, ending in enumerate(self.endings)}
        for paths in by_stem.values():
            paths.sort(key=lambda path: (preference[path.suffix.lower()], path))
        return by_stem

    def file(self, song: str) -> tuple[Path, str]:
        """Find the file to play for a song.

        Parameters
        ----------
        song : str
            Path as in the library.

        Returns
        -------
        tuple of Path and str
            The recording, or the song itself; and, where a recording was wanted and is missing, a
            sentence that reports it.
        """
        song_file = on_disk(self.root / song)
        if self.media_root is None and not self.ext:
            return song_file, ""
        if self.media_root is None:
            candidates = [song_file.with_suffix(ending) for ending in self.endings]
            matches = [path for path in candidates if path.is_file()]
            where = "beside it"
        else:
            below = song_file.is_relative_to(self.root)
            matches = self._in_media_root(song_file.relative_to(self.root) if below else song_file)
            where = f"in {self.media_root}"
        if len(matches) == 1 or (matches and self.media_root is None):
            return matches[0], ""
        if matches:
            return song_file, (
                f"{song} has several recordings, {matches[0]} and {matches[1]} among them; the "
                f"list points at the song itself."
            )
        kinds = ", ".join(self.endings)
        return song_file, (
            f"{song} has no recording of its name ({kinds}) {where}; the list points at the song "
            f"itself."
        )

    def _in_media_root(self, song: PurePath) -> list[Path]:
        """Find what may be a song's recording: one, if it lies where the song does or is alone."""
        assert self.media_root is not None
        named = self.recordings.get(song.stem, [])
        same_place = [
            path for path in named if path.parent.relative_to(self.media_root) == song.parent
        ]
        folders = {path.parent for path in named}
        return same_place[:1] or (named[:1] if len(folders) == 1 else named)

    def path(self, file: Path, playlist: Path) -> str:
        """Name a file for a playlist, as a path with forward slashes, or as the address it has."""
        if address := address_of(file):
            return str(address)
        if not self.absolute:
            try:
                relative = os.path.relpath(file, playlist.parent)
                return PurePath(relative).as_posix()
            except ValueError:  # on another drive
                pass
        return Path(os.path.abspath(file)).as_posix()  # noqa: PTH100 (links stay as they are)

    def uri(self, file: Path, playlist: Path) -> str:
        """Name a file for a playlist, as a URI or relative reference, percent-encoded."""
        path = self.path(file, playlist)
        if address_of(path) or PurePath(path).is_absolute():
            return absolute_uri(file)
        return quote(os.fsencode(path), safe="/")


def absolute_uri(file: Path) -> str:
    """Give a file's URI, beginning with file://, or with what its address begins with.

    Examples
    --------
    >>> absolute_uri(Path("/music/a song.mid"))
    'file:///music/a%20song.mid'
    >>> absolute_uri(Path("s3://bucket/a song.mid"))
    's3://bucket/a%20song.mid'
    """
    if address := address_of(file):
        return quote(str(address), safe="/:")
    return Path(os.path.abspath(file)).as_uri()  # noqa: PTH100


def missing_media(songs: Sequence[str], paths: MediaPaths) -> list[str]:
    """Report the songs that a player will not find, or not as the recording that was wanted.

    Returns
    -------
    list of str
        A sentence for each song whose recording was wanted and is missing, and one for all songs
        in archives or in files of several tunes.

    Examples
    --------
    >>> missing_media(["a.mid"], MediaPaths(Path("nowhere"), ext=("mp3",)))
    ['a.mid has no recording of its name (.mp3) beside it; the list points at the song itself.']
    """
    files = [paths.file(song) for song in songs]
    inside = [
        song
        for song, (file, _) in zip(songs, files, strict=True)
        if not file.exists() and any(above.is_file() for above in _above(file))
    ]
    sentences = [sentence for _, sentence in files if sentence]
    if inside:
        sentences.append(
            f"Players cannot open {len(inside)} of the songs, which lie in archives or share a "
            f"file with others ({inside[0]}); unpack them, or point at recordings with the same "
            f"names (--media-root)."
        )
    return sentences


def _above(file: Path) -> list[Path]:
    """List what may hold a song that is not itself a file: folders, and the file of a tune."""
    collection = [file.with_name(file.name.rpartition("#")[0])] if "#" in file.name[1:] else []
    return [*collection, *file.parents]
