"""What does a cluster gain, and what does its bookkeeping cost?

    python benchmarks/cluster.py MODEL [--songs 10000] [--workers 1 2 3] [--from FOLDER]
    python benchmarks/cluster.py MODEL --bookkeeping 1000000 --tasks 20000

The first makes distinct MIDI files as `benchmarks/scale.py` does, and predicts them with a Dask
scheduler and so many workers of one thread on this machine, started by command as on a site. It
prints songs a second, the share of a perfect gain (as many times one worker's rate as there are
workers, or cores where those are fewer), the peak memory of each kind of process, and the processor
time that each kind took, which a busy machine does not change much.

The second needs no music: it plans so many batches of one file and takes their results from an
executor that does nothing, for what the client keeps of them; then it sends tasks that do nothing
through a cluster of two workers, for what a task costs client, scheduler and worker together.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scale import _family, _peak, copies

from classify.compute.executor import Executor, Future, Task, n_cores
from classify.corpora import builtin

#: What the processes below a worker's program are, from the first down.
BELOW = ("nanny", "worker", "task", "reading")
#: Tasks without work that wait at the same time.
WAITING = 10_000

KINDS = ("scheduler", *BELOW[:-1])


def predict(folder: Path, model: Path, out: Path, cluster: str) -> None:
    """Predict all songs of a folder on a cluster; print what it took as JSON."""
    from classify.compute.dask import DaskExecutor
    from classify.inference.prediction import predict_in_batches
    from classify.inference.saved_model import load

    bundle = load(model)
    with DaskExecutor(cluster, folder=out) as executor:
        begun = time.perf_counter()
        about = predict_in_batches(bundle, [folder], out, executor)
        print(json.dumps({"songs": about["songs"], "seconds": time.perf_counter() - begun}))


class Site:
    """A scheduler and workers on this machine, and the most memory that each kind has had."""

    def __init__(self, folder: Path, n_workers: int) -> None:
        self.file = folder / "scheduler.json"
        scheduler = self._program(folder, "scheduler", "--port", "0", "--no-show")
        while not self.file.is_file():
            time.sleep(0.1)
        options = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))
        workers = [self._program(folder, "worker", *options) for _ in range(n_workers)]
        self.programs = [scheduler, *workers]
        self.peaks: dict[str, int] = defaultdict(int)
        self.seconds: dict[tuple[str, int], float] = {}
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def _program(self, folder: Path, name: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", name, "--scheduler-file", str(self.file)]
        with (folder / "dask.log").open("a") as log:
            return subprocess.Popen([*command, *options], stdout=log, stderr=log)

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            scheduler, *workers = (program.pid for program in self.programs)
            self._note("scheduler", scheduler)
            for worker in workers:
                for depth, pids in enumerate(_levels(worker)):
                    for pid in pids:
                        self._note(BELOW[min(depth, len(BELOW) - 1)], pid)

    def _note(self, kind: str, pid: int) -> None:
        self.peaks[kind] = max(self.peaks[kind], _peak(pid))
        self.seconds[kind, pid] = max(self.seconds.get((kind, pid), 0.0), _seconds(pid))

    def seconds_of(self, kind: str) -> float:
        """Give the processor time of all processes of a kind, so far."""
        return sum(seconds for (one, _), seconds in self.seconds.items() if one == kind)

    def stop(self) -> None:
        """End all programs."""
        self._over.set()
        self._watcher.join()
        for program in reversed(self.programs):
            program.terminate()
            program.wait()


def _levels(pid: int) -> Iterator[list[int]]:
    """Give a process, its children, their children and so on."""
    level = [pid]
    while level:
        yield level
        level = [
            int(child)
            for one in level
            for children in Path(f"/proc/{one}/task").glob("*/children")
            for child in _text(children).split()
        ]


def _seconds(pid: int) -> float:
    """Give the processor time of a process; 0 where it has ended."""
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@contextmanager
def site(folder: Path, n_workers: int) -> Iterator[Site]:
    """Have a site while the block runs."""
    folder.mkdir()
    started = Site(folder, n_workers)
    try:
        yield started
    finally:
        started.stop()


def measured_client(command: Sequence[str]) -> dict[str, Any]:
    """Run a client that prints JSON; add its own peak memory, in bytes."""
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak, seconds = 0, 0.0
    while client.poll() is None:
        peak = max([peak, *map(_peak, _family(client.pid))])
        seconds = max(seconds, _seconds(client.pid))
        time.sleep(0.2)
    assert client.stdout is not None
    return json.loads(client.stdout.read()) | {"peak": peak, "cpu": seconds}


def scaled(options: argparse.Namespace) -> None:
    """Predict a library with one worker and with more."""
    source = options.source or builtin.prepare(builtin.CORPORA["folk"], lambda *_: None)
    model = str(options.model.resolve())
    one = 0.0
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        copies(sorted(source.rglob("*.mid")), options.songs, place / "songs")
        tables = []
        for n_workers in options.workers:
            out = place / f"{n_workers}.parquet"
            with site(place / f"site-{n_workers}", n_workers) as there:
                work = "--work", str(place / "songs"), model, str(out), str(there.file)
                found = measured_client([sys.executable, __file__, *work])
            rate = found["songs"] / found["seconds"]
            one = one or rate / min(n_workers, n_cores())
            used = {"client": (found["peak"], found["cpu"])}
            used |= {kind: (peak, there.seconds_of(kind)) for kind, peak in there.peaks.items()}
            shown = ", ".join(f"{kind} {peak / 1e6:.0f} MB {seconds:.1f} s"
                              for kind, (peak, seconds) in used.items())  # fmt: skip
            gain = rate / (one * min(n_workers, n_cores()))
            print(f"{n_workers} workers on {n_cores()} cores: {rate:,.0f} songs/s, "
                  f"{gain:.2f} of a perfect gain; peak a process, processor time: {shown}",
                  flush=True)  # fmt: skip
            tables.append(out.read_bytes())
        same = all(table == tables[0] for table in tables)
        print(f"tables: {'the same bytes' if same else 'OTHERS'}")


class Nothing(Executor):
    """Gives the same result of every task, at once."""

    n_workers = 100

    def __init__(self, value: Any) -> None:
        self.value = value

    def submit(
        self,
        task: Task,
        on_start: Callable[[], None] = lambda: None,
        on_event: Callable[[str], None] = lambda note: None,
    ) -> Future:
        """Have nothing done."""
        return Future(task, lambda future: None, on_start, on_event, done=True, value=self.value)

    def as_completed(self, futures: Sequence[Future]) -> Iterator[Future]:
        """Give all."""
        yield from futures

    def close(self) -> None:
        """Leave nothing."""


def bookkeeping(model: Path, n_batches: int) -> None:
    """Plan batches and take their results, without any work; print what the client needs."""
    from classify.corpora.labels import Entry
    from classify.inference.prediction_batches import Partition, Work
    from classify.inference.prediction_record import Counts
    from classify.inference.saved_model import load

    work = Work(load(model), Nothing(Partition(Counts(100), [])), Path("/none"), 0.5, False)
    before, begun = _peak(os.getpid()), time.perf_counter()
    batches = ([Entry(Path(f"/none/{number}.mid"), f"{number}", "")] for number in range(n_batches))
    n_songs = sum(batch.found.counts.songs for batch in work.all(batches) if batch.found)
    milliseconds = 1000 * (time.perf_counter() - begun) / n_batches
    print(f"{n_batches:,} batches ({n_songs:,} songs) planned and taken: {milliseconds:.3f} ms "
          f"each, {(_peak(os.getpid()) - before) / 1e6:.0f} MB more than before "
          f"({_peak(os.getpid()) / 1e6:.0f} MB in all)")  # fmt: skip


def tasks(n_tasks: int) -> None:
    """Send tasks that do nothing; print what one costs, and what scheduler and client grow by."""
    from classify.compute.dask import DaskExecutor

    with (
        tempfile.TemporaryDirectory() as temporary,
        site(Path(temporary) / "site", 2) as there,
        DaskExecutor(str(there.file)) as executor,
    ):
        executor.submit(Task("first", abs, (-1,))).result()
        pids = {"client": os.getpid(), "scheduler": there.programs[0].pid}
        before, begun = {name: _peak(pid) for name, pid in pids.items()}, time.perf_counter()
        used = {"client": time.process_time()} | {kind: there.seconds_of(kind) for kind in KINDS}
        for start in range(0, n_tasks, WAITING):
            some = [executor.submit(Task(f"{start + n}", abs, (n,))) for n in range(WAITING)]
            for _ in executor.as_completed(some):
                pass
        milliseconds = 1000 * (time.perf_counter() - begun) / n_tasks
        time.sleep(0.5)  # until processor time was looked at again
        spent = {"client": time.process_time()} | {kind: there.seconds_of(kind) for kind in KINDS}
        grown = {name: (_peak(pid) - before[name]) / 1e6 for name, pid in pids.items()}
    shown = ", ".join(f"{name} + {more:.0f} MB" for name, more in grown.items())
    each = ", ".join(f"{kind} {1000 * (spent[kind] - used[kind]) / n_tasks:.2f}" for kind in used)
    print(f"{n_tasks:,} tasks without work, 2 workers: {milliseconds:.2f} ms each; {shown}; "
          f"milliseconds of processor time: {each}")  # fmt: skip


def main() -> None:
    """Run the benchmark."""
    if sys.argv[1:2] == ["--work"]:
        folder, model, out = map(Path, sys.argv[2:5])
        predict(folder, model, out, sys.argv[5])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("--songs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--from", type=Path, dest="source", metavar="FOLDER")
    parser.add_argument("--bookkeeping", type=int, metavar="BATCHES")
    parser.add_argument("--tasks", type=int, metavar="TASKS")
    options = parser.parse_args()
    if options.bookkeeping:
        bookkeeping(options.model, options.bookkeeping)
    if options.tasks:
        tasks(options.tasks)
    if not (options.bookkeeping or options.tasks):
        scaled(options)


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
