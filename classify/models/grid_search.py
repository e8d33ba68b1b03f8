"""Grid values tried on one fold, where what they have in common is computed once.

Values of a last step share the steps before it; neighbours are looked for once, and the first few
or many of them vote; machines of one gamma share a kernel matrix, and all share the distances that
it is made of; members of a vote that a value does not touch are fitted once. What comes out is what
fitting each value by itself gives, but for the last digits of a kernel; of neighbours that are
equally far, others may be taken.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.metrics import euclidean_distances
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

#: Fits a model on rows and their classes.
Fit = Callable[[Any, NDArray, NDArray], Any]

#: Parameters by name.
Values = dict[str, Any]


#: Memory that kernel matrices of a fold may take. Larger ones are computed in parts, by each fit.
MOST_BYTES = 2**29


class Fold(NamedTuple):
    """What is learned from, and what is predicted.

    Parameters
    ----------
    x : ndarray, shape (n_rows, ...)
        Rows to learn from.
    codes : ndarray of int, shape (n_rows,)
        Their classes.
    new : ndarray, shape (n_new, ...)
        Rows to predict.
    """

    x: NDArray
    codes: NDArray
    new: NDArray


def predictions(
    model: Any, grid: Sequence[Values], fold: Fold, fit: Fit
) -> Iterator[NDArray | ValueError]:
    """Predict by a model with each of some values.

    Parameters
    ----------
    model : estimator
        Not fitted, and left so.
    grid : sequence of dict
        Parameters of the model by name.
    fold : Fold
        What is learned from and predicted.
    fit : callable
        Fits a model; it is given the model, rows and classes.

    Yields
    ------
    ndarray, shape (n_new, n_classes), or ValueError
        Probabilities, or decisions of a model without any, as scikit-learn gives them (of two
        classes one number a row); or why these values cannot be fitted.

    Examples
    --------
    >>> fold = Fold(np.array([[0.0], [0.1], [1.0]]), np.array([0, 0, 1]), np.array([[0.2]]))
    >>> grid = [{"n_neighbors": 1}, {"n_neighbors": 3}, {"n_neighbors": 4}]
    >>> fit = lambda model, x, codes: model.fit(x, codes)
    >>> [str(found) for found in predictions(KNeighborsClassifier(), grid, fold, fit)]
    ['[[1. 0.]]', '[[0.66666667 0.33333333]]', '4 neighbours of 3 rows']
    """
    names = {name for values in grid for name in values}
    if isinstance(model, Pipeline) and len(model) > 1:
        last = f"{model.steps[-1][0]}__"
        if all(name.startswith(last) for name in names):
            yield from _of_last_step(model, grid, fold, fit)
            return
    share: Any = _each
    if type(model) is KNeighborsClassifier and names <= {"n_neighbors", "weights"}:
        share = _of_neighbours if _is_plain(model) else _each
    elif type(model) is SVC and model.kernel == "rbf" and names <= {"C", "gamma"}:
        share = _of_kernels if _kernel_bytes(grid, fold) <= MOST_BYTES else _each
    elif type(model) is VotingClassifier and model.voting == "soft" and model.weights is None:
        members = tuple(f"{name}__" for name, _ in model.estimators)
        share = _of_members if all(name.startswith(members) for name in names) else _each
    yield from share(model, grid, fold, fit)


def _each(
    model: Any, grid: Sequence[Values], fold: Fold, fit: Fit
) -> Iterator[NDArray | ValueError]:
    """Fit the model with each of the values."""
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    for values in grid:
        try:
            fitted = fit(clone(model).set_params(**values), fold.x, fold.codes)
            yield getattr(fitted, method)(fold.new)
        except ValueError as error:
            yield error


def _of_last_step(
    model: Pipeline, grid: Sequence[Values], fold: Fold, fit: Fit
) -> Iterator[NDArray | ValueError]:
    """Fit the first steps once."""
    first, (name, last) = clone(model[:-1]), model.steps[-1]
    x = first.fit_transform(fold.x, fold.codes)
    after = Fold(x, fold.codes, first.transform(fold.new))
    of_last = [{key.removeprefix(f"{name}__"): value for key, value in v.items()} for v in grid]
    yield from predictions(last, of_last, after, fit)


def _is_plain(model: KNeighborsClassifier) -> bool:
    """Whether neighbours are those by Euclidean distance, each with one vote or by distance."""
    euclidean = model.metric == "euclidean" or (model.metric == "minkowski" and model.p == 2)
    return euclidean and model.weights in ("uniform", "distance")


def _of_neighbours(
    model: KNeighborsClassifier, grid: Sequence[Values], fold: Fold, fit: Fit
) -> Iterator[NDArray | ValueError]:
    """Look for the most neighbours that any of the values asks for."""
    asked = [{"n_neighbors": model.n_neighbors, "weights": model.weights} | v for v in grid]
    most = max([v["n_neighbors"] for v in asked if v["n_neighbors"] <= len(fold.x)], default=1)
    finder = fit(clone(model).set_params(n_neighbors=most), fold.x, fold.codes)
    distances, places = finder.kneighbors(fold.new)
    votes = (fold.codes[places][:, :, None] == finder.classes_).astype(float)
    with np.errstate(divide="ignore"):
        nearness = 1 / distances
    for values in asked:
        n = values["n_neighbors"]
        if n > most:
            yield ValueError(f"{n} neighbours of {len(fold.x)} rows")
            continue
        weights = np.ones((len(places), n))
        if values["weights"] == "distance":
            weights = nearness[:, :n]
            equal = np.isinf(weights)  # rows that are known decide alone
            weights = np.where(equal.any(axis=1, keepdims=True), equal, weights)
        counted = (votes[:, :n] * weights[:, :, None]).sum(axis=1)
        yield counted / counted.sum(axis=1, keepdims=True)


def _kernel_bytes(grid: Sequence[Values], fold: Fold) -> int:
    """Count the bytes of distances and of a kernel for each gamma."""
    n_matrices = 1 + len({values.get("gamma") for values in grid})
    return 8 * n_matrices * len(fold.x) * (len(fold.x) + len(fold.new))


def _of_kernels(
    model: SVC, grid: Sequence[Values], fold: Fold, fit: Fit
) -> Iterator[NDArray | ValueError]:
    """Compute distances once, and a kernel matrix for each gamma."""
    x, new = fold.x.astype(float), fold.new.astype(float)
    among, to_new = euclidean_distances(x, squared=True), euclidean_distances(new, x, squared=True)
    kernels: dict[Any, Fold] = {}
    for values in grid:
        gamma = values.get("gamma", model.gamma)
        if gamma not in kernels:
            by = _gamma(gamma, x)
            kernels[gamma] = Fold(np.exp(-by * among), fold.codes, np.exp(-by * to_new))
        cost = {"C": values["C"]} if "C" in values else {}
        yield from _each(clone(model).set_params(kernel="precomputed"), [cost], kernels[gamma], fit)


def _gamma(gamma: str | float, x: NDArray) -> float:
    """Give the number that scikit-learn takes for a gamma."""
    if gamma == "scale":
        spread = x.var()
        return 1 / (x.shape[1] * spread) if spread else 1.0
    return 1 / x.shape[1] if gamma == "auto" else float(gamma)


def _of_members(
    model: VotingClassifier, grid: Sequence[Values], fold: Fold, fit: Fit
) -> Iterator[NDArray | ValueError]:
    """Fit each member once with all of its own values that differ."""
    said: list[list[NDArray | ValueError]] = []
    for name, member in model.estimators:
        own = [
            {k.removeprefix(f"{name}__"): v for k, v in values.items() if k.startswith(f"{name}__")}
            for values in grid
        ]
        different = [values for i, values in enumerate(own) if values not in own[:i]]
        found = list(predictions(member, different, fold, fit))
        said.append([found[different.index(values)] for values in own])
    for answers in zip(*said, strict=True):
        failed = [answer for answer in answers if isinstance(answer, ValueError)]
        yield failed[0] if failed else np.mean(answers, axis=0)
