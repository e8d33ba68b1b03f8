"""A song as steps of a grid in a number of voices, with a symbol that holds a note.

A step has a symbol for each voice: a pitch where a note begins, `HOLD` while it lasts, `SILENCE`
where nothing sounds (the melody encoding of Roberts et al. 2018, section 4, and of DeepBach,
Hadjeres et al. 2017, here for any number of voices). Files say nothing reliable of voices, so they
are told by pitch: notes that begin together go to free voices in order, the highest first, so that
all are as near as can be to where these voices were before, or are where all of them sound. Where
too few are free, notes that began first are cut off; of notes that begin together, more than there
are voices, inner ones are lost. Voices that cross come back uncrossed.

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

#: How far a voice that has not sounded is from any note.
FAR = 128

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
        last = _usual(grid, pitched, pitch, self.voices)
        steps, places = np.unique(grid.begin[pitched], return_index=True)
        for step, together in zip(steps, np.split(pitched, places[1:]), strict=True):
            chosen = _outermost(together, pitch, self.voices)
            free = _free(step, ends, begins, len(chosen))
            for voice, note in zip(_nearest(pitch[chosen], free, last), chosen, strict=True):
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


def _usual(
    grid: GridSong, pitched: NDArray[np.int64], pitch: NDArray[np.int64], voices: int
) -> NDArray[np.float64]:
    """Give the mean pitch of each voice in chords of all voices; NaN where a song has none."""
    _, first, count = np.unique(grid.begin[pitched], return_index=True, return_counts=True)
    chords = [pitch[pitched[n : n + voices]] for n in first[count == voices]]
    if not chords:
        return np.full(voices, np.nan)
    return np.asarray(np.sort(chords, axis=1)[:, ::-1].mean(axis=0))


def _free(
    step: int, ends: NDArray[np.int64], begins: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    """Give the voices that are free, and as many as are lacking of those that began first."""
    free = ends <= step
    busy = np.flatnonzero(~free)
    lacking = max(0, most - int(free.sum()))
    free[busy[np.argsort(begins[busy], kind="stable")][:lacking]] = True
    return np.flatnonzero(free)


def _nearest(
    falling: NDArray[np.int64], free: NDArray[np.int64], last: NDArray[np.float64]
) -> list[int]:
    """Choose a voice for each of some notes, in order, so that all together move least.

    Examples
    --------
    >>> _nearest(np.array([67, 48]), np.arange(4), np.array([72.0, 66.0, 60.0, 50.0]))
    [1, 3]
    """
    if len(falling) == len(free):
        return free.tolist()
    far = np.abs(falling[:, None] - last[free])
    far[np.isnan(far)] = FAR
    n_notes, n_free = far.shape
    best = np.zeros(n_free + 1)  # of the first voices, with the notes so far placed in them
    taken = np.zeros((n_notes, n_free), bool)
    for note in range(n_notes):
        before, best = best, np.full(n_free + 1, np.inf)
        for voice in range(note, n_free):
            placed = before[voice] + far[note, voice]
            taken[note, voice] = placed < best[voice]
            best[voice + 1] = min(placed, best[voice])
    voices, end = list[int](), n_free
    for note in reversed(range(n_notes)):
        while not taken[note, end - 1]:
            end -= 1
        end -= 1
        voices.append(int(free[end]))
    return voices[::-1]


def _next_stop(symbols: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give, for each step, the first step behind it that does not hold."""
    stops = np.append(np.flatnonzero(symbols != HOLD), len(symbols))
    return stops[np.searchsorted(stops, np.arange(len(symbols)), side="right")]


GRID_16 = Grid("grid-16", 4)
GRID_48 = Grid("grid-48", 12)
GRID_TRIPLETS = Grid("grid-triplets", 6)
