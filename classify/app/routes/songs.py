"""Songs: the table of a library, and one song with its notes."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field
from pydantic_core import to_json
from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from classify import api
from classify.app.page import ThePage, found
from classify.app.settings import setting, used_model
from classify.app.tables import Label, Library, Model, Prediction, Probability, Song, judged_by

router = APIRouter(tags=["songs"])

#: Rows that are given at once, and similar songs that are named.
MOST_ROWS, N_SIMILAR = 1000, 8

_other = aliased(Song)
#: Whether a song is in its library more than once.
DUPLICATE = exists().where(
    _other.digest == Song.digest, _other.library_id == Song.library_id, _other.present,
    _other.id != Song.id,
)  # fmt: skip
#: What the table shows of a song. Columns, since making objects of all rows takes twice as long.
SHOWN = (
    Song.id, Song.title, Song.artist, Song.name, Song.seconds, Song.excluded, Song.repaired,
    Song.generated, Prediction.best, Prediction.prediction, Prediction.confidence,
    Prediction.moods, Prediction.p, Prediction.tempo, Prediction.key, Prediction.loudness,
    Prediction.in_distribution, Prediction.learned_from, Label.label,
    DUPLICATE.label("duplicate"),
)  # fmt: skip


class Filters(BaseModel):
    """Which songs of a library are shown; `match` joins those that are given."""

    q: str = Field("", max_length=200, description="A part of title, artist or file name.")
    mood: list[str] = Field([], max_length=50, description="The best mood is one of these.")
    sure: Literal["", "yes", "no"] = Field("", description="Whether the model is sure.")
    p_mood: str = Field("", max_length=200, description="A mood whose probability is limited.")
    p_low: float = Field(0.0, ge=0, le=1)
    tempo_low: float | None = Field(None, ge=0, le=1000)
    tempo_high: float | None = Field(None, ge=0, le=1000)
    seconds_low: float | None = Field(None, ge=0)
    seconds_high: float | None = Field(None, ge=0)
    key: str = Field("", max_length=20, description="As D minor; or minor alone.")
    label: str = Field("", max_length=200, description="The listener's own; * for any.")
    duplicates: bool = Field(False, description="Only songs that are there more than once.")
    excluded: Literal["no", "yes", "all"] = Field("no", description="Songs of the exclude list.")
    generated: Literal["no", "yes", "all"] = Field("all", description="Made by a generator.")
    match: Literal["all", "any"] = "all"
    sort: str = Field("title", max_length=200, description="A column, or p:<mood>.")
    order: Literal["up", "down"] = "up"
    offset: int = Field(0, ge=0)
    limit: int = Field(200, ge=0, le=MOST_ROWS)


class Change(BaseModel):
    """What is changed of a song."""

    excluded: bool | None = Field(None, description="Never in a playlist.")
    label: str | None = Field(None, max_length=200, description="The listener's; empty: none.")


@router.get("/libraries/{number}/songs")
def list_songs(page: ThePage, number: int, filters: Annotated[Filters, Query()]) -> Response:
    """Give a part of a library's table: how many songs there are, and some rows of them."""
    with page.database.reading() as session:
        found(session.get(Library, number), "library")
        model = used_model(session, "classifier")
        listener = setting(session, "listener")
        # What is shown is fetched for the rows that are shown, and not for all that are sorted.
        total, shown = _some(session, number, filters, model, listener)
        wanted = _joined(select(*SHOWN), model, listener).where(Song.id.in_(shown))
        rows = {
            row.id: as_row(row, row if row.best is not None else None, row.label, row.duplicate)
            for row in session.execute(wanted)
        }
    answer = {"total": total, "offset": filters.offset, "rows": [rows[one] for one in shown]}
    return Response(to_json(answer), media_type="application/json")


def _some(
    session: Session, number: int, filters: Filters, model: Model | None, listener: str
) -> tuple[int, list[int]]:
    """Give how many songs there are, and those that are shown.

    Where each song has to be looked at, one look says both. Otherwise an index counts them faster,
    which knows nothing of predictions.
    """
    model_id = model.id if model else 0
    conditions = _conditions(filters, model_id)
    plain = _chosen(select(Song.id), number, filters)
    joined = _joined(plain, model, listener)
    if conditions:
        joined = joined.where(and_(*conditions) if filters.match == "all" else or_(*conditions))
    counted = joined if conditions else plain
    if filters.sort.startswith("p:"):
        return _count(session, counted), _by_probability(session, joined, filters, model_id)
    shown = joined.order_by(_order(filters), Song.id).offset(filters.offset).limit(filters.limit)
    if filters.q.strip() or conditions:
        rows = session.execute(shown.add_columns(func.count().over())).all()
        if rows:
            return rows[0][1], [song for song, _ in rows]
    return _count(session, counted), list(session.scalars(shown))


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _by_probability(
    session: Session, query: Select[Any], filters: Filters, model_id: int
) -> list[int]:
    """Give the songs that are shown by a probability, as an index has them; then those without."""
    one = (Probability.model_id == model_id) & (Probability.digest == Song.digest)
    one &= Probability.mood == filters.sort.removeprefix("p:")
    known = query.join(Probability, one)
    shown = known.order_by(_directed(Probability.p, filters), Song.id)
    songs = list(session.scalars(shown.offset(filters.offset).limit(filters.limit)))
    if len(songs) < filters.limit:
        passed = max(0, filters.offset - _count(session, known))
        others = query.where(~exists().where(one)).order_by(Song.id)
        songs += session.scalars(others.offset(passed).limit(filters.limit - len(songs)))
    return songs


def _joined(query: Select[Any], model: Model | None, listener: str) -> Select[Any]:
    """Ask for songs with their predictions and labels."""
    labelled = (Label.digest == Song.digest) & (Label.listener_id == int(listener or 0))
    return (
        query.select_from(Song).outerjoin(Prediction, judged_by(model)).outerjoin(Label, labelled)
    )


def _chosen(query: Select[Any], number: int, filters: Filters) -> Select[Any]:
    """Leave out songs by what is known of them without any model."""
    query = query.where(Song.library_id == number, Song.present)
    if filters.excluded != "all":
        query = query.where(Song.excluded == (filters.excluded == "yes"))
    if filters.generated != "all":
        query = query.where(Song.generated == (filters.generated == "yes"))
    return query.where(_named(filters.q.strip())) if filters.q.strip() else query


def _named(text: str) -> ColumnElement[bool]:
    """Say which songs are meant; SQLite's LIKE takes no notice of capitals in ASCII letters."""
    return or_(*(
        column.contains(text, autoescape=True) for column in (Song.title, Song.artist, Song.name)
    ))  # fmt: skip


def _conditions(filters: Filters, model_id: int) -> list[ColumnElement[bool]]:
    """Say what each filter that is given means."""
    conditions: list[ColumnElement[bool]] = []
    if filters.mood:
        conditions.append(Prediction.best.in_(filters.mood))
    if filters.sure:
        sure = func.coalesce(Prediction.prediction, "") != ""
        conditions.append(sure if filters.sure == "yes" else ~sure)
    if filters.p_mood and filters.p_low > 0:
        conditions.append(_probability(filters.p_mood, model_id) >= filters.p_low)
    for column, low, high in (
        (Prediction.tempo, filters.tempo_low, filters.tempo_high),
        (Song.seconds, filters.seconds_low, filters.seconds_high),
    ):
        bounds = [column >= low] if low is not None else []
        bounds += [column <= high] if high is not None else []
        if bounds:
            conditions.append(and_(*bounds))
    if filters.key:
        conditions.append(Prediction.key.iendswith(filters.key, autoescape=True))
    if filters.label:
        any_label = Label.label.is_not(None)
        conditions.append(any_label if filters.label == "*" else Label.label == filters.label)
    if filters.duplicates:
        conditions.append(DUPLICATE)
    return conditions


def _probability(mood: str, model_id: int) -> ColumnElement[float]:
    one = aliased(Probability)  # beside that by which songs may be sorted
    of_song = (one.digest == Song.digest) & (one.mood == mood) & (one.model_id == model_id)
    return select(one.p).where(of_song).scalar_subquery()


def _order(filters: Filters) -> ColumnElement[Any]:
    """Say in which order songs come; those of which nothing is known come last."""
    texts: dict[str, Any] = {
        "title": func.lower(Song.title), "artist": func.lower(Song.artist),
        "mood": Prediction.best, "key": Prediction.key, "label": Label.label,
    }  # fmt: skip
    numbers: dict[str, Any] = {
        "seconds": Song.seconds, "confidence": Prediction.confidence,
        "tempo": Prediction.tempo, "loudness": Prediction.loudness, "added": Song.added,
    }  # fmt: skip
    text = texts.get(filters.sort, texts["title"])
    column = numbers.get(filters.sort, func.nullif(text, ""))
    return _directed(column, filters).nulls_last()


def _directed(column: Any, filters: Filters) -> ColumnElement[Any]:
    ordered: ColumnElement[Any] = column.desc() if filters.order == "down" else column.asc()
    return ordered


def as_row(
    song: "Song | Row[Any]",
    judged: "Prediction | Row[Any] | None",
    label: str | None,
    duplicate: bool,
) -> dict[str, Any]:
    """Write a song as a row of the table."""
    row = {"id": song.id, "title": song.title, "artist": song.artist, "name": song.name,
           "seconds": round(song.seconds, 1), "excluded": song.excluded, "repaired": song.repaired,
           "label": label, "duplicate": bool(duplicate), "generated": song.generated,
           "judged": judged is not None}  # fmt: skip
    if judged is not None:
        row |= {
            "best": judged.best, "prediction": judged.prediction, "confidence": judged.confidence,
            "moods": judged.moods.split("|"), "p": judged.p, "tempo": judged.tempo,
            "key": judged.key, "loudness": round(judged.loudness, 1),
            "in_distribution": judged.in_distribution, "learned_from": judged.learned_from,
        }  # fmt: skip
    return row


# --- one song


@router.get("/songs/{number}")
def one_song(page: ThePage, number: int) -> dict[str, Any]:
    """Give a song with its prediction, its moods over time, labels and duplicates."""
    with page.database.reading() as session:
        song = found(session.get(Song, number), "song")
        model = used_model(session, "classifier")
        listener = int(setting(session, "listener") or 0)
        judged = session.get(Prediction, (song.digest, model.id)) if model else None
        label = session.get(Label, (listener, song.digest))
        others = session.scalars(
            select(Song).where(Song.digest == song.digest, Song.id != number, Song.present)
        ).all()
    row = as_row(song, judged, label.label if label else None, bool(others))
    row |= {
        "library": song.library_id, "notes": song.notes, "origin": song.origin,
        "present": song.present, "windows": judged.windows if judged else [],
        "classes": model.classes if model else [], "model": model.name if model else "",
        "duplicates": [{"id": other.id, "name": other.name} for other in others],
    }  # fmt: skip
    return row


@router.get("/songs/{number}/notes")
def notes_of_song(page: ThePage, number: int) -> dict[str, Any]:
    """Give a song's notes as columns: seconds, MIDI pitch and velocity, program, drum."""
    with page.database.reading() as session:
        song = found(session.get(Song, number), "song")
    return as_notes(api.read_song(song.source, song.digest))


def as_notes(song: Any) -> dict[str, Any]:
    """Write a song's notes as columns."""
    notes = song.notes
    return {
        "seconds": song.seconds,
        "onset": notes["onset"].round(4).tolist(),
        "duration": notes["duration"].astype(float).round(4).tolist(),
        "pitch": notes["pitch"].tolist(),
        "velocity": notes["velocity"].tolist(),
        "program": notes["program"].tolist(),
        "drum": notes["drum"].astype(int).tolist(),
    }


@router.patch("/songs/{number}")
def change_song(page: ThePage, number: int, change: Change) -> dict[str, Any]:
    """Put a song on the exclude list or take it off; note the listener's own label."""
    with page.database.writing() as session:
        song = found(session.get(Song, number), "song")
        if change.excluded is not None:
            song.excluded = change.excluded
        if change.label is not None:
            _label(session, song, change.label.strip())
    return one_song(page, number)


def _label(session: Session, song: Song, label: str) -> None:
    listener = int(setting(session, "listener") or 0)
    if not listener:
        raise HTTPException(409, "Choose a listener first: a label is always somebody's.")
    model = used_model(session, "classifier")
    if label and (model is None or label not in model.classes):
        known = ", ".join(model.classes) if model else "none yet"
        raise HTTPException(422, f"{label!r} is none of the model's moods, which are {known}")
    kept = session.get(Label, (listener, song.digest))
    if kept:
        session.delete(kept)
        session.flush()
    if label:
        session.add(Label(listener_id=listener, digest=song.digest, label=label))


@router.post("/songs/{number}/why", status_code=202)
def explain_song(page: ThePage, number: int) -> dict[str, int]:
    """Ask why the model hears a song as it does; the job's result says it, note by note."""
    with page.database.reading() as session:
        song = found(session.get(Song, number), "song")
        found(used_model(session, "classifier"), "model")
    return {"job": page.jobs.add("explain", f"Why: {song.title}", song_id=number)}


@router.get("/songs/{number}/similar")
def similar_songs(page: ThePage, number: int) -> list[dict[str, Any]]:
    """Name the songs of the same library that are most like one, in pitch, rhythm and loudness."""
    with page.database.reading() as session:
        song = found(session.get(Song, number), "song")
        model = used_model(session, "classifier")
        rows = session.execute(
            select(Song.id, Song.title, Song.digest, Prediction.prediction, Prediction.statistics)
            .join(Prediction, judged_by(model))
            .where(Song.library_id == song.library_id, Song.present)
        ).all()
    own = next((row for row in rows if row.id == number), None)
    if own is None:
        return []
    others = [row for row in rows if row.digest != song.digest]
    near = api.nearest(own.statistics, [row.statistics for row in others], N_SIMILAR)
    return [{"id": others[i].id, "title": others[i].title, "prediction": others[i].prediction}
            for i in near]  # fmt: skip
