"""What grids and piano rolls have in common: a row for each step, with tempo and place in bar."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.representations.sequences import BarLines, in_beats, metres_of
from classify.songs import Song

#: Columns in front of what sounds, and their units.
STEP_COLUMNS = {
    "tempo": "quarter notes a minute, mean over the step",
    "step": "steps since the bar began",
    "bar": "steps of the bar",
    "unit": "denominator of the time signature",
}
N_STEP_COLUMNS = len(STEP_COLUMNS)


@dataclass(frozen=True, eq=False)
class GridSong:
    """A song on a grid.

    Parameters
    ----------
    begin, end : ndarray of int, shape (n_notes,)
        First step of each note, and the one behind its last; every note has a step at least.
    about : ndarray of float32, shape (n_steps, 4)
        `STEP_COLUMNS` of each step.
    """

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    about: NDArray[np.float32]

    @classmethod
    def of(cls, song: Song, steps_per_beat: int) -> "GridSong":
        """Round onsets and ends to the nearest step.

        Examples
        --------
        >>> from classify.representations.reference import piece
        >>> grid = GridSong.of(piece(), 4)
        >>> grid.begin[:3].tolist(), grid.about[:2].tolist()
        ([0, 2, 6], [[120.0, 0.0, 16.0, 4.0], [120.0, 1.0, 16.0, 4.0]])
        """
        begins, ends = in_beats(song)
        begin = np.round(begins * steps_per_beat).astype(np.int64)
        end = np.maximum(np.round(ends * steps_per_beat).astype(np.int64), begin + 1)
        n_steps = int(end.max(initial=1))
        edges = song.seconds_at(np.arange(n_steps + 1) / steps_per_beat)
        bars = BarLines.of(song, steps_per_beat, n_steps)
        step = np.arange(n_steps)
        bar = np.searchsorted(bars.start, step, side="right") - 1
        tempo = 60 / steps_per_beat / np.diff(edges)
        columns = [tempo, step - bars.start[bar], bars.length[bar], bars.denominator[bar]]
        return cls(begin, end, np.stack(columns, 1).astype(np.float32))


def clock(
    about: NDArray[np.floating], steps_per_beat: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give seconds, tempo map and time signatures of steps.

    Parameters
    ----------
    about : ndarray, shape (n_steps, 4)
        `STEP_COLUMNS` of each step.
    steps_per_beat : int
        Steps in a quarter note.

    Returns
    -------
    seconds : ndarray, shape (n_steps + 1,)
        When each step begins, and when the last one ends.
    tempi, metres : ndarray
        As a `Song` has them.
    """
    tempo = about[:, 0].astype(float)
    seconds = np.append(0, np.cumsum(60 / steps_per_beat / tempo))
    changes = np.flatnonzero(np.abs(np.diff(tempo, prepend=0)) > 1e-3)
    tempi = np.stack([seconds[changes], tempo[changes]], 1)
    starts = np.flatnonzero(np.append(True, about[1:, 1] <= about[:-1, 1]))
    lengths = about[starts, 2].round().astype(np.int64)
    lengths[:-1] = np.diff(starts)  # a bar may be cut short
    return seconds, tempi, metres_of(lengths, about[starts, 3].astype(np.int64), steps_per_beat)
