"""Windows with everything that is known of each note: the input of our networks.

Each note is a row of the numbers in `COLUMNS`, in fixed units, so that nothing has to be fitted and
a network can take them apart itself (pitch into class and height, program into family). A window is
padded on the left with rows of zeros, whose `real` is 0, as in `classify.representations.windows`.
What is not known is -1: the place in the bar where a file has no beats, the tonic where there are
only drums, the pitch of a note that is hidden (`classify.representations.masking`).

`NOTE_EVENTS` is a window. `NOTE_EXCERPTS` is four excerpts of one song, one behind the other, so
that a network may set them against each other: the beginning of the window itself, and the song's
beginning, middle and end.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classify.representations.decoding import notes_of
from classify.representations.features.key import key_of
from classify.representations.features.registry import Feature
from classify.representations.representation import Blocks, Count, Representation, silent
from classify.representations.windows import (
    BLOCK_BYTES,
    Windows,
    WindowSettings,
    duration,
    inter_onset,
)
from classify.songs import Song

#: Columns, and their units.
COLUMNS = {
    "real": "1 for a note, 0 for padding",
    "pitch": "MIDI pitch",
    "inter_onset": "log s",
    "duration": "log s",
    "velocity": "MIDI velocity",
    "place": "quarter notes, modulo 12",
    "program": "MIDI program",
    "drum": "0-1",
    "tonic": "pitch class",
}
REAL, PITCH, INTER_ONSET, DURATION, VELOCITY, PLACE, PROGRAM, DRUM, TONIC = range(len(COLUMNS))

#: Written where a place or a tonic is not known, or a pitch is hidden.
UNKNOWN = -1

#: What is neither short nor long, soft nor loud: networks are given the distance from it.
MIDDLE = {INTER_ONSET: -2.5, DURATION: -1.5, VELOCITY: 64.0}

#: Beats after which places begin anew: bars of one, two, three, four and six beats end there.
BEATS = 12

#: Excerpts of a song, where there are several, and most notes of one: four cost no more than one
#: long window.
EXCERPTS, LONGEST_EXCERPT = 4, 256

#: A beat may be written so much before the one in front of it by rounding alone.
NEARLY = 1e-3


def table(notes: NDArray[np.void]) -> NDArray[np.float32]:
    """Give every note of a song as a row of `COLUMNS`.

    Parameters
    ----------
    notes : ndarray of NOTE, shape (n_notes,)
        All of a song, at least one.

    Returns
    -------
    ndarray of float32, shape (n_notes, n_columns)
        Time since the onset before and duration are logarithms of seconds (0.01 s added), as in
        `classify.representations.windows`. The tonic is the whole song's.

    Examples
    --------
    >>> gaps = np.log([0.01, 0.51, 0.51])
    >>> notes = notes_of({"pitch": np.array([60, 64, 67]), "inter_onset": gaps})
    >>> table(notes)[:, [REAL, PITCH, VELOCITY, PLACE, TONIC]].tolist()[0]
    [1.0, 60.0, 64.0, -1.0, 0.0]
    """
    beat = notes["beat"].astype(float)
    key = key_of(notes)
    rows = np.ones((len(notes), len(COLUMNS)), np.float32)
    rows[:, PITCH] = notes["pitch"]
    rows[:, INTER_ONSET] = inter_onset(notes)
    rows[:, DURATION] = duration(notes)
    rows[:, VELOCITY] = notes["velocity"]
    rows[:, PLACE] = np.where(np.isfinite(beat), beat % BEATS, UNKNOWN)
    rows[:, PROGRAM] = notes["program"]
    rows[:, DRUM] = notes["drum"]
    rows[:, TONIC] = UNKNOWN if key is None else key[0]
    return rows


class NoteEvents(Representation):
    """A window of notes with everything that is known of each.

    Examples
    --------
    >>> NOTE_EVENTS.shape(WindowSettings(64, 64)), NOTE_EXCERPTS.shape(WindowSettings(64, 64))
    ((64, 9), (256, 9))
    """

    name = "note-events"
    title = "Gathering notes"
    augments = True

    #: Excerpts in a window.
    n_excerpts = 1

    def columns(self, settings: WindowSettings) -> list[Feature]:
        """Name the columns and their units."""
        return [Feature(name, unit, "notes", "") for name, unit in COLUMNS.items()]

    def length(self, settings: WindowSettings) -> int:
        """Give the notes of an excerpt."""
        return settings.window

    def shape(self, settings: WindowSettings) -> tuple[int, int]:
        """Give the notes of all excerpts, and the columns."""
        return self.n_excerpts * self.length(settings), len(COLUMNS)

    def encode(self, songs: Sequence[Song], windows: Windows, count: Count = silent) -> Blocks:
        """Cut windows; padding, on the left of a window or an excerpt, is zeros."""
        n_notes, n_columns = self.shape(windows.settings)
        step = max(1, BLOCK_BYTES // (4 * n_notes * n_columns))
        for first in range(0, len(windows), step):
            rows = slice(first, min(first + step, len(windows)))
            yield self._cut(songs, windows, rows)
            count(rows.stop, len(windows))

    def _cut(self, songs: Sequence[Song], windows: Windows, rows: slice) -> NDArray[np.float32]:
        length = self.length(windows.settings)
        n_windows = rows.stop - rows.start
        x = np.zeros((n_windows, self.n_excerpts, length, len(COLUMNS)), np.float32)
        last, events = -1, np.zeros(0, np.float32)
        pairs = zip(windows.song[rows], windows.start[rows], strict=True)
        for row, (index, start) in enumerate(pairs):
            if index != last:
                events, last = table(songs[index].notes), index
            for place, first in enumerate(self._starts(int(start), len(events), length)):
                piece = events[first : first + length]
                x[row, place, length - len(piece) :] = piece
        return x.reshape(n_windows, -1, len(COLUMNS))

    def _starts(self, start: int, n_notes: int, length: int) -> list[int]:
        """First notes of the excerpts: the window's own first."""
        return [start]

    def decode(self, x: NDArray[np.float32], settings: WindowSettings) -> NDArray[np.void]:
        """Give the notes, with program, drums, and beats where their place in the bar is known.

        Beats count from the last multiple of 12 before the first note; a rest of 12 beats or more
        loses twelve of them, which nothing in a window tells.
        """
        events = x.reshape(-1, x.shape[-1])
        events = events[events[:, REAL] > 0.5]
        place = events[:, PLACE].astype(float)
        wraps = np.cumsum(np.diff(place, prepend=place[:1]) < -NEARLY)
        known = bool(len(place)) and (place >= 0).all()
        return notes_of(
            {
                "pitch": events[:, PITCH],
                "inter_onset": events[:, INTER_ONSET],
                "duration": events[:, DURATION],
                "velocity": events[:, VELOCITY],
                "program": events[:, PROGRAM],
                "drum": events[:, DRUM],
                "beat": place + BEATS * wraps if known else np.full(len(place), np.nan),
            }
        )

    def augment(self, x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Transpose, stretch, and so on: see `classify.representations.augmentation`."""
        from classify.representations.augmentation import Augmentation, augmented  # reads COLUMNS

        return augmented(x, rng, Augmentation(), self.n_excerpts)


class NoteExcerpts(NoteEvents):
    """The beginning of a window, and the beginning, middle and end of its song."""

    name = "note-excerpts"
    title = "Gathering excerpts"
    n_excerpts = EXCERPTS

    def length(self, settings: WindowSettings) -> int:
        """Give the notes of an excerpt, which are fewer in long windows."""
        return min(settings.window, LONGEST_EXCERPT)

    def _starts(self, start: int, n_notes: int, length: int) -> list[int]:
        """First notes of the excerpts: the window's own, then evenly from the song's to its end."""
        spread = np.linspace(0, max(0, n_notes - length), self.n_excerpts - 1)
        return [start, *spread.round().astype(int).tolist()]

    def decode(self, x: NDArray[np.float32], settings: WindowSettings) -> NDArray[np.void]:
        """Refuse: between excerpts there are notes that are not kept."""
        return Representation.decode(self, x, settings)


NOTE_EVENTS, NOTE_EXCERPTS = NoteEvents(), NoteExcerpts()
