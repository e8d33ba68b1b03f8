"""What is going on, for people: bars on a terminal, plain lines in a log, or silence.

Everything that takes long is given a `Progress` and tells it what begins, how far it is and what
came of it; who shows that, and how, is decided where the work was asked for.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from rich.console import Console

#: Seconds between two lines of one task in a log.
EVERY = 20.0


class Progress(Protocol):
    """Shows tasks that run side by side, each under a key of its own."""

    def begin(self, key: str, title: str, total: int, unit: str) -> None:
        """Start to show a task of `total` units (epochs, grid fits, songs)."""

    def advance(self, key: str, note: str = "", done: int | None = None) -> None:
        """Count one more unit of a task, or set how many are done."""

    def end(self, key: str, line: str = "") -> None:
        """Stop showing a task, and tell what came of it."""

    def message(self, line: str) -> None:
        """Tell a line that stays."""


class Silent:
    """Shows nothing."""

    def begin(self, key: str, title: str, total: int, unit: str) -> None:
        """Show nothing."""

    def advance(self, key: str, note: str = "", done: int | None = None) -> None:
        """Show nothing."""

    def end(self, key: str, line: str = "") -> None:
        """Show nothing."""

    def message(self, line: str) -> None:
        """Show nothing."""


#: What is shown unless somebody wants to see more.
SILENT = Silent()


@dataclass
class _Task:
    """One thing that runs: what a line needs to know of it."""

    title: str
    total: int
    unit: str
    begun: float = field(default_factory=time.monotonic)
    shown: float = field(default_factory=time.monotonic)
    done: int = 0


class Lines:
    """Writes plain lines, for a log: one now and then while a task runs, one when it has ended.

    Parameters
    ----------
    file : text file, optional
        Where to; standard error unless given, so that standard output stays clean.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self.file = file or sys.stderr
        self._tasks: dict[str, _Task] = {}

    def begin(self, key: str, title: str, total: int, unit: str) -> None:
        """Remember a task."""
        self._tasks[key] = _Task(title, total, unit)

    def advance(self, key: str, note: str = "", done: int | None = None) -> None:
        """Write a line if the last one is some time ago."""
        task = self._tasks[key]
        task.done = task.done + 1 if done is None else done
        if time.monotonic() - task.shown > EVERY and 0 < task.done < task.total:
            task.shown = time.monotonic()
            left = (task.shown - task.begun) / task.done * (task.total - task.done)
            self.message(
                f"  {task.title}: {task.unit} {task.done} of {task.total}, "
                f"at most {duration(left)} left {note}".rstrip()
            )

    def end(self, key: str, line: str = "") -> None:
        """Forget a task, and write what came of it."""
        del self._tasks[key]
        if line:
            self.message(line)

    def message(self, line: str) -> None:
        """Write a line."""
        print(line, file=self.file, flush=True)


class Bars:
    """Shows a bar for each task on a terminal, and lines above for what has ended.

    Parameters
    ----------
    console : rich.console.Console
        Where to.
    """

    def __init__(self, console: "Console") -> None:
        from rich import progress

        self.console = console
        self._bars = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=24),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[unit]}, at most"),
            progress.TimeRemainingColumn(compact=True),
            progress.TextColumn("left {task.fields[note]}"),
            console=console,
            transient=True,
        )
        self._tasks: dict[str, Any] = {}

    def begin(self, key: str, title: str, total: int, unit: str) -> None:
        """Show one more bar."""
        self._bars.start()
        self._tasks[key] = self._bars.add_task(title, total=total, unit=f"{unit}s", note="")

    def advance(self, key: str, note: str = "", done: int | None = None) -> None:
        """Move a bar."""
        step = 1 if done is None else None
        self._bars.update(self._tasks[key], advance=step, completed=done, note=note)

    def end(self, key: str, line: str = "") -> None:
        """Take a bar away, and print what came of its task."""
        self._bars.refresh()
        self._bars.remove_task(self._tasks.pop(key))
        if not self._tasks:
            self.close()
        if line:
            self.message(line)

    def message(self, line: str) -> None:
        """Print a line above the bars."""
        self.console.print(line, markup=False)

    def close(self) -> None:
        """Give the terminal back."""
        self._bars.stop()


@contextmanager
def on_terminal() -> Iterator[Progress]:
    """Show progress on standard error while the block runs: bars on a terminal, else lines."""
    from rich.console import Console

    console = Console(file=sys.stderr, highlight=False, soft_wrap=True, force_jupyter=False)
    if not console.is_terminal:
        yield Lines()
        return
    bars = Bars(console)
    try:
        yield bars
    finally:
        bars.close()


@contextmanager
def counting(progress: Progress, title: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Give a callable (done, total) that shows one task for as long as the block runs."""
    key, begun = f"counting {title}", False

    def count(done: int, total: int) -> None:
        nonlocal begun
        if not begun:
            progress.begin(key, title, total, unit)
            begun = True
        progress.advance(key, done=done)

    try:
        yield count
    finally:
        if begun:
            progress.end(key)


def duration(seconds: float) -> str:
    """Write a length of time as people say it: 8 s, 3 min 20 s, 2 h 5 min.

    Examples
    --------
    >>> duration(200)
    '3 min 20 s'
    """
    whole = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
