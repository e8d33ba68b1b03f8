"""Maps of libraries in the space of a composer."""

from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy import select

from classify import api
from classify.app import mapping
from classify.app.page import ThePage, found
from classify.app.settings import used_model
from classify.app.tables import Library, Model, Prediction, Song, judged_by

router = APIRouter(tags=["maps"])


class NewMap(BaseModel):
    """A map to be drawn."""

    model: int
    library: int
    method: Literal["pca", "tsne"] = "pca"


@router.post("/maps", status_code=202)
def draw_map(page: ThePage, new: NewMap) -> dict[str, int]:
    """Find where a library's songs lie in the space of a composer."""
    with page.database.reading() as session:
        model = found(session.get(Model, new.model), "composer")
        library = found(session.get(Library, new.library), "library")
    spaces = api.list_generators("space").values()
    if model.kind != "generator" or model.title not in spaces:
        raise HTTPException(
            422, f"{model.name}: has no space of songs; these have: {'; '.join(spaces)}"
        )
    return {"job": page.jobs.add("draw_map", f"Drawing a map: {library.name}", model_id=model.id,
                                 library_id=library.id, method=new.method)}  # fmt: skip


@router.get("/maps/{library}")
def one_map(page: ThePage, library: int, model: int) -> Response:
    """Give a map that was drawn: a point a song, with what the model in use hears."""
    with page.database.reading() as session:
        composer = found(session.get(Model, model), "composer")
        file = mapping.file_of(page.place, model, library)
        drawn = found(api.read_map(file, composer.sha256), "map")
        judge = used_model(session, "classifier")
        rows = session.execute(
            select(Song.id, Song.digest, Song.title, Song.artist, Prediction.best,
                   Prediction.confidence)
            .outerjoin(Prediction, judged_by(judge))
            .where(Song.library_id == library, Song.present)
        ).all()  # fmt: skip
    places: dict[str, list[float]] = drawn["places"]
    without = set(drawn["without"])
    points: list[dict[str, Any]] = [
        {"id": row.id, "title": row.title, "artist": row.artist, "mood": row.best,
         "p": row.confidence, "x": places[row.digest][0], "y": places[row.digest][1]}
        for row in rows if row.digest in places
    ]  # fmt: skip
    n_without = sum(row.digest in without for row in rows)
    return JSONResponse({
        "method": drawn["method"], "points": points, "without": n_without,
        "new": len(rows) - len(points) - n_without, "moods": judge.classes if judge else [],
    })  # fmt: skip
