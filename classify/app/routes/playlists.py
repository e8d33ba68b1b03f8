"""Playlists: wished for, built, changed by hand, taken along."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from classify import api
from classify.app import lists
from classify.app.page import Page, ThePage, found
from classify.app.settings import setting, used_model
from classify.app.tables import Library, PlaylistRow, Song

router = APIRouter(tags=["playlists"])

#: Kinds of files that a list is taken along as.
KINDS = {
    "m3u8": "audio/x-mpegurl", "xspf": "application/xspf+xml", "jspf": "application/json",
    "csv": "text/csv", "svg": "image/svg+xml",
}  # fmt: skip

Pair = Annotated[list[float], Field(min_length=2, max_length=2)]


class Wishes(BaseModel):
    """What is wanted of a list."""

    mood: str = Field(max_length=500, description="To reach and to hold; several joined by +.")
    start: str = Field("", max_length=500, description="The listener's present mood.")
    minutes: float = Field(30.0, gt=0, le=1440)
    strategy: Literal["", "iso", "direct"] = ""
    min_confidence: float = Field(0.5, ge=0, le=1)
    tempo: Pair | None = None
    loudness: Pair | None = None
    tempo_change: float | None = Field(0.15, gt=0)
    loudness_change: float | None = Field(16.0, gt=0)
    no_repeat_artist: bool = False
    allow_generated: bool = Field(False, description="Songs that a generator made may be in it.")
    seed: int = Field(0, ge=0, le=2**31)


class NewPlaylist(Wishes):
    """A list to be built."""

    library: int
    name: str = Field("", max_length=200)
    pins: list[int] = Field([], max_length=500, description="Songs that must be in.")
    lists: int = Field(1, ge=1, le=14, description="Several share no song, as for days in a row.")


class Entry(BaseModel):
    """A song of a list."""

    id: int
    locked: bool = False
    note: str = Field("", max_length=2000)


class Songs(BaseModel):
    """All songs of a list, in their new order."""

    edition: int = Field(description="The edition that this was made from.")
    change: str = Field("changed", max_length=100)
    songs: list[Entry] = Field(max_length=5000)


class Order(BaseModel):
    """An order to be checked."""

    songs: list[int] = Field(max_length=5000)


class Edition(BaseModel):
    """The edition that is seen."""

    edition: int
    another: bool = Field(False, description="Another list that is nearly as good.")


class NewName(BaseModel):
    """What a list is called."""

    name: str = Field(min_length=1, max_length=200)


@router.get("/playlists")
def list_playlists(page: ThePage) -> list[dict[str, Any]]:
    """List the playlists, the newest first."""
    with page.database.reading() as session:
        rows = session.scalars(select(PlaylistRow).order_by(PlaylistRow.id.desc())).all()
    return [{"id": one.id, "name": one.name, "wishes": one.wishes, "created": one.created}
            for one in rows]  # fmt: skip


@router.post("/playlists", status_code=202)
def add_playlist(page: ThePage, new: NewPlaylist) -> dict[str, int]:
    """Build a list, or several that share no song; the job's result names the first."""
    wishes = new.model_dump(exclude={"library", "name", "pins", "lists"})
    with page.database.writing() as session:
        library = found(session.get(Library, new.library), "library")
        model = used_model(session, "classifier")
        if model is None:
            raise HTTPException(409, "There is no model yet; get ready on the first page.")
        listener = int(setting(session, "listener") or 0) or None
        # whoever chooses the library of generated songs wants such songs
        wishes["allow_generated"] |= library.kind == "generated"
        name = new.name.strip() or " → ".join(filter(None, [new.start, new.mood]))
        days = [f" {day}/{new.lists}" for day in range(1, new.lists + 1)] if new.lists > 1 else [""]
        made = [PlaylistRow(name=name + day, library_id=library.id, model_id=model.id,
                            listener_id=listener, wishes=wishes) for day in days]  # fmt: skip
        session.add_all(made)
        session.flush()
        first, *others = [playlist.id for playlist in made]
    job = page.jobs.add("build_playlist", f"Building a playlist: {name}", playlist_id=first,
                        edition=0, locked=new.pins, others=others)  # fmt: skip
    return {"job": job, "playlist": first}


def the_list(session: Any, number: int) -> PlaylistRow:
    """Give a playlist, or answer that it is not there."""
    return found(session.get(PlaylistRow, number), "playlist")


@router.get("/playlists/{number}")
def one_playlist(page: ThePage, number: int) -> dict[str, Any]:
    """Give a list with its songs, what it does not keep, and what can be undone."""
    with page.database.reading() as session:
        return lists.state(session, the_list(session, number))


@router.put("/playlists/{number}/songs", response_model=None)
def change_songs(page: ThePage, number: int, new: Songs) -> dict[str, Any] | JSONResponse:
    """Put songs in another order, take one out or in, lock one, write a note."""
    try:
        with page.database.writing() as session:
            playlist = the_list(session, number)
            version = lists.shown(session, playlist)
            stages = {entry["id"]: entry["stage"] for entry in (version.songs if version else [])}
            wanted = {entry.id for entry in new.songs}
            known = set(session.scalars(select(Song.id).where(Song.id.in_(wanted))))
            if wanted - known:
                raise HTTPException(422, "A song of this list is not in the library any more.")
            songs = [entry.model_dump() | {"stage": stages.get(entry.id, "")}
                     for entry in new.songs]  # fmt: skip
            lists.change(session, playlist, new.edition, songs, new.change)
    except lists.Changed:
        return conflict(page, number)
    return one_playlist(page, number)


def conflict(page: Page, number: int) -> JSONResponse:
    """Say that a list was changed elsewhere meanwhile, and how it is now."""
    message = "This list was changed in another window meanwhile; it is shown here as it is now."
    state = one_playlist(page, number)
    return JSONResponse({"detail": {"message": message, "state": state}}, 409)


@router.post("/playlists/{number}/check")
def check_order(page: ThePage, number: int, order: Order) -> dict[str, Any]:
    """Say what an order would not keep."""
    with page.database.reading() as session:
        return lists.check(session, the_list(session, number), order.songs)


@router.post("/playlists/{number}/rebuild", status_code=202)
def rebuild(page: ThePage, number: int, seen: Edition) -> dict[str, int]:
    """Find the best list again, around the songs that are locked."""
    with page.database.reading() as session:
        playlist = the_list(session, number)
        version = lists.shown(session, playlist)
        songs = version.songs if version else []
        locked = [entry["id"] for entry in songs if entry["locked"]]
        seed = playlist.edition + 1 if seen.another else None
    job = page.jobs.add(
        "build_playlist", f"Building a playlist: {playlist.name}", playlist_id=number,
        edition=seen.edition, locked=locked, seed=seed,
    )  # fmt: skip
    return {"job": job}


@router.post("/playlists/{number}/{step}", response_model=None)
def undo_or_redo(
    page: ThePage, number: int, step: Literal["undo", "redo"], seen: Edition
) -> dict[str, Any] | JSONResponse:
    """Show the list as it was before the last change, or after it again."""
    try:
        with page.database.writing() as session:
            playlist = the_list(session, number)
            lists.move(session, playlist, seen.edition, -1 if step == "undo" else 1)
    except lists.Changed:
        return conflict(page, number)
    return one_playlist(page, number)


@router.patch("/playlists/{number}")
def rename(page: ThePage, number: int, new: NewName) -> dict[str, Any]:
    """Call a list something else."""
    with page.database.writing() as session:
        the_list(session, number).name = new.name.strip() or "Playlist"
    return one_playlist(page, number)


@router.delete("/playlists/{number}")
def forget_playlist(page: ThePage, number: int) -> dict[str, bool]:
    """Delete a list; its songs stay."""
    with page.database.writing() as session:
        session.delete(the_list(session, number))
    return {"forgotten": True}


@router.get("/playlists/{number}/export")
def export(
    page: ThePage, number: int,
    kind: Annotated[Literal["m3u8", "xspf", "jspf", "csv", "svg"], Query()] = "m3u8",
) -> Response:  # fmt: skip
    """Give a list as a file, in the order that is shown; it names songs by whole paths."""
    with page.database.reading() as session:
        playlist = the_list(session, number)
        version = found(lists.shown(session, playlist), "playlist")
        made, _ = lists.arranged(session, playlist, version)
        model = lists.state(session, playlist)["model"]
    if made is None:
        raise HTTPException(409, "This list has no songs yet.")
    folder = Path(tempfile.mkdtemp(dir=page.place.folder))
    try:
        listed = lists.named(made.playlist, playlist.name)
        notes = [f"{e['note']}" for e in version.songs if e["note"]]
        file = api.export_playlist(listed, folder / f"list.{kind}", model, notes)
        content = file.read_bytes()
    finally:
        shutil.rmtree(folder)
    plain = "".join(
        c if c.isascii() and (c.isalnum() or c in " -_") else "-" for c in playlist.name
    )
    disposition = f'attachment; filename="{plain.strip() or "playlist"}.{kind}"'
    return Response(content, media_type=KINDS[kind], headers={"content-disposition": disposition})
