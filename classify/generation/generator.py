"""The contract of generators: songs in, new songs out, as they were asked for or refused.

A generator is one file in `classify/generation/generators/`, found there by its name. Same
generator, request and seed: the same song, to the byte.
"""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation import generators
from classify.generation.request import Request
from classify.songs import Song

#: What a generator is saved as: arrays, and plain values that JSON holds.
State = tuple[dict[str, NDArray[Any]], dict[str, Any]]


class Generator(ABC):
    """Learns from songs, and makes new ones.

    Attributes
    ----------
    TITLE : str
        What people call it.
    KEEPS : frozenset of str
        The wishes of a `Request` that it keeps without exception; it refuses all others.
    """

    TITLE: ClassVar[str]
    KEEPS: ClassVar[frozenset[str]]

    @abstractmethod
    def fit(self, songs: Sequence[Song], moods: Sequence[str] | None = None) -> "Generator":
        """Learn from songs.

        Parameters
        ----------
        songs : sequence of Song
            At least one that can be learned from.
        moods : sequence of str, optional
            The mood of each.

        Returns
        -------
        Generator
            Itself.

        Raises
        ------
        InputError
            If nothing can be learned from them.
        """

    def generate(self, request: Request, seed: int) -> Song:
        """Make one song.

        Raises
        ------
        InputError
            If it cannot keep one of the wishes, or if no song satisfies all of them: with the
            wish, and where there is one the bar, that stands in the way.
        """
        for name in sorted(request.asked - self.KEEPS):
            raise InputError(
                f"{self.TITLE} cannot keep the wish for {name}; it keeps "
                f"{', '.join(sorted(self.KEEPS))}"
            )
        return self.compose(request, np.random.default_rng(seed))

    @abstractmethod
    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Make one song that keeps all wishes; `generate` has refused those that it cannot keep."""

    @abstractmethod
    def state(self) -> State:
        """Give everything that was learned."""

    @classmethod
    @abstractmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "Generator":
        """Make a generator of what `state` gave."""


def find() -> dict[str, type[Generator]]:
    """Find every generator by its name on the command line.

    Examples
    --------
    >>> "markov" in find()
    True
    """
    modules = {
        info.name.replace("_", "-"): importlib.import_module(f"{generators.__name__}.{info.name}")
        for info in pkgutil.iter_modules(generators.__path__)
    }
    return {name: module.GENERATOR for name, module in modules.items()}
