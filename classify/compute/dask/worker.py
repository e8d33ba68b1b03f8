"""What the workers of a Dask cluster do: each task in a process beside its worker."""

import signal
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import distributed

from classify.compute.dask.site import difference, versions
from classify.compute.executor import Task
from classify.compute.local import LocalExecutor, resident_bytes
from classify.errors import InputError

#: Share of its memory at which the process of a task is ended, as Dask does with its workers.
MOST_MEMORY = 0.95

#: What a worker tells when a task begins.
BEGUN = "begun"


class Done(NamedTuple):
    """What came of a task.

    Parameters
    ----------
    packed : bytes or None
        What it gave back, pickled.
    error : Exception or None
        What it raised, or how its process ended.
    seconds : float
        How long that took.
    """

    packed: bytes | None
    error: Exception | None
    seconds: float


def perform(
    tasks: list[Task], run: str, key: str, place: str, made_with: dict[str, str]
) -> list[Done]:
    """Do tasks one after another in a process beside this worker.

    Parameters
    ----------
    tasks : list of Task
        What is done, packed. If there are several, only the first tells that it begins.
    run : str
        The topic under which events are told.
    key : str
        What Dask calls them.
    place : str
        The client's folder, to which relative paths belong.
    made_with : dict
        The client's versions; workers that join late were not asked for theirs.
    """
    worker = distributed.get_worker()
    problem = difference(made_with, versions())
    if problem:
        raise InputError(f"worker {worker.address}: {problem}")
    if not Path(place).is_dir():
        raise InputError(f"{place}: is not there on the machine of worker {worker.address}")
    watch = partial(_may_go_on, worker, key)
    with LocalExecutor(1, keep_workers=True, watch=watch) as executor:
        return [
            _performed(executor, replace(task, arguments=(*task.arguments, place)),
                       partial(worker.log_event, run), key, number)
            for number, task in enumerate(tasks)
            if number == 0 or _is_wanted(worker, key)
        ]  # fmt: skip


def _performed(
    executor: LocalExecutor, task: Task, log: Callable[[Any], None], key: str, number: int
) -> Done:
    """Do one task; events are numbered, since one that runs again tells all again."""
    told, begun = 0, time.monotonic()

    def tell(note: str) -> None:
        nonlocal told
        if note != BEGUN or number == 0:
            log((key, number, told, note))
        told += 1

    future = executor.submit(task, lambda: tell(BEGUN), tell)
    try:
        value, error = future.result(), None
    except Exception as raised:
        value, error = None, raised
    return Done(value, error, time.monotonic() - begun)


def _may_go_on(worker: distributed.Worker, key: str, pid: int) -> bool:
    """Say whether a task is still wanted, and has no more than its share of memory."""
    if not _is_wanted(worker, key):
        return False
    limit = worker.memory_manager.memory_limit
    share = (limit or 0) / worker.state.nthreads
    return not limit or resident_bytes(pid) < MOST_MEMORY * share


def _is_wanted(worker: distributed.Worker, key: str) -> bool:
    """Say whether the client is there, and has a use for a task."""
    state = worker.state.tasks.get(key)
    return state is not None and state.state in ("executing", "long-running")


def dask_setup(worker: distributed.Worker) -> None:
    """Leave Ctrl-C to the client; Dask calls this in workers that `local:N` starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
