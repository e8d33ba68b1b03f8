"""New songs for the page: wished for, made, kept; and composers, trained on a library."""

import math
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from classify import api
from classify.app.room import FIRST_CORPUS, Room, add_model, kept_generator, kept_model
from classify.app.settings import used_model
from classify.app.tables import Generated, Library, Model, Prediction, Song
from classify.errors import InputError

#: Wishes that name a song, which may be one of a library or a new one.
SONGS = ("primer", "bridge_from", "bridge_to", "revise")

#: Where new songs lie in the folder of generated ones, and where those that are kept do.
NEW, KEPT = "new", "kept"


def generate(room: Room, model_id: int, seed: int, wishes: dict[str, Any]) -> dict[str, Any]:
    """Make a new song, and have the model that is used say how it hears it."""
    with room.database.reading() as session:
        model = session.get_one(Model, model_id)
        judge = used_model(session, "classifier")
        given = wishes | {
            name: song_of(session, wishes[name]) for name in SONGS if wishes.get(name)
        }
        titles = [_titled(session, wishes[name]) for name in SONGS if wishes.get(name)]
    file = room.place.generated / NEW / f"{secrets.token_hex(8)}.mid"
    facts = api.make_song(
        kept_generator(model.folder), file, seed=seed,
        judge=kept_model(judge.folder) if judge else None, **given,
    )  # fmt: skip
    plain = {name: _plain(value) for name, value in facts.items()} | {"from": titles}
    with room.database.writing() as session:
        made = Generated(model_id=model_id, wishes=wishes, seed=seed, file=str(file), facts=plain)
        session.add(made)
        session.flush()
        number = made.id
    return {"generated": number}


def walk(room: Room, model_id: int, way: dict[str, Any]) -> dict[str, Any]:
    """Make songs on a way through a composer's space: to another song, mood, or quality.

    Parameters
    ----------
    room : Room
        What a job works with.
    model_id : int
        A composer that has a space.
    way : dict
        `kind` (between, mood or quality), `song`, `steps` (with the song itself, as the space has
        it) and, by kind, `other`, `mood`, or `attribute`; `amount` says how far, but for the first.
    """
    with room.database.reading() as session:
        model = session.get_one(Model, model_id)
        judge = used_model(session, "classifier")
        ends = {name: song_of(session, way[name]) for name in ("song", "other") if way.get(name)}
        known = [_known(session, way[name], judge, way.get("mood")) for name in ends]
    steps, kind, amount = way["steps"], way["kind"], way.get("amount", 1.0)
    composer = kept_generator(model.folder)
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"out": Path(folder, "way"), "pictures": False}
        options["judge"] = kept_model(judge.folder) if judge else None
        if kind == "between":
            made = api.interpolate(composer, ends["song"], ends["other"], n=steps, **options)
        elif kind == "mood":
            made = api.change_mood(composer, ends["song"], mood=way["mood"], strength=amount,
                                   n=steps - 1, **options)  # fmt: skip
        else:
            made = api.slide(composer, ends["song"], attribute=way["attribute"], amount=amount,
                             n=steps - 1, **options)  # fmt: skip
        return {"generated": _added(room, model_id, way, made, known)}


def _known(
    session: Session, named: dict[str, int], judge: Model | None, mood: str | None
) -> dict[str, Any]:
    """Say what a song at the end of a way is called, and how it is heard as it is."""
    if "generated" in named:
        made = session.get_one(Generated, named["generated"])
        known: dict[str, Any] = {"title": title_of(made)}
        if judge and made.facts.get("judge") == judge.name:
            known |= {"mood": made.facts["mood judged"], "p": made.facts["probability"]}
        return known
    song = session.get_one(Song, named["song"])
    known = {"title": song.title}
    heard = session.get(Prediction, (song.digest, judge.id)) if judge else None
    if heard:
        known |= {"mood": heard.best, "p": heard.p[heard.best]}
        if mood in heard.p:
            known["asked"] = heard.p[mood]
    return known


def _added(
    room: Room, model_id: int, way: dict[str, Any], made: Any, known: list[dict[str, Any]]
) -> list[int]:
    """Move the songs of a way to where new ones lie, and write them down together."""
    (room.place.generated / NEW).mkdir(parents=True, exist_ok=True)
    rows, name = [], secrets.token_hex(8)
    end = known[1]["title"] if len(known) > 1 else way.get("mood")
    title = f"{known[0]['title']} → {end}" if end else known[0]["title"]
    for step, facts in enumerate(made.table.to_dict("records"), 1):
        file = room.place.generated / NEW / f"{name}-{step}.mid"
        shutil.move(made.folder / facts.pop("song"), file)
        plain = {fact: _plain(value) for fact, value in facts.items()}
        plain |= {"title": f"{title}, {step}/{way['steps']}", "known": known}
        wishes = {"way": way, "step": step, "set": name}
        rows.append(
            Generated(model_id=model_id, wishes=wishes, seed=0, file=str(file), facts=plain)
        )
    with room.database.writing() as session:
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def _titled(session: Session, named: dict[str, int]) -> str:
    """Say what a song is called that a wish names."""
    if "generated" in named:
        return title_of(session.get_one(Generated, named["generated"]))
    return session.get_one(Song, named["song"]).title


def title_of(made: Generated) -> str:
    """Say what a new song is called."""
    return str(made.facts.get("title") or f"New song {made.id}")


def _plain(value: Any) -> Any:
    """Turn a number of numpy's into one that JSON holds; what is no number becomes nothing."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def song_of(session: Session, named: dict[str, int]) -> Any:
    """Read a song that a wish names: `{"song": 3}` of a library, or `{"generated": 2}`."""
    if "generated" in named:
        made = session.get(Generated, named["generated"])
        if made is None:
            raise InputError("the new song to go on from was deleted; choose another")
        return api.read_made_song(made.file)
    song = session.get(Song, named.get("song", 0))
    if song is None:
        raise InputError("the song to go on from is not in a library any more; choose another")
    return api.read_song(song.source, song.digest)


def keep(session: Session, folder: Path, made: Generated, title: str) -> Library:
    """File a new song in the library of generated ones, which is made for the first."""
    kept = folder / KEPT
    library = session.query(Library).filter_by(kind="generated").first()
    if library is None:
        kept.mkdir(parents=True, exist_ok=True)
        library = Library(name="Generated songs", kind="generated", path=str(kept.resolve()))
        session.add(library)
        session.flush()
    if not made.kept:
        target = kept / f"{_file_name(title)} ({made.id}).mid"
        target.write_bytes(Path(made.file).read_bytes())
        made.kept = True
        made.facts = made.facts | {"title": title, "kept": str(target)}
    return library


def _file_name(title: str) -> str:
    plain = "".join(c if c.isalnum() or c in " -_.,'()→" else "-" for c in title)
    return plain.strip(" .")[:80] or "New song"


def train_composer(room: Room, generator: str, library_id: int) -> dict[str, Any]:
    """Train a composer on a library; songs need no labels."""
    with room.database.reading() as session:
        library = session.get_one(Library, library_id)
    corpus = FIRST_CORPUS if library.kind == "builtin" else library.path
    folder = room.place.models / f"composer-{generator}-{library_id}"
    api.train(corpus, folder, generator, force=folder.exists(), progress=room.progress)
    return {"model": add_model(room, folder, use=True)}
