"""What sounds beneath a melody: notes that begin with its notes, drawn when the melody is known.

The melody of music in several parts is its skyline, the highest of the notes that begin together;
every note begins with one of it, or is it. So a song is a sequence of *attacks*: a note of the
melody, how long it is held beyond the next one, and the notes that begin with it. Attacks follow
each other as in a Markov chain whose nodes are harmonies, the triads that were heard last. Given a
melody, an accompaniment is a sample of the exact conditional distribution of that chain, by
messages from the end (as in `classify.generation.sampling`; here a step is a note, and only attacks
with its pitch may stand there). The melody is left as it is: nothing begins where none of its notes
does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.chain import Floats
from classify.generation.passages import melody_of
from classify.generation.styles import HOME, TICKS_PER_BEAT, Kinds, Lesson, nearest
from classify.representations import melody as melodies
from classify.representations.steps import GridSong
from classify.songs import Song

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Harmonies: no triad yet, 12 major and 12 minor ones.
N_HARMONIES = 25

#: Notes beneath a note of the melody, in the mean, from which on songs have an accompaniment.
LEAST = 0.1

#: Most notes of an attack, and ticks that one is held.
MOST_NOTES, LONGEST = 9, 32

#: What attacks of all harmonies count beside those that followed a harmony.
ANY_HARMONY = 0.05

#: An attack fits before a gap of another length up to this factor, at the same place in a beat.
FACTOR = 2

#: What a bare note is worth, for places at which nothing else is possible.
BARE = 1e-12

#: Pitch classes of the triads, as bits, shape (24,).
TRIADS = np.array([sum(1 << (root + step) % 12 for step in steps)
                   for steps in ((0, 4, 7), (0, 3, 7)) for root in range(12)])  # fmt: skip


@dataclass(frozen=True, eq=False)
class Attacks:
    """Notes of melodies and what begins with them.

    Parameters
    ----------
    top : ndarray of int, shape (n,)
        Pitch of the melody, in C major or A minor.
    sustain : ndarray of int, shape (n,)
        Ticks that it is held, at most `LONGEST`.
    gap : ndarray of int, shape (n,)
        Ticks until the next one.
    place : ndarray of int, shape (n,)
        Where in a beat it begins.
    program : ndarray of int, shape (n,)
        Its instrument.
    lower : ndarray of int, shape (n, MOST_NOTES, 3)
        Of each note beneath: semitones below the top (0 where there is none), ticks, instrument.
    harmony : ndarray of int, shape (n,)
        The last triad that was heard, then.
    at : ndarray of int, shape (n,)
        Tick of the song; of attacks of many songs, 0.
    """

    top: Ints
    sustain: Ints
    gap: Ints
    place: Ints
    program: Ints
    lower: Ints
    harmony: Ints
    at: Ints

    @classmethod
    def of(cls, song: Song, shift: int) -> "Attacks":
        """Cut a song where notes begin, `shift` semitones higher."""
        grid, notes = GridSong.of(song, TICKS_PER_BEAT), song.notes
        pitched = np.flatnonzero(~notes["drum"])
        order = pitched[np.lexsort((-notes["pitch"][pitched].astype(int), grid.begin[pitched]))]
        alike = grid.begin[order] * 128 + notes["pitch"][order]
        order = order[np.append(True, np.diff(alike) != 0)]  # what two parts play is heard once
        begin, end = grid.begin[order], grid.end[order]
        pitch = notes["pitch"][order].astype(np.int64) + shift
        at, first = np.unique(begin, return_index=True)
        which = np.searchsorted(at, begin)
        rank = np.arange(len(order)) - first[which]
        below = pitch[first][which] - pitch
        kept = (rank > 0) & (rank <= MOST_NOTES) & (below > 0)
        held = np.minimum(end - begin, LONGEST)
        lower = np.zeros((len(at), MOST_NOTES, 3), np.int64)
        columns = np.stack([below, held, notes["program"][order]], axis=1)
        lower[which[kept], rank[kept] - 1] = columns[kept]
        gap = np.diff(np.append(at, end.max()))
        program = notes["program"][order][first].astype(np.int64)
        harmony = _harmonies(at, begin, end, pitch)
        place = at % TICKS_PER_BEAT
        return cls(pitch[first], held[first], gap, place, program, lower, harmony, at)

    def __len__(self) -> int:
        return len(self.top)


def _harmonies(at: Ints, begin: Ints, end: Ints, pitch: Ints) -> Ints:
    """Give the last triad that sounded at some ticks: 1 to 12 major, 13 to 24 minor, 0 for none."""
    sounding = np.zeros(len(at), np.int64)
    first = np.searchsorted(at, begin)
    last = np.searchsorted(at, np.minimum(end, begin + LONGEST))
    for low, high, bit in zip(first, np.maximum(last, first + 1), 1 << pitch % 12, strict=True):
        sounding[low:high] |= bit
    whole = (sounding[:, None] & TRIADS) == TRIADS
    known = np.where(whole.any(axis=1), whole.argmax(axis=1) + 1, 0)
    since = np.maximum.accumulate(np.where(known > 0, np.arange(len(at)), 0))
    return known[since]


@dataclass(frozen=True, eq=False)
class Accompaniment(Kinds):
    """Attacks of songs, and which followed which harmony.

    Parameters
    ----------
    facts : ndarray, shape (n_songs, 5)
        The number of each song's kind, what `relation` gives, and how deep `depth` says it goes.
    attacks : Attacks
        That differ, sorted by `top`.
    follows : ndarray of int, shape (n_seen, 4)
        The harmony before, the attack, the kind of song, and how often; see `Kinds` for these.
    """

    attacks: Attacks
    follows: Ints
    _tables: dict[tuple[str, bool], Floats] = field(default_factory=dict, repr=False)
    _fitting: dict[tuple[int, int, int], Ints] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, songs: Sequence[Song], moods: Sequence[str]) -> "Accompaniment | None":
        """Learn from songs; None where they are melodies alone."""
        found, modes, facts = [], [], []
        for song, mood in zip(songs, moods, strict=True):
            lesson = Lesson.of(song, mood)
            if lesson is None:
                continue
            tonic, _ = melodies.tonic(melody_of(song))
            attacks = Attacks.of(song, nearest(HOME[lesson.minor] - tonic))
            found.append(replace(attacks, at=np.zeros_like(attacks.at)))
            modes.append((mood, lesson.minor))
            facts.append(_relation(attacks))
        if not found or np.mean([len(a) and (a.lower[:, :, 0] > 0).sum() / len(a)
                                 for a in found]) < LEAST:  # fmt: skip
            return None
        kinds = sorted(set(modes))
        number = [kinds.index(mode) for mode in modes]
        before = np.concatenate([np.append(0, one.harmony[:-1]) for one in found])
        kind = np.repeat(number, [len(one) for one in found])
        attacks, which = _distinct(found)
        seen, count = np.unique(np.stack([before, which, kind]), axis=1, return_counts=True)
        table = np.array([[n, *row] for n, row in zip(number, facts, strict=True)])
        return cls(tuple(kinds), table, attacks, np.vstack([seen, count]).T)

    def relation(self, mood: str) -> tuple[float, float, float]:
        """Say what share of the notes the melody is, how much higher, and how much less spread."""
        share, higher, spread = np.median(self.facts[self._of(mood, None)][:, 1:4], axis=0)
        return float(share), float(higher), float(spread)

    def depth(self, mood: str, random: np.random.Generator) -> float:
        """Draw a song, and say how far below the mean of its melody its lowest note is."""
        return float(random.choice(self.facts[self._of(mood, None)][:, 4]))

    def table(self, mood: str, minor: bool) -> Floats:
        """Give the probability of each attack after each harmony, shape (n, N_HARMONIES)."""
        if (mood, minor) not in self._tables:
            before, which, kind, count = self.follows.T
            value = count * self.weights(mood, minor)[kind]
            counts = np.zeros((N_HARMONIES, len(self.attacks)))
            np.add.at(counts, (before, which), value)
            any_of_them = counts.sum(axis=0) / counts.sum()
            total = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
            mixed = (counts / total + ANY_HARMONY * any_of_them) / (1 + ANY_HARMONY)
            self._tables[mood, minor] = np.ascontiguousarray(mixed.T)
        return self._tables[mood, minor]

    def fitting(self, top: int, place: int, gap: int) -> Ints:
        """Give the attacks that may stand at a note: at such a place, before such a gap if any are.

        Parameters
        ----------
        top : int
            Pitch of the note, in C major or A minor.
        place : int
            Tick of its beat.
        gap : int
            Ticks until the next note or rest.
        """
        if (top, place, gap) not in self._fitting:
            first, last = np.searchsorted(self.attacks.top, [top, top + 1])
            gaps, places = self.attacks.gap[first:last], self.attacks.place[first:last]
            near = (gaps <= FACTOR * gap) & (gap <= FACTOR * gaps)
            for fits in (near & (places == place), near, np.ones(last - first, bool)):
                if fits.any():
                    break
            self._fitting[top, place, gap] = first + np.flatnonzero(fits)
        return self._fitting[top, place, gap]

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Give what it is made of again: arrays, and plain values."""
        arrays = {f"attacks.{f.name}": getattr(self.attacks, f.name) for f in fields(Attacks)}
        arrays |= {"follows": self.follows, "facts": self.facts}
        return arrays, {"kinds": [list(kind) for kind in self.kinds]}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "Accompaniment":
        """Make one of what `state` gave."""
        attacks = Attacks(*(arrays[f"attacks.{field.name}"] for field in fields(Attacks)))
        kinds = tuple((str(mood), bool(minor)) for mood, minor in values["kinds"])
        facts = arrays["facts"]
        if facts.shape[1] == 4:  # saved when all songs went down to a piano's lowest key
            facts = np.column_stack([facts, np.full(len(facts), 127)])
        return cls(kinds, facts, attacks, arrays["follows"])


def _relation(attacks: Attacks) -> tuple[float, float, float, float]:
    below = attacks.lower[:, :, 0]
    every = np.concatenate([attacks.top, (attacks.top[:, None] - below)[below > 0]])
    spread = attacks.top.std() / max(1e-9, every.std())
    share, middle = len(attacks) / len(every), float(attacks.top.mean())
    return share, middle - float(every.mean()), float(min(1, spread)), middle - int(every.min())


def _distinct(found: Sequence[Attacks]) -> tuple[Attacks, Ints]:
    """Give attacks that differ, by their tops, and which of them each is."""
    every = [np.concatenate([getattr(one, f.name) for one in found]) for f in fields(Attacks)]
    flat = np.concatenate([part.reshape(len(part), -1) for part in every], axis=1)
    _, first, which = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    return Attacks(*(part[first] for part in every)), which.ravel()


@dataclass(frozen=True, eq=False)
class Sampler:
    """Accompaniments of one melody, all from the exact conditional distribution.

    Parameters
    ----------
    table : ndarray, shape (n_attacks, N_HARMONIES)
        Probability of each attack after each harmony.
    after : ndarray of int, shape (n_attacks,)
        The harmony that each leaves.
    choices : sequence of ndarray of int
        The attacks that may stand at each note; -1, the last of them, is a bare one that leaves the
        harmony as it was.
    weights : sequence of ndarray
        How much each of these is wanted.
    """

    table: Floats
    after: Ints
    choices: Sequence[Ints]
    weights: Sequence[Floats]

    def messages(self) -> tuple[Floats, float]:
        """Give the mass of all that may follow, for each note and harmony, and its logarithm.

        Messages of a note are scaled to sum to 1; the logarithm is of the mass of everything.
        """
        messages = np.ones((len(self.choices) + 1, N_HARMONIES))
        log_mass = 0.0
        for note in reversed(range(len(self.choices))):
            known, ahead, weights = self.choices[note][:-1], messages[note + 1], self.weights[note]
            wanted = weights[:-1] * ahead[self.after[known]]
            total = wanted @ self.table[known] + weights[-1] * ahead
            messages[note] = total / total.sum()
            log_mass += float(np.log(total.sum()))
        return messages, log_mass + float(np.log(messages[0, 0]))

    def _shares(self, note: int, ahead: Floats, harmony: int) -> Floats:
        """Weigh the choices of a note after a harmony by all that may follow."""
        known = self.choices[note][:-1]
        weights = self.weights[note]
        shares = np.empty(len(known) + 1)
        shares[:-1] = self.table[known, harmony] * weights[:-1] * ahead[self.after[known]]
        shares[-1] = weights[-1] * ahead[harmony]
        return shares

    def draw(self, random: np.random.Generator) -> list[int]:
        """Draw an attack for each note, -1 for a bare one."""
        (messages, _), harmony, drawn = self.messages(), 0, []
        for note, choices in enumerate(self.choices):
            shares = np.cumsum(self._shares(note, messages[note + 1], harmony))
            place = int(np.searchsorted(shares, random.random() * shares[-1], side="right"))
            drawn.append(int(choices[min(place, len(choices) - 1)]))
            harmony = int(self.after[drawn[-1]]) if drawn[-1] >= 0 else harmony
        return drawn

    def log_probability(self, sequence: Sequence[int]) -> float:
        """Give the log-probability with which `draw` gives places among the choices."""
        (messages, _), harmony, total = self.messages(), 0, 0.0
        for note, place in enumerate(sequence):
            shares = self._shares(note, messages[note + 1], harmony)
            total += float(np.log(shares[place] / shares.sum()))
            attack = int(self.choices[note][place])
            harmony = int(self.after[attack]) if attack >= 0 else harmony
        return total
