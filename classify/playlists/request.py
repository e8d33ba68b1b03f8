"""What a user requests of a playlist.

Lengths are in minutes, tempi in bpm, loudness in mean velocity (0-127;
of recordings, in that of equal loudness). A limit between neighbours
is for two songs that follow each other.
"""

import math
from dataclasses import dataclass
from typing import Literal

from classify.errors import InputError
from classify.options import check_choices


@dataclass(frozen=True)
class Limits:
    """Limits for songs and for the step from one song to the next; pins override them.

    Parameters
    ----------
    min_confidence : float
        Minimum calibrated probability, from 0 to 1, of the mood of a song's stage.
    tempo : pair of float or None
        Minimum and maximum tempo of any song, in bpm.
    loudness : pair of float or None
        Minimum and maximum loudness of any song, as mean velocity, 0-127.
    tempo_change : float or None
        Largest change of tempo between neighbours, relative to the slower one; none: any.
    loudness_change : float or None
        Largest change of loudness between neighbours, in steps of velocity; none: any.
    no_repeat_artist : bool
        Each artist at most once. Two songs of one artist never follow each other in any case.
    allow_generated : bool
        Whether songs that a generator made may be in a list.

    Notes
    -----
    `tempo_change` is a share: 0.15 is 15 %. The 16 steps of loudness are one dynamic mark (from mp
    to mf, say) in the usual reading of MIDI, where velocities of the eight marks from ppp to fff
    lie 16 apart.

    Examples
    --------
    >>> Limits(tempo=(90, 60))
    Traceback (most recent call last):
    ...
    classify.errors.InputError: a tempo range from 90 to 60 is not valid; accepted are two numbers \
from 0, the smaller first
    """

    min_confidence: float = 0.8
    tempo: tuple[float, float] | None = None
    loudness: tuple[float, float] | None = None
    tempo_change: float | None = 0.15
    loudness_change: float | None = 16.0
    no_repeat_artist: bool = False
    allow_generated: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.min_confidence <= 1:
            raise InputError(
                f"a minimum confidence of {self.min_confidence:g} is not valid; "
                f"accepted are numbers from 0 to 1"
            )
        for name, pair in (("tempo", self.tempo), ("loudness", self.loudness)):
            if pair is not None and not 0 <= pair[0] <= pair[1] < math.inf:
                raise InputError(
                    f"a {name} range from {pair[0]:g} to {pair[1]:g} is not valid; "
                    f"accepted are two numbers from 0, the smaller first"
                )
        for name, change in (("tempo", self.tempo_change), ("loudness", self.loudness_change)):
            if change is not None and not 0 < change < math.inf:
                raise InputError(
                    f"a largest change of {name} of {change:g} is not valid; "
                    f"accepted are numbers above 0, or none for any change"
                )


@dataclass(frozen=True)
class Request:
    """One request for playlists.

    Parameters
    ----------
    mood : str
        The mood to reach and to hold; several are joined by +, as Calming+Nostalgia.
    minutes : float
        Maximum length of a list.
    start : str
        The listener's present mood, or several joined by +.
    strategy : {"iso", "direct", ""}
        iso (the default where the present mood is given): from that mood in small steps, arriving
        by two thirds of the list; direct: the wanted mood from the first song on.
    pins : tuple of str
        A song that must be in, by path, file name, stem or title; may be repeated.
    vetoes : tuple of str
        A song or an artist that must not be in; may be repeated.
    limits : Limits
        What songs and their neighbours must keep to.
    seed : int
        0: the best list; any other: one nearly as good, another for each seed.
    n_lists : int
        Number of lists; no song is in two of them.

    Notes
    -----
    Half an hour is usual: 24 minutes did as well as 36 against anxiety, and better than 12. The iso
    principle is Altshuler's (1948; Heiderscheit and Madson 2015).

    Examples
    --------
    >>> Request("Calming", start="Sports").iso, Request("Calming").iso
    (True, False)
    """

    mood: str
    minutes: float = 30.0
    start: str = ""
    strategy: Literal["iso", "direct", ""] = ""
    pins: tuple[str, ...] = ()
    vetoes: tuple[str, ...] = ()
    limits: Limits = Limits()
    seed: int = 0
    n_lists: int = 1

    def __post_init__(self) -> None:
        if not self.mood.strip():
            raise InputError("--mood is empty; expected a mood, or several joined by +")
        if not 0 < self.minutes <= 24 * 60:
            raise InputError(
                f"a list of {self.minutes:g} minutes cannot be made; "
                f"accepted are more than 0 and at most 1440"
            )
        check_choices(self)
        if self.strategy == "iso" and not self.start:
            raise InputError(
                "the iso strategy leads from the listener's present mood to another: "
                "name the present mood (--from), or take the direct strategy"
            )
        if self.n_lists < 1:
            raise InputError(f"{self.n_lists} lists cannot be made; accepted are 1 or more")
        if self.seed < 0:
            raise InputError(
                f"a seed of {self.seed} is not valid; accepted are whole numbers from 0"
            )

    @property
    def iso(self) -> bool:
        """Whether the list begins at the listener's present mood."""
        return bool(self.start) and self.strategy != "direct"
