"""What an autoencoder of phrases looks like, which its training and its use both have to know."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from classify.generation.latent.phrases import LOUDNESS, SYMBOLS

#: Shapes of weights by their names.
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Architecture:
    """An encoder of phrases by bidirectional LSTMs, a latent vector, and a decoder by LSTMs.

    The decoder is flat, over all steps, or hierarchical: a conductor over bars says what each bar
    decoder begins with (Roberts et al. 2018). It reads what it wrote at the step before, or the
    latent vector alone (Valenti et al. 2020); all voices have one decoder, or one each. With each
    pitch its loudness is predicted, so that dynamics are part of what is learned.

    Parameters
    ----------
    voices, bars, bar_steps : int
        Of a phrase.
    metres : int
        Time signatures that encoder and decoder are told.
    latent : int
        Length of the latent vector.
    encoder, decoder : tuple of int
        Units of each layer, the encoder's in each direction.
    conductor : tuple of int
        Units of each layer of the conductor; none where the decoder is flat.
    conductor_output : int
        What the conductor says to a bar.
    feedback : bool
        Whether the decoder reads what it wrote.
    apart : bool
        Whether each voice has a decoder of its own.
    one_start : bool
        Whether all layers of all decoders begin with the same state, their hidden states and cells
        alike (Valenti et al. 2020), rather than each with its own; all are then of one size.
    apart_from_start : bool
        Whether the latent vector is made of the encoder's mean over all steps, its own mean
        normalised over each batch (Zhu et al. 2020), so that phrases lie apart from the first batch
        on; otherwise of the encoder's last states, as published.
    adversary : tuple of int
        Units of each hidden layer of a network that tells latent vectors of songs from those of
        the prior; none where there is no such network.
    labels : int
        What the adversary is told: moods, and that there is none.

    Examples
    --------
    >>> small = Architecture(1, 2, 16, 1, latent=4, encoder=(8,), decoder=(8,))
    >>> small.n_parameters == sum(int(np.prod(s)) for s in small.shapes().values())
    True
    """

    voices: int
    bars: int
    bar_steps: int
    metres: int
    latent: int
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    conductor: tuple[int, ...] = ()
    conductor_output: int = 0
    feedback: bool = True
    apart: bool = False
    one_start: bool = False
    apart_from_start: bool = False
    adversary: tuple[int, ...] = ()
    labels: int = 0

    @property
    def n_steps(self) -> int:
        """Steps of a phrase."""
        return self.bars * self.bar_steps

    @property
    def read(self) -> int:
        """Numbers that are read of a step: symbols and loudness of all voices, and the metre."""
        return self.voices * (SYMBOLS + 1) + self.metres

    @property
    def groups(self) -> list[list[int]]:
        """Voices that are written together."""
        voices = list(range(self.voices))
        return [[voice] for voice in voices] if self.apart else [voices]

    @property
    def stretch(self) -> int:
        """Steps that the decoder writes without being started again."""
        return self.bar_steps if self.conductor else self.n_steps

    @property
    def context(self) -> int:
        """Numbers that the decoder is told at every step."""
        return (self.conductor_output if self.conductor else self.latent) + self.metres

    def shapes(self) -> Shapes:
        """Give the shape of each weight, by its name."""
        shapes, width = Shapes(), self.read
        for n, units in enumerate(self.encoder):
            for way in ("forward", "backward"):
                shapes |= lstm_shapes(f"encoder.{n}.{way}", width, units)
            width = 2 * units
        for name in ("mean", "spread"):
            shapes |= dense_shapes(name, width, self.latent)
        if self.conductor:
            width = 1  # it reads zeros
            for n, units in enumerate(self.conductor):
                shapes |= dense_shapes(f"conductor.{n}.start", self.latent, 2 * units)
                shapes |= lstm_shapes(f"conductor.{n}", width, units)
                width = units
            shapes |= dense_shapes("conductor.output", width, self.conductor_output)
        if self.one_start:
            shapes |= dense_shapes("start", self.context, self.decoder[0])
        for g, voices in enumerate(self.groups):
            width = self.context + len(voices) * SYMBOLS * self.feedback
            for n, units in enumerate(self.decoder):
                if not self.one_start:
                    shapes |= dense_shapes(f"decoder.{g}.{n}.start", self.context, 2 * units)
                shapes |= lstm_shapes(f"decoder.{g}.{n}", width, units)
                width = units
            shapes |= dense_shapes(f"decoder.{g}.symbol", width, len(voices) * SYMBOLS)
            shapes |= dense_shapes(f"decoder.{g}.loudness", width, len(voices) * LOUDNESS)
        if self.adversary:
            width = self.latent + self.labels
            for n, units in enumerate((*self.adversary, 1)):
                shapes |= dense_shapes(f"adversary.{n}", width, units)
                width = units
        return shapes

    @property
    def n_parameters(self) -> int:
        """Count all weights."""
        return sum(int(np.prod(shape)) for shape in self.shapes().values())

    def as_values(self) -> dict[str, Any]:
        """Give it as values that JSON holds."""
        return asdict(self)

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> "Architecture":
        """Make one of what `as_values` gave.

        >>> one = Architecture(1, 2, 16, 1, 4, (8,), (8, 8))
        >>> Architecture.of_values(one.as_values()) == one
        True
        """
        tuples = {"encoder", "decoder", "conductor", "adversary"}
        given: dict[str, Any] = {n: tuple(v) if n in tuples else v for n, v in values.items()}
        return cls(**given)


def lstm_shapes(name: str, inputs: int, units: int) -> Shapes:
    """Give the shapes of an LSTM's weights, in Keras's order."""
    return {f"{name}.kernel": (inputs, 4 * units), f"{name}.recurrent": (units, 4 * units),
            f"{name}.bias": (4 * units,)}  # fmt: skip


def dense_shapes(name: str, inputs: int, units: int) -> Shapes:
    """Give the shapes of a dense layer's weights."""
    return {f"{name}.kernel": (inputs, units), f"{name}.bias": (units,)}


def parts_of(names: Any) -> dict[str, list[str]]:
    """Group names of weights by their layer.

    >>> parts_of(["mean.kernel", "mean.bias"])
    {'mean': ['kernel', 'bias']}
    """
    layers = dict[str, list[str]]()
    for name in names:
        layer, _, part = name.rpartition(".")
        layers.setdefault(layer, []).append(part)
    return layers
