"""Whether new songs of a space are one song, or all of one mood: ways in which a run fails.

A third one, a space whose vectors say nothing of their phrases, is seen without any new song
(`LatentGenerator.told`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from classify.generation import measures, quality
from classify.generation.mood_scorer import MoodScorer
from classify.songs import Song

#: Share of songs that differ from all others, and distance of a song to the nearest other one as a
#: share of that of real songs, below which all new songs are one.
FEWEST_DISTINCT, CLOSEST = 0.5, 0.25

#: Share of songs of several moods that are heard as one of them, from which on there is but one.
ONE_MOOD = 0.95


@dataclass(frozen=True)
class NewSongs:
    """What new songs are like, as many for each mood.

    Parameters
    ----------
    n : int
        Songs with two notes at least.
    distinct : float
        Share of them that repeat none before.
    apart : float
        Median distance of a song to the nearest other one, as a share of that of real songs.
    moods : int
        Moods that were asked for, where a scorer distinguishes them; 0 otherwise.
    heard : str
        The mood that most of them are heard as.
    share : float
        Of them.

    Examples
    --------
    >>> NewSongs(12, 1.0, 0.9, 3, "calm", 0.4).why
    ''
    >>> NewSongs(12, 1.0, 0.9, 3, "calm", 1.0).why.split(":")[0]
    'its moods are one (100% of 12 new songs of 3 moods are heard as calm)'
    """

    n: int
    distinct: float
    apart: float
    moods: int = 0
    heard: str = ""
    share: float = 0.0

    @classmethod
    def of(cls, new: Sequence[Song], real: Sequence[Song], scorer: MoodScorer | None) -> "NewSongs":
        """Measure new songs beside real ones; `scorer` tells moods, where there is one."""
        new = [song for song in new if (~song.notes["drum"]).sum() > 1]
        if len(new) < 2 or len(real) < 3:
            return cls(len(new), 1.0, 1.0)
        varied = measures.varied(new, quality.describe_all(real), quality.describe_all(new))
        moods, heard, share = 0, "", 0.0
        if scorer:
            said = Counter(scorer.calls(new))
            moods, (heard, count) = len(scorer.moods), said.most_common(1)[0]
            share = count / len(new)
        apart = float(np.median(varied["nearest"]))
        return cls(len(new), float(varied["distinct"].mean()), apart, moods, heard, share)

    @property
    def why(self) -> str:
        """What has collapsed and which setting to change; empty where nothing has."""
        if self.distinct < FEWEST_DISTINCT or self.apart < CLOSEST:
            return (
                f"its songs are one ({self.distinct:.0%} of {self.n} new songs differ, and the "
                f"nearest two are {self.apart:.2f} times as far apart as real ones): lower beta, "
                "raise free_bits, or train on more songs"
            )
        if self.moods > 1 and self.share >= ONE_MOOD:
            return (
                f"its moods are one ({self.share:.0%} of {self.n} new songs of {self.moods} moods "
                f"are heard as {self.heard}): train for longer, with as many songs of each mood, "
                "or take musae, which gives each mood a region of its own"
            )
        return ""

    def as_values(self) -> dict[str, float | int | str]:
        """Give it as values that JSON holds."""
        return asdict(self)
