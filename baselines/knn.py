"""K nearest neighbours (Cover and Hart 1967)."""

from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

TITLE = "KNN"
INPUT = "notes"
GRID = {
    "kneighborsclassifier__n_neighbors": [1, 3, 7, 15, 31],
    "kneighborsclassifier__weights": ["uniform", "distance"],
}


def build(seed: int) -> Pipeline:
    """Build the neighbours' vote on standardised columns; nothing in it is drawn by `seed`."""
    return make_pipeline(StandardScaler(), KNeighborsClassifier())
