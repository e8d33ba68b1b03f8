"""Songs that stand in a corpus twice: the same music in another key, at another tempo, under
another name or another label.

A song is known by its line: the notes, drums left out, above which no higher note begins within
`TOGETHER` seconds. Seven notes of a line in a row make six intervals, which know neither key nor
tempo: a figure. Two songs are looked at when they share enough figures that are rare in the corpus,
then their lines are aligned (Smith and Waterman 1981, "Identification of common molecular
subsequences", Journal of Molecular Biology 147) at the transposition that most of the shared
figures ask for. The similarity of two songs is the share of the shorter line that finds its note in
the other, so that a clip is found in the whole song; a note that keeps its pitch and not its rhythm
counts half. Notes that lie only in scales, repeated notes, figures going round, or figures that are
common in the corpus say nothing of a song and are not counted, and what a song repeats is counted
once.

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

from classify.corpora import groups as groups_of_songs
from classify.corpora.corpus import Corpus
from classify.songs import Song

#: Notes that begin within so many seconds of each other are a chord: only its highest is heard.
TOGETHER = 0.05

#: Intervals in a figure; each takes a byte of a 64-bit code.
FIGURE = 6

#: A chord of more notes than this is read in parts.
MOST_TOGETHER = 128

#: A figure in more different songs than this (or than a hundredth of them) is common property.
COMMON = 50

#: Lines with fewer telling notes than this are compared exactly; below FEWEST notes, not at all.
SHORT = 20
FEWEST = 8

#: Of a longer line only so many notes are read, of more figures only so many kept in the index.
LONGEST = 4000
INDEXED = 1000

#: Pairs that share less than this share of the figures of the one with fewer are not aligned.
SHARED = 0.08
SHARED_FIGURES = 3

#: What an aligned note scores when its pitch agrees or not, and a note that is left out.
MATCH, MISMATCH, GAP = 2, -2, -3

#: Two intervals of time agree when their ratio is at most this factor off the songs' tempo ratio.
SAME_RHYTHM = 1.45

#: The tempo ratio is the median over pairs of notes so many notes apart, so that a coarse grid or a
#: player's liberties average out.
STRIDE = 16

#: Two songs are the same music if this share of the shorter one's telling notes is found in the
#: other, CHANCE notes not counted: short songs have to be more alike than long ones.
SIMILAR = 0.55
CHANCE = 8

#: Of more songs than this that are note for note the same, each is paired with the first only.
FAMILY = 100


@dataclass(frozen=True, order=True)
class Pair:
    """Two songs that seem to be the same music.

    Parameters
    ----------
    a, b : int
        Places of the songs in the list, a < b.
    similarity : float
        Share of the shorter song's telling notes that stand in the other, 0–1.
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
class _Line:
    """The line of a song: onsets (seconds) and pitches (MIDI 0–127), both shape (n,)."""

    onset: NDArray[np.float64]
    pitch: NDArray[np.int16]

    @classmethod
    def of(cls, notes: NDArray[np.void]) -> "_Line":
        """Leave out every note that begins within TOGETHER of a higher one, or of its like."""
        onset, pitch = notes["onset"], notes["pitch"].astype(np.int16)
        heard = np.full(len(notes), True)
        near = np.arange(len(notes))
        for lag in range(1, min(len(notes), MOST_TOGETHER)):
            near = near[near + lag < len(notes)]
            near = near[onset[near + lag] - onset[near] <= TOGETHER]
            if not len(near):
                break
            heard[near[pitch[near] < pitch[near + lag]]] = False
            heard[near[pitch[near] >= pitch[near + lag]] + lag] = False
        onset, pitch = onset[heard], pitch[heard]
        later = np.diff(onset, prepend=-1.0) > 0
        return cls(onset[later][:LONGEST], pitch[later][:LONGEST])

    @property
    def figures(self) -> NDArray[np.int64]:
        """A code for each note that a figure begins with, shape (n - FIGURE,); 0 if it is plain."""
        if len(self.pitch) <= FIGURE:
            return np.zeros(0, np.int64)
        steps = np.diff(self.pitch).astype(np.int64)
        windows = np.lib.stride_tricks.sliding_window_view(steps, FIGURE)
        codes = (windows + 128) @ (256 ** np.arange(FIGURE))
        return np.where(_plain(windows), 0, codes)

    def telling(self, common: NDArray[np.int64]) -> NDArray[np.float64]:
        """How much each note tells of the song, 0–1, shape (n,).

        A note tells 1 in a figure that comes once, half in one that comes twice, and nothing where
        it lies only in figures that are plain or among `common`.
        """
        codes, which, times = np.unique(self.figures, return_inverse=True, return_counts=True)
        worth = np.where((codes == 0) | np.isin(codes, common), 0.0, 1 / times)[which]
        around = np.zeros(FIGURE)
        padded = np.concatenate([around, worth, around])
        return np.lib.stride_tricks.sliding_window_view(padded, FIGURE + 1).max(axis=1)


def _plain(steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which figures, shape (n, FIGURE), any music has: scales, and what goes round."""
    upward = ((steps >= 0) & (steps <= 2)).all(axis=1)
    downward = ((steps <= 0) & (steps >= -2)).all(axis=1)
    rounds = [(steps[:, p:] == steps[:, :-p]).all(axis=1) for p in range(1, FIGURE // 2 + 1)]
    return upward | downward | np.logical_or.reduce(rounds)


def find(
    songs: Sequence[Song], watch: Callable[[int, int], None] = lambda done, total: None
) -> list[Pair]:
    """Find the songs that are the same music, whatever their key, tempo and loudness.

    Parameters
    ----------
    songs : sequence of Song
        Their notes are fetched once.
    watch : callable, optional
        Called with (songs read, songs in all).

    Returns
    -------
    list of Pair
        Sorted by place. Which songs are paired does not hang on their order (but see FAMILY).
    """
    families: defaultdict[bytes, list[_Family]] = defaultdict(list)
    for place, song in enumerate(songs):
        notes = song.notes
        notes = notes[~notes["drum"]]
        line = _Line.of(notes)
        if len(line.pitch) >= FEWEST:
            _enter(families[_key(notes)], place, line)
        watch(place + 1, len(songs))
    kept = [family for alike in families.values() for family in alike]
    pairs = [pair for family in kept for pair in family.pairs()]
    index = _Index([family.line for family in kept])
    for a, b in index.candidates():
        match = index.match(a, b)
        if match:
            pairs += _between(kept[a], kept[b], match)
    return sorted(pairs)


@dataclass(frozen=True)
class _Match:
    """How the second of two lines stands to the first, as in Pair."""

    similarity: float
    transposition: int
    tempo_ratio: float


@dataclass(frozen=True, eq=False)
class _Family:
    """Songs that are note for note the same, and how each stands to the first, whose line it is."""

    line: _Line
    places: list[int]
    matches: list[_Match]

    def pairs(self) -> Iterator[Pair]:
        """Pair its songs with each other."""
        for k, other in combinations(range(len(self.places)), 2):
            if k > 0 and len(self.places) > FAMILY:
                return
            yield _pair(self, k, self, other, _Match(1.0, 0, 1.0))


def _enter(alike: list[_Family], place: int, line: _Line) -> None:
    """Put a song into the family whose rhythm it has, or make it a family's first."""
    for family in alike:
        if _same_rhythm(family.line.onset, line.onset):
            first = family.line
            lasting = np.ptp(line.onset) or 1.0
            ratio = (np.ptp(first.onset) or 1.0) / lasting
            family.places.append(place)
            family.matches.append(_Match(1.0, int(line.pitch[0] - first.pitch[0]), float(ratio)))
            return
    alike.append(_Family(line, [place], [_Match(1.0, 0, 1.0)]))


def _key(notes: NDArray[np.void]) -> bytes:
    """Give what songs that are note for note the same have in common: their intervals."""
    return sha256(np.diff(notes["pitch"].astype(np.int16)).tobytes()).digest()


def _same_rhythm(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Say if no onset is off by a quarter of the mean time between notes, tempo aside."""
    if len(a) != len(b):
        return False
    scaled = [(onset - onset[0]) / (np.ptp(onset) or 1.0) for onset in (a, b)]
    return bool(np.abs(scaled[0] - scaled[1]).max() * len(a) < 0.25)


def _pair(one: _Family, k: int, two: _Family, other: int, match: _Match) -> Pair:
    """Pair song `k` of a family with song `other` of another, where `match` holds for the first."""
    a, b = one.places[k], two.places[other]
    own, far = one.matches[k], two.matches[other]
    shift = far.transposition + match.transposition - own.transposition
    ratio = far.tempo_ratio * match.tempo_ratio / own.tempo_ratio
    if a > b:
        a, b, shift, ratio = b, a, -shift, 1 / ratio
    return Pair(a, b, match.similarity, shift, ratio)


def _between(one: _Family, two: _Family, match: _Match) -> Iterator[Pair]:
    """Pair the songs of two families."""
    of_one, of_two = range(len(one.places)), range(len(two.places))
    if len(of_one) * len(of_two) > FAMILY**2 / 2:
        of_one, of_two = range(1), range(1)
    for k, other in product(of_one, of_two):
        yield _pair(one, k, two, other, match)


class _Index:
    """Which lines share figures, and how alike two lines are.

    Parameters
    ----------
    lines : list of _Line
    """

    def __init__(self, lines: list[_Line]) -> None:
        self.lines = lines
        own = [np.unique(line.figures) for line in lines]
        own = [_sample(codes[codes != 0]) for codes in own]
        of_line = np.repeat(np.arange(len(lines)), [len(codes) for codes in own])
        codes, column, songs = np.unique(
            np.concatenate([*own, np.zeros(0, np.int64)]), return_inverse=True, return_counts=True
        )
        rare = songs <= max(COMMON, len(lines) // 100)
        self.common = codes[~rare]
        kept = rare[column] & (songs[column] > 1)
        #: Figures of each line that are its own or rare, shape (n_lines,).
        self.sizes = np.bincount(of_line[rare[column]], minlength=len(lines))
        self.shared = sparse.csr_array(
            (np.ones(kept.sum(), np.int32), (of_line[kept], column[kept])),
            shape=(len(lines), len(codes)),
        )

    def candidates(self, rows: int = 500) -> Iterator[tuple[int, int]]:
        """Give the pairs of lines that share enough rare figures to be looked at."""
        for start in range(0, len(self.lines), rows):
            both = (self.shared[start : start + rows] @ self.shared.T).tocoo()
            a, b = both.row + start, both.col
            least = np.minimum(self.sizes[a], self.sizes[b]) * SHARED
            enough = (a < b) & (both.data >= np.maximum(SHARED_FIGURES, least))
            yield from zip(a[enough].tolist(), b[enough].tolist(), strict=True)

    def match(self, a: int, b: int) -> _Match | None:
        """Align two lines; None where they are not the same music."""
        one, two = sorted((self.lines[a], self.lines[b]), key=_size)
        telling = one.telling(self.common)
        n_telling = float(telling.sum())
        if n_telling < SHORT:
            return None
        shift = _transposition(one, two, self.common)
        i, j = _aligned(one.pitch + shift, two.pitch)
        same = one.pitch[i] + shift == two.pitch[j]
        i, j = i[same], j[same]
        if telling[i].sum() - CHANCE < SIMILAR * n_telling:
            return None
        ratio, in_time = _rhythm(one.onset[i], two.onset[j])
        worth = float(np.where(in_time, 1.0, 0.5) @ telling[i])
        if worth - CHANCE < SIMILAR * n_telling:
            return None
        if one is self.lines[b]:
            shift, ratio = -shift, 1 / ratio
        return _Match(worth / n_telling, shift, ratio)


def _size(line: _Line) -> tuple[int, bytes]:
    """Sort the shorter line first; of two as long, always the same one."""
    return len(line.pitch), np.diff(line.pitch).tobytes()


def _sample(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keep at most INDEXED figures, in every song the same ones where it has them."""
    if len(codes) <= INDEXED:
        return codes
    scattered = codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing
    return codes[np.argpartition(scattered, INDEXED)[:INDEXED]]


def _transposition(one: _Line, two: _Line, common: NDArray[np.int64]) -> int:
    """Give the semitones from `one` up to `two` that most of the figures of both ask for."""
    shared, i, j = np.intersect1d(one.figures, two.figures, return_indices=True)
    telling = (shared != 0) & ~np.isin(shared, common)
    shifts = two.pitch[j[telling]] - one.pitch[i[telling]]
    return int(np.bincount(shifts + 127).argmax()) - 127


def _aligned(
    one: NDArray[np.int16], two: NDArray[np.int16]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the places of the notes that the best local alignment of two lines puts together."""
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
    put_together = np.array(places[::-1], np.intp)
    return put_together[:, 0], put_together[:, 1]


def _rhythm(one: NDArray[np.float64], two: NDArray[np.float64]) -> tuple[float, NDArray[np.bool_]]:
    """Compare the onsets of aligned notes.

    Returns
    -------
    ratio : float
        How many times faster `two` is.
    in_time : ndarray of bool, shape (n,)
        Whether a note lies in time with the note before it, or with the one after it.
    """
    apart = min(STRIDE, len(one) - 1)
    tempo = np.median(np.log((one[apart:] - one[:-apart]) / (two[apart:] - two[:-apart])))
    agree = np.abs(np.log(np.diff(one) / np.diff(two)) - tempo) < np.log(SAME_RHYTHM)
    in_time = np.append(agree, False) | np.insert(agree, 0, False)
    return float(np.exp(tempo)), in_time


def merged(groups: Sequence[str], pairs: Sequence[Pair]) -> list[str]:
    """Join the groups of songs that are the same music.

    Parameters
    ----------
    groups : sequence of str, length n_songs
    pairs : sequence of Pair

    Returns
    -------
    list of str, length n_songs
        Joined groups bear the name of the one whose song stands first; the others keep theirs.
    """
    keys = [[f"group:{group}"] for group in groups]
    for number, pair in enumerate(pairs):
        for place in (pair.a, pair.b):
            keys[place].append(f"pair:{number}")
    return [name.removeprefix("group:") for name in groups_of_songs.merged(keys)]


def with_merged_groups(corpus: Corpus, pairs: Sequence[Pair]) -> Corpus:
    """Give the corpus with the groups joined of songs that are the same music."""
    return replace(corpus, groups=merged(corpus.groups, pairs))


def described(corpus: Corpus, pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Give what a record of a run keeps of the pairs, in order.

    Parameters
    ----------
    corpus : Corpus
        With the groups it had before any were joined.
    pairs : sequence of Pair

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
