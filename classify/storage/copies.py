"""Copies on this machine of what lies in a bucket or on a server, and how they are read."""

import functools
import hashlib
import json
import os
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from classify.addresses import Address, address_of, filesystem, reaching
from classify.errors import InputError
from classify.files import TEMPORARY, atomic_write, exclusive, read_json, write_json, write_text
from classify.progress import SILENT, Progress, counting

#: Files that are copied at once; stores answer slowly, and many at a time.
AT_ONCE = 16

#: Seconds for which a command waits for another one here that reads the same.
LONGEST_WAIT = 600.0

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

    def fetch(self, progress: Progress, unfinished: bool = False) -> dict[str, Version]:
        """Copy what is new; delete what has gone there; give what lay there.

        Work of this machine that never got there stays.
        """
        known, there, folder = self.known(), self.listing(unfinished), self.address.copy
        here = dict(files_of(folder))
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
        return there

    def _fetched(self, missing: dict[str, Version]) -> Iterator[tuple[str, Known]]:
        def fetched(name: str) -> tuple[str, Known]:
            version, file = missing[name], self.address.copy / name
            with atomic_write(file, version.size) as temporary, reaching(self.address, "read"):
                self._store[0].get_file(self.at(name), str(temporary))
                if temporary.stat().st_size != version.size:
                    raise OSError(f"{name} has {temporary.stat().st_size} of {version.size} bytes")
                os.utime(temporary, (_time(version), _time(version)))
            return name, Known(*version, file.stat().st_mtime_ns)

        yield from together(fetched, missing)

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
                raise occupied(self.address, self.state()) from None


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


def together(work: Callable[[str], T], names: Iterable[str]) -> Iterator[T]:
    """Do something with many files, several at once; the first failure ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            yield from pool.map(work, names)
        finally:
            pool.shutdown(cancel_futures=True)


def files_of(folder: Path) -> Iterator[tuple[str, int]]:
    """Give the files of a copy that are to be sent, each with its time (ns)."""
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place, name)
            below = file.relative_to(folder).as_posix()
            if not SCRATCH.fullmatch(below):
                with suppress(OSError):
                    yield below, file.stat().st_mtime_ns


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
    with alone(copy, patient=True):
        for _ in range(3):
            if copy.fetch(progress) == copy.listing(unfinished=False):
                break
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
def alone(copy: Copy, patient: bool = False) -> Iterator[None]:
    """Keep other commands of this machine away from a copy; wait while they read."""
    end = time.monotonic() + LONGEST_WAIT * patient
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(exclusive(copy.address.copy))
                break
            except InputError:
                if time.monotonic() > end:
                    raise occupied(copy.address, {"by": "another command here"}) from None
                time.sleep(0.2)
        yield


def occupied(address: Address, state: dict[str, Any]) -> InputError:
    """Say that another command is at an address."""
    return InputError(
        f"{address}: {state.get('by', 'another command')} is at it now; wait for that, or name "
        f"another address"
    )
