"""The process of a lane: takes jobs from standard input, one a line, and tells how they go.

    python -m classify.app.worker FOLDER NICE

It loads what most jobs need before it takes the first, and tells when it is ready. What it tells
goes to the pipe that was its standard output, a JSON object a line; whatever a library prints goes
to standard error, which is a log. It ends when its input does, so it never outlives the page.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from typing import Any, TextIO

from classify.errors import InputError

#: Seconds between two reports of one task.
EVERY = 0.1


class Told:
    """Progress as lines of JSON."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._done: dict[str, int] = {}
        self._told: dict[str, float] = {}

    def tell(self, event: str, **values: Any) -> None:
        """Write a line."""
        self._out.write(json.dumps({"event": event, **values}) + "\n")
        self._out.flush()

    def begin(self, key: str, title: str, total: int, unit: str) -> None:
        """Tell that a task began."""
        self._done[key], self._told[key] = 0, 0.0
        self.tell("begin", key=key, title=title, total=total, unit=unit)

    def advance(self, key: str, note: str = "", done: int | None = None) -> None:
        """Tell how far a task is, not more than ten times a second."""
        self._done[key] = self._done.get(key, 0) + 1 if done is None else done
        if time.monotonic() - self._told.get(key, 0.0) >= EVERY:
            self._told[key] = time.monotonic()
            self.tell("advance", key=key, done=self._done[key])

    def end(self, key: str, line: str = "") -> None:
        """Tell that a task ended."""
        self._done.pop(key, None)
        self.tell("end", key=key, line=line)

    def message(self, line: str) -> None:
        """Tell a line that stays."""
        self.tell("message", line=line)


def main(folder: str, nice: str) -> None:
    """Do jobs until the input ends."""
    os.nice(int(nice))
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from classify.app.database import Database
    from classify.app.place import Place
    from classify.app.room import Room, load_used_models
    from classify.app.tasks import TASKS

    place = Place.of(folder)
    database, told = Database(place.database), Told(out)
    try:
        load_used_models(database)
    except Exception:  # a job that needs them will say what is wrong
        traceback.print_exc()
    told.tell("ready")
    for line in sys.stdin:
        order, told = json.loads(line), Told(out)
        try:
            room = Room(place, database, told)
            told.tell("done", result=TASKS[order["kind"]](room, **order["parameters"]))
        except InputError as error:
            told.tell("refused", message=str(error))
        except Exception as error:
            traceback.print_exc()
            told.tell("failed", message=f"{type(error).__name__}: {error}")


def _leave_with(parent: int) -> None:
    """End when the page has ended, however it did: nobody would see what comes of the work."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
