"""Every model that can be compared, behind one contract.

Networks (from `classify.models.networks`) and classical models (from `baselines`) are found by
walking their packages. Each becomes a scikit-learn estimator that takes windows `(n_windows,
n_notes, n_channels)`, so the rest of the toolkit never asks which kind it holds. A model whose
input is features is given them in that shape too: `(n_windows, 1, n_features)`; one whose input is
songs is given the row of each window's song.
"""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.utils.validation import has_fit_parameter

import baselines
from classify.errors import InputError
from classify.evaluation.splits import Names, inner_folds
from classify.files import read_json, write_json
from classify.models import networks
from classify.models.estimator import Floats, Watch, WindowClassifier
from classify.models.network_classifier import (
    NetworkClassifier,
    TrainingSettings,
)
from classify.representations.scaling import ChannelScaler
from classify.versions import VERSION

#: The model that `recommended` stands for: the best of the comparisons so far.
RECOMMENDED = "song-vote"

#: The row that every table has; it is trained whatever was asked for.
MAJORITY = "majority"

#: scikit-learn types that skops must be told to trust; everything else is refused on loading.
TRUSTED = {
    "numpy.clip",  # bounds the values that a regression sees
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",  # a dict, in which a vote keeps its members
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "aeon.transformations.collection.convolution_based._minirocket.MiniRocket",
    "baselines.minirocket.by_channel",
    "baselines.song_choice.ChosenVote",
    "baselines.song_stack.ChosenStack",
}


@dataclass(frozen=True)
class Spec:
    """A model that can be compared.

    Parameters
    ----------
    name : str
        On the command line: `bi-nn1`, `random-forest`.
    title : str
        In tables.
    kind : {"reference", "baseline", "network"}
        The reference is the majority class.
    input : {"notes", "rich", "passages", "features", "song"}
        What it is given of a window: its notes in the channels that were asked for, all that is
        known of them, or of several passages of its song (`classify.representations.note_events`),
        what `classify.representations.features` says of them, or what it says of the whole song
        (`of_songs`), the same for all windows of a song.
    usual : bool
        Whether groups of models hold it; one that is not is compared by its name only.
    """

    name: str
    title: str
    kind: str
    input: str = "notes"
    usual: bool = True


def find() -> dict[str, Spec]:
    """Find every model, by name: the majority class first, then baselines, then networks."""
    specs = {
        name: Spec(name, module.TITLE, _kind(name), module.INPUT)
        for name, module in _baselines().items()
    }
    specs |= {
        f.name: Spec(f.name, f.title, "network", f.input, f.usual) for f in networks.find().values()
    }
    order = ("reference", "baseline", "network")
    return dict(sorted(specs.items(), key=lambda item: order.index(item[1].kind)))


def _kind(name: str) -> str:
    return "reference" if name == MAJORITY else "baseline"


def _baselines() -> dict[str, Any]:
    return {
        info.name.replace("_", "-"): importlib.import_module(f"baselines.{info.name}")
        for info in pkgutil.iter_modules(baselines.__path__)
    }


#: The eleven models of Chen and Wang, tables 1 and 2.
PAPER = (
    "nn1", "nn2", "nn3", "bi-nn1", "bi-nn2", "bi-nn3",
    "random-forest", "svm", "knn", "logistic", "gradient-boosting",
)  # fmt: skip

#: Groups of models that `--models` knows, each a test of a Spec.
GROUPS: dict[str, Callable[[Spec], bool]] = {
    "all": lambda spec: True,
    "networks": lambda spec: spec.kind == "network",
    "own": lambda spec: spec.kind == "network" and spec.name not in PAPER,
    "baselines": lambda spec: spec.kind == "baseline",
    "features": lambda spec: spec.input in ("features", "song"),
    "paper": lambda spec: spec.name in PAPER,
    "recommended": lambda spec: spec.name == RECOMMENDED,
}


def select(names: Sequence[str]) -> list[Spec]:
    """Turn names and groups into models; the majority class is always among them.

    Parameters
    ----------
    names : sequence of str
        Names of models and of `GROUPS`.

    Raises
    ------
    InputError
        For a name that is neither.
    """
    specs = find()
    unknown = [name for name in names if name not in specs and name not in GROUPS]
    if unknown or not names:
        what = f"{unknown[0]!r} is not a model" if unknown else "names no model"
        raise InputError(
            f"--models {','.join(names)}: {what}; "
            f"expected any of {', '.join(specs)}, or the groups {', '.join(GROUPS)}"
        )
    wanted = {MAJORITY}
    for name in names:
        held = GROUPS.get(name, lambda spec: False)
        wanted |= {s.name for s in specs.values() if s.usual and held(s)} or {name}
    return [spec for spec in specs.values() if spec.name in wanted]


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
    ) -> "BaselineClassifier":
        """Search the grid over inner folds and refit; the parameters are those of a network's fit.

        A model without probabilities of its own gets them by Platt scaling over the same folds. A
        model of songs learns from each song once, however many windows it has.
        """
        table = self._table(self.fit_prepare(x))
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        once = np.ones(len(table), dtype=bool)
        if _baselines()[self.name].INPUT == "song":
            once = first_of_each(table) | (np.diff(codes, prepend=-1) != 0)
            table, codes = table[once], codes[once]
            groups = None if groups is None else np.asarray(groups)[once]
        folds = inner_folds(codes.astype(str), groups, self.n_folds, self.seed)
        model, self.best_params_ = self._searched(table, codes, groups, folds, watch)
        held_out = _held_out(model, table, codes, groups, folds)
        if not hasattr(model, "predict_proba"):
            held_out = _platt(held_out, codes)
            model = CalibratedClassifierCV(model, cv=folds, ensemble=False).fit(table, codes)
        self.held_out_ = held_out[np.cumsum(once) - 1]
        self.model_ = model
        return self

    def _searched(
        self,
        table: NDArray,
        codes: NDArray,
        groups: Names | None,
        folds: list[Any],
        watch: Watch | None,
    ) -> tuple[Any, dict[str, Any]]:
        """Fit with the best values of the grid; without a grid there is nothing to search."""
        model = _baselines()[self.name].build(self.seed)
        if not self.grid:
            _fit(model, table, codes, groups)
            if watch:
                watch("")
            return model, {}
        # a grid value that cannot be fitted (31 neighbours among 20 windows) is passed over
        search = GridSearchCV(model, self.grid, cv=folds)
        if watch:
            search.set_callbacks(_GridWatch(watch))
        search.fit(table, codes)
        return search.best_estimator_, search.best_params_

    def predict_prepared(self, x: NDArray[np.float32]) -> Floats:
        """Give class probabilities of windows that `prepare` gave."""
        table = self._table(x)
        if _baselines()[self.name].INPUT != "song":
            return self.model_.predict_proba(table)
        once = first_of_each(table)
        return self.model_.predict_proba(table[once])[np.cumsum(once) - 1]

    def _table(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay windows out as the model takes them."""
        rows = getattr(_baselines()[self.name], "ROWS", True)
        return as_rows(x) if rows else x

    @property
    def _in_channels(self) -> bool:
        return _baselines()[self.name].INPUT == "notes"

    def facts(self) -> dict[str, Any]:
        """Say what a report needs to know of the fit."""
        names = {key.split("__")[-1]: value for key, value in self.best_params_.items()}
        return {"parameters": None, "best": names, "device": "CPU (scikit-learn)"}

    @property
    def n_folds(self) -> int:
        """How many inner folds each grid value is tried on."""
        return 2 if self.quick else 3

    @property
    def grid(self) -> dict[str, list]:
        """The values to search; when quick, two of the first parameter and one of each other."""
        full = _baselines()[self.name].GRID
        if not self.quick:
            return full
        return {key: values[: 2 if place == 0 else 1]
                for place, (key, values) in enumerate(full.items())}  # fmt: skip


def _fit(model: Any, table: NDArray, codes: NDArray, groups: Names | None) -> Any:
    """Fit a model; one that makes folds of its own is told what must not be parted."""
    if has_fit_parameter(model, "groups"):
        return model.fit(table, codes, groups=groups)
    return model.fit(table, codes)


def _held_out(
    model: Any, table: NDArray, codes: NDArray, groups: Names | None, folds: list[Any]
) -> NDArray:
    """Let models of the inner folds answer what they have not seen: probabilities or decisions."""
    asked = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    answers = np.full((len(codes), codes.max() + 1), np.nan)
    for fit, validate in folds:
        own = None if groups is None else np.asarray(groups)[fit]
        inner = _fit(clone(model), table[fit], codes[fit], own)
        said = getattr(inner, asked)(table[validate])
        if said.ndim == 1:
            said = np.stack([-said, said], axis=1)
        if asked == "predict_proba":
            answers[validate] = 0.0  # a fold of random windows may lack a class
        answers[np.ix_(validate, inner.classes_)] = said
    return answers


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
    known = ~np.isnan(decisions).any(axis=1)
    p = np.full(decisions.shape, np.nan)
    if known.any():
        x, y = decisions[known], codes[known]
        given = FrozenEstimator(_Decided().fit(x, y))
        p[known] = CalibratedClassifierCV(given, ensemble=False).fit(x, y).predict_proba(x)
    return p


def as_rows(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay a window's notes side by side: (n_windows, n_notes * n_channels)."""
    return x.reshape(len(x), -1)


def first_of_each(table: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark the first of every run of equal rows: the windows of a song stand together."""
    first = np.ones(len(table), dtype=bool)
    first[1:] = (table[1:] != table[:-1]).any(axis=1)
    return first


class _GridWatch:
    """A scikit-learn callback that reports each fit of a grid search."""

    max_propagation_depth = 0

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def setup(self, estimator: Any, context: Any) -> None: ...

    def teardown(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        if context.task_name == "candidate-split-evaluation":
            self.watch("")


def make(
    spec: Spec, seed: int, settings: TrainingSettings, quick: bool = False
) -> NetworkClassifier | BaselineClassifier:
    """Make the unfitted estimator of a model; the paper's recipe leaves numbers unscaled."""
    scaled = settings.recipe != "paper"
    if spec.kind == "network":
        return NetworkClassifier(spec.name, settings, seed, scaled)
    return BaselineClassifier(spec.name, quick, seed, scaled)


def n_units(spec: Spec, settings: TrainingSettings, quick: bool) -> tuple[int, str]:
    """Say how many epochs or grid fits a model's training has at most, and which of the two."""
    if spec.kind == "network":
        return settings.epochs, "epoch"
    search = BaselineClassifier(spec.name, quick)
    if not search.grid:
        return 1, "fit"
    return int(np.prod([len(v) for v in search.grid.values()])) * search.n_folds, "grid fit"


def save(estimator: NetworkClassifier | BaselineClassifier, folder: Path) -> None:
    """Write a fitted estimator to an empty folder: no pickle, only .keras or skops, and JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"classify": VERSION, "name": estimator.name, "seed": estimator.seed,
             "classes": [str(c) for c in estimator.classes_],
             "scaling": estimator.scaler_.to_json() if estimator.scaler_ else None}  # fmt: skip
    if isinstance(estimator, NetworkClassifier):
        estimator.save_network(folder / "network.keras")
    else:
        from skops import io

        io.dump(estimator.model_, folder / "baseline.skops")
        about["best_params"] = estimator.best_params_
    write_json(folder / "estimator.json", about)


def load(folder: Path) -> NetworkClassifier | BaselineClassifier:
    """Read an estimator that `save` wrote; it predicts what the saved one did.

    Raises
    ------
    InputError
        If the folder holds no such estimator, or one with types that are not trusted.
    """
    if not (folder / "estimator.json").is_file():
        raise InputError(f"{folder}: holds no trained model (no estimator.json in it)")
    about = read_json(folder / "estimator.json")
    estimator: NetworkClassifier | BaselineClassifier
    if (folder / "network.keras").is_file():
        estimator = NetworkClassifier(about["name"], seed=about["seed"])
        estimator.load_network(folder / "network.keras")
    else:
        estimator = BaselineClassifier(about["name"], seed=about["seed"])
        estimator.model_ = _load_skops(folder / "baseline.skops")
        estimator.best_params_ = about["best_params"]
    estimator.classes_ = np.array(about["classes"])
    estimator.scaler_ = read_scaler(about, folder)
    return estimator


def read_scaler(about: dict[str, Any], folder: Path) -> ChannelScaler | None:
    """Read the scaling that estimator.json holds.

    Raises
    ------
    InputError
        If the estimator was saved before it kept one.
    """
    if "scaling" not in about:
        raise InputError(
            f"{folder}: holds a model of an older classify ({about.get('classify')}), which does "
            f"not say how its input is scaled; train it again"
        )
    return ChannelScaler.from_json(about["scaling"]) if about["scaling"] else None


def _load_skops(path: Path) -> Any:
    """Read an estimator; types are looked at before anything is made of them."""
    from skops import io

    untrusted = set(io.get_untrusted_types(file=path))
    surprising = sorted(untrusted - TRUSTED)
    if surprising:
        raise InputError(f"{path}: holds types that no model of ours has: {', '.join(surprising)}")
    return io.load(path, trusted=sorted(untrusted))
