"""A playlist, as people, players and pictures get it."""

from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING, Any

from classify.playlists.request import Request

if TYPE_CHECKING:  # the command line's options are read here, and the library needs pandas
    import pandas as pd

    from classify.playlists.library import PredictedLibrary

#: Stands in every output.
DISCLAIMER = "This is no medical device, and it does not replace a therapist's judgement."
#: American Music Therapy Association, as this project's protocol quotes it.
LISTENING_LEVEL = "Listening level: at most 65 dB (AMTA)."
#: How near the mean of a song's course is to its own probabilities, if both are of one model.
AGREES = 0.001


@dataclass(frozen=True)
class PlaylistEntry:
    """A song of a playlist.

    Parameters
    ----------
    song, title, artist : str
        Path as in the library, and names, which may be empty.
    start, seconds : float
        When it begins, and how long it is, in seconds.
    mood : str
        The mood of its stage.
    probability, confidence : float
        Calibrated: of that mood, and of the predicted mood.
    tempo, loudness : float
        In bpm (None: unknown) and in mean velocity.
    pinned : bool
        Whether the listener requested it.
    reason : str
        Why it is there.
    p : tuple of float
        Probability of each mood of the playlist's `moods`.
    course : tuple of tuple of float
        How these change in the song: seconds since its beginning, and the probability of each mood
        from there on. Empty where that is not known.
    """

    song: str
    title: str
    artist: str
    start: float
    seconds: float
    mood: str
    probability: float
    confidence: float
    tempo: float | None
    loudness: float
    pinned: bool
    reason: str
    p: tuple[float, ...]
    course: tuple[tuple[float, ...], ...] = ()

    @classmethod
    def of(
        cls,
        library: "PredictedLibrary",
        song: int,
        start: float,
        mood: str,
        pinned: bool,
        reason: str,
    ) -> "PlaylistEntry":
        """Make the entry of a library's song.

        Parameters
        ----------
        library : PredictedLibrary
            What is known of it.
        song : int
            Its place there.
        start, mood, pinned, reason
            As above.
        """
        tempo = float(library.tempo[song])
        return cls(
            song=library.song[song],
            title=library.title[song],
            artist=library.artist[song],
            start=start,
            seconds=float(library.seconds[song]),
            mood=mood,
            probability=float(library.p[song, library.moods.index(mood)]),
            confidence=float(library.confidence[song]),
            tempo=None if isnan(tempo) else tempo,
            loudness=float(library.loudness[song]),
            pinned=pinned,
            reason=reason,
            p=tuple(library.p[song].tolist()),
        )

    def followed(self, course: "list[tuple[float, ...]]") -> "PlaylistEntry":
        """Give it a course, if the mean of that is what the library says of the song."""
        means = [sum(p) / len(course) for p in list(zip(*course, strict=True))[1:]]
        agrees = means and all(abs(a - b) < AGREES for a, b in zip(means, self.p, strict=True))
        return replace(self, course=tuple(course) if agrees else ())


@dataclass(frozen=True)
class Playlist:
    """Songs in order, and what is reported about them.

    Parameters
    ----------
    name : str
        For people.
    request : Request
        What was requested.
    path : tuple of str
        Moods of the session's stages, the wanted one last.
    moods : tuple of str
        All moods of the library, sorted.
    entries : tuple of PlaylistEntry
        In the order of playing.
    diagnostics : tuple of str
        Sentences: what could not be satisfied, and why.
    coverage : str
        A sentence: how much of the library is predicted with confidence.
    cost, bound : float
        Cost of the list, in nats, and a lower bound for every list; see `objective`.
    by_hand : bool
        Whether a person gave the order; cost and bound are then unknown.
    """

    name: str
    request: Request
    path: tuple[str, ...]
    moods: tuple[str, ...]
    entries: tuple[PlaylistEntry, ...]
    diagnostics: tuple[str, ...]
    coverage: str
    cost: float
    bound: float
    by_hand: bool = False

    def followed(self, windows: "pd.DataFrame") -> "Playlist":
        """Give its songs their course, where its mean is what the library says of the song.

        It is another where the file has changed since, or another model predicted the library.

        Parameters
        ----------
        windows : DataFrame
            A row for each window of a song: `song`, `start` (s) and `p:<mood>` for each mood of
            the model. A mood that was joined of several has the sum of theirs.
        """
        courses: dict[str, list[tuple[float, ...]]] = {}
        for row in windows.to_dict("records"):
            p = [sum(row[f"p:{one.strip()}"] for one in _parts(m, row)) for m in self.moods]
            courses.setdefault(row["song"], []).append((row["start"], *p))
        entries = [one.followed(courses.get(one.song, [])) for one in self.entries]
        return replace(self, entries=tuple(entries))

    @property
    def seconds(self) -> float:
        """Length of all songs together."""
        return sum(entry.seconds for entry in self.entries)

    @property
    def gap(self) -> float:
        """Nats a minute by which another list could at most be better."""
        return max(0.0, self.cost - self.bound) / self.request.minutes

    @property
    def optimal(self) -> bool:
        """Whether it is proved that no list from the library is better."""
        return self.gap < 1e-6

    @property
    def certainty(self) -> float:
        """Mean calibrated probability of each song's mood, weighted by time."""
        weighted = sum(entry.seconds * entry.probability for entry in self.entries)
        return weighted / self.seconds if self.entries else 0.0


@dataclass(frozen=True)
class Provenance:
    """Which model a playlist was made with, and when.

    Parameters
    ----------
    model : str
        The model's name, and whatever distinguishes it from others.
    when : str
        Date and time, as ISO 8601 with a time zone.
    """

    model: str
    when: str


def describe(playlist: Playlist) -> list[str]:
    """Describe a playlist in sentences: contents, certainty, optimality, diagnostics, coverage.

    Examples
    --------
    >>> from classify.playlists.build import build
    >>> from classify.playlists.library import example_library
    >>> (playlist,) = build(example_library(), Request("Calming", minutes=6))
    >>> describe(playlist)[:2]
    ['Calming: 2 songs, 6.0 of 6 minutes.', 'On average over the time, the calibrated probability \
of the wanted mood is 0.935.']
    """
    songs, minutes = len(playlist.entries), playlist.seconds / 60
    path = " to ".join(playlist.path)
    number = "1 song" if songs == 1 else f"{songs} songs"
    first = f"{playlist.name}: {number}, {minutes:.1f} of {playlist.request.minutes:g} minutes"
    sentences = [f"{first}, {path}." if len(playlist.path) > 1 else f"{first}."]
    if songs:
        sentences += [describe_certainty(playlist), _optimality(playlist)]
    return [*sentences, *playlist.diagnostics, *filter(None, [playlist.coverage])]


def describe_certainty(playlist: Playlist) -> str:
    """Put a playlist's certainty into a sentence.

    Examples
    --------
    >>> from classify.playlists.build import build
    >>> from classify.playlists.library import example_library
    >>> (playlist,) = build(example_library(), Request("Calming", minutes=3))
    >>> describe_certainty(playlist)
    'On average over the time, the calibrated probability of the wanted mood is 0.950.'
    """
    return (
        f"On average over the time, the calibrated probability of the wanted mood is "
        f"{playlist.certainty:.3f}."
    )


def _optimality(playlist: Playlist) -> str:
    if playlist.by_hand:
        return "A person put the songs in this order; it was not compared with others."
    measure = "the cost counts mood, tempo, loudness and unfilled time"
    if playlist.optimal:
        return f"No other list from this library is better ({measure})."
    return (
        f"A list from this library could be better by at most {playlist.gap:.3f} nats a minute "
        f"({measure}; 0.1 is the difference between probabilities of 0.90 and 0.99)."
    )


def notice(provenance: Provenance) -> list[str]:
    """Give the sentences of every output: which model, when, and that it is no medical device.

    Examples
    --------
    >>> notice(Provenance("folk", "2026-01-31T12:00:00+00:00"))[0]
    'Made by classify with the model folk, 2026-01-31T12:00:00+00:00.'
    """
    return [
        f"Made by classify with the model {provenance.model}, {provenance.when}.",
        DISCLAIMER,
        LISTENING_LEVEL,
    ]


def _parts(mood: str, row: dict[str, Any]) -> list[str]:
    """Name the moods of the model that a mood of a list is made of."""
    return [mood] if f"p:{mood}" in row else mood.split("+")
