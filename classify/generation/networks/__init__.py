"""Networks of generators: built and trained by Keras, sampled in NumPy."""

from classify.models.backend import silence

silence()  # modules here import Keras at their top
