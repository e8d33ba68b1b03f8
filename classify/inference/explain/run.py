"""Feature importance of the best model of a run, written next to its scores as importance.csv.

Columns: `model`, and those of `classify.experiments.feature_importance.run_importance`. The test
songs of the run's first part are shuffled. A single hold-out has kept its model; of folds the first
is trained again, as it was.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.experiments import results
from classify.experiments.best_model import ranking
from classify.experiments.dataset import SplitDataset, prepare
from classify.experiments.feature_importance import held_out_songs, run_importance
from classify.experiments.folds import Fold
from classify.experiments.run_record import RunRecord, read_run, settings_from_run
from classify.experiments.settings import Settings
from classify.files import atomic_write
from classify.models import registry
from classify.models.estimator import WindowClassifier
from classify.progress import SILENT, Progress, counting

IMPORTANCE = "importance.csv"


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
    run = read_run(folder)
    if not run.finished:
        raise InputError("this run has not finished; give its command again first")
    settings = replace(settings_from_run(run), init=None)  # the models are trained: nothing starts
    spec = registry.find()[_chosen(folder, run, model)]
    data = prepare(settings, progress)
    if data.corpus.fingerprint != run.corpus.fingerprint:
        raise InputError(f"{folder}: the songs in {settings.corpus} are not those of the run")
    table = importance_of(folder, spec, settings, data, progress)
    with atomic_write(folder / IMPORTANCE) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f")
    return folder / IMPORTANCE


def importance_of(
    folder: Path,
    spec: registry.ModelSpec,
    settings: Settings,
    data: SplitDataset,
    progress: Progress,
) -> pd.DataFrame:
    """Measure the feature importance of a model of a run; columns as in importance.csv.

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
    x, test = _input(spec, data, progress), part.test
    estimator = _estimator(folder, spec, settings, data, part, x)
    heard = data.windows.transcribed
    songs = held_out_songs(
        estimator.prepare(x[test], heard[test]), data.labels[test], data.windows.song[test],
        data.groups[test], estimator.classes_,
    )  # fmt: skip
    predict, given = estimator.predict_prepared, spec.representation
    table = run_importance(given, predict, songs, data.cutting, settings.seed)
    table.insert(0, "model", spec.name)
    return table


def _chosen(folder: Path, run: RunRecord, model: str) -> str:
    """Give the model that was asked for, or the best one."""
    _, scores = results.read(folder)
    models = ranking(scores, run.split.kind)
    if model and model not in models:
        raise InputError(f"{folder}: has no model {model!r}; it has {', '.join(models)}")
    if not models:
        raise InputError(f"{folder}: has no model but the majority class")
    return model or models[0]


def _input(spec: registry.ModelSpec, data: SplitDataset, progress: Progress) -> NDArray[np.float32]:
    """Give all windows as the model takes them."""
    given = spec.representation
    with counting(progress, given.title or "Cutting windows", "window") as count:
        return np.concatenate(list(given.encode(data.songs, data.windows, count)))


def _estimator(
    folder: Path,
    spec: registry.ModelSpec,
    settings: Settings,
    data: SplitDataset,
    part: Fold,
    x: NDArray,
) -> WindowClassifier:
    """Load the part's trained model, or train it again."""
    kept = folder / "models" / spec.name / part.key
    if (kept / "estimator.json").is_file():
        return registry.load(kept, spec, spec.representation.shape(data.cutting))
    estimator = registry.make(spec, settings.seed, settings.training, settings.quick)
    groups = data.groups[part.train] if part.grouped else None
    song = data.windows.song[part.train]
    labels, original = data.labels[part.train], data.original[part.train]
    heard = data.windows.transcribed[part.train]
    return estimator.fit(
        x[part.train], labels, groups, songs=song, originals=original, transcribed=heard
    )
