"""What songs in voices have in common, as a chain over whole frames learns it.

Chorales and other music in two to four voices that nearly always all sound. Songs are moved to
C major or A minor and cut into frames (`classify.generation.sonorities`); the chain backs off where
frames are rare (`classify.generation.frame_chain`). Beside it stands where in a bar frames begin,
by their length and by their chord.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation import knobs
from classify.generation.chain import Chain, Floats
from classify.generation.events import home_shift
from classify.generation.frame_chain import FrameCounts, Vocabulary
from classify.generation.frames import BAR, UNIT
from classify.generation.sonorities import LONGEST, PHASES, Bools, Frames, Ints, joined, kinds
from classify.generation.styles import FEWEST_SONGS, Kinds, Metre, profile
from classify.representations.features.key import key_of
from classify.representations.steps import GridSong
from classify.representations.voices import STEPS_PER_BEAT, Voices, most_at_once
from classify.songs import Song

#: Most voices, and the share of the time at which all of them sound in music in voices.
MOST_VOICES, SOUNDING = 4, 0.5

#: What a chord that dissonances are told by needs to begin at a place, beside chance.
RARE = 0.3


def n_voices(songs: Sequence[Song]) -> int | None:
    """Give how many voices music is in, or None where it is not in voices.

    It is in voices where two to four notes sound together at most, and half of the time they do;
    of the middle one of the songs.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> n_voices([piece()]) is None
    True
    """
    pitched = [song for song in songs if (~song.notes["drum"]).any()]
    if not pitched:
        return None
    most = int(np.median([most_at_once(song) for song in pitched]))
    if not 2 <= most <= MOST_VOICES:
        return None
    return most if np.median([_share(song, most) for song in pitched]) >= SOUNDING else None


def _share(song: Song, most: int) -> float:
    """Give the share of the time, without silence, at which so many notes sound."""
    grid, pitched = GridSong.of(song, STEPS_PER_BEAT), ~song.notes["drum"]
    change = np.zeros(len(grid.about) + 1, np.int64)
    np.add.at(change, grid.begin[pitched], 1)
    np.add.at(change, grid.end[pitched], -1)
    at_once = np.cumsum(change)[:-1]
    return float((at_once[at_once > 0] == most).mean())


@dataclass(frozen=True, eq=False)
class VoiceStyle(Kinds):
    """What was learned from songs in voices.

    Parameters
    ----------
    counts : FrameCounts
        Of frames in C major or A minor.
    profiles : dict of (int, int) to ndarray, shape (bar_ticks, LONGEST + 1)
        By time signature: how much more often frames of each length begin at each sixteenth of a
        bar than anywhere.
    chords : ndarray of int, shape (n_chords,)
        Kinds of chords (`classify.generation.sonorities.kinds`),
    phases : ndarray of bool, shape (n_chords, 3)
        and whether each may begin on a beat, between two, and elsewhere.
    """

    counts: FrameCounts
    profiles: dict[Metre, Floats]
    chords: Ints
    phases: Bools
    _chains: dict[tuple[str, bool, bool], tuple[Chain, Vocabulary]] = field(
        default_factory=dict, repr=False
    )

    @classmethod
    def of(cls, songs: Sequence[Song], moods: Sequence[str], voices: int) -> "VoiceStyle":
        """Learn from songs, of which some have notes other than drums."""
        lessons = [
            (song, mood, Voices.of(song, voices))
            for song, mood in zip(songs, moods, strict=True)
            if (~song.notes["drum"]).any()
        ]
        cut = [Frames.of(written, home_shift(song)) for song, _, written in lessons]
        modes = [(mood, is_minor(song)) for song, mood, _ in lessons]
        names = sorted(set(modes))
        number = [names.index(mode) for mode in modes]
        facts = [
            [n, *_facts(song, one, written)]
            for n, (song, _, written), one in zip(number, lessons, cut, strict=True)
        ]
        every = joined(cut)
        return cls(
            tuple(names), np.array(facts), FrameCounts.fit(cut, number),
            _profiles([written for _, _, written in lessons], cut), *_phases(every),
        )  # fmt: skip

    @property
    def n_voices(self) -> int:
        """How many voices there are."""
        return self.counts.n_voices

    def chain(self, mood: str, minor: bool, mixed: bool = False) -> tuple[Chain, Vocabulary]:
        """Give the chain of a mood in one mode, of songs that count what `weights` says."""
        if (mood, minor, mixed) not in self._chains:
            made = self.counts.chain(self.weights(mood, minor, mixed))
            self._chains[mood, minor, mixed] = made
        return self._chains[mood, minor, mixed]

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Give what a style is made of again: arrays, and plain values."""
        counts = self.counts
        arrays: dict[str, NDArray[Any]] = {
            name: getattr(counts, name)
            for name in ("sonorities", "sequence", "ends", "kind", "near", "nearness")
        }
        arrays |= {"facts": self.facts, "chords": self.chords, "phases": self.phases}
        for number, one in enumerate(self.profiles.values()):
            arrays[f"profile.{number}"] = one
        metres = [list(metre) for metre in self.profiles]
        return arrays, {"kinds": [list(kind) for kind in self.kinds], "metres": metres}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "VoiceStyle":
        """Make a style of what `state` gave."""
        parts = (arrays[n] for n in ("sonorities", "sequence", "ends", "kind", "near", "nearness"))
        profiles = {
            (int(n), int(d)): arrays[f"profile.{number}"]
            for number, (n, d) in enumerate(values["metres"])
        }
        known = tuple((str(mood), bool(minor)) for mood, minor in values["kinds"])
        return cls(
            known, arrays["facts"], FrameCounts(*parts), profiles, arrays["chords"],
            arrays["phases"],
        )  # fmt: skip


def is_minor(song: Song) -> bool:
    """Say whether a song is in minor."""
    key = key_of(song.notes)
    return key is not None and bool(key[1])


def _facts(song: Song, cut: Frames, voices: Voices) -> tuple[float, float, float, float]:
    """Give tempo, bars, loudness and mean pitch in the home key."""
    tempo = float(song.tempi[0, 1]) if len(song.tempi) else 120.0
    bars = len(voices.pitch) / float(np.median(voices.about[:, BAR]))
    return tempo, bars, knobs.loudness(song), float(cut.pitch[cut.begins].mean())


def metre_of(voices: Voices) -> Metre:
    """Give the time signature that holds longest."""
    lines = Counter(map(tuple, voices.about[:, [BAR, UNIT]].astype(int).tolist()))
    length, unit = lines.most_common(1)[0][0]
    return max(1, round(length * unit / (4 * STEPS_PER_BEAT))), unit


def _profiles(voices: Sequence[Voices], cut: Sequence[Frames]) -> dict[Metre, Floats]:
    """Count where frames begin, in every time signature that enough songs have."""
    metres = [metre_of(one) for one in voices]
    counted = Counter(metres).most_common()
    fewest = min(FEWEST_SONGS, counted[0][1])
    found = {}
    for metre, n_songs in counted:
        if n_songs >= fewest:
            every = joined([one for one, own in zip(cut, metres, strict=True) if own == metre])
            length = bar_ticks(metre)
            inside = every.place < length
            found[metre] = profile(every.place[inside], every.ticks[inside], (length, LONGEST + 1))
    return found


def bar_ticks(metre: Metre) -> int:
    """Give the sixteenths of a bar."""
    return max(1, round(4 * STEPS_PER_BEAT * metre[0] / metre[1]))


def _phases(every: Frames) -> tuple[Ints, Bools]:
    """Say on which places in a beat each chord begins: dissonances pass."""
    chords, number = np.unique(kinds(every.pitch), return_inverse=True)
    counts = np.zeros((len(chords), 3))
    np.add.at(counts, (number, PHASES[every.place % STEPS_PER_BEAT]), 1)
    share = counts.sum(axis=0) / counts.sum()
    return chords, counts >= RARE * share * counts.sum(axis=1, keepdims=True)
