"""How far a model's confidence can be trusted: its test songs, calibrated and measured.

Conventions: over repeated folds a song counts once for each repeat, with the temperature and the
limit of the fold that tested it. A model that had nothing to be calibrated on is measured with the
probabilities that it gave.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.evaluation import calibration, conformal, scores
from classify.evaluation.calibration import Reliability, RiskCoverage
from classify.experiments import results

#: Songs that a bin of a reliability curve has at least, where there are so many.
PER_BIN = 10

#: The confidence that sentences and figures single out.
SURE = 0.8


@dataclass(frozen=True)
class Sets:
    """Conformal sets: how often they hold the true class, and how large they are.

    Parameters
    ----------
    covered : float
        Share of songs whose set holds their class.
    low, high : float or None
        Its 95 % interval; None where one group of songs is all there is.
    size : float
        Mean number of classes.
    single, empty : float
        Shares of sets of one class and of none.
    """

    covered: float
    low: float | None
    high: float | None
    size: float
    single: float
    empty: float


@dataclass(frozen=True, eq=False)
class Sureness:
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
        Share of songs with a confidence of at least `SURE`, and share of wrong answers among them
        (nan if there are none).
    sets : Sets or None
        None if there was nothing to set their limit by.
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
    sets: Sets | None

    @property
    def calibrated(self) -> bool:
        """Whether a temperature was fitted in every fold."""
        return bool(self.temperatures)


def measured(songs: pd.DataFrame, classes: list[str], n_folds: int) -> Sureness:
    """Measure one model's confidence.

    Parameters
    ----------
    songs : DataFrame
        The model's song rows of the test part, as predictions.parquet has them.
    classes : list of str
        In order.
    n_folds : int
        Folds of a repeat, 1 for a hold-out.

    Returns
    -------
    Sureness
    """
    folds = [fold for _, fold in songs.groupby(["repeat", "fold"])]
    songs = pd.concat(folds)
    raw = songs[[results.P + name for name in classes]].to_numpy(float)
    truth = np.searchsorted(classes, songs.label)
    calibrated = bool(np.isfinite(songs.temperature).all())
    p = np.concatenate([_tempered(fold, classes) for fold in folds]) if calibrated else raw
    limited = calibrated and bool(np.isfinite(songs.limit).all())
    curve = calibration.risk_coverage(p, truth)
    n_bins = min(calibration.BINS, max(1, songs.song.nunique() // PER_BIN))
    kept, wrong = calibration.selected(p, truth, SURE)
    return Sureness(
        temperatures=tuple(fold.temperature.iloc[0] for fold in folds) if calibrated else (),
        n_songs=len(songs),
        ece=(calibration.calibration_error(raw, truth), calibration.calibration_error(p, truth)),
        brier=(calibration.brier(raw, truth), calibration.brier(p, truth)),
        before=calibration.reliability(raw, truth, n_bins),
        after=calibration.reliability(p, truth, n_bins),
        curve=curve,
        aurc=calibration.area(curve),
        kept=kept,
        wrong=wrong,
        sets=_sets(folds, classes, truth, n_folds) if limited else None,
    )


def _tempered(fold: pd.DataFrame, classes: list[str]) -> NDArray[np.float64]:
    p = fold[[results.P + name for name in classes]].to_numpy(float)
    return calibration.tempered(p, fold.temperature.iloc[0])


def _sets(
    folds: list[pd.DataFrame], classes: list[str], truth: NDArray[np.integer], n_folds: int
) -> Sets:
    chosen = np.concatenate(
        [conformal.sets(_tempered(fold, classes), fold.limit.iloc[0]) for fold in folds]
    )
    held = pd.concat(folds).assign(held=chosen[np.arange(len(truth)), truth])
    by_song = held.groupby(["group", "song"]).held.mean()
    groups = by_song.index.get_level_values("group").tolist()
    low, high = None, None
    if scores.effective_groups(groups) > 1:
        low, high = scores.wilson(by_song.to_numpy(float), groups, n_folds)
    size = chosen.sum(axis=1)
    return Sets(
        covered=conformal.covered(chosen, truth),
        low=low,
        high=high,
        size=conformal.mean_size(chosen),
        single=float((size == 1).mean()),
        empty=float((size == 0).mean()),
    )
