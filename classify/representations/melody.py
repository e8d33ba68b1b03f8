"""A song as one melody on a grid, and a melody as a song again.

The melody is the skyline: of the notes that begin at one place of the grid, the highest; a note
lasts until the next begins, or until it ends where a rest follows that is long enough to be heard.

What is lost: every voice but the highest, drums, loudness, instruments, changes of tempo, and what
is finer than the grid. What is kept: pitches exactly, onsets to half a step of the grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.key import key_of
from classify.songs import NOTE, Song

#: Stands for a rest where a pitch stands for a note.
REST = -1

#: Shortest rest that is written, in quarter notes; shorter gaps are articulation.
SHORTEST_REST = 0.5

#: Longest note or rest, in quarter notes: longer ones are cut.
LONGEST = 8

#: The time signature of a song that has none.
COMMON_TIME = (4, 4)


@dataclass(frozen=True)
class Melody:
    """Notes and rests, one after another.

    Parameters
    ----------
    pitch : tuple of int
        MIDI pitches 0-127, or `REST`.
    ticks : tuple of int
        How long each lasts, in steps of the grid.
    ticks_per_beat : int
        Steps in a quarter note.
    metre : (int, int)
        Time signature.
    position : int
        Step of its bar at which the first note begins; above 0 where there is an upbeat.

    Examples
    --------
    >>> melody = Melody((60, 62, REST, 64), (2, 2, 4, 8), 4)
    >>> melody.bar_ticks, melody.positions
    (16, [0, 2, 4, 8])
    """

    pitch: tuple[int, ...]
    ticks: tuple[int, ...]
    ticks_per_beat: int = 4
    metre: tuple[int, int] = COMMON_TIME
    position: int = 0

    @property
    def bar_ticks(self) -> int:
        """Steps in a bar."""
        return bar_ticks(self.metre, self.ticks_per_beat)

    @property
    def positions(self) -> list[int]:
        """Step of its bar at which each note or rest begins."""
        begins = self.position + np.cumsum([0, *self.ticks[:-1]])
        return (begins % self.bar_ticks).tolist()

    def transposed(self, semitones: int) -> "Melody":
        """Give the melody higher by so many semitones; rests stay."""
        return replace(self, pitch=tuple(p if p == REST else p + semitones for p in self.pitch))


def bar_ticks(metre: tuple[int, int], ticks_per_beat: int) -> int:
    """Count the steps of a bar.

    Examples
    --------
    >>> bar_ticks((6, 8), 4)
    12
    """
    return max(1, round(4 * ticks_per_beat * metre[0] / metre[1]))


def encode(song: Song, ticks_per_beat: int = 4) -> Melody | None:
    """Write a song as a melody.

    Parameters
    ----------
    song : Song
        With beats.
    ticks_per_beat : int
        Steps in a quarter note: 4 for sixteenths, 12 for triplets too.

    Returns
    -------
    Melody or None
        None where the song has no pitched notes, or no beats.

    Examples
    --------
    >>> melody = Melody((60, 62, REST, 64), (2, 2, 4, 8), 4)
    >>> encode(decode(melody, tempo=90)) == melody
    True
    """
    notes = song.notes
    notes = notes[~notes["drum"] & np.isfinite(notes["beat"])]
    if not len(notes):
        return None
    begin = np.round(notes["beat"].astype(float) * ticks_per_beat).astype(int)
    end = np.round(song.beats_at(notes["onset"] + notes["duration"]) * ticks_per_beat).astype(int)
    order = np.lexsort((notes["pitch"], begin))  # who plays a chord strikes no two at once
    highest = order[np.append(np.diff(begin[order]) > 0, True)]
    begin, end, pitch = begin[highest], end[highest], notes["pitch"][highest].astype(int)
    metre, position = _metre(song, int(begin[0]), ticks_per_beat)
    pitches, ticks = _with_rests(begin, end, pitch, ticks_per_beat)
    return Melody(tuple(pitches), tuple(ticks), ticks_per_beat, metre, position)


def decode(
    melody: Melody,
    tempo: float = 120.0,
    program: int = 0,
    velocity: int | Sequence[int] = 80,
    title: str = "melody",
) -> Song:
    """Make a song of a melody.

    Parameters
    ----------
    melody : Melody
        What is to be played.
    tempo : float
        Quarter notes a minute.
    program : int
        General MIDI instrument, 0-127.
    velocity : int or sequence of int
        Of all notes, or of each note and rest.
    title : str
        The song's.

    Returns
    -------
    Song
    """
    pitch, ticks = np.array(melody.pitch), np.array(melody.ticks)
    begin = melody.position + np.cumsum(ticks) - ticks
    sounding = pitch != REST
    seconds = 60 / tempo / melody.ticks_per_beat
    notes = np.zeros(int(sounding.sum()), NOTE)
    notes["onset"], notes["duration"] = begin[sounding] * seconds, ticks[sounding] * seconds
    notes["beat"] = begin[sounding] / melody.ticks_per_beat
    notes["pitch"], notes["program"] = pitch[sounding], program
    notes["velocity"] = np.broadcast_to(velocity, len(pitch))[sounding]
    return replace(
        Song.of(notes, Path(f"{title}.mid"), title),
        tempi=np.array([[0.0, tempo]]),
        metres=np.array([[0.0, *melody.metre]]),
    )


def alone(song: Song, ticks_per_beat: int = 4) -> Song | None:
    """Give a song's melody as a song, played evenly in the song's mean tempo and loudness.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> alone(piece()).n_notes <= piece().n_notes
    True
    """
    melody = encode(song, ticks_per_beat)
    if melody is None or not song.seconds:
        return None
    tempo = float(song.beats_at(np.array([song.seconds]))[0] / song.seconds * 60)
    return decode(melody, tempo, velocity=round(float(song.notes["velocity"].mean())))


def tonic(melody: Melody) -> tuple[int, bool]:
    """Estimate the key: pitch class of the tonic, and whether it is minor.

    Examples
    --------
    >>> tonic(Melody((67, 69, 71, 72, 74, 71, 67), (4, 4, 4, 4, 4, 4, 8)))
    (7, False)
    """
    key = key_of(decode(melody).notes)
    return (0, False) if key is None else key


def _metre(song: Song, begin: int, ticks_per_beat: int) -> tuple[tuple[int, int], int]:
    """Give the time signature that holds longest, and where in its bar the first note begins.

    Programs write an upbeat as a short bar under a signature of its own: it is the end of a bar
    of the next one.
    """
    if not len(song.metres):
        return COMMON_TIME, begin % bar_ticks(COMMON_TIME, ticks_per_beat)
    since = song.metres[:, 0]
    until = np.append(since[1:], max(song.notes["beat"][-1], since[-1]))
    longest = int(np.argmax(until - since))
    metre = int(song.metres[longest, 1]), int(song.metres[longest, 2])
    first = round(since[longest] * ticks_per_beat)
    return metre, (begin - first) % bar_ticks(metre, ticks_per_beat)


def _with_rests(
    begin: NDArray[np.int64], end: NDArray[np.int64], pitch: NDArray[np.int64], ticks_per_beat: int
) -> tuple[list[int], list[int]]:
    pitches, ticks = list[int](), list[int]()
    following = np.append(begin[1:], max(end[-1], begin[-1] + 1))
    for place, (first, after) in enumerate(zip(begin.tolist(), following.tolist(), strict=True)):
        stops = min(max(int(end[place]), first + 1), after)
        if after - stops < SHORTEST_REST * ticks_per_beat:
            stops = after
        for sounds, length in ((int(pitch[place]), stops - first), (REST, after - stops)):
            if length:
                pitches.append(sounds)
                ticks.append(min(length, LONGEST * ticks_per_beat))
    return pitches, ticks
