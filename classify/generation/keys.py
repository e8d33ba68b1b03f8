"""Keys of new songs: minor or major, and the way there from C major or A minor."""

import numpy as np

from classify.generation.request import Request, read_key
from classify.generation.styles import HOME, nearest
from classify.representations import melody as melodies

#: Steps in a quarter note on which a melody's key is heard.
TICKS_PER_BEAT = 4


def minor_and_shift(
    request: Request, share_minor: float, middle: float, random: np.random.Generator
) -> tuple[bool, int]:
    """Decide on minor or major, and on the way from the home key.

    Parameters
    ----------
    request : Request
        Whose key, mode, primer, range and register are taken account of.
    share_minor : float
        Of the songs that were learned from, those in minor.
    middle : float
        Mean pitch of these in the home key.
    random : numpy.random.Generator
        Draws the mode where it is left open.

    Returns
    -------
    minor : bool
    shift : int
        In semitones.
    """
    minor, shift = bool(random.random() < share_minor), 0
    if request.key:
        tonic, minor = read_key(request.key)
        shift = nearest(tonic - HOME[minor])
    elif request.primer is not None:
        tune = melodies.encode(request.primer, TICKS_PER_BEAT)
        tonic, minor = melodies.tonic(tune) if tune else (HOME[minor], minor)
        shift = nearest(tonic - HOME[minor])
    elif request.minor is not None:
        minor = request.minor
    return minor, into_range(request, shift, middle)


def into_range(request: Request, shift: int, middle: float) -> int:
    """Go on from the way to a key: to the range or register that is asked for.

    Parameters
    ----------
    request : Request
        Where its key or primer decides on a key, whole octaves are gone.
    shift : int
        In semitones, to the key.
    middle : float
        Mean pitch of the songs that were learned from, in the home key.

    Returns
    -------
    int
        In semitones.
    """
    if request.low is not None or request.high is not None:
        high = 127 if request.high is None else request.high
        wanted = ((request.low or 0) + high) / 2
        shift += 12 * round((wanted - middle - shift) / 12)
    elif request.register is not None:
        away = request.register - middle - shift
        shift += 12 * round(away / 12) if request.key or request.primer else round(away)
    return shift
