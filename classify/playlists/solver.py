"""The best order of songs, and how far from it a list can be at most.

The problem. A list is a path through *nodes*; a node is a song that stands for one stage of the
session. Time is counted in equal steps, a song's length rounded up. The list may last `steps`. A
list costs: what each node costs by itself, what each join of two neighbours costs, a price for time
in which the stage is not the scheduled one, a price for opening at a late stage, and a price for
every step that stays unfilled. Allowed are lists that use no *key* twice (a key is a song, or an
artist where artists may not come back), make allowed joins only, hold every pin, end at the last
stage, and are there by two thirds of their own length; before the last stage, no song may end after
two thirds of the steps. The cheapest allowed list is wanted.

The method is the one for shortest paths with resources.

1. *Relaxation.* If keys could be used again, the best list would follow by dynamic programming over
   (time, last node), backwards from the end: `cost_to_go`. This bounds the true problem from below.
   Prices on keys (Lagrange multipliers, raised by subgradient steps where a key is used too often
   or a pin is not used; Held and Karp 1971) make the bound tight.
2. *Search.* Lists grow by a song at a time. Of two lists with the same songs, last node and arrival
   at the last stage, the dearer is dropped, as in Held and Karp's dynamic programming for the
   travelling salesman. A list is dropped too if its cost and cost to go reach those of a list
   already complete. If more than `width` are left, the ones with the least sums are kept, as many
   for each set of pins; the least sum among the dropped is a bound for every list that was lost.

So the answer comes with a proof: nothing in the problem costs less than `bound`. Where `bound` is
`cost`, the list is optimal. Nothing is drawn and nothing depends on a clock.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

#: Lists kept while searching: first for a quick complete list, then for the answer.
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
    """A playlist to find, in numbers alone.

    Parameters
    ----------
    steps : int
        Length that may be filled.
    length, stage, key, song, pin : ndarray of int, shape (n_nodes,)
        Of each node: steps, stage from 0, key from 0, song, and number of the pin (-1: none).
    cost : ndarray of float, shape (n_nodes,)
        Of playing the node.
    join : ndarray of float, shape (n_nodes, n_nodes)
        Of playing the column's node after the row's; infinite where not allowed.
    first : ndarray of float, shape (n_nodes,)
        Of opening with the node.
    pace : ndarray of float, shape (n_stages, steps + 1)
        Cost of being in a stage from the beginning to each step.
    idle : float
        Cost of a step that stays unfilled.
    """

    steps: int
    length: Ints
    stage: Ints
    key: Ints
    song: Ints
    pin: Ints
    cost: Floats
    join: Floats
    first: Floats
    pace: Floats
    idle: float

    @property
    def last_stage(self) -> int:
        """The stage to end at."""
        return len(self.pace) - 1

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
    """What is still to pay, at least, if keys could be used again at a price.

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
    """
    relaxed = relax(problem, np.zeros(int(problem.key.max()) + 1))
    best: tuple[float, tuple[int, ...]] = (np.inf, ())
    for stage in range(problem.last_stage + 1):  # a list that opens late is better than none
        opening = replace(problem, first=np.where(problem.stage == stage, problem.first, np.inf))
        found, _ = _search(opening, relaxed, NARROW, best)
        best = min(best, found)
    relaxed = _priced(problem, relaxed, best[0])
    if best[0] - relaxed.bound <= EPS:
        return Solution(best[1], best[0], best[0])
    best, lost = _search(problem, relaxed, width, best)
    if not best[1]:
        return None
    return Solution(best[1], best[0], min(best[0], max(relaxed.bound, lost)))


def total(problem: Problem, nodes: tuple[int, ...]) -> float:
    """Cost of a list, or infinity where it is not allowed; the definition that all else serves."""
    if not nodes or len(set(problem.key[list(nodes)])) < len(nodes):
        return np.inf
    step, reached, cost = 0, -1, problem.first[nodes[0]]
    for place, node in enumerate(nodes):
        cost += problem.join[nodes[place - 1], node] if place else 0.0
        if problem.stage[node] == problem.last_stage and reached < 0:
            reached = step
        step += problem.length[node]
        if step > (problem.steps if reached >= 0 else problem.deadline):
            return np.inf
        of_stage = problem.pace[problem.stage[node]]
        cost += problem.cost[node] + of_stage[step] - of_stage[step - problem.length[node]]
    pinned = set(problem.pin[problem.pin >= 0]) <= set(problem.pin[list(nodes)])
    if not pinned or problem.stage[nodes[-1]] < problem.last_stage or 3 * reached > 2 * step:
        return np.inf
    return float(cost + problem.idle * (problem.steps - step))


def relax(problem: Problem, price: Floats) -> Relaxation:
    """Solve the problem in which keys may be used again, each use at a price, backwards in time."""
    n_nodes, steps = len(problem.cost), problem.steps
    entry = np.full((steps + 1, n_nodes), np.inf)
    after = np.full((steps + 1, n_nodes), np.inf)
    at_last = problem.stage == problem.last_stage
    latest = np.where(at_last, steps, problem.deadline) - problem.length
    cost = problem.cost + price[problem.key]
    onward = np.empty_like(problem.join)
    for step in range(steps, -1, -1):
        fits = np.flatnonzero(latest >= step)
        ends, of_stage = step + problem.length[fits], problem.stage[fits]
        pace = problem.pace[of_stage, ends] - problem.pace[of_stage, step]
        entry[step, fits] = cost[fits] + pace + after[ends, fits]
        if len(fits):
            np.add(problem.join, entry[step], out=onward)
            onward.min(axis=1, out=after[step])
        stop = problem.idle * (steps - step)
        after[step, at_last] = np.minimum(after[step, at_last], stop)
    bound = float((problem.first + entry[0]).min() - price.sum())
    return Relaxation(price, entry, after, bound)


def _priced(problem: Problem, relaxed: Relaxation, upper: float) -> Relaxation:
    """Raise the bound by prices: dearer where a key is used twice, cheaper where a pin is not."""
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
        onward = problem.join[node] + relaxed.entry[step]
        if onward.min() > relaxed.after[step, node] + EPS or not np.isfinite(onward.min()):
            return nodes
        node = int(onward.argmin())
        nodes.append(node)


@dataclass(frozen=True, eq=False)
class _Lists:
    """Lists that grow: an entry each."""

    nodes: Ints  # (n_lists, n_songs_so_far)
    used: Bools  # (n_lists, n_keys)
    step: Ints  # at which they end
    reached: Ints  # at which the last stage began; -1: not yet
    todo: Ints  # steps of the pins that are not in
    cost: Floats
    unused: Floats  # prices of the keys that are not used
    mark: Ints  # of the set of songs: lists of the same songs have the same

    def __len__(self) -> int:
        return len(self.cost)

    def only(self, rows: Ints | Bools) -> "_Lists":
        """Keep some lists."""
        return _Lists(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def _search(
    problem: Problem, relaxed: Relaxation, width: int, best: tuple[float, tuple[int, ...]]
) -> tuple[tuple[float, tuple[int, ...]], float]:
    """Grow lists song by song; give the best complete one, and a bound for all that were dropped.

    `best` is a complete list known before. Lists that are no better are not looked for.
    """
    # a fixed seed: these numbers only tell sets of songs apart
    marks = np.random.default_rng(0).integers(2**62, size=int(problem.song.max()) + 1)
    lists, lost = _empty(problem, relaxed), np.inf
    while len(lists):
        lists, dropped = _grown(problem, relaxed, lists, marks, best[0], width)
        lost = min(lost, dropped)
        best = min(best, _complete(problem, lists), key=lambda found: found[0])
    return best, lost


def _empty(problem: Problem, relaxed: Relaxation) -> _Lists:
    """One list, of no song."""
    none = np.zeros(1, dtype=np.int64)
    return _Lists(
        nodes=np.zeros((1, 0), dtype=np.int64),
        used=np.zeros((1, len(relaxed.price)), dtype=np.bool_),
        step=none,
        reached=none - 1,
        todo=none + problem.pin_steps,
        cost=np.zeros(1),
        unused=np.full(1, relaxed.price.sum()),
        mark=none,
    )


def _grown(
    problem: Problem, relaxed: Relaxation, lists: _Lists, marks: Ints, upper: float, width: int
) -> tuple[_Lists, float]:
    """Give lists one song longer: the most promising, and the least that any other could cost.

    What cannot undercut `upper` is no loss, nor is what another with the same future undercuts.
    """
    join = problem.join[lists.nodes[:, -1]] if lists.nodes.shape[1] else problem.first[None]
    least = lists.cost[:, None] + join + relaxed.entry[lists.step] - lists.unused[:, None]
    rows, nodes = np.nonzero((least < upper - EPS) & ~lists.used[:, problem.key])
    least, join = least[rows, nodes], join[rows, nodes]
    begin, end = lists.step[rows], lists.step[rows] + problem.length[nodes]
    todo = lists.todo[rows] - np.where(problem.pin[nodes] >= 0, problem.length[nodes], 0)
    pace = problem.pace[problem.stage[nodes], end] - problem.pace[problem.stage[nodes], begin]
    cost = lists.cost[rows] + join + problem.cost[nodes] + pace
    arrived = (lists.reached[rows] < 0) & (problem.stage[nodes] == problem.last_stage)
    reached = np.where(arrived, begin, lists.reached[rows])
    mark = lists.mark[rows] + marks[problem.song[nodes]]

    keep = np.flatnonzero(end + todo <= problem.steps)
    keep = keep[_undominated(cost[keep], reached[keep], nodes[keep], mark[keep])]
    keep, dropped = _best(keep, least, todo, width)
    lost = float(least[dropped].min(initial=np.inf))
    rows, nodes = rows[keep], nodes[keep]
    used = lists.used[rows]
    used[np.arange(len(rows)), problem.key[nodes]] = True
    longer = _Lists(
        nodes=np.column_stack([lists.nodes[rows], nodes]),
        used=used,
        step=end[keep],
        reached=reached[keep],
        todo=todo[keep],
        cost=cost[keep],
        unused=lists.unused[rows] - relaxed.price[problem.key[nodes]],
        mark=mark[keep],
    )
    return longer, lost


def _best(rows: Ints, least: Floats, todo: Ints, width: int) -> tuple[Ints, Ints]:
    """Part lists into those to keep and the others.

    Lists that hold different pins are kept apart, or those that put the pins off, which look cheap
    until the end, would crowd out the others.
    """
    rows = rows[np.argsort(least[rows], kind="stable")]
    if len(rows) <= width:
        return rows, rows[:0]
    _, group = np.unique(todo[rows], return_inverse=True)
    rank = np.empty(len(rows), dtype=np.int64)
    for number in range(int(group.max()) + 1):
        inside = group == number
        rank[inside] = np.arange(inside.sum())
    kept = rank < max(1, width // (int(group.max()) + 1))
    return rows[kept], rows[~kept]


def _undominated(cost: Floats, reached: Ints, nodes: Ints, mark: Ints) -> Ints:
    """Find lists that no other with the same songs, last node and arrival undercuts."""
    order = np.lexsort((cost, reached, nodes, mark))
    alike = np.column_stack([mark, nodes, reached])[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (alike[1:] != alike[:-1]).any(axis=1)
    return np.sort(order[new])


def _complete(problem: Problem, lists: _Lists) -> tuple[float, tuple[int, ...]]:
    """Give the cheapest of the lists that may end here."""
    may = (lists.reached >= 0) & (3 * lists.reached <= 2 * lists.step) & (lists.todo == 0)
    costs = np.where(may, lists.cost + problem.idle * (problem.steps - lists.step), np.inf)
    if not len(costs) or not np.isfinite(costs.min()):
        return np.inf, ()
    row = int(costs.argmin())
    return float(costs[row]), tuple(int(node) for node in lists.nodes[row])
