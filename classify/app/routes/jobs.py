"""Work that takes a while: listed, watched, stopped, repeated."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from classify.app.page import ThePage
from classify.app.settings import decide, used_model

router = APIRouter(tags=["jobs"])

#: Seconds between two looks at what changed, and between two signs of life.
LOOK, SIGN = 0.2, 15.0


@router.get("/jobs")
def list_jobs(page: ThePage) -> list[dict[str, Any]]:
    """List the latest jobs, the newest first."""
    return page.jobs.latest()


@router.get("/jobs/events")
async def watch_jobs(page: ThePage) -> StreamingResponse:
    """Send each job that changed, as it does (Server-Sent Events)."""
    return StreamingResponse(
        _events(page), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


async def _events(page: ThePage) -> AsyncIterator[str]:
    edition, quiet = page.jobs.edition, 0.0
    yield "retry: 1000\n\n"
    while not page.closing:
        if page.jobs.edition != edition:
            edition, changed = await asyncio.to_thread(page.jobs.since, edition)
            for job in changed:
                yield f"id: {edition}\ndata: {json.dumps(job)}\n\n"
            quiet = 0.0
        elif quiet > SIGN:
            yield ": still here\n\n"
            quiet = 0.0
        await asyncio.sleep(LOOK)
        quiet += LOOK


@router.get("/jobs/{number}")
def one_job(page: ThePage, number: int) -> dict[str, Any]:
    """Say how a job goes, or how it ended."""
    described = page.jobs.described([number])
    if not described:
        raise HTTPException(404, "There is no such job.")
    return described[0]


@router.post("/jobs/{number}/cancel")
def cancel_job(page: ThePage, number: int) -> dict[str, bool]:
    """Stop a job; what it has finished is kept."""
    return {"stopped": page.jobs.cancel(number)}


@router.post("/jobs/{number}/repeat")
def repeat_job(page: ThePage, number: int) -> dict[str, int]:
    """Do a job again that did not come to its end; it goes on where it was."""
    again = page.jobs.repeat(number)
    if again is None:
        raise HTTPException(409, "That job is still going on, or there is no such job.")
    return {"job": again}


class Value(BaseModel):
    """What is decided."""

    value: str = Field(max_length=200)


@router.put("/settings/{name}")
def decide_setting(page: ThePage, name: Literal["toured"], new: Value) -> dict[str, str]:
    """Note what was decided on the page."""
    with page.database.writing() as session:
        decide(session, name, new.value)
    return {name: new.value}


@router.post("/first-run", status_code=202)
def start_first_run(page: ThePage) -> dict[str, int]:
    """Make the built-in songs a library, and train a model on them."""
    with page.database.reading() as session:
        if used_model(session, "classifier") and used_model(session, "generator"):
            raise HTTPException(409, "That was done before.")
    return {"job": page.jobs.add("first_run", "Getting ready: built-in songs and a model")}
