"""Support vector machine with a Gaussian kernel (Cortes and Vapnik 1995)."""

from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

TITLE = "SVM"
INPUT = "notes"
GRID = {"svc__C": [0.3, 1.0, 3.0, 10.0], "svc__gamma": ["scale", 1e-3]}


def build(seed: int) -> Pipeline:
    """Build the machine on standardised columns; it gives no probabilities of its own."""
    return make_pipeline(StandardScaler(), SVC(random_state=seed))
