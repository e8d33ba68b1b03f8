"""The notes of many files as one table.

Notes are gathered file by file and turned into columns by a few operations on arrays, since a step
of Python for each note, or even for each track, would cost more than reading the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import symusic
from numpy.typing import NDArray

from classify.songs.song import NOTE, PERFORMED, SEQUENCED, problem

#: Tempo where a file sets none, in microseconds a quarter note (SMF 1.0: 120 bpm).
DEFAULT_TEMPO = 500_000

#: Share of onsets on quarters and thirds of a beat from which a file was entered and not played,
#: and how near is on, in beats. A fifth of all places is that near.
ON_GRID, NEAR = 0.6, 0.02

#: Ticks of the longest file that is accepted (19 hours at 1,920 a quarter note and 120 bpm).
#: symusic counts to eight times as many and then begins below 0 in silence.
MOST_TICKS = 2**28


class ScannedFile(NamedTuple):
    """What symusic read from one file, and what had to be repaired first."""

    score: symusic.Score
    repaired: str = ""
    beats: bool = True  # whether ticks mean beats
    origin: str = ""  # as in `Song`, where the file says it


@dataclass(frozen=True)
class NoteTable:
    """Notes of many files, file after file.

    Parameters
    ----------
    columns : dict of str to ndarray, shape (n_notes,)
        Named as the fields of NOTE; sorted by file, onset and pitch.
    owner : ndarray of int, shape (n_notes,)
        The number of each note's file.
    first : ndarray of int, shape (n_files + 1,)
        Where the notes of each file begin, and where the last ones end.
    seconds : ndarray, shape (n_files,)
        Length of each file.
    problems : list of str, length n_files
        Why a file is not music; empty where it is. Such a file has no notes in the table.
    beats : ndarray of bool, shape (n_files,)
        Whether a file's ticks mean beats; if not, it has no tempo either.
    tempo : ndarray, shape (n_tempi, 2)
        Tempo maps of all files: seconds, and quarter notes a minute.
    first_tempo : ndarray of int, shape (n_files + 1,)
        Where the tempo map of each file begins.
    metre : ndarray, shape (n_metres, 3)
        Time signatures of all files, as `Song.metres` has them.
    first_metre : ndarray of int, shape (n_files + 1,)
        Where the time signatures of each file begin.
    origin : list of str, length n_files
        Where the notes of each file come from, as `Song.origin` has it.
    """

    columns: dict[str, NDArray]
    owner: NDArray[np.int32]
    first: NDArray[np.int64]
    seconds: NDArray[np.float64]
    problems: list[str]
    beats: NDArray[np.bool_]
    tempo: NDArray[np.float64]
    first_tempo: NDArray[np.int64]
    metre: NDArray[np.float64]
    first_metre: NDArray[np.int64]
    origin: list[str]

    def without_problems(self) -> "NoteTable":
        """Leave out the notes of files that are not music."""
        good = np.array([not problem for problem in self.problems])
        kept = good[self.owner]
        columns = {name: column[kept] for name, column in self.columns.items()}
        first = np.append(0, np.cumsum(np.diff(self.first) * good))
        return replace(self, columns=columns, owner=self.owner[kept], first=first)

    def tempi(self, index: int) -> NDArray[np.float64]:
        """Tempo map of a file, shape (n_tempi, 2): seconds, quarter notes a minute."""
        tempo_map = self.tempo[self.first_tempo[index] : self.first_tempo[index + 1]]
        return tempo_map if self.beats[index] else tempo_map[:0]

    def metres(self, index: int) -> NDArray[np.float64]:
        """Time signatures of a file, shape (n_metres, 3): beat, notes in a bar, and their unit."""
        metres = self.metre[self.first_metre[index] : self.first_metre[index + 1]]
        return metres if self.beats[index] else metres[:0]


@dataclass
class NoteTableBuilder:
    """Collects the notes of many files, and makes one table of them."""

    arrays: list[dict[str, NDArray]] = field(default_factory=list)  # a track: four columns
    about: list[tuple[int, int, bool, int]] = field(default_factory=list)  # and what it is
    tempi: list[tuple[NDArray, NDArray]] = field(default_factory=list)  # a file: ticks, tempo
    metres: list[tuple[int, int, int, int]] = field(default_factory=list)  # file, tick, n / unit
    ticks: list[tuple[int, bool]] = field(default_factory=list)  # a file: per quarter; beats?
    origins: list[str] = field(default_factory=list)  # a file: as it says

    def add(self, file: ScannedFile) -> None:
        """Add one file's notes."""
        index = len(self.ticks)
        for track in file.score.tracks:
            columns = track.notes.numpy()
            self.arrays.append(columns)
            self.about.append((index, track.program, track.is_drum, len(columns["time"])))
        tempi = file.score.tempos.numpy()
        self.tempi.append((tempi["time"], tempi["mspq"]))
        for one in file.score.time_signatures:  # mostly one: less work than arrays are
            self.metres.append((index, one.time, one.numerator, one.denominator))
        self.ticks.append((file.score.ticks_per_quarter, file.beats))
        self.origins.append(file.origin)

    def table(self) -> NoteTable:
        """Make one table of all notes that were added."""
        n_files = len(self.ticks)
        file, program, drum, counts = np.array(self.about or np.zeros((0, 4)), dtype=np.int64).T
        tick, length, pitch, velocity = (
            np.concatenate([track[name] for track in self.arrays] or [np.zeros(0, np.int32)])
            for name in ("time", "duration", "pitch", "velocity")
        )
        first = np.append(0, np.cumsum(np.bincount(file, counts, n_files))).astype(np.int64)
        file = np.repeat(file << 33, counts)
        overlong = file[(tick < 0) | (tick > MOST_TICKS)] >> 33 if len(tick) else file
        key = (file + tick.clip(0, MOST_TICKS) << 7) + (pitch & 127)
        order = np.argsort(key, kind="stable")  # few steps: each track is in order already
        key, length = key.take(order), length.take(order)
        tick = key >> 7 & (2**33 - 1)
        per_quarter, beats = np.array(self.ticks or np.zeros((0, 2)), dtype=np.int64).T
        clock = _TempoMaps.of(self.tempi, per_quarter)
        onset, duration = clock.seconds(key, tick, length)
        per_beat = np.where(beats, per_quarter, np.nan).astype(np.float32)
        notes = {
            "onset": onset,
            "duration": duration,
            "beat": tick.astype(np.float32) / np.repeat(per_beat, np.diff(first)),
            "pitch": pitch.take(order).view(np.uint8),
            "velocity": velocity.take(order).view(np.uint8),
            "program": np.repeat(program.astype(np.uint8), counts).take(order),
            "drum": np.repeat(drum.astype(bool), counts).take(order),
        }
        seconds = np.zeros(n_files)
        some = np.flatnonzero(np.diff(first))
        if len(some):
            seconds[some] = np.maximum.reduceat(onset + duration, first[some])
        problems = _problems(notes, first, seconds, clock.stopped)
        for index in set(overlong.tolist()):
            problems[index] = f"lasts more than {MOST_TICKS:,} ticks (a damaged delta time)"
        owner = (key >> 40).astype(np.int32)
        origin = _origins(self.origins, notes["beat"], first)
        maps = clock.map(), clock.first, *_metres(self.metres, per_quarter)
        table = NoteTable(notes, owner, first, seconds, problems, beats > 0, *maps, origin)
        return table.without_problems() if any(problems) else table


def _origins(given: list[str], beat: NDArray[np.float32], first: NDArray) -> list[str]:
    """Tell files that were entered from files that were played, where they do not say it."""
    some = np.flatnonzero(np.diff(first))
    shares = np.zeros(len(given))
    if len(some):
        shares[some] = np.add.reduceat(on_grid(beat), first[some]) / np.diff(first)[some]
    return [
        origin or (SEQUENCED if share >= ON_GRID else PERFORMED)
        for origin, share in zip(given, shares, strict=True)
    ]


def on_grid(beat: NDArray[np.floating]) -> NDArray[np.int64]:
    """Mark, by a 1, the onsets near a quarter or third of a beat; none where beats are unknown.

    >>> on_grid(np.array([0.0, 0.26, 0.34, 0.41, np.nan])).tolist()
    [1, 1, 1, 0, 0]
    """
    near = [np.abs(beat * parts - np.round(beat * parts)) < NEAR * parts for parts in (3, 4)]
    return (near[0] | near[1]).astype(np.int64)


def _metres(
    found: list[tuple[int, int, int, int]], per_quarter: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give all valid time signatures, and where each file's begin; of several at one tick the last.

    Parameters
    ----------
    found : list of (int, int, int, int)
        File, tick, notes in a bar and their unit, by file.
    per_quarter : ndarray of int, shape (n_files,)
        Ticks in a quarter note.
    """
    rows = np.array(found or np.zeros((0, 4)), dtype=np.int64)
    rows = rows[(rows[:, 1] >= 0) & (rows[:, 2:] > 0).all(axis=1)]
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    rows = rows[
        np.append((np.diff(rows[:, :2], axis=0) != 0).any(axis=1), np.full(len(rows[:1]), True))
    ]
    metre = rows[:, 1:].astype(np.float64)
    metre[:, 0] /= per_quarter[rows[:, 0]]
    counts = np.bincount(rows[:, 0], minlength=len(per_quarter))
    return metre, np.append(0, np.cumsum(counts)).astype(np.int64)


def _problems(
    notes: dict[str, NDArray], first: NDArray, seconds: NDArray, stopped: NDArray
) -> list[str]:
    """Give the reason why each file is not music; examine only files that could be wrong."""
    counts = np.diff(first)
    suspect = (counts == 0) | (counts > 100_000) | (seconds > 3600)
    whole = all(notes[name].min(initial=0) >= 0 for name in ("onset", "duration"))
    if not whole or max(notes[name].max(initial=0) for name in ("pitch", "velocity")) > 127:
        suspect[:] = True
    problems = [""] * len(counts)
    for index in np.flatnonzero(suspect):
        rows = slice(first[index], first[index + 1])
        part = {name: notes[name][rows] for name in ("onset", "duration", "pitch", "velocity")}
        problems[index] = problem(part, seconds[index])
    for index in stopped:
        problems[index] = "sets a tempo of 0 microseconds per quarter note"
    return problems


@dataclass(frozen=True)
class _TempoMaps:
    """The tempo maps of many files, one after another.

    From tick `tick[i]` of file `file[i]` on, a tick t is at second `base[i] + t * step[i]`.
    """

    first: NDArray[np.int64]  # where each file's tempi begin, shape (n_files + 1,)
    file: NDArray[np.int64]
    tick: NDArray[np.int64]
    base: NDArray[np.float64]
    step: NDArray[np.float64]
    bpm: NDArray[np.float64]
    stopped: NDArray[np.int64]  # files with a tempo of 0

    @classmethod
    def of(cls, maps: Sequence[tuple[NDArray, NDArray]], per_quarter: NDArray) -> "_TempoMaps":
        """Lay the maps end to end, each beginning at tick 0."""
        whole = []
        for ticks, tempi in maps:
            if len(ticks) and ticks[0] < 0:  # symusic counted beyond what it can
                ticks, tempi = ticks[ticks >= 0], tempi[ticks >= 0]
            if not len(ticks) or ticks[0] > 0:
                ticks, tempi = np.append(0, ticks), np.append(DEFAULT_TEMPO, tempi)
            whole.append((ticks, tempi))
        first = np.cumsum([0] + [len(ticks) for ticks, _ in whole])
        file = np.repeat(np.arange(len(maps)), np.diff(first))
        tick = np.concatenate([t for t, _ in whole] or [np.zeros(0)]).astype(np.int64)
        tempo = np.concatenate([t for _, t in whole] or [np.zeros(0)]).astype(np.int64)
        steps = np.diff(tick, prepend=0) * np.append(0, tempo)[:-1]  # whole numbers: no rounding
        steps[first[:-1]] = 0
        time = np.cumsum(steps)
        time -= np.repeat(time[first[:-1]], np.diff(first))
        unit = per_quarter[file] * 1e6
        with np.errstate(divide="ignore"):
            bpm = 6e7 / tempo
        stopped = np.unique(file[tempo <= 0])
        return cls(first, file, tick, (time - tick * tempo) / unit, tempo / unit, bpm, stopped)

    def seconds(
        self, key: NDArray, tick: NDArray, length: NDArray
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Onsets and durations, in seconds, of notes sorted by `key` (file << 40 | tick << 7)."""
        keys = (self.file << 40) + (self.tick << 7)
        counts = np.diff(np.append(np.searchsorted(key, keys), len(key)))
        step = np.repeat(self.step, counts)
        onset = np.repeat(self.base, counts) + tick * step
        duration = (length * step).astype(np.float32)
        ends = key + (length.astype(np.int64) << 7)
        crossing = np.flatnonzero(ends >= np.repeat(np.append(keys, 2**62)[1:], counts))
        at = np.searchsorted(keys, ends[crossing], side="right") - 1
        same_file = self.file[at] == key[crossing] >> 40  # a file's last note crosses nothing
        crossing, at = crossing[same_file], at[same_file]
        end = self.base[at] + (tick[crossing] + length[crossing]) * self.step[at]
        duration[crossing] = end - onset[crossing]
        return onset, duration

    def map(self) -> NDArray[np.float64]:
        """All tempo maps, shape (n_tempi, 2): seconds, quarter notes a minute."""
        return np.stack([self.base + self.tick * self.step, self.bpm], axis=1)


def as_notes(columns: dict[str, NDArray]) -> NDArray[np.void]:
    """Make NOTE rows of columns."""
    notes = np.empty(len(columns["onset"]), NOTE)
    for name in NOTE.names or ():
        notes[name] = columns[name]
    return notes
