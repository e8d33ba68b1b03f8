"""A Dask site on this machine, as an administrator starts one: scheduler and workers by command."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import distributed

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Site:
    """Processes of a site.

    Parameters
    ----------
    folder : Path
        For the scheduler's file and what the programs print.
    options : sequence of str
        For scheduler and workers, such as those for TLS.
    settings : dict
        Environment variables with Dask's settings.
    """

    folder: Path
    options: Sequence[str] = ()
    settings: dict[str, str] = field(default_factory=dict)
    programs: list[subprocess.Popen] = field(default_factory=list)

    @property
    def file(self) -> str:
        return str(self.folder / "scheduler.json")

    def start(self, n_workers: int, *worker_options: str) -> None:
        """Start a scheduler, and workers of one thread each, and wait for them."""
        Path(self.file).unlink(missing_ok=True)
        self._run("scheduler", "--port", "0", "--no-show")
        until = time.monotonic() + 60
        while not Path(self.file).is_file() and time.monotonic() < until:
            time.sleep(0.1)
        self.add_workers(n_workers, *worker_options)

    def add_workers(self, n_workers: int, *options: str, **environment: str) -> None:
        """Start more workers and wait for them."""
        given = "--nthreads", "1", "--local-directory", str(self.folder), "--no-dashboard"
        for _ in range(n_workers):
            self._run("worker", *given, *options, **environment)
        with self.client() as client:
            client.wait_for_workers(len(self.programs) - 1, timeout=60)

    def _run(self, program: str, *options: str, **environment: str) -> None:
        log = (self.folder / f"{program}-{len(self.programs)}.log").open("w")
        command = [sys.executable, "-m", "dask", program, "--scheduler-file", self.file]
        self.programs.append(
            subprocess.Popen(
                [*command, *options, *self.options],
                env=os.environ | {"PYTHONPATH": str(ROOT)} | self.settings | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )

    def client(self) -> distributed.Client:
        return distributed.Client(scheduler_file=self.file, set_as_default=False)

    def worker_pids(self) -> list[int]:
        """Give the processes of workers (not of the nannies that start them again)."""
        with self.client() as client:
            return list(client.run(os.getpid, on_error="ignore").values())

    def stop(self) -> None:
        """End everything, at once."""
        for program in reversed(self.programs):
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()
        self.programs.clear()


@contextmanager
def site(folder: Path, n_workers: int, *worker_options: str, **parts) -> Iterator[Site]:
    """Have a site while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    started = Site(folder, **parts)
    try:
        started.start(n_workers, *worker_options)
        yield started
    finally:
        started.stop()
