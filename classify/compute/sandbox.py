"""Processes that may hang, balloon or die without harm.

A reader of strangers' files can loop for ever, take all memory or crash. Files are therefore read
in processes of their own, each the leader of a process group, with a limit on memory and an alarm
that the system itself rings: it ends the process whatever the process is doing, even when the
program that started it is gone. A dead process is noticed, its whole group is ended, and only its
job is lost.
"""

import atexit
import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, cast

#: One piece of work: a function of a module, and its arguments.
Job = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True)
class Died:
    """What is left of a job whose process ended."""

    exit_code: int

    def reason(self, seconds: float) -> str:
        """Why it ended, as the end of a sentence on a file that might take so many seconds."""
        if self.exit_code == -getattr(signal, "SIGALRM", 0):
            return f"takes longer than {seconds:.0f} s to read"
        if self.exit_code == -signal.SIGKILL:
            return "could not be read: the reader was ended, which often means memory ran out"
        name = signal.Signals(-self.exit_code).name if self.exit_code < 0 else self.exit_code
        return f"makes the reader crash ({name})"


def deadline(seconds: float) -> None:
    """Have the system end this process in so many seconds, unless called again; 0 calls it off."""
    if hasattr(signal, "setitimer"):  # Windows has none
        signal.setitimer(signal.ITIMER_REAL, seconds)


def run(jobs: Sequence[Job], n_workers: int, memory: int) -> Iterator[tuple[int, Any]]:
    """Do jobs in processes, several at once.

    Parameters
    ----------
    jobs : sequence of (function, arguments)
        The functions are importable; arguments and results can be pickled.
    n_workers : int
        Processes at once.
    memory : int
        Bytes that a process may have (of address space, on systems that can limit it).

    Yields
    ------
    tuple of int and object
        The number of a job that has ended, and its result; `Died` if its process did not survive.

    Raises
    ------
    Exception
        What a job raised.
    """
    waiting, busy = deque(enumerate(jobs)), dict[Connection, tuple[int, _Worker]]()

    def give() -> None:
        while waiting and len(busy) < n_workers:
            number, job = waiting.popleft()
            worker = _idle.pop() if _idle else _Worker()
            worker.give(job, memory)
            busy[worker.pipe] = number, worker

    try:
        give()
        while busy:
            for pipe in wait(list(busy)):
                number, worker = busy.pop(cast(Connection, pipe))
                answer = worker.take()
                give()  # before the answer is looked at, so that no process waits for that
                yield number, answer
    finally:
        for _, worker in busy.values():
            worker.end()


def stop() -> None:
    """End the processes that wait for work."""
    while _idle:
        _idle.pop().end()


class _Worker:
    """One process, from this side."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other,), daemon=True)
        self.process.start()
        other.close()

    def give(self, job: Job, memory: int) -> None:
        """Send a job; a process that died meanwhile shows it when its answer is taken."""
        with contextlib.suppress(OSError):
            self.pipe.send((*job, memory))

    def take(self) -> Any:
        """Give the answer, and keep the process for the next job if it lives."""
        try:
            ended_well, answer = self.pipe.recv()
        except (EOFError, OSError):
            self.end()
            return Died(self.process.exitcode or 0)
        _idle.append(self)
        if not ended_well:
            raise answer
        return answer

    def end(self) -> None:
        """End the process, and whatever it has started."""
        self.pipe.close()
        self.process.join(0.05)
        with contextlib.suppress(OSError, AttributeError):
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        with contextlib.suppress(ValueError):
            self.process.kill()
        self.process.join()


_idle: list[_Worker] = []
atexit.register(stop)


# --- inside the process


def _serve(pipe: Connection) -> None:
    """Do jobs until the other side is gone."""
    if hasattr(os, "setsid"):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _speak_into_the_void()
    _keep_memory()
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    while True:
        try:
            function, arguments, memory = pipe.recv()
        except (EOFError, OSError):
            return
        _limit(memory)
        try:
            answer: tuple[bool, Any] = True, function(*arguments)
        except Exception as error:
            answer = False, error
        try:
            pipe.send(answer)
        except OSError:
            return


def _leave_with_parent() -> None:
    """End this process, and what it started, when the program that started it was killed."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        time.sleep(0.2)
    with contextlib.suppress(OSError, AttributeError):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _keep_memory() -> None:
    """Keep freed memory for the next arrays: fetching it anew took a tenth of the time (glibc)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(-3, 2**28)  # M_MMAP_THRESHOLD
        mallopt(-1, 2**28)  # M_TRIM_THRESHOLD
    except (OSError, AttributeError, TypeError):
        return


def _limit(memory: int) -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ImportError, ValueError, OSError):  # Windows, and systems that know no such limit
        return


def _speak_into_the_void() -> None:
    """Keep what libraries print, their C++ parts too, off the terminal."""
    void = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(void, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
