"""Playlists from a model and a library, or from what it predicted, written to files."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classify.errors import InputError
from classify.files import read_json
from classify.inference.tasks import loaded
from classify.playlists.output import Output, PlaylistFiles, wishes_of, write_files
from classify.playlists.request import Request
from classify.progress import SILENT, Progress
from classify.storage import stored

if TYPE_CHECKING:
    import pandas as pd

    from classify.inference.saved_model import Bundle
    from classify.playlists.library import PredictedLibrary
    from classify.playlists.playlist import Playlist

#: Endings of tables that `predict` wrote; anything else is a library of songs.
PREDICTED = (".csv", ".parquet")


@stored(reads=["model", "library", "moods"], writes=["out"])
def playlists(
    model: "Bundle | str | Path",
    *library: str | Path,
    mood: str,
    moods: str | Path | None = None,
    artist_folder: int = 1,
    progress: Progress = SILENT,
    **wishes: Any,
) -> PlaylistFiles:
    """Make playlists for a mood from a library of songs, each with a picture of its moods.

    Parameters
    ----------
    model : Bundle, str or Path
        As for `predict`.
    *library : str or Path
        Files, folders and zip archives of songs, or a table that `predict` wrote with this model
        (.csv, .parquet).
    mood : str
        The mood to reach and to hold; several are joined by +, as Calming+Nostalgia.
    moods : str or Path, optional
        A file with valence, arousal, tempo band and neighbours of each mood (.toml, .json).
    artist_folder : int
        As for `predict`.
    progress : Progress
        Shows progress.
    **wishes
        Fields of `Request` and `Limits` in `classify.playlists.request` (minutes, start, pins,
        tempo, ...) and of `classify.playlists.output.Output` (out, formats, ...).

    Examples
    --------
    >>> made = playlists("models/mine", "songs", mood="Calming", minutes=1, out="evening.xspf",
    ...                  min_confidence=0.5, tempo_change=None, loudness_change=None)
    >>> [path.name for path in made.paths]
    ['evening.xspf', 'evening.svg']
    """
    request, output = wishes_of(mood, wishes)
    bundle = loaded(model)
    songs, remarks, follow = _library(bundle, [Path(s) for s in library], artist_folder, progress)
    return _written(songs, request, output, bundle.name, moods, remarks, follow)


@stored(writes=["out"])
def playlist(
    predicted: "pd.DataFrame",
    mood: str,
    out: str | Path = "playlist",
    model: str = "",
    **wishes: Any,
) -> "Playlist":
    """Make one playlist of songs that were predicted, as `playlists` does.

    Parameters
    ----------
    predicted : DataFrame
        As `predict` gives it.
    mood, out, **wishes
        As for `playlists`; `out` may end in the one format that is wanted.
    model : str
        What to call the model in the file.

    Examples
    --------
    >>> from classify import predict
    >>> evening = playlist(predict("models/mine", "songs"), "Happy", "party.m3u8", minutes=1,
    ...                    min_confidence=0.5, tempo_change=None, loudness_change=None)
    >>> evening.seconds <= 60
    True
    """
    request, output = wishes_of(mood, wishes | {"out": out, "n_lists": 1})
    return _written(predicted, request, output, model or "unnamed").playlists[0]


def _library(
    bundle: "Bundle", sources: list[Path], artist_folder: int, progress: Progress
) -> "tuple[PredictedLibrary, list[str], Callable[[set[str]], pd.DataFrame]]":
    """Predict a library, or read what was predicted; give remarks, and what follows its songs."""
    from classify.inference import prediction
    from classify.playlists.library import library_from_table, read_library

    if len(sources) == 1 and sources[0].suffix.lower() in PREDICTED:
        songs = read_library(sources[0])
        if set(songs.moods) != set(bundle.classes):
            raise InputError(
                f"{sources[0]}: has the moods {', '.join(songs.moods)}, and the model has "
                f"{', '.join(bundle.classes)}; give a table that this model predicted"
            )
        about = sources[0].with_name(f"{sources[0].stem}.about.json")
        warning = read_json(about).get("warning") if about.is_file() else ""
        return songs, [warning] if warning else [], partial(prediction.course_of_files, bundle)
    predicted = prediction.predict(bundle, sources, progress=progress, artist_folder=artist_folder)
    remarks = [predicted.about["warning"]] if predicted.about["warning"] else []
    remarks += [f"left out: {item.name} {item.reason}" for item in predicted.skipped]
    follow = partial(prediction.course_of, bundle, predicted.items)
    return library_from_table(predicted.table, str(sources[0])), remarks, follow


def _written(
    songs: "PredictedLibrary | pd.DataFrame",
    request: Request,
    output: Output,
    model: str,
    moods: str | Path | None = None,
    remarks: Sequence[str] = (),
    follow: "Callable[[set[str]], pd.DataFrame] | None" = None,
) -> PlaylistFiles:
    from classify.playlists.build import build
    from classify.playlists.library import library_from_table
    from classify.playlists.moods import read_moods
    from classify.playlists.playlist import Provenance

    table = library_from_table(songs) if not hasattr(songs, "moods") else songs
    known = read_moods(Path(moods), table.moods) if moods else None
    made = Provenance(model, datetime.now(UTC).isoformat(timespec="seconds"))
    lists = build(table, request, known)
    if follow:
        windows = follow({entry.song for one in lists for entry in one.entries})
        lists = [one.followed(windows) for one in lists]
    return write_files(lists, output, made, remarks)
