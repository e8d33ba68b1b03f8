"""Melodies by a Markov chain of variable order that keeps hard constraints exactly.

Songs are moved to C major or A minor, so that all keys teach one chain, and learned as pairs of
pitch and length. A request becomes weights of these pairs at every step of the grid
(`classify.generation.constraints`), and each song is a sample of the exact conditional distribution
(`classify.generation.chain`).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation import constraints as wishes
from classify.generation import tilting as knobs
from classify.generation.chain import Chain, Floats, Impossible, Sampler
from classify.generation.generator import Generator, State
from classify.generation.request import Passage, Request, read_chord, read_key
from classify.generation.styles import HOME, ORDER, TICKS_PER_BEAT, Key, Lesson, Style, nearest
from classify.progress import Progress
from classify.representations import melody as melodies
from classify.representations.melody import Melody, bar_ticks
from classify.songs import Song

#: A mood in a time signature is learned from so many songs at least, where there are as many.
FEWEST_SONGS = 5

#: What any symbol is worth before a passage that was not learned.
STRANGE = 1e-6

#: Pitch (or `melodies.REST`) and ticks.
Symbol = tuple[int, int]


@dataclass(frozen=True, eq=False)
class _Task:
    """A request beside what was learned: all that decides the melody to be drawn."""

    style: Style
    metre: tuple[int, int]
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

    DRAWS = 500

    styles: dict[Key, Style]

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Learn one style for each mood, and for all songs, in each time signature."""
        members: dict[Key, list[Lesson]] = defaultdict(list)
        for song, mood in zip(songs, moods, strict=True):
            if lesson := Lesson.of(song):
                for name in sorted({"", mood}):
                    members[name, *lesson.melody.metre].append(lesson)
        if not members:
            raise InputError("none of the songs has a melody with beats to learn from")
        fewest = min(FEWEST_SONGS, max(len(lessons) for lessons in members.values()))
        self.styles = {
            key: Style.of(lessons) for key, lessons in members.items() if len(lessons) >= fewest
        }

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Draw a melody that keeps all wishes."""
        return next(self.draws(request, random))

    def draws(self, request: Request, random: np.random.Generator) -> Iterator[Song]:
        """Draw melodies that keep all wishes; what they need is computed once."""
        request = self.set_knobs(request, random)
        task = self._task(request, random)
        chain, samplers = _prepare(request, task)
        loudness = round(request.loudness or task.style.velocity)
        instrument = (request.instruments or (0,))[0]
        while True:
            tune = _draw(chain, samplers, task, random)
            yield melodies.decode(tune, task.tempo, instrument, loudness, "new song")

    def _task(self, request: Request, random: np.random.Generator) -> _Task:
        """Decide what the request leaves open."""
        key, style = self._style(request)
        tempo = request.tempo or style.tempo
        metre = key[1:]
        bar = bar_ticks(metre, TICKS_PER_BEAT)
        bars = request.bars or max(1, round(style.bars))
        if request.seconds is not None:
            bars = max(1, round(request.seconds * tempo / 60 * TICKS_PER_BEAT / bar))
        tonic, minor = _tonic(request, style, random)
        shift = nearest(tonic - HOME[minor])
        if request.low is not None and request.high is not None:
            shift += 12 * round(((request.low + request.high) / 2 - _middle(style) - shift) / 12)
        elif request.register is not None:
            shift += 12 * round((request.register - _middle(style) - shift) / 12)
        return _Task(style, metre, bars * bar, tempo, minor, shift)

    def _style(self, request: Request) -> tuple[Key, Style]:
        """Choose the style with the most songs of those that the request allows."""
        mood = request.mood or ""
        if not any(key[0] == mood for key in self.styles):
            raise InputError(f"mood {mood!r}: has fewer than {FEWEST_SONGS} songs in one metre")
        allowed = {
            key: style
            for key, style in self.styles.items()
            if key[0] == mood and request.metre in (None, key[1:])
        }
        if not allowed:
            known = ", ".join(sorted(f"{n}/{d}" for name, n, d in self.styles if name == mood))
            n, d = request.metre or (0, 0)
            raise InputError(f"metre {n}/{d}: was not learned; known are {known}")
        return max(allowed.items(), key=lambda item: item[1].songs)

    def state(self) -> State:
        """Give all styles."""
        arrays: dict[str, NDArray[Any]] = {}
        values: dict[str, Any] = {"styles": []}
        for place, (key, style) in enumerate(self.styles.items()):
            parts, numbers = style.state()
            arrays |= {f"{place}.{name}": part for name, part in parts.items()}
            values["styles"].append([list(key), numbers])
        return arrays, values

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "Markov":
        """Make a generator of what `state` gave."""
        markov = cls()
        markov.styles = {}
        for place, ((mood, numerator, denominator), numbers) in enumerate(values["styles"]):
            prefix = f"{place}."
            parts = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            markov.styles[mood, numerator, denominator] = Style.of_state(parts, numbers)
        return markov


def _tonic(request: Request, style: Style, random: np.random.Generator) -> tuple[int, bool]:
    """Take the key that is asked for, that of a song to go on from, or one as in the style."""
    if request.key:
        return read_key(request.key)
    given = request.keep.song if request.keep else request.primer
    if request.bridge:
        given = request.bridge[0]
    if given:
        return melodies.tonic(_melody(given))
    minor = request.minor
    if minor is None:
        minor = bool(random.random() < style.minor)
    return HOME[minor], minor


def _middle(style: Style) -> float:
    """Give the middle of a style's range, in MIDI pitch."""
    pitches = [pitch for pitch, _ in style.chain.symbols if pitch != melodies.REST]
    return (min(pitches) + max(pitches)) / 2


def _constraints(request: Request, task: _Task) -> dict[str, Floats]:
    """Write every wish as weights of symbols, by the wish's name."""
    symbols, n_ticks = task.style.chain.symbols, task.n_ticks
    weights = {
        "metre": wishes.in_time(symbols, task.style.profile, n_ticks),
        "key": wishes.begins_and_ends(symbols, n_ticks, _last_tone(request, task)),
    }
    if request.mode:
        weights["mode"] = knobs.in_mode(symbols, task.minor)
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
    return weights | knobs.tilts(
        task.style.chain, wishes.combined(weights, n_ticks, len(symbols)), _targets(request, task)
    )


def _last_tone(request: Request, task: _Task) -> int | None:
    """Give the pitch class that a melody is to end on, if it is to end on one."""
    return HOME[task.minor] if request.key and not request.bridge else None


def _targets(request: Request, task: _Task) -> list[knobs.Target]:
    """Write the wishes for density, register and spread as sums over symbols."""
    pitch = np.array([pitch for pitch, _ in task.style.chain.symbols])
    sounds = (pitch != melodies.REST).astype(float)
    middle = (request.register or _middle(task.style) + task.shift) - task.shift
    targets = []
    if request.register is not None:
        targets.append(knobs.Target("register", sounds * (pitch - middle), 0.0))
    if request.spread is not None:
        wide = sounds * ((pitch - middle) ** 2 - request.spread**2)
        targets.append(knobs.Target("spread", wide, 0.0))
    if request.density is not None:
        seconds = task.n_ticks / TICKS_PER_BEAT * 60 / task.tempo
        targets.append(knobs.Target("density", sounds, request.density * seconds))
    return targets


def _prepare(request: Request, task: _Task) -> tuple[Chain, list["Sampler | list[Symbol]"]]:
    """Divide the piece into passages that are kept and samplers of what stands between them."""
    chain, weights = task.style.chain, _constraints(request, task)
    most = request.repeats or 0
    if most:
        chain = wishes.limit_repeats(chain, most)
    given = request.bridge[0] if request.bridge else request.primer
    before = _symbols(given, task) if given else []
    behind = _symbols(request.bridge[1], task)[:1] if request.bridge else []
    parts: list[Sampler | list[Symbol]] = []
    kept, begin, end = _kept(request.keep, task) if request.keep else (behind, task.n_ticks, 0)
    if not kept or begin:
        until = begin if kept else task.n_ticks
        last = _leading_to(chain, kept[0], most) if kept else chain.end
        start = _start(chain, before, most)
        parts.append(_sampler(task, chain, weights, slice(0, until), start, last))
    if request.keep:
        parts.append(kept)
        if end < task.n_ticks:
            start = _start(chain, kept, most)
            rest = slice(end, task.n_ticks)
            parts.append(_sampler(task, chain, weights, rest, start, chain.end))
    return chain, parts


def _sampler(
    task: _Task, chain: Chain, weights: dict[str, Floats], ticks: slice, start: int, last: Floats
) -> Sampler:
    """Sample a stretch of the piece, or say what makes that impossible."""
    here = {name: w if len(w) == 1 else w[ticks] for name, w in weights.items()}
    n_ticks = ticks.stop - ticks.start
    together = wishes.combined(here, n_ticks, len(chain.symbols))
    try:
        return Sampler(chain, together, start, last)
    except Impossible:
        pass
    reached = ticks.start + wishes.reach(chain, together, start)
    bar = min(reached, task.n_ticks - 1) // task.bar + 1
    names = wishes.culprits(chain, here, n_ticks, start, last)
    one = f"without {' or '.join(names)} there is one" if names else "no single wish is the reason"
    raise InputError(f"no melody satisfies all wishes: all fail in bar {bar} or before; {one}")


def _draw(
    chain: Chain, parts: list["Sampler | list[Symbol]"], task: _Task, random: np.random.Generator
) -> Melody:
    symbols: list[Symbol] = []
    for part in parts:
        drawn = part if isinstance(part, list) else [chain.symbols[i] for i in part.draw(random)]
        symbols += drawn
    pitch, ticks = zip(*symbols, strict=True)
    return Melody(pitch, ticks, TICKS_PER_BEAT, task.metre).transposed(task.shift)


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


def _start(chain: Chain, before: list[Symbol], most: int) -> int:
    """Give the node after some symbols, or that of a beginning."""
    if not before:
        return chain.begin
    node = chain.node(before[-ORDER:])
    if not most:
        return node
    pitch, count = before[-1][0], 0
    while count < min(most, len(before)) and before[-1 - count][0] == pitch != melodies.REST:
        count += 1
    return node - node % most + max(0, count - 1)  # of the copies of a node, that of the count


def _leading_to(chain: Chain, symbol: Symbol, most: int) -> Floats:
    """Weigh nodes by how likely a symbol follows; a strange one may follow any."""
    weights = np.full(chain.n_nodes, STRANGE)
    if most:
        full = np.arange(chain.n_nodes) % most == most - 1
        same = [
            bool(context) and context[-1] >= 0 and chain.symbols[context[-1]][0] == symbol[0]
            for context in chain.contexts
        ]
        weights[full & np.array(same)] = 0
    if symbol in chain.symbols:
        edges = np.flatnonzero(chain.symbol == chain.symbols.index(symbol))
        source = np.searchsorted(chain.first, edges, side="right") - 1
        weights[source] += chain.probability[edges]
    return weights


GENERATOR = Markov
