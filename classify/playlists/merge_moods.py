"""Several moods that count as one: `Calming+Nostalgia` is either of the two.

A song's probability of being either is the sum of both, since a model shares its certainty out
among moods that exclude each other. So a song between two moods that both suit the listener, of
neither of which the model is sure alone, may be sure enough of the two together.
"""

from dataclasses import replace

import numpy as np

from classify.errors import InputError
from classify.playlists.library import Library
from classify.playlists.moods import Mood, Moods

#: What joins moods in a wish.
JOIN = "+"


def members(text: str, moods: list[str]) -> list[str]:
    """Take a wish apart: the moods it names, or itself where it is one mood.

    Raises
    ------
    InputError
        If it names what the model does not know, or one mood twice.
    """
    if text in moods or not text:
        return [text]
    names = [name.strip() for name in text.split(JOIN)]
    for name in names:
        if name not in moods:
            raise InputError(
                f"the mood {name!r} is not known to the model; it knows {', '.join(moods)}, and "
                f"several joined by {JOIN}"
            )
    if len(set(names)) < len(names):
        raise InputError(f"the moods {text!r} name one twice; each is wanted once")
    return names


def together(table: Library, moods: Moods, *wishes: str) -> tuple[Library, Moods]:
    """Make one mood of each wish that names several.

    Parameters
    ----------
    table : Library
        A predicted library.
    moods : Moods
        What is known of its moods.
    wishes : str
        Moods, or several joined by `JOIN`; empty ones are passed over.

    Returns
    -------
    Library, Moods
        With the joined moods in the place of theirs, under the wish's own name.

    Raises
    ------
    InputError
        If a wish names an unknown mood, or two wishes share one but are not the same.
    """
    named = {wish: members(wish, table.moods) for wish in wishes if wish}
    of_all = [name for names in named.values() for name in names]
    shared = sorted({name for name in of_all if of_all.count(name) > 1})
    if shared:
        raise InputError(
            f"{' and '.join(map(repr, named))} share the mood {shared[0]!r}; a list leads from one "
            f"mood to another, so each may be named once"
        )
    for wish, names in named.items():
        if len(names) > 1:
            table, moods = _joined(table, wish, names), _known(moods, wish, names)
    return table, moods


def _joined(table: Library, wish: str, names: list[str]) -> Library:
    columns = dict(zip(table.moods, table.p.T, strict=True))
    summed = np.minimum(sum(columns.pop(name) for name in names), 1.0)
    columns[wish] = summed
    order = sorted(columns)
    p = np.stack([columns[name] for name in order], axis=1)
    answer = [wish if said in names else said for said in table.answer]
    return replace(table, moods=order, p=p, answer=answer, confidence=p.max(axis=1))


def _known(moods: Moods, wish: str, names: list[str]) -> Moods:
    """Say of joined moods: their middle, all their tempi, and whatever neighbours any of them."""
    own = [moods[name] for name in names]
    others = [mood for name, mood in moods.by_name.items() if name not in names]
    near = {other for name in names for other in moods.neighbours(name)} - set(names)
    places = [mood.place for mood in own if mood.place is not None]
    valence, arousal = np.mean(places, axis=0) if len(places) == len(own) else (None, None)
    bands = [mood.tempo for mood in own if mood.tempo is not None]
    tempo = (min(b[0] for b in bands), max(b[1] for b in bands)) if len(bands) == len(own) else None
    mood = Mood(wish, valence, arousal, tempo, tuple(sorted(near)) if moods.known else ())
    rest = [
        replace(other, neighbours=tuple(wish if n in names else n for n in other.neighbours))
        for other in others
    ]
    return Moods([*rest, mood])
