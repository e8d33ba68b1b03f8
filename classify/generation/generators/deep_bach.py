"""Chorales by networks that look around: DeepBach (Hadjeres et al. 2017).

For each voice two stacks of LSTMs over the sixteen steps before and behind a place and a perceptron
over the other voices (`classify.generation.networks.neighbour_shape`), sampled by pseudo-Gibbs
sampling (`classify.generation.gibbs`). The size of the authors' first program is
`DeepBach(preset="paper")`; the usual one here is what two processor cores train in minutes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classify.generation import gibbs
from classify.generation.gibbs import Piece
from classify.generation.networks.neighbour_sampler import NeighbourSampler
from classify.generation.networks.neighbour_shape import NeighbourShape
from classify.generation.networks.voice_generator import MORE_ROUNDS, VoiceGenerator, places_of
from classify.generation.networks.voice_songs import VoiceSong
from classify.progress import Progress

#: Embedding, units, dense and layers of the sizes.
PRESETS = {"small": (48, 64, 64, 1), "paper": (200, 200, 200, 2), "quick": (8, 8, 8, 1)}

#: Passes over the songs, and rounds of sampling; for a quick look.
EPOCHS, ROUNDS = 60, 320
QUICK_EPOCHS, QUICK_ROUNDS, QUICK_PLACES = 2, 32, 16


class DeepBach(VoiceGenerator):
    """Networks of each voice over what is around a place.

    Parameters
    ----------
    epochs, seed, quick, voices
        As all that write voices have them.
    preset : {"small", "paper"}
        Its size.
    """

    TITLE = "DeepBach"
    FACTS: ClassVar[tuple[str, ...]] = (*VoiceGenerator.FACTS, "preset")

    def __init__(
        self,
        epochs: int | None = None,
        seed: int = 0,
        quick: bool = False,
        preset: str = "small",
        voices: int | None = None,
    ) -> None:
        super().__init__(epochs, seed, quick, voices)
        self.preset = "quick" if quick else preset

    @property
    def shape(self) -> NeighbourShape:
        """Of the networks."""
        return NeighbourShape(self.n_voices, self.n_classes, *PRESETS[self.preset])

    def train(self, songs: Sequence[VoiceSong], progress: Progress, work: Path | None) -> None:
        """Train the networks."""
        from classify.generation.networks import neighbour_training

        self.weights = neighbour_training.train(
            self.shape,
            songs,
            self.epochs or (QUICK_EPOCHS if self.quick else EPOCHS),
            self.seed,
            progress,
            work / "network" if work else None,
            QUICK_PLACES if self.quick else neighbour_training.PLACES_PER_SONG,
        )

    def draw(self, piece: Piece, about: NDArray[Any], random: np.random.Generator) -> Piece:
        """Draw all that is free again and again, as the temperature falls."""
        sampler, places = NeighbourSampler(self.shape, self.weights), places_of(about)

        def score(
            symbols: NDArray[np.int64], steps: NDArray[np.int64], voice: int
        ) -> NDArray[np.float32]:
            return sampler.scores(symbols, places, steps, voice)

        rounds = QUICK_ROUNDS if self.quick else ROUNDS
        return gibbs.pseudo_sample(score, piece, random, rounds, 1.0, self.doubtful, MORE_ROUNDS)

    def nats(self, song: VoiceSong, known: NDArray[np.bool_], step: int, voice: int) -> float:
        """Say how improbable what a voice does is: begin a pitch, hold, or be silent."""
        symbols = song.symbols(self.shape.hold)
        sampler = NeighbourSampler(self.shape, self.weights)
        scores = sampler.scores(symbols, song.places, np.array([step]), voice)[0].astype(np.float64)
        return float(np.logaddexp.reduce(scores) - scores[symbols[step, voice]])

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of each weight, by its name."""
        return self.shape.shapes()


GENERATOR = DeepBach
