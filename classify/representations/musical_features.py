"""Features as the input of models: of each window, or of each window's whole song.

They are computed in one thread, since sums over several differ in the last digits.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from classify.representations import features
from classify.representations.features.registry import Feature
from classify.representations.representation import Blocks, Count, Representation, silent
from classify.representations.windows import Windows, WindowSettings
from classify.songs import Song

#: Windows that are computed at once.
AT_ONCE = 500


class WindowFeatures(Representation):
    """What `classify.representations.features` says of a window.

    Examples
    --------
    >>> FEATURES.shape(WindowSettings()) == (1, len(features.listed()))
    True
    >>> sorted(FEATURES.families(WindowSettings()))[:3]
    ['dynamics', 'harmony', 'instruments']
    """

    name = "features"
    title = "Measuring musical features"
    described = True

    def columns(self, settings: WindowSettings) -> list[Feature]:
        """Name the features."""
        return features.listed()

    def shape(self, settings: WindowSettings) -> tuple[int, int]:
        """Give one row, with a column a feature."""
        return 1, len(self.columns(settings))

    def encode(self, songs: Sequence[Song], windows: Windows, count: Count = silent) -> Blocks:
        """Compute the features of windows, some at a time."""
        for first in range(0, len(windows), AT_ONCE):
            rows = slice(first, min(first + AT_ONCE, len(windows)))
            used, song = np.unique(windows.song[rows], return_inverse=True)
            some = [songs[index] for index in used]
            with threadpool_limits(1):
                batch = features.batch(some, song, windows.start[rows], windows.settings.window)
                table = features.compute(batch)
            yield table[:, np.newaxis]
            count(rows.stop, len(windows))


class SongFeatures(WindowFeatures):
    """The features of a song as one long window and as a mean over its passages.

    Examples
    --------
    >>> SONG_FEATURES.shape(WindowSettings()) == (1, len(features.listed_of_songs()))
    True
    """

    name = "song-features"
    title = "Measuring whole songs"
    per_song = True

    def columns(self, settings: WindowSettings) -> list[Feature]:
        """Name the features."""
        return features.listed_of_songs()

    def encode(self, songs: Sequence[Song], windows: Windows, count: Count = silent) -> Blocks:
        """Compute the features of songs, some at a time, and repeat them for their windows."""
        for rows in _of_whole_songs(windows):
            used, song = np.unique(windows.song[rows], return_inverse=True)
            with threadpool_limits(1):
                table = features.of_songs([songs[index] for index in used])[song]
            yield table[:, np.newaxis]
            count(rows.stop, len(windows))


def _of_whole_songs(windows: Windows) -> Iterator[slice]:
    """Divide windows into blocks that part no song."""
    first = 0
    for end in [*np.flatnonzero(np.diff(windows.song)) + 1, len(windows)]:
        if end - first >= AT_ONCE or end == len(windows):
            yield slice(first, int(end))
            first = end


FEATURES, SONG_FEATURES = WindowFeatures(), SongFeatures()
