"""Multinomial logistic regression on the ranks of a song's musical features.

Each quantity becomes its place among the training songs, so that neither its unit nor a song far
out on its scale decides.
"""

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

TITLE = "Logistic regression on songs"
INPUT = "song"
GRID = {"logisticregression__C": [7e-4, 2e-3, 6e-3]}


def build(seed: int) -> Pipeline:
    """Build the regression on standardised ranks."""
    return make_pipeline(
        QuantileTransformer(n_quantiles=100, random_state=seed),
        StandardScaler(),
        LogisticRegression(max_iter=200, random_state=seed),
    )
