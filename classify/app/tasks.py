"""What jobs do: each calls `classify.api`, and writes what came of it into the database.

A job may end at any moment. Everything is therefore written in whole steps (a block of predictions,
a trained model), and each begins with what is missing, so a repeated job goes on.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from classify import api
from classify.app import composing, lists
from classify.app.room import (
    FIRST_CORPUS,
    FIRST_GENERATOR,
    FIRST_MODEL,
    Room,
    add_model,
    kept_model,
)
from classify.app.settings import used_model
from classify.app.tables import Library, Model, PlaylistRow, Prediction, SkippedFile, Song, now
from classify.errors import InputError

#: Songs that are judged before they are written down.
BLOCK = 100

#: Why a song that a link leads to is not read.
OUTSIDE = "lies outside of the library's folder, where a link leads to"

#: Digits of a song's hash by which a model knows its own songs.
KEPT_DIGITS = 16


# --- the first run


def first_run(room: Room) -> dict[str, Any]:
    """Make the built-in songs a library, train a model on them, judge them; then a composer."""
    folder, _ = api.built_in(FIRST_CORPUS, room.progress)
    with room.database.writing() as session:
        library = session.scalars(select(Library).where(Library.kind == "builtin")).first()
        if library is None:
            library = Library(name="Built-in folk songs", kind="builtin", path=str(folder))
            session.add(library)
            session.flush()
        library_id = library.id
    model = room.place.models / "built-in"
    if not model.exists():
        api.train(FIRST_CORPUS, model, FIRST_MODEL, progress=room.progress)
    add_model(room, model, use=True)
    read_library(room, library_id)
    composer = room.place.models / "built-in-composer"
    if not composer.exists():
        api.train(FIRST_CORPUS, composer, FIRST_GENERATOR, progress=room.progress)
    add_model(room, composer, use=True)
    return {"library": library_id}


# --- libraries


def read_library(room: Room, library_id: int) -> dict[str, Any]:
    """Read a library, and have the model that is used judge what it has not judged before."""
    with room.database.reading() as session:
        library = session.get_one(Library, library_id)
    titles: dict[str, str] = {}
    if library.kind == "builtin":
        _, titles = api.built_in(FIRST_CORPUS, room.progress)
    read = api.read_library(library.path, progress=room.progress)
    root = Path(library.path)
    items = [item for item in read.items if item.song.path.resolve().is_relative_to(root)]
    inside = {item.name for item in items}
    skipped = [(item.name, item.reason) for item in read.skipped]
    skipped += [(item.name, OUTSIDE) for item in read.items if item.name not in inside]
    with room.database.writing() as session:
        _write_songs(session, library_id, root, items, titles)
        session.execute(delete(SkippedFile).where(SkippedFile.library_id == library_id))
        session.add_all(
            SkippedFile(library_id=library_id, name=_below(root, name), reason=reason)
            for name, reason in skipped
            if not (library.kind == "builtin" and name.endswith("labels.csv"))
        )
    judged = judge_items(room, items)
    with room.database.writing() as session:
        session.get_one(Library, library_id).read = now()
    _warn(room, library_id)
    return {"library": library_id, "songs": len(items), "skipped": len(skipped),
            "judged": judged}  # fmt: skip


def _below(root: Path, name: str) -> str:
    """Name a song from its library's folder on."""
    return name.removeprefix(f"{root.as_posix()}/")


def _write_songs(
    session: Session, library_id: int, root: Path, items: list[Any], titles: dict[str, str]
) -> None:
    """Bring the songs of a library up to date; those that are gone keep their row."""
    session.execute(update(Song).where(Song.library_id == library_id).values(present=False))
    of_library = session.scalars(select(Song).where(Song.library_id == library_id))
    rows = {song.name: song for song in of_library}
    for item in items:
        name = _below(root, item.name)
        row = rows.get(name)
        if row is None:
            row = rows[name] = Song(library_id=library_id, name=name)
            session.add(row)
        song = item.song
        row.source, row.file, row.digest = item.source, item.file, song.digest
        row.title = titles.get(Path(name).name) or item.title
        row.artist, row.seconds, row.notes = item.artist, song.seconds, song.n_notes
        row.origin, row.repaired, row.present = song.origin, song.repaired, True


def judge_items(room: Room, items: list[Any], model_id: int | None = None) -> int:
    """Have a model judge songs that it has not judged; give how many those were."""
    with room.database.reading() as session:
        model = session.get(Model, model_id) if model_id else used_model(session, "classifier")
        if model is None:
            return 0
        known = set(session.scalars(
            select(Prediction.digest).where(Prediction.model_id == model.id)
        ))  # fmt: skip
    new = list({i.song.digest: i for i in items if i.song.digest not in known}.values())
    if not new:
        return 0
    bundle = kept_model(model.folder)
    blocks = api.predict_in_blocks(bundle, new, size=BLOCK, progress=room.progress)
    for chosen_items, block in blocks:
        rows = _predictions(model.id, set(bundle.about.songs), chosen_items, block)
        with room.database.writing() as session:
            for row in rows:
                session.merge(row)
    return len(new)


def _predictions(model_id: int, own: set[str], items: list[Any], block: Any) -> "list[Prediction]":
    classes = [name for name in block.songs if name.startswith("p:")]
    windows: dict[str, list[list[float]]] = {}
    for song, start, *p in block.windows[["song", "start", *classes]].itertuples(index=False):
        windows.setdefault(song, []).append([round(float(v), 4) for v in (start, *p)])
    rows = zip(items, block.songs.to_dict("records"), api.statistics_of(block), strict=True)
    return [
        Prediction(
            digest=item.song.digest, model_id=model_id, best=row["best"],
            prediction=row["prediction"], confidence=float(row["confidence"]), moods=row["set"],
            in_distribution=bool(row["in_distribution"]),
            learned_from=item.song.digest[:KEPT_DIGITS] in own,
            tempo=None if row["tempo"] != row["tempo"] else float(row["tempo"]), key=row["key"],
            loudness=float(row["loudness"]),
            p={name.removeprefix("p:"): round(float(row[name]), 6) for name in classes},
            windows=windows.get(row["song"], []), statistics=[float(v) for v in statistics],
        )
        for item, row, statistics in rows
    ]  # fmt: skip


def _warn(room: Room, library_id: int) -> None:
    """Note whether a library as a whole is another kind of music than the model learned from."""
    with room.database.reading() as session:
        model = used_model(session, "classifier")
        if model is None:
            return
        joined = (Prediction.digest == Song.digest) & (Prediction.model_id == model.id)
        rows = session.execute(
            select(Prediction.statistics, Song.origin)
            .join(Song, joined)
            .where(Song.library_id == library_id, Song.present)
        ).all()
    recordings = sum(origin.startswith("transcribed") for _, origin in rows)
    sentence = (
        api.warn_of_library(model.folder, [row for row, _ in rows], recordings) if rows else ""
    )
    with room.database.writing() as session:
        session.get_one(Library, library_id).warning = sentence


# --- one song


def explain(room: Room, song_id: int) -> dict[str, Any]:
    """Say why the model that is used hears a song as it does."""
    with room.database.reading() as session:
        song = session.get_one(Song, song_id)
        model = used_model(session, "classifier")
    assert model
    read = replace(api.read_song(song.source, song.digest), title=song.title)
    return api.explain_song(kept_model(model.folder), read)


# --- playlists


def build_playlist(
    room: Room, playlist_id: int, edition: int, locked: list[int], seed: int | None = None
) -> dict[str, Any]:
    """Find the best order of songs for a playlist, and show it as its newest version."""
    with room.database.reading() as session:
        playlist = session.get_one(PlaylistRow, playlist_id)
        try:
            songs, about = lists.build(session, playlist, locked, seed)
        except InputError:
            if not playlist.shown:
                _forget(room, playlist_id)
            raise
    with room.database.writing() as session:
        playlist = session.get_one(PlaylistRow, playlist_id)
        kept = lists.shown(session, playlist)
        notes = {entry["id"]: entry["note"] for entry in (kept.songs if kept else [])}
        songs = [entry | {"note": notes.get(entry["id"], "")} for entry in songs]
        try:
            lists.change(session, playlist, edition, songs, "built", about)
        except lists.Changed:
            raise InputError(
                "the list was changed while it was built; build it again from how it is now"
            ) from None
    return {"playlist": playlist_id}


def _forget(room: Room, playlist_id: int) -> None:
    """Delete a list that could not be built."""
    with room.database.writing() as session:
        session.delete(session.get_one(PlaylistRow, playlist_id))


#: What each kind of job does.
TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "first_run": first_run,
    "read_library": read_library,
    "explain": explain,
    "generate": composing.generate,
    "train_composer": composing.train_composer,
    "build_playlist": build_playlist,
}
