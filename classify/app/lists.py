"""Playlists as the page keeps them: versions of songs, checked, built and changed.

A change makes a new version, and undo and redo move between versions, so nothing that was arranged
is lost. Each change names the edition that it was made from; if another window of the browser
changed the list meanwhile, it is refused, and both can see why.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from classify import api
from classify.app.tables import Library, Model, PlaylistRow, PlaylistVersion, Prediction, Song
from classify.errors import InputError

#: Wishes that go to the toolkit as they are.
WISHES = ("start", "minutes", "strategy", "seed", "min_confidence", "tempo", "loudness",
          "tempo_change", "loudness_change", "no_repeat_artist", "allow_generated")  # fmt: skip

#: Versions of a list that are kept.
MOST_VERSIONS = 200


class Changed(Exception):
    """Somebody changed the list meanwhile."""


def rows_of(
    session: Session, library_id: int, model_id: int, ids: list[int] | None = None
) -> list[tuple[Song, dict[str, Any]]]:
    """Give songs of a library that a model judged, with rows as playlists are made from.

    Parameters
    ----------
    session : Session
        To read from.
    library_id, model_id : int
        Of the library and of the model.
    ids : list of int, optional
        These songs, in any library; all that may be in a list unless given.
    """
    query = (
        select(Song, Prediction, Library.path)
        .join(Prediction, Prediction.digest == Song.digest)
        .join(Library, Library.id == Song.library_id)
        .where(Prediction.model_id == model_id)
    )
    if ids is None:
        query = query.where(Song.library_id == library_id, Song.present, ~Song.excluded)
    else:
        query = query.where(Song.id.in_(ids))
    return [(song, _row(song, judged, path)) for song, judged, path in session.execute(query)]


def _row(song: Song, judged: Prediction, folder: str) -> dict[str, Any]:
    return {
        "song": f"{folder}/{song.name}", "title": song.title, "artist": song.artist,
        "seconds": song.seconds, "tempo": judged.tempo, "loudness": judged.loudness,
        "confidence": judged.confidence, "prediction": judged.prediction,
        "in_distribution": judged.in_distribution, "generated": song.generated,
        **{f"p:{mood}": p for mood, p in judged.p.items()},
    }  # fmt: skip


def wishes_for(wishes: dict[str, Any]) -> dict[str, Any]:
    """Give the wishes of a list as the toolkit takes them."""
    given = {name: wishes[name] for name in WISHES if name in wishes}
    for name in ("tempo", "loudness"):
        if given.get(name):
            given[name] = tuple(given[name])
    return given


def build(
    session: Session,
    playlist: PlaylistRow,
    locked: list[int],
    seed: int | None = None,
    lists: int = 1,
) -> list[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """Find the best order for a list, or for several that share no song but those that are locked.

    Returns
    -------
    list of tuple
        For each: the songs of a version, and what is said of them (`path`, `sentences`).
    """
    rows = rows_of(session, playlist.library_id, playlist.model_id)
    missing = set(locked) - {song.id for song, _ in rows}
    rows += rows_of(session, playlist.library_id, playlist.model_id, list(missing))
    if not rows:
        raise InputError("this library has no judged songs; read it again, then make the playlist")
    by_name = {row["song"]: song for song, row in rows}
    names = {song.id: row["song"] for song, row in rows}
    wishes = wishes_for(playlist.wishes) | ({} if seed is None else {"seed": seed})
    pins = tuple(names[number] for number in locked)
    table = [row for _, row in rows]
    return [
        (
            [{"id": by_name[entry.song].id, "locked": entry.pinned, "note": "",
              "stage": entry.mood} for entry in made.entries],
            {"path": list(made.path), "sentences": api.describe_playlist(made)},
        )
        for made in api.build_playlists(
            table, playlist.wishes["mood"], pins=pins, n_lists=lists, **wishes
        )
    ]  # fmt: skip


def arranged(
    session: Session, playlist: PlaylistRow, version: PlaylistVersion
) -> tuple[Any, dict[str, Song]]:
    """Take the songs of a version in their order; give that, and the songs by their names."""
    ids = [entry["id"] for entry in version.songs]
    rows = rows_of(session, playlist.library_id, playlist.model_id, ids)
    names = {song.id: row["song"] for song, row in rows}
    kept = [entry for entry in version.songs if entry["id"] in names]
    if not kept:
        return None, {}
    made = api.arrange_playlist(
        [row for _, row in rows],
        playlist.wishes["mood"],
        [names[entry["id"]] for entry in kept],
        version.about["path"],
        [names[entry["id"]] for entry in kept if entry["locked"]],
        [entry["stage"] for entry in kept] if version.built else (),
        **wishes_for(playlist.wishes),
    )
    return made, {row["song"]: song for song, row in rows}


def shown(session: Session, playlist: PlaylistRow) -> PlaylistVersion | None:
    """Give the version of a list that is shown."""
    return session.get(PlaylistVersion, (playlist.id, playlist.shown))


def state(session: Session, playlist: PlaylistRow) -> dict[str, Any]:
    """Describe a list for the page: songs in order, what is not kept, what can be undone."""
    version = shown(session, playlist)
    model = session.get_one(Model, playlist.model_id)
    newest = session.scalar(
        select(func.max(PlaylistVersion.number)).where(PlaylistVersion.playlist_id == playlist.id)
    )
    described: dict[str, Any] = {
        "id": playlist.id, "name": playlist.name, "edition": playlist.edition,
        "library": playlist.library_id, "wishes": playlist.wishes, "classes": model.classes,
        "model": model.name, "can_undo": playlist.shown > 1,
        "can_redo": playlist.shown < (newest or 0), "songs": [], "violations": [],
        "path": version.about["path"] if version else [],
        "sentences": version.about["sentences"] if version and version.built else [],
        "built": bool(version and version.built), "change": version.change if version else "",
    }  # fmt: skip
    if version is None:
        return described
    made, songs = arranged(session, playlist, version)
    if made is None:
        return described
    return described | _described(made, songs, {entry["id"]: entry for entry in version.songs})


def check(session: Session, playlist: PlaylistRow, ids: list[int]) -> dict[str, Any]:
    """Say what an order would not keep, before it is kept itself."""
    version = shown(session, playlist)
    if version is None:
        return {"songs": [], "violations": []}
    known = {entry["id"]: entry for entry in version.songs}
    trial = PlaylistVersion(
        songs=[known.get(number) or entry_of(number) for number in ids],
        built=False, about=version.about,
    )  # fmt: skip
    made, songs = arranged(session, playlist, trial)
    return _described(made, songs, known) if made else {"songs": [], "violations": []}


def entry_of(number: int) -> dict[str, Any]:
    """Give the entry of a song that is new to a list."""
    return {"id": number, "locked": False, "note": "", "stage": ""}


def _described(
    made: Any, songs: dict[str, Song], entries: dict[int, dict[str, Any]]
) -> dict[str, Any]:
    rows = []
    for entry in made.playlist.entries:
        song = songs[entry.song]
        known = entries.get(song.id, entry_of(song.id))
        rows.append({
            "id": song.id, "title": entry.title, "artist": entry.artist, "start": entry.start,
            "seconds": entry.seconds, "stage": entry.mood, "probability": entry.probability,
            "tempo": entry.tempo, "loudness": entry.loudness, "locked": known["locked"],
            "note": known["note"], "p": dict(zip(made.playlist.moods, entry.p, strict=True)),
        })  # fmt: skip
    return {
        "songs": rows, "seconds": made.playlist.seconds, "certainty": made.playlist.certainty,
        "violations": [vars(violation) for violation in made.violations],
    }  # fmt: skip


def change(
    session: Session,
    playlist: PlaylistRow,
    edition: int,
    songs: list[dict[str, Any]],
    what: str,
    about: dict[str, Any] | None = None,
) -> None:
    """Keep a new version of a list, after the one that is shown; what was undone is given up.

    Raises
    ------
    Changed
        If the list has another edition by now.
    """
    if edition != playlist.edition:
        raise Changed
    before = shown(session, playlist)
    session.execute(
        delete(PlaylistVersion).where(
            PlaylistVersion.playlist_id == playlist.id,
            (PlaylistVersion.number > playlist.shown)
            | (PlaylistVersion.number <= playlist.shown - MOST_VERSIONS),
        )
    )
    session.add(
        PlaylistVersion(
            playlist_id=playlist.id, number=playlist.shown + 1, change=what, songs=songs,
            built=about is not None or bool(before and _same_order(before, songs)),
            about=about or (before.about if before else {"path": [], "sentences": []}),
        )
    )  # fmt: skip
    playlist.shown += 1
    playlist.edition += 1


def _same_order(version: PlaylistVersion, songs: list[dict[str, Any]]) -> bool:
    """Say whether an order that was built is still there: a lock or a note changes none."""
    return version.built and [one["id"] for one in version.songs] == [one["id"] for one in songs]


def move(session: Session, playlist: PlaylistRow, edition: int, step: int) -> bool:
    """Show the version before or after; say whether there is one."""
    if edition != playlist.edition:
        raise Changed
    if playlist.shown + step < 1 or not session.get(
        PlaylistVersion, (playlist.id, playlist.shown + step)
    ):
        return False
    playlist.shown += step
    playlist.edition += 1
    return True


def named(playlist: Any, name: str) -> Any:
    """Give a list under the name that a person gave it."""
    return replace(playlist, name=name)
