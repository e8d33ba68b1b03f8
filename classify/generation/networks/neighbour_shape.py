"""What DeepBach's networks look like, as training and sampling need (Hadjeres et al. 2017).

There is a network for each voice. It reads the steps before a place and those behind it, all
voices, by two stacks of LSTMs, each of which ends beside the place; a perceptron reads the other
voices of the place itself; another joins the three and scores what the voice may do there: begin a
pitch, be silent or hold. Sizes of `paper` are those of the authors' first program. What is ours:
networks know the step of the bar, where theirs know the step of the beat and fermatas, which MIDI
files do not have.
"""

from dataclasses import asdict, dataclass
from math import prod
from typing import Any, Self

from classify.generation.networks.voice_songs import PLACES

#: Steps before and behind a place that are read.
REACH = 16


@dataclass(frozen=True)
class NeighbourShape:
    """Size of the networks.

    Parameters
    ----------
    voices : int
        Parts of the music, a network each.
    classes : int
        Pitches and silence. Two symbols follow: `hold`, and `outside` of the song.
    embedding, units, dense, layers : int
        Size of what is made of a step's symbols, of LSTMs, of perceptrons, and LSTMs in a stack.

    Examples
    --------
    >>> NeighbourShape(4, 47, 200, 200, 200, 2).n_weights // 1000
    6284
    """

    voices: int
    classes: int
    embedding: int = 48
    units: int = 64
    dense: int = 64
    layers: int = 1

    @property
    def hold(self) -> int:
        """The symbol of a voice that holds its note."""
        return self.classes

    @property
    def outside(self) -> int:
        """The symbol of all voices before a song begins and behind its end."""
        return self.classes + 1

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of each weight; networks first, those that read forwards and backwards."""
        n, symbols, both = self.voices, self.classes + 2, 2 * self.voices
        shapes: dict[str, tuple[int, ...]] = {
            "steps": (both, n, symbols, self.embedding),
            "places": (both, PLACES, self.embedding),
            "steps.bias": (both, self.embedding),
        }
        read = self.embedding
        for layer in range(self.layers):
            shapes |= {
                f"{layer}.kernel": (both, read, 4 * self.units),
                f"{layer}.recurrent": (both, self.units, 4 * self.units),
                f"{layer}.gates": (both, 4 * self.units),
            }
            read = self.units
        dense = self.dense
        return shapes | {
            "others": (n, n - 1, symbols, dense),
            "place": (n, PLACES, dense),
            "others.bias": (n, dense),
            "centre": (n, dense, dense),
            "centre.bias": (n, dense),
            "joined": (n, 2 * self.units + dense, dense),
            "joined.bias": (n, dense),
            "score": (n, dense, self.classes + 1),
            "score.bias": (n, self.classes + 1),
        }

    @property
    def n_weights(self) -> int:
        """Weights of all networks."""
        return sum(prod(shape) for shape in self.shapes().values())

    def as_values(self) -> dict[str, Any]:
        """Give it as values that JSON holds."""
        return asdict(self)

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> Self:
        """Make one of what `as_values` gave."""
        return cls(**values)
