"""What is said of a corpus: in the manifest of a run, in a saved model and to people."""

from collections import Counter
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classify.corpora import Corpus
from classify.records import Count, Record, Share


class CorpusRecord(Record, frozen=True, kw_only=True):
    """What is said of a corpus wherever one is described.

    Parameters
    ----------
    name, fingerprint : str
        What it is called, and a hash of its songs and labels.
    licence, note, citation : str
        Of a published corpus; empty for others.
    songs, groups : int
        How many of each.
    songs_per_class : dict of str to int
        In the order of the classes.
    """

    name: str
    fingerprint: str
    licence: str = ""
    note: str = ""
    citation: str = ""
    songs: Count
    groups: Count
    songs_per_class: dict[str, Count]

    @classmethod
    def of(cls, corpus: Corpus, **more: Any) -> Self:
        """Describe a corpus.

        Parameters
        ----------
        corpus : Corpus
            As it was read.
        **more
            The fields that a subclass adds.
        """
        return cls(
            name=corpus.name,
            fingerprint=corpus.fingerprint,
            licence=corpus.licence,
            note=corpus.note,
            citation=corpus.citation,
            songs=len(corpus.songs),
            groups=len(set(corpus.groups)),
            songs_per_class=counted(corpus.labels),
            **more,
        )


class SkippedFile(Record, frozen=True):
    """A file that was listed and is not used, and why."""

    name: str
    reason: str
    label: str = ""


class RepairedFile(Record, frozen=True):
    """A file that was repaired before it was used, and how."""

    name: str
    what: str


class DuplicatePair(Record, frozen=True):
    """Two songs that seem to be the same music; see `classify.corpora.duplicates.pair_records`."""

    names: tuple[str, str]
    labels: tuple[str, str]
    groups: tuple[str, str]
    similarity: Share
    transposition: int
    tempo_ratio: float


class Duplicates(Record, frozen=True):
    """Pairs of duplicate songs, and whether their groups were merged."""

    pairs: tuple[DuplicatePair, ...] = ()
    merged: bool = False


class RunCorpus(CorpusRecord, frozen=True, kw_only=True):
    """What the manifest of a run says of its corpus.

    Parameters
    ----------
    copies, contradictions : int
        Songs that are byte for byte an earlier one, and those of them under another label.
    classes : list of str
        The labels, sorted.
    windows_per_class : dict of str to int
        In the order of the classes.
    set_aside : list of SkippedFile
        What was listed and is not used.
    repaired : list of RepairedFile
        What was repaired and used.
    duplicates : Duplicates
        Songs that seem to be the same music.
    """

    copies: Count
    contradictions: Count
    classes: list[str]
    windows_per_class: dict[str, Count]
    set_aside: list[SkippedFile]
    repaired: list[RepairedFile]
    duplicates: Duplicates = Duplicates()


class ModelCorpus(CorpusRecord, frozen=True, kw_only=True):
    """What a saved model says of its corpus: counts, and the name of no song."""

    windows: Count
    set_aside: Count


def run_corpus(
    corpus: Corpus, labels: NDArray[np.str_], duplicates: list[dict[str, Any]], merged: bool
) -> RunCorpus:
    """Describe the corpus of a run.

    Parameters
    ----------
    corpus : Corpus
        As it was read.
    labels : ndarray of str, shape (n_windows,)
        The class of each window.
    duplicates : list of dict
        As `classify.corpora.duplicates.pair_records` gives them.
    merged : bool
        Whether duplicate songs were put into one group.
    """
    return RunCorpus.of(
        corpus,
        copies=corpus.n_copies,
        contradictions=corpus.n_contradictions,
        classes=corpus.classes,
        windows_per_class=counted(labels.tolist()),
        set_aside=[SkippedFile(one.name, one.reason, one.label) for one in corpus.skipped],
        repaired=[RepairedFile(name, what) for name, what in corpus.repaired],
        duplicates=Duplicates(tuple(DuplicatePair(**pair) for pair in duplicates), merged),
    )


def counted(labels: list[str]) -> dict[str, int]:
    """Count how often each label occurs, sorted by name.

    Examples
    --------
    >>> counted(["happy", "calm", "happy"])
    {'calm': 1, 'happy': 2}
    """
    return dict(sorted(Counter(labels).items()))
