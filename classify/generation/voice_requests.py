"""Songs in voices by a Markov chain over whole frames that keeps hard constraints exactly.

What is asked for becomes weights of frames at every sixteenth, so that each stretch that is to be
written is a sample of the exact conditional distribution. Bars that stay are left out: the chain
goes on from what stands before them, and leads to what follows. Voices that stay are a weight, too.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from classify.errors import InputError
from classify.generation import constraints as wishes
from classify.generation import knobs, tilting
from classify.generation.chain import Chain, Floats
from classify.generation.events import home_shift
from classify.generation.frame_chain import Vocabulary
from classify.generation.frames import STEP, Frame, Habits
from classify.generation.generator import Generator
from classify.generation.keys import into_range
from classify.generation.request import Request, read_chord, read_key
from classify.generation.sampling import Impossible, Sampler
from classify.generation.sonorities import LONGEST, PHASES, Bools, Frames, Ints, kinds, written
from classify.generation.stretches import Unmet, sampler
from classify.generation.styles import HOME, Metre, nearest
from classify.generation.voice_style import VoiceStyle, bar_ticks, is_minor, metre_of
from classify.generation.weights import Rows, Weights
from classify.representations.voices import REST, STEPS_PER_BEAT, Voices
from classify.songs import Song

#: What any frame is worth before music that stays, and one before a note that is held there.
STRANGE, BROKEN = 1e-6, 1e-9

#: Bars on which the weights of knobs are worked out.
TRIAL_BARS = 2

#: Of so many songs, the one that comes nearest to the knobs is taken.
CANDIDATES = 4

#: What is weighed, not promised.
AIMS = ("density", "register", "spread")


@dataclass(frozen=True, eq=False)
class _Task:
    """A request beside what was learned: all that decides what is drawn."""

    style: VoiceStyle
    chain: Chain
    vocabulary: Vocabulary
    frame: Frame
    habits: Habits
    minor: bool
    shift: int  # semitones from C major or A minor to the key of the song

    @property
    def n_ticks(self) -> int:
        return len(self.frame.fixed)

    @property
    def bars(self) -> Ints:
        """The bar of each sixteenth, from 1 on."""
        return np.asarray(np.cumsum(self.frame.voices.about[:, STEP] == 0).clip(1))

    def frames(self, part: slice) -> Frames:
        """Cut a part of what is known into frames, in the home key."""
        known = self.frame.voices
        return Frames.of(
            Voices(known.pitch[part], known.begins[part], known.about[part]), -self.shift
        )


def draws(
    style: VoiceStyle, request: Request, generator: Generator, random: np.random.Generator
) -> Iterator[Song]:
    """Draw songs that keep all wishes; what they need is computed once, for a mood for each."""
    limit = request.longest_copy or generator.longest_copy
    n_candidates = CANDIDATES if request.asked & set(AIMS) else 1
    prepared = None
    while True:
        if request.mood or not prepared:
            wished = generator.set_knobs(request, random)
            prepared = _prepared(style, wished, request.asked, random)
        songs = [
            _draw(*prepared, wished, generator, limit, random) for _ in range(n_candidates)
        ]  # fmt: skip
        yield min(songs, key=partial(knobs.distance, asked=wished)) if songs[1:] else songs[0]


def _draw(
    task: _Task,
    parts: Sequence[tuple[slice, Sampler]],
    request: Request,
    generator: Generator,
    limit: int,
    random: np.random.Generator,
) -> Song:
    """Draw what is to be written."""
    vocabulary, known = task.vocabulary, task.frame.voices
    top, ticks = vocabulary.top.tolist(), vocabulary.ticks.tolist()

    def copies(drawn: list[int]) -> bool:
        ending = [(top[i], ticks[i]) for i in drawn[-4 * limit - 4 :]]
        return generator.repertoire.begins_copy(ending, STEPS_PER_BEAT, limit)

    pitch, begins = known.pitch.copy(), known.begins.copy()
    for part, one in parts:
        try:
            drawn = one.draw(random, copies)
        except Impossible:  # for the whole song it is said why
            drawn = one.draw(random)
        nowhere = np.zeros(len(drawn), np.int64)
        new = Frames(
            vocabulary.pitch[drawn], vocabulary.begins[drawn], vocabulary.ticks[drawn], nowhere
        )
        sounding, begins[part] = written(new)
        pitch[part] = np.where(sounding == REST, REST, sounding + task.shift)
    voices = Voices(pitch, begins, known.about)
    return task.frame.finished(voices, request, task.habits)


def _prepared(
    style: VoiceStyle, request: Request, asked: set[str], random: np.random.Generator
) -> tuple[_Task, list[tuple[slice, Sampler]]]:
    """Prepare samples of songs of the mood, or of all songs where those allow nothing."""
    task = _task(style, request, random)
    mixed = (False, True) if request.mood else (False,)
    for mix in mixed:
        chain, vocabulary = style.chain(request.mood or "", task.minor, mix)
        for free in (0.0, STRANGE):  # if no chain can end as songs do, a piece may end anywhere
            ending = replace(chain, end=chain.end + free)
            one = replace(task, chain=ending, vocabulary=vocabulary)
            try:
                return one, _parts(one, request, asked)
            except Unmet as unmet:
                last = unmet
    raise InputError(last.reason("music in voices"))


def _task(style: VoiceStyle, request: Request, random: np.random.Generator) -> _Task:
    """Decide what the request leaves open."""
    given = request.given
    usual = style.habits(request.mood or "")
    metre = _metre(style, request, given)
    habits = Habits(style.n_voices, usual.tempo, metre, max(1, round(usual.bars)), usual.velocity)
    if request.key:
        tonic, minor = read_key(request.key)
        shift = nearest(tonic - HOME[minor])
    elif given is not None:
        minor, shift = is_minor(given), -home_shift(given)
    else:
        minor = bool(random.random() < usual.minor) if request.minor is None else request.minor
        shift = 0
    if request.keep is None and request.renew is None:
        shift = into_range(request, shift, usual.pitch)
    frame = _with_silent_ends(Frame.of(request, habits))
    chain, vocabulary = style.chain(request.mood or "", minor)
    return _Task(style, chain, vocabulary, frame, habits, minor, shift)


def _with_silent_ends(frame: Frame) -> Frame:
    """Let all voices wait for those that stay, and end with them."""
    sounds = np.flatnonzero((frame.voices.pitch != REST).any(axis=1))
    if not frame.fixed.any() or not len(sounds):
        return frame
    place = np.arange(len(frame.fixed))
    silent = ((place < sounds[0]) | (place > sounds[-1])) & frame.fixed.any(axis=1)
    return replace(frame, fixed=frame.fixed | silent[:, np.newaxis])


def _metre(style: VoiceStyle, request: Request, given: Song | None) -> Metre:
    """Choose the time signature: as asked, as that of the song it goes with, or the usual one."""
    known = list(style.profiles)
    if given is not None and request.metre is None:
        own = metre_of(Voices.of(given, style.n_voices))
        if own in known:
            return own
        if request.passage:
            n, d = own
            names = ", ".join(f"{n}/{d}" for n, d in known)
            raise InputError(f"metre {n}/{d} of the song that is given: was not learned; known "
                             f"are {names}")  # fmt: skip
    return request.metre_among(known)


def _parts(task: _Task, request: Request, asked: set[str]) -> list[tuple[slice, Sampler]]:
    """Prepare a sampler of each stretch that is to be written."""
    weights, most = _constraints(task, request, asked), request.repeats or 0
    chain, vocabulary = task.chain, task.vocabulary
    if most:
        held = ~vocabulary.begins[:, 0] & (vocabulary.pitch[:, 0] != REST)
        now = np.where(vocabulary.begins[:, 0], vocabulary.pitch[:, 0], REST)
        chain = wishes.limited(chain, most, vocabulary.last[:, 0], now, held)
    free = ~task.frame.fixed.all(axis=1)
    edges = np.flatnonzero(np.diff(free.astype(int), prepend=0, append=0)).reshape(-1, 2)
    parts = []
    for begin, end in edges.tolist():
        here = slice(begin, end)
        starts = _starts(task, _before(task, request, begin), most)
        behind = _behind(task, request, end)
        last = chain.end if behind is None else _leading_to(task, behind, most)
        parts.append((here, sampler(chain, weights, here, starts, last, task.bars)))
    return parts


def _before(task: _Task, request: Request, begin: int) -> Frames | None:
    """Give what a stretch goes on from."""
    if begin:
        return task.frames(slice(0, begin))
    given = request.bridge[0] if request.bridge else request.primer
    return None if given is None else _whole(task, given)


def _behind(task: _Task, request: Request, end: int) -> Frames | None:
    """Give what a stretch leads to."""
    if end < task.n_ticks:
        behind = task.frames(slice(end, None))
        return behind if (behind.pitch != REST).any() else None
    return _whole(task, request.bridge[1]) if request.bridge else None


def _whole(task: _Task, song: Song) -> Frames:
    if not (~song.notes["drum"]).any():
        raise InputError(f"{song.path}: has no notes but drums to go on from")
    return Frames.of(Voices.of(song, task.style.n_voices), -task.shift)


def _starts(task: _Task, before: Frames | None, most: int) -> list[int]:
    """Give the nodes after some frames, those that know more first, and that of a beginning."""
    begin, nodes, count = task.chain.begin, list[int](), 1
    if before is not None:
        last = (task.vocabulary.last == before.pitch[-1]).all(axis=1)
        nodes = [n for n in np.flatnonzero(last).tolist() if len(task.chain.contexts[n]) == 1]
        if len(before) > 1:
            both = [
                n for n in np.flatnonzero(last).tolist() if len(task.chain.contexts[n]) == 2
                and (task.vocabulary.last[task.chain.contexts[n][0]] == before.pitch[-2]).all()
            ]  # fmt: skip
            nodes = both + nodes
        count = max(1, _run(_struck(before)[::-1]))
    if not most:
        return [*nodes, begin]
    return [node * most + min(count, most) - 1 for node in nodes] or [begin * most]


def _struck(frames: Frames) -> list[int]:
    """Give the pitches that the highest voice begins, and its rests."""
    return [
        int(pitch) for pitch, begins in zip(frames.pitch[:, 0], frames.begins[:, 0], strict=True)
        if begins or pitch == REST
    ]  # fmt: skip


def _run(pitches: Sequence[int]) -> int:
    """Count equal pitches at the beginning."""
    return next((n for n, pitch in enumerate(pitches) if pitch != pitches[0]), len(pitches))


def _leading_to(task: _Task, behind: Frames, most: int) -> Floats:
    """Weigh nodes by how likely some frames follow; strange ones may follow any."""
    chain, vocabulary = task.chain, task.vocabulary
    pitch, begins = behind.pitch[0], behind.begins[0]
    held = ~begins & (pitch != REST)
    weights = np.where(((vocabulary.last == pitch) | ~held).all(axis=1), STRANGE, BROKEN)
    same = (vocabulary.pitch == pitch).all(axis=1) & (vocabulary.begins == begins).all(axis=1)
    edges = np.flatnonzero(same[chain.symbol])
    np.add.at(weights, chain.source[edges], chain.probability[edges])
    if not most:
        return weights
    weights = np.repeat(weights, most)
    struck = _struck(behind)
    if struck and struck[0] != REST:
        count = np.arange(len(weights)) % most + 1
        again = np.repeat(vocabulary.last[:, 0] == struck[0], most)
        weights[again & (count + _run(struck) > most)] = 0
    return weights


def _constraints(task: _Task, request: Request, asked: set[str]) -> dict[str, Weights]:
    """Write every wish as weights of frames, by the wish's name."""
    vocabulary = task.vocabulary
    weights: dict[str, Weights] = {"metre": _in_time(task), "key": _ending(task, request)}
    if request.low is not None or request.high is not None:
        low = 0 if request.low is None else request.low
        high = 127 if request.high is None else request.high
        pitch = vocabulary.pitch + task.shift
        inside = (vocabulary.pitch == REST) | ((pitch >= low) & (pitch <= high))
        weights["range"] = inside.all(axis=1, keepdims=True).T.astype(float)
    if request.chords:
        weights["chords"] = _on_chords(task, request.chords)
    if request.voices:
        weights["voices"] = _with_voices(task)
    targets = _targets(task, request, asked)
    if targets:
        trial = wishes.combined(weights, task.n_ticks, len(vocabulary.ticks))
        bar = bar_ticks(task.habits.metre)
        weights |= tilting.tilts(task.chain, trial[: TRIAL_BARS * bar], targets)
    return weights


def _in_time(task: _Task) -> Rows:
    """Allow frames where in a bar such as they begin, by their length and by their chord."""
    style, vocabulary = task.style, task.vocabulary
    profile = style.profiles[task.habits.metre]
    places = task.frame.voices.about[:, STEP].astype(np.int64) % len(profile)
    table = np.asarray(wishes.in_time(vocabulary.ticks, profile, np.arange(len(profile))))
    chord = np.searchsorted(style.chords, kinds(vocabulary.pitch))
    phases = style.phases[chord][:, PHASES[np.arange(len(profile)) % STEPS_PER_BEAT]].T
    return Rows(table * phases, places)


def _ending(task: _Task, request: Request) -> Rows:
    """Want something to sound last: the tonic in the lowest voice where a key is asked for."""
    vocabulary = task.vocabulary
    sounds = vocabulary.pitch != REST
    wrong = ~sounds.any(axis=1)
    if (request.key or request.mode) and not request.bridge:
        lowest = np.where(sounds, vocabulary.pitch, 999).min(axis=1)
        wrong |= lowest % 12 != HOME[task.minor]
    table = np.ones((LONGEST + 1, len(wrong)))
    for left in range(1, LONGEST + 1):
        table[left, wrong & (vocabulary.ticks == left)] = 0
    until = task.n_ticks - np.arange(task.n_ticks)
    return Rows(table, np.where(until > LONGEST, 0, until))


def _on_chords(task: _Task, chords: Sequence[str]) -> Rows:
    """Want everything that sounds on a beat to be of the chord; one chord a bar, in turn."""
    wanted = [
        sum(1 << (pitch - task.shift) % 12 for pitch in read_chord(symbol)) for symbol in chords
    ]
    vocabulary, place = task.vocabulary, task.frame.voices.about[:, STEP].astype(int)
    classes = np.where(vocabulary.pitch == REST, 0, 1 << vocabulary.pitch % 12)
    classes = np.bitwise_or.reduce(classes, axis=1)
    bar = task.bars - 1
    keys: list[Hashable] = []
    for tick in range(task.n_ticks):
        until = min(tick + LONGEST, task.n_ticks)
        beats = [t for t in range(tick, until) if place[t] % STEPS_PER_BEAT == 0]
        keys.append(tuple((t - tick, wanted[bar[t] % len(wanted)]) for t in beats))

    def row(key: tuple[tuple[int, int], ...]) -> Bools:
        fits = np.ones(len(classes), bool)
        for after, chord in key:
            fits &= (vocabulary.ticks <= after) | (classes & ~chord == 0)
        return fits

    return _rows(keys, row)


def _with_voices(task: _Task) -> Rows:
    """Let voices that stay do what they do."""
    vocabulary, known, fixed = task.vocabulary, task.frame.voices, task.frame.fixed
    pitch = np.where(known.pitch == REST, REST, known.pitch - task.shift)
    changes = known.begins | (pitch != np.roll(pitch, 1, axis=0))
    runs = np.zeros(pitch.shape, np.int64)
    lasting = np.full(pitch.shape[1], LONGEST)
    for tick in reversed(range(len(pitch))):
        runs[tick] = np.minimum(lasting + 1, LONGEST)
        lasting = np.where(changes[tick], 0, runs[tick])
    keys: list[Hashable] = [
        tuple(
            (voice, int(pitch[t, voice]), bool(known.begins[t, voice]), int(runs[t, voice]))
            for voice in np.flatnonzero(fixed[t]).tolist()
        )
        for t in range(len(pitch))
    ]

    def row(key: tuple[tuple[int, int, bool, int], ...]) -> Bools:
        fits = np.ones(len(vocabulary.ticks), bool)
        for voice, sounding, begins, left in key:
            fits &= (vocabulary.pitch[:, voice] == sounding) & (vocabulary.ticks <= left)
            fits &= vocabulary.begins[:, voice] == begins
        return fits

    return _rows(keys, row)


def _rows(keys: Sequence[Hashable], row: Callable[[Any], Bools]) -> Rows:
    """Make the row of each key once."""
    numbers = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    table = np.stack([row(key) for key in numbers]).astype(float)
    return Rows(table, np.array([numbers[key] for key in keys]))


def _targets(task: _Task, request: Request, asked: set[str]) -> list[tilting.Target]:
    """Write the wishes for density, register and spread as sums over frames."""
    ticks = min(task.n_ticks, TRIAL_BARS * bar_ticks(task.habits.metre))
    seconds = ticks / STEPS_PER_BEAT * 60 / (request.tempo or task.habits.tempo)
    usual = task.style.habits().pitch
    vocabulary = task.vocabulary
    of_knobs = tilting.knob_targets(
        request, vocabulary.begins, vocabulary.pitch, (usual, task.shift), seconds
    )
    return [target for target in of_knobs if target.name in asked]
