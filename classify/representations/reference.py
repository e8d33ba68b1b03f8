"""One small piece of music that never changes, to see whether a representation still does the same.

A saved model keeps the values of its representation for this piece. A column with other values
today is not the one that the model learned from, whatever it is called.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.corpora.store import folder_of_user
from classify.representations.representation import Representation
from classify.representations.windows import WindowSettings, cut
from classify.songs import NOTE, Song

#: How far a value may be off: other processors round otherwise.
RELATIVE, ABSOLUTE = 1e-3, 1e-4


def piece() -> Song:
    """Give the piece: 160 notes, melody over bass and a drum, in a rhythm that never repeats soon.

    >>> piece().n_notes
    160
    """
    step = np.arange(160)
    notes = np.zeros(len(step), NOTE)
    bass, drum = step % 5 == 0, step % 7 == 3
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12])
    notes["beat"] = np.cumsum(np.array([0.0, 0.5, 0.25, 0.25, 1.0, 0.5])[step * step % 6])
    notes["onset"] = notes["beat"] * 0.5 + 0.004 * (step * 11 % 5)
    notes["duration"] = 0.1 + 0.07 * (step * 3 % 8)
    notes["pitch"] = np.where(bass, 36, 60) + scale[step * step % 11 % 8] + step * 3 % 17 // 6
    notes["pitch"][drum] = 38
    notes["velocity"] = 40 + step * 13 % 61
    notes["program"] = np.where(bass, 32, 0)
    notes["drum"] = drum
    notes = notes[np.lexsort((notes["pitch"], notes["onset"]))]
    metres = np.array([[0.0, 4.0, 4.0]])
    return Song(Path("reference.mid"), "reference", len(notes), 60.0, lambda: notes, metres=metres)


def values(representation: Representation, settings: WindowSettings) -> NDArray[np.float64]:
    """Give what a representation says of the piece: the mean of each column, shape (n_columns,).

    >>> from classify.representations.note_events import NOTE_EVENTS
    >>> values(NOTE_EVENTS, WindowSettings(64, 64)).shape
    (9,)
    """
    songs = [replace(piece(), home=folder_of_user())]  # asked whenever a model is loaded
    blocks = representation.encode(songs, cut(songs, settings))
    rows = np.concatenate([x.reshape(-1, x.shape[-1]) for x in blocks]).astype(float)
    return np.nanmean(rows, axis=0)


def changed(before: NDArray[np.floating], now: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Mark the columns that say something else than before.

    >>> changed(np.array([1.0, 2.0]), np.array([1.0, 2.5])).tolist()
    [False, True]
    """
    return np.asarray(~np.isclose(now, before, rtol=RELATIVE, atol=ABSOLUTE))
