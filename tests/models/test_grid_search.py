"""What grid values share gives what scikit-learn gives for each of them by itself."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from classify.baselines import knn, logistic, svm
from classify.evaluation.splits import inner_folds
from classify.models import grid_search
from classify.models.grid_search import Fold, predictions


def learn(model, x, codes):
    return model.fit(x, codes)


def data(n_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(3)
    codes = draw.integers(0, n_classes, 90)
    return (draw.normal(0, 1, (90, 6)) + codes[:, None] / 2).astype(np.float32), codes


def vote() -> VotingClassifier:
    members = [
        ("logistic", make_pipeline(StandardScaler(), LogisticRegression(random_state=0))),
        ("forest", RandomForestClassifier(5, random_state=0)),
    ]
    return VotingClassifier(members, voting="soft")


def score(codes, outputs) -> float:
    return f1_score(codes, outputs.argmax(axis=1), average="macro")


def macro(model, x, codes) -> float:
    """Score the class with the highest output, where a machine itself counts votes of pairs."""
    return score(codes, outputs_of(model, x))


def outputs_of(model, x) -> np.ndarray:
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    return getattr(model, method)(x)


CASES = {
    "knn": (knn.build(0), knn.GRID),
    "svm": (svm.build(0), svm.GRID),
    "svm, gammas": (SVC(), {"gamma": ["auto", "scale", 0.1], "C": [1.0]}),
    "logistic": (logistic.build(0), logistic.GRID),
    "vote": (vote(), {"logistic__logisticregression__C": [1e-3, 1.0], "forest__max_depth": [1, 4]}),
    "forest": (RandomForestClassifier(5, random_state=0), {"min_samples_leaf": [1, 3]}),
}


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("case", CASES)
def test_predictions_are_those_of_each_value_by_itself(case, n_classes):
    model, grid = CASES[case]
    (x, codes), values = data(n_classes), list(ParameterGrid(grid))
    fold = Fold(x[:60], codes[:60], x[60:])
    for one, found in zip(values, predictions(model, values, fold, learn), strict=True):
        alone = clone(model).set_params(**one).fit(fold.x, fold.codes)
        np.testing.assert_allclose(found, outputs_of(alone, fold.new), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", ["knn", "svm", "logistic", "vote"])
def test_scores_and_best_values_are_those_of_grid_search(case):
    model, grid = CASES[case]
    (x, codes), values = data(), list(ParameterGrid(grid))
    folds = inner_folds(codes.astype(str), None, 3, 0)
    search = GridSearchCV(model, grid, scoring=macro, cv=folds).fit(x, codes)
    scores = np.zeros((len(folds), len(values)))
    for row, (fit, new) in enumerate(folds):
        found = predictions(model, values, Fold(x[fit], codes[fit], x[new]), learn)
        scores[row] = [score(codes[new], outputs) for outputs in found]
    theirs = [search.cv_results_[f"split{row}_test_score"] for row in range(len(folds))]
    np.testing.assert_allclose(scores, theirs, rtol=1e-12)
    assert values[scores.mean(axis=0).argmax()] == search.best_params_


def test_what_is_shared_is_fitted_once():
    fitted = []

    def counting(model, x, codes):
        fitted.append(type(model))
        return model.fit(x, codes)

    x, codes = data()
    for model, grid in (CASES[name] for name in ("knn", "vote")):
        list(predictions(model, list(ParameterGrid(grid)), Fold(x, codes, x), counting))
    assert fitted == [
        KNeighborsClassifier,
        *[LogisticRegression] * 2,
        *[RandomForestClassifier] * 2,
    ]


@pytest.mark.parametrize("most_bytes, kernels", [(0, {"rbf"}), (2**29, {"precomputed"})])
def test_kernels_are_shared_where_they_fit_into_memory(monkeypatch, most_bytes, kernels):
    monkeypatch.setattr(grid_search, "MOST_BYTES", most_bytes)
    (x, codes), seen = data(), set()

    def noting(model, x, codes):
        seen.add(model.kernel)
        return model.fit(x, codes)

    found = list(predictions(SVC(), [{"C": 1.0}, {"C": 3.0}], Fold(x, codes, x), noting))
    assert seen == kernels and len(found) == 2


def test_rows_that_are_known_decide_alone():
    x = np.array([[0.0], [0.0], [1.0], [2.0]])
    fold = Fold(x, np.array([0, 1, 1, 1]), np.array([[0.0], [0.4]]))
    grid = [{"n_neighbors": 3, "weights": "distance"}]
    (found,) = predictions(KNeighborsClassifier(), grid, fold, learn)
    alone = KNeighborsClassifier(3, weights="distance").fit(fold.x, fold.codes)
    np.testing.assert_allclose(found, alone.predict_proba(fold.new))


def test_more_neighbours_than_rows_are_passed_over():
    x, codes = data()
    grid = [{"n_neighbors": 31}, {"n_neighbors": 5}]
    many, few = predictions(KNeighborsClassifier(), grid, Fold(x[:9], codes[:9], x), learn)
    assert isinstance(many, ValueError) and few.shape[0] == len(x)
