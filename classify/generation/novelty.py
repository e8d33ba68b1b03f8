"""How much of a song stands in the songs that a generator learned from.

Melodies are compared, whatever the key: by the step to the next note in semitones, and by how long
a note lasts until the next one begins. Runs of equal length are compared by a hash, so that one
look costs the same for ten songs and for ten thousand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from classify.representations import melody as melodies
from classify.representations.melody import REST, Melody
from classify.songs import Song

#: Steps in a quarter note of the grid on which melodies are compared.
GRID = 4

#: Stands between songs; no step equals it.
BETWEEN = -(2**30)

#: The percentile of real songs that new ones should not exceed.
PERCENTILE = 95

#: An odd number, whose powers a run's steps are multiplied with (modulo 2**64), and its inverse.
BASE = np.uint64(0x9E3779B97F4A7C15)
INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 2**64))

Hashes = NDArray[np.uint64]


def steps(melody: Melody) -> NDArray[np.int64]:
    """Give a melody as one number for each note but the last: its step to the next, its length.

    Parameters
    ----------
    melody : Melody
        Rests count as part of the note before them.

    Returns
    -------
    ndarray of int, shape (n_notes - 1,)

    Examples
    --------
    >>> a = Melody((60, 62, 64), (2, 2, 4))
    >>> bool((steps(a) == steps(a.transposed(5))).all())
    True
    """
    begin = np.cumsum((0, *melody.ticks[:-1]))
    sounding = np.array(melody.pitch) != REST
    pitch, begin = np.array(melody.pitch)[sounding], begin[sounding]
    return step(np.diff(pitch), 48 * np.diff(begin) // melody.ticks_per_beat)


def step(semitones: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
    """Write a step as a number: semitones to the next note, and 48ths of a quarter note to it."""
    return semitones + 128 + 256 * length


def hashes(sequence: NDArray[np.int64], length: int) -> Hashes:
    """Hash every run of so many steps: equal runs have equal hashes.

    Returns
    -------
    ndarray of uint64, shape (n_steps - length + 1,)

    Examples
    --------
    >>> one, other = hashes(np.array([3, 1, 2, 1, 2]), 2)[[1, 3]]
    >>> bool(one == other)
    True
    """
    n_runs = max(0, len(sequence) - length + 1)
    powers = _powers(BASE, len(sequence))
    total = np.append(np.uint64(0), np.cumsum(_mixed(sequence) * powers, dtype=np.uint64))
    return (total[length : length + n_runs] - total[:n_runs]) * _powers(INVERSE, n_runs)


def _hash(sequence: Sequence[int]) -> np.uint64:
    """Hash one run, as `hashes` does: quicker where there are few runs.

    >>> bool(_hash([3, 1, 2]) == hashes(np.array([3, 1, 2]), 3)[0])
    True
    """
    total = 0
    for number in reversed(sequence):
        total = (total * int(BASE) + _mixed_number(number)) % 2**64
    return np.uint64(total)


@lru_cache(maxsize=65536)
def _mixed_number(number: int) -> int:
    return int(_mixed(np.array([number]))[0])


def _mixed(sequence: NDArray[np.int64]) -> Hashes:
    """Spread small numbers over 64 bits (the finaliser of MurmurHash3)."""
    mixed = sequence.astype(np.int64).view(np.uint64).copy()
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(33)))


@lru_cache(maxsize=64)
def _powers(base: np.uint64, n_powers: int) -> Hashes:
    powers = np.full(n_powers, base)
    powers[:1] = 1
    powers = np.cumprod(powers, dtype=np.uint64)
    powers.flags.writeable = False  # it is kept
    return powers


@dataclass(frozen=True, eq=False)
class Repertoire:
    """The songs that something may be a copy of.

    Parameters
    ----------
    steps : ndarray of int, shape (n_steps,)
        Of all songs one after another, `BETWEEN` behind each.
    song : ndarray of int, shape (n_steps,)
        The song that each is of.
    """

    steps: NDArray[np.int64]
    song: NDArray[np.int64]
    _known: dict[int, Hashes] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, songs: Iterable[Song]) -> "Repertoire":
        """Collect the melodies of songs; one without a melody has no steps."""
        encoded = (melodies.encode(song, GRID) for song in songs)
        parts = [np.append(steps(one) if one else [], BETWEEN).astype(np.int64) for one in encoded]
        song = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        return cls(np.concatenate(parts) if parts else np.zeros(0, np.int64), song)

    def known(self, length: int) -> Hashes:
        """Give the hashes of all runs of so many steps, sorted."""
        if length not in self._known:
            inside = _room(self.steps) >= length
            runs = hashes(self.steps, length)
            self._known[length] = np.unique(runs[inside[: len(runs)]])
        return self._known[length]

    def holds(self, runs: Hashes, length: int) -> NDArray[np.bool_]:
        """Say of hashes of runs of so many steps whether a song has such a run."""
        known = self.known(length)
        place = np.minimum(np.searchsorted(known, runs), max(0, len(known) - 1))
        return known[place] == runs if len(known) else np.zeros(len(runs), bool)

    def longest_run(self, given: Song | Melody, kept: Sequence[slice] = ()) -> int:
        """Count the notes of the longest run that a melody shares with a song, in any key.

        Parameters
        ----------
        given : Song or Melody
            The melody in question; that of a song is its skyline.
        kept : sequence of slice
            Quarter notes between which notes do not count: they were to be kept.

        Returns
        -------
        int
            Notes; 0 where not even two in a row are shared.

        Examples
        --------
        >>> tune = Melody((60, 62, 64, 65, 67), (2, 2, 2, 2, 4))
        >>> known = Repertoire.of([melodies.decode(tune)])
        >>> known.longest_run(Melody((67, 69, 71, 60), (2, 2, 2, 4)))
        3
        """
        melody = melodies.encode(given, GRID) if isinstance(given, Song) else given
        if melody is None:
            return 0
        own = steps(melody)
        for passage in kept:
            own = np.where(_within(melody, passage), BETWEEN - 1, own)
        low, high = 0, len(own)  # a run of so many steps is shared, one of more than these is not
        while low < high:
            middle = (low + high + 1) // 2
            shared = self.holds(hashes(own, middle), middle).any()
            low, high = (middle, high) if shared else (low, middle - 1)
        return low + (low > 0)

    def begins_copy(
        self, symbols: Sequence[tuple[int, int]], ticks_per_beat: int, most: int
    ) -> bool:
        """Say whether a melody ends in a run of more notes than so many that a song has, too.

        Parameters
        ----------
        symbols : sequence of (int, int)
            Pitch (or `REST`) and ticks, in order.
        ticks_per_beat : int
            Ticks in a quarter note.
        most : int
            Notes that may be shared.

        Examples
        --------
        >>> known = Repertoire.of([melodies.decode(Melody((60, 62, 64, 65), (4, 4, 4, 4)))])
        >>> known.begins_copy([(71, 2), (67, 4), (69, 4), (71, 4)], 4, most=2)
        True
        """
        if not symbols or symbols[-1][0] == REST:
            return False  # a step is known when the next note begins
        sequence, length = list[int](), 0
        above = symbols[-1][0]
        for pitch, ticks in reversed(symbols[:-1]):
            length += ticks
            if pitch != REST:
                sequence.append(above - pitch + 128 + 256 * (48 * length // ticks_per_beat))
                above, length = pitch, 0
                if len(sequence) == most:
                    run, known = _hash(sequence[::-1]), self.known(most)
                    place = known.searchsorted(run)
                    return bool(place < len(known) and known[place] == run)
        return False

    def held_out_runs(self, groups: Sequence[str] | None = None) -> NDArray[np.int64]:
        """Count, for each song, the notes of the longest run that it shares with another.

        Parameters
        ----------
        groups : sequence of str, optional
            Songs of one group do not count for each other.

        Returns
        -------
        ndarray of int, shape (n_songs,)

        Examples
        --------
        >>> tunes = [Melody((60, 62, 64, 65), (4,) * 4), Melody((60, 62, 64, 60), (4,) * 4)]
        >>> Repertoire.of(map(melodies.decode, tunes)).held_out_runs().tolist()
        [3, 3]
        """
        n_songs = int(self.song.max(initial=-1)) + 1
        names = [str(i) for i in range(n_songs)] if groups is None else groups
        group = np.unique(np.array(names), return_inverse=True)[1][self.song]
        room, longest = _room(self.steps), np.zeros(n_songs, np.int64)
        place, length = np.arange(len(self.steps)), 0
        while len(place):
            length += 1
            place = place[room[place] >= length]
            _, run = np.unique(hashes(self.steps, length)[place], return_inverse=True)
            pairs = np.unique(np.stack([run, group[place]]), axis=1)
            shared = np.bincount(pairs[0], minlength=1) > 1
            place = place[shared[run]]
            longest[self.song[place]] = length + 1
        return longest

    def limit(self, groups: Sequence[str] | None = None) -> int:
        """Give the longest run that new songs may share: what 95 % of real songs stay within.

        At least 2 notes: any two of them may be shared.
        """
        runs = self.held_out_runs(groups)
        return max(2, int(np.percentile(runs, PERCENTILE))) if len(runs) else 2


def _room(sequence: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the steps from each place to the end of its song."""
    ends = np.flatnonzero(sequence == BETWEEN)
    places = np.arange(len(sequence))
    return np.asarray(ends[np.searchsorted(ends, places)] - places)


def _within(melody: Melody, kept: slice) -> NDArray[np.bool_]:
    """Say of each step whether both its notes begin in a passage."""
    begin = melody.position + np.cumsum((0, *melody.ticks[:-1]))
    begin = begin[np.array(melody.pitch) != REST] / melody.ticks_per_beat
    inside = (begin >= kept.start) & (begin < (np.inf if kept.stop is None else kept.stop))
    return np.asarray(inside[:-1] & inside[1:])
