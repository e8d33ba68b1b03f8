"""What an autoencoder of frames looks like, which its training and its use both have to know."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from classify.generation.latent.architecture import Shapes, dense_shapes
from classify.generation.latent.phrases import LOUDNESS
from classify.generation.latent.rolls import KEYS

#: Height and width of the kernel of each convolution, and whether a pool of 2 x 2 follows.
CONVOLUTIONS = ((2, False), (2, True), (2, False), (2, True), (1, False), (1, True))

#: What is read of each cell of a frame.
CHANNELS = 3

#: Steps that the convolutions need.
FEWEST_STEPS = 16


@dataclass(frozen=True)
class FrameArchitecture:
    """Convolutions over each frame, and GRUs over frames with latent variables (Koh et al. 2018).

    Parameters
    ----------
    bars, bar_steps : int
        Frames of a sequence, and steps of a frame, at least `FEWEST_STEPS`.
    metres : int
        Time signatures that encoder and decoder are told.
    filters : tuple of int, length 6
        Of the convolutions.
    dense, features : int
        Units behind the convolutions, and numbers that stand for a frame.
    latent, hidden : int
        Length of a latent vector, and units of a GRU.
    layers : int
        Of the decoder.
    step : bool
        Whether each frame has a latent vector (Chung et al. 2015), rather than the sequence one.
    leaks : bool
        Whether the decoder goes over the frames in both directions: its backward half then reads
        the very frame that it is to predict. As published; a fault.
    apart_from_start : bool
        Whether latent vectors of sequences are normalised to be apart from the first batch on, so
        that they are no noise to the decoder (Zhu et al. 2020).

    Examples
    --------
    >>> FrameArchitecture(4, 16, 1, (2,) * 6, 8, 4, 4, 4).flat
    20
    """

    bars: int
    bar_steps: int
    metres: int
    filters: tuple[int, ...]
    dense: int
    features: int
    latent: int
    hidden: int
    layers: int = 2
    step: bool = False
    leaks: bool = False
    apart_from_start: bool = False

    @property
    def flat(self) -> int:
        """Numbers that the convolutions leave of a frame."""
        height, width = self.bar_steps, KEYS
        for size, pooled in CONVOLUTIONS:
            height, width = height - size + 1, width - size + 1
            if pooled:
                height, width = height // 2, width // 2
        return height * width * self.filters[-1]

    @property
    def written(self) -> int:
        """Cells of a frame."""
        return self.bar_steps * KEYS

    @property
    def vector(self) -> int:
        """Length of what stands for a sequence."""
        return self.latent * (self.bars if self.step else 1)

    def shapes(self) -> Shapes:
        """Give the shape of each weight, by its name."""
        shapes, width = Shapes(), CHANNELS
        for n, ((size, _), filters) in enumerate(zip(CONVOLUTIONS, self.filters, strict=True)):
            shapes |= {f"conv.{n}.kernel": (size, size, width, filters),
                       f"conv.{n}.bias": (filters,)}  # fmt: skip
            width = filters
        shapes |= dense_shapes("frame.dense", self.flat, self.dense)
        shapes |= dense_shapes("frame.code", self.dense, self.features)
        shapes |= self._by_step() if self.step else self._by_sequence()
        return shapes

    def _by_sequence(self) -> Shapes:
        shapes, read = Shapes(), self.features + self.metres
        for way in ("forward", "backward"):
            shapes |= gru_shapes(f"encoder.{way}", read, self.hidden)
        for name in ("mean", "spread"):
            shapes |= dense_shapes(name, 2 * self.hidden, self.latent)
        width = self.latent + read
        for n in range(self.layers):
            for way in ("forward", "backward")[: 1 + self.leaks]:
                shapes |= gru_shapes(f"decoder.{n}.{way}", width, self.hidden)
            width = self.hidden * (1 + self.leaks)
        return shapes | self._heads(width)

    def _by_step(self) -> Shapes:
        known = self.hidden + self.metres
        shapes = dense_shapes("prior.hidden", known, self.hidden)
        shapes |= dense_shapes("posterior.hidden", known + self.features, self.hidden)
        for name in ("prior.mean", "prior.spread", "mean", "spread"):
            shapes |= dense_shapes(name, self.hidden, self.latent)
        shapes |= dense_shapes("decoder.hidden", known + self.latent, self.hidden)
        shapes |= gru_shapes("recurrence", self.features + self.latent, self.hidden)
        return shapes | self._heads(self.hidden)

    def _heads(self, width: int) -> Shapes:
        shapes = dense_shapes("begins", width, self.written)
        shapes |= dense_shapes("sounds", width, self.written)
        return shapes | dense_shapes("loudness", width, self.bar_steps * LOUDNESS)

    @property
    def n_parameters(self) -> int:
        """Count all weights."""
        return sum(int(np.prod(shape)) for shape in self.shapes().values())

    def as_values(self) -> dict[str, Any]:
        """Give it as values that JSON holds."""
        return asdict(self)

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> "FrameArchitecture":
        """Make one of what `as_values` gave.

        >>> one = FrameArchitecture(4, 16, 1, (2,) * 6, 8, 4, 4, 4)
        >>> FrameArchitecture.of_values(one.as_values()) == one
        True
        """
        return cls(**values | {"filters": tuple(values["filters"])})


def gru_shapes(name: str, inputs: int, units: int) -> Shapes:
    """Give the shapes of a GRU's weights, in Keras's order."""
    return {f"{name}.kernel": (inputs, 3 * units), f"{name}.recurrent": (units, 3 * units),
            f"{name}.bias": (2, 3 * units)}  # fmt: skip
