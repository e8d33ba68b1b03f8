"""Tasks that travel packed: only the process that does one imports what it needs."""

import os
import pickle
from dataclasses import replace

from classify.compute.executor import Task


def pack(task: Task) -> Task:
    """Pack what a task does, for `perform_packed`, whose last argument is still missing.

    Parameters
    ----------
    task : Task
        Its log may be a relative path; that of the packed one is not.
    """
    work = pickle.dumps((task.function, task.arguments))
    log = task.log and task.log.absolute()
    return replace(task, function=perform_packed, arguments=(work,), log=log)


def perform_packed(work: bytes, place: str) -> bytes:
    """Do what was packed where its relative paths lead to files, and pack what it gives back."""
    os.chdir(place)
    function, arguments = pickle.loads(work)
    return pickle.dumps(function(*arguments))
