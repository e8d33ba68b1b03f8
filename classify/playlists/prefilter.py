"""Which of many songs to order exactly: those on, or near, the best ways through the library.

Some hundred songs can be put in the best order; a library has thousands. Songs of about the same
tempo and loudness, for the same stage, are alike for what may follow what, so the library is first
scouted as if each such *region* held one song, its cheapest, as often as wanted, and all songs were
equally long. The cheapest way through each region says what the region is worth; a song is worth
its region's way plus what it costs more than the region's cheapest. Half of a stage's pool are its
cheapest songs, the other half the songs of most worth.

Scouting knows nothing of pins. Where there are any, half of the songs of most worth give way to the
cheapest of every region, then the second cheapest, and so on, so that there are ways to a pin
wherever it lies; and songs are added that can stand beside a pin without breaking a limit.
"""

from dataclasses import replace

import numpy as np

from classify.playlists import objective
from classify.playlists.library import Library
from classify.playlists.objective import Candidates, Floats, Ints
from classify.playlists.request import Limits, Request

#: Songs to order, and the least of them for a stage.
POOL, POOL_OF_STAGE = 240, 60
#: Songs of each stage that can stand beside a pin.
BESIDE_PIN = 6
#: Regions of a stage that are scouted, the cheapest first.
REGIONS = 400


def pooled(library: Library, request: Request, chosen: Candidates) -> tuple[Candidates, bool]:
    """Keep as many songs as can be ordered exactly, and say whether that is all of them."""
    most = max(POOL_OF_STAGE, POOL // chosen.n_stages)
    if all(len(songs) <= most for songs in chosen.songs):
        return chosen, True
    worth = _worth(library, request, chosen)
    n_cheapest = most // 2
    n_spread = most // 4 if chosen.pins else 0
    songs, rates = [], []
    for of_stage, rate, of_worth in zip(chosen.songs, chosen.rates, worth, strict=True):
        worthiest = np.argsort(of_worth, kind="stable")
        worthiest = worthiest[worthiest >= n_cheapest][: most - n_cheapest - n_spread]
        spread = np.argsort(_rank(_regions(library, request.limits, of_stage)), kind="stable")
        beside = _beside(library, request.limits, of_stage, chosen.pins)
        keep = np.concatenate([np.arange(n_cheapest), worthiest, spread[:n_spread], beside])
        keep = np.unique(keep[keep < len(of_stage)])
        songs.append(of_stage[keep])
        rates.append(rate[keep])
    return replace(chosen, songs=songs, rates=rates), False


def _worth(library: Library, request: Request, chosen: Candidates) -> list[Floats]:
    """Cost of the cheapest way through each song, stage by stage, as scouting has it."""
    regions = [_regions(library, request.limits, songs) for songs in chosen.songs]
    scouts = [np.unique(of, return_index=True)[1] for of in regions]  # the cheapest of each region
    scouts = [np.sort(of)[:REGIONS] for of in scouts]
    lengths = library.seconds[np.concatenate(chosen.songs)]
    hops = max(chosen.n_stages, round(60 * request.minutes / float(np.median(lengths))))
    of_scouts = _ways(library, request, chosen, scouts, hops)
    minutes = request.minutes / hops
    worth = []
    for region, scout, way, rate in zip(regions, scouts, of_scouts, chosen.rates, strict=True):
        of_region = np.full(int(region.max(initial=-1)) + 1, np.inf)
        of_region[region[scout]] = way - rate[scout] * minutes
        worth.append(of_region[region] + rate * minutes)
    return worth


def _regions(library: Library, limits: Limits, songs: Ints) -> Ints:
    """Give each song its region, half as wide as a limit: songs of adjacent ones may join."""
    wide = np.log1p(limits.tempo_change or objective.TEMPO_UNIT) / 2
    high = (limits.loudness_change or 16.0) / 2
    tempo = np.nan_to_num(np.log(library.tempo[songs])) // wide
    places = np.column_stack([tempo, library.loudness[songs] // high])
    return np.unique(places, axis=0, return_inverse=True)[1].reshape(-1)


def _rank(regions: Ints) -> Ints:
    """Count each song's forerunners in its region."""
    order = np.argsort(regions, kind="stable")
    _, first, sizes = np.unique(regions[order], return_index=True, return_counts=True)
    rank = np.empty(len(regions), dtype=np.int64)
    rank[order] = np.arange(len(regions)) - np.repeat(first, sizes)
    return rank


def _ways(
    library: Library, request: Request, chosen: Candidates, scouts: list[Ints], hops: int
) -> list[Floats]:
    """Cost of the cheapest list of so many equal songs through each scout, by stage."""
    song = np.concatenate([of[at] for of, at in zip(chosen.songs, scouts, strict=True)])
    rate = np.concatenate([of[at] for of, at in zip(chosen.rates, scouts, strict=True)])
    stage = np.repeat(np.arange(chosen.n_stages), [len(at) for at in scouts])
    nobody = replace(library, artist=[""] * len(library))
    pinned = np.zeros(len(song), dtype=np.bool_)
    join = objective.joins(nobody, request.limits, song, stage, pinned)
    minutes = request.minutes / hops
    pace = np.diff(objective.pace(hops, chosen.n_stages), axis=1) * minutes
    cost = rate[:, None] * minutes + pace[stage]
    before = np.full((hops, len(song)), np.inf)
    after = np.full((hops, len(song)), np.inf)
    before[0] = objective.SKIP * stage
    after[-1] = np.where(stage == chosen.n_stages - 1, 0.0, np.inf)
    for hop in range(1, hops):
        before[hop] = ((before[hop - 1] + cost[:, hop - 1])[:, None] + join).min(axis=0)
    for hop in range(hops - 2, -1, -1):
        after[hop] = (join + cost[:, hop + 1] + after[hop + 1]).min(axis=1)
    way = (before + cost.T + after).min(axis=0)
    return np.split(way, np.cumsum([len(at) for at in scouts])[:-1])


def _beside(library: Library, limits: Limits, songs: Ints, pins: list[int]) -> Ints:
    """Places of the cheapest songs that can stand beside each pin."""
    if not pins or not len(songs):
        return np.zeros(0, dtype=np.int64)
    tempo, loudness = objective.changes(library, limits, np.array(pins), songs)
    return np.concatenate(
        [
            np.flatnonzero((t <= 1) & (v <= 1))[:BESIDE_PIN]
            for t, v in zip(tempo, loudness, strict=True)
        ]
    )
