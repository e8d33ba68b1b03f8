"""Gradient boosting of trees on histograms (Friedman 2001; Ke et al. 2017) on musical features.

The features of a window are sorted into few bins, and each split looks at a tenth of them, which
makes a round cheap where there are many more features than a tree can use.
"""

from sklearn.ensemble import HistGradientBoostingClassifier

TITLE = "Boosting on features"
INPUT = "features"
GRID = {"max_leaf_nodes": [8, 4]}


def build(seed: int) -> HistGradientBoostingClassifier:
    """Build 60 rounds; none is left out, since stopping early would part the songs of a group."""
    return HistGradientBoostingClassifier(
        max_iter=60, max_bins=63, max_features=0.1, early_stopping=False, random_state=seed
    )
