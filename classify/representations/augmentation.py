"""Training windows changed at random, so that a network learns what does not decide a class.

Only windows of `classify.representations.note_events` are changed, only those that a network is
fitted on, and anew each time that they are seen; windows that decide when to stop are left as they
are. A song a little higher, faster, louder, or heard with a few notes missing, is still of its
class: a transcription of a recording is such a song. What is changed about a window is changed
about all of its excerpts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.representations.note_events import (
    DRUM,
    DURATION,
    INTER_ONSET,
    PITCH,
    REAL,
    TONIC,
    VELOCITY,
)
from classify.representations.windows import LONGEST, TOGETHER

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Augmentation:
    """How far windows are changed at most; 0 leaves that alone.

    Parameters
    ----------
    transposition : int
        Semitones, up or down. Drums stay, the tonic moves along.
    tempo : float
        Share by which all times become longer or shorter: 0.2 is a fifth.
    velocity : float
        MIDI steps, up or down, for all notes of a window together.
    contrast : float
        Share by which velocities move apart or together, around the window's mean.
    drop : float
        Share of notes left out; one always stays.
    jitter : float
        Standard deviation of onsets in seconds. Onsets never fall: a note that would begin before
        the one in front of it begins with it.

    Examples
    --------
    >>> Augmentation(transposition=2).transposition
    2
    """

    transposition: int = 5
    tempo: float = 0.2
    velocity: float = 12.0
    contrast: float = 0.2
    drop: float = 0.1
    jitter: float = 0.02


def augmented(
    x: Floats, rng: np.random.Generator, amounts: Augmentation, n_excerpts: int = 1
) -> Floats:
    """Change each window at random.

    Parameters
    ----------
    x : ndarray of float32, shape (n_windows, n_notes, n_columns)
        As `classify.representations.note_events` gives them; not written to.
    rng : numpy Generator
        What is drawn from it decides the change.
    amounts : Augmentation
        How far.
    n_excerpts : int
        Excerpts in a window.

    Returns
    -------
    ndarray of float32, shape (n_windows, n_notes, n_columns)
        Padded on the left again, where notes were dropped further than before.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> from classify.representations.note_events import NOTE_EVENTS
    >>> from classify.representations.windows import WindowSettings, cut
    >>> song = piece()
    >>> (x,) = NOTE_EVENTS.encode([song], cut([song], WindowSettings(40, 40)))
    >>> changed = augmented(x, np.random.default_rng(0), Augmentation(transposition=0, drop=0.0))
    >>> bool((changed[..., PITCH] == x[..., PITCH]).all())
    True
    >>> changed.shape == x.shape
    True
    """
    changed = x.reshape(len(x), n_excerpts, -1, x.shape[-1]).copy()
    _transpose(changed, rng, amounts.transposition)
    _play(changed, rng, amounts)
    onset = _times(changed, rng, amounts)
    changed = _dropped(changed, onset, rng, amounts.drop)
    return changed.reshape(x.shape)


def _draw(rng: np.random.Generator, x: Floats, most: float) -> NDArray[np.float64]:
    """Draw a number from -most to most for each window."""
    return rng.uniform(-most, most, (len(x), 1, 1))


def _transpose(x: Floats, rng: np.random.Generator, most: int) -> None:
    """Move pitched notes and tonic; less far where a note would leave 0-127."""
    moves = (x[..., REAL] > 0) & (x[..., DRUM] == 0)
    pitch = x[..., PITCH]
    lowest = np.where(moves, pitch, 127).min(axis=(1, 2), keepdims=True)
    highest = np.where(moves, pitch, 0).max(axis=(1, 2), keepdims=True)
    step = rng.integers(-most, most, (len(x), 1, 1), endpoint=True)
    step = np.clip(step, -lowest, 127 - highest)
    x[..., PITCH] += np.where(moves, step, 0)
    known = (x[..., REAL] > 0) & (x[..., TONIC] >= 0)
    x[..., TONIC] = np.where(known, (x[..., TONIC] + step) % 12, x[..., TONIC])


def _play(x: Floats, rng: np.random.Generator, amounts: Augmentation) -> None:
    """Play louder or softer, with more or less contrast; nothing becomes silent."""
    real = x[..., REAL]
    velocity = x[..., VELOCITY]
    count = np.maximum(real.sum(axis=(1, 2), keepdims=True), 1)
    mean = (velocity * real).sum(axis=(1, 2), keepdims=True) / count
    contrast = 1 + _draw(rng, x, amounts.contrast)
    shift = _draw(rng, x, amounts.velocity)
    changed = np.clip(mean + contrast * (velocity - mean) + shift, 1, 127)
    x[..., VELOCITY] = np.where(real > 0, changed, 0)


def _times(x: Floats, rng: np.random.Generator, amounts: Augmentation) -> NDArray[np.float64]:
    """Change durations, and give new onsets in seconds; what stands in the columns is logarithms.

    Onsets count from the note before the excerpt. They are 0 where there is padding.
    """
    real = x[..., REAL] > 0
    factor = np.exp(_draw(rng, x, np.log1p(amounts.tempo)))
    seconds = factor * (np.exp(x[..., DURATION].astype(float)) - TOGETHER)
    x[..., DURATION] = np.where(real, _logarithm(seconds), 0)
    gaps = factor * (np.exp(x[..., INTER_ONSET].astype(float)) - TOGETHER)
    onset = np.cumsum(np.where(real, np.maximum(gaps, 0), 0), axis=2)
    onset = onset + amounts.jitter * rng.normal(size=onset.shape)
    return np.maximum.accumulate(np.where(real, np.maximum(onset, 0), 0), axis=2)


def _dropped(
    x: Floats, onset: NDArray[np.float64], rng: np.random.Generator, most: float
) -> Floats:
    """Leave out notes, move the others to the right, and write the time between them."""
    real = x[..., REAL] > 0
    share = rng.uniform(0, most, (len(x), 1, 1))
    kept = real & (rng.random(real.shape) >= share)
    kept[..., -1] |= ~kept.any(axis=2)  # the last note of an excerpt is always a real one
    order = np.argsort(kept, axis=2, kind="stable")
    moved = np.take_along_axis(x, order[..., None], axis=2)
    stays = np.take_along_axis(kept, order, axis=2)
    onset = np.where(stays, np.take_along_axis(onset, order, axis=2), 0)
    gaps = np.diff(onset, axis=2, prepend=0)
    moved[..., INTER_ONSET] = _logarithm(gaps)
    return np.where(stays[..., None], moved, 0).astype(np.float32)


def _logarithm(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.clip(seconds, 0, LONGEST) + TOGETHER)
