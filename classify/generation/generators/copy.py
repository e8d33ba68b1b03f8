"""Songs that were learned from, in another key: what a measure says of cheating."""

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
from classify.representations.melody import Melody
from classify.songs import Song

#: Steps in a quarter note.
GRID = 4


class Copy(Generator):
    """The melody of a song that was learned from, moved by up to half an octave.

    It is there to be caught: the limit on copies is not held against it, and its songs are never
    to be given out as new ones.

    Examples
    --------
    >>> tune = melodies.decode(Melody((60, 62, 64, 65), (4, 4, 4, 4)))
    >>> copy = Copy().fit([tune])
    >>> copy.repertoire.longest_run(copy.generate(Request(bars=1), seed=0))
    4
    """

    TITLE = "Copy"
    KEEPS = frozenset({"bars", "seconds", "tempo"})

    melodies: list[Melody]

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Keep the melodies."""
        self.melodies = [melody for song in songs if (melody := melodies.encode(song, GRID))]
        if not self.melodies:
            raise InputError("none of the songs has a melody with beats to learn from")

    def generate(self, request: Request, seed: int) -> Song:
        """Give a song that was learned from, whatever the limit on copies."""
        self.check(request)
        return self.compose(request, np.random.default_rng(seed))

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Choose a song and a key; cut it, or begin it again, where another length is asked for."""
        chosen = self.melodies[int(random.integers(len(self.melodies)))]
        shift = int(random.integers(-6, 6))
        sounding = [pitch for pitch in chosen.pitch if pitch != melodies.REST]
        moved = chosen.transposed(int(np.clip(shift, -min(sounding), 127 - max(sounding))))
        tempo, bar = request.tempo or 120.0, moved.bar_ticks
        left = bar * (request.bars or max(1, round(sum(moved.ticks) / bar)))
        if request.seconds is not None:
            left = bar * max(1, round(request.seconds * tempo / 60 * GRID / bar))
        pitch, ticks, place = list[int](), list[int](), 0
        while left:
            pitch.append(moved.pitch[place])
            ticks.append(min(moved.ticks[place], left))
            left, place = left - ticks[-1], (place + 1) % len(moved.pitch)
        if pitch[-1] == melodies.REST:  # a song ends with a note
            pitch[-1] = next(p for p in reversed(moved.pitch) if p != melodies.REST)
        return melodies.decode(Melody(tuple(pitch), tuple(ticks), GRID, moved.metre), tempo)

    def state(self) -> State:
        """Give the melodies, one after another."""
        pairs = [
            np.array([melody.pitch, melody.ticks], np.int64).T for melody in self.melodies
        ]  # fmt: skip
        metres = [melody.metre for melody in self.melodies]
        ends = np.cumsum([len(pair) for pair in pairs])
        return {"notes": np.concatenate(pairs), "ends": ends, "metres": np.array(metres)}, {}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "Copy":
        """Make a generator of what `state` gave."""
        copy, pieces = cls(), np.split(arrays["notes"], arrays["ends"][:-1])
        copy.melodies = [
            Melody(tuple(piece[:, 0].tolist()), tuple(piece[:, 1].tolist()), GRID, (n, d))
            for piece, (n, d) in zip(pieces, arrays["metres"].tolist(), strict=True)
        ]
        return copy


GENERATOR = Copy
