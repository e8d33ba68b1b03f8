"""Tasks on the workers of any Dask cluster, as the other executors do them.

Dask decides on which worker a task runs, notices a worker that is lost and gives its task to
another. What a task may do is decided as on one machine: each thread of a worker has a process
beside it (`classify.compute.local`), with the task's own limits. So a task that hangs, balloons or
crashes ends that process and no worker, a worker answers its scheduler however busy its task is,
and results are those of `local`, since they are made in the same way.

The client has as many tasks under way as the cluster has threads, and keeps the others to itself:
a worker that is lost costs the task that it was at, and a scheduler never holds a large graph. Many
short tasks travel together, as many as take half a second, since each journey costs 14 ms; if their
worker is lost, each goes alone. What
travels is small: tasks are paths and values, and results are files on a disk that all machines
share, seen by all under the same path. That is tried before the first task.
"""

import pickle
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from classify.compute.dask.site import check_disk, check_workers, connected, versions
from classify.compute.dask.worker import BEGUN, Done, perform
from classify.compute.executor import Future, QueuedExecutor, Task, TaskDied, gpu_present
from classify.compute.packed import pack
from classify.errors import InputError

#: Seconds without any worker after which a run ends; a site may take long to start the next one.
DESERTED = 600.0

#: Seconds between two looks at the cluster, and without news after which it is time for one.
LOOKING, BEAT = 5.0, 1.0

#: Seconds in which a scheduler answers, however busy.
ANSWERING = 120

#: How often a task is sent again that Dask gave up and that had hardly begun.
MOST_RESENT = 2

#: Seconds that tasks take together which travel together, and how many those are at most.
TOGETHER, MOST_TOGETHER = 0.5, 256

#: What workers with a GPU call it: `dask worker --resources GPU=1`.
GPU = "GPU"


class DaskExecutor(QueuedExecutor):
    """Does tasks on a Dask cluster.

    Parameters
    ----------
    cluster : str
        Address of a scheduler (tcp:// or tls://), its scheduler file, or `local:N` for N workers
        on this machine. Certificates for TLS are those of Dask's configuration.
    n_workers : int, optional
        Tasks at once at most; as many as the cluster has threads unless given.
    folder : Path
        Where tasks read and write; all machines must see the same one.

    Raises
    ------
    InputError
        If there is no such cluster, a worker has other versions than this program, or the disk is
        not shared.
    """

    def __init__(self, cluster: str, n_workers: int | None = None, folder: Path = Path()) -> None:
        super().__init__()
        self.cluster = cluster
        self._most, self._place = n_workers, str(Path.cwd())
        self._running: dict[str, _Sent] = {}
        self._seconds: dict[Callable[..., Any], float] = {}
        self._inbox: queue.SimpleQueue[tuple[str, int, int, str] | str] = queue.SimpleQueue()
        self._alone: set[Future] = set()  # tasks whose worker was lost while they were together
        self._run, self._number = uuid.uuid4().hex[:12], 0
        self._versions = versions()
        self._leaving = ExitStack()
        try:
            self.client = self._leaving.enter_context(connected(cluster))
            check_workers(self.client, self._versions)
            check_disk(self.client, folder)
            self.client.subscribe_topic(self._run, self._hear)
            self._n_threads, self._n_gpus, self._deserted = 1, 0, 0.0
            self._look()
        except BaseException:
            self.close()
            raise

    @property
    def n_workers(self) -> int:  # type: ignore[override]
        """Tasks at once: the threads of the cluster, whose workers come and go."""
        return min(self._n_threads, self._most or self._n_threads)

    def close(self) -> None:
        """Leave the cluster; workers end the processes of tasks that are not done."""
        self._waiting.clear()
        self._running.clear()
        self._leaving.close()

    def _start(self) -> None:
        """Give waiting tasks to the cluster, in order, while it has free threads."""
        passed_over: deque[Future] = deque()
        while self._waiting and len(self._running) < self.n_workers:
            future = self._waiting.popleft()
            if future.task.gpu and self._gpus_taken():
                passed_over.append(future)
                continue
            self._give(_Sent([_Heard(one) for one in self._beside(future)]))
        self._waiting.extendleft(reversed(passed_over))

    def _beside(self, first: Future) -> list[Future]:
        """Take those waiting tasks that go with one: short ones of its kind, in order."""
        together, kind = [first], first.task
        seconds = self._seconds.get(kind.function)
        if seconds is None or kind.log or first in self._alone:
            return together
        fair = len(self._waiting) // (2 * self.n_workers)
        size = min(MOST_TOGETHER, fair, int(TOGETHER / max(seconds, 1e-6)))
        while len(together) < size:
            after = self._waiting[0]
            if (after.task.function, after.task.gpu) != (kind.function, kind.gpu) or (
                after.task.log or after in self._alone
            ):
                break
            together.append(self._waiting.popleft())
        return together

    def _give(self, sent: "_Sent") -> None:
        """Give tasks that travel together to the cluster."""
        self._number += 1
        task = sent.task
        key = f"{task.function.__name__}-{task.name}-{self._run}-{self._number}"
        packed = [pack(one.future.task) for one in sent.parts]
        given = packed, self._run, key, self._place, self._versions
        wanted = {GPU: 1} if task.gpu and self._n_gpus else None
        sent.dask = self.client.submit(perform, *given, key=key, pure=False, resources=wanted)
        sent.dask.add_done_callback(lambda _: self._inbox.put(key))
        self._running[key] = sent

    def _sent_again(self, sent: "_Sent") -> bool:
        """Send tasks again that need not be what their workers died of, each alone.

        Dask blames a lost worker on all that was there, begun or not.
        """
        if sent.dask.status != "error" or sent.resent >= MOST_RESENT:
            return False
        error = sent.dask.exception()
        if not isinstance(error, KilledWorker):
            return False
        if len(sent.parts) > 1:
            futures = [part.future for part in sent.parts]
            self._alone.update(futures)
            self._waiting.extendleft(reversed(futures))
            self._start()
            return True
        if sent.parts[0].begun > error.allowed_failures:
            return False
        sent.resent += 1
        self._give(sent)
        return True

    def _gpus_taken(self) -> bool:
        """Say whether as many tasks use GPUs as there are; a local cluster has that of its machine.

        Where no worker says that it has one, nobody here knows, and nothing is held back.
        """
        used = sum(sent.task.gpu for sent in self._running.values())
        if self.cluster.startswith("local:"):
            return gpu_present() and used >= 1
        return self._n_gpus > 0 and used >= self._n_gpus

    def _hear(self, event: tuple[float, tuple[str, int, int, str]]) -> None:
        """Take what a task tells; in the thread of the client."""
        self._inbox.put(event[1])

    def _advance(self) -> list[Future]:
        """Wait until something is reported; give the futures that are done by that."""
        if time.monotonic() - self._looked > LOOKING:
            self._look()
        try:
            told = self._inbox.get(timeout=BEAT)
        except queue.Empty:
            return []
        key, place, number, note = (told, 0, 0, "") if isinstance(told, str) else told
        sent = self._running.get(key)
        if sent is None:
            return []
        if not isinstance(told, str):
            sent.parts[place].hear(number, note)
            return []
        del self._running[key]
        if self._sent_again(sent):
            return []
        done = self._results(sent)
        self._start()
        for part, one in zip(sent.parts, done, strict=True):
            part.hear(0, BEGUN)
            part.future.settle(one.packed and pickle.loads(one.packed), one.error)
        return [part.future for part in sent.parts]

    def _results(self, sent: "_Sent") -> list[Done]:
        """Take what came of tasks: what they gave back or raised, or lost workers."""
        if sent.dask.cancelled():
            raise self._lost()
        try:
            done: list[Done] = sent.dask.result()
            took = sum(one.seconds for one in done) / len(done)
            before = self._seconds.get(sent.task.function, took)
            self._seconds[sent.task.function] = max(took, (before + took) / 2)
            return done
        except KilledWorker as lost:
            death = TaskDied(
                0,
                f"the workers that it ran on were lost, one after another, more than "
                f"{lost.allowed_failures} times; the last was at {lost.last_worker.address}",
            )
            return [Done(None, death, 0.0)]
        except InputError:
            raise
        except CommClosedError:
            raise self._lost() from None
        except Exception as error:  # of a worker that cannot do tasks at all
            if self.client.status != "running":
                raise self._lost() from None
            raise InputError(
                f"--cluster {self.cluster}: a worker cannot do its task "
                f"({type(error).__name__}: {error})"
            ) from error

    def _lost(self) -> InputError:
        return InputError(
            f"--cluster {self.cluster}: the connection to the scheduler was lost; what had "
            f"finished is kept, and the same command goes on when the scheduler is back"
        )

    def _look(self) -> None:
        """See what the cluster has now; do not wait for ever where it has no worker."""
        now = self._looked = time.monotonic()
        try:
            ask = getattr(self.client.scheduler, "identity")  # noqa: B009  missing once it is closed
            about = self.client.sync(ask, n_workers=-1, callback_timeout=ANSWERING)
        except (OSError, RuntimeError, ValueError, AttributeError):
            raise self._lost() from None
        workers = about["workers"].values()
        self._n_threads = max(1, sum(one["nthreads"] for one in workers))
        self._n_gpus = sum(int(one["resources"].get(GPU, 0)) for one in workers)
        self._deserted = 0.0 if workers else self._deserted or now
        if self._deserted and now - self._deserted > DESERTED:
            raise InputError(
                f"--cluster {self.cluster}: has had no worker for {DESERTED:.0f} s; what had "
                f"finished is kept, and the same command goes on when there are workers"
            )
        self._start()


@dataclass(eq=False)
class _Sent:
    """Tasks that the cluster has, as one of Dask's."""

    parts: "list[_Heard]"
    dask: Any = None
    resent: int = 0

    @property
    def task(self) -> Task:
        """The first one, which the others are like."""
        return self.parts[0].future.task


@dataclass(eq=False)
class _Heard:
    """A task that the cluster has, and how much of what it tells was heard."""

    future: Future
    heard: int = -1
    begun: int = 0

    def hear(self, number: int, note: str) -> None:
        """Pass on what was not heard before: a task that runs again tells everything again."""
        self.begun += number == 0
        if number <= self.heard:
            return
        self.heard = number
        if number == 0:
            self.future.on_start()
        else:
            self.future.on_event(note)
