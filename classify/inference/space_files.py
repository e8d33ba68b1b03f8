"""Songs and maps that come of a latent space, as files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from classify.corpora import load
from classify.errors import InputError
from classify.experiments.settings import check_seed
from classify.files import atomic_write
from classify.generation.latent.latent_generator import LatentGenerator
from classify.generation.latent.points import note_agreement
from classify.generation.request import Request
from classify.generation.similarity import melodic_similarity
from classify.inference import composing, saved_generator, saved_model
from classify.inference.composing import Composed, check_free
from classify.inference.saved_generator import SavedGenerator
from classify.presentation import figures
from classify.progress import Progress, counting
from classify.representations.melody import COMMON_TIME
from classify.songs import GENERATED, Song, midi

if TYPE_CHECKING:
    import pandas as pd

#: Songs on a way at most.
MOST = 100

#: All songs of a way, one after another, and the bars of silence between them.
JOINED, REST_BARS = "all.mid", 1

#: Files of a map.
MAP, TABLE = "map.svg", "map.csv"

#: Songs that a map needs.
FEWEST = 3

#: Neighbours that t-SNE looks at, at most.
PERPLEXITY = 30

COLOURS = (figures.BLUE, figures.ORANGE, figures.GREEN, figures.PINK, figures.YELLOW, figures.SKY)


@dataclass(frozen=True, eq=False)
class Space:
    """A trained generator that has a latent space.

    Parameters
    ----------
    model : SavedGenerator
        As it was saved.
    generator : LatentGenerator
        Itself.
    """

    model: SavedGenerator
    generator: LatentGenerator

    @classmethod
    def of(cls, model: SavedGenerator | str | Path) -> "Space":
        """Load one.

        Raises
        ------
        InputError
            If it is none, or has no space.
        """
        loaded = saved_generator.loaded(model)
        if not isinstance(loaded.generator, LatentGenerator):
            raise InputError(
                f"{loaded.folder}: {loaded.about.title} has no latent space; train one that has, "
                "as music-vae"
            )
        return cls(loaded, loaded.generator)

    def place(self, song: Song) -> list[float]:
        """Say where a song lies: the mean over its phrases; empty where it has no place."""
        try:
            place: list[float] = self.generator.encode(song).z.mean(axis=0).tolist()
        except InputError:
            return []
        return place

    def laid_out(
        self, places: Sequence[list[float]], library: str, n_songs: int, method: str, seed: int
    ) -> NDArray[np.float64]:
        """Lay the places of a library's songs out in two dimensions, shape (n, 2)."""
        if len(places) < FEWEST:
            raise InputError(
                f"{library}: {len(places)} of {n_songs} songs have a place in the space of "
                f"{self.model.about.title}; a map needs {FEWEST}"
            )
        return flattened(np.array(places, np.float32), method, seed)

    def write(
        self,
        songs: Sequence[Song],
        folder: Path,
        force: bool,
        judge: str | Path | None,
        originals: Sequence[Song],
        facts: Mapping[str, Sequence[Any]] | None = None,
        joined: Sequence[Song] = (),
        mood: str | None = None,
        pictures: bool = True,
        seed: int | None = None,
    ) -> Composed:
        """Write songs as MIDI, with a table, pictures and a page to hear them.

        Parameters
        ----------
        songs : sequence of Song
            What came of the space.
        folder : Path
            Where to.
        force : bool
            Whether new songs that are there may be replaced.
        judge : str or Path, optional
            A classifier that says in which mood it hears each.
        originals : sequence of Song
            What each is compared with; nothing where it is empty.
        facts : mapping of str to sequence
            Further columns of the table, which stand first.
        joined : sequence of Song
            What one more file plays, one after another; none where it is empty.
        mood : str, optional
            The mood that was asked for.
        pictures : bool
            Whether each is drawn, for the page to hear them, which takes most of the time.
        seed : int, optional
            Of the first, where songs were drawn: each further one has the next.

        Raises
        ------
        InputError
            If one of the songs has no notes.
        """
        check_free(folder, force)
        bundle = saved_model.loaded(judge) if judge is not None else None
        for number, song in enumerate(songs, 1):
            if not song.n_notes:
                raise InputError(f"song {number} came out silent: the space holds nothing there")
        made = [replace(song, origin=f"{GENERATED} {self.model.name}") for song in songs]
        names = [f"{number:02d}.mid" for number in range(1, len(made) + 1)]
        with atomic_write(folder) as temporary:
            temporary.mkdir(parents=True)
            for name, song in zip(names, made, strict=True):
                midi.write_song(temporary / name, song)
            if joined:
                played = replace(one_after_another(joined), origin=made[0].origin)
                midi.write_song(temporary / JOINED, played)
            read = [midi.read(temporary / name) for name in names]
            seeds = [0 if seed is None else seed + number for number in range(len(made))]
            table = composing.table_of(self.model, Request(mood=mood), read, names, seeds, bundle)
            if originals:
                pairs = list(zip(originals, read, strict=True))
                alike = [round(melodic_similarity(*pair), 4) for pair in pairs]
                table.insert(1, "similarity", alike)
                table.insert(2, "notes kept", [round(note_agreement(*pair), 4) for pair in pairs])
            for place, (name, column) in enumerate((facts or {}).items(), 1):
                table.insert(place, name, list(column))
            table.to_csv(temporary / composing.TABLE, index=False)
            if pictures:
                composing.write_page(temporary, self.model, read, table, audio=False)
        return Composed(folder, list(songs), table)


def check_way(n: int, name: str, far: float) -> list[float]:
    """Give the places of so many songs behind the one that stays where it is.

    >>> check_way(2, "amount", 1.0)
    [0.0, 0.5, 1.0]
    """
    if not 1 <= n <= MOST:
        raise InputError(f"-n {n}: expected a whole number from 1 to {MOST}")
    if not -10 <= far <= 10:
        raise InputError(f"--{name} {far:g}: must lie between -10 and 10")
    return [float(place) for place in np.linspace(0, far, n + 1).round(6)]


def check_new(n: int, seed: int, **shares: float) -> None:
    """Refuse what makes no sense of songs that are to be drawn.

    >>> check_new(3, 0, likeness=1.5)
    Traceback (most recent call last):
    ...
    classify.errors.InputError: --likeness 1.5: expected a number from 0 to 1
    """
    if not 1 <= n <= MOST:
        raise InputError(f"-n {n}: expected a whole number from 1 to {MOST}")
    check_seed(seed)
    for name, share in shares.items():
        check_share(name, share)


def check_share(name: str, share: float) -> None:
    """Refuse a share that is none."""
    if not 0 <= share <= 1:
        raise InputError(f"--{name} {share:g}: expected a number from 0 to 1")


def one_after_another(songs: Sequence[Song]) -> Song:
    """Join songs to one, each from the beginning of a bar, with a bar of rest between them.

    Parameters
    ----------
    songs : sequence of Song
        Each at 120 quarter notes a minute and in 4/4 where it does not say.

    Examples
    --------
    >>> from classify.representations.melody import Melody, decode
    >>> one = decode(Melody((60, 62), (4, 4)), tempo=60)
    >>> both = one_after_another([one, one])
    >>> both.notes["beat"].tolist(), both.notes["onset"].tolist()
    ([0.0, 1.0, 8.0, 9.0], [0.0, 1.0, 8.0, 9.0])
    """
    notes, tempi, metres, seconds, beats = [], [], [], 0.0, 0.0
    for song in songs:
        tempi_of = song.tempi if len(song.tempi) else np.array([[0.0, 120.0]])
        metres_of = song.metres if len(song.metres) else np.array([[0.0, *COMMON_TIME]])
        part, tempo = song.notes.copy(), float(tempi_of[-1, 1])
        begins, numerator, denominator = metres_of[-1]
        bar = 4 * numerator / denominator
        end = float((part["beat"] + part["duration"] * tempo / 60).max())
        length = begins + (np.ceil((end - begins) / bar - 1e-6) + REST_BARS) * bar
        part["onset"] += seconds
        part["beat"] += beats
        notes.append(part)
        tempi.append(tempi_of + np.array([seconds, 0]))
        metres.append(metres_of + np.array([beats, 0, 0]))
        beats, seconds = beats + length, seconds + song.seconds + (length - end) * 60 / tempo
    joined = Song.of(np.concatenate(notes), Path("all.mid"), "all songs")
    return replace(joined, tempi=np.concatenate(tempi), metres=np.concatenate(metres))


def draw_map(
    model: SavedGenerator | str | Path,
    corpus: str,
    folder: Path,
    method: str,
    seed: int,
    force: bool,
    progress: Progress,
) -> "pd.DataFrame":
    """Draw a map, as `classify.inference.spaces.map_songs` says."""
    import pandas as pd

    space = Space.of(model)
    check_seed(seed)
    if method not in ("pca", "tsne"):
        raise InputError(f"--method {method}: expected pca or tsne")
    check_free(folder, force, TABLE)
    with counting(progress, f"Reading {corpus}", "song") as count:
        songs = load(corpus, count, labelled=False)
    rows, places = [], list[list[float]]()
    with counting(progress, "Finding places", "song") as count:
        for number, (song, entry) in enumerate(zip(songs.songs, songs.entries, strict=True), 1):
            if place := space.place(song):  # it is told below how many have none
                places.append(place)
                rows.append({"song": entry.name, "mood": entry.label or ""})
            count(number, len(songs.songs))
    laid_out = space.laid_out(places, str(corpus), len(songs.songs), method, seed)
    if len(rows) < len(songs.songs):
        progress.message(f"{len(songs.songs) - len(rows)} songs have no place in the space.")
    table = pd.DataFrame(rows)
    table[["x", "y"]] = laid_out
    with atomic_write(folder) as temporary:
        temporary.mkdir(parents=True)
        table.to_csv(temporary / TABLE, index=False)
        figures.save({Path(MAP).stem: lambda: _drawn(table)}, temporary)
    return table


def flattened(z: NDArray[np.floating], method: str, seed: int) -> NDArray[np.float64]:
    """Give places in two dimensions, shape (n, 2)."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # threads would wait for each other longer than they compute
        if method == "pca":
            found = PCA(2, svd_solver="full").fit_transform(z.astype(float))
        else:
            near = min(PERPLEXITY, (len(z) - 1) / 3)
            found = TSNE(2, perplexity=near, init="pca", random_state=seed).fit_transform(z)
    return np.asarray(found, float).round(4)


def _drawn(table: "pd.DataFrame") -> Figure:
    figure, axes = figures.canvas(6, 5)
    for place, (mood, rows) in enumerate(table.groupby("mood")):
        axes.scatter(rows.x, rows.y, s=14, color=COLOURS[place % len(COLOURS)],
                     marker="os^Dv"[place // len(COLOURS) % 5], label=mood or "no mood",
                     alpha=0.8, linewidths=0)  # fmt: skip
    axes.set(xticks=[], yticks=[])
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    figure.set_layout_engine("constrained")
    return figure
