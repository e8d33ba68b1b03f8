"""Songs through a trained model, batch by batch: in this process, in others, or on a cluster.

A task predicts a batch of songs, or reads a batch of files and predicts them, and leaves a
partition of the table, a Parquet file that is named by the hash of all that decides it: the model,
the songs, or the files' names, sizes and times, and the threshold. So a prediction that was stopped
finds its partitions again. Which songs are in a batch does not depend on where it is predicted, and
neither do the numbers. Neither songs nor tables need ever be held all together.

A batch whose process dies is parted until the song is known that it died of; that one is skipped.
"""

import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from classify.addresses import shown
from classify.compute.executor import (
    Executor,
    Future,
    Task,
    TaskDied,
    make_executor,
    n_cores,
    task_name,
)
from classify.corpora import Skipped
from classify.corpora.labels import Entry
from classify.corpora.library import Item, items_of
from classify.corpora.store import Store
from classify.errors import InputError
from classify.experiments.results import write_parquet
from classify.files import atomic_write
from classify.inference import predicted_block, saved_model
from classify.inference.predicted_block import BLOCK
from classify.inference.prediction_record import Counts
from classify.inference.saved_model import Bundle
from classify.records import VERSION

#: Files of a batch: seconds of work, and few enough that a lost one costs little.
BATCH = 100

#: Batches that an executor has for each of its workers, so that short ones travel together.
AHEAD = 6

#: Batches that are done, and wait for one before them, as a multiple of those under way.
WAITING = 6

#: Seconds of a core that a song and each of its notes take, and those until a process has loaded a
#: model (measured with the recommended one). The program itself predicts from the first second on;
#: a process is started where there is work for two such starts: a quarter of the time is gained.
PER_SONG, PER_NOTE, START = 4e-4, 6e-6, 3.0

#: What batches are made of: files that are still to be read, or songs that were read here.
Source = Entry | Item


class Partition(msgspec.Struct, frozen=True):
    """What came of a batch, beside its table.

    Parameters
    ----------
    counts : Counts
        Its songs.
    skipped : list of tuple
        Name and reason of each file that could not be used.
    """

    counts: Counts
    skipped: list[tuple[str, str]]


@dataclass(eq=False)
class Batch:
    """Neighbours among the songs, where their partition goes, and what came of them.

    Parameters
    ----------
    sources : sequence of Entry or Item
        The files, or songs.
    path : Path
        Of the partition.
    found : Partition, optional
        Once it is there.
    halves : tuple of Batch
        What is done instead, if the process died that was given all.
    """

    sources: Sequence[Source]
    path: Path
    found: Partition | None = None
    halves: "tuple[Batch, ...]" = ()

    @property
    def done(self) -> bool:
        """Whether all is known."""
        return all(half.done for half in self.halves) if self.halves else self.found is not None

    def pieces(self) -> "Iterator[Batch]":
        """Give those in order that have a partition each."""
        if not self.halves:
            yield self
        for half in self.halves:
            yield from half.pieces()


@dataclass
class Work:
    """Batches that are done, or given to an executor.

    Parameters
    ----------
    bundle : Bundle
        The model.
    executor : Executor
        Where tasks run.
    parts : Path
        Folder of partitions.
    sure : float
        As for `classify.inference.prediction.predict`.
    course : bool
        Whether predictions for windows are kept.
    """

    bundle: Bundle
    executor: Executor
    parts: Path
    sure: float
    course: bool

    def all(self, pieces: Iterator[Sequence[Source]]) -> Iterator[Batch]:
        """Have batches done; give them in order. Few are under way, or waited for, at a time."""
        order, running, more = deque[Batch](), dict[Future, Batch](), True
        while order or more:
            most = AHEAD * self.executor.n_workers
            while more and len(running) < most and len(order) < WAITING * most:
                sources = next(pieces, None)
                more = sources is not None
                if sources:
                    order.append(self._begun(sources, running))
            while order and order[0].done:
                yield from order.popleft().pieces()
            if running:
                future = next(self.executor.as_completed(list(running)))
                self._settle(running.pop(future), future, running)

    def _begun(self, sources: Sequence[Source], running: dict[Future, Batch]) -> Batch:
        """Find the partition of some songs, or have it made."""
        rows = [_row(one) for one in sources]
        name = task_name("predict", VERSION, self.bundle.id, self.sure, self.course, rows)
        batch = Batch(sources, self.parts / f"{name}.parquet")
        batch.found = partition(batch.path)
        if batch.found is None:
            keep(self.bundle)
            given = self.bundle.folder, self.bundle.id, list(sources), batch.path
            gpu = self.bundle.about.model.kind == "network"
            task = Task(name, predict_batch, (*given, self.sure, self.course), gpu=gpu)
            running[self.executor.submit(task)] = batch
        return batch

    def _settle(self, batch: Batch, future: Future, running: dict[Future, Batch]) -> None:
        """Take what came of a batch, or part it if its process died."""
        try:
            batch.found = future.result()
        except (TaskDied, MemoryError) as death:
            middle = len(batch.sources) // 2
            if middle:
                halves = batch.sources[:middle], batch.sources[middle:]
                batch.halves = tuple(self._begun(half, running) for half in halves)
                return
            reason = f"cannot be predicted ({str(death) or 'not enough memory'})"
            batch.found = Partition(Counts(), [(batch.sources[0].name, reason)])


def _row(source: Source) -> tuple[Any, ...]:
    """Give what decides what is said of a song, or of those of a file."""
    if isinstance(source, Item):
        song = source.song
        return source.name, source.artist, source.title, song.digest, song.origin
    return source.name, source.member, source.group, *_state(source.path), shown(source.path)


def _state(path: Path) -> tuple[int, int]:
    """Give size and time of a file (ns), by which a changed one is known."""
    with suppress(OSError):
        about = path.stat()
        return about.st_size, about.st_mtime_ns
    return -1, 0


def partition(path: Path) -> Partition | None:
    """Read what an earlier task said of its partition; nothing if that is not whole."""
    with suppress(OSError, msgspec.MsgspecError):
        found = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Partition)
        if not found.counts.songs or path.is_file():
            return found
    return None


def executor_for(
    items: Sequence[Item], size: int = BLOCK, n_workers: int | None = None
) -> Executor:
    """Make the executor that predicts songs soonest on this machine.

    Parameters
    ----------
    items : sequence of Item
        The songs.
    size : int
        Songs of a batch.
    n_workers : int, optional
        Processes at most, this one among them; one per core unless given.
    """
    seconds = len(items) * PER_SONG + sum(item.song.n_notes for item in items) * PER_NOTE
    n_batches = -(-len(items) // size)
    most = min(n_workers or n_cores(), int(seconds / START), n_batches)
    few = most < 2 or seconds < 2 * START
    return make_executor(1, "inline") if few else make_executor(most, joins=True)


# --- tasks

#: The last model that was used in this process.
_models: dict[str, Bundle] = {}


def keep(bundle: Bundle) -> None:
    """Remember a model for the tasks of this process, which then need not load it."""
    _models.clear()
    _models[bundle.id] = bundle


def _kept(model: Path, id: str) -> Bundle:
    """Give a model; it is loaded once in a process."""
    if id not in _models:
        bundle = saved_model.load(model)
        if bundle.id != id:
            raise InputError(f"{model}: is another model now; give the same command again")
        keep(bundle)
    return _models[id]


def predict_batch(
    model: Path, id: str, sources: Sequence[Source], part: Path, sure: float, course: bool
) -> Partition:
    """Predict some songs, reading them first if they are files; leave a partition.

    Parameters
    ----------
    model : Path
        The folder of a bundle.
    id : str
        Its hash.
    sources : sequence of Entry or Item
        The files, or songs.
    part : Path
        The Parquet file to write. One for windows stands beside it, and JSON, written last, that
        says that all is there.
    sure : float
        As for `predict`.
    course : bool
        Whether predictions for windows are kept.
    """
    bundle = _kept(model, id)
    with _read(sources) as (items, skipped):
        found_blocks = predicted_block.in_blocks(bundle, items, sure=sure, course=course)
        blocks = [block for _, block in found_blocks]
        unknown = predicted_block.n_unknown(bundle, [item.song for item in items])
    counts = Counts()
    if blocks:
        songs = pd.concat([block.songs for block in blocks], ignore_index=True)
        counts = Counts.of(songs, unknown)
        write_parquet(part, songs)
        if course:
            windows = pd.concat([block.windows for block in blocks], ignore_index=True)
            write_parquet(windows_of(part), windows)
    found = Partition(counts, [(one.name, one.reason) for one in skipped])
    with atomic_write(part.with_suffix(".json")) as temporary:
        temporary.write_bytes(msgspec.json.encode(found))
    return found


@contextmanager
def _read(sources: Sequence[Source]) -> Iterator[tuple[list[Item], list[Skipped]]]:
    """Give the songs of a batch; files are read into a store of their own, here on this machine."""
    items = [one for one in sources if isinstance(one, Item)]
    entries = [one for one in sources if isinstance(one, Entry)]
    with tempfile.TemporaryDirectory(prefix="classify-") as folder:
        read, skipped = items_of(entries, Store(Path(folder)), n_workers=1) if entries else ([], [])
        yield items + read, skipped


def windows_of(part: Path) -> Path:
    """Name the file of the windows of a partition."""
    return part.with_suffix(".windows")
