"""What a cluster has, and what is wrong with it, in lines for people."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import distributed

from classify.compute.dask.site import (
    check_disk,
    connected,
    difference,
    versions,
    versions_of_workers,
)
from classify.errors import InputError


def examine(cluster: str, folder: Path) -> tuple[bool, list[str]]:
    """Look at a cluster before anything runs there.

    Parameters
    ----------
    cluster : str
        As `classify.compute.dask.DaskExecutor` takes it.
    folder : Path
        A folder that all machines should see.

    Returns
    -------
    bool
        Whether it can be used.
    list of str
        What there is to say of it.

    Raises
    ------
    InputError
        If there is no such cluster, or it has no worker.
    """
    with connected(cluster) as client:
        info = client.scheduler_info()
        workers = info["workers"]
        lines = [_summary(cluster, client, list(workers.values()))]
        fine, theirs = True, versions_of_workers(client)
        for address, about in workers.items():
            problem = _problem(theirs.get(address))
            lines.append(f"{_described(address, about)}: {problem or 'the same versions as here'}")
            fine = fine and not problem
        if not fine:
            lines.append("install the same versions on all machines")
            return False, lines
        try:
            seen = check_disk(client, folder)
            lines.append(f"{folder.absolute()}: what all workers wrote was seen after {seen:.2f} s")
        except InputError as refusal:
            return False, [*lines, str(refusal)]
        return True, lines


def _summary(cluster: str, client: distributed.Client, workers: list[dict[str, Any]]) -> str:
    n_threads = sum(one["nthreads"] for one in workers)
    return (
        f"{cluster}: {len(workers)} workers, {n_threads} tasks at once, Dask "
        f"{version('dask')}; dashboard at {client.dashboard_link}"
    )


def _described(address: str, about: dict[str, Any]) -> str:
    limit = about["memory_limit"]
    memory = f"{limit / about['nthreads'] / 1e9:.1f} GB a task" if limit else "no limit on memory"
    used = about.get("metrics", {}).get("memory", 0) / 1e9
    return f"worker {address} ({about['name']}), {memory}, {used:.1f} GB in use"


def _problem(theirs: dict[str, str] | Exception | None) -> str:
    if isinstance(theirs, dict):
        return difference(versions(), theirs)
    return f"does not answer ({type(theirs).__name__}: {theirs})" if theirs else "has left"
