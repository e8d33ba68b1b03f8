"""Which columns of a model's input belong together, by what people call them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classify.representations.inputs import listed
from classify.representations.windows import WindowSettings


def channel_names(what: str, settings: WindowSettings) -> Sequence[str]:
    """Name the channels of an input of notes: "notes", "rich" or "passages"."""
    return settings.channels if what == "notes" else [column.name for column in listed(what)]


def channels(names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Give the column of each channel of notes: pitch, velocity, inter-onset, ..."""
    return {name: np.array([place]) for place, name in enumerate(names)}
