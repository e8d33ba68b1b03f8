"""How songs were played, learned from songs that people played, and given to new ones.

A composer on a grid writes notes that are all as loud and exactly in time, which nobody plays:
what learned from people takes such songs for another kind of music. So the loudness of each note
and when it sounds are drawn: loudness as in the songs (a regression on what the note is, and what
that leaves, which goes on from attack to attack), time by as much as pianists are off a beat that
they hear. No note leaves its step of the grid, so that beats, bars and passages are what they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from classify.generation.accompanied import until_struck_again
from classify.representations.sequences import song_of
from classify.songs import Song
from classify.songs.song import PERFORMED, TRANSCRIBED

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

#: Seconds by which pianists are off a beat that they hear, and by which the notes of a chord follow
#: its highest one (standard deviations; Goebl 2001; Repp 2005).
OFF_BEAT, APART = 0.02, 0.02

#: The part of a step of the grid, a sixteenth, that no note leaves its place by, and the shortest
#: note in seconds.
INSIDE, SHORTEST = 0.45, 0.03

#: Notes that begin within so many seconds are one attack.
TOGETHER = 0.03

#: A mood of fewer songs is played as all songs are; a song of fewer attacks says nothing of how
#: loudness goes on.
FEWEST_SONGS, FEWEST_ATTACKS = 5, 20


@dataclass(frozen=True, eq=False)
class Playing:
    """How loud notes are, by mood.

    Parameters
    ----------
    moods : tuple of str
        Known ones; the empty one first, which is that of all songs.
    weights : ndarray, shape (n_moods, 5)
        MIDI velocity by the facts of a note (`Notes`).
    goes_on : ndarray, shape (n_moods,)
        Correlation of what the weights leave of one attack with that of the next.
    spreads : ndarray, shape (n_songs, 4)
        Of each song the place of its mood, the standard deviations of what is left, of attacks and
        of notes within them, and how far it follows the weights, 0 (all notes are as loud) to 1.
    """

    moods: tuple[str, ...]
    weights: Floats
    goes_on: Floats
    spreads: Floats

    @classmethod
    def of(cls, songs: Sequence[Song], moods: Sequence[str]) -> "Playing | None":
        """Learn from songs; None where most of them were not played by a person."""
        played = [song.origin.startswith((PERFORMED, TRANSCRIBED)) for song in songs]
        if not songs or np.mean(played) <= 0.5:
            return None
        of_mood: dict[str, list[Notes]] = {"": []}
        for song, mood, by_people in zip(songs, moods, played, strict=True):
            if by_people:
                part = Notes.of(song)
                for name in {"", mood}:
                    of_mood.setdefault(name, []).append(part)
        known = [n for n in sorted(of_mood) if not n or len(of_mood[n]) >= FEWEST_SONGS]
        learned = [_learned(of_mood[name]) for name in known]
        spreads = [
            np.column_stack([np.full(len(spread), place), spread])
            for place, (_, _, spread) in enumerate(learned)
        ]
        weights, goes_on = (np.array([one[i] for one in learned]) for i in (0, 1))
        return cls(tuple(known), weights, goes_on, np.concatenate(spreads))

    def play(
        self, song: Song, mood: str, random: np.random.Generator, before: Song | None = None
    ) -> Song:
        """Give a song as it is played.

        Parameters
        ----------
        song : Song
            On a grid of sixteenths of one tempo; its notes as loud as they are to be on average.
        mood : str
            Whose songs say how; all do for one that is not known.
        random : numpy.random.Generator
            Draws.
        before : Song, optional
            Notes that it has too, at the same place, stay as they are played there.

        Returns
        -------
        Song
            Its notes in the same steps of the grid.
        """
        notes, part = song.notes.copy(), Notes.of(song)
        velocity = notes["velocity"] + self._louder(part, mood, random)
        notes["velocity"] = np.clip(np.round(velocity), 1, 127)
        beat_seconds = 60 / song.tempi[0, 1]
        end = notes["onset"] + notes["duration"].astype(float)
        onset = notes["onset"] + _late(part, notes["duration"], beat_seconds / 4, random)
        if before is not None:
            own, old = _shared(song.notes, before.notes)
            notes["velocity"][own] = before.notes["velocity"][old]
            onset[own] = before.notes["beat"][old] * beat_seconds
        notes["onset"] = np.clip(onset, 0, end - SHORTEST / 2)
        end = until_struck_again(notes["pitch"], notes["onset"], end)
        notes["duration"] = end - notes["onset"]
        notes["beat"] = notes["onset"] / beat_seconds
        return song_of(notes, song.tempi, song.metres, song.title)

    def _louder(self, part: "Notes", mood: str, random: np.random.Generator) -> Floats:
        """Draw how much louder than the average of the song each note is."""
        place = self.moods.index(mood) if mood in self.moods else 0
        known = self.spreads[self.spreads[:, 0] == place]
        _, of_attacks, of_notes, follows = known[random.integers(len(known))]
        after = self.goes_on[place]
        drawn = random.normal(0, of_attacks * np.sqrt(1 - after**2), part.n_attacks)
        attacks = lfilter([1.0], [1.0, -after], drawn)
        louder = follows * (part.facts @ self.weights[place]) + attacks[part.attack]
        louder += random.normal(0, of_notes, len(louder))
        return np.asarray(louder - louder.mean(), float)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Give what it is made of again: arrays, and plain values."""
        arrays = {"weights": self.weights, "goes_on": self.goes_on, "spreads": self.spreads}
        return arrays, {"moods": list(self.moods)}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "Playing":
        """Make one of what `state` gave."""
        moods = tuple(str(mood) for mood in values["moods"])
        spreads = arrays["spreads"]
        if spreads.shape[1] == 3:  # saved when all songs were thought to follow the weights
            spreads = np.column_stack([spreads, np.ones(len(spreads))])
        return cls(moods, arrays["weights"], arrays["goes_on"], spreads)


@dataclass(frozen=True, eq=False)
class Notes:
    """What the loudness of the notes of a song depends on.

    Parameters
    ----------
    facts : ndarray, shape (n_notes, 5)
        1, octaves above middle C, whether the note is the highest of its attack, whether it is the
        lowest of several, and the logarithm of its seconds.
    attack : ndarray of int, shape (n_notes,)
        The attack that each is in.
    velocity : ndarray, shape (n_notes,)
        MIDI 0-127.
    """

    facts: Floats
    attack: NDArray[np.int64]
    velocity: Floats

    @classmethod
    def of(cls, song: Song) -> "Notes":
        """Describe the notes of a song."""
        notes = song.notes
        onset = notes["onset"]
        attack = np.cumsum(np.diff(onset, prepend=onset[:1]) > TOGETHER, dtype=np.int64)
        order = np.lexsort((notes["pitch"], attack))
        follows = attack[order][1:] == attack[order][:-1]
        highest, lowest = np.zeros(len(notes)), np.zeros(len(notes))
        highest[order[~np.append(follows, False)]] = 1
        lowest[order[~np.insert(follows, 0, False)]] = 1
        facts = np.column_stack([
            np.ones(len(notes)), (notes["pitch"] - 60.0) / 12, highest, lowest * (1 - highest),
            np.log(np.maximum(notes["duration"], SHORTEST)),
        ])  # fmt: skip
        return cls(facts, attack, notes["velocity"].astype(float))

    @property
    def n_attacks(self) -> int:
        """Give how many attacks there are."""
        return int(self.attack[-1]) + 1 if len(self.attack) else 0


def _late(
    part: Notes, duration: NDArray[np.float32], step: float, random: np.random.Generator
) -> Floats:
    """Draw by how many seconds each note is late, within its step; its attack, and itself."""
    behind = abs(random.normal(0, APART, len(duration))) * (part.facts[:, 2] == 0)
    late = random.normal(0, OFF_BEAT, part.n_attacks)[part.attack] + behind
    return np.clip(late, -INSIDE * step, np.minimum(INSIDE * step, duration / 2))


def _shared(notes: NDArray[np.void], before: NDArray[np.void]) -> tuple[Places, Places]:
    """Find notes of equal pitch in the same step: their places in the one and in the other."""
    known = [
        128 * np.round(4 * one["beat"].astype(float)) + one["pitch"] for one in (notes, before)
    ]
    _, own, old = np.intersect1d(*known, return_indices=True)
    return own, old


def _learned(parts: Sequence[Notes]) -> tuple[Floats, float, Floats]:
    """Learn weights, how loudness goes on, and each song's spreads and how far it follows."""
    facts = np.concatenate([part.facts for part in parts])
    louder = np.concatenate([part.velocity - part.velocity.mean() for part in parts])
    weights = np.linalg.lstsq(facts, louder, rcond=None)[0]
    goes_on, spreads = [0.0], []
    for part in parts:
        louder_alone, expected = (x - x.mean() for x in (part.velocity, part.facts @ weights))
        square = float(expected @ expected)
        slope = float(louder_alone @ expected) / square if square else 0.0
        follows = min(max(slope, 0.0), 1.0)  # steeper ones are of songs in which little is expected
        left = louder_alone - follows * expected
        of_attack = np.bincount(part.attack, left) / np.bincount(part.attack)
        spreads.append([of_attack.std(), (left - of_attack[part.attack]).std(), follows])
        if part.n_attacks >= FEWEST_ATTACKS and of_attack.std() > 0:
            goes_on.append(float(np.corrcoef(of_attack[1:], of_attack[:-1])[0, 1]))
    known = [one for one in goes_on[1:] if np.isfinite(one)]
    return weights, float(np.median(known)) if known else 0.0, np.array(spreads)
