"""A song as steps of a grid in a number of voices, with a symbol that holds a note.

A step has a symbol for each voice: a pitch where a note begins, `HOLD` while it lasts, `SILENCE`
where nothing sounds (the melody encoding of Roberts et al. 2018, section 4, and of DeepBach,
Hadjeres et al. 2017, here for any number of voices). A note goes to the free voice whose last pitch
is nearest. Where none is free, it cuts off the note that began first; of notes that begin together,
more than there are voices, inner ones are lost.

What is lost: loudness, instruments, drums, notes beyond the voices, and what is finer than the
grid. What is kept: pitches exactly, onsets to half a step, the tempo map and time signatures.
"""

import numpy as np
from numpy.typing import NDArray

from classify.representations.sequences import Rows, SequenceRepresentation, note_array, song_of
from classify.representations.steps import N_STEP_COLUMNS, STEP_COLUMNS, GridSong, clock
from classify.songs import Song

#: Symbols beyond the 128 pitches, and how many there are.
HOLD, SILENCE, SYMBOLS = 128, 129, 130

#: Loudness of notes that are made again.
VELOCITY = 80


class Grid(SequenceRepresentation):
    """Steps of a grid.

    Parameters
    ----------
    name : str
        Of the representation.
    steps_per_beat : int
        Steps in a quarter note.
    voices : int
        Notes that may sound at once.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> rows = GRID_16.rows(piece())
    >>> rows.table[:3, 4:].astype(int).tolist()
    [[36, 129, 129, 129], [129, 129, 129, 129], [62, 129, 129, 129]]
    >>> GRID_16.song(rows.table).notes["pitch"][:2].tolist()
    [36, 62]
    """

    def __init__(self, name: str, steps_per_beat: int, voices: int = 4) -> None:
        self.name, self.steps_per_beat, self.voices = name, steps_per_beat, voices
        self.rows_per_note = steps_per_beat

    def names(self) -> dict[str, str]:
        """Name the columns, and their units."""
        unit = "MIDI pitch; 128 holds, 129 is silence"
        return STEP_COLUMNS | {f"voice_{n}": unit for n in range(self.voices)}

    def rows(self, song: Song) -> Rows:
        """Write a song as steps."""
        grid = GridSong.of(song, self.steps_per_beat)
        symbols = np.full((len(grid.about), self.voices), SILENCE, np.float32)
        pitched = np.flatnonzero(~song.notes["drum"])
        pitch = song.notes["pitch"].astype(int)
        ends = np.zeros(self.voices, int)
        begins = np.full(self.voices, -1)
        last = np.full(self.voices, np.nan)
        steps, places = np.unique(grid.begin[pitched], return_index=True)
        for step, together in zip(steps, np.split(pitched, places[1:]), strict=True):
            for note in _outermost(together, pitch, self.voices):
                voice = _voice(step, pitch[note], ends, begins, last)
                symbols[step : ends[voice], voice] = SILENCE  # of a note that is cut off
                symbols[step : grid.end[note], voice] = HOLD
                symbols[step, voice] = pitch[note]
                ends[voice], begins[voice], last[voice] = grid.end[note], step, pitch[note]
        return Rows(np.concatenate([grid.about, symbols], 1), grid.begin)

    def song(self, table: NDArray[np.floating], title: str = "new song") -> Song:
        """Make a song of steps; a held note without a beginning is silence."""
        seconds, tempi, metres = clock(table[:, :N_STEP_COLUMNS], self.steps_per_beat)
        symbols = table[:, N_STEP_COLUMNS:].round().astype(int)
        voice, begin = np.nonzero(symbols.T < HOLD)
        stops = np.stack([_next_stop(column) for column in symbols.T])
        end = stops[voice, begin]
        notes = note_array(
            onset=seconds[begin],
            duration=seconds[end] - seconds[begin],
            beat=begin / self.steps_per_beat,
            pitch=symbols[begin, voice],
            velocity=VELOCITY,
        )
        return song_of(notes, tempi, metres, title)


def _outermost(notes: NDArray[np.int64], pitch: NDArray[np.int64], most: int) -> list[int]:
    """Give at most so many of the notes that begin together, from high to low, outer ones first."""
    falling = sorted(notes.tolist(), key=lambda note: -pitch[note])
    if len(falling) <= most:
        return falling
    kept = falling[: most - 1]
    return [*kept, falling[-1]] if most > 1 else falling[:1]


def _voice(
    step: int,
    pitch: int,
    ends: NDArray[np.int64],
    begins: NDArray[np.int64],
    last: NDArray[np.float64],
) -> int:
    """Choose the voice of a note: a free one, or the one whose note began first."""
    free = ends <= step
    if free.any():
        distance = np.where(np.isnan(last), 128, np.abs(last - pitch))
        return int(np.argmin(np.where(free, distance, np.inf)))
    return int(np.argmin(begins))


def _next_stop(symbols: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give, for each step, the first step behind it that does not hold."""
    stops = np.append(np.flatnonzero(symbols != HOLD), len(symbols))
    return stops[np.searchsorted(stops, np.arange(len(symbols)), side="right")]


GRID_16 = Grid("grid-16", 4)
GRID_48 = Grid("grid-48", 12)
GRID_TRIPLETS = Grid("grid-triplets", 6)
