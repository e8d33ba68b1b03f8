"""Which transcribers there are: each is a module that hears notes in samples."""

import os
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.songs import piano, transcriber


class Transcriber(Protocol):
    """What hears notes in sound; a module."""

    #: Samples a second of the sound that it takes.
    RATE: int

    #: General MIDI instrument of all notes.
    PROGRAM: int

    def name(self) -> str:
        """Name it with its version and settings, as in the origin of a song."""

    def libraries(self) -> object:
        """Import what it needs; raises `UnusableSong` if the extra is not installed."""

    def transcribed(self, samples: NDArray[np.float32], /) -> list[tuple[float, float, int, float]]:
        """Give start and end in seconds, MIDI pitch, and level in MIDI steps of velocity."""


#: By the names that the option `--transcriber` takes.
TRANSCRIBERS: dict[str, Transcriber] = {"basic-pitch": transcriber, "transkun": piano}

#: Hears every pitched instrument, in little time.
DEFAULT = "basic-pitch"

#: Names the transcriber of recordings that lie among songs, in this process and those it starts.
VARIABLE = "CLASSIFY_TRANSCRIBER"


def find(name: str, given: str = "--transcriber") -> Transcriber:
    """Find a transcriber by its name.

    Parameters
    ----------
    name : {"basic-pitch", "transkun"}
        For any instrument, or for the piano.
    given : str
        Where the name was given.

    Returns
    -------
    Transcriber

    Raises
    ------
    InputError
        If there is none of this name.

    Examples
    --------
    >>> find("transkun").RATE
    44100
    """
    if name not in TRANSCRIBERS:
        raise InputError(f"{given} {name}: expected {' or '.join(TRANSCRIBERS)}")
    return TRANSCRIBERS[name]


def of_songs() -> Transcriber:
    """Find the transcriber of recordings that lie among songs.

    Raises
    ------
    InputError
        If the environment variable CLASSIFY_TRANSCRIBER names none.
    """
    return find(os.environ.get(VARIABLE) or DEFAULT, f"{VARIABLE}:")
