"""Which notes of a song speak for a class, and which against.

Two ways, for two kinds of models:

- *Integrated gradients* (Sundararajan, Taly and Yan 2017), for networks: the gradient of the
  class's probability by each number of the input, averaged along the straight line from a baseline
  (in which every note is an average one) to the song, times the number's distance from there.
  The attributions of a song's notes add up to its probability less the baseline's: they are
  *complete*, and how nearly is measured and reported.
- *Occlusion* (Zeiler and Fergus 2014), for any model: passages are taken out of a window, with the
  time they took, and a passage speaks for the class by as much as the probability falls without
  it. These do not add up to anything.

Both are in points of the song's probability, which is the mean over its windows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classify.songs import Song

Gradient = Callable[[NDArray[np.float32]], NDArray[np.floating]]
Predict = Callable[[NDArray[np.float32]], NDArray[np.floating]]

#: Points of the line that the gradient is taken at, to begin with and at most.
STEPS, MOST_STEPS = 32, 512

#: Attributions may miss the difference of probabilities by so much before steps are doubled.
TOLERANCE = 0.005

#: Rows that a network is given at once.
AT_ONCE = 128

#: Passages that a window is divided into for occlusion, and notes in the shortest.
PASSAGES, SHORTEST = 32, 4


@dataclass(frozen=True, eq=False)
class Attributions:
    """What each note of a song says of one class.

    Parameters
    ----------
    method : {"integrated gradients", "occlusion"}
        How they were found.
    notes : ndarray of float, shape (n_notes,)
        In points of the class's probability; above 0 for the class. Notes in no window have 0.
    channels : dict of str to ndarray, shape (n_notes,)
        The same parted by channel, for integrated gradients; their sum is `notes`.
    baseline : float
        Probability that the notes start from; NaN for occlusion.
    gap : float
        By how much the sum misses the probability less the baseline; NaN for occlusion.
    """

    method: str
    notes: NDArray[np.float64]
    channels: dict[str, NDArray[np.float64]]
    baseline: float
    gap: float


def integrated_gradients(
    gradient: Gradient,
    predict: Predict,
    x: NDArray[np.float32],
    baseline: NDArray[np.float32],
) -> tuple[NDArray[np.float64], float]:
    """Attribute a network's probabilities to the numbers of its input.

    Parameters
    ----------
    gradient : callable
        Windows to gradients of one class's probability, as
        `classify.models.backend.gradient` makes it.
    predict : callable
        Windows to that probability, shape (n_windows,).
    x, baseline : ndarray, shape (n_windows, n_notes, n_channels)
        Windows as the network reads them, and what they are compared with.

    Returns
    -------
    attributions : ndarray, shape (n_windows, n_notes, n_channels)
        By the midpoint rule, with twice as many steps until `gap` is at most TOLERANCE.
    gap : float
        Largest difference, over windows, between the sum of attributions and that of probabilities.
    """
    wanted = predict(x).astype(float) - predict(baseline)
    steps = STEPS
    while True:
        attributions = (x - baseline) * _mean_gradient(gradient, x, baseline, steps)
        gap = float(np.abs(attributions.sum(axis=(1, 2)) - wanted).max())
        if gap <= TOLERANCE or steps >= MOST_STEPS:
            return attributions, gap
        steps *= 2


def _mean_gradient(
    gradient: Gradient, x: NDArray, baseline: NDArray, steps: int
) -> NDArray[np.float64]:
    """Average the gradient over the midpoints of `steps` pieces of the line."""
    total = np.zeros(x.shape)
    points = (np.arange(steps) + 0.5) / steps
    at_once = max(1, AT_ONCE // steps)
    for first in range(0, len(x), at_once):
        rows = slice(first, first + at_once)
        base = baseline[rows, None]
        line = base + points[None, :, None, None] * (x[rows, None] - base)
        flat = line.reshape(-1, *x.shape[1:]).astype(np.float32)
        parts = [gradient(flat[k : k + AT_ONCE]) for k in range(0, len(flat), AT_ONCE)]
        total[rows] = np.concatenate(parts).reshape(line.shape).mean(axis=1)
    return total


def on_notes(
    windows: NDArray[np.float64], start: NDArray[np.int64], n_notes: int
) -> NDArray[np.float64]:
    """Bring attributions in windows back to the song's notes.

    Parameters
    ----------
    windows : ndarray, shape (n_windows, n_window_notes, n_channels)
        Of one song; windows that are not full have their notes on the right.
    start : ndarray of int, shape (n_windows,)
        First real note of each.
    n_notes : int
        Of the song.

    Returns
    -------
    ndarray, shape (n_notes, n_channels)
        Of the mean over windows, so that sums stay what they were; padding takes no part, since it
        equals the baseline.
    """
    notes = np.zeros((n_notes, windows.shape[2]))
    for window, first in zip(windows, start, strict=True):
        real = min(len(window), n_notes - first)
        notes[first : first + real] += window[len(window) - real :] / len(windows)
    return notes


def attributed(
    gradient: Gradient,
    predict: Predict,
    x: NDArray[np.float32],
    start: NDArray[np.int64],
    n_notes: int,
    channels: Sequence[str],
    baseline: NDArray[np.float32] | None = None,
) -> Attributions:
    """Say what each note of a song says of a class, by integrated gradients.

    Parameters
    ----------
    gradient, predict : callable
        As for `integrated_gradients`.
    x : ndarray, shape (n_windows, n_window_notes, n_channels)
        The song's windows as the network reads them, with padding filled.
    start, n_notes
        As for `on_notes`.
    channels : sequence of str
        Names of the channels.
    baseline : ndarray, shape (n_channels,), optional
        The average note; 0 unless given, which is the training mean of scaled channels. Without
        scaling, give that mean.
    """
    average = np.zeros(x.shape[2]) if baseline is None else baseline
    base = np.broadcast_to(average, x.shape).astype(np.float32).copy()
    for row, first in enumerate(start):  # padding says nothing, so it is not moved
        padded = max(0, x.shape[1] - (n_notes - first))
        base[row, :padded] = x[row, :padded]
    of_windows, gap = integrated_gradients(gradient, predict, x, base)
    by_channel = on_notes(of_windows, start, n_notes)
    named = {name: by_channel[:, place] for place, name in enumerate(channels)}
    floor = float(predict(base).mean())
    return Attributions("integrated gradients", by_channel.sum(axis=1), named, floor, gap)


def occluded(
    predict: Callable[[Sequence[Song]], NDArray[np.floating]],
    song: Song,
    start: NDArray[np.int64],
    n_window_notes: int,
) -> Attributions:
    """Say what each passage of a song says of a class, by leaving it out.

    Windows stay where they are: each is a piece by itself, and passages of it are left out.

    Parameters
    ----------
    predict : callable
        Pieces of at most a window to the class's probability, shape (n_pieces,).
    song : Song
        Whose notes are asked about.
    start : ndarray of int, shape (n_windows,)
        First note of each of its windows.
    n_window_notes : int
        Notes in a full window.

    Returns
    -------
    Attributions
        A note has the mean of the passages it is in, by their number of notes. Passages overlap by
        half, so that none of their borders decides. A song of one note has 0.
    """
    notes = np.zeros(song.n_notes)
    for first in start:
        window = song.notes[first : first + n_window_notes]
        piece = replace(Song.of(window, song.path), metres=song.metres)
        notes[first : first + len(window)] += _occluded(predict, piece) / len(start)
    return Attributions("occlusion", notes, {}, float("nan"), float("nan"))


def _occluded(
    predict: Callable[[Sequence[Song]], NDArray[np.floating]], piece: Song
) -> NDArray[np.float64]:
    """Leave out passages of one window."""
    passages = cut_out(piece.n_notes)
    total, times = np.zeros(piece.n_notes), np.zeros(piece.n_notes)
    if passages:
        whole, *without = predict([piece, *(left_out(piece, passage) for passage in passages)])
        for passage, p in zip(passages, without, strict=True):
            total[passage] += (whole - p) / (passage.stop - passage.start)
            times[passage] += 1
    return total / np.maximum(times, 1)


def cut_out(n_notes: int) -> list[slice]:
    """Choose the passages that are left out one by one; none is the whole piece."""
    length = max(SHORTEST, -(-n_notes // PASSAGES))
    firsts = range(0, max(1, n_notes - length // 2), max(1, length // 2))
    passages = [slice(first, min(first + length, n_notes)) for first in firsts]
    return [one for one in passages if one.stop - one.start < n_notes]


def left_out(song: Song, passage: slice) -> Song:
    """Take a passage out of a song, with the time from its first note to the next behind it."""
    notes = song.notes
    rest = np.delete(notes, passage)
    if passage.stop < len(notes):
        behind = np.arange(len(rest)) >= passage.start
        for name in ("onset", "beat"):
            rest[name][behind] -= notes[name][passage.stop] - notes[name][passage.start]
        rest = rest[np.lexsort((rest["pitch"], rest["onset"]))]
    seconds = float((rest["onset"] + rest["duration"]).max())
    return replace(song, n_notes=len(rest), seconds=seconds, fetch=lambda: rest)
