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
from numpy.typing import NDArray
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
        passes = Passes(chain, weights)
        self.messages, self.scale = passes.backward(chain.end if last is None else last)
        self.scaled = bool(self.scale.any())
        self.offset = chain.column + chain.n_nodes  # of where an edge leads, among all messages
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
            place = int(share.cumsum().searchsorted(random.random() * total, side="right"))
            if place == len(share):  # rounding
                place = int(np.flatnonzero(share)[-1])
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
        ahead = self.messages.reshape(-1)[tick * self.chain.n_nodes + self.offset[edges]]
        if self.scaled:
            scale = self.scale[tick + self.chain.ticks[symbol]]
            ahead = ahead * np.exp(scale - scale.max(initial=-np.inf))
        return np.asarray(self.chain.probability[edges] * self.weights[tick][symbol] * ahead)


class Passes:
    """Passes from the end of a piece to its beginning, each the same but for a tilt.

    A step from the nodes at a tick to the nodes at all ticks behind it is a matrix. Few ticks of a
    piece differ in what is wanted there, so that few matrices are made, and those of ticks at which
    few symbols may begin have few entries.

    Parameters
    ----------
    chain, weights
        As a `Sampler` takes them.
    """

    def __init__(self, chain: Chain, weights: Weights) -> None:
        self.chain, self.longest = chain, int(chain.ticks.max(initial=1))
        known: dict[bytes, int] = {}
        rows = [weights[tick] for tick in range(len(weights))]
        self.row = [known.setdefault(row.tobytes(), len(known)) for row in rows]
        first = dict(zip(reversed(self.row), reversed(rows), strict=True))
        self.matrices = [self._matrix(first[row]) for row in range(len(known))]

    def _matrix(self, weights: Floats) -> tuple[csr_matrix, NDArray[np.int64]]:
        """Make the matrix of what is wanted at a tick, and the symbol of each of its entries."""
        edges, column, first = self.chain.steps(weights != 0)
        symbol = self.chain.symbol[edges]
        data = self.chain.probability[edges] * weights[symbol]
        shape = self.chain.n_nodes, self.longest * self.chain.n_nodes
        return csr_matrix((data, column, first), shape), symbol

    def backward(self, last: Floats, tilt: Floats | None = None) -> tuple[Floats, Floats]:
        """Pass messages from the end: the mass of all that may follow.

        Parameters
        ----------
        last : ndarray, shape (n_nodes,)
            How much each node is wanted at the end.
        tilt : ndarray, shape (n_symbols,), optional
            How much each symbol is wanted besides, at any tick.

        Returns
        -------
        messages : ndarray, shape (n_ticks + 1 + longest, n_nodes)
            Rows behind the end are 0, so that nothing lasts beyond it.
        scale : ndarray, shape (n_ticks + 1 + longest,)
            A message is `messages[tick]` times the exponential of `scale[tick]`.
        """
        n_ticks, longest = len(self.row), self.longest
        messages = np.zeros((n_ticks + 1 + longest, self.chain.n_nodes))
        messages[n_ticks] = last
        scale = np.zeros(len(messages))
        matrices = self._tilted(tilt)
        for tick in reversed(range(n_ticks)):
            ahead = messages[tick + 1 : tick + 1 + longest]  # all of one scale
            messages[tick] = message = matrices[self.row[tick]] @ ahead.reshape(-1)
            scale[tick] = scale[tick + 1]
            if 0 < (most := message.max()) < SMALL or most > 1 / SMALL:
                stretch = slice(tick, tick + longest)
                largest = messages[stretch].max()
                messages[stretch] /= largest
                scale[stretch] += np.log(largest)
        return messages, scale

    def _tilted(self, tilt: Floats | None) -> list[csr_matrix]:
        if tilt is None:
            return [matrix for matrix, _ in self.matrices]
        return [
            csr_matrix((matrix.data * tilt[symbol], matrix.indices, matrix.indptr), matrix.shape)
            for matrix, symbol in self.matrices
        ]
