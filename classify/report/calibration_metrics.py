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
from classify.evaluation.scores import Estimate, estimate_share
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
    size : float
        Mean number of classes.
    single, empty : float
        Shares of sets of one class and of none.
    """

    covered: Estimate
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
    kept, wrong : float
        Share of songs with a confidence of at least `CONFIDENT`, and share of misclassified ones
        among them (nan if there are none).
    sets : PredictionSets or None
        None if there was nothing to set their threshold by.
    """

    temperatures: tuple[float, ...]
    n_songs: int
    ece: tuple[float, float]
    brier: tuple[float, float]
    before: Reliability
    after: Reliability
    curve: RiskCoverage
    aurc: float
    kept: float
    wrong: float
    sets: PredictionSets | None

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
    has_threshold = calibrated and bool(np.isfinite(songs.limit).all())
    curve = calibration.risk_coverage(p, truth)
    n_bins = min(calibration.BINS, max(1, songs.song.nunique() // PER_BIN))
    kept, wrong = calibration.coverage_and_risk(p, truth, CONFIDENT)
    return CalibrationSummary(
        temperatures=tuple(fold.temperature.iloc[0] for fold in folds) if calibrated else (),
        n_songs=len(songs),
        ece=(calibration.calibration_error(raw, truth), calibration.calibration_error(p, truth)),
        brier=(calibration.brier(raw, truth), calibration.brier(p, truth)),
        before=calibration.reliability(raw, truth, n_bins),
        after=calibration.reliability(p, truth, n_bins),
        curve=curve,
        aurc=calibration.area_under_risk_coverage(curve),
        kept=kept,
        wrong=wrong,
        sets=_sets(folds, classes, truth, n_folds) if has_threshold else None,
    )


def _tempered(fold: pd.DataFrame, classes: list[str]) -> NDArray[np.float64]:
    p = fold[[results.P + name for name in classes]].to_numpy(float)
    return calibration.apply_temperature(p, fold.temperature.iloc[0])


def _sets(
    folds: list[pd.DataFrame], classes: list[str], truth: NDArray[np.integer], n_folds: int
) -> PredictionSets:
    chosen = np.concatenate(
        [conformal.prediction_sets(_tempered(fold, classes), fold.limit.iloc[0]) for fold in folds]
    )
    held = pd.concat(folds).assign(held=chosen[np.arange(len(truth)), truth])
    by_song = held.groupby(["group", "song"]).held.mean()
    groups = by_song.index.get_level_values("group").tolist()
    size = chosen.sum(axis=1)
    return PredictionSets(
        covered=estimate_share(by_song.to_numpy(float), groups, n_folds),
        size=conformal.mean_set_size(chosen),
        single=float((size == 1).mean()),
        empty=float((size == 0).mean()),
    )
