"""Maps of libraries in the space of a composer: a file for each of both."""

from pathlib import Path
from typing import Any, Literal

from classify import api
from classify.app.place import Place
from classify.app.room import FIRST_CORPUS, Room, kept_generator
from classify.app.tables import Library, Model


def draw_map(
    room: Room, model_id: int, library_id: int, method: Literal["pca", "tsne"]
) -> dict[str, Any]:
    """Find where a library's songs lie in a composer's space, and lay them out."""
    with room.database.reading() as session:
        model = session.get_one(Model, model_id)
        library = session.get_one(Library, library_id)
    if library.kind == "builtin":
        api.built_in(FIRST_CORPUS, room.progress)
    n_songs = api.map_library(
        kept_generator(model.folder), library.path, file_of(room.place, model_id, library_id),
        room.place.maps / f"{model_id}.npz", method=method, progress=room.progress,
    )  # fmt: skip
    return {"model": model_id, "library": library_id, "songs": n_songs}


def file_of(place: Place, model_id: int, library_id: int) -> Path:
    """Name the file of a map."""
    return place.maps / f"{model_id}-{library_id}.json"
