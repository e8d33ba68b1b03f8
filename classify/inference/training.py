"""From a corpus to a bundle: one model trained on all songs, and its evaluation.

The songs are held out fold by fold, whole groups at a time, songs that seem to be the same music in
one group; a model is fitted for each fold as in a comparison, its own choices made inside the
fold's training part. What these models say of songs that they never saw is where temperature and
limit of the 90 % sets come from. The model that is kept learns from all songs. Beside a model of
whole songs a companion is trained in the same way, which says where in a song a class is more
probable (`classify.inference.course`).

The scores are those of the folds, each calibrated inside its own training part, so no song has a
say in what is said of it.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.addresses import shown
from classify.compute.executor import Executor
from classify.errors import InputError
from classify.evaluation import calibration, conformal, novelty
from classify.evaluation.intervals import estimate_share
from classify.evaluation.scores import song_means
from classify.experiments import fitting, manifest, results
from classify.experiments.assembly import (
    cut_once,
    fit_jobs,
    gathered,
    train_all,
    window_table,
)
from classify.experiments.best_model import ranking
from classify.experiments.corpus_record import ModelCorpus
from classify.experiments.dataset import SplitDataset, prepare
from classify.experiments.fitting import Job
from classify.experiments.folds import SONG_SPLIT, Fold
from classify.experiments.run_record import (
    ScoreRecord,
    WindowsRecord,
    portable_settings,
    read_run,
    settings_from_run,
)
from classify.experiments.settings import CALIBRATION_FOLDS, Settings
from classify.files import exclusive, whole, work_dir
from classify.inference import saved_model
from classify.inference.course import COMPANION
from classify.inference.explain import terms
from classify.inference.explain.profiles import Profiles, profile
from classify.inference.model_record import (
    BundleRecord,
    CalibrationSongs,
    CompanionRecord,
    ModelFacts,
    ModelScores,
    NoveltyRecord,
    Recordings,
    RunOrigin,
    Selection,
)
from classify.models import registry
from classify.progress import SILENT, Progress
from classify.records import VERSION, portable, versions
from classify.representations import descriptors
from classify.representations.musical_features import FEATURES
from classify.representations.windows import cut

#: Windows that a bundle keeps to try its model on when it is loaded.
PROBES = 8

#: Confidence at which the risk is recorded.
SURE = 0.8

#: The part that learns from every song.
ALL = "all"


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
        scores={row.metric: _score(row) for row in tested.itertuples()},
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


def _score(row: Any) -> ScoreRecord:
    return ScoreRecord(row.value, row.low, row.high)


def train(
    plan: Plan,
    out: Path,
    n_workers: int | None = None,
    progress: Progress = SILENT,
    command: str = "",
    replaced: bool = False,
    executor: Executor | None = None,
) -> Path:
    """Train a model and write its bundle; go on where a killed training stopped.

    Parameters
    ----------
    plan : Plan
        What is trained.
    out : Path
        The bundle's folder.
    n_workers : int, optional
        Fits at once; what the machine bears unless given.
    progress : Progress
        Shows progress.
    command : str
        What to record as the command.
    replaced : bool
        Whether a bundle that is there may be replaced.
    executor : Executor, optional
        Where models train, as `classify.experiments.comparison.compare` takes it.

    Returns
    -------
    Path
        The bundle's folder.

    Raises
    ------
    InputError
        If the corpus cannot be used, training fails, or `out` is taken.
    """
    check_free(out, replaced)
    data = prepare(plan.settings, progress)
    if plan.run and plan.run.fingerprint != data.corpus.fingerprint:
        raise InputError(
            f"{plan.settings.corpus}: is not as it was when {plan.run.name} compared models on "
            f"it; compare again, or train on it by its name"
        )
    weights = plan.run.pretrained if plan.run else None
    if plan.run and weights and data.start and weights.sha256 != data.start.id:
        raise InputError(
            f"{data.start.folder}: holds other weights than those that {plan.run.name} started "
            f"from; compare again, or train with --init"
        )
    with exclusive(out):
        work = work_dir(out, _key(plan, data))
        data = cut_once(data, work / "work" / "notes.npy")
        folds = [*data.outer, _all_songs(data)]
        jobs, beside = _jobs(work, plan, data, folds), _companions(work, plan, data, folds)
        train_all([*jobs, *beside], folds, data, n_workers, progress, executor)
        for job in [*jobs, *beside]:
            facts = fitting.results(job)
            if "reason" in facts:
                reason = facts["reason"].split(" (see ")[0]
                raise InputError(f"{out}: {job.title} failed: {reason}")
        _write(plan, data, jobs, beside, out, command)
        shutil.rmtree(work)
    return out


def _key(plan: Plan, data: SplitDataset) -> str:
    """Hash everything that decides the numbers."""
    asked = (asdict(plan.settings), asdict(data.cutting), data.corpus.fingerprint, plan.model,
             VERSION, versions(), data.start and data.start.id)  # fmt: skip
    return hashlib.sha256(shown(json.dumps(asked, sort_keys=True)).encode()).hexdigest()


def check_free(out: Path, replaced: bool, about: str = saved_model.ABOUT) -> None:
    """Refuse to write where something is; a model may be replaced where that is asked for.

    Parameters
    ----------
    out : Path
        A folder.
    replaced : bool
        Whether a model of the same kind that is there may be replaced.
    about : str
        The JSON file that such a model has.

    Raises
    ------
    InputError
        If it may not.
    """
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() and not (replaced and (out / about).is_file()):
        hint = "; --force replaces it" if (out / about).is_file() else ""
        raise InputError(f"{out}: is there already; name another folder with --out{hint}")


def _all_songs(data: SplitDataset) -> Fold:
    """Give the fold of the model that is kept, which learns from every song."""
    everything = np.ones(len(data.windows), dtype=bool)
    return Fold(ALL, "all songs", SONG_SPLIT, 0, 0, train=everything, test=~everything)


def _jobs(
    work: Path, plan: Plan, data: SplitDataset, folds: Sequence[Fold], model: str = ""
) -> list[Job]:
    """One fit for each fold; the last, on all songs, is kept."""
    specs, place = [registry.find()[model or plan.model]], (work / "models", work / "work")
    *jobs, last = fit_jobs(*place, specs, folds, plan.settings, data)
    return [*jobs, replace(last, kept=True)]


def _companions(work: Path, plan: Plan, data: SplitDataset, folds: Sequence[Fold]) -> list[Job]:
    """Fits of what follows a song's course, beside a model of whole songs."""
    if not registry.find()[plan.model].representation.per_song:
        return []
    return _jobs(work, plan, data, folds, COMPANION)


def _companion(data: SplitDataset, jobs: Sequence[Job]) -> CompanionRecord:
    """Calibrate a companion on windows of songs that the folds' fits had not seen; score these."""
    *folds, last = jobs
    found = results.predictions(window_table(data), gathered(folds, data.outer))
    windows = found[(found.level == "window") & (found.part == results.TEST)]
    p = windows[[results.P + name for name in data.corpus.classes]].to_numpy(float)
    truth = np.searchsorted(data.corpus.classes, windows.label)
    right = (windows.label == windows.prediction).to_numpy(float)
    score = estimate_share(right, windows.group.tolist(), len(folds))
    columns = saved_model.kept_columns(last.spec.representation, data.cutting)
    assert columns is not None
    return CompanionRecord(
        model=last.spec.name,
        features=columns,
        temperature=calibration.fit_temperature(p, truth),
        windows=len(windows),
        accuracy=ScoreRecord(score.value, score.low, score.high),
        majority=float(np.bincount(truth).max() / len(truth)),
    )


def _estimator(job: Job, data: SplitDataset) -> Any:
    return registry.load(job.folder, job.spec, job.spec.representation.shape(data.cutting))


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """What models of the folds predict of songs that they never saw, one row a song."""

    p: NDArray[np.float64]
    truth: NDArray[np.int64]
    groups: NDArray[np.str_]
    n_folds: int

    def of(self, some: NDArray[np.bool_]) -> "_HeldOut":
        """Give some of the songs."""
        return _HeldOut(self.p[some], self.truth[some], self.groups[some], self.n_folds)

    def calibration(self) -> tuple[float, float, CalibrationSongs]:
        """Find temperature and threshold, and say how many songs they come from."""
        temperature = calibration.fit_temperature(self.p, self.truth)
        calibrated = calibration.apply_temperature(self.p, temperature)
        threshold = conformal.threshold(calibrated, self.truth, groups=self.groups.tolist())
        songs = CalibrationSongs(len(self.truth), len(set(self.groups.tolist())), self.n_folds)
        return temperature, threshold, songs

    def thresholds(self, temperature: float, sets: str) -> tuple[float, ...]:
        """Find the threshold of each class, where sets are to hold for each."""
        if sets != "class":
            return ()
        calibrated = calibration.apply_temperature(self.p, temperature)
        groups = self.groups.tolist()
        each = conformal.class_thresholds(calibrated, self.truth, conformal.COVERAGE, groups)
        return tuple(each.tolist())


def _held_out(data: SplitDataset, jobs: Sequence[Job]) -> _HeldOut:
    """Gather the predictions for all songs, the copies behind the songs of the corpus."""
    p = np.full((len(data.windows), len(data.corpus.classes)), np.nan)
    for fit in gathered(jobs, data.outer):
        for mask in (fit.part.test, fit.part.recorded):
            if mask is not None:
                p[mask] = fit.p[mask]
    truth = np.searchsorted(data.corpus.classes, _each(data, data.corpus.labels))
    groups = _each(data, data.corpus.groups)
    return _HeldOut(song_means(p, data.windows.song), truth, groups, len(jobs))


def _each(data: SplitDataset, values: Sequence[str]) -> NDArray[np.str_]:
    """Give every song of the data what its song of the corpus has."""
    return np.concatenate([values, np.array(values)[data.copied]])


def _write(
    plan: Plan,
    data: SplitDataset,
    jobs: Sequence[Job],
    beside: Sequence[Job],
    out: Path,
    command: str,
) -> None:
    """Gather what a bundle says, and write it."""
    last = jobs[-1]
    statistics = np.array([one.statistics for one in descriptors.described(data.songs)])
    groups = _each(data, data.corpus.groups).tolist()
    try:
        like = novelty.fit(statistics, groups, descriptors.LEAST, plan.settings.seed)
    except ValueError as error:
        raise InputError(f"{plan.settings.corpus}: {error}") from None
    about = _about(plan, data, jobs, command, saved_model.novelty_record(like))
    if beside:
        about = msgspec.structs.replace(about, companion=_companion(data, beside))
    companion = (_estimator(beside[-1], data), _probe(beside[-1])) if beside else None
    saved_model.write(out, about, _estimator(last, data), like, _probe(last), companion)


def _about(
    plan: Plan, data: SplitDataset, jobs: Sequence[Job], command: str, like: NoveltyRecord
) -> BundleRecord:
    """Describe a model: what it is, where it comes from and how well it predicts."""
    *folds, last = jobs
    corpus, cutting, settings = data.corpus, data.cutting, plan.settings
    held_out = _held_out(data, folds)
    predictions = results.predictions(window_table(data), gathered(folds, data.outer))
    plain = np.arange(len(held_out.p)) < len(corpus.songs)
    temperature, threshold, calibrated_on = held_out.of(plain).calibration()
    return BundleRecord(
        format=saved_model.FORMAT,
        classify=VERSION,
        files={},
        sha256="",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=portable(command or f"train({plan})"),
        classes=corpus.classes,
        windows=WindowsRecord(cutting.window, cutting.hop, cutting.channels),
        features=saved_model.kept_columns(last.spec.representation, cutting),
        corpus=ModelCorpus.of(corpus, windows=len(data.windows), skipped=len(corpus.skipped)),
        songs=sorted({song.digest[: saved_model.KEPT_DIGITS] for song in corpus.songs}),
        settings=portable_settings(settings),
        versions=versions(),
        model=_model(last),
        pretrained=manifest.pretrained_start(data),
        temperature=temperature,
        threshold=threshold,
        thresholds=held_out.of(plain).thresholds(temperature, settings.sets),
        coverage=conformal.COVERAGE,
        calibrated_on=calibrated_on,
        scores=_scores(predictions, data, folds, plan, results.TEST),
        profiles=_profiles(data, settings.seed),
        run=plan.run,
        novelty=like,
        transcribed=sum(song.transcribed for song in data.songs),
        transcribed_by=dict(Counter(song.transcriber for song in data.songs if song.transcribed)),
        recordings=_recordings(held_out, predictions, data, folds, plan) if data.copies else None,
    )


def _recordings(
    held_out: _HeldOut,
    predictions: pd.DataFrame,
    data: SplitDataset,
    folds: Sequence[Job],
    plan: Plan,
) -> Recordings:
    """Say what holds for transcriptions, by those of songs that the folds' models never saw."""
    transcribed = np.array([song.transcribed for song in data.songs])
    of_recordings = held_out.of(transcribed)
    temperature, threshold, calibrated_on = of_recordings.calibration()
    best = held_out.p.argmax(axis=1)
    n_songs = len(data.corpus.songs)
    return Recordings(
        copies=len(data.copies),
        temperature=temperature,
        threshold=threshold,
        thresholds=of_recordings.thresholds(temperature, plan.settings.sets),
        calibrated_on=calibrated_on,
        scores=_scores(predictions, data, folds, plan, results.RECORDED),
        agreement=float((best[n_songs:] == best[data.copied]).mean()),
    )


def _profiles(data: SplitDataset, seed: int) -> Profiles:
    """Describe each class compared with the others, in quantities that people have words for."""
    songs, windows = data.corpus.songs, cut(data.corpus.songs, data.cutting)
    table = np.concatenate(list(FEATURES.encode(songs, windows)))[:, 0]
    rows = terms.of_songs(table, windows.song, len(songs))
    return profile(rows, data.corpus.labels, data.corpus.groups, seed)


def _model(job: Job) -> ModelFacts:
    facts = fitting.results(job)
    return ModelFacts(
        name=job.spec.name,
        title=job.spec.title,
        kind=job.spec.kind,
        input=job.spec.input,
        best=facts["best"],
        parameters=facts["parameters"],
        device=facts["device"],
        training=job.settings.record() if job.spec.kind == "network" else None,
    )


def _probe(job: Job) -> NDArray[np.float32]:
    """Choose some windows, as the model takes them."""
    table = np.load(job.data / f"{job.spec.input}.npy", mmap_mode="r")
    rows = np.unique(np.linspace(0, len(table) - 1, PROBES).astype(int))
    return np.array(table[rows])


def _scores(
    predictions: pd.DataFrame, data: SplitDataset, folds: Sequence[Job], plan: Plan, part: str
) -> ModelScores:
    """Score the folds' models on the songs that they never saw, or on recordings of these."""
    tested = predictions[predictions.part == part]
    scores = results.scores(tested, plan.settings.seed)
    majority = max(Counter(data.corpus.labels).values()) / len(data.corpus.labels)
    return ModelScores(
        held_out=f"{len(folds)} folds of whole groups of songs",
        songs=tested.song.nunique(),
        song={row.metric: _score(row) for row in scores[scores.level == "song"].itertuples()},
        majority=majority,
        **_promises(tested[tested.level == "song"], data.corpus.classes, plan.settings.sets),
    )


def _promises(songs: pd.DataFrame, classes: list[str], sets: str) -> dict[str, Any]:
    """Say how far the folds' own calibration kept its promises; nothing where there is none."""
    p, truth = results.calibrated(songs), np.searchsorted(classes, songs.label)
    if np.isnan(p).any():
        return {}
    least = [results.THRESHOLD + name for name in classes] if sets == "class" else ["threshold"]
    chosen = conformal.prediction_sets(p, songs[least].to_numpy())
    kept, risk = calibration.coverage_and_risk(p, truth, SURE)
    return {
        "coverage_held_out": conformal.coverage(chosen, truth),
        "set_size": conformal.mean_set_size(chosen),
        "selection": Selection(SURE, kept, None if np.isnan(risk) else risk),
    }
