"""Tasks in this very process, one after another: for debugging, and for tests.

Limits on time and memory do not hold here, and a task that crashes takes the program along.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path

from classify.compute.executor import Executor, Future, Task, running


class InlineExecutor(Executor):
    """Does each task when its result is asked for, in the order in which they were submitted."""

    n_workers = 1

    def __init__(self) -> None:
        self._waiting: deque[Future] = deque()

    def submit(
        self,
        task: Task,
        on_start: Callable[[], None] = lambda: None,
        on_event: Callable[[str], None] = lambda note: None,
    ) -> Future:
        """Note a task down."""
        future = Future(task, self._work_until, on_start, on_event)
        self._waiting.append(future)
        return future

    def as_completed(self, futures: Sequence[Future]) -> Iterator[Future]:
        """Do tasks and give their futures."""
        for future in futures:
            if not future.done:
                self._work_until(future)
            yield future

    def close(self) -> None:
        """Forget tasks that were not begun."""
        self._waiting.clear()

    def _work_until(self, wanted: Future) -> None:
        while not wanted.done:
            future = self._waiting.popleft()
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
