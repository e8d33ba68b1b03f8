"""Where the songs of a playlist lie, for a player to find them.

Players seldom play MIDI files, so a playlist can point at recordings instead: files with the same
stem as the song, beside it or anywhere in a folder of recordings.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath
from urllib.parse import quote

from classify.errors import InputError

#: Endings of recordings, where none is named; the first that is there is taken.
RECORDINGS = (".flac", ".mp3", ".m4a", ".ogg", ".opus", ".wav", ".aac", ".aiff", ".wma")


@dataclass(frozen=True)
class Places:
    """How a playlist names its songs.

    Parameters
    ----------
    root : Path
        Folder that the library's relative paths start from.
    absolute : bool
        Whether to write whole paths. Otherwise paths start from the playlist's folder, so that both
        can be moved together.
    media_root : Path or None
        Folder of recordings. A recording has the song's stem; of several, the one at the same place
        in its folder as the song in the library is taken.
    ext : tuple of str
        Endings of recordings, best first; without a `media_root`, recordings lie beside the songs.
    """

    root: Path = field(default_factory=Path)
    absolute: bool = False
    media_root: Path | None = None
    ext: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.media_root is not None and not self.media_root.is_dir():
            raise InputError(f"{self.media_root}: is no folder; a folder of recordings is expected")
        for ext in self.ext:
            if not ext.strip(".") or "/" in ext:
                raise InputError(f"{ext!r} is no ending of files; one such as .mp3 is expected")

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of recordings, each with its dot, in small letters."""
        return tuple(f".{ext.lower().lstrip('.')}" for ext in self.ext) or RECORDINGS

    @cached_property
    def recordings(self) -> dict[str, list[Path]]:
        """Recordings of the folder by stem, best ending first."""
        found: dict[str, list[Path]] = {}
        for folder, _, names in os.walk(self.media_root or Path()):
            for name in names:
                if PurePath(name).suffix.lower() in self.endings:
                    found.setdefault(PurePath(name).stem, []).append(Path(folder, name))
        place = {ending: number for number, ending in enumerate(self.endings)}
        for paths in found.values():
            paths.sort(key=lambda path: (place[path.suffix.lower()], path))
        return found

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
            sentence that says so.
        """
        own = self.root / song
        if self.media_root is None and not self.ext:
            return own, ""
        if self.media_root is None:
            beside = [own.with_suffix(ending) for ending in self.endings]
            there = [path for path in beside if path.is_file()]
            where = "beside it"
        else:
            there = self._in_media_root(PurePath(song))
            where = f"in {self.media_root}"
        if len(there) == 1 or (there and self.media_root is None):
            return there[0], ""
        if there:
            return own, (
                f"{song} has several recordings, {there[0]} and {there[1]} among them; the list "
                f"points at the song itself."
            )
        kinds = ", ".join(self.endings)
        return own, (
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
        """Name a file for a playlist, as a path with forward slashes."""
        if not self.absolute:
            try:
                relative = os.path.relpath(file, playlist.parent)
                return PurePath(relative).as_posix()
            except ValueError:  # on another drive
                pass
        return Path(os.path.abspath(file)).as_posix()  # noqa: PTH100 (links stay as they are)

    def uri(self, file: Path, playlist: Path) -> str:
        """Name a file for a playlist, as a URI or relative reference: everything odd is encoded."""
        path = self.path(file, playlist)
        if PurePath(path).is_absolute():
            return absolute_uri(file)
        return quote(os.fsencode(path), safe="/")


def absolute_uri(file: Path) -> str:
    """Give a file's URI, beginning with file://."""
    return Path(os.path.abspath(file)).as_uri()  # noqa: PTH100


def missing(songs: Sequence[str], places: Places) -> list[str]:
    """Say which songs a player will not find, or not as it was asked to.

    Returns
    -------
    list of str
        A sentence for each song whose recording was wanted and is missing, and one for all songs
        in archives or in files of several tunes.
    """
    found = [places.file(song) for song in songs]
    inside = [
        song
        for song, (file, _) in zip(songs, found, strict=True)
        if not file.exists() and any(above.is_file() for above in _above(file))
    ]
    said = [sentence for _, sentence in found if sentence]
    if inside:
        said.append(
            f"Players cannot open {len(inside)} of the songs, which lie in archives or share a "
            f"file with others ({inside[0]}); unpack them, or point at recordings with the same "
            f"names (--media-root)."
        )
    return said


def _above(file: Path) -> list[Path]:
    """List what may hold a song that is no file itself: folders, and the file of a tune."""
    own = [file.with_name(file.name.rpartition("#")[0])] if "#" in file.name[1:] else []
    return [*own, *file.parents]
