"""Models train in processes of their own, several at once.

A process a model keeps one model's crash, hunger or random state away from the others, and a model
gives the same answers whichever ran before it. What a worker leaves is a whole folder or nothing,
so a run that is killed loses only the models that were in training.
"""

import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from classify import models, training
from classify.files import read_json, write_json, written_whole
from classify.training import TrainingSettings

#: Threads of a worker. One, since cores are busy with other models, and since sums over several
#: threads differ in the last digits: the number of cores or jobs must not change a score.
THREADS = 1

#: Memory that one worker may need at most, in bytes (Bi-NN1 on 800 notes took 2.2 GB).
WORKER_BYTES = 3 * 2**30

FIT = "fit.json"
FAILED = "failed.json"
PROBABILITIES = "probabilities.npy"


#: Shape of all windows, and the windows a block at a time.
Table = tuple[tuple[int, ...], Iterable[np.ndarray]]


@dataclass(frozen=True)
class Job:
    """One model to train.

    Parameters
    ----------
    spec : models.Spec
        Which.
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
    grouped : bool
        Whether inner folds keep groups whole.
    """

    spec: models.Spec
    folder: Path
    data: Path
    settings: TrainingSettings
    quick: bool
    seed: int
    grouped: bool

    @property
    def log(self) -> Path:
        """Where the worker's own output goes; it stays only if the worker fails."""
        return self.data.with_name("logs") / f"{self.spec.name}.log"


@dataclass(frozen=True)
class Event:
    """Something a worker says: an epoch or grid fit is done."""

    name: str
    note: str


def save_data(folder: Path, inputs: dict[str, Table], **about: np.ndarray) -> None:
    """Write windows and what is known of each.

    Parameters
    ----------
    folder : Path
        Where to; what is there is replaced.
    inputs : dict of str to (tuple of int, iterable of ndarray of float32)
        What models are given, by the name that `Spec.input` has: the shape of all windows, and
        the windows, some at a time, in order.
    about : ndarray, shape (n_windows,)
        `label`, `group`, `song` and `test` of each window.
    """
    with written_whole(folder) as beside:
        beside.mkdir()
        for name, (shape, blocks) in inputs.items():
            x = np.lib.format.open_memmap(beside / f"{name}.npy", "w+", np.float32, shape)
            written = 0
            for block in blocks:
                x[written : written + len(block)] = block
                written += len(block)
            x.flush()
        np.savez(beside / "about.npz", allow_pickle=False, **about)


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
    context = multiprocessing.get_context("spawn")
    events: Any = context.Queue()
    waiting, running = list(jobs), dict[BaseProcess, Job]()
    lonely = training.gpu_present()
    try:
        while waiting or running:
            for job in _startable(waiting, list(running.values()), n_workers, lonely):
                waiting.remove(job)
                process: BaseProcess = context.Process(
                    target=_work, args=(job, events), daemon=True
                )
                process.start()
                running[process] = job
                on_start(job)
            _pass_on(events, on_event)
            for process in [p for p in running if not p.is_alive()]:
                job = running.pop(process)
                _settle(job, process.exitcode)
                on_end(job)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.join()


def _startable(waiting: list[Job], running: list[Job], n_workers: int, lonely: bool) -> list[Job]:
    """Choose which waiting jobs start now."""
    chosen: list[Job] = []
    for job in waiting:
        now = running + chosen
        network_runs = any(other.spec.kind == "network" for other in now)
        if len(now) < n_workers and not (lonely and network_runs and job.spec.kind == "network"):
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
    with written_whole(job.folder) as beside:
        beside.mkdir()
        write_json(beside / FAILED, {"reason": f"{reason} (see {job.log})"})


# --- inside the worker


def _work(job: Job, events: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    _speak_into(job.log)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(THREADS)
    try:
        with threadpool_limits(THREADS):
            _fit(job, lambda note: events.put(Event(job.spec.name, note)))
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


def _leave_with_parent() -> None:
    """End this process when the run that started it was killed."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        time.sleep(0.5)
    os._exit(1)


def _fit(job: Job, watch: Callable[[str], None]) -> None:
    x = np.load(job.data / f"{job.spec.input}.npy", mmap_mode="r")
    about = np.load(job.data / "about.npz")
    train, test = ~about["test"], about["test"]
    estimator = models.make(job.spec, job.seed, job.settings, job.quick)
    taught = _first_of_each_song(about["song"], train) if job.spec.kind == "reference" else train
    groups = about["group"][taught] if job.grouped else None
    begun = time.perf_counter()
    estimator.fit(x[taught], about["label"][taught], groups, watch)
    fitted = time.perf_counter()
    on_test = estimator.predict_proba(x[test])
    predicted = time.perf_counter()

    classes = np.unique(about["label"])
    columns = np.searchsorted(classes, estimator.classes_)  # training may lack a class
    probabilities = np.zeros((len(x), len(classes)), dtype=np.float32)
    probabilities[np.ix_(test, columns)] = on_test
    probabilities[np.ix_(train, columns)] = estimator.predict_proba(x[train])
    with written_whole(job.folder) as beside:
        models.save(estimator, beside)
        np.save(beside / PROBABILITIES, probabilities)
        facts = {"seconds_train": fitted - begun, "seconds_predict": predicted - fitted}
        write_json(beside / FIT, estimator.facts() | facts)


def _first_of_each_song(song: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Mark one training window a song, so that the majority is one of songs, not of windows."""
    first = np.zeros(len(song), dtype=bool)
    rows = np.flatnonzero(train)
    first[rows[np.unique(song[rows], return_index=True)[1]]] = True
    return first


def is_done(job: Job, n_windows: int) -> bool:
    """Say whether a job's results are there, whole, and of so many windows."""
    try:
        facts = read_json(job.folder / FIT)
        probabilities = np.load(job.folder / PROBABILITIES)
    except (OSError, ValueError):
        return False
    return "seconds_train" in facts and len(probabilities) == n_windows


def results(job: Job) -> dict[str, Any]:
    """Read what became of a job: the facts of its fit, or its failure."""
    done = job.folder / FIT
    return read_json(done if done.is_file() else job.folder / FAILED)
