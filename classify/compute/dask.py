"""Tasks on the workers of any Dask cluster, as the other executors do them.

Dask decides on which worker a task runs, notices a worker that is lost and gives its task to
another. What a task may do is decided as on one machine: each thread of a worker has a process
beside it (`classify.compute.local`), with the task's own limits. So a task that hangs, balloons or
crashes ends that process and no worker, a worker answers its scheduler however busy its task is,
and results are those of `local`, since they are made in the same way.

The client has as many tasks under way as the cluster has threads, and keeps the others to itself:
a worker that is lost costs the task that it was at, and a scheduler never holds a large graph. What
travels is small: tasks are paths and values, and results are files on a disk that all machines
share, seen by all under the same path. That is tried before the first task.
"""

import json
import logging
import os
import pickle
import platform
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import dask
import distributed
from distributed.scheduler import KilledWorker

from classify.compute.executor import Executor, Future, Task, TaskDied
from classify.compute.local import LocalExecutor, resident_bytes, without_main_module
from classify.errors import InputError
from classify.records import LIBRARIES

#: What `--cluster` accepts.
FORMS = "tcp://HOST:PORT, tls://HOST:PORT, the scheduler's .json file, or local:N"

#: Seconds until a scheduler has answered, and a first worker has joined it.
CONNECTING, JOINING = 20, 60

#: Seconds without any worker after which a run ends; a site may take long to start the next one.
DESERTED = 600.0

#: Seconds between two looks at the cluster while nothing is reported.
BEAT = 2.0

#: Seconds until what a worker wrote is seen here.
SEEN = 10.0

#: Share of its memory at which the process of a task is ended, as Dask does with its workers.
MOST_MEMORY = 0.95

#: What a worker tells when a task begins.
BEGUN = "begun"

#: Workers of `local:N` at most.
MOST_LOCAL = 256

#: Seconds after which a local worker that does not answer is given up.
LOCAL_TTL = "60 s"


class DaskExecutor(Executor):
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
        self.cluster = cluster
        self._most, self._place = n_workers, str(Path.cwd())
        self._waiting: deque[Future] = deque()
        self._running: dict[str, _Sent] = {}
        self._inbox: queue.SimpleQueue[tuple[str, int, str] | str] = queue.SimpleQueue()
        self._run, self._number = uuid.uuid4().hex[:12], 0
        self._versions = versions()
        self._leaving = ExitStack()
        try:
            self.client = self._leaving.enter_context(connected(cluster))
            check_workers(self.client, self._versions)
            check_disk(self.client, folder)
            self.client.subscribe_topic(self._run, self._hear)
            self._n_threads, self._looked, self._deserted = 1, 0.0, 0.0
            self._look()
        except BaseException:
            self.close()
            raise

    @property
    def n_workers(self) -> int:  # type: ignore[override]
        """Tasks at once: the threads of the cluster, whose workers come and go."""
        return min(self._n_threads, self._most or self._n_threads)

    def submit(
        self,
        task: Task,
        on_start: Callable[[], None] = lambda: None,
        on_event: Callable[[str], None] = lambda note: None,
    ) -> Future:
        """Have a task done; it is sent at once if a thread is free."""
        future = Future(task, self._work_until, on_start, on_event)
        self._waiting.append(future)
        self._send()
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

    def close(self) -> None:
        """Leave the cluster; workers end the processes of tasks that are not done."""
        self._waiting.clear()
        self._running.clear()
        self._leaving.close()

    def _work_until(self, wanted: Future) -> None:
        while not wanted.done:
            self._advance()

    def _send(self) -> None:
        """Give waiting tasks to the cluster, in order, while it has free threads."""
        passed_over: deque[Future] = deque()
        while self._waiting and len(self._running) < self.n_workers:
            future = self._waiting.popleft()
            if future.task.gpu_exclusive and self._gpu_taken():
                passed_over.append(future)
                continue
            self._number += 1
            key = f"{future.task.function.__name__}-{future.task.name}-{self._run}-{self._number}"
            self._running[key] = _Sent(future, self._submitted(key, future.task))
        self._waiting.extendleft(reversed(passed_over))

    def _submitted(self, key: str, task: Task) -> distributed.Future:
        """Send one task."""
        given = _packed(task), self._run, key, self._place, self._versions
        sent = self.client.submit(perform, *given, key=key, pure=False)
        sent.add_done_callback(lambda _: self._inbox.put(key))
        return sent

    def _gpu_taken(self) -> bool:
        return any(sent.future.task.gpu_exclusive for sent in self._running.values())

    def _hear(self, event: tuple[float, tuple[str, int, str]]) -> None:
        """Take what a task tells; in the thread of the client."""
        self._inbox.put(event[1])

    def _advance(self) -> list[Future]:
        """Wait until something is reported; give the future that is done by that, if one is."""
        try:
            told = self._inbox.get(timeout=BEAT)
        except queue.Empty:
            self._look()
            return []
        key, number, note = (told, 0, "") if isinstance(told, str) else told
        sent = self._running.get(key)
        if sent is None:
            return []
        if not isinstance(told, str):
            sent.hear(number, note)
            return []
        del self._running[key]
        sent.hear(0, BEGUN)
        value, error = self._result(sent)
        self._send()
        sent.future.settle(value, error)
        return [sent.future]

    def _result(self, sent: "_Sent") -> tuple[Any, Exception | None]:
        """Take what came of a task: what it gave back or raised, or that its workers were lost."""
        if sent.dask.cancelled():
            raise self._lost()
        try:
            packed, error = sent.dask.result()
            return packed and pickle.loads(packed), error
        except KilledWorker as lost:
            return None, TaskDied(
                0,
                f"{lost.allowed_failures + 1} workers that it ran on were lost, one after another, "
                f"the last at {lost.last_worker.address}",
            )
        except InputError:
            raise
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
        """See how many threads the cluster has now; do not wait for ever where it has none."""
        if self.client.status != "running":
            raise self._lost()
        try:
            self._n_threads = sum(self.client.nthreads().values())
        except (OSError, RuntimeError, ValueError):
            raise self._lost() from None
        now = time.monotonic()
        self._deserted = 0.0 if self._n_threads else self._deserted or now
        if self._deserted and now - self._deserted > DESERTED:
            raise InputError(
                f"--cluster {self.cluster}: has had no worker for {DESERTED:.0f} s; what had "
                f"finished is kept, and the same command goes on when there are workers"
            )
        self._n_threads = max(1, self._n_threads)
        self._send()


@dataclass(eq=False)
class _Sent:
    """A task that the cluster has, and how much of what it tells was heard."""

    future: Future
    dask: distributed.Future
    heard: int = -1

    def hear(self, number: int, note: str) -> None:
        """Pass on what was not heard before: a task that runs again tells everything again."""
        if number <= self.heard:
            return
        self.heard = number
        if number == 0:
            self.future.on_start()
        else:
            self.future.on_event(note)


def _packed(task: Task) -> Task:
    """Pack what a task does, so that only the process that does it imports what it needs."""
    work = pickle.dumps((task.function, task.arguments))
    log = task.log and task.log.absolute()
    return replace(task, function=_unpacked, arguments=(work,), log=log)


# --- on workers


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


def _unpacked(work: bytes, place: str) -> bytes:
    """Do a task where the client's relative paths lead to the client's files."""
    os.chdir(place)
    function, arguments = pickle.loads(work)
    return pickle.dumps(function(*arguments))


def _may_go_on(worker: distributed.Worker, key: str, pid: int) -> bool:
    """Say whether a task is still wanted, and has no more than its share of memory."""
    state = worker.state.tasks.get(key)
    if state is None or state.state not in ("executing", "long-running"):
        return False  # its client is gone, or has no use for it any more
    limit = worker.memory_manager.memory_limit
    share = (limit or 0) / worker.state.nthreads
    return not limit or resident_bytes(pid) < MOST_MEMORY * share


# --- the cluster


@contextmanager
def connected(cluster: str) -> Iterator[distributed.Client]:
    """Connect to a cluster, or start one on this machine, and leave it when the block ends.

    Parameters
    ----------
    cluster : str
        As `DaskExecutor` takes it.

    Raises
    ------
    InputError
        If that is no cluster, it does not answer, or it has no worker.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what is wrong is said below
    with ExitStack() as leaving:
        try:
            local = cluster.startswith("local:")
            address = leaving.enter_context(_started(cluster)) if local else _address(cluster)
            client = distributed.Client(address, timeout=CONNECTING, set_as_default=False)
        except (OSError, TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(
                f"--cluster {cluster}: no scheduler can be reached there ({reason})"
            ) from None
        leaving.callback(_quietly, client.close, timeout=5)
        try:
            client.wait_for_workers(1, timeout=JOINING)
        except TimeoutError:
            raise InputError(
                f"--cluster {cluster}: no worker has joined the scheduler within {JOINING} s; "
                f"start some, and give the same command again"
            ) from None
        yield client


@contextmanager
def _started(cluster: str) -> Iterator[distributed.LocalCluster]:
    """Have workers on this machine, of one thread each."""
    number = cluster.removeprefix("local:")
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= MOST_LOCAL):
        raise InputError(f"--cluster {cluster}: expected local:N with N from 1 to {MOST_LOCAL}")
    # as long as a worker may be started again
    with without_main_module(), dask.config.set({"distributed.scheduler.worker-ttl": LOCAL_TTL}):
        started = distributed.LocalCluster(
            n_workers=int(number),
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",  # any port that is free
            silence_logs=logging.CRITICAL,
        )
        try:
            yield started
        finally:
            _quietly(started.close, timeout=10)


def _quietly(close: Callable[..., Any], timeout: float) -> None:
    """Leave what may be gone already."""
    with suppress(Exception):
        close(timeout=timeout)


def _address(cluster: str) -> str:
    """Give a scheduler's address, of its file too."""
    if cluster.startswith(("tcp://", "tls://")):
        return cluster
    if not cluster.endswith(".json"):
        raise InputError(f"--cluster {cluster}: expected {FORMS}")
    try:
        return str(json.loads(Path(cluster).read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"--cluster {cluster}: is no scheduler file, as dask scheduler --scheduler-file "
            f"writes it ({type(error).__name__}: {error})"
        ) from None


@cache
def versions() -> dict[str, str]:
    """Name what decides results: Python, this toolkit and the libraries that compute."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("classify", *LIBRARIES):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def difference(ours: dict[str, str], theirs: dict[str, str]) -> str:
    """Say in which versions a worker differs from this program; nothing where in none.

    Examples
    --------
    >>> difference({"numpy": "2.3.5"}, {"numpy": "2.1.0"})
    'has numpy 2.1.0, and this program 2.3.5'
    """
    parts = []
    for name, version in ours.items():
        if name not in theirs:
            parts.append(f"has no {name} ({version} here)")
        elif theirs[name] != version:
            parts.append(f"has {name} {theirs[name]}, and this program {version}")
    return "; ".join(parts)


def versions_of_workers(client: distributed.Client) -> dict[str, dict[str, str] | Exception]:
    """Ask every worker for its versions, without need of this toolkit there."""
    names = ("classify", *LIBRARIES)

    def ask() -> dict[str, str]:  # sent as it stands, since it is inside a function
        import platform
        from importlib.metadata import PackageNotFoundError, version

        found = {"python": platform.python_version()}
        for name in names:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
        return found

    return dict(client.run(ask, on_error="return"))


def check_workers(client: distributed.Client, ours: dict[str, str]) -> None:
    """Refuse workers that would give other results than this program.

    Raises
    ------
    InputError
        Naming a worker and what it has.
    """
    for address, theirs in versions_of_workers(client).items():
        if isinstance(theirs, Exception):
            problem = f"does not answer ({type(theirs).__name__}: {theirs})"
        else:
            problem = difference(ours, theirs)
        if problem:
            raise InputError(
                f"worker {address}: {problem}; install the same versions on all machines"
            )


def check_disk(client: distributed.Client, folder: Path) -> float:
    """Try whether all workers see one folder, and what each other write there.

    Parameters
    ----------
    client : Client
        Of the cluster.
    folder : Path
        Where tasks will write; the nearest one above it that is there is tried.

    Returns
    -------
    float
        Seconds until what all workers wrote was seen here.

    Raises
    ------
    InputError
        Naming a worker that sees another disk.
    """
    near = next(one for one in (folder, *folder.absolute().parents) if one.is_dir()).absolute()
    probe = near / f".classify-probe-{uuid.uuid4().hex[:12]}"
    try:
        probe.write_text(probe.name, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{near}: cannot be written to ({error.strerror})") from None
    begun, answers = time.monotonic(), list[Path]()
    try:
        for address, answer in client.run(answer_probe, str(probe), on_error="return").items():
            if isinstance(answer, Exception):
                raise InputError(
                    f"{near}: worker {address} cannot use it ({type(answer).__name__}: {answer}); "
                    f"a cluster needs a disk that all its machines share under one path"
                )
            answers.append(Path(answer))
        while missing := [path for path in answers if not path.exists()]:
            if time.monotonic() - begun > SEEN:
                raise InputError(
                    f"{missing[0]}: was written by a worker {SEEN:.0f} s ago and is not seen here; "
                    f"a cluster needs a disk that all its machines share (NFS: mount it with "
                    f"lookupcache=positive)"
                )
            time.sleep(0.1)
        return time.monotonic() - begun
    finally:
        for path in (probe, *answers):
            path.unlink(missing_ok=True)


def answer_probe(probe: str) -> str:
    """Read what the client wrote, and write an answer beside it; on a worker."""
    path = Path(probe)
    if path.read_text(encoding="utf-8") != path.name:
        raise OSError(f"{path} holds something else")
    answer = path.with_name(f"{path.name}-{uuid.uuid4().hex[:12]}")
    answer.write_text("seen", encoding="utf-8")
    return str(answer)
