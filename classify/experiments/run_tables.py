"""From the fits of a comparison to the tables of its run."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from classify.experiments import cues, results
from classify.experiments.assembly import gathered, window_table
from classify.experiments.best_model import best_model
from classify.experiments.dataset import SplitDataset, perturbations
from classify.experiments.fitting import IMPORTANCE, PERTURBED, Job
from classify.experiments.results import P
from classify.experiments.settings import Settings
from classify.models import registry
from classify.songs import NOTE, Song


def write_tables(folder: Path, settings: Settings, jobs: list[Job], data: SplitDataset) -> None:
    """Write every table of a run.

    Parameters
    ----------
    folder : Path
        The run's.
    settings, data
        Of the run.
    jobs : list of Job
        Fits that are done, of models that did not fail.
    """
    about, fits = window_table(data), gathered(jobs, data.parts)
    predictions = results.predictions(about, [fit for fit in fits if fit.part.share == 1])
    scores = results.scores(predictions, settings.seed)
    results.write(folder, predictions, scores)
    checks = [results.curve(about, fit) for fit in fits if fit.part.share < 1]
    checks += cues.tables(data.corpus, about, data.outer)
    if settings.robustness:
        named = [(variation.name, variation.amount) for variation in perturbations(data)]
        checks += [
            results.robustness(about, fit.model, fit.part, named, np.load(job.folder / PERTURBED))
            for job, fit in zip(jobs, fits, strict=True)
            if job.perturbed
        ]
    if checks:
        results.write_parquet(folder / results.CHECKS, pd.concat(checks, ignore_index=True))
    importance = [
        results.importance(about, fit.model, fit.part, pd.read_parquet(job.folder / IMPORTANCE))
        for job, fit in zip(jobs, fits, strict=True)
        if job.importance
    ]
    if importance:
        results.write_parquet(folder / results.IMPORTANCE, pd.concat(importance, ignore_index=True))
    best = best_model(scores, settings.split) or registry.MAJORITY
    excerpt = excerpts(predictions, best, about.names, data.corpus.songs)
    results.write_parquet(folder / results.EXCERPTS, excerpt)


#: Songs whose beginnings a run keeps, and how much of them, in seconds.
EXCERPTS_KEPT, EXCERPT_SECONDS = 24, 30.0


def excerpts(
    table: pd.DataFrame, best: str, names: list[str], songs: Sequence[Song]
) -> pd.DataFrame:
    """Keep the beginnings of the songs that a model misclassifies with most confidence.

    Over repeats, a song's calibrated probabilities are averaged, as the report does.

    Parameters
    ----------
    table : DataFrame
        As `results.predictions` gives it.
    best : str
        Name of the model.
    names : list of str
        Of each song.
    songs : sequence of Song
        Their notes.

    Returns
    -------
    DataFrame
        Columns song, onset, duration, pitch, velocity, drum; times in seconds.
    """
    tested = table[(table.level == "song") & (table.part == "test")]
    tested = tested[tested.protocol == tested.protocol.iloc[0]]
    rows = tested[tested.model == best]
    columns = [column for column in rows if column.startswith(P)]
    means = pd.DataFrame(results.calibrated_or_raw(rows), rows.index, columns)
    p = means.groupby([rows.song, rows.label]).mean().reset_index("label")
    wrong = p[p[columns].idxmax(axis=1) != P + p.label][columns].max(axis=1)
    order = wrong.sort_index().sort_values(ascending=False, kind="stable")
    frames = [_excerpt(name, songs[names.index(name)]) for name in order.index[:EXCERPTS_KEPT]]
    return pd.concat([_excerpt("", None), *frames], ignore_index=True)


def _excerpt(name: str, song: Song | None) -> pd.DataFrame:
    fields = ["onset", "duration", "pitch", "velocity", "drum"]
    notes = np.zeros(0, dtype=NOTE) if song is None else song.notes
    notes = notes[notes["onset"] < EXCERPT_SECONDS]
    return pd.DataFrame({"song": name} | {key: notes[key] for key in fields})
