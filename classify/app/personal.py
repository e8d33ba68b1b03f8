"""One listener: which songs to label next, and a model that is adapted, if that helps."""

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from classify import api
from classify.app.judging import read_all
from classify.app.room import Room, add_model, kept_model
from classify.app.settings import base_model, decide
from classify.app.tables import Label, Listener, Model, Prediction, Song
from classify.errors import InputError

#: Songs that are suggested at once.
TEN = 10


def suggest(room: Room, listener_id: int) -> dict[str, Any]:
    """Name the songs whose labels by a listener would teach the model most, and why."""
    with room.database.reading() as session:
        model = base_model(session)
        if model is None:
            raise InputError("there is no model yet; get ready on the first page")
        labelled = select(Label.digest).where(Label.listener_id == listener_id)
        rows = session.execute(
            select(Song.id, Song.digest, Prediction.p, Prediction.statistics)
            .join(Prediction, Prediction.digest == Song.digest)
            .where(Prediction.model_id == model.id, Song.present, Song.file != "")
            .where(Prediction.in_distribution, ~Prediction.learned_from)
            .where(Song.digest.not_in(labelled))
        ).all()
    songs = list({row.digest: row for row in rows}.values())
    chosen = api.songs_to_label(
        kept_model(model.folder), [row.p for row in songs], [row.statistics for row in songs], TEN
    )
    return {"songs": [{"id": songs[place].id, "reason": reason} for place, reason in chosen]}


def adapt(room: Room, listener_id: int) -> dict[str, Any]:
    """Adapt the model to a listener's labels, if that helps; keep what was found either way."""
    with room.database.reading() as session:
        base = base_model(session)
        listener = session.get_one(Listener, listener_id)
        labels = _labels(session, listener_id)
        number = len(session.scalars(select(Model).where(Model.listener_id == listener_id)).all())
    if base is None or not labels:
        raise InputError(f"{listener.name} has no labels yet; label some songs first")
    table = room.place.work / f"labels-{listener_id}.csv"
    _write(table, labels)
    out = room.place.models / f"listener-{listener_id}-{number + 1}"
    report, skipped = api.adapt(base.folder, table, out, progress=room.progress)
    found = asdict(report) | {
        "helped": not report.hurts, "sentence": report.sentence(), "left_out": len(skipped),
    }  # fmt: skip
    with room.database.writing() as session:
        session.get_one(Listener, listener_id).report = found
    if not report.hurts:
        model = add_model(room, out, listener=listener_id)
        with room.database.writing() as session:
            decide(session, "listener", str(listener_id))
            decide(session, "classifier", str(model))
        read_all(room)
    return found


def _labels(session: Session, listener_id: int) -> list[tuple[str, str]]:
    """Give the files of a listener's labelled songs, each content once, with their labels."""
    rows = session.execute(
        select(Song.file, Label.label, Label.digest)
        .join(Label, Label.digest == Song.digest)
        .where(Label.listener_id == listener_id, Song.present, Song.file != "")
        .order_by(Song.id)
    ).all()
    return list({digest: (file, label) for file, label, digest in rows}.values())


def _write(path: Path, labels: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "label"])
        table.writerows(labels)
