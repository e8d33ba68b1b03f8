"""A list in an order that a person gave: what it is, and which of the wishes it does not keep."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classify.errors import InputError
from classify.playlists import objective
from classify.playlists.library import PredictedLibrary
from classify.playlists.merge_moods import merge_moods
from classify.playlists.moods import default_moods
from classify.playlists.playlist import Playlist, PlaylistEntry
from classify.playlists.request import Request

#: Which wish each limit for single songs is.
KINDS = {
    "of unknown tempo": "tempo",
    "outside the tempo range": "tempo",
    "outside the loudness range": "loudness",
    "made by a generator": "generated",
    "longer than the list, or 0 seconds long": "length",
}


@dataclass(frozen=True)
class Violation:
    """A wish that an order does not keep.

    Parameters
    ----------
    position : int
        Of the song, from 0; of the second one, where it is about a step between two; -1 for the
        list as a whole.
    kind : str
        Which wish: mood, novel, tempo, loudness, generated, tempo step, loudness step, artist,
        twice, length.
    sentence : str
        The same for people.
    """

    position: int
    kind: str
    sentence: str


@dataclass(frozen=True)
class Arranged:
    """A list in a given order.

    Parameters
    ----------
    playlist : Playlist
        As `build` gives one; `by_hand`.
    violations : tuple of Violation
        By position, those of the whole list first.
    """

    playlist: Playlist
    violations: tuple[Violation, ...]


def arrange(
    library: PredictedLibrary,
    request: Request,
    order: Sequence[str],
    path: Sequence[str],
    locked: Sequence[str] = (),
    stages: Sequence[str] = (),
) -> Arranged:
    """Take songs in a given order for a list, and say which wishes that does not keep.

    Parameters
    ----------
    library : PredictedLibrary
        The songs of the order at least.
    request : Request
        What was requested.
    order : sequence of str
        Songs, by path, in the order of playing.
    path : sequence of str
        Moods of the stages, the wanted one last.
    locked : sequence of str
        Songs that a person wants in: no wish about single songs counts for them.
    stages : sequence of str
        The mood of each song's stage; the likeliest that go forward unless given.

    Raises
    ------
    InputError
        If a song is none of the library's.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> library = example_library()
    >>> order = ["music/2.mid", "music/6.mid"]
    >>> made = arrange(library, Request("Calming", minutes=10), order, ["Calming"])
    >>> [(violation.position, violation.kind) for violation in made.violations]
    [(1, 'novel'), (1, 'tempo step'), (1, 'loudness step')]
    """
    moods = default_moods(library.moods)
    library, _ = merge_moods(library, moods, request.mood, request.start)
    places = {song: place for place, song in enumerate(library.song)}
    lost = [song for song in order if song not in places]
    if lost:
        raise InputError(f"{lost[0]}: is no song of the library; read the library again")
    songs = np.array([places[song] for song in order], dtype=np.int64)
    stage_moods = list(stages) or _stages(library, songs, path)
    entries = _entries(library, songs, stage_moods, set(locked))
    violations = [
        *_about_list(library, request, songs),
        *_about_songs(library, request, songs, stage_moods, set(locked)),
        *_about_steps(library, request, songs),
    ]
    playlist = Playlist(
        name=f"{request.start} to {request.mood}" if request.iso else request.mood,
        request=request, path=tuple(path), moods=tuple(library.moods), entries=entries,
        diagnostics=tuple(violation.sentence for violation in violations), coverage="",
        cost=float("nan"), bound=float("nan"), by_hand=True,
    )  # fmt: skip
    return Arranged(playlist, tuple(sorted(violations, key=lambda one: one.position)))


def _stages(library: PredictedLibrary, songs: objective.Ints, path: Sequence[str]) -> list[str]:
    """Give each song the stage that makes all of them likeliest, none before its predecessor's."""
    columns = [library.moods.index(mood) for mood in path]
    p = np.maximum(library.p[songs][:, columns], objective.LEAST_PROBABILITY)
    costs = -np.log(p) * library.seconds[songs][:, None]
    best = np.zeros_like(costs)
    before = np.zeros(costs.shape, dtype=int)
    for row, cost in enumerate(costs):
        so_far = best[row - 1] if row else np.zeros(len(path))
        cheapest = [int(so_far[: stage + 1].argmin()) for stage in range(len(path))]
        before[row], best[row] = cheapest, so_far[cheapest] + cost
    stage, found = int(best[-1].argmin()) if len(costs) else 0, list[str]()
    for row in range(len(costs) - 1, -1, -1):
        found.append(path[stage])
        stage = int(before[row, stage])
    return found[::-1]


def _entries(
    library: PredictedLibrary, songs: objective.Ints, stages: Sequence[str], locked: set[str]
) -> tuple[PlaylistEntry, ...]:
    entries, start = list[PlaylistEntry](), 0.0
    for song, mood in zip(songs.tolist(), stages, strict=True):
        pinned = library.song[song] in locked
        entry = PlaylistEntry.of(library, song, start, mood, pinned, f"in the stage {mood}")
        entries.append(entry)
        start += entry.seconds
    return tuple(entries)


def _about_list(
    library: PredictedLibrary, request: Request, songs: objective.Ints
) -> list[Violation]:
    minutes, violations = float(library.seconds[songs].sum()) / 60, list[Violation]()
    if minutes > request.minutes:
        violations.append(Violation(-1, "length", (
            f"The list lasts {minutes:.1f} minutes, and {request.minutes:g} were wanted."
        )))  # fmt: skip
    artists = [library.artist[song] for song in songs if library.artist[song]]
    seen = set[str]()
    for place, song in enumerate(songs.tolist()):
        name, artist = library.name(song), library.artist[song]
        if song in songs[:place]:
            violations.append(Violation(place, "twice", f"{name} is in the list twice."))
        elif request.limits.no_repeat_artist and artist in seen:
            violations.append(Violation(place, "artist", f"{artist} is in the list before."))
        seen |= {artist} if artists and artist else set()
    return violations


def _about_songs(
    library: PredictedLibrary,
    request: Request,
    songs: objective.Ints,
    stages: Sequence[str],
    locked: set[str],
) -> list[Violation]:
    """Name the wishes about single songs that are not kept, but for songs that are locked."""
    limits, violations = request.limits, list[Violation]()
    kept = objective.limits_kept(library, request)
    for place, (song, mood) in enumerate(zip(songs.tolist(), stages, strict=True)):
        if library.song[song] in locked:
            continue
        name, p = library.name(song), library.p[song, library.moods.index(mood)]
        if not library.in_distribution[song]:
            sentence = f"{name} is unlike anything that the model was trained on."
            violations.append(Violation(place, "novel", sentence))
        elif not objective.confident(library, limits, mood)[song]:
            sentence = (
                f"{name} is {mood} with a probability of {p:.2f}, less than "
                f"{limits.min_confidence:g}."
            )
            violations.append(Violation(place, "mood", sentence))
        for limit, keeps in kept.items():
            if not keeps[song]:
                violations.append(Violation(place, KINDS[limit], f"{name} is {limit}."))
    return violations


def _about_steps(
    library: PredictedLibrary, request: Request, songs: objective.Ints
) -> list[Violation]:
    """Name the steps that are too large, or from one song of an artist to another."""
    limits, violations = request.limits, list[Violation]()
    tempo, loudness = objective.relative_changes(library, limits, songs, songs)
    for place in range(1, len(songs)):
        one, two = songs[place - 1], songs[place]
        pair = f"From {library.name(one)} to {library.name(two)}"
        if tempo[place - 1, place] > 1 + objective.EPS:
            sentence = (
                f"{pair} the tempo changes from {library.tempo[one]:.0f} to "
                f"{library.tempo[two]:.0f} bpm, more than {100 * (limits.tempo_change or 0):g} %."
            )
            violations.append(Violation(place, "tempo step", sentence))
        if loudness[place - 1, place] > 1 + objective.EPS:
            sentence = (
                f"{pair} the loudness changes from {library.loudness[one]:.0f} to "
                f"{library.loudness[two]:.0f}, more than {limits.loudness_change:g}."
            )
            violations.append(Violation(place, "loudness step", sentence))
        if library.artist[one] and library.artist[one] == library.artist[two]:
            sentence = f"{pair}: one artist twice in a row."
            violations.append(Violation(place, "artist", sentence))
    return violations
