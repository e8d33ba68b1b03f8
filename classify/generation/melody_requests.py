"""A request for a melody: as weights of symbols at every step, and as passages that stay."""

from dataclasses import dataclass, replace

import numpy as np

from classify.errors import InputError
from classify.generation import constraints as wishes
from classify.generation import tilting
from classify.generation.chain import Chain, Floats
from classify.generation.passages import (
    STRANGE,
    Symbol,
    kept_of,
    leading_to,
    starts_after,
    symbols_of,
)
from classify.generation.request import Passage, Request, read_chord
from classify.generation.sampling import Sampler
from classify.generation.stretches import Unmet, sampler
from classify.generation.styles import HOME, TICKS_PER_BEAT, Habits, Metre
from classify.representations import melody as melodies
from classify.representations.melody import bar_ticks

#: Bars on which the weights of knobs are worked out.
TRIAL_BARS = 4


@dataclass(frozen=True, eq=False)
class Task:
    """A request beside what was learned: all that decides the melody to be drawn.

    Parameters
    ----------
    chain : Chain
        What is drawn from.
    profile : ndarray, shape (bar_ticks,)
        How often notes begin at each step of a bar.
    habits : Habits
        What songs of the mood are like.
    metre : (int, int)
        Time signature.
    n_ticks : int
        Length, in steps of the grid.
    tempo : float
        In bpm.
    minor : bool
        Whether the melody is in A minor, and not in C major.
    shift : int
        Semitones from there to the key that is asked for.
    """

    chain: Chain
    profile: Floats
    habits: Habits
    metre: Metre
    n_ticks: int
    tempo: float
    minor: bool
    shift: int

    @property
    def bar(self) -> int:
        """Steps of a bar."""
        return bar_ticks(self.metre, TICKS_PER_BEAT)


#: A chain, the passages that are kept and the samplers between them, and what they are for.
Prepared = tuple[Chain, list["Sampler | list[Symbol]"], Task]


def _constraints(request: Request, asked: set[str], task: Task) -> dict[str, Floats]:
    """Write every wish as weights of symbols, by the wish's name.

    Knobs are weights only where they were asked for: those that a mood sets, its chain has anyway.
    """
    symbols, n_ticks = task.chain.symbols, task.n_ticks
    weights = {
        "metre": wishes.in_time(task.chain.ticks, task.profile, np.arange(n_ticks) % task.bar),
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
        weights |= tilting.tilts(task.chain, trial, targets)
    return weights


def _last_tone(request: Request, task: Task) -> int | None:
    """Give the pitch class that a melody is to end on, if it is to end on one."""
    if request.bridge or not (request.key or request.mode):
        return None
    return HOME[task.minor]


def _targets(request: Request, task: Task) -> list[tilting.Target]:
    """Write the wishes for density, register and spread as sums over symbols."""
    pitch = np.array([[pitch] for pitch, _ in task.chain.symbols])
    ticks = min(task.n_ticks, TRIAL_BARS * task.bar)
    seconds = ticks / TICKS_PER_BEAT * 60 / task.tempo
    centre = task.habits.pitch, task.shift
    return tilting.knob_targets(request, pitch != melodies.REST, pitch, centre, seconds)


def prepared(request: Request, asked: set[str], task: Task) -> Prepared:
    """Prepare the samples of the chain of the highest order that can keep all wishes.

    Long contexts leave little choice, so that a wish may be impossible with them alone; and if no
    chain can end as songs do, a piece may end anywhere.

    Parameters
    ----------
    request : Request
        What is wished for.
    asked : set of str
        Which wishes a person asked for; the others a mood set.
    task : Task
        All that the request leaves open, decided.

    Returns
    -------
    chain : Chain
        As the samples have it.
    parts : list of Sampler or of symbols
        In the order in which they sound: what is drawn, and what stays.
    task : Task
        The same, of the chain that was taken.

    Raises
    ------
    InputError
        If no melody can keep all wishes; it names one and a bar.
    """
    for free in (False, True):
        for order in range(task.chain.order, 0, -1):
            chain = task.chain if order == task.chain.order else task.chain.of_order(order)
            one = replace(task, chain=_ending_anywhere(chain) if free else chain)
            try:
                return *_prepare(request, asked, one), one
            except Unmet as unmet:
                last = unmet
    raise InputError(last.reason())


def _ending_anywhere(chain: Chain) -> Chain:
    return replace(chain, end=chain.end + STRANGE)


def _prepare(
    request: Request, asked: set[str], task: Task
) -> tuple[Chain, list["Sampler | list[Symbol]"]]:
    """Divide the piece into passages that are kept and samplers of what stands between them."""
    chain, weights = task.chain, _constraints(request, asked, task)
    most = request.repeats or 0
    if most:
        chain = wishes.limit_repeats(chain, most)
    given = request.bridge[0] if request.bridge else request.primer
    before = symbols_of(given, task.shift) if given else []
    behind = symbols_of(request.bridge[1], task.shift) if request.bridge else []
    parts: list[Sampler | list[Symbol]] = []
    place, bars = 0, np.arange(task.n_ticks) // task.bar + 1
    for kept, begin, end in [*_stays(request, task), (behind, task.n_ticks, task.n_ticks)]:
        if begin > place:
            last = leading_to(chain, kept, most) if kept else chain.end
            starts = starts_after(task.chain, before, most)
            parts.append(sampler(chain, weights, slice(place, begin), starts, last, bars))
        if end > begin:
            parts.append(kept)
        place, before = end, kept
    return chain, parts


def _stays(request: Request, task: Task) -> list[tuple[list[Symbol], int, int]]:
    """Give the bars that stay, with their first and last steps."""
    given, n_bars = request.passage, task.n_ticks // task.bar
    if given is None:
        return []
    stay = [given] if request.keep else [Passage(given.song, 1, n_bars)] if request.voices else [
        Passage(given.song, first, last)
        for first, last in ((1, given.first - 1), (given.last + 1, n_bars)) if last >= first
    ]  # fmt: skip
    wish = "keep" if request.keep else "renew"
    return [kept_of(one, task.metre, task.n_ticks, task.shift, wish) for one in stay]
