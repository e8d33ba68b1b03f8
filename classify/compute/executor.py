"""What all executors promise: tasks in, futures out, and the same results from each.

A task is a function of a module with small arguments: values, and paths of files. What it gives
back is small too; whatever is large it writes to a file that its arguments name. So a task can be
pickled and run in this process (`classify.compute.inline`), in another (`classify.compute.local`)
or on another machine, and its result depends on none of that. It is named by a hash of all that
decides its result, so that one that was done before is known by its name.

Nothing goes on in the background of the program that submits: events are passed on, and results
taken, while it waits in `Executor.as_completed` or `Future.result`. Callbacks need no locks.
"""

import hashlib
import json
import os
import shutil
import signal
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from classify.errors import InputError

#: Names the executor where none is given: `local`, or `inline` for debugging and for tests.
VARIABLE = "CLASSIFY_EXECUTOR"


@dataclass(frozen=True)
class Task:
    """One piece of work.

    Parameters
    ----------
    name : str
        A hash of everything that decides the result, as `task_name` makes it.
    function : callable
        Can be imported by its name.
    arguments : tuple
        Small values and paths, which can be pickled.
    memory : int, optional
        Bytes (of address space) that its process may have, where the system can limit that.
    seconds : float, optional
        Time it may take; a task of many pieces sets the time of each by `deadline`.
    gpu : bool
        Whether it uses a GPU where there is one; two such tasks never share one.
    log : Path, optional
        File for what it prints; that goes nowhere unless given.
    fresh : bool
        Whether it wants a process that has done nothing else.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    memory: int | None = None
    seconds: float | None = None
    gpu: bool = False
    log: Path | None = None
    fresh: bool = False


class TaskDied(Exception):
    """The process of a task ended before the task did; no other task was lost.

    Parameters
    ----------
    exit_code : int
        Of the process; -n if signal n ended it.
    reason : str
        Why, where more than that is known.
    """

    def __init__(self, exit_code: int, reason: str = "") -> None:
        super().__init__(reason or f"the process of a task ended with exit status {exit_code}")
        self.exit_code, self.reason = exit_code, reason

    def __reduce__(self) -> tuple[type["TaskDied"], tuple[int, str]]:
        return TaskDied, (self.exit_code, self.reason)

    @property
    def signal(self) -> str:
        """Name of the signal that ended the process; empty if none did."""
        return signal.Signals(-self.exit_code).name if self.exit_code < 0 else ""


@dataclass(eq=False)
class Future:
    """The result of a task that was submitted, once it is there.

    Parameters
    ----------
    task : Task
        What was submitted.
    wait : callable
        Lets its executor work until this future, given to it, is done.
    on_start : callable
        Called when the task begins.
    on_event : callable
        Called with what the task gives to `emit`.
    """

    task: Task
    wait: Callable[["Future"], None]
    on_start: Callable[[], None]
    on_event: Callable[[str], None]
    done: bool = False
    value: Any = None
    error: Exception | None = field(default=None, repr=False)

    def result(self) -> Any:
        """Wait for the result.

        Raises
        ------
        TaskDied
            If its process did not survive.
        Exception
            What the task raised.
        """
        if not self.done:
            self.wait(self)
        if self.error is not None:
            raise self.error
        return self.value

    def settle(self, value: Any = None, error: Exception | None = None) -> None:
        """Set the result, or why there is none; for executors."""
        self.done, self.value, self.error = True, value, error


class Executor(AbstractContextManager["Executor"], Protocol):
    """Runs tasks; leaving its `with` block ends those that are not done.

    Parameters
    ----------
    n_workers : int
        Tasks at once; no result depends on it.
    """

    n_workers: int

    def submit(
        self,
        task: Task,
        on_start: Callable[[], None] = lambda: None,
        on_event: Callable[[str], None] = lambda note: None,
    ) -> Future:
        """Have a task done; callbacks come while the caller waits for results."""
        ...

    def as_completed(self, futures: Sequence[Future]) -> Iterator[Future]:
        """Give futures as they are done, whichever is first."""
        ...

    def close(self) -> None:
        """End what is not done."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class QueuedExecutor(Executor):
    """Keeps tasks until they can begin, and waits for whichever is done first."""

    def __init__(self) -> None:
        self._waiting: deque[Future] = deque()

    @abstractmethod
    def _start(self) -> None:
        """Begin waiting tasks, in order, while there is room for them."""

    @abstractmethod
    def _advance(self) -> list[Future]:
        """Wait until something is reported; give the futures that are done by that."""

    def submit(
        self,
        task: Task,
        on_start: Callable[[], None] = lambda: None,
        on_event: Callable[[str], None] = lambda note: None,
    ) -> Future:
        """Have a task done; it begins at once if there is room."""
        future = Future(task, self._work_until, on_start, on_event)
        self._waiting.append(future)
        self._start()
        return future

    def as_completed(self, futures: Sequence[Future]) -> Iterator[Future]:
        """Give futures as they are done."""
        left = dict.fromkeys(futures)
        ready = deque(future for future in futures if future.done)
        while left:
            if not ready:
                ready.extend(future for future in self._advance() if future in left)
                continue
            future = ready.popleft()
            del left[future]
            yield future

    def _work_until(self, wanted: Future) -> None:
        while not wanted.done:
            self._advance()


def make_executor(
    n_workers: int, name: str | None = None, keep_workers: bool = False, joins: bool = False
) -> Executor:
    """Make an executor.

    Parameters
    ----------
    n_workers : int
        Tasks at once.
    name : {"local", "inline"}, optional
        Which; what the environment variable CLASSIFY_EXECUTOR says unless given, else local.
    keep_workers : bool
        Whether processes wait for the next executor's tasks when this one is closed.
    joins : bool
        Whether this process is one of the workers, and does tasks that need no limits.
    """
    name = name or os.environ.get(VARIABLE) or "local"
    if name == "inline":
        from classify.compute.inline import InlineExecutor

        return InlineExecutor()
    if name == "local":
        from classify.compute.local import LocalExecutor

        return LocalExecutor(n_workers, keep_workers, joins=joins)
    raise InputError(f"{VARIABLE}={name}: expected local or inline")


def on_cluster(
    cluster: str, n_workers: int | None, out: Path
) -> AbstractContextManager["Executor | None"]:
    """Give an executor on a Dask cluster while the block runs; None where no cluster is named.

    Parameters
    ----------
    cluster : str
        As `classify.compute.dask.DaskExecutor` takes it; may be empty.
    n_workers : int, optional
        Tasks at once at most.
    out : Path
        What is written; its disk is tried.

    Raises
    ------
    InputError
        If there is no such cluster, it cannot be used, or Dask is not installed.
    """
    if not cluster:
        return nullcontext(None)
    with needing_dask(cluster):
        from classify.compute.dask import DaskExecutor
    return DaskExecutor(cluster, n_workers, out)


@contextmanager
def needing_dask(cluster: str) -> Iterator[None]:
    """Refuse a cluster where the extra that it needs is not installed; around imports."""
    try:
        yield
    except ModuleNotFoundError as missing:
        library = f"{missing.name}".split(".")[0]
        raise InputError(
            f"--cluster {cluster}: needs Dask, and {library} is not installed; "
            f"pip install 'classify[cluster]' does it"
        ) from None


def task_name(*inputs: Any) -> str:
    """Hash what decides a task's result: values that JSON knows, and paths.

    Examples
    --------
    >>> task_name("fit", {"seed": 0}) == task_name("fit", {"seed": 0})
    True
    """
    text = json.dumps(inputs, sort_keys=True, default=os.fspath)
    return hashlib.sha256(text.encode()).hexdigest()


def n_cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpu_present() -> bool:
    """Say, without waking a framework, whether this machine has a GPU that tasks might use."""
    return shutil.which("nvidia-smi") is not None and os.environ.get("CUDA_VISIBLE_DEVICES") != ""


# --- for tasks, wherever they run

_listener: ContextVar[Callable[[str], None]] = ContextVar("_listener", default=lambda note: None)
_limited: ContextVar[bool] = ContextVar("_limited", default=False)


def emit(note: str) -> None:
    """Tell the program that submitted the task how far it is: an epoch is done, say."""
    _listener.get()(note)


def deadline(seconds: float) -> None:
    """Have the system end this task's process in so many seconds, unless called again.

    0 calls it off. It is the system's own alarm, which ends the process whatever it is doing, even
    when the program that started it is gone. Without a process of its own a task has no deadline.
    """
    if _limited.get() and hasattr(signal, "setitimer"):  # Windows has none
        signal.setitimer(signal.ITIMER_REAL, seconds)


@contextmanager
def running(listener: Callable[[str], None], limited: bool) -> Iterator[None]:
    """Say to whom `emit` talks and whether `deadline` holds while a task runs; for executors."""
    tokens = _listener.set(listener), _limited.set(limited)
    try:
        yield
    finally:
        _listener.reset(tokens[0])
        _limited.reset(tokens[1])
