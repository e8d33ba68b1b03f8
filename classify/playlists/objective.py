"""From a library and a wish to a problem that `solver` can solve: what a good list is, in numbers.

A session has *stages*: the moods on the way from the listener's present mood to the wanted one, or
the wanted mood alone. They are scheduled evenly, with the last one due when two thirds of the time
have passed, or earlier where there are few. A song stands for one stage; the next song stands for
the same stage or the one after it. So moods change in bounded steps, and once the wanted mood is
reached it is held.

A list costs, in nats (natural logarithms of probability):

- for each minute of a song, -ln of the calibrated probability of the mood it stands for;
- for each minute of a song whose tempo lies outside its mood's band, `OUTSIDE` for every 15 %;
- for each minute in which another stage was scheduled, `PACE`;
- for each pair of neighbours, `JUMP` times the square of their change of tempo, as a share of the
  largest allowed, and the same for loudness; tempi are compared as ratios;
- for each minute that stays unfilled, `UNFILLED`: more than any sure song, so that lists are full;
- for each stage left out at the start, `SKIP`: more than any song can gain;
- for each limit broken beside a pin, `BREAK`. Nowhere else may a limit be broken.

With a seed, each song's minute also costs a random share of `VARIETY`. The best list under a seed
is therefore worse than the best list by at most `VARIETY` a minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from classify.playlists.library import Library
from classify.playlists.moods import Moods
from classify.playlists.request import Limits, Request
from classify.playlists.solver import Problem

OUTSIDE = 0.1
PACE = 0.5
JUMP = 0.5
UNFILLED = 5.0
SKIP = 30.0
BREAK = 10.0
VARIETY = 0.05
#: Probabilities below this cost no more.
FLOOR = 1e-3
#: A change of tempo that counts as one, where none is the largest allowed.
TEMPO_UNIT = 0.15
#: Steps into which the time is cut, unless they would be shorter than a second or longer than five;
#: and the most of them in any case.
STEPS, MOST_STEPS = 600, 3000
#: How much of a limit rounding may cost.
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
        """Stages of the session."""
        return len(self.path)

    @property
    def all_songs(self) -> Ints:
        """Songs that may be in the list, pins among them, each once."""
        return np.unique(np.concatenate([*self.songs, np.array(self.pins, dtype=np.int64)]))


def sure(library: Library, limits: Limits, mood: str | None = None) -> Bools:
    """Say which songs are surely of a mood, or of any: like the training songs, and confident.

    Whether `answer` is empty does not matter: that is the model's own threshold, this is the
    listener's.
    """
    p = library.p.max(axis=1) if mood is None else library.p[:, library.moods.index(mood)]
    confident = np.minimum(p, library.confidence) >= limits.min_confidence
    return np.asarray(library.known & confident)


def fitting(library: Library, request: Request) -> dict[str, Bools]:
    """Say which songs keep to each limit that a song alone can break, by what is wrong if not."""
    limits, everything = request.limits, np.ones(len(library), dtype=np.bool_)
    needs_tempo = limits.tempo is not None or limits.tempo_change is not None
    return {
        "of unknown tempo": ~np.isnan(library.tempo) if needs_tempo else everything,
        "outside the range of tempo": _inside(library.tempo, limits.tempo),
        "outside the range of loudness": _inside(library.loudness, limits.loudness),
        "longer than the list, or of no length": (library.seconds > 0)
        & (np.ceil(library.seconds / unit(request)) <= n_steps(request)),
    }


def unit(request: Request) -> float:
    """Seconds of a step of time."""
    seconds = 60 * request.minutes
    return max(1.0, min(5.0, seconds / STEPS), seconds / MOST_STEPS)


def n_steps(request: Request) -> int:
    """Give the steps of time that a list may last."""
    return int(60 * request.minutes / unit(request) + 1e-9)


def candidates(
    library: Library, request: Request, moods: Moods, path: list[str], out: Bools, pins: list[int]
) -> Candidates:
    """Find the songs that may be in a list.

    Parameters
    ----------
    path : list of str
        Moods of the stages.
    out : ndarray of bool, shape (n_songs,)
        Songs that must not be in: vetoed, or in a list before.
    pins : list of int
        Songs that must be in.
    """
    may = ~out
    for fits in fitting(library, request).values():
        may &= fits
    may[pins] = False
    if request.limits.no_repeat_artist:
        taken = {library.artist[pin] for pin in pins} - {""}
        may &= np.array([artist not in taken for artist in library.artist], dtype=np.bool_)
    extra = VARIETY * _luck(library, request.seed)
    songs, rates = [], []
    for mood in path:
        rate = _rate(library, moods, mood) + extra
        of_mood = np.flatnonzero(may & sure(library, request.limits, mood))
        of_mood = of_mood[np.argsort(rate[of_mood], kind="stable")]
        songs.append(of_mood)
        rates.append(rate[of_mood])
    of_pins = np.array([(_rate(library, moods, mood) + extra)[pins] for mood in path])
    return Candidates(path, songs, rates, pins, of_pins)


def problem(library: Library, request: Request, chosen: Candidates) -> Problem:
    """State the problem of ordering songs, in numbers alone."""
    song = np.concatenate(
        [*chosen.songs, *[np.array(chosen.pins, dtype=np.int64)] * chosen.n_stages]
    )
    stage = np.concatenate(
        [np.full(len(songs), k) for k, songs in enumerate(chosen.songs)]
        + [np.full(len(chosen.pins), k) for k in range(chosen.n_stages)]
    ).astype(np.int64)
    rate = np.concatenate([*chosen.rates, *chosen.pin_rates])
    place = {of: number for number, of in enumerate(chosen.pins)}
    length = np.ceil(library.seconds[song] / unit(request)).astype(np.int64)
    pin = np.array([place.get(int(of), -1) for of in song], dtype=np.int64)
    minutes = unit(request) / 60
    return Problem(
        steps=n_steps(request),
        length=length,
        stage=stage,
        key=_keys(library, request.limits, song, chosen.pins),
        song=song,
        pin=pin,
        cost=rate * length * minutes,
        join=joins(library, request.limits, song, stage, pin >= 0),
        first=SKIP * stage.astype(np.float64),
        pace=pace(n_steps(request), chosen.n_stages) * minutes,
        idle=UNFILLED * minutes,
    )


def joins(library: Library, limits: Limits, song: Ints, stage: Ints, pinned: Bools) -> Floats:
    """Give the cost of each node after each other, infinite where a limit forbids it."""
    tempo, loudness = changes(library, limits, song, song)
    artist = np.array(library.artist, dtype=object)[song]
    same = (artist[:, None] == artist) & (artist != "")
    broken = (tempo > 1 + EPS).astype(int) + (loudness > 1 + EPS) + same
    cost = JUMP * (np.minimum(tempo, 5) ** 2 + np.minimum(loudness, 5) ** 2)
    beside = pinned[:, None] | pinned
    cost = np.where(beside, cost + BREAK * broken, np.where(broken > 0, np.inf, cost))
    ahead = stage[None] - stage[:, None]
    return np.where((ahead == 0) | (ahead == 1), cost, np.inf)


def changes(library: Library, limits: Limits, before: Ints, after: Ints) -> tuple[Floats, Floats]:
    """Give the changes of tempo and of loudness, as shares of the largest allowed.

    Returns
    -------
    tuple of two ndarrays of float, shape (len(before), len(after))
        0 where there is no limit, or a tempo is unknown (of a pin).
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


def pace(steps: int, n_stages: int) -> Floats:
    """Cost of having been in each stage up to each step, for minutes as long as a step."""
    arrival = min((n_stages - 1) / n_stages, 2 / 3) * steps
    middle = np.arange(steps) + 0.5
    scheduled = np.full(steps, n_stages - 1)
    if n_stages > 1:
        early = np.floor(middle / arrival * (n_stages - 1)).astype(int)
        scheduled = np.minimum(early, n_stages - 1)
    astray = PACE * (scheduled != np.arange(n_stages)[:, None])
    return np.concatenate([np.zeros((n_stages, 1)), np.cumsum(astray, axis=1)], axis=1)


def least_cost(library: Library, request: Request, chosen: Candidates) -> float:
    """Bound the cost of every list of all candidates from below, as if they joined at no cost.

    Each minute costs no less than the cheapest song of the best stage, or staying unfilled; the
    minutes of a pin, no less than the pin.
    """
    rates = zip(chosen.rates, chosen.pin_rates, strict=True)
    cheapest = np.array([min([np.inf, *of_songs[:1], *of_pins]) for of_songs, of_pins in rates])
    each = cheapest[:, None] + np.diff(pace(n_steps(request), chosen.n_stages), axis=1)
    least = np.sort(np.minimum(each.min(axis=0), UNFILLED))
    lengths = np.ceil(library.seconds[chosen.pins] / unit(request))
    of_pins = float((chosen.pin_rates.min(axis=0) * lengths).sum())
    others = least[: n_steps(request) - int(lengths.sum())].sum()
    return float(others + of_pins) * unit(request) / 60


def _rate(library: Library, moods: Moods, mood: str) -> Floats:
    """Cost of a minute of each song for a mood."""
    p = library.p[:, library.moods.index(mood)]
    rate = -np.log(np.maximum(p, FLOOR))
    band = moods[mood].tempo
    if band is not None:
        tempo = np.nan_to_num(library.tempo, nan=band[0])
        outside = np.abs(np.log(tempo / np.clip(tempo, *band)))
        rate = rate + OUTSIDE * outside / np.log1p(TEMPO_UNIT)
    return rate


def _luck(library: Library, seed: int) -> Floats:
    """Draw a number from 0 to 1 for each song, by seed and path; 0 for all with seed 0."""
    if seed == 0:
        return np.zeros(len(library))
    drawn = [
        blake2b(f"{seed}:{song}".encode(errors="surrogatepass"), digest_size=6).digest()
        for song in library.song
    ]
    return np.array([int.from_bytes(digest, "big") / 2**48 for digest in drawn])


def _keys(library: Library, limits: Limits, song: Ints, pins: Sequence[int]) -> Ints:
    """Give numbers to what may be in a list once: songs, or artists; pins always as songs."""
    names = [
        ("artist", library.artist[of])
        if limits.no_repeat_artist and library.artist[of] and of not in pins
        else ("song", str(of))
        for of in song.tolist()
    ]
    number = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([number[name] for name in names], dtype=np.int64)


def _inside(values: Floats, pair: tuple[float, float] | None) -> Bools:
    if pair is None:
        return np.ones(len(values), dtype=np.bool_)
    return np.asarray((values >= pair[0]) & (values <= pair[1]))
