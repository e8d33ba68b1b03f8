"""Files read in processes, so that a file that does harm takes no other along.

Files are read in company first, a batch in a process. Whatever a process raises, and however it
ends, is the fault of the file that it was at: that one is put aside, and what stands before and
behind it in its batch is read in fresh processes. Files that were put aside are tried at the end,
each alone in a process that has read nothing else. What is said of them then is true of them, and
can be remembered: in company it may have been another's memory, or a busy machine's time.

Files that fail may cost so much time together (`PATIENCE`) and no more.
"""

import errno
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from classify.compute.executor import Executor, Future, Task, TaskDied, make_executor, task_name
from classify.errors import InputError
from classify.files import DiskFull, is_full
from classify.songs.batch import Batch, Mark, ParsedSong, opened, read_batch
from classify.songs.formats import File, FileFormat
from classify.songs.song import UnusableSong

#: Seconds that files which fail alone may cost in one reading, in each process.
PATIENCE = 120.0

#: Time that a file has in company, as a share of what it has alone; less after each that took
#: longer, and not below the second.
IN_COMPANY, LEAST = 1 / 4, 1 / 30
SHORTER = 0.8

#: Errors of the disk that is written to, which no file that is read is to blame for.
OF_THE_DISK = {errno.EROFS, errno.EACCES, errno.EPERM}

NOT_TRIED = (
    "was not read: it needs long, and files that cannot be read have used up the time that is "
    "spent on them; the next time others are tried"
)


@dataclass(eq=False)
class Piece:
    """Some files of one kind that are read by one process.

    Parameters
    ----------
    first : int
        The number of its first file among all that are read.
    files : list of File
        Neighbours among them.
    kind : FileFormat
        What they are.
    alone : bool
        Whether this is a file that was put aside.
    batch : Batch or None
        What came of it, once that is known.
    shard : str
        Where the notes are.
    """

    first: int
    files: list[File]
    kind: FileFormat
    alone: bool = False
    batch: Batch | None = None
    shard: str = ""
    at: int | None = None
    begun: bool = False
    attempts: int = 0
    since: float = 0.0

    def note(self, _: str) -> None:
        """Remember that its process reads."""
        self.begun = True

    def start(self) -> None:
        """Remember when its process began with it."""
        self.since = time.monotonic()

    def part(self, start: int, stop: int) -> "Piece":
        """Give some of its files as a piece of their own."""
        return Piece(self.first + start, self.files[start:stop], self.kind)


@dataclass
class Reading:
    """Reads batches of files.

    Parameters
    ----------
    folder : Path
        Where processes leave what they read.
    known : callable
        As `classify.songs.batch.read_batch` takes it.
    n_workers : int
        Processes at once.
    """

    folder: Path
    known: Callable[[str, list[str]], set[str]]
    n_workers: int
    _slow: int = 0
    _lost: float = 0.0
    _number: int = 0
    _id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _aside: list[Piece] = field(default_factory=list)

    def read(self, batches: Sequence[tuple[FileFormat, list[File]]]) -> Iterator[Piece]:
        """Give what was read, in the order of the files; those that were put aside come last."""
        pieces, first = list[Piece](), 0
        for kind, files in batches:
            pieces.append(Piece(first, files, kind))
            first += len(files)
        n_workers = max(1, min(self.n_workers, len(pieces)))
        with make_executor(n_workers, keep_workers=True) as executor:
            yield from self._all(executor, pieces)
            aside = sorted(self._aside, key=lambda piece: piece.first)
            yield from self._all(executor, aside)

    def _all(self, executor: Executor, pieces: list[Piece]) -> Iterator[Piece]:
        """Read pieces; give them in order, whichever is read first."""
        order, waiting = deque(pieces), deque(pieces)
        running: dict[Future, Piece] = {}
        while waiting or running:
            while waiting and len(running) < 2 * executor.n_workers:
                piece = waiting.popleft()
                if piece.alone and self._lost > PATIENCE * executor.n_workers:
                    piece.batch = _unread(NOT_TRIED)
                else:
                    running[executor.submit(self._task(piece), piece.start, piece.note)] = piece
            for future in executor.as_completed(list(running)):
                piece = running.pop(future)
                parts = self._settle(piece, future)
                if parts != [piece]:
                    order = deque(other for one in order for other in _either(one, piece, parts))
                waiting.extendleft(part for part in reversed(parts) if part.batch is None)
                break
            while order and order[0].batch is not None:
                yield order.popleft()

    def _task(self, piece: Piece) -> Task:
        self._number += 1
        kind = piece.kind
        piece.shard = str(self.folder / f".batch-{self._id}-{self._number:06d}.parquet")
        seconds = kind.seconds
        if not piece.alone and kind.batch[0] > 1:
            seconds *= max(LEAST, IN_COMPANY * SHORTER**self._slow)
        return Task(
            task_name("read", kind.reader, piece.files),
            read_batch,
            (piece.files, kind, self.known, piece.shard, seconds, piece.alone),
            memory=kind.memory,
            fresh=piece.alone,
        )

    def _settle(self, piece: Piece, future: Future) -> list[Piece]:
        """Take a result, or give the pieces that are to be read instead."""
        try:
            piece.batch = future.result()
        except Exception as error:  # whatever it is: a file of this piece is the reason
            if is_full(error, self.folder):
                raise DiskFull(self.folder) from None
            if isinstance(error, OSError) and error.errno in OF_THE_DISK:
                raise
            Path(piece.shard).unlink(missing_ok=True)
            piece.at = Mark(piece.shard).take()
            if not piece.begun:
                piece.attempts += 1
                if piece.attempts > 2:
                    raise InputError(f"no process can be started to read songs ({error})") from None
            elif not piece.alone:
                return self._apart(piece, error)
            else:
                piece.batch = _verdict(piece, error)
        if piece.alone and piece.batch and not piece.batch.n_notes:
            self._lost += time.monotonic() - piece.since
        return [piece]

    def _apart(self, piece: Piece, error: Exception) -> list[Piece]:
        """Put the file aside that a piece failed at; give what is before and behind it."""
        n_files, at = len(piece.files), piece.at
        self._slow += isinstance(error, TaskDied) and error.signal == "SIGALRM"
        if n_files == 1:
            at = 0
        if at is None:  # each file was fine, and all together are too much
            return [piece.part(0, n_files // 2), piece.part(n_files // 2, n_files)]
        culprit = piece.part(at, at + 1)
        culprit.alone = True
        self._aside.append(culprit)
        parts = [piece.part(0, at), piece.part(at + 1, n_files)]
        return [part for part in parts if part.files]


def _either(one: Piece, piece: Piece, parts: list[Piece]) -> list[Piece]:
    return parts if one is piece else [one]


def _verdict(piece: Piece, error: Exception) -> Batch:
    """Say why a file that was alone could not be read; whether that is remembered depends."""
    (file,), kind = piece.files, piece.kind
    if isinstance(error, TaskDied):
        reason = kind.why_died(error)
        if error.signal == "SIGKILL":  # by the system, when memory ran out: others had it
            return _unread(reason)
    elif isinstance(error, MemoryError):
        reason = kind.too_much_memory
    else:
        return _unread(f"makes the reader fail ({type(error).__name__}: {error})")
    with suppress(UnusableSong, OSError):
        digest = opened(file, kind)[1]
        return Batch([digest], [ParsedSong(digest, reason=reason)])
    return _unread(reason)


def _unread(reason: str) -> Batch:
    return Batch([""], unopened={0: reason})
