"""Multinomial logistic regression with an L2 penalty on musical features of a window."""

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

TITLE = "Logistic regression on features"
INPUT = "features"
GRID = {"logisticregression__C": [3e-4, 1e-3, 3e-3, 1e-2]}


def build(seed: int) -> Pipeline:
    """Build the regression on standardised columns."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, random_state=seed))
