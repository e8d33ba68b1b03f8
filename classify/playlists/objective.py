"""What a good list is, in numbers: a library and a request become a problem for `solver`.

A list has *stages*: the moods on the way from the listener's present mood to the wanted one, or
the wanted mood alone. They are scheduled evenly, with the last one due when two thirds of the time
have passed, or earlier where there are few. A song belongs to one stage; the next song belongs to
the same stage or the one after it. So moods change in bounded steps, and once the wanted mood is
reached it is held.

A list costs, in nats (natural logarithms of probability):

- for each minute of a song, -ln of the calibrated probability of its stage's mood;
- for each minute of a song whose tempo lies outside its mood's band, `TEMPO_BAND_COST` for every
  15 %;
- for each minute in which another stage was scheduled, `OFF_SCHEDULE_COST`;
- for each pair of neighbours, `CHANGE_COST` times the square of their change of tempo, as a share
  of the largest allowed, and the same for loudness; tempi are compared as ratios;
- for each minute that stays unfilled, `UNFILLED_COST`: more than any confident song, so that lists
  are full;
- for each stage left out at the start, `SKIPPED_STAGE_COST`: more than any song can gain;
- for each limit broken beside a pin, `BROKEN_LIMIT_COST`. Nowhere else may a limit be broken.

With a seed, each song's minute also costs a random share of `SEED_COST`. The best list under a seed
is therefore worse than the best list by at most `SEED_COST` a minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from classify.playlists.library import PredictedLibrary
from classify.playlists.moods import Moods
from classify.playlists.request import Limits, Request
from classify.playlists.solver import Problem

TEMPO_BAND_COST = 0.1
OFF_SCHEDULE_COST = 0.5
CHANGE_COST = 0.5
UNFILLED_COST = 5.0
SKIPPED_STAGE_COST = 30.0
BROKEN_LIMIT_COST = 10.0
SEED_COST = 0.05
#: Lower probabilities count as this.
LEAST_PROBABILITY = 1e-3
#: A change of tempo that counts as one, where none is the largest allowed.
TEMPO_UNIT = 0.15
#: Steps into which the time is cut, unless they would be shorter than a second or longer than five;
#: and the most of them in any case.
STEPS, MOST_STEPS = 600, 3000
#: Tolerance of limits for rounding, as a share of the limit.
EPS = 1e-9

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Candidates:
    """The songs that may be in a list, stage by stage.

    Parameters
    ----------
    path : list of str
        Moods of the stages.
    songs : list of ndarray of int
        Of each stage, cheapest first; without pins.
    rates : list of ndarray of float
        Cost of a minute of each of these songs.
    pins : list of int
        Songs that must be in.
    pin_rates : ndarray of float, shape (n_stages, n_pins)
        Cost of a minute of each pin.
    """

    path: list[str]
    songs: list[Ints]
    rates: list[Floats]
    pins: list[int]
    pin_rates: Floats

    @property
    def n_stages(self) -> int:
        """Stages of the list."""
        return len(self.path)

    @property
    def all_songs(self) -> Ints:
        """Songs that may be in the list, pins among them, each once."""
        return np.unique(np.concatenate([*self.songs, np.array(self.pins, dtype=np.int64)]))


def confident(library: PredictedLibrary, limits: Limits, mood: str | None = None) -> Bools:
    """Mark the songs predicted as a mood, or as any, with enough confidence, and not novel.

    Whether `prediction` is empty does not matter: that is the model's threshold, this is the
    listener's.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> confident(example_library(), Limits(min_confidence=0.92), "Calming").tolist()
    [True, True, False, False, False, False, False]
    """
    p = library.p.max(axis=1) if mood is None else library.p[:, library.moods.index(mood)]
    enough = np.minimum(p, library.confidence) >= limits.min_confidence
    return np.asarray(library.in_distribution & enough)


def limits_kept(library: PredictedLibrary, request: Request) -> dict[str, Bools]:
    """Mark the songs that keep each limit for single songs, under what is wrong with the others.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> kept = limits_kept(example_library(), Request("Calming", limits=Limits(tempo=(60, 90))))
    >>> kept["outside the tempo range"].tolist()
    [True, True, True, True, True, False, False]
    """
    limits, everything = request.limits, np.ones(len(library), dtype=np.bool_)
    needs_tempo = limits.tempo is not None or limits.tempo_change is not None
    return {
        "of unknown tempo": ~np.isnan(library.tempo) if needs_tempo else everything,
        "outside the tempo range": _within(library.tempo, limits.tempo),
        "outside the loudness range": _within(library.loudness, limits.loudness),
        "made by a generator": ~library.generated | limits.allow_generated,
        "longer than the list, or 0 seconds long": (library.seconds > 0)
        & (np.ceil(library.seconds / step_seconds(request)) <= n_steps(request)),
    }


def step_seconds(request: Request) -> float:
    """Seconds of a time step.

    Examples
    --------
    >>> step_seconds(Request("Calming", minutes=30))
    3.0
    """
    seconds = 60 * request.minutes
    return max(1.0, min(5.0, seconds / STEPS), seconds / MOST_STEPS)


def n_steps(request: Request) -> int:
    """Give the number of time steps that a list may last.

    Examples
    --------
    >>> n_steps(Request("Calming", minutes=30))
    600
    """
    return int(60 * request.minutes / step_seconds(request) + 1e-9)


def find_candidates(
    library: PredictedLibrary,
    request: Request,
    moods: Moods,
    path: list[str],
    excluded: Bools,
    pins: list[int],
) -> Candidates:
    """Find the songs that may be in a list, and what a minute of each costs.

    Parameters
    ----------
    path : list of str
        Moods of the stages.
    excluded : ndarray of bool, shape (n_songs,)
        Songs that must not be in: vetoed, or in a list before.
    pins : list of int
        Songs that must be in.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.moods import default_moods
    >>> library = example_library()
    >>> moods, excluded = default_moods(library.moods), np.zeros(len(library), dtype=bool)
    >>> path = ["Happy", "Nostalgia", "Calming"]
    >>> candidates = find_candidates(library, Request("Calming"), moods, path, excluded, pins=[])
    >>> [songs.tolist() for songs in candidates.songs]
    [[5], [3, 4], [0, 1, 2]]
    """
    eligible = ~excluded
    for keeps in limits_kept(library, request).values():
        eligible &= keeps
    eligible[pins] = False
    if request.limits.no_repeat_artist:
        taken = {library.artist[pin] for pin in pins} - {""}
        eligible &= np.array([artist not in taken for artist in library.artist], dtype=np.bool_)
    seed_cost = SEED_COST * _random_shares(library, request.seed)
    songs, rates = [], []
    for mood in path:
        rate = _cost_rates(library, moods, mood) + seed_cost
        of_mood = np.flatnonzero(eligible & confident(library, request.limits, mood))
        of_mood = of_mood[np.argsort(rate[of_mood], kind="stable")]
        songs.append(of_mood)
        rates.append(rate[of_mood])
    pin_rates = np.array([(_cost_rates(library, moods, mood) + seed_cost)[pins] for mood in path])
    return Candidates(path, songs, rates, pins, pin_rates)


def state_problem(library: PredictedLibrary, request: Request, candidates: Candidates) -> Problem:
    """State the problem of choosing and ordering songs, in numbers alone.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.moods import default_moods
    >>> library, request = example_library(), Request("Calming", minutes=10)
    >>> moods, excluded = default_moods(library.moods), np.zeros(len(library), dtype=bool)
    >>> candidates = find_candidates(library, request, moods, ["Calming"], excluded, pins=[])
    >>> stated = state_problem(library, request, candidates)
    >>> stated.steps, stated.song.tolist(), stated.length.tolist()
    (600, [0, 1, 2], [180, 180, 180])
    """
    song = np.concatenate(
        [*candidates.songs, *[np.array(candidates.pins, dtype=np.int64)] * candidates.n_stages]
    )
    stage = np.concatenate(
        [np.full(len(songs), k) for k, songs in enumerate(candidates.songs)]
        + [np.full(len(candidates.pins), k) for k in range(candidates.n_stages)]
    ).astype(np.int64)
    rate = np.concatenate([*candidates.rates, *candidates.pin_rates])
    place = {of: number for number, of in enumerate(candidates.pins)}
    length = np.ceil(library.seconds[song] / step_seconds(request)).astype(np.int64)
    pin = np.array([place.get(int(of), -1) for of in song], dtype=np.int64)
    minutes = step_seconds(request) / 60
    return Problem(
        steps=n_steps(request),
        length=length,
        stage=stage,
        key=_exclusive_keys(library, request.limits, song, candidates.pins),
        song=song,
        pin=pin,
        cost=rate * length * minutes,
        transition=transition_costs(library, request.limits, song, stage, pin >= 0),
        first=SKIPPED_STAGE_COST * stage.astype(np.float64),
        off_schedule=off_schedule(n_steps(request), candidates.n_stages) * minutes,
        unfilled=UNFILLED_COST * minutes,
    )


def transition_costs(
    library: PredictedLibrary, limits: Limits, song: Ints, stage: Ints, pinned: Bools
) -> Floats:
    """Give the cost of each node after each other, infinite where a limit forbids it.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> songs, stage = np.array([0, 1, 6]), np.zeros(3, dtype=int)
    >>> pinned = np.zeros(3, dtype=bool)
    >>> transition_costs(example_library(), Limits(), songs, stage, pinned).round(3)[0].tolist()
    [inf, 0.022, inf]
    """
    tempo, loudness = relative_changes(library, limits, song, song)
    artist = np.array(library.artist, dtype=object)[song]
    same = (artist[:, None] == artist) & (artist != "")
    n_broken = (tempo > 1 + EPS).astype(int) + (loudness > 1 + EPS) + same
    cost = CHANGE_COST * (np.minimum(tempo, 5) ** 2 + np.minimum(loudness, 5) ** 2)
    beside_pin = pinned[:, None] | pinned
    cost = np.where(
        beside_pin, cost + BROKEN_LIMIT_COST * n_broken, np.where(n_broken > 0, np.inf, cost)
    )
    ahead = stage[None] - stage[:, None]
    return np.where((ahead == 0) | (ahead == 1), cost, np.inf)


def relative_changes(
    library: PredictedLibrary, limits: Limits, before: Ints, after: Ints
) -> tuple[Floats, Floats]:
    """Give the changes of tempo and loudness between songs, as shares of the largest allowed.

    Returns
    -------
    tuple of two ndarrays of float, shape (len(before), len(after))
        0 where there is no limit, or a tempo is unknown (of a pin).

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> tempo, loudness = relative_changes(
    ...     example_library(), Limits(loudness_change=16), np.array([0]), np.array([1, 6])
    ... )
    >>> loudness.tolist()
    [[0.0625, 1.5625]]
    """
    tempo = np.zeros((len(before), len(after)))
    loudness = tempo
    if limits.tempo_change is not None:
        of_tempo = np.log(library.tempo)
        tempo = np.abs(of_tempo[before][:, None] - of_tempo[after]) / np.log1p(limits.tempo_change)
    if limits.loudness_change is not None:
        change = np.abs(library.loudness[before][:, None] - library.loudness[after])
        loudness = change / limits.loudness_change
    return np.nan_to_num(tempo), loudness


def off_schedule(steps: int, n_stages: int) -> Floats:
    """Cost of having been in each stage up to each step, for minutes as long as a step.

    Examples
    --------
    >>> off_schedule(steps=4, n_stages=2).tolist()
    [[0.0, 0.0, 0.0, 0.5, 1.0], [0.0, 0.5, 1.0, 1.0, 1.0]]
    """
    arrival = min((n_stages - 1) / n_stages, 2 / 3) * steps
    middle = np.arange(steps) + 0.5
    scheduled = np.full(steps, n_stages - 1)
    if n_stages > 1:
        by_schedule = np.floor(middle / arrival * (n_stages - 1)).astype(int)
        scheduled = np.minimum(by_schedule, n_stages - 1)
    off = OFF_SCHEDULE_COST * (scheduled != np.arange(n_stages)[:, None])
    return np.concatenate([np.zeros((n_stages, 1)), np.cumsum(off, axis=1)], axis=1)


def cost_bound(library: PredictedLibrary, request: Request, candidates: Candidates) -> float:
    """Bound the cost of every list of all candidates from below, as if transitions were free.

    Each minute costs no less than the cheapest song of the best stage, or staying unfilled; the
    minutes of a pin, no less than the pin.

    Examples
    --------
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.moods import default_moods
    >>> library, request = example_library(), Request("Calming", minutes=3)
    >>> moods, excluded = default_moods(library.moods), np.zeros(len(library), dtype=bool)
    >>> candidates = find_candidates(library, request, moods, ["Calming"], excluded, pins=[])
    >>> round(cost_bound(library, request, candidates), 3)
    0.154
    """
    rates = zip(candidates.rates, candidates.pin_rates, strict=True)
    cheapest = np.array([min([np.inf, *of_songs[:1], *of_pins]) for of_songs, of_pins in rates])
    each = cheapest[:, None] + np.diff(off_schedule(n_steps(request), candidates.n_stages), axis=1)
    least = np.sort(np.minimum(each.min(axis=0), UNFILLED_COST))
    lengths = np.ceil(library.seconds[candidates.pins] / step_seconds(request))
    of_pins = float((candidates.pin_rates.min(axis=0) * lengths).sum())
    others = least[: n_steps(request) - int(lengths.sum())].sum()
    return float(others + of_pins) * step_seconds(request) / 60


def _cost_rates(library: PredictedLibrary, moods: Moods, mood: str) -> Floats:
    """Cost of a minute of each song for a mood."""
    p = library.p[:, library.moods.index(mood)]
    rate = -np.log(np.maximum(p, LEAST_PROBABILITY))
    band = moods[mood].tempo
    if band is not None:
        tempo = np.nan_to_num(library.tempo, nan=band[0])
        outside = np.abs(np.log(tempo / np.clip(tempo, *band)))
        rate = rate + TEMPO_BAND_COST * outside / np.log1p(TEMPO_UNIT)
    return rate


def _random_shares(library: PredictedLibrary, seed: int) -> Floats:
    """Draw a number from 0 to 1 for each song, by seed and path; 0 for all with seed 0."""
    if seed == 0:
        return np.zeros(len(library))
    digests = [
        blake2b(f"{seed}:{song}".encode(errors="surrogatepass"), digest_size=6).digest()
        for song in library.song
    ]
    return np.array([int.from_bytes(digest, "big") / 2**48 for digest in digests])


def _exclusive_keys(
    library: PredictedLibrary, limits: Limits, song: Ints, pins: Sequence[int]
) -> Ints:
    """Give numbers to what may be in a list once: songs, or artists; pins always as songs."""
    names = [
        ("artist", library.artist[of])
        if limits.no_repeat_artist and library.artist[of] and of not in pins
        else ("song", str(of))
        for of in song.tolist()
    ]
    number = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([number[name] for name in names], dtype=np.int64)


def _within(values: Floats, pair: tuple[float, float] | None) -> Bools:
    if pair is None:
        return np.ones(len(values), dtype=np.bool_)
    return np.asarray((values >= pair[0]) & (values <= pair[1]))
