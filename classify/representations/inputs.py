"""What models are given beside plain notes, block by block: features, or notes in full.

Features of windows or of whole songs are measured in one thread, since sums over several differ in
the last digits.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classify.representations import features, note_events
from classify.representations.features import Feature
from classify.representations.windows import Windows, WindowSettings
from classify.songs import Song

#: Windows that are measured at once.
MEASURED = 500

#: Told how many windows are done, of how many.
Watch = Callable[[int, int], None]
Blocks = Iterator[NDArray[np.float32]]


def listed(what: str) -> list[Feature]:
    """Name the columns of an input: "features", "song", "rich" or "passages"."""
    if what in note_events.PASSAGES:
        return [Feature(name, unit, "notes", "") for name, unit in note_events.COLUMNS.items()]
    return features.listed_of_songs() if what == "song" else features.listed()


def shape(what: str, settings: WindowSettings) -> tuple[int, int]:
    """Give the shape of a window as an input: notes (1 where it is described as one), columns."""
    if what == "notes":
        return settings.window, len(settings.channels)
    if what in note_events.PASSAGES:
        return note_events.shape(what, settings.window)
    return 1, len(listed(what))


def families(what: str) -> dict[str, NDArray[np.int64]]:
    """Give the columns of each family of features: rhythm, harmony, melody, ...

    Parameters
    ----------
    what : {"features", "song"}
        Whose features.
    """
    of_column = [feature.family for feature in listed(what)]
    return {name: np.flatnonzero(np.array(of_column) == name) for name in dict.fromkeys(of_column)}


def measured(
    what: str,
    songs: Sequence[Song],
    windows: Windows,
    watch: Watch = lambda done, total: None,
) -> Blocks:
    """Measure all windows, in order.

    Parameters
    ----------
    what : {"features", "song", "rich", "passages"}
        Features of each window, or of each window's whole song; or the notes of each window, or of
        passages of its song, with all that is known of them.
    songs : sequence of Song
        That `windows.song` counts.
    windows : Windows
        Those of a song stand together.
    watch : callable, optional
        Told of progress.

    Yields
    ------
    ndarray of float32, shape (n, n_notes, n_columns)
        As `shape` gives it; columns as `listed` names them.
    """
    if what in note_events.PASSAGES:
        for rows, x in note_events.blocks(what, songs, windows):
            yield x
            watch(rows.stop, len(windows))
        return
    for rows in _of_whole_songs(windows) if what == "song" else _evenly(len(windows)):
        wanted, song = np.unique(windows.song[rows], return_inverse=True)
        given = [songs[index] for index in wanted]
        with threadpool_limits(1):
            if what == "song":
                table = features.of_songs(given)[song]
            else:
                notes, start = windows.settings.window, windows.start[rows]
                table = features.compute(features.batch(given, song, start, notes))
            yield table[:, np.newaxis]
        watch(rows.stop, len(windows))


def _evenly(n_windows: int) -> Iterator[slice]:
    for first in range(0, n_windows, MEASURED):
        yield slice(first, min(first + MEASURED, n_windows))


def _of_whole_songs(windows: Windows) -> Iterator[slice]:
    """Divide windows into blocks that part no song."""
    first = 0
    for end in [*np.flatnonzero(np.diff(windows.song)) + 1, len(windows)]:
        if end - first >= MEASURED or end == len(windows):
            yield slice(first, int(end))
            first = end
