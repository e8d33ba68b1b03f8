"""How much each symbol of a chain is wanted at each tick: arrays, and rows that ticks share."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.chain import Floats


@dataclass(frozen=True, eq=False)
class Rows:
    """Weights of which many ticks share a row, read as an array of (n_ticks, n_symbols) is.

    Parameters
    ----------
    table : ndarray, shape (n_rows, n_symbols)
        The rows that there are.
    index : ndarray of int, shape (n_ticks,)
        The row of each tick.

    Examples
    --------
    >>> rows = Rows(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0, 1, 0]))
    >>> len(rows), rows[1].tolist(), float(rows[2, 1])
    (3, [0.5, 0.5], 0.0)
    """

    table: Floats
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, tuple):
            return self.table[self.index[place[0]], place[1]]
        if isinstance(place, slice):
            return Rows(self.table, self.index[place])
        return self.table[self.index[place]]

    def __mul__(self, row: Floats) -> "Rows":
        return Rows(self.table * row, self.index)


#: How much each symbol is wanted at each tick, or at any.
Weights = Floats | Rows
