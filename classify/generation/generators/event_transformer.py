"""Music of any instruments by a transformer over notes, with moods and knobs: ours.

A song is a row for each note (`classify.generation.events`), predicted by a causal transformer that
knows places by distance in rows and in time (`classify.generation.networks`). What is known of the
whole song, its mood, metre and knobs, is added to each row; in training each of these is hidden at
random, so that any of them can be left open. How many bars are left is known too, which is how
songs come to an end in the bar that was asked for.

Knobs that are asked for are told to the network, and of several songs that are written side by
side, the nearest is taken. Loudness is then set exactly, and register to a semitone where no key
was asked for.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation import events, knobs
from classify.generation.events import BAR, PITCH, PROGRAM, STEP, EventSong
from classify.generation.knobs import KNOBS
from classify.generation.networks.architecture import Architecture, Relative
from classify.generation.networks.network_generator import (
    HIDDEN_MOOD,
    NetworkGenerator,
    one_hot,
)
from classify.generation.networks.writing import Line, Writer
from classify.generation.request import Request, read_key
from classify.generation.styles import HOME, nearest
from classify.progress import Progress
from classify.representations.compound import STEPS_PER_BEAT
from classify.songs import Song

#: Songs that are written side by side, of which the nearest to the wishes comes first.
CANDIDATES = 8

#: Rows of a primer that are read at most.
LONGEST_PRIMER = 192

#: Metres that are learned, the commonest first; songs in others are left out.
MOST_METRES = 6


class EventTransformer(NetworkGenerator):
    """A causal transformer over notes; options as all networks have them."""

    TITLE = "Event transformer"
    KEEPS = frozenset(
        {"bars", "seconds", "tempo", "metre", "low", "high", "instruments", "longest_copy",
         "primer"}
    )  # fmt: skip
    AIMS = frozenset(
        {"mood", "key", "mode", "density", "register", "loudness", "spread", "syncopation"}
    )
    DRAWS = 64
    FACTS = ("metres", "known_moods", "programs", "tempi", "bars", "middle", "scale", "pitches")

    metres: list[list[int]]
    known_moods: list[str]
    programs: list[int]
    tempi: list[float]
    bars: float
    middle: list[float]
    scale: list[float]
    pitches: list[int]  # the lowest and the highest in the home key

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Train the network."""
        from classify.generation.networks import row_training

        pairs = [(events.encode(song), mood) for song, mood in zip(songs, moods, strict=True)]
        common = Counter(one.metre for one, _ in pairs if one).most_common(MOST_METRES)
        if not common:
            raise InputError("none of the songs has notes in bars to learn from")
        self.metres = [list(metre) for metre, _ in common]
        kept = [(one, mood) for one, mood in pairs if one and list(one.metre) in self.metres]
        known = [one for one, _ in kept]
        self.known_moods = sorted({mood for _, mood in kept} - {""})
        values = np.stack([one.knobs for one in known])
        self.middle = np.nan_to_num(np.nanmean(values, axis=0)).tolist()
        self.scale = np.maximum(np.nan_to_num(np.nanstd(values, axis=0)), 1e-3).tolist()
        programs = {int(p) for one in known for p in one.rows[:-1, PROGRAM]}
        self.programs = sorted(programs)
        self.pitches = [
            int(end(np.concatenate([one.rows[:-1, PITCH] for one in known])))
            for end in (np.min, np.max)
        ]
        self.tempi = sorted(float(t) for t in values[:, 0] if np.isfinite(t)) or [120.0]
        self.bars = float(np.median([one.time[-1] // one.metre[0] + 1 for one in known]))
        self.architecture = self._architecture()
        examples = [
            row_training.Example(
                self._classes(one.rows), one.time, one.extras, _counts(one.rows),
                self._condition(one, mood),
            )
            for one, mood in kept
        ]  # fmt: skip
        self.train(examples, self._hide, progress, work)

    def _hide(self, known: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        """Hide moods and knobs at random: of some songs all, of others none."""
        known, n_moods, n_knobs = known.copy(), len(self.known_moods), len(KNOBS)
        known[:, :n_moods] *= random.random((len(known), 1)) >= HIDDEN_MOOD
        share = random.random((len(known), 1))
        shown = random.random((len(known), n_knobs)) >= share
        known[:, -2 * n_knobs : -n_knobs] *= shown
        known[:, -n_knobs:] *= shown
        return known

    def _architecture(self) -> Architecture:
        most_steps = max(length for length, _ in self.metres)
        fields = (events.END + 1, most_steps, len(self.programs), 128, len(events.LENGTHS), 32)
        return Architecture(
            fields=fields,
            pitches=128,
            relative=tuple(Relative(PITCH, PITCH, lag) for lag in (1, 2, 3)),
            extras=(events.PHRASE + 1, events.LEFT + 1),
            conditions=len(self.known_moods) + len(self.metres) + 2 * len(KNOBS),
            units=32 if self.quick else 128,
            layers=1 if self.quick else 3,
            context=64 if self.quick else 192,
            longest=8 * most_steps,
        )

    def _classes(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Write programs as numbers: by their place among those that were learned."""
        rows = rows.copy()
        rows[:, PROGRAM] = np.searchsorted(self.programs, rows[:, PROGRAM])
        rows[:, PROGRAM] = rows[:, PROGRAM].clip(0, len(self.programs) - 1)
        return rows

    def _condition(self, song: EventSong, mood: str) -> NDArray[np.float32]:
        return self._wish(mood, song.metre, dict(zip(KNOBS, song.knobs.tolist(), strict=True)))

    def _wish(
        self, mood: str, metre: tuple[int, int], values: dict[str, float]
    ) -> NDArray[np.float32]:
        """Write what is known of a song as a vector: mood, metre, knobs, and which are known."""
        asked = np.array([values.get(name, np.nan) for name in KNOBS])
        known = np.isfinite(asked)
        numbers = np.where(known, (asked - np.array(self.middle)) / self.scale, 0).clip(-4, 4)
        of_metre = [float(list(metre) == one) for one in self.metres]
        return np.array([*one_hot(mood, self.known_moods), *of_metre, *numbers, *known], np.float32)

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Write songs side by side and take the nearest to the wishes."""
        return next(self.draws(request, random))

    def draws(self, request: Request, random: np.random.Generator) -> Iterator[Song]:
        """Write songs side by side, again and again, and give the nearest of each time first."""
        request = self.set_knobs(request, random)
        while True:
            line = self._line(request, random)
            condition = self._asked(request, line)
            sampler = self.sampler(condition, CANDIDATES)
            primer = self._primer(request, line) if request.primer else None
            written = Writer(sampler, line, random).write(primer)
            songs = [self._song(self._programs(rows), request, line) for rows in written]
            yield from sorted(songs, key=lambda song: self._distance(song, request))

    def _line(self, request: Request, random: np.random.Generator) -> Line:
        """Decide what the request leaves open."""
        tempo = request.tempo or float(random.choice(self.tempi))
        metre = self._metre(request)
        bars = request.n_bars(metre[0] / STEPS_PER_BEAT * 60 / tempo, self.bars)
        shift = 0
        if request.key:
            tonic, minor = read_key(request.key)
            shift = nearest(tonic - HOME[minor])
        elif request.primer:
            shift = -events.home_shift(request.primer)
        low, high = request.low or 0, 127 if request.high is None else request.high
        if request.low is not None or request.high is not None:
            middle = self.middle[list(KNOBS).index("register")]
            shift += 12 * round(((low + high) / 2 - middle - shift) / 12)
        return Line(metre, bars, tempo, shift, *self._learned(low - shift, high - shift))

    def _learned(self, low: int, high: int) -> tuple[int, int]:
        """Keep to pitches that were learned, where those that are asked for have room for a tune.

        Of notes that begin together the higher come later, so that a rare one would climb on.
        """
        least, most = max(low, self.pitches[0]), min(high, self.pitches[1])
        return (least, most) if most - least >= min(12, high - low) else (low, high)

    def _metre(self, request: Request) -> tuple[int, int]:
        if request.metre is None:
            return self.metres[0][0], self.metres[0][1]
        numerator, denominator = request.metre
        steps = 4 * STEPS_PER_BEAT * numerator // denominator
        if [steps, denominator] not in self.metres:
            known = ", ".join(
                f"{length * unit // (4 * STEPS_PER_BEAT)}/{unit}" for length, unit in self.metres
            )
            raise InputError(f"metre {numerator}/{denominator}: was not learned; known are {known}")
        return steps, denominator

    def _asked(self, request: Request, line: Line) -> NDArray[np.float32]:
        """Write the wishes as the network knows them: in the home key."""
        values = {name: getattr(request, name) for name in KNOBS if name != "mode"}
        numbers = {name: float(value) for name, value in values.items() if value is not None}
        numbers["tempo"] = line.tempo
        if "register" in numbers:
            numbers["register"] -= line.shift
        if request.minor is not None:
            numbers["mode"] = float(not request.minor)
        return self._wish(request.mood or "", line.metre, numbers)

    def _primer(self, request: Request, line: Line) -> EventSong:
        assert request.primer is not None
        primer = events.encode(request.primer)
        if primer is None:
            raise InputError(f"{request.primer.path}: has no notes in bars to go on from")
        first = max(0, len(primer.rows) - 1 - LONGEST_PRIMER)
        rows = self._classes(primer.rows[first:-1])
        rows[:, STEP] = rows[:, STEP].clip(0, self.architecture.fields[STEP] - 1)
        return replace(primer, rows=rows, time=primer.time[first:-1])

    def _programs(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        rows = rows.copy()
        rows[:, PROGRAM] = np.array(self.programs)[rows[:, PROGRAM]]
        return rows

    def _song(self, rows: NDArray[np.int64], request: Request, line: Line) -> Song:
        """Make a song of rows, with what can be set exactly set exactly."""
        shift = line.shift
        pitch = rows[rows[:, PROGRAM] != events.DRUMS, PITCH]
        free = not (request.key or request.primer or request.low or request.high is not None)
        if request.register is not None and free and len(pitch):
            wanted = round(request.register - float(pitch.mean()))
            shift = int(np.clip(wanted, -pitch.min(), 127 - pitch.max()))
        song = events.decode(rows, line.metre, line.bars, line.tempo, shift)
        if request.loudness is not None:
            velocity = song.notes["velocity"].astype(int)
            louder = round(request.loudness - float(velocity.mean()))
            song.notes["velocity"] = (velocity + louder).clip(1, 127)
        return events.orchestrated(song, request.instruments) if request.instruments else song

    def _distance(self, song: Song, request: Request) -> float:
        """Say how far a song is from the knobs that were asked for, in deviations of songs."""
        measured, total = knobs.measure(song), 0.0
        for name, scale in zip(KNOBS, self.scale, strict=True):
            asked = getattr(request, name)
            if name == "mode":
                asked = None if request.minor is None else float(not request.minor)
            if asked is not None and np.isfinite(measured[name]):
                total += ((measured[name] - asked) / scale) ** 2
        return total


def _counts(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which fields mean something: of the end, the first alone."""
    counts = np.ones(rows.shape, bool)
    counts[rows[:, BAR] == events.END, 1:] = False
    return counts


GENERATOR = EventTransformer
