"""Columns of numbers to notes, for the representations that keep them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from classify.representations.windows import LONGEST, TOGETHER
from classify.songs import NOTE

#: What a note has that nothing is said of: MIDI's usual middle, a tenth of a second.
VELOCITY, SECONDS = 64, 0.1

#: What no note is without.
NEEDED = ("pitch", "inter_onset")


def seconds(logarithm: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give the seconds that a channel holds as logarithms (0.01 s added).

    >>> seconds(np.log(np.array([0.01, 0.51]))).round(6).tolist()
    [0.0, 0.5]
    """
    return np.clip(np.exp(np.asarray(logarithm, float)) - TOGETHER, 0, LONGEST)


def notes_of(columns: Mapping[str, NDArray[np.floating]]) -> NDArray[np.void]:
    """Make notes of the columns that are there.

    Times are kept as logarithms in 32 bits, so onsets drift by some microseconds a note; a rest of
    more than 30 s has become one of 30 s. Beats are not known unless a column `beat` gives them.

    Parameters
    ----------
    columns : mapping of str to ndarray, each of shape (n_notes,)
        `pitch` and `inter_onset` (log s since the onset before), and any of `duration` (log s),
        `velocity`, `program`, `drum` and `beat`. Pitches and velocities are rounded and bounded,
        as those of a model that draws them need to be.

    Returns
    -------
    ndarray of NOTE, shape (n_notes,)
        Sorted by onset and pitch; the first note begins at 0 s.

    Raises
    ------
    ValueError
        If pitch or time is missing.

    Examples
    --------
    >>> gaps = np.log(np.array([0.0, 0.5]) + 0.01)
    >>> notes = notes_of({"pitch": np.array([60, 64]), "inter_onset": gaps})
    >>> notes["onset"].round(6).tolist(), notes["velocity"].tolist()
    ([0.0, 0.5], [64, 64])
    """
    if missing := [name for name in NEEDED if name not in columns]:
        raise ValueError(f"notes cannot be made without {' and '.join(missing)}")
    n_notes = len(columns["pitch"])
    notes = np.zeros(n_notes, NOTE)
    notes["onset"][1:] = np.cumsum(seconds(columns["inter_onset"])[1:])
    notes["duration"] = seconds(columns["duration"]) if "duration" in columns else SECONDS
    notes["beat"] = columns.get("beat", np.full(n_notes, np.nan))
    notes["velocity"] = VELOCITY
    for name in ("pitch", "velocity", "program"):
        if name in columns:
            notes[name] = np.clip(np.rint(columns[name]), 0, 127)
    if "drum" in columns:
        notes["drum"] = columns["drum"] > 0.5
    return notes[np.lexsort((notes["pitch"], notes["onset"]))]
