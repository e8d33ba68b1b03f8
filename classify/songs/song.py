"""The Song: the data type that every later step shares.

A song is one file, or one tune of a file that holds several. Its notes are rows of a structured
array, sorted by onset and then by pitch. Times are in seconds from the start of the file, beats in
quarter notes, pitches and velocities as in MIDI (0-127).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: One row of `Song.notes`.
NOTE = np.dtype(
    [
        ("onset", np.float64),  # seconds
        ("duration", np.float32),  # seconds
        ("beat", np.float32),  # onset in quarter notes; NaN where the file has no beats
        ("pitch", np.uint8),  # MIDI 0-127; 60 is middle C
        ("velocity", np.uint8),  # MIDI 0-127
        ("program", np.uint8),  # General MIDI instrument 0-127
        ("drum", np.bool_),  # on the percussion channel, where pitch names an instrument
    ]
)

#: Where the notes of a song come from: written as a score, entered on a grid of beats, or played.
#: What a transcriber heard has an origin that begins with the last, and goes on with its name.
SCORE, SEQUENCED, PERFORMED, TRANSCRIBED = "score", "sequenced", "performed", "transcribed by"

#: No piece of music lasts this long; a file that says so has damaged delta times.
LONGEST_SECONDS = 24 * 3600.0

#: No piece of music that anybody plays has so many notes; an opera has about a tenth.
MOST_NOTES = 500_000


class UnusableSong(Exception):
    """A file that cannot become a Song; the message is the reason."""


@dataclass(frozen=True, eq=False)
class Song:
    """One song, whose notes are fetched when they are used.

    A corpus may hold a hundred thousand songs, so a Song knows a few facts and where its notes
    are; `Song.of` makes one of notes that are in memory.

    Parameters
    ----------
    path : Path
        The file that was read.
    title : str
        A name for people.
    n_notes : int
        How many notes it has.
    seconds : float
        Length: the end of the note that ends last.
    fetch : callable
        Gives the notes.
    tempi : ndarray, shape (n_tempi, 2)
        Tempo map: from second `tempi[i, 0]` on, `tempi[i, 1]` quarter notes a minute. Empty where
        the file has none.
    metres : ndarray, shape (n_metres, 3)
        Time signatures: from beat `metres[i, 0]` on, bars hold `metres[i, 1]` notes of one
        `metres[i, 2]`th, the first of them beginning there. Empty where the file has none.
    digest : str
        Hash of the file's bytes (and of the tune's place in it); songs with the same digest are
        the same song.
    repaired : str
        What had to be repaired before the file could be read; empty for an intact file.
    origin : str
        Where its notes come from: `SCORE`, `SEQUENCED`, `PERFORMED`, or `TRANSCRIBED` and by what;
        empty where nobody knows.
    loudness : float
        Integrated loudness of a recording in LUFS (EBU R128); NaN where there is no sound.
    artist : str
        From the file's tags; empty where it has none.
    """

    path: Path
    title: str
    n_notes: int
    seconds: float
    fetch: Callable[[], NDArray[np.void]]
    tempi: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    metres: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    digest: str = ""
    repaired: str = ""
    origin: str = ""
    loudness: float = float("nan")
    artist: str = ""

    @property
    def transcribed(self) -> bool:
        """Whether its notes are what a transcriber heard in a recording."""
        return self.origin.startswith(TRANSCRIBED)

    @classmethod
    def of(cls, notes: NDArray[np.void], path: Path, title: str = "") -> "Song":
        """Make a song of NOTE rows in memory, sorted by (onset, pitch)."""
        ends = notes["onset"] + notes["duration"]
        return cls(path, title or path.stem, len(notes), float(ends.max(initial=0)), lambda: notes)

    @property
    def notes(self) -> NDArray[np.void]:
        """Every note of every track: NOTE rows, shape (n_notes,), sorted by (onset, pitch)."""
        return self.fetch()

    def beats_at(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn seconds into quarter notes by the tempo map; 120 a minute where there is none.

        Examples
        --------
        >>> song = Song.of(np.zeros(0, NOTE), Path("none.mid"))
        >>> song.beats_at(np.array([0.0, 1.5])).tolist()
        [0.0, 3.0]
        """
        tempi = self.tempi if len(self.tempi) else np.array([[0.0, 120.0]])
        since, per_second = tempi[:, 0], tempi[:, 1] / 60
        lengths = np.diff(since, prepend=0.0)  # of the stretches before each tempo
        before = np.cumsum(lengths * np.append(per_second[0], per_second[:-1]))
        part = np.searchsorted(since, seconds, side="right").clip(1) - 1
        return np.asarray(before[part] + (seconds - since[part]) * per_second[part])

    def seconds_at(self, beats: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn quarter notes into seconds by the tempo map: the inverse of `beats_at`.

        Examples
        --------
        >>> song = Song.of(np.zeros(0, NOTE), Path("none.mid"))
        >>> song.seconds_at(np.array([0.0, 3.0])).tolist()
        [0.0, 1.5]
        """
        tempi = self.tempi if len(self.tempi) else np.array([[0.0, 120.0]])
        since = self.beats_at(tempi[:, 0])
        part = np.searchsorted(since, beats, side="right").clip(1) - 1
        return np.asarray(tempi[part, 0] + (beats - since[part]) * 60 / tempi[part, 1])


def problem(notes: dict[str, NDArray], seconds: float) -> str:
    """Give the reason why notes cannot be those of a piece of music; empty where they can.

    Parsers accept some damaged files without an error (0 ticks per quarter note gives infinite
    times), so every song is checked after reading.

    Parameters
    ----------
    notes : dict of str to ndarray, shape (n_notes,)
        Columns named as the fields of NOTE.
    seconds : float
        When the last of them ends.
    """
    n_notes = len(notes["onset"])
    if n_notes == 0:
        return "has no notes"
    if n_notes > MOST_NOTES:
        return f"has {n_notes:,} notes, and at most {MOST_NOTES:,} are accepted"
    for name in ("onset", "duration"):
        if not np.isfinite(notes[name]).all():
            return "has note times that are not finite (a damaged tempo or time division)"
        if notes[name].min() < 0:
            return f"has a note with an {name} of {notes[name].min():.3f} s; none may be below 0"
    for name in ("pitch", "velocity"):
        if notes[name].max() > 127:
            return f"has a {name} of {notes[name].max()}; MIDI allows 0 to 127"
    if seconds > LONGEST_SECONDS:
        return f"lasts {seconds / 3600:,.0f} hours, and at most 24 are accepted"
    return ""
