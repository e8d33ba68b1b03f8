"""Numbers on the command line: read, or refused in a few words."""

import argparse
from collections.abc import Callable
from typing import TypeVar

Number = TypeVar("Number", int, float)

#: Letters of a wrong value that are shown.
SHOWN = 20


def number(kind: Callable[[str], Number], expected: str) -> Callable[[str], Number]:
    """Make a type for argparse.

    Parameters
    ----------
    kind : int or float
        What is read.
    expected : str
        What is accepted, for the sentence that refuses anything else.

    Returns
    -------
    callable
        From text to number; raises argparse.ArgumentTypeError.
    """

    def read(text: str) -> Number:
        try:
            return kind(text)
        except ValueError:
            shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
            raise argparse.ArgumentTypeError(f"expected {expected}, not {shown!r}") from None

    return read


whole = number(int, "a whole number")
