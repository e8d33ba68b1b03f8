"""What a list could not satisfy and why, in plain words."""

from collections.abc import Sequence

import numpy as np

from classify.playlists import objective
from classify.playlists.library import Library
from classify.playlists.moods import Moods
from classify.playlists.objective import Bools
from classify.playlists.request import Request
from classify.playlists.solution import Session, unlimited

#: A list that falls short by more minutes than this gets a reason.
SHORT = 1.0


def notes(session: Session, moods: Moods) -> list[str]:
    """Say all that has to be said of a list."""
    return [
        *_of_moods(session.request, moods),
        *_of_start(session),
        *_of_length(session),
        *_of_pins(session),
        *_of_neighbours(session),
    ]


def _of_moods(request: Request, moods: Moods) -> list[str]:
    if request.iso and not moods.known:
        return [
            "Nothing is known of these moods: each counts as a neighbour of every other, and none "
            "has a tempo of its own. A file of moods would tell."
        ]
    if request.start and not request.iso:
        return [f"By the direct strategy, the list does not begin with {request.start}."]
    return []


def _of_start(session: Session) -> list[str]:
    """Say why a list does not begin at the listener's mood."""
    path, opening = session.chosen.path, int(session.stages[0])
    if not len(session.chosen.songs[-1]):
        return [f"No song that may be in the list is surely {path[-1]}; pinned songs stand for it."]
    if opening == 0:
        return []
    begins = f"The list begins with {path[opening]}"
    empty = [path[k] for k in range(opening) if not len(session.chosen.songs[k])]
    if empty:
        return [f"{begins}: no song that may be in it is surely {' or '.join(empty)}."]
    begins = f"{begins}, not with {path[0]}"
    if unlimited(session).stages[0] < opening:
        leads = "leads" if session.proved else "was found that leads"
        return [
            f"{begins}: no way {leads} from there to {path[-1]} without too large a change of "
            f"tempo or loudness, or one artist twice in a row."
        ]
    return [f"{begins}: {path[-1]} would not be reached by two thirds of the list."]


def _of_length(session: Session) -> list[str]:
    """Say why a list is shorter than asked."""
    missing = session.request.minutes - session.minutes
    rounded = len(session.songs) * objective.unit(session.request) / 60
    if missing <= SHORT + rounded:
        return []
    short = f"The list is {missing:.1f} minutes shorter than asked"
    songs = session.chosen.all_songs
    there = float(session.library.seconds[songs].sum()) / 60
    if there < session.request.minutes:
        return [
            f"{short}: only {_songs(len(songs))} may be in it, {there:.1f} minutes in all. A lower "
            f"least confidence or wider ranges would let in more."
        ]
    if unlimited(session).minutes > session.minutes + SHORT:
        follows = "follows" if session.proved else "was found that follows"
        return [
            f"{short}: no further song {follows} without too large a change of tempo or loudness, "
            f"or an artist again."
        ]
    return [f"{short}: no songs of the right moods and lengths are left to fill it."]


def _of_pins(session: Session) -> list[str]:
    """Name what pinned songs overrode: the model, and ranges."""
    library, limits, said = session.library, session.request.limits, []
    fits = objective.fitting(library, session.request)
    for song, mood in zip(session.songs.tolist(), session.moods, strict=True):
        if song not in session.chosen.pins:
            continue
        wrong = [reason for reason, fit in fits.items() if not fit[song]]
        p = library.p[song, library.moods.index(mood)]
        if not library.known[song]:
            wrong.insert(0, "unlike anything the model was trained on")
        elif not objective.sure(library, limits, mood)[song]:
            wrong.insert(0, f"not surely {mood} (probability {p:.2f})")
        if wrong:
            said.append(f"Pinned, and so in the list: {library.name(song)}, {' and '.join(wrong)}.")
    artists = [library.artist[song] for song in session.songs if library.artist[song]]
    again = {artist for artist in artists if artists.count(artist) > 1}
    if limits.no_repeat_artist and again:
        said.append(f"More than once in the list, by the pins: {', '.join(sorted(again))}.")
    return said


def _of_neighbours(session: Session) -> list[str]:
    """Name the limits that neighbours break; only pins can make them."""
    library, limits, said = session.library, session.request.limits, []
    tempo, loudness = objective.changes(library, limits, session.songs, session.songs)
    for place, (one, two) in enumerate(zip(session.songs, session.songs[1:], strict=False)):
        pair = f"Beside a pin, from {library.name(one)} to {library.name(two)}:"
        if tempo[place, place + 1] > 1 + objective.EPS:
            said.append(
                f"{pair} the tempo changes from {library.tempo[one]:.0f} to "
                f"{library.tempo[two]:.0f} bpm, more than {100 * (limits.tempo_change or 0):g} %."
            )
        if loudness[place, place + 1] > 1 + objective.EPS:
            said.append(
                f"{pair} the loudness changes from {library.loudness[one]:.0f} to "
                f"{library.loudness[two]:.0f}, more than {limits.loudness_change:g}."
            )
        if library.artist[one] and library.artist[one] == library.artist[two]:
            said.append(f"{pair} one artist twice in a row.")
    return said


def coverage(library: Library, request: Request, path: Sequence[str], out: Bools) -> str:
    """Say how much of a library the model is sure of, and what else left songs out.

    Parameters
    ----------
    path : sequence of str
        Moods of the list's stages.
    out : ndarray of bool, shape (n_songs,)
        Songs that are vetoed or in an earlier list.
    """
    sure = objective.sure(library, request.limits)
    of_list = np.any([objective.sure(library, request.limits, mood) for mood in path], axis=0)
    strange = int((~library.known).sum())
    said = (
        f"The model is sure (probability {request.limits.min_confidence:g} or more) of "
        f"{int(sure.sum()):,} of the library's {_songs(len(library))} "
        f"({100 * sure.mean():.0f} %); {strange:,} are unlike anything it was trained on. "
        f"{int(of_list.sum()):,} are surely {' or '.join(path)}"
    )
    reasons = {"vetoed or in an earlier list": ~out, **objective.fitting(library, request)}
    left = {reason: int((of_list & ~fits).sum()) for reason, fits in reasons.items()}
    parts = [f"{count:,} {reason}" for reason, count in left.items() if count]
    return f"{said}; of these were left out: {', '.join(parts)}." if parts else f"{said}."


def no_song(library: Library, request: Request, out: Bools) -> str:
    """Say why no song may be in a list."""
    said = f"no song may be in a list of {request.mood}. "
    said += coverage(library, request, [request.mood], out)
    p = np.where(library.known & ~out, library.p[:, library.moods.index(request.mood)], -1.0)
    if p.max() >= 0 and not objective.sure(library, request.limits, request.mood).any():
        best = int(p.argmax())
        said += f" The likeliest is {library.song[best]} with probability {p[best]:.2f}."
    return f"{said} Lower the least confidence or widen the ranges"


def too_few(request: Request, n_lists: int) -> str:
    """Say that the songs did not suffice for all lists."""
    lists = "1 list" if n_lists == 1 else f"{n_lists} lists"
    return (
        f"Only {lists} of {request.n_lists} could be made: no song of {request.mood} that may be "
        f"in a list is left, as none comes twice."
    )


def _songs(number: int) -> str:
    return "1 song" if number == 1 else f"{number:,} songs"
