"""Wishes as weights of a chain's symbols, and chains that remember more.

A constraint says for each tick and symbol how much the symbol is wanted there: 0 forbids it. All
constraints are multiplied, so each can be left out to find the one that makes a request impossible.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from classify.generation.chain import Chain, Floats
from classify.generation.sampling import Impossible, Sampler
from classify.generation.weights import Rows, Weights
from classify.representations.melody import REST

#: Notes of a length begin at a step of a bar if songs have them there so often, beside chance.
RARE = 0.1

Ints = NDArray[np.int64]

#: Symbols of melodies: pitch (or `REST`) and ticks.
Symbols = Sequence[tuple[int, int]]


def within(symbols: Symbols, low: int, high: int) -> Floats:
    """Want pitches from `low` to `high` only; rests are free. Shape (1, n_symbols)."""
    return np.array([[pitch == REST or low <= pitch <= high for pitch, _ in symbols]], float)


def in_time(ticks: Ints, profile: Floats, places: Ints) -> Floats:
    """Allow symbols only where in the bar notes of their length begin.

    They are allowed or not, never rewarded: a reward for each note that keeps time would be
    multiplied over a piece and draw it towards as many short notes as there is room for.

    Parameters
    ----------
    ticks : ndarray of int, shape (n_symbols,)
        How long each lasts.
    profile : ndarray, shape (bar_ticks, longest + 1)
        How much more often notes of each length begin at each step of a bar than anywhere; from
        `RARE` on they are allowed.
    places : ndarray of int, shape (n_ticks,)
        The step of its bar that each tick of the piece is.

    Returns
    -------
    ndarray, shape (n_ticks, n_symbols)
    """
    return (profile >= RARE).astype(float)[:, ticks][places]


def begins_and_ends(symbols: Symbols, n_ticks: int, tonic: int | None) -> Floats:
    """Want a note first, and a note last: the tonic if one is given. Shape (n_ticks, n_symbols)."""
    pitch, ticks = np.array(symbols).T
    weights = np.ones((n_ticks, len(symbols)))
    weights[0, pitch == REST] = 0
    last = np.arange(n_ticks)[:, np.newaxis] + ticks == n_ticks
    wrong = (pitch == REST) | ((pitch % 12 != tonic) if tonic is not None else False)
    return np.where(last & wrong, 0, weights)


def on_chords(
    symbols: Symbols, chords: Sequence[frozenset[int]], bar: int, beat: int, n_ticks: int
) -> Floats:
    """Want notes of the chord on every beat; one chord a bar, in turn.

    Parameters
    ----------
    symbols : sequence of (int, int)
        Pitch and ticks of each.
    chords : sequence of frozenset of int
        Pitch classes of the chord of each bar.
    bar, beat, n_ticks : int
        Steps in a bar, in a beat and in the piece.

    Returns
    -------
    ndarray, shape (n_ticks, n_symbols)
    """
    pitch = np.array([pitch for pitch, _ in symbols])
    fits = np.array(
        [[p == REST or p % 12 in chord for p in pitch.tolist()] for chord in chords], float
    )
    place = np.arange(n_ticks)
    weights = fits[place // bar % len(chords)]
    weights[place % bar % beat != 0] = 1
    return weights


def limit_repeats(chain: Chain, most: int) -> Chain:
    """Limit repeats of the pitches of a melody, whose symbols are (pitch, ticks).

    See `limited`.
    """
    pitch = np.array([pitch for pitch, _ in chain.symbols])
    last = np.array([pitch[c[-1]] if c and c[-1] >= 0 else REST for c in chain.contexts])
    return limited(chain, most, last, pitch, np.zeros(len(pitch), bool))


def limited(chain: Chain, most: int, last: Ints, pitch: Ints, held: NDArray[np.bool_]) -> Chain:
    """Make a chain in which no pitch sounds more than so many times in a row.

    Each node is there `most` times, once for each number of times that the last pitch has sounded.
    Probabilities are left as they are, so those of a node no longer sum to 1: a sampler weighs what
    is left.

    Parameters
    ----------
    chain : Chain
        Of anything that has pitches.
    most : int
        1 or more.
    last : ndarray of int, shape (n_nodes,)
        The pitch before each node, or `REST`.
    pitch : ndarray of int, shape (n_symbols,)
        The pitch that each symbol begins, or `REST`.
    held : ndarray of bool, shape (n_symbols,)
        Symbols in which the pitch before sounds on.

    Returns
    -------
    Chain
        Its node `i * most + n - 1` is node i after n equal pitches.
    """
    now = pitch[chain.symbol]
    again = (now != REST) & (now == last[chain.source])
    count, edge = np.divmod(
        np.arange(most * len(now)), len(now)
    )  # count: of pitches before, from 0
    kept = ~(again[edge] & (count == most - 1))
    count, edge = count[kept], edge[kept]
    node = chain.source[edge] * most + count
    since = np.where(again[edge], count + 1, np.where(held[chain.symbol[edge]], count, 0))
    target = chain.target[edge] * most + since
    order = np.argsort(node, kind="stable")
    return replace(
        chain,
        contexts=tuple(context for context in chain.contexts for _ in range(most)),
        first=np.searchsorted(node[order], np.arange(chain.n_nodes * most + 1)),
        symbol=chain.symbol[edge][order],
        target=target[order],
        probability=chain.probability[edge][order],
        end=np.repeat(chain.end, most),
    )


def combined(constraints: Mapping[str, Weights], n_ticks: int, n_symbols: int) -> Weights:
    """Multiply constraints: shape (n_ticks, n_symbols)."""
    plain = [one for one in constraints.values() if not isinstance(one, Rows)]
    if len(plain) < len(constraints):
        return _combined_rows(list(constraints.values()), n_ticks)
    weights = np.ones((n_ticks, n_symbols))
    for constraint in plain:
        weights = weights * constraint
    return weights


def _combined_rows(constraints: Sequence[Weights], n_ticks: int) -> Rows:
    every = [one if isinstance(one, Rows) else Rows(one, np.zeros(n_ticks, np.int64))
             for one in constraints]  # fmt: skip
    together, index = np.unique(
        np.stack([one.index for one in every], axis=1), axis=0, return_inverse=True
    )
    table = np.ones((len(together), every[0].table.shape[1]))
    for column, one in zip(together.T, every, strict=True):
        table *= one.table[column]
    return Rows(table, index.ravel())


def reach(chain: Chain, weights: Weights, starts: Sequence[int]) -> int:
    """Give the last tick that a sequence can reach from one of its beginnings."""
    n_ticks = len(weights)
    reached = np.zeros((n_ticks + 1, chain.n_nodes), bool)
    reached[0, starts] = True
    source = chain.source
    after = chain.ticks[chain.symbol]
    for tick in range(n_ticks):
        if reached[tick].any():
            goes = reached[tick, source] & (weights[tick, chain.symbol] * chain.probability > 0)
            goes &= tick + after <= n_ticks
            reached[tick + after[goes], chain.target[goes]] = True
    return int(np.flatnonzero(reached.any(axis=1)).max())


def culprits(
    chain: Chain,
    constraints: Mapping[str, Weights],
    n_ticks: int,
    starts: Sequence[int],
    last: Floats,
) -> list[str]:
    """Name the constraints without any one of which a request would be possible."""
    named = []
    for name in constraints:
        others = {other: value for other, value in constraints.items() if other != name}
        try:
            Sampler(chain, combined(others, n_ticks, len(chain.symbols)), starts, last)
            named.append(name)
        except Impossible:
            continue
    return named
