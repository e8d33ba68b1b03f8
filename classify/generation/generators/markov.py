"""Melodies by a Markov chain of variable order that keeps hard constraints exactly.

Songs are moved to C major or A minor, so that all keys teach one chain, and learned as pairs of
pitch and length. A request becomes weights of these pairs at every step of the grid
(`classify.generation.constraints`), and each song is a sample of the exact conditional distribution
(`classify.generation.chain`).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation import constraints as wishes
from classify.generation import tilting as knobs
from classify.generation.chain import Chain, Floats
from classify.generation.generator import Generator, State
from classify.generation.request import Passage, Request, read_chord, read_key
from classify.generation.sampling import Impossible, Sampler
from classify.generation.styles import (
    FEWEST_SONGS,
    HOME,
    ORDER,
    TICKS_PER_BEAT,
    Habits,
    Lesson,
    Metre,
    Style,
    nearest,
)
from classify.progress import Progress
from classify.representations import melody as melodies
from classify.representations.melody import Melody, bar_ticks
from classify.songs import Song

#: Of so many songs, the one that comes nearest to the knobs is taken.
CANDIDATES = 8

#: Bars on which the weights of knobs are worked out.
TRIAL_BARS = 4

#: What any symbol is worth before a passage that was not learned.
STRANGE = 1e-6

#: Pitch (or `melodies.REST`) and ticks.
Symbol = tuple[int, int]


@dataclass(frozen=True, eq=False)
class _Task:
    """A request beside what was learned: all that decides the melody to be drawn."""

    chain: Chain
    profile: Floats
    habits: Habits
    metre: Metre
    n_ticks: int
    tempo: float
    minor: bool
    shift: int  # semitones from C major or A minor to the key that is asked for

    @property
    def bar(self) -> int:
        return bar_ticks(self.metre, TICKS_PER_BEAT)


class Markov(Generator):
    """Melodies by an exactly constrained Markov chain.

    Examples
    --------
    >>> tune = Melody((60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 60), (4,) * 12)
    >>> songs = [melodies.decode(tune.transposed(n)) for n in range(6)]
    >>> song = Markov().fit(songs).generate(Request(bars=4, key="D major"), seed=1)
    >>> int(song.notes["pitch"][-1]) % 12
    2
    """

    TITLE = "Markov"
    KEEPS = frozenset(
        {"bars", "seconds", "mood", "tempo", "key", "metre", "low", "high", "instruments", "chords",
         "repeats", "longest_copy", "primer", "keep", "bridge", "mode", "loudness"}
    )  # fmt: skip
    AIMS = frozenset({"density", "register", "spread"})
    CHOICES = 8

    styles: dict[Metre, Style]

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Learn one style for each time signature."""
        members: dict[Metre, list[Lesson]] = defaultdict(list)
        for song, mood in zip(songs, moods, strict=True):
            if lesson := Lesson.of(song, mood):
                members[lesson.melody.metre].append(lesson)
        if not members:
            raise InputError("none of the songs has a melody with beats to learn from")
        fewest = min(FEWEST_SONGS, max(len(lessons) for lessons in members.values()))
        self.styles = {
            metre: Style.of(lessons) for metre, lessons in members.items() if len(lessons) >= fewest
        }

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Draw a melody that keeps all wishes."""
        return next(self.draws(request, random))

    def draws(self, request: Request, random: np.random.Generator) -> Iterator[Song]:
        """Draw melodies that keep all wishes; what they need is computed once.

        For a mood, each of them has a mode and knobs of its own, as songs of it have.
        """
        instrument = (request.instruments or (0,))[0]
        n_candidates = CANDIDATES if request.asked & self.AIMS else 1
        limit = request.longest_copy or self.longest_copy
        begun = False
        while True:
            if request.mood or not begun:
                wished, begun = self.set_knobs(request, random), True
                chain, parts, task = self._prepared(wished, request.asked, random)
                loudness = round(wished.loudness or task.habits.velocity)
            tunes = [
                self._draw(chain, parts, task, limit, random) for _ in range(n_candidates)
            ]  # fmt: skip
            tune = min(tunes, key=lambda tune: _distance(tune, wished, task.tempo))
            yield melodies.decode(tune, task.tempo, instrument, loudness, "new song")

    def _prepared(
        self, wished: Request, asked: set[str], random: np.random.Generator
    ) -> tuple[Chain, list["Sampler | list[Symbol]"], _Task]:
        """Prepare samples of songs of the mood, or of all songs where those allow no melody."""
        task = self._task(wished, random)
        try:
            return _prepared(wished, asked, task)
        except InputError:
            if not wished.mood:
                raise
            chain = self.styles[task.metre].chain(wished.mood, task.minor, mixed=True)
            return _prepared(wished, asked, replace(task, chain=chain))

    def _draw(
        self,
        chain: Chain,
        parts: list["Sampler | list[Symbol]"],
        task: _Task,
        limit: int,
        random: np.random.Generator,
    ) -> Melody:
        def copies(drawn: list[int]) -> bool:
            ending = [chain.symbols[i] for i in drawn[-2 * limit - 2 :]]  # every other a rest
            return self.repertoire.begins_copy(ending, TICKS_PER_BEAT, limit)

        symbols: list[Symbol] = []
        for part in parts:
            if isinstance(part, Sampler):
                try:
                    drawn = part.draw(random, copies)
                except Impossible:  # for the whole song it is said why
                    drawn = part.draw(random)
                symbols += [chain.symbols[i] for i in drawn]
            else:
                symbols += part
        pitch, ticks = zip(*symbols, strict=True)
        return Melody(pitch, ticks, TICKS_PER_BEAT, task.metre).transposed(task.shift)

    def _task(self, request: Request, random: np.random.Generator) -> _Task:
        """Decide what the request leaves open."""
        metre, style = self._style(request)
        habits = style.habits(request.mood or "")
        tempo = request.tempo or habits.tempo
        bar = bar_ticks(metre, TICKS_PER_BEAT)
        bars = request.bars or max(1, round(habits.bars))
        if request.seconds is not None:
            bars = max(1, round(request.seconds * tempo / 60 * TICKS_PER_BEAT / bar))
        tonic, minor = _tonic(request, habits, random)
        chain = style.chain(request.mood or "", minor)
        shift = nearest(tonic - HOME[minor])
        if request.low is not None and request.high is not None:
            shift += _octaves((request.low + request.high) / 2 - _middle(chain) - shift)
        elif request.register is not None:
            shift += _octaves(request.register - habits.pitch - shift)
        return _Task(chain, style.profile, habits, metre, bars * bar, tempo, minor, shift)

    def _style(self, request: Request) -> tuple[Metre, Style]:
        """Choose the time signature of the song that it goes with, or that with the most songs."""
        mood = request.mood or ""
        known = {metre: style for metre, style in self.styles.items() if style.songs(mood)}
        if not known:
            raise InputError(f"mood {mood!r}: none of its songs has a frequent time signature")
        if request.metre and request.metre not in known:
            names = ", ".join(sorted(f"{n}/{d}" for n, d in known))
            n, d = request.metre
            raise InputError(f"metre {n}/{d}: was not learned; known are {names}")
        given = _given(request)
        own = _melody(given).metre if given else None
        usual = own if own in known else max(known, key=lambda metre: known[metre].songs(mood))
        metre = request.metre or usual
        return metre, known[metre]

    def state(self) -> State:
        """Give all styles."""
        arrays: dict[str, NDArray[Any]] = {}
        values: dict[str, Any] = {"styles": []}
        for place, (metre, style) in enumerate(self.styles.items()):
            parts, plain = style.state()
            arrays |= {f"{place}.{name}": part for name, part in parts.items()}
            values["styles"].append([list(metre), plain])
        return arrays, values

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "Markov":
        """Make a generator of what `state` gave."""
        markov = cls()
        markov.styles = {}
        for place, ((numerator, denominator), plain) in enumerate(values["styles"]):
            prefix = f"{place}."
            parts = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            markov.styles[numerator, denominator] = Style.of_state(parts, plain)
        return markov


def _given(request: Request) -> Song | None:
    """Give the song that the new one goes with."""
    if request.bridge:
        return request.bridge[0]
    return request.keep.song if request.keep else request.primer


def _tonic(request: Request, habits: Habits, random: np.random.Generator) -> tuple[int, bool]:
    """Take the key that is asked for, that of a song to go on from, or one as usual."""
    if request.key:
        return read_key(request.key)
    if given := _given(request):
        return melodies.tonic(_melody(given))
    minor = request.minor
    if minor is None:
        minor = bool(random.random() < habits.minor)
    return HOME[minor], minor


def _octaves(semitones: float) -> int:
    """Round to whole octaves, in semitones."""
    return 12 * round(semitones / 12)


def _middle(chain: Chain) -> float:
    """Give the middle of a chain's range, in MIDI pitch."""
    pitches = [pitch for pitch, _ in chain.symbols if pitch != melodies.REST]
    return (min(pitches) + max(pitches)) / 2


def _distance(tune: Melody, wished: Request, tempo: float) -> float:
    """Say how far a melody is from the knobs that it aims at; 1 is a tenth, or a semitone."""
    pitch = np.array(tune.pitch)
    pitch = pitch[pitch != melodies.REST]
    seconds = sum(tune.ticks) / tune.ticks_per_beat * 60 / tempo
    far = 0.0
    if wished.density is not None:
        far += (10 * np.log(len(pitch) / seconds / wished.density)) ** 2
    if wished.register is not None:
        far += (pitch.mean() - wished.register) ** 2
    if wished.spread is not None:
        far += (pitch.std() - wished.spread) ** 2
    return float(far)


def _constraints(request: Request, asked: set[str], task: _Task) -> dict[str, Floats]:
    """Write every wish as weights of symbols, by the wish's name.

    Knobs are weights only where they were asked for: those that a mood sets, its chain has anyway.
    """
    symbols, n_ticks = task.chain.symbols, task.n_ticks
    weights = {
        "metre": wishes.in_time(symbols, task.profile, n_ticks),
        "key": wishes.begins_and_ends(symbols, n_ticks, _last_tone(request, task)),
    }
    if request.low is not None or request.high is not None:
        low = 0 if request.low is None else request.low
        high = 127 if request.high is None else request.high
        weights["range"] = wishes.within(symbols, low - task.shift, high - task.shift)
    if request.chords:
        chords = [
            frozenset((pitch - task.shift) % 12 for pitch in read_chord(symbol))
            for symbol in request.chords
        ]
        weights["chords"] = wishes.on_chords(symbols, chords, task.bar, TICKS_PER_BEAT, n_ticks)
    targets = [target for target in _targets(request, task) if target.name in asked]
    if targets:
        trial = wishes.combined(weights, n_ticks, len(symbols))[: TRIAL_BARS * task.bar]
        weights |= knobs.tilts(task.chain, trial, targets)
    return weights


def _last_tone(request: Request, task: _Task) -> int | None:
    """Give the pitch class that a melody is to end on, if it is to end on one."""
    if request.bridge or not (request.key or request.mode):
        return None
    return HOME[task.minor]


def _targets(request: Request, task: _Task) -> list[knobs.Target]:
    """Write the wishes for density, register and spread as sums over symbols."""
    pitch = np.array([pitch for pitch, _ in task.chain.symbols])
    sounds = (pitch != melodies.REST).astype(float)
    middle = task.habits.pitch if request.register is None else request.register - task.shift
    targets = []
    if request.register is not None:
        targets.append(knobs.Target("register", sounds * (pitch - middle), 0.0))
    if request.spread is not None:
        wide = sounds * ((pitch - middle) ** 2 - request.spread**2)
        targets.append(knobs.Target("spread", wide, 0.0))
    if request.density is not None:
        ticks = min(task.n_ticks, TRIAL_BARS * task.bar)
        seconds = ticks / TICKS_PER_BEAT * 60 / task.tempo
        targets.append(knobs.Target("density", sounds, request.density * seconds))
    return targets


def _prepared(
    request: Request, asked: set[str], task: _Task
) -> tuple[Chain, list["Sampler | list[Symbol]"], _Task]:
    """Prepare the samples of the chain of the highest order that can keep all wishes.

    Long contexts leave little choice, so that a wish may be impossible with them alone; and if no
    chain can end as songs do, a piece may end anywhere.
    """
    for free in (False, True):
        for order in range(task.chain.order, 0, -1):
            chain = task.chain if order == task.chain.order else task.chain.of_order(order)
            one = replace(task, chain=_ending_anywhere(chain) if free else chain)
            try:
                return *_prepare(request, asked, one), one
            except _Unmet as unmet:
                last = unmet
    raise InputError(last.reason())


def _ending_anywhere(chain: Chain) -> Chain:
    return replace(chain, end=chain.end + STRANGE)


def _prepare(
    request: Request, asked: set[str], task: _Task
) -> tuple[Chain, list["Sampler | list[Symbol]"]]:
    """Divide the piece into passages that are kept and samplers of what stands between them."""
    chain, weights = task.chain, _constraints(request, asked, task)
    most = request.repeats or 0
    if most:
        chain = wishes.limit_repeats(chain, most)
    given = request.bridge[0] if request.bridge else request.primer
    before = _symbols(given, task) if given else []
    behind = _symbols(request.bridge[1], task) if request.bridge else []
    parts: list[Sampler | list[Symbol]] = []
    kept, begin, end = _kept(request.keep, task) if request.keep else (behind, task.n_ticks, 0)
    if not kept or begin:
        until = begin if kept else task.n_ticks
        last = _leading_to(chain, kept, most) if kept else chain.end
        starts = _starts(task.chain, before, most)
        parts.append(_sampler(task, chain, weights, slice(0, until), starts, last))
    if request.keep:
        parts.append(kept)
        if end < task.n_ticks:
            starts = _starts(task.chain, kept, most)
            rest = slice(end, task.n_ticks)
            parts.append(_sampler(task, chain, weights, rest, starts, chain.end))
    return chain, parts


def _sampler(
    task: _Task,
    chain: Chain,
    weights: dict[str, Floats],
    ticks: slice,
    starts: list[int],
    last: Floats,
) -> Sampler:
    """Sample a stretch of the piece."""
    here = {name: w if len(w) == 1 else w[ticks] for name, w in weights.items()}
    try:
        together = wishes.combined(here, ticks.stop - ticks.start, len(chain.symbols))
        return Sampler(chain, together, starts, last)
    except Impossible:
        raise _Unmet(task, chain, here, ticks, starts, last) from None


class _Unmet(Impossible):
    """No melody satisfies all wishes; it takes some time to say why."""

    def __init__(
        self,
        task: _Task,
        chain: Chain,
        weights: dict[str, Floats],
        ticks: slice,
        starts: list[int],
        last: Floats,
    ) -> None:
        self.task, self.chain, self.weights = task, chain, weights
        self.ticks, self.starts, self.last = ticks, starts, last

    def reason(self) -> str:
        """Say in which bar all fails, and without which wish there would be a melody."""
        chain, n_ticks = self.chain, self.ticks.stop - self.ticks.start
        together = wishes.combined(self.weights, n_ticks, len(chain.symbols))
        reached = self.ticks.start + wishes.reach(chain, together, self.starts)
        bar = min(reached, self.task.n_ticks - 1) // self.task.bar + 1
        names = wishes.culprits(chain, self.weights, n_ticks, self.starts, self.last)
        one = f"without {' or '.join(names)} there is one" if names else (
            "no single wish is the reason")  # fmt: skip
        return f"no melody satisfies all wishes: all fail in bar {bar} or before; {one}"


def _symbols(song: Song, task: _Task) -> list[Symbol]:
    """Write a whole song as symbols in the chain's key."""
    melody = _melody(song).transposed(-task.shift)
    return list(zip(melody.pitch, melody.ticks, strict=True))


def _melody(song: Song) -> Melody:
    melody = melodies.encode(song, TICKS_PER_BEAT)
    if melody is None:
        raise InputError(f"{song.path}: has no melody with beats to go on from")
    return melody


def _kept(passage: Passage, task: _Task) -> tuple[list[Symbol], int, int]:
    """Cut the bars that are kept out of their song; give them with their first and last step."""
    melody = _melody(passage.song)
    begin, end = (passage.first - 1) * task.bar, passage.last * task.bar
    if melody.metre != task.metre:
        n, d = melody.metre
        raise InputError(f"keep: the song is in {n}/{d}, and the new one in "
                         f"{task.metre[0]}/{task.metre[1]}")  # fmt: skip
    if end > task.n_ticks:
        raise InputError(f"keep: bar {passage.last} lies beyond {task.n_ticks // task.bar} bars")
    symbols, place = [(melodies.REST, melody.position)] if melody.position else [], 0
    symbols += zip(melody.transposed(-task.shift).pitch, melody.ticks, strict=True)
    kept = []
    for pitch, ticks in symbols:
        first, last = max(place, begin), min(place + ticks, end)
        if last > first:
            kept.append((pitch, last - first))
        place += ticks
    if sum(ticks for _, ticks in kept) < end - begin:
        raise InputError(f"keep: the song has no bar {passage.last}")
    return kept, begin, end


def _starts(chain: Chain, before: list[Symbol], most: int) -> list[int]:
    """Give the nodes after some symbols, or that of a beginning; in a chain that limits repeats.

    Those of shorter contexts follow, for wishes that what is usual after the longest one forbids.
    """
    nodes = chain.after(before[-ORDER:]) if before else [chain.begin]
    if not most:
        return nodes
    count, pitch = 1, before[-1][0] if before else None
    while before[-count - 1 : -count] and before[-count - 1][0] == pitch:
        count += 1
    # the empty context does not know the pitch before; those of its other lengths do
    same = [(symbol,) for symbol in chain.symbols if symbol[0] == pitch]
    if same:
        nodes = [node for node in nodes if chain.contexts[node]]
        nodes += [chain.after(symbol)[0] for symbol in same]
    return [node * most + min(count, most) - 1 for node in nodes]


def _leading_to(chain: Chain, behind: list[Symbol], most: int) -> Floats:
    """Weigh nodes by how likely a passage follows; a strange one may follow any."""
    weights = np.full(chain.n_nodes, STRANGE)
    symbol = behind[0]
    if symbol in chain.symbols:
        edges = np.flatnonzero(chain.symbol == chain.symbols.index(symbol))
        np.add.at(weights, chain.source[edges], chain.probability[edges])
    if most and symbol[0] != melodies.REST:
        pitches = [pitch for pitch, _ in behind[:most]]
        again = next((n for n, pitch in enumerate(pitches) if pitch != symbol[0]), len(pitches))
        same = [
            bool(context) and context[-1] >= 0 and chain.symbols[context[-1]][0] == symbol[0]
            for context in chain.contexts
        ]
        count = np.arange(chain.n_nodes) % most + 1
        weights[np.array(same) & (count + again > most)] = 0
    return weights


GENERATOR = Markov
