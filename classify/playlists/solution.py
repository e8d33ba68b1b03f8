"""One list found: which songs were to choose from, and which were chosen."""

from dataclasses import dataclass, replace

import numpy as np

from classify.playlists import objective
from classify.playlists.library import Library
from classify.playlists.objective import Bools, Candidates, Ints
from classify.playlists.prefilter import pooled
from classify.playlists.request import Request
from classify.playlists.solver import Solution, solve


@dataclass(frozen=True, eq=False)
class Session:
    """A list in terms of its library.

    Parameters
    ----------
    library : Library
        Where the songs are from.
    request : Request
        What was asked.
    chosen : Candidates
        What there was to choose from.
    songs, stages : ndarray of int, shape (n_entries,)
        Of each entry, in order.
    solution : Solution
        Cost, and a bound for every list of the candidates.
    whole : bool
        Whether all candidates were put in order, not only the likeliest.
    """

    library: Library
    request: Request
    chosen: Candidates
    songs: Ints
    stages: Ints
    solution: Solution
    whole: bool

    @property
    def moods(self) -> list[str]:
        """The mood that each entry stands for."""
        return [self.chosen.path[stage] for stage in self.stages]

    @property
    def proved(self) -> bool:
        """Whether what is not in the list is known to be impossible, not only not found."""
        return self.whole and self.solution.optimal

    @property
    def minutes(self) -> float:
        """Length of all entries."""
        return float(self.library.seconds[self.songs].sum()) / 60


def found(library: Library, request: Request, chosen: Candidates) -> Session:
    """Find the best list of some candidates, of which the last stage or the pins must have one."""
    pool, whole = pooled(library, request, chosen)
    problem = objective.problem(library, request, pool)
    solution = solve(problem)
    assert solution is not None  # one song of the last stage, or the pins alone, are a list
    if not whole:
        least = objective.least_cost(library, request, chosen)
        solution = replace(solution, bound=min(solution.bound, least))
    nodes = np.array(solution.nodes, dtype=np.int64)
    return Session(
        library, request, chosen, problem.song[nodes], problem.stage[nodes], solution, whole
    )


def unlimited(session: Session) -> Session:
    """Find the list again as if neighbours had no limits: what do they cost?"""
    limits = replace(session.request.limits, tempo_change=None, loudness_change=None)
    limits = replace(limits, no_repeat_artist=False)
    nobody = replace(session.library, artist=[""] * len(session.library))
    return found(nobody, replace(session.request, limits=limits), session.chosen)


def allowed(library: Library, request: Request, out: Bools) -> Bools:
    """Say which songs neither were ruled out nor break a limit by themselves."""
    may = ~out
    for fits in objective.fitting(library, request).values():
        may = may & fits
    return may
