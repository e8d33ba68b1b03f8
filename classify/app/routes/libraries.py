"""Libraries: folders of this machine, and files that were dropped onto the page."""

import re
import shutil
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, UploadFile
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from classify import api
from classify.app.page import Page, ThePage, found
from classify.app.tables import Library, SkippedFile, Song

router = APIRouter(tags=["libraries"])

#: Folders that are listed at most, and files that may be uploaded at once.
MOST_FOLDERS, MOST_FILES = 500, 2000

#: Characters of a file's name that are kept.
MOST_NAME = 120


class NewLibrary(BaseModel):
    """A library to be made."""

    path: str = Field(max_length=4096, description="A folder of this machine.")
    name: str = Field("", max_length=200, description="For people; the folder's name unless given.")
    artists: bool = Field(False, description="Whether folders in it are named after artists.")


class NewUpload(BaseModel):
    """A library of files that are uploaded."""

    name: str = Field("", max_length=200)


@router.get("/libraries")
def list_libraries(page: ThePage) -> list[dict[str, Any]]:
    """List the libraries, and how many songs each has."""
    with page.database.reading() as session:
        songs = dict(session.execute(
            select(Song.library_id, func.count()).where(Song.present).group_by(Song.library_id)
        ).all())  # fmt: skip
        skipped = dict(session.execute(
            select(SkippedFile.library_id, func.count()).group_by(SkippedFile.library_id)
        ).all())  # fmt: skip
        libraries = session.scalars(select(Library).order_by(Library.id)).all()
    return [
        {"id": one.id, "name": one.name, "kind": one.kind, "path": one.path, "read": one.read,
         "warning": one.warning, "songs": songs.get(one.id, 0), "skipped": skipped.get(one.id, 0)}
        for one in libraries
    ]  # fmt: skip


@router.post("/libraries", status_code=202)
def add_library(page: ThePage, new: NewLibrary) -> dict[str, int]:
    """Make a folder a library, and read and judge its songs."""
    folder = allowed(page, new.path)
    if not folder.is_dir():
        raise HTTPException(422, f"{new.path}: is no folder; expected the path of a folder")
    with page.database.writing() as session:
        library = session.scalars(select(Library).where(Library.path == str(folder))).first()
        if library is None:
            library = Library(name=new.name.strip() or folder.name, kind="folder", path=str(folder))
            session.add(library)
        library.artists = new.artists
        session.flush()
    return {"library": library.id, "job": read_again(page, library)}


def allowed(page: Page, path: str) -> Path:
    """Resolve a path of this machine, and refuse one outside of the folders that may be chosen."""
    try:
        folder = Path(path).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise HTTPException(404, f"{path}: there is no such folder on this machine") from None
    if not any(folder.is_relative_to(root.resolve()) for root in page.roots):
        roots = ", ".join(str(root) for root in page.roots)
        raise HTTPException(403, f"{path}: only folders below {roots} can be chosen")
    if folder.is_relative_to(page.place.folder.resolve()):
        raise HTTPException(403, f"{path}: is where the page keeps its own things")
    return folder


def read_again(page: Page, library: Library) -> int:
    """Have a library read; what was read before is not read again."""
    return page.jobs.add("read_library", f"Reading: {library.name}", library_id=library.id)


@router.post("/libraries/{number}/read", status_code=202)
def read_library(page: ThePage, number: int) -> dict[str, int]:
    """Read a library again: new songs are judged, files that were skipped are tried again."""
    with page.database.reading() as session:
        library = found(session.get(Library, number), "library")
    return {"library": number, "job": read_again(page, library)}


@router.delete("/libraries/{number}")
def forget_library(page: ThePage, number: int) -> dict[str, bool]:
    """Forget a library. Its files stay where they are; labels are kept for the same songs."""
    with page.database.writing() as session:
        library = found(session.get(Library, number), "library")
        session.delete(library)
    if library.kind == "upload":
        shutil.rmtree(library.path, ignore_errors=True)
    return {"forgotten": True}


@router.get("/libraries/{number}/skipped")
def list_skipped(
    page: ThePage, number: int, limit: Annotated[int, Query(ge=1, le=5000)] = 1000
) -> list[dict[str, str]]:
    """List the files of a library that are no songs, and why."""
    with page.database.reading() as session:
        rows = session.scalars(
            select(SkippedFile)
            .where(SkippedFile.library_id == number)
            .order_by(SkippedFile.name)
            .limit(limit)
        ).all()
    return [{"name": row.name, "reason": row.reason} for row in rows]


# --- files that are dropped onto the page


@router.post("/uploads", status_code=201)
def add_upload(page: ThePage, new: NewUpload) -> dict[str, int]:
    """Make an empty library for files that are dropped onto the page."""
    with page.database.writing() as session:
        library = Library(name=new.name.strip() or "Dropped files", kind="upload", path="")
        session.add(library)
        session.flush()
        folder = page.place.uploads / str(library.id)
        folder.mkdir(parents=True, exist_ok=True)
        library.path = str(folder.resolve())
    return {"library": library.id}


@router.post("/uploads/{number}/files", status_code=202)
def add_files(page: ThePage, number: int, files: list[UploadFile]) -> dict[str, Any]:
    """Put files into a library of dropped files, and read it.

    Names are taken as names, never as places; what is no song is refused with a reason. Archives
    are read where they lie, within the limits of the reader.
    """
    with page.database.reading() as session:
        library = found(session.get(Library, number), "library")
    if library.kind != "upload":
        raise HTTPException(409, "Files can be dropped into a library of dropped files only.")
    if len(files) > MOST_FILES:
        raise HTTPException(413, f"{len(files)} files at once; at most {MOST_FILES} are accepted.")
    refused: list[dict[str, str]] = []
    for file in files:
        name, reason = _checked(file)
        if reason:
            refused.append({"name": name, "reason": reason})
        else:
            _keep(file, Path(library.path), name)
    job = read_again(page, library) if len(refused) < len(files) else 0
    return {"library": number, "job": job, "refused": refused}


def _checked(file: UploadFile) -> tuple[str, str]:
    """Give the name under which a file is kept, and why it is refused; empty if it is not."""
    given = (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
    name = re.sub(r"[\x00-\x1f\x7f<>:\"|?*]", "_", given).lstrip(".")[-MOST_NAME:]
    if not name:
        return given or "?", "has no name"
    most = api.most_bytes(name)
    if most == 0:
        return name, "does not have the ending of a song or of a zip archive"
    if (file.size or 0) > most:
        return name, f"has {(file.size or 0) / 1e6:,.1f} MB, and at most {most / 1e6:,.0f} are read"
    return name, ""


def _keep(file: UploadFile, folder: Path, name: str) -> None:
    """Write a file, whole or not at all, under a name that is not taken by another."""
    place = folder / name
    number = 1
    while place.exists():
        number += 1
        place = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
    partial = folder / f".{place.name}.part"
    with partial.open("wb") as out:
        shutil.copyfileobj(file.file, out)
    partial.replace(place)


# --- folders of this machine


@router.get("/folders")
def list_folders(page: ThePage, path: str = "") -> dict[str, Any]:
    """List the folders in a folder, for choosing one; and how many songs lie in it directly."""
    folder = allowed(page, path or str(page.roots[0]))
    if not folder.is_dir():
        raise HTTPException(422, f"{path}: is no folder; expected the path of a folder")
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name.casefold())
    except OSError as error:
        raise HTTPException(403, f"{path}: cannot be opened ({error.strerror})") from None
    folders = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    songs = sum(bool(api.most_bytes(e.name)) for e in entries if not e.name.startswith("."))
    above = folder.parent
    inside = any(above.is_relative_to(root.resolve()) for root in page.roots)
    return {"path": str(folder), "above": str(above) if inside else None,
            "folders": folders[:MOST_FOLDERS], "more": max(0, len(folders) - MOST_FOLDERS),
            "songs": songs}  # fmt: skip
