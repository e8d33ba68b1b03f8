"""Where playlists go: which files, in which formats, with which picture."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from classify.errors import InputError
from classify.options import as_names, check_choices, check_names
from classify.playlists.media_paths import MediaPaths, missing_media
from classify.playlists.playlist import Playlist, Provenance
from classify.playlists.request import Limits, Request
from classify.playlists.writers import FORMATS, write_all


@dataclass(frozen=True)
class Output:
    """The files of playlists.

    Parameters
    ----------
    out : Path
        The files' path without ending; with the ending of a format, that format alone is written.
    formats : tuple of str
        Of m3u8, m3u, xspf, jspf, csv.
    picture : {"svg", "png"}
        Format of the picture of the moods.
    absolute : bool
        Whole paths instead of relative ones.
    media_root : Path or None
        A folder of recordings with the songs' names, to point at instead.
    ext : tuple of str
        Endings of recordings, as mp3,flac; best first.
    """

    out: Path = Path("playlist")
    formats: tuple[str, ...] = ("m3u8", "xspf", "csv")
    picture: Literal["svg", "png"] = "svg"
    absolute: bool = False
    media_root: Path | None = None
    ext: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_choices(self)
        if not self.out.name:
            raise InputError(f"--out {self.out}: expected the name of a file that is to be made")
        _ = self.places  # refuses a folder that is none before anything is made
        known = [ending.lstrip(".") for ending in FORMATS]
        if not self.formats or any(name.lstrip(".") not in known for name in self.formats):
            raise InputError(
                f"--format {','.join(self.formats)}: expected any of {', '.join(known)}"
            )

    @property
    def base(self) -> Path:
        """The files' path, without the ending of a format."""
        return self.out.with_suffix("") if self._ending else self.out

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of the files that are written."""
        return (self._ending,) if self._ending else self.formats

    @property
    def places(self) -> MediaPaths:
        """How the files name songs.

        Raises
        ------
        InputError
            If the folder of recordings is none, or an ending is no ending.
        """
        return MediaPaths(Path(), self.absolute, self.media_root, self.ext)

    @property
    def _ending(self) -> str:
        return self.out.suffix if self.out.suffix.lower() in FORMATS else ""


@dataclass(frozen=True)
class PlaylistFiles:
    """Playlists that were written.

    Parameters
    ----------
    playlists : list of Playlist
        What was made.
    paths : list of Path
        What was written, the pictures last.
    missing : list of list of str
        For each playlist, sentences on songs that a player will not find.
    remarks : list of str
        What should be known of the library: a warning, songs that were left out.
    """

    playlists: list[Playlist]
    paths: list[Path]
    missing: list[list[str]]
    remarks: list[str]


def write_files(
    playlists: list[Playlist], output: Output, made: Provenance, remarks: Sequence[str] = ()
) -> PlaylistFiles:
    """Write playlists and a picture of each; several are numbered.

    Parameters
    ----------
    playlists : list of Playlist
        What to write.
    output : Output
        Where to, and how.
    made : Provenance
        By which model and when.
    remarks : sequence of str
        What to say with them.
    """
    from classify.playlists import plot  # matplotlib is slow to import

    base, places = output.base, output.places
    base.parent.mkdir(parents=True, exist_ok=True)
    paths = write_all(playlists, base, output.endings, made, places)
    for number, playlist in enumerate(playlists, 1):
        stem = f"{base.name}-{number}" if len(playlists) > 1 else base.name
        paths.append(base.with_name(f"{stem}.{output.picture}"))
        plot.draw(playlist, paths[-1], made)
    lost = [missing_media([entry.song for entry in one.entries], places) for one in playlists]
    return PlaylistFiles(playlists, paths, lost, list(remarks))


def wishes_of(mood: str, wishes: dict[str, Any]) -> tuple[Request, Output]:
    """Deal wishes by name out to the records that they are fields of.

    Parameters
    ----------
    mood : str
        The wanted mood.
    wishes : dict
        Fields of `Request`, `Limits` and `Output`; lists of names may be one text, with commas.

    Raises
    ------
    InputError
        If there is no such wish, or its value makes no sense.
    """
    kinds = {kind: {field.name for field in fields(kind)} for kind in (Request, Limits, Output)}
    known = sorted(set().union(*kinds.values()) - {"mood", "limits"})
    check_names(wishes, dict.fromkeys(known), "wish")
    texts = {name: as_names(wishes[name]) for name in ("formats", "ext") if name in wishes}
    paths = {name: Path(wishes[name]) for name in ("out", "media_root") if wishes.get(name)}
    wishes = wishes | texts | paths
    of = {
        kind: {name: value for name, value in wishes.items() if name in names}
        for kind, names in kinds.items()
    }
    return Request(mood, limits=Limits(**of[Limits]), **of[Request]), Output(**of[Output])
