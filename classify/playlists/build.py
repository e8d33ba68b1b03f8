"""From a library and a wish to playlists.

A pin overrides the model and every limit: it is in, whatever the model thinks of it, and limits may
be broken beside it, which is said. A veto always wins; a song that is both is refused. With several
lists, the pins are dealt out in turn, and the lists are found one after the other, so the first has
the first choice.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from classify.errors import InputError
from classify.playlists import objective, solution
from classify.playlists.diagnostics import coverage, no_song, notes, too_few
from classify.playlists.library import Library, library
from classify.playlists.merge_moods import together
from classify.playlists.moods import Moods, default_moods
from classify.playlists.objective import Bools
from classify.playlists.playlist import Entry, Playlist
from classify.playlists.request import Request
from classify.playlists.solution import Session


def build(
    songs: Library | pd.DataFrame, request: Request, moods: Moods | None = None
) -> list[Playlist]:
    """Make playlists.

    Parameters
    ----------
    songs : Library or DataFrame
        A predicted library; `library.library` says which columns.
    request : Request
        What is wanted.
    moods : Moods, optional
        What is known of the moods; the defaults for their names unless given.

    Returns
    -------
    list of Playlist
        As many as asked, or fewer where the songs do not suffice; the last then says so.

    Raises
    ------
    InputError
        If the wish cannot be: an unknown mood or song, a song both pinned and vetoed, pins longer
        than the list, or no sure song at all.
    """
    table = songs if isinstance(songs, Library) else library(songs)
    known = moods or default_moods(table.moods)
    _check_moods(table, known)
    table, known = together(table, known, request.mood, request.start)
    out = _vetoed(table, request)
    pins = _pinned(table, request, out)
    out[pins] = True
    lists: list[Playlist] = []
    for number in range(request.n_lists):
        made = _one(table, request, known, out, pins[number :: request.n_lists])
        if made is None and not lists:
            raise InputError(no_song(table, request, out))
        if made is None:
            few = too_few(request, len(lists))
            lists[-1] = replace(lists[-1], notes=(*lists[-1].notes, few))
            break
        in_it = {entry.song for entry in made.entries}
        out |= np.array([song in in_it for song in table.song], dtype=np.bool_)
        lists.append(replace(made, name=_name(request, number)))
    return lists


def _check_moods(table: Library, moods: Moods) -> None:
    untold = sorted(set(table.moods) - set(moods.names))
    if untold:
        raise InputError(f"nothing is said of the mood {untold[0]!r}, only of {moods.names}")


def _vetoed(table: Library, request: Request) -> Bools:
    out = np.zeros(len(table), dtype=np.bool_)
    for text in request.vetoes:
        out[table.called(text, artists=True)] = True
    return out


def _pinned(table: Library, request: Request, vetoed: Bools) -> list[int]:
    """Find the songs that must be in, in the order of the wish."""
    pins: list[int] = []
    for text in request.pins:
        named = table.called(text)
        if len(named) > 1:
            raise InputError(
                f"{text!r} names {len(named)} songs, {table.song[named[0]]} and "
                f"{table.song[named[1]]} among them; name the one to pin by its path"
            )
        if vetoed[named[0]]:
            raise InputError(f"{table.song[named[0]]} is both pinned and vetoed; decide for one")
        if named[0] not in pins:
            pins.append(named[0])
    for number in range(min(request.n_lists, len(pins))):
        _check_room(table, request, pins[number :: request.n_lists])
    return pins


def _check_room(table: Library, request: Request, pins: list[int]) -> None:
    seconds, unit = table.seconds[pins], objective.unit(request)
    if (seconds == 0).any():
        raise InputError(f"{table.song[pins[int(seconds.argmin())]]} is pinned, but 0 seconds long")
    if np.ceil(seconds / unit).sum() > objective.n_steps(request):
        raise InputError(
            f"the pinned songs {', '.join(table.song[pin] for pin in pins)} last "
            f"{seconds.sum() / 60:.2f} minutes, and more with each counted up to the next "
            f"{unit:g} seconds; the list may last {request.minutes:g} minutes"
        )


def _one(
    table: Library, request: Request, moods: Moods, out: Bools, pins: list[int]
) -> Playlist | None:
    """Make one list; None where no song may be in it."""
    path = _path(table, request, moods, out)
    chosen = objective.candidates(table, request, moods, path, out, pins)
    if not len(chosen.songs[-1]) and not pins:
        return None
    made = solution.found(table, request, chosen)
    others = out.copy()
    others[pins] = False
    return Playlist(
        name="",
        request=request,
        path=tuple(path),
        moods=tuple(table.moods),
        entries=tuple(_entries(made)),
        notes=tuple(notes(made, moods)),
        coverage=coverage(table, request, path, others),
        cost=made.solution.cost,
        bound=made.solution.bound,
    )


def _path(table: Library, request: Request, moods: Moods, out: Bools) -> list[str]:
    """Moods of the stages: only through moods that have songs, if there is such a way."""
    if not request.iso:
        return [request.mood]
    may = solution.allowed(table, request, out)
    filled = [m for m in table.moods if (may & objective.sure(table, request.limits, m)).any()]
    path = moods.path(request.start, request.mood, filled)
    path = path or moods.path(request.start, request.mood)
    if not path:
        raise InputError(
            f"no steps between neighbouring moods lead from {request.start} to {request.mood}; "
            f"name neighbours that do in the file of moods, or take the direct strategy"
        )
    return path


def _entries(made: Session) -> list[Entry]:
    table, start, entries = made.library, 0.0, []
    for song, stage, mood in zip(
        made.songs.tolist(), made.stages.tolist(), made.moods, strict=True
    ):
        entries.append(
            Entry(
                song=table.song[song],
                title=table.title[song],
                artist=table.artist[song],
                start=start,
                seconds=float(table.seconds[song]),
                mood=mood,
                probability=float(table.p[song, table.moods.index(mood)]),
                confidence=float(table.confidence[song]),
                tempo=None if np.isnan(table.tempo[song]) else float(table.tempo[song]),
                loudness=float(table.loudness[song]),
                pinned=song in made.chosen.pins,
                reason=_reason(made, song, stage),
                p=tuple(table.p[song].tolist()),
            )
        )
        start += entries[-1].seconds
    return entries


def _reason(made: Session, song: int, stage: int) -> str:
    path = made.chosen.path
    if song in made.chosen.pins:
        return f"pinned, while {path[stage]} is wanted"
    if stage == len(path) - 1:
        return f"{path[stage]}, the wanted mood"
    if stage == 0:
        return f"{path[stage]}, the listener's present mood"
    return f"{path[stage]}, on the way from {path[0]} to {path[-1]}"


def _name(request: Request, number: int) -> str:
    name = f"{request.start} to {request.mood}" if request.iso else request.mood
    return f"{name}, {number + 1} of {request.n_lists}" if request.n_lists > 1 else name
