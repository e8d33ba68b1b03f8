"""What songs in one time signature have in common: a chain for each mood and mode, and the metre.

All moods share one automaton. The chain of a mood counts its own songs alone, where there are
enough of them: a melody of exact length that may stray into another mood's songs at a price that it
pays once tends to stay there. Only where the mood's own songs are few, or allow no melody that
keeps all wishes, do those of other moods count a little.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.chain import Chain, Counts, Floats
from classify.representations import melody as melodies
from classify.representations.melody import Melody
from classify.songs import Song

#: Symbols in the longest context, and steps in a quarter note.
ORDER, TICKS_PER_BEAT = 4, 4

#: Pitch classes of the tonics that songs are moved to: C major, A minor.
HOME = {False: 0, True: 9}

#: A time signature.
Metre = tuple[int, int]

#: What a song counts in the chain of another mood.
OTHERS = 0.05

#: Songs of a mood, or in a mode, from which on it has a chain of its own.
FEWEST_SONGS = 5

#: What is remembered of each song: number of its kind, tempo (quarter notes a minute), bars, mean
#: velocity, mean pitch in the home key, and, of melodies, semitones from there to their own key.
N_FACTS = 6


@dataclass(frozen=True)
class Lesson:
    """A song as a generator learns from it.

    Parameters
    ----------
    mood : str
        Empty where it is not known.
    melody : Melody
        In C major or A minor.
    minor : bool
        Which of the two.
    tempo : float
        Quarter notes a minute at its beginning.
    velocity : float
        Mean loudness of its notes.
    above : int
        Semitones from there to the key of the song, -5 to 6.
    """

    mood: str
    melody: Melody
    minor: bool
    tempo: float
    velocity: float
    above: int

    @classmethod
    def of(cls, song: Song, mood: str) -> "Lesson | None":
        """Make one of a song; None where it has no melody, or no beats."""
        melody = melodies.encode(song, TICKS_PER_BEAT)
        if melody is None:
            return None
        tonic, minor = melodies.tonic(melody)
        tempo = float(song.tempi[0, 1]) if len(song.tempi) else 120.0
        above = -nearest(HOME[minor] - tonic)
        loud = float(song.notes["velocity"].mean())
        return cls(mood, melody.transposed(-above), minor, tempo, loud, above)

    @property
    def symbols(self) -> list[tuple[int, int]]:
        """Pitch and ticks of each note and rest."""
        return list(zip(self.melody.pitch, self.melody.ticks, strict=True))

    @property
    def facts(self) -> tuple[float, float, float, float, int]:
        """Give tempo, bars, mean velocity, mean pitch, and how far the key is above."""
        pitch = np.array(self.melody.pitch)
        bars = sum(self.melody.ticks) / self.melody.bar_ticks
        mean = float(pitch[pitch != melodies.REST].mean())
        return self.tempo, bars, self.velocity, mean, self.above


def nearest(semitones: int) -> int:
    """Give the smallest transposition to the same pitch class: -6 to 5.

    Examples
    --------
    >>> nearest(7), nearest(-9), nearest(3)
    (-5, 3, 3)
    """
    return (semitones + 6) % 12 - 6


@dataclass(frozen=True)
class Habits:
    """What is usual in songs: shares and medians.

    Parameters
    ----------
    minor : float
        Share of songs in minor.
    tempo : float
        Quarter notes a minute.
    bars : float
        Length.
    velocity : float
        Loudness, 1-127.
    pitch : float
        Mean MIDI pitch, in C major or A minor.
    """

    minor: float
    tempo: float
    bars: float
    velocity: float
    pitch: float


@dataclass(frozen=True, eq=False)
class Kinds:
    """Songs by mood and mode, and what is usual in them.

    Parameters
    ----------
    kinds : tuple of (str, bool)
        Mood and mode (whether minor) of each kind of song.
    facts : ndarray, shape (n_songs, N_FACTS)
        What is remembered of each song.
    """

    kinds: tuple[tuple[str, bool], ...]
    facts: Floats

    def songs(self, mood: str = "", minor: bool | None = None) -> int:
        """Count the songs of a mood (of all for an empty name), in one mode or in both."""
        return int(self._of(mood, minor).sum())

    def habits(self, mood: str = "") -> Habits:
        """Say what is usual in a mood, or in all songs for an empty name."""
        chosen = self.facts[self._of(mood, None)]
        minor = np.array([minor for _, minor in self.kinds])[chosen[:, 0].astype(int)]
        return Habits(float(minor.mean()), *np.median(chosen[:, 1:5], axis=0).tolist())

    def weights(self, mood: str, minor: bool, mixed: bool = False) -> Floats:
        """Say what a song of each kind counts for a mood (all songs for an empty name) in one mode.

        Where there are fewer than `FEWEST_SONGS` of the mood in this mode, its songs in the other
        mode count `OTHERS`; where there are as few of the mood at all, or if it is to be `mixed`,
        songs of other moods do.
        """
        mixed |= self.songs(mood) < FEWEST_SONGS
        other_mode = OTHERS if self.songs(mood, minor) < FEWEST_SONGS else 0.0
        return np.array([
            (1.0 if mood in ("", m) else OTHERS * mixed) * (1.0 if n == minor else other_mode)
            for m, n in self.kinds
        ])  # fmt: skip

    def _of(self, mood: str, minor: bool | None) -> NDArray[np.bool_]:
        fits = [mood in ("", m) and minor in (None, n) for m, n in self.kinds]
        return np.array(fits)[self.facts[:, 0].astype(int)]


@dataclass(frozen=True, eq=False)
class Style(Kinds):
    """What was learned from the songs in one time signature.

    Parameters
    ----------
    counts : Counts
        Of (pitch, ticks) in C major or A minor.
    profile : ndarray, shape (bar_ticks, longest + 1)
        How much more often notes of each length begin at each step of a bar than anywhere; 0 where
        none did.
    """

    counts: Counts
    profile: Floats
    _chains: dict[tuple[str, bool, bool], Chain] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, lessons: Sequence[Lesson]) -> "Style":
        """Learn from songs in one time signature."""
        symbols = sorted({symbol for lesson in lessons for symbol in lesson.symbols})
        kinds = sorted({(lesson.mood, lesson.minor) for lesson in lessons})
        number = [kinds.index((lesson.mood, lesson.minor)) for lesson in lessons]
        tunes = [lesson.melody for lesson in lessons]
        return cls(
            tuple(kinds),
            np.array([[n, *lesson.facts] for n, lesson in zip(number, lessons, strict=True)]),
            Counts.fit(
                (lesson.symbols for lesson in lessons),
                {symbol: symbol[1] for symbol in symbols},
                number,
                ORDER,
            ),
            profile(
                np.concatenate([tune.positions for tune in tunes]),
                np.concatenate([tune.ticks for tune in tunes]),
                (tunes[0].bar_ticks, melodies.LONGEST * TICKS_PER_BEAT + 1),
            ),
        )

    def chain(self, mood: str, minor: bool, mixed: bool = False) -> Chain:
        """Give the chain of a mood in one mode, of songs that count what `weights` says."""
        if (mood, minor, mixed) not in self._chains:
            chain = self.counts.chain(self.weights(mood, minor, mixed))
            self._chains[mood, minor, mixed] = chain
        return self._chains[mood, minor, mixed]

    def above(self, mood: str, minor: bool, share: float) -> int:
        """Give the semitones from the home key to that of a song of a mood in one mode.

        Of these songs, `share`, from 0 to 1, have a key as far above or less. A style that was
        saved before this was remembered knows the home key only.
        """
        facts = self.facts[self._of(mood, minor)]
        if not len(facts) or facts.shape[1] < N_FACTS:
            return 0
        return int(np.sort(facts[:, -1])[int(share * len(facts))])

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Give what a style is made of again: arrays, and plain values."""
        counts = self.counts
        lengths = [len(context) for context in counts.contexts]
        arrays = {
            "symbols": np.array(counts.symbols),
            "contexts": np.array([i for context in counts.contexts for i in context], np.int64),
            "context_ends": np.cumsum(lengths),
            "first": counts.first,
            "symbol": counts.symbol,
            "target": counts.target,
            "followed": counts.followed,
            "ended": counts.ended,
            "profile": self.profile,
            "facts": self.facts,
        }
        return arrays, {"kinds": [list(kind) for kind in self.kinds]}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "Style":
        """Make a style of what `state` gave."""
        symbols = tuple((int(pitch), int(ticks)) for pitch, ticks in arrays["symbols"])
        pieces = np.split(arrays["contexts"], arrays["context_ends"][:-1])
        counts = Counts(
            symbols,
            arrays["symbols"][:, 1].astype(np.int64),
            tuple(tuple(piece.tolist()) for piece in pieces),
            *(arrays[name] for name in ("first", "symbol", "target", "followed", "ended")),
        )
        kinds = tuple((str(mood), bool(minor)) for mood, minor in values["kinds"])
        return cls(kinds, arrays["facts"], counts, arrays["profile"])


def profile(places: NDArray[np.int64], ticks: NDArray[np.int64], shape: tuple[int, int]) -> Floats:
    """Count where in a bar what lasts so long begins, beside chance.

    Parameters
    ----------
    places, ticks : ndarray of int, shape (n,)
        Where in its bar each begins, and how long it lasts.
    shape : (int, int)
        Steps of a bar, and one more than the longest.

    Returns
    -------
    ndarray, of this shape
        1 where it begins as often as by chance; 0 where it never does.

    Examples
    --------
    >>> profile(np.array([0, 0, 2]), np.array([1, 1, 2]), (4, 3))[0].tolist()
    [0.0, 1.5, 0.0]
    """
    counts = np.zeros(shape)
    np.add.at(counts, (places, ticks), 1)
    total = counts.sum()
    alone = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / total
    return np.divide(counts, alone, out=np.zeros_like(counts), where=alone > 0)
