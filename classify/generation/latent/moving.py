"""What moving a song in a latent space does, measured on songs that nobody learned from.

Songs are moved to another mood, and an independent judge says whether it hears that mood, beside
what it says of the same songs where they are; how much of the melody is left stands
beside that. Songs are moved along each attribute, and all attributes are measured on what comes of
it: the one that was meant, and those that change with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation.intervals import Estimate, bootstrap, estimate, estimate_share
from classify.generation import knobs, quality
from classify.generation.latent import operations
from classify.generation.latent.latent_generator import LatentGenerator
from classify.generation.measures import Row, pearson
from classify.generation.similarity import melodic_similarity
from classify.songs import Song, midi

#: Songs that are moved at most, and those for a quick look.
CHANGED, SLID, QUICK = 40, 12, 3

#: How far songs are moved along an attribute, in standard deviations of songs.
AMOUNTS = (-2.0, -1.0, 0.0, 1.0, 2.0)

#: Ways between songs that are gone, and shares of the way at which songs stand.
WAYS, SHARES = 12, (0.0, 0.25, 0.5, 0.75, 1.0)

#: What a comparison keeps of it.
CHANGES, SLIDES, STEPS, FOLDER = "changes.csv", "slides.csv", "steps.csv", "changed"


def write_changes(
    generator: LatentGenerator,
    songs: Sequence[Song],
    moods: Sequence[str],
    groups: Sequence[str],
    folder: Path,
    quick: bool = False,
) -> None:
    """Move songs to the next mood, and write both ends as MIDI with a table.

    Parameters
    ----------
    generator : LatentGenerator
        That has learned from none of them.
    songs, moods, groups : sequences, length n_songs
        Of which as many of each mood are taken.
    folder : Path
        Where files go.
    quick : bool
        Whether few songs are moved.
    """
    (folder / FOLDER).mkdir()
    rows = []
    for number in _some(moods, QUICK if quick else CHANGED) if len(generator.moods) > 1 else []:
        song, mood = songs[number], moods[number]
        if mood not in generator.moods:
            continue
        asked = generator.moods[(generator.moods.index(mood) + 1) % len(generator.moods)]
        try:
            before, after = operations.change(generator, song, asked, (0.0, 1.0))
        except InputError:
            continue
        if not before.n_notes or not after.n_notes:
            continue
        names = [f"{number:04d}-{which}.mid" for which in ("before", "after")]
        for name, written in zip(names, (before, after), strict=True):
            midi.write_song(folder / FOLDER / name, written)
        rows.append({"song": number, "group": groups[number], "mood": mood, "asked": asked,
                     "before": names[0], "after": names[1],
                     "similarity": melodic_similarity(song, after),
                     "similarity before": melodic_similarity(song, before)})  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / CHANGES, index=False)


def write_slides(
    generator: LatentGenerator,
    songs: Sequence[Song],
    groups: Sequence[str],
    folder: Path,
    quick: bool = False,
) -> None:
    """Move songs along each attribute, and write what is measured as a table."""
    rows = list[dict[str, float | str | int]]()
    for number in _some([""] * len(songs), QUICK if quick else SLID):
        for attribute in generator.directions:
            try:
                moved = operations.slide(generator, songs[number], attribute, AMOUNTS)
            except InputError:
                continue
            rows += [
                {"song": number, "group": groups[number], "attribute": attribute,
                 "amount": amount, "similarity": melodic_similarity(songs[number], one),
                 **knobs.measure(one)}
                for amount, one in zip(AMOUNTS, moved, strict=True) if one.n_notes
            ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / SLIDES, index=False)


def write_ways(
    generator: LatentGenerator,
    songs: Sequence[Song],
    groups: Sequence[str],
    folder: Path,
    quick: bool = False,
) -> None:
    """Go from songs to others, and write how even the steps are, in descriptors of songs.

    Beside that stands the same for piano rolls that are mixed: cells of both songs are added, each
    with its share of the way, and those that come to a half are played.
    """
    usual = quality.normalised(quality.describe_all(songs)).std(axis=0) + 1e-9
    rows, n = list[dict[str, float | str]](), QUICK if quick else WAYS
    for number in range(0, len(songs) - 1, max(1, (len(songs) - 1) // n)):
        one, other = songs[number], songs[number + 1]
        try:
            way = operations.interpolate(generator, one, other, len(SHARES))
        except InputError:
            continue  # in different metres
        steps = [_largest_step(ends, usual) for ends in (way, mixed(one, other))]
        if all(np.isfinite(steps)):
            rows.append({"group": groups[number], "latent": steps[0], "mixed": steps[1]})
    pd.DataFrame(rows).to_csv(folder / STEPS, index=False)


def mixed(one: Song, other: Song) -> list[Song]:
    """Mix the piano rolls of two songs, at each of `SHARES` of the way, at the tempo of the one."""
    both = np.concatenate([one.notes, other.notes])
    both = both[np.argsort(both["onset"], kind="stable")]
    half = replace(one, fetch=lambda: both)
    return [one if t < 0.5 else other if t > 0.5 else half for t in SHARES]


def _largest_step(way: Sequence[Song], usual: NDArray[np.float64]) -> float:
    """Give the share that the largest step has of all steps; NaN where a song is silent."""
    if any((~song.notes["drum"]).sum() < 2 for song in way):
        return np.nan
    places = quality.normalised(quality.describe_all(way)) / usual
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    return float(steps.max() / steps.sum()) if steps.sum() else np.nan


def summarise_ways(name: str, table: pd.DataFrame, seed: int) -> Iterator[Row]:
    """Give the mean share of the largest step, of ways in the space and of rolls that are mixed."""
    groups = table.group.astype(str).tolist()
    for column in ("latent", "mixed"):
        values = table[column].to_numpy(float)
        yield (
            name,
            "largest step",
            column,
            estimate(values, groups, seed, bounds=(0, 1)),
            len(table),
        )


def _some(moods: Sequence[str], n: int) -> list[int]:
    """Choose so many songs, as many of each mood."""
    places = {mood: [i for i, m in enumerate(moods) if m == mood] for mood in sorted(set(moods))}
    each = max(1, n // max(1, len(places)))
    return sorted(i for of_mood in places.values() for i in of_mood[:: max(1, len(of_mood) // each)]
                  [:each])  # fmt: skip


def summarise_changes(
    name: str, table: pd.DataFrame, judged: Mapping[str, Sequence[str]], seed: int
) -> Iterator[Row]:
    """Say how often a judge hears the mood that songs were moved to.

    Parameters
    ----------
    name : str
        Of the generator.
    table : DataFrame
        As `write_changes` left it.
    judged : mapping of str to sequence of str
        What the judge calls the songs of the columns `before` and `after`.
    seed : int
        Of the bootstrap.
    """
    groups = table.group.astype(str).tolist()
    asked, n = table.asked.to_numpy(), len(table)
    for which, of in (("before", "heard before"), ("after", "heard after")):
        yield name, "change", of, estimate_share(np.array(judged[which]) == asked, groups), n
    close = (table.similarity >= operations.KEPT).to_numpy()
    both = (np.array(judged["after"]) == asked) & close
    yield name, "change", "heard and itself", estimate_share(both, groups), n
    for column in ("similarity", "similarity before"):
        values = table[column].to_numpy(float)
        yield name, "change", column, estimate(values, groups, seed, bounds=(0, 1)), n


def summarise_slides(name: str, table: pd.DataFrame, seed: int) -> Iterator[Row]:
    """Correlate how far songs were moved along an attribute with what is measured (Pearson).

    Beside that stands how much of the melody is left of those that were moved.
    """
    moved = table[table.amount != 0]
    if "similarity" in moved:  # earlier comparisons were kept without it
        alike, groups = moved.similarity.to_numpy(float), moved.group.astype(str).tolist()
        yield name, "slide", "similarity", estimate(alike, groups, seed, bounds=(0, 1)), len(moved)
    measured = [one for one in knobs.KNOBS if one in table]
    for attribute, rows in table.groupby("attribute", sort=False):
        for of in measured:
            pairs = rows[["amount", of, "song", "group"]].dropna().copy()
            pairs[of] -= pairs.groupby("song")[of].transform("mean")
            values = pairs[["amount", of]].to_numpy(float)
            if len(values) < 3:
                continue
            found = _interval(values, pairs.group.astype(str).tolist(), seed)
            yield name, "slide", f"{attribute}: {of}", found, len(values)


def _interval(values: NDArray[np.float64], groups: list[str], seed: int) -> Estimate:
    drawn = bootstrap(partial(pearson, values), groups, seed)
    low, high = np.nanpercentile(drawn, (2.5, 97.5)).tolist()
    value = pearson(values)
    return Estimate(value, min(low, value), max(high, value))
