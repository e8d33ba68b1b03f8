"""What is trained: a model on a corpus, or the best of a comparison, as it was trained there."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from classify.errors import InputError
from classify.experiments import results
from classify.experiments.best_model import ranking
from classify.experiments.run_record import ScoreRecord, read_run, settings_from_run
from classify.experiments.settings import CALIBRATION_FOLDS, Settings
from classify.files import whole
from classify.inference.model_record import RunOrigin
from classify.models import registry


@dataclass(frozen=True)
class Plan:
    """What is trained.

    Parameters
    ----------
    settings : Settings
        Of the corpus, its windows and the training; `folds` are those that calibrate.
    model : str
        Its name.
    run : RunOrigin, optional
        The comparison that the settings were taken from.
    """

    settings: Settings
    model: str
    run: RunOrigin | None = None


def plan(settings: Settings, model: str) -> Plan:
    """Settle what is trained on a corpus.

    Raises
    ------
    InputError
        If there is no such model, or it is the majority class.
    """
    name = registry.RECOMMENDED if model == "recommended" else model
    models = registry.find()
    if name not in models or name == registry.MAJORITY:
        named = ", ".join(other for other in models if other != registry.MAJORITY)
        raise InputError(f"--model {model}: expected recommended, or one of {named}")
    if settings.folds < 2:
        raise InputError(f"--folds {settings.folds}: calibration needs 2 folds at least")
    return Plan(replace(settings, models=(name,), keep_duplicates=False), name)


def plan_of_run(folder: Path, model: str | None, folds: int = CALIBRATION_FOLDS) -> Plan:
    """Settle to train what a comparison found best, or one of its models, as it was trained there.

    Raises
    ------
    InputError
        If there is no finished run, or none of its models is of use.
    """
    run = read_run(folder)
    settings = settings_from_run(run)
    _, scores = results.read(folder)
    ranked = ranking(scores, run.split.kind)
    if model and model not in ranked:
        raise InputError(f"--model {model}: {folder} compared {', '.join(ranked)}")
    if not ranked:
        raise InputError(f"{folder}: compared no model but the majority class")
    name = model or ranked[0]
    tested = scores[(scores.level == "song") & (scores.part == "test")]
    tested = tested[(tested.protocol == run.split.kind) & (tested.model == name)]
    origin = RunOrigin(
        name=whole(folder).name,
        command=run.command,
        scores={row.metric: score_record(row) for row in tested.itertuples()},
        fingerprint=run.corpus.fingerprint,
        split=run.split.kind,
        pretrained=run.pretrained,
    )
    settings = replace(
        settings,
        split="song", folds=folds, repeats=1, leak=False, robustness=False,
        learning_curve=False, models=(name,),
    )  # fmt: skip
    if run.pretrained and run.pretrained.model != name:
        settings = replace(settings, init=None)
    return Plan(settings, name, origin)


def score_record(row: Any) -> ScoreRecord:
    """Keep a row of a table of scores."""
    return ScoreRecord(row.value, row.low, row.high)
