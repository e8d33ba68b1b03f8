"""What a saved generator says of itself: generator.json as a typed record."""

from typing import Annotated

import msgspec

from classify.experiments.corpus_record import CorpusRecord
from classify.models.artifacts import ArtifactRecord
from classify.records import Count, Record


class GeneratorCorpus(CorpusRecord, frozen=True, kw_only=True):
    """What a saved generator says of its corpus: counts, and the name of no song.

    Parameters
    ----------
    skipped : int
        Songs and files that it did not learn from.
    """

    skipped: Count


class Copying(Record, frozen=True):
    """Longest runs of notes that songs share with others, in any key.

    Parameters
    ----------
    limit : int
        The longest that a new song may share, unless a request says otherwise.
    median : float
        Of real songs, each beside those of other groups.
    """

    limit: Count
    median: float


class GeneratorRecord(ArtifactRecord, frozen=True, kw_only=True):
    """Content of generator.json.

    Parameters
    ----------
    created, command : str
        When and how it was made.
    name, title : str
        On the command line and for people.
    moods : list of str
        Those that it has learned, sorted.
    keeps, aims : list of str
        Wishes that it keeps without exception, and that it comes near to.
    corpus : GeneratorCorpus
        What it learned from.
    options : dict
        What was given of epochs, seed, quick.
    versions : dict of str to str
        Of the libraries.
    copying : Copying
        How much real songs share with each other.
    knobs : dict of str to dict of str to (float, float, float)
        Quartiles of each knob in the songs of each mood; those of all under the empty name.
    seconds : float
        How long it took to learn.
    remarks : list of str
        What should be known of it.
    """

    created: str
    command: str
    name: str
    title: str
    moods: list[Annotated[str, msgspec.Meta(min_length=1)]]
    keeps: list[str]
    aims: list[str]
    corpus: GeneratorCorpus
    options: dict[str, int | bool]
    versions: dict[str, str]
    copying: Copying
    knobs: dict[str, dict[str, tuple[float, float, float]]]
    seconds: float
    remarks: list[str]
