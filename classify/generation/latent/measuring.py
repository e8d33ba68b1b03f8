"""What a latent space is worth, measured on songs that nobody learned from.

Each song is coded and written again, without a look at it while it is written; beside that stands
what is written from the middle of the space, which knows nothing of the song. Moods are told from
latent vectors by a linear classifier that is tested on groups it has not seen.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation.intervals import estimate, estimate_share
from classify.generation.latent.latent_generator import LatentGenerator
from classify.generation.measures import Row, as_table
from classify.songs import Song

#: Folds of the probe, and groups of songs in each mood that it needs.
FOLDS = 5

#: Columns of a table of songs that are no measures of reconstruction.
FACTS = ("song", "mood", "group", "probe")


def measure_songs(
    generator: LatentGenerator, songs: Sequence[Song], moods: Sequence[str], groups: Sequence[str]
) -> pd.DataFrame:
    """Measure songs one by one.

    Parameters
    ----------
    generator : LatentGenerator
        That has learned from none of them.
    songs : sequence of Song
        Songs that it has no place for are left out.
    moods, groups : sequences of str
        Of each song.

    Returns
    -------
    DataFrame
        A row a song: `song`, its number; `mood`, `group`; what `generator.reconstruction` gives;
        `nats told`, what its latent vectors say of it; and `probe`, whether its mood is told from
        them, where there are moods.
    """
    rows, places = [], list[NDArray[np.float32]]()
    for number, (song, mood, group) in enumerate(zip(songs, moods, groups, strict=True)):
        try:
            point = generator.encode(song)
        except InputError:
            continue
        places.append(point.z.mean(axis=0))
        rows.append({"song": number, "mood": mood, "group": group,
                     **generator.reconstruction(song, point),
                     "nats told": generator.nats_told(song, point)})  # fmt: skip
    table = pd.DataFrame(rows)
    if len(table):
        told = probe(np.stack(places), table.mood.tolist(), table.group.tolist())
        table["probe"] = np.nan if told is None else told
    return table


def probe(
    z: NDArray[np.float32], moods: Sequence[str], groups: Sequence[str]
) -> NDArray[np.float64] | None:
    """Say of each song whether a linear classifier tells its mood from its latent vector.

    Logistic regression on standardised vectors, tested on groups that it has not seen.

    Returns
    -------
    ndarray of 0 and 1, shape (n_songs,), or None
        NaN for songs of a mood that has fewer than `FOLDS` groups; None where there are no two
        moods that have as many.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pairs = {mood: len({g for m, g in zip(moods, groups, strict=True) if m == mood})
             for mood in set(moods)}  # fmt: skip
    often = [mood for mood, n_groups in pairs.items() if n_groups >= FOLDS]
    if len(often) < 2:
        return None
    names, right = np.array(moods), np.full(len(moods), np.nan)
    kept = np.isin(names, often)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.02, max_iter=1000))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    said = cross_val_predict(model, z[kept], names[kept], groups=np.array(groups)[kept], cv=folds)
    right[kept] = said == names[kept]
    return right


def summarise(
    tables: Mapping[str, pd.DataFrame], variant_of: Mapping[str, str], seed: int = 0
) -> pd.DataFrame:
    """Summarise tables of several generators, with intervals over groups of songs.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        What `measure_songs` gave, by the generator's name.
    variant_of : mapping of str to str
        The generator that each is a variant of: the two are compared song by song.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns as `classify.generation.measures.measure` gives them: `reconstruction` of each
        column, `gain` of a generator over its variant, `probe`.
    """
    rows: list[Row] = []
    for name, table in tables.items():
        if len(table):
            rows += _of_one(name, table, seed)
        base = variant_of.get(name, "")
        if base in tables and len(table) and len(tables[base]):
            rows += _of_pair(name, base, table, tables[base], seed)
    return as_table(rows)


def _of_one(name: str, table: pd.DataFrame, seed: int) -> Iterator[Row]:
    groups = table.group.astype(str).tolist()
    for column in table.columns.difference(FACTS, sort=False):
        values = table[column].to_numpy(float)
        yield name, "reconstruction", column, estimate(values, groups, seed), len(values)
    known = table.probe.notna()
    if known.any():
        right = table.probe[known].to_numpy(float).astype(bool)
        of_groups = table.group[known].astype(str).tolist()
        yield name, "probe", "", estimate_share(right, of_groups), len(right)


def _of_pair(
    name: str, base: str, table: pd.DataFrame, other: pd.DataFrame, seed: int
) -> Iterator[Row]:
    """Compare the original with its variant, song by song."""
    both = other.merge(table, on="song", suffixes=("", " of the variant"))
    groups = both.group.astype(str).tolist()
    for column in other.columns.difference(FACTS, sort=False):
        if f"{column} of the variant" in both:
            gain = (both[column] - both[f"{column} of the variant"]).to_numpy(float)
            yield base, "gain", f"{column}: {name}", estimate(gain, groups, seed), len(gain)
