"""BLEU: how many short runs of symbols of new sequences occur in real ones.

Source: Papineni et al., "BLEU: a method for automatic evaluation of machine translation", ACL 2002;
all real sequences are references, as where generators are compared (Yu et al., AAAI 2017).
"""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

#: Longest runs that count.
LONGEST = 4

#: Added to the runs that were found, so that a length of which none was is no end of it.
EVER = 1e-9


def bleu(
    new: Sequence[Sequence[Hashable]],
    real: Sequence[Sequence[Hashable]],
    longest: int = LONGEST,
) -> float:
    """Give the BLEU of new sequences with all real ones as references.

    Parameters
    ----------
    new, real : sequences of sequences of symbols
        Of about one length, so that there is no penalty for brevity.
    longest : int
        Symbols of the longest runs; those of 1 to so many have the same weight.

    Returns
    -------
    float
        Between 0 and 1, the mean over new sequences.

    Examples
    --------
    >>> round(bleu(["abcde"], ["abcde", "xyz"]), 6)
    1.0
    >>> bleu(["abab"], ["abcd"], 2) < 0.6
    True
    """
    most: list[Counter[tuple[Hashable, ...]]] = []
    for n in range(1, longest + 1):
        highest: Counter[tuple[Hashable, ...]] = Counter()
        for sequence in real:
            highest |= runs(sequence, n)
        most.append(highest)
    return float(np.mean([_of_one(sequence, most) for sequence in new]))


def self_bleu(new: Sequence[Sequence[Hashable]], longest: int = LONGEST) -> float:
    """Give the mean BLEU of each sequence with the others as references: 1 if all are the same.

    >>> round(self_bleu(["abcde", "abcde"]), 6), self_bleu(["abcde", "vwxyz"]) < 1e-6
    (1.0, True)
    """
    others = [[one for other, one in enumerate(new) if other != n] for n in range(len(new))]
    pairs = zip(new, others, strict=True)
    return float(np.mean([bleu([one], rest, longest) for one, rest in pairs]))


def runs(sequence: Sequence[Hashable], n: int) -> Counter[tuple[Hashable, ...]]:
    """Count the runs of n symbols.

    >>> runs("aba", 2)[("a", "b")]
    1
    """
    return Counter(tuple(sequence[i : i + n]) for i in range(len(sequence) - n + 1))


def _of_one(sequence: Sequence[Hashable], most: Sequence[Counter[tuple[Hashable, ...]]]) -> float:
    logs = []
    for n, highest in enumerate(most, 1):
        own = runs(sequence, n)
        found = sum(min(count, highest[run]) for run, count in own.items())
        logs.append(np.log((found + EVER) / (own.total() + EVER)))
    return float(np.exp(np.mean(logs)))
