"""New songs through a trained model: moods, how sure, and what else there is to say of each.

The table has a row for each song, in the order of their names, with the columns `song` (its path as
text; no two alike), `title`, `artist` (may be empty), `seconds`, `tempo` (quarter notes a minute;
missing where there is none to measure), `key` (as `D minor`), `loudness` (mean velocity, 0-127;
of a recording, the velocity that is as loud as it sounds),
`n_windows`, `prediction`, `best` (the most probable mood), `confidence` (its calibrated
probability), `set` (the moods that hold at 90 %, the best always among them, joined by `|`),
`in_distribution`, `generated` (whether a generator made it, as its file says) and `p:<mood>` for
each mood (calibrated; they sum to 1).

`in_distribution` is false for a song that is further from the training songs than 99 of 100 of
them are from each other, and for every transcription of a recording if the model has not learned
from such: its predictions are guesses. `prediction` is the best mood, or empty for *not sure*:
where the song is not in distribution, or where the confidence is below a threshold (0.5 unless
another is given: more likely wrong than right) and the best mood is not alone in the set with the
probability that the set requires.

A library of at least 30 songs is also looked at as a whole: each song may be like some song of the
training, and all together still be another kind of music, for which nothing was ever promised
(`domain_auc` and `warning` in what is written about the table).

Predictions for windows, through each song, are a second table: `song`, `start` (seconds at which
a window begins) and `p:<mood>`, calibrated as for whole songs, so a window alone seems surer than
it is.

Songs are predicted in batches, on all cores where there are many. What came of a batch is kept
beside the output until the whole table is there (`classify.inference.prediction_batches`); so a
prediction that was killed goes on where it was, and no process has the notes of more than a batch
in memory.
"""

import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from classify.compute.executor import Executor
from classify.corpora import Skipped
from classify.corpora.labels import Entry, Listing
from classify.corpora.library import Item, items_of, list_songs, load_library, nothing_usable
from classify.corpora.store import Store
from classify.errors import InputError
from classify.experiments.results import P, write_parquet
from classify.files import atomic_write, exclusive, write_json
from classify.inference.predicted_block import (
    BLOCK,
    COLUMNS,
    SURE,
    divided,
    predict_block,
    statistics_of,
)
from classify.inference.prediction_batches import BATCH, Batch, Work, executor_for, windows_of
from classify.inference.prediction_record import Counts, about_of, skipped_rows, write_about
from classify.inference.saved_model import Bundle
from classify.progress import SILENT, Progress, counting

#: Endings of tables, and of those that can be written piece by piece.
ENDINGS, GROWING = (".csv", ".json", ".parquet"), (".csv", ".parquet")

#: What follows a file's name where it holds several songs.
PART = re.compile(r"#\d+$")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of a library.

    Parameters
    ----------
    about : dict
        Which model, when, by which rule.
    table : DataFrame
        A row for each song.
    window_predictions : DataFrame
        A row for each window, where the mean over a song is what its row of `table` says. With a
        model of whole songs, only where `course` is asked for.
    statistics : ndarray, shape (n_songs, n_statistics)
        What each song is like, as `classify.representations.descriptors.STATISTICS` has it.
    skipped : list of Skipped
        What could not be read, and why.
    items : list of Item
        The songs.
    """

    about: dict[str, Any]
    table: pd.DataFrame
    window_predictions: pd.DataFrame
    statistics: NDArray[np.float64]
    skipped: list[Skipped]
    items: list[Item]


def predict(
    bundle: Bundle,
    sources: Sequence[Path],
    out: Path | None = None,
    course: Path | None = None,
    sure: float = SURE,
    progress: Progress = SILENT,
    artist_folder: int = 1,
    n_workers: int | None = None,
    size: int = BLOCK,
) -> Predictions:
    """Judge songs, and write what came of it; go on where a killed prediction stopped.

    Parameters
    ----------
    bundle : Bundle
        The model.
    sources : sequence of Path
        Files, folders and zip archives.
    out : Path, optional
        Ends in .csv, .json or .parquet. Beside .csv and .parquet, `<name>.about.json` says which
        model, when and by which rule, and lists what could not be read. Without it, nothing is
        written, and nothing is kept of a prediction that is stopped.
    course : Path, optional
        For the course of moods; ends in .csv or .parquet.
    sure : float
        Confidence from which a song with several moods in its set has a prediction, 0 to 1.
    progress : Progress
        Shows progress.
    artist_folder : int
        Which folder below a source names the artist, as `load_library` takes it.
    n_workers : int, optional
        Processes at once at most; one per core unless given. No number depends on it.
    size : int
        Songs of a batch.

    Raises
    ------
    InputError
        If there is no song that can be read, or an argument is none of these.
    """
    check_target(out, ENDINGS)
    check_course(bundle, course)
    check_sure(sure)
    with exclusive(out) if out else nullcontext():
        with counting(progress, "Reading songs", "song") as count:
            library = load_library(sources, count, artist_folder, n_workers)
        with ExitStack() as stack:
            parts = _parts(out) if out else stack.enter_context(_temporary())
            executor = stack.enter_context(executor_for(library.items, size, n_workers))
            follows = course is not None or not bundle.representation.per_song
            work = Work(bundle, executor, parts, sure, follows)
            with counting(progress, "Judging songs", "song") as count:
                batches = _all(work, library.items, size, count)
            predictions = _joined(bundle, batches, library.skipped, sure, sources[0])
        if out:
            write(predictions, out)
        if course:
            _write_table(course, predictions.window_predictions)
        if out:
            shutil.rmtree(parts, ignore_errors=True)
    return predictions


def course_of(bundle: Bundle, items: Sequence[Item], songs: Collection[str]) -> pd.DataFrame:
    """Follow the classes over some songs that were read.

    Parameters
    ----------
    bundle : Bundle
        The model.
    items : sequence of Item
        A library.
    songs : collection of str
        Names of those that are followed.

    Returns
    -------
    DataFrame
        As `Predictions.window_predictions`; no row where the model knows no course.
    """
    chosen = [item for item in items if item.name in songs]
    return predict_block(bundle, chosen).windows if chosen else pd.DataFrame()


def course_of_files(bundle: Bundle, songs: Collection[str]) -> pd.DataFrame:
    """Follow the classes over songs of a table, where their files are still there.

    Parameters
    ----------
    bundle : Bundle
        The model.
    songs : collection of str
        Names as a table of predictions has them: the path of a file, of a song in an archive, or
        of one of several songs in a file (`tunes.abc#2`).

    Returns
    -------
    DataFrame
        As `Predictions.window_predictions`.
    """
    wanted = {PART.sub("", name) for name in songs} | set(songs)
    files = sorted({file for name in songs if (file := _file_of(name))})
    try:
        listing = list_songs(files) if files else Listing("", [], [])
    except InputError:  # an archive that holds songs no longer
        return pd.DataFrame()
    entries = [entry for entry in listing.entries if entry.name in wanted]
    items, _ = items_of(entries, Store.of_user(), n_workers=1)
    return course_of(bundle, items, songs)


def _file_of(name: str) -> Path | None:
    """Find the file or archive that holds a song."""
    path = Path(PART.sub("", name))
    return next((file for file in (Path(name), path, *path.parents) if file.is_file()), None)


def _parts(out: Path) -> Path:
    """Make the folder in which what came of batches is kept until a table is written."""
    parts = out.with_name(f".{out.name}.parts")
    parts.mkdir(parents=True, exist_ok=True)
    return parts


@contextmanager
def _temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="classify-") as folder:
        yield Path(folder)


def _all(
    work: Work, items: list[Item], size: int, count: Callable[[int, int], None]
) -> list[Batch]:
    """Have songs predicted that were read; give batches in order."""
    batches, done = list[Batch](), 0
    for batch in work.all(divided(items, size)):
        batches.append(batch)
        done += len(batch.sources)
        count(done, len(items))
    return batches


def check_course(bundle: Bundle, course: Path | None) -> None:
    """Refuse a file for the course of moods of a name, or from a model, that cannot be.

    Raises
    ------
    InputError
        Naming what is accepted.
    """
    check_target(course, GROWING)
    if course and not bundle.follows:
        raise InputError(
            f"--course {course}: {bundle.folder} describes songs as a whole and was trained by an "
            f"earlier version, without a companion that follows their course; train it again"
        )


def check_sure(sure: float) -> None:
    """Refuse a confidence that is no probability.

    Raises
    ------
    InputError
        Naming what is accepted.
    """
    if not 0 <= sure <= 1:
        raise InputError(f"--sure {sure:g}: expected a probability from 0 to 1")


def check_target(path: Path | None, endings: Sequence[str]) -> None:
    """Refuse a file to write whose ending says no known format.

    Raises
    ------
    InputError
        Naming the endings that are known.
    """
    if path and path.suffix.lower() not in endings:
        raise InputError(f"{path}: ends in {path.suffix!r}; expected {' or '.join(endings)}")


def _joined(
    bundle: Bundle, batches: list[Batch], skipped: list[Skipped], sure: float, source: Path
) -> Predictions:
    """Put one behind the other what came of batches of songs."""
    found, counts = list[Batch](), Counts()
    for batch in batches:
        assert batch.found is not None
        skipped = skipped + [Skipped(*one) for one in batch.found.skipped]
        counts = counts.plus(batch.found.counts)
        if batch.found.counts.songs:
            found.append(batch)
    if not found:
        raise nothing_usable(source, skipped)
    songs = pd.concat([pd.read_parquet(batch.path) for batch in found], ignore_index=True)
    paths = [path for batch in found if (path := windows_of(batch.path)).is_file()]
    windows = [pd.read_parquet(path) for path in paths]
    columns = ["song", "start", *(P + mood for mood in bundle.classes)]
    statistics = statistics_of(songs)
    return Predictions(
        about=about_of(bundle, counts, statistics, sure),
        table=songs[_columns(bundle)],
        window_predictions=pd.concat(windows, ignore_index=True)
        if windows
        else pd.DataFrame(columns=columns),
        statistics=statistics,
        skipped=skipped,
        items=[one for batch in found for one in batch.sources if isinstance(one, Item)],
    )


def _columns(bundle: Bundle) -> list[str]:
    """Name the columns of the table."""
    return [*COLUMNS, *(P + mood for mood in bundle.classes)]


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
    """Predict a library that need not fit in memory, and whose files no task has read before.

    Tasks read files, so that their machines need share no store with this one; the table grows
    as they are done. A prediction that was stopped goes on with what is missing.

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
        As for `predict`.
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
    check_target(out, GROWING)
    check_course(bundle, course)
    check_sure(sure)
    with exclusive(out):
        listing = list_songs(sources, artist_folder)
        parts = _parts(out)
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
                    append(songs[_columns(bundle)])
                    statistics.append(statistics_of(songs))
                    if append_windows:
                        append_windows(pd.read_parquet(windows_of(batch.path)))
                done += len(batch.sources)
                count(done, n_files)
            if not statistics:
                raise nothing_usable(sources[0], skipped)
        about = about_of(bundle, counts, np.concatenate(statistics), sure)
        write_about(out, about, skipped)
        shutil.rmtree(parts, ignore_errors=True)
    return about | {"skipped": skipped}


def _taken(entries: list[Entry], size: int) -> Iterator[list[Entry]]:
    """Take batches off the beginning of a list, which has a kilobyte a file, so that it shrinks."""
    entries.reverse()
    while entries:
        batch = entries[: -size - 1 : -1]
        del entries[-size:]
        yield batch


# --- writing


def write(predictions: Predictions, path: Path) -> None:
    """Write predictions as the ending of the path says, each file whole or not at all."""
    about = predictions.about | {"skipped": skipped_rows(predictions.skipped)}
    if path.suffix.lower() == ".json":
        rows = predictions.table.astype(object).where(predictions.table.notna(), None)
        write_json(path, {"about": about, "songs": rows.to_dict("records")})
        return
    _write_table(path, predictions.table)
    write_about(path, predictions.about, predictions.skipped)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    if path.suffix.lower() == ".parquet":
        write_parquet(path, table)
        return
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f", encoding="utf-8")


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
