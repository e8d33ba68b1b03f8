"""What songs could be told by without hearing a note, and what that predicts for test songs."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.corpora import Corpus
from classify.evaluation import confounds
from classify.experiments import results
from classify.experiments.folds import WINDOW_SPLIT, Fold
from classify.songs import Song

#: What stands where a file says nothing.
NONE = "none"


def of_corpus(corpus: Corpus) -> dict[str, Sequence[str] | NDArray[np.float64]]:
    """Give what is known of each song, by what it is called; only what varies over the songs."""
    songs = corpus.songs
    cues: dict[str, Sequence[str] | NDArray[np.float64]] = {
        "source": corpus.sources,
        "time signature": [_metre(song) for song in songs],
        "tempo": np.array([_tempo(song) for song in songs]),
        "length": np.array([float(song.n_notes) for song in songs]),
        "instruments": [_instruments(song) for song in songs],
    }
    return {cue: values for cue, values in cues.items() if confounds.varies(values)}


def _metre(song: Song) -> str:
    return f"{song.metres[0, 1]:.0f}/{song.metres[0, 2]:.0f}" if len(song.metres) else NONE


def _tempo(song: Song) -> float:
    """Give the tempo that most of a song is in, quarter notes a minute; 0 where it has none."""
    if not len(song.tempi):
        return 0.0
    lasts = np.diff(song.tempi[:, 0], append=max(song.seconds, song.tempi[-1, 0]))
    return float(song.tempi[np.argmax(lasts), 1])


def _instruments(song: Song) -> str:
    notes = song.notes
    programs = np.unique(notes["program"][~notes["drum"]]).tolist()
    return " ".join(map(str, programs)) + " drums" * bool(notes["drum"].any())


def tables(
    corpus: Corpus, about: results.WindowTable, folds: Sequence[Fold]
) -> Iterator[pd.DataFrame]:
    """Predict the test songs of each fold from each cue alone; nothing under random windows.

    Parameters
    ----------
    corpus, about
        The songs.
    folds : sequence of Fold
        Those of the comparison itself.

    Yields
    ------
    DataFrame
        Rows of checks.parquet.
    """
    if folds[0].protocol == WINDOW_SPLIT:
        return
    cues = of_corpus(corpus)
    songs = np.arange(len(corpus.songs))
    for fold in folds:
        train, test = (np.isin(songs, about.song[mask]) for mask in (fold.train, fold.test))
        for cue, values in cues.items():
            p = confounds.shares(values, corpus.labels, train, test)
            yield results.confounds(about, cue, fold, np.flatnonzero(test), p)
