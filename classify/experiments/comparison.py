"""Corpus times models: one comparison, from a folder of songs to files that a report is made from.

A run lives in one folder. Everything that took long is written as soon as it is there, so the same
command goes on where a killed one stopped. The folder holds

- `run.json`: command, settings, versions, corpus, split, and what became of each model,
- `predictions.parquet`: one row per model, fold, part and song, and the same per window,
- `scores.csv`: every score with its interval, tidy,
- `checks.parquet`: answers for changed test songs, and of models that learned from fewer songs,
- `importance.parquet`: what models on features listen to, see
  `classify.experiments.feature_importance`,
- `excerpts.parquet`: how the songs begin that the best model gets wrong most confidently,
- `models/<name>/<part>/`: the facts of each fit, and for a hold-out the trained model.
"""

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from classify.compute.executor import Executor
from classify.errors import InputError
from classify.experiments import fitting, results, window_search
from classify.experiments.assembly import (
    cut_once,
    fit_jobs,
    gathered,
    moved,
    train_all,
    window_table,
)
from classify.experiments.dataset import Data, default_name, prepare, recut, tried
from classify.experiments.fitting import IMPORTANCE, PERTURBED, Job
from classify.experiments.folds import LEAK
from classify.experiments.manifest import (
    RECORD,
    about,
    check_free,
    close_run,
    complete,
    open_run,
    read_record,
)
from classify.experiments.settings import Settings
from classify.files import exclusive
from classify.models import registry
from classify.progress import SILENT, Progress, duration


def compare(
    settings: Settings,
    out: Path | None = None,
    n_workers: int | None = None,
    progress: Progress = SILENT,
    command: str | None = None,
    within: Path = Path("results"),
    executor: Executor | None = None,
) -> Path:
    """Train every model on a corpus and write what came of it; go on where a killed run stopped.

    Parameters
    ----------
    settings : Settings
        What is compared.
    out : Path, optional
        The run's folder; one in `within`, named after the corpus and what is not as usual, unless
        given.
    n_workers : int, optional
        Models that train at once; what the machine bears unless given.
    progress : Progress
        Shows progress.
    command : str, optional
        What to record as the command; this call unless given.
    within : Path
        Where the run's folder goes if `out` is not given.
    executor : Executor, optional
        Where models train (`classify.compute.executor.make_executor` makes one); in processes of
        this machine unless given. No number depends on it.

    Returns
    -------
    Path
        The run's folder, with run.json, predictions.parquet and scores.csv in it.

    Raises
    ------
    InputError
        If the corpus cannot be read or split as asked, a model is unknown, or `out` holds a run
        with other settings.
    """
    chosen = registry.select(settings.models)
    data = prepare(settings, progress)
    folder = out or within / default_name(settings, data)
    with exclusive(folder):
        tuned = None
        if settings.tune is not None:
            tuned = _tuned(folder, settings, data, chosen, progress)
            data = recut(window_search.settled(settings, tuned), data)
        return _run(folder, settings, data, chosen, n_workers, progress, command, tuned, executor)


def _tuned(
    folder: Path,
    settings: Settings,
    data: Data,
    chosen: list[registry.ModelSpec],
    progress: Progress,
) -> dict[str, Any]:
    """Choose the window and the channels, or take the choice that the run has recorded."""
    check_free(folder)
    if (folder / RECORD).is_file():
        recorded = read_record(folder).get("tuning")
        if recorded is None:
            raise InputError(
                f"{folder}: holds another run (it was not tuned); name another folder with --out, "
                f"or delete this one"
            )
        progress.message("Window and channels were chosen before; they stay.")
        return recorded

    def told(one: window_search.Candidate) -> None:
        progress.message(
            f"Tried {one.named}: {100 * one.score:.1f} % of inner songs "
            f"(± {100 * one.error:.1f}), in {duration(one.seconds)}"
        )

    found = window_search.tune(settings, data, chosen, told)
    progress.message(f"Chosen on {found.n_songs} training songs: {found.chosen.named}.")
    return found.to_json()


def _run(
    folder: Path,
    settings: Settings,
    data: Data,
    chosen: list[registry.ModelSpec],
    n_workers: int | None,
    progress: Progress,
    command: str | None,
    tuned: dict[str, Any] | None,
    executor: Executor | None,
) -> Path:
    """Do what `compare` promises, in a folder that is ours."""
    beside = folder.with_name(f".{folder.name}.windows.npy")  # until the folder is known to be ours
    try:
        data = cut_once(data, beside)
        run = open_run(folder, settings, data, command or f"compare({settings})", tuned)
        for line in about(run, settings, data):
            progress.message(line)
        if complete(run):
            progress.message("This run has finished already; nothing is trained again.")
            return folder
        data = moved(data, folder / "work" / "notes.npy")
    finally:
        beside.unlink(missing_ok=True)
    jobs = _jobs(folder, chosen, settings, data)
    train_all(jobs, data.parts, data, n_workers, progress, executor)
    fits = {spec.name: _facts(spec, jobs) for spec in chosen}
    if all("reason" in facts for facts in fits.values()):
        first = fits[registry.MAJORITY]
        raise InputError(f"{folder}: every model failed; {first['title']}: {first['reason']}")
    scored = [job for job in jobs if "reason" not in fits[job.spec.name]]
    complete_jobs = [job for job in scored if fitting.is_done(job, len(data.windows))]
    _write_tables(folder, settings, complete_jobs, data)
    close_run(folder, run, fits)
    shutil.rmtree(folder / "work", ignore_errors=True)
    if not any((folder / "logs").glob("*")):
        shutil.rmtree(folder / "logs", ignore_errors=True)
    return folder


def _jobs(
    folder: Path, chosen: list[registry.ModelSpec], settings: Settings, data: Data
) -> list[Job]:
    outer = {fold.key for fold in data.outer}

    def planned(job: Job) -> Job:
        honest = job.fold.key in outer
        first = honest and job.fold.repeat == 0
        return replace(
            job,
            perturbed=settings.robustness and first,
            kept=settings.folds == 1 and honest,
            importance=job.spec.representation.described and first,
        )

    place = folder / "models", folder / "work"
    return [planned(job) for job in fit_jobs(*place, chosen, data.parts, settings, data)]


def _facts(spec: registry.ModelSpec, jobs: list[Job]) -> dict[str, Any]:
    """Gather what a report needs to know of a model: each outer fit, or why one failed.

    What one fit says stands on top too: the first one's, with the time of all. Where only the leak
    or a fit on fewer songs failed, the model has its scores and lacks those rows.
    """
    fits = [
        {"repeat": job.fold.repeat, "fold": job.fold.fold} | fitting.results(job)
        for job in jobs
        if job.spec == spec and job.fold.share == 1 and job.fold.key != LEAK
    ]
    failures = [facts["reason"] for facts in fits if "reason" in facts]
    if failures:
        return asdict(spec) | {"reason": failures[0]}
    spent = {key: sum(fit[key] for fit in fits) for key in ("seconds_train", "seconds_predict")}
    return asdict(spec) | fits[0] | spent | {"fits": fits}


def _write_tables(folder: Path, settings: Settings, jobs: list[Job], data: Data) -> None:
    about, fits = window_table(data), gathered(jobs, data.parts)
    predictions = results.predictions(about, [fit for fit in fits if fit.part.share == 1])
    results.write(folder, predictions, results.scores(predictions, settings.seed))
    checks = [results.curve(about, fit) for fit in fits if fit.part.share < 1]
    if settings.robustness:
        named = [(variation.name, variation.amount) for variation in tried(data)]
        checks += [
            results.robustness(about, fit.model, fit.part, named, np.load(job.folder / PERTURBED))
            for job, fit in zip(jobs, fits, strict=True)
            if job.perturbed
        ]
    if checks:
        results.write_parquet(folder / results.CHECKS, pd.concat(checks, ignore_index=True))
    importance = [
        results.listened(about, fit.model, fit.part, pd.read_parquet(job.folder / IMPORTANCE))
        for job, fit in zip(jobs, fits, strict=True)
        if job.importance
    ]
    if importance:
        results.write_parquet(folder / results.IMPORTANCE, pd.concat(importance, ignore_index=True))
    excerpts = results.excerpts(predictions, about.names, data.corpus.songs)
    results.write_parquet(folder / results.EXCERPTS, excerpts)
