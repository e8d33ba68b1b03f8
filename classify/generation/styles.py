"""What the songs of one mood in one time signature have in common, as a chain and its metre."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.chain import Chain, Floats
from classify.representations import melody as melodies
from classify.representations.melody import Melody
from classify.songs import Song

#: Symbols in the longest context, and steps in a quarter note.
ORDER, TICKS_PER_BEAT = 4, 4

#: Pitch classes of the tonics that songs are moved to: C major, A minor.
HOME = {False: 0, True: 9}

#: A mood, and a time signature.
Key = tuple[str, int, int]


@dataclass(frozen=True)
class Lesson:
    """A song as a generator learns from it.

    Parameters
    ----------
    melody : Melody
        In C major or A minor.
    minor : bool
        Which of the two.
    tempo : float
        Quarter notes a minute at its beginning.
    velocity : float
        Mean loudness of its notes.
    """

    melody: Melody
    minor: bool
    tempo: float
    velocity: float

    @classmethod
    def of(cls, song: Song) -> "Lesson | None":
        """Make one of a song; None where it has no melody, or no beats."""
        melody = melodies.encode(song, TICKS_PER_BEAT)
        if melody is None:
            return None
        tonic, minor = melodies.tonic(melody)
        tempo = float(song.tempi[0, 1]) if len(song.tempi) else 120.0
        moved = melody.transposed(nearest(HOME[minor] - tonic))
        return cls(moved, minor, tempo, float(song.notes["velocity"].mean()))

    @property
    def symbols(self) -> list[tuple[int, int]]:
        """Pitch and ticks of each note and rest."""
        return list(zip(self.melody.pitch, self.melody.ticks, strict=True))


def nearest(semitones: int) -> int:
    """Give the smallest transposition to the same pitch class: -6 to 5.

    Examples
    --------
    >>> nearest(7), nearest(-9), nearest(3)
    (-5, 3, 3)
    """
    return (semitones + 6) % 12 - 6


@dataclass(frozen=True, eq=False)
class Style:
    """What was learned from the songs of one mood in one time signature.

    Parameters
    ----------
    chain : Chain
        Of (pitch, ticks) in C major or A minor.
    profile : ndarray, shape (bar_ticks, longest + 1)
        How much more often notes of each length begin at each step of a bar than anywhere; 0 where
        none did.
    songs : int
        How many there were.
    minor, tempo, bars, velocity : float
        Share of songs in minor; medians of tempo (quarter notes a minute), length and loudness.
    """

    chain: Chain
    profile: Floats
    songs: int
    minor: float
    tempo: float
    bars: float
    velocity: float

    @classmethod
    def of(cls, lessons: Sequence[Lesson]) -> "Style":
        """Learn from songs in one time signature."""
        symbols = Counter(symbol for lesson in lessons for symbol in lesson.symbols)
        ticks = {symbol: symbol[1] for symbol in sorted(symbols)}
        bar = lessons[0].melody.bar_ticks
        bars = [sum(lesson.melody.ticks) / bar for lesson in lessons]
        return cls(
            Chain.fit((lesson.symbols for lesson in lessons), ticks, ORDER),
            _profile([lesson.melody for lesson in lessons], bar),
            len(lessons),
            float(np.mean([lesson.minor for lesson in lessons])),
            float(np.median([lesson.tempo for lesson in lessons])),
            float(np.median(bars)),
            float(np.median([lesson.velocity for lesson in lessons])),
        )

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
        """Give what a style is made of again: arrays, and plain numbers."""
        chain = self.chain
        lengths = [len(context) for context in chain.contexts]
        arrays = {
            "symbols": np.array(chain.symbols),
            "contexts": np.array([i for context in chain.contexts for i in context], np.int64),
            "context_ends": np.cumsum(lengths),
            "first": chain.first,
            "symbol": chain.symbol,
            "target": chain.target,
            "probability": chain.probability,
            "end": chain.end,
            "profile": self.profile,
        }
        names = ("songs", "minor", "tempo", "bars", "velocity")
        return arrays, {name: getattr(self, name) for name in names}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], numbers: dict[str, float]) -> "Style":
        """Make a style of what `state` gave."""
        symbols = tuple((int(pitch), int(ticks)) for pitch, ticks in arrays["symbols"])
        pieces = np.split(arrays["contexts"], arrays["context_ends"][:-1])
        chain = Chain(
            symbols,
            arrays["symbols"][:, 1].astype(np.int64),
            tuple(tuple(piece.tolist()) for piece in pieces),
            arrays["first"],
            arrays["symbol"],
            arrays["target"],
            arrays["probability"],
            arrays["end"],
        )
        return cls(chain, arrays["profile"], **numbers)  # type: ignore[arg-type]


def _profile(songs: Sequence[Melody], bar: int) -> Floats:
    """Count where in a bar notes of each length begin, beside chance."""
    longest = melodies.LONGEST * songs[0].ticks_per_beat
    counts = np.zeros((bar, longest + 1))
    for song in songs:
        np.add.at(counts, (song.positions, list(song.ticks)), 1)
    total = counts.sum()
    alone = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / total
    return np.divide(counts, alone, out=np.zeros_like(counts), where=alone > 0)
