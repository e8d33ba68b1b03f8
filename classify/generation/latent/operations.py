"""What one does with a space of songs: go between two, to another mood, or along a quality.

A generator says where a song is and makes the song of a place (`LatentGenerator.encode` and
`decode`); all else is arithmetic.
"""

from dataclasses import replace

import numpy as np

from classify.errors import InputError
from classify.generation.latent.latent_generator import LatentGenerator
from classify.generation.latent.points import between
from classify.songs import Song


def interpolate(generator: LatentGenerator, one: Song, other: Song, n: int) -> list[Song]:
    """Give songs on the way from one to another, both ends among them.

    Phrases go on the sphere (slerp) from those of the one to those of the other, tempo and
    length evenly; a song with fewer phrases begins again. The key changes half way.

    Raises
    ------
    InputError
        If a song has no place, or the two have different time signatures.
    """
    a, b = generator.encode(one), generator.encode(other)
    if a.metre != b.metre:
        raise InputError(
            f"{one.title} is in {a.metre[0]}/{a.metre[1]}, {other.title} in "
            f"{b.metre[0]}/{b.metre[1]}: between them there is nothing; give songs in one metre"
        )
    return [generator.decode(between(a, b, t)) for t in np.linspace(0, 1, n).tolist()]


def change(generator: LatentGenerator, song: Song, mood: str, strength: float = 1.0) -> Song:
    """Move a song to another mood: from the mean of all songs' phrases to that of the mood's.

    Raises
    ------
    InputError
        If the mood was not learned, or the song has no place.
    """
    if mood not in generator.spots or not mood:
        known = ", ".join(name for name in generator.spots if name) or "none"
        raise InputError(f"mood {mood!r}: was not learned; known are {known}")
    point = generator.encode(song)
    return generator.decode(replace(point, z=point.z + strength * generator.towards(point.z, mood)))


def slide(generator: LatentGenerator, song: Song, attribute: str, amount: float) -> Song:
    """Move a song along an attribute.

    Parameters
    ----------
    song : Song
        Which has a place.
    attribute : str
        One of `directions`.
    amount : float
        How far, in standard deviations of the songs that were learned from.

    Raises
    ------
    InputError
        If there is no such attribute, or the song has no place.
    """
    if attribute not in generator.directions:
        known = ", ".join(generator.directions) or "none"
        raise InputError(f"attribute {attribute!r}: expected one of {known}")
    point = generator.encode(song)
    return generator.decode(replace(point, z=point.z + amount * generator.directions[attribute]))
