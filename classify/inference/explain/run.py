"""What the best model of a run rests on, written beside its scores as importance.csv.

Columns: `model`; `level` (family, feature or channel); `name`; `members` (of a feature's cluster:
features that rise and fall with it are shuffled together, since none can be told from the others);
`metric`, `question`, `value`, `low`, `high` as in `classify.evaluation.importance`; `n_songs`.

The test songs of the run's first part are shuffled. A single hold-out has kept its model; of folds
the first is trained again, as it was. Features are screened by one shuffle, and only those with
most credit are measured: their intervals do not know that they were chosen.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation import importance
from classify.evaluation.importance import HeldOutSongs, Importance
from classify.experiments import results
from classify.experiments.dataset import Data, prepare
from classify.experiments.folds import Fold
from classify.experiments.manifest import asked, read_record
from classify.experiments.settings import Settings
from classify.files import atomic_write
from classify.models import registry
from classify.progress import SILENT, Progress, counting

IMPORTANCE = "importance.csv"

#: Clusters of features that are measured after the screening.
KEPT = 20


def write_importance(folder: Path, model: str = "", progress: Progress = SILENT) -> Path:
    """Write importance.csv into a run's folder.

    Parameters
    ----------
    folder : Path
        Of a finished run, whose songs are still where they were.
    model : str
        Name of one of its models; the best unless given, the majority class aside.
    progress : Progress
        Shows progress.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the folder holds no finished run, the songs are others by now, or the model is not one
        of the run's.
    """
    run = read_record(folder)
    settings = _settings(run)
    spec = registry.find()[_chosen(folder, model)]
    data = prepare(settings, progress)
    if data.corpus.fingerprint != run["corpus"]["fingerprint"]:
        raise InputError(f"{folder}: the songs in {settings.corpus} are not those of the run")
    table = importance_of(folder, spec, settings, data, progress)
    with atomic_write(folder / IMPORTANCE) as beside:
        table.to_csv(beside, index=False, float_format="%.6f")
    return folder / IMPORTANCE


def importance_of(
    folder: Path, spec: registry.ModelSpec, settings: Settings, data: Data, progress: Progress
) -> pd.DataFrame:
    """Measure what a model of a run rests on; columns as in importance.csv.

    Parameters
    ----------
    folder : Path
        The run's; a model that was kept in it is not trained again.
    spec : ModelSpec
        Which model.
    settings, data
        Of the run.
    progress : Progress
        Shows progress.
    """
    part = data.outer[0]
    x = _input(spec, data, progress)
    estimator = _estimator(folder, spec, settings, data, part, x)
    held = _held(data, part, estimator.prepare(x[part.test]), estimator.classes_)
    seed = settings.seed
    rows = []
    families = spec.representation.families(data.cutting)
    if spec.representation.described:
        names = np.array([column.name for column in spec.representation.columns(data.cutting)])
        alike = _best_clusters(estimator.predict_prepared, held, names, seed)
        members = {name: "; ".join(names[own]) for name, own in alike.items()}
        rows += _rows("family", estimator, held, families, {}, seed)
        rows += _rows("feature", estimator, held, alike, members, seed)
    else:
        rows += _rows("channel", estimator, held, families, {}, seed)
    table = pd.DataFrame(rows)
    table.insert(0, "model", spec.name)
    return table


def _rows(
    level: str,
    estimator: Any,
    held: HeldOutSongs,
    columns: Mapping[str, NDArray[np.int64]],
    members: Mapping[str, str],
    seed: int,
) -> list[dict[str, Any]]:
    found = importance.permutation_importance(estimator.predict_prepared, held, columns, seed)
    return [
        {"level": level, "name": i.name, "members": members.get(i.name, "")}
        | {field.name: getattr(i, field.name) for field in fields(Importance)[1:]}
        | {"n_songs": len(held.truth)}
        for i in importance.mean_importances(found, held.groups, seed)
    ]


def _best_clusters(
    predict: importance.Predict, held: HeldOutSongs, names: NDArray[np.str_], seed: int
) -> dict[str, NDArray[np.int64]]:
    """Give the clusters of features with most credit in one shuffle, which is not used again."""
    table = np.zeros((len(held.truth), held.x.shape[-1]))
    np.add.at(table, held.song, held.x.reshape(len(held.x), -1))
    table /= np.bincount(held.song)[:, None]
    alike = importance.correlated_clusters(table, names.tolist())
    screened = importance.permutation_importance(predict, held, alike, seed + 1, repeats=1)
    best = sorted(screened, key=lambda fall: -fall.of("credit")[0].mean())[:KEPT]
    return {fall.name: alike[fall.name] for fall in best}


def _settings(run: dict[str, Any]) -> Settings:
    """Read a run's settings back."""
    if "finished" not in run:
        raise InputError("this run has not finished; give its command again first")
    return Settings(**asked(run) | {"init": None})  # the models are trained: nothing starts


def _chosen(folder: Path, model: str) -> str:
    """Give the model that was asked for, or the one that is right on most test songs."""
    _, scored = results.read(folder)
    own = scored[(scored.level == "song") & (scored.part == "test") & (scored.metric == "accuracy")]
    own = own[(own.protocol == own.protocol.iloc[0]) & (own.model != registry.MAJORITY)]
    if model and model not in set(own.model):
        raise InputError(f"{folder}: has no model {model!r}; it has {', '.join(own.model)}")
    if own.empty:
        raise InputError(f"{folder}: has no model but the majority class")
    return model or str(own.loc[own.value.idxmax(), "model"])


def _input(spec: registry.ModelSpec, data: Data, progress: Progress) -> NDArray[np.float32]:
    """Give all windows as the model takes them."""
    given = spec.representation
    with counting(progress, given.title or "Cutting windows", "window") as count:
        return np.concatenate(list(given.encode(data.corpus.songs, data.windows, count)))


def _estimator(
    folder: Path, spec: registry.ModelSpec, settings: Settings, data: Data, part: Fold, x: NDArray
) -> Any:
    """Load the part's trained model, or train it again."""
    kept = folder / "models" / spec.name / part.key
    if (kept / "estimator.json").is_file():
        return registry.load(kept)
    estimator = registry.make(spec, settings.seed, settings.training, settings.quick)
    groups = data.groups[part.train] if part.grouped else None
    return estimator.fit(x[part.train], data.labels[part.train], groups)


def _held(data: Data, part: Fold, x: NDArray, classes: NDArray) -> HeldOutSongs:
    """Gather the part's test songs, whose windows are prepared."""
    songs, place = np.unique(data.windows.song[part.test], return_inverse=True)
    labels = np.array(data.corpus.labels)[songs]
    groups = np.array(data.corpus.groups)[songs].tolist()
    return HeldOutSongs(x, place, np.searchsorted(classes, labels), groups)
