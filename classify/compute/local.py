"""Tasks in processes of this machine, which may hang, balloon or die without harm.

A reader of strangers' files can loop for ever, take all memory or crash, and so can the training
of a network. Each process is therefore the leader of a process group, with a limit on memory and an
alarm that the system itself rings. A dead process is noticed, its whole group is ended, and only
its task is lost. Processes leave with the program that started them, however it ended.

Libraries were measured first (pebble 5.2, loky 3.7). Neither ends the process group, limits memory,
passes on events, or ends a busy process whose parent was killed; loky gives up all tasks when one
process dies, and pebble needs three seconds more than the limit to end a task that loops in C.
"""

import atexit
import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, cast

from classify.compute.executor import (
    Future,
    QueuedExecutor,
    Task,
    TaskDied,
    deadline,
    gpu_present,
    running,
)
from classify.compute.inline import perform_here

#: A process that has needed so many bytes ends after its task: libraries seldom give memory back.
RECYCLED_BYTES = 3 * 2**29

#: The largest answer that is taken: what is large goes to a file.
MOST_BYTES = 2**28


#: Seconds between two looks at a process that is watched.
WATCHED = 0.2


class _Answer(NamedTuple):
    """The last thing a process says of a task, and whether it waits for another."""

    value: Any
    error: Exception | None
    goes_on: bool


class LocalExecutor(QueuedExecutor):
    """Does several tasks at once, each in a process.

    Parameters
    ----------
    n_workers : int
        Processes at once.
    keep_workers : bool
        Whether processes that wait for work stay for the next executor that keeps them, since
        starting one takes half a second. They end with the program, or by `stop`.
    watch : callable, optional
        Given the id of a process that is busy, every fifth of a second: whether it may go on.
    joins : bool
        Whether this process is one of the workers, and does tasks while it waits for others: those
        that need no limits and no process of their own, and none any more once a process has died.
    """

    def __init__(
        self,
        n_workers: int,
        keep_workers: bool = False,
        watch: Callable[[int], bool] | None = None,
        joins: bool = False,
    ) -> None:
        super().__init__()
        self.n_workers = n_workers
        self._watch, self._joins = watch, joins and n_workers > 1
        self._busy: dict[Connection, _Worker] = {}
        self._idle: list[_Worker] = _kept if keep_workers else []

    def close(self) -> None:
        """End the processes whose task is not done, and idle ones unless they are kept."""
        self._waiting.clear()
        for worker in self._busy.values():
            worker.end()
        self._busy.clear()
        if self._idle is not _kept:
            _end_all(self._idle)

    def _start(self) -> None:
        """Give waiting tasks to free processes, in order."""
        passed_over: deque[Future] = deque()
        while self._waiting and len(self._busy) < self.n_workers - self._joins:
            future = self._waiting.popleft()
            if future.task.gpu and self._gpu_taken():
                passed_over.append(future)
                continue
            worker = self._free_worker(future.task)
            worker.give(future)
            self._busy[worker.pipe] = worker
            future.on_start()
        self._waiting.extendleft(reversed(passed_over))
        for worker in self._busy.values() if self._joins else ():
            self._give_next(worker)

    def _give_next(self, worker: "_Worker") -> None:
        """Give a process what it does next, since this one may be at work when it is done.

        Not the last tasks, so that nobody waits for a process that still has two.
        """
        many = len(self._waiting) >= self.n_workers
        if many and len(worker.given) == 1 and _plain(self._waiting[0].task):
            worker.give(self._waiting.popleft())

    def _gpu_taken(self) -> bool:
        return gpu_present() and any(worker.given[0].task.gpu for worker in self._busy.values())

    def _free_worker(self, task: Task) -> "_Worker":
        """Give a process that waits for work, or a new one."""
        if not task.fresh:
            with contextlib.suppress(IndexError):  # another thread may take the last one
                return self._idle.pop()
        return _Worker()

    def _end_unwanted(self) -> None:
        """End the processes that may not go on; what waits for them notices."""
        for worker in self._busy.values():
            if self._watch and not self._watch(worker.process.pid or 0):
                worker.process.kill()

    def _advance(self) -> list[Future]:
        """Wait until processes say something; give the futures that are done by that."""
        if here := self._for_this_process():
            self._waiting.remove(here)
            perform_here(here)
            return [here]
        done = []
        while not (ready := wait(list(self._busy), WATCHED if self._watch else None)):
            self._end_unwanted()
        for pipe in ready:
            worker = self._busy[cast(Connection, pipe)]
            future = worker.given[0]
            try:
                message = worker.pipe.recv()
            except (EOFError, OSError):
                worker.end()
                self._joins = False  # what that died of may be given to us next
                message = _Answer(None, TaskDied(worker.process.exitcode or 0), goes_on=False)
            if not isinstance(message, _Answer):
                future.on_event(message)
                continue
            self._take_leave(worker, message.goes_on and not future.task.fresh)
            self._start()  # before the result is looked at, so that no process waits for that
            future.settle(message.value, message.error)
            done.append(future)
        return done

    def _for_this_process(self) -> Future | None:
        """Give what this process may do now, where it joins and no other has said anything."""
        if not self._joins or wait(list(self._busy), 0):
            return None
        return next((one for one in self._waiting if _plain(one.task)), None)

    def _take_leave(self, worker: "_Worker", goes_on: bool) -> None:
        """Let a process that has done a task go on with its next one, wait, or end."""
        worker.given.popleft()
        if goes_on and worker.given:
            worker.given[0].on_start()
            return
        del self._busy[worker.pipe]
        self._waiting.extendleft(reversed(worker.given))
        worker.given.clear()
        if goes_on:
            self._idle.append(worker)
        else:
            worker.end()


class _Worker:
    """One process, from this side, and the tasks that it was given and has not done."""

    def __init__(self) -> None:
        self.given = deque[Future]()
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        # Daemons may have no children, since those would outlive them; ours end by themselves.
        multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
        self.process = context.Process(target=_serve, args=(other,), daemon=True)
        with without_main_module():
            self.process.start()
        other.close()

    def give(self, future: Future) -> None:
        """Send a task; a process that died meanwhile shows it when its answer is taken.

        One that has another to do takes it when that is done, and nobody here waits for that.
        """
        data = pickle.dumps(future.task)
        self.given.append(future)
        if len(self.given) == 1:
            self._send(data)
        else:
            threading.Thread(target=self._send, args=(data,), daemon=True).start()

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.pipe.send_bytes(data)

    def end(self) -> None:
        """End the process, and whatever it has started."""
        self.pipe.close()
        self.process.join(0.05)
        with contextlib.suppress(OSError, AttributeError):
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        with contextlib.suppress(ValueError):
            self.process.kill()
        self.process.join()


@contextlib.contextmanager
def without_main_module() -> Iterator[None]:
    """Start a process that does not import the program's own script, as `spawn` would have it.

    Tasks are functions of modules and need nothing of it; a script that does not begin with `if
    __name__ == "__main__"` would do all its work again in every process.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _plain(task: Task) -> bool:
    """Say whether a task can be done in any process, beside any other."""
    limited = task.memory is not None or task.seconds is not None
    return not (task.fresh or limited or (task.gpu and gpu_present()))


_kept: list[_Worker] = []


def stop() -> None:
    """End the processes that wait for the next executor."""
    _end_all(_kept)


def _end_all(workers: list[_Worker]) -> None:
    while workers:
        workers.pop().end()


atexit.register(stop)


# --- inside the process


def _serve(pipe: Connection) -> None:
    """Do tasks until the other side is gone, or much memory was needed."""
    if hasattr(os, "setsid"):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _print_to(None)
    _end_with_parent()
    answer = _Answer(None, None, goes_on=True)
    while answer.goes_on:
        try:
            data = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            task = pickle.loads(data)
        except Exception as error:  # what a task is made of may be gone, or refuse itself
            answer = _Answer(None, error, goes_on=False)
        else:
            answer = _perform(task, pipe)
        try:
            pipe.send_bytes(_packed(answer))
        except OSError:
            return


def _perform(task: Task, pipe: Connection) -> _Answer:
    _limit_memory(task.memory)
    _print_to(task.log)
    value, raised = None, None
    with running(pipe.send, limited=True):
        deadline(task.seconds or 0)
        try:
            value = task.function(*task.arguments)
        except Exception as error:
            raised = error.with_traceback(None)  # which would hold on to the task's memory
        deadline(0)
    _limit_memory(None)
    if task.log is not None:
        _print_to(None)
    goes_on = raised is None and _peak_bytes() < RECYCLED_BYTES
    return _Answer(value, raised, goes_on)


def _packed(answer: _Answer) -> bytes:
    """Pickle an answer so that the program that waits can take it, whatever a task came to."""
    try:
        data = pickle.dumps(answer)
        if answer.error is not None:
            pickle.loads(data)  # an exception may be made of what it cannot be made of again
        if len(data) > MOST_BYTES:
            raise ValueError(f"hands back {len(data):,} bytes; at most {MOST_BYTES:,} are taken")
    except Exception as error:
        reason = answer.error or error
        return pickle.dumps(
            _Answer(None, RuntimeError(f"{type(reason).__name__}: {reason}"), goes_on=False)
        )
    return data


def _end_with_parent() -> None:
    """Have this process, and what it starts, end when the program that started it was killed.

    Linux does so itself, by a signal that it sends when the other end of a pipe is closed: a task
    that loops in C, and gives Python no turn, ends too.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    try:
        import fcntl

        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(parent.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):  # not Linux
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if not parent.is_alive():  # it was killed before that, and no signal will come
        os._exit(1)


def _watch_parent(parent: BaseProcess) -> None:
    while parent.is_alive():
        time.sleep(0.2)
    with contextlib.suppress(OSError, AttributeError):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _limit_memory(memory: int | None) -> None:
    try:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard if memory is None else memory, hard))
    except (ImportError, ValueError, OSError):  # Windows, and systems that know no such limit
        return


def _peak_bytes() -> int:
    """Give the most memory that this process has had; 0 where nobody knows."""
    with contextlib.suppress(OSError):  # Linux: `getrusage` counts what the parent had, too
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def resident_bytes(pid: int) -> int:
    """Give the memory that a process has now; 0 where nobody knows, or it has ended."""
    with contextlib.suppress(OSError, IndexError):
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _print_to(log: Path | None) -> None:
    """Send everything this process prints, its libraries' C++ parts too, to a file or nowhere."""
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    descriptor = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for number in (1, 2):
        os.dup2(descriptor, number)
    os.close(descriptor)
