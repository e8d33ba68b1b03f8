"""Songs as piano rolls, a frame a bar, and rolls as songs again.

A frame says for each sixteenth and each of a piano's 88 keys whether a note begins and whether one
sounds, which tells a note that is struck again from one that is held; and for each sixteenth how
loud the notes are that begin (the mean, in 16 classes). Songs are moved to C major or A minor;
drums are left out.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.generation.latent.phrases import (
    BIN,
    LONGEST_NOTE,
    LOUDNESS,
    TICKS_PER_BEAT,
    Ints,
    apart,
    folded,
    length_of,
    on_grid,
)
from classify.representations import melody as melodies
from classify.representations.sequences import note_array, song_of
from classify.songs import Song

Bools = NDArray[np.bool_]

#: Lowest pitch, and keys.
LOWEST, KEYS = 21, 88

#: The one voice of a roll, by which its instrument is known.
ALL = "all notes"


@dataclass(frozen=True, eq=False)
class Roll:
    """A song as frames.

    Parameters
    ----------
    begins, sounds : ndarray of bool, shape (n_bars, bar_steps, 88)
        In the home key.
    loudness : ndarray of int, shape (n_bars, bar_steps)
        Class of the notes that begin; 0 where none does.
    metre, shift, tempo, programs, title
        As in `phrases.Score`.
    """

    begins: Bools
    sounds: Bools
    loudness: Ints
    metre: tuple[int, int] = melodies.COMMON_TIME
    shift: int = 0
    tempo: float = 120.0
    programs: Mapping[str, int] | None = None
    title: str = "new song"

    @property
    def n_bars(self) -> int:
        """Bars."""
        return len(self.begins)


def encode(song: Song, bar_steps: int) -> Roll | None:
    """Write a song as a roll; None where it has no pitched notes or beats, or longer bars.

    Examples
    --------
    >>> from classify.representations.melody import Melody
    >>> tune = Melody((60, 60, melodies.REST, 64, 60), (2, 2, 4, 2, 6), 4)
    >>> roll = encode(melodies.decode(tune), 16)
    >>> roll.begins[0, :6, 60 - LOWEST].astype(int).tolist()
    [1, 0, 1, 0, 0, 0]
    >>> melodies.encode(decode(roll)) == tune
    True
    """
    grid = on_grid(song, bar_steps)
    if grid is None:
        return None
    length, n_bars = grid.length, grid.n_bars
    kept = ~grid.notes["drum"] & (grid.begin >= 0)
    begin, end, notes = grid.begin[kept], grid.end[kept], grid.notes[kept]
    key = (notes["pitch"].astype(int) - grid.shift - LOWEST).clip(0, KEYS - 1)
    begins, sounds = (np.zeros((n_bars * length, KEYS), bool) for _ in range(2))
    begins[begin, key] = True
    for first, last, k in zip(begin, np.minimum(end, begin + LONGEST_NOTE), key, strict=True):
        sounds[first : max(last, first + 1), k] = True
    total, count = (np.bincount(begin, w, n_bars * length) for w in (notes["velocity"], None))
    loud = (total / np.maximum(count, 1)).astype(int) // BIN
    room = n_bars, bar_steps
    struck, held = np.zeros((*room, KEYS), bool), np.zeros((*room, KEYS), bool)
    loudness = np.zeros(room, int)
    struck[:, :length] = begins.reshape(n_bars, length, KEYS)
    held[:, :length] = sounds.reshape(n_bars, length, KEYS)
    loudness[:, :length] = loud.reshape(n_bars, length)
    program = Counter(notes["program"].tolist()).most_common(1)[0][0]
    return Roll(struck, held, loudness, grid.metre, grid.shift, grid.tempo, {ALL: program},
                song.title)  # fmt: skip


def decode(roll: Roll) -> Song:
    """Make a song of a roll."""
    length = length_of(roll.metre)
    begins, sounds = (part[:, :length].reshape(-1, KEYS) for part in (roll.begins, roll.sounds))
    loud = roll.loudness[:, :length].ravel()
    begin, key = np.nonzero(begins)
    ends = begins | ~sounds  # a note ends where its key is struck again, or sounds no more
    end = np.array([
        next(iter(np.flatnonzero(ends[b + 1 : b + LONGEST_NOTE, k]) + b + 1),
             min(b + LONGEST_NOTE, len(begins)))
        for b, k in zip(begin.tolist(), key.tolist(), strict=True)
    ], int)  # fmt: skip
    per_step = 60 / roll.tempo / TICKS_PER_BEAT
    notes = note_array(
        onset=begin * per_step, duration=(end - begin) * per_step, beat=begin / TICKS_PER_BEAT,
        pitch=folded(key + LOWEST + roll.shift),
        velocity=(loud[begin].clip(0, LOUDNESS - 1) * BIN + BIN // 2).clip(1, 127),
        program=(roll.programs or {}).get(ALL, 0),
    )  # fmt: skip
    metres, tempi = np.array([[0, *roll.metre]]), np.array([[0, roll.tempo]])
    return song_of(apart(notes), tempi, metres, roll.title)


def cut(roll: Roll, bars: int, first: int = 0) -> tuple[NDArray[np.float32], Ints, Bools]:
    """Cut a roll into sequences of so many frames, from the bar `first` on.

    Returns
    -------
    frames : ndarray of float32, shape (n_sequences, bars, bar_steps, 88, 3)
        Whether a note begins, whether one sounds, and how loud one that begins is, 0 to 1.
    loudness : ndarray of int, shape (n_sequences, bars, bar_steps)
    counts : ndarray of bool, shape (n_sequences, bars)
        Which frames are within the song.
    """
    first = min(first, roll.n_bars - 1)
    n_left = roll.n_bars - first
    n = -(-n_left // bars)
    frames = np.zeros((n * bars, *roll.begins.shape[1:], 3), np.float32)
    loudness = np.zeros((n * bars, roll.begins.shape[1]), int)
    frames[:n_left] = as_frames(roll.begins[first:], roll.sounds[first:], roll.loudness[first:])
    loudness[:n_left] = roll.loudness[first:]
    counts = np.arange(n * bars) < n_left
    return (frames.reshape(n, bars, *frames.shape[1:]), loudness.reshape(n, bars, -1),
            counts.reshape(n, bars))  # fmt: skip


def as_frames(begins: Bools, sounds: Bools, loudness: Ints) -> NDArray[np.float32]:
    """Lay what is known of frames side by side, shape (..., bar_steps, 88, 3)."""
    loud = begins * ((loudness + 1) / LOUDNESS)[..., None]
    return np.stack([begins, sounds, loud], axis=-1).astype(np.float32)
