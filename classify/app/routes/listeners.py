"""Listeners: people whose labels are kept apart, and models that are adapted to them."""

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from classify.app.page import ThePage, found
from classify.app.settings import base_model, decide, setting
from classify.app.tables import Label, Listener, Model, Prediction, Song, judged_by

router = APIRouter(tags=["listeners"])


class NewListener(BaseModel):
    """A listener."""

    name: str = Field(min_length=1, max_length=100, description="A name or a code.")


@router.get("/listeners")
def list_listeners(page: ThePage) -> list[dict[str, Any]]:
    """List the listeners, and how many labels each has."""
    with page.database.reading() as session:
        counts = dict(session.execute(
            select(Label.listener_id, func.count()).group_by(Label.listener_id)
        ).all())  # fmt: skip
        adapted = set(session.scalars(select(Model.listener_id).where(Model.listener_id > 0)))
        rows = session.scalars(select(Listener).order_by(Listener.name)).all()
        chosen = setting(session, "listener")
    return [{"id": one.id, "name": one.name, "labels": counts.get(one.id, 0),
             "chosen": str(one.id) == chosen, "adapted": one.id in adapted, "report": one.report}
            for one in rows]  # fmt: skip


@router.post("/listeners", status_code=201)
def add_listener(page: ThePage, new: NewListener) -> dict[str, int]:
    """Add a listener, and choose this one."""
    name = new.name.strip()
    with page.database.writing() as session:
        if not name or session.scalars(select(Listener).where(Listener.name == name)).first():
            raise HTTPException(409, f"{name!r} is there already, or empty; give another name.")
        listener = Listener(name=name)
        session.add(listener)
        session.flush()
    choose_listener(page, listener.id)
    return {"listener": listener.id}


@router.put("/listeners/{number}/choose")
def choose_listener(page: ThePage, number: int) -> dict[str, int]:
    """Work for this listener, with the model adapted to them if there is one; 0: for none."""
    with page.database.writing() as session:
        if number:
            found(session.get(Listener, number), "listener")
        own = session.scalars(
            select(Model).where(Model.listener_id == number).order_by(Model.id.desc())
        ).first()
        model = own or base_model(session)
        decide(session, "listener", str(number) if number else "")
        if model:
            decide(session, "classifier", str(model.id))
    return {"listener": number}


@router.delete("/listeners/{number}")
def forget_listener(page: ThePage, number: int) -> dict[str, bool]:
    """Delete a listener with all labels and adapted models."""
    with page.database.reading() as session:
        chosen = setting(session, "listener") == str(number)
    if chosen:
        choose_listener(page, 0)
    with page.database.writing() as session:
        session.delete(found(session.get(Listener, number), "listener"))
    return {"forgotten": True}


@router.get("/listeners/{number}/labels")
def list_labels(page: ThePage, number: int) -> list[dict[str, Any]]:
    """List a listener's labels with what the model says, and whether it learned from the song."""
    with page.database.reading() as session:
        model = base_model(session)
        rows = session.execute(
            select(Song.id, Song.title, Label.label, Label.digest, Prediction)
            .join(Label, Label.digest == Song.digest)
            .outerjoin(Prediction, judged_by(model))
            .where(Label.listener_id == number, Song.present)
            .order_by(Label.given.desc(), Song.id)
        ).all()  # fmt: skip
    return [
        {"id": row.id, "title": row.title, "label": row.label,
         "best": row.Prediction.best if row.Prediction else "",
         "learned_from": bool(row.Prediction and row.Prediction.learned_from)}
        for row in {row.digest: row for row in rows}.values()
    ]  # fmt: skip


@router.post("/listeners/{number}/suggest", status_code=202)
def suggest(page: ThePage, number: int) -> dict[str, int]:
    """Ask which ten songs to label next; the job's result names them."""
    with page.database.reading() as session:
        listener = found(session.get(Listener, number), "listener")
    return {"job": page.jobs.add("suggest", f"Choosing songs to label: {listener.name}",
                                 listener_id=number)}  # fmt: skip


@router.post("/listeners/{number}/adapt", status_code=202)
def adapt(page: ThePage, number: int) -> dict[str, int]:
    """Adapt the model to this listener's labels, if that helps; the job's result says whether."""
    with page.database.reading() as session:
        listener = found(session.get(Listener, number), "listener")
    return {"job": page.jobs.add("adapt", f"Adapting the model: {listener.name}",
                                 listener_id=number)}  # fmt: skip
