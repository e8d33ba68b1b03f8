"""Runs of several corpora, and of repeated folds, for pages that lay runs side by side."""

from pathlib import Path

import numpy as np
import pandas as pd

from classify.experiments import results
from classify.files import read_json, write_json
from tests.report.made_runs import write_run


def on_corpora(folder: Path, songs_right: dict[str, list[int]], **changes) -> list[Path]:
    """Write a run a corpus, in which each model answers so many of 40 test songs rightly.

    Parameters
    ----------
    folder : Path
        Where the runs go, as `c0`, `c1` and on; so are the corpora named.
    songs_right : dict of str to list of int
        By model, a number of songs for each corpus; -1 leaves the model out of that run.
    changes : dict
        As `write_run` takes them.
    """
    runs = []
    folder.mkdir(exist_ok=True)
    for i, counts in enumerate(zip(*songs_right.values(), strict=True)):
        right = {m: n for m, n in zip(songs_right, counts, strict=True) if n >= 0}
        run = write_run(folder / f"c{i}", right, **changes)
        change(run, corpus={"name": f"c{i}", "fingerprint": f"{i + 1:064d}"})
        runs.append(run)
    return runs


def change(run: Path, **parts: dict) -> Path:
    """Replace entries inside parts of a run's record."""
    record = read_json(run / "run.json")
    for name, entries in parts.items():
        record[name] |= entries
    write_json(run / "run.json", record)
    return run


def refold(run: Path) -> Path:
    """Part the tested songs of a run of folds into as many others."""
    table, scored = results.read(run)
    test = table.part == "test"
    songs = sorted(set(table.song[test]))
    n_folds = table.fold.max() + 1
    others = pd.Series(np.random.default_rng(0).permutation(np.arange(len(songs)) % n_folds), songs)
    table.loc[test, "fold"] = table.song[test].map(others)
    results.write(run, table, scored)
    return run
