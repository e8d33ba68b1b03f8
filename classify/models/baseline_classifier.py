"""Classical models of `baselines`, each with its grid search, behind the estimators' contract."""

import importlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import ParameterGrid
from sklearn.utils.validation import has_fit_parameter

from classify.evaluation.splits import Names, inner_folds
from classify.models.estimator import Floats, Watch, WindowClassifier
from classify.models.grid_search import Fold, Values, predictions
from classify.models.quick import with_quick_parts
from classify.models.selection import song_score
from classify.representations import representation
from classify.representations.arrays import as_rows
from classify.representations.representation import Representation

#: What is known of each row beside its class: its group, and the song that it is a copy of.
Columns = dict[str, NDArray[Any]]


def module(name: str) -> Any:
    """Import the file of a baseline, by its name on the command line."""
    return importlib.import_module(f"classify.baselines.{name.replace('-', '_')}")


class BaselineClassifier(WindowClassifier):
    """A classical model with its grid search, behind the same contract as the networks.

    Parameters
    ----------
    name : str
        A module of `baselines`, with hyphens.
    quick : bool
        Search two grid points with two folds only.
    seed : int
        Of the model and of the inner folds.
    scaled : bool
        Whether channels are scaled; see `classify.models.estimator`, as for the attributes
        `classes_` and `scaler_`.

    Attributes
    ----------
    model_ : estimator
        Refitted on the whole training part with the best values.
    best_params_ : dict
        Best grid values.
    validation_ : float
        Their score on songs of the inner folds.
    held_out_ : ndarray, shape (n_windows, n_classes)
        Probabilities of the training windows by models of the inner folds that had not seen them;
        NaN where no inner fold held a window out.
    """

    def __init__(
        self,
        name: str = "random-forest",
        quick: bool = False,
        seed: int = 0,
        scaled: bool = True,
    ) -> None:
        self.name = name
        self.quick = quick
        self.seed = seed
        self.scaled = scaled

    def fit(
        self,
        x: NDArray[np.float32],
        y: Names,
        groups: Names | None = None,
        watch: Watch | None = None,
        songs: NDArray[Any] | None = None,
        originals: NDArray[Any] | None = None,
        transcribed: NDArray[np.bool_] | None = None,
    ) -> "BaselineClassifier":
        """Search the grid over inner folds and refit; the parameters are those of a network's fit.

        `originals` names the song of each window, or that which its song is a copy of: models that
        look at pairs of such are given it. `transcribed` marks windows of transcriptions; a model
        of whole songs learns from the pairs what to make of their quantities.

        Of the grid, the values are taken with which songs of the inner folds are predicted best.

        A model without probabilities of its own gets them by Platt scaling over the same folds. A
        model of songs learns from each song once, however many windows it has.
        """
        table = self._table(self.fit_prepare(x, originals, transcribed))
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        once = np.ones(len(table), dtype=bool)
        if self._representation.per_song:
            once = first_of_each(table) | (np.diff(codes, prepend=-1) != 0)
            table, codes = table[once], codes[once]
        about = {
            name: np.asarray(column)[once]
            for name, column in (("groups", groups), ("originals", originals))
            if column is not None
        }
        of_song = (np.arange(len(once)) if songs is None else np.asarray(songs))[once]
        folds = inner_folds(codes.astype(str), about.get("groups"), self.n_folds, self.seed)
        model, held_out = self._searched(table, codes, about, of_song, folds, watch)
        if not hasattr(model, "predict_proba"):
            held_out = _platt(held_out, codes)
            model = CalibratedClassifierCV(model, cv=folds, ensemble=False)
        self.held_out_ = held_out[np.cumsum(once) - 1]
        self.model_ = _fit(model, table, codes, about)
        return self

    def _searched(
        self,
        table: NDArray,
        codes: NDArray,
        about: Columns,
        songs: NDArray,
        folds: list[Any],
        watch: Watch | None,
    ) -> tuple[Any, NDArray]:
        """Give a model with the best values of the grid, and what inner folds predicted by it.

        A value that cannot be fitted (31 neighbours among 20 windows) is passed over.
        """
        grid = list(ParameterGrid(self.grid))
        tried = _held_out(self._module.build(self.seed), grid, table, codes, about, folds, watch)
        best, highest, failure = None, -np.inf, None
        for values, held_out in zip(grid, tried, strict=True):
            if isinstance(held_out, ValueError):
                failure = held_out
                continue
            score = song_score(held_out, codes, songs)
            if score > highest:
                best, highest = (values, held_out), score
        if best is None:
            raise failure or ValueError("the grid holds no values")
        (self.best_params_, found), self.validation_ = best, highest
        return self._module.build(self.seed).set_params(**self.best_params_), found

    def predict_prepared(self, x: NDArray[np.float32]) -> Floats:
        """Give class probabilities of windows that `prepare` gave."""
        table, model = self._table(x), with_quick_parts(self.model_)
        if not self._representation.per_song:
            return model.predict_proba(table)
        once = first_of_each(table)
        return model.predict_proba(table[once])[np.cumsum(once) - 1]

    def _table(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay windows out as the model takes them."""
        rows = getattr(self._module, "ROWS", True)
        return as_rows(x) if rows else x

    @property
    def _module(self) -> Any:
        return module(self.name)

    @property
    def _representation(self) -> Representation:
        return representation.get(self._module.INPUT)

    def facts(self) -> dict[str, Any]:
        """Say what a report needs to know of the fit."""
        names = {key.split("__")[-1]: value for key, value in self.best_params_.items()}
        return {
            "parameters": None,
            "best": names,
            "validation": self.validation_,
            "device": "CPU (scikit-learn)",
        }

    @property
    def n_folds(self) -> int:
        """How many inner folds each grid value is tried on."""
        return 2 if self.quick else 3

    @property
    def grid(self) -> dict[str, list]:
        """The values to search; when quick, two of the first parameter and one of each other."""
        full = self._module.GRID
        if not self.quick:
            return full
        return {key: values[: 2 if place == 0 else 1]
                for place, (key, values) in enumerate(full.items())}  # fmt: skip


def _fit(model: Any, table: NDArray, codes: NDArray, about: Columns) -> Any:
    """Fit a model; one that makes its own folds, or pairs songs and copies, is given what it asks.

    Those are the groups that must not be split, and the song that each row is a copy of.
    """
    asked = {name: column for name, column in about.items() if has_fit_parameter(model, name)}
    return model.fit(table, codes, **asked)


def _held_out(
    model: Any,
    grid: Sequence[Values],
    table: NDArray,
    codes: NDArray,
    about: Columns,
    folds: list[Any],
    watch: Watch | None,
) -> list[NDArray | ValueError]:
    """Predict each inner fold by models that have not seen it: probabilities or decisions.

    There is one array for each of the grid's values, or the reason why they cannot be fitted.
    """
    proper = hasattr(model, "predict_proba")
    found: list[NDArray | ValueError] = [
        np.full((len(codes), codes.max() + 1), np.nan) for _ in grid
    ]
    for fit, validate in folds:
        about_fit = {name: column[fit] for name, column in about.items()}
        fold = Fold(table[fit], codes[fit], table[validate])
        place = np.ix_(validate, np.unique(fold.codes))
        fitted = partial(_fit, about=about_fit)
        for number, output in enumerate(predictions(model, grid, fold, fitted)):
            outputs = found[number]
            if isinstance(output, ValueError):
                found[number] = output
            elif not isinstance(outputs, ValueError):
                if proper:
                    outputs[validate] = 0.0  # a fold of random windows may lack a class
                outputs[place] = output if output.ndim > 1 else np.stack([-output, output], axis=1)
            if watch:
                watch("")
    return found


class _Decided(ClassifierMixin, BaseEstimator):
    """A classifier whose decisions are its input."""

    def fit(self, x: NDArray, y: NDArray) -> "_Decided":
        self.classes_ = np.unique(y)
        return self

    def predict(self, x: NDArray) -> NDArray:
        return self.classes_[x.argmax(axis=1)]

    def decision_function(self, x: NDArray) -> NDArray:
        return x if x.shape[1] > 2 else x[:, 1]


def _platt(decisions: NDArray, codes: NDArray) -> NDArray:
    """Turn held-out decisions into probabilities, by the same sigmoids that the model is given."""
    predicted = ~np.isnan(decisions).any(axis=1)
    p = np.full(decisions.shape, np.nan)
    if predicted.any():
        x, y = decisions[predicted], codes[predicted]
        frozen = FrozenEstimator(_Decided().fit(x, y))
        p[predicted] = CalibratedClassifierCV(frozen, ensemble=False).fit(x, y).predict_proba(x)
    return p


def first_of_each(table: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark the first of every run of equal rows: the windows of a song stand together."""
    first = np.ones(len(table), dtype=bool)
    first[1:] = (table[1:] != table[:-1]).any(axis=1)
    return first
