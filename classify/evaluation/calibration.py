"""Does a model know how sure it can be? Calibration, and what leaving out unsure songs gains.

Conventions: `p` has a row of class probabilities for each song, shape (n_songs, n_classes), and
`truth` the column of each song's true class. A song's *confidence* is its largest probability, its
answer that probability's class. Songs of one confidence are never told apart: they share a bin, and
a threshold keeps all of them or none, so that no result depends on the order of songs.

A temperature must be fitted on songs that the model was not trained on and that are not the test
part: inner folds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

#: Bins of a reliability curve.
BINS = 10

#: A probability of 0 counts as this, the resolution of the networks' float32.
FLOOR = float(np.finfo(np.float32).eps)

#: The lowest and highest temperature that is looked for. If all songs are answered rightly, the
#: likelihood has no maximum: the colder the better.
TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins in order of confidence: mean confidence, accuracy, and number of songs of each."""

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    count: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """What is left and how much of it is wrong, for every threshold that makes a difference.

    Parameters
    ----------
    threshold : ndarray, shape (n_points,)
        The distinct confidences, from the highest down.
    coverage : ndarray, shape (n_points,)
        Share of songs with at least that confidence; the last is 1.
    risk : ndarray, shape (n_points,)
        Share of wrong answers among those songs.
    """

    threshold: NDArray[np.float64]
    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]


def fit_temperature(p: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Find the temperature that makes the true classes of held-out songs most likely.

    Parameters
    ----------
    p : ndarray, shape (n_songs, n_classes)
        Probabilities for songs of inner folds, from models that were not trained on them.
    truth : ndarray of int, shape (n_songs,)
        Their classes.

    Returns
    -------
    float
        Above 1 if the model is surer than it should be, below 1 if it is less sure; within
        `TEMPERATURES`.

    Raises
    ------
    ValueError
        If the arrays do not fit together or are not probabilities.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger 2017, On calibration of modern neural networks, ICML, sec. 4.2.
    """
    _check(p, truth)
    songs, logits = np.arange(len(truth)), _logits(p)

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[songs, truth].mean())

    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12})
    return float(np.exp(found.x))


def tempered(p: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Apply a temperature to probabilities: softmax(log p / temperature).

    Every song keeps its answer.

    Returns
    -------
    ndarray, shape (n_songs, n_classes)

    Raises
    ------
    ValueError
        If the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"a temperature of {temperature} is not above 0")
    return np.exp(log_softmax(_logits(p) / temperature, axis=1))


def brier(p: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Brier score: mean over songs of the squared distance to the true class's unit vector.

    Returns
    -------
    float
        From 0, sure and right throughout, to 2, sure and wrong throughout.

    References
    ----------
    Brier 1950, Monthly Weather Review 78.
    """
    _check(p, truth)
    return float(((p - np.eye(p.shape[1])[truth]) ** 2).sum(axis=1).mean())


def reliability(
    p: NDArray[np.floating], truth: NDArray[np.integer], n_bins: int = BINS
) -> Reliability:
    """Compare confidence and accuracy in bins of equally many songs.

    Parameters
    ----------
    p, truth
        Probabilities and classes.
    n_bins : int
        At most so many bins; fewer where songs are fewer or share a confidence.

    Returns
    -------
    Reliability
        Empty bins are left out.
    """
    _check(p, truth)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == truth
    ordered = np.sort(confidence)
    below, upto = ordered.searchsorted(confidence), ordered.searchsorted(confidence, "right")
    bins = (below + upto - 1) // 2 * n_bins // len(p)  # by rank, where ties have their middle one
    _, place, count = np.unique(bins, return_inverse=True, return_counts=True)
    return Reliability(
        np.bincount(place, weights=confidence) / count,
        np.bincount(place, weights=right) / count,
        count,
    )


def calibration_error(
    p: NDArray[np.floating], truth: NDArray[np.integer], n_bins: int = BINS
) -> float:
    """Measure how far confidence is from accuracy: expected calibration error (ECE) of the answers.

    The mean over bins, weighted by their songs, of the distance between accuracy and mean
    confidence (Guo et al. 2017), with the equal-mass bins that Nixon et al. 2019 call
    adaptive: equally wide bins are nearly empty where a model is rarely unsure. Even a perfectly
    calibrated model has an error above 0 on finitely many songs, the more so the more bins.

    Returns
    -------
    float
        0 to 1.

    References
    ----------
    Guo et al. 2017, ICML; Nixon, Dusenberry, Zhang, Jerfel and Tran 2019, Measuring calibration in
    deep learning, CVPR workshops.
    """
    bins = reliability(p, truth, n_bins)
    return float(np.average(np.abs(bins.accuracy - bins.confidence), weights=bins.count))


def risk_coverage(p: NDArray[np.floating], truth: NDArray[np.integer]) -> RiskCoverage:
    """Follow the share of wrong answers as less and less sure songs are let in.

    References
    ----------
    El-Yaniv and Wiener 2010, JMLR 11; Geifman and El-Yaniv 2017, NeurIPS.
    """
    _check(p, truth)
    wrong = p.argmax(axis=1) != truth
    falling, place, count = np.unique(-p.max(axis=1), return_inverse=True, return_counts=True)
    kept = count.cumsum()
    risk = np.bincount(place, weights=wrong).cumsum() / kept
    return RiskCoverage(-falling, kept / len(p), risk)


def area(curve: RiskCoverage) -> float:
    """Area under a risk-coverage curve (AURC): the mean risk over songs' own confidences.

    Each song's confidence is once the threshold. Lower is better; a model whose confidence says
    nothing about its answers has about its own error rate.

    References
    ----------
    Geifman and El-Yaniv 2017, NeurIPS; as a sum, Geifman, Uziel and El-Yaniv 2019, ICLR.
    """
    return float(np.average(curve.risk, weights=np.diff(curve.coverage, prepend=0)))


def selected(
    p: NDArray[np.floating], truth: NDArray[np.integer], threshold: float
) -> tuple[float, float]:
    """Give coverage and risk of the songs with at least a confidence of `threshold`.

    Returns
    -------
    (coverage, risk) : pair of float
        Share of songs kept, and share of wrong answers among them; nan if none is kept, since
        nothing is known of songs that are not there.
    """
    _check(p, truth)
    kept = p.max(axis=1) >= threshold
    if not kept.any():
        return 0.0, float("nan")
    return float(kept.mean()), float((p.argmax(axis=1) != truth)[kept].mean())


def _logits(p: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.log(np.maximum(np.asarray(p, dtype=float), FLOOR))


def _check(p: NDArray[np.floating], truth: NDArray[np.integer]) -> None:
    """Raise ValueError unless p has a row of probabilities for each song of truth."""
    if p.ndim != 2 or len(p) != len(truth) or not len(p):
        raise ValueError(f"probabilities of shape {p.shape} do not fit {len(truth)} songs")
    if not (p >= 0).all() or not (np.abs(p.sum(axis=1) - 1) < 1e-4).all():
        raise ValueError("probabilities must be at least 0 and sum to 1 for each song")
    if truth.min() < 0 or truth.max() >= p.shape[1]:
        raise ValueError(f"classes must be columns 0 to {p.shape[1] - 1} of the probabilities")
