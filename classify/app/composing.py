"""New songs for the page: wished for, made, kept; and composers, trained on a library."""

import math
import secrets
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from classify import api
from classify.app.room import FIRST_CORPUS, Room, add_model, kept_generator, kept_model
from classify.app.settings import used_model
from classify.app.tables import Generated, Library, Model, Song
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
    file = room.place.generated / NEW / f"{secrets.token_hex(8)}.mid"
    facts = api.make_song(
        kept_generator(model.folder), file, seed=seed,
        judge=kept_model(judge.folder) if judge else None, **given,
    )  # fmt: skip
    plain = {name: _plain(value) for name, value in facts.items()}
    with room.database.writing() as session:
        made = Generated(model_id=model_id, wishes=wishes, seed=seed, file=str(file), facts=plain)
        session.add(made)
        session.flush()
        number = made.id
    return {"generated": number}


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
    plain = "".join(c if c.isalnum() or c in " -_.,'" else "-" for c in title)
    return plain.strip(" .")[:80] or "New song"


def train_composer(room: Room, generator: str, library_id: int) -> dict[str, Any]:
    """Train a composer on a library; songs need no labels."""
    with room.database.reading() as session:
        library = session.get_one(Library, library_id)
    corpus = FIRST_CORPUS if library.kind == "builtin" else library.path
    folder = room.place.models / f"composer-{generator}-{library_id}"
    api.train(corpus, folder, generator, force=folder.exists(), progress=room.progress)
    return {"model": add_model(room, folder, use=True)}
