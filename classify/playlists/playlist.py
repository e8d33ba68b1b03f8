"""A playlist, as it is handed to people, players and pictures."""

from dataclasses import dataclass

from classify.playlists.request import Request

#: Said by every output.
NO_DEVICE = "This is no medical device, and it does not replace a therapist's judgement."
#: American Music Therapy Association, as this project's protocol quotes it.
LEVEL = "Listening level: at most 65 dB (AMTA)."


@dataclass(frozen=True)
class Entry:
    """A song of a playlist.

    Parameters
    ----------
    song, title, artist : str
        Path as in the library, and names, which may be empty.
    start, seconds : float
        When it begins, and how long it is, in seconds.
    mood : str
        The mood it stands for.
    probability, confidence : float
        Calibrated: of that mood, and of the model's own answer.
    tempo, loudness : float
        In bpm (None: unknown) and in mean velocity.
    pinned : bool
        Whether the listener asked for it.
    reason : str
        Why it is there.
    p : tuple of float
        Probability of each mood of the playlist's `moods`.
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


@dataclass(frozen=True)
class Playlist:
    """Songs in order, and what is to be said of them.

    Parameters
    ----------
    name : str
        For people.
    request : Request
        What was asked.
    path : tuple of str
        Moods of the session's stages, the wanted one last.
    moods : tuple of str
        All moods of the library, sorted.
    entries : tuple of Entry
        In the order of playing.
    notes : tuple of str
        Sentences: what could not be satisfied, and why.
    coverage : str
        A sentence: how much of the library the model is sure of.
    cost, bound : float
        What the list costs, in nats, and what every list costs at least; see `plan`.
    """

    name: str
    request: Request
    path: tuple[str, ...]
    moods: tuple[str, ...]
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    coverage: str
    cost: float
    bound: float

    @property
    def seconds(self) -> float:
        """Length of all songs together."""
        return sum(entry.seconds for entry in self.entries)

    @property
    def gap(self) -> float:
        """Nats a minute by which a better list could at most undercut this one."""
        return max(0.0, self.cost - self.bound) / self.request.minutes

    @property
    def optimal(self) -> bool:
        """Whether it is proved that no list from the library is better."""
        return self.gap < 1e-6

    @property
    def certainty(self) -> float:
        """Mean calibrated probability of the mood each song stands for, by time."""
        weighed = sum(entry.seconds * entry.probability for entry in self.entries)
        return weighed / self.seconds if self.entries else 0.0


@dataclass(frozen=True)
class Made:
    """By what and when a playlist was made.

    Parameters
    ----------
    model : str
        The model's name, and whatever tells it from others.
    when : str
        Date and time, as ISO 8601 with a time zone.
    """

    model: str
    when: str


def describe(playlist: Playlist) -> list[str]:
    """Say a playlist in sentences: what it is, how sure, how good, what it could not satisfy."""
    songs, minutes = len(playlist.entries), playlist.seconds / 60
    way = " to ".join(playlist.path)
    number = "1 song" if songs == 1 else f"{songs} songs"
    first = f"{playlist.name}: {number}, {minutes:.1f} of {playlist.request.minutes:g} minutes"
    sentences = [f"{first}, {way}." if len(playlist.path) > 1 else f"{first}."]
    if songs:
        sentences += [certainty(playlist), _proof(playlist)]
    return [*sentences, *playlist.notes, playlist.coverage]


def certainty(playlist: Playlist) -> str:
    """Say how sure the model is of a playlist."""
    return (
        f"On average over the time, the calibrated probability of the wanted mood is "
        f"{playlist.certainty:.3f}."
    )


def _proof(playlist: Playlist) -> str:
    lowest = "the measure counts mood, tempo, loudness and time left over"
    if playlist.optimal:
        return f"No other list from this library is better ({lowest})."
    return (
        f"A list from this library could be better by at most {playlist.gap:.3f} nats a minute "
        f"({lowest}; 0.1 is the difference between probabilities of 0.90 and 0.99)."
    )


def notice(playlist: Playlist, made: Made) -> list[str]:
    """Give the sentences that stand in every output: which model, when, and what it is not."""
    return [
        f"Made by classify with the model {made.model}, {made.when}.",
        NO_DEVICE,
        LEVEL,
    ]
