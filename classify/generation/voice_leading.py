"""Parallel fifths and octaves: what four-part writing avoids, and small networks do not.

Two voices move in parallel where they are a fifth (or an octave, or in unison, compound intervals
counted as simple ones) apart in two steps that follow each other, and both move to another pitch in
the same direction. They are counted for each chord, that is each step at which some voice moves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

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
    found = {FIFTH: 0, OCTAVE: 0}
    for _, interval, steps in _places(voices.pitch):
        found[interval] += len(steps)
    chords = int((voices.pitch[1:] != voices.pitch[:-1]).any(axis=1).sum())
    return Parallels(found[FIFTH], found[OCTAVE], chords)


def parallel_notes(
    pitch: NDArray[np.int64], free: NDArray[np.bool_], random: np.random.Generator
) -> NDArray[np.bool_]:
    """Mark the notes to which voices moved in parallel: of each pair one that is free, at random.

    Parameters
    ----------
    pitch : ndarray of int, shape (n_steps, n_voices)
        What sounds, or `REST`.
    free : ndarray of bool, shape (n_steps, n_voices)
        What may be marked.
    random : numpy.random.Generator
        Chooses.

    Examples
    --------
    >>> pitch = np.array([[67, 60], [69, 62], [69, 62], [71, 60]])
    >>> free = np.array([[True, False]] * 4)
    >>> parallel_notes(pitch, free, np.random.default_rng(0))[:, 0].tolist()
    [False, True, True, False]
    """
    marked = np.zeros(pitch.shape, bool)
    for pair, _, steps in _places(pitch):
        for step in (steps + 1).tolist():
            voices = [voice for voice in pair if free[step, voice]]
            if voices:
                voice = int(random.choice(voices))
                changes = np.flatnonzero(pitch[step:, voice] != pitch[step, voice])
                end = step + int(changes[0]) if len(changes) else len(pitch)
                marked[step:end, voice] = True
    return marked & free


def _places(pitch: NDArray[np.int64]) -> Iterator[tuple[tuple[int, int], int, NDArray[np.int64]]]:
    """Give pairs of voices, an interval, and the steps from which they move in parallel."""
    before, after = pitch[:-1], pitch[1:]
    moves = np.where((before == REST) | (after == REST), 0, after - before)
    for one, other in combinations(range(pitch.shape[1]), 2):
        together = moves[:, one] * moves[:, other] > 0
        for interval in (FIFTH, OCTAVE):
            apart = [
                np.abs(now[:, one] - now[:, other]) % 12 == interval for now in (before, after)
            ]
            yield (one, other), interval, np.flatnonzero(together & apart[0] & apart[1])
