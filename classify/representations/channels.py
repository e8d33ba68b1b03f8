"""Windows of notes in the channels that were asked for: the input of the paper's models."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from classify.representations.decoding import notes_of
from classify.representations.features.registry import Feature
from classify.representations.representation import Blocks, Count, Representation, silent
from classify.representations.windows import Windows, WindowSettings
from classify.songs import Song


class Channels(Representation):
    """A window's notes, one a row, in the channels of `classify.representations.windows`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from classify.representations.windows import cut
    >>> settings = WindowSettings(4, 4, ("pitch", "inter-onset"))
    >>> NOTES.shape(settings)
    (4, 2)
    >>> gaps = np.log([0.01, 0.51, 0.51])
    >>> notes = notes_of({"pitch": np.array([60, 64, 67]), "inter_onset": gaps})
    >>> song = Song.of(notes, Path("chord.mid"))
    >>> (x,) = NOTES.encode([song], cut([song], settings))
    >>> x[0, :, 0].tolist()
    [nan, 60.0, 64.0, 67.0]
    >>> NOTES.decode(x, settings)["pitch"].tolist()
    [60, 64, 67]
    """

    name = "notes"
    scaled = True
    gradients = True

    def columns(self, settings: WindowSettings) -> list[Feature]:
        """Name the channels."""
        return [Feature(name, "", "notes", "") for name in settings.channels]

    def shape(self, settings: WindowSettings) -> tuple[int, int]:
        """Give the notes of a window, and the channels."""
        return settings.window, len(settings.channels)

    def encode(self, songs: Sequence[Song], windows: Windows, count: Count = silent) -> Blocks:
        """Cut windows; padding, on the left, is NaN."""
        for rows, x in replace(windows, songs=songs).blocks():
            yield x
            count(rows.stop, len(windows))

    def decode(self, x: NDArray[np.float32], settings: WindowSettings) -> NDArray[np.void]:
        """Give the notes; without a channel for it, velocity is 64 and duration 0.1 s."""
        rows = x.reshape(-1, x.shape[-1])
        rows = rows[~np.isnan(rows).all(axis=1)]
        held = {name: rows[:, place] for place, name in enumerate(settings.channels)}
        return notes_of({name.replace("-", "_"): column for name, column in held.items()})


NOTES = Channels()
