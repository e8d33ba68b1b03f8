"""New songs: what composers there are, what is asked of one, what came of it."""

import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from classify import api
from classify.app import composing
from classify.app.page import ThePage, found
from classify.app.routes.libraries import read_again
from classify.app.routes.songs import as_notes
from classify.app.settings import decide, setting
from classify.app.tables import Generated, Library, Model

router = APIRouter(tags=["new songs"])

#: New songs that are listed.
LISTED = 60

#: What not every kind of composer can do with a song that is there.
ABLE = ("space", "primer", "bridge", "keep", "renew", "voices")

#: The ending and the media type of each kind of file.
KINDS = {
    "midi": ("mid", "audio/midi"),
    "musicxml": ("musicxml", "application/vnd.recordare.musicxml+xml"),
    "ogg": ("ogg", "audio/ogg"),
}

Named = Annotated[dict[Literal["song", "generated"], int], Field(min_length=1, max_length=1)]


class WishesForSong(BaseModel):
    """What is asked of a new song; what is left out is left to the composer."""

    mood: str | None = Field(None, max_length=200)
    minutes: float | None = Field(None, gt=0, le=20)
    bars: int | None = Field(None, ge=1, le=256)
    tempo: float | None = None
    key: str | None = Field(None, max_length=20)
    mode: Literal["major", "minor"] | None = None
    metre: str | None = Field(None, max_length=10)
    density: float | None = None
    register_: float | None = Field(None, alias="register")
    spread: float | None = None
    loudness: float | None = None
    syncopation: float | None = None
    low: int | None = None
    high: int | None = None
    chords: str | None = Field(None, max_length=500)
    instruments: str | None = Field(None, max_length=100)
    repeats: int | None = None
    primer: Named | None = None
    bridge_from: Named | None = None
    bridge_to: Named | None = None
    revise: Named | None = None
    keep: str | None = Field(None, max_length=20, description="Bars that stay.")
    renew: str | None = Field(None, max_length=20, description="Bars that do not, instead.")
    voices: str | None = Field(None, max_length=20, description="Voices that stay in all bars.")


class NewSong(BaseModel):
    """A song to be made."""

    model: int = Field(description="A composer.")
    seed: int | None = Field(None, ge=0, lt=2**31, description="The same seed, the same song.")
    wishes: WishesForSong = Field(default_factory=lambda: WishesForSong.model_validate({}))


#: What songs can be moved along in a space.
Attribute = Literal["density", "register", "mode", "loudness", "spread", "syncopation"]

#: Songs on a way at most.
MOST_STEPS = 9


class Way(BaseModel):
    """Songs on a way that begins at a song and goes to another, to a mood, or along a quality."""

    kind: Literal["between", "mood", "quality"]
    song: Named
    other: Named | None = Field(None, description="Where a way between songs ends.")
    mood: str | None = Field(None, max_length=200)
    attribute: Attribute | None = None
    amount: float = Field(
        1.0, ge=-4, le=4, description="1 is from the mean of songs to the mood's, or one standard "
        "deviation of the quality."
    )  # fmt: skip
    steps: int = Field(5, ge=2, le=MOST_STEPS, description="The first is the song itself.")


class NewWay(BaseModel):
    """Songs on a way to be made."""

    model: int = Field(description="A composer that has a space.")
    way: Way


class NewComposer(BaseModel):
    """A composer to be trained."""

    generator: str = Field(max_length=100)
    library: int


class Title(BaseModel):
    """What a song is called."""

    title: str = Field("", max_length=200)


@router.get("/composers")
def list_composers(page: ThePage) -> dict[str, Any]:
    """List the composers that are trained, the kinds that could be, and those that can do more."""
    with page.database.reading() as session:
        models = session.scalars(select(Model).where(Model.kind == "generator")).all()
        used = setting(session, "generator")
    able = {wish: api.list_generators(wish) for wish in ABLE}
    # those that keep no bars write all of a song again, but for some of its voices
    able["renew"] = {name: able["renew"][name] for name in able["renew"] if name in able["keep"]}
    can = {
        one.id: [wish for wish in ABLE if one.title in able[wish].values()
                 and wish in (*one.knobs, "space")] for one in models
    }  # fmt: skip
    return {
        "trained": [{"id": one.id, "name": one.name, "title": one.title, "moods": one.classes,
                     "knobs": one.knobs, "able": can[one.id], "space": "space" in can[one.id],
                     "used": str(one.id) == used} for one in models],
        "kinds": api.list_generators(), "able": able,
    }  # fmt: skip


@router.post("/composers", status_code=202)
def add_composer(page: ThePage, new: NewComposer) -> dict[str, int]:
    """Train a composer on a library."""
    with page.database.reading() as session:
        library = found(session.get(Library, new.library), "library")
    kinds = api.list_generators()
    if new.generator not in kinds:
        raise HTTPException(422, f"{new.generator}: is no composer; there are {', '.join(kinds)}")
    return {"job": page.jobs.add("train_composer", f"Training a composer: {library.name}",
                                 generator=new.generator, library_id=library.id)}  # fmt: skip


@router.put("/composers/{number}/use")
def use_composer(page: ThePage, number: int) -> dict[str, int]:
    """Make new songs with this composer from now on."""
    with page.database.writing() as session:
        model = found(session.get(Model, number), "composer")
        decide(session, model.kind, str(number))
    return {"model": number}


@router.post("/generated", status_code=202)
def make_song(page: ThePage, new: NewSong) -> dict[str, int]:
    """Make a new song; the job's result names it."""
    with page.database.reading() as session:
        model = found(session.get(Model, new.model), "composer")
    if model.kind != "generator":
        raise HTTPException(422, f"{model.name}: is no composer")
    seed = secrets.randbelow(2**31) if new.seed is None else new.seed
    wishes = new.wishes.model_dump(by_alias=True, exclude_none=True)
    job = page.jobs.add("generate", "Making a song", model_id=model.id, seed=seed, wishes=wishes)
    return {"job": job, "seed": seed}


@router.post("/generated/ways", status_code=202)
def make_way(page: ThePage, new: NewWay) -> dict[str, int]:
    """Make songs on a way through a composer's space; the job's result names them in order."""
    with page.database.reading() as session:
        model = found(session.get(Model, new.model), "composer")
    spaces = api.list_generators("space").values()
    if model.kind != "generator" or model.title not in spaces:
        raise HTTPException(
            422, f"{model.name}: has no space of songs; these have: {'; '.join(spaces)}"
        )
    given, name = new.way, {"between": "other", "mood": "mood", "quality": "attribute"}
    if getattr(given, name[given.kind]) is None:
        raise HTTPException(422, f"{name[given.kind]}: is missing; the way needs an end")
    if given.kind == "mood" and given.mood not in model.classes:
        known = ", ".join(model.classes) or "none"
        raise HTTPException(422, f"{given.mood}: is no mood that it learned; known are {known}")
    way = given.model_dump(exclude_none=True)
    return {"job": page.jobs.add("walk", "Making songs on a way", model_id=model.id, way=way)}


@router.get("/generated")
def list_generated(page: ThePage) -> list[dict[str, Any]]:
    """List the latest new songs, the newest first."""
    with page.database.reading() as session:
        rows = session.execute(
            select(Generated, Model.name)
            .join(Model, Model.id == Generated.model_id)
            .order_by(Generated.id.desc())
            .limit(LISTED)
        ).all()
    return [_described(made, name) for made, name in rows]


def _described(made: Generated, model: str) -> dict[str, Any]:
    return {"id": made.id, "model": model, "model_id": made.model_id, "wishes": made.wishes,
            "seed": made.seed, "facts": made.facts, "kept": made.kept, "created": made.created,
            "title": composing.title_of(made)}  # fmt: skip


@router.get("/generated/{number}")
def one_generated(page: ThePage, number: int) -> dict[str, Any]:
    """Give a new song: what was asked for, what came of it, its notes, and when bars begin."""
    with page.database.reading() as session:
        made = found(session.get(Generated, number), "new song")
        model = session.get_one(Model, made.model_id)
    song = api.read_made_song(made.file)
    return _described(made, model.name) | {"notes": as_notes(song), "bars": api.bars_of(song)}


@router.get("/generated/{number}/{kind}")
def file_of_generated(
    page: ThePage, number: int, kind: Literal["midi", "musicxml", "ogg"]
) -> Response:
    """Give a new song as a file: MIDI, a score, or its sound where `make audio` was run."""
    with page.database.reading() as session:
        made = found(session.get(Generated, number), "new song")
        content = api.export_made_song(made.file, kind, composing.title_of(made))
    ending, media_type = KINDS[kind]
    named = f'attachment; filename="new-song-{number}.{ending}"'
    return Response(content, media_type=media_type, headers={"content-disposition": named})


@router.post("/generated/{number}/keep", status_code=202)
def keep_generated(page: ThePage, number: int, named: Title) -> dict[str, int]:
    """File a new song in the library of generated songs, and have it judged there."""
    with page.database.writing() as session:
        made = found(session.get(Generated, number), "new song")
        title = named.title.strip() or f"New song {number}"
        library = composing.keep(session, page.place.generated, made, title)
    return {"library": library.id, "job": read_again(page, library)}


@router.delete("/generated/{number}")
def forget_generated(page: ThePage, number: int) -> dict[str, bool]:
    """Delete a new song; one that is kept stays in its library."""
    with page.database.writing() as session:
        made = found(session.get(Generated, number), "new song")
        session.delete(made)
    Path(made.file).unlink(missing_ok=True)
    return {"forgotten": True}
