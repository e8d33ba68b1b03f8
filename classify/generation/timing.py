"""When what people play sounds beside its step of a grid, learned from songs and given to new ones.

Songs that people played seldom lie on the beats of their files: three even notes may lie in the
first, third and fourth step, each well beside it. Written on the steps, they would limp. So of each
attack it is remembered how far beside its step it was, after what gap and how far beside its own
step the attack before it was. A new song follows these from attack to attack, and gaps that were
even are even again, though no note leaves its step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.styles import TICKS_PER_BEAT
from classify.representations.sequences import in_beats
from classify.songs import Song

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Longer gaps, in steps, count as so many.
LONGEST = 16

#: Classes of how far beside its step something is, from half a step before to half a step after;
#: and classes a step of the gap before, up to a longest.
BESIDE, FINE, LONG = 10, 4, 24

#: The part of a step that no attack leaves its place by.
INSIDE = 0.45

#: How much is known of an attack where it is looked up, most first, of these: the gap before
#: it, the gap behind it, how far beside its step the attack before is, how long the gap before was.
KNOWN = (4, 3, 2, 1)

#: Attacks that are alike in what is known, by that: where they begin and end among all; and of each
#: how far behind its step the attack before is, and it itself, and its gap beside the one before.
Level = tuple[dict[tuple[int, ...], tuple[int, int]], list[tuple[float, ...]]]


@dataclass(frozen=True, eq=False)
class Timing:
    """How far beside their steps attacks are, by mood.

    Parameters
    ----------
    mood : ndarray of int, shape (n_attacks,)
        The place of its mood; 0 of those that count for all songs only.
    gap, following : ndarray of int, shape (n_attacks,)
        Steps since the attack before, and to the next one; 0 if there is none.
    before, late : ndarray, shape (n_attacks,)
        How far behind its step the attack before it is, and it itself, in steps: -0.5 to 0.5.
    since : ndarray, shape (n_attacks,)
        The gap before the attack before, as it was played, in steps; 0 if there is none.
    """

    mood: Ints
    gap: Ints
    following: Ints
    before: Floats
    late: Floats
    since: Floats
    _known: dict[int, list[Level]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, songs: Sequence[Song], places: Sequence[int]) -> "Timing":
        """Learn from songs, of which the moods have these places."""
        columns = [
            np.vstack([np.full(len(part[0]), place), part])
            for place, part in zip(places, map(_attacks, songs), strict=True)
        ]
        mood, gap, following, before, late, since = np.concatenate(columns, axis=1)
        mood, gap, following = (part.astype(np.int64) for part in (mood, gap, following))
        return cls(mood, gap, following, before, late, since)

    def draw(self, step: Ints, mood: int, random: np.random.Generator) -> Floats:
        """Draw how far behind its step each attack is.

        Parameters
        ----------
        step : ndarray of int, shape (n,)
            Of each attack, increasing.
        mood : int
            The place of the mood; 0 for all songs.
        random : numpy.random.Generator
            Draws.

        Returns
        -------
        ndarray, shape (n,)
            In steps, within `INSIDE`.
        """
        if not len(self.late) or len(step) < 2:
            return np.zeros(len(step))
        levels, since = self._levels(mood), 0.0
        gaps = np.minimum(np.diff(step), LONGEST).tolist()
        shares = random.random(len(step)).tolist()
        now = _looked_up(levels[2:], (gaps[0], *gaps[1:2]), 0.0, shares[-1])[0]
        drawn = [now]
        for gap, following, share in zip(gaps, [*gaps[1:], 0], shares, strict=False):
            known = gap, following, _beside(now), _gap(since)
            _, new, factor = _looked_up(levels, known, now, share)
            even = now - gap + factor * since
            if since and factor and abs(even) < 0.5:
                new = even
            since, now = gap + new - now, new
            drawn.append(now)
        return np.clip(drawn, -INSIDE, INSIDE)

    def _levels(self, mood: int) -> list[Level]:
        """Group the attacks of a mood by what is known."""
        if mood not in self._known:
            chosen = np.flatnonzero((self.mood == mood) | (mood == 0))
            played = self.gap + self.late - self.before
            factor = np.divide(played, self.since, out=np.zeros(len(played)), where=self.since > 0)
            drawn = np.stack([self.before, self.late, factor])[:, chosen]
            columns = np.stack([self.gap, self.following, _beside(self.before), _gap(self.since)])
            self._known[mood] = [_level(columns[:n, chosen], drawn) for n in KNOWN]
        return self._known[mood]

    def state(self) -> dict[str, NDArray[Any]]:
        """Give the arrays that it is made of again."""
        arrays: dict[str, NDArray[Any]] = {
            name: getattr(self, name).astype(np.int16) for name in ("mood", "gap", "following")
        }
        return arrays | {
            name: getattr(self, name).astype(np.float32) for name in ("before", "late", "since")
        }

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]]) -> "Timing":
        """Make one of what `state` gave."""
        mood, gap, following = (arrays[n].astype(np.int64) for n in ("mood", "gap", "following"))
        before, late, since = (arrays[n].astype(np.float64) for n in ("before", "late", "since"))
        return cls(mood, gap, following, before, late, since)


def _level(columns: Ints, drawn: Floats) -> Level:
    """Group attacks that are alike in all rows of `columns`."""
    order = np.lexsort(columns[::-1])
    columns = columns[:, order]
    first = np.flatnonzero(np.append(True, (np.diff(columns) != 0).any(axis=0)))
    bounds = zip(first.tolist(), [*first[1:].tolist(), len(order)], strict=True)
    names = map(tuple, columns[:, first].T.tolist())
    return dict(zip(names, bounds, strict=True)), list(zip(*drawn[:, order].tolist(), strict=True))


def _looked_up(
    levels: Sequence[Level], known: tuple[int, ...], now: float, share: float
) -> tuple[float, ...]:
    """Give one of the attacks that are most alike; one that is as far beside if none is."""
    for kept, (group, values) in zip(KNOWN[-len(levels) :], levels, strict=True):
        if known[:kept] in group:
            first, last = group[known[:kept]]
            return values[first + int(share * (last - first))]
    return now, now, 0.0


def _beside(late: Any) -> Any:
    """Class how far behind its step something is."""
    if isinstance(late, float):
        return min(int((late + 0.5) * BESIDE), BESIDE - 1)
    return np.minimum(((late + 0.5) * BESIDE).astype(np.int64), BESIDE - 1)


def _gap(gap: Any) -> Any:
    """Class the length of a gap."""
    if isinstance(gap, float):
        return min(int(gap * FINE + 0.5), LONG)
    return np.minimum((gap * FINE + 0.5).astype(np.int64), LONG)


def _attacks(song: Song) -> Floats:
    """Describe the attacks of a song, from the second on: rows as in `Timing`, without moods."""
    begins = np.sort(in_beats(song)[0]) * TICKS_PER_BEAT
    step, first = np.unique(np.round(begins), return_index=True)
    late = begins[first] - step
    gap = np.diff(step)
    played = gap + np.diff(late)
    following, since = np.append(gap[1:], 0)[: len(gap)], np.append(0, played[:-1])[: len(gap)]
    long = np.minimum([gap, following], LONGEST)
    return np.vstack([long, late[:-1], late[1:], since])
