"""What songs could be told by without a note, and models that never saw a source."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classify.corpora.corpus import Corpus
from classify.corpora.labels import Entry
from classify.errors import InputError
from classify.experiments import cues, folds
from classify.representations.reference import piece
from classify.representations.windows import WindowSettings, cut


def corpus_of(labels: str, sources: str, metres: str) -> Corpus:
    """Make songs of one letter each: its class, its source, and beats in a bar."""
    songs = [replace(piece(), metres=np.array([[0.0, float(beats), 4.0]])) for beats in metres]
    entries = [
        Entry(Path(f"{place}.mid"), f"{place}.mid", label, source=source)
        for place, (label, source) in enumerate(zip(labels, sources, strict=True))
    ]
    groups = [str(place) for place in range(len(songs))]
    return Corpus("made", "made", songs, entries, groups, [])


def test_only_what_varies_is_a_cue():
    corpus = corpus_of("aabb", "xyxy", "3434")
    assert list(cues.of_corpus(corpus)) == ["source", "time signature"]


def test_each_source_is_tested_on_models_that_never_saw_it():
    corpus = corpus_of("ab" * 24 + "c" * 12, "x" * 24 + "y" * 24 + "y" * 12, "3" * 60)
    windows = cut(corpus.songs, WindowSettings(32, 32))
    corpus.groups[0] = corpus.groups[30]  # one song in two sources
    chosen, notes = folds.by_source(corpus, windows)
    assert [fold.title for fold in chosen] == ["without x", "without y"]
    sources, labels = np.array(corpus.sources)[windows.song], np.array(corpus.labels)[windows.song]
    assert set(sources[chosen[0].test]) == {"x"} and set(sources[chosen[0].train]) == {"y"}
    assert 30 not in windows.song[chosen[0].train]
    assert set(labels[chosen[1].test]) == {"a", "b"}
    assert "c comes from there alone and is not tested" in notes[0]
    with pytest.raises(InputError, match="two sources of at least 10 songs"):
        folds.by_source(corpus_of("ab" * 6, "x" * 12, "3" * 12), windows)
