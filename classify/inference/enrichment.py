"""New songs for a library: only those that its own classifier is sure of, and no copies."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classify.corpora.library import Item, load_library
from classify.errors import InputError
from classify.files import atomic_write, exclusive
from classify.generation.generator import NothingNew
from classify.generation.novelty import Repertoire
from classify.generation.request import Request
from classify.inference import (
    composing,
    predicted_block,
    prediction,
    saved_generator,
    saved_model,
)
from classify.inference.saved_generator import SavedGenerator
from classify.inference.saved_model import Bundle
from classify.progress import SILENT, Progress, counting
from classify.songs import Song, midi

if TYPE_CHECKING:
    import pandas as pd

#: The folder of a library that new songs go into.
FOLDER = "generated"

#: Why a song is not kept that its generator should not have made.
COPY = "held too long a copy of a song that was learned from"


@dataclass(frozen=True, eq=False)
class Enriched:
    """What was added to a library.

    Parameters
    ----------
    folder : Path
        Where the songs are.
    table : DataFrame
        A row for each song that was added, as `generate` gives it, and the longest run that it
        shares with a song of the library.
    tried : int
        How many songs were made.
    rejected : dict of str to int
        Why songs were not kept, and how many.
    """

    folder: Path
    table: "pd.DataFrame"
    tried: int
    rejected: dict[str, int]

    def sentence(self) -> str:
        """Say how many songs were tried and why some were not kept."""
        kept = f"{len(self.table)} of {self.tried} new songs were kept"
        return f"{kept}: {_counted(self.rejected)}" if self.rejected else kept


def _counted(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))


class _Rejected(Exception):
    """A song that is not kept; the message is the reason."""


def enrich(
    model: SavedGenerator | str | Path,
    library: Path,
    given: Mapping[str, Any],
    progress: Progress = SILENT,
) -> Enriched:
    """Add songs to a library, as `classify.inference.generating.enrich` says.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        What makes them.
    library : Path
        The folder.
    given : mapping
        The options, by name.
    progress : Progress
        Shows progress.
    """
    _check(library, given)
    generator, bundle = saved_generator.loaded(model), saved_model.loaded(given["judge"])
    if given["mood"] not in bundle.classes:
        raise InputError(
            f"--mood {given['mood']}: {bundle.name} does not know it; known are "
            f"{', '.join(bundle.classes)}"
        )
    request = composing.request_of(given)
    generator.generator.check(request)
    folder = library / FOLDER
    with exclusive(folder):
        with counting(progress, f"Reading {library}", "song") as count:
            items = load_library([library], count).items
        known = [Repertoire.of(item.song for item in items)]
        maker = _Maker(generator, bundle, request, folder, given["sure"], known)
        return _enriched(maker, given, progress)


def _check(library: Path, given: Mapping[str, Any]) -> None:
    from classify.experiments.settings import check_count, check_seed

    if not library.is_dir():
        raise InputError(f"{library}: is no folder; name the folder of a library")
    check_count("n", given["n"])
    check_count("tries", given["tries"])
    check_seed(given["seed"])
    prediction.check_sure(given["sure"])


@dataclass(frozen=True, eq=False)
class _Maker:
    """Makes songs and keeps those that may be kept, unlike the library's and one another."""

    generator: SavedGenerator
    bundle: Bundle
    request: Request
    folder: Path
    sure: float
    known: list[Repertoire]

    def path(self, seed: int) -> Path:
        """Name the file of the song of a seed, which is the same whenever it is made."""
        mood = "".join(c if c.isalnum() else "_" for c in self.request.mood or "")
        return self.folder / f"{mood}-{self.generator.about.sha256[:8]}-{seed}.mid"

    def make(self, seed: int) -> Song:
        """Make and keep one song, unless it is there.

        Raises
        ------
        _Rejected
            If it is not to be kept.
        """
        path = self.path(seed)
        if path.is_file():
            return midi.read(path)
        try:
            song = composing.new_song(self.generator, self.request, seed)
        except NothingNew:
            raise _Rejected(COPY) from None
        with atomic_write(path) as temporary:
            midi.write_song(temporary, song)
            read = midi.read(temporary)
            self.check(read)
        self.known.append(Repertoire.of([read]))
        return read

    def check(self, song: Song) -> None:
        """Refuse a song that the library's classifier does not hear as asked, and a copy."""
        composer = self.generator.generator
        limit = self.request.longest_copy or composer.longest_copy
        if composer.repertoire.longest_run(song, self.request.kept_beats(song)) > limit:
            raise _Rejected(COPY)
        if any(known.longest_run(song) > limit for known in self.known):
            raise _Rejected("held too long a copy of a song of the library")
        item = Item("song", "", "", song, "")
        row = predicted_block.predict_block(self.bundle, [item], course=False).songs.iloc[0]
        if row["best"] != self.request.mood:
            raise _Rejected("sounded like another mood")
        if not row["in_distribution"]:
            raise _Rejected("were unlike the songs that the classifier learned from")
        if row["confidence"] < self.sure:
            raise _Rejected(f"had a probability below {self.sure:g}")


def _enriched(maker: _Maker, given: Mapping[str, Any], progress: Progress) -> Enriched:
    n, most = given["n"], given["n"] * given["tries"]
    kept: dict[int, Song] = {}
    rejected = Counter[str]()
    maker.folder.mkdir(exist_ok=True)
    with counting(progress, f"Composing with {maker.generator.about.title}", "song") as count:
        for seed in range(given["seed"], given["seed"] + most):
            try:
                kept[seed] = maker.make(seed)
            except _Rejected as reason:
                rejected[str(reason)] += 1
            count(len(kept), n)
            if len(kept) == n:
                break
    tried = len(kept) + rejected.total()
    if not kept:
        raise InputError(
            f"none of {tried} new songs could be kept: {_counted(rejected)}; lower --sure, or give "
            f"other wishes"
        )
    return Enriched(maker.folder, _table(maker, kept), tried, dict(rejected))


def _table(maker: _Maker, kept: Mapping[int, Song]) -> "pd.DataFrame":
    """Describe the songs that were kept, and write it beside what was written before."""
    import pandas as pd

    names = [maker.path(seed).name for seed in kept]
    table = composing.table_of(
        maker.generator, maker.request, list(kept.values()), names, list(kept), maker.bundle
    )
    path = maker.folder / composing.TABLE
    earlier = pd.read_csv(path) if path.is_file() else table[:0]
    whole = pd.concat([earlier[~earlier["song"].isin(names)], table], ignore_index=True)
    with atomic_write(path) as temporary:
        whole.to_csv(temporary, index=False)
    return table
