"""Comparisons that the page starts: run, gone on with, and the model that is taken from one."""

from pathlib import Path
from typing import Any

from classify import api
from classify.app.judging import read_all
from classify.app.room import Room, add_model
from classify.app.tables import Comparison


def compare(room: Room, comparison_id: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Compare models on a labelled corpus; go on where a stopped comparison ended."""
    with room.database.reading() as session:
        comparison = session.get_one(Comparison, comparison_id)
    run = api.compare(comparison.corpus, out=comparison.folder, progress=room.progress, **settings)
    return {"comparison": comparison_id, "best": run.best, "models": run.models}


def use_from_run(room: Room, comparison_id: int, model: str) -> dict[str, Any]:
    """Train a model as a comparison trained it, on all songs, and use it from now on."""
    with room.database.reading() as session:
        comparison = session.get_one(Comparison, comparison_id)
    out = room.place.models / f"run-{comparison_id}-{model}"
    if not out.exists():
        api.train(None, out, model, origin=comparison.folder, progress=room.progress)
    number = add_model(room, out, use=True)
    read_all(room)
    return {"model": number}


def scores(folder: str | Path) -> list[dict[str, Any]]:
    """Give the accuracies of a finished comparison's models, the best first."""
    run = api.load_run(folder)
    table = run.table()
    rows = []
    for model in run.models:
        value, low, high = (float(table.loc[model, ("accuracy", k)])
                            for k in ("value", "low", "high"))  # fmt: skip
        rows.append({"model": model, "title": run.record["models"][model]["title"],
                     "accuracy": value, "low": low, "high": high,
                     "usable": model != "majority"})  # fmt: skip
    return sorted(rows, key=lambda row: -row["accuracy"])
