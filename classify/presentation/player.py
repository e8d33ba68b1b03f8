"""Notes that a page plays without a network or another program: a button for each song."""

import json
from collections.abc import Iterable
from importlib.resources import files


def script() -> str:
    """Give the module (script type="module") of a page with buttons: no other is needed."""
    return (files("classify.presentation") / "player.js").read_text(encoding="utf-8")


def button(notes: Iterable[tuple[float, float, int, int]], title: str = "Play") -> str:
    """Write a button that plays notes, and stops when it is pressed again.

    Parameters
    ----------
    notes : iterable of (float, float, int, int)
        Onset and duration in seconds, MIDI pitch and velocity (0-127) of each.
    title : str
        What a screen reader says; the button itself says Play or Stop.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> button([(0, 0.5, 60, 80)], "Play song 1")
    '<button type="button" aria-label="Play song 1" data-notes="[[0, 0.5, 60, 80]]">Play</button>'
    """
    rows = json.dumps([[round(a, 3), round(b, 3), c, d] for a, b, c, d in notes])
    return f'<button type="button" aria-label="{title}" data-notes="{rows}">Play</button>'
