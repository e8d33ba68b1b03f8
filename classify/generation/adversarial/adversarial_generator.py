"""What generators that learn against an adversary have in common."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation import knobs
from classify.generation.adversarial.training import Aim
from classify.generation.keys import minor_and_shift
from classify.generation.latent.phrases import TICKS_PER_BEAT, Grid, length_of, on_grid
from classify.generation.networks.kept_network import KeptNetwork
from classify.generation.networks.network_generator import one_hot
from classify.generation.request import Request
from classify.models.trainer import Values
from classify.progress import Progress
from classify.songs import Song

Floats = NDArray[np.float32]

#: Share of songs that a time signature needs to be learned; steps of the longest bar.
FEWEST, BAR_STEPS = 0.01, 16

#: For a quick look: epochs, and batches of each.
QUICK_EPOCHS, QUICK_BATCHES = 2, 4


@dataclass(frozen=True)
class Plan:
    """What a request leaves to the networks.

    Parameters
    ----------
    bars : int
    metre : (int, int)
        Time signature.
    tempo : float
        Quarter notes a minute.
    minor : bool
    shift : int
        Semitones from the home key to that of the song.
    low, high : int
        Lowest and highest pitch, in the home key.
    velocity : int
    """

    bars: int
    metre: tuple[int, int]
    tempo: float
    minor: bool
    shift: int
    low: int
    high: int
    velocity: int


@dataclass(frozen=True, eq=False)
class Lesson:
    """A song to learn from: on the grid, and its mood."""

    song: Song
    grid: Grid
    mood: str


class AdversarialGenerator(KeptNetwork):
    """Writes bars on a grid of sixteenths with a network that learned against an adversary.

    A subclass writes `teach` and `compose`.

    Parameters
    ----------
    epochs : int, optional
        Most passes over the songs.
    seed : int
        Of the weights and of what is drawn in training.
    quick : bool
        Small networks, trained for a moment: to see the road.
    preset : {"small", "paper"}
        Sizes, and how they are trained.

    Attributes
    ----------
    PRESETS : dict of str to dict
        By name, what the architecture takes beside what follows from the songs.
    AIMS_OF : dict of str to Aim
        By name, how they are trained.
    history : list of dict
        What became of each epoch of the training.
    best : int
        The epoch, from 0, that was kept.
    distinct, apart : float
        How varied its pieces are (`varied.Variety`).
    """

    OPTIONS = frozenset({"epochs", "seed", "quick"})
    KEEPS = frozenset(
        {"bars", "seconds", "tempo", "metre", "low", "high", "instruments", "longest_copy",
         "loudness"}
    )  # fmt: skip
    AIMS = frozenset({"mood", "key", "mode", "register"})
    CHOICES = 8
    FACTS: ClassVar[tuple[str, ...]] = (
        "known_moods", "metres", "tempo", "velocity", "bars", "minor", "middle", "history", "best",
        "distinct", "apart",
    )  # fmt: skip
    PRESETS: ClassVar[dict[str, dict[str, Any]]]
    QUICK: ClassVar[dict[str, Any]]
    AIMS_OF: ClassVar[dict[str, Aim]]

    known_moods: list[str]
    metres: list[list[int]]
    tempo: float
    velocity: float
    bars: float
    minor: float
    middle: float
    history: list[Values]
    best: int
    distinct: float
    apart: float

    def __init__(
        self,
        epochs: int | None = None,
        seed: int = 0,
        quick: bool = False,
        preset: str = "small",
    ) -> None:
        self.epochs, self.seed, self.quick, self.preset = epochs, seed, quick, preset

    # -- learning --------------------------------------------------------------------------------

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Take note of what songs are like, and train both networks."""
        heard = [self.read(song) for song in songs]
        lessons = [
            Lesson(song, grid, mood) for song, mood in zip(heard, moods, strict=True)
            if (grid := on_grid(song, BAR_STEPS))
        ]  # fmt: skip
        if not lessons:
            raise InputError(
                f"none of the songs has notes with beats in bars of at most {BAR_STEPS} sixteenths"
            )
        counted = Counter(lesson.grid.metre for lesson in lessons)
        known = [m for m, n in counted.most_common() if n >= FEWEST * counted.total()]
        lessons = [lesson for lesson in lessons if lesson.grid.metre in known]
        self.metres = [list(metre) for metre in known]
        self.known_moods = sorted({lesson.mood for lesson in lessons} - {""})
        self.tempo = float(np.median([lesson.grid.tempo for lesson in lessons]))
        self.velocity = float(np.median([knobs.loudness(lesson.song) for lesson in lessons]))
        self.bars = float(np.median([lesson.grid.n_bars for lesson in lessons]))
        modes = np.array([knobs.mode(lesson.song) for lesson in lessons])
        self.minor = float(np.nan_to_num(1 - np.nanmean(modes)))
        self.teach(lessons, progress, work)

    def read(self, song: Song) -> Song:
        """Give a song as it is learned from: as it is, here."""
        return song

    @abstractmethod
    def teach(self, lessons: Sequence[Lesson], progress: Progress, work: Path | None) -> None:
        """Set `architecture`, `weights`, `middle`, `history`, `best`, `distinct` and `apart`."""

    def aim(self) -> Aim:
        """Say how the networks are trained."""
        aim = self.AIMS_OF[self.preset]
        changes: dict[str, Any] = {"epochs": self.epochs} if self.epochs else {}
        if self.quick:
            changes = {"epochs": QUICK_EPOCHS, "batches": QUICK_BATCHES} | changes
        return Aim(**{**vars(aim), **changes})

    def told(self, metre: tuple[int, int], mood: str) -> Floats:
        """Mark a time signature and a mood among those that were learned."""
        marks = [float(list(metre) == known) for known in self.metres]
        return np.array([*marks, *one_hot(mood, self.known_moods)], np.float32)

    @property
    def collapse(self) -> str:
        """What to say of a generator that writes the same over and over; empty for another."""
        from classify.generation.adversarial.varied import Variety

        if not Variety(self.distinct, self.apart).collapsed:
            return ""
        return (
            f"{self.TITLE}: the generator has collapsed ({self.distinct:.0%} of its pieces differ, "
            f"and the nearest two are {self.apart:.2f} times as far apart as real ones): train it "
            "with another seed, for fewer epochs, or on more songs"
        )

    def remarks(self) -> list[str]:
        """Say if the generator has collapsed."""
        return [self.collapse] if self.collapse else []

    # -- composing -------------------------------------------------------------------------------

    def plan(self, request: Request, random: np.random.Generator) -> Plan:
        """Decide what a request leaves open.

        Raises
        ------
        InputError
            If it wants a time signature that was not learned.
        """
        metre, tempo = request.metre_among(self.metres), request.tempo or self.tempo
        bars = request.n_bars(length_of(metre) / TICKS_PER_BEAT * 60 / tempo, self.bars)
        minor, shift = minor_and_shift(request, self.minor, self.middle, random)
        low = (request.low or 0) - shift
        high = (127 if request.high is None else request.high) - shift
        velocity = round(self.velocity if request.loudness is None else request.loudness)
        return Plan(bars, metre, tempo, minor, shift, low, high, velocity)
