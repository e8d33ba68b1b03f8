"""Which columns of a model's input belong together, by what people call them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classify.measuring import listed
from classify.windows import WindowSettings


def families(what: str) -> dict[str, NDArray[np.int64]]:
    """Give the columns of each family of features: rhythm, harmony, melody, ...

    Parameters
    ----------
    what : {"features", "song"}
        Whose features.
    """
    of_column = [feature.family for feature in listed(what)]
    return {name: np.flatnonzero(np.array(of_column) == name) for name in dict.fromkeys(of_column)}


def channel_names(what: str, settings: WindowSettings) -> Sequence[str]:
    """Name the channels of an input of notes: "notes", "rich" or "passages"."""
    return settings.channels if what == "notes" else [column.name for column in listed(what)]


def channels(names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Give the column of each channel of notes: pitch, velocity, inter-onset, ..."""
    return {name: np.array([place]) for place, name in enumerate(names)}
