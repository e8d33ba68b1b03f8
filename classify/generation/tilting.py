"""Soft wishes: symbols of a chain weighed so that a quantity is, in the mean, what is asked for.

Weights exp(factor * value) of each symbol keep the chain's sequences as likely beside each other as
they can be while the mean of the sum of the values is moved (exponential tilting). The logarithm of
the mass under the weights is the cumulant generating function of that sum, so that its first two
derivatives, the mean and the variance, need no sample: Newton's method finds the factor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.generation.chain import Chain, Floats
from classify.generation.request import Request
from classify.generation.sampling import Impossible, Passes

#: Steps of Newton's method, and the distance of the points that derivatives are taken from.
STEPS, DISTANCE = 4, 1e-3

#: Newton's method ends at a step smaller than this.
CLOSE = 0.02

#: Strongest weight of a symbol beside another one, as a logarithm.
STRONGEST = 4.0


@dataclass(frozen=True, eq=False)
class Target:
    """A quantity that is a sum over symbols.

    Parameters
    ----------
    name : str
        The knob.
    values : ndarray, shape (n_symbols,)
        What each symbol adds.
    total : float
        What the sum is to be in the mean.
    """

    name: str
    values: Floats
    total: float


def knob_targets(
    request: Request,
    begins: NDArray[np.bool_],
    pitch: NDArray[np.int64],
    centre: tuple[float, int],
    seconds: float,
) -> list[Target]:
    """Write the wishes for density, register and spread as sums over symbols.

    Parameters
    ----------
    request : Request
        The wishes.
    begins, pitch : ndarray, shape (n_symbols, n_voices)
        Whether each symbol begins a note in each voice, and which MIDI pitch.
    centre : (float, int)
        The usual mean pitch, and how many semitones higher than the symbols the music will be.
    seconds : float
        Length of what is weighed.
    """
    usual, shift = centre
    middle = usual if request.register is None else request.register - shift
    notes, targets = begins.astype(float), []
    if request.register is not None:
        targets.append(Target("register", (notes * (pitch - middle)).sum(axis=1), 0.0))
    if request.spread is not None:
        wide = notes * ((pitch - middle) ** 2 - request.spread**2)
        targets.append(Target("spread", wide.sum(axis=1), 0.0))
    if request.density is not None:
        targets.append(Target("density", notes.sum(axis=1), request.density * seconds))
    return targets


def tilts(chain: Chain, weights: Floats, targets: Sequence[Target]) -> dict[str, Floats]:
    """Weigh symbols towards targets, one after another.

    Parameters
    ----------
    chain : Chain
        What is sampled, from its beginning.
    weights : ndarray, shape (n_ticks, n_symbols)
        Constraints that hold besides; a few bars will do, since symbols weigh the same throughout.
    targets : sequence of Target
        In the order in which they are met; later ones may move earlier ones a little.

    Returns
    -------
    dict of str to ndarray, shape (1, n_symbols)
        By the knob's name; nothing where the constraints are impossible anyway.

    Examples
    --------
    >>> chain = Chain.fit(["abab", "aabb", "bbaa"], {"a": 1, "b": 1}, order=1)
    >>> target = Target("a", np.array([1.0, 0.0]), 1.0)
    >>> weights = tilts(chain, np.ones((4, 2)), [target])["a"]
    >>> round(_Sums(Passes(chain, np.ones((4, 2))), weights[0], target.values).mean(), 3)
    1.0
    """
    found: dict[str, Floats] = {}
    passes, tilt = Passes(chain, weights), np.ones(len(chain.symbols))
    for target in targets:
        largest = np.abs(target.values).max()
        if not largest:
            continue
        sums = _Sums(passes, tilt, target.values / largest)
        try:
            factor = _factor(sums, target.total / largest)
        except Impossible:
            return {}
        found[target.name] = np.exp(factor * sums.values)[np.newaxis]
        tilt = tilt * found[target.name][0]
    return found


@dataclass(frozen=True, eq=False)
class _Sums:
    """The sum over the symbols of a sample: its moments, if symbols are tilted towards it.

    Parameters
    ----------
    passes : Passes
        What is sampled.
    tilt : ndarray, shape (n_symbols,)
        How symbols are tilted anyway.
    values : ndarray, shape (n_symbols,)
        What each symbol adds, at most 1.
    """

    passes: Passes
    tilt: Floats
    values: Floats

    def mean(self, factor: float = 0.0) -> float:
        """Give the mean."""
        below, above = (self._log_mass(factor + way) for way in (-DISTANCE, DISTANCE))
        return (above - below) / (2 * DISTANCE)

    def moments(self) -> tuple[float, float]:
        """Give mean and variance without a tilt towards it."""
        below, here, above = (self._log_mass(way) for way in (-DISTANCE, 0.0, DISTANCE))
        return (above - below) / (2 * DISTANCE), (above - 2 * here + below) / DISTANCE**2

    def _log_mass(self, factor: float) -> float:
        """Give the logarithm of the mass of all samples; they may end anywhere."""
        chain, tilt = self.passes.chain, self.tilt * np.exp(factor * self.values)
        messages, scale = self.passes.backward(np.ones(chain.n_nodes), tilt)
        if not messages[0, chain.begin] > 0:
            raise Impossible
        return float(np.log(messages[0, chain.begin]) + scale[0])


def _factor(sums: _Sums, total: float) -> float:
    """Find the factor by Newton's method; after the first step, the variance is that of means."""
    factor, (mean, variance) = 0.0, sums.moments()
    for last in range(STEPS):
        if variance < 1e-9:
            break
        step = float(np.clip((total - mean) / variance, -1, 1))
        moved = float(np.clip(factor + step, -STRONGEST, STRONGEST)) - factor
        factor += moved
        if abs(moved) < CLOSE or last == STEPS - 1:
            break
        before, mean = mean, sums.mean(factor)
        variance = (mean - before) / moved
    return factor
