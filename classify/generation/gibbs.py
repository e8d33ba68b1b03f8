"""Gibbs sampling of voices around what is fixed, by networks of two kinds.

`sample` is blocked, with annealed masking (Huang et al. 2017, section 3.2): in each round a share
of what is free is hidden at random and drawn anew, each place by itself, from what a network says
of it given all that is not hidden. At first nearly all is hidden, in the end hardly anything, so
that what was drawn by itself comes to fit what was drawn beside it (Yao et al. 2014).

Both can go on with what is doubtful alone, which is ours: places are drawn together that should
have known of each other, so that voices move in parallel far more often than in what was learned.

`pseudo_sample` is that of DeepBach (Hadjeres et al. 2017, section 3): from random notes on, places
of a voice are drawn anew given everything around them, as their networks cannot leave anything
out; it is the temperature that falls.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

#: Share of the free places that is hidden in the first round and from `STEADY` of all rounds on.
FIRST, LAST, STEADY = 1.0, 0.03, 0.75

#: Temperature at which pseudo-Gibbs sampling begins, and share of a voice's free places in a round.
HOT, AT_ONCE = 1.5, 0.125

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

#: Scores of classes of all places, (n_steps, n_voices, n_classes), given classes, which of them are
#: known, and which notes begin. A second half of classes scores that a note begins.
Predict = Callable[[NDArray[np.int64], Bools, Bools], Floats]

#: Scores of what a voice may do at some steps, (n, n_classes + 1), the last of which is to hold;
#: given symbols of all voices, (n_steps, n_voices), the steps and the voice.
Score = Callable[[NDArray[np.int64], NDArray[np.int64], int], Floats]

#: Chooses places, (n_steps, n_voices), by the classes there.
Choose = Callable[[NDArray[np.int64], np.random.Generator], Bools]


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
    doubtful: Choose | None = None,
    n_more: int = 0,
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
    doubtful : callable, optional
        Chooses what else is drawn anew, in rounds that follow.
    n_more : int
        How many rounds follow, at most; they end where nothing is chosen.
    """
    free, falling = ~piece.fixed, shares(n_rounds)
    classes, begins = piece.classes.copy(), piece.begins.copy()
    for done in range(n_rounds + n_more):
        if done < n_rounds:
            hidden = free & (random.random(free.shape) < falling[done])
        elif doubtful:
            hidden = free & doubtful(classes, random)
        if hidden.any():
            scores = predict(classes, ~hidden, joined(classes, begins))[hidden]
            classes[hidden], begins[hidden] = _drawn(
                scores.astype(np.float64), piece.allowed[hidden], temperature, random
            )
        elif done >= n_rounds:
            break
    return replace(piece, classes=classes, begins=joined(classes, begins))


def _drawn(
    scores: NDArray[np.float64], allowed: Bools, temperature: float, random: np.random.Generator
) -> tuple[NDArray[np.int64], Bools]:
    """Draw classes of places, and whether they begin where that is scored."""
    n_classes = allowed.shape[1]
    chosen = drawn(np.where(allowed, scores[:, :n_classes] / temperature, -np.inf), random)
    begins = np.zeros(len(chosen), bool)
    if scores.shape[1] > n_classes:
        begin = scores[np.arange(len(chosen)), n_classes + chosen]
        begins = random.random(len(chosen)) < 1 / (1 + np.exp(-begin))
    return chosen, begins


def pseudo_sample(
    score: Score,
    piece: Piece,
    random: np.random.Generator,
    n_rounds: int,
    temperature: float = 1.0,
    doubtful: Choose | None = None,
    n_more: int = 0,
) -> Piece:
    """Draw all that is free of a piece, beginning with notes at random.

    Parameters
    ----------
    score : callable
        What networks say of some places of a voice.
    piece, random : Piece, numpy.random.Generator
        As `sample` takes them.
    n_rounds : int
        Rounds in which `AT_ONCE` of each voice is drawn anew.
    temperature : float
        In the last rounds; it falls from `HOT` during the first half.
    doubtful, n_more : callable, int
        As `sample` takes them; of notes that are chosen, the pitch is drawn anew.
    """
    hold = piece.allowed.shape[-1]
    symbols = _at_random(piece, random)
    for done in range(n_rounds):
        heat = temperature + max(0.0, 1 - 2 * done / n_rounds) * (HOT - temperature)
        for voice in random.permutation(symbols.shape[1]):
            chosen = ~piece.fixed[:, voice] & (random.random(len(symbols)) < AT_ONCE)
            _draw_anew(score, piece, symbols, np.flatnonzero(chosen), voice, random, heat)
    for _ in range(n_more):
        if doubtful is None:
            break
        chosen = ~piece.fixed & (symbols < hold) & doubtful(held(symbols, hold), random)
        if not chosen.any():
            break
        for voice in random.permutation(symbols.shape[1]):
            steps = np.flatnonzero(chosen[:, voice])
            _draw_anew(score, piece, symbols, steps, voice, random, temperature)
    last = len(symbols) - 1
    for voice in np.flatnonzero(~piece.fixed[last] & (held(symbols, hold)[last] == 0)):
        if not piece.allowed[last, voice, 0]:  # it came to hold a rest
            steps = np.array([last])
            _draw_anew(score, piece, symbols, steps, int(voice), random, temperature)
    classes = held(symbols, hold)
    return replace(piece, classes=classes, begins=joined(classes, symbols < hold))


def _at_random(piece: Piece, random: np.random.Generator) -> NDArray[np.int64]:
    """Write what is fixed as symbols, and anything that is allowed elsewhere."""
    anything = drawn(np.where(piece.allowed, 0.0, -np.inf).reshape(-1, piece.allowed.shape[-1]),
                     random).reshape(piece.classes.shape)  # fmt: skip
    cut = np.concatenate([np.zeros_like(piece.fixed[:1]), ~piece.fixed[:-1]])
    begins = piece.begins | (piece.classes == 0) | cut  # nothing is known to be held across a cut
    known = np.where(begins, piece.classes, piece.allowed.shape[-1])
    return np.where(piece.fixed, known, anything)


def _draw_anew(
    score: Score,
    piece: Piece,
    symbols: NDArray[np.int64],
    steps: NDArray[np.int64],
    voice: int,
    random: np.random.Generator,
    temperature: float,
) -> None:
    """Draw some places of a voice, given all others; write them into the symbols."""
    if not len(steps):
        return
    hold = piece.allowed.shape[-1]
    scores = score(symbols, steps, voice).astype(np.float64) / temperature
    before = held(symbols[:, voice : voice + 1], hold)[steps - 1, 0]
    can_hold = piece.allowed[steps, voice, before] & (before > 0) & (steps > 0)
    allowed = np.concatenate([piece.allowed[steps, voice], can_hold[:, None]], axis=1)
    symbols[steps, voice] = drawn(np.where(allowed, scores, -np.inf), random)


def held(symbols: NDArray[np.int64], hold: int) -> NDArray[np.int64]:
    """Give the class that sounds where voices begin or hold; nothing sounds before the first.

    >>> held(np.array([[9], [3], [9], [0], [9]]), hold=9).ravel().tolist()
    [0, 3, 3, 0, 0]
    """
    steps = np.arange(len(symbols))[:, None]
    latest = np.maximum.accumulate(np.where(symbols < hold, steps, -1), axis=0)
    found = np.take_along_axis(symbols, latest.clip(0), axis=0)
    return np.where(latest < 0, 0, found)


def drawn(scores: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.int64]:
    """Draw a class of each row of scores, each by its share of the exponentials (Gumbel 1954).

    >>> drawn(np.array([[0.0, -np.inf], [-np.inf, 3.0]]), np.random.default_rng(0))
    array([0, 1])
    """
    return np.argmax(scores + random.gumbel(size=scores.shape), axis=1)
