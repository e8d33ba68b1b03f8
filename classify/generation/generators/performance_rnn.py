"""Performances with expressive timing by LSTMs over 388 events: Performance RNN.

Simon and Oore 2017: three LSTMs of 512 units over events that begin and end notes, let 10 ms to 1 s
pass and set the loudness (`classify.representations.performance_events`), told how many notes are
wanted a second and how often each pitch class occurs; each of the two can be left open. That size
is `PerformanceRNN(preset="paper")`; the usual one here is two LSTMs of 192 units, which two
processor cores train in minutes.

Songs are moved to C major or A minor. Nothing here knows of beats: a tempo that is asked for plays
faster or slower than the songs that were learned from, in proportion.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation import events, knobs
from classify.generation.networks.architecture import Architecture
from classify.generation.networks.network_generator import HIDDEN_MOOD, NetworkGenerator, one_hot
from classify.generation.networks.row_sampler import RowSampler, drawn
from classify.generation.request import Request, read_key
from classify.generation.styles import HOME, nearest
from classify.progress import Progress
from classify.representations.performance_events import EVENTS as N_EVENTS
from classify.representations.performance_events import (
    OFF,
    PERFORMANCE_EVENTS,
    SHIFT,
    SHIFTS_PER_SECOND,
    VELOCITY,
)
from classify.representations.sequences import note_array, song_of
from classify.songs import Song

#: Layers and units of the sizes.
PRESETS = {"small": (2, 192), "paper": (3, 512)}

#: Events of a piece in training; how often each of the two knobs is hidden; ticks of a beat.
CONTEXT, HIDDEN_KNOB, TICKS = 160, 0.5, 480

#: Of all events, the likeliest that together have this probability can be drawn.
TOP_P = 0.98

#: Events at one time, at most.
MOST_AT_ONCE = 40


class PerformanceRNN(NetworkGenerator):
    """LSTMs over the events of a performance.

    Parameters
    ----------
    epochs, seed, quick
        As all networks have them.
    preset : {"small", "paper"}
        Its size.
    """

    TITLE = "Performance RNN"
    KEEPS = frozenset({"bars", "seconds", "tempo", "low", "high", "instruments", "longest_copy"})
    AIMS = frozenset({"mood", "key", "mode", "density", "register", "loudness"})
    EPOCHS = 8
    FACTS = (
        "known_moods", "tempo", "seconds", "density", "classes", "velocity", "middle", "longest",
    )  # fmt: skip

    known_moods: list[str]
    tempo: float
    seconds: float
    density: list[float]  # mean and deviation of its logarithm
    classes: list[list[float]]  # how often each pitch class occurs, in major and in minor
    velocity: float
    middle: float
    longest: int  # hundredths of a second, of all notes but one in a thousand

    def __init__(
        self,
        epochs: int | None = None,
        seed: int = 0,
        quick: bool = False,
        preset: str = "small",
    ) -> None:
        super().__init__(epochs, seed, quick)
        self.preset = preset

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Train the network."""
        from classify.generation.networks.row_training import Example

        kept = [(s, m) for s, m in zip(songs, moods, strict=True) if (~s.notes["drum"]).any()]
        if not kept:
            raise InputError("none of the songs has notes to learn from")
        self.known_moods = sorted({mood for _, mood in kept} - {""})
        self.tempo = float(np.nanmedian([_tempo(song) for song, _ in kept]))
        self.seconds = float(np.median([song.seconds for song, _ in kept]))
        densities = np.log([knobs.density(song) for song, _ in kept])
        self.density = [float(densities.mean()), float(max(densities.std(), 0.1))]
        self.velocity = float(np.mean([knobs.loudness(song) for song, _ in kept]))
        self.middle = float(np.mean([knobs.register(song) for song, _ in kept]))
        lengths = np.concatenate([s.notes["duration"][~s.notes["drum"]] for s, _ in kept])
        self.longest = max(1, round(SHIFTS_PER_SECOND * float(np.percentile(lengths, 99.9))))
        shifts = [events.home_shift(song) for song, _ in kept]
        shares = [_classes(song, shift) for (song, _), shift in zip(kept, shifts, strict=True)]
        minor = np.array([knobs.mode(song) == 0 for song, _ in kept])
        self.classes = [
            np.mean([s for s, m in zip(shares, minor, strict=True) if m == wanted] or shares, 0)
            .round(6).tolist()
            for wanted in (False, True)
        ]  # fmt: skip
        layers, units = (1, 32) if self.quick else PRESETS[self.preset]
        self.architecture = Architecture(
            fields=(N_EVENTS,), trunk="lstm", layers=layers, units=units, context=CONTEXT,
            conditions=len(self.known_moods) + 2 + 13,
        )  # fmt: skip
        examples = []
        for (song, mood), shift, share in zip(kept, shifts, shares, strict=True):
            rows = _moved(PERFORMANCE_EVENTS.rows(song).table[:, 0].astype(np.int64), shift)
            known = self._condition(mood, float(np.log(knobs.density(song))), share)
            examples.append(
                Example(rows[:, None], np.zeros(len(rows), int), np.zeros((len(rows), 0), int),
                        np.ones((len(rows), 1), bool), known)
            )  # fmt: skip
        self.train(examples, self._hide, progress, work)

    def _condition(
        self,
        mood: str,
        density: float | None,
        classes: Sequence[float] | NDArray[np.float64] | None,
    ) -> NDArray[np.float32]:
        """Write what is known: mood, notes a second (its logarithm), shares of pitch classes."""
        middle, scale = self.density
        of_density = [0.0, 0.0] if density is None else [1.0, (density - middle) / scale]
        of_classes = [0.0] * 13 if classes is None else [1.0, *(12 * np.asarray(classes) - 1)]
        return np.array([*one_hot(mood, self.known_moods), *of_density, *of_classes], np.float32)

    def _hide(self, known: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        known, n_moods = known.copy(), len(self.known_moods)
        parts = (slice(0, n_moods), HIDDEN_MOOD), (slice(n_moods, n_moods + 2), HIDDEN_KNOB)
        for part, share in (*parts, (slice(n_moods + 2, None), HIDDEN_KNOB)):
            known[:, part] *= random.random((len(known), 1)) >= share
        return known

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Play event by event, until the time is over."""
        request = self.set_knobs(request, random)
        tempo = request.tempo or self.tempo
        bar = 240 / tempo
        seconds = request.seconds or (request.bars * bar if request.bars else self.seconds)
        bars = max(1, round(seconds / bar))
        shift, minor = 0, request.minor
        if request.key:
            tonic, minor = read_key(request.key)
            shift = nearest(tonic - HOME[minor])
        elif request.register is not None:
            shift = round(request.register - self.middle)
        low, high = request.low or 0, 127 if request.high is None else request.high
        if request.low is not None or request.high is not None:
            shift += 12 * round(((low + high) / 2 - self.middle - shift) / 12)
        speed = tempo / self.tempo
        density = None if request.density is None else float(np.log(request.density / speed))
        known = self._condition(
            request.mood or "", density, None if minor is None else self.classes[minor]
        )
        performance = _Performance(
            round(bars * bar * speed * SHIFTS_PER_SECOND),
            round(bar * speed * SHIFTS_PER_SECOND),
            max(0, low - shift),
            min(127, high - shift),
            self.longest,
        )
        notes = performance.play(self.sampler(known), random)
        return self._song(notes, request, tempo, bars, shift, speed)

    def _song(
        self,
        notes: NDArray[np.int64],
        request: Request,
        tempo: float,
        bars: int,
        shift: int,
        speed: float,
    ) -> Song:
        """Make a song of (begin, end, pitch, velocity) in hundredths of a second."""
        per_hundredth = TICKS * tempo / 60 / speed / SHIFTS_PER_SECOND
        begin = np.round(notes[:, 0] * per_hundredth).astype(int)
        end = np.round(notes[:, 1] * per_hundredth).astype(int)
        end = np.maximum(end, begin + 1)
        end += end % (TICKS // 4) == TICKS // 8  # no end between two sixteenths, where rounding is
        end = np.minimum(end, bars * 4 * TICKS)  # a matter of the last bit
        loud = notes[:, 3]
        if request.loudness is not None:
            loud = loud + round(request.loudness - float(loud.mean()))
        written = note_array(
            onset=begin / TICKS * 60 / tempo,
            duration=(end - begin) / TICKS * 60 / tempo,
            beat=begin / TICKS,
            pitch=(notes[:, 2] + shift).clip(0, 127),
            velocity=loud.clip(1, 127),
            program=(request.instruments or (0,))[0],
        )
        written = written[end > begin]
        return song_of(written, np.array([[0.0, tempo]]), np.array([[0.0, 4.0, 4.0]]), "new song")


class _Performance:
    """A performance that is being played, in hundredths of a second.

    A note that nothing ends is ended when it has sounded as long as notes do that were learned.
    """

    def __init__(self, length: int, bar: int, low: int, high: int, longest: int) -> None:
        self.length, self.bar, self.longest = length, bar, longest
        self.now, self.at_once, self.velocity, self.last_end = 0, 0, 64, 0
        self.sounding = dict[int, tuple[int, int]]()
        self.done = list[tuple[int, int, int, int]]()
        event = np.arange(N_EVENTS)
        self.outside = (event < OFF) & ((event < low) | (event > high))
        self.is_off = (event >= OFF) & (event < SHIFT)
        self.is_shift = (event >= SHIFT) & (event < VELOCITY)

    def play(self, sampler: RowSampler, random: np.random.Generator) -> NDArray[np.int64]:
        """Play; give begin, end, pitch and velocity of each note, shape (n_notes, 4)."""
        row, nothing, zero = np.array([[N_EVENTS]]), np.zeros((1, 0), int), np.zeros(1, int)
        while self.now < self.length:
            scores = sampler.scores(sampler.read(row, nothing, zero), 0, row)
            row = drawn(np.where(self._forbidden(), -np.inf, scores), random, TOP_P)[:, None]
            self._take(int(row[0, 0]))
        for pitch, (begin, _) in list(self.sounding.items()):
            self._end(pitch, min(self.length, begin + self.longest))
        return np.array(sorted(self.done), np.int64).reshape(-1, 4)

    def _forbidden(self) -> NDArray[np.bool_]:
        """Say which events make no sense: ends of what does not sound, and silence at the end."""
        forbidden = self.outside | self.is_off
        forbidden[[OFF + pitch for pitch in self.sounding]] = False
        if self.at_once >= MOST_AT_ONCE:
            forbidden = ~self.is_shift
        if not self.sounding and self.last_end <= self.length - self.bar:
            forbidden = forbidden | (self.is_shift & self._beyond())
        return np.asarray(forbidden)

    def _beyond(self) -> NDArray[np.bool_]:
        """Say which events lead behind the end."""
        return np.arange(N_EVENTS) - SHIFT + 1 + self.now >= self.length

    def _take(self, event: int) -> None:
        self.at_once += 1
        if event >= VELOCITY:
            self.velocity = 4 * (event - VELOCITY) + 2
        elif event >= SHIFT:
            self.now += event - SHIFT + 1
            self.at_once = 0
            for hung in [p for p, (b, _) in self.sounding.items() if b + self.longest < self.now]:
                self._end(hung, self.sounding[hung][0] + self.longest)
        else:
            pitch = event % OFF
            if pitch in self.sounding:
                self._end(pitch, self.now)
            if event < OFF:
                self.sounding[pitch] = self.now, self.velocity

    def _end(self, pitch: int, time: int) -> None:
        begin, velocity = self.sounding.pop(pitch)
        if time > begin:
            self.done.append((begin, min(time, self.length), pitch, velocity))
            self.last_end = max(self.last_end, time)


def _moved(rows: NDArray[np.int64], semitones: int) -> NDArray[np.int64]:
    """Transpose events."""
    is_note = rows < SHIFT
    pitch = (rows % OFF + semitones).clip(0, 127)
    return np.where(is_note, rows - rows % OFF + pitch, rows)


def _classes(song: Song, shift: int) -> NDArray[np.float64]:
    """Give how often each pitch class occurs in a song's home key."""
    notes = song.notes
    pitch = notes["pitch"][~notes["drum"]].astype(int) + shift
    return np.bincount(pitch % 12, minlength=12) / len(pitch)


def _tempo(song: Song) -> float:
    return knobs.tempo(song) if len(song.tempi) else 120.0


GENERATOR = PerformanceRNN
