"""Songs in voices as networks learn from them: classes of pitches, and what is drawn of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

#: Songs from which on some decide which weights are kept.
ENOUGH = 30

#: Steps of a bar that are distinguished.
PLACES = 16

#: Semitones that songs may be moved by while a network learns.
SHIFTS = range(-5, 7)


@dataclass(frozen=True, eq=False)
class VoiceSong:
    """A song to learn from.

    Parameters
    ----------
    classes : ndarray of int, shape (n_steps, voices)
        0 for silence, else pitches from the lowest on.
    begins : ndarray of bool, shape (n_steps, voices)
        Where a note begins.
    places : ndarray of int, shape (n_steps,)
        Step of the bar.
    """

    classes: NDArray[np.int64]
    begins: NDArray[np.bool_]
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def moved(self, semitones: int) -> "VoiceSong":
        """Give it higher by so many semitones."""
        classes = np.where(self.classes > 0, self.classes + semitones, 0)
        return replace(self, classes=classes)

    def symbols(self, hold: int) -> NDArray[np.int64]:
        """Write what each voice does: begin a pitch, be silent (0), or hold."""
        return np.where((self.classes > 0) & ~self.begins, hold, self.classes)


def fitting(
    song: VoiceSong,
    classes: int,
    random: np.random.Generator,
    part: slice = slice(None),
    shifts: Sequence[int] = SHIFTS,
) -> VoiceSong:
    """Move a song at random, as far as a part of it stays within the classes."""
    sounding = song.classes[part]
    sounding = sounding[sounding > 0]
    if not len(sounding):
        return song
    low, high = int(sounding.min()), int(sounding.max())
    within = [n for n in shifts if low + n >= 1 and high + n < classes]
    return song.moved(int(random.choice(within))) if within else song
