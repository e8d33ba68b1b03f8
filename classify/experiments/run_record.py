"""The manifest of a run as a typed record: run.json, read whole and right or refused in a sentence.

Manifests carry the number of their format. Those of format 1 carry none and are read as far as
today's reports need it; those of a newer format are refused.
"""

from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from classify.addresses import shown
from classify.errors import InputError
from classify.experiments.corpus_record import RunCorpus
from classify.experiments.settings import Settings
from classify.experiments.window_search import Tuning
from classify.files import read_text, write_json
from classify.records import (
    Count,
    DuplicateKey,
    Positive,
    Record,
    Share,
    loads,
    portable,
    recall,
    typed,
)
from classify.storage import local_path

RUN = "run.json"

#: Raised when what is written changes; manifests with a higher number are refused.
FORMAT = 3

#: Names to plain values, such as the best values of a grid.
Values: TypeAlias = dict[str, Any]

SplitKind: TypeAlias = Literal["song", "window", "given"]

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class ScoreRecord(Record, frozen=True):
    """A score and its 95 % interval."""

    value: float
    low: float
    high: float


class WeightsLoss(Record, frozen=True):
    """Loss of pretrained weights on held-out songs, and that of knowing only frequencies."""

    blind: float
    held_out: float


class PretrainedStart(Record, frozen=True):
    """What weights a network started from.

    Parameters
    ----------
    folder, sha256 : str
        Name of the folder of the weights, and their hash.
    model, title : str
        The network that they belong to.
    songs : int
        Songs that the weights learned from.
    seen : int
        Songs of the corpus among these.
    tested, seen_tested : int
        Test songs, and those among these.
    loss : WeightsLoss
        What the weights are worth.
    """

    folder: str
    sha256: str
    model: str
    title: str
    songs: Count
    seen: Count
    tested: Count
    seen_tested: Count
    loss: WeightsLoss


class CutCounts(Record, frozen=True):
    """Windows and notes that cutting gave and dropped."""

    full: Count
    padded_songs: Count
    padded_tails: Count
    dropped_tails: Count
    dropped_notes: Count


class WindowsRecord(Record, frozen=True):
    """How songs are cut into windows."""

    window: AtLeastOne
    hop: AtLeastOne
    channels: tuple[str, ...]


class RunWindows(WindowsRecord, frozen=True):
    """How songs were cut into windows, and what came of it."""

    counts: CutCounts


class PartSize(Record, frozen=True):
    """Songs and windows of a part."""

    songs: Count
    windows: Count


class Parts(Record, frozen=True):
    """Size of the training part (on average over folds) and of all test parts of a repeat."""

    train: PartSize
    test: PartSize


class ProbeRecord(Record, frozen=True):
    """Accuracy of a quick probe on random windows and on whole songs, and the points between."""

    title: str
    leaking: Share
    honest: Share
    points: float


class SplitRecord(Record, frozen=True, kw_only=True):
    """How songs were held out, and what random windows would have gained.

    `copies` songs were also learned from, and tested, as transcribed recordings.
    """

    kind: SplitKind
    folds: AtLeastOne
    repeats: AtLeastOne
    leave_out: str = ""
    parts: Parts
    notes: list[str]
    shared: Share
    probes: list[ProbeRecord]
    copies: Count = 0


class StartRecord(Record, frozen=True):
    """Name and hash of the pretrained weights that a fit started from."""

    folder: str
    sha256: str


class FitRecord(Record, frozen=True, kw_only=True):
    """What one fit of a model left.

    Parameters
    ----------
    repeat, fold : int
        Which fit, from 0.
    parameters : int or None
        Weights of a network; None for other models.
    best : dict
        Best values of the grid, or the best epoch.
    device : str
        What it was trained on.
    seconds_train, seconds_predict : float or None
        By the clock.
    temperature, threshold : float or None
        What inner folds chose; None where there was nothing to choose on.
    thresholds : tuple of float
        The same for each class.
    n_calibration_songs : int or None
        Songs that these were chosen on.
    temperature_recorded, threshold_recorded, thresholds_recorded, n_calibration_songs_recorded
        The same for transcriptions of recordings, where the model learned from such.
    validation : float or None
        Macro-F1 on the inner songs that its grid values or its epoch were chosen by.
    history : tuple of dict
        Losses and scores of each epoch.
    start : StartRecord or None
        Pretrained weights that it started from.
    training : dict or None
        Settings of a network.
    padding : tuple of str
        Kinds of padding in a network's convolutions.
    """

    repeat: Count = 0
    fold: Count = 0
    parameters: Count | None
    best: Values
    device: str
    seconds_train: float | None = None
    seconds_predict: float | None = None
    temperature: Positive | None = None
    threshold: Share | None = None
    thresholds: tuple[Share, ...] = ()
    n_calibration_songs: Count | None = None
    temperature_recorded: Positive | None = None
    threshold_recorded: Share | None = None
    thresholds_recorded: tuple[Share, ...] = ()
    n_calibration_songs_recorded: Count | None = None
    validation: float | None = None
    history: tuple[dict[str, float], ...] = ()
    start: StartRecord | None = None
    training: Values | None = None
    padding: tuple[str, ...] = ()


class ModelRecord(Record, frozen=True, kw_only=True):
    """What became of a model: its fits, or the reason why it has none.

    Parameters
    ----------
    name, title, kind, input, in_groups
        As in `classify.models.registry.ModelSpec`.
    reason : str
        Why it failed; empty if it did not.
    fits : tuple of FitRecord
        One for a hold-out, one for each repeat and fold else.
    """

    name: str
    title: str
    kind: str
    input: str
    in_groups: bool = True
    reason: str = ""
    fits: tuple[FitRecord, ...] = ()


class RunRecord(Record, frozen=True, kw_only=True):
    """Content of run.json.

    Parameters
    ----------
    format : int
        Number of the format that it was written in.
    classify, command, started, finished : str
        What made it, how, and when; `finished` is empty while a run goes on.
    settings, training : Settings, dict
        What was asked for, and the settings of networks that follow from it.
    pretrained : PretrainedStart or None
        Weights that a network started from.
    corpus, windows, split
        What was compared on.
    versions, machine : dict of str to str
        Of the libraries; system and processor.
    identity : dict
        Everything that decides a model's numbers; equal for runs that give the same.
    tuning : Tuning or None
        How the window and the channels were chosen.
    models : dict of str to ModelRecord
        By name, once a run has finished.
    """

    format: int
    classify: str
    command: str
    started: str
    settings: Settings
    training: Values
    pretrained: PretrainedStart | None = None
    corpus: RunCorpus
    windows: RunWindows
    split: SplitRecord
    versions: dict[str, str]
    machine: dict[str, str]
    identity: Values
    tuning: Tuning | None = None
    models: dict[str, ModelRecord] = msgspec.field(default_factory=dict)
    finished: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give the manifest as plain dictionaries, what a model's first fit left beside its name.

        For code that reads a run by keys; new code reads attributes.
        """
        plain = super().as_dict()
        for name in ("tuning", "finished"):
            if not plain[name]:
                del plain[name]
        for model in plain["models"].values():
            if model["reason"]:
                continue
            del model["reason"]
            fits = model["fits"]
            for fit in fits:
                for name in ("history", "seconds_train", "seconds_predict"):
                    if not fit[name] and fit[name] != 0:
                        del fit[name]
            model |= {name: value for name, value in fits[0].items() if name not in model}
            for name in ("seconds_train", "seconds_predict"):
                model[name] = sum(fit.get(name, 0) for fit in fits)
        return plain


def portable_settings(settings: Settings) -> Settings:
    """Give settings without the places of this machine, for a record."""
    init = settings.init
    return replace(
        settings,
        corpus=portable(shown(settings.corpus)),
        init=None if init is None else portable(shown(init)),
    )


def settings_from_run(run: RunRecord) -> Settings:
    """Give the settings of a run with its tuned window and channels, and where things are here.

    A manifest says no more of a corpus or of weights than their name where they lie outside the
    working directory; this machine remembers where those are that it has used.
    """
    chosen: dict[str, Any] = {}
    if run.tuning:
        cut = run.windows
        chosen = {"window": cut.window, "hop": cut.hop, "channels": cut.channels, "tune": None}
    init = run.settings.init
    if init is not None and run.pretrained:
        init = _place(run.pretrained.sha256, init)
    corpus = _place(run.corpus.fingerprint, run.settings.corpus)
    return replace(run.settings, **chosen, corpus=corpus, init=init)


def _place(key: str, recorded: str) -> str:
    """Give the place that this machine remembers, unless nothing is there any more."""
    place = recall(key, recorded)
    gone = Path(place).is_absolute() and not Path(place).exists()
    return local_path(recorded if gone else place)


# --- files


def write_run(folder: Path, run: RunRecord) -> None:
    """Write run.json, whole or not at all."""
    write_json(folder / RUN, Record.as_dict(run))


def read_run(folder: Path) -> RunRecord:
    """Read a run's run.json.

    Raises
    ------
    InputError
        If there is none, it is damaged, of a newer format, or a field is unknown, missing or wrong.
    """
    path = folder / RUN
    if not path.is_file():
        raise InputError(f"{folder}: holds no run (no {RUN} in it)")
    again = "delete the run's folder"
    try:
        run = loads(read_text(path))
        if not isinstance(run, dict) or not {"identity", "command", "corpus", "split"} <= set(run):
            raise ValueError("no manifest")
    except DuplicateKey as error:
        raise InputError(f"{path}: {error}; {again}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: is damaged and cannot be read; {again}") from None
    _rename(run)
    number = run.setdefault("format", 1)
    if type(number) is int and number > FORMAT:
        raise InputError(
            f"{folder}: was written by a newer classify ({run.get('classify')}, format {number}; "
            f"this one reads format {FORMAT}); install that one"
        )
    if number != 1:
        _check_settings(run.get("settings"), path)
        return typed(run, RunRecord, path)
    try:
        return typed(_upgraded(run), RunRecord, path)
    except (InputError, AttributeError, KeyError, TypeError) as error:
        lacking = str(error).removeprefix(f"{path}: ") if isinstance(error, InputError) else ""
        raise InputError(
            f"{folder}: is a run of an earlier version, whose files say too little for this one"
            f"{f' ({RUN} {lacking})' if lacking else ''}; delete it and give its command again: "
            f"{run['command']}"
        ) from None


def _check_settings(given: Any, path: Path) -> None:
    """Refuse a setting that this version does not know; a dataclass would pass over it."""
    known = [field.name for field in fields(Settings)]
    for name in given if isinstance(given, dict) else ():
        if name not in known:
            raise InputError(
                f"{path}: has an unknown field {name!r} in settings; expected any of "
                f"{', '.join(known)}"
            )


def _rename(run: dict[str, Any]) -> None:
    """Give fields that were once called otherwise today's names."""
    with suppress(AttributeError, TypeError):  # damaged: refused where it is made a record
        _renamed(run["corpus"], "set_aside", "skipped")
        if "merge_duplicates" in (settings := run.get("settings", {})):
            settings["keep_duplicates"] = not settings.pop("merge_duplicates")
        for model in run.get("models", {}).values():
            for facts in (model, *model.get("fits", ())):
                _renamed(facts, "limit", "threshold")


def _renamed(values: dict[str, Any], before: str, after: str) -> None:
    if before in values:
        values[after] = values.pop(before)


def _upgraded(run: dict[str, Any]) -> dict[str, Any]:
    """Bring a manifest of format 1 to today's: there, what the first fit left stood twice."""
    corpus = run["corpus"]
    corpus.setdefault("classes", sorted(corpus["songs_per_class"]))
    corpus.setdefault("repaired", [])
    run["split"].setdefault("probes", [])
    known = {field.name for field in fields(Settings)}
    run["settings"] = {name: v for name, v in run["settings"].items() if name in known}
    names = [field.name for field in msgspec.structs.fields(ModelRecord)]
    run["models"] = {
        name: {key: facts[key] for key in names if key in facts}
        for name, facts in run.get("models", {}).items()
    }
    return run
