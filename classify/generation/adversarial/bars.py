"""Melodies as bars of frames, and bars as melodies again.

A frame has a column for each of 128 pitches, 1 where it sounds. Where there are two more, one says
that a note begins and the other that there is a rest; where there are none, rests are counted to
the note before, and a note that is struck again is one with it, as in MidiNet's own data.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classify.generation.adversarial.bar_shape import BEGINS, PITCHES, REST
from classify.generation.latent.phrases import TICKS_PER_BEAT, Grid
from classify.generation.networks.network_generator import HIDDEN_MOOD
from classify.representations import melody as melodies
from classify.songs import Song

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

#: A note is struck again where its column says so more probably than not.
STRUCK = 0.5


def bars_of(song: Song, grid: Grid, steps: int, columns: int) -> Bools:
    """Write a song's melody as bars in the home key.

    Parameters
    ----------
    song : Song
        Laid on `grid`.
    steps, columns : int
        Of a bar; steps behind the end of a shorter bar are empty.

    Returns
    -------
    ndarray of bool, shape (n_bars, steps, columns)
    """
    tune = melodies.encode(song, TICKS_PER_BEAT)
    assert tune is not None, "a song on the grid has a melody"
    pitch = np.repeat(tune.pitch, tune.ticks)
    begins = np.zeros(len(pitch), bool)
    begins[np.cumsum((0, *tune.ticks[:-1]))] = True
    lead = np.full(tune.position, melodies.REST)
    pitch = np.concatenate([lead, pitch])
    begins = np.concatenate([lead > 0, begins])
    n_bars = -(-len(pitch) // grid.length)
    missing = n_bars * grid.length - len(pitch)
    pitch = np.concatenate([pitch, np.full(missing, melodies.REST)])
    begins = np.concatenate([begins, np.zeros(missing, bool)])
    if columns == PITCHES:
        pitch = _without_rests(pitch)
    frames = np.zeros((len(pitch), columns), bool)
    sounding = np.flatnonzero(pitch != melodies.REST)
    frames[sounding, (pitch[sounding] - grid.shift).clip(0, PITCHES - 1)] = True
    if columns > PITCHES:
        frames[:, BEGINS] = begins & (pitch != melodies.REST)
        frames[:, REST] = pitch == melodies.REST
    bars = np.zeros((n_bars, steps, columns), bool)
    bars[:, : grid.length] = frames.reshape(n_bars, grid.length, columns)
    return bars


def _without_rests(pitch: Ints) -> Ints:
    """Let each note sound until the next one, and the first from the beginning."""
    places = np.where(pitch != melodies.REST, np.arange(len(pitch)), -1)
    last = np.maximum.accumulate(places)
    last[last < 0] = int(np.argmax(pitch != melodies.REST))
    return np.asarray(pitch[last])


def decided(said: Floats, low: int, high: int, heard: bool = False) -> Floats:
    """Write the most probable pitch, or rest, at each step, and where notes begin.

    Parameters
    ----------
    said : ndarray, shape (n, steps, columns)
        What the generator says, between 0 and 1.
    low, high : int
        Lowest and highest pitch.
    heard : bool
        Whether the first step has a note.

    Returns
    -------
    ndarray, the same shape
        0 or 1.
    """
    scores = said.copy()
    scores[..., :low] = -1
    scores[..., high + 1 : PITCHES] = -1
    if said.shape[-1] > PITCHES:
        scores[..., BEGINS] = -1
        scores[:, 0, REST] -= 2 * heard
    chosen = scores.argmax(axis=-1)
    found = np.zeros_like(said)
    np.put_along_axis(found, chosen[..., None], 1, axis=-1)
    if said.shape[-1] > PITCHES:
        changed = np.diff(chosen, axis=1, prepend=-1) != 0
        changed[:, 0] = False  # the bar before may end with the same pitch
        struck = changed | (said[..., BEGINS] > STRUCK)
        found[..., BEGINS] = struck & (chosen != REST)
    return found


def lines_of(columns: Floats, length: int) -> tuple[Ints, Bools]:
    """Read bars as one line.

    Parameters
    ----------
    columns : ndarray, shape (n_bars, steps, columns)
        0 or 1.
    length : int
        Steps of a bar.

    Returns
    -------
    pitch : ndarray of int, shape (n_bars * length,)
        `melodies.REST` where nothing sounds.
    begins : ndarray of bool, the same shape
        Where a note or a rest begins.
    """
    frames = columns[:, :length].reshape(-1, columns.shape[-1])
    sounds = frames[:, :PITCHES].any(axis=1)
    pitch = np.where(sounds, frames[:, :PITCHES].argmax(axis=1), melodies.REST)
    begins = np.diff(pitch, prepend=melodies.REST - 1) != 0
    if columns.shape[-1] > PITCHES:
        begins |= sounds & (frames[:, BEGINS] > 0)
    return pitch, begins


def rolls_of(columns: Floats, length: int, low: int, high: int) -> tuple[Bools, Bools]:
    """Give where notes begin and where they sound.

    Returns
    -------
    begins, sounds : ndarray of bool, shape (n_bars, steps, n_pitches)
        From a C on; nothing behind the end of a bar of `length` steps.
    """
    pitch, begins = lines_of(columns, length)
    sounds = pitch[:, None] == np.arange(low // 12 * 12, high + 1)
    n_bars, steps, _ = columns.shape
    behind = ((0, 0), (0, steps - length), (0, 0))
    first, whole = (
        np.pad(roll.reshape(n_bars, length, -1), behind)
        for roll in (sounds & begins[:, None], sounds)
    )
    return first, whole


class Bars:
    """Bars of songs to learn from, each with the one before it.

    Parameters
    ----------
    songs : sequence of (ndarray, ndarray)
        Bars of each, shape (n_bars, steps, columns), and what is known of them.
    n_moods : int
        How many of the last numbers that are known are moods: they are hidden at random.
    """

    def __init__(self, songs: Sequence[tuple[Bools, Floats]], n_moods: int) -> None:
        steps, columns = songs[0][0].shape[1:]
        nothing = np.zeros((1, steps, columns), bool)
        self.bars = np.concatenate([p for bars, _ in songs for p in (nothing, bars)])
        self.known = np.concatenate([known for _, known in songs])
        ends = np.cumsum([len(bars) + 1 for bars, _ in songs])
        self.places = np.setdiff1d(np.arange(len(self.bars)), np.array([0, *ends[:-1]]))
        self.n_moods = n_moods

    def __len__(self) -> int:
        return len(self.places)

    def batch(self, places: NDArray[np.intp], random: np.random.Generator) -> tuple[Floats, ...]:
        """Give bars, the bars before them, what is known, and steps within them."""
        at, known = self.places[places], self.known[places].copy()
        if self.n_moods:
            known[:, -self.n_moods :] *= random.random((len(at), 1)) >= HIDDEN_MOOD
        bars = self.bars[at].astype(np.float32)
        within = bars[..., :PITCHES].any(axis=-1)
        if bars.shape[-1] > PITCHES:
            within |= bars[..., REST] > 0
        return bars, self.bars[at - 1].astype(np.float32), known, within.astype(np.float32)
