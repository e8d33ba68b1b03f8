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

Songs are predicted in blocks. A finished block is kept beside the output, under a name made of the
model's hash and its songs', until the whole table is there; so a prediction that was killed goes on
where it was, and no more than a block is ever in memory with its notes.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.corpora import Skipped
from classify.corpora.library import Item, load_library
from classify.errors import InputError
from classify.evaluation.scores import song_means
from classify.experiments.results import P, write_parquet
from classify.files import atomic_write, exclusive, write_json
from classify.inference.prediction_record import Counts, about_of, skipped_rows, write_about
from classify.inference.saved_model import Bundle
from classify.progress import SILENT, Progress, counting
from classify.records import VERSION
from classify.representations import descriptors
from classify.songs import Song

#: Confidence from which a song with several moods in its set has a prediction all the same.
SURE = 0.5

#: Songs that are predicted at once, and their notes at most (but for a single song).
BLOCK, BLOCK_NOTES = 250, 1_000_000

#: Columns in front of the probabilities.
COLUMNS = ("song", "title", "artist", "seconds", "tempo", "key", "loudness", "n_windows",
           "prediction", "best", "confidence", "set", "in_distribution", "generated")  # fmt: skip

#: Columns of a block that tables for people do not have: what a song is like.
X = "x:"

ENDINGS = (".csv", ".json", ".parquet")


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
        A row for each window.
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
            library = load_library(sources, count, artist_folder)
        parts = out.with_name(f".{out.name}.parts") if out else None
        with counting(progress, "Judging songs", "song") as count:
            blocks = list(_blocks(bundle, library.items, parts, count))
        predictions = _joined(bundle, blocks, library.items, library.skipped, sure)
        if out:
            write(predictions, out)
        if course:
            _write_table(course, predictions.window_predictions)
        if parts:
            shutil.rmtree(parts, ignore_errors=True)
    return predictions


def check_course(bundle: Bundle, course: Path | None) -> None:
    """Refuse a file for the course of moods of a name, or from a model, that cannot be.

    Raises
    ------
    InputError
        Naming what is accepted.
    """
    check_target(course, (".csv", ".parquet"))
    if course and bundle.representation.per_song:
        raise InputError(
            f"--course {course}: {bundle.about.model.title} describes a song as a whole and says "
            f"the same of every window, so it knows no course; train a model of windows, such as "
            f"--model features-vote"
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


@dataclass(frozen=True, eq=False)
class PredictedBlock:
    """Some songs of a library with what a model says of them.

    Parameters
    ----------
    songs : DataFrame
        A row for each song: the columns of `Predictions.table`, and with the prefix `X` those of
        `Predictions.statistics`.
    windows : DataFrame
        As `Predictions.window_predictions`.
    """

    songs: pd.DataFrame
    windows: pd.DataFrame


def in_blocks(
    bundle: Bundle, items: Sequence[Item], size: int = BLOCK, sure: float = SURE
) -> Iterator[tuple[list[Item], PredictedBlock]]:
    """Predict songs block by block, for a reader that keeps each as it comes.

    Parameters
    ----------
    bundle : Bundle
        The model.
    items : sequence of Item
        The songs.
    size : int
        Songs of a block at most.
    sure : float
        As for `predict`.

    Yields
    ------
    list of Item
        Songs of a block.
    PredictedBlock
        What the model says of them.
    """
    for items_of_block in _divided(items, size):
        block = predict_block(bundle, items_of_block)
        yield (
            items_of_block,
            replace(block, songs=_with_predictions(bundle, items_of_block, block.songs, sure)),
        )


def _blocks(
    bundle: Bundle, items: Sequence[Item], parts: Path | None, count: Any
) -> Iterator[PredictedBlock]:
    """Judge songs block by block, or read what an earlier prediction left of a block."""
    done = 0
    for block in _divided(items, BLOCK):
        kept = parts / _key(bundle, block) if parts else None
        predicted = _kept(kept) if kept else None
        if predicted is None:
            predicted = predict_block(bundle, block)
            if kept:
                write_parquet(kept.with_suffix(".windows"), predicted.windows)
                write_parquet(
                    kept, predicted.songs
                )  # the last, so that it says that both are there
        yield predicted
        done += len(block)
        count(done, len(items))


def _divided(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    block, n_notes = list[Item](), 0
    for item in items:
        if block and (len(block) == size or n_notes + item.song.n_notes > BLOCK_NOTES):
            yield block
            block, n_notes = [], 0
        block.append(item)
        n_notes += item.song.n_notes
    if block:
        yield block


def _key(bundle: Bundle, block: Sequence[Item]) -> str:
    digest = hashlib.sha256(f"{VERSION} {bundle.id}".encode())
    for item in block:
        row = (item.name, item.artist, item.title, item.song.digest, item.song.origin)
        digest.update("\x1f".join(row).encode("utf-8", "replace") + b"\x1e")
    return f"{digest.hexdigest()}.parquet"


def _kept(path: Path) -> PredictedBlock | None:
    with suppress(OSError, ValueError):
        return PredictedBlock(pd.read_parquet(path), pd.read_parquet(path.with_suffix(".windows")))
    return None


def predict_block(bundle: Bundle, block: Sequence[Item]) -> PredictedBlock:
    """Say of each song what does not depend on a threshold."""
    songs = [item.song for item in block]
    windows, raw = bundle.predict_windows(songs)
    n_windows = np.bincount(windows.song, minlength=len(songs))
    transcribed = np.array([song.transcribed for song in songs])
    p = bundle.calibrated(song_means(raw, windows.song), transcribed)
    notes = [song.notes for song in songs]
    statistics = np.array([descriptors.statistics(one) for one in notes])
    onsets = [
        notes[index]["onset"][start]
        for index, start in zip(windows.song, windows.start, strict=True)
    ]
    names = np.array([item.name for item in block], dtype=object)
    moods, chosen = np.array(bundle.classes, dtype=object), bundle.sets(p, transcribed)
    table = pd.DataFrame({
        "song": names,
        "title": [item.title for item in block],
        "artist": [item.artist for item in block],
        "seconds": [song.seconds for song in songs],
        "tempo": [descriptors.tempo(one) for one in notes],
        "key": [descriptors.key(one) for one in notes],
        "loudness": [
            descriptors.loudness(song.notes, song.loudness) for song in songs
        ],
        "n_windows": n_windows,
        "best": moods[p.argmax(axis=1)],
        "confidence": p.max(axis=1),
        "set": ["|".join(moods[members]) for members in chosen],
        "in_distribution": bundle.novelty.in_distribution(statistics) & _known_kind(bundle, songs),
        "generated": [song.generated for song in songs],
    })  # fmt: skip
    columns = [P + mood for mood in bundle.classes]
    extra = [f"{X}{statistic.name}" for statistic in descriptors.STATISTICS]
    table = pd.concat(
        [table, pd.DataFrame(p, columns=columns), pd.DataFrame(statistics, columns=extra)], axis=1
    )
    of_windows = pd.DataFrame({"song": names[windows.song], "start": onsets})
    of_windows[columns] = bundle.calibrated(raw, transcribed[windows.song])
    return PredictedBlock(table, of_windows)


def _known_kind(bundle: Bundle, songs: Sequence[Song]) -> NDArray[np.bool_]:
    """Mark the songs whose notes come from where the model has seen notes come from."""
    return np.array([bundle.knows_recordings or not song.transcribed for song in songs], bool)


def n_unknown(bundle: Bundle, songs: Sequence[Song]) -> int:
    """Count the songs whose notes come from where the model has not seen notes come from."""
    return int((~_known_kind(bundle, songs)).sum())


def _joined(
    bundle: Bundle,
    blocks: Sequence[PredictedBlock],
    items: list[Item],
    skipped: list[Skipped],
    sure: float,
) -> Predictions:
    songs = _with_predictions(
        bundle, items, pd.concat([block.songs for block in blocks], ignore_index=True), sure
    )
    columns = [*COLUMNS, *(P + mood for mood in bundle.classes)]
    statistics = statistics_of(songs)
    unknown = n_unknown(bundle, [item.song for item in items])
    return Predictions(
        about=about_of(bundle, Counts.of(songs, unknown), statistics, sure),
        table=songs[columns],
        window_predictions=pd.concat([block.windows for block in blocks], ignore_index=True),
        statistics=statistics,
        skipped=skipped,
        items=items,
    )


def _with_predictions(
    bundle: Bundle, items: Sequence[Item], songs: pd.DataFrame, sure: float
) -> pd.DataFrame:
    """Say of which songs the model is sure."""
    transcribed = np.array([item.song.transcribed for item in items])
    n_moods = songs.set.str.count(r"\|") + 1
    alone = (n_moods == 1) & (songs.confidence >= bundle.threshold(transcribed))
    confident = songs.in_distribution & (alone | (songs.confidence >= sure))
    return songs.assign(prediction=songs.best.where(confident, ""))


def statistics_of(songs: pd.DataFrame) -> NDArray[np.float64]:
    """Give what each song is like, of the table of a block."""
    return songs[[column for column in songs if column.startswith(X)]].to_numpy(float)


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
