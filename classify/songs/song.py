"""The Song: the one data type that every later step shares.

A song is one file (or one tune of a file that holds several). Its notes are rows of a structured
array, sorted by onset and then by pitch. Times are in seconds from the start of the file, beats in
quarter notes, pitches and velocities as in MIDI (0-127).
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: One row of `Song.notes`.
NOTE = np.dtype(
    [
        ("onset", np.float64),  # seconds
        ("duration", np.float64),  # seconds
        ("beat", np.float64),  # onset in quarter notes; NaN where the file has no beats
        ("pitch", np.uint8),  # MIDI 0-127; 60 is middle C
        ("velocity", np.uint8),  # MIDI 0-127
        ("program", np.uint8),  # General MIDI instrument 0-127
        ("drum", np.bool_),  # on the percussion channel, where pitch names an instrument
    ]
)

#: No piece of music lasts this long; a file that says so has damaged delta times.
LONGEST_SECONDS = 24 * 3600.0


class UnusableSong(Exception):
    """A file that cannot become a Song; the message is the reason."""


@dataclass(frozen=True, eq=False)
class Song:
    """The notes of one song.

    Parameters
    ----------
    notes : ndarray of NOTE, shape (n_notes,)
        Every note of every track, sorted by (onset, pitch).
    path : Path
        The file that was read.
    title : str
        A name for people.
    tempi : ndarray, shape (n_tempi, 2)
        Tempo map: from second `tempi[i, 0]` on, `tempi[i, 1]` quarter notes a minute. Empty where
        the file has none.
    digest : str
        SHA-256 of the file's bytes; two files with the same digest are the same song.
    """

    notes: NDArray[np.void]
    path: Path
    title: str
    tempi: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    digest: str = ""

    @property
    def seconds(self) -> float:
        """Length in seconds: the end of the note that ends last."""
        return float((self.notes["onset"] + self.notes["duration"]).max())


def check(song: Song) -> None:
    """Refuse a song whose notes cannot be music.

    Parsers answer silently for some damaged files (0 ticks per quarter note gives infinite times),
    so every song is looked at after reading.

    Raises
    ------
    UnusableSong
        If there is no note, a time is not finite or negative, a pitch or velocity is above 127,
        or the song lasts longer than a day.
    """
    notes = song.notes
    if len(notes) == 0:
        raise UnusableSong("has no notes")
    times = np.stack([notes["onset"], notes["duration"]])
    if not np.isfinite(times).all():
        raise UnusableSong("has note times that are not finite (a damaged tempo or time division)")
    if times.min() < 0:
        raise UnusableSong(f"has a note time of {times.min():.3f} s; none may be below 0")
    for name in ("pitch", "velocity"):
        if notes[name].max() > 127:
            raise UnusableSong(f"has a {name} of {notes[name].max()}; MIDI allows 0 to 127")
    if song.seconds > LONGEST_SECONDS:
        raise UnusableSong(f"lasts {song.seconds / 3600:,.0f} hours, and at most 24 are believed")
