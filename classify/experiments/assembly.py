"""From a corpus and models to fits, and from fits to tables: for comparisons and for bundles alike.

Jobs are planned (`fit_jobs`), what they read is written once (`save_inputs`), those that are not
done yet are given to an executor (`train_all`), and their predictions are gathered (`gathered`).
"""

import shutil
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from classify.compute.executor import Executor, Future, TaskDied, make_executor, task_name
from classify.experiments import fitting, results
from classify.experiments.dataset import SplitDataset, perturbed_songs
from classify.experiments.fitting import Job
from classify.experiments.folds import Fold, save_folds
from classify.experiments.settings import Settings
from classify.models import registry
from classify.models.networks.layers import SHORTEST_VALID
from classify.progress import Progress, counting, duration
from classify.records import VERSION, versions
from classify.representations.arrays import StoredWindows, Table, save_data, store_windows
from classify.representations.representation import Blocks, Representation
from classify.representations.windows import Windows
from classify.songs import Song


def fit_jobs(
    models: Path,
    data_folder: Path,
    specs: Sequence[registry.ModelSpec],
    folds: Sequence[Fold],
    settings: Settings,
    data: SplitDataset,
) -> list[Job]:
    """Plan a fit of each model for each fold.

    Parameters
    ----------
    models : Path
        Folder in which each fit has a folder `<model>/<fold>`.
    data_folder : Path
        Where `save_inputs` writes what fits read.
    specs, folds, settings, data
        What is fitted on what, and how.
    """
    start = data.start.id if data.start else None
    digest = task_name(data.digest, start, VERSION, versions())
    return [
        Job(
            spec=spec,
            fold=fold.without_windows,
            folder=models / spec.name / fold.key,
            data=data_folder,
            inputs=digest,
            settings=settings.training,
            quick=settings.quick,
            seed=settings.seed,
        )
        for fold in folds
        for spec in specs
    ]


def cut_once(data: SplitDataset, path: Path) -> SplitDataset:
    """Cut all windows, to a .npy file that everything reads that needs them again."""
    return replace(data, windows=store_windows(data.windows, path))


def moved(data: SplitDataset, path: Path) -> SplitDataset:
    """Move the file of windows that `cut_once` wrote."""
    assert isinstance(data.windows, StoredWindows)
    return replace(data, windows=data.windows.moved_to(path))


def train_all(
    jobs: Sequence[Job],
    folds: Sequence[Fold],
    data: SplitDataset,
    n_workers: int | None,
    progress: Progress,
    executor: Executor | None = None,
) -> None:
    """Train what is not trained yet, several at once; return when all have ended, well or not.

    Parameters
    ----------
    jobs : sequence of Job
        As `fit_jobs` plans them.
    folds : sequence of Fold
        Those of the jobs.
    data : SplitDataset
        What the models learn from.
    n_workers : int, optional
        Fits at once; what the machine bears unless given.
    progress : Progress
        Shows progress.
    executor : Executor, optional
        Where fits run; in processes of this machine unless given.
    """
    missing = [job for job in jobs if not fitting.is_done(job, len(data.windows))]
    for job in missing:
        shutil.rmtree(job.folder, ignore_errors=True)  # a failure of last time, tried again
    for half in jobs[0].folder.parents[1].glob("*/.*"):
        shutil.rmtree(half, ignore_errors=True)  # what a killed worker was writing
    if len(missing) < len(jobs):
        progress.message(f"{len(jobs) - len(missing)} of {len(jobs)} fits are done already.")
    if not missing:
        return
    save_inputs(missing, folds, data, progress)
    ours = executor is None
    executor = executor or make_executor(n_workers or fitting.default_jobs())
    block: AbstractContextManager[object] = executor if ours else nullcontext()
    with counting(progress, "All fits", "fit") as count, block:
        shown = [_Shown(job, progress) for job in _networks_first(missing)]
        of_future = {one.submitted_to(executor): one for one in shown}
        for done, future in enumerate(executor.as_completed(list(of_future)), 1):
            of_future[future].end(future)
            count(done, len(missing))


class _Shown:
    """A fit that is under way, as it is shown."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self.job = job
        self.progress = progress
        self.begun = 0.0

    def submitted_to(self, executor: Executor) -> Future:
        return executor.submit(self.job.task, self.begin, self.advance)

    def begin(self) -> None:
        total, unit = registry.n_units(self.job.spec, self.job.settings, self.job.quick)
        self.begun = time.monotonic()
        self.progress.begin(self.job.key, self.job.title, total, unit)

    def advance(self, note: str) -> None:
        self.progress.advance(self.job.key, note)

    def end(self, future: Future) -> None:
        try:
            future.result()
        except TaskDied as death:
            fitting.record_death(self.job, death)
        took = duration(time.monotonic() - self.begun)
        self.progress.end(self.job.key, _outcome(self.job, took))


def save_inputs(
    jobs: Sequence[Job], folds: Sequence[Fold], data: SplitDataset, progress: Progress
) -> None:
    """Write what models are given to the folder that these jobs read."""
    folder = jobs[0].data
    wanted = {job.spec.input: job.spec.representation for job in jobs}

    def arrays(songs: Sequence[Song], windows: Windows, what: str) -> dict[str, Table]:
        return {
            name: (
                (len(windows), *one.shape(windows.settings)),
                _counted(one, songs, windows, progress, what),
            )
            for name, one in sorted(wanted.items())
        }

    about = {"label": data.labels, "group": data.groups, "copy": data.recorded}
    about["original"] = data.original
    about["transcribed"] = data.windows.transcribed
    plain = arrays(data.songs, data.windows, "")
    save_data(folder, plain, song=data.windows.song, **about)
    save_folds(folder / fitting.FOLDS, folds)
    if any(job.perturbed for job in jobs):
        for number, (variation, songs, windows) in enumerate(perturbed_songs(data)):
            changed = arrays(songs, windows, f", {variation.name}")
            place = folder / fitting.PERTURBATIONS / f"{number:02d}"
            save_data(place, changed, song=windows.song)


def _counted(
    one: Representation, songs: Sequence[Song], windows: Windows, progress: Progress, what: str
) -> Blocks:
    """Encode windows; say so where that takes time."""
    if not one.title:
        yield from one.encode(songs, windows)
        return
    with counting(progress, one.title + what, "window") as count:
        yield from one.encode(songs, windows, count)


def _networks_first(jobs: Sequence[Job]) -> list[Job]:
    """Order jobs so that no long one is left alone at the end."""
    return sorted(jobs, key=lambda job: job.spec.kind != "network")


def _outcome(job: Job, took: str) -> str:
    """Say in a line what came of a model."""
    facts = fitting.results(job)
    if "reason" in facts:
        return f"{job.title}: failed after {took}: {facts['reason']}"
    line = f"{job.title}: done in {took}"
    if facts["best"]:
        line += f" (best: {', '.join(f'{key} {value}' for key, value in facts['best'].items())})"
    if job.spec.kind == "network":
        line += f", on {facts['device']}"
    if facts.get("start"):
        line += f", started from {facts['start']['folder']}"
    if facts.get("padding") == ["same"]:
        line += f"; its convolutions pad windows (the paper's do below {SHORTEST_VALID} notes)"
    return line


def window_table(data: SplitDataset) -> results.WindowTable:
    """Gather what tables of results say of each window and song."""
    return results.WindowTable(
        song=data.original,
        start=data.windows.start,
        names=[entry.name for entry in data.corpus.entries],
        labels=data.corpus.labels,
        groups=data.corpus.groups,
    )


def gathered(jobs: Sequence[Job], folds: Sequence[Fold]) -> list[results.Fit]:
    """Read what finished fits of these folds predicted."""
    of_key = {fold.key: fold for fold in folds}
    return [
        results.Fit(
            model=job.spec.name,
            part=of_key[job.fold.key],
            p=np.load(job.folder / fitting.PROBABILITIES),
            facts=fitting.results(job),
        )
        for job in jobs
    ]
