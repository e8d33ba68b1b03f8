"""Statistics of many windows at once, when each window has another number of values.

The values of all windows stand one behind the other in a flat array, with the window's row beside
each value. Nothing is padded, so a window of three notes costs three notes.

Where a statistic has nothing to be computed from, it is 0: the mean, spread, share, quantile,
slope and correlation of no values, the spread of one value, and a ratio whose denominator is 0.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def ratio(above: ArrayLike, below: ArrayLike) -> Floats:
    """Divide; 0 where the denominator is 0.

    >>> ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0])).tolist()
    [0.5, 0.0]
    """
    below = np.asarray(below, float)
    return np.asarray(above) / np.where(below != 0, below, np.inf)


def modulo(values: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Remainders 0 to n - 1; numpy's own `%` is thirty times as slow as its `//`.

    >>> modulo(np.array([-1, 13]), 12).tolist()
    [11, 1]
    """
    return values - n * (values // n)


def changes(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which values differ from the one before; the first does.

    >>> changes(np.array([4, 4, 5])).tolist()
    [True, False, True]
    """
    out = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=out[1:])
    return out


def shares(counts: Floats) -> Floats:
    """Divide counts `(n_rows, n_classes)` by their row's sum.

    >>> shares(np.array([[1.0, 3.0]])).tolist()
    [[0.25, 0.75]]
    """
    return ratio(counts, counts.sum(axis=1, keepdims=True))


def entropy(p: Floats) -> Floats:
    """Shannon entropy of shares `(n_rows, n_classes)`, 0 (one class) to 1 (all alike).

    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(3).tolist()
    [1.0, -0.0]
    """
    terms = p * np.log(p, out=np.zeros_like(p), where=p > 0)
    return -terms.sum(axis=1) / np.log(p.shape[1])


def cosine(a: Floats, b: Floats) -> Floats:
    """Cosine between the rows of two tables; 0 where a row is all 0.

    >>> cosine(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]])).round(3).tolist()
    [0.707]
    """
    lengths = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return ratio((a * b).sum(axis=1), lengths)


@dataclass(frozen=True, eq=False)
class Places:
    """Where values stand: shared by all values that belong to the same notes, so counted once.

    Parameters
    ----------
    borders : ndarray of int, shape (n_rows + 1,)
        Index of each window's first value, also of windows without one; the number of all values.

    Examples
    --------
    >>> places(np.array([0, 0, 2]), 3).counts.tolist()
    [2, 0, 1]
    """

    borders: NDArray[np.int64]
    _lagged: dict[int, tuple[NDArray[np.int64], "Places"]] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Number of windows, also of those without a value."""
        return len(self.borders) - 1

    @cached_property
    def row(self) -> NDArray[np.int64]:
        """The window of each value; never falls."""
        return np.repeat(np.arange(self.n_rows), self.counts)

    def where(self, chosen: NDArray[np.int64]) -> "Places":
        """Keep the places with the given rising indices."""
        return Places(np.searchsorted(chosen, self.borders))

    @cached_property
    def thirds(self) -> "Places":
        """The same places, three rows for each window: its first, middle and last third."""
        third = 0 + (self.progress >= 1 / 3) + (self.progress > 2 / 3)
        return places(3 * self.row + third, 3 * self.n_rows)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Number of values in each window."""
        return self.borders[1:] - self.borders[:-1]

    @cached_property
    def divisors(self) -> Floats:
        """Number of values in each window to divide by: infinite where there are none."""
        return np.where(self.counts > 0, self.counts, np.inf)

    @property
    def starts(self) -> NDArray[np.int64]:
        """Index of each window's first value."""
        return self.borders[:-1]

    @cached_property
    def used(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Windows that have values, and the index of the first value of each."""
        rows = np.flatnonzero(self.counts)
        return rows, self.starts[rows]

    @cached_property
    def number(self) -> NDArray[np.int64]:
        """Number of values before each one in its window."""
        return np.arange(self.borders[-1]) - self.starts[self.row]

    @cached_property
    def progress(self) -> Floats:
        """Place of each value in its window, 0 (the first) to 1 (the last); 0 if it is alone."""
        return ratio(self.number, self.counts[self.row] - 1)

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """Place of each value in a flattened table with a row for each window."""
        return self.row * self.width + self.number

    @property
    def width(self) -> int:
        """Values in the fullest window."""
        return int(self.counts.max(initial=0))

    def pairs(self, lag: int) -> tuple[NDArray[np.int64], "Places"]:
        """Give indices of the values with another one `lag` places on, and these pairs' places."""
        if lag not in self._lagged:
            here = np.flatnonzero(self.row[lag:] == self.row[:-lag])
            self._lagged[lag] = here, self.where(here)
        return self._lagged[lag]


def places(row: NDArray[np.int64], n_rows: int) -> Places:
    """Find the places of values whose windows are known, never falling.

    >>> places(np.array([0, 0, 2]), 3).starts.tolist()
    [0, 2, 2]
    """
    return Places(np.searchsorted(row, np.arange(n_rows + 1)))


@dataclass(frozen=True, eq=False)
class Ragged:
    """Values of many windows, one behind the other.

    Parameters
    ----------
    values : ndarray, shape (n_values,)
        Numbers or booleans.
    places : Places
        The window of each value.

    Examples
    --------
    >>> values = ragged(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1]), 2)
    >>> values.mean().tolist(), values.max().tolist()
    ([2.0, 5.0], [3.0, 5.0])
    """

    values: NDArray[Any]
    places: Places

    @property
    def row(self) -> NDArray[np.int64]:
        """The window of each value."""
        return self.places.row

    @property
    def n_rows(self) -> int:
        """Number of windows."""
        return self.places.n_rows

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of values in each window."""
        return self.places.counts

    @property
    def progress(self) -> Floats:
        """Place of each value in its window, from 0 to 1."""
        return self.places.progress

    def where(self, chosen: NDArray[Any]) -> "Ragged":
        """Keep the values at which a mask is true, or at the given rising indices."""
        if chosen.dtype == bool:
            chosen = np.flatnonzero(chosen)  # indices are faster than a mask
        return Ragged(self.values[chosen], self.places.where(chosen))

    def of(self, values: NDArray[Any]) -> "Ragged":
        """Put other values into the same places."""
        return Ragged(values, self.places)

    def total(self) -> Floats:
        """Sum of each window's values."""
        return self._reduced(np.add)

    def mean(self, weights: Floats | None = None) -> Floats:
        """Mean (of booleans: share) of each window's values, weighted or not."""
        if weights is None:
            return self._mean
        return ratio(self.of(self.values * weights).total(), self.of(weights).total())

    @cached_property
    def _mean(self) -> Floats:
        return self.total() / self.places.divisors

    def std(self) -> Floats:
        """Take the population standard deviation."""
        return self._std

    @cached_property
    def _std(self) -> Floats:
        return np.sqrt(self.of(self._centred * self._centred).mean())

    def skew(self) -> Floats:
        """Third standardised moment; 0 where the values do not differ."""
        spread = self.std()
        third = self.of(self._centred * self._centred * self._centred).mean()
        return np.where(spread > 1e-9, ratio(third, spread**3), 0.0)

    @cached_property
    def _centred(self) -> Floats:
        return self.values - self.mean()[self.row]

    def max(self) -> Floats:
        """Greatest value."""
        return self._reduced(np.maximum)

    def min(self) -> Floats:
        """Smallest value."""
        return self._reduced(np.minimum)

    def _reduced(self, function: np.ufunc) -> Floats:
        out = np.zeros(self.n_rows)
        rows, starts = self.places.used
        if len(rows):
            # whole numbers stay whole: as exact as floats, and faster
            kind = np.float64 if self.values.dtype.kind == "f" else np.int64
            out[rows] = function.reduceat(self.values.astype(kind, copy=False), starts)
        return out

    def first(self) -> Floats:
        """First value."""
        return self._at(self.places.starts)

    def last(self) -> Floats:
        """Last value."""
        return self._at(self.places.starts + self.counts - 1)

    def _at(self, places: NDArray[np.int64]) -> Floats:
        out = np.zeros(self.n_rows)
        some = self.counts > 0
        out[some] = self.values[places[some]]
        return out

    def quantiles(self, *shares_below: float) -> Floats:
        """Quantiles `(n_rows, n_quantiles)`, linear between neighbours."""
        table = self.table(np.inf)
        table.sort(axis=1)
        wanted = np.outer(np.maximum(self.counts - 1, 0), shares_below)
        low = wanted.astype(np.int64)
        high = np.minimum(low + 1, np.maximum(self.counts - 1, 0)[:, None])
        below, above = (np.take_along_axis(table, i, axis=1) for i in (low, high))
        empty = (self.counts == 0)[:, None]
        below, above = np.where(empty, 0, below), np.where(empty, 0, above)
        return below + (above - below) * (wanted - low)

    def table(self, padding: Any) -> NDArray[Any]:
        """Values as a table `(n_rows, most values)`, of the type of `padding`."""
        width = max(1, self.places.width)
        table = np.full(self.n_rows * width, padding)
        table[self.places.cells] = self.values
        return table.reshape(self.n_rows, width)

    def histogram(self, n_classes: int, weights: Floats | None = None) -> Floats:
        """Shares `(n_rows, n_classes)` of integer values 0 to n_classes - 1."""
        cells = self.row * n_classes + self.values.astype(np.int64, copy=False)
        counts = np.bincount(cells, weights, self.n_rows * n_classes).astype(float)
        return shares(counts.reshape(self.n_rows, n_classes))

    def distinct(self) -> NDArray[np.int64]:
        """Count the different integer values."""
        if not len(self.values):
            return np.zeros(self.n_rows, np.int64)
        codes = self.values.astype(np.int64, copy=False)
        codes = codes - codes.min()
        keys = np.sort(self.row * (int(codes.max()) + 1) + codes)  # each stays in its window
        return self.of(changes(keys)).total().astype(np.int64)

    def pairs(self, lag: int = 1) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give indices of the values with another one `lag` places on, and of those others."""
        here, _ = self.places.pairs(lag)
        return here, here + lag

    def steps(self, lag: int = 1) -> "Ragged":
        """Differences between values and those `lag` places before, in the same window."""
        here, places = self.places.pairs(lag)
        return Ragged(self.values[here + lag] - self.values[here], places)

    def correlation(self, other: NDArray[Any]) -> Floats:
        """Pearson correlation with other values at the same places."""
        that = self.of(other)
        covariance = self.of(self._centred * that._centred).mean()
        spread = self.std() * that.std()
        return np.where(spread > 1e-9, ratio(covariance, spread), 0.0)

    def change(self) -> Floats:
        """Mean over the window's last third of places less the mean over its first third."""
        means = Ragged(self.values, self.places.thirds).mean()
        return np.where(self.counts > 1, means[2::3] - means[::3], 0.0)


def ragged(values: NDArray[Any], row: NDArray[np.int64], n_rows: int) -> Ragged:
    """Put values into places of their own.

    >>> ragged(np.array([1.0, 3.0]), np.array([0, 1]), 2).counts.tolist()
    [1, 1]
    """
    return Ragged(values, places(row, n_rows))
