"""Some songs at once through a trained model: the rows of their tables.

`classify.inference.prediction` describes the columns. What is said of a song does not depend on
the songs beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.corpora.library import Item
from classify.evaluation.scores import song_means
from classify.experiments.results import P
from classify.inference.saved_model import Bundle
from classify.representations import descriptors
from classify.songs import Song

#: Confidence from which a song with several moods in its set has a prediction all the same.
SURE = 0.5

#: Songs that are predicted at once, and their notes at most (but for a single song): enough that
#: what is done once a block, such as asking each tree of a forest, costs little.
BLOCK, BLOCK_NOTES = 1_000, 1_000_000

#: Columns in front of the probabilities.
COLUMNS = ("song", "title", "artist", "seconds", "tempo", "key", "loudness", "n_windows",
           "prediction", "best", "confidence", "set", "in_distribution", "generated")  # fmt: skip

#: Columns of a block that tables for people do not have: what a song is like.
X = "x:"


@dataclass(frozen=True, eq=False)
class PredictedBlock:
    """Some songs of a library with what a model says of them.

    Parameters
    ----------
    songs : DataFrame
        A row for each song: the columns of `Predictions.table`, and with the prefix `X` those of
        `Predictions.statistics`.
    windows : DataFrame
        As `Predictions.window_predictions`; no row where no course was asked for, or there is none.
    """

    songs: pd.DataFrame
    windows: pd.DataFrame


def in_blocks(
    bundle: Bundle,
    items: Sequence[Item],
    size: int = BLOCK,
    sure: float = SURE,
    course: bool = True,
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
    course : bool
        Whether to follow the classes over each song, which takes longer with a model of whole
        songs.

    Yields
    ------
    list of Item
        Songs of a block.
    PredictedBlock
        What the model says of them.
    """
    for items_of_block in divided(items, size):
        block = predict_block(bundle, items_of_block, course)
        yield (
            items_of_block,
            replace(block, songs=_with_predictions(bundle, items_of_block, block.songs, sure)),
        )


def divided(items: Sequence[Item], size: int = BLOCK) -> Iterator[list[Item]]:
    """Divide songs into blocks of so many, with at most `BLOCK_NOTES` notes."""
    block, n_notes = list[Item](), 0
    for item in items:
        if block and (len(block) == size or n_notes + item.song.n_notes > BLOCK_NOTES):
            yield block
            block, n_notes = [], 0
        block.append(item)
        n_notes += item.song.n_notes
    if block:
        yield block


def predict_block(bundle: Bundle, block: Sequence[Item], course: bool = True) -> PredictedBlock:
    """Say of each song what does not depend on a threshold."""
    songs = [item.song for item in block]
    windows, raw = bundle.predict_windows(songs)
    n_windows = np.bincount(windows.song, minlength=len(songs))
    transcribed = np.array([song.transcribed for song in songs])
    p = bundle.calibrated(song_means(raw, windows.song), transcribed)
    notes, described = [song.notes for song in songs], descriptors.described(songs)
    statistics = np.array([one.statistics for one in described])
    names = np.array([item.name for item in block], dtype=object)
    moods, chosen = np.array(bundle.classes, dtype=object), bundle.sets(p, transcribed)
    table = pd.DataFrame({
        "song": names,
        "title": [item.title for item in block],
        "artist": [item.artist for item in block],
        "seconds": [song.seconds for song in songs],
        "tempo": [one.tempo for one in described],
        "key": [one.key for one in described],
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
    if not (course and bundle.follows):
        return PredictedBlock(table, pd.DataFrame(columns=["song", "start", *columns]))
    places = zip(windows.song, windows.start, strict=True)
    onsets = [notes[index]["onset"][start] for index, start in places]
    of_windows = pd.DataFrame({"song": names[windows.song], "start": onsets})
    of_windows[columns] = bundle.course(songs, windows, raw, p)
    return PredictedBlock(table, of_windows)


def _known_kind(bundle: Bundle, songs: Sequence[Song]) -> NDArray[np.bool_]:
    """Mark the songs whose notes come from where the model has seen notes come from."""
    return np.array([bundle.knows(song.origin) for song in songs], bool)


def n_unknown(bundle: Bundle, songs: Sequence[Song]) -> int:
    """Count the songs whose notes come from where the model has not seen notes come from."""
    return int((~_known_kind(bundle, songs)).sum())


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
