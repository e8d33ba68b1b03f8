"""The songs of a corpus, divided for a comparison of generators: who learns from what.

The songs are divided once, whole groups at a time, songs that seem to be the same music in one
group. Where they have no classes there is no judge, and generators learn from its part, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.addresses import shown
from classify.corpora import Corpus, duplicates, load
from classify.errors import InputError, NoClasses
from classify.evaluation import splits
from classify.generation import generator as generators
from classify.models import registry
from classify.progress import SILENT, Progress, counting
from classify.songs import Song

#: Folds of the split: generators, generators, judge, judge, held out.
FOLDS = 5

#: Unless told, all generators but those that are networks.
DEFAULT = ("copy", "markov", "unigram")

#: Stands for every generator that there is.
ALL = "all"


@dataclass(frozen=True)
class ComparisonSettings:
    """What is compared.

    Parameters
    ----------
    corpus : str
        As `classify.corpora.load` takes it, with classes or without.
    generators : tuple of str
        Names of generators.
    songs : int
        New songs of each mood, by each generator; in all where songs have no moods.
    judge : str
        Name of the classifier that judges.
    window : int, optional
        Notes in the judge's windows; the corpus's own unless given.
    epochs : int, optional
        Of generators that are networks; their own unless given.
    quick : bool
        Small networks, and small grids for the judge.
    seed : int
        Of everything that is drawn.
    """

    corpus: str
    generators: tuple[str, ...] = DEFAULT
    songs: int = 50
    judge: str = registry.RECOMMENDED
    window: int | None = None
    epochs: int | None = None
    quick: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        known = generators.names()
        for name in self.generators:
            if name not in known:
                raise InputError(f"--models {name}: no generator; known are {', '.join(known)}")
        if not self.generators:
            raise InputError(f"--models: name at least one of {', '.join(known)}")
        if not 2 <= self.songs <= 10_000:
            raise InputError(f"--songs {self.songs}: expected a whole number from 2 to 10,000")
        if self.judge not in registry.find() or self.judge == registry.MAJORITY:
            raise InputError(f"--judge {self.judge}: no classifier; `classify compare --help` "
                             "names them")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Parts:
    """The songs of a corpus, divided.

    Parameters
    ----------
    corpus : Corpus
        With duplicate songs in one group.
    learned, judged, held_out : ndarray of int
        Places of songs: what generators learn from, what the judge learns from, and what neither
        sees. None are judged where songs have no moods.
    """

    corpus: Corpus
    learned: NDArray[np.intp]
    judged: NDArray[np.intp]
    held_out: NDArray[np.intp]

    @property
    def moods(self) -> list[str]:
        """The classes of the corpus; none, or at least two."""
        return [label for label in self.corpus.classes if label]

    def of(self, places: NDArray[np.intp]) -> tuple[list[Song], list[str], list[str]]:
        """Give songs, moods and groups at some places."""
        labels, groups = self.corpus.labels, self.corpus.groups
        return (
            [self.corpus.songs[i] for i in places],
            [labels[i] for i in places],
            [groups[i] for i in places],
        )


def divide(settings: ComparisonSettings, progress: Progress = SILENT) -> Parts:
    """Read a corpus and divide it.

    Raises
    ------
    InputError
        If it cannot be read, or has too few groups of songs of a mood.
    """
    with counting(progress, f"Reading {shown(settings.corpus)}", "song") as count:
        corpus = _read(settings.corpus, count)
    with counting(progress, "Looking for duplicate songs", "song") as count:
        pairs = duplicates.find_duplicates(corpus.songs, count)
    corpus = duplicates.with_merged_groups(corpus, pairs)
    try:
        masks = splits.folds(corpus.labels, corpus.groups, FOLDS, settings.seed)
    except splits.SplitError as error:
        raise InputError(f"{settings.corpus}: {error}") from None
    places = [np.flatnonzero(mask) for mask in masks]
    if corpus.classes == [""]:
        return Parts(corpus, np.sort(np.concatenate(places[:4])), places[0][:0], places[4])
    learned, judged = (np.sort(np.concatenate(places[i : i + 2])) for i in (0, 2))
    return Parts(corpus, learned, judged, places[4])


def _read(source: str, on_song: Callable[[int, int], None]) -> Corpus:
    """Read a corpus; where all of its songs have one label, or none, that is nobody's mood."""
    try:
        return load(source, on_song)
    except NoClasses:
        return load(source, on_song, labelled=False).without_labels()


def named(names: Sequence[str]) -> tuple[str, ...]:
    """Name generators, of which `all` means every one; those that are named first come first.

    >>> named(["copy", "copy"]), named(["all"]) == named(generators.names())
    (('copy',), True)
    """
    given = [every for name in names for every in (generators.names() if name == ALL else [name])]
    return tuple(dict.fromkeys(given))
