"""Corpus times models: one comparison, from a folder of songs to files that a report is made from.

A run lives in one folder. Everything that took long is written as soon as it is there, so the same
command goes on where a killed one stopped. The folder holds

- `run.json`: command, settings, versions, corpus, split, and what became of each model,
- `predictions.parquet`: one row per model, fold, part and song, and the same per window,
- `scores.csv`: every score with its interval, tidy,
- `checks.parquet`: predictions for changed test songs, and of models that learned from fewer
  songs,
- `importance.parquet`: feature importance, see `classify.experiments.feature_importance`,
- `excerpts.parquet`: how the songs begin that the best model gets wrong most confidently,
- `models/<name>/<part>/`: the facts of each fit, and for a hold-out the trained model.
"""

import shutil
from dataclasses import asdict, replace
from pathlib import Path

from classify.compute.executor import Executor
from classify.errors import InputError
from classify.experiments import fitting, window_search
from classify.experiments.assembly import cut_once, fit_jobs, moved, train_all
from classify.experiments.dataset import SplitDataset, default_name, prepare, with_windows
from classify.experiments.fitting import Job
from classify.experiments.folds import LEAK
from classify.experiments.manifest import (
    check_free,
    close_run,
    complete,
    open_run,
    opening_lines,
)
from classify.experiments.run_record import RUN, FitRecord, ModelRecord, read_run
from classify.experiments.run_tables import write_tables
from classify.experiments.settings import Settings
from classify.files import exclusive
from classify.models import registry
from classify.progress import SILENT, Progress, duration
from classify.records import typed


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
        The run's folder; one in `within`, named after corpus and changed settings, unless
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
            data = with_windows(window_search.apply_choice(settings, tuned), data)
        return _run(folder, settings, data, chosen, n_workers, progress, command, tuned, executor)


def _tuned(
    folder: Path,
    settings: Settings,
    data: SplitDataset,
    chosen: list[registry.ModelSpec],
    progress: Progress,
) -> window_search.Tuning:
    """Choose the window and the channels, or take the choice that the run has recorded."""
    check_free(folder)
    if (folder / RUN).is_file():
        recorded = read_run(folder).tuning
        if recorded is None:
            raise InputError(
                f"{folder}: holds another run (it was not tuned); name another folder with --out, "
                f"or delete this one"
            )
        progress.message("Window and channels were chosen before; they stay.")
        return recorded

    def watch(one: window_search.Candidate) -> None:
        progress.message(
            f"Tried {one.named}: {100 * one.score:.1f} % of inner songs "
            f"(± {100 * one.error:.1f}), in {duration(one.seconds)}"
        )

    tuning = window_search.tune(settings, data, chosen, watch)
    progress.message(f"Chosen on {tuning.n_songs} training songs: {tuning.chosen.named}.")
    return tuning


def _run(
    folder: Path,
    settings: Settings,
    data: SplitDataset,
    chosen: list[registry.ModelSpec],
    n_workers: int | None,
    progress: Progress,
    command: str | None,
    tuned: window_search.Tuning | None,
    executor: Executor | None,
) -> Path:
    """Do what `compare` promises, in a folder that is ours."""
    temporary = folder.with_name(
        f".{folder.name}.windows.npy"
    )  # until the folder is known to be ours
    try:
        data = cut_once(data, temporary)
        run = open_run(folder, settings, data, command or f"compare({settings})", tuned)
        for line in opening_lines(run, settings, data):
            progress.message(line)
        if complete(run):
            progress.message("This run has finished already; nothing is trained again.")
            return folder
        data = moved(data, folder / "work" / "notes.npy")
    finally:
        temporary.unlink(missing_ok=True)
    jobs = _jobs(folder, chosen, settings, data)
    train_all(jobs, data.parts, data, n_workers, progress, executor)
    models = {spec.name: _model(folder, spec, jobs) for spec in chosen}
    if all(model.reason for model in models.values()):
        first = models[registry.MAJORITY]
        raise InputError(f"{folder}: every model failed; {first.title}: {first.reason}")
    scored = [job for job in jobs if not models[job.spec.name].reason]
    done = [job for job in scored if fitting.is_done(job, len(data.windows))]
    write_tables(folder, settings, done, data)
    close_run(folder, run, models)
    shutil.rmtree(folder / "work", ignore_errors=True)
    if not any((folder / "logs").glob("*")):
        shutil.rmtree(folder / "logs", ignore_errors=True)
    return folder


def _jobs(
    folder: Path, chosen: list[registry.ModelSpec], settings: Settings, data: SplitDataset
) -> list[Job]:
    outer = {fold.key for fold in data.outer}

    def planned(job: Job) -> Job:
        honest = job.fold.key in outer
        first = honest and job.fold.repeat == 0
        return replace(
            job,
            perturbed=settings.robustness and first,
            kept=data.n_folds == 1 and honest,
            importance=job.spec.representation.described and first,
        )

    place = folder / "models", folder / "work"
    return [planned(job) for job in fit_jobs(*place, chosen, data.parts, settings, data)]


def _model(folder: Path, spec: registry.ModelSpec, jobs: list[Job]) -> ModelRecord:
    """Gather what a report needs to know of a model: each outer fit, or why one failed.

    Where only the leak or a fit on fewer songs failed, the model has its scores and lacks those
    rows.
    """
    outer = [
        job
        for job in jobs
        if job.spec == spec and job.fold.share == 1 and not job.fold.key.startswith(LEAK)
    ]
    facts = [fitting.results(job) for job in outer]
    reasons = [one["reason"] for one in facts if "reason" in one]
    if reasons:
        return ModelRecord(**asdict(spec), reason=reasons[0].replace(f"{folder}/", ""))
    fits = [
        typed(
            {name: value for name, value in one.items() if name != "task"}
            | {"repeat": job.fold.repeat, "fold": job.fold.fold},
            FitRecord,
            job.folder / fitting.FIT,
        )
        for job, one in zip(outer, facts, strict=True)
    ]
    return ModelRecord(**asdict(spec), fits=tuple(fits))
