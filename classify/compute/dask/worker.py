"""What the workers of a Dask cluster do: each task in a process beside its worker."""

import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

import distributed

from classify.compute.dask.site import difference, versions
from classify.compute.executor import Task
from classify.compute.local import LocalExecutor, resident_bytes
from classify.errors import InputError

#: Share of its memory at which the process of a task is ended, as Dask does with its workers.
MOST_MEMORY = 0.95

#: What a worker tells when a task begins.
BEGUN = "begun"


def perform(
    task: Task, run: str, key: str, place: str, made_with: dict[str, str]
) -> tuple[bytes | None, Exception | None]:
    """Do a task in a process beside this worker.

    Parameters
    ----------
    task : Task
        What is done, packed.
    run : str
        The topic under which events are told.
    key : str
        What Dask calls the task.
    place : str
        The client's folder, to which relative paths belong.
    made_with : dict
        The client's versions; workers that join late were not asked for theirs.

    Returns
    -------
    value : bytes or None
        What the task gave back, pickled.
    error : Exception or None
        What it raised, or how its process ended.
    """
    worker = distributed.get_worker()
    problem = difference(made_with, versions())
    if problem:
        raise InputError(f"worker {worker.address}: {problem}")
    if not Path(place).is_dir():
        raise InputError(f"{place}: is not there on the machine of worker {worker.address}")
    told = 0

    def tell(note: str) -> None:
        nonlocal told
        worker.log_event(run, (key, told, note))
        told += 1

    there = replace(task, arguments=(*task.arguments, place))
    watch = partial(_may_go_on, worker, key)
    with LocalExecutor(1, keep_workers=True, watch=watch) as executor:
        future = executor.submit(there, lambda: tell(BEGUN), tell)
        try:
            return future.result(), None
        except Exception as error:
            return None, error


def _may_go_on(worker: distributed.Worker, key: str, pid: int) -> bool:
    """Say whether a task is still wanted, and has no more than its share of memory."""
    state = worker.state.tasks.get(key)
    if state is None or state.state not in ("executing", "long-running"):
        return False  # its client is gone, or has no use for it any more
    limit = worker.memory_manager.memory_limit
    share = (limit or 0) / worker.state.nthreads
    return not limit or resident_bytes(pid) < MOST_MEMORY * share


def dask_setup(worker: distributed.Worker) -> None:
    """Leave Ctrl-C to the client; Dask calls this in workers that `local:N` starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
