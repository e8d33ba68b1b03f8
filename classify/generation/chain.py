"""A Markov chain of variable order, learned as a finite automaton.

Its nodes are contexts: the last symbols of a song, as many as were followed by more than one symbol
in the songs it was learned from, so that a long context is used only where it leaves a choice.
Symbols last a number of ticks. What followed what is counted for each kind of song, so that one
automaton gives a chain for any mixture of kinds. `classify.generation.sampling` draws from it.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Stands before the first symbol of a song.
BEGIN = -1

#: Stands behind the last symbol of a song.
END = -2

Floats = NDArray[np.float64]
Context = tuple[int, ...]
Steps = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]

#: Sets of allowed symbols of which a chain keeps the edges.
KEPT_STEPS = 64


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
    _steps: dict[bytes, Steps] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def fit(
        cls,
        songs: Iterable[Sequence[Hashable]],
        ticks: Mapping[Any, int],
        order: int = 3,
        choices: int = 2,
    ) -> "Chain":
        """Learn a chain of songs that are all of one kind, as `Counts.fit` does.

        Examples
        --------
        >>> chain = Chain.fit(["abcabd"], dict.fromkeys("abcd", 1), order=2)
        >>> [[chain.symbols[i] if i >= 0 else "^" for i in c] for c in chain.contexts]
        [[], ['^'], ['a'], ['b'], ['c'], ['d'], ['a', 'b']]
        """
        return Counts.fit(songs, ticks, order=order, choices=choices).chain(np.ones(1))

    @property
    def n_nodes(self) -> int:
        """How many contexts there are."""
        return len(self.contexts)

    @property
    def begin(self) -> int:
        """The node at which songs begin."""
        return self.contexts.index((BEGIN,)) if (BEGIN,) in self.contexts else 0  # of order 0

    def after(self, before: Sequence[Hashable]) -> list[int]:
        """Give the nodes that are reached after some symbols.

        Parameters
        ----------
        before : sequence of hashable
            Symbols that came before, the last one at the end; unknown ones are allowed.

        Returns
        -------
        list of int
            The node of the longest context first, then those of ever shorter ones: from each of
            them it can go on, if the ones before it lead nowhere.
        """
        number = {name: i for i, name in enumerate(self.symbols)}
        places = {context: i for i, context in enumerate(self.contexts)}
        sequence = tuple(number.get(name, END) for name in before)
        ends = (sequence[begin:] for begin in range(len(sequence) + 1))
        return [places[end] for end in ends if end in places]

    def edges(self, node: int) -> slice:
        """Give the edges that leave a node."""
        return slice(self.first[node], self.first[node + 1])

    @property
    def source(self) -> NDArray[np.int64]:
        """The node that each edge leaves, shape (n_edges,)."""
        return np.repeat(np.arange(self.n_nodes), np.diff(self.first))

    @cached_property
    def column(self) -> NDArray[np.int64]:
        """The place of where each edge leads among the nodes at the next tick, the one after, .."""
        return np.asarray((self.ticks[self.symbol] - 1) * self.n_nodes + self.target)

    def steps(self, allowed: NDArray[np.bool_]) -> Steps:
        """Give the edges that may be taken where only some symbols are allowed.

        Ticks of a piece, trials of a request and songs of a mood share what they allow, so that
        what was found last is kept.

        Parameters
        ----------
        allowed : ndarray of bool, shape (n_symbols,)

        Returns
        -------
        edges : ndarray of int, shape (n_allowed,)
        column : ndarray of int32, shape (n_allowed,)
            `column` of each.
        first : ndarray of int32, shape (n_nodes + 1,)
            Those of node i are from `first[i]` to `first[i + 1]`.
        """
        key = allowed.tobytes()
        steps = self._steps.get(key)
        if steps is None:
            there = allowed[self.symbol] & (self.probability > 0)
            before = np.append(np.int32(0), np.cumsum(there, dtype=np.int32))
            edges = np.flatnonzero(there)
            steps = edges, self.column[edges].astype(np.int32), before[self.first]
            if len(self._steps) >= KEPT_STEPS:
                self._steps.clear()
            self._steps[key] = steps
        return steps

    @property
    def order(self) -> int:
        """Symbols in the longest context."""
        return max(map(len, self.contexts), default=0)

    def of_order(self, order: int) -> "Chain":
        """Forget all contexts of more than so many symbols.

        Examples
        --------
        >>> chain = Chain.fit(["abcabd", "abcaba"], dict.fromkeys("abcd", 1), order=3)
        >>> [chain.of_order(order).n_nodes for order in (3, 2, 1, 0)]
        [8, 7, 6, 1]
        """
        kept = [node for node, context in enumerate(self.contexts) if len(context) <= order]
        contexts = tuple(self.contexts[node] for node in kept)
        places = {context: i for i, context in enumerate(contexts)}
        shorter = np.array([_longest(context, places, order) for context in self.contexts])
        stays = np.isin(self.source, kept)
        counts = np.diff(self.first)[kept]
        return Chain(
            self.symbols, self.ticks, contexts, np.append(0, np.cumsum(counts)),
            self.symbol[stays], shorter[self.target[stays]], self.probability[stays],
            self.end[kept],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Counts:
    """How often what followed what, in songs of several kinds.

    Parameters
    ----------
    symbols, ticks, contexts, first, symbol, target
        The automaton, as a `Chain` has it.
    followed : ndarray of int, shape (n_edges, n_kinds)
        How often each edge was taken in songs of each kind.
    ended : ndarray of int, shape (n_nodes, n_kinds)
        How many songs of each kind ended at each node.
    """

    symbols: tuple[Any, ...]
    ticks: NDArray[np.int64]
    contexts: tuple[Context, ...]
    first: NDArray[np.int64]
    symbol: NDArray[np.int64]
    target: NDArray[np.int64]
    followed: NDArray[np.int64]
    ended: NDArray[np.int64]

    @classmethod
    def fit(
        cls,
        songs: Iterable[Sequence[Hashable]],
        ticks: Mapping[Any, int],
        kinds: Sequence[int] | None = None,
        order: int = 3,
        choices: int = 2,
    ) -> "Counts":
        """Count.

        Parameters
        ----------
        songs : iterable of sequence of hashable
            Symbols of each song, in order.
        ticks : dict of hashable to int
            How long each symbol lasts.
        kinds : sequence of int, optional
            The kind of each song, from 0 on; all are of one unless given.
        order : int
            Symbols in the longest context.
        choices : int
            A context of two symbols or more is used where it was followed by at least so many
            different ones.
        """
        songs = list(songs)
        kinds = [0] * len(songs) if kinds is None else kinds
        names = tuple(ticks)
        number = {name: i for i, name in enumerate(names)}
        counts: dict[Context, Counter[tuple[int, int]]] = defaultdict(Counter)
        for song, kind in zip(songs, kinds, strict=True):
            sequence = [BEGIN, *(number[name] for name in song), END]
            for place in range(1, len(sequence)):
                for length in range(min(order, place) + 1):
                    context = tuple(sequence[place - length : place])
                    counts[context][sequence[place], kind] += 1
        kept = [
            context
            for context, after in counts.items()
            if len(context) < 2 or len({symbol for symbol, _ in after}) >= choices
        ]
        kept.sort(key=lambda context: (len(context), context))
        lasting = np.array([ticks[name] for name in names], np.int64)
        return _automaton(names, lasting, kept, counts, max(kinds, default=0) + 1)

    def chain(self, weights: Floats) -> Chain:
        """Give the chain of a mixture of kinds.

        Parameters
        ----------
        weights : ndarray, shape (n_kinds,)
            What a song of each kind counts, 0 or more.

        Examples
        --------
        >>> counts = Counts.fit(["aab", "abb"], {"a": 1, "b": 1}, [0, 1], order=1)
        >>> chain = counts.chain(np.array([3.0, 1.0]))
        >>> chain.probability[chain.edges(chain.after("a")[0])].tolist()
        [0.42857142857142855, 0.5714285714285714]
        """
        followed, ended = self.followed @ weights, self.ended @ weights
        source = np.repeat(np.arange(len(self.contexts)), np.diff(self.first))
        total = ended + np.bincount(source, followed, len(self.contexts))
        total[total == 0] = 1  # no song that counts came by: nothing follows, nothing ends
        return Chain(
            self.symbols, self.ticks, self.contexts, self.first, self.symbol, self.target,
            followed / total[source], ended / total,
        )  # fmt: skip


def _automaton(
    names: tuple[Any, ...],
    ticks: NDArray[np.int64],
    kept: list[Context],
    counts: dict[Context, Counter[tuple[int, int]]],
    n_kinds: int,
) -> Counts:
    places = {context: i for i, context in enumerate(kept)}
    order = max(map(len, kept), default=0)
    first, symbol, target = [0], list[int](), list[int]()
    followed, ended = list[NDArray[np.int64]](), np.zeros((len(kept), n_kinds), np.int64)
    for place, context in enumerate(kept):
        by_symbol: dict[int, NDArray[np.int64]] = defaultdict(lambda: np.zeros(n_kinds, np.int64))
        for (number, kind), count in counts[context].items():
            by_symbol[number][kind] += count
        ended[place] = by_symbol.pop(END, 0)
        for number, count_by_kind in sorted(by_symbol.items()):
            symbol.append(number)
            target.append(_longest((*context, number), places, order))
            followed.append(count_by_kind)
        first.append(len(symbol))
    edges = [np.array(x, np.int64) for x in (first, symbol, target)]
    table = np.stack(followed) if followed else np.zeros((0, n_kinds), np.int64)
    return Counts(names, ticks, tuple(kept), edges[0], edges[1], edges[2], table, ended)


def _longest(sequence: Context, places: dict[Context, int], order: int) -> int:
    """Find the longest end of a sequence that is a context."""
    for length in range(min(order, len(sequence)), 0, -1):
        if (place := places.get(sequence[-length:])) is not None:
            return place
    return places[()]
