"""Majority class: predicts the most frequent class of the training part for every song.

Not a competitor but the floor: a model that is not above it has learned nothing.
"""

from sklearn.dummy import DummyClassifier

TITLE = "Majority class"
INPUT = "notes"
GRID: dict[str, list] = {}


def build(seed: int) -> DummyClassifier:
    """Build the classifier; its probabilities are the class shares of the training part."""
    return DummyClassifier(strategy="prior", random_state=seed)
