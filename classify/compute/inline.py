"""Tasks in this very process, one after another: for debugging, and for tests.

Limits on time and memory do not hold here, and a task that crashes takes the program along.
"""

import os
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path

from classify.compute.executor import Future, QueuedExecutor, running


class InlineExecutor(QueuedExecutor):
    """Does each task when its result is asked for, in the order in which they were submitted."""

    n_workers = 1

    def close(self) -> None:
        """Forget tasks that were not begun."""
        self._waiting.clear()

    def _start(self) -> None:
        """Begin nothing before somebody waits for it."""

    def _advance(self) -> list[Future]:
        future = self._waiting.popleft()
        perform_here(future)
        return [future]


def perform_here(future: Future) -> None:
    """Do a task in this process, without limits."""
    future.on_start()
    task = future.task
    try:
        with _printing_to(task.log), running(future.on_event, limited=False):
            future.settle(task.function(*task.arguments))
    except Exception as error:
        future.settle(error=error)


def _printing_to(log: Path | None) -> ExitStack:
    """Send what Python prints to a file; what C++ prints goes where it always goes."""
    stack = ExitStack()
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
    file = stack.enter_context((log or Path(os.devnull)).open("w", encoding="utf-8"))
    stack.enter_context(redirect_stdout(file))
    stack.enter_context(redirect_stderr(file))
    return stack
