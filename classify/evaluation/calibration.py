"""Calibration of confidence, and selective prediction: leaving out songs of low confidence.

Conventions: `p` has a row of class probabilities for each song, shape (n_songs, n_classes), and
`truth` the column of each song's true class. A song's *confidence* is its largest probability, its
prediction that probability's class. Songs of equal confidence are treated alike: they share a bin,
and a threshold keeps all of them or none, so that no result depends on the order of songs.

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

#: The lowest and highest temperature of the search. If all songs are predicted correctly, the
#: likelihood has no maximum: the lower the temperature, the higher the likelihood.
TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins in order of confidence: mean confidence, accuracy, and number of songs of each."""

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    count: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """Share of songs kept and share of errors among them, for every distinct threshold.

    Parameters
    ----------
    threshold : ndarray, shape (n_points,)
        The distinct confidences, descending.
    coverage : ndarray, shape (n_points,)
        Share of songs with at least that confidence; the last is 1.
    risk : ndarray, shape (n_points,)
        Share of wrong predictions among those songs.
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
        Above 1 if the model is overconfident, below 1 if it is underconfident; within
        `TEMPERATURES`.

    Raises
    ------
    ValueError
        If the arrays do not fit together or are not probabilities.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger 2017, On calibration of modern neural networks, ICML, sec. 4.2.

    Examples
    --------
    Confidence is 0.9 and accuracy 0.75, so the model is overconfident.

    >>> p = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])
    >>> temperature = fit_temperature(p, np.array([0, 0, 0, 1]))
    >>> round(temperature, 4)
    2.0
    >>> apply_temperature(p[:1], temperature).round(2).tolist()
    [[0.75, 0.25]]
    """
    _check(p, truth)
    songs, logits = np.arange(len(truth)), _logits(p)

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[songs, truth].mean())

    low, high = np.log(TEMPERATURES)
    optimum = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12})
    return float(np.exp(optimum.x))


def apply_temperature(p: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Apply a temperature to probabilities: softmax(log p / temperature).

    No prediction changes.

    Returns
    -------
    ndarray, shape (n_songs, n_classes)

    Raises
    ------
    ValueError
        If the temperature is not above 0.

    Examples
    --------
    >>> apply_temperature(np.array([[0.9, 0.1]]), 2.0).round(2).tolist()
    [[0.75, 0.25]]
    """
    if not temperature > 0:
        raise ValueError(f"a temperature of {temperature} is not above 0")
    return np.exp(log_softmax(_logits(p) / temperature, axis=1))


def brier(p: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Brier score: mean over songs of the squared distance to the true class's unit vector.

    Returns
    -------
    float
        From 0 (confident and correct for all songs) to 2 (confident and wrong for all songs).

    References
    ----------
    Brier 1950, Monthly Weather Review 78.

    Examples
    --------
    >>> round(brier(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0])), 3)
    0.37
    """
    return float(resampled_brier(p, truth, np.ones((1, len(p)), int))[0])


def resampled_brier(
    p: NDArray[np.floating], truth: NDArray[np.integer], times: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Compute the Brier score of many draws of songs at once.

    Parameters
    ----------
    p, truth
        Probabilities and classes.
    times : ndarray of int, shape (n_draws, n_songs)
        How often each draw has each song.

    Returns
    -------
    ndarray, shape (n_draws,)

    Examples
    --------
    >>> p, truth = np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0])
    >>> resampled_brier(p, truth, np.array([[1, 1], [2, 0]])).round(2).tolist()
    [0.37, 0.02]
    """
    _check(p, truth)
    distance = ((p - np.eye(p.shape[1])[truth]) ** 2).sum(axis=1)
    return np.asarray(times @ distance / times.sum(axis=1))


def reliability(
    p: NDArray[np.floating], truth: NDArray[np.integer], n_bins: int = BINS
) -> Reliability:
    """Compare confidence and accuracy in bins of equally many songs.

    Parameters
    ----------
    p, truth
        Probabilities and classes.
    n_bins : int
        Maximum number of bins; fewer where songs are fewer or share a confidence.

    Returns
    -------
    Reliability
        Empty bins are left out.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6]])
    >>> truth = np.array([0, 0, 1, 1])
    >>> bins = reliability(p, truth, n_bins=2)
    >>> bins.confidence.round(2).tolist(), bins.accuracy.tolist(), bins.count.tolist()
    ([0.6, 0.85], [0.5, 1.0], [2, 2])
    """
    _check(p, truth)
    confidence, correct = p.max(axis=1), p.argmax(axis=1) == truth
    bins = _bins(confidence, n_bins)
    _, bin_of, count = np.unique(bins, return_inverse=True, return_counts=True)
    return Reliability(
        np.bincount(bin_of, weights=confidence) / count,
        np.bincount(bin_of, weights=correct) / count,
        count,
    )


def log_losses(p: NDArray[np.floating], truth: NDArray[np.integer]) -> NDArray[np.float64]:
    """Give each song's surprise at its class: -log p, at most that of a probability of `FLOOR`.

    Examples
    --------
    >>> log_losses(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 0])).round(2).tolist()
    [0.69, 0.0]
    """
    return -np.log(np.maximum(p[np.arange(len(truth)), truth], FLOOR)) + 0.0


#: Draws of labels for the noise floor of the calibration error.
DRAWS = 200


def noise_floor(p: NDArray[np.floating], seed: int, n_bins: int = BINS) -> tuple[float, float]:
    """Give the calibration error that a perfectly calibrated model would have on as many songs.

    Parameters
    ----------
    p : ndarray, shape (n_songs, n_classes)
        Probabilities.
    seed : int
        Of the labels, which are drawn from these very probabilities.
    n_bins : int
        As in `calibration_error`.

    Returns
    -------
    (mean, high) : pair of float
        The mean, and what it stays below in 95 of 100 draws.

    Examples
    --------
    >>> mean, high = noise_floor(np.full((100, 2), 0.5), seed=0)
    >>> 0 < mean < high < 0.2
    True
    """
    draw = np.random.default_rng(seed)
    ends = p.cumsum(axis=1)
    confidence, predicted = p.max(axis=1), p.argmax(axis=1)
    bins, errors = _bins(confidence, n_bins), []
    for _ in range(DRAWS):
        drawn = (draw.random((len(p), 1)) * ends[:, -1:] > ends).sum(axis=1)
        correct = drawn.clip(max=p.shape[1] - 1) == predicted
        errors.append(np.abs(np.bincount(bins, correct - confidence)).sum() / len(p))
    return float(np.mean(errors)), float(np.quantile(errors, 0.95))


def calibration_error(
    p: NDArray[np.floating], truth: NDArray[np.integer], n_bins: int = BINS
) -> float:
    """Compute the expected calibration error (ECE): how far confidence is from accuracy.

    The mean over bins, weighted by their songs, of the distance between accuracy and mean
    confidence (Guo et al. 2017), with the equal-mass bins that Nixon et al. 2019 call
    adaptive: equally wide bins are nearly empty where a model is rarely uncertain. Even a perfectly
    calibrated model has an error above 0 on finitely many songs, the more so the more bins.

    Returns
    -------
    float
        0 to 1.

    References
    ----------
    Guo et al. 2017, ICML; Nixon, Dusenberry, Zhang, Jerfel and Tran 2019, Measuring calibration in
    deep learning, CVPR workshops.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6]])
    >>> truth = np.array([0, 0, 1, 1])
    >>> round(calibration_error(p, truth, n_bins=2), 3)
    0.125
    """
    return float(resampled_error(p, truth, np.ones((1, len(p)), int), n_bins)[0])


def resampled_error(
    p: NDArray[np.floating],
    truth: NDArray[np.integer],
    times: NDArray[np.integer],
    n_bins: int = BINS,
) -> NDArray[np.float64]:
    """Compute the expected calibration error of many draws of songs at once.

    Parameters
    ----------
    p, truth
        Probabilities and classes.
    times : ndarray of int, shape (n_draws, n_songs)
        How often each draw has each song.
    n_bins : int
        As in `calibration_error`.

    Returns
    -------
    ndarray, shape (n_draws,)
        Each is the error of the drawn songs alone, in bins of their own.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6]])
    >>> truth = np.array([0, 0, 1, 1])
    >>> resampled_error(p, truth, np.array([[1, 1, 1, 1], [2, 0, 0, 2]]), 2).round(3).tolist()
    [0.125, 0.25]
    """
    _check(p, truth)
    order = p.max(axis=1).argsort(kind="stable")
    confidence, correct = p.max(axis=1)[order], (p.argmax(axis=1) == truth)[order]
    drawn, n_drawn = times[:, order], times.sum(axis=1)
    upto = np.pad(drawn.cumsum(axis=1), ((0, 0), (1, 0)))
    ties = confidence.searchsorted(confidence), confidence.searchsorted(confidence, "right")
    middle = np.maximum(upto[:, ties[0]] + upto[:, ties[1]] - 1, 0) // 2
    bins = middle * n_bins // n_drawn[:, None]
    places = bins + n_bins * np.arange(len(times))[:, None]
    gaps = np.bincount(
        places.ravel(), (drawn * (correct - confidence)).ravel(), times.shape[0] * n_bins
    )
    return np.asarray(np.abs(gaps.reshape(len(times), n_bins)).sum(axis=1) / n_drawn)


def risk_coverage(p: NDArray[np.floating], truth: NDArray[np.integer]) -> RiskCoverage:
    """Risk–coverage curve: the share of errors as songs of lower confidence are included.

    References
    ----------
    El-Yaniv and Wiener 2010, JMLR 11; Geifman and El-Yaniv 2017, NeurIPS.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6]])
    >>> truth = np.array([0, 0, 1, 1])
    >>> curve = risk_coverage(p, truth)
    >>> curve.coverage.tolist(), curve.risk.tolist()
    ([0.25, 0.5, 1.0], [0.0, 0.0, 0.25])
    """
    _check(p, truth)
    wrong = p.argmax(axis=1) != truth
    descending, bin_of, count = np.unique(-p.max(axis=1), return_inverse=True, return_counts=True)
    kept = count.cumsum()
    risk = np.bincount(bin_of, weights=wrong).cumsum() / kept
    return RiskCoverage(-descending, kept / len(p), risk)


def area_under_risk_coverage(curve: RiskCoverage) -> float:
    """Area under a risk–coverage curve (AURC): the mean risk over songs' confidences.

    Each song's confidence is the threshold once. Lower is better; a model whose confidence is
    unrelated to its errors has about its error rate.

    References
    ----------
    Geifman and El-Yaniv 2017, NeurIPS; as a sum, Geifman, Uziel and El-Yaniv 2019, ICLR.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6]])
    >>> truth = np.array([0, 0, 1, 1])
    >>> area_under_risk_coverage(risk_coverage(p, truth))
    0.125
    """
    return float(np.average(curve.risk, weights=np.diff(curve.coverage, prepend=0)))


def coverage_and_risk(
    p: NDArray[np.floating], truth: NDArray[np.integer], threshold: float
) -> tuple[float, float]:
    """Give coverage and risk of the songs with at least a confidence of `threshold`.

    Returns
    -------
    (coverage, risk) : pair of float
        Share of songs kept, and share of wrong predictions among them; nan if none is kept.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6]])
    >>> truth = np.array([0, 0, 1, 1])
    >>> coverage_and_risk(p, truth, 0.7), coverage_and_risk(p, truth, 0.6)
    ((0.5, 0.0), (1.0, 0.25))
    """
    _check(p, truth)
    kept = p.max(axis=1) >= threshold
    if not kept.any():
        return 0.0, float("nan")
    return float(kept.mean()), float((p.argmax(axis=1) != truth)[kept].mean())


def _logits(p: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.log(np.maximum(np.asarray(p, dtype=float), FLOOR))


def _bins(confidence: NDArray[np.floating], n_bins: int) -> NDArray[np.int64]:
    """Give the bin of each song by its rank; songs that tie have their middle one."""
    ordered = np.sort(confidence)
    below, upto = ordered.searchsorted(confidence), ordered.searchsorted(confidence, "right")
    return np.asarray((below + upto - 1) // 2 * n_bins // len(confidence))


def _check(p: NDArray[np.floating], truth: NDArray[np.integer]) -> None:
    """Raise ValueError unless p has a row of probabilities for each song of truth."""
    if p.ndim != 2 or len(p) != len(truth) or not len(p):
        raise ValueError(f"probabilities of shape {p.shape} do not fit {len(truth)} songs")
    if not (p >= 0).all() or not (np.abs(p.sum(axis=1) - 1) < 1e-4).all():
        raise ValueError("probabilities must be at least 0 and sum to 1 for each song")
    if truth.min() < 0 or truth.max() >= p.shape[1]:
        raise ValueError(f"classes must be columns 0 to {p.shape[1] - 1} of the probabilities")
