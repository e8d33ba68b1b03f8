"""Comparisons that the page starts: run, gone on with, and the model that is taken from one."""

from pathlib import Path
from typing import Any

from classify import api
from classify.app.judging import read_all
from classify.app.place import Place
from classify.app.room import Room, add_model
from classify.app.tables import Comparison
from classify.errors import InputError

#: Where comparisons that are laid side by side lie in the folder of comparisons.
SIDES = "side-by-side"


def compare(room: Room, comparison_id: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Compare models on a labelled corpus; go on where a stopped comparison ended."""
    with room.database.reading() as session:
        comparison = session.get_one(Comparison, comparison_id)
    run = api.compare(comparison.corpus, out=comparison.folder, progress=room.progress, **settings)
    return {"comparison": comparison_id, "best": run.best, "models": run.models}


def side_by_side(room: Room, comparison_ids: list[int]) -> dict[str, Any]:
    """Lay comparisons side by side, the earliest first: the others are measured against it."""
    with room.database.reading() as session:
        rows = [session.get(Comparison, number) for number in comparison_ids]
    if not all(rows):
        raise InputError("one of the comparisons was deleted; choose others")
    told = [row for row in rows if row is not None]
    names = [row.name for row in told]
    # in quotation marks, since they stand in the sentences of the page
    names = [f"“{name}”" if names.count(name) == 1 else f"“{name}” ({row.id})"
             for name, row in zip(names, told, strict=True)]  # fmt: skip
    out = sides(room.place, comparison_ids).parent
    api.side_by_side([row.folder for row in told], out, names=names)
    return {"side_by_side": comparison_ids}


def sides(place: Place, comparison_ids: list[int]) -> Path:
    """Say where comparisons lie side by side once they were laid so."""
    return place.runs / SIDES / "-".join(map(str, comparison_ids)) / f"{SIDES}.html"


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
