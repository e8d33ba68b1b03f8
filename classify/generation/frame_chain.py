"""Chains over whole frames of music in voices, with backoff where frames are rare.

What follows a frame is learned four times, and interpolated as Witten and Bell (1991) do, the
weight of each model being larger the more has been seen of it:

1. what followed its two last sonorities (where that was more than one thing),
2. what followed its last sonority,
3. what followed it in another key: transposed, as long as the songs have both sonorities in theirs,
4. voice by voice: any of their frequent frames whose voices move from here as voices move, with
   no parallel fifths and octaves.

So a song may go on in many ways from a sonority that was heard once only, and all of them are
frames that the songs have. A note is held only if it sounded before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from classify.generation.chain import BEGIN, Chain, Context, Floats
from classify.generation.sonorities import LONGEST, Bools, Frames, Ints, codes, joined, moved
from classify.generation.voice_leading import FIFTH, OCTAVE
from classify.representations.voices import REST

#: Semitones by which songs are moved to count what followed what.
SHIFTS = [n for n in range(-6, 6) if n]

#: Frames that may follow a sonority voice by voice.
MOST = 12

#: Frames among which these are looked for, the most frequent ones.
CANDIDATES = 1500

#: Stands for the end of a song among frames.
END = -1

#: What a voice is thought to do that begins or ceases to sound, or moves as none did: a share.
STRANGE_MOVE = 1e-4


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What the symbols and the nodes of a chain over frames stand for.

    Parameters
    ----------
    pitch : ndarray of int, shape (n_symbols, n_voices)
        Of each frame, or `REST`.
    begins : ndarray of bool, shape (n_symbols, n_voices)
        Where notes begin.
    ticks : ndarray of int, shape (n_symbols,)
        How long each lasts.
    last : ndarray of int, shape (n_nodes, n_voices)
        The sonority that each node comes after; `REST` before a song begins.
    """

    pitch: Ints
    begins: Bools
    ticks: Ints
    last: Ints

    @cached_property
    def top(self) -> Ints:
        """The highest pitch that begins in each frame, or `REST`."""
        return Frames(self.pitch, self.begins, self.ticks, self.ticks).top


@dataclass(frozen=True, eq=False)
class FrameCounts:
    """Songs as numbers of frames, and how voices move.

    Parameters
    ----------
    sonorities : ndarray of int, shape (n_sonorities, n_voices)
        All that songs have, in the order of their codes.
    sequence : ndarray of int, shape (n_frames,)
        All songs one after another, each frame as a number: see `_keys`.
    ends : ndarray of int, shape (n_songs,)
        Where each song ends.
    kind : ndarray of int, shape (n_songs,)
        The kind of each.
    near : ndarray of int, shape (n_near, 2)
        Sonorities and the frames that may follow them voice by voice,
    nearness : ndarray, shape (n_near,)
        each as probable as this; sums to 1 for each sonority.
    """

    sonorities: Ints
    sequence: Ints
    ends: Ints
    kind: Ints
    near: Ints
    nearness: Floats

    @classmethod
    def fit(cls, songs: Sequence[Frames], kinds: Sequence[int]) -> "FrameCounts":
        """Count.

        Parameters
        ----------
        songs : sequence of Frames
            All with as many voices.
        kinds : sequence of int
            The kind of each, from 0 on.
        """
        every = joined(songs)
        _, first, number = np.unique(codes(every.pitch), return_index=True, return_inverse=True)
        sonorities = every.pitch[first]
        sequence = _keys(number, every.begins, every.ticks)
        ends = np.cumsum([len(song) for song in songs])
        near, nearness = _near(sonorities, sequence, ends)
        return cls(sonorities, sequence, ends, np.array(kinds, np.int64), near, nearness)

    @property
    def n_voices(self) -> int:
        """How many voices there are."""
        return int(self.sonorities.shape[1])

    def chain(self, weights: Floats) -> tuple[Chain, Vocabulary]:
        """Give the chain of a mixture of kinds.

        Parameters
        ----------
        weights : ndarray, shape (n_kinds,)
            What a song of each kind counts, 0 or more.

        Returns
        -------
        chain : Chain
            Its contexts are of numbers of sonorities.
        vocabulary : Vocabulary
        """
        before, after, further, count = self._followed(weights)
        edges = self._one_before(before, after, count)
        return self._automaton(edges, _two_before(before, after, further, count, edges))

    def _followed(self, weights: Floats) -> tuple[Ints, Ints, Ints, Floats]:
        """Give the sonority before each frame and each end, both; and the one before that."""
        begin, begins = len(self.sonorities), np.append(0, self.ends[:-1])
        sonority = self.sequence // _step(self.n_voices)
        after = np.insert(self.sequence, self.ends, END)
        first = begins + np.arange(len(begins))
        before = np.roll(np.insert(sonority, self.ends, begin), 1)
        before[first] = begin
        further = np.roll(before, 1)
        further[first] = begin
        song = np.repeat(np.arange(len(self.ends)), np.diff(np.append(0, self.ends)) + 1)
        count = weights[self.kind[song]]
        kept = count > 0
        return before[kept], after[kept], further[kept], count[kept]

    def _one_before(self, before: Ints, after: Ints, count: Floats) -> "_Edges":
        """Interpolate what followed a sonority, in its key, in others, and voice by voice."""
        present = np.zeros(len(self.sonorities) + 1, bool)
        present[before] = present[after[after != END] // _step(self.n_voices)] = True
        there = present[self.near[:, 0]] & present[self.near[:, 1] // _step(self.n_voices)]
        base = _Edges.of(self.near[there, 0], self.near[there, 1], self.nearness[there])
        other_keys = _Edges.of(*self._transposed(before, after, count, present))
        edges = _Edges.of(before, after, count)
        return edges.over(other_keys.over(base.normalised()))

    def _transposed(
        self, before: Ints, after: Ints, count: Floats, present: Bools
    ) -> tuple[Ints, Ints, Floats]:
        """Count what followed what in other keys, where the songs have both sonorities."""
        step = _step(self.n_voices)
        inside = (before < len(self.sonorities)) & (after != END)
        once = _Edges.of(before[inside], after[inside], count[inside])
        known = codes(self.sonorities)
        found = []
        for shift in SHIFTS:
            moved_codes = codes(moved(self.sonorities, shift))
            place = np.searchsorted(known, moved_codes).clip(max=len(known) - 1)
            exists = (known[place] == moved_codes) & present[place]
            both = exists[once.node] & exists[once.key // step]
            key = place[once.key // step] * step + once.key % step
            found.append((place[once.node][both], key[both], once.value[both]))
        node, key, value = (np.concatenate(part) for part in zip(*found, strict=True))
        return node, key, value

    def _automaton(self, one: "_Edges", two: tuple[Ints, "_Edges"]) -> tuple[Chain, Vocabulary]:
        """Make a chain of what follows one sonority, and what follows two."""
        pairs, longer = two
        step, begin = _step(self.n_voices), len(self.sonorities)
        n_one = begin + 1
        node = np.concatenate([one.node, longer.node + n_one])
        key, value = (
            np.concatenate([one.key, longer.key]),
            np.concatenate([one.value, longer.value]),
        )
        end = np.zeros(n_one + len(pairs))
        end[node[key == END]] = value[key == END]
        node, key, value = (part[key != END] for part in (node, key, value))
        order = np.lexsort((key, node))
        node, key, value = node[order], key[order], value[order]
        symbols, symbol = np.unique(key, return_inverse=True)
        sounding, last = key // step, np.append(np.arange(n_one), pairs % n_one)
        place = np.searchsorted(pairs, last[node] * n_one + sounding)
        longest = place < len(pairs)
        longest[longest] = pairs[place[longest]] == (last[node] * n_one + sounding)[longest]
        target = np.where(longest, n_one + place, sounding)
        vocabulary = self._vocabulary(symbols, last)
        contexts: list[Context] = [*((n,) for n in range(begin)), (BEGIN,)]
        contexts += [(pair // n_one, pair % n_one) for pair in pairs.tolist()]
        first = np.searchsorted(node, np.arange(len(end) + 1))
        return Chain(
            tuple(symbols.tolist()), vocabulary.ticks, tuple(contexts), first, symbol, target,
            value, end,
        ), vocabulary  # fmt: skip

    def _vocabulary(self, keys: Ints, last: Ints) -> Vocabulary:
        pitch, begins, ticks = self.read(keys)
        silence = np.full((1, self.n_voices), REST)
        return Vocabulary(pitch, begins, ticks, np.concatenate([self.sonorities, silence])[last])

    def read(self, keys: Ints) -> tuple[Ints, Bools, Ints]:
        """Give pitch, beginnings and ticks of frames, of their numbers."""
        sonority, rest = np.divmod(keys, _step(self.n_voices))
        mask, ticks = np.divmod(rest, LONGEST)
        begins = (mask[:, None] >> np.arange(self.n_voices)) & 1 > 0
        return self.sonorities[sonority], begins, ticks + 1


@dataclass(frozen=True, eq=False)
class _Edges:
    """What follows nodes: sorted, each once."""

    node: Ints
    key: Ints
    value: Floats

    @classmethod
    def of(cls, node: Ints, key: Ints, value: Floats) -> "_Edges":
        """Add up what is there more than once."""
        order = np.lexsort((key, node))
        node, key, value = node[order], key[order], value[order]
        new = np.append(True, (np.diff(node) != 0) | (np.diff(key) != 0))[: len(node)]
        first = np.flatnonzero(new)
        total = np.add.reduceat(value, first) if len(first) else value
        return cls(node[first], key[first], total)

    def normalised(self) -> "_Edges":
        """Let those of each node sum to 1."""
        total = np.bincount(self.node, self.value)
        return _Edges(self.node, self.key, self.value / total[self.node])

    def over(self, base: "_Edges") -> "_Edges":
        """Interpolate counts with the probabilities of another model (Witten and Bell)."""
        n_nodes = int(max(self.node.max(initial=0), base.node.max(initial=0))) + 1
        total = np.bincount(self.node, self.value, n_nodes)
        new = np.bincount(self.node, minlength=n_nodes).astype(float)
        new[np.bincount(base.node, minlength=n_nodes) == 0] = 0  # nothing to share it with
        new[total == 0] = 1
        share = total + new
        return _Edges.of(
            np.concatenate([self.node, base.node]),
            np.concatenate([self.key, base.key]),
            np.concatenate([self.value / share[self.node], base.value * (new / share)[base.node]]),
        )


def _two_before(
    before: Ints, after: Ints, further: Ints, count: Floats, one: _Edges
) -> tuple[Ints, _Edges]:
    """Give pairs of sonorities that were followed by more than one frame, and what follows them."""
    n_one = int(max(one.node.max(), before.max(), further.max())) + 1
    pair = further * n_one + before
    edges = _Edges.of(pair, after, count)
    pairs, choices = np.unique(edges.node, return_counts=True)
    inner = (pairs // n_one < n_one - 1) & (pairs % n_one < n_one - 1)  # both are sonorities
    pairs = pairs[(choices > 1) & inner]
    kept = np.isin(edges.node, pairs)
    own = _Edges(np.searchsorted(pairs, edges.node[kept]), edges.key[kept], edges.value[kept])
    first = np.searchsorted(one.node, np.arange(n_one + 1))
    lengths = np.diff(first)[pairs % n_one]
    node = np.repeat(np.arange(len(pairs)), lengths)
    offset = np.arange(len(node)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    place = first[pairs % n_one][node] + offset
    return pairs, own.over(_Edges(node, one.key[place], one.value[place]))


def _step(n_voices: int) -> int:
    """How many frames there may be of one sonority."""
    return LONGEST << n_voices


def _keys(sonority: Ints, begins: Bools, ticks: Ints) -> Ints:
    """Write frames as numbers: sonority, which voices begin, and ticks."""
    n_voices = begins.shape[1]
    mask = begins @ (1 << np.arange(n_voices))
    return np.asarray((sonority << n_voices | mask) * LONGEST + ticks - 1)


def _near(sonorities: Ints, sequence: Ints, ends: Ints) -> tuple[Ints, Floats]:
    """Find the frames that may follow each sonority, voice by voice."""
    n_voices = sonorities.shape[1]
    step = _step(n_voices)
    frames, count = np.unique(sequence, return_counts=True)
    often = np.sort(np.argsort(-count, kind="stable")[:CANDIDATES])
    frames, count = frames[often], count[often]
    pitch = sonorities[frames // step]
    begins = (frames[:, None] % step // LONGEST >> np.arange(n_voices)) & 1 > 0
    moves = _moves(sonorities[sequence // step], ends)
    node, key, value = [], [], []
    for number, here in enumerate(sonorities):
        rate = np.log(count) + _rate(here, pitch, begins, moves)
        best = np.argpartition(-rate, min(MOST, len(rate) - 1))[:MOST]
        best = best[np.isfinite(rate[best])]
        share = np.exp(rate[best] - rate[best].max(initial=-np.inf))
        node += [number] * len(best)
        key += frames[best].tolist()
        value += (share / share.sum()).tolist()
    return np.array([node, key], np.int64).reshape(2, -1).T, np.array(value, float)


def _moves(pitch: Ints, ends: Ints) -> Floats:
    """Give the logarithm of how often each voice moves by so many semitones, 0 to 127 for -64.."""
    moves = np.diff(pitch, axis=0)
    inside = (pitch[1:] != REST) & (pitch[:-1] != REST)
    inside[ends[:-1] - 1] = False
    found = np.full((pitch.shape[1], 128), STRANGE_MOVE)
    for voice in range(pitch.shape[1]):
        counted = np.bincount(moves[inside[:, voice], voice].clip(-64, 63) + 64, minlength=128)
        found[voice] += counted / max(1, counted.sum())
    return np.asarray(np.log(found))


def _rate(here: Ints, pitch: Ints, begins: Bools, moves: Floats) -> Floats:
    """Say how well frames follow a sonority: -inf where a note is held that did not sound."""
    step = pitch - here
    sounds = (pitch != REST) & (here != REST)
    both_rest = (pitch == REST) & (here == REST)
    voices = np.arange(len(here))
    rate = np.where(sounds, moves[voices, step.clip(-64, 63) + 64], np.log(STRANGE_MOVE))
    total = np.where(both_rest, 0.0, rate).sum(axis=1)
    held = ~begins & (pitch != REST)
    wrong = (held & (step != 0)).any(axis=1) | (step == 0).all(axis=1)
    step = np.where(sounds, step, 0)
    for one, other in combinations(range(len(here)), 2):
        together = step[:, one] * step[:, other] > 0
        for interval in (FIFTH, OCTAVE):
            was = abs(int(here[one] - here[other])) % 12 == interval
            now = np.abs(pitch[:, one] - pitch[:, other]) % 12 == interval
            wrong |= together & now & was
    return np.asarray(np.where(wrong, -np.inf, total))
