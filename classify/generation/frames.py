"""What stays of a song and when everything is, before voices are written around it; and the song.

A request may give bars that stay (`keep`), bars that do not (`renew`), and voices that stay in all
bars. Notes that stay are, in the result, the notes that were given: at their own times, as loud,
by the same instruments.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation.request import Request
from classify.representations.sequences import in_beats, note_array, song_of
from classify.representations.steps import GridSong, clock
from classify.representations.voices import REST, STEPS_PER_BEAT, Voices, most_at_once
from classify.songs import Song

#: Columns of `Voices.about`.
TEMPO, STEP, BAR, UNIT = range(4)


@dataclass(frozen=True)
class Habits:
    """What a request may leave open.

    Parameters
    ----------
    n_voices : int
        Voices of the music.
    tempo : float
        Quarter notes a minute.
    metre : (int, int)
        Time signature.
    bars : int
        Length.
    velocity : float
        Loudness.
    """

    n_voices: int
    tempo: float
    metre: tuple[int, int]
    bars: int
    velocity: float


@dataclass(frozen=True, eq=False)
class Frame:
    """A song in which all but what stays is still to be written.

    Parameters
    ----------
    voices : Voices
        What is known; places that are to be written mean nothing.
    fixed : ndarray of bool, shape (n_steps, n_voices)
        What stays.
    song : Song or None
        What stays is of.
    """

    voices: Voices
    fixed: NDArray[np.bool_]
    song: Song | None

    @classmethod
    def of(cls, request: Request, habits: Habits) -> "Frame":
        """Lay out what is asked for.

        Raises
        ------
        InputError
            If that is not in the song, or leaves nothing to be written.
        """
        passage = request.passage
        if passage is None:
            about = _bars(request, habits)
            rests = np.full((len(about), habits.n_voices), REST)
            nothing = np.zeros(rests.shape, bool)
            return cls(Voices(rests, nothing, about), nothing, None)
        wish, song = ("keep" if request.keep else "renew"), passage.song
        given = _in_full_bars(_given(song, request.voices, habits.n_voices))
        bar = np.cumsum(given.about[:, STEP] == 0) - 1
        last = int(bar[-1]) + 1
        if passage.last > last:
            raise InputError(f"{wish}: bar {passage.last} lies beyond the {last} of the song")
        inside = (bar >= passage.first - 1) & (bar < passage.last)
        fixed = np.repeat((inside == (wish == "keep"))[:, None], habits.n_voices, axis=1)
        fixed[:, [voice - 1 for voice in request.voices or ()]] = True
        n_steps = _length(request, given, last)
        if fixed[n_steps:].any():
            raise InputError(f"{wish}: what stays is longer than the song that is asked for")
        frame = cls(_resized(given, n_steps), _resized_rows(fixed, n_steps), song)
        if frame.fixed.all():
            raise InputError(
                f"{wish}: nothing is left to be written; let fewer bars or voices stay"
            )
        if request.tempo is not None:
            frame.voices.about[:, TEMPO] = request.tempo
        return frame

    def finished(self, voices: Voices, request: Request, habits: Habits) -> Song:
        """Make a song of voices that were written, with the very notes that stay."""
        rows, (program, velocity) = voices.notes(), _sound(self.song, habits)
        written = [request.instruments[min(v, len(request.instruments) - 1)] for v in rows[:, 0]] \
            if request.instruments else np.full(len(rows), program)  # fmt: skip
        begin, end = rows[:, 1] / STEPS_PER_BEAT, rows[:, 2] / STEPS_PER_BEAT
        notes = note_array(
            onset=0.0, beat=begin, pitch=rows[:, 3], program=written,
            velocity=round(velocity if request.loudness is None else request.loudness),
        )  # fmt: skip
        if self.song is not None:
            self._restore(rows, notes, begin, end)
        tempi, metres = self._clock(request)
        timed = song_of(notes[:0], tempi, metres, "new song")
        notes["beat"] = begin
        notes["onset"] = timed.seconds_at(begin)
        notes["duration"] = timed.seconds_at(end) - notes["onset"]
        return song_of(notes, tempi, metres, "new song")

    def _restore(
        self,
        rows: NDArray[np.int64],
        notes: NDArray[np.void],
        begin: NDArray[np.float64],
        end: NDArray[np.float64],
    ) -> None:
        """Give notes that stay the times and the sound that they were given with."""
        assert self.song is not None
        grid, given = GridSong.of(self.song, STEPS_PER_BEAT), self.song.notes
        begins, ends = in_beats(self.song)
        known: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place in np.flatnonzero(~given["drum"])[::-1]:
            known[int(grid.begin[place]), int(given["pitch"][place])].append(int(place))
        for number, (voice, first, stop, pitch) in enumerate(rows.tolist()):
            if not self.fixed[first, voice] or not known[first, pitch]:
                continue
            place = known[first, pitch].pop()
            begin[number] = begins[place]
            for name in ("velocity", "program"):
                notes[name][number] = given[name][place]
            if self.fixed[stop - 1, voice] and grid.end[place] == stop:
                end[number] = ends[place]

    def _clock(self, request: Request) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give tempo map and time signatures."""
        _, tempi, metres = clock(self.voices.about, STEPS_PER_BEAT)
        if self.song is not None and len(self.song.metres):
            metres = self.song.metres
        if self.song is not None and request.tempo is None and len(self.song.tempi):
            tempi = self.song.tempi
        return tempi, metres


def n_bars(song: Song) -> int:
    """Count the bars of a song, the last of which may be cut short."""
    return len(bar_starts(song))


def bar_starts(song: Song) -> NDArray[np.float64]:
    """Say when the bars of a song begin, in seconds, shape (n_bars,)."""
    begins = np.flatnonzero(GridSong.of(song, STEPS_PER_BEAT).about[:, STEP] == 0)
    return song.seconds_at(begins / STEPS_PER_BEAT)


def _bars(request: Request, habits: Habits) -> NDArray[np.float32]:
    """Lay out bars that are all alike."""
    tempo, (numerator, denominator) = request.tempo or habits.tempo, habits.metre
    length = max(1, round(4 * STEPS_PER_BEAT * numerator / denominator))
    count = _asked_bars(request, tempo, length) or habits.bars
    step = np.tile(np.arange(length), count)
    about = np.zeros((len(step), 4), np.float32)
    about[:, TEMPO], about[:, STEP] = tempo, step
    about[:, BAR], about[:, UNIT] = length, denominator
    return about


def _asked_bars(request: Request, tempo: float, length: int) -> int | None:
    """Give the bars that are asked for, if a length is."""
    if request.seconds is None:
        return request.bars
    return max(1, round(request.seconds * tempo / 60 * STEPS_PER_BEAT / length))


def _given(song: Song, voices: tuple[int, ...] | None, n_voices: int) -> Voices:
    """Write a song in voices; one of no more than the voices that stay has these alone."""
    stay = sorted(set(voices or range(1, n_voices + 1)))
    if stay[-1] > n_voices:
        raise InputError(f"voices {stay[-1]}: the music that was learned has {n_voices}")
    if not (~song.notes["drum"]).any():
        raise InputError("the song that is given has no notes but drums")
    at_once = most_at_once(song)
    if at_once > n_voices:
        raise InputError(
            f"the song that is given has {at_once} notes at once, and the music that was learned "
            f"has {n_voices} voices"
        )
    if at_once > len(stay):
        return Voices.of(song, n_voices)
    found = Voices.of(song, len(stay))
    columns = [voice - 1 for voice in stay]
    pitch = np.full((len(found.pitch), n_voices), REST)
    begins = np.zeros(pitch.shape, bool)
    pitch[:, columns], begins[:, columns] = found.pitch, found.begins
    return Voices(pitch, begins, found.about)


def _in_full_bars(voices: Voices) -> Voices:
    """Let rests follow until the last bar is full."""
    last = voices.about[-1]
    return _resized(voices, len(voices.about) + int(last[BAR] - last[STEP]) - 1)


def _length(request: Request, given: Voices, bars: int) -> int:
    """Give the steps of the whole song."""
    last, whole = given.about[-1], len(given.about)
    asked = _asked_bars(request, request.tempo or float(last[TEMPO]), int(last[BAR]))
    if asked is None or asked == bars:
        return whole
    if request.renew:
        raise InputError(f"renew: a song keeps its length of {bars} bars")
    if asked > bars:
        return whole + (asked - bars) * int(last[BAR])
    return int(np.flatnonzero(given.about[:, STEP] == 0)[asked])


def _resized(voices: Voices, n_steps: int) -> Voices:
    """Cut voices, or let bars like the last one follow."""
    about = voices.about[:n_steps].copy()
    if n_steps > len(about):
        more = np.repeat(about[-1:], n_steps - len(about), axis=0)
        more[:, STEP] = (about[-1, STEP] + 1 + np.arange(len(more))) % about[-1, BAR]
        about = np.concatenate([about, more])
    pitch = _resized_rows(voices.pitch, n_steps)
    pitch[len(voices.pitch) :] = REST
    return Voices(pitch, _resized_rows(voices.begins, n_steps), about)


def _resized_rows(rows: NDArray[Any], n_steps: int) -> NDArray[Any]:
    """Cut rows, or let rows of zeros follow."""
    more = np.zeros((max(0, n_steps - len(rows)), rows.shape[1]), rows.dtype)
    return np.concatenate([rows[:n_steps], more])


def _sound(song: Song | None, habits: Habits) -> tuple[int, float]:
    """Give instrument and loudness of what is written: as most of what stays, or as usual."""
    if song is None:
        return 0, habits.velocity
    notes = song.notes[~song.notes["drum"]]
    return int(np.bincount(notes["program"]).argmax()), float(notes["velocity"].mean())
