"""The mean of what three models say of a window's musical features (soft vote, Kittler 1998).

The members differ in kind, so that their mistakes do: a regression, a forest, extra trees.
"""

from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TITLE = "Ensemble on features"
INPUT = "features"
GRID = {"logistic__logisticregression__C": [1e-3, 3e-3]}


def build(seed: int) -> VotingClassifier:
    """Build the three models and their vote."""
    regression = LogisticRegression(max_iter=300, random_state=seed)
    members = [
        ("logistic", make_pipeline(StandardScaler(), regression)),
        ("forest", RandomForestClassifier(n_estimators=300, random_state=seed)),
        ("extra", ExtraTreesClassifier(n_estimators=300, random_state=seed)),
    ]
    return VotingClassifier(members, voting="soft")
