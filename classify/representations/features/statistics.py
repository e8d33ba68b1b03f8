"""Statistics of a stretch of values, compiled: of `values[first:end]` without making an array.

Where a statistic has nothing to be computed from, it is 0: the mean, spread, share, quantile,
slope and correlation of no values, the spread of one value, and a ratio whose denominator is 0.
"""

import math

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.compiled import inner

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@inner
def ratio(above: float, below: float) -> float:
    """Divide; 0 where the denominator is 0."""
    return above / below if below != 0 else 0.0


@inner
def total(values: Floats, first: int, end: int) -> float:
    """Add up values: four sums side by side, as processors like it, and then these."""
    some = values[first : max(first, end)]
    a, b, c, d, whole = 0.0, 0.0, 0.0, 0.0, len(some) // 4 * 4
    for i in range(0, whole, 4):
        a += some[i]
        b += some[i + 1]
        c += some[i + 2]
        d += some[i + 3]
    for i in range(whole, len(some)):
        a += some[i]
    return (a + b) + (c + d)


@inner
def mean(values: Floats, first: int, end: int) -> float:
    """Mean of values."""
    return ratio(total(values, first, end), end - first)


@inner
def std(values: Floats, first: int, end: int) -> float:
    """Take the population standard deviation."""
    return math.sqrt(ratio(squares(values, first, end, mean(values, first, end)), end - first))


@inner
def squares(values: Floats, first: int, end: int, middle: float) -> float:
    """Add up squared differences from a value."""
    some = values[first : max(first, end)]
    a, b, c, d, whole = 0.0, 0.0, 0.0, 0.0, len(some) // 4 * 4
    for i in range(0, whole, 4):
        a += (some[i] - middle) * (some[i] - middle)
        b += (some[i + 1] - middle) * (some[i + 1] - middle)
        c += (some[i + 2] - middle) * (some[i + 2] - middle)
        d += (some[i + 3] - middle) * (some[i + 3] - middle)
    for i in range(whole, len(some)):
        a += (some[i] - middle) * (some[i] - middle)
    return (a + b) + (c + d)


@inner
def skew(values: Floats, first: int, end: int) -> float:
    """Third standardised moment; 0 where the values do not differ."""
    middle, spread, even, odd = mean(values, first, end), std(values, first, end), 0.0, 0.0
    for i in range(first, end - 1, 2):
        a, b = values[i] - middle, values[i + 1] - middle
        even += a * a * a
        odd += b * b * b
    if (end - first) % 2:
        even += (values[end - 1] - middle) ** 3
    return (even + odd) / (end - first) / spread**3 if spread > 1e-9 else 0.0


@inner
def least(values: Floats, first: int, end: int) -> float:
    """Smallest value; 0 of none."""
    found = values[first] if end > first else 0.0
    for i in range(first + 1, end):
        found = values[i] if values[i] < found else found
    return found


@inner
def greatest(values: Floats, first: int, end: int) -> float:
    """Greatest value; 0 of none."""
    found = values[first] if end > first else 0.0
    for i in range(first + 1, end):
        found = values[i] if values[i] > found else found
    return found


@inner
def mean_step(values: Floats, first: int, end: int) -> float:
    """Mean absolute difference of neighbours."""
    added = 0.0
    for i in range(first, end - 1):
        added += abs(values[i + 1] - values[i])
    return ratio(added, end - 1 - first)


@inner
def correlation(a: Floats, first: int, b: Floats, first_b: int, n: int) -> float:
    """Pearson correlation of `n` values of `a`, from `first` on, with those of `b`."""
    if n < 1:
        return 0.0
    mean_a, mean_b = mean(a, first, first + n), mean(b, first_b, first_b + n)
    even, odd, x, y = 0.0, 0.0, a[first : first + n], b[first_b : first_b + n]
    for i in range(0, n - 1, 2):
        even += (x[i] - mean_a) * (y[i] - mean_b)
        odd += (x[i + 1] - mean_a) * (y[i + 1] - mean_b)
    if n % 2:
        even += (x[n - 1] - mean_a) * (y[n - 1] - mean_b)
    of_a, of_b = squares(a, first, first + n, mean_a), squares(b, first_b, first_b + n, mean_b)
    spread = math.sqrt(of_a / n) * math.sqrt(of_b / n)
    return (even + odd) / n / spread if spread > 1e-9 else 0.0


@inner
def progress(i: int, n: int) -> float:
    """Place of the value number `i` among `n`, from 0 (the first) to 1 (the last)."""
    return i / (n - 1) if n > 1 else 0.0


@inner
def trend(values: Floats, first: int, end: int) -> float:
    """Correlation with the place."""
    n = end - first
    if n < 2:
        return 0.0
    middle, even, odd, place = mean(values, first, end), 0.0, 0.0, -(n - 1) / 2
    some = values[first:end]
    for i in range(0, n - 1, 2):
        even += place * (some[i] - middle)
        odd += (place + 1) * (some[i + 1] - middle)
        place += 2
    if n % 2:
        even += place * (some[n - 1] - middle)
    of_places = math.sqrt((n + 1) / (n - 1) / 12)
    spread = of_places * math.sqrt(squares(values, first, end, middle) / n)
    return (even + odd) / n / (n - 1) / spread if spread > 1e-9 else 0.0


@inner
def change(values: Floats, first: int, end: int) -> float:
    """Mean over the last third of places less the mean over the first third."""
    n = end - first
    if n < 2:
        return 0.0
    third = (n - 1) // 3
    while progress(third, n) < 1 / 3:
        third += 1
    two_thirds = n - 1 - (n - 1) // 3
    while two_thirds > 0 and progress(two_thirds - 1, n) > 2 / 3:
        two_thirds -= 1
    while progress(two_thirds, n) <= 2 / 3:
        two_thirds += 1
    return mean(values, first + two_thirds, end) - mean(values, first, first + third)


@inner
def quantiles(values: Floats, n: int, below: Floats, out: Floats, at: int) -> None:
    """Write quantiles, linear between neighbours, to `out` from place `at` on.

    Parameters
    ----------
    values : ndarray
        The first `n` are reordered.
    below : ndarray
        Rising shares of values below each quantile.
    """
    done = 0
    for k in range(len(below)):
        if n == 0:
            out[at + k] = 0.0
            continue
        wanted = (n - 1) * below[k]
        low = int(wanted)
        _select(values, done, n - 1, low)
        done, next_one = low, values[low]
        if low < n - 1:
            next_one = values[low + 1]
            for i in range(low + 2, n):
                next_one = min(next_one, values[i])
        out[at + k] = values[low] + (next_one - values[low]) * (wanted - low)


@inner
def _select(values: Floats, first: int, last: int, wanted: int) -> None:
    """Reorder so that the value number `wanted` of all is at its place, smaller ones before it.

    Quickselect without a branch for each value; what it halves by is picked without a pattern that
    music could have.
    """
    drawn = 12345
    while first < last:
        drawn = (drawn * 1103515245 + 12345) & 0x7FFFFFFF
        pivot = values[first + (drawn * (last - first + 1) >> 31)]
        place = first
        for i in range(first, last + 1):
            value = values[i]
            values[i], values[place] = values[place], value
            place += value < pivot
        if wanted < place:
            last = place - 1
            continue
        first = place
        for i in range(first, last + 1):
            value = values[i]
            values[i], values[place] = values[place], value
            place += value <= pivot
        if wanted < place:
            return
        first = place


@inner
def median(values: Floats, n: int) -> float:
    """Median of the first `n` values, which are reordered."""
    out = np.zeros(1)
    quantiles(values, n, HALF, out, 0)
    return out[0]


HALF = np.array([0.5])


@inner
def to_shares(counts: Floats) -> None:
    """Divide counts by their sum, in place."""
    of_all = total(counts, 0, len(counts))
    if of_all != 0:
        for i in range(len(counts)):
            counts[i] /= of_all


@inner
def entropy(shares: Floats) -> float:
    """Shannon entropy of shares, 0 (one class) to 1 (all alike)."""
    added = 0.0
    for share in shares:
        if share > 0:
            added -= share * math.log(share)
    return added / math.log(len(shares))


@inner
def cosine(a: Floats, b: Floats) -> float:
    """Cosine of two arrays; 0 where one is all 0."""
    both, squares_a, squares_b = 0.0, 0.0, 0.0
    for i in range(len(a)):
        both += a[i] * b[i]
        squares_a += a[i] * a[i]
        squares_b += b[i] * b[i]
    return ratio(both, math.sqrt(squares_a * squares_b))


@inner
def offset(time: float, period: float) -> float:
    """Distance to the nearest multiple of a period."""
    return abs(time - period * np.rint(time / period))


@inner
def nearest(value: float, borders: Floats) -> int:
    """Count the borders below a value."""
    place = 0
    for border in borders:
        place += border < value
    return place


#: Shares below the quantiles that most features take.
TENTHS = np.array([0.1, 0.5, 0.9])
TENTHS_AND_QUARTERS = np.array([0.1, 0.25, 0.5, 0.75, 0.9])


@inner
def count(codes: Floats, first: int, end: int, counts: Floats) -> None:
    """Count whole numbers, from 0 on."""
    for k in range(len(counts)):
        counts[k] = 0.0
    for i in range(first, end):
        counts[int(codes[i])] += 1


@inner
def counted_quantiles(counts: Floats, n: int, below: Floats, out: Floats, at: int) -> None:
    """Write quantiles of `n` counted whole numbers to `out` from place `at` on.

    They are linear between neighbours; `below` are rising shares of values below each.
    """
    low, passed = -1, 0.0
    for k in range(len(below)):
        wanted = max(n - 1, 0) * below[k]
        while passed <= int(wanted) and low + 1 < len(counts):
            low += 1
            passed += counts[low]
        high, passed_high = low, passed
        while passed_high <= min(int(wanted) + 1, n - 1) and high + 1 < len(counts):
            high += 1
            passed_high += counts[high]
        out[at + k] = low + (high - low) * (wanted - int(wanted)) if n else 0.0
