"""Exact samples of a Markov chain under constraints.

Constraints are weights: how much a symbol that begins at a tick is wanted there, 0 where it is
forbidden. A pass from the end of the piece to its beginning computes, for each tick and node, the
probability of everything that may still follow; a walk from the beginning that multiplies the
chain's own probabilities with it draws from the *exact* conditional distribution, without a
rejection (Pachet, Roy and Barbieri, "Finite-length Markov processes with constraints", IJCAI 2011;
here with symbols of several lengths and contexts of several orders).
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_matrix

from classify.generation.chain import Chain, Floats
from classify.generation.weights import Weights

#: Messages are scaled when all of a tick are smaller than this, or one is larger than its inverse.
SMALL = 1e-100

#: Symbols that a search takes back before it gives up.
TAKEN_BACK = 2000


class Impossible(Exception):
    """No sequence satisfies the constraints."""


class Sampler:
    """Samples of a chain under constraints, all from the exact conditional distribution.

    Parameters
    ----------
    chain : Chain
        What is sampled.
    weights : ndarray, shape (n_ticks, n_symbols)
        How much each symbol is wanted at each tick at which it may begin, 0 or more; with 1
        throughout, samples are those of the chain that last exactly `n_ticks`.
    starts : sequence of int, optional
        Nodes to begin at: the first one from which the constraints can be satisfied is taken. That
        of a song's beginning unless given.
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
        weights: Weights,
        starts: Sequence[int] | None = None,
        last: Floats | None = None,
    ) -> None:
        self.chain, self.weights = chain, weights
        self.messages, self.scale = self._backward(chain.end if last is None else last)
        starts = [chain.begin] if starts is None else starts
        possible = [start for start in starts if self.messages[0, start] > 0]
        if not possible:
            raise Impossible
        self.start = possible[0]

    @property
    def log_mass(self) -> float:
        """Logarithm of the chain's weighted mass that satisfies the constraints."""
        return float(np.log(self.messages[0, self.start]) + self.scale[0])

    def draw(
        self,
        random: np.random.Generator,
        forbidden: Callable[[list[int]], bool] | None = None,
    ) -> list[int]:
        """Draw one sequence.

        Parameters
        ----------
        random : Generator
            Source of all that is random.
        forbidden : callable, optional
            Whether a sequence must not begin like this. A symbol that leads there is taken back
            and another one drawn; where there is none, the one before is taken back, too. What is
            drawn then keeps to it, but is no longer an exact sample.

        Returns
        -------
        list of int
            Numbers of symbols that together last exactly all ticks.

        Raises
        ------
        Impossible
            If the search for a sequence that is not forbidden was given up.
        """
        drawn, tick, node = list[int](), 0, self.start
        stack, steps = list[tuple[int, int, Floats]](), 0
        share = self._forward(tick, self.chain.edges(node))
        while tick < len(self.weights):
            total = share.sum()
            if not total > 0:  # everything from here on is forbidden
                steps += 1
                if not stack or steps > TAKEN_BACK:
                    raise Impossible
                tick, node, share = stack.pop()
                drawn.pop()
                continue
            edges = self.chain.edges(node)
            place = int(np.searchsorted(np.cumsum(share), random.random() * total, side="right"))
            place = min(place, int(np.flatnonzero(share)[-1]))
            drawn.append(int(self.chain.symbol[edges.start + place]))
            share[place] = 0  # not again, if this one is taken back
            if forbidden and forbidden(drawn):
                drawn.pop()
                continue
            stack.append((tick, node, share))
            tick += int(self.chain.ticks[drawn[-1]])
            node = int(self.chain.target[edges.start + place])
            share = self._forward(tick, self.chain.edges(node))
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
        if tick >= len(self.weights):
            return np.zeros(0)
        symbol = self.chain.symbol[edges]
        after = tick + self.chain.ticks[symbol]
        ahead = self.messages[after, self.chain.target[edges]]
        scale = self.scale[after]
        ahead = ahead * np.exp(scale - scale.max(initial=-np.inf))
        return np.asarray(self.chain.probability[edges] * self.weights[tick, symbol] * ahead)

    def _backward(self, last: Floats) -> tuple[Floats, Floats]:
        """Pass messages from the end: the mass of all that may follow.

        A message is `messages[tick]` times the exponential of `scale[tick]`. Rows behind the end
        are 0, so that nothing lasts beyond it.
        """
        n_ticks, n_nodes = len(self.weights), self.chain.n_nodes
        longest = int(self.chain.ticks.max(initial=1))
        messages = np.zeros((n_ticks + 1 + longest, n_nodes))
        messages[n_ticks] = last
        scale = np.zeros(len(messages))
        steps = _Steps(self.chain, longest)
        for tick in reversed(range(n_ticks)):
            ahead = messages[tick + 1 : tick + 1 + longest]  # all of one scale
            messages[tick] = steps[self.weights[tick]] @ ahead.reshape(-1)
            scale[tick] = scale[tick + 1]
            if 0 < messages[tick].max() < SMALL or messages[tick].max() > 1 / SMALL:
                stretch = slice(tick, tick + longest)
                largest = messages[stretch].max()
                messages[stretch] /= largest
                scale[stretch] += np.log(largest)
        return messages, scale


class _Steps:
    """Steps from the nodes at a tick to the nodes at all ticks behind it, as matrices.

    Few ticks of a piece differ in what is wanted there, so that few matrices are made, and those of
    ticks at which few symbols may begin have few entries.
    """

    def __init__(self, chain: Chain, longest: int) -> None:
        self.chain, self.shape = chain, (chain.n_nodes, longest * chain.n_nodes)
        self.column = (chain.ticks[chain.symbol] - 1) * chain.n_nodes + chain.target
        self.known: dict[bytes, csr_matrix] = {}

    def __getitem__(self, weights: Floats) -> csr_matrix:
        """Give the matrix of how much each symbol is wanted, shape (n_symbols,)."""
        key = weights.tobytes()
        if key not in self.known:
            data = self.chain.probability * weights[self.chain.symbol]
            kept = np.flatnonzero(data)
            first = np.append(0, np.cumsum(data != 0))[self.chain.first]
            entries = (data[kept], self.column[kept], first)
            self.known[key] = csr_matrix(entries, shape=self.shape)
        return self.known[key]
