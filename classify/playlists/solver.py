"""The best order of songs, and how far from it a list can be at most.

The problem. A list is a path through *nodes*; a node is a song in one stage of the
list. Time is counted in equal steps, a song's length rounded up. The list may last `steps`. A list
costs: what each node costs by itself, what each transition between neighbours costs, a price for
time in which the stage is not the scheduled one, a price for opening at a late stage, and a price
for every step that stays unfilled. Allowed are lists that use no *key* twice (a key is a song, or
an artist where artists may not be repeated), make allowed transitions only, hold every pin, end at
the last stage, and reach it by two thirds of their length; before the last stage, no song may end
after two thirds of the steps. The cheapest allowed list is wanted.

The method is the one for shortest paths with resources.

1. *Relaxation.* If keys could be used again, the best list would follow by dynamic programming over
   (time, last node), backwards from the end: `cost_to_go`. This bounds the true problem from below.
   Prices on keys (Lagrange multipliers, raised by subgradient steps where a key is used too often
   or a pin is not used; Held and Karp 1971) make the bound tight.
2. *Search.* Lists grow by a song at a time. Of two lists with the same songs, last node and arrival
   at the last stage, the more expensive is dropped, as in Held and Karp's dynamic programming for
   the travelling salesman. A list is dropped too if its cost and cost to go reach those of a list
   already complete. If more than `width` are left, those with the lowest sums are kept (beam
   search), as many for each set of pins; the lowest sum among the dropped is a bound for every list
   that was lost.

So the solution comes with a proof: no list of the problem costs less than `bound`. Where `bound`
equals `cost`, the list is optimal. Nothing is random and nothing depends on a clock.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

#: Lists kept while searching: first for a quick complete list, then for the solution.
NARROW, WIDE = 100, 1500
#: Subgradient steps at most.
PRICE_STEPS = 16
#: Costs closer than this are the same.
EPS = 1e-9

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Problem:
    """A playlist problem, in numbers alone.

    Parameters
    ----------
    steps : int
        Length that may be filled.
    length, stage, key, song, pin : ndarray of int, shape (n_nodes,)
        Of each node: steps, stage from 0, key from 0, song, and number of the pin (-1: none).
    cost : ndarray of float, shape (n_nodes,)
        Of playing the node.
    transition : ndarray of float, shape (n_nodes, n_nodes)
        Of playing the column's node after the row's; infinite where not allowed.
    first : ndarray of float, shape (n_nodes,)
        Of opening with the node.
    off_schedule : ndarray of float, shape (n_stages, steps + 1)
        Cost of being in a stage from the beginning to each step.
    unfilled : float
        Cost of a step that stays unfilled.
    """

    steps: int
    length: Ints
    stage: Ints
    key: Ints
    song: Ints
    pin: Ints
    cost: Floats
    transition: Floats
    first: Floats
    off_schedule: Floats
    unfilled: float

    @property
    def last_stage(self) -> int:
        """The stage at which a list must end."""
        return len(self.off_schedule) - 1

    @property
    def deadline(self) -> int:
        """The step at which the last stage must be reached."""
        return 2 * self.steps // 3

    @property
    def pin_steps(self) -> int:
        """Steps that all pins take together; a pin has a node for each stage."""
        lengths = {int(pin): int(n) for pin, n in zip(self.pin, self.length, strict=True)}
        return sum(n for pin, n in lengths.items() if pin >= 0)


@dataclass(frozen=True, eq=False)
class Solution:
    """A list, and the proof that comes with it.

    Parameters
    ----------
    nodes : tuple of int
        In the order of playing.
    cost : float
        Of the list.
    bound : float
        No allowed list costs less.
    """

    nodes: tuple[int, ...]
    cost: float
    bound: float

    @property
    def optimal(self) -> bool:
        """Whether no allowed list is better."""
        return self.bound >= self.cost - 1e-6


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Least cost that remains, if keys could be used again at a price.

    Parameters
    ----------
    price : ndarray of float, shape (n_keys,)
        Of using a key.
    entry : ndarray of float, shape (steps + 1, n_nodes)
        Least cost from each step on, if the node starts there; infinite where it does not fit.
    after : ndarray of float, shape (steps + 1, n_nodes)
        Least cost from each step on, if the node has just ended there.
    bound : float
        Of the whole problem.
    """

    price: Floats
    entry: Floats
    after: Floats
    bound: float


def solve(problem: Problem, width: int = WIDE) -> Solution | None:
    """Find the cheapest list, or a cheap one and a bound.

    Parameters
    ----------
    problem : Problem
        With at least one node.
    width : int
        Lists kept while searching; more give a better proof and take longer.

    Returns
    -------
    Solution or None
        None where no list is allowed.

    Examples
    --------
    Two songs of two steps each, in one stage; playing the second costs more.

    >>> two, zeros = np.array([0, 1]), np.zeros(2, dtype=int)
    >>> problem = Problem(
    ...     steps=4, length=np.array([2, 2]), stage=zeros, key=two, song=two, pin=zeros - 1,
    ...     cost=np.array([1.0, 2.0]), transition=np.zeros((2, 2)), first=np.zeros(2),
    ...     off_schedule=np.zeros((1, 5)), unfilled=5.0,
    ... )
    >>> solution = solve(problem)
    >>> sorted(solution.nodes), solution.cost, solution.optimal
    ([0, 1], 3.0, True)
    """
    relaxed = relax(problem, np.zeros(int(problem.key.max()) + 1))
    best: tuple[float, tuple[int, ...]] = (np.inf, ())
    for stage in range(problem.last_stage + 1):  # a list that opens late is better than none
        opening = replace(problem, first=np.where(problem.stage == stage, problem.first, np.inf))
        candidate, _ = _search(opening, relaxed, NARROW, best)
        best = min(best, candidate)
    relaxed = _raise_prices(problem, relaxed, best[0])
    if best[0] - relaxed.bound <= EPS:
        return Solution(best[1], best[0], best[0])
    best, lost = _search(problem, relaxed, width, best)
    if not best[1]:
        return None
    return Solution(best[1], best[0], min(best[0], max(relaxed.bound, lost)))


def total_cost(problem: Problem, nodes: tuple[int, ...]) -> float:
    """Cost of a list by definition, or infinity where it is not allowed.

    Examples
    --------
    >>> one, zeros = np.array([0]), np.zeros(1, dtype=int)
    >>> problem = Problem(
    ...     steps=4, length=np.array([3]), stage=zeros, key=one, song=one, pin=zeros - 1,
    ...     cost=np.array([1.0]), transition=np.zeros((1, 1)), first=np.zeros(1),
    ...     off_schedule=np.zeros((1, 5)), unfilled=5.0,
    ... )
    >>> total_cost(problem, (0,)), total_cost(problem, (0, 0))
    (6.0, inf)
    """
    if not nodes or len(set(problem.key[list(nodes)])) < len(nodes):
        return np.inf
    step, reached, cost = 0, -1, problem.first[nodes[0]]
    for place, node in enumerate(nodes):
        cost += problem.transition[nodes[place - 1], node] if place else 0.0
        if problem.stage[node] == problem.last_stage and reached < 0:
            reached = step
        step += problem.length[node]
        if step > (problem.steps if reached >= 0 else problem.deadline):
            return np.inf
        of_stage = problem.off_schedule[problem.stage[node]]
        cost += problem.cost[node] + of_stage[step] - of_stage[step - problem.length[node]]
    pinned = set(problem.pin[problem.pin >= 0]) <= set(problem.pin[list(nodes)])
    if not pinned or problem.stage[nodes[-1]] < problem.last_stage or 3 * reached > 2 * step:
        return np.inf
    return float(cost + problem.unfilled * (problem.steps - step))


def relax(problem: Problem, price: Floats) -> Relaxation:
    """Solve the problem in which keys may be used again, each use at a price, backwards in time.

    Examples
    --------
    >>> one, zeros = np.array([0]), np.zeros(1, dtype=int)
    >>> problem = Problem(
    ...     steps=4, length=np.array([2]), stage=zeros, key=one, song=one, pin=zeros - 1,
    ...     cost=np.array([1.0]), transition=np.zeros((1, 1)), first=np.zeros(1),
    ...     off_schedule=np.zeros((1, 5)), unfilled=5.0,
    ... )
    >>> relax(problem, np.zeros(1)).bound, relax(problem, np.full(1, 9.0)).bound
    (2.0, 11.0)
    """
    from classify.playlists.relaxing import go_backwards  # what it is compiled by takes a while

    n_nodes, steps = len(problem.cost), problem.steps
    entry = np.full((steps + 1, n_nodes), np.inf)
    after = np.full((steps + 1, n_nodes), np.inf)
    at_last = problem.stage == problem.last_stage
    latest = np.where(at_last, steps, problem.deadline) - problem.length
    left = problem.unfilled * (steps - np.arange(steps + 1))
    go_backwards(
        latest.astype(np.int64),
        problem.length.astype(np.int64),
        problem.stage.astype(np.int64),
        problem.cost + price[problem.key],
        np.ascontiguousarray(problem.off_schedule, float),
        np.ascontiguousarray(problem.transition.T, float),
        np.where(at_last, left[:, None], np.inf),
        entry,
        after,
    )
    bound = float((problem.first + entry[0]).min() - price.sum())
    return Relaxation(price, entry, after, bound)


def _raise_prices(problem: Problem, relaxed: Relaxation, upper: float) -> Relaxation:
    """Raise the bound by prices: higher for a key used twice, lower for a pin not used."""
    pinned = np.zeros(len(relaxed.price), dtype=np.bool_)
    pinned[problem.key[problem.pin >= 0]] = True
    best, stride = relaxed, 1.0
    for _ in range(PRICE_STEPS if np.isfinite(upper) else 0):
        uses = np.bincount(problem.key[_cheapest(problem, relaxed)], minlength=len(pinned))
        excess = uses - 1.0
        excess[(excess < 0) & (relaxed.price <= 0) & ~pinned] = 0.0
        if upper - best.bound <= EPS or not excess.any():
            break
        step = stride * (upper - relaxed.bound) / float(excess @ excess)
        price = relaxed.price + step * excess
        relaxed = relax(problem, np.where(pinned, price, np.maximum(price, 0.0)))
        if relaxed.bound > best.bound:
            best = relaxed
        else:
            stride *= 0.7
    return best


def _cheapest(problem: Problem, relaxed: Relaxation) -> list[int]:
    """Follow the best list of a relaxation."""
    node, step = int((problem.first + relaxed.entry[0]).argmin()), 0
    nodes = [node]
    while True:
        step += int(problem.length[node])
        onward = problem.transition[node] + relaxed.entry[step]
        if onward.min() > relaxed.after[step, node] + EPS or not np.isfinite(onward.min()):
            return nodes
        node = int(onward.argmin())
        nodes.append(node)


#: Odd numbers of 62 bits, drawn once, that spread nodes and steps over all integers.
MARK_OF_NODE, MARK_OF_STEP = np.random.default_rng(1).integers(2**61, size=2) * 2 + 1


@dataclass(frozen=True, eq=False)
class _PartialLists:
    """Partial lists: an entry each."""

    nodes: Ints  # (n_lists, n_songs_so_far)
    used: Bools  # (n_lists, n_keys)
    step: Ints  # at which they end
    reached: Ints  # at which the last stage began; -1: not yet
    pin_steps_left: Ints  # steps of the pins that are missing
    cost: Floats
    unused: Floats  # prices of the keys that are not used
    song_set: Ints  # equal for lists of the same set of songs

    def __len__(self) -> int:
        return len(self.cost)

    def select(self, rows: Ints | Bools) -> "_PartialLists":
        """Keep some lists."""
        return _PartialLists(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def _search(
    problem: Problem, relaxed: Relaxation, width: int, best: tuple[float, tuple[int, ...]]
) -> tuple[tuple[float, tuple[int, ...]], float]:
    """Extend lists song by song; give the best complete one, and a bound for all that were dropped.

    `best` is a complete list known before. Lists that are no better are not searched for.
    """
    # a fixed seed: these numbers only distinguish sets of songs
    marks = np.random.default_rng(0).integers(2**62, size=int(problem.song.max()) + 1)
    lists, lost = _empty(problem, relaxed), np.inf
    while len(lists):
        lists, dropped = _extended(problem, relaxed, lists, marks, best[0], width)
        lost = min(lost, dropped)
        best = min(best, _complete(problem, lists), key=lambda complete: complete[0])
    return best, lost


def _empty(problem: Problem, relaxed: Relaxation) -> _PartialLists:
    """One list, of no song."""
    none = np.zeros(1, dtype=np.int64)
    return _PartialLists(
        nodes=np.zeros((1, 0), dtype=np.int64),
        used=np.zeros((1, len(relaxed.price)), dtype=np.bool_),
        step=none,
        reached=none - 1,
        pin_steps_left=none + problem.pin_steps,
        cost=np.zeros(1),
        unused=np.full(1, relaxed.price.sum()),
        song_set=none,
    )


def _extended(
    problem: Problem,
    relaxed: Relaxation,
    lists: _PartialLists,
    marks: Ints,
    upper: float,
    width: int,
) -> tuple[_PartialLists, float]:
    """Extend lists by one song: keep the most promising, and bound the cost of all others.

    Lists that cannot be better than `upper`, or that another list with the same continuations
    dominates, need no bound.
    """
    transition = (
        problem.transition[lists.nodes[:, -1]] if lists.nodes.shape[1] else problem.first[None]
    )
    least = lists.cost[:, None] + transition + relaxed.entry[lists.step] - lists.unused[:, None]
    rows, nodes = np.nonzero((least < upper - EPS) & ~lists.used[:, problem.key])
    least, transition = least[rows, nodes], transition[rows, nodes]
    begin, end = lists.step[rows], lists.step[rows] + problem.length[nodes]
    pin_steps_left = lists.pin_steps_left[rows] - np.where(
        problem.pin[nodes] >= 0, problem.length[nodes], 0
    )
    off_schedule = (
        problem.off_schedule[problem.stage[nodes], end]
        - problem.off_schedule[problem.stage[nodes], begin]
    )
    cost = lists.cost[rows] + transition + problem.cost[nodes] + off_schedule
    arrived = (lists.reached[rows] < 0) & (problem.stage[nodes] == problem.last_stage)
    reached = np.where(arrived, begin, lists.reached[rows])
    song_set = lists.song_set[rows] + marks[problem.song[nodes]]

    keep = np.flatnonzero(end + pin_steps_left <= problem.steps)
    keep = keep[_undominated(cost[keep], reached[keep], nodes[keep], song_set[keep])]
    keep, dropped = _prune(keep, least, pin_steps_left, width)
    lost = float(least[dropped].min(initial=np.inf))
    rows, nodes = rows[keep], nodes[keep]
    used = lists.used[rows]
    used[np.arange(len(rows)), problem.key[nodes]] = True
    longer = _PartialLists(
        nodes=np.column_stack([lists.nodes[rows], nodes]),
        used=used,
        step=end[keep],
        reached=reached[keep],
        pin_steps_left=pin_steps_left[keep],
        cost=cost[keep],
        unused=lists.unused[rows] - relaxed.price[problem.key[nodes]],
        song_set=song_set[keep],
    )
    return longer, lost


def _prune(rows: Ints, least: Floats, pin_steps_left: Ints, width: int) -> tuple[Ints, Ints]:
    """Divide lists into those to keep and the others.

    As many are kept for each set of pins; otherwise lists that postpone the pins, which look cheap
    until the end, would displace the others.
    """
    rows = rows[np.argsort(least[rows], kind="stable")]
    if len(rows) <= width:
        return rows, rows[:0]
    _, group = np.unique(pin_steps_left[rows], return_inverse=True)
    rank = np.empty(len(rows), dtype=np.int64)
    for number in range(int(group.max()) + 1):
        inside = group == number
        rank[inside] = np.arange(inside.sum())
    kept = rank < max(1, width // (int(group.max()) + 1))
    return rows[kept], rows[~kept]


def _undominated(cost: Floats, reached: Ints, nodes: Ints, song_set: Ints) -> Ints:
    """Find lists to which none with the same songs, last node and arrival is preferable."""
    # one number for all three, hardly ever that of another three: as with sets of songs
    state = song_set + nodes * MARK_OF_NODE + reached * MARK_OF_STEP
    order = np.lexsort((cost, state))
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = state[order[1:]] != state[order[:-1]]
    return np.sort(order[new])


def _complete(problem: Problem, lists: _PartialLists) -> tuple[float, tuple[int, ...]]:
    """Give the cheapest of the lists that may end here."""
    allowed = (
        (lists.reached >= 0) & (3 * lists.reached <= 2 * lists.step) & (lists.pin_steps_left == 0)
    )
    costs = np.where(allowed, lists.cost + problem.unfilled * (problem.steps - lists.step), np.inf)
    if not len(costs) or not np.isfinite(costs.min()):
        return np.inf, ()
    row = int(costs.argmin())
    return float(costs[row]), tuple(int(node) for node in lists.nodes[row])
