"""Support vector machine (Cortes and Vapnik 1995) on musical features of a window."""

from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

TITLE = "SVM on features"
INPUT = "features"
GRID = {"svc__C": [1.0, 3.0, 10.0], "svc__gamma": ["scale", 3e-4]}


def build(seed: int) -> Pipeline:
    """Build the machine on standardised columns; it gives no probabilities of its own."""
    return make_pipeline(StandardScaler(), SVC(random_state=seed))
