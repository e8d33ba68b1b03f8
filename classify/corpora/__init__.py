"""Labelled collections of songs."""

from classify.corpora.corpus import Corpus, load
from classify.corpora.walk import Skipped

__all__ = ["Corpus", "Skipped", "load"]
