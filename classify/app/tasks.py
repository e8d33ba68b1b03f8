"""What jobs do: each calls `classify.api`, and writes what came of it into the database.

A job may end at any moment. Everything is therefore written in whole steps (a block of predictions,
a trained model), and each begins with what is missing, so a repeated job goes on.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from classify import api
from classify.app import comparing, composing, lists, mapping, personal
from classify.app.judging import read_library
from classify.app.room import (
    FIRST_CORPUS,
    FIRST_GENERATOR,
    FIRST_MODEL,
    Room,
    add_model,
    kept_model,
)
from classify.app.settings import used_model
from classify.app.tables import Library, PlaylistRow, Song
from classify.errors import InputError

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
    room: Room,
    playlist_id: int,
    edition: int,
    locked: list[int],
    seed: int | None = None,
    others: Sequence[int] = (),
) -> dict[str, Any]:
    """Find the best orders of songs for a playlist and others, and show them as newest versions."""
    numbers = [playlist_id, *others]
    with room.database.reading() as session:
        playlist = session.get_one(PlaylistRow, playlist_id)
        try:
            built = lists.build(session, playlist, locked, seed, len(numbers))
        except InputError:
            if not playlist.shown:
                _forget(room, numbers)
            raise
    with room.database.writing() as session:
        for number, (songs, about) in zip(numbers, built, strict=False):
            _show(session, session.get_one(PlaylistRow, number), edition, songs, about)
    _forget(room, numbers[len(built) :])  # songs ran out
    return {"playlist": playlist_id, "lists": len(built)}


def _show(
    session: Session,
    playlist: PlaylistRow,
    edition: int,
    songs: list[dict[str, Any]],
    about: dict[str, Any],
) -> None:
    """Make what was built the newest version of a list; notes on songs stay."""
    kept = lists.shown(session, playlist)
    notes = {entry["id"]: entry["note"] for entry in (kept.songs if kept else [])}
    songs = [entry | {"note": notes.get(entry["id"], "")} for entry in songs]
    try:
        lists.change(session, playlist, edition, songs, "built", about)
    except lists.Changed:
        raise InputError(
            "the list was changed while it was built; build it again from how it is now"
        ) from None


def _forget(room: Room, numbers: Sequence[int]) -> None:
    """Delete lists that could not be built."""
    with room.database.writing() as session:
        for number in numbers:
            session.delete(session.get_one(PlaylistRow, number))


#: What each kind of job does.
TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "first_run": first_run,
    "read_library": read_library,
    "explain": explain,
    "generate": composing.generate,
    "walk": composing.walk,
    "draw_map": mapping.draw_map,
    "train_composer": composing.train_composer,
    "suggest": personal.suggest,
    "adapt": personal.adapt,
    "compare": comparing.compare,
    "side_by_side": comparing.side_by_side,
    "use_from_run": comparing.use_from_run,
    "build_playlist": build_playlist,
}
