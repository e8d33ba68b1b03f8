"""New songs through a trained model, batch by batch: on a cluster, as many as there are.

A task reads and predicts a batch of files and leaves a partition of the table, a Parquet file that
is named by the hash of all that decides it: the model, the files' names, sizes and times, the
threshold. So a prediction that was stopped finds its partitions again. Partitions are put one
behind the other into the output as soon as those before them are there; neither songs nor tables
are ever held all together, but for a few numbers a song that say what the library is like as a
whole.

A batch whose process dies is parted until the file is known that it died of; that one is skipped.
"""

import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from classify.compute.executor import Executor, Future, Task, TaskDied, task_name
from classify.corpora.labels import Entry
from classify.corpora.library import items_of, list_songs, nothing_usable
from classify.corpora.store import Store
from classify.corpora.walk import Skipped
from classify.errors import InputError
from classify.experiments.results import P, write_parquet
from classify.files import atomic_write, exclusive
from classify.inference import prediction, saved_model
from classify.inference.prediction import COLUMNS, SURE
from classify.inference.prediction_record import Counts, about_of, write_about
from classify.inference.saved_model import Bundle
from classify.progress import SILENT, Progress, counting
from classify.records import VERSION

#: Files of a batch: seconds of work, and few enough that a lost one costs little.
BATCH = 100

#: Batches that are done, and wait for one before them, as a multiple of those under way.
WAITING = 16

#: Endings of tables that can be written piece by piece.
ENDINGS = (".csv", ".parquet")


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
    """Neighbours among the files, where their partition goes, and what came of them.

    Parameters
    ----------
    entries : sequence of Entry
        The files.
    path : Path
        Of the partition.
    found : Partition, optional
        Once it is there.
    halves : tuple of Batch
        What is done instead, if the process died that was given all.
    """

    entries: Sequence[Entry]
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


def predict_in_batches(
    bundle: Bundle,
    sources: Sequence[Path],
    out: Path,
    executor: Executor,
    course: Path | None = None,
    sure: float = SURE,
    progress: Progress = SILENT,
    artist_folder: int = 1,
    size: int = BATCH,
) -> dict[str, Any]:
    """Predict songs in tasks of an executor, and write what came of it; go on where it stopped.

    Parameters
    ----------
    bundle : Bundle
        The model; tasks load it from its folder.
    sources : sequence of Path
        Files, folders and zip archives.
    out : Path
        Ends in .csv or .parquet; `<name>.about.json` is written beside it.
    executor : Executor
        Where tasks run. No number depends on it.
    course, sure, progress, artist_folder
        As for `classify.inference.prediction.predict`.
    size : int
        Files of a batch.

    Returns
    -------
    dict
        Which model, when, by which rule, and `skipped`: name and reason of each file.

    Raises
    ------
    InputError
        If there is no song that can be read, or an argument is none of these.
    """
    prediction.check_target(out, ENDINGS)
    prediction.check_course(bundle, course)
    prediction.check_sure(sure)
    with exclusive(out):
        listing = list_songs(sources, artist_folder)
        parts = out.with_name(f".{out.name}.parts")
        parts.mkdir(parents=True, exist_ok=True)
        work = Work(bundle, executor, parts, sure, course is not None)
        n_files, skipped = len(listing.entries), list(listing.skipped)
        counts, statistics = Counts(), []
        with counting(progress, "Predicting songs", "song") as count, ExitStack() as stack:
            append = stack.enter_context(growing(out))
            append_windows = stack.enter_context(growing(course)) if course else None
            done = 0
            for batch in work.all(_taken(listing.entries, size)):
                assert batch.found is not None
                skipped += [Skipped(*one) for one in batch.found.skipped]
                counts = counts.plus(batch.found.counts)
                if batch.found.counts.songs:
                    songs = pd.read_parquet(batch.path)
                    append(songs[[*COLUMNS, *(P + mood for mood in bundle.classes)]])
                    statistics.append(prediction.statistics_of(songs))
                    if append_windows:
                        append_windows(pd.read_parquet(_windows(batch.path)))
                done += len(batch.entries)
                count(done, n_files)
            if not statistics:
                raise nothing_usable(sources[0], skipped)
        about = about_of(bundle, counts, np.concatenate(statistics), sure)
        write_about(out, about, skipped)
        shutil.rmtree(parts, ignore_errors=True)
    return about | {"skipped": skipped}


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
        As for `predict_in_batches`.
    course : bool
        Whether predictions for windows are kept.
    """

    bundle: Bundle
    executor: Executor
    parts: Path
    sure: float
    course: bool

    def all(self, pieces: Iterator[Sequence[Entry]]) -> Iterator[Batch]:
        """Have batches done; give them in order. Few are under way, or waited for, at a time."""
        order, running, more = deque[Batch](), dict[Future, Batch](), True
        while order or more:
            most = 2 * self.executor.n_workers
            while more and len(running) < most and len(order) < WAITING * most:
                entries = next(pieces, None)
                more = entries is not None
                if entries:
                    order.append(self._begun(entries, running))
            while order and order[0].done:
                yield from order.popleft().pieces()
            if running:
                future = next(self.executor.as_completed(list(running)))
                self._settle(running.pop(future), future, running)

    def _begun(self, entries: Sequence[Entry], running: dict[Future, Batch]) -> Batch:
        """Find the partition of some files, or have it made."""
        files = [(one.name, one.member, one.group, *_state(one.path), one.path) for one in entries]
        name = task_name("predict", VERSION, self.bundle.id, self.sure, self.course, files)
        batch = Batch(entries, self.parts / f"{name}.parquet")
        batch.found = partition(batch.path)
        if batch.found is None:
            given = self.bundle.folder, self.bundle.id, list(entries), batch.path
            task = Task(name, predict_batch, (*given, self.sure, self.course))
            running[self.executor.submit(task)] = batch
        return batch

    def _settle(self, batch: Batch, future: Future, running: dict[Future, Batch]) -> None:
        """Take what came of a batch, or part it if its process died."""
        try:
            batch.found = future.result()
        except (TaskDied, MemoryError) as death:
            middle = len(batch.entries) // 2
            if middle:
                halves = batch.entries[:middle], batch.entries[middle:]
                batch.halves = tuple(self._begun(half, running) for half in halves)
                return
            reason = f"cannot be predicted ({str(death) or 'not enough memory'})"
            batch.found = Partition(Counts(), [(batch.entries[0].name, reason)])


def _taken(entries: list[Entry], size: int) -> Iterator[list[Entry]]:
    """Take batches off the beginning of a list, which has a kilobyte a file, so that it shrinks."""
    entries.reverse()
    while entries:
        batch = entries[: -size - 1 : -1]
        del entries[-size:]
        yield batch


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


@contextmanager
def growing(path: Path) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Give a callable that appends rows to a Parquet or CSV file, which is whole or not there."""
    with atomic_write(path) as temporary, ExitStack() as stack:
        if path.suffix.lower() == ".csv":
            file = stack.enter_context(temporary.open("w", encoding="utf-8", newline=""))
            yield lambda table: table.to_csv(
                file, header=not file.tell(), index=False, float_format="%.6f"
            )
            return
        writers: list[pq.ParquetWriter] = []

        def append(table: pd.DataFrame) -> None:
            schema = writers[0].schema if writers else None
            rows = pa.Table.from_pandas(table, schema=schema, preserve_index=False)
            if not writers:
                writer = pq.ParquetWriter(temporary, rows.schema, compression="zstd")
                writers.append(stack.enter_context(writer))
            writers[0].write_table(rows)

        yield append


def read(path: Path) -> pd.DataFrame:
    """Read a table that `predict_in_batches` wrote; texts stay texts."""
    if path.suffix.lower() == ".parquet":
        return pd.read_parquet(path)
    texts = dict.fromkeys(("song", "title", "artist", "key", "prediction", "best", "set"), str)
    return pd.read_csv(path, dtype=texts, keep_default_na=False, na_values={"tempo": [""]})


# --- tasks


def predict_batch(
    model: Path, id: str, entries: Sequence[Entry], part: Path, sure: float, course: bool
) -> Partition:
    """Read and predict some files; leave a partition.

    Parameters
    ----------
    model : Path
        The folder of a bundle.
    id : str
        Its hash.
    entries : sequence of Entry
        The files.
    part : Path
        The Parquet file to write. One for windows stands beside it, and JSON, written last, that
        says that all is there.
    sure : float
        As for `predict`.
    course : bool
        Whether predictions for windows are kept.
    """
    bundle = _loaded(str(model), id)
    with tempfile.TemporaryDirectory(prefix="classify-") as folder:
        items, skipped = items_of(entries, Store(Path(folder)), n_workers=1)
        blocks = [block for _, block in prediction.in_blocks(bundle, items, sure=sure)]
        unknown = prediction.n_unknown(bundle, [item.song for item in items])
    counts = Counts()
    if blocks:
        songs = pd.concat([block.songs for block in blocks], ignore_index=True)
        counts = Counts.of(songs, unknown)
        write_parquet(part, songs)
        if course:
            windows = pd.concat([block.windows for block in blocks], ignore_index=True)
            write_parquet(_windows(part), windows)
    found = Partition(counts, [(one.name, one.reason) for one in skipped])
    with atomic_write(part.with_suffix(".json")) as temporary:
        temporary.write_bytes(msgspec.json.encode(found))
    return found


def _windows(part: Path) -> Path:
    return part.with_suffix(".windows")


@lru_cache(maxsize=1)
def _loaded(model: str, id: str) -> Bundle:
    """Load a model, once in a process."""
    bundle = saved_model.load(Path(model))
    if bundle.id != id:
        raise InputError(f"{model}: is another model now; give the same command again")
    return bundle
