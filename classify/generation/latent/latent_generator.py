"""The contract of generators that have a latent space: songs are points there, and points songs.

A song is a point for each of its phrases, and what is known of it beside them: its metre, tempo,
key and instruments (`Point`). Two songs have songs between them; a song has others beside it, of
another mood or with more of a quality.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation import knobs
from classify.generation.events import orchestrated
from classify.generation.generator import State
from classify.generation.keys import into_range
from classify.generation.knobs import KNOBS
from classify.generation.latent.architecture import Architecture
from classify.generation.latent.collapse import NewSongs
from classify.generation.latent.frame_architecture import FrameArchitecture
from classify.generation.latent.phrases import LONGEST_BAR, TICKS_PER_BEAT, length_of
from classify.generation.latent.points import Point, Way, attribute_ways, of_the_middle
from classify.generation.latent.training import Example, train
from classify.generation.networks.kept_network import KeptNetwork
from classify.generation.request import Request, read_key
from classify.generation.styles import HOME, nearest
from classify.models.trainer import Values
from classify.progress import Progress
from classify.representations import melody as melodies
from classify.songs import Song

Floats = NDArray[np.float32]


class _InMetre(Protocol):
    @property
    def metre(self) -> tuple[int, int]: ...


#: Writes a song as it would be at the ends of ways.
Elsewhere = Callable[[Sequence[Way]], list[Song]]

# A song as a representation has it.
Written = TypeVar("Written", bound=_InMetre)

#: How much alike the phrases of a new song are: the correlation of their latent vectors.
KINSHIP = 0.7

#: Share of songs that a time signature needs to be learned.
FEWEST = 0.01

#: What a latent vector says of its phrase, in nats, below which a space has collapsed; and phrases'
#: divergence from the prior. The songs on which the former is measured, at most.
COLLAPSED, ASKED = 1.0, 24

#: New songs by which it is seen whether a space writes one song or has one mood; real songs, at
#: most, that they are laid beside; and those of both for a quick look.
NEW_SONGS, REAL_SONGS, QUICK_SONGS = 24, 100, 6

#: Attributes that songs can be moved along: tempo is no matter of the space.
ATTRIBUTES = tuple(name for name in KNOBS if name != "tempo")

#: Passes over the songs for a quick look.
QUICK_EPOCHS = 2


class LatentGenerator(KeptNetwork):
    """Learns a space of songs; new songs are points drawn from it.

    A subclass says what its network looks like (`ARCHITECTURE`, `PRESETS`), and writes `teach`,
    `layer` and `module`, `encode`, `write` and `played`, `nats` and `reconstruction`.

    Parameters
    ----------
    epochs : int, optional
        Most passes over the songs.
    seed : int
        Of the weights and of what is drawn in training.
    quick : bool
        A small network, trained for a moment: to see the road.
    preset : {"small", "paper"}
        Size of the network, and of a phrase.

    Attributes
    ----------
    PRESETS : dict of str to dict
        By name, what the architecture takes beside what follows from the songs.
    TO_THE_END : bool
        Whether no song is kept back to decide when to stop.
    EPOCHS : int
        Passes over the songs unless told otherwise.
    VARIANT_OF : str
        Name of the generator that this one varies, for a comparison; empty where it is none.
    BY_CHANCES : bool
        Whether a song that is moved keeps what the space lost of it (`elsewhere`).
    history : list of dict
        What became of each epoch of the training.
    told : float
        What a latent vector says of a phrase that was learned from, in nats.
    drawn : NewSongs
        What new songs were like when it had learned.
    spots : dict of str to (ndarray, ndarray)
        Where the phrases of each mood are, those of all songs under the empty name: mean, shape
        (n_latent,), and a square root of their covariance, shape (n_latent, n_latent).
    directions : dict of str to ndarray
        The way along each attribute, shape (n_latent,): what a latent vector changes by where songs
        have a standard deviation more of it and no more of the others (least squares).
    """

    OPTIONS = frozenset({"epochs", "seed", "quick"})
    KEEPS = frozenset(
        {"bars", "seconds", "tempo", "metre", "low", "high", "instruments", "longest_copy",
         "loudness"}
    )  # fmt: skip
    AIMS = frozenset({"mood", "key", "mode", "register"})
    CHOICES = 8
    EPOCHS: ClassVar[int] = 40
    VARIANT_OF: ClassVar[str] = ""
    ARCHITECTURE: ClassVar[type[Architecture] | type[FrameArchitecture]]
    PRESETS: ClassVar[dict[str, dict[str, Any]]]
    TO_THE_END: ClassVar[bool] = False
    BY_CHANCES: ClassVar[bool] = False
    FACTS: ClassVar[tuple[str, ...]] = (
        "metres", "tempo", "bars", "velocity", "middle", "programs", "history", "told"
    )  # fmt: skip

    metres: list[list[int]]
    tempo: float
    bars: float
    velocity: float
    middle: float
    programs: dict[str, int]
    history: list[Values]
    told: float
    drawn: NewSongs
    spots: dict[str, tuple[Floats, Floats]]
    directions: dict[str, Floats]

    def __init__(
        self,
        epochs: int | None = None,
        seed: int = 0,
        quick: bool = False,
        preset: str = "small",
    ) -> None:
        if preset not in self.PRESETS:
            raise InputError(f"preset {preset!r}: expected {' or '.join(self.PRESETS)}")
        self.epochs, self.seed, self.quick, self.preset = epochs, seed, quick, preset

    # -- what a subclass writes ------------------------------------------------------------------

    @abstractmethod
    def teach(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Learn from songs that `kept` gave; `metres` is known, `history` is to be set."""

    @abstractmethod
    def layer(self) -> Any:
        """Make the layer of Keras that says what phrases cost."""

    @abstractmethod
    def module(self) -> Any:
        """Give the module that the layer is of, with `build`, `loss`, `metrics` and `weights`."""

    @abstractmethod
    def encode(self, song: Song) -> Point:
        """Give a song's place.

        Raises
        ------
        InputError
            If it has no beats or notes, or a time signature that was not learned.
        """

    @abstractmethod
    def write(
        self, point: Point, random: np.random.Generator | None, request: Request | None
    ) -> Any:
        """Write a place as the representation has it; arguments as `decode` takes them."""

    @abstractmethod
    def played(self, written: Any) -> Song:
        """Make the song of what `write` gave."""

    @abstractmethod
    def reconstruction(self, song: Song, point: Point) -> dict[str, float]:
        """Measure how well a song is written again from its place.

        Parameters
        ----------
        song : Song
            Which was not learned from.
        point : Point
            What `encode` gave for it.

        Returns
        -------
        dict of str to float
            `notes`, F1 of its notes as far as the representation has them, and `notes of the
            middle`, the same of what is written without knowing the song; and what else there is.
        """

    @abstractmethod
    def nats(self, song: Song, z: Floats) -> float:
        """Say how improbable a song is, in nats a phrase, where the decoder reads true symbols.

        Parameters
        ----------
        song : Song
            That has a place.
        z : ndarray of float32, shape (n_phrases, n_latent)
            What the decoder is told.
        """

    def decode(
        self,
        point: Point,
        random: np.random.Generator | None = None,
        request: Request | None = None,
    ) -> Song:
        """Make the song of a place.

        Parameters
        ----------
        point : Point
            Where.
        random : Generator, optional
            Draws; without it, the likeliest is written.
        request : Request, optional
            With a range or loudness that the song keeps.
        """
        song = self.played(self.write(point, random, request))
        if request and request.instruments:
            song = orchestrated(song, request.instruments)
        return song

    def elsewhere(self, song: Song) -> Elsewhere:
        """Give what writes a song as it would be away from where it is.

        Here all of it is written anew from there, and loudness is read where notes are; a subclass
        that can keep what the space lost of the song does so.

        Raises
        ------
        InputError
            If it has no place.
        """
        point = self.encode(song)

        def write(ways: Sequence[Way]) -> list[Song]:
            songs = []
            for way in ways:
                there, tempo = point.z + way.away, point.tempo * float(np.exp(way.faster))
                songs.append(self.decode(replace(point, z=there.astype(np.float32), tempo=tempo)))
            return songs

        return write

    # -- where songs are -----------------------------------------------------------------------

    def towards(self, z: Floats, mood: str) -> Floats:
        """Give the way to a mood: the mean of its phrases less the mean of those of all others."""
        del z  # wherever a song is
        others = [self.spots[name][0] for name in self.spots if name not in ("", mood)]
        return self.spots[mood][0] - np.mean(others or [self.spots[""][0]], axis=0)

    def sample(self, random: np.random.Generator, mood: str = "", n: int = 1) -> Floats:
        """Draw the phrases of one song, alike as phrases are: shape (n, n_latent)."""
        mean, root = self.spots[mood]
        noise = random.standard_normal((n, len(mean)))
        noise[1:] = KINSHIP * noise[:1] + np.sqrt(1 - KINSHIP**2) * noise[1:]
        return np.asarray(mean + noise @ root.T, np.float32)

    def beside(self, z: Floats, likeness: float, random: np.random.Generator) -> Floats:
        """Draw phrases that correlate with others by `likeness`, as all songs' phrases vary.

        Parameters
        ----------
        z : ndarray of float32, shape (n_phrases, n_latent)
            The others.
        likeness : float
            1 for the same places, 0 for any.
        """
        mean, root = self.spots[""]
        noise = random.standard_normal(z.shape) @ root.T
        there = mean + likeness * (z - mean) + np.sqrt(1 - likeness**2) * noise
        return np.asarray(there, np.float32)

    # -- learning and composing ------------------------------------------------------------------

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Take note of what songs are like, learn, and see where each mood's phrases are."""
        metres = [self.metre_of(song) for song in songs]
        counted = Counter(metre for metre in metres if metre)
        if not counted:
            raise InputError("none of the songs has notes with beats to learn from")
        known = [m for m, n in counted.most_common() if n >= FEWEST * counted.total()]
        self.metres = [list(metre) for metre in known]
        places = [n for n, metre in enumerate(metres) if metre in known]
        kept, named = [songs[n] for n in places], [moods[n] for n in places]
        tempi = [float(song.tempi[0, 1]) for song in kept if len(song.tempi)]
        self.tempo = float(np.median(tempi or [120.0]))
        self.velocity = float(np.median([knobs.loudness(song) for song in kept]))
        self.middle = float(np.mean([knobs.register(song) for song in kept]))
        self.teach(kept, named, progress, work)
        self.place_moods(kept, named)
        some = kept[:: max(1, len(kept) // ASKED)]
        self.told = float(np.mean([self.nats_told(song, self.encode(song)) for song in some]))
        self.drawn = self._drawn(kept)

    def _drawn(self, songs: Sequence[Song]) -> NewSongs:
        """Measure new songs, a phrase long and as many of each mood, beside those learned from."""
        moods = [mood for mood in self.spots if mood] or [""]
        n_new, n_real = (QUICK_SONGS,) * 2 if self.quick else (NEW_SONGS, REAL_SONGS)
        new = []
        for number in range(n_new):
            random = np.random.default_rng((self.seed, number))
            mood = moods[number % len(moods)] or None
            asked = self.set_knobs(Request(mood=mood, bars=self.phrase_bars), random)
            new.append(self.decode(self.place(asked, random), random, asked))
        return NewSongs.of(new, songs[:: max(1, len(songs) // n_real)], self.scorer)

    @staticmethod
    def metre_of(song: Song) -> tuple[int, int] | None:
        """Give a song's time signature; None where it has no melody, or bars that are too long."""
        tune = melodies.encode(song, TICKS_PER_BEAT)
        silent = tune is None or all(pitch == melodies.REST for pitch in tune.pitch)
        return None if tune is None or silent or tune.bar_ticks > LONGEST_BAR else tune.metre

    def train_network(
        self, examples: Sequence[Example], progress: Progress, work: Path | None
    ) -> None:
        """Find the weights of `architecture`, and say what became of each epoch in `history`."""
        epochs = self.epochs or (QUICK_EPOCHS if self.quick else self.EPOCHS)
        self.weights, self.history = train(
            self.layer, self.module(), examples, epochs, self.seed, progress,
            work / "network" if work else None, self.TO_THE_END,
        )  # fmt: skip

    @property
    def phrase_bars(self) -> int:
        """Bars of a phrase."""
        return int(self.architecture.bars)

    def metre_marks(self, metre: tuple[int, int], n: int) -> Floats:
        """Mark a time signature among those that were learned, shape (n, n_metres)."""
        marks = np.array([float(list(metre) == known) for known in self.metres], np.float32)
        return np.repeat(marks[None], n, 0)

    def checked(self, song: Song, written: Written | None) -> Written:
        """Give a song as the representation has it, if the network can read that.

        Raises
        ------
        InputError
            If it has no beats or notes, or a time signature that was not learned.
        """
        if written is None or self.metre_of(song) is None:
            raise InputError(f"{song.title}: has no notes with beats, or bars that are too long")
        n, d = written.metre
        if [n, d] not in self.metres:
            known = ", ".join(f"{n}/{d}" for n, d in self.metres)
            raise InputError(f"{song.title}: is in {n}/{d}; {self.TITLE} learned {known}")
        return written

    def place_moods(self, songs: Sequence[Song], moods: Sequence[str]) -> None:
        """See where the phrases of each mood are, how long songs are, and in what keys."""
        from sklearn.covariance import ledoit_wolf

        points = [self.encode(song) for song in songs]
        self.bars = float(np.median([point.bars for point in points]))
        shifts = np.mean([point.shift for point in points])
        self.middle -= float(shifts)  # in the home key
        self.spots = {}
        for mood in sorted({"", *moods}):
            z = np.concatenate([p.z for p, m in zip(points, moods, strict=True) if mood in ("", m)])
            mean, covariance = z.mean(axis=0), self.blur() * np.eye(z.shape[1])
            if len(z) > 2:
                covariance = covariance + ledoit_wolf(z.astype(float))[0]
            root = np.linalg.cholesky(covariance + 1e-6 * np.eye(len(mean)))
            self.spots[mood] = mean.astype(np.float32), root.astype(np.float32)
        self.directions = _directions(points, songs)

    def blur(self) -> float:
        """Variance of a phrase's latent vector around its mean, in each direction."""
        return 0.0

    @property
    def collapse(self) -> str:
        """What to say of a space that says nothing of songs, or of one song or mood alone."""
        kl = self.history[-1].get("kl", np.inf) if self.history else np.inf
        if kl >= COLLAPSED and self.told >= COLLAPSED:
            why = self.drawn.why
            return f"{self.TITLE}: the space has collapsed: {why}" if why else ""
        known = f", KL divergence {kl:.2f} nats" if np.isfinite(kl) else ""
        return (
            f"{self.TITLE}: the space has collapsed (a latent vector says {self.told:.2f} nats of "
            f"its phrase{known}): songs do not depend on it; lower beta, raise free_bits, or train "
            "for longer, on more songs"
        )

    def nats_told(self, song: Song, point: Point) -> float:
        """Give what a song's latent vectors say of it, in nats a phrase.

        That is how much less improbable it is where the decoder is told them, rather than the
        middle of the space.
        """
        middle = of_the_middle(point, self.spots[""][0])
        return self.nats(song, middle.z) - self.nats(song, point.z)

    def remarks(self) -> list[str]:
        """Say if the space has collapsed."""
        return [self.collapse] if self.collapse else []

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Draw a place of the mood that is asked for, and make its song."""
        return next(self.draws(request, random))

    def draws(self, request: Request, random: np.random.Generator) -> Iterator[Song]:
        """Make songs without end."""
        while True:
            asked = self.set_knobs(request, random)
            point = self.place(asked, random)
            song = self.decode(point, random, asked)
            if asked.minor is not None and (knobs.mode(song) == 0) != asked.minor:
                song = self.decode(self.place(asked, random), random, asked)  # one more try
            yield song

    def place(self, request: Request, random: np.random.Generator) -> Point:
        """Decide what a request leaves open, and draw the phrases of a new song."""
        tempo = request.tempo or self.tempo
        metre = request.metre_among(self.metres)
        bars = request.n_bars(length_of(metre) / TICKS_PER_BEAT * 60 / tempo, self.bars)
        n_phrases = -(-bars // self.phrase_bars)
        known = request.mood if request.mood in self.spots else ""
        z = self.sample(random, known, n_phrases)
        return Point(z, bars, metre, self._shift(request), tempo, self.programs)

    def _shift(self, request: Request) -> int:
        """Decide on the way from the home key."""
        shift = 0
        if request.key:
            tonic, minor = read_key(request.key)
            shift = nearest(tonic - HOME[minor])
        return into_range(request, shift, self.middle)

    # -- being kept ------------------------------------------------------------------------------

    def state(self) -> State:
        """Give weights, places of moods, and facts."""
        arrays, values = super().state()
        for n, (mean, root) in enumerate(self.spots.values()):
            arrays |= {f"spot.{n}.mean": mean, f"spot.{n}.root": root}
        arrays |= {f"direction.{name}": way for name, way in self.directions.items()}
        return arrays, values | {"spots": list(self.spots), "drawn": self.drawn.as_values()}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> Self:
        """Make a generator of what `state` gave."""
        spots = {
            str(mood): (arrays.pop(f"spot.{n}.mean"), arrays.pop(f"spot.{n}.root"))
            for n, mood in enumerate(values["spots"])
        }
        directions = {
            name: arrays.pop(f"direction.{name}")
            for name in ATTRIBUTES if f"direction.{name}" in arrays
        }  # fmt: skip
        generator = super().of_state(arrays, values)
        generator.spots, generator.directions = spots, directions
        # earlier ones were saved without it
        generator.drawn = NewSongs(**values.get("drawn", {"n": 0, "distinct": 1.0, "apart": 1.0}))
        return generator


def _directions(points: Sequence[Point], songs: Sequence[Song]) -> dict[str, Floats]:
    """Find the way along each attribute of songs."""
    z = np.stack([point.z.mean(axis=0) for point in points])
    columns = {name: np.array([KNOBS[name](song) for song in songs]) for name in ATTRIBUTES}
    columns["register"] -= [point.shift for point in points]  # the space knows the home key only
    return attribute_ways(z, columns)
