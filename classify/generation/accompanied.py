"""New songs of a melody that is known and an accompaniment that is drawn to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from classify.generation.accompaniment import BARE, Accompaniment, Attacks, Ints, Sampler
from classify.generation.chain import Floats
from classify.generation.request import Request, read_chord
from classify.generation.styles import TICKS_PER_BEAT
from classify.representations import melody as melodies
from classify.representations.melody import REST, Melody
from classify.representations.sequences import note_array, song_of
from classify.songs import Song

#: No note beneath a melody is lower, that of a piano's lowest key, unless a range is asked for; nor
#: is one as far below the melody as no note is of a song that is drawn.
LOWEST = 21

#: All pitch classes, as bits.
ANY_CHORD = 0xFFF

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Setting:
    """What an accompaniment is drawn for.

    Parameters
    ----------
    mood : str
        Whose songs count; empty for all.
    minor : bool
        The mode.
    shift : int
        Semitones from C major or A minor to the key of the melody.
    tempo : float
        Quarter notes a minute.
    velocity : int
        Of all notes.
    """

    mood: str
    minor: bool
    shift: int
    tempo: float
    velocity: int


def accompany(
    learned: Accompaniment,
    tune: Melody,
    setting: Setting,
    request: Request,
    random: np.random.Generator,
) -> Song:
    """Draw notes beneath a melody; the melody of the song is what it was.

    Parameters
    ----------
    learned : Accompaniment
        Of songs.
    tune : Melody
        The melody.
    setting : Setting
        What is drawn.
    request : Request
        Whose range and chords hold for all notes; in bars that stay, all notes of the song do.
    random : numpy.random.Generator
        Draws.
    """
    pitch, ticks = np.array(tune.pitch), np.array(tune.ticks)
    begin = tune.position + np.cumsum(ticks) - ticks
    sounds = pitch != REST
    top, begin, gap = pitch[sounds] - setting.shift, begin[sounds], ticks[sounds]
    low = request.low
    if low is None:
        deepest = pitch[sounds].mean() - learned.depth(setting.mood, random)
        low = max(LOWEST, round(float(deepest)))
    drawn = sampler(learned, tune, (top, begin, gap), setting, request, low).draw(random)
    attacks = _chosen(learned.attacks, np.array(drawn), top, gap)
    if stay := request.passage:
        attacks = _with_bars_that_stay(attacks, request, stay.song, tune, begin, setting.shift)
    return _song(attacks, begin, gap, tune, setting, request.instruments)


def sampler(
    learned: Accompaniment,
    tune: Melody,
    notes: tuple[Ints, Ints, Ints],
    setting: Setting,
    request: Request,
    low: int,
) -> Sampler:
    """Prepare accompaniments of a melody.

    Parameters
    ----------
    notes : (ndarray, ndarray, ndarray) of int
        Pitch in C major or A minor, first tick, and ticks until the next note or rest, of each.
    low : int
        The lowest pitch beneath it.
    """
    attacks = learned.attacks
    below = attacks.lower[:, :, 0]
    pitch = np.where(below > 0, attacks.top[:, None] - below + setting.shift, 0)
    fits = ((below == 0) | (pitch >= low)).all(axis=1)
    classes = np.bitwise_or.reduce(np.where(below > 0, 1 << pitch % 12, 0), axis=1)
    chords = [sum(1 << p for p in read_chord(symbol)) for symbol in request.chords or ()]
    choices, weights = [], []
    known = dict[tuple[int, ...], tuple[Ints, Floats]]()  # melodies repeat what they do
    for top, begin, gap in zip(*(part.tolist() for part in notes), strict=True):
        at = begin % TICKS_PER_BEAT
        chord = chords[begin // tune.bar_ticks % len(chords)] if chords and not at else ANY_CHORD
        if (top, at, gap, chord) not in known:
            found = learned.fitting(top, at, gap)
            found = found[fits[found] & (classes[found] & ~chord == 0)]
            weight = np.ones(len(found) + 1)
            weight[-1] = BARE
            known[top, at, gap, chord] = np.append(found, -1), weight
        one, weight = known[top, at, gap, chord]
        choices.append(one)
        weights.append(weight)
    return Sampler(learned.table(setting.mood, setting.minor), attacks.harmony, choices, weights)


def _chosen(attacks: Attacks, drawn: Ints, top: Ints, gap: Ints) -> Attacks:
    """Lay out the attacks that were drawn; bare ones have the melody alone."""
    bare = drawn < 0
    program = np.bincount(attacks.program).argmax()
    return Attacks(
        top,
        np.where(bare, gap, attacks.sustain[drawn]),
        gap,
        np.zeros_like(gap),
        np.where(bare, program, attacks.program[drawn]),
        np.where(bare[:, None, None], 0, attacks.lower[drawn]),
        attacks.harmony[drawn],
        np.zeros_like(gap),
    )


def _with_bars_that_stay(
    new: Attacks, request: Request, song: Song, tune: Melody, begin: Ints, shift: int
) -> Attacks:
    """Put all notes of a song in its bars that stay."""
    old, known = Attacks.of(song, -shift), melodies.encode(song, TICKS_PER_BEAT)
    passage = request.passage
    assert passage is not None and known is not None
    first, last = (passage.first - 1) * tune.bar_ticks, passage.last * tune.bar_ticks
    inside = (begin >= first) & (begin < last)
    stays = inside if request.keep else ~inside
    at = old.at - old.at[0] + known.position
    place = np.searchsorted(at, begin).clip(max=len(at) - 1)
    stays &= at[place] == begin
    return Attacks(
        new.top,
        np.where(stays, old.sustain[place], new.sustain),
        new.gap,
        new.place,
        np.where(stays, old.program[place], new.program),
        np.where(stays[:, None, None], old.lower[place], new.lower),
        new.harmony,
        new.at,
    )


def _song(
    attacks: Attacks,
    begin: Ints,
    gap: Ints,
    tune: Melody,
    setting: Setting,
    instruments: Sequence[int] | None,
) -> Song:
    """Write attacks as a song."""
    n_ticks = tune.position + sum(tune.ticks)
    follows = np.append(begin[1:] == (begin + gap)[:-1], False)  # no rest comes between
    until = np.where(follows, np.maximum(gap, attacks.sustain), gap)
    note, rank = np.nonzero(attacks.lower[:, :, 0])
    lower = attacks.lower[note, rank]
    pitch = np.concatenate([attacks.top, attacks.top[note] - lower[:, 0]]) + setting.shift
    first = np.concatenate([begin, begin[note]])
    last = np.minimum(np.concatenate([begin + until, begin[note] + lower[:, 1]]), n_ticks)
    program = np.concatenate([attacks.program, lower[:, 2]])
    if instruments:
        lowest = rank == (attacks.lower[note, :, 0] > 0).sum(axis=1) - 1
        part = np.concatenate([np.zeros(len(begin), int), np.where(lowest, 2, 1)])
        program = np.array(instruments)[np.minimum(part, len(instruments) - 1)]
    inside = (pitch >= 0) & (pitch <= 127)
    pitch, first, last, program = (part[inside] for part in (pitch, first, last, program))
    last = np.maximum(until_struck_again(pitch, first, last), first + 1)
    seconds = 60 / setting.tempo / TICKS_PER_BEAT
    notes = note_array(
        onset=first * seconds, duration=(last - first) * seconds, beat=first / TICKS_PER_BEAT,
        pitch=pitch, velocity=setting.velocity, program=program,
    )  # fmt: skip
    metres = np.array([[0.0, *tune.metre]])
    return song_of(notes, np.array([[0.0, setting.tempo]]), metres, "new song")


def until_struck_again(
    pitch: NDArray[Any], first: NDArray[Number], last: NDArray[Number]
) -> NDArray[Number]:
    """End notes where their pitch is struck again: each pitch, when it begins, and when it ends."""
    order = np.lexsort((first, pitch))
    again = np.append(pitch[order][1:] == pitch[order][:-1], False)
    following = np.append(first[order][1:], 0)
    ends = last.copy()
    ends[order] = np.where(again, np.minimum(last[order], following), last[order])
    return ends
