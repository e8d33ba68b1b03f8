"""What a network over rows looks like, which its training and its sampling both have to know."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Added to the score of what must not be seen: e to this is 0.
NEVER = -1e9


@dataclass(frozen=True)
class Relative:
    """A field whose classes are pitches, seen from another pitch that is known already.

    Parameters
    ----------
    field : int
        The field that is predicted.
    other : int
        The field it is compared with.
    lag : int
        In how many rows before; 0 for the same row, where `other` must stand before `field`.
    """

    field: int
    other: int
    lag: int


@dataclass(frozen=True)
class Architecture:
    """A causal network over rows of several fields: attention, or LSTMs.

    Each row is read as the sum of its fields' embeddings. What the rows so far say is a vector, and
    the fields of the next row are predicted from it one after another, each knowing those before
    it, so that a row's probability is exact however many fields it has.

    LSTMs (`trunk` is "lstm") may have a convolution over the last rows in front of them. Attention
    knows places by distance alone: in rows, and in time (the relative positions of Shaw
    et al. 2018 and Huang et al. 2019, as a learned bias for each head and distance). Pitches are
    predicted as pitches and, added to that, as steps from pitches that are known, which needs no
    learning again in each key.

    Parameters
    ----------
    fields : tuple of int
        Classes of each field.
    pitches : int
        Classes of a pitch field that are pitches; any others have no height.
    relative : tuple of Relative
        From where pitches are seen.
    extras : tuple of int
        Classes of each further number that is known of a row before it is predicted.
    conditions : int
        Length of the vector that is known of the whole song.
    trunk : {"attention", "lstm"}
        What joins rows.
    convolution : int
        Rows that a convolution in front of LSTMs sees; 0 for none.
    regression : bool
        Whether the first field is predicted as a number, by its mean squared error with a variance
        that is learned, and not as a class.
    units, heads, layers : int
        Size.
    context : int
        Rows that are seen at most.
    longest : int
        Distance in time from which on all are one.
    dropout : float
        In training.
    """

    fields: tuple[int, ...]
    pitches: int = 0
    relative: tuple[Relative, ...] = ()
    extras: tuple[int, ...] = ()
    conditions: int = 0
    trunk: str = "attention"
    convolution: int = 0
    regression: bool = False
    units: int = 128
    heads: int = 4
    layers: int = 3
    context: int = 256
    longest: int = 256
    dropout: float = field(default=0.1)

    def buckets(self) -> NDArray[np.int32]:
        """Give the class of each distance in time, 0 to `longest`: all up to 64, then in eighths.

        >>> Architecture((2,), longest=256).buckets()[[0, 64, 65, 256]].tolist()
        [0, 64, 65, 80]
        """
        distance = np.arange(self.longest + 1)
        coarse = 64 + np.ceil(8 * np.log2(np.maximum(distance, 64) / 64))
        return np.where(distance <= 64, distance, coarse).astype(np.int32)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of each weight, by its name.

        >>> len(Architecture((3, 5), layers=1).shapes())
        24
        """
        units, shapes = self.units, dict[str, tuple[int, ...]]()
        for k, n in enumerate(self.fields):
            shapes[f"read.{k}"] = n + 1, units  # the last one stands before the first row
        for k, n in enumerate(self.extras):
            shapes[f"extra.{k}"] = n, units
        if self.conditions:
            shapes["condition"] = self.conditions, units
        shapes |= self._attention() if self.trunk == "attention" else self._lstm()
        shapes["norm"] = 2, units
        for k, n in enumerate(self.fields):
            if k < len(self.fields) - 1:
                shapes[f"chosen.{k}"] = n, units
            shapes[f"head.{k}"] = units + 1, units
            shapes[f"class.{k}"] = units + 1, 2 if self.regression and not k else n
        for k in range(len(self.relative)):
            shapes[f"relative.{k}"] = units, 2 * self.pitches - 1
        return shapes

    def _lstm(self) -> dict[str, tuple[int, ...]]:
        units, shapes = self.units, dict[str, tuple[int, ...]]()
        if self.convolution:
            shapes |= {"conv.kernel": (self.convolution, units, units), "conv.bias": (units,)}
        for n in range(self.layers):
            shapes |= {
                f"{n}.kernel": (units, 4 * units),
                f"{n}.recurrent": (units, 4 * units),
                f"{n}.gates": (4 * units,),
            }
        return shapes

    def _attention(self) -> dict[str, tuple[int, ...]]:
        units = self.units
        shapes: dict[str, tuple[int, ...]] = {
            "rows": (self.context, self.heads),
            "times": (int(self.buckets()[-1]) + 1, self.heads),
        }
        for n in range(self.layers):
            shapes |= {
                f"{n}.norm": (2, units),
                f"{n}.qkv": (units, 3 * units),
                f"{n}.out": (units, units),
                f"{n}.norm2": (2, units),
                f"{n}.wide": (units, 2 * units),
                f"{n}.narrow": (2 * units, units),
                f"{n}.bias": (7 * units,),  # of these four, side by side
            }
        return shapes

    def as_values(self) -> dict[str, Any]:
        """Give it as values that JSON holds."""
        return asdict(self)

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> "Architecture":
        """Make one of what `as_values` gave.

        >>> one = Architecture((3, 5), 5, (Relative(1, 1, 1),))
        >>> Architecture.of_values(one.as_values()) == one
        True
        """
        values = dict(values)
        values["relative"] = tuple(Relative(**one) for one in values["relative"])
        return cls(**values | {name: tuple(values[name]) for name in ("fields", "extras")})
