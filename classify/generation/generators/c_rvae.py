"""C-RVAE: convolutions over each bar and recurrent latent variables (Koh, Wright and Dubnov 2018).

"Rethinking recurrent latent variable model for music composition", MMSP 2018, and the workshop
paper before it. A bar is a piano roll; convolutions make a few numbers of it; a bidirectional GRU
codes the bars of a sequence as one vector, and a decoder of two GRU layers goes over them again,
each bar behind the ones before. Their code has a decoder in both directions, whose backward half
reads the bar that it is to predict: likelihoods look fine, and what it writes by itself is poor.
Here the decoder goes forward; theirs is `c-rvae-as-published`, so that a report shows what the
fault costs. `c-rvae-step` has a latent vector for each bar, as the paper says and Chung et al.
(2015) do.

What differs: a frame says where notes begin and where they sound, and how loud (`latent.rolls`);
cells begin silent, and half of the frames before are hidden from the decoder in training, so that
it asks its vector. Sizes of the preset `small` are ours, and its vectors are normalised to be apart
from the first batch on; the published sizes are the preset `paper`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classify.generation.latent import phrases, rolls
from classify.generation.latent.frame_architecture import FEWEST_STEPS, FrameArchitecture
from classify.generation.latent.frame_coder import FrameCoder
from classify.generation.latent.latent_generator import LatentGenerator
from classify.generation.latent.points import Point, note_agreement, of_the_middle
from classify.generation.latent.rolls import ALL, KEYS, LOWEST, Roll
from classify.generation.latent.training import Example
from classify.generation.request import Request
from classify.progress import Progress
from classify.songs import Song

Floats = NDArray[np.float32]


class CRVAE(LatentGenerator):
    """Convolutions and GRUs over bars, with one latent vector for a sequence of them.

    Parameters
    ----------
    epochs, seed, quick
        As all generators with a space have them.
    preset : {"small", "paper"}
        Size of the network.
    beta : float
        Weight of the KL divergence.
    free_bits : float
        Divergence of a sequence, in bits, that costs nothing.
    """

    TITLE = "C-RVAE"
    STEP: ClassVar[bool] = False
    LEAKS: ClassVar[bool] = False
    FORGETS: ClassVar[float] = 0.5
    EPOCHS = 40
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "small": {"bars": 8, "filters": (12, 12, 16, 16, 16, 16), "dense": 160, "features": 64,
                  "latent": 64, "hidden": 128},
        "paper": {"bars": 16, "filters": (64, 32, 32, 32, 32, 32), "dense": 1000, "features": 350,
                  "latent": 350, "hidden": 350},
    }  # fmt: skip
    QUICK: ClassVar[dict[str, Any]] = {"bars": 2, "filters": (4,) * 6, "dense": 12, "features": 8,
                                       "latent": 6, "hidden": 12}  # fmt: skip

    ARCHITECTURE = FrameArchitecture

    architecture: FrameArchitecture

    def __init__(
        self,
        epochs: int | None = None,
        seed: int = 0,
        quick: bool = False,
        preset: str = "small",
        beta: float = 0.2,
        free_bits: float = 32.0,
    ) -> None:
        super().__init__(epochs, seed, quick, preset)
        self.beta, self.free_bits = beta, free_bits

    @classmethod
    def of_preset(
        cls, preset: str, metres: int = 1, bar_steps: int = FEWEST_STEPS
    ) -> FrameArchitecture:
        """Give the architecture of a preset, for so many metres and steps in a bar."""
        apart = preset == "small" and not cls.STEP
        return FrameArchitecture(bar_steps=bar_steps, metres=metres, step=cls.STEP, leaks=cls.LEAKS,
                                 apart_from_start=apart, **cls.PRESETS[preset])  # fmt: skip

    def layer(self) -> Any:
        """Make the layer of Keras that says what sequences cost."""
        from classify.generation.networks.phrase_network import Objective

        objective = Objective(self.beta, self.free_bits, forgets=self.FORGETS)
        return self.module().FrameNetwork(self.architecture, objective, self.seed)

    def module(self) -> Any:
        """Give the module of networks over frames."""
        from classify.generation.networks import frame_network

        return frame_network

    def teach(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Train the network."""
        del moods
        longest = max(phrases.length_of((n, d)) for n, d in self.metres)
        self.architecture = self.of_preset(
            self.preset, len(self.metres), max(FEWEST_STEPS, longest)
        )
        if self.quick:
            self.architecture = replace(self.architecture, **self.QUICK)
        known = [roll for song in songs if (roll := rolls.encode(song, self.bar_steps))]
        self.programs = {
            ALL: Counter((roll.programs or {})[ALL] for roll in known).most_common(1)[0][0]
        }
        examples = [Example(self._cut_of(roll), self.phrase_bars) for roll in known]
        self.train_network(examples, progress, work)

    def _cut_of(self, roll: Roll) -> Any:
        def cut(first: int) -> tuple[NDArray[Any], ...]:
            frames, loudness, counts = rolls.cut(roll, self.phrase_bars, first)
            return (frames, loudness.astype(np.int32), counts.astype(np.float32),
                    self.metre_marks(roll.metre, len(frames)))  # fmt: skip

        return cut

    @property
    def bar_steps(self) -> int:
        """Steps that a frame has room for."""
        return self.architecture.bar_steps

    @property
    def coder(self) -> FrameCoder:
        """Encoder and decoder."""
        return FrameCoder(self.architecture, self.weights)

    def read(self, song: Song) -> Roll:
        """Write a song as a roll.

        Raises
        ------
        InputError
            If it has no beats or notes, or a time signature that was not learned.
        """
        return self.checked(song, rolls.encode(song, self.bar_steps))

    def encode(self, song: Song) -> Point:
        """Give a song's place."""
        roll = self.read(song)
        frames, _, _ = rolls.cut(roll, self.phrase_bars)
        z, _ = self.coder.encode(frames, self.metre_marks(roll.metre, len(frames)))
        return Point(z, roll.n_bars, roll.metre, roll.shift, roll.tempo, roll.programs, roll.title)

    def played(self, written: Roll) -> Song:
        """Make the song of a roll."""
        return rolls.decode(written)

    def write(
        self, point: Point, random: np.random.Generator | None, request: Request | None
    ) -> Roll:
        """Write the roll of a place."""
        length, n = phrases.length_of(point.metre), len(point.z)
        metre = self.metre_marks(point.metre, n)
        allowed, heard = None, np.zeros((n, self.phrase_bars), bool)
        if request:
            pitch = np.arange(KEYS) + LOWEST + point.shift
            high = 127 if request.high is None else request.high
            allowed = (pitch >= (request.low or 0)) & (pitch <= high)
            heard.flat[[0, point.bars - 1]] = True
        begins, sounds, loudness = self.coder.decode(point.z, metre, length, allowed, heard, random)
        begins, sounds = (p.reshape(-1, *p.shape[2:])[: point.bars] for p in (begins, sounds))
        loudness = loudness.reshape(-1, loudness.shape[2])[: point.bars]
        if request and request.loudness is not None:
            struck = begins.any(axis=-1)
            mean = float((loudness * begins.sum(axis=-1)).sum() / max(1, begins.sum()))
            wanted = (request.loudness - phrases.BIN / 2) / phrases.BIN
            moved = (loudness + round(wanted - mean)).clip(0, phrases.LOUDNESS - 1)
            loudness = np.where(struck, moved, 0)
        return Roll(begins, sounds, loudness, point.metre, point.shift, point.tempo,
                    point.programs, point.title)  # fmt: skip

    def nats(self, song: Song, z: Floats) -> float:
        """Say how improbable a song's frames are, in nats a sequence."""
        roll = self.read(song)
        frames, loudness, counts = rolls.cut(roll, self.phrase_bars)
        metre = self.metre_marks(roll.metre, len(frames))
        length = phrases.length_of(roll.metre)
        found = self.coder.nats(z, frames, loudness, metre, length, own=False)
        return float(found[counts].sum()) / len(frames)

    def reconstruction(self, song: Song, point: Point) -> dict[str, float]:
        """Measure how well a song is written again, and how improbable its frames are.

        In nats a frame, where the decoder reads the true frames before each, and where it reads
        those that it wrote itself.
        """
        roll = self.read(song)
        true = rolls.decode(roll)
        again, middle = (
            rolls.decode(self.write(place, None, None))
            for place in (point, of_the_middle(point, self.spots[""][0]))
        )
        frames, loudness, counts = rolls.cut(roll, self.phrase_bars)
        metre = self.metre_marks(roll.metre, len(frames))
        length = phrases.length_of(roll.metre)
        told, free = (
            float(self.coder.nats(point.z, frames, loudness, metre, length, own)[counts].mean())
            for own in (False, True)
        )
        return {
            "notes": note_agreement(true, again),
            "notes of the middle": note_agreement(true, middle),
            "nats, true ones read": told,
            "nats, own ones read": free,
            "nats, gap": free - told,
        }


GENERATOR = CRVAE
