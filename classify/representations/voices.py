"""A song in voices on a grid of sixteenths: which pitch sounds in each at each step, and begins.

It is `classify.representations.grid` without its hold symbol: a voice that holds a note sounds,
too. That is what networks look at that compare voices, and what parallel fifths are counted in.
`grid` says how voices are told and what is lost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.representations.grid import HOLD, Grid
from classify.representations.steps import N_STEP_COLUMNS, GridSong
from classify.songs import Song

#: Steps in a quarter note, and what stands where a voice is silent.
STEPS_PER_BEAT, REST = 4, -1


@dataclass(frozen=True, eq=False)
class Voices:
    """A song in voices.

    Parameters
    ----------
    pitch : ndarray of int, shape (n_steps, n_voices)
        What sounds, or `REST`; the highest voice first.
    begins : ndarray of bool, shape (n_steps, n_voices)
        Whether a note begins.
    about : ndarray of float32, shape (n_steps, 4)
        `classify.representations.steps.STEP_COLUMNS`: tempo, place in the bar, time signature.
    """

    pitch: NDArray[np.int64]
    begins: NDArray[np.bool_]
    about: NDArray[np.float32]

    @classmethod
    def of(cls, song: Song, n_voices: int) -> "Voices":
        """Write a song in so many voices.

        Examples
        --------
        >>> from classify.representations.reference import piece
        >>> Voices.of(piece(), 2).pitch[:3].tolist()
        [[-1, 36], [-1, -1], [62, -1]]
        """
        table = Grid("voices", STEPS_PER_BEAT, n_voices).rows(song).table
        symbols = table[:, N_STEP_COLUMNS:].astype(np.int64)
        begins = symbols < HOLD
        sounding = np.where(begins, symbols, REST)
        for step in range(1, len(symbols)):
            sounding[step] = np.where(symbols[step] == HOLD, sounding[step - 1], sounding[step])
        return cls(sounding, begins, table[:, :N_STEP_COLUMNS])

    def notes(self) -> NDArray[np.int64]:
        """Give voice, first step, the step behind the last, and pitch, shape (n_notes, 4).

        A note ends where another begins or its pitch does not sound; one that sounds without
        having begun begins where it is first heard.

        Examples
        --------
        >>> pitch = np.array([[60], [60], [60], [62]])
        >>> begins = np.array([[True], [False], [True], [False]])
        >>> Voices(pitch, begins, np.zeros((4, 4))).notes().tolist()
        [[0, 0, 2, 60], [0, 2, 3, 60], [0, 3, 4, 62]]
        """
        before = np.concatenate([np.full_like(self.pitch[:1], REST), self.pitch[:-1]])
        starts = (self.pitch != REST) & (self.begins | (self.pitch != before))
        stops = starts | (self.pitch == REST)
        voice, begin = np.nonzero(starts.T)
        ends = np.zeros(len(voice), np.int64)
        for number in range(self.pitch.shape[1]):
            places = np.append(np.flatnonzero(stops[:, number]), len(self.pitch))
            own = voice == number
            ends[own] = places[np.searchsorted(places, begin[own], side="right")]
        return np.stack([voice, begin, ends, self.pitch[begin, voice]], axis=1)


def most_at_once(song: Song) -> int:
    """Count the notes that sound together at most, drums aside, on the grid.

    >>> from classify.representations.reference import piece
    >>> most_at_once(piece())
    3
    """
    grid, pitched = GridSong.of(song, STEPS_PER_BEAT), ~song.notes["drum"]
    change = np.zeros(len(grid.about) + 1, np.int64)
    np.add.at(change, grid.begin[pitched], 1)
    np.add.at(change, grid.end[pitched], -1)
    return int(np.cumsum(change).max())
