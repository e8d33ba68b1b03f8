"""What a comparison of generators keeps of those that have a latent space, and makes of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from classify.generation.judge import Judge
from classify.generation.latent import moving
from classify.generation.latent.latent_generator import LatentGenerator
from classify.generation.latent.measuring import measure_songs, summarise
from classify.generation.measures import as_table
from classify.songs import Song, midi

#: Files in a generator's folder: a row a held-out song, and what became of each epoch.
SPACE, TRAINING = "space.csv", "training.csv"


def write(
    generator: LatentGenerator,
    songs: Sequence[Song],
    moods: Sequence[str],
    groups: Sequence[str],
    folder: Path,
    quick: bool = False,
) -> None:
    """Write what a space holds of songs, and how it was learned.

    Parameters
    ----------
    generator : LatentGenerator
        That has learned from none of them.
    songs, moods, groups : sequences, length n_songs
        Held out.
    folder : Path
        Where files go.
    quick : bool
        Whether few songs are moved.
    """
    measure_songs(generator, songs, moods, groups).to_csv(folder / SPACE, index=False)
    history = pd.DataFrame(generator.history).assign(collapse=generator.collapse)
    history.to_csv(folder / TRAINING, index=False)
    moving.write_changes(generator, songs, moods, groups, folder, quick)
    moving.write_slides(generator, songs, groups, folder, quick)
    moving.write_ways(generator, songs, groups, folder, quick)


def measure(
    folders: Mapping[str, Path], variant_of: Mapping[str, str], judge: Judge | None, seed: int
) -> pd.DataFrame:
    """Summarise what `write` left, with intervals over groups of songs.

    Parameters
    ----------
    folders : mapping of str to Path
        Of generators, by name; those that have no space are left out.
    variant_of : mapping of str to str
        The generator that each is a variant of.
    judge : Judge, optional
        Which has learned from none of the songs; without one, no mood was changed.
    seed : int
        Of the bootstrap.
    """
    folders = {name: folder for name, folder in folders.items() if (folder / SPACE).is_file()}
    tables = {name: _read(folder / SPACE) for name, folder in folders.items()}
    measured = [summarise(tables, variant_of, seed)]
    for name, folder in folders.items():
        changes, slides, steps = (
            _read(folder / file) for file in (moving.CHANGES, moving.SLIDES, moving.STEPS)
        )
        if len(changes) and judge:
            judged = {
                which: judge.calls([midi.read(folder / moving.FOLDER / f) for f in changes[which]])
                for which in ("before", "after")
            }
            measured.append(as_table(moving.summarise_changes(name, changes, judged, seed)))
        if len(slides):
            measured.append(as_table(moving.summarise_slides(name, slides, seed)))
        if len(steps):
            measured.append(as_table(moving.summarise_ways(name, steps, seed)))
    return pd.concat(measured, ignore_index=True)


def _read(file: Path) -> pd.DataFrame:
    """Read a table, which may have no rows and then no columns either."""
    return pd.read_csv(file) if file.read_text().strip() else pd.DataFrame()
