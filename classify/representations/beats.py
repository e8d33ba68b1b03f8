"""Songs whose beats lie beside their notes, and bars of one or two beats: laid on beats and bars.

Transcribed songs often have a tempo but no place for its beats: the file begins where the recording
does, and every note lies the same part of a beat late. Some programs write a time signature of 1/4
or 2/4 and leave bars to the reader. What such a song has on sixteenths is then a blur, and its bars
are beats. The part of a beat by which all notes are late is the phase of the mean of where they
begin on the circle of an eighth; the bar begins where most low and long notes do.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classify.representations.melody import COMMON_TIME
from classify.songs import Song

#: How much of where notes begin has to lie at one place of an eighth, of 1, for it to be believed;
#: how many quarter notes beside it are as good as on it.
CLEAR, BESIDE = 0.3, 1 / 32

#: Notes below middle C count twice; no note counts for more than so many quarter notes.
LOW, LONGEST = 60, 4.0

#: Quarter notes of the bars that shorter ones are joined to, those of common time.
WHOLE = 4.0


@dataclass(frozen=True, eq=False)
class Laid:
    """A song that was laid on beats and bars.

    Parameters
    ----------
    song : Song
        As it was where nothing had to be done.
    moved : float
        Quarter notes that everything comes later.
    seconds : float
        The same at its first tempo.
    """

    song: Song
    moved: float = 0.0
    seconds: float = 0.0


def laid(song: Song) -> Laid:
    """Lay a song on beats, and on bars of four quarter notes where its own have one or two.

    Examples
    --------
    >>> from classify.representations.melody import Melody, decode
    >>> tune = decode(Melody((60, 64, 62, 60), (4, 4, 4, 4), 4))
    >>> late = replace(tune, metres=np.array([[0.0, 1, 4]]))
    >>> laid(tune).moved, laid(late).song.metres.tolist()
    (0.0, [[0.0, 4.0, 4.0]])
    """
    notes = song.notes
    notes = notes[~notes["drum"] & np.isfinite(notes["beat"])]
    if not len(notes):
        return Laid(song)
    beats, metre = notes["beat"].astype(float), _longest(song)
    bar = 4 * metre[0] / metre[1]
    joined = bar in (WHOLE / 4, WHOLE / 2)
    late = _late(beats)
    if not joined and not late:
        return Laid(song)
    unit = 0.5 if late else bar
    whole = WHOLE if joined else bar
    first = late + unit * _heaviest(notes, (beats - late) / unit, round(whole / unit))
    moved = float(-first % whole)
    return _later(song, moved, COMMON_TIME if joined else metre)


def _longest(song: Song) -> tuple[int, int]:
    """Give the time signature that holds longest."""
    if not len(song.metres):
        return COMMON_TIME
    since = song.metres[:, 0]
    until = np.append(since[1:], max(song.notes["beat"][-1], since[-1]))
    n, d = song.metres[int(np.argmax(until - since)), 1:].astype(int).tolist()
    return n, d


def _late(beats: NDArray[np.float64]) -> float:
    """Give by how much of an eighth notes are late; 0 where they lie on it, or anywhere."""
    mean = np.exp(4j * np.pi * beats).mean()
    late = float(np.angle(mean)) / (4 * np.pi)
    return late if abs(mean) >= CLEAR and abs(late) > BESIDE else 0.0


def _heaviest(notes: NDArray[np.void], units: NDArray[np.float64], n: int) -> int:
    """Say in which of `n` units of a bar most begins, by length and depth."""
    place = np.round(units)
    near = np.abs(units - place) < 0.25
    weight = np.minimum(notes["duration"], LONGEST) * (1 + (notes["pitch"] < LOW))
    found = np.bincount(place[near].astype(int) % n, weights=weight[near], minlength=n)
    return int(found.argmax())


def _later(song: Song, moved: float, metre: tuple[int, int]) -> Laid:
    """Let a song begin so many quarter notes later, in one time signature."""
    tempo = float(song.tempi[0, 1]) if len(song.tempi) else 120.0
    seconds = moved * 60 / tempo
    notes, tempi = song.notes.copy(), song.tempi.copy()
    notes["onset"] += seconds
    notes["beat"] += moved
    tempi[1:, 0] += seconds
    new = replace(
        song, seconds=song.seconds + seconds, fetch=lambda: notes, tempi=tempi,
        metres=np.array([[0.0, *metre]]),
    )  # fmt: skip
    return Laid(new, moved, seconds)
