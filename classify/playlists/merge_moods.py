"""Several moods that count as one: `Calming+Nostalgia` is either of the two.

A song's probability of being either is the sum of both, since a model divides its probability among
moods that exclude each other. So a song between two moods that both suit the listener may be
confident enough for the two together, though it is for neither alone.
"""

from dataclasses import replace

import numpy as np

from classify.errors import InputError
from classify.playlists.library import PredictedLibrary
from classify.playlists.moods import Mood, Moods

#: What joins the moods of a request.
JOIN = "+"


def members(text: str, moods: list[str]) -> list[str]:
    """Split a requested mood into the moods it names; a single mood is returned as it is.

    Raises
    ------
    InputError
        If it names a mood that the model does not know, or one mood twice.

    Examples
    --------
    >>> members("Calming+Nostalgia", ["Calming", "Happy", "Nostalgia"])
    ['Calming', 'Nostalgia']
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
        raise InputError(f"the moods {text!r} name one twice; name each once")
    return names


def merge_moods(
    library: PredictedLibrary, moods: Moods, *requested: str
) -> tuple[PredictedLibrary, Moods]:
    """Make one mood of each requested mood that names several.

    Parameters
    ----------
    library : PredictedLibrary
        The predictions.
    moods : Moods
        The moods of the library.
    requested : str
        Moods, or several joined by `JOIN`; empty ones are ignored.

    Returns
    -------
    PredictedLibrary, Moods
        With a merged mood, named as requested, in place of its members.

    Raises
    ------
    InputError
        If a name is not a mood, or two requested moods share a member but are not the same.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.moods import default_moods
    >>> library = example_library()
    >>> library.moods
    ['Calming', 'Happy', 'Nostalgia']
    >>> merged, moods = merge_moods(library, default_moods(library.moods), "Happy+Nostalgia")
    >>> merged.moods
    ['Calming', 'Happy+Nostalgia']
    >>> merged.p[0].round(2).tolist()
    [0.95, 0.05]
    """
    members_of = {text: members(text, library.moods) for text in requested if text}
    all_members = [name for names in members_of.values() for name in names]
    shared = sorted({name for name in all_members if all_members.count(name) > 1})
    if shared:
        raise InputError(
            f"{' and '.join(map(repr, members_of))} share the mood {shared[0]!r}; a list leads "
            f"from one mood to another, so each may be named once"
        )
    for text, names in members_of.items():
        if len(names) > 1:
            library = _merged_predictions(library, text, names)
            moods = _merged_graph(moods, text, names)
    return library, moods


def _merged_predictions(
    library: PredictedLibrary, merged: str, names: list[str]
) -> PredictedLibrary:
    """Replace the probabilities of some moods by their sum."""
    columns = dict(zip(library.moods, library.p.T, strict=True))
    columns[merged] = np.minimum(sum(columns.pop(name) for name in names), 1.0)
    order = sorted(columns)
    p = np.stack([columns[name] for name in order], axis=1)
    prediction = [merged if mood in names else mood for mood in library.prediction]
    return replace(library, moods=order, p=p, prediction=prediction, confidence=p.max(axis=1))


def _merged_graph(moods: Moods, merged: str, names: list[str]) -> Moods:
    """Replace some moods by one: at their middle, with all their tempi and all their neighbours."""
    parts = [moods[name] for name in names]
    others = [mood for name, mood in moods.by_name.items() if name not in names]
    near = {other for name in names for other in moods.neighbours(name)} - set(names)
    points = [mood.point for mood in parts if mood.point is not None]
    valence, arousal = np.mean(points, axis=0) if len(points) == len(parts) else (None, None)
    bands = [mood.tempo for mood in parts if mood.tempo is not None]
    tempo = (
        (min(b[0] for b in bands), max(b[1] for b in bands)) if len(bands) == len(parts) else None
    )
    mood = Mood(merged, valence, arousal, tempo, tuple(sorted(near)) if moods.known else ())
    rest = [
        replace(other, neighbours=tuple(merged if n in names else n for n in other.neighbours))
        for other in others
    ]
    return Moods([*rest, mood])
