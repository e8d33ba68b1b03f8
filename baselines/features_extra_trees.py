"""Extremely randomised trees (Geurts, Ernst and Wehenkel 2006) on musical features of a window."""

from sklearn.ensemble import ExtraTreesClassifier

TITLE = "Extra trees on features"
INPUT = "features"
GRID = {"max_features": ["sqrt", 0.1], "min_samples_leaf": [1, 3]}


def build(seed: int) -> ExtraTreesClassifier:
    """Build 300 trees."""
    return ExtraTreesClassifier(n_estimators=300, random_state=seed)
