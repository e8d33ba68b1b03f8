"""Labelled collections of songs."""

from classify.corpora.corpus import Corpus, SetAside, load

__all__ = ["Corpus", "SetAside", "load"]
