"""Stretches of a piece that are to be written: their samplers, or why there can be none."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from classify.generation import constraints
from classify.generation.chain import Chain, Floats
from classify.generation.sampling import Impossible, Sampler
from classify.generation.weights import Weights


def sampler(
    chain: Chain,
    weights: Mapping[str, Weights],
    ticks: slice,
    starts: Sequence[int],
    last: Floats,
    bars: NDArray[np.int64],
) -> Sampler:
    """Sample a stretch of a piece.

    Parameters
    ----------
    chain : Chain
        What is sampled.
    weights : mapping of str to ndarray
        Wishes by their names, each a row a tick of the whole piece, or one row for all.
    ticks : slice
        The stretch.
    starts, last
        As a `Sampler` takes them.
    bars : ndarray of int, shape (n_ticks,)
        The bar, from 1 on, of each tick of the piece.

    Raises
    ------
    Unmet
        If nothing satisfies all wishes.
    """
    here = {name: w if len(w) == 1 else w[ticks] for name, w in weights.items()}
    try:
        together = constraints.combined(here, ticks.stop - ticks.start, len(chain.symbols))
        return Sampler(chain, together, starts, last)
    except Impossible:
        raise Unmet(chain, here, starts, last, bars[ticks]) from None


class Unmet(Impossible):
    """No music satisfies all wishes; it takes some time to say why."""

    def __init__(
        self,
        chain: Chain,
        weights: Mapping[str, Weights],
        starts: Sequence[int],
        last: Floats,
        bars: NDArray[np.int64],
    ) -> None:
        self.chain, self.weights, self.bars = chain, weights, bars
        self.starts, self.last = starts, last

    def reason(self, what: str = "melody") -> str:
        """Say in which bar all fails, and without which wish there would be music."""
        n_ticks = len(self.bars)
        together = constraints.combined(self.weights, n_ticks, len(self.chain.symbols))
        reached = constraints.reach(self.chain, together, self.starts)
        bar = self.bars[min(reached, n_ticks - 1)]
        names = constraints.culprits(self.chain, self.weights, n_ticks, self.starts, self.last)
        one = f"without {' or '.join(names)} there is one" if names else (
            "no single wish is the reason")  # fmt: skip
        return f"no {what} satisfies all wishes: all fail in bar {bar} or before; {one}"
