"""What a convolution network over piano rolls of voices looks like, as training and sampling need.

The network of Coconet (Huang et al. 2017), made small. It reads steps × pitches × channels: a roll
for each voice, in which only what is known sounds; for each voice, which steps are known; and, if
it tells repeated notes from held ones, where known notes begin. Convolutions in residual blocks (He
et al. 2016) follow, each with batch normalisation. What is ours: most blocks see four steps as one,
which costs a quarter and reaches four times as far; what they say is added to what a convolution
says of single steps, and the last block sees single steps again. The first kernel spans two
octaves, so that octaves and fifths between voices are near.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

#: Steps that the deep part sees as one: those of a quarter note, on a grid of sixteenths.
STRIDE = 4


@dataclass(frozen=True)
class Layer:
    """A convolution with batch normalisation, and a rectifier but where a block adds its input.

    Parameters
    ----------
    name : str
        In the network.
    kernel : (int, int)
        Steps and pitches that it sees.
    channels, filters : int
        Read and given.
    """

    name: str
    kernel: tuple[int, int]
    channels: int
    filters: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of its kernel's weights."""
        return *self.kernel, self.channels, self.filters


@dataclass(frozen=True)
class RollShape:
    """Size of a network.

    Parameters
    ----------
    voices : int
        Parts of the music, the highest first.
    lowest : int
        MIDI pitch of class 1; class 0 is silence.
    classes : int
        Pitches and silence.
    attacks : bool
        Whether notes that are repeated are told from notes that are held.
    filters : int
        Channels of every layer within.
    deep, after : int
        Residual blocks of two layers: on joined steps, and on single ones after them.
    reach : int
        Pitches that the first kernel sees, an odd number.

    Examples
    --------
    >>> RollShape(4, 36, 47).n_weights <= 200_000
    True
    """

    voices: int
    lowest: int
    classes: int
    attacks: bool = False
    filters: int = 32
    deep: int = 7
    after: int = 1
    reach: int = 25

    @property
    def n_read(self) -> int:
        """Channels that are read: rolls, what is known, and where notes begin."""
        return self.voices * (3 if self.attacks else 2)

    @property
    def n_given(self) -> int:
        """Channels that are given: scores of pitches, and of notes that begin."""
        return self.voices * (2 if self.attacks else 1)

    def layers(self) -> Iterator[Layer]:
        """Give all layers in order but the last."""
        n = self.filters
        yield Layer("near", (3, 3), self.n_read, n)
        yield Layer("join", (STRIDE, self.reach), self.n_read, n)
        yield from self._blocks("deep", self.deep)
        yield Layer("part", (1, 1), n, STRIDE * n)
        yield from self._blocks("after", self.after)

    def _blocks(self, name: str, count: int) -> Iterator[Layer]:
        for block in range(count):
            for half in "ab":
                yield Layer(f"{name}{block}{half}", (3, 3), self.filters, self.filters)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of each weight when normalisation has been folded into its layer."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in self.layers():
            shapes |= {layer.name: layer.shape, f"{layer.name}.bias": (layer.filters,)}
        shapes["rows"] = self.classes, self.filters  # added to each pitch beside both parts' sum
        shapes["last"] = 3, 3, self.filters, self.n_given
        shapes["last.bias"] = (self.classes, self.n_given)
        return shapes

    @property
    def n_weights(self) -> int:
        """Weights that are learned: kernels, two for each normalised channel, and biases."""
        from math import prod

        folded = sum(prod(shape) for shape in self.shapes().values())
        return folded + sum(layer.filters for layer in self.layers())

    def as_values(self) -> dict[str, Any]:
        """Give it as values that JSON holds."""
        return asdict(self)

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> Self:
        """Make one of what `as_values` gave."""
        return cls(**values)
