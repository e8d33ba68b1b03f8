"""Counterpoint by convolution: an orderless network over rolls of voices, of Coconet's kind.

Huang et al. 2017, with at most 200,000 weights where theirs has 9.2 million: residual blocks with
batch normalisation, hidden notes as theirs (`classify.generation.networks.roll_training`), and
blocked Gibbs sampling with annealed masking (`classify.generation.gibbs`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation import gibbs
from classify.generation.gibbs import Piece
from classify.generation.networks.roll_sampler import RollSampler
from classify.generation.networks.roll_shape import RollShape
from classify.generation.networks.voice_generator import MORE_ROUNDS, VoiceGenerator
from classify.generation.networks.voice_songs import VoiceSong
from classify.progress import Progress

#: Passes over the songs, with so many pieces of each, and rounds of sampling; for a quick look.
EPOCHS, PIECES, ROUNDS = 40, 4, 48
QUICK_EPOCHS, QUICK_ROUNDS = 2, 16

#: Below 1, what is likely becomes likelier.
TEMPERATURE = 0.9


class Coconet(VoiceGenerator):
    """An orderless convolution network."""

    TITLE = "Coconet"
    HIDES = True

    @property
    def shape(self) -> RollShape:
        """Of the network."""
        size = (8, 1, 0) if self.quick else (32, 7, 1)
        return RollShape(self.n_voices, self.lowest, self.n_classes, True, *size)

    def train(self, songs: Sequence[VoiceSong], progress: Progress, work: Path | None) -> None:
        """Train the network."""
        from classify.generation.networks import roll_training

        self.weights, _ = roll_training.train(
            self.shape,
            songs,
            self.epochs or (QUICK_EPOCHS if self.quick else EPOCHS),
            self.seed,
            progress,
            work / "network" if work else None,
            pieces_per_song=1 if self.quick else PIECES,
        )

    def draw(self, piece: Piece, about: NDArray[Any], random: np.random.Generator) -> Piece:
        """Draw all that is free, again and again, less of it each time."""
        sampler = RollSampler(self.shape, self.weights)
        rounds = QUICK_ROUNDS if self.quick else ROUNDS
        return gibbs.sample(
            sampler.scores, piece, random, rounds, TEMPERATURE, self.doubtful, MORE_ROUNDS
        )

    def nats(self, song: VoiceSong, known: NDArray[np.bool_], step: int, voice: int) -> float:
        """Say how improbable a pitch is, and where all else is known that it begins or is held."""
        scores = RollSampler(self.shape, self.weights).scores(song.classes, known, song.begins)
        pitches, begins = np.split(scores[step, voice].astype(np.float64), 2)
        true, before = song.classes[step, voice], song.classes[step - 1, voice] if step else 0
        nats = float(np.logaddexp.reduce(pitches) - pitches[true])
        if (~known).sum() == 1 and true > 0 and true == before:
            nats += float(np.logaddexp(0, begins[true]) - song.begins[step, voice] * begins[true])
        return nats

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of each weight, by its name."""
        return self.shape.shapes()


GENERATOR = Coconet
