"""What every job works with, and the models that a process keeps from one job to the next."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from classify import api
from classify.app.database import Database
from classify.app.place import Place
from classify.app.settings import decide, used_model
from classify.app.tables import Model
from classify.progress import Progress

#: Models of the first run: one that is trained in seconds, and a generator.
FIRST_MODEL, FIRST_GENERATOR, FIRST_CORPUS = "features-logistic", "markov", "folk"


@dataclass(frozen=True)
class Room:
    """What a job works with.

    Parameters
    ----------
    place : Place
        Where things are kept.
    database : Database
        What is known.
    progress : Progress
        Where to tell how it goes.
    """

    place: Place
    database: Database
    progress: Progress


def add_model(room: Room, folder: Path, use: bool = False, listener: int | None = None) -> int:
    """Write a trained model down, and use it from now on if asked to."""
    about = api.about_model(folder)
    with room.database.writing() as session:
        model = session.scalars(select(Model).where(Model.folder == str(folder))).first()
        if model is None:
            model = Model(folder=str(folder), listener_id=listener)
            session.add(model)
        model.kind, model.sha256, model.name = about["kind"], about["id"], about["name"]
        model.title, model.corpus, model.card = about["title"], about["corpus"], about["card"]
        model.classes, model.knobs = about["classes"], about["knobs"]
        session.flush()
        kept_model.cache_clear()  # another may lie in the same folder now
        kept_generator.cache_clear()
        if use:
            decide(session, about["kind"], str(model.id))
            if about["kind"] == "classifier" and listener is None:
                decide(session, "base", str(model.id))
        return model.id


@lru_cache(maxsize=2)
def kept_model(folder: str) -> Any:
    """Load a classifier, or give the one that is loaded: a process does several jobs."""
    return api.loaded(folder)


@lru_cache(maxsize=2)
def kept_generator(folder: str) -> Any:
    """Load a composer, or give the one that is loaded."""
    return api.loaded_generator(folder)


def load_used_models(database: Database) -> None:
    """Load the models that are used, and all that loading imports: seconds, once a process."""
    with database.reading() as session:
        judge, composer = used_model(session, "classifier"), used_model(session, "generator")
    if judge:
        kept_model(judge.folder)
    if composer:
        kept_generator(composer.folder)
