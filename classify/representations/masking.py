"""Notes hidden at random, and what was hidden as classes to guess.

A hidden note is still a note: when it sounds among the others, on which instrument, and the song's
tonic are left. Its pitch becomes unknown, its times and velocity neither long nor short, loud nor
soft, its place in the bar unknown. About 15 % of notes are hidden (Devlin et al. 2019), half of
them one by one and half in runs of two to eight, which neighbours alone do not give away.

What is to be guessed are five classes a note, so that any shape of doubt can be said: the degree
(pitch class from the tonic, 0-11), the octave (pitch // 12, 0-10), time since the onset before and
duration in 16 classes each (a class is about half as long again as the one before), and velocity in
16 classes of 8 MIDI steps. Drums have no degree and no octave.

References
----------
Devlin et al. 2019, BERT; Joshi et al. 2020, SpanBERT (runs).
"""

import numpy as np
from numpy.typing import NDArray

from classify.representations.note_events import (
    DRUM,
    DURATION,
    INTER_ONSET,
    MIDDLE,
    PITCH,
    PLACE,
    REAL,
    TONIC,
    UNKNOWN,
    VELOCITY,
)

#: Share of notes that are hidden, about.
SHARE = 0.15

#: Shortest and longest run of hidden notes.
RUN = (2, 8)

#: What is guessed of a note, and how many classes that has, in order of the last axis.
TARGETS = {"degree": 12, "octave": 11, "inter_onset": 16, "duration": 16, "velocity": 16}

#: Written where there is nothing to guess.
NOTHING = -1

#: Where a class of times ends and the next begins, in log s.
TIMES = np.linspace(-4.4, 1.2, 15)


def hidden(x: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Hide notes.

    Parameters
    ----------
    x : ndarray of float32, shape (n_windows, n_notes, n_columns)
        As `classify.representations.note_events` gives windows; not written to.
    mask : ndarray of bool, shape (n_windows, n_notes)
        Which notes; padding is never hidden.

    Examples
    --------
    >>> x = np.ones((1, 4, 9), np.float32)
    >>> mask = np.array([[False, True, False, False]])
    >>> hidden(x, mask)[0, :, PITCH].tolist()
    [1.0, -1.0, 1.0, 1.0]
    """
    given, mask = x.copy(), mask & (x[..., REAL] > 0)
    for column, value in ({PITCH: UNKNOWN, PLACE: UNKNOWN} | MIDDLE).items():
        given[..., column][mask] = value
    return given


def drawn(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw which notes to hide: about 15 % of each window's, one at least.

    Parameters
    ----------
    x : ndarray of float32, shape (n_windows, n_notes, n_columns)
        Windows; their padding is left alone.
    rng : numpy Generator
        What is drawn from it decides.

    Returns
    -------
    ndarray of bool, shape (n_windows, n_notes)

    Examples
    --------
    >>> x = np.ones((1, 40, 9), np.float32)
    >>> mask = drawn(x, np.random.default_rng(0))
    >>> mask.shape, bool(mask.any())
    ((1, 40), True)
    """
    real = x[..., REAL] > 0
    alone = rng.random(real.shape) < SHARE / 2
    begins = rng.random(real.shape) < SHARE / 2 / np.mean(RUN)
    window, first = np.nonzero(begins)
    end = np.minimum(first + rng.integers(*RUN, len(first), endpoint=True), real.shape[1])
    steps = np.zeros((len(x), real.shape[1] + 1), np.int64)
    np.add.at(steps, (window, first), 1)
    np.add.at(steps, (window, end), -1)
    mask = real & (alone | (steps.cumsum(axis=1)[:, :-1] > 0))
    mask[:, -1] |= ~mask.any(axis=1) & real[:, -1]
    return mask


def targets(x: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Give what is to be guessed.

    Parameters
    ----------
    x : ndarray of float32, shape (n_windows, n_notes, n_columns)
        Windows with nothing hidden.
    mask : ndarray of bool, shape (n_windows, n_notes)
        Which notes are hidden.

    Returns
    -------
    ndarray of int32, shape (n_windows, n_notes, n_targets)
        Classes of `TARGETS`, from 0; -1 where a note is not hidden or has no such thing.

    Examples
    --------
    >>> x = np.zeros((1, 2, 9), np.float32)
    >>> x[..., REAL], x[..., PITCH], x[..., TONIC] = 1, 64, 0
    >>> targets(x, np.array([[True, False]]))[0, :, :2].tolist()
    [[4, 5], [-1, -1]]
    """
    pitch, tuned = x[..., PITCH], x[..., DRUM] == 0
    y = np.stack(
        [
            np.where(tuned, (pitch - x[..., TONIC]) % 12, NOTHING),
            np.where(tuned, pitch // 12, NOTHING),
            np.digitize(x[..., INTER_ONSET], TIMES),
            np.digitize(x[..., DURATION], TIMES),
            x[..., VELOCITY] // 8,
        ],
        axis=-1,
    )
    hides = mask & (x[..., REAL] > 0)
    return np.where(hides[..., None], y, NOTHING).astype(np.int32)


def counts(y: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    """Count how often each class of each target occurs.

    >>> y = np.array([[[4, 5, 0, 0, 8], [-1, -1, -1, -1, -1]]])
    >>> [int(of_target.sum()) for of_target in counts(y)]
    [1, 1, 1, 1, 1]
    """
    return [
        np.bincount(classes[classes >= 0], minlength=n)
        for classes, n in zip(np.moveaxis(y, -1, 0), TARGETS.values(), strict=True)
    ]


def shares(counted: list[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
    """Give the share of each class, as if each had occurred once more than it did.

    >>> [p.tolist() for p in shares([np.array([3, 0])])]
    [[0.8, 0.2]]
    """
    return [(n + 1) / (n.sum() + len(n)) for n in counted]


def blind(seen: list[NDArray[np.int64]], occurring: list[NDArray[np.int64]]) -> list[float]:
    """Give the loss of whoever knows only how often each class occurs, and looks at no song.

    Parameters
    ----------
    seen, occurring : list of ndarray, each of shape (n_classes,)
        Counts of the classes where they were learned, and where they are guessed.

    Returns
    -------
    list of float, length n_targets
        Mean cross-entropy in nats; 0 for what never occurs.

    Examples
    --------
    >>> losses = blind([np.array([3, 0])], [np.array([1, 1])])
    >>> [round(loss, 3) for loss in losses]
    [0.916]
    """
    return [
        float(-(now @ np.log(p)) / max(now.sum(), 1))
        for p, now in zip(shares(seen), occurring, strict=True)
    ]
