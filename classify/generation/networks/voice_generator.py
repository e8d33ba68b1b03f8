"""What generators that write voices in no order have in common: material, requests, songs.

They learn chorales or any other music in a few voices, on a grid of sixteenths, and sample it by
Gibbs sampling, so that any voice and any bar may be given: a melody to be harmonised, a voice that
is missing, bars in the middle of a song. A subclass says what its network thinks of each place.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation import knobs, voice_leading
from classify.generation.frames import BAR, STEP, UNIT, Frame, Habits
from classify.generation.generator import Generator, State, check_shapes
from classify.generation.gibbs import Piece
from classify.generation.networks.voice_songs import PLACES, VoiceSong
from classify.generation.request import Request
from classify.presentation.notes import pitch_name
from classify.progress import Progress
from classify.representations.voices import REST, STEPS_PER_BEAT, Voices, most_at_once
from classify.songs import Song

#: Music in which fewer parallels a chord are found avoids them; and the rounds in which notes that
#: make some are drawn anew.
AVOIDED, MORE_ROUNDS = 0.01, 16

#: Most voices that a generator learns unless told.
MOST_VOICES = 4


class VoiceGenerator(Generator):
    """Music in voices, any of which may be given.

    Parameters
    ----------
    epochs : int, optional
        Passes over the songs.
    seed : int
        Of the weights and of what is hidden.
    quick : bool
        A small network, trained for a moment: to see the road.
    voices : int, optional
        Voices of the music; those of the middle one of the songs, at most four, unless given.
    """

    KEEPS = frozenset(
        {"bars", "seconds", "tempo", "low", "high", "instruments", "loudness", "longest_copy",
         "keep", "renew", "voices"}
    )  # fmt: skip
    OPTIONS = frozenset({"epochs", "seed", "quick"})
    FACTS: ClassVar[tuple[str, ...]] = (
        "n_voices", "lowest", "n_classes", "metre", "tempo", "bars", "velocity", "parallels",
        "quick",
    )  # fmt: skip

    #: Whether the network can leave out what is not known.
    HIDES: ClassVar[bool] = False

    n_voices: int
    lowest: int  # MIDI pitch of class 1
    n_classes: int
    metre: list[int]
    tempo: float
    bars: int
    velocity: float
    parallels: float  # fifths and octaves a chord
    weights: dict[str, NDArray[np.float32]]

    def __init__(
        self,
        epochs: int | None = None,
        seed: int = 0,
        quick: bool = False,
        voices: int | None = None,
    ) -> None:
        self.epochs, self.seed, self.quick = epochs, seed, quick
        self.asked_voices = voices

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Write songs in voices, and train the network on them."""
        kept = [song for song in songs if (~song.notes["drum"]).any()]
        if not kept:
            raise InputError("none of the songs has notes to learn from")
        usual = int(np.median([most_at_once(song) for song in kept]))
        self.n_voices = self.asked_voices or max(1, min(usual, MOST_VOICES))
        written = [Voices.of(song, self.n_voices) for song in kept]
        pitches = np.concatenate([one.pitch[one.pitch != REST] for one in written])
        self.lowest = int(pitches.min())
        self.n_classes = int(pitches.max()) - self.lowest + 2
        metres = Counter((int(one.about[-1, BAR]), int(one.about[-1, UNIT])) for one in written)
        length, unit = metres.most_common(1)[0][0]
        self.metre = [max(1, round(length * unit / 4 / STEPS_PER_BEAT)), unit]
        tempi = [knobs.tempo(song) for song in kept if len(song.tempi)]
        self.tempo = float(np.nanmedian(tempi)) if tempi else 120.0
        self.bars = max(1, round(float(np.median([len(one.pitch) / length for one in written]))))
        self.velocity = float(np.mean([knobs.loudness(song) for song in kept]))
        counted = [voice_leading.of_voices(one) for one in written]
        self.parallels = sum(one.fifths + one.octaves for one in counted) / max(
            1, sum(one.chords for one in counted)
        )
        self.train([self.classes_of(one) for one in written], progress, work)

    @abstractmethod
    def train(self, songs: Sequence[VoiceSong], progress: Progress, work: Path | None) -> None:
        """Train the network."""

    @abstractmethod
    def draw(self, piece: Piece, about: NDArray[Any], random: np.random.Generator) -> Piece:
        """Draw what is free of a piece; `about` as `Voices` has it."""

    @abstractmethod
    def nats(self, song: VoiceSong, known: NDArray[np.bool_], step: int, voice: int) -> float:
        """Say how improbable one place of a song is, given what is known of the others.

        Where `HIDES` is false all others are to be known.
        """

    def doubtful(
        self, classes: NDArray[np.int64], random: np.random.Generator
    ) -> NDArray[np.bool_]:
        """Choose notes to which voices move in parallel, if what was learned avoids that."""
        everything = np.full(classes.shape, self.parallels < AVOIDED)
        pitch = np.where(classes > 0, classes + self.lowest - 1, REST)
        return voice_leading.parallel_notes(pitch, everything, random)

    def classes_of(self, voices: Voices) -> VoiceSong:
        """Write pitches as classes: 0 for silence, 1 for the lowest pitch that was learned."""
        sounds = voices.pitch != REST
        classes = np.where(sounds, voices.pitch - self.lowest + 1, 0)
        return VoiceSong(classes, voices.begins, places_of(voices.about))

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Draw everything that does not stay."""
        numerator, denominator = self.metre
        habits = Habits(
            self.n_voices, self.tempo, (numerator, denominator), self.bars, self.velocity
        )
        frame = Frame.of(request, habits)
        known = self.classes_of(frame.voices)
        self._check_range(known, frame)
        piece = Piece(known.classes, known.begins, frame.fixed, self._allowed(request, frame))
        drawn = self.draw(piece, frame.voices.about, random)
        pitch = np.where(drawn.classes > 0, drawn.classes + self.lowest - 1, REST)
        return frame.finished(Voices(pitch, drawn.begins, frame.voices.about), request, habits)

    def _check_range(self, known: VoiceSong, frame: Frame) -> None:
        """Refuse notes that stay and that the network has no class for."""
        sounds = frame.fixed & (frame.voices.pitch != REST)
        outside = sounds & ((known.classes < 1) | (known.classes >= self.n_classes))
        if outside.any():
            step, voice = np.argwhere(outside)[0]
            bar = int((frame.voices.about[: step + 1, STEP] == 0).sum())
            raise InputError(
                f"{pitch_name(frame.voices.pitch[step, voice])} in bar {bar} stays, and lies "
                f"outside of the music that was learned, {pitch_name(self.lowest)} to "
                f"{pitch_name(self.lowest + self.n_classes - 2)}; transpose the song"
            )

    def _allowed(self, request: Request, frame: Frame) -> NDArray[np.bool_]:
        """Say what may be drawn: pitches within the range, and no rest at the very end."""
        pitch = np.arange(self.n_classes) + self.lowest - 1
        low = -1 if request.low is None else request.low
        high = 128 if request.high is None else request.high
        within = (pitch >= low) & (pitch <= high)
        within[0] = False
        if not within.any():
            raise InputError(
                f"the range {request.low}-{request.high} has no pitch of the music that was "
                f"learned, {self.lowest}-{self.lowest + self.n_classes - 2}"
            )
        allowed = np.broadcast_to(within, (*frame.fixed.shape, self.n_classes)).copy()
        allowed[:-1, :, 0] = True
        return allowed

    def state(self) -> State:
        """Give the weights, and what is known beside them."""
        return dict(self.weights), {name: getattr(self, name) for name in self.FACTS}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> Self:
        """Make a generator of what `state` gave."""
        generator = cls()
        for name in cls.FACTS:
            setattr(generator, name, values[name])
        check_shapes(arrays, generator.shapes())
        generator.weights = arrays
        return generator

    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of each weight, by its name."""


def places_of(about: NDArray[Any]) -> NDArray[np.int64]:
    """Give the step of the bar, of which the last are one in long bars."""
    return np.minimum(about[:, STEP], PLACES - 1).astype(np.int64)
