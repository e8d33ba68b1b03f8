"""What sounds in music in voices between two changes, as a chain over whole frames learns it.

A *frame* is what all voices do at once until one of them does something else: the pitch of each,
whether its note begins there or is held, and how many sixteenths that lasts. A *sonority* is its
pitches alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.generation.frames import STEP
from classify.representations.voices import REST, Voices

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Steps after which a frame is cut in two, of which the second is held.
LONGEST = 16

#: Pitches and a rest: sonorities are numbers in this base.
BASE = 130

#: Kinds of place in a bar that dissonances are told by: on a beat, between two, and elsewhere.
PHASES = np.array([0, 2, 1, 2])


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames that follow each other.

    Parameters
    ----------
    pitch : ndarray of int, shape (n_frames, n_voices)
        What sounds, or `REST`.
    begins : ndarray of bool, shape (n_frames, n_voices)
        Whether it begins there.
    ticks : ndarray of int, shape (n_frames,)
        How many sixteenths each lasts, 1 to `LONGEST`.
    place : ndarray of int, shape (n_frames,)
        Sixteenth of the bar at which each begins.
    """

    pitch: Ints
    begins: Bools
    ticks: Ints
    place: Ints

    @classmethod
    def of(cls, voices: Voices, shift: int = 0) -> "Frames":
        """Cut voices where one of them changes, `shift` semitones higher, without silence before.

        Examples
        --------
        >>> pitch = np.array([[67, 60], [67, 60], [69, 60]])
        >>> begins = np.array([[True, True], [False, False], [True, False]])
        >>> about = np.array([[90, step, 16, 4] for step in range(3)], np.float32)
        >>> Frames.of(Voices(pitch, begins, about)).ticks.tolist()
        [2, 1]
        """
        sounds = np.flatnonzero((voices.pitch != REST).any(axis=1))
        first = int(sounds[0]) if len(sounds) else 0
        pitch, begins = voices.pitch[first:], voices.begins[first:]
        pitch = np.where(pitch == REST, REST, pitch + shift)
        changes = begins.any(axis=1) | (pitch != np.roll(pitch, 1, axis=0)).any(axis=1)
        changes[:1] = True
        since = np.arange(len(pitch)) - np.maximum.accumulate(
            np.where(changes, np.arange(len(pitch)), 0)
        )
        at = np.flatnonzero(changes | (since % LONGEST == 0))
        ticks = np.diff(np.append(at, len(pitch)))
        place = voices.about[first:, STEP].astype(np.int64)
        return cls(pitch[at], begins[at], ticks, place[at])

    def __len__(self) -> int:
        return len(self.ticks)

    @property
    def top(self) -> Ints:
        """The highest pitch that begins in each, or `REST`: the melody, as copies are told by."""
        return np.asarray(np.where(self.begins, self.pitch, REST).max(axis=1, initial=REST))


def joined(songs: Sequence[Frames]) -> Frames:
    """Write songs one after another."""
    return Frames(
        *(
            np.concatenate([getattr(song, name) for song in songs])
            for name in ("pitch", "begins", "ticks", "place")
        )
    )


def written(frames: Frames) -> tuple[Ints, Bools]:
    """Give pitch and begins of every sixteenth, shape (n_ticks, n_voices).

    Examples
    --------
    >>> frames = Frames(np.array([[67]]), np.array([[True]]), np.array([2]), np.array([0]))
    >>> [part.ravel().tolist() for part in written(frames)]
    [[67, 67], [True, False]]
    """
    pitch = np.repeat(frames.pitch, frames.ticks, axis=0)
    begins = np.zeros(pitch.shape, bool)
    begins[np.cumsum(frames.ticks) - frames.ticks] = frames.begins
    return pitch, begins


def codes(pitch: Ints) -> Ints:
    """Write each sonority as a number."""
    powers = BASE ** np.arange(pitch.shape[1])
    return np.asarray((pitch + 1) @ powers)


def moved(pitch: Ints, semitones: int) -> Ints:
    """Move what sounds."""
    return np.where(pitch == REST, REST, pitch + semitones)


def kinds(pitch: Ints) -> Ints:
    """Give the chords of sonorities: pitch classes above the lowest as bits, 0 for silence.

    >>> kinds(np.array([[72, 67, 64, 48], [74, 69, 66, 50], [REST, REST, REST, REST]])).tolist()
    [145, 145, 0]
    """
    sounds = pitch != REST
    lowest = np.where(sounds, pitch, 999).min(axis=1, keepdims=True)
    bits = np.where(sounds, 1 << ((pitch - lowest) % 12), 0)
    return np.asarray(np.bitwise_or.reduce(bits, axis=1))
