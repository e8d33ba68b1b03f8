"""Models train in processes of their own, several at once.

A model's crash takes only its own process along, and the fit that was in it; the others go on.
A process trains one model after another, since starting one takes seconds; every source of chance
is set anew for each fit, so that it gives the same answers whichever ran before it. What a worker
leaves of a fit is a whole folder or nothing, so a run that is killed loses only the fits that were
going on.
"""

import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from classify.evaluation import calibration, conformal
from classify.experiments import feature_importance
from classify.experiments.folds import Part
from classify.files import atomic_write, read_json, write_json
from classify.models import backend, registry
from classify.models.training_settings import TrainingSettings

#: Threads of a worker. One, since cores are busy with other models, and since sums over several
#: threads differ in the last digits: the number of cores or jobs must not change a score.
THREADS = 1

#: Memory that one worker may need at most, in bytes (Bi-NN1 on 800 notes took 2.2 GB).
WORKER_BYTES = 3 * 2**30

FIT = "fit.json"
FAILED = "failed.json"
PROBABILITIES = "probabilities.npy"
VARIED = "varied.npy"
VARIATIONS = "variations"
LISTENED = "listened.parquet"


@dataclass(frozen=True)
class Job:
    """One model to train for one part of a comparison.

    Parameters
    ----------
    spec : ModelSpec
        Which model.
    part : Part
        Which windows it learns from, and is tested on.
    folder : Path
        Where its results go, whole or not at all.
    data : Path
        Folder that `save_data` wrote.
    settings : TrainingSettings
        For networks.
    quick : bool
        For baselines.
    seed : int
        Of everything drawn.
    varied : bool
        Whether it is also asked about changed test songs.
    kept : bool
        Whether the trained model itself is kept.
    listened : bool
        Whether to find out what features it listens to; for models on features.
    """

    spec: registry.ModelSpec
    part: Part
    folder: Path
    data: Path
    settings: TrainingSettings
    quick: bool
    seed: int
    varied: bool
    kept: bool
    listened: bool = False

    @property
    def key(self) -> str:
        """Name of this job among all of a run."""
        return f"{self.spec.name}-{self.part.key}"

    @property
    def title(self) -> str:
        """Name of this job for people."""
        return f"{self.spec.title}, {self.part.title}" if self.part.title else self.spec.title

    @property
    def log(self) -> Path:
        """Where the worker's own output goes; it stays only if the worker fails."""
        return self.data.with_name("logs") / f"{self.key}.log"


@dataclass(frozen=True)
class Event:
    """Something a worker says: an epoch or grid fit of the job with this key is done."""

    key: str
    note: str


def n_cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_jobs() -> int:
    """How many workers this machine bears: one a core, and 3 GB of memory for each."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # no such question on Windows
        memory = 4 * WORKER_BYTES
    return max(1, min(n_cores(), memory // WORKER_BYTES))


def run(
    jobs: Sequence[Job],
    n_workers: int,
    on_start: Callable[[Job], None],
    on_event: Callable[[Event], None],
    on_end: Callable[[Job], None],
) -> None:
    """Train every model, several at once; return when all have ended, well or not.

    Each job leaves either `fit.json` in its folder or `failed.json`. Networks run one at a time
    where there is a GPU, since two would fight for it.

    Raises
    ------
    KeyboardInterrupt
        After all workers were stopped.
    """
    events: Any = multiprocessing.get_context("spawn").Queue()
    waiting, workers = list(jobs), list[_Worker]()
    gpu_exclusive = backend.gpu_present()
    try:
        while waiting or any(worker.job for worker in workers):
            busy = [worker.job for worker in workers if worker.job]
            for job in _startable(waiting, busy, n_workers, gpu_exclusive):
                waiting.remove(job)
                idle = [worker for worker in workers if not worker.job]
                worker = idle[0] if idle else _Worker(events)
                workers += [worker] * (not idle)
                worker.give(job)
                on_start(job)
            _pass_on(events, on_event)
            for worker in workers:
                if worker.job and worker.has_ended():
                    on_end(worker.take_back())
            workers = [worker for worker in workers if not worker.gone]
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join()


class _Worker:
    """A process that trains one model after another, as the parent sees it."""

    def __init__(self, events: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.job: Job | None = None
        self.gone = False
        self.line, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_serve, args=(theirs, events), daemon=True
        )
        self.process.start()
        theirs.close()

    def give(self, job: Job) -> None:
        """Hand over a job; a process that died meanwhile is found out by `has_ended`."""
        self.job = job
        with suppress(OSError):
            self.line.send(job)

    def has_ended(self) -> bool:
        """Say whether the job has ended, well or with the process."""
        try:
            if self.line.poll():
                self.gone = not self.line.recv()
                return True
        except (EOFError, OSError):
            self.gone = True
        return self.gone

    def take_back(self) -> Job:
        """Give the job that has ended, with its result or a reason in its folder."""
        job, self.job = self.job, None
        assert job is not None
        if self.gone:
            self.process.join()
            _settle(job, self.process.exitcode)
        return job


def _startable(
    waiting: list[Job], running: list[Job], n_workers: int, gpu_exclusive: bool
) -> list[Job]:
    """Choose which waiting jobs start now."""
    chosen: list[Job] = []
    for job in waiting:
        now = running + chosen
        network_runs = any(other.spec.kind == "network" for other in now)
        if len(now) < n_workers and not (
            gpu_exclusive and network_runs and job.spec.kind == "network"
        ):
            chosen.append(job)
    return chosen


def _pass_on(events: Any, on_event: Callable[[Event], None]) -> None:
    """Hand on what workers said; wait a moment for the first word."""
    try:
        on_event(events.get(timeout=0.2))
        while True:
            on_event(events.get_nowait())
    except queue.Empty:
        return


def _settle(job: Job, exit_code: int | None) -> None:
    """Name the reason of a worker that left nothing."""
    if (job.folder / FIT).is_file() or (job.folder / FAILED).is_file():
        return
    killed = exit_code is not None and exit_code < 0
    reason = (
        f"its process was ended by signal {-exit_code} ({signal.Signals(-exit_code).name}), "
        f"which often means that memory ran out; fewer --jobs need less"
        if killed and exit_code is not None
        else f"its process ended with exit status {exit_code} and left no result"
    )
    _write_failure(job, reason)


def _write_failure(job: Job, reason: str) -> None:
    with atomic_write(job.folder) as beside:
        beside.mkdir()
        write_json(beside / FAILED, {"reason": f"{reason} (see {job.log})"})


# --- inside the worker


def _serve(line: Any, events: Any) -> None:
    """Train what comes along the line, until it has cost much memory or the run ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(THREADS)
    goes_on = True
    while goes_on:
        _work(line.recv(), events)
        goes_on = _peak_bytes() < WORKER_BYTES / 2  # frameworks seldom give memory back
        line.send(goes_on)


def _peak_bytes() -> int:
    """Give the most memory that this process has had; 0 where nobody knows."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _work(job: Job, events: Any) -> None:
    _speak_into(job.log)
    try:
        with threadpool_limits(THREADS):
            _fit(job, lambda note: events.put(Event(job.key, note)))
        job.log.unlink(missing_ok=True)
    except Exception as error:
        traceback.print_exc()
        told = str(error).strip().splitlines() or ["no message"]
        _write_failure(job, f"{type(error).__name__}: {told[-1]}")


def _speak_into(log: Path) -> None:
    """Send everything this process prints, its libraries' C++ parts too, to a log file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _leave_with_parent() -> None:
    """End this process when the run that started it was killed."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        time.sleep(0.5)
    os._exit(1)


def _fit(job: Job, watch: Callable[[str], None]) -> None:
    about = np.load(job.data / "about.npz")
    table = np.load(job.data / f"{job.spec.input}.npy", mmap_mode="r")
    rows = np.flatnonzero(job.part.train)
    if job.spec.kind == "reference":
        rows = rows[np.unique(about["song"][rows], return_index=True)[1]]  # a majority of songs
    label, song, group = (about[name][rows] for name in ("label", "song", "group"))
    raw = table[rows]
    estimator = registry.make(job.spec, job.seed, job.settings, job.quick)
    begun = time.perf_counter()
    estimator.fit(raw, label, group if job.part.grouped else None, watch)
    fitted = time.perf_counter()

    classes = np.unique(about["label"])
    columns = np.searchsorted(classes, estimator.classes_)  # training may lack a class

    def answered(x: np.ndarray) -> np.ndarray:
        p = np.zeros((len(x), len(classes)), dtype=np.float32)
        p[:, columns] = estimator.predict_proba(x)
        return p

    probabilities = np.full((len(table), len(classes)), np.nan, dtype=np.float32)
    if job.part.test.any():  # none is where a model learns from all songs
        probabilities[job.part.test] = answered(table[job.part.test])
    predicted = time.perf_counter()
    if job.part.share == 1 and job.part.test.any():
        probabilities[job.part.train] = answered(table[job.part.train])
    facts: dict[str, Any] = {"seconds_train": fitted - begun, "seconds_predict": predicted - fitted}
    facts |= _calibrated(estimator, label, song, group)
    with atomic_write(job.folder) as beside:
        beside.mkdir()
        if job.kept:
            registry.save(estimator, beside)
        if job.listened:
            test = job.part.test
            given = (table[test], *(about[name][test] for name in ("label", "song", "group")))
            found = feature_importance.listening(
                job.spec.representation, answered, given, (raw, label), classes, job.seed
            )
            found.to_parquet(beside / LISTENED, index=False)
        if job.varied:
            tested = np.unique(about["song"][job.part.test])
            np.save(beside / VARIED, _varied(job, tested, answered))
        np.save(beside / PROBABILITIES, probabilities)
        write_json(beside / FIT, estimator.facts() | facts)


def _calibrated(
    estimator: Any, label: np.ndarray, song: np.ndarray, group: np.ndarray
) -> dict[str, float | int | None]:
    """Find the temperature, and the limit of sets that hold 90 %, on songs of inner folds."""
    known = ~np.isnan(estimator.held_out_[:, 0])
    songs, first, place = np.unique(song[known], return_index=True, return_inverse=True)
    if not len(songs):
        return {"temperature": None, "limit": None, "n_calibration_songs": 0}
    p = song_means(estimator.held_out_[known], place)
    truth = np.searchsorted(estimator.classes_, label[known][first])
    temperature = calibration.fit_temperature(p, truth)
    calm = calibration.tempered(p, temperature)
    limit = conformal.limit(calm, truth, groups=group[known][first])
    return {"temperature": temperature, "limit": limit, "n_calibration_songs": len(songs)}


def song_means(p: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Average windows' probabilities over their songs, which `place` numbers from 0."""
    sums = np.zeros((place.max() + 1, p.shape[1]))
    np.add.at(sums, place, p)
    return sums / np.bincount(place)[:, None]


def _varied(
    job: Job, tested: np.ndarray, answered: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Answer every changed test song: shape (n_variations, n_songs, n_classes)."""
    answers = []
    for folder in sorted((job.data / VARIATIONS).iterdir()):
        song = np.load(folder / "about.npz")["song"]
        rows = np.flatnonzero(np.isin(song, tested))
        x = np.load(folder / f"{job.spec.input}.npy", mmap_mode="r")[rows]
        answers.append(song_means(answered(x), np.searchsorted(tested, song[rows])))
    return np.array(answers, dtype=np.float32)


def is_done(job: Job, n_windows: int) -> bool:
    """Say whether a job's results are there, whole, and of so many windows."""
    try:
        facts = read_json(job.folder / FIT)
        probabilities = np.load(job.folder / PROBABILITIES)
        if job.varied:
            np.load(job.folder / VARIED)
        if job.listened and not (job.folder / LISTENED).is_file():
            return False
    except (OSError, ValueError):
        return False
    return "seconds_train" in facts and len(probabilities) == n_windows


def results(job: Job) -> dict[str, Any]:
    """Read what became of a job: the facts of its fit, or its failure."""
    done = job.folder / FIT
    return read_json(done if done.is_file() else job.folder / FAILED)
