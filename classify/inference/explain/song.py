"""Why this song: what a trained model predicts for it, and what speaks for and against that.

    explanation = explain(model, song, profiles=profiles)
    print(explanation.paragraph)
    drawing.write(explanation, Path("explained"))

An `ExplainedModel` is all that is asked of a model; `of_bundle` makes one of a saved model, and
`of_estimator` of any estimator of ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.inference.course import balanced
from classify.inference.explain import terms, text
from classify.inference.explain.attributions import (
    Attributions,
    Gradient,
    Predict,
    attributed,
    occluded,
)
from classify.inference.explain.profiles import Profiles
from classify.inference.saved_model import Bundle
from classify.models.backend import gradient
from classify.models.network_classifier import NetworkClassifier
from classify.representations.musical_features import FEATURES
from classify.representations.representation import Representation
from classify.representations.windows import Windows, WindowSettings, cut
from classify.songs import Song

#: Probabilities, shape (n, n_classes), and their song, to calibrated ones.
Calibrate = Callable[[NDArray[np.floating], Song], NDArray[np.floating]]

#: Windows whose probabilities differ by less than this say the same.
SAME = 1e-6


@dataclass(frozen=True, eq=False)
class Network:
    """What integrated gradients need besides the probabilities.

    Parameters
    ----------
    read : callable
        A song to its windows as the network reads them, and the first note of each.
    predict : callable
        Such windows to class probabilities.
    gradient : callable
        Column of a class to the function that gives its gradient.
    channels : tuple of str
        Names of the windows' channels.
    baseline : ndarray, shape (n_channels,), optional
        The average note, as the network reads it; 0 unless given.
    """

    read: Callable[[Song], tuple[NDArray[np.float32], NDArray[np.int64]]]
    predict: Predict
    gradient: Callable[[int], Gradient]
    channels: tuple[str, ...]
    baseline: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class ExplainedModel:
    """A trained model, as far as an explanation needs it.

    Parameters
    ----------
    classes : tuple of str
        Columns of its probabilities.
    settings : WindowSettings
        How songs are cut for it.
    predict : callable
        Songs to the probabilities of all their windows, shape (n_windows, n_classes), in the order
        of `cut(songs, settings)`.
    network : Network, optional
        Where notes can be asked by gradients; else passages are left out.
    calibrate : callable, optional
        Probabilities, shape (n, n_classes), of a song or its windows, and the song, to calibrated
        ones, which are shown instead.
    course : callable, optional
        A song, what the model says of its windows, and what is said of the song, to what is shown
        of the windows; the model's own calibrated probabilities, in line with the song's, unless
        given.
    """

    classes: tuple[str, ...]
    settings: WindowSettings
    predict: Callable[[Sequence[Song]], NDArray[np.floating]]
    network: Network | None = None
    calibrate: Calibrate | None = None
    course: Callable[[Song, NDArray[np.floating], NDArray[np.floating]], NDArray] | None = None


def of_bundle(bundle: Bundle) -> ExplainedModel:
    """Make an explained model of a saved one."""

    def calibrate(p: NDArray[np.floating], song: Song) -> NDArray[np.floating]:
        return bundle.calibrated(p, np.full(len(p), song.transcribed))

    def course(song: Song, raw: NDArray[np.floating], p: NDArray[np.floating]) -> NDArray:
        return bundle.course([song], cut([song], bundle.cutting), raw, p[None])

    given = bundle.estimator, bundle.cutting, bundle.representation, calibrate
    return replace(of_estimator(*given), course=course if bundle.companion else None)


def of_estimator(
    estimator: Any,
    settings: WindowSettings,
    given: Representation,
    calibrate: Calibrate | None = None,
    baseline: NDArray[np.float32] | None = None,
) -> ExplainedModel:
    """Make an explained model of a fitted estimator.

    Parameters
    ----------
    estimator : NetworkClassifier or BaselineClassifier
        As `classify.models.registry.load` or `fit` gives it.
    settings : WindowSettings
        How its windows were cut.
    given : Representation
        What the model takes. Networks are asked by gradients where it has any.
    calibrate : callable, optional
        As in `ExplainedModel`.
    baseline : ndarray, shape (n_channels,), optional
        The training mean of each channel, for a network on unscaled numbers.
    """

    def predict(songs: Sequence[Song]) -> NDArray[np.floating]:
        windows = cut(songs, settings)
        return estimator.predict_proba(_encoded(given, windows, songs), windows.transcribed)

    def read(song: Song) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        windows = cut([song], settings)
        return estimator.prepare(_encoded(given, windows, [song])), windows.start

    network = None
    if given.gradients and isinstance(estimator, NetworkClassifier):
        network = Network(
            read=read,
            predict=estimator.predict_prepared,
            gradient=partial(gradient, estimator.model_),
            channels=tuple(column.name for column in given.columns(settings)),
            baseline=baseline,
        )
    return ExplainedModel(
        tuple(map(str, estimator.classes_)),
        settings,
        predict,
        network,
        calibrate,
    )


def _encoded(given: Representation, windows: Windows, songs: Sequence[Song]) -> NDArray[np.float32]:
    return np.concatenate(list(given.encode(songs, windows)))


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model predicts what it does for a song.

    Parameters
    ----------
    song : Song
        Which.
    classes : tuple of str
        Columns of the probabilities.
    label : str
        The class that is explained.
    p : ndarray, shape (n_classes,)
        Of the song, calibrated where the model is.
    windows : ndarray, shape (n_windows, n_classes)
        Of its windows, whose mean is `p`.
    spans : ndarray, shape (n_windows, 2)
        Seconds at which the first note of a window begins and the last one ends.
    attributions : Attributions
        What each note says of `label`.
    paragraph : str
        The same in words.
    """

    song: Song
    classes: tuple[str, ...]
    label: str
    p: NDArray[np.float64]
    windows: NDArray[np.floating]
    spans: NDArray[np.float64]
    attributions: Attributions
    paragraph: str

    @property
    def has_course(self) -> bool:
        """Whether windows differ; a model of whole songs alone says the same of each."""
        return len(self.windows) > 1 and float(np.ptp(self.windows, axis=0).max()) > SAME


def explain(
    model: ExplainedModel, song: Song, label: str = "", profiles: Profiles | None = None
) -> Explanation:
    """Explain a model's prediction for a song.

    Parameters
    ----------
    model : ExplainedModel
        What is explained.
    song : Song
        Any.
    label : str
        The class to explain; the predicted one unless given.
    profiles : Profiles, optional
        Of the songs the model learned from; the paragraph then says in what this one is like those
        of the class, and in what not.

    Returns
    -------
    Explanation

    Raises
    ------
    InputError
        If there is no such class.
    """
    if label and label not in model.classes:
        raise InputError(f"{label!r} is no class of this model; it has {', '.join(model.classes)}")
    windows = np.asarray(model.predict([song]), dtype=float)
    p = windows.mean(axis=0)
    column = model.classes.index(label) if label else int(p.argmax())
    attributions = _attributions(model, song, column)
    shown = p if model.calibrate is None else model.calibrate(p[None], song)[0]
    if model.course is None:
        own = windows if model.calibrate is None else model.calibrate(windows, song)
        course = balanced(own, np.zeros(len(own), dtype=int), shown[None])
    else:
        course = model.course(song, windows, shown)
    prediction = text.Prediction(
        song.title, model.classes, column, shown, model.calibrate is not None, song.notes,
        attributions,
    )  # fmt: skip
    features = _terms(model, song) if profiles else None
    return Explanation(
        song, model.classes, model.classes[column], shown, course, _spans(model, song),
        attributions, text.paragraph(prediction, profiles, features),
    )  # fmt: skip


def _attributions(model: ExplainedModel, song: Song, column: int) -> Attributions:
    """Ask the notes: by gradients where there are any, else by leaving passages out."""
    network = model.network
    if network is None:
        start = cut([song], model.settings).start
        return occluded(
            lambda pieces: model.predict(pieces)[:, column], song, start, model.settings.window
        )
    x, start = network.read(song)
    return attributed(
        network.gradient(column),
        lambda rows: network.predict(rows)[:, column],
        x,
        start,
        song.n_notes,
        network.channels,
        network.baseline,
    )


def _terms(model: ExplainedModel, song: Song) -> NDArray[np.float64]:
    """Measure what there are words for, as a mean over the song's windows."""
    table = _encoded(FEATURES, cut([song], model.settings), [song])[:, 0]
    return terms.of_songs(table, np.zeros(len(table), dtype=np.int64), 1)[0]


def _spans(model: ExplainedModel, song: Song) -> NDArray[np.float64]:
    """Give the seconds that each window covers."""
    notes = song.notes
    pieces = [notes[k : k + model.settings.window] for k in cut([song], model.settings).start]
    return np.array(
        [[piece["onset"][0], (piece["onset"] + piece["duration"]).max()] for piece in pieces]
    )
