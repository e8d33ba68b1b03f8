"""How numbers are written: one form each for shares, differences, p values and probabilities.

Shares are between 0 and 1 and are written in percent; differences of shares are written in points.
"""

import math

MINUS = "−"


def number(share: float, decimals: int = 1) -> str:
    """Write a share as a number of percent, for a place that says so.

    >>> number(0.4213)
    '42.1'
    """
    return f"{100 * share:.{decimals}f}"


def percent(share: float, decimals: int = 1) -> str:
    """Write a share as a percentage.

    >>> percent(0.4213)
    '42.1 %'
    """
    return f"{number(share, decimals)} %"


def span(low: float, high: float) -> str:
    """Write the interval of a share in percent.

    >>> span(0.35, 0.489)
    '35.0–48.9'
    """
    return f"{number(low)}–{number(high)}"


def points(share: float) -> str:
    """Write a difference of two shares in points, with a proper minus.

    >>> points(-0.01)
    '−1.0'
    """
    return signed(share).removeprefix("+")


def signed(share: float, decimals: int = 1) -> str:
    """Write a difference of two shares in points with its sign, which 0 has not.

    >>> signed(0.042), signed(-0.0001)
    ('+4.2', '0.0')
    """
    text = f"{100 * share:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def points_span(low: float, high: float) -> str:
    """Write the interval of a difference in points.

    >>> points_span(-0.01, 0.073)
    '−1.0 to 7.3'
    """
    return f"{points(low)} to {points(high)}"


def p_value(p: float) -> str:
    """Write a p value as psychologists do: without a leading zero, and never as 0.

    >>> p_value(0.03), p_value(0.0007)
    ('.030', '< .001')
    """
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0")


def p_equals(p: float) -> str:
    """Write a p value with its relation, as a sentence needs it.

    >>> p_equals(0.03), p_equals(0.0007)
    ('p = .030', 'p < .001')
    """
    text = p_value(p)
    return f"p {text}" if text[0] == "<" else f"p = {text}"


def probability(p: float) -> str:
    """Write a probability as whole percent that are never nothing or everything.

    >>> probability(0.71), probability(0.001)
    ('71 %', '< 1 %')
    """
    if p < 0.005:
        return "< 1 %"
    return "> 99 %" if p >= 0.995 else percent(p, 0)


def thousandths(value: float) -> str:
    """Write a number from 0 up with three places and no leading zero; a dash where there is none.

    >>> thousandths(0.041)
    '.041'
    """
    return "–" if math.isnan(value) else f"{value:.3f}".removeprefix("0")


def ordinal(place: int) -> str:
    """Write a place.

    >>> ordinal(2), ordinal(11)
    ('2nd', '11th')
    """
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{'th' if place % 100 in (11, 12, 13) else ending}"
