"""Notes to fixed-length windows: the input of every model.

A song of `n` notes gives windows of `window` successive notes (drums and all tracks together, in
order of onset and then pitch), a new one every `hop` notes. What is left over at the end, the
tail, is kept if it fills at least half a window. A song shorter than one window is kept whatever
its length. Windows that are not full are padded on the left, so that the last note a network
reads is always a real one. Padding cells are NaN; an estimator fills them when it scales its input
(`classify.representations.scaling`).

Windows are cut from the songs when they are asked for, a block at a time: those of a large library
would not fit in memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.representations.defaults import CHANNEL_NAMES, WINDOW
from classify.songs import Song

#: Seconds added before taking logarithms: notes closer than this sound together.
TOGETHER = 0.01

#: Notes in the longest window that can be asked for.
LONGEST_WINDOW = 100_000

#: Windows are cut in blocks of about so many bytes.
BLOCK_BYTES = 2**25

#: Longest time that a note or a rest counts, in seconds.
LONGEST = 30.0


def pitch(notes: NDArray[np.void]) -> NDArray[np.float64]:
    """MIDI pitch, 0-127.

    >>> from classify.representations.reference import piece
    >>> pitch(piece().notes)[:3].tolist()
    [36.0, 62.0, 68.0]
    """
    return notes["pitch"].astype(float)


def velocity(notes: NDArray[np.void]) -> NDArray[np.float64]:
    """MIDI velocity (loudness), 0-127.

    >>> from classify.representations.reference import piece
    >>> velocity(piece().notes)[:3].tolist()
    [40.0, 53.0, 66.0]
    """
    return notes["velocity"].astype(float)


def inter_onset(notes: NDArray[np.void]) -> NDArray[np.float64]:
    """Logarithm of the seconds since the onset before (0.01 s added); the first note's is 0 s.

    >>> from classify.representations.reference import piece
    >>> inter_onset(piece().notes)[:3].round(2).tolist()
    [-4.61, -1.33, -0.67]
    """
    gaps = np.diff(notes["onset"], prepend=notes["onset"][0])
    return np.log(np.clip(gaps, 0, LONGEST) + TOGETHER)


def duration(notes: NDArray[np.void]) -> NDArray[np.float64]:
    """Logarithm of a note's length in seconds (0.01 s added).

    >>> from classify.representations.reference import piece
    >>> duration(piece().notes)[:3].round(2).tolist()
    [-2.21, -1.14, -0.63]
    """
    return np.log(np.clip(notes["duration"].astype(float), 0, LONGEST) + TOGETHER)


def drum(notes: NDArray[np.void]) -> NDArray[np.float64]:
    """1 on the percussion channel, 0 elsewhere.

    >>> from classify.representations.reference import piece
    >>> drum(piece().notes)[:4].tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    return notes["drum"].astype(float)


#: Every channel by the name it has on the command line.
CHANNELS = dict(zip(CHANNEL_NAMES, (pitch, velocity, inter_onset, duration, drum), strict=True))


@dataclass(frozen=True)
class WindowSettings:
    """How songs are cut.

    Parameters
    ----------
    window : int
        Notes in a window.
    hop : int
        Notes from the start of one window to the start of the next.
    channels : tuple of str
        Names of `CHANNELS`, in the order of the last axis. ("pitch",) is the paper's input.

    Examples
    --------
    >>> WindowSettings(64, 32, ("pitch",)).hop
    32
    """

    window: int = WINDOW
    hop: int = WINDOW
    channels: tuple[str, ...] = tuple(CHANNELS)

    def __post_init__(self) -> None:
        if not 2 <= self.window <= LONGEST_WINDOW:
            raise InputError(
                f"--window {self.window}: a window needs at least 2 notes, and at most "
                f"{LONGEST_WINDOW:,}"
            )
        if not 1 <= self.hop <= self.window:
            raise InputError(
                f"--hop {self.hop}: must lie between 1 and the window of {self.window} notes, "
                f"so that no note is passed over"
            )
        unknown = [name for name in self.channels if name not in CHANNELS]
        if unknown or not self.channels or len(set(self.channels)) < len(self.channels):
            raise InputError(
                f"--channels {','.join(self.channels)}: "
                f"expected one or more of {', '.join(CHANNELS)}, each once"
            )


@dataclass(frozen=True, eq=False)
class Windows:
    """Where the windows of many songs are; what is in them is cut when it is asked for.

    Parameters
    ----------
    songs : sequence of Song
        What is cut.
    settings : WindowSettings
        How.
    song : ndarray of int, shape (n_windows,)
        Index of the song a window is cut from.
    start : ndarray of int, shape (n_windows,)
        Index of the window's first real note in its song.
    counts : dict of str to int
        `full`, `padded_songs` (songs shorter than a window), `padded_tails` (tails kept),
        `dropped_tails`, `dropped_notes` (in the tails that were dropped).

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> windows = cut([piece()], WindowSettings(64, 64))
    >>> windows.shape, windows.start.tolist()
    ((3, 64, 5), [0, 64, 128])
    """

    songs: Sequence[Song]
    settings: WindowSettings
    song: NDArray[np.int64]
    start: NDArray[np.int64]
    counts: dict[str, int]

    def __len__(self) -> int:
        return len(self.song)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Windows, notes in each, channels of each."""
        return len(self), self.settings.window, len(self.settings.channels)

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Cut the windows piece by piece, in order.

        Yields
        ------
        slice
            Which windows.
        ndarray of float32, shape (n_in_block, n_notes, n_channels)
            Unscaled channel values; NaN where a window is padded (on the left).
        """
        step = max(1, BLOCK_BYTES // (4 * self.shape[1] * self.shape[2]))
        for first in range(0, len(self), step):
            rows = slice(first, min(first + step, len(self)))
            yield rows, self._cut(rows)

    @property
    def transcribed(self) -> NDArray[np.bool_]:
        """Mark the windows of transcriptions."""
        return np.array([song.transcribed for song in self.songs], bool)[self.song]

    @property
    def x(self) -> NDArray[np.float32]:
        """All windows at once, cut again each time: shape (n_windows, n_notes, n_channels)."""
        return np.concatenate([block for _, block in self.blocks()])

    def _cut(self, rows: slice) -> NDArray[np.float32]:
        x = np.full((rows.stop - rows.start, *self.shape[1:]), np.nan, dtype=np.float32)
        channels: NDArray[np.float64] = np.zeros(0)
        last = -1
        for row, (index, start) in enumerate(zip(self.song[rows], self.start[rows], strict=True)):
            if index != last:
                notes, last = self.songs[index].notes, index
                channels = np.stack([CHANNELS[name](notes) for name in self.settings.channels], 1)
            piece = channels[start : start + self.settings.window]
            x[row, self.settings.window - len(piece) :] = piece
        return x


def cut(songs: Sequence[Song], settings: WindowSettings) -> Windows:
    """Settle how songs are cut into windows.

    Parameters
    ----------
    songs : sequence of Song
        At least one.
    settings : WindowSettings
        Length, hop and channels.

    Returns
    -------
    Windows
        At least one window of each song, songs in order.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> windows = cut([piece()], WindowSettings(64, 64))
    >>> windows.counts["full"], windows.counts["padded_tails"]
    (2, 1)
    """
    counts = dict.fromkeys(
        ("full", "padded_songs", "padded_tails", "dropped_tails", "dropped_notes"), 0
    )
    starts = [_starts(song.n_notes, settings, counts) for song in songs]
    song = np.repeat(np.arange(len(songs)), [len(of_song) for of_song in starts])
    start = np.array([first for of_song in starts for first in of_song], dtype=np.int64)
    return Windows(songs, settings, song, start, counts)


def _starts(n_notes: int, settings: WindowSettings, counts: dict[str, int]) -> list[int]:
    """First notes of a song's windows; adds to `counts`."""
    window, hop = settings.window, settings.hop
    if n_notes < window:
        counts["padded_songs"] += 1
        return [0]
    starts = list(range(0, n_notes - window + 1, hop))
    counts["full"] += len(starts)
    uncovered = n_notes - (starts[-1] + window)
    tail = starts[-1] + hop
    if uncovered == 0:
        return starts
    if n_notes - tail >= window / 2:
        counts["padded_tails"] += 1
        return [*starts, tail]
    counts["dropped_tails"] += 1
    counts["dropped_notes"] += uncovered
    return starts
