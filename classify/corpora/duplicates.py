"""Duplicate songs in a corpus: the same music in another key, at another tempo, under another name
or another label.

A song is compared by its skyline: the notes, without drums, above which no higher note begins
within `CHORD_SECONDS` seconds. Seven successive notes of a skyline make an n-gram of six intervals,
which depend neither on key nor on tempo. Two songs are candidates when they share enough n-grams
that are rare in the corpus; then their skylines are aligned (Smith and Waterman 1981,
"Identification of common molecular subsequences", Journal of Molecular Biology 147) at the
transposition that most of the shared n-grams imply. The similarity of two songs is the share of the
shorter skyline that is aligned with the other, so that a clip is found in the whole song; a note
that keeps its pitch and not its rhythm counts half. Notes that lie only in scales, repeated notes,
periodic n-grams or n-grams that are common in the corpus do not characterise a song and are not
counted, and what a song repeats is counted once.

Songs too short for that are compared exactly, all notes of both.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classify.corpora.corpus import Corpus
from classify.corpora.groups import group_by_shared_keys
from classify.songs import Song

#: Notes that begin within so many seconds of each other are a chord: only its highest is kept.
CHORD_SECONDS = 0.05

#: Intervals in an n-gram; each takes a byte of a 64-bit code.
NGRAM = 6

#: A chord of more notes than this is read in parts.
MOST_CHORD_NOTES = 128

#: An n-gram in more songs than this (or than a hundredth of them) is common.
COMMON = 50

#: Skylines with a lower total weight of notes than this are compared exactly; below FEWEST notes,
#: not at all.
SHORT = 20
FEWEST = 8

#: Of a longer skyline only so many notes are read, of more n-grams only so many are indexed.
LONGEST = 4000
MOST_INDEXED = 1000

#: Pairs that share less than this share of the n-grams of the one with fewer are not aligned.
SHARED = 0.08
SHARED_NGRAMS = 3

#: What an aligned note scores when its pitch agrees or not, and a note that is left out.
MATCH, MISMATCH, GAP = 2, -2, -3

#: Two intervals of time agree when their ratio is at most this factor off the songs' tempo ratio.
SAME_RHYTHM = 1.45

#: The tempo ratio is the median over pairs of notes so many notes apart, so that a coarse grid or a
#: player's liberties average out.
STRIDE = 16

#: Two songs are the same music if this share of the shorter one's weighted notes is found in the
#: other, CHANCE notes not counted: short songs have to be more alike than long ones.
SIMILAR = 0.55
CHANCE = 8

#: Of more songs than this that are note for note the same, each is paired with the first only.
MOST_IDENTICAL = 100


@dataclass(frozen=True, order=True)
class DuplicatePair:
    """Two songs that seem to be the same music.

    Parameters
    ----------
    a, b : int
        Indices of the songs in the list, a < b.
    similarity : float
        Share of the shorter song's weighted notes that are found in the other, 0–1.
    transposition : int
        Semitones from `a` up to `b`.
    tempo_ratio : float
        How many times faster `b` is played than `a`.
    """

    a: int
    b: int
    similarity: float
    transposition: int
    tempo_ratio: float


@dataclass(frozen=True, eq=False)
class _Skyline:
    """The skyline of a song: onsets (seconds) and pitches (MIDI 0–127), both shape (n,)."""

    onset: NDArray[np.float64]
    pitch: NDArray[np.int16]

    @classmethod
    def of(cls, notes: NDArray[np.void]) -> "_Skyline":
        """Leave out every note that begins within CHORD_SECONDS of a higher or equal one."""
        onset, pitch = notes["onset"], notes["pitch"].astype(np.int16)
        highest = np.full(len(notes), True)
        near = np.arange(len(notes))
        for lag in range(1, min(len(notes), MOST_CHORD_NOTES)):
            near = near[near + lag < len(notes)]
            near = near[onset[near + lag] - onset[near] <= CHORD_SECONDS]
            if not len(near):
                break
            highest[near[pitch[near] < pitch[near + lag]]] = False
            highest[near[pitch[near] >= pitch[near + lag]] + lag] = False
        onset, pitch = onset[highest], pitch[highest]
        later = np.diff(onset, prepend=-1.0) > 0
        return cls(onset[later][:LONGEST], pitch[later][:LONGEST])

    @property
    def ngrams(self) -> NDArray[np.int64]:
        """A code for the n-gram at each note, shape (n - NGRAM,); 0 for a common pattern."""
        if len(self.pitch) <= NGRAM:
            return np.zeros(0, np.int64)
        steps = np.diff(self.pitch).astype(np.int64)
        windows = np.lib.stride_tricks.sliding_window_view(steps, NGRAM)
        codes = (windows + 128) @ (256 ** np.arange(NGRAM))
        return np.where(_is_common_pattern(windows), 0, codes)

    def weights(self, common: NDArray[np.int64]) -> NDArray[np.float64]:
        """How characteristic each note is of the song, 0–1, shape (n,).

        A note weighs 1 in an n-gram that occurs once, half in one that occurs twice, and 0 where it
        lies only in common patterns or in n-grams among `common`.
        """
        codes, which, times = np.unique(self.ngrams, return_inverse=True, return_counts=True)
        weight = np.where((codes == 0) | np.isin(codes, common), 0.0, 1 / times)[which]
        around = np.zeros(NGRAM)
        padded = np.concatenate([around, weight, around])
        return np.lib.stride_tricks.sliding_window_view(padded, NGRAM + 1).max(axis=1)


def _is_common_pattern(steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the n-grams, shape (n, NGRAM), that occur in any music: scales and periodic ones."""
    upward = ((steps >= 0) & (steps <= 2)).all(axis=1)
    downward = ((steps <= 0) & (steps >= -2)).all(axis=1)
    periodic = [(steps[:, p:] == steps[:, :-p]).all(axis=1) for p in range(1, NGRAM // 2 + 1)]
    return upward | downward | np.logical_or.reduce(periodic)


def find_duplicates(
    songs: Sequence[Song], on_song: Callable[[int, int], None] = lambda done, total: None
) -> list[DuplicatePair]:
    """Find the songs that are the same music, whatever their key, tempo and loudness.

    Parameters
    ----------
    songs : sequence of Song
        Their notes are fetched once.
    on_song : callable, optional
        Called with (songs read, songs in all).

    Returns
    -------
    list of DuplicatePair
        Sorted by index. Which songs are paired does not depend on their order (but see
        MOST_IDENTICAL).
    """
    identical: defaultdict[bytes, list[_IdenticalSongs]] = defaultdict(list)
    for place, song in enumerate(songs):
        notes = song.notes
        notes = notes[~notes["drum"]]
        line = _Skyline.of(notes)
        if len(line.pitch) >= FEWEST:
            _add_song(identical[_key(notes)], place, line)
        on_song(place + 1, len(songs))
    kept = [copies for same_intervals in identical.values() for copies in same_intervals]
    pairs = [pair for copies in kept for pair in copies.pairs()]
    index = _Index([copies.line for copies in kept])
    for a, b in index.candidates():
        match = index.match(a, b)
        if match:
            pairs += _pairs_between(kept[a], kept[b], match)
    return sorted(pairs)


@dataclass(frozen=True)
class _Match:
    """Relation of the second of two skylines to the first, as in DuplicatePair."""

    similarity: float
    transposition: int
    tempo_ratio: float


@dataclass(frozen=True, eq=False)
class _IdenticalSongs:
    """Songs that are note for note the same, and the relation of each to the first."""

    line: _Skyline
    places: list[int]
    matches: list[_Match]

    def pairs(self) -> Iterator[DuplicatePair]:
        """Pair its songs with each other."""
        for k, other in combinations(range(len(self.places)), 2):
            if k > 0 and len(self.places) > MOST_IDENTICAL:
                return
            yield _pair(self, k, self, other, _Match(1.0, 0, 1.0))


def _add_song(same_intervals: list[_IdenticalSongs], place: int, line: _Skyline) -> None:
    """Add a song to those of the same rhythm, or begin a new list with it."""
    for copies in same_intervals:
        if _same_rhythm(copies.line.onset, line.onset):
            first = copies.line
            length = np.ptp(line.onset) or 1.0
            ratio = (np.ptp(first.onset) or 1.0) / length
            copies.places.append(place)
            copies.matches.append(_Match(1.0, int(line.pitch[0] - first.pitch[0]), float(ratio)))
            return
    same_intervals.append(_IdenticalSongs(line, [place], [_Match(1.0, 0, 1.0)]))


def _key(notes: NDArray[np.void]) -> bytes:
    """Hash the intervals, which songs that are note for note the same have in common."""
    return sha256(np.diff(notes["pitch"].astype(np.int16)).tobytes()).digest()


def _same_rhythm(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether all onsets agree within a quarter of the mean time between notes, tempo aside."""
    if len(a) != len(b):
        return False
    scaled = [(onset - onset[0]) / (np.ptp(onset) or 1.0) for onset in (a, b)]
    return bool(np.abs(scaled[0] - scaled[1]).max() * len(a) < 0.25)


def _pair(
    one: _IdenticalSongs, k: int, two: _IdenticalSongs, other: int, match: _Match
) -> DuplicatePair:
    """Pair song `k` of one list with song `other` of another, whose first songs have `match`."""
    a, b = one.places[k], two.places[other]
    to_one, to_two = one.matches[k], two.matches[other]
    shift = to_two.transposition + match.transposition - to_one.transposition
    ratio = to_two.tempo_ratio * match.tempo_ratio / to_one.tempo_ratio
    if a > b:
        a, b, shift, ratio = b, a, -shift, 1 / ratio
    return DuplicatePair(a, b, match.similarity, shift, ratio)


def _pairs_between(
    one: _IdenticalSongs, two: _IdenticalSongs, match: _Match
) -> Iterator[DuplicatePair]:
    """Pair the songs of two lists of identical songs."""
    of_one, of_two = range(len(one.places)), range(len(two.places))
    if len(of_one) * len(of_two) > MOST_IDENTICAL**2 / 2:
        of_one, of_two = range(1), range(1)
    for k, other in product(of_one, of_two):
        yield _pair(one, k, two, other, match)


class _Index:
    """Which skylines share n-grams, and how similar two skylines are.

    Parameters
    ----------
    lines : list of _Skyline
    """

    def __init__(self, lines: list[_Skyline]) -> None:
        self.lines = lines
        ngrams = [np.unique(line.ngrams) for line in lines]
        ngrams = [_sample(codes[codes != 0]) for codes in ngrams]
        of_line = np.repeat(np.arange(len(lines)), [len(codes) for codes in ngrams])
        codes, column, songs = np.unique(
            np.concatenate([*ngrams, np.zeros(0, np.int64)]),
            return_inverse=True,
            return_counts=True,
        )
        rare = songs <= max(COMMON, len(lines) // 100)
        self.common = codes[~rare]
        kept = rare[column] & (songs[column] > 1)
        #: Number of rare n-grams of each skyline, shape (n_lines,).
        self.sizes = np.bincount(of_line[rare[column]], minlength=len(lines))
        self.shared = sparse.csr_array(
            (np.ones(kept.sum(), np.int32), (of_line[kept], column[kept])),
            shape=(len(lines), len(codes)),
        )

    def candidates(self, rows: int = 500) -> Iterator[tuple[int, int]]:
        """Give the pairs of skylines that share enough rare n-grams to be aligned."""
        for start in range(0, len(self.lines), rows):
            both = (self.shared[start : start + rows] @ self.shared.T).tocoo()
            a, b = both.row + start, both.col
            least = np.minimum(self.sizes[a], self.sizes[b]) * SHARED
            enough = (a < b) & (both.data >= np.maximum(SHARED_NGRAMS, least))
            yield from zip(a[enough].tolist(), b[enough].tolist(), strict=True)

    def match(self, a: int, b: int) -> _Match | None:
        """Align two skylines; None where they are not the same music."""
        one, two = sorted((self.lines[a], self.lines[b]), key=_size)
        weights = one.weights(self.common)
        total_weight = float(weights.sum())
        if total_weight < SHORT:
            return None
        shift = _transposition(one, two, self.common)
        i, j = _aligned(one.pitch + shift, two.pitch)
        same = one.pitch[i] + shift == two.pitch[j]
        i, j = i[same], j[same]
        if weights[i].sum() - CHANCE < SIMILAR * total_weight:
            return None
        ratio, in_time = _rhythm(one.onset[i], two.onset[j])
        weight = float(np.where(in_time, 1.0, 0.5) @ weights[i])
        if weight - CHANCE < SIMILAR * total_weight:
            return None
        if one is self.lines[b]:
            shift, ratio = -shift, 1 / ratio
        return _Match(weight / total_weight, shift, ratio)


def _size(line: _Skyline) -> tuple[int, bytes]:
    """Sort the shorter skyline first; of two as long, always the same one."""
    return len(line.pitch), np.diff(line.pitch).tobytes()


def _sample(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keep at most MOST_INDEXED n-grams, in every song the same ones where it has them."""
    if len(codes) <= MOST_INDEXED:
        return codes
    scattered = codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing
    return codes[np.argpartition(scattered, MOST_INDEXED)[:MOST_INDEXED]]


def _transposition(one: _Skyline, two: _Skyline, common: NDArray[np.int64]) -> int:
    """Give the semitones from `one` up to `two` that most of the shared n-grams imply."""
    shared, i, j = np.intersect1d(one.ngrams, two.ngrams, return_indices=True)
    weights = (shared != 0) & ~np.isin(shared, common)
    shifts = two.pitch[j[weights]] - one.pitch[i[weights]]
    return int(np.bincount(shifts + 127).argmax()) - 127


def _aligned(
    one: NDArray[np.int16], two: NDArray[np.int16]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the indices of the notes that the best local alignment of two skylines matches."""
    best = np.zeros((len(one) + 1, len(two) + 1), np.int16)
    gaps = -GAP * np.arange(len(two) + 1)
    for i, pitch in enumerate(one):
        here = np.zeros(len(two) + 1, np.int64)
        here[1:] = best[i, :-1] + np.where(two == pitch, MATCH, MISMATCH)
        np.maximum(here, best[i] + GAP, out=here)
        # The best that ends here after any number of notes left out of `two`.
        here = np.maximum.accumulate(here + gaps) - gaps
        best[i + 1] = np.maximum(here, 0)
    i, j = map(int, np.unravel_index(best.argmax(), best.shape))
    places = []
    while best[i, j] > 0:
        score = MATCH if one[i - 1] == two[j - 1] else MISMATCH
        if best[i, j] == best[i - 1, j - 1] + score:
            i, j = i - 1, j - 1
            places.append((i, j))
        elif best[i, j] == best[i - 1, j] + GAP:
            i -= 1
        else:
            j -= 1
    aligned = np.array(places[::-1], np.intp)
    return aligned[:, 0], aligned[:, 1]


def _rhythm(one: NDArray[np.float64], two: NDArray[np.float64]) -> tuple[float, NDArray[np.bool_]]:
    """Compare the onsets of aligned notes.

    Returns
    -------
    ratio : float
        How many times faster `two` is.
    in_time : ndarray of bool, shape (n,)
        Whether a note is in time with the note before it, or with the one after it.
    """
    stride = min(STRIDE, len(one) - 1)
    tempo = np.median(np.log((one[stride:] - one[:-stride]) / (two[stride:] - two[:-stride])))
    agree = np.abs(np.log(np.diff(one) / np.diff(two)) - tempo) < np.log(SAME_RHYTHM)
    in_time = np.append(agree, False) | np.insert(agree, 0, False)
    return float(np.exp(tempo)), in_time


def merge_groups(groups: Sequence[str], pairs: Sequence[DuplicatePair]) -> list[str]:
    """Merge the groups of songs that are the same music.

    Parameters
    ----------
    groups : sequence of str, length n_songs
    pairs : sequence of DuplicatePair

    Returns
    -------
    list of str, length n_songs
        Merged groups have the name of the one whose song comes first; the others keep theirs.
    """
    keys = [[f"group:{group}"] for group in groups]
    for number, pair in enumerate(pairs):
        for place in (pair.a, pair.b):
            keys[place].append(f"pair:{number}")
    return [name.removeprefix("group:") for name in group_by_shared_keys(keys)]


def with_merged_groups(corpus: Corpus, pairs: Sequence[DuplicatePair]) -> Corpus:
    """Give the corpus with the groups of duplicate songs merged."""
    return replace(corpus, groups=merge_groups(corpus.groups, pairs))


def pair_records(corpus: Corpus, pairs: Sequence[DuplicatePair]) -> list[dict[str, Any]]:
    """Give what the record of a run keeps of the pairs, in order.

    Parameters
    ----------
    corpus : Corpus
        With its groups before any are merged.
    pairs : sequence of DuplicatePair

    Returns
    -------
    list of dict
        `names`, `labels` and `groups` of the two songs, `similarity` (0–1), `transposition`
        (semitones from the first up to the second), `tempo_ratio` (how many times faster the
        second is).
    """
    return [
        {
            "names": [corpus.entries[place].name for place in (pair.a, pair.b)],
            "labels": [corpus.labels[place] for place in (pair.a, pair.b)],
            "groups": [corpus.groups[place] for place in (pair.a, pair.b)],
            "similarity": round(pair.similarity, 4),
            "transposition": pair.transposition,
            "tempo_ratio": round(pair.tempo_ratio, 4),
        }
        for pair in pairs
    ]
