"""Every model that can be compared, behind one contract.

Networks (from `classify.models.networks`) and classical models (from `baselines`) are found by
walking their packages, and say the name of the representation that they take. Each becomes a
scikit-learn estimator that takes what its representation encodes, so the rest of the toolkit never
asks which kind it holds. Listing models imports neither Keras nor scikit-learn.
"""

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classify import baselines
from classify.errors import InputError
from classify.files import write_json
from classify.models import baseline_file, networks
from classify.models.artifacts import as_input_error
from classify.models.estimator_record import read_estimator
from classify.models.training_settings import TrainingSettings
from classify.records import VERSION
from classify.representations import representation
from classify.representations.representation import Representation

if TYPE_CHECKING:
    from classify.models.baseline_classifier import BaselineClassifier
    from classify.models.network_classifier import NetworkClassifier

#: The model that `recommended` stands for: the best of the comparisons so far.
RECOMMENDED = "song-vote"

#: The row that every table has; it is trained whatever was asked for.
MAJORITY = "majority"


@dataclass(frozen=True)
class ModelSpec:
    """A model that can be compared.

    Parameters
    ----------
    name : str
        On the command line: `bi-nn1`, `random-forest`.
    title : str
        In tables.
    kind : {"reference", "baseline", "network"}
        The reference is the majority class.
    input : str
        Name of the representation that it is given.
    in_groups : bool
        Whether groups of models hold it; one that does not is compared by its name only.
    """

    name: str
    title: str
    kind: str
    input: str
    in_groups: bool = True

    @property
    def representation(self) -> Representation:
        """What it is given."""
        return representation.get(self.input)


def names() -> list[str]:
    """Name every model, in the order of `find`, without importing scikit-learn.

    >>> names()[0]
    'majority'
    """
    classical = [info.name.replace("_", "-") for info in pkgutil.iter_modules(baselines.__path__)]
    return sorted(classical, key=lambda name: name != MAJORITY) + list(networks.find())


def find() -> dict[str, ModelSpec]:
    """Find every model, by name: the majority class first, then baselines, then networks."""
    from classify.models.baseline_classifier import module

    architectures = networks.find()
    specs = {}
    for name in names():
        if name in architectures:
            a = architectures[name]
            specs[name] = ModelSpec(name, a.title, "network", a.input, a.in_groups)
        else:
            kind = "reference" if name == MAJORITY else "baseline"
            specs[name] = ModelSpec(name, module(name).TITLE, kind, module(name).INPUT)
    return specs


#: The eleven models of Chen and Wang, tables 1 and 2.
PAPER = (
    "nn1", "nn2", "nn3", "bi-nn1", "bi-nn2", "bi-nn3",
    "random-forest", "svm", "knn", "logistic", "gradient-boosting",
)  # fmt: skip

#: Groups of models that `--models` knows, each a test of a ModelSpec.
GROUPS: dict[str, Callable[[ModelSpec], bool]] = {
    "all": lambda spec: True,
    "networks": lambda spec: spec.kind == "network",
    "own": lambda spec: spec.kind == "network" and spec.name not in PAPER,
    "baselines": lambda spec: spec.kind == "baseline",
    "features": lambda spec: spec.representation.described,
    "paper": lambda spec: spec.name in PAPER,
    "recommended": lambda spec: spec.name == RECOMMENDED,
}


def select(names: Sequence[str]) -> list[ModelSpec]:
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
        belongs = GROUPS.get(name, lambda spec: False)
        wanted |= {s.name for s in specs.values() if s.in_groups and belongs(s)} or {name}
    return [spec for spec in specs.values() if spec.name in wanted]


def make(
    spec: ModelSpec, seed: int, settings: TrainingSettings, quick: bool = False
) -> "NetworkClassifier | BaselineClassifier":
    """Make the unfitted estimator of a model; the paper's recipe leaves numbers unscaled."""
    from classify.models.baseline_classifier import BaselineClassifier
    from classify.models.network_classifier import NetworkClassifier

    scaled = settings.recipe != "paper"
    if spec.kind == "network":
        return NetworkClassifier(spec.name, settings, seed, scaled)
    return BaselineClassifier(spec.name, quick, seed, scaled)


def n_units(spec: ModelSpec, settings: TrainingSettings, quick: bool) -> tuple[int, str]:
    """Say how many epochs or grid fits a model's training has at most, and which of the two."""
    if spec.kind == "network":
        return settings.epochs, "epoch"
    from classify.models.baseline_classifier import BaselineClassifier

    search = BaselineClassifier(spec.name, quick)
    return int(np.prod([len(v) for v in search.grid.values()])) * search.n_folds, "grid fit"


def save(estimator: "NetworkClassifier | BaselineClassifier", folder: Path) -> None:
    """Write a fitted estimator to an empty folder: no pickle, only .keras or skops, and JSON."""
    from classify.models.network_classifier import NetworkClassifier

    folder.mkdir(parents=True, exist_ok=True)
    about = {"classify": VERSION, "name": estimator.name, "seed": estimator.seed,
             "classes": [str(c) for c in estimator.classes_],
             "scaling": estimator.scaler_.to_json() if estimator.scaler_ else None}  # fmt: skip
    if estimator.transcriptions_:
        about["transcriptions"] = estimator.transcriptions_.to_json()
    if isinstance(estimator, NetworkClassifier):
        estimator.save_network(folder / "network.keras")
    else:
        from skops import io

        io.dump(estimator.model_, folder / "baseline.skops")
        about["best_params"] = estimator.best_params_
    write_json(folder / "estimator.json", about)


def load(
    folder: Path, spec: ModelSpec, shape: tuple[int, int]
) -> "NetworkClassifier | BaselineClassifier":
    """Read an estimator that `save` wrote; it predicts what the saved one did.

    This is the one gate for models, of a run or a saved one: nothing is made of what a file says
    that it is. A network is built here and given the file's weights, and a classical model is made
    of types that are known.

    Parameters
    ----------
    folder : Path
        Where it was saved.
    spec : ModelSpec
        Which model it is to be.
    shape : (int, int)
        Notes and channels, or columns, of its windows.

    Raises
    ------
    InputError
        If the folder holds no such estimator, another one, or anything that is no part of it.
    """
    from classify.models.baseline_classifier import BaselineClassifier
    from classify.models.network_classifier import NetworkClassifier

    about = read_estimator(folder)
    if about.name != spec.name:
        raise InputError(f"{folder}: holds the model {about.name!r}, and {spec.name!r} is expected")
    with as_input_error(folder):
        estimator: NetworkClassifier | BaselineClassifier
        if spec.kind == "network":
            estimator = NetworkClassifier(spec.name, seed=about.seed)
            estimator.load_weights(folder / "network.keras", shape, len(about.classes))
        else:
            estimator = BaselineClassifier(spec.name, seed=about.seed)
            estimator.model_ = baseline_file.read(folder / "baseline.skops")
            estimator.best_params_ = about.best_params
    estimator.classes_ = np.array(about.classes)
    estimator.scaler_, estimator.transcriptions_ = about.scaler, about.transcription_scaler
    return estimator
