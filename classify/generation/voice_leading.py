"""Parallel fifths and octaves: what four-part writing avoids, and small networks do not.

Two voices move in parallel where they are a fifth (or an octave, or in unison, compound intervals
counted as simple ones) apart in two steps that follow each other, and both move to another pitch in
the same direction. They are counted for each chord, that is each step at which some voice moves.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from classify.representations.voices import REST, Voices, most_at_once
from classify.songs import Song

#: Semitones of the intervals, modulo an octave.
FIFTH, OCTAVE = 7, 0

#: Most voices that are compared.
MOST_VOICES = 4


@dataclass(frozen=True)
class Parallels:
    """What was counted in a song.

    Parameters
    ----------
    fifths, octaves : int
        Pairs of voices that moved in parallel.
    chords : int
        Steps at which a voice moved to another pitch.
    """

    fifths: int
    octaves: int
    chords: int


def parallels(song: Song) -> Parallels | None:
    """Count parallels in a song; None where fewer than two notes ever sound together.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> parallels(piece())
    Parallels(fifths=0, octaves=0, chords=214)
    """
    n_voices = min(most_at_once(song), MOST_VOICES)
    return of_voices(Voices.of(song, n_voices)) if n_voices > 1 else None


def of_voices(voices: Voices) -> Parallels:
    """Count parallels between voices.

    Examples
    --------
    >>> pitch = np.array([[67, 60], [69, 62], [72, 60], [74, 62]])
    >>> of_voices(Voices(pitch, np.ones((4, 2), bool), np.zeros((4, 4))))
    Parallels(fifths=1, octaves=1, chords=3)
    """
    before, after = voices.pitch[:-1], voices.pitch[1:]
    moves = np.where((before == REST) | (after == REST), 0, after - before)
    found = {FIFTH: 0, OCTAVE: 0}
    for one, other in combinations(range(voices.pitch.shape[1]), 2):
        together = moves[:, one] * moves[:, other] > 0
        for interval in found:
            apart = [
                np.abs(pitch[:, one] - pitch[:, other]) % 12 == interval
                for pitch in (before, after)
            ]
            found[interval] += int((together & apart[0] & apart[1]).sum())
    chords = int((after != before).any(axis=1).sum())
    return Parallels(found[FIFTH], found[OCTAVE], chords)
