"""What one does with a space of songs: go between two, to another mood, or along a quality.

New songs are drawn there, too: of a style between two moods, or as an answer to a phrase.

A generator says where a song is and makes the song of a place (`LatentGenerator.encode` and
`decode`); all else is arithmetic.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from classify.errors import InputError
from classify.generation.generator import NothingNew
from classify.generation.latent import mood_way
from classify.generation.latent.latent_generator import LatentGenerator
from classify.generation.latent.points import Point, Way, between
from classify.generation.request import Request
from classify.songs import Song

#: Melodic similarity from which a song counts as still itself.
KEPT = 0.5


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


def change(
    generator: LatentGenerator,
    song: Song,
    mood: str,
    strengths: Sequence[float] = (1.0,),
    kept: float | None = None,
) -> list[Song]:
    """Move a song to another mood, so that it stays itself.

    Parameters
    ----------
    song : Song
        Which has a place.
    mood : str
        That was learned.
    strengths : sequence of float
        How far to go: 0 for the song where it is, 1 for as near to the mood as it can come while
        `kept` of its melody is left (`mood_way`).
    kept : float, optional
        Melodic similarity that is to be left, from 0 to 1; half of it unless given, and whatever is
        left where the generator writes moved songs anew.

    Returns
    -------
    list of Song, length n_strengths

    Raises
    ------
    InputError
        If the mood was not learned, the song has no place, or `kept` is given to a generator that
        writes moved songs anew.
    """
    _check_mood(generator, mood)
    if kept is not None and not generator.BY_CHANCES:
        raise InputError(
            f"kept {kept:g}: {generator.TITLE} writes moved songs anew and can promise nothing of "
            "their melody; leave it out"
        )
    write = generator.elsewhere(song)
    way = mood_way.find(generator, song, write, mood, KEPT if kept is None else kept)
    return write([way.part(far) for far in strengths])


def slide(
    generator: LatentGenerator, song: Song, attribute: str, amounts: Sequence[float]
) -> list[Song]:
    """Move a song along an attribute.

    Parameters
    ----------
    song : Song
        Which has a place.
    attribute : str
        One of `directions`.
    amounts : sequence of float
        How far, in standard deviations of the songs that were learned from.

    Returns
    -------
    list of Song, length n_amounts

    Raises
    ------
    InputError
        If there is no such attribute, or the song has no place.
    """
    if attribute not in generator.directions:
        known = ", ".join(generator.directions) or "none"
        raise InputError(f"attribute {attribute!r}: expected one of {known}")
    way = Way(generator.directions[attribute])
    return generator.elsewhere(song)([way.part(far) for far in amounts])


def mix(
    generator: LatentGenerator,
    mood: str,
    other: str,
    share: float,
    random: np.random.Generator,
    bars: int | None = None,
) -> Song:
    """Make a new song of a style between two moods.

    A place is drawn for each mood with the same random numbers, as the request for that mood alone
    would draw it, and the song is written at `share` of the way between (`interpolate`).

    Parameters
    ----------
    mood, other : str
        Moods that the generator has learned.
    share : float
        Of the other: 0 for a song of the one, 1 for one of the other.
    random : Generator
        Draws.
    bars : int, optional
        Length; as songs are unless given.

    Raises
    ------
    InputError
        If a mood was not learned.
    NothingNew
        If all that is drawn is silent, or too much of a copy.
    """
    for name in (mood, other):
        _check_mood(generator, name)

    def draw(seed: int) -> Song:
        def place(name: str) -> Point:
            same = np.random.default_rng(seed)
            asked = generator.set_knobs(Request(mood=name, bars=bars), same)
            return generator.place(asked, same)

        there = between(place(mood), place(other), share)
        return generator.decode(there, np.random.default_rng(seed))

    return _new(generator, draw, random)


def answer(
    generator: LatentGenerator, phrase: Song, likeness: float, random: np.random.Generator
) -> Song:
    """Answer a phrase by another: as long, in its key, tempo and metre, from a place beside it.

    Parameters
    ----------
    phrase : Song
        Which has a place.
    likeness : float
        How near: correlation of the latent vectors, 1 for the same place and 0 for any.
    random : Generator
        Draws.

    Raises
    ------
    InputError
        If the phrase has no place.
    NothingNew
        If all that is drawn is silent, or too much of a copy.
    """
    point = generator.encode(phrase)

    def draw(seed: int) -> Song:
        drawn = np.random.default_rng(seed)
        there = generator.beside(point.z, likeness, drawn)
        return generator.decode(replace(point, z=there), drawn)

    return _new(generator, draw, random)


def _check_mood(generator: LatentGenerator, mood: str) -> None:
    if mood not in generator.spots or not mood:
        known = ", ".join(name for name in generator.spots if name) or "none"
        raise InputError(f"mood {mood!r}: was not learned; known are {known}")


def _new(
    generator: LatentGenerator, draw: Callable[[int], Song], random: np.random.Generator
) -> Song:
    """Draw until a song sounds and copies no more than real songs do."""
    for seed in random.integers(2**31, size=generator.DRAWS).tolist():
        song = draw(seed)
        if song.n_notes and generator.repertoire.longest_run(song) <= generator.longest_copy:
            return song
    raise NothingNew(
        f"each of {generator.DRAWS} songs was silent, or had a run of more than "
        f"{generator.longest_copy} notes of a song that was learned from"
    )
