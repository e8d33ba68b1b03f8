"""What is written to a bucket or a server: finished work, sent there while more is done."""

import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from classify.addresses import Address
from classify.errors import InputError
from classify.progress import SILENT, Progress
from classify.storage.copies import (
    STOPPED,
    WHOLE,
    WRITING,
    Copy,
    Known,
    Version,
    alone,
    files_of,
    occupied,
    together,
)

#: Seconds between two looks for finished work, at least.
EVERY = 2.0

#: Seconds between two signs of life of a command that writes, and those after which one is dead.
BEAT, PATIENCE = 5.0, 20.0


@contextmanager
def written(address: Address, progress: Progress = SILENT) -> Iterator[Path]:
    """Keep an address in step with its copy while the block writes there.

    Yields
    ------
    Path
        The copy: all that lies there, and finished work of a command that was stopped.

    Raises
    ------
    InputError
        If another command writes there, or the address cannot be written.
    """
    copy = Copy(address)
    with alone(copy):
        found = _check_left(copy, progress)
        copy.fetch(progress, unfinished=True)
        copy.path.parent.mkdir(parents=True, exist_ok=True)
        mirror = Mirror(copy, found)
        try:
            yield copy.path
        except BaseException:
            with suppress(InputError):  # there is another error to tell
                mirror.end(STOPPED)
            raise
        mirror.end(WHOLE)


def _check_left(copy: Copy, progress: Progress) -> dict[str, Any]:
    """Refuse an address where another command writes; give the state that a dead one left."""
    state = copy.state()
    if state.get("state") != WRITING or _dead_here(state):
        return state
    progress.message(
        f"{copy.address}: {state.get('by')} wrote there and did not end; looking for "
        f"{PATIENCE:.0f} s whether it still does."
    )
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        time.sleep(BEAT / 2)
        now = copy.state()
        if now != state:
            raise occupied(copy.address, now)
    return state


def _dead_here(state: dict[str, Any]) -> bool:
    """Tell whether a command ran on this machine and does no more."""
    if state.get("machine") != _machine() or not isinstance(state.get("process"), int):
        return False
    try:
        os.kill(state["process"], 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return state["process"] == os.getpid()


def _machine() -> str:
    return f"{platform.node()}-{uuid.getnode():x}"


class Mirror:
    """Sends finished files of a copy to its address, in a thread of its own, until it is ended.

    Parameters
    ----------
    copy : Copy
        As it was fetched.
    found : dict
        The state that was there before.
    """

    def __init__(self, copy: Copy, found: dict[str, Any]) -> None:
        self.copy, self.known, self._found = copy, copy.known(), found
        self._state: dict[str, Any] = {
            "by": f"a command on {platform.node()} (process {os.getpid()})",
            "machine": _machine(), "process": os.getpid(), "id": uuid.uuid4().hex,
        }  # fmt: skip
        self._beats, self._beaten = 0, 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        wait = EVERY
        while not self._over.wait(wait):
            begun = time.monotonic()
            with suppress(InputError, OSError):  # a store that is away; the end says so if it stays
                self.send()
                self._beat()
            wait = max(EVERY, 4 * (time.monotonic() - begun))

    def _beat(self) -> None:
        """Show that this command lives, if it writes there."""
        if self._beats and time.monotonic() - self._beaten > BEAT:
            self._beaten = time.monotonic()
            self._say(WRITING)

    def _say(self, state: str) -> None:
        """Write the state, unless another command has written it."""
        if (now := self.copy.state()) != self._found:
            raise occupied(self.copy.address, now)
        new = self._state | {"state": state, "beat": self._beats}
        self.copy.say(new, first=not now)
        self._found, self._beats, self._beaten = new, self._beats + 1, time.monotonic()

    def send(self) -> None:
        """Send what is new here, and delete there what has gone here."""
        here = dict(files_of(self.copy.address.copy))
        gone = sorted(self.known.keys() - here.keys())
        new = [n for n, time in here.items() if n not in self.known or self.known[n].time != time]
        if not gone and not new:
            return
        if not self._beats:
            self._say(WRITING)
        for name in together(self._removed, gone):
            del self.known[name]
        records = [name for name in new if name.endswith(".json")]
        for some in ([name for name in new if not name.endswith(".json")], records):
            for sent, time_here in together(self._sent, some):
                if time_here:
                    self.known[sent] = Known(-1, "", time_here)

    def _removed(self, name: str) -> str:
        self.copy.remove(name)
        self._beat()
        return name

    def _sent(self, name: str) -> tuple[str, int]:
        """Send a file as it is now, unless it has gone meanwhile."""
        file = self.copy.address.copy / name
        try:
            time_here = file.stat().st_mtime_ns
            self.copy.put(name)
        except (OSError, InputError):
            if not file.exists():
                return name, 0
            raise
        self._beat()
        return name, time_here

    def end(self, state: str) -> None:
        """Send the rest, and say what became of the command.

        Raises
        ------
        InputError
            If the address cannot be written.
        """
        self._over.set()
        self._thread.join()
        try:
            self.send()
            if self._beats or (state == WHOLE and self._found.get("state") in (WRITING, STOPPED)):
                self._check_sizes()
                self._say(state)
        finally:
            self.copy.remember(self.known)

    def _check_sizes(self) -> None:
        """See that all has arrived; remember it as it is there."""
        there = self.copy.listing(unfinished=True)
        for name, one in list(self.known.items()):
            file = self.copy.address.copy / name
            size = file.stat().st_size
            if name in there and there[name].size != size:
                raise InputError(
                    f"{self.copy.address}: {name} has {there[name].size} bytes there and {size} "
                    f"here ({file}); give the same command again"
                )
            self.known[name] = Known(*there.get(name, Version(size, one.tag)), one.time)
