"""Maps of libraries in the latent space of a trained generator, as `classify.api` offers them.

Where a content lies is kept for each generator, so that a library that has grown costs its new
songs only, and a map that was stopped goes on. What takes long to import is imported when it is
needed.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from classify.files import atomic_write, read_json, write_text
from classify.progress import SILENT, Progress, counting
from classify.storage import stored

if TYPE_CHECKING:
    from classify.inference.saved_generator import SavedGenerator

#: Songs that are placed before they are written down.
BLOCK = 200


@dataclass
class Places:
    """Where contents lie in a generator's space.

    Parameters
    ----------
    file : Path
        What they are kept in.
    model : str
        Hash of the generator: another in the same folder has another space.
    of : dict of str to list of float
        The mean over a song's phrases by its digest; empty where it has no place.
    """

    file: Path
    model: str
    of: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def kept(cls, file: Path, model: str) -> "Places":
        """Read what is known; nothing where there is no file, or that of another generator."""
        import numpy as np

        places = cls(file, model)
        if file.is_file():
            with np.load(file, allow_pickle=False) as known:
                if str(known["model"]) == model:
                    found = zip(known["digests"].tolist(), known["z"].tolist(), strict=True)
                    places.of = dict(found) | {one: [] for one in known["without"].tolist()}
        return places

    def keep(self) -> None:
        """Write them, whole or not at all."""
        import numpy as np

        there = {digest: z for digest, z in self.of.items() if z}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.file) as temporary, temporary.open("wb") as opened:
            np.savez(
                opened, model=np.array(self.model), digests=np.array(list(there), str),
                z=np.array(list(there.values()), np.float32),
                without=np.array([digest for digest, z in self.of.items() if not z], str),
            )  # fmt: skip


@stored(reads=["model", "library"])
def map_library(
    model: "SavedGenerator | str | Path",
    library: str | Path,
    out: Path,
    places: Path,
    *,
    method: Literal["pca", "tsne"] = "pca",
    progress: Progress = SILENT,
) -> int:
    """Find where a library's songs lie in a generator's space, and lay them out in the plane.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A generator that has a space.
    library : str or Path
        A folder of songs.
    out : Path
        The file of the map, for `read_map`.
    places : Path
        A file of what is known of this generator's places; it is made, or grows.
    method : {"pca", "tsne"}
        Principal components, which keep distances as far as two dimensions can, or t-SNE, which
        keeps neighbours.
    progress : Progress
        Shows progress.

    Returns
    -------
    int
        Songs on the map.

    Raises
    ------
    InputError
        If the generator has no space, or fewer than three songs have a place in it.

    Examples
    --------
    >>> map_library("models/space", "songs", Path("map.json"), Path("places.npz"))
    16
    """
    from classify.inference.libraries import read_library
    from classify.inference.space_files import Space

    space = Space.of(model)
    songs = {i.song.digest: i.song for i in read_library(library, progress=progress).items}
    known = Places.kept(places, space.model.about.sha256)
    new = [digest for digest in songs if digest not in known.of]
    with counting(progress, "Finding places", "song") as count:
        for number, digest in enumerate(new, 1):
            known.of[digest] = space.place(songs[digest])
            if number % BLOCK == 0 or number == len(new):
                known.keep()
            count(number, len(new))
    there = [digest for digest in songs if known.of[digest]]
    z = [known.of[digest] for digest in there]
    flat = space.laid_out(z, str(library), len(songs), method, seed=0).tolist()
    without = [digest for digest in songs if not known.of[digest]]
    drawn = {"model": known.model, "method": method, "without": without,
             "places": dict(zip(there, flat, strict=True))}  # fmt: skip
    write_text(out, json.dumps(drawn))
    return len(there)


@stored()
def read_map(out: Path, model: str) -> dict[str, Any] | None:
    """Read a map that `map_library` made; None where there is none, or one of another generator.

    Parameters
    ----------
    out : Path
        The file.
    model : str
        Hash of the generator, as `about_model` gives it.

    Returns
    -------
    dict, optional
        `method`; `places`, x and y by the song's digest; `without`, digests of songs that have no
        place.

    Examples
    --------
    >>> read_map(Path("nowhere.json"), "") is None
    True
    """
    drawn: dict[str, Any] = read_json(out) if out.is_file() else {}
    return drawn if drawn.get("model") == model else None
