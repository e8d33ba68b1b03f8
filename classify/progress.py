"""What is going on, for people: bars on a terminal, plain lines in a log.

Several models train at once, so there is a bar for each that runs, with its epoch or grid fit and
the time it still takes at most, and lines above for what has finished.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

#: Seconds between two lines of one task in a log.
EVERY = 20.0


@dataclass
class _Task:
    """One thing that runs: what a log line needs to know of it."""

    title: str
    total: int
    unit: str
    bar: TaskID | None
    begun: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)
    done: int = 0


class Display:
    """Shows tasks that run side by side.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to; standard error unless given, so that standard output stays clean.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(
            file=sys.stderr, highlight=False, soft_wrap=True, force_jupyter=False
        )
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}, at most"),
            TimeRemainingColumn(compact=True),
            TextColumn("left {task.fields[note]}"),
            console=self.console,
            transient=True,
        )
        self._tasks: dict[str, _Task] = {}

    @contextmanager
    def shown(self) -> Iterator["Display"]:
        """Show bars while the block runs, if this is a terminal."""
        if self.console.is_terminal:
            with self._bars:
                yield self
        else:
            yield self

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self.console.print(line, markup=False)

    def begin(self, key: str, title: str, total: int, unit: str) -> None:
        """Start to show a task of `total` units (epochs, grid fits, songs)."""
        bar = None
        if self.console.is_terminal:
            bar = self._bars.add_task(title, total=total, unit=f"{unit}s", note="")
        self._tasks[key] = _Task(title, total, unit, bar)

    def advance(self, key: str, note: str = "", done: int | None = None) -> None:
        """Count one more unit of a task, or set how many are done."""
        task = self._tasks[key]
        task.done = task.done + 1 if done is None else done
        if task.bar is not None:
            self._bars.update(task.bar, completed=task.done, note=note)
        elif time.monotonic() - task.said > EVERY and task.done < task.total:
            task.said = time.monotonic()
            left = (task.said - task.begun) / task.done * (task.total - task.done)
            self.say(
                f"  {task.title}: {task.unit} {task.done} of {task.total}, "
                f"at most {duration(left)} left {note}".rstrip()
            )

    def end(self, key: str, line: str = "") -> None:
        """Stop showing a task, and print what came of it."""
        task = self._tasks.pop(key)
        if task.bar is not None:
            self._bars.remove_task(task.bar)
        if line:
            self.say(line)

    @contextmanager
    def counting(self, title: str, unit: str) -> Iterator[Callable[[int, int], None]]:
        """Give a callable (done, total) that shows one task for as long as the block runs."""
        key = f"counting {title}"

        def count(done: int, total: int) -> None:
            if key not in self._tasks:
                self.begin(key, title, total, unit)
            self.advance(key, done=done)

        with self.shown():
            yield count
            if key in self._tasks:
                self._bars.refresh()
                self.end(key)


def duration(seconds: float) -> str:
    """Write a length of time as people say it: 8 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
