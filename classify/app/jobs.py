"""Work that takes a while: in processes of its own, one after another, watched and ended from here.

There are two lanes, each with one process that `classify.app.worker` runs: one for what takes
minutes (reading, training, comparing), one for what a person waits for (new songs, explanations).
A process stays for the next job of its lane, since starting one takes seconds, and leaves when it
has had nothing to do for `IDLE` seconds, so that an idle page needs little memory. That of the
second lane is started when a page is opened that will want it, while a person still looks.

A process that is ended, by a person or by the system, costs its job only. What a job had finished
is kept by the toolkit and by the database, and the same job goes on from there when it is repeated.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, update

from classify.app.database import Database
from classify.app.place import Place
from classify.app.tables import Job, now

#: Which lane a kind of job takes, and every kind that there is.
LANES = {
    "first_run": "long",
    "read_library": "long",
    "train_composer": "long",
    "compare": "long",
    "generate": "quick",
    "walk": "quick",
    "draw_map": "quick",
    "explain": "quick",
    "side_by_side": "quick",
    "build_playlist": "quick",
    "suggest": "quick",
    "adapt": "long",
    "use_from_run": "long",
}

#: Seconds without work after which a process leaves, and one leaves that was never needed.
IDLE = {"long": 30.0, "quick": 600.0}
UNUSED = 120.0

#: What a lane is told instead of a job's number: to have a process ready.
PREPARE = 0

#: The task of a job that waits until its process is ready.
WAITING = "Starting, and loading what is needed"
STARTING = {"key": "start", "title": WAITING, "total": 1, "unit": "step"}

#: How far a process gives way to the page and all else: nobody waits for what takes long.
NICE = {"long": 10, "quick": 0}

#: Seconds that a process has to end by itself before it is killed.
PATIENCE = 5.0

#: States in which a job has not come to its end.
OPEN = ("waiting", "running")

#: Ended jobs whose progress is remembered for the page.
REMEMBERED = 50


class Jobs:
    """The jobs of one page.

    Parameters
    ----------
    place : Place
        Where things are kept.
    database : Database
        Where jobs are written down.
    working : bool
        Whether jobs are done; they only wait otherwise.
    """

    def __init__(self, place: Place, database: Database, working: bool = True) -> None:
        self.place = place
        self.database = database
        #: Raised whenever anything changes, so that those who watch can see that something did.
        self.edition = 0
        self._progress: dict[int, dict[str, Any]] = {}
        self._editions: dict[int, int] = {}
        self._lock = threading.Lock()
        self._lanes = {name: _Lane(self, name, working) for name in IDLE}
        with database.writing() as session:
            session.execute(
                update(Job)
                .where(Job.state.in_(OPEN))
                .values(state="interrupted", message="The program ended before this was done.")
            )

    def add(self, kind: str, title: str, **parameters: Any) -> int:
        """Have something done; give the number of the job.

        The same work is not queued twice: if it waits or runs already, that job is given.
        """
        with self.database.writing() as session:
            waiting = session.scalars(select(Job).where(Job.kind == kind, Job.state.in_(OPEN)))
            for job in waiting:
                if job.parameters == parameters:
                    return job.id
            job = Job(kind=kind, title=title, parameters=parameters)
            session.add(job)
            session.flush()
            number = job.id
        self._changed(number)
        self._lanes[LANES[kind]].put(number)
        return number

    def repeat(self, number: int) -> int | None:
        """Do a job that did not come to its end again; it goes on where it was."""
        with self.database.reading() as session:
            job = session.get(Job, number)
        if job is None or job.state in OPEN:
            return None
        return self.add(job.kind, job.title, **job.parameters)

    def cancel(self, number: int) -> bool:
        """End a job; what it has finished is kept."""
        with self.database.writing() as session:
            job = session.get(Job, number)
            if job is None or job.state not in OPEN:
                return False
            lane = self._lanes[LANES[job.kind]]
            if job.state == "waiting":
                job.state, job.ended = "cancelled", now()
        lane.cancel(number)
        self._changed(number)
        return True

    def prepare(self) -> None:
        """Have a process ready for what a person will wait for."""
        self._lanes["quick"].put(PREPARE)

    def close(self) -> None:
        """End all processes."""
        for lane in self._lanes.values():
            lane.close()

    def process_of(self, lane: str) -> int | None:
        """Give the process of a lane; None where there is none now."""
        process = self._lanes[lane].process
        return process.pid if process and process.poll() is None else None

    # --- for those who watch

    def since(self, edition: int) -> tuple[int, list[dict[str, Any]]]:
        """Give the jobs that changed after an edition, and the edition now."""
        with self._lock:
            now_at = self.edition
            numbers = [number for number, at in self._editions.items() if at > edition]
        return now_at, self.described(numbers)

    def described(self, numbers: list[int]) -> list[dict[str, Any]]:
        """Describe jobs for the page."""
        with self.database.reading() as session:
            jobs = session.scalars(select(Job).where(Job.id.in_(numbers)).order_by(Job.id)).all()
        return [self._describe(job) for job in jobs]

    def latest(self, n: int = REMEMBERED) -> list[dict[str, Any]]:
        """Describe the latest jobs, the newest first."""
        with self.database.reading() as session:
            jobs = session.scalars(select(Job).order_by(Job.id.desc()).limit(n)).all()
        return [self._describe(job) for job in jobs]

    def _describe(self, job: Job) -> dict[str, Any]:
        progress = self._progress.get(job.id, {})
        return {
            "id": job.id, "kind": job.kind, "title": job.title, "state": job.state,
            "message": job.message, "result": job.result, "created": job.created,
            "started": job.started, "ended": job.ended, "parameters": job.parameters,
            "tasks": list(progress.get("tasks", {}).values()),
            "lines": progress.get("lines", []),
        }  # fmt: skip

    # --- for the lanes

    def begun(self, number: int) -> dict[str, Any] | None:
        """Take a job up, unless it was cancelled meanwhile."""
        with self.database.writing() as session:
            job = session.get(Job, number)
            if job is None or job.state != "waiting":
                return None
            job.state, job.started = "running", now()
            order = {"id": job.id, "kind": job.kind, "parameters": job.parameters}
        self._changed(number)
        return order

    def told(self, number: int, event: dict[str, Any]) -> None:
        """Note what a process says of its progress."""
        with self._lock:
            progress = self._progress.setdefault(number, {"tasks": {}, "lines": []})
            tasks, kind = progress["tasks"], event["event"]
            if kind == "begin":
                tasks[event["key"]] = {name: event[name] for name in ("title", "total", "unit")}
                tasks[event["key"]]["done"] = 0
            elif kind == "advance" and event["key"] in tasks:
                tasks[event["key"]]["done"] = event["done"]
            elif kind == "end":
                tasks.pop(event["key"], None)
            if event.get("line"):
                progress["lines"] = [*progress["lines"], event["line"]][-20:]
        self._changed(number)

    def ended(
        self, number: int, state: str, message: str = "", result: dict[str, Any] | None = None
    ) -> None:
        """Note how a job ended."""
        with self.database.writing() as session:
            job = session.get(Job, number)
            if job is not None:
                job.state, job.message, job.result, job.ended = state, message, result, now()
        with self._lock:
            if number in self._progress:
                self._progress[number]["tasks"] = {}
            for old in sorted(self._progress)[:-REMEMBERED]:
                del self._progress[old]
        self._changed(number)

    def _changed(self, number: int) -> None:
        with self._lock:
            self.edition += 1
            self._editions[number] = self.edition


class _Lane:
    """One process, and the jobs that wait for it."""

    def __init__(self, jobs: Jobs, name: str, working: bool) -> None:
        self._jobs = jobs
        self._name = name
        self._queue: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self.process: subprocess.Popen[str] | None = None
        self._ready = self._used = False
        self._running: int | None = None
        self._cancelled: set[int] = set()
        self._thread = threading.Thread(target=self._work, name=f"lane-{name}", daemon=True)
        if working:
            self._thread.start()

    def put(self, number: int) -> None:
        self._queue.put(number)

    def cancel(self, number: int) -> None:
        if self._running == number:
            self._cancelled.add(number)
            self._end_process()

    def close(self) -> None:
        self._queue.put(None)
        self._end_process()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)

    def _work(self) -> None:
        while True:
            try:
                number = self._queue.get(timeout=IDLE[self._name] if self._used else UNUSED)
            except queue.Empty:
                self._end_process()
                continue
            if number is None:
                self._end_process()  # it may have been started since it was to end
                return
            if number == PREPARE:
                with contextlib.suppress(OSError):
                    self._living()
                continue
            order = self._jobs.begun(number)
            if order is not None:
                self._running = number
                self._run(number, order)
                self._running = None

    def _run(self, number: int, order: dict[str, Any]) -> None:
        last: dict[str, Any] = {}
        if number in self._cancelled:  # before its process had begun
            self._jobs.ended(number, "cancelled", "Stopped before it had begun.")
            return
        with contextlib.suppress(OSError):  # the process has gone
            for event in self._events(order):
                last = event
                if event["event"] in ("done", "refused", "failed"):
                    break
                self._jobs.told(number, event)
        if last.get("event") == "done":
            self._jobs.ended(number, "done", result=last["result"])
        elif number in self._cancelled:
            self._jobs.ended(number, "cancelled", "Stopped. What was finished is kept.")
        elif last.get("event") == "refused":
            self._jobs.ended(number, "refused", last["message"])
        elif last.get("event") == "failed":
            self._jobs.ended(number, "failed", last["message"])
        else:
            self._jobs.ended(number, "died", self._why_died())

    def _events(self, order: dict[str, Any]) -> Iterator[dict[str, Any]]:
        process, self._used = self._living(), True
        if not self._ready:
            yield {"event": "begin", **STARTING}
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "ready":
                self._ready, event = True, {"event": "end", "key": STARTING["key"]}
            yield event

    def _living(self) -> "subprocess.Popen[str]":
        """Give the process; start it where there is none."""
        if self.process is None or self.process.poll() is not None:
            self._ready = self._used = False
            self.process = self._started()
        return self.process

    def _started(self) -> "subprocess.Popen[str]":
        with self._jobs.place.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "classify.app.worker", str(self._jobs.place.folder),
                 str(NICE[self._name])],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                encoding="utf-8", start_new_session=True,
            )  # fmt: skip

    def _why_died(self) -> str:
        code = self.process.wait(PATIENCE) if self.process else 0
        if code == -signal.SIGKILL:
            return "The process was ended by the system, which often means memory ran out."
        return f"The process ended before the work was done (exit status {code})."

    def _end_process(self) -> None:
        """End the process and all that it started: politely, then at once."""
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
