"""From a library and a request to playlists.

A pin overrides the model and every limit: the song is in the list whatever was predicted for it,
and limits may be broken beside it, which the diagnostics report. A veto always wins; a song that is
both pinned and vetoed is refused. With several lists, the pins are dealt out in turn, and the lists
are built one after the other, so the first has the first choice.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from classify.errors import InputError
from classify.playlists import objective
from classify.playlists.diagnostics import diagnose, library_coverage, no_song, too_few_songs
from classify.playlists.library import PredictedLibrary, library_from_table
from classify.playlists.merge_moods import merge_moods
from classify.playlists.moods import Moods, default_moods
from classify.playlists.objective import Bools
from classify.playlists.playlist import Playlist, PlaylistEntry
from classify.playlists.request import Request
from classify.playlists.solution import PlaylistSolution, best_list, eligible_songs


def build(
    songs: PredictedLibrary | pd.DataFrame, request: Request, moods: Moods | None = None
) -> list[Playlist]:
    """Make playlists.

    Parameters
    ----------
    songs : PredictedLibrary or DataFrame
        A predicted library; `classify.playlists.library` lists the columns.
    request : Request
        What is requested.
    moods : Moods, optional
        Places, tempi and neighbours of the moods; the defaults for their names unless given.

    Returns
    -------
    list of Playlist
        As many as requested, or fewer where there are not enough songs; the last then reports it.

    Raises
    ------
    InputError
        If the request is impossible: an unknown mood or song, a song both pinned and vetoed, pins
        longer than the list, or no song predicted with enough confidence.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> (playlist,) = build(example_library(), Request("Calming", minutes=10, start="Happy"))
    >>> playlist.path
    ('Happy', 'Nostalgia', 'Calming')
    >>> [(entry.title, entry.mood) for entry in playlist.entries]
    [('Song 5', 'Happy'), ('Song 4', 'Nostalgia'), ('Song 2', 'Calming')]
    """
    library = songs if isinstance(songs, PredictedLibrary) else library_from_table(songs)
    moods = moods or default_moods(library.moods)
    _check_moods(library, moods)
    library, moods = merge_moods(library, moods, request.mood, request.start)
    excluded = _vetoed(library, request)
    pins = _pinned(library, request, excluded)
    excluded[pins] = True
    playlists: list[Playlist] = []
    for number in range(request.n_lists):
        own_pins = pins[number :: request.n_lists]
        playlist = _build_one(library, request, moods, excluded, own_pins)
        if playlist is None and not playlists:
            raise InputError(no_song(library, request, excluded))
        if playlist is None:
            sentence = too_few_songs(request, len(playlists))
            last = playlists[-1]
            playlists[-1] = replace(last, diagnostics=(*last.diagnostics, sentence))
            break
        used = {entry.song for entry in playlist.entries}
        excluded |= np.array([song in used for song in library.song], dtype=np.bool_)
        playlists.append(replace(playlist, name=_name(request, number)))
    return playlists


def _check_moods(library: PredictedLibrary, moods: Moods) -> None:
    undefined = sorted(set(library.moods) - set(moods.names))
    if undefined:
        raise InputError(
            f"the mood {undefined[0]!r} of the library is not defined; "
            f"defined are {', '.join(moods.names)}"
        )


def _vetoed(library: PredictedLibrary, request: Request) -> Bools:
    vetoed = np.zeros(len(library), dtype=np.bool_)
    for text in request.vetoes:
        vetoed[library.resolve(text, artists=True)] = True
    return vetoed


def _pinned(library: PredictedLibrary, request: Request, vetoed: Bools) -> list[int]:
    """Find the songs that must be in, in the order of the request."""
    pins: list[int] = []
    for text in request.pins:
        matches = library.resolve(text)
        if len(matches) > 1:
            raise InputError(
                f"{text!r} names {len(matches)} songs, {library.song[matches[0]]} and "
                f"{library.song[matches[1]]} among them; name the one to pin by its path"
            )
        if vetoed[matches[0]]:
            song = library.song[matches[0]]
            raise InputError(f"{song} is both pinned and vetoed; decide for one")
        if matches[0] not in pins:
            pins.append(matches[0])
    for number in range(min(request.n_lists, len(pins))):
        _check_pins_fit(library, request, pins[number :: request.n_lists])
    return pins


def _check_pins_fit(library: PredictedLibrary, request: Request, pins: list[int]) -> None:
    seconds, step = library.seconds[pins], objective.step_seconds(request)
    if (seconds == 0).any():
        song = library.song[pins[int(seconds.argmin())]]
        raise InputError(f"{song} is pinned, but 0 seconds long")
    if np.ceil(seconds / step).sum() > objective.n_steps(request):
        raise InputError(
            f"the pinned songs {', '.join(library.song[pin] for pin in pins)} last "
            f"{seconds.sum() / 60:.2f} minutes, and more with each rounded up to the next "
            f"{step:g} seconds; the list may last {request.minutes:g} minutes"
        )


def _build_one(
    library: PredictedLibrary, request: Request, moods: Moods, excluded: Bools, pins: list[int]
) -> Playlist | None:
    """Make one list; None where no song may be in it."""
    path = _path(library, request, moods, excluded)
    candidates = objective.find_candidates(library, request, moods, path, excluded, pins)
    if not len(candidates.songs[-1]) and not pins:
        return None
    solved = best_list(library, request, candidates)
    others_excluded = excluded.copy()
    others_excluded[pins] = False
    return Playlist(
        name="",
        request=request,
        path=tuple(path),
        moods=tuple(library.moods),
        entries=tuple(_entries(solved)),
        diagnostics=tuple(diagnose(solved, moods)),
        coverage=library_coverage(library, request, path, others_excluded),
        cost=solved.solution.cost,
        bound=solved.solution.bound,
    )


def _path(library: PredictedLibrary, request: Request, moods: Moods, excluded: Bools) -> list[str]:
    """Moods of the stages: only through moods that have songs, if there is such a path."""
    if not request.iso:
        return [request.mood]
    eligible = eligible_songs(library, request, excluded)
    filled = [
        mood
        for mood in library.moods
        if (eligible & objective.confident(library, request.limits, mood)).any()
    ]
    path = moods.path(request.start, request.mood, filled)
    path = path or moods.path(request.start, request.mood)
    if not path:
        raise InputError(
            f"no steps between neighbouring moods lead from {request.start} to {request.mood}; "
            f"name neighbours that do in the file of moods, or take the direct strategy"
        )
    return path


def _entries(solved: PlaylistSolution) -> list[PlaylistEntry]:
    library, start, entries = solved.library, 0.0, []
    for song, stage, mood in zip(
        solved.songs.tolist(), solved.stages.tolist(), solved.moods, strict=True
    ):
        pinned, reason = song in solved.candidates.pins, _reason(solved, song, stage)
        entries.append(PlaylistEntry.of(library, song, start, mood, pinned, reason))
        start += entries[-1].seconds
    return entries


def _reason(solved: PlaylistSolution, song: int, stage: int) -> str:
    """Say what a song does in a list."""
    role = _role(solved, song, stage)
    return f"{role}; made by a generator" if solved.library.generated[song] else role


def _role(solved: PlaylistSolution, song: int, stage: int) -> str:
    path = solved.candidates.path
    if song in solved.candidates.pins:
        return f"pinned, in the stage {path[stage]}"
    if stage == len(path) - 1:
        return f"{path[stage]}, the wanted mood"
    if stage == 0:
        return f"{path[stage]}, the listener's present mood"
    return f"{path[stage]}, on the way from {path[0]} to {path[-1]}"


def _name(request: Request, number: int) -> str:
    name = f"{request.start} to {request.mood}" if request.iso else request.mood
    return f"{name}, {number + 1} of {request.n_lists}" if request.n_lists > 1 else name
