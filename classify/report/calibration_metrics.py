"""How far a model's confidence can be trusted: its test songs, calibrated and measured.

Conventions: over repeated folds a song counts once for each repeat, with the temperature and the
threshold of the fold that tested it. A model that had nothing to be calibrated on is measured with
the probabilities that it gave.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.evaluation import calibration, conformal
from classify.evaluation.calibration import Reliability, RiskCoverage
from classify.evaluation.intervals import Estimate, estimate_share
from classify.experiments import results

#: Songs that a bin of a reliability curve has at least, where there are so many.
PER_BIN = 10

#: The confidence that sentences and figures single out.
CONFIDENT = 0.8


@dataclass(frozen=True)
class PredictionSets:
    """Conformal prediction sets: how often they hold the true class, and how large they are.

    Parameters
    ----------
    covered : Estimate
        Share of songs whose set holds their class.
    of_class : dict of str to Estimate
        The same of the songs of each class that was tested.
    size : float
        Mean number of classes.
    single, empty : float
        Shares of sets of one class and of none.
    """

    covered: Estimate
    of_class: dict[str, Estimate]
    size: float
    single: float
    empty: float


@dataclass(frozen=True, eq=False)
class CalibrationSummary:
    """One model's confidence against what came true, on test songs.

    Parameters
    ----------
    temperatures : tuple of float
        Of each fold; empty if the model was not calibrated.
    n_songs : int
        Songs measured, each once for each repeat.
    ece, brier : pair of float
        Before and after calibration; the same if there was none.
    before, after : Reliability
        Bins of equally many songs: as many bins as the calibration error has, or fewer and fuller
        ones where songs are few.
    curve : RiskCoverage
        Of calibrated probabilities.
    aurc : float
        Area under it.
    floor : pair of float
        The calibration error of a perfectly calibrated model on as many songs: its mean, and what
        it stays below in 95 of 100 cases.
    kept, wrong : float
        Share of songs with a confidence of at least `CONFIDENT`, and share of misclassified ones
        among them (nan if there are none).
    of_kept : Estimate or None
        The latter with its interval.
    n_kept, n_wrong : int
        How many songs these are, each once for each repeat.
    sets, class_sets : PredictionSets or None
        With one threshold, and with one for each class; None if there was nothing to set it by.
    """

    temperatures: tuple[float, ...]
    n_songs: int
    ece: tuple[float, float]
    brier: tuple[float, float]
    before: Reliability
    after: Reliability
    curve: RiskCoverage
    aurc: float
    floor: tuple[float, float]
    kept: float
    wrong: float
    of_kept: Estimate | None
    n_kept: int
    n_wrong: int
    sets: PredictionSets | None
    class_sets: PredictionSets | None

    @property
    def calibrated(self) -> bool:
        """Whether a temperature was fitted in every fold."""
        return bool(self.temperatures)


def summarise(songs: pd.DataFrame, classes: list[str], n_folds: int) -> CalibrationSummary:
    """Measure one model's confidence.

    Parameters
    ----------
    songs : DataFrame
        The model's song rows of the test part, as predictions.parquet has them.
    classes : list of str
        In order.
    n_folds : int
        Folds of a repeat, 1 for a hold-out.
    """
    folds = [fold for _, fold in songs.groupby(["repeat", "fold"])]
    songs = pd.concat(folds)
    raw = songs[[results.P + name for name in classes]].to_numpy(float)
    truth = np.searchsorted(classes, songs.label)
    calibrated = bool(np.isfinite(songs.temperature).all())
    p = np.concatenate([_tempered(fold, classes) for fold in folds]) if calibrated else raw
    of_class = [results.THRESHOLD + name for name in classes]
    curve = calibration.risk_coverage(p, truth)
    n_bins = min(calibration.BINS, max(1, songs.song.nunique() // PER_BIN))
    kept, wrong = calibration.coverage_and_risk(p, truth, CONFIDENT)
    sure = p.max(axis=1) >= CONFIDENT
    mistaken = p[sure].argmax(axis=1) != truth[sure]
    return CalibrationSummary(
        temperatures=tuple(fold.temperature.iloc[0] for fold in folds) if calibrated else (),
        n_songs=len(songs),
        ece=(calibration.calibration_error(raw, truth), calibration.calibration_error(p, truth)),
        brier=(calibration.brier(raw, truth), calibration.brier(p, truth)),
        before=calibration.reliability(raw, truth, n_bins),
        after=calibration.reliability(p, truth, n_bins),
        curve=curve,
        aurc=calibration.area_under_risk_coverage(curve),
        floor=calibration.noise_floor(p, seed=0),
        kept=kept,
        wrong=wrong,
        of_kept=estimate_share(mistaken, songs.group[sure].tolist(), n_folds)
        if any(sure)
        else None,
        n_kept=int(sure.sum()),
        n_wrong=int(mistaken.sum()),
        sets=_sets(songs, p, truth, n_folds, ["threshold"]) if calibrated else None,
        class_sets=_sets(songs, p, truth, n_folds, of_class) if calibrated else None,
    )


def _tempered(fold: pd.DataFrame, classes: list[str]) -> NDArray[np.float64]:
    p = fold[[results.P + name for name in classes]].to_numpy(float)
    return calibration.apply_temperature(p, fold.temperature.iloc[0])


def _sets(
    songs: pd.DataFrame,
    p: NDArray[np.float64],
    truth: NDArray[np.integer],
    n_folds: int,
    least: list[str],
) -> PredictionSets | None:
    """Measure sets whose threshold stands in these columns; None where they are not all there."""
    if not set(least) <= set(songs) or not np.isfinite(songs[least].to_numpy(float)).all():
        return None
    chosen = conformal.prediction_sets(p, songs[least].to_numpy(float))
    held = songs.assign(held=chosen[np.arange(len(truth)), truth])
    by_song = held.groupby(["label", "group", "song"]).held.mean()
    size = chosen.sum(axis=1)
    return PredictionSets(
        covered=_held(by_song, n_folds),
        of_class={str(c): _held(one, n_folds) for c, one in by_song.groupby(level="label")},
        size=conformal.mean_set_size(chosen),
        single=float((size == 1).mean()),
        empty=float((size == 0).mean()),
    )


def _held(by_song: pd.Series, n_folds: int) -> Estimate:
    groups = by_song.index.get_level_values("group").tolist()
    return estimate_share(by_song.to_numpy(float), groups, n_folds)
