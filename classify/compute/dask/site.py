"""Which cluster there is: reaching it, and whether its workers and its disk can be used."""

import json
import logging
import platform
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import dask
import distributed

from classify.compute.local import without_main_module
from classify.errors import InputError
from classify.records import LIBRARIES

#: What `--cluster` accepts.
FORMS = "tcp://HOST:PORT, tls://HOST:PORT, the scheduler's .json file, or local:N"

#: Seconds until a scheduler has answered, and a first worker has joined it.
CONNECTING, JOINING = 20, 60

#: Seconds until what a worker wrote is seen here.
SEEN = 10.0

#: Workers of `local:N` at most.
MOST_LOCAL = 256

#: Seconds after which a local worker that does not answer is given up.
LOCAL_TTL = "60 s"


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
    _silence()
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


def _silence() -> None:
    """Have Dask tell nothing: what is wrong is said in a sentence, once."""
    for name in [*logging.root.manager.loggerDict]:
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


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
            preload=["classify.compute.dask.worker"],
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
    for name, wanted in ours.items():
        if name not in theirs:
            parts.append(f"has no {name} ({wanted} here)")
        elif theirs[name] != wanted:
            parts.append(f"has {name} {theirs[name]}, and this program {wanted}")
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
