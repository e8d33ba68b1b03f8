"""The command that makes playlists; no logic of its own."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classify.cli.numbers import number, whole
from classify.errors import InputError
from classify.files import read_json

if TYPE_CHECKING:
    from classify.playlists.library import PredictedLibrary
    from classify.playlists.media_paths import MediaPaths
    from classify.playlists.playlist import Playlist, Provenance
    from classify.playlists.request import Request

#: Endings of tables that `classify predict` wrote; anything else is a library of songs.
PREDICTED = (".csv", ".parquet")


_real = number(float, "a number")


def _limit(text: str) -> float | None:
    """Read a number, or `none` for no limit."""
    return None if text == "none" else _real(text)


def add(commands: Any) -> None:
    """Add the command to a parser's."""
    playlist = commands.add_parser(
        "playlist",
        help="make a playlist for a mood from a library of songs",
        description="Make a playlist for a mood: the best order of songs that the model is sure "
        "of, from the listener's present mood to the wanted one. It is no medical device.",
    )
    playlist.set_defaults(run=_playlist)
    put = playlist.add_argument
    put("model", type=Path, metavar="MODEL", help="a folder that train wrote")
    put(
        "library",
        type=Path,
        nargs="+",
        metavar="LIBRARY",
        help="files, folders and zip archives of songs, or a table that predict wrote with this "
        "model (.csv, .parquet)",
    )
    put(
        "--mood",
        required=True,
        metavar="MOOD",
        help="the mood to reach and to hold; several are joined by +, as Calming+Nostalgia",
    )
    put("--minutes", type=_real, default=30.0, metavar="M", help="at most so long (default: 30)")
    put("--from", dest="start", default="", metavar="MOOD", help="the listener's present mood")
    put(
        "--strategy",
        choices=("iso", "direct"),
        default="",
        help="iso (default with --from): from the present mood in small steps, there by two "
        "thirds; direct: the wanted mood from the first song on",
    )
    put("--lists", type=whole, default=1, metavar="N", help="so many lists without repeats")
    put("--seed", type=whole, default=0, metavar="N",
        help="0: the best list (default); any other: one nearly as good")  # fmt: skip
    _add_limits(put)
    _add_outputs(put)


def _add_limits(put: Callable[..., Any]) -> None:
    put("--min-confidence", type=_real, default=0.8, metavar="P",
        help="leave out songs that the model is less sure of (default: 0.8)")  # fmt: skip
    put("--tempo", type=_real, nargs=2, metavar=("LOW", "HIGH"), help="bpm, from and to")
    put("--loudness", type=_real, nargs=2, metavar=("LOW", "HIGH"), help="mean velocity, 0-127")
    put("--tempo-change", type=_limit, default=15.0, metavar="PERCENT",
        help="largest change between neighbours, or none (default: 15)")  # fmt: skip
    put("--loudness-change", type=_limit, default=16.0, metavar="STEPS",
        help="largest change of velocity between neighbours, or none (default: 16)")  # fmt: skip
    put("--no-repeat-artist", action="store_true", help="each artist once at most")
    put("--artist-folder", type=whole, default=1, metavar="N", help="as for predict")
    put("--pin", action="append", default=[], metavar="SONG", help="must be in; may be repeated")
    put("--veto", action="append", default=[], metavar="SONG",
        help="must not be in (a song or an artist); may be repeated")  # fmt: skip
    put("--moods", type=Path, metavar="FILE",
        help="valence, arousal, tempo band and neighbours of each mood (.toml, .json)")  # fmt: skip


def _add_outputs(put: Callable[..., Any]) -> None:
    put("--out", type=Path, default=Path("playlist"), metavar="NAME",
        help="the files' path without ending (default: playlist)")  # fmt: skip
    put("--format", default="m3u8,xspf,csv", metavar="NAMES",
        help="of m3u8, xspf, jspf, csv (default: m3u8,xspf,csv)")  # fmt: skip
    put("--picture", choices=("svg", "png"), default="svg", help="of the arc (default: svg)")
    put("--absolute", action="store_true", help="whole paths instead of relative ones")
    put("--media-root", type=Path, metavar="DIR",
        help="a folder of recordings with the songs' names, to point at instead")  # fmt: skip
    put("--ext", default="", metavar="NAMES", help="endings of recordings, as mp3,flac")


def _playlist(options: argparse.Namespace) -> int:
    """Write the lists and their pictures; print each in sentences, and what was written."""
    from datetime import UTC, datetime

    from classify.inference import saved_model
    from classify.playlists.build import build
    from classify.playlists.media_paths import MediaPaths, missing_media
    from classify.playlists.moods import read_moods
    from classify.playlists.playlist import Provenance, describe

    request = _request(options)
    endings = tuple(options.ext.replace(",", " ").split())
    places = MediaPaths(Path(), options.absolute, options.media_root, endings)
    formats = _formats(options.format)
    loaded = saved_model.load(options.model)
    songs = _library(options.library, loaded, options.artist_folder)
    moods = read_moods(options.moods, songs.moods) if options.moods else None
    playlists = build(songs, request, moods)
    made = Provenance(loaded.name, datetime.now(UTC).isoformat(timespec="seconds"))
    for made_list in playlists:
        print(*describe(made_list), sep="\n")
        for sentence in missing_media([entry.song for entry in made_list.entries], places):
            print(sentence)
    print(*_written(playlists, options, formats, made, places), sep="\n")
    return 0


def _request(options: argparse.Namespace) -> "Request":
    from classify.playlists.request import Limits, Request

    change = options.tempo_change
    limits = Limits(
        options.min_confidence,
        tuple(options.tempo) if options.tempo else None,
        tuple(options.loudness) if options.loudness else None,
        None if change is None else change / 100,
        options.loudness_change,
        options.no_repeat_artist,
    )
    return Request(
        options.mood,
        options.minutes,
        options.start,
        options.strategy,
        tuple(options.pin),
        tuple(options.veto),
        limits,
        options.seed,
        options.lists,
    )


def _formats(text: str) -> list[str]:
    from classify.playlists.writers import FORMATS

    names = [name.lstrip(".") for name in text.replace(",", " ").split()]
    known = [ending.lstrip(".") for ending in FORMATS]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise InputError(f"--format {text}: expected any of {', '.join(known)}")
    return names


def _library(sources: list[Path], loaded: Any, artist_folder: int) -> "PredictedLibrary":
    """Predict a library, or read the table that predict wrote."""
    from classify.inference.prediction import predict
    from classify.playlists.library import library_from_table, read_library

    if len(sources) == 1 and sources[0].suffix.lower() in PREDICTED:
        found = read_library(sources[0])
        if set(found.moods) != set(loaded.classes):
            raise InputError(
                f"{sources[0]}: has the moods {', '.join(found.moods)}, and the model has "
                f"{', '.join(loaded.classes)}; give a table that this model predicted"
            )
        about = sources[0].with_name(f"{sources[0].stem}.about.json")
        if about.is_file() and (warning := read_json(about).get("warning")):
            print(warning)
        return found
    prediction = predict(loaded, sources, artist_folder=artist_folder)
    if prediction.about["warning"]:
        print(prediction.about["warning"])
    for aside in prediction.skipped:
        print(f"left out: {aside.name} {aside.reason}")
    return library_from_table(prediction.table, str(sources[0]))


def _written(
    playlists: "list[Playlist]",
    options: argparse.Namespace,
    formats: list[str],
    made: "Provenance",
    places: "MediaPaths",
) -> list[Path]:
    from classify.playlists import plot
    from classify.playlists.writers import write_all

    options.out.parent.mkdir(parents=True, exist_ok=True)
    paths = write_all(playlists, options.out, formats, made, places)
    for nth, playlist in enumerate(playlists, 1):
        stem = f"{options.out.name}-{nth}" if len(playlists) > 1 else options.out.name
        paths.append(options.out.with_name(f"{stem}.{options.picture}"))
        plot.draw(playlist, paths[-1], made)
    return paths
