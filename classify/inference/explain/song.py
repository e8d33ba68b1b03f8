"""Why this song: what a trained model answers for it, and what speaks for and against the answer.

    explanation = explain(listener, song, profiles=profiles)
    print(explanation.paragraph)
    write(explanation, Path("explained"))

A `Listener` is all that is asked of a model; `listener` makes one of any estimator of ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.files import atomic_write, write_text
from classify.inference.explain import terms, words
from classify.inference.explain.attributions import (
    Answer,
    Attributions,
    Gradient,
    attributed,
    occluded,
)
from classify.inference.explain.profiles import Profiles
from classify.models.backend import gradient
from classify.models.network_classifier import NetworkClassifier
from classify.representations.musical_features import FEATURES
from classify.representations.representation import Representation
from classify.representations.windows import WindowSettings, cut
from classify.songs import Song


@dataclass(frozen=True, eq=False)
class Network:
    """What integrated gradients need beside the answers.

    Parameters
    ----------
    read : callable
        A song to its windows as the network reads them, and the first note of each.
    answer : callable
        Such windows to class probabilities.
    gradient : callable
        Column of a class to the function that gives its gradient.
    channels : tuple of str
        Names of the windows' channels.
    baseline : ndarray, shape (n_channels,), optional
        The average note, as the network reads it; 0 unless given.
    """

    read: Callable[[Song], tuple[NDArray[np.float32], NDArray[np.int64]]]
    answer: Answer
    gradient: Callable[[int], Gradient]
    channels: tuple[str, ...]
    baseline: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Listener:
    """A trained model, as far as an explanation asks it.

    Parameters
    ----------
    classes : tuple of str
        Columns of its probabilities.
    settings : WindowSettings
        How songs are cut for it.
    answer : callable
        Songs to the probabilities of all their windows, shape (n_windows, n_classes), in the order
        of `cut(songs, settings)`.
    network : Network, optional
        Where notes can be asked by gradients; else passages are left out.
    calibrate : callable, optional
        A song's probabilities, shape (1, n_classes), to calibrated ones, which are told instead.
    """

    classes: tuple[str, ...]
    settings: WindowSettings
    answer: Callable[[Sequence[Song]], NDArray[np.floating]]
    network: Network | None = None
    calibrate: Callable[[NDArray[np.floating]], NDArray[np.floating]] | None = None


def listener(
    estimator: Any,
    settings: WindowSettings,
    given: Representation,
    calibrate: Callable[[NDArray[np.floating]], NDArray[np.floating]] | None = None,
    baseline: NDArray[np.float32] | None = None,
) -> Listener:
    """Make a listener of a fitted estimator.

    Parameters
    ----------
    estimator : NetworkClassifier or BaselineClassifier
        As `classify.models.registry.load` or `fit` gives it.
    settings : WindowSettings
        How its windows were cut.
    given : Representation
        What the model takes. Networks are asked by gradients where it has any.
    calibrate : callable, optional
        As in `Listener`.
    baseline : ndarray, shape (n_channels,), optional
        The training mean of each channel, for a network on unscaled numbers.
    """
    reads = partial(_encoded, given, settings)
    network = None
    if given.gradients and isinstance(estimator, NetworkClassifier):
        network = Network(
            read=lambda song: (estimator.prepare(reads([song])), cut([song], settings).start),
            answer=estimator.predict_prepared,
            gradient=partial(gradient, estimator.model_),
            channels=settings.channels,
            baseline=baseline,
        )
    return Listener(
        tuple(map(str, estimator.classes_)),
        settings,
        lambda songs: estimator.predict_proba(reads(songs)),
        network,
        calibrate,
    )


def _encoded(
    given: Representation, settings: WindowSettings, songs: Sequence[Song]
) -> NDArray[np.float32]:
    return np.concatenate(list(given.encode(songs, cut(songs, settings))))


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a song is answered as it is.

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
        Of its windows, as the model gave them.
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


def explain(
    model: Listener, song: Song, label: str = "", profiles: Profiles | None = None
) -> Explanation:
    """Explain a model's answer for a song.

    Parameters
    ----------
    model : Listener
        What is asked.
    song : Song
        Any.
    label : str
        The class to explain; the answer unless given.
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
    windows = np.asarray(model.answer([song]), dtype=float)
    p = windows.mean(axis=0)
    column = model.classes.index(label) if label else int(p.argmax())
    found = _attributions(model, song, column)
    shown = p if model.calibrate is None else model.calibrate(p[None])[0]
    said = words.Said(
        song.title, model.classes, column, shown, model.calibrate is not None, song.notes, found
    )
    own = _terms(model, song) if profiles else None
    return Explanation(
        song, model.classes, model.classes[column], shown, windows, _spans(model, song), found,
        words.paragraph(said, profiles, own),
    )  # fmt: skip


def _attributions(model: Listener, song: Song, column: int) -> Attributions:
    """Ask the notes: by gradients where there are any, else by leaving passages out."""
    network = model.network
    if network is None:
        start = cut([song], model.settings).start
        return occluded(
            lambda pieces: model.answer(pieces)[:, column], song, start, model.settings.window
        )
    x, start = network.read(song)
    return attributed(
        network.gradient(column),
        lambda rows: network.answer(rows)[:, column],
        x,
        start,
        song.n_notes,
        network.channels,
        network.baseline,
    )


def _terms(model: Listener, song: Song) -> NDArray[np.float64]:
    """Measure what there are words for, as a mean over the song's windows."""
    table = _encoded(FEATURES, model.settings, [song])[:, 0]
    return terms.of_songs(table, np.zeros(len(table), dtype=np.int64), 1)[0]


def _spans(model: Listener, song: Song) -> NDArray[np.float64]:
    """Give the seconds that each window covers."""
    notes = song.notes
    pieces = [notes[k : k + model.settings.window] for k in cut([song], model.settings).start]
    return np.array([[own["onset"][0], (own["onset"] + own["duration"]).max()] for own in pieces])


def write(explanation: Explanation, folder: Path, name: str = "") -> list[Path]:
    """Write an explanation as a picture, twice, and a paragraph.

    Parameters
    ----------
    explanation : Explanation
        What is written.
    folder : Path
        Where to; what stands there under these names is replaced.
    name : str
        Of the files, without ending; the song's file name unless given.

    Returns
    -------
    list of Path
        The .svg, the .png and the .txt file.
    """
    from classify.inference.explain.drawing import drawn  # matplotlib is slow to import

    stem = name or explanation.song.path.stem
    paths = [folder / f"{stem}.{ending}" for ending in ("svg", "png", "txt")]
    for path in paths[:2]:
        with atomic_write(path) as beside:
            drawn(explanation, beside)
    write_text(paths[2], explanation.paragraph + "\n")
    return paths
