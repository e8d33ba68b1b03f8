"""Songs as scores that notation programs open: MusicXML, written by music21."""

import warnings
from typing import Any

from classify.songs.song import UnusableSong

#: Parts of a quarter note to which onsets and lengths are moved: sixteenths and triplets.
DIVISORS = (4, 3)


def musicxml(data: bytes, title: str = "") -> bytes:
    """Write a song as a score.

    Pitches, programs, tempo and time signatures stay. A score has no other places than those of its
    grid: onsets and lengths move to the nearest sixteenth or triplet of a quarter note.

    Parameters
    ----------
    data : bytes
        A MIDI file.
    title : str
        What stands above the first system.

    Returns
    -------
    bytes
        MusicXML 4.0, UTF-8.

    Raises
    ------
    UnusableSong
        If music21 cannot write the song.

    Examples
    --------
    >>> from classify.songs import notation
    >>> score = notation.musicxml(open("song.mid", "rb").read(), "A song")  # doctest: +SKIP
    """
    from music21 import converter, metadata
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            score: Any = converter.parseData(data, format="midi", quarterLengthDivisors=DIVISORS)
            score.insert(0, metadata.Metadata(title=title or "-", composer="-"))
            return bytes(GeneralObjectExporter(score).parse())
        except Exception as error:  # whatever music21 stumbles over
            message = f"{type(error).__name__}: {error}".splitlines()[0][:100]
            raise UnusableSong(f"cannot be written as a score: {message}") from None
