"""What a comparison of generators measures of each set of songs, with intervals over songs.

Every row of measures.csv is one value of one set, with the ends of its 95 % interval: control (is
a song judged to be of the mood that was asked for), knobs (correlation of what was asked and what
was measured), fidelity (`classify.evaluation.similarity`), novelty, structure and speed. The real
songs that nobody learned from have the same rows, as a floor or a ceiling.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.evaluation import similarity, variety
from classify.evaluation.intervals import (
    Estimate,
    bootstrap,
    estimate,
    estimate_balanced,
    estimate_share,
)
from classify.generation import bar_measures, quality
from classify.generation.quality import RETURNS, TITLES
from classify.songs import Song

#: Sets of real songs.
LEARNED, HELD_OUT = "learned from", "held out"

#: Control by the melodies of real songs: what a generator of melodies can be expected to reach.
MELODIES = "control by melody"

#: Principal components of the descriptors over which the Fréchet distance goes.
COMPONENTS = 8

#: Columns of parallels per chord, by what they are called.
PARALLELS = {"parallel fifths": "fifths", "parallel octaves": "octaves"}

Row = tuple[str, str, str, Estimate, int]
Floats = NDArray[np.float64]


def measure(
    table: pd.DataFrame, songs: Mapping[str, Sequence[Song]], seed: int = 0
) -> pd.DataFrame:
    """Measure all sets.

    Parameters
    ----------
    table : DataFrame
        The rows of songs.csv.
    songs : mapping of str to sequence of Song
        Those of each set that are measured for fidelity.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns `set`, `measure`, `of` (a mood, a knob, a descriptor or a distance in bars),
        `value`, `low`, `high`, and `n` songs that it is of.
    """
    described = {name: quality.describe_all(of_set) for name, of_set in songs.items()}
    rows: list[Row] = []
    for name, part in table.groupby("set", sort=False):
        rows += _control(str(name), part)
        rows += _knobs(str(name), part, seed)
        rows += _novelty(str(name), part)
        rows += _structure(str(name), part, seed)
        rows += _voices(str(name), part, seed)
        rows += _bars(str(name), part, seed)
        rows += _speed(str(name), part)
        rows += _fidelity(str(name), described, seed)
        rows += _variety(str(name), part, songs, described, seed)
    return as_table(rows)


def as_table(rows: Iterable[Row]) -> pd.DataFrame:
    """Lay rows out in the columns of `measure`."""
    return pd.DataFrame(
        [(name, kind, of, e.value, e.low, e.high, n) for name, kind, of, e, n in rows],
        columns=["set", "measure", "of", "value", "low", "high", "n"],
    )


def _made(part: pd.DataFrame) -> pd.DataFrame:
    """Give the songs that are there and were asked for a mood, or are real."""
    return part[(part.failed == "") & (part.knob == "")]


def _control(name: str, part: pd.DataFrame) -> Iterator[Row]:
    """Give the share of songs that the judge calls by their mood, and the share that was made.

    Of all moods it is the mean of theirs: new songs are asked for as often of each, real ones not.
    """
    if name == LEARNED:
        return  # the judge says nothing of generators there
    made = _made(part)
    if len(made) and "judged" in made:
        right = (made.judged == made.mood).to_numpy()
        groups = made.group.tolist()
        yield name, "control", "", estimate_balanced(right, made.mood.tolist(), groups), len(made)
        for mood in sorted(set(made.mood)):
            rows = (made.mood == mood).to_numpy()
            of_mood = [group for group, chosen in zip(groups, rows, strict=True) if chosen]
            yield name, "control", mood, estimate_share(right[rows], of_mood), int(rows.sum())
    asked = part[part.knob == ""]
    done = (asked.failed == "").to_numpy()
    yield name, "made", "", estimate_share(done, asked.group.tolist()), len(asked)


def of_melodies(judged: Sequence[str], moods: Sequence[str], groups: Sequence[str]) -> pd.DataFrame:
    """Say how often held-out songs are called by their mood by their melody alone.

    Parameters
    ----------
    judged, moods, groups : sequences of str
        Of each melody: what the judge calls it, the mood of its song, and the song's group.

    Returns
    -------
    DataFrame
        As `measure` gives it.
    """
    right = np.array([one == mood for one, mood in zip(judged, moods, strict=True)], bool)
    if not len(right):
        return as_table([])
    share = estimate_balanced(right, list(moods), list(groups))
    return as_table([(HELD_OUT, MELODIES, "", share, len(right))])


def _knobs(name: str, part: pd.DataFrame, seed: int) -> Iterator[Row]:
    """Correlate what was asked of each knob with what was measured (Pearson)."""
    for knob, rows in part[(part.knob != "") & (part.failed == "")].groupby("knob"):
        asked = rows.target.replace({"major": 1, "minor": 0}).astype(float).to_numpy()
        pairs = np.stack([asked, rows[str(knob)].to_numpy(float)], axis=1)
        pairs = pairs[np.isfinite(pairs).all(axis=1)]
        if len(pairs) > 2:
            songs = [str(place) for place in range(len(pairs))]
            drawn = bootstrap(partial(pearson, pairs), songs, seed)
            low, high = np.percentile(drawn, (2.5, 97.5)).tolist()
            yield (
                name,
                "knob",
                str(knob),
                Estimate(pearson(pairs), low, high),
                len(pairs),
            )


def pearson(pairs: Floats, places: NDArray[np.int64] | slice = slice(None)) -> float:
    """Correlate two columns at some of their rows; 0 where one of them is constant.

    >>> round(pearson(np.array([[1.0, 2], [2, 4], [3, 6]])), 6)
    1.0
    """
    asked, measured = pairs[places].T
    if not asked.std() or not measured.std():
        return 0.0
    return float(np.corrcoef(asked, measured)[0, 1])


def _novelty(name: str, part: pd.DataFrame) -> Iterator[Row]:
    """Give median, 95th percentile and maximum of longest runs, and the share beyond the limit."""
    made = part[part.failed == ""]
    runs = made.longest_run.to_numpy(float)
    if not len(runs):
        return
    for of, share in (("median", 50), ("95th percentile", 95), ("longest", 100)):
        value = float(np.percentile(runs, share))
        yield name, "longest run", of, Estimate(value, value, value), len(runs)
    if "limit" in made and made.limit.notna().all():
        beyond = (runs > made.limit.to_numpy(float)).astype(bool)
        yield name, "copies", "", estimate_share(beyond, made.group.tolist()), len(runs)


def _structure(name: str, part: pd.DataFrame, seed: int) -> Iterator[Row]:
    """Give the share of bars that return after so many bars, as a mean over songs."""
    made = _made(part)
    for n_bars in RETURNS:
        known = made[made[f"returns_{n_bars}"].notna()]
        if len(known):
            values = known[f"returns_{n_bars}"].to_numpy(float)
            mean = estimate(values, known.group.tolist(), seed, bounds=(0, 1))
            yield name, "returns", str(n_bars), mean, len(values)


def _voices(name: str, part: pd.DataFrame, seed: int) -> Iterator[Row]:
    """Give parallel fifths and octaves per 100 chords, as means over songs."""
    made = _made(part)
    for of, column in PARALLELS.items():
        known = made[made[column].notna()]
        if len(known):
            values = 100 * known[column].to_numpy(float)
            yield name, "voices", of, estimate(values, known.group.tolist(), seed), len(values)


def _bars(name: str, part: pd.DataFrame, seed: int) -> Iterator[Row]:
    """Give how bars are filled, as means over songs."""
    made = _made(part)
    for of in bar_measures.TITLES:
        known = made[made[of].notna()]
        if len(known):
            bounds = (0.0, 1.0) if of in bar_measures.SHARES else (0.0, np.inf)
            mean = estimate(known[of].to_numpy(float), known.group.tolist(), seed, bounds=bounds)
            yield name, "bars", of, mean, len(known)


def _variety(
    name: str,
    part: pd.DataFrame,
    songs: Mapping[str, Sequence[Song]],
    described: Mapping[str, dict[str, Floats]],
    seed: int,
) -> Iterator[Row]:
    """Say whether a set has distinct songs, and some wherever those learned from are."""
    if name == LEARNED or name not in described or len(described[name]["range"]) < 2:
        return
    found = varied(songs[name], described[LEARNED], described[name])
    n_real, n_new = len(found["coverage"]), len(found["density"])
    groups, real_groups = _made(part).group.tolist(), [str(place) for place in range(n_real)]
    each = groups if len(groups) == n_new else [str(place) for place in range(n_new)]
    near, density = (
        estimate(found[of], each, seed, bounds=(0, np.inf)) for of in ("nearest", "density")
    )
    yield name, "variety", "distinct", estimate_share(found["distinct"], groups), len(groups)
    yield name, "variety", "nearest", near, n_new
    yield name, "variety", "density", density, n_new
    yield name, "variety", "coverage", estimate_share(found["coverage"], real_groups), n_real


def varied(
    songs: Sequence[Song], real: dict[str, Floats], new: dict[str, Floats]
) -> dict[str, NDArray[Any]]:
    """Say how varied new songs are, as `quality.describe_all` described them and real ones.

    Returns
    -------
    dict of str to ndarray
        Of each new song, `distinct` (whether it repeats none before), `nearest` (its distance to
        the nearest other one, by the median of that among real songs) and `density`; of each real
        song, `coverage`: whether a new one is near.
    """
    a, b = _components(quality.normalised(real), quality.normalised(new))
    density, covered = variety.density_and_coverage(a, b)
    usual = float(np.median(variety.nearest_distances(a)))
    return {
        "distinct": variety.first_of_their_kind([_notes_of(song) for song in songs]),
        "nearest": variety.nearest_distances(b) / max(usual, 1e-9),
        "density": density,
        "coverage": covered,
    }


def _notes_of(song: Song) -> bytes:
    """Write down which notes a song has, in sixteenths from its first one, in any key."""
    steps = np.round(4 * (song.notes["beat"] - song.notes["beat"][:1]).astype(float))
    pitch = song.notes["pitch"].astype(int)
    return np.stack([np.nan_to_num(steps), pitch - pitch[:1]]).tobytes()


def _speed(name: str, part: pd.DataFrame) -> Iterator[Row]:
    """Give seconds of one core to learn, and to compose a minute of music."""
    if "compose_seconds" not in part or part.compose_seconds.isna().all():
        return
    made = part[part.failed == ""]
    fit = float(part.fit_seconds.iloc[0])
    yield name, "learning", "seconds", Estimate(fit, fit, fit), 1
    a_minute = float(60 * made.compose_seconds.sum() / made.seconds.sum())
    yield name, "a minute", "seconds", Estimate(a_minute, a_minute, a_minute), len(made)


def _fidelity(name: str, described: Mapping[str, dict[str, Floats]], seed: int) -> Iterator[Row]:
    """Compare a set with the songs that were learned from, by each descriptor and by all."""
    if name == LEARNED or name not in described:
        return
    real, new = described[LEARNED], described[name]
    n_songs = len(new["range"])
    if n_songs < 2:
        return
    for descriptor in TITLES:
        both = similarity.set_overlap(real[descriptor], new[descriptor], seed)
        for which, interval in zip(("overlap", "divergence"), both, strict=True):
            yield name, which, descriptor, Estimate(*interval), n_songs
    a, b = _components(quality.normalised(real), quality.normalised(new))
    yield name, "Fréchet distance", "", Estimate(*similarity.frechet_interval(a, b, seed)), n_songs


def _components(real: Floats, new: Floats) -> tuple[Floats, Floats]:
    """Standardise by the real songs, and keep the directions in which these differ most."""
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    n_components = min(COMPONENTS, *real.shape)
    scale = make_pipeline(StandardScaler(), PCA(n_components, svd_solver="full"))
    return scale.fit_transform(real), scale.transform(new)
