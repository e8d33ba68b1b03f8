"""What commands read from and write to a bucket or a server: copies on this machine, kept in step.

Work is done on local files, as ever. What is read from an address is copied first, several files at
once, and only those whose size or tag is another than last time. What is written to one is made in
a copy of what lies there; whatever is finished meanwhile is sent there every few seconds, so that
the same command goes on with it on another machine. What it is work for decides, there as here,
whether finished work is used again.

Stores rename nothing in one step. Data are therefore sent before the JSON files that say that they
are there, and beside each result lies a small file, `.<name>.state`: it says that the result is
being written, and by whom, or that all of it is there. Nobody reads what is not whole, and nobody
writes where another does.
"""

import functools
import hashlib
import inspect
import json
import os
import platform
import re
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from classify.addresses import COPIES, Address, address_of, filesystem, reaching, shown
from classify.errors import InputError
from classify.files import TEMPORARY, atomic_write, exclusive, read_json, write_json, write_text
from classify.options import flag
from classify.progress import SILENT, Progress, counting

#: Files that are copied at once; stores answer slowly, and many at a time.
AT_ONCE = 16

#: Seconds between two looks for finished work, at least.
EVERY = 2.0

#: Seconds between two signs of life of a command that writes, and those after which one is dead.
BEAT, PATIENCE = 5.0, 20.0

#: Folders of work that can be done again from what is kept, and files of this machine alone.
SCRATCH = re.compile(
    rf"[^/]+/(.*/)?work/.*|(.*/)?{TEMPORARY.pattern}|(.*/)?\.[^/]*\.(lock|windows\.npy)"
)

#: Tags by which stores tell versions of a file.
TAGS = ("ETag", "etag", "md5Hash", "content_md5", "mtime", "LastModified", "last_modified",
        "created")  # fmt: skip

#: Stores on which a file is there before all of it was sent, and which rename in one step.
RENAMING = ("file", "sftp", "ssh")

#: States of a result.
WRITING, STOPPED, WHOLE = "writing", "stopped", "whole"


class Version(NamedTuple):
    """What tells a file of a store from an earlier one of its name."""

    size: int
    tag: str


class Known(NamedTuple):
    """A file of a copy as it was last in step: there, and the time of the one here (ns)."""

    size: int
    tag: str
    time: int

    @property
    def version(self) -> Version:
        """The one there."""
        return Version(self.size, self.tag)


@dataclass(frozen=True)
class Copy:
    """What lies at an address, and its copy on this machine.

    Parameters
    ----------
    address : Address
        Of a file or folder.
    """

    address: Address

    @functools.cached_property
    def _store(self) -> tuple[Any, str]:
        write_text(self.address.copy.with_suffix(".address"), self.address.parent)
        system, path = filesystem(self.address)
        return system, path.rpartition("/")[0]

    @property
    def path(self) -> Path:
        """Where the copy is."""
        return self.address.copy / self.address.name

    @property
    def state_file(self) -> str:
        """Name of the file that says whether all is there."""
        return f".{self.address.name}.state"

    def at(self, name: str) -> str:
        """Give what a file of the copy is called in the store."""
        return f"{self._store[1]}/{name}"

    def holds(self, name: str) -> bool:
        """Tell the file, or the files of the folder, from what lies beside it."""
        return name == self.address.name or name.startswith(f"{self.address.name}/")

    # --- what is known of it

    @property
    def _index(self) -> Path:
        return self.address.copy.with_suffix(".json")

    def known(self) -> dict[str, Known]:
        """Read which files are in step."""
        with suppress(OSError, ValueError, TypeError):
            return {name: Known(*row) for name, row in read_json(self._index).items()}
        return {}

    def remember(self, known: dict[str, Known]) -> None:
        """Keep which files are in step."""
        write_json(self._index, known)

    def listing(self, unfinished: bool) -> dict[str, Version]:
        """List the files that lie there, and work that is kept beside them until it is finished."""
        system, _ = self._store
        stem = self.address.name.rpartition(".")[0]
        beside = {f"{stem}.about.json"} if stem else set[str]()
        if unfinished:
            beside |= {f".{self.address.name}.{kind}" for kind in ("work", "parts")}
            beside |= {name for name in self.known() if "/" not in name}
        found = dict[str, Version]()
        with reaching(self.address, "read"):
            system.invalidate_cache()
            for name in sorted({self.address.name, *beside}):
                for path, about in system.find(self.at(name), detail=True).items():
                    about = about or system.info(path)
                    if about.get("type") != "directory" and not path.endswith("/"):
                        found[self._local(path)] = version_of(about)
        return found

    def _local(self, path: str) -> str:
        """Give a file's path in the copy; none leads out of it."""
        name = path.removeprefix(self._store[1] + "/")
        parts = name.split("/")
        if {"", ".", ".."} & set(parts) or "\\" in name or "\0" in name:
            raise InputError(f"{self.address}: holds {name!r}, which is no name of a file here")
        return name

    def state(self) -> dict[str, Any]:
        """Read whether all is there; empty where nobody said."""
        with reaching(self.address, "read"):
            with suppress(FileNotFoundError, ValueError):
                return dict(json.loads(self._store[0].cat_file(self.at(self.state_file))))
            return {}

    # --- from there to here

    def fetch(self, progress: Progress, unfinished: bool = False) -> None:
        """Copy what is new; delete what has gone there.

        Work of this machine that never got there stays.
        """
        known, there, folder = self.known(), self.listing(unfinished), self.address.copy
        here = dict(_files(folder))
        ours = known if unfinished else [name for name in here if self.holds(name)]
        for name in set(ours) - there.keys():
            (folder / name).unlink(missing_ok=True)
        known = {name: one for name, one in known.items() if name in there and name in here}
        if not unfinished:  # what a command that was killed left here is not what lies there
            known = {name: one for name, one in known.items() if one.time == here[name]}
        missing = {n: one for n, one in there.items() if n not in known or known[n].version != one}
        try:
            with counting(progress, f"Fetching {self.address}", "file") as count:
                for done, (name, one) in enumerate(self._fetched(missing), 1):
                    known[name] = one
                    count(done, len(missing))
                    if done % 1000 == 0:
                        self.remember(known)
        finally:
            self.remember(known)

    def _fetched(self, missing: dict[str, Version]) -> Iterator[tuple[str, Known]]:
        def fetched(name: str) -> tuple[str, Known]:
            version, file = missing[name], self.address.copy / name
            with atomic_write(file, version.size) as temporary, reaching(self.address, "read"):
                self._store[0].get_file(self.at(name), str(temporary))
                if temporary.stat().st_size != version.size:
                    raise OSError(f"{name} has {temporary.stat().st_size} of {version.size} bytes")
                os.utime(temporary, (_time(version), _time(version)))
            return name, Known(*version, file.stat().st_mtime_ns)

        yield from _together(fetched, missing)

    # --- from here to there

    def put(self, name: str) -> None:
        """Send a file; it is there whole or not at all."""
        system, file, target = self._store[0], str(self.address.copy / name), self.at(name)
        with reaching(self.address, "written"):
            if self.address.scheme not in RENAMING:
                system.put_file(file, target)
                return
            folder, _, last = target.rpartition("/")
            system.makedirs(folder, exist_ok=True)
            temporary = f"{folder}/.{uuid.uuid4().hex}-{last}"
            try:
                system.put_file(file, temporary)
                system.mv(temporary, target)
            except BaseException:
                with suppress(Exception):
                    system.rm_file(temporary)
                raise

    def remove(self, name: str) -> None:
        """Delete a file there."""
        with reaching(self.address, "written"), suppress(FileNotFoundError):
            self._store[0].rm_file(self.at(name))

    def say(self, state: dict[str, Any], first: bool = False) -> None:
        """Write the state; raises InputError if it is to be the first one and is not."""
        system, text = self._store[0], json.dumps(state).encode()
        with reaching(self.address, "written"):
            if self.address.scheme in RENAMING:
                system.makedirs(self._store[1], exist_ok=True)
            try:
                mode = "create" if first else "overwrite"
                system.pipe_file(self.at(self.state_file), text, mode=mode)
            except FileExistsError:
                raise _occupied(self.address, self.state()) from None


def version_of(about: dict[str, Any]) -> Version:
    """Tell the version of a file, as fsspec describes it.

    Examples
    --------
    >>> version_of({"size": 3, "ETag": '"ab"'})
    Version(size=3, tag='"ab"')
    """
    return Version(int(about["size"] or 0), str(next((about[t] for t in TAGS if t in about), "")))


def _time(version: Version) -> int:
    """Give a file a time that is the same on every machine, and another for another version."""
    return 1_600_000_000 + int(hashlib.sha256(repr(version).encode()).hexdigest()[:6], 16)


T = TypeVar("T")


def _together(work: Callable[[str], T], names: Iterable[str]) -> Iterator[T]:
    """Do something with many files, several at once; the first failure ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            yield from pool.map(work, names)
        finally:
            pool.shutdown(cancel_futures=True)


# --- reading


def read_copy(address: Address, progress: Progress = SILENT) -> Path:
    """Copy a file or folder that is only read; give the copy.

    Raises
    ------
    InputError
        If nothing is there, it cannot be read, or is not whole.
    """
    copy = Copy(address)
    if (state := copy.state()).get("state") in (WRITING, STOPPED):
        raise InputError(
            f"{address}: is not whole yet; {state.get('by', 'somebody')} began to write it; wait "
            f"for that command, or give it again"
        )
    with _alone(copy, patient=True):
        before = copy.listing(unfinished=False)
        for _ in range(3):
            copy.fetch(progress)
            after = copy.listing(unfinished=False)
            if before == after:
                break
            before = after
        else:
            raise InputError(f"{address}: changes while it is read; wait until that has ended")
        if not copy.path.exists():
            raise InputError(f"{address}: nothing is there")
    return copy.path


def local_path(given: str, progress: Progress = SILENT) -> str:
    """Give the copy of an address that a record names; any other text as it is."""
    address = address_of(given)
    return address.corpus + str(read_copy(address, progress)) if address else given


@contextmanager
def _alone(copy: Copy, patient: bool = False) -> Iterator[None]:
    """Keep other commands of this machine away from a copy; wait while they read."""
    end = time.monotonic() + PATIENCE * 30 * patient
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(exclusive(copy.address.copy))
                break
            except InputError:
                if time.monotonic() > end:
                    raise _occupied(copy.address, {"by": "another command here"}) from None
                time.sleep(0.2)
        yield


def _occupied(address: Address, state: dict[str, Any]) -> InputError:
    return InputError(
        f"{address}: {state.get('by', 'another command')} is at it now; wait for that, or name "
        f"another address"
    )


# --- writing


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
    with _alone(copy):
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
            raise _occupied(copy.address, now)
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
            raise _occupied(self.copy.address, now)
        new = self._state | {"state": state, "beat": self._beats}
        self.copy.say(new, first=not now)
        self._found, self._beats, self._beaten = new, self._beats + 1, time.monotonic()

    def send(self) -> None:
        """Send what is new here, and delete there what has gone here."""
        here = dict(_files(self.copy.address.copy))
        gone = sorted(self.known.keys() - here.keys())
        new = [n for n, time in here.items() if n not in self.known or self.known[n].time != time]
        if not gone and not new:
            return
        if not self._beats:
            self._say(WRITING)
        for name in _together(self._removed, gone):
            del self.known[name]
        records = [name for name in new if name.endswith(".json")]
        for some in ([name for name in new if not name.endswith(".json")], records):
            for sent, time_here in _together(self._sent, some):
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


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    """Give the files of a copy that are to be sent, each with its time (ns)."""
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place, name)
            below = file.relative_to(folder).as_posix()
            if not SCRATCH.fullmatch(below):
                with suppress(OSError):
                    yield below, file.stat().st_mtime_ns


# --- the door

P = ParamSpec("P")

#: Parameters that are addresses of another kind.
OTHERS = ("cluster", "command")


def stored(
    reads: Collection[str] = (), writes: Collection[str] = ()
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a function take addresses, as s3://bucket/songs, where it takes paths.

    Parameters
    ----------
    reads, writes : collection of str
        Names of parameters that name what is read or written. An address that another parameter is
        given is refused.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def through(*given: P.args, **named: P.kwargs) -> T:
            bound = signature.bind(*given, **named)
            progress = bound.arguments.get("progress", SILENT)
            with ExitStack() as stack:

                def local(name: str, value: Any) -> Any:
                    if isinstance(value, list | tuple):
                        return type(value)(local(name, one) for one in value)
                    address = None if name in OTHERS else address_of(value)
                    if address is None:
                        return value
                    if name in writes:
                        return stack.enter_context(written(address, progress))
                    if name not in reads:
                        takes = ", ".join(f"--{flag(one)}" for one in (*reads, *writes))
                        raise InputError(
                            f"{address}: --{flag(name)} takes a path on this machine"
                            + (f"; an address is taken by {takes}" if takes else "")
                        )
                    return address.corpus + str(read_copy(address, progress))

                stack.enter_context(_addresses_said())
                for name, value in bound.arguments.items():
                    if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                        bound.arguments[name] = {n: local(n, v) for n, v in value.items()}
                    else:
                        bound.arguments[name] = local(name, value)
                return function(*bound.args, **bound.kwargs)

        return through

    return decorate


@contextmanager
def _addresses_said() -> Iterator[None]:
    """Name addresses in refusals, not their copies."""
    try:
        yield
    except InputError as error:
        if COPIES not in str(error) or type(error) is not InputError:
            raise
        raise InputError(shown(str(error))) from None
