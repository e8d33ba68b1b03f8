"""Gradient boosting of shallow trees (Friedman 2001, with column sampling)."""

from sklearn.ensemble import GradientBoostingClassifier

TITLE = "Gradient boosting"
INPUT = "notes"
GRID = {"learning_rate": [0.05, 0.15], "max_depth": [2, 4]}


def build(seed: int) -> GradientBoostingClassifier:
    """Build 100 rounds; each split looks at as many columns as the square root of their number."""
    return GradientBoostingClassifier(
        n_estimators=100, subsample=0.8, max_features="sqrt", random_state=seed
    )
