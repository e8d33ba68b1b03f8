"""Notes drawn one by one, none knowing of another: what a measure says of no structure at all."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation.generator import Generator, State
from classify.generation.request import Request
from classify.progress import Progress
from classify.representations import melody as melodies
from classify.representations.melody import COMMON_TIME, Melody, bar_ticks
from classify.songs import Song

#: Steps in a quarter note, and bars of a song unless asked.
GRID, BARS = 4, 16


class Unigram(Generator):
    """Pitches and lengths as often as in the songs, in any order.

    Examples
    --------
    >>> tune = melodies.decode(Melody((60, 62, 64, 65), (4, 2, 2, 8)))
    >>> Unigram().fit([tune]).generate(Request(bars=2, longest_copy=9), seed=0).seconds
    4.0
    """

    TITLE = "Unigram"
    KEEPS = frozenset({"bars", "seconds", "tempo", "loudness", "instruments"})

    symbols: NDArray[np.int64]
    share: NDArray[np.float64]

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Count pairs of pitch and length."""
        known = [melody for song in songs if (melody := melodies.encode(song, GRID))]
        counts = Counter(
            pair for melody in known for pair in zip(melody.pitch, melody.ticks, strict=True)
        )
        if not counts:
            raise InputError("none of the songs has a melody with beats to learn from")
        pairs = sorted(counts)
        self.symbols = np.array(pairs)
        self.share = np.array([counts[pair] for pair in pairs]) / counts.total()

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Draw notes until the song is full; the last one is cut."""
        tempo = request.tempo or 120.0
        bar = bar_ticks(COMMON_TIME, GRID)
        bars = request.bars or BARS
        if request.seconds is not None:
            bars = max(1, round(request.seconds * tempo / 60 * GRID / bar))
        left, pitch, ticks = bars * bar, list[int](), list[int]()
        while left:
            tone, length = self.symbols[random.choice(len(self.share), p=self.share)].tolist()
            if tone == melodies.REST and (not pitch or length >= left):
                continue  # a song begins and ends with a note
            pitch.append(tone)
            ticks.append(min(length, left))
            left -= ticks[-1]
        program, loudness = (request.instruments or (0,))[0], round(request.loudness or 80)
        melody = Melody(tuple(pitch), tuple(ticks), GRID)
        return melodies.decode(melody, tempo, program, loudness, "new song")

    def state(self) -> State:
        """Give symbols and shares."""
        return {"symbols": self.symbols, "share": self.share}, {}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "Unigram":
        """Make a generator of what `state` gave."""
        unigram = cls()
        unigram.symbols, unigram.share = arrays["symbols"], arrays["share"]
        return unigram


GENERATOR = Unigram
