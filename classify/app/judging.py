"""Libraries read and judged: what is new of them, step by step, so that a stopped job goes on."""

from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from classify import api
from classify.app.room import FIRST_CORPUS, Room, kept_model
from classify.app.settings import used_model
from classify.app.tables import Library, Model, Prediction, SkippedFile, Song, judged_by, now
from classify.errors import InputError

#: Songs that are judged before they are written down.
BLOCK = 100

#: Why a song that a link leads to is not read.
OUTSIDE = "lies outside of the library's folder, where a link leads to"


def read_library(room: Room, library_id: int) -> dict[str, Any]:
    """Read a library, and have the model that is used judge what it has not judged before."""
    with room.database.reading() as session:
        library = session.get_one(Library, library_id)
    titles: dict[str, str] = {}
    if library.kind == "builtin":
        _, titles = api.built_in(FIRST_CORPUS, room.progress)
    depth = 1 if library.artists else 0  # two songs of one artist never follow each other
    read = api.read_library(library.path, artist_folder=depth, progress=room.progress)
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
    room.database.analyze()
    _warn(room, library_id)
    return {"library": library_id, "songs": len(items), "skipped": len(skipped),
            "judged": judged}  # fmt: skip


def read_all(room: Room) -> None:
    """Read all libraries again, so that the model that is used now has judged them."""
    with room.database.reading() as session:
        numbers = session.scalars(select(Library.id)).all()
    for number in numbers:
        try:
            read_library(room, number)
        except InputError as error:  # a folder that is gone keeps no other from being judged
            room.progress.message(str(error))


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
        row.generated = song.generated


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
        rows = _predictions(model.id, bundle, chosen_items, block)
        with room.database.writing() as session:
            for row in rows:
                session.merge(row)
    return len(new)


def _predictions(model_id: int, bundle: Any, items: list[Any], block: Any) -> "list[Prediction]":
    classes = [name for name in block.songs if name.startswith("p:")]
    windows: dict[str, list[list[float]]] = {}
    for song, start, *p in block.windows[["song", "start", *classes]].itertuples(index=False):
        windows.setdefault(song, []).append([round(float(v), 4) for v in (start, *p)])
    own = bundle.learned_from([item.song for item in items])
    rows = zip(items, own, block.songs.to_dict("records"), api.statistics_of(block), strict=True)
    return [
        Prediction(
            digest=item.song.digest, model_id=model_id, best=row["best"],
            prediction=row["prediction"], confidence=float(row["confidence"]), moods=row["set"],
            in_distribution=bool(row["in_distribution"]),
            learned_from=bool(learned),
            tempo=None if row["tempo"] != row["tempo"] else float(row["tempo"]), key=row["key"],
            loudness=float(row["loudness"]),
            p={name.removeprefix("p:"): round(float(row[name]), 6) for name in classes},
            windows=windows.get(row["song"], []), statistics=[float(v) for v in statistics],
        )
        for item, learned, row, statistics in rows
    ]  # fmt: skip


def _warn(room: Room, library_id: int) -> None:
    """Note whether a library as a whole is another kind of music than the model learned from."""
    with room.database.reading() as session:
        model = used_model(session, "classifier")
        if model is None:
            return
        rows = session.execute(
            select(Prediction.statistics, Song.origin)
            .join(Song, judged_by(model))
            .where(Song.library_id == library_id, Song.present)
        ).all()
    statistics, origins = [row for row, _ in rows], [origin for _, origin in rows]
    sentence = api.warn_of_library(model.folder, statistics, origins) if rows else ""
    with room.database.writing() as session:
        session.get_one(Library, library_id).warning = sentence
