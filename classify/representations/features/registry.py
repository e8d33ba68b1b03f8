"""Features by name: a group of features is a compiled function from windows to columns.

The decorator `features` puts a function's columns on the list, with their names, units, family and
source. A new function, in any file of this package, adds its columns; no list is edited.
"""

import marshal
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.batch import WindowBatch
from classify.representations.features.compiled import compile_once, compiled
from classify.representations.features.lines import N_COLUMNS, Lines
from classify.representations.features.statistics import Floats, Integers

#: Notes that are worked on at once; bounds memory and keeps arrays in the processor's cache.
AT_ONCE = 10_000

#: Fills in an array `(n_windows, n_features)` from the lines of windows.
Columns = Callable[[Lines, Floats], None]


@dataclass(frozen=True)
class Feature:
    """One named quantity of a window.

    Parameters
    ----------
    name : str
        As in tables: `melody_leap_share`.
    unit : str
        `MIDI pitch`, `semitones`, `s`, `log s`, `bpm`, `share`, ...; empty for bare numbers.
    family : str
        `pitch`, `melody`, `harmony`, `key`, `rhythm`, `metre`, `dynamics`, `texture`,
        `instruments`, `repetition`.
    source : str
        Where it is defined.

    Examples
    --------
    >>> Feature("melody_leap_share", "share", "melody", "Huron 2006").family
    'melody'
    """

    name: str
    unit: str
    family: str
    source: str


@dataclass(frozen=True)
class Group:
    """A function and the features it computes, in the order of its columns.

    >>> group = next(iter(GROUPS.values()))
    >>> len(group.features) > 0
    True
    """

    function: Columns
    features: tuple[Feature, ...]


GROUPS: dict[str, Group] = {}


def features(family: str, source: str, columns: dict[str, str]) -> Callable[[Columns], Columns]:
    """Register a function that computes features.

    Parameters
    ----------
    family, source : str
        Of all its features.
    columns : dict of str to str
        Name to unit, in the order in which the function returns them.

    Raises
    ------
    ValueError
        If a name is taken.

    Examples
    --------
    >>> features("key", "here", {"key_major_fit": ""})(len)
    Traceback (most recent call last):
        ...
    ValueError: key.len: its name or {'key_major_fit'} is taken
    """

    def register(function: Columns) -> Columns:
        listed = tuple(Feature(name, unit, family, source) for name, unit in columns.items())
        name = f"{family}.{function.__name__}"
        known = {f.name for group in GROUPS.values() for f in group.features}
        if name in GROUPS or known & set(columns):
            raise ValueError(f"{name}: its name or {known & set(columns)} is taken")
        GROUPS[name] = Group(function, listed)
        return function

    return register


def listed(families: Collection[str] | None = None) -> list[Feature]:
    """Every feature, or those of some families, in the order of `compute`'s columns.

    >>> [feature.name for feature in listed(["key"])][:2]
    ['key_major_fit', 'key_minor_fit']
    """
    return [feature for group in _chosen(families) for feature in group.features]


def _chosen(families: Collection[str] | None) -> Iterator[Group]:
    known = {group.features[0].family for group in GROUPS.values()}
    if unknown := set(families or ()) - known:
        raise ValueError(f"no family {sorted(unknown)}; there are {sorted(known)}")
    for group in GROUPS.values():
        if families is None or group.features[0].family in families:
            yield group


def compute(batch: WindowBatch, families: Collection[str] | None = None) -> NDArray[np.float32]:
    """Compute features of windows.

    Parameters
    ----------
    batch : WindowBatch
        Any number of windows.
    families : collection of str, optional
        Only these; all by default.

    Returns
    -------
    ndarray of float32, shape (n_windows, n_features)
        In the order of `listed(families)`. Always finite.

    Raises
    ------
    ValueError
        If there is no such family.

    Examples
    --------
    >>> from classify.representations.features import batch
    >>> from classify.representations.reference import piece
    >>> one = batch([piece()], np.array([0]), np.array([0]), 64)
    >>> compute(one, ["key"]).shape == (1, len(listed(["key"])))
    True
    """
    groups = list(_chosen(families))
    part = (np.cumsum(batch.lengths) - batch.lengths) // AT_ONCE
    borders = [0, *(np.flatnonzero(np.diff(part)) + 1), len(batch)]
    most = max(int(batch.lengths[a:b].sum()) for a, b in pairwise(borders))
    table = np.empty((len(batch), _width(groups)), np.float32)
    room = np.empty((N_COLUMNS, 5 * most))
    cells = np.empty(max(b - a for a, b in pairwise(borders)) * table.shape[1])
    compile_once(lambda: _compute_everything(batch.take(0, 1)))
    for a, b in pairwise(borders):
        _fill(batch.take(a, b).lines(room), groups, cells, table[a:b])
    return table


def _width(groups: Sequence[Group]) -> int:
    return sum(len(group.features) for group in groups)


def _compute_everything(one: WindowBatch) -> None:
    """Call every compiled function."""
    groups = list(GROUPS.values())
    _fill(one.lines(), groups, np.empty(_width(groups)), np.empty((1, _width(groups)), np.float32))


def sources() -> list[str]:
    """Say which functions compute the features, and what those are that stand outside this package.

    >>> len(sources()) == len(GROUPS)
    True
    """
    found = []
    for name, group in GROUPS.items():
        function = getattr(group.function, "py_func", group.function)
        known = function.__module__.startswith(f"{__package__}.")
        text = "" if known else marshal.dumps(function.__code__).hex()
        found.append(f"{name} {function.__module__} {function.__qualname__} {text}")
    return found


def _fill(lines: Lines, groups: Sequence[Group], cells: Floats, table: NDArray[np.float32]) -> None:
    """Compute all columns of some groups; `cells` is memory for their values."""
    n, end = len(lines.shared), 0
    cells[:] = np.nan
    for group in groups:
        first, end = end, end + n * len(group.features)
        columns = cells[first:end].reshape(n, -1)
        group.function(lines, columns)
        if math.isnan(columns[0].sum()):
            left = [f.name for f, v in zip(group.features, columns[0], strict=True) if np.isnan(v)]
            raise ValueError(f"a group of features left {', '.join(left)} without a value")
    _side_by_side(cells, np.array([len(group.features) for group in groups]), table)


@compiled
def _side_by_side(cells: Floats, widths: Integers, table: NDArray[np.float32]) -> None:
    """Put the columns of groups, which stand one behind the other, beside each other."""
    place, column = 0, 0
    for width in widths:
        for row in range(len(table)):
            for k in range(width):
                table[row, column + k] = cells[place + k]
            place += width
        column += width
