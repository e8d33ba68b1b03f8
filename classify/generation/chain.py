"""A Markov chain of variable order, and exact samples of it under constraints.

A chain is learned as a finite automaton. Its nodes are contexts: the last symbols of a song, as
many as were followed by more than one symbol in the songs it was learned from, so that a long
context is used only where it leaves a choice. Symbols last a number of ticks.

Constraints are weights: how much a symbol that begins at a tick is wanted there, 0 where it is
forbidden. A pass from the end of the piece to its beginning computes, for each tick and node, the
probability of everything that may still follow; a walk from the beginning that multiplies the
chain's own probabilities with it draws from the *exact* conditional distribution, without a
rejection (Pachet, Roy and Barbieri, "Finite-length Markov processes with constraints", IJCAI 2011;
here with symbols of several lengths and contexts of several orders).
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

#: Stands before the first symbol of a song.
BEGIN = -1

#: Stands behind the last symbol of a song.
END = -2

Floats = NDArray[np.float64]
Context = tuple[int, ...]


class Impossible(Exception):
    """No sequence satisfies the constraints."""


@dataclass(frozen=True, eq=False)
class Chain:
    """A Markov chain of variable order, as an automaton.

    Parameters
    ----------
    symbols : tuple of hashable
        What each number of a symbol means.
    ticks : ndarray of int, shape (n_symbols,)
        How long each symbol lasts, 1 or more.
    contexts : tuple of tuple of int
        The context that each node stands for: numbers of symbols, `BEGIN` for the start.
    first : ndarray of int, shape (n_nodes + 1,)
        The edges of node i are those from `first[i]` to `first[i + 1]`.
    symbol, target : ndarray of int, shape (n_edges,)
        What an edge writes, and the node it leads to.
    probability : ndarray, shape (n_edges,)
        Of each edge at its node. Those of a node and its `end` sum to 1.
    end : ndarray, shape (n_nodes,)
        Probability that a song ends there.
    """

    symbols: tuple[Any, ...]
    ticks: NDArray[np.int64]
    contexts: tuple[Context, ...]
    first: NDArray[np.int64]
    symbol: NDArray[np.int64]
    target: NDArray[np.int64]
    probability: Floats
    end: Floats

    @classmethod
    def fit(
        cls,
        songs: Iterable[Sequence[Hashable]],
        ticks: Mapping[Any, int],
        order: int = 3,
        choices: int = 2,
    ) -> "Chain":
        """Learn a chain.

        Parameters
        ----------
        songs : iterable of sequence of hashable
            Symbols of each song, in order.
        ticks : dict of hashable to int
            How long each symbol lasts.
        order : int
            Symbols in the longest context.
        choices : int
            A context of two symbols or more is used where it was followed by at least so many
            different ones.

        Examples
        --------
        >>> chain = Chain.fit(["abcabd"], dict.fromkeys("abcd", 1), order=2)
        >>> [[chain.symbols[i] if i >= 0 else "^" for i in c] for c in chain.contexts]
        [[], ['^'], ['a'], ['b'], ['c'], ['d'], ['a', 'b']]
        """
        names = tuple(ticks)
        number = {name: i for i, name in enumerate(names)}
        counts: dict[Context, Counter[int]] = defaultdict(Counter)
        for song in songs:
            sequence = [BEGIN, *(number[name] for name in song), END]
            for place in range(1, len(sequence)):
                for length in range(min(order, place) + 1):
                    counts[tuple(sequence[place - length : place])][sequence[place]] += 1
        kept = [c for c, after in counts.items() if len(after) >= choices or len(c) < 2]
        kept.sort(key=lambda context: (len(context), context))
        return _automaton(names, np.array([ticks[name] for name in names]), kept, counts, order)

    @property
    def n_nodes(self) -> int:
        """How many contexts there are."""
        return len(self.contexts)

    @property
    def begin(self) -> int:
        """The node at which songs begin."""
        return self.contexts.index((BEGIN,)) if (BEGIN,) in self.contexts else 0  # of order 0

    def node(self, before: Sequence[Hashable], *, begins: bool = False) -> int:
        """Give the node that is reached after some symbols.

        Parameters
        ----------
        before : sequence of hashable
            Symbols that came before, the last one at the end; unknown ones are allowed.
        begins : bool
            Whether the first of them is the first of its song.
        """
        number = {name: i for i, name in enumerate(self.symbols)}
        places = {context: i for i, context in enumerate(self.contexts)}
        sequence = (BEGIN,) * begins + tuple(number.get(name, END) for name in before)
        return _longest(sequence, places, max(map(len, self.contexts)))

    def edges(self, node: int) -> slice:
        """Give the edges that leave a node."""
        return slice(self.first[node], self.first[node + 1])


def _automaton(
    names: tuple[Any, ...],
    ticks: NDArray[np.int64],
    kept: list[Context],
    counts: dict[Context, Counter[int]],
    order: int,
) -> Chain:
    places = {context: i for i, context in enumerate(kept)}
    first, symbol, target, probability = [0], list[int](), list[int](), list[float]()
    end = np.zeros(len(kept))
    for place, context in enumerate(kept):
        after = counts[context]
        total = after.total()
        end[place] = after[END] / total
        for number, count in sorted(after.items()):
            if number != END:
                symbol.append(number)
                target.append(_longest((*context, number), places, order))
                probability.append(count / total)
        first.append(len(symbol))
    edges = [np.array(x, np.int64) for x in (first, symbol, target)]
    return Chain(
        names, ticks, tuple(kept), edges[0], edges[1], edges[2], np.array(probability), end
    )


def _longest(sequence: Context, places: dict[Context, int], order: int) -> int:
    """Find the longest end of a sequence that is a context."""
    for length in range(min(order, len(sequence)), 0, -1):
        if (place := places.get(sequence[-length:])) is not None:
            return place
    return places[()]


class Sampler:
    """Samples of a chain under constraints, all from the exact conditional distribution.

    Parameters
    ----------
    chain : Chain
        What is sampled.
    weights : ndarray, shape (n_ticks, n_symbols)
        How much each symbol is wanted at each tick at which it may begin, 0 or more; with 1
        throughout, samples are those of the chain that last exactly `n_ticks`.
    start : int, optional
        The node to begin at; that of a song's beginning unless given.
    last : ndarray, shape (n_nodes,), optional
        How much each node is wanted at the end; the probability that a song ends there unless
        given.

    Raises
    ------
    Impossible
        If nothing satisfies the constraints.

    Examples
    --------
    >>> chain = Chain.fit(["abab", "aabb"], {"a": 1, "b": 1}, order=1)
    >>> weights = np.ones((3, 2))
    >>> weights[1] = [0, 1]
    >>> round(float(np.exp(Sampler(chain, weights).log_mass)), 4)
    0.0937
    """

    def __init__(
        self,
        chain: Chain,
        weights: Floats,
        start: int | None = None,
        last: Floats | None = None,
    ) -> None:
        self.chain, self.weights = chain, weights
        self.start = chain.begin if start is None else start
        self.messages, self.scale = self._backward(chain.end if last is None else last)
        if not self.messages[0, self.start] > 0:
            raise Impossible

    @property
    def log_mass(self) -> float:
        """Logarithm of the chain's weighted mass that satisfies the constraints."""
        return float(np.log(self.messages[0, self.start]) + self.scale[0])

    def draw(self, random: np.random.Generator) -> list[int]:
        """Draw one sequence: numbers of symbols that together last exactly all ticks."""
        chain, tick, node, drawn = self.chain, 0, self.start, list[int]()
        while tick < len(self.weights):
            edges = chain.edges(node)
            share = self._forward(tick, edges)
            edge = edges.start + random.choice(len(share), p=share / share.sum())
            drawn.append(int(chain.symbol[edge]))
            tick += chain.ticks[drawn[-1]]
            node = chain.target[edge]
        return drawn

    def log_probability(self, sequence: Sequence[int]) -> float:
        """Give the logarithm of the probability with which `draw` gives a sequence."""
        chain, tick, node, total = self.chain, 0, self.start, 0.0
        for number in sequence:
            edges = chain.edges(node)
            share = self._forward(tick, edges)
            (place,) = np.flatnonzero(chain.symbol[edges] == number)
            total += float(np.log(share[place] / share.sum()))
            tick += chain.ticks[number]
            node = chain.target[edges.start + place]
        return total

    def _forward(self, tick: int, edges: slice) -> Floats:
        """Weigh the edges of a node by all that may follow them."""
        chain = self.chain
        symbol = chain.symbol[edges]
        after = np.minimum(tick + chain.ticks[symbol], len(self.weights))
        inside = tick + chain.ticks[symbol] <= len(self.weights)
        ahead = self.messages[after, chain.target[edges]]
        ahead = ahead * np.exp(self.scale[after] - self.scale[after].max())
        return np.where(inside, chain.probability[edges] * self.weights[tick, symbol] * ahead, 0)

    def _backward(self, last: Floats) -> tuple[Floats, Floats]:
        """Pass messages from the end: mass of all that may follow, scaled at each tick."""
        n_ticks = len(self.weights)
        messages = np.zeros((n_ticks + 1, self.chain.n_nodes))
        messages[-1] = last
        scale = np.zeros(n_ticks + 1)
        steps = _by_length(self.chain)
        for tick in reversed(range(n_ticks)):
            within = [step for step in steps if tick + step.ticks <= n_ticks]
            if not within:
                continue
            level = max(scale[tick + step.ticks] for step in within)
            for step in within:
                after = tick + step.ticks
                step.matrix.data[:] = step.probability * self.weights[tick, step.symbol]
                messages[tick] += step.matrix @ messages[after] * np.exp(scale[after] - level)
            largest = messages[tick].max()
            if largest > 0:
                messages[tick] /= largest
                scale[tick] = level + np.log(largest)
            else:
                scale[tick] = level
        return messages, scale


@dataclass(frozen=True, eq=False)
class _Step:
    """All edges whose symbols last equally long, as a matrix from node to node."""

    ticks: int
    symbol: NDArray[np.int64]
    probability: Floats
    matrix: csr_matrix


def _by_length(chain: Chain) -> list[_Step]:
    source = np.repeat(np.arange(chain.n_nodes), np.diff(chain.first))
    length = chain.ticks[chain.symbol]
    steps = []
    for ticks in np.unique(length):
        edges = np.flatnonzero(length == ticks)  # in the order of their nodes
        first = np.searchsorted(source[edges], np.arange(chain.n_nodes + 1))
        probability = chain.probability[edges]
        matrix = csr_matrix(
            (probability.copy(), chain.target[edges], first), (chain.n_nodes, chain.n_nodes)
        )
        steps.append(_Step(int(ticks), chain.symbol[edges], probability, matrix))
    return steps
