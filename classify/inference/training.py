"""From a corpus to a bundle: one model trained on all songs, and its evaluation.

The songs are held out fold by fold, whole groups at a time, songs that seem to be the same music in
one group; a model is fitted for each fold as in a comparison, its own choices made inside the
fold's training part. What these models say of songs that they never saw is where temperature and
limit of the 90 % sets come from. The model that is kept learns from all songs. Beside a model of
whole songs a companion is trained in the same way, which says where in a song a class is more
probable (`classify.inference.course`).

The scores are those of the folds, each calibrated inside its own training part, so no song has a
say in what is said of it.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from classify.addresses import shown
from classify.compute.executor import Executor
from classify.errors import InputError
from classify.evaluation import calibration, novelty
from classify.evaluation.intervals import estimate_share
from classify.experiments import fitting, results
from classify.experiments.assembly import (
    cut_once,
    fit_jobs,
    gathered,
    train_all,
    window_table,
)
from classify.experiments.dataset import SplitDataset, prepare
from classify.experiments.fitting import Job
from classify.experiments.folds import SONG_SPLIT, Fold
from classify.experiments.run_record import (
    ScoreRecord,
)
from classify.files import exclusive, work_dir
from classify.inference import saved_model
from classify.inference.course import COMPANION
from classify.inference.model_record import (
    CompanionRecord,
)
from classify.inference.training_plan import Plan
from classify.inference.training_record import each_song, record_of
from classify.models import registry
from classify.progress import SILENT, Progress
from classify.records import VERSION, versions
from classify.representations import descriptors

#: Windows that a bundle keeps to try its model on when it is loaded.
PROBES = 8

#: The part that learns from every song.
ALL = "all"


def train(
    plan: Plan,
    out: Path,
    n_workers: int | None = None,
    progress: Progress = SILENT,
    command: str = "",
    replaced: bool = False,
    executor: Executor | None = None,
) -> Path:
    """Train a model and write its bundle; go on where a killed training stopped.

    Parameters
    ----------
    plan : Plan
        What is trained.
    out : Path
        The bundle's folder.
    n_workers : int, optional
        Fits at once; what the machine bears unless given.
    progress : Progress
        Shows progress.
    command : str
        What to record as the command.
    replaced : bool
        Whether a bundle that is there may be replaced.
    executor : Executor, optional
        Where models train, as `classify.experiments.comparison.compare` takes it.

    Returns
    -------
    Path
        The bundle's folder.

    Raises
    ------
    InputError
        If the corpus cannot be used, training fails, or `out` is taken.
    """
    check_free(out, replaced)
    data = prepare(plan.settings, progress)
    if plan.run and plan.run.fingerprint != data.corpus.fingerprint:
        raise InputError(
            f"{plan.settings.corpus}: is not as it was when {plan.run.name} compared models on "
            f"it; compare again, or train on it by its name"
        )
    weights = plan.run.pretrained if plan.run else None
    if plan.run and weights and data.start and weights.sha256 != data.start.id:
        raise InputError(
            f"{data.start.folder}: holds other weights than those that {plan.run.name} started "
            f"from; compare again, or train with --init"
        )
    with exclusive(out):
        work = work_dir(out, _key(plan, data))
        data = cut_once(data, work / "work" / "notes.npy")
        folds = [*data.outer, _all_songs(data)]
        jobs, beside = _jobs(work, plan, data, folds), _companions(work, plan, data, folds)
        train_all([*jobs, *beside], folds, data, n_workers, progress, executor)
        for job in [*jobs, *beside]:
            facts = fitting.results(job)
            if "reason" in facts:
                reason = facts["reason"].split(" (see ")[0]
                raise InputError(f"{out}: {job.title} failed: {reason}")
        _write(plan, data, jobs, beside, out, command)
        shutil.rmtree(work)
    return out


def _key(plan: Plan, data: SplitDataset) -> str:
    """Hash everything that decides the numbers."""
    asked = (asdict(plan.settings), asdict(data.cutting), data.corpus.fingerprint, plan.model,
             VERSION, versions(), data.start and data.start.id)  # fmt: skip
    return hashlib.sha256(shown(json.dumps(asked, sort_keys=True)).encode()).hexdigest()


def check_free(out: Path, replaced: bool, about: str = saved_model.ABOUT) -> None:
    """Refuse to write where something is; a model may be replaced where that is asked for.

    Parameters
    ----------
    out : Path
        A folder.
    replaced : bool
        Whether a model of the same kind that is there may be replaced.
    about : str
        The JSON file that such a model has.

    Raises
    ------
    InputError
        If it may not.
    """
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() and not (replaced and (out / about).is_file()):
        hint = "; --force replaces it" if (out / about).is_file() else ""
        raise InputError(f"{out}: is there already; name another folder with --out{hint}")


def _all_songs(data: SplitDataset) -> Fold:
    """Give the fold of the model that is kept, which learns from every song."""
    everything = np.ones(len(data.windows), dtype=bool)
    return Fold(ALL, "all songs", SONG_SPLIT, 0, 0, train=everything, test=~everything)


def _jobs(
    work: Path, plan: Plan, data: SplitDataset, folds: Sequence[Fold], model: str = ""
) -> list[Job]:
    """One fit for each fold; the last, on all songs, is kept."""
    specs, place = [registry.find()[model or plan.model]], (work / "models", work / "work")
    *jobs, last = fit_jobs(*place, specs, folds, plan.settings, data)
    return [*jobs, replace(last, kept=True)]


def _companions(work: Path, plan: Plan, data: SplitDataset, folds: Sequence[Fold]) -> list[Job]:
    """Fits of what follows a song's course, beside a model of whole songs."""
    if not registry.find()[plan.model].representation.per_song:
        return []
    return _jobs(work, plan, data, folds, COMPANION)


def _companion(data: SplitDataset, jobs: Sequence[Job]) -> CompanionRecord:
    """Calibrate a companion on windows of songs that the folds' fits had not seen; score these."""
    *folds, last = jobs
    found = results.predictions(window_table(data), gathered(folds, data.outer))
    windows = found[(found.level == "window") & (found.part == results.TEST)]
    p = windows[[results.P + name for name in data.corpus.classes]].to_numpy(float)
    truth = np.searchsorted(data.corpus.classes, windows.label)
    right = (windows.label == windows.prediction).to_numpy(float)
    score = estimate_share(right, windows.group.tolist(), len(folds))
    columns = saved_model.kept_columns(last.spec.representation, data.cutting)
    assert columns is not None
    return CompanionRecord(
        model=last.spec.name,
        features=columns,
        temperature=calibration.fit_temperature(p, truth),
        windows=len(windows),
        accuracy=ScoreRecord(score.value, score.low, score.high),
        majority=float(np.bincount(truth).max() / len(truth)),
    )


def _estimator(job: Job, data: SplitDataset) -> Any:
    return registry.load(job.folder, job.spec, job.spec.representation.shape(data.cutting))


def _write(
    plan: Plan,
    data: SplitDataset,
    jobs: Sequence[Job],
    beside: Sequence[Job],
    out: Path,
    command: str,
) -> None:
    """Gather what a bundle says, and write it."""
    last = jobs[-1]
    statistics = np.array([one.statistics for one in descriptors.described(data.songs)])
    groups = each_song(data, data.corpus.groups).tolist()
    try:
        like = novelty.fit(statistics, groups, descriptors.LEAST, plan.settings.seed)
    except ValueError as error:
        raise InputError(f"{plan.settings.corpus}: {error}") from None
    about = record_of(plan, data, jobs, command, saved_model.novelty_record(like))
    if beside:
        about = msgspec.structs.replace(about, companion=_companion(data, beside))
    companion = (_estimator(beside[-1], data), _probe(beside[-1])) if beside else None
    saved_model.write(out, about, _estimator(last, data), like, _probe(last), companion)


def _probe(job: Job) -> NDArray[np.float32]:
    """Choose some windows, as the model takes them."""
    table = np.load(job.data / f"{job.spec.input}.npy", mmap_mode="r")
    rows = np.unique(np.linspace(0, len(table) - 1, PROBES).astype(int))
    return np.array(table[rows])
