"""A prefilter: which of many songs to order exactly, those on or near the cheapest paths.

Some hundred songs can be put in the best order; a library has thousands. Songs of about the same
tempo and loudness, in the same stage, allow nearly the same transitions. So a coarse problem is
solved first, in which each such *region* is represented by its cheapest song, which may be used any
number of times, and all songs are equally long. The cost of the cheapest path through a region
estimates the cost of a list with a song of it; a song adds what it costs more than the region's
cheapest. Half of the songs kept for a stage are its cheapest, the other half those of the lowest
estimate.

The coarse problem has no pins. Where there are any, half of the songs of the lowest estimate give
way to the cheapest of every region, then the second cheapest, and so on, so that there are paths to
a pin wherever it lies; and songs are added that can stand beside a pin without breaking a limit.
"""

from dataclasses import replace

import numpy as np

from classify.playlists import objective
from classify.playlists.library import PredictedLibrary
from classify.playlists.objective import Candidates, Floats, Ints
from classify.playlists.request import Limits, Request

#: Songs to order in all, and at least for each stage.
KEPT, KEPT_OF_STAGE = 240, 60
#: Songs of each stage that can stand beside a pin.
BESIDE_PIN = 6
#: Regions of a stage in the coarse problem, the cheapest first.
REGIONS = 400


def prefilter(
    library: PredictedLibrary, request: Request, candidates: Candidates
) -> tuple[Candidates, bool]:
    """Keep as many songs as can be ordered exactly.

    Returns
    -------
    Candidates
        Those that are kept.
    bool
        Whether these are all.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.moods import default_moods
    >>> library, request = example_library(), Request("Calming")
    >>> moods, excluded = default_moods(library.moods), np.zeros(len(library), dtype=bool)
    >>> candidates = objective.find_candidates(
    ...     library, request, moods, ["Calming"], excluded, pins=[]
    ... )
    >>> kept, all_kept = prefilter(library, request, candidates)
    >>> len(kept.songs[0]), all_kept
    (3, True)
    """
    most = max(KEPT_OF_STAGE, KEPT // candidates.n_stages)
    if all(len(songs) <= most for songs in candidates.songs):
        return candidates, True
    estimates = _estimates(library, request, candidates)
    n_cheapest = most // 2
    n_spread = most // 4 if candidates.pins else 0
    songs, rates = [], []
    for of_stage, rate, estimate in zip(candidates.songs, candidates.rates, estimates, strict=True):
        lowest = np.argsort(estimate, kind="stable")
        lowest = lowest[lowest >= n_cheapest][: most - n_cheapest - n_spread]
        spread = np.argsort(_rank(_regions(library, request.limits, of_stage)), kind="stable")
        beside = _beside_pins(library, request.limits, of_stage, candidates.pins)
        keep = np.concatenate([np.arange(n_cheapest), lowest, spread[:n_spread], beside])
        keep = np.unique(keep[keep < len(of_stage)])
        songs.append(of_stage[keep])
        rates.append(rate[keep])
    return replace(candidates, songs=songs, rates=rates), False


def _estimates(library: PredictedLibrary, request: Request, candidates: Candidates) -> list[Floats]:
    """Estimate the cost of the cheapest list with each song, stage by stage."""
    regions = [_regions(library, request.limits, songs) for songs in candidates.songs]
    representatives = [
        np.unique(of, return_index=True)[1] for of in regions
    ]  # the cheapest of each region
    representatives = [np.sort(of)[:REGIONS] for of in representatives]
    lengths = library.seconds[np.concatenate(candidates.songs)]
    hops = max(candidates.n_stages, round(60 * request.minutes / float(np.median(lengths))))
    path_costs = _cheapest_paths(library, request, candidates, representatives, hops)
    minutes = request.minutes / hops
    estimates = []
    for region, representative, path_cost, rate in zip(
        regions, representatives, path_costs, candidates.rates, strict=True
    ):
        of_region = np.full(int(region.max(initial=-1)) + 1, np.inf)
        of_region[region[representative]] = path_cost - rate[representative] * minutes
        estimates.append(of_region[region] + rate * minutes)
    return estimates


def _regions(library: PredictedLibrary, limits: Limits, songs: Ints) -> Ints:
    """Give each song its region, half as wide as a limit: songs of adjacent ones may join."""
    wide = np.log1p(limits.tempo_change or objective.TEMPO_UNIT) / 2
    high = (limits.loudness_change or 16.0) / 2
    tempo = np.nan_to_num(np.log(library.tempo[songs])) // wide
    places = np.column_stack([tempo, library.loudness[songs] // high])
    return np.unique(places, axis=0, return_inverse=True)[1].reshape(-1)


def _rank(regions: Ints) -> Ints:
    """Count the songs before each song in its region."""
    order = np.argsort(regions, kind="stable")
    _, first, sizes = np.unique(regions[order], return_index=True, return_counts=True)
    rank = np.empty(len(regions), dtype=np.int64)
    rank[order] = np.arange(len(regions)) - np.repeat(first, sizes)
    return rank


def _cheapest_paths(
    library: PredictedLibrary,
    request: Request,
    candidates: Candidates,
    representatives: list[Ints],
    hops: int,
) -> list[Floats]:
    """Cost of the cheapest list of `hops` equal songs through each representative, by stage."""
    song = np.concatenate(
        [of[at] for of, at in zip(candidates.songs, representatives, strict=True)]
    )
    rate = np.concatenate(
        [of[at] for of, at in zip(candidates.rates, representatives, strict=True)]
    )
    stage = np.repeat(np.arange(candidates.n_stages), [len(at) for at in representatives])
    no_artists = replace(library, artist=[""] * len(library))
    pinned = np.zeros(len(song), dtype=np.bool_)
    transition = objective.transition_costs(no_artists, request.limits, song, stage, pinned)
    minutes = request.minutes / hops
    off_schedule = np.diff(objective.off_schedule(hops, candidates.n_stages), axis=1) * minutes
    cost = rate[:, None] * minutes + off_schedule[stage]
    before = np.full((hops, len(song)), np.inf)
    after = np.full((hops, len(song)), np.inf)
    before[0] = objective.SKIPPED_STAGE_COST * stage
    after[-1] = np.where(stage == candidates.n_stages - 1, 0.0, np.inf)
    for hop in range(1, hops):
        before[hop] = ((before[hop - 1] + cost[:, hop - 1])[:, None] + transition).min(axis=0)
    for hop in range(hops - 2, -1, -1):
        after[hop] = (transition + cost[:, hop + 1] + after[hop + 1]).min(axis=1)
    path_cost = (before + cost.T + after).min(axis=0)
    return np.split(path_cost, np.cumsum([len(at) for at in representatives])[:-1])


def _beside_pins(library: PredictedLibrary, limits: Limits, songs: Ints, pins: list[int]) -> Ints:
    """MediaPaths of the cheapest songs that can stand beside each pin."""
    if not pins or not len(songs):
        return np.zeros(0, dtype=np.int64)
    tempo, loudness = objective.relative_changes(library, limits, np.array(pins), songs)
    return np.concatenate(
        [
            np.flatnonzero((t <= 1) & (v <= 1))[:BESIDE_PIN]
            for t, v in zip(tempo, loudness, strict=True)
        ]
    )
