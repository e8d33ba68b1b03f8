"""What is said of a model that was trained: how it was calibrated and how well it predicts.

All of it comes from songs that a fit had not seen: the folds' own, and transcribed copies of these.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.evaluation import calibration, conformal
from classify.evaluation.scores import song_means
from classify.experiments import fitting, manifest, results
from classify.experiments.assembly import gathered, window_table
from classify.experiments.corpus_record import ModelCorpus
from classify.experiments.dataset import SplitDataset
from classify.experiments.fitting import Job
from classify.experiments.run_record import WindowsRecord, portable_settings
from classify.inference import saved_model
from classify.inference.explain import terms
from classify.inference.explain.profiles import Profiles, profile
from classify.inference.model_record import (
    BundleRecord,
    CalibrationSongs,
    ModelFacts,
    ModelScores,
    NoveltyRecord,
    Recordings,
    Selection,
)
from classify.inference.training_plan import Plan, score_record
from classify.records import VERSION, portable, versions
from classify.representations.musical_features import FEATURES
from classify.representations.windows import cut

#: Confidence at which the risk is recorded.
SURE = 0.8


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
    truth = np.searchsorted(data.corpus.classes, each_song(data, data.corpus.labels))
    groups = each_song(data, data.corpus.groups)
    return _HeldOut(song_means(p, data.windows.song), truth, groups, len(jobs))


def each_song(data: SplitDataset, values: Sequence[str]) -> NDArray[np.str_]:
    """Give every song of the data, copies among them, what its song of the corpus has."""
    return np.concatenate([values, np.array(values)[data.copied]])


def record_of(
    plan: Plan, data: SplitDataset, jobs: Sequence[Job], command: str, like: NoveltyRecord
) -> BundleRecord:
    """Describe a model: what it is, where it comes from and how well it predicts.

    Parameters
    ----------
    plan : Plan
        What was trained.
    data : SplitDataset
        On which songs.
    jobs : sequence of Job
        The folds' fits, and the one on all songs.
    command : str
        What to record as the command.
    like : NoveltyRecord
        What songs it was trained on are like.
    """
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
        song={row.metric: score_record(row) for row in scores[scores.level == "song"].itertuples()},
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
