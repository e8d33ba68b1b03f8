"""The best list for some candidates, in terms of the library it is chosen from."""

from dataclasses import dataclass, replace

import numpy as np

from classify.playlists import objective
from classify.playlists.library import PredictedLibrary
from classify.playlists.objective import Bools, Candidates, Ints
from classify.playlists.prefilter import prefilter
from classify.playlists.request import Request
from classify.playlists.solver import Solution, solve


@dataclass(frozen=True, eq=False)
class PlaylistSolution:
    """A solved list, in terms of its library.

    Parameters
    ----------
    library : PredictedLibrary
        Where the songs are from.
    request : Request
        What was requested.
    candidates : Candidates
        Songs to choose from.
    songs, stages : ndarray of int, shape (n_entries,)
        Of each entry, in order.
    solution : Solution
        Cost, and a bound for every list of the candidates.
    exhaustive : bool
        Whether all candidates were put in order, not only those that the prefilter kept.
    """

    library: PredictedLibrary
    request: Request
    candidates: Candidates
    songs: Ints
    stages: Ints
    solution: Solution
    exhaustive: bool

    @property
    def moods(self) -> list[str]:
        """The mood of each entry's stage."""
        return [self.candidates.path[stage] for stage in self.stages]

    @property
    def proved(self) -> bool:
        """Whether what is not in the list is proved to be impossible, not only not found."""
        return self.exhaustive and self.solution.optimal

    @property
    def minutes(self) -> float:
        """Length of all entries."""
        return float(self.library.seconds[self.songs].sum()) / 60


def best_list(
    library: PredictedLibrary, request: Request, candidates: Candidates
) -> PlaylistSolution:
    """Find the best list of some candidates.

    The last stage or the pins must have a candidate: one song of it, or the pins alone, are a list.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.moods import default_moods
    >>> from classify.playlists.objective import find_candidates
    >>> library, request = example_library(), Request("Calming", minutes=10)
    >>> moods, excluded = default_moods(library.moods), np.zeros(len(library), dtype=bool)
    >>> candidates = find_candidates(library, request, moods, ["Calming"], excluded, pins=[])
    >>> solved = best_list(library, request, candidates)
    >>> [library.title[song] for song in solved.songs], solved.proved
    (['Song 2', 'Song 1', 'Song 0'], True)
    """
    kept, exhaustive = prefilter(library, request, candidates)
    problem = objective.state_problem(library, request, kept)
    solution = solve(problem)
    assert solution is not None  # see above
    if not exhaustive:
        least = objective.cost_bound(library, request, candidates)
        solution = replace(solution, bound=min(solution.bound, least))
    nodes = np.array(solution.nodes, dtype=np.int64)
    songs, stages = problem.song[nodes], problem.stage[nodes]
    return PlaylistSolution(library, request, candidates, songs, stages, solution, exhaustive)


def without_limits(solved: PlaylistSolution) -> PlaylistSolution:
    """Solve again without limits between neighbours: what do these cost?

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.moods import default_moods
    >>> from classify.playlists.request import Limits
    >>> library, limits = example_library(), Limits(tempo_change=0.01)
    >>> request = Request("Calming", minutes=10, limits=limits)
    >>> moods, excluded = default_moods(library.moods), np.zeros(len(library), dtype=bool)
    >>> path = ["Calming"]
    >>> candidates = objective.find_candidates(library, request, moods, path, excluded, pins=[])
    >>> solved = best_list(library, request, candidates)
    >>> solved.minutes, without_limits(solved).minutes
    (3.0, 9.0)
    """
    limits = replace(solved.request.limits, tempo_change=None, loudness_change=None)
    limits = replace(limits, no_repeat_artist=False)
    no_artists = replace(solved.library, artist=[""] * len(solved.library))
    return best_list(no_artists, replace(solved.request, limits=limits), solved.candidates)


def eligible_songs(library: PredictedLibrary, request: Request, excluded: Bools) -> Bools:
    """Mark the songs that are not excluded and break no limit by themselves.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.request import Limits
    >>> library, request = example_library(), Request("Calming", limits=Limits(tempo=(60, 80)))
    >>> eligible_songs(library, request, np.zeros(len(library), dtype=bool)).tolist()
    [True, True, True, False, False, False, False]
    """
    eligible = ~excluded
    for kept in objective.limits_kept(library, request).values():
        eligible = eligible & kept
    return eligible
