"""A song as a piano roll: what sounds at each step, of one or of several tracks.

Each track has two columns for each pitch: the loudness of a note that begins there (0 where none
does), and whether one sounds.

What is lost: what is finer than the grid, one of two notes of a track on the same pitch and step
(the louder stays), the instruments within a track, and drums where there is one track. What is
kept: pitches and velocities exactly, onsets to half a step, the tempo map and time signatures.

`PIANO_ROLL` is one track of everything but drums; `TRACK_ROLL` has the five of MuseGAN (Dong et al.
2018): drums, piano, guitar, bass, strings and all others.
"""

import numpy as np
from numpy.typing import NDArray

from classify.representations.sequences import Rows, SequenceRepresentation, note_array, song_of
from classify.representations.steps import N_STEP_COLUMNS, STEP_COLUMNS, GridSong, clock
from classify.songs import Song

#: Tracks by the General MIDI program that stands for each; drums have none.
DRUMS, PIANO, GUITAR, BASS, STRINGS = range(5)
TRACKS = {"drums": 0, "piano": 0, "guitar": 24, "bass": 32, "strings": 48}

#: Track of each program: keyboards, guitars and basses have their own, all else goes to strings.
TRACK_OF = np.full(128, STRINGS)
TRACK_OF[0:24], TRACK_OF[24:32], TRACK_OF[32:40] = PIANO, GUITAR, BASS

PITCHES = 128


class PianoRoll(SequenceRepresentation):
    """Steps, with what begins and what sounds at each.

    Parameters
    ----------
    name : str
        Of the representation.
    steps_per_beat : int
        Steps in a quarter note.
    tracks : bool
        Whether there are five tracks, or one.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> rows = PIANO_ROLL.rows(piece())
    >>> begins, sounds = PIANO_ROLL.planes(rows.table)
    >>> begins.shape, np.flatnonzero(begins[0, 0]).tolist(), float(begins[0, 0, 36])
    ((349, 1, 128), [36], 40.0)
    >>> PIANO_ROLL.song(rows.table).notes["velocity"][:2].tolist()
    [40, 53]
    """

    rows_per_note = 4

    def __init__(self, name: str, steps_per_beat: int = 4, tracks: bool = False) -> None:
        self.name, self.steps_per_beat = name, steps_per_beat
        self.tracks = dict(TRACKS) if tracks else {"all": 0}

    def names(self) -> dict[str, str]:
        """Name the columns, and their units."""
        planes = {"begins": "MIDI velocity", "sounds": "0-1"}
        return STEP_COLUMNS | {
            f"{track}_{plane}_{pitch}": unit
            for plane, unit in planes.items()
            for track in self.tracks
            for pitch in range(PITCHES)
        }

    def planes(
        self, table: NDArray[np.floating]
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Give what begins and what sounds, each of shape (n_steps, n_tracks, 128)."""
        both = table[:, N_STEP_COLUMNS:].reshape(len(table), 2, len(self.tracks), PITCHES)
        return both[:, 0], both[:, 1]

    def rows(self, song: Song) -> Rows:
        """Write a song as steps."""
        grid, notes = GridSong.of(song, self.steps_per_beat), song.notes
        several = len(self.tracks) > 1
        track = TRACK_OF[notes["program"]] if several else np.zeros(len(notes), int)
        track = np.where(notes["drum"], DRUMS, track)
        planes = np.zeros((len(grid.about), 2, len(self.tracks), PITCHES), np.float32)
        for n in np.flatnonzero(several | ~notes["drum"]):
            first, pitch = grid.begin[n], notes["pitch"][n]
            loudest = max(planes[first, 0, track[n], pitch], notes["velocity"][n], 1)
            planes[first, 0, track[n], pitch] = loudest
            planes[first : grid.end[n], 1, track[n], pitch] = 1
        return Rows(np.concatenate([grid.about, planes.reshape(len(planes), -1)], 1), grid.begin)

    def song(self, table: NDArray[np.floating], title: str = "new song") -> Song:
        """Make a song of steps; what sounds without having begun begins, at velocity 64."""
        seconds, tempi, metres = clock(table[:, :N_STEP_COLUMNS], self.steps_per_beat)
        velocity, sounds = self.planes(table)
        held = np.concatenate([np.zeros_like(sounds[:1]), sounds[:-1]]) > 0.5
        begins = (velocity > 0) | ((sounds > 0.5) & ~held)
        stops = begins | (sounds <= 0.5)
        track, pitch, begin = np.nonzero(np.moveaxis(begins, 0, 2))
        end = _next(np.moveaxis(stops, 0, 2))[track, pitch, begin]
        loudness = velocity[begin, track, pitch]
        programs = np.array(list(self.tracks.values()))
        notes = note_array(
            onset=seconds[begin],
            duration=seconds[end] - seconds[begin],
            beat=begin / self.steps_per_beat,
            pitch=pitch,
            velocity=np.where(loudness > 0, loudness, 64).round().clip(1, 127),
            program=programs[track],
            drum=(track == DRUMS) & (len(self.tracks) > 1),
        )
        return song_of(notes, tempi, metres, title)


def _next(stops: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give, along the last axis, the first place behind each where something stops."""
    n_steps = stops.shape[-1]
    places = np.where(stops, np.arange(n_steps), n_steps)
    behind = np.minimum.accumulate(places[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([behind[..., 1:], np.full((*stops.shape[:-1], 1), n_steps)], axis=-1)


PIANO_ROLL = PianoRoll("piano-roll")
TRACK_ROLL = PianoRoll("track-roll", tracks=True)
