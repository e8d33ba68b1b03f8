"""The mean of three models' probabilities for a whole song (soft vote, Kittler 1998).

All read the song's features as one long window and the mean over its passages: a regression on the
quantities as they are, one on their ranks, and extra trees. Their settings are fixed, which
leaves nothing to search.
"""

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler

TITLE = "Song-level ensemble"
INPUT = "song-features"
GRID: dict[str, list] = {}


def build(seed: int) -> VotingClassifier:
    """Build the three models and their vote; values far out are bounded for the regressions."""

    def bounded(limit: float) -> FunctionTransformer:
        return FunctionTransformer(np.clip, kw_args={"a_min": -limit, "a_max": limit})

    def regression() -> LogisticRegression:
        return LogisticRegression(C=2e-3, max_iter=100, random_state=seed)

    ranks = QuantileTransformer(n_quantiles=100, output_distribution="normal", random_state=seed)
    trees = ExtraTreesClassifier(n_estimators=300, min_samples_leaf=2, random_state=seed)
    members = [
        ("plain", make_pipeline(StandardScaler(), bounded(3.0), regression())),
        ("ranked", make_pipeline(ranks, bounded(2.5), StandardScaler(), regression())),
        ("trees", trees),
    ]
    return VotingClassifier(members, voting="soft")
