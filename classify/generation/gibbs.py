"""Blocked Gibbs sampling of voices, with annealed masking (Huang et al. 2017, section 3.2).

In each round a share of what is free is hidden at random and drawn anew, each place by itself, from
what a network says of it given all that is not hidden. At first nearly all is hidden, in the end
hardly anything, so that what was drawn by itself comes to fit what was drawn beside it (Yao et al.
2014). What is fixed is never hidden.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

#: Share of the free places that is hidden in the first round and from `STEADY` of all rounds on.
FIRST, LAST, STEADY = 1.0, 0.03, 0.75

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

#: Scores of classes of all places, (n_steps, n_voices, n_classes), given classes, which of them are
#: known, and which notes begin. A second half of classes scores that a note begins.
Predict = Callable[[NDArray[np.int64], Bools, Bools], Floats]


@dataclass(frozen=True, eq=False)
class Piece:
    """Voices that are being written.

    Parameters
    ----------
    classes : ndarray of int, shape (n_steps, n_voices)
        0 for silence, else pitches from the lowest on.
    begins : ndarray of bool, shape (n_steps, n_voices)
        Where a note begins.
    fixed : ndarray of bool, shape (n_steps, n_voices)
        What stays.
    allowed : ndarray of bool, shape (n_steps, n_voices, n_classes)
        What may be drawn.
    """

    classes: NDArray[np.int64]
    begins: Bools
    fixed: Bools
    allowed: Bools


def joined(classes: NDArray[np.int64], begins: Bools) -> Bools:
    """Let every note begin that follows another pitch or a rest, and no rest begin.

    >>> joined(np.array([[0], [5], [5], [6]]), np.zeros((4, 1), bool)).ravel().tolist()
    [False, True, False, True]
    """
    before = np.concatenate([np.zeros_like(classes[:1]), classes[:-1]])
    return np.asarray((classes > 0) & (begins | (classes != before)))


def shares(n_rounds: int) -> NDArray[np.float64]:
    """Give the share that is hidden in each round.

    >>> shares(4).round(2).tolist()
    [1.0, 0.68, 0.35, 0.03]
    """
    falling = FIRST - np.arange(n_rounds) * (FIRST - LAST) / max(1, STEADY * n_rounds)
    return np.maximum(falling, LAST)


def sample(
    predict: Predict,
    piece: Piece,
    random: np.random.Generator,
    n_rounds: int,
    temperature: float = 1.0,
) -> Piece:
    """Draw all that is free of a piece.

    Parameters
    ----------
    predict : callable
        What a network says of all places.
    piece : Piece
        What is known; free places may hold anything.
    random : numpy.random.Generator
        Draws.
    n_rounds : int
        How often places are hidden and drawn.
    temperature : float
        Below 1, what is likely becomes likelier.
    """
    free, n_classes = ~piece.fixed, piece.allowed.shape[-1]
    classes, begins = piece.classes.copy(), piece.begins.copy()
    for share in shares(n_rounds):
        hidden = free & (random.random(free.shape) < share)
        if not hidden.any():
            continue
        scores = predict(classes, ~hidden, joined(classes, begins))[hidden].astype(np.float64)
        pitch = np.where(piece.allowed[hidden], scores[:, :n_classes] / temperature, -np.inf)
        chosen = drawn(pitch, random)
        classes[hidden], begins[hidden] = chosen, False
        if scores.shape[1] > n_classes:
            begin = scores[np.arange(len(chosen)), n_classes + chosen]
            begins[hidden] = random.random(len(chosen)) < 1 / (1 + np.exp(-begin))
    return replace(piece, classes=classes, begins=joined(classes, begins))


def drawn(scores: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.int64]:
    """Draw a class of each row of scores, each by its share of the exponentials (Gumbel 1954).

    >>> drawn(np.array([[0.0, -np.inf], [-np.inf, 3.0]]), np.random.default_rng(0))
    array([0, 1])
    """
    return np.argmax(scores + random.gumbel(size=scores.shape), axis=1)
