"""Windows with everything that is known of each note: the input of the networks of our own.

Each note is a row of the numbers in `COLUMNS`, in fixed units, so that nothing has to be fitted and
a network can take them apart itself (pitch into class and height, program into family). A window is
padded on the left with rows of zeros, whose `real` is 0, as in `classify.representations.windows`.
What is not known is -1: the place in the bar where a file has no beats, the tonic where there are
only drums, the pitch of a note that is hidden (`classify.representations.masking`).

Two inputs are made of them. `rich` is a window. `passages` is four passages of one song, one behind
the other, so that a network may set them against each other: the beginning of the window itself,
and the song's beginning, middle and end.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.key import key_of
from classify.representations.windows import BLOCK_BYTES, Windows, duration, inter_onset
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

#: Passages in a window, by the name of the input.
PASSAGES = {"rich": 1, "passages": 4}

#: Most notes of a passage where there are several: four cost no more than one long window.
LONGEST_PASSAGE = 256


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


def shape(what: str, window: int) -> tuple[int, int]:
    """Give the notes (of all passages) and columns of an input whose windows have `window` notes.

    Parameters
    ----------
    what : {"rich", "passages"}
        The input.
    window : int
        Notes.
    """
    return PASSAGES[what] * _length(what, window), len(COLUMNS)


def _length(what: str, window: int) -> int:
    return window if PASSAGES[what] == 1 else min(window, LONGEST_PASSAGE)


def blocks(
    what: str, songs: Sequence[Song], windows: Windows
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Cut windows piece by piece, in order.

    Parameters
    ----------
    what : {"rich", "passages"}
        The input.
    songs : sequence of Song
        That `windows.song` counts.
    windows : Windows
        Where the windows are; those of a song stand together.

    Yields
    ------
    slice
        Which windows.
    ndarray of float32, shape (n_in_block, n_notes, n_columns)
        Zeros where a window, or a passage of it, is padded (on the left).
    """
    n_notes, n_columns = shape(what, windows.settings.window)
    step = max(1, BLOCK_BYTES // (4 * n_notes * n_columns))
    for first in range(0, len(windows), step):
        rows = slice(first, min(first + step, len(windows)))
        yield rows, _cut(what, songs, windows, rows)


def _cut(what: str, songs: Sequence[Song], windows: Windows, rows: slice) -> NDArray[np.float32]:
    length = _length(what, windows.settings.window)
    x = np.zeros((rows.stop - rows.start, PASSAGES[what], length, len(COLUMNS)), np.float32)
    last, own = -1, np.zeros(0, np.float32)
    for row, (index, start) in enumerate(zip(windows.song[rows], windows.start[rows], strict=True)):
        if index != last:
            own, last = table(songs[index].notes), index
        for place, first in enumerate(_starts(PASSAGES[what], int(start), len(own), length)):
            piece = own[first : first + length]
            x[row, place, length - len(piece) :] = piece
    return x.reshape(len(x), -1, len(COLUMNS))


def _starts(n_passages: int, start: int, n_notes: int, length: int) -> list[int]:
    """First notes of the passages: the window's own, then evenly from the song's first to last."""
    spread = np.linspace(0, max(0, n_notes - length), n_passages - 1)
    return [start, *spread.round().astype(int).tolist()]
