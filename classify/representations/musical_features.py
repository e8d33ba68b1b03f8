"""Features as the input of models: of each window, or of each window's whole song.

They are computed in one thread, since sums over several differ in the last digits, and once: of
songs that have a home they are kept there, under a hash of the notes, of where they were cut, and
of the code and the names of all features.
"""

import inspect
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classify.corpora.descriptions import find_or_compute, key_of, version_of
from classify.representations import features
from classify.representations import windows as windows_module
from classify.representations.features.compiled import stamp
from classify.representations.features.registry import Feature, sources
from classify.representations.representation import Blocks, Count, Representation, silent
from classify.representations.windows import Windows, WindowSettings
from classify.songs import Song

#: Windows, or whole songs, that are computed at once.
AT_ONCE = 500

#: Windows of a block that is given to a model: asking each tree of a forest takes a while.
BLOCK = 4_000

#: A row for each window of a song, or one for all of them.
Rows = NDArray[np.float32]

#: First notes of the windows of a song.
Starts = NDArray[np.int64]


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
        """Give the features of windows, those of some songs at a time."""
        version, window = self._version(windows.settings), windows.settings.window
        for rows in _of_whole_songs(windows):
            song, start = windows.song[rows], windows.start[rows]
            borders = np.flatnonzero(np.diff(song)) + 1
            some, starts = [songs[index] for index in song[[0, *borders]]], np.split(start, borders)
            found = self._found(some, starts, window, version)
            yield self._of_windows(found, starts)[:, np.newaxis]
            count(rows.stop, len(windows))

    def _found(
        self, songs: list[Song], starts: list[Starts], window: int, version: str
    ) -> list[Rows]:
        """Find what is kept of songs; compute what is not, and keep it."""

        def compute(missing: list[int]) -> list[bytes]:
            some = [songs[n] for n in missing], [starts[n] for n in missing]
            return [rows.tobytes() for rows in self._computed(*some, window)]

        keys = [self._key(*one, version) for one in zip(songs, starts, strict=True)]
        found = find_or_compute([song.home for song in songs], keys, compute)
        n_columns = self.shape(WindowSettings())[1]
        return [np.frombuffer(one, np.float32).reshape(-1, n_columns) for one in found]

    def _version(self, settings: WindowSettings) -> str:
        """Name what decides the features of a window, but for its notes."""
        names = [column.name for column in self.columns(settings)]
        code = stamp(), _cutting(), *sources()
        return version_of(self.name, str(settings.window), *code, *names)

    def _key(self, song: Song, starts: Starts, version: str) -> bytes:
        """Hash what decides the features of a song's windows."""
        return key_of(version, song.notes, song.metres, starts)

    def _computed(self, songs: list[Song], starts: list[Starts], window: int) -> list[Rows]:
        """Compute the features of songs' windows, some windows at a time."""
        lengths = [len(one) for one in starts]
        song, start = np.repeat(np.arange(len(songs)), lengths), np.concatenate([[], *starts])
        tables = [np.empty((0, len(features.listed())), np.float32)]
        for first in range(0, len(song), AT_ONCE):
            used, place = np.unique(song[first : first + AT_ONCE], return_inverse=True)
            some, begin = [songs[n] for n in used], start[first : first + AT_ONCE].astype(np.int64)
            with threadpool_limits(1):
                tables.append(features.compute(features.batch(some, place, begin, window)))
        return np.split(np.concatenate(tables), np.cumsum(lengths)[:-1]) if songs else []

    def _of_windows(self, rows: list[Rows], starts: list[Starts]) -> Rows:
        """Give the rows of all windows."""
        return np.concatenate(rows)


class SongFeatures(WindowFeatures):
    """The features of a song as one long window and as a mean over its excerpts.

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
        return list(_of_songs(tuple(features.listed())))

    def _version(self, settings: WindowSettings) -> str:
        """Name what decides the features of a song, which does not depend on its windows."""
        return super()._version(WindowSettings())

    def _key(self, song: Song, starts: Starts, version: str) -> bytes:
        """Hash what decides the features of a song."""
        return super()._key(song, starts[:0], version)

    def _computed(self, songs: list[Song], starts: list[Starts], window: int) -> list[Rows]:
        """Compute the features of songs, some at a time."""
        rows = list[Rows]()
        with threadpool_limits(1):
            for first in range(0, len(songs), AT_ONCE):
                some = songs[first : first + AT_ONCE]
                rows += np.split(features.of_songs(some), len(some))
        return rows

    def _of_windows(self, rows: list[Rows], starts: list[Starts]) -> Rows:
        """Repeat the features of songs for their windows."""
        return np.repeat(np.concatenate(rows), [len(one) for one in starts], axis=0)


def _of_whole_songs(windows: Windows) -> Iterator[slice]:
    """Divide windows into blocks that part no song."""
    first = 0
    for end in [*np.flatnonzero(np.diff(windows.song)) + 1, len(windows)]:
        if end - first >= BLOCK or first < end == len(windows):
            yield slice(first, int(end))
            first = end


@lru_cache(maxsize=1)
def _of_songs(of_windows: tuple[Feature, ...]) -> list[Feature]:
    """Name the features of songs once for all blocks of songs, as long as those of windows last."""
    return features.listed_of_songs()


@cache
def _cutting() -> str:
    """Give the source that cuts songs, also into the excerpts of which features are means."""
    return inspect.getsource(windows_module)


FEATURES, SONG_FEATURES = WindowFeatures(), SongFeatures()
