"""Multinomial logistic regression with an L2 penalty (Cox 1958)."""

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

TITLE = "Logistic regression"
INPUT = "notes"
GRID = {"logisticregression__C": [1e-4, 1e-3, 1e-2, 1e-1, 1.0]}


def build(seed: int) -> Pipeline:
    """Build the regression on standardised columns."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, random_state=seed))
