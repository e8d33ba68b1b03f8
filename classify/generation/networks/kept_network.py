"""How a generator that is a network is kept: plain arrays, what they are of, and some facts."""

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from classify.generation.generator import Generator, State, check_shapes


class KeptNetwork(Generator):
    """A generator whose weights are plain arrays, so that a saved one needs no Keras.

    Attributes
    ----------
    ARCHITECTURE : type
        What describes the network: it has `as_values`, `of_values` and `shapes`.
    FACTS : tuple of str
        Attributes that JSON holds, and without which no song can be made.
    architecture : ARCHITECTURE
        The one that was trained.
    weights : dict of str to ndarray of float32
        By the names that `shapes` gives.
    """

    ARCHITECTURE: ClassVar[Any]
    FACTS: ClassVar[tuple[str, ...]] = ()

    architecture: Any
    weights: dict[str, NDArray[np.float32]]

    def state(self) -> State:
        """Give the weights, and what is known beside them."""
        facts = {name: getattr(self, name) for name in self.FACTS}
        return dict(self.weights), {"architecture": self.architecture.as_values(), "facts": facts}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> Self:
        """Make a generator of what `state` gave."""
        generator = cls()
        generator.architecture = cls.ARCHITECTURE.of_values(values["architecture"])
        check_shapes(arrays, generator.architecture.shapes())
        generator.weights = arrays
        for name in cls.FACTS:
            setattr(generator, name, values["facts"][name])
        return generator
