"""The solver's innermost loop, compiled: from the end of a list back to its beginning.

It stands alone, so that Numba's own cache on disk knows when it has changed.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def go_backwards(
    latest: NDArray[np.int64],
    length: NDArray[np.int64],
    stage: NDArray[np.int64],
    cost: NDArray[np.float64],
    off_schedule: NDArray[np.float64],
    before: NDArray[np.float64],
    stop: NDArray[np.float64],
    entry: NDArray[np.float64],
    after: NDArray[np.float64],
) -> None:
    """Fill in the least costs of going on to the end, at every step.

    Parameters
    ----------
    latest : ndarray of int, shape (n_nodes,)
        Last step at which each node may begin.
    length, stage, cost, off_schedule
        As in `classify.playlists.solver.Problem`; costs with prices.
    before : ndarray, shape (n_nodes, n_nodes)
        Cost of a transition to each node (row) from each (column).
    stop : ndarray, shape (n_steps + 1, n_nodes)
        Cost of ending at a step, after a node.
    entry : ndarray, shape (n_steps + 1, n_nodes)
        Of playing a node at a step and all after it; given infinite, filled.
    after : ndarray, shape (n_steps + 1, n_nodes)
        Of all after a node that ends at a step; given infinite, filled.
    """
    n_nodes = len(cost)
    for step in range(len(entry) - 1, -1, -1):
        costs = after[step]
        for node in range(n_nodes):
            if latest[node] < step:
                continue
            end = step + length[node]
            off = off_schedule[stage[node], end] - off_schedule[stage[node], step]
            entry[step, node] = cost[node] + off + after[end, node]
            if entry[step, node] < np.inf:
                into, least = before[node], entry[step, node]
                for other in range(n_nodes):
                    onward = into[other] + least
                    costs[other] = onward if onward < costs[other] else costs[other]
        for node in range(n_nodes):
            costs[node] = min(costs[node], stop[step, node])
