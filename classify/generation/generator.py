"""The contract of generators: songs in, new songs out, as they were asked for or refused.

A generator is one file in `classify/generation/generators/`, found there by its name. Same
generator, request and seed: the same song, to the byte.

What all generators share stands here: what their songs are like (mood by mood), how long a run of
notes a new song may share with one that was learned from, and how they are kept in a folder.
"""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.files import read_json, write_json
from classify.generation import generators, knobs
from classify.generation.knobs import KNOBS, Profile
from classify.generation.mood_scorer import MoodScorer
from classify.generation.novelty import Repertoire
from classify.generation.request import Request, read_key
from classify.progress import SILENT, Progress
from classify.representations.features.key import key_of
from classify.songs import Song

#: What a generator is saved as: arrays, and plain values that JSON holds.
State = tuple[dict[str, NDArray[Any]], dict[str, Any]]

#: Files of every saved generator: arrays without objects, and values.
ARRAYS, VALUES = "arrays.npz", "values.json"

#: A third file, of those that are networks: what `save` of a Keras model writes.
NETWORK = "network.keras"

#: Names in the two files that are not the generator's own.
SHARED, SCORER = "all generators", "scorer"

#: Wishes that all generators keep: songs are drawn again until one keeps them.
BY_DRAWING = frozenset({"longest_copy", "mode"})


def check_shapes(arrays: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse weights that are of another network than a saved generator says.

    Raises
    ------
    ValueError
        Which loading makes a sentence of.
    """
    if {name: part.shape for name, part in arrays.items()} != shapes:
        raise ValueError("holds weights of another network than it says")


class NothingNew(InputError):
    """All songs that were drawn for a request hold too long a run of one that was learned from."""


class Generator(ABC):
    """Learns from songs, and makes new ones.

    A subclass writes `learn`, `compose`, `state` and `of_state`; one that is a network writes
    `save` and `load` too, which add `NETWORK` to the folder.

    Attributes
    ----------
    TITLE : str
        What people call it.
    KEEPS : frozenset of str
        The wishes of a `Request` that it keeps without exception.
    AIMS : frozenset of str
        Wishes that it comes near to, but does not promise; it refuses all others.
    OPTIONS : frozenset of str
        Keywords of its constructor that `classify train` passes on: of epochs, seed, quick.
    DRAWS : int
        How many songs it draws at most until one is no copy.
    CHOICES : int
        How many songs it composes where a mood is asked for; it gives the one that fits best.
    moods : list of str
        The moods that it has learned, sorted; empty where songs had none.
    repertoire : Repertoire
        The songs that it learned from, as far as it takes to know them again.
    longest_copy : int
        Longest run of notes, in any key, that a new song shares with one of these unless a request
        says otherwise: the 95th percentile of these songs, each beside those of other groups.
    profiles : dict of str to Profile
        What the songs of each mood are like; those of all songs under the empty name.
    scorer : MoodScorer or None
        What it chooses songs by; None where it composes one only, or learned no two moods.
    """

    TITLE: ClassVar[str]
    KEEPS: ClassVar[frozenset[str]]
    AIMS: ClassVar[frozenset[str]] = frozenset()
    OPTIONS: ClassVar[frozenset[str]] = frozenset()
    DRAWS: ClassVar[int] = 100
    CHOICES: ClassVar[int] = 1

    moods: list[str]
    repertoire: Repertoire
    longest_copy: int
    profiles: dict[str, Profile]
    scorer: MoodScorer | None

    def fit(
        self,
        songs: Sequence[Song],
        moods: Sequence[str] | None = None,
        groups: Sequence[str] | None = None,
        progress: Progress = SILENT,
        work: Path | None = None,
    ) -> Self:
        """Learn from songs.

        Parameters
        ----------
        songs : sequence of Song
            At least one that can be learned from.
        moods : sequence of str, optional
            The mood of each; an empty one where it is not known.
        groups : sequence of str, optional
            The group of each: songs of one may be versions of the same music.
        progress : Progress
            Shows progress.
        work : Path, optional
            A folder for checkpoints, so that a training that was stopped can go on.

        Returns
        -------
        Generator
            Itself.

        Raises
        ------
        InputError
            If nothing can be learned from them.
        """
        names = list(moods) if moods is not None else [""] * len(songs)
        self.moods = sorted(set(names) - {""})
        self.repertoire = Repertoire.of(songs)
        self.longest_copy = self.repertoire.limit(groups)
        self.profiles = {
            mood: knobs.profile(
                [song for song, name in zip(songs, names, strict=True) if mood in ("", name)]
            )
            for mood in ("", *self.moods)
        }
        self.scorer = MoodScorer.fit(songs, names) if self.CHOICES > 1 else None
        self.learn(songs, names, progress, work)
        return self

    def generate(self, request: Request, seed: int) -> Song:
        """Make one song.

        Raises
        ------
        InputError
            If it can do nothing for one of the wishes, or if no song satisfies all that it keeps:
            with the wish, and where there is one the bar, that stands in the way.
        """
        self.check(request)
        random = np.random.default_rng(seed)
        limit = request.longest_copy or self.longest_copy
        scorer = self.scorer if self.scorer and request.mood in self.scorer.moods else None
        choices, songs = self.CHOICES if scorer else 1, list[Song]()
        for drawn, song in zip(range(self.DRAWS), self.draws(request, random), strict=False):
            if songs and drawn >= 3 * choices:
                break
            if not self._is_in_key(song, request):
                continue
            if self.repertoire.longest_run(song, request.kept_beats(song)) <= limit:
                songs.append(song)
            if len(songs) == choices:
                break
        if songs and scorer:
            return songs[int(scorer.probabilities(songs, request.mood or "").argmax())]
        if songs:
            return songs[0]
        wished = request.mode or (request.key if "key" in self.KEEPS else None)
        key = f" or was not in {wished}" if wished else ""
        raise NothingNew(
            f"longest_copy {limit}: each of {self.DRAWS} songs had a longer run of a song that was "
            f"learned from{key}; allow longer runs, ask for a shorter song, or loosen another wish"
        )

    def _is_in_key(self, song: Song, request: Request) -> bool:
        """Say whether a song is heard in the mode, or in the key if that is kept."""
        if request.mode:
            return knobs.mode(song) == (request.mode == "major")
        if request.key and "key" in self.KEEPS:
            return key_of(song.notes) == read_key(request.key)
        return True

    @property
    def takes(self) -> frozenset[str]:
        """The wishes that it takes account of, as it was trained."""
        return self.KEEPS | self.AIMS

    def remarks(self) -> list[str]:
        """Say in sentences what went wrong when it learned."""
        return []

    def check(self, request: Request) -> None:
        """Refuse a request that this generator can do nothing for.

        Raises
        ------
        InputError
            Naming the wish, and those that it takes.
        """
        taken = self.KEEPS | self.AIMS | BY_DRAWING
        for name in sorted(request.asked - taken):
            raise InputError(
                f"{self.TITLE} cannot keep the wish for {name}; it keeps {', '.join(sorted(taken))}"
            )
        if request.mood is not None and request.mood not in self.moods:
            known = ", ".join(self.moods) or "none"
            raise InputError(f"mood {request.mood!r}: was not learned; known are {known}")

    def draws(self, request: Request, random: np.random.Generator) -> Iterator[Song]:
        """Make songs without end; for generators that prepare much for a request."""
        while True:
            yield self.compose(request, random)

    def set_knobs(self, request: Request, random: np.random.Generator) -> Request:
        """Set the knobs that a request for a mood leaves open as in songs of that mood.

        Each is drawn between the quartiles of these songs; a knob that this generator has no use
        for stays open, and so does all of a request without a mood.
        """
        if request.mood is None:
            return request
        open_knobs = {
            name: quartiles
            for name, quartiles in self.profiles[request.mood].items()
            if name in (self.KEEPS | self.AIMS) - request.asked
        }
        drawn = {name: random.random() for name in KNOBS}  # as many, whichever are open
        return request.with_knobs(
            {
                name: ("major" if drawn[name] < low else "minor")
                if name == "mode"
                else low + drawn[name] * (high - low)
                for name, (low, _, high) in open_knobs.items()
            }
        )

    @abstractmethod
    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Learn from songs, as `fit` says; `moods` holds an empty name where there is none."""

    @abstractmethod
    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Make one song that keeps all wishes; `generate` has refused those that it cannot keep."""

    @abstractmethod
    def state(self) -> State:
        """Give everything that `learn` learned, but the weights of a network."""

    @classmethod
    @abstractmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> Self:
        """Make a generator of what `state` gave."""

    def save(self, folder: Path) -> None:
        """Write the generator into a folder that exists: `ARRAYS` and `VALUES`, no pickle."""
        arrays, values = self.state()
        arrays = arrays | {f"{SHARED}.steps": self.repertoire.steps,
                           f"{SHARED}.song": self.repertoire.song}  # fmt: skip
        shared = {"moods": self.moods, "longest_copy": self.longest_copy, "profiles": self.profiles}
        if self.scorer:
            scorer, shared[SCORER] = self.scorer.state()
            arrays |= {f"{SHARED}.{SCORER}.{name}": array for name, array in scorer.items()}
        np.savez_compressed(folder / ARRAYS, allow_pickle=False, **arrays)
        write_json(folder / VALUES, values | {SHARED: shared})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; whatever a file that is damaged makes readers raise."""
        with np.load(folder / ARRAYS, allow_pickle=False) as file:
            arrays = dict(file)
        values = read_json(folder / VALUES)
        shared = values.pop(SHARED)
        repertoire = Repertoire(arrays.pop(f"{SHARED}.steps"), arrays.pop(f"{SHARED}.song"))
        prefix = f"{SHARED}.{SCORER}."
        scorer = {n.removeprefix(prefix): arrays.pop(n) for n in [*arrays] if n.startswith(prefix)}
        generator = cls.of_state(arrays, values)
        generator.scorer = MoodScorer.of_state(scorer, shared[SCORER]) if SCORER in shared else None
        generator.repertoire = repertoire
        generator.moods, generator.longest_copy = shared["moods"], shared["longest_copy"]
        generator.profiles = {
            mood: {name: (low, middle, high) for name, (low, middle, high) in profile.items()}
            for mood, profile in shared["profiles"].items()
        }
        return generator


def names() -> list[str]:
    """Name every generator as on the command line; none is imported.

    Examples
    --------
    >>> "markov" in names()
    True
    """
    return sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules(generators.__path__))


def get(name: str) -> type[Generator]:
    """Give a generator by its name on the command line."""
    module = importlib.import_module(f"{generators.__name__}.{name.replace('-', '_')}")
    generator: type[Generator] = module.GENERATOR
    return generator


def find() -> dict[str, type[Generator]]:
    """Find every generator by its name on the command line.

    Examples
    --------
    >>> "markov" in find()
    True
    """
    return {name: get(name) for name in names()}
