"""How songs were played, learned from songs that people played, and given to new ones.

A composer on a grid writes notes that are all as loud and exactly in time, which nobody plays:
what learned from people takes such songs for another kind of music. So the loudness of each note
and when it sounds are drawn: loudness as in one of the songs (a regression on what the note is, and
what that leaves, which goes on from attack to attack), time as in all of them
(`classify.generation.timing`). No note leaves its step of the grid, so that beats, bars and
passages are what they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from classify.errors import InputError
from classify.generation.accompanied import until_struck_again
from classify.generation.styles import TICKS_PER_BEAT
from classify.generation.timing import INSIDE, Timing
from classify.representations.sequences import song_of
from classify.songs import Song
from classify.songs.song import PERFORMED, TRANSCRIBED

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

#: The shortest note, in seconds.
SHORTEST = 0.03

#: Notes that begin within so many seconds are one attack.
TOGETHER = 0.03

#: As so many notes the average of a mood counts where the loudness of a song is explained.
OF_MOOD = 30

#: A mood of fewer songs is played as all songs are; a song of fewer attacks says nothing of how
#: loudness goes on.
FEWEST_SONGS, FEWEST_ATTACKS = 5, 20


@dataclass(frozen=True, eq=False)
class Playing:
    """How loud notes are and when they sound, by mood.

    Parameters
    ----------
    moods : tuple of str
        Known ones; the empty one first, which is that of all songs.
    goes_on : ndarray, shape (n_moods,)
        Correlation of what is left of one attack's loudness with that of the next.
    manners : ndarray, shape (n_songs, 9)
        Of each song the place of its mood; MIDI velocity by the facts of a note (`Notes`); standard
        deviations of what these leave, of attacks and of notes within them; and by how many seconds
        notes follow the first of their attack.
    timing : Timing
        How far attacks are beside their steps.
    """

    moods: tuple[str, ...]
    goes_on: Floats
    manners: Floats
    timing: Timing

    @classmethod
    def of(cls, songs: Sequence[Song], moods: Sequence[str]) -> "Playing | None":
        """Learn from songs; None where most of them were not played by a person."""
        played = [song.origin.startswith((PERFORMED, TRANSCRIBED)) for song in songs]
        if not songs or np.mean(played) <= 0.5:
            return None
        own = [(song, mood) for song, mood, by in zip(songs, moods, played, strict=True) if by]
        of_mood: dict[str, list[Notes]] = {"": []}
        for song, mood in own:
            part = Notes.of(song)
            for name in {"", mood}:
                of_mood.setdefault(name, []).append(part)
        known = [n for n in sorted(of_mood) if not n or len(of_mood[n]) >= FEWEST_SONGS]
        learned = [_learned(of_mood[name]) for name in known]
        manners = [
            np.column_stack([np.full(len(manner), place), manner])
            for place, (_, manner) in enumerate(learned)
        ]
        places = [known.index(mood) if mood in known else 0 for _, mood in own]
        timing = Timing.of([song for song, _ in own], places)
        goes_on = np.array([after for after, _ in learned])
        return cls(tuple(known), goes_on, np.concatenate(manners), timing)

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
        place = self.moods.index(mood) if mood in self.moods else 0
        known = self.manners[self.manners[:, 0] == place]
        manner = known[random.integers(len(known))]
        velocity = notes["velocity"] + self._louder(part, place, manner, random)
        notes["velocity"] = np.clip(np.round(velocity), 1, 127)
        beat_seconds = 60 / song.tempi[0, 1]
        onset, end = self._in_time(song, part, place, manner[-1], random)
        if before is not None:
            own, old = _shared(song.notes, before.notes)
            notes["velocity"][own] = before.notes["velocity"][old]
            onset[own] = before.notes["beat"][old] * beat_seconds
            end[own] = onset[own] + before.notes["duration"][old]
        end = np.clip(end, SHORTEST / 2, song.seconds)
        notes["onset"] = np.clip(onset, 0, end - SHORTEST / 2)
        end = until_struck_again(notes["pitch"], notes["onset"], end)
        notes["duration"] = end - notes["onset"]
        notes["beat"] = notes["onset"] / beat_seconds
        return song_of(notes, song.tempi, song.metres, song.title)

    def _louder(
        self, part: "Notes", place: int, manner: Floats, random: np.random.Generator
    ) -> Floats:
        """Draw how much louder than the average of the song each note is."""
        weights, (of_attacks, of_notes) = manner[1:-3], manner[-3:-1]
        after = self.goes_on[place]
        drawn = random.normal(0, of_attacks * np.sqrt(1 - after**2), part.n_attacks)
        attacks = lfilter([1.0], [1.0, -after], drawn)
        louder = part.facts @ weights + attacks[part.attack]
        louder += random.normal(0, of_notes, len(louder))
        return np.asarray(louder - louder.mean(), float)

    def _in_time(
        self, song: Song, part: "Notes", place: int, apart: float, random: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Draw when each note begins and ends, in seconds."""
        step_seconds = 60 / song.tempi[0, 1] / TICKS_PER_BEAT
        begin = song.notes["onset"].astype(float)
        end = begin + song.notes["duration"]
        first, last = (np.round(at / step_seconds).astype(np.int64) for at in (begin, end))
        steps, which = np.unique(first, return_inverse=True)
        late = self.timing.draw(steps, place, random) * step_seconds
        behind = random.exponential(apart, len(begin)) * (part.facts[:, 2] == 0)
        latest = np.minimum(INSIDE * step_seconds, late[which] + (end - begin) / 2)
        onset = begin + np.minimum(late[which] + behind, latest)
        after = np.minimum(np.searchsorted(steps, last), len(steps) - 1)
        return onset, end + np.where(steps[after] == last, late[after], late[which])

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Give what it is made of again: arrays, and plain values."""
        arrays = {"goes_on": self.goes_on, "manners": self.manners}
        arrays |= {f"timing.{name}": part for name, part in self.timing.state().items()}
        return arrays, {"moods": list(self.moods)}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "Playing":
        """Make one of what `state` gave.

        Raises
        ------
        InputError
            If it was saved when less was learned of how songs are played.
        """
        if "manners" not in arrays:
            raise InputError("knows less of how songs are played than this program; train it again")
        prefix = "timing."
        timing = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
        moods = tuple(str(mood) for mood in values["moods"])
        return cls(moods, arrays["goes_on"], arrays["manners"], Timing.of_state(timing))


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
    apart : float
        Seconds by which notes follow the first of their attack, the mean of all but these.
    """

    facts: Floats
    attack: NDArray[np.int64]
    velocity: Floats
    apart: float

    @classmethod
    def of(cls, song: Song) -> "Notes":
        """Describe the notes of a song."""
        notes = song.notes
        onset = notes["onset"]
        begins = np.diff(onset, prepend=-1.0) > TOGETHER
        attack = np.cumsum(begins, dtype=np.int64) - 1
        behind = (onset - onset[begins][attack])[~begins]
        order = np.lexsort((notes["pitch"], attack))
        follows = attack[order][1:] == attack[order][:-1]
        highest, lowest = np.zeros(len(notes)), np.zeros(len(notes))
        highest[order[~np.append(follows, False)]] = 1
        lowest[order[~np.insert(follows, 0, False)]] = 1
        facts = np.column_stack([
            np.ones(len(notes)), (notes["pitch"] - 60.0) / 12, highest, lowest * (1 - highest),
            np.log(np.maximum(notes["duration"], SHORTEST)),
        ])  # fmt: skip
        apart = float(behind.mean()) if len(behind) else 0.0
        return cls(facts, attack, notes["velocity"].astype(float), apart)

    @property
    def n_attacks(self) -> int:
        """Give how many attacks there are."""
        return int(self.attack[-1]) + 1 if len(self.attack) else 0


def _shared(notes: NDArray[np.void], before: NDArray[np.void]) -> tuple[Places, Places]:
    """Find notes of equal pitch in the same step: their places in the one and in the other."""
    known = [
        128 * np.round(4 * one["beat"].astype(float)) + one["pitch"] for one in (notes, before)
    ]
    _, own, old = np.intersect1d(*known, return_indices=True)
    return own, old


def _learned(parts: Sequence[Notes]) -> tuple[float, Floats]:
    """Learn how loudness goes on, and each song's manner, as in `Playing`, without its mood."""
    facts = np.concatenate([part.facts for part in parts])
    louder = np.concatenate([part.velocity - part.velocity.mean() for part in parts])
    of_mood = np.linalg.lstsq(facts, louder, rcond=None)[0]
    pull = OF_MOOD * facts.T @ facts / len(facts)
    goes_on, manners = [], []
    for part in parts:
        louder = part.velocity - part.velocity.mean()
        square = part.facts.T @ part.facts + pull
        expected = pull @ of_mood if louder.any() else 0 * of_mood  # where all are as loud, that is
        weights = np.linalg.lstsq(square, part.facts.T @ louder + expected, rcond=None)[0]
        left = louder - part.facts @ weights
        left -= left.mean()
        of_attack = np.bincount(part.attack, left) / np.bincount(part.attack)
        of_notes = (left - of_attack[part.attack]).std()
        manners.append([*weights, of_attack.std(), of_notes, part.apart])
        if part.n_attacks >= FEWEST_ATTACKS and of_attack.std() > 0:
            goes_on.append(float(np.corrcoef(of_attack[1:], of_attack[:-1])[0, 1]))
    known = [one for one in goes_on if np.isfinite(one)]
    return float(np.median(known)) if known else 0.0, np.array(manners)
