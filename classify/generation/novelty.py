"""How much of a melody stands in the songs that a generator learned from.

Runs are compared whatever the key: by the step to the next note in semitones, and by how long a
note lasts until the next one begins.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.representations.melody import REST, Melody

#: Stands between songs; no step equals it.
BETWEEN = -(2**30)


def steps(melody: Melody) -> NDArray[np.int64]:
    """Give a melody as one number for each note but the last: its step to the next, its length.

    Parameters
    ----------
    melody : Melody
        Rests count as part of the note before them.

    Returns
    -------
    ndarray of int, shape (n_notes - 1,)

    Examples
    --------
    >>> a = Melody((60, 62, 64), (2, 2, 4))
    >>> bool((steps(a) == steps(a.transposed(5))).all())
    True
    """
    begin = np.cumsum((0, *melody.ticks[:-1]))
    sounding = np.array(melody.pitch) != REST
    pitch, begin = np.array(melody.pitch)[sounding], begin[sounding]
    length = 48 * np.diff(begin) // melody.ticks_per_beat  # in 48ths of a quarter note
    return np.diff(pitch) + 128 + 256 * length


@dataclass(frozen=True, eq=False)
class Repertoire:
    """The songs that something may be a copy of.

    Parameters
    ----------
    steps : ndarray of int, shape (n_steps,)
        Of all songs one after another, `BETWEEN` behind each.
    song : ndarray of int, shape (n_steps,)
        The song that each is of.
    """

    steps: NDArray[np.int64]
    song: NDArray[np.int64]

    @classmethod
    def of(cls, melodies: Iterable[Melody]) -> "Repertoire":
        """Collect melodies."""
        parts = [np.append(steps(melody), BETWEEN) for melody in melodies]
        song = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        return cls(np.concatenate(parts) if parts else np.zeros(0, np.int64), song)

    def longest_run(self, melody: Melody, without: int = -1) -> int:
        """Count the notes of the longest run that a melody shares with a song, in any key.

        Parameters
        ----------
        melody : Melody
            The melody in question.
        without : int
            A song that does not count: the melody's own.

        Returns
        -------
        int
            Notes; 0 where not even two in a row are shared.

        Examples
        --------
        >>> known = Repertoire.of([Melody((60, 62, 64, 65, 67), (2, 2, 2, 2, 4))])
        >>> known.longest_run(Melody((67, 69, 71, 60), (2, 2, 2, 4)))
        3
        """
        counted = np.append(self.song != without, False)
        own = np.append(self.steps, BETWEEN)
        run = np.zeros(len(own), np.int64)  # of steps that end at each place
        longest = 0
        for step in steps(melody):
            run = np.where((own == step) & counted, np.roll(run, 1) + 1, 0)
            longest = max(longest, int(run.max()))
        return longest + (longest > 0)
