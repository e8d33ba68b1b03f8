"""One fit: a model trained on one fold and evaluated on it, a task that leaves a folder of files.

A task holds small values and paths. Windows and folds lie in files that many tasks read, and each
source of randomness is seeded for each fit, so that it gives the same predictions wherever it runs
and whichever ran before it. What a task leaves of a fit is a whole folder or nothing, and the fit
says by which name it was made: a hash of everything that decides its numbers. So a run that is
killed loses only the fits that were going on, and finds the others again.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from classify.compute.executor import Task, TaskDied, emit, n_cores, task_name
from classify.errors import InputError
from classify.evaluation import calibration, conformal
from classify.evaluation.scores import song_means
from classify.experiments import feature_importance
from classify.experiments.folds import FoldKey, load_fold
from classify.files import DiskFull, atomic_write, is_full, read_json, write_json
from classify.models import registry
from classify.models.training_settings import TrainingSettings

#: Threads of a fit. One, since cores are busy with other models, and since sums over several
#: threads differ in the last digits: the number of cores or jobs must not change a score.
THREADS = 1

#: Memory that one fit may need at most, in bytes (Bi-NN1 on 800 notes took 2.2 GB).
FIT_BYTES = 3 * 2**30

FIT = "fit.json"
FAILED = "failed.json"
FOLDS = "folds.npz"
PROBABILITIES = "probabilities.npy"
PERTURBED = "perturbed.npy"
PERTURBATIONS = "perturbations"
IMPORTANCE = "importance.parquet"


@dataclass(frozen=True)
class Job:
    """One model to train for one fold of a comparison.

    Parameters
    ----------
    spec : ModelSpec
        Which model.
    fold : FoldKey
        Which windows it learns from, and is tested on.
    folder : Path
        Where its results go, whole or not at all.
    data : Path
        Folder that `classify.experiments.assembly.save_inputs` wrote.
    inputs : str
        A hash of what is in there, and of the versions of all that trains.
    settings : TrainingSettings
        For networks.
    quick : bool
        For baselines.
    seed : int
        The random seed.
    perturbed : bool
        Whether it also predicts perturbed test songs.
    kept : bool
        Whether the trained model itself is kept.
    importance : bool
        Whether to measure feature importance; for models on features.
    """

    spec: registry.ModelSpec
    fold: FoldKey
    folder: Path
    data: Path
    inputs: str
    settings: TrainingSettings
    quick: bool
    seed: int
    perturbed: bool = False
    kept: bool = False
    importance: bool = False

    @property
    def key(self) -> str:
        """Name of this job among all of a run."""
        return f"{self.spec.name}-{self.fold.key}"

    @property
    def title(self) -> str:
        """Name of this job for people."""
        return f"{self.spec.title}, {self.fold.title}" if self.fold.title else self.spec.title

    @property
    def log(self) -> Path:
        """Where what it prints goes; it stays only if the fit fails."""
        return self.data.with_name("logs") / f"{self.key}.log"

    @cached_property
    def name(self) -> str:
        """A hash of everything that decides its results."""
        extras = self.perturbed, self.kept, self.importance
        chosen = asdict(self.spec), asdict(self.fold), self.settings.record()
        return task_name("fit", self.inputs, *chosen, self.quick, self.seed, *extras)

    @property
    def task(self) -> Task:
        """What an executor is given."""
        return Task(self.name, fit_task, (self,), gpu=self.spec.kind == "network", log=self.log)


def default_jobs() -> int:
    """How many fits can run at the same time here: one per core, with 3 GB of memory each."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # no such question on Windows
        memory = 4 * FIT_BYTES
    return max(1, min(n_cores(), memory // FIT_BYTES))


def fit_task(job: Job) -> None:
    """Train a model and leave `fit.json` in its folder, or `failed.json` with the reason."""
    try:
        _pin_tensorflow()
        with threadpool_limits(THREADS):
            _fit(job, emit)
        job.log.unlink(missing_ok=True)
    except DiskFull:  # no model's fault: all wait until there is room
        raise
    except Exception as error:
        if is_full(error, job.folder):
            raise DiskFull(job.folder) from None
        traceback.print_exc()
        lines = str(error).strip().splitlines() or ["no message"]
        _write_failure(job, f"{type(error).__name__}: {lines[-1]}")


def _pin_tensorflow() -> None:
    """Have TensorFlow use as many threads as all else; it looks once, when it is imported."""
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    if "tensorflow" in sys.modules and any(os.environ.get(n) != str(THREADS) for n in names):
        raise InputError(
            f"TensorFlow runs in this process already, with more threads than {THREADS}, which "
            f"would change the last digits; leave CLASSIFY_EXECUTOR=inline out"
        )
    os.environ.update(dict.fromkeys(names, str(THREADS)))


def record_death(job: Job, death: TaskDied) -> None:
    """Write down why a fit left nothing, if it did not."""
    if (job.folder / FIT).is_file() or (job.folder / FAILED).is_file():
        return
    reason = death.reason or (
        f"its process was ended by signal {-death.exit_code} ({death.signal}), "
        f"which often means that memory ran out; fewer --jobs need less"
        if death.signal
        else f"its process ended with exit status {death.exit_code} and left no result"
    )
    _write_failure(job, reason)


def _write_failure(job: Job, reason: str) -> None:
    with atomic_write(job.folder) as temporary:
        temporary.mkdir()
        write_json(temporary / FAILED, {"reason": f"{reason} (see {job.log})"})


def _fit(job: Job, watch: Callable[[str], None]) -> None:
    about = np.load(job.data / "about.npz")
    fold = load_fold(job.data / FOLDS, job.fold)
    table = np.load(job.data / f"{job.spec.input}.npy", mmap_mode="r")
    rows = np.flatnonzero(fold.train)
    if job.spec.kind == "reference":
        rows = rows[np.unique(about["song"][rows], return_index=True)[1]]  # a majority of songs
    label, song, group = (about[name][rows] for name in ("label", "song", "group"))
    raw = table[rows]
    estimator = registry.make(job.spec, job.seed, job.settings, job.quick)
    begun = time.perf_counter()
    grouped = group if fold.grouped else None
    origin = {name: about[name][rows] for name in ("copy", "transcribed")}
    originals = about["original"][rows]
    estimator.fit(raw, label, grouped, watch, song, originals, origin["transcribed"])
    fitted = time.perf_counter()

    classes = np.unique(about["label"])
    columns = np.searchsorted(classes, estimator.classes_)  # training may lack a class

    def predict_prepared(x: np.ndarray) -> np.ndarray:
        p = np.zeros((len(x), len(classes)), dtype=np.float32)
        p[:, columns] = estimator.predict_prepared(x)
        return p

    def predict(x: np.ndarray, transcribed: np.ndarray) -> np.ndarray:
        return predict_prepared(estimator.prepare(x, transcribed))

    def of_part(part: np.ndarray) -> np.ndarray:
        return predict(table[part], about["transcribed"][part])

    probabilities = np.full((len(table), len(classes)), np.nan, dtype=np.float32)
    if fold.test.any():  # none is where a model learns from all songs
        probabilities[fold.test] = of_part(fold.test)
    predicted = time.perf_counter()
    if fold.recorded is not None and fold.recorded.any():
        probabilities[fold.recorded] = of_part(fold.recorded)
    played = fold.train & ~about["copy"]
    if fold.share == 1 and fold.test.any():
        probabilities[played] = of_part(played)
    facts: dict[str, Any] = {"seconds_train": fitted - begun, "seconds_predict": predicted - fitted}
    facts |= _calibrated(estimator, classes, label, song, group, **origin)
    with atomic_write(job.folder) as temporary:
        temporary.mkdir()
        if job.kept:
            registry.save(estimator, temporary)
        if job.importance:
            test = fold.test
            prepared = estimator.prepare(table[test], about["transcribed"][test])
            given = (prepared, *(about[name][test] for name in ("label", "song", "group")))
            importance = feature_importance.fit_importance(
                job.spec.representation, predict_prepared, given, (raw, label), classes, job.seed
            )
            importance.to_parquet(temporary / IMPORTANCE, index=False)
        if job.perturbed:
            tested = np.unique(about["song"][fold.test])
            heard = np.unique(about["song"][about["transcribed"]])
            np.save(temporary / PERTURBED, _predict_perturbed(job, tested, heard, predict))
        np.save(temporary / PROBABILITIES, probabilities)
        write_json(temporary / FIT, estimator.facts() | facts | {"task": job.name})


def _calibrated(
    estimator: Any,
    classes: np.ndarray,
    label: np.ndarray,
    song: np.ndarray,
    group: np.ndarray,
    copy: np.ndarray,
    transcribed: np.ndarray,
) -> dict[str, Any]:
    """Find temperature and thresholds (of sets with 90 % coverage) on songs of inner folds.

    Transcriptions have their own where copies were learned from, since a model is less often right
    about them.
    """
    facts = _calibrated_on(~copy, estimator, classes, label, song, group)
    if copy.any():
        of_recordings = _calibrated_on(transcribed, estimator, classes, label, song, group)
        facts |= {f"{name}_recorded": value for name, value in of_recordings.items()}
    return facts


def _calibrated_on(
    some: np.ndarray,
    estimator: Any,
    classes: np.ndarray,
    label: np.ndarray,
    song: np.ndarray,
    group: np.ndarray,
) -> dict[str, Any]:
    known = some & ~np.isnan(estimator.held_out_[:, 0])
    songs, first, place = np.unique(song[known], return_index=True, return_inverse=True)
    if not len(songs):
        nothing = {"temperature": None, "threshold": None, "thresholds": ()}
        return nothing | {"n_calibration_songs": 0}
    p = song_means(estimator.held_out_[known], place)
    truth = np.searchsorted(estimator.classes_, label[known][first])
    temperature = calibration.fit_temperature(p, truth)
    calibrated = calibration.apply_temperature(p, temperature)
    given = calibrated, truth, conformal.COVERAGE, group[known][first]
    of_class = np.zeros(len(classes))  # a class that nothing was learned of is in every set
    of_class[np.searchsorted(classes, estimator.classes_)] = conformal.class_thresholds(*given)
    return {
        "temperature": temperature,
        "threshold": conformal.threshold(*given),
        "thresholds": of_class.tolist(),
        "n_calibration_songs": len(songs),
    }


def _predict_perturbed(
    job: Job,
    tested: np.ndarray,
    heard: np.ndarray,
    predict: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Predict every perturbed test song: shape (n_variations, n_songs, n_classes).

    `heard` are the songs that are transcriptions.
    """
    p = []
    for folder in sorted((job.data / PERTURBATIONS).iterdir()):
        song = np.load(folder / "about.npz")["song"]
        rows = np.flatnonzero(np.isin(song, tested))
        x = np.load(folder / f"{job.spec.input}.npy", mmap_mode="r")[rows]
        given = predict(x, np.isin(song[rows], heard))
        p.append(song_means(given, np.searchsorted(tested, song[rows])))
    return np.array(p, dtype=np.float32)


def is_done(job: Job, n_windows: int) -> bool:
    """Say whether a job's results are there, whole, of that very job, and of so many windows."""
    try:
        facts = read_json(job.folder / FIT)
        probabilities = np.load(job.folder / PROBABILITIES)
        if job.perturbed:
            np.load(job.folder / PERTURBED)
        if job.importance and not (job.folder / IMPORTANCE).is_file():
            return False
    except (OSError, ValueError):
        return False
    return facts.get("task") == job.name and len(probabilities) == n_windows


def results(job: Job) -> dict[str, Any]:
    """Read what became of a job: the facts of its fit, or its failure."""
    done = job.folder / FIT
    facts: dict[str, Any] = read_json(done if done.is_file() else job.folder / FAILED)
    return {name: value for name, value in facts.items() if name != "task"}
