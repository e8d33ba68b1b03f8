"""Random forest (Breiman 2001)."""

from sklearn.ensemble import RandomForestClassifier

TITLE = "Random forest"
INPUT = "notes"
GRID = {"max_features": ["sqrt", 0.1], "min_samples_leaf": [1, 3]}


def build(seed: int) -> RandomForestClassifier:
    """Build a forest of 300 trees."""
    return RandomForestClassifier(n_estimators=300, random_state=seed)
