"""One listener's own labels: a model adapted to them, and which songs to label next.

People differ in what they hear in a song, and a model learns the mean of its raters. A handful of
labels cannot teach a new model, but they can say how a listener's labels relate to the model's
predictions: probabilities become softmax(W log p + b), where W starts as the identity and b as 0,
and both are drawn towards that. They are the likeliest values after the labels, if before them each
number of b was normal with standard deviation 1 (a mood may be e times as frequent) and each of
W - 1 with 0.3.

Whether that helps is asked of each group of the listener's songs with its own labels left out.
Songs that the model was trained on are left out altogether: what it says of them is no prediction.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from classify import corpora
from classify.corpora import Skipped
from classify.errors import InputError
from classify.evaluation import calibration, conformal
from classify.evaluation.scores import song_means
from classify.evaluation.significance import mcnemar
from classify.experiments.results import P
from classify.files import atomic_write, displayable, on_disk, whole
from classify.inference import saved_model as bundles
from classify.inference.model_record import Adaptation
from classify.inference.prediction import Predictions
from classify.inference.saved_model import Bundle, adapted
from classify.inference.training import check_free
from classify.progress import SILENT, Progress, counting

#: Standard deviations, before any label, of the matrix less the identity, and of the bias.
MATRIX_STD, BIAS_STD = 0.3, 1.0

#: Groups of songs from which on the sets that hold at 90 % are the listener's own.
ENOUGH = 20

#: Columns of a list of suggestions; `label` is left for the listener.
SUGGESTED = ("path", "label", "title", "best", "confidence", "reason")


@dataclass(frozen=True)
class Report:
    """Whether a listener's labels help, each song predicted without the labels of its group.

    Parameters
    ----------
    songs, groups : int
        Of the listener's, without those that the model was trained on.
    right_before, right_after : int
        Songs that were predicted as the listener labels them.
    loss_before, loss_after : float
        Mean of -log of the probability of the listener's label.
    p_value : float
        Exact paired test of right predictions (`evaluation.significance.mcnemar`), groups as units.
    """

    songs: int
    groups: int
    right_before: int
    right_after: int
    loss_before: float
    loss_after: float
    p_value: float

    @property
    def hurts(self) -> bool:
        """Fewer right predictions; or as many, with less probability for the listener's labels."""
        if self.right_after != self.right_before:
            return self.right_after < self.right_before
        return self.loss_after >= self.loss_before

    def sentence(self) -> str:
        """Say it to people."""
        return (
            f"Of {self.songs} songs, each predicted without its own label, {self.right_before} "
            f"were right before and {self.right_after} after (exact paired test, "
            f"p = {self.p_value:.2g}); mean log loss {self.loss_before:.3f} before, "
            f"{self.loss_after:.3f} after."
        )


def adapt(
    bundle: Bundle,
    labels: Path,
    out: Path,
    force: bool = False,
    progress: Progress = SILENT,
) -> tuple[Report, list[Skipped]]:
    """Adapt a model to a listener's labels, if that helps.

    Parameters
    ----------
    bundle : Bundle
        The model.
    labels : Path
        A labels.csv (or a folder per class), as for a corpus; `group` keeps songs together.
    out : Path
        Folder of the adapted bundle.
    force : bool
        Write it even if it does not help, and replace a bundle that is there.
    progress : Progress
        Shows progress.

    Returns
    -------
    Report
        Whether it helps. If it does not, nothing was written, unless forced.
    list of Skipped
        Songs that were not used, and why.

    Raises
    ------
    InputError
        If labels are none of the model's, or too few songs are left.
    """
    check_free(out, force)
    if bundle.about.adaptation:
        raise InputError(f"{bundle.folder}: is adapted already; adapt the model it was made of")
    p, truth, groups, aside = _listener(bundle, labels, progress)
    report, held_out = assess(p, truth, groups)
    if report.hurts and not force:
        return report, aside
    matrix, bias = fit(p, truth)
    has_enough = report.groups >= ENOUGH
    adaptation = Adaptation(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        source=bundle.id,
        matrix=matrix.tolist(),
        bias=bias.tolist(),
        sets="the listener's" if has_enough else "the corpus's raters'",
        **asdict(report),
    )
    about = msgspec.structs.replace(bundle.about, adaptation=adaptation)
    if has_enough:
        threshold = conformal.threshold(held_out, truth, groups=groups)
        least: dict[str, Any] = {"threshold": threshold, "thresholds": ()}
        of_recordings = about.recordings and msgspec.structs.replace(about.recordings, **least)
        about = msgspec.structs.replace(about, **least, recordings=of_recordings)
    bundles.changed(bundle, out, about)
    return report, aside


def _listener(
    bundle: Bundle, labels: Path, progress: Progress
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[str], list[Skipped]]:
    """Read a listener's songs and let the model predict them."""
    with counting(progress, "Reading the listener's songs", "song") as count:
        corpus = corpora.load(str(labels), count)
    unknown = sorted(set(corpus.classes) - set(bundle.classes))
    if unknown:
        raise InputError(
            f"{labels}: the label {unknown[0]!r} is none of the model's, "
            f"which are {', '.join(bundle.classes)}"
        )
    trained = bundle.learned_from(corpus.songs)
    rows = np.flatnonzero(~trained).tolist()
    aside = corpus.skipped + [
        Skipped(entry.name, "is a song that the model was trained on", entry.label)
        for entry, own in zip(corpus.entries, trained, strict=True)
        if own
    ]
    groups = [corpus.groups[index] for index in rows]
    if len(set(groups)) < 2:
        raise InputError(
            f"{labels}: leaves {len(set(groups))} groups of songs that the model was not trained "
            f"on, and 2 at least are needed to see whether adapting helps"
        )
    songs = [corpus.songs[index] for index in rows]
    windows, raw = bundle.predict_windows(songs)
    transcribed = np.array([song.transcribed for song in songs])
    p = bundle.calibrated(song_means(raw, windows.song), transcribed)
    truth = np.searchsorted(bundle.classes, [corpus.labels[index] for index in rows])
    return p, truth, groups, aside


def fit(
    p: NDArray[np.floating], truth: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find matrix and bias that make a listener's labels likely.

    Parameters
    ----------
    p : ndarray, shape (n_songs, n_classes)
        Calibrated probabilities.
    truth : ndarray of int, shape (n_songs,)
        What the listener says.

    Returns
    -------
    matrix : ndarray, shape (n_classes, n_classes)
        The identity, were there no labels.
    bias : ndarray, shape (n_classes,)

    References
    ----------
    Kull et al. 2019, Beyond temperature scaling: multiclass Dirichlet calibration, NeurIPS; drawn
    towards the identity there too (off-diagonal and intercept regularisation).
    """
    n_classes, songs = p.shape[1], np.arange(len(truth))
    logits = np.log(np.maximum(p, calibration.FLOOR))
    one_hot = np.eye(n_classes)[truth]

    def loss(packed: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        change, bias = packed[:-n_classes].reshape(n_classes, n_classes), packed[-n_classes:]
        log_p = log_softmax(logits + logits @ change.T + bias, axis=1)
        wrong = np.exp(log_p) - one_hot
        value = -log_p[songs, truth].sum()
        value += (change**2).sum() / MATRIX_STD**2 / 2 + (bias**2).sum() / BIAS_STD**2 / 2
        slope = np.concatenate([
            (wrong.T @ logits + change / MATRIX_STD**2).ravel(),
            wrong.sum(axis=0) + bias / BIAS_STD**2,
        ])  # fmt: skip
        return value, slope

    start = np.zeros(n_classes * (n_classes + 1))
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return np.eye(n_classes) + fitted[:-n_classes].reshape(n_classes, n_classes), fitted[
        -n_classes:
    ]


def assess(
    p: NDArray[np.floating], truth: NDArray[np.integer], groups: Sequence[str]
) -> tuple[Report, NDArray[np.float64]]:
    """Judge each group of songs by what the labels of the others teach.

    Returns
    -------
    Report
    ndarray, shape (n_songs, n_classes)
        Adapted probabilities of each song, without the labels of its group.
    """
    names, after = np.asarray(groups), np.empty(p.shape)
    for name in np.unique(names):
        of_group = names == name
        others = fit(p[~of_group], truth[~of_group])
        after[of_group] = adapted(p[of_group], *others)
    right = [proba.argmax(axis=1) == truth for proba in (p, after)]
    songs = np.arange(len(truth))
    loss = [
        -np.log(np.maximum(proba[songs, truth], calibration.FLOOR)).mean() for proba in (p, after)
    ]
    report = Report(
        songs=len(truth),
        groups=len(set(names.tolist())),
        right_before=int(right[0].sum()),
        right_after=int(right[1].sum()),
        loss_before=float(loss[0]),
        loss_after=float(loss[1]),
        p_value=mcnemar(right[1], right[0], list(groups)),
    )
    return report, after


# --- which songs to ask about


def suggest(predictions: Predictions, bundle: Bundle, n_songs: int, labels: Path) -> pd.DataFrame:
    """Choose the songs of a library whose labels would help most.

    A song teaches much if the model is unsure of it and if it is unlike those chosen before:
    the next song is always the one with the largest product of both. Uncertainty is the entropy
    of its probabilities, 0 to 1; unlikeness its distance, in what songs are like, to the nearest
    one chosen. Songs that are unlike anything in training are left out, since no adaptation of
    probabilities would help them, and songs in archives, since a labels.csv cannot name them.

    Parameters
    ----------
    predictions : Predictions
        Of the library.
    bundle : Bundle
        The model that made them.
    n_songs : int
        How many to choose.
    labels : Path
        Where the list will stand; paths are relative to it where they can be.

    Returns
    -------
    DataFrame
        Columns path, label (empty), title, best, confidence, reason; the most telling song first.

    Raises
    ------
    InputError
        If no song of the library can be suggested.
    """
    files = np.array([item.file for item in predictions.items], dtype=object)
    trained = bundle.learned_from([item.song for item in predictions.items])
    rows = np.flatnonzero(
        predictions.table.in_distribution.to_numpy(bool) & (files != "") & ~trained
    )
    if not len(rows):
        raise InputError("no song can be suggested: all are in archives, or were trained on, or "
                         "are unlike anything that the model was trained on")  # fmt: skip
    p = predictions.table[[P + mood for mood in bundle.classes]].to_numpy(float)[rows]
    place = (predictions.statistics[rows] - bundle.novelty.centre) / bundle.novelty.scale
    chosen, reasons = most_telling(p, place, bundle.classes, n_songs)
    table = predictions.table.iloc[rows[chosen]].reset_index(drop=True)
    here = whole(labels).parent
    return pd.DataFrame({
        "path": [_from(here, on_disk(Path(file))) for file in files[rows[chosen]]],
        "label": "",
        "title": table.title,
        "best": table.best,
        "confidence": table.confidence.round(3),
        "reason": reasons,
    })[list(SUGGESTED)]  # fmt: skip


def most_telling(
    p: NDArray[np.floating], place: NDArray[np.floating], moods: Sequence[str], n_songs: int
) -> tuple[list[int], list[str]]:
    """Choose the songs whose labels would teach most, as `suggest` says, and say why.

    Parameters
    ----------
    p : ndarray, shape (n_songs, n_moods)
        Calibrated probabilities.
    place : ndarray, shape (n_songs, n_statistics)
        What each song is like, each number in units of how far it varies.
    moods : sequence of str
        Names of the columns of `p`.
    n_songs : int
        How many to choose.

    Returns
    -------
    list of int
        The rows chosen, the most telling first.
    list of str
        Why, for each.
    """
    uncertainty = -(p * np.log(np.maximum(p, calibration.FLOOR))).sum(axis=1) / np.log(p.shape[1])
    chosen, distances = spread(uncertainty, place, n_songs)
    reasons = [
        _reason(moods, proba, distance)
        for proba, distance in zip(p[chosen], distances, strict=True)
    ]
    return chosen, reasons


def spread(
    worth: NDArray[np.floating], place: NDArray[np.floating], n_chosen: int
) -> tuple[list[int], list[float]]:
    """Choose songs of much worth that lie apart, one after another.

    Returns
    -------
    list of int
        The rows chosen, the one of most worth first.
    list of float
        Distance of each to the nearest of those before it; infinite for the first.
    """
    chosen = [int(np.argmax(worth))]
    distances = [float("inf")]
    nearest = np.full(len(worth), np.inf)
    while len(chosen) < min(n_chosen, len(worth)):
        step = place - place[chosen[-1]]
        nearest = np.minimum(nearest, np.sqrt((step**2).mean(axis=1)))
        score = worth * nearest
        score[chosen] = -1
        best = int(np.argmax(score))
        distances.append(float(nearest[best]))
        chosen.append(best)
    return chosen, distances


def _reason(moods: Sequence[str], p: NDArray[np.floating], distance: float) -> str:
    first, second = np.argsort(-p, kind="stable")[:2]
    between = f"between {moods[first]} ({p[first]:.2f}) and {moods[second]} ({p[second]:.2f})"
    if not np.isfinite(distance):
        return f"least sure of all: {between}"
    return f"{between}; {distance:.1f} spreads from the nearest song above"


def _from(here: Path, file: Path) -> str:
    real = whole(file)
    return displayable(os.path.relpath(real, here) if real.is_relative_to(here) else str(real))


def write_suggestions(table: pd.DataFrame, path: Path) -> None:
    """Write suggestions as a labels.csv whose labels are to be filled in."""
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False, encoding="utf-8")
