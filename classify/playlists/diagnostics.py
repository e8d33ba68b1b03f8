"""What a list could not satisfy and why, in sentences."""

from collections.abc import Sequence

import numpy as np

from classify.playlists import objective
from classify.playlists.library import PredictedLibrary
from classify.playlists.moods import Moods
from classify.playlists.objective import Bools
from classify.playlists.request import Request
from classify.playlists.solution import PlaylistSolution, without_limits

#: A list that falls short by more minutes than this gets a reason.
SHORT = 1.0


def diagnose(solved: PlaylistSolution, moods: Moods) -> list[str]:
    """Put into sentences what a list could not satisfy, and why.

    Examples
    --------
    >>> from classify.playlists.build import build
    >>> from classify.playlists.library import example_library
    >>> (playlist,) = build(example_library(), Request("Calming", minutes=60))
    >>> playlist.diagnostics[0].split(". ")[0]
    'The list is 51.0 minutes shorter than requested: only 3 songs are eligible, 9.0 minutes in all'
    """
    return [
        *_about_moods(solved.request, moods),
        *_about_start(solved),
        *_about_length(solved),
        *_about_pins(solved),
        *_about_neighbours(solved),
    ]


def _about_moods(request: Request, moods: Moods) -> list[str]:
    if request.iso and not moods.known:
        return [
            "Valence, arousal and neighbours of these moods are unknown: each counts as a "
            "neighbour of every other, and none has a tempo range. A file of moods can define them."
        ]
    if request.start and not request.iso:
        return [f"With the direct strategy, the list does not begin with {request.start}."]
    return []


def _about_start(solved: PlaylistSolution) -> list[str]:
    """Explain why a list does not begin at the listener's mood."""
    candidates = solved.candidates
    path, opening = candidates.path, int(solved.stages[0])
    if not len(candidates.songs[-1]):
        return [
            f"No eligible song is predicted as {path[-1]} with enough confidence; pinned songs "
            f"take its place."
        ]
    if opening == 0:
        return []
    begins = f"The list begins with {path[opening]}"
    empty = [path[k] for k in range(opening) if not len(candidates.songs[k])]
    if empty:
        return [
            f"{begins}: no eligible song is predicted as {' or '.join(empty)} with enough "
            f"confidence."
        ]
    begins = f"{begins}, not with {path[0]}"
    if without_limits(solved).stages[0] < opening:
        leads = "leads" if solved.proved else "was found that leads"
        return [
            f"{begins}: no sequence of songs {leads} from there to {path[-1]} without too large a "
            f"change of tempo or loudness, or one artist twice in a row."
        ]
    return [f"{begins}: {path[-1]} would not be reached by two thirds of the list."]


def _about_length(solved: PlaylistSolution) -> list[str]:
    """Explain why a list is shorter than requested."""
    missing = solved.request.minutes - solved.minutes
    rounding = len(solved.songs) * objective.step_seconds(solved.request) / 60
    if missing <= SHORT + rounding:
        return []
    short = f"The list is {missing:.1f} minutes shorter than requested"
    songs = solved.candidates.all_songs
    available = float(solved.library.seconds[songs].sum()) / 60
    if available < solved.request.minutes:
        eligible = "1 song is" if len(songs) == 1 else f"{len(songs):,} songs are"
        return [
            f"{short}: only {eligible} eligible, {available:.1f} minutes in all. A lower minimum "
            f"confidence or wider ranges would admit more."
        ]
    if without_limits(solved).minutes > solved.minutes + SHORT:
        follows = "follows" if solved.proved else "was found that follows"
        return [
            f"{short}: no further song {follows} without too large a change of tempo or loudness, "
            f"or a repeated artist."
        ]
    return [f"{short}: no songs of the right moods and lengths are left to fill it."]


def _about_pins(solved: PlaylistSolution) -> list[str]:
    """Name what pinned songs overrode: the model, and ranges."""
    library, limits, sentences = solved.library, solved.request.limits, []
    kept = objective.limits_kept(library, solved.request)
    for song, mood in zip(solved.songs.tolist(), solved.moods, strict=True):
        if song not in solved.candidates.pins:
            continue
        overridden = [limit for limit, keeps in kept.items() if not keeps[song]]
        p = library.p[song, library.moods.index(mood)]
        if not library.known[song]:
            overridden.insert(0, "unlike anything the model was trained on")
        elif not objective.confident(library, limits, mood)[song]:
            overridden.insert(0, f"predicted as {mood} with a probability of only {p:.2f}")
        if overridden:
            name = library.name(song)
            sentences.append(f"In the list because pinned: {name}, {' and '.join(overridden)}.")
    artists = [library.artist[song] for song in solved.songs if library.artist[song]]
    repeated = {artist for artist in artists if artists.count(artist) > 1}
    if limits.no_repeat_artist and repeated:
        sentences.append(f"Repeated artists, because of pins: {', '.join(sorted(repeated))}.")
    return sentences


def _about_neighbours(solved: PlaylistSolution) -> list[str]:
    """Name the limits that neighbours break; only pins can make them."""
    library, limits, sentences = solved.library, solved.request.limits, []
    tempo, loudness = objective.relative_changes(library, limits, solved.songs, solved.songs)
    for place, (one, two) in enumerate(zip(solved.songs, solved.songs[1:], strict=False)):
        pair = f"Beside a pin, from {library.name(one)} to {library.name(two)}:"
        if tempo[place, place + 1] > 1 + objective.EPS:
            sentences.append(
                f"{pair} the tempo changes from {library.tempo[one]:.0f} to "
                f"{library.tempo[two]:.0f} bpm, more than {100 * (limits.tempo_change or 0):g} %."
            )
        if loudness[place, place + 1] > 1 + objective.EPS:
            sentences.append(
                f"{pair} the loudness changes from {library.loudness[one]:.0f} to "
                f"{library.loudness[two]:.0f}, more than {limits.loudness_change:g}."
            )
        if library.artist[one] and library.artist[one] == library.artist[two]:
            sentences.append(f"{pair} one artist twice in a row.")
    return sentences


def library_coverage(
    library: PredictedLibrary, request: Request, path: Sequence[str], excluded: Bools
) -> str:
    """Report how much of a library is predicted with confidence, and what else excludes songs.

    Parameters
    ----------
    path : sequence of str
        Moods of the list's stages.
    excluded : ndarray of bool, shape (n_songs,)
        Songs that are vetoed or in an earlier list.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> library = example_library()
    >>> print(library_coverage(library, Request("Calming"), ["Calming"], np.zeros(7, dtype=bool)))
    The model is confident (probability 0.8 or more) about 6 of the library's 7 songs (86 %); \
1 song is unlike anything it was trained on. 3 are confidently Calming.
    """
    confident = objective.confident(library, request.limits)
    of_path = np.any([objective.confident(library, request.limits, mood) for mood in path], axis=0)
    novel = int((~library.known).sum())
    coverage = (
        f"The model is confident (probability {request.limits.min_confidence:g} or more) about "
        f"{int(confident.sum()):,} of the library's {_songs(len(library))} "
        f"({100 * confident.mean():.0f} %); {_songs(novel)} {'is' if novel == 1 else 'are'} unlike "
        f"anything it was trained on. {int(of_path.sum()):,} are confidently {' or '.join(path)}"
    )
    kept = {"vetoed or in an earlier list": ~excluded, **objective.limits_kept(library, request)}
    counts = {limit: int((of_path & ~keeps).sum()) for limit, keeps in kept.items()}
    reasons = [f"{count:,} {limit}" for limit, count in counts.items() if count]
    return f"{coverage}; excluded of these: {', '.join(reasons)}." if reasons else f"{coverage}."


def no_song(library: PredictedLibrary, request: Request, excluded: Bools) -> str:
    """Explain why no song may be in a list.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> message = no_song(example_library(), Request("Calming"), np.ones(7, dtype=bool))
    >>> message.split(". ")[0]
    'no song is eligible for a list of Calming'
    """
    message = f"no song is eligible for a list of {request.mood}. "
    message += library_coverage(library, request, [request.mood], excluded)
    p = library.p[:, library.moods.index(request.mood)]
    p = np.where(library.known & ~excluded, p, -1.0)
    if p.max() >= 0 and not objective.confident(library, request.limits, request.mood).any():
        best = int(p.argmax())
        message += f" The most likely is {library.song[best]} with probability {p[best]:.2f}."
    return f"{message} Lower the minimum confidence or widen the ranges"


def too_few_songs(request: Request, n_lists: int) -> str:
    """Report that there were not enough songs for all lists.

    Examples
    --------
    >>> too_few_songs(Request("Calming", n_lists=7), 2).split(":")[0]
    'Only 2 lists of 7 could be made'
    """
    lists = "1 list" if n_lists == 1 else f"{n_lists} lists"
    return (
        f"Only {lists} of {request.n_lists} could be made: no eligible song of {request.mood} is "
        f"left, as no song is in two lists."
    )


def _songs(number: int) -> str:
    return "1 song" if number == 1 else f"{number:,} songs"
