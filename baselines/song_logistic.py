"""Multinomial logistic regression on the ranks of a song's musical features.

Each quantity becomes its place among the training songs, spread as a normal distribution and
bounded, so that neither its unit nor a song far out on its scale decides.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler

TITLE = "Logistic regression on songs"
INPUT = "song-features"
GRID = {"logisticregression__C": [7e-4, 2e-3, 6e-3]}


def build(seed: int) -> Pipeline:
    """Build the regression on standardised ranks."""
    return make_pipeline(
        QuantileTransformer(n_quantiles=100, output_distribution="normal", random_state=seed),
        FunctionTransformer(np.clip, kw_args={"a_min": -2.5, "a_max": 2.5}),
        StandardScaler(),
        LogisticRegression(C=2e-3, max_iter=100, random_state=seed),
    )
