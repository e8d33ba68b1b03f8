"""Models: compared on labelled songs, read about, used."""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlalchemy import select

from classify.app import comparing
from classify.app.page import Page, ThePage, found
from classify.app.routes.libraries import read_again
from classify.app.safety import REPORT_POLICY
from classify.app.settings import decide, setting
from classify.app.tables import Comparison, Library, Listener, Model

router = APIRouter(tags=["models"])

#: What can be compared: few models in about a minute, or what a publication needs.
DEPTHS: dict[str, dict[str, Any]] = {
    "quick": {"models": "features-logistic,song-logistic,logistic", "quick": True},
    "baselines": {"models": "baselines"},
    "all": {},
}


class NewComparison(BaseModel):
    """A comparison to be started."""

    library: int = Field(description="Its songs lie in a folder per class, or have a labels.csv.")
    name: str = Field("", max_length=100)
    depth: Literal["quick", "baselines", "all"] = "quick"


#: Comparisons that can be laid side by side at once.
MOST_SIDES = 12

#: Which ones, by their numbers.
Numbers = Annotated[list[int], Field(min_length=2, max_length=MOST_SIDES)]


class Sides(BaseModel):
    """Comparisons to be laid side by side."""

    comparisons: Numbers


class Use(BaseModel):
    """A model of a comparison."""

    model: str = Field(max_length=100)


@router.get("/models")
def list_models(page: ThePage) -> list[dict[str, Any]]:
    """List the classifiers that are trained, with their cards."""
    with page.database.reading() as session:
        rows = session.scalars(select(Model).where(Model.kind == "classifier")).all()
        used = setting(session, "classifier")
        names = {one.id: one.name for one in session.scalars(select(Listener))}
    return [{"id": one.id, "name": one.name, "title": one.title, "corpus": one.corpus,
             "classes": one.classes, "card": one.card, "used": str(one.id) == used,
             "listener": names.get(one.listener_id or 0, "")} for one in rows]  # fmt: skip


@router.put("/models/{number}/use")
def use_model(page: ThePage, number: int) -> dict[str, Any]:
    """Judge songs by this model from now on; libraries are judged by it where they were not."""
    with page.database.writing() as session:
        model = found(session.get(Model, number), "model")
        if model.kind != "classifier":
            raise HTTPException(422, f"{model.name}: judges no songs")
        decide(session, "classifier", str(number))
        if model.listener_id is None:
            decide(session, "base", str(number))
        libraries = session.scalars(select(Library)).all()
    return {"model": number, "jobs": [read_again(page, library) for library in libraries]}


@router.get("/comparisons")
def list_comparisons(page: ThePage) -> list[dict[str, Any]]:
    """List the comparisons, the newest first."""
    with page.database.reading() as session:
        rows = session.scalars(select(Comparison).order_by(Comparison.id.desc())).all()
    return [{"id": one.id, "name": one.name, "corpus": one.corpus, "created": one.created,
             "job": one.job_id, "finished": _report(one).is_file()} for one in rows]  # fmt: skip


def _report(comparison: Comparison) -> Path:
    return Path(comparison.folder) / "report.html"


@router.post("/comparisons", status_code=202)
def add_comparison(page: ThePage, new: NewComparison) -> dict[str, int]:
    """Compare models on a library whose songs are labelled by their folders or a labels.csv."""
    with page.database.writing() as session:
        library = found(session.get(Library, new.library), "library")
        corpus = "folk" if library.kind == "builtin" else library.path
        comparison = Comparison(name=new.name.strip() or f"{library.name}, {new.depth}",
                                corpus=corpus, folder="")  # fmt: skip
        session.add(comparison)
        session.flush()
        comparison.folder = str(page.place.runs / str(comparison.id))
    job = page.jobs.add("compare", f"Comparing models: {comparison.name}",
                        comparison_id=comparison.id, settings=DEPTHS[new.depth])  # fmt: skip
    with page.database.writing() as session:
        session.get_one(Comparison, comparison.id).job_id = job
    return {"comparison": comparison.id, "job": job}


@router.get("/comparisons/side-by-side")
def side_by_side(page: ThePage, run: Annotated[Numbers, Query()]) -> dict[str, Any]:
    """Say of comparisons whether they lie side by side, as they are now."""
    rows = _sides(page, run)
    file = comparing.sides(page.place, [row.id for row in rows])
    newest = max(_report(row).stat().st_mtime for row in rows)
    ready = file.is_file() and file.stat().st_mtime >= newest
    return {"comparisons": [{"id": row.id, "name": row.name} for row in rows], "finished": ready}


@router.post("/comparisons/side-by-side", status_code=202)
def lay_side_by_side(page: ThePage, sides: Sides) -> dict[str, int]:
    """Lay finished comparisons side by side; the earliest is what the others are measured by."""
    rows = _sides(page, sides.comparisons)
    return {"job": page.jobs.add("side_by_side", "Laying comparisons side by side",
                                 comparison_ids=[row.id for row in rows])}  # fmt: skip


def _sides(page: Page, numbers: list[int]) -> list[Comparison]:
    """Give comparisons that have finished, the earliest first, each once."""
    rows = [_comparison(page, number) for number in sorted(set(numbers))]
    if len(rows) < 2:
        raise HTTPException(422, "Choose two to twelve comparisons.")
    for row in rows:
        if not _report(row).is_file():
            raise HTTPException(409, f"{row.name}: this comparison has not finished yet.")
    return rows


@router.get("/comparisons/side-by-side/report")
def sides_report(page: ThePage, run: Annotated[Numbers, Query()]) -> HTMLResponse:
    """Give comparisons side by side as a page, which reaches nothing but itself."""
    return _in_frame(comparing.sides(page.place, [row.id for row in _sides(page, run)]))


@router.get("/comparisons/{number}")
def one_comparison(page: ThePage, number: int) -> dict[str, Any]:
    """Give a comparison with its models' accuracies, once it has finished."""
    comparison = _comparison(page, number)
    finished = _report(comparison).is_file()
    return {"id": number, "name": comparison.name, "corpus": comparison.corpus,
            "job": comparison.job_id, "finished": finished,
            "scores": comparing.scores(comparison.folder) if finished else []}  # fmt: skip


def _comparison(page: Page, number: int) -> Comparison:
    with page.database.reading() as session:
        return found(session.get(Comparison, number), "comparison")


@router.get("/comparisons/{number}/report")
def report(page: ThePage, number: int) -> HTMLResponse:
    """Give a comparison's report, which reaches nothing but itself."""
    return _in_frame(_report(_comparison(page, number)))


def _in_frame(file: Path) -> HTMLResponse:
    if not file.is_file():
        raise HTTPException(409, "This comparison has not finished yet.")
    return HTMLResponse(
        file.read_text(encoding="utf-8"), headers={"content-security-policy": REPORT_POLICY}
    )


@router.post("/comparisons/{number}/use", status_code=202)
def use_from_comparison(page: ThePage, number: int, use: Use) -> dict[str, int]:
    """Train a model of a comparison on all songs, and use it."""
    comparison = _comparison(page, number)
    if use.model not in {row["model"] for row in comparing.scores(comparison.folder)}:
        raise HTTPException(422, f"{use.model}: is no model of this comparison")
    return {"job": page.jobs.add("use_from_run", f"Training a model: {use.model}",
                                 comparison_id=number, model=use.model)}  # fmt: skip
