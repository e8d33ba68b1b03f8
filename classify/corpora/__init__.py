"""Labelled collections of songs."""

from classify.corpora.corpus import Corpus, load
from classify.corpora.labels import SetAside

__all__ = ["Corpus", "SetAside", "load"]
