"""Songs as phrases of a few voices on a grid of sixteenths, and phrases as songs again.

A phrase is some bars; at each step, each voice has one of 130 symbols: a pitch that begins, the
last one held, or silence (Valenti et al. 2020; Roberts et al. 2018 have as many but for pitches
below and above a piano's). Songs are moved to C major or A minor. Of notes that begin, the loudness
is learned beside the pitch, in 16 classes.

Voices are told by place, not by instrument: the highest of the notes that begin together is the
melody, the lowest the bass, the highest of what is left an inner voice; drums have one, too. What
is lost: further notes that begin together, overlaps within a voice, what is finer than the grid,
changes of tempo and of metre.

A phrase has room for the longest bar of the songs that were learned from; in shorter bars the
steps behind the bar's end are `NOTHING` and do not count.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classify.generation.styles import HOME, nearest
from classify.representations import melody as melodies
from classify.representations.melody import SHORTEST_REST, bar_ticks
from classify.representations.sequences import note_array, song_of
from classify.songs import Song

Ints = NDArray[np.int64]

#: Symbols that are no pitch, and what stands where there is no step.
HOLD, SILENCE, NOTHING = 128, 129, -1
SYMBOLS = 130

#: Classes of loudness, and velocities in each.
LOUDNESS, BIN = 16, 8

#: Steps in a quarter note, and in the longest bar that is learned: one in 12/8.
TICKS_PER_BEAT, LONGEST_BAR = 4, 24

#: Steps that a note can be held.
LONGEST_NOTE = TICKS_PER_BEAT * melodies.LONGEST

#: Voices, in the order in which songs have them.
MELODY, INNER, BASS, DRUMS = "melody", "inner voice", "bass", "drums"
VOICES = (MELODY, INNER, BASS, DRUMS)


@dataclass(frozen=True, eq=False)
class Score:
    """A song on the grid.

    Parameters
    ----------
    symbols : ndarray of int, shape (n_bars, bar_steps, n_voices)
        In the home key; `NOTHING` behind the end of a bar that is shorter.
    loudness : ndarray of int, the same shape
        Class of the notes that begin; 0 elsewhere.
    voices : tuple of str
        Of `VOICES`.
    metre : (int, int)
        Time signature.
    shift : int
        Semitones from the home key to that of the song.
    tempo : float
        Quarter notes a minute.
    programs : mapping of str to int
        General MIDI instrument of each voice.
    title : str
        Of the song.
    """

    symbols: Ints
    loudness: Ints
    voices: tuple[str, ...]
    metre: tuple[int, int] = melodies.COMMON_TIME
    shift: int = 0
    tempo: float = 120.0
    programs: Mapping[str, int] | None = None
    title: str = "new song"

    @property
    def n_bars(self) -> int:
        """Bars."""
        return len(self.symbols)

    @property
    def minor(self) -> bool:
        """Whether it is in A minor, rather than in C major, by the melody's key."""
        melody = melodies.encode(decode(replace(self, shift=0)))
        return melodies.tonic(melody)[1] if melody else False


def length_of(metre: tuple[int, int]) -> int:
    """Count the steps of a bar.

    >>> length_of((6, 8))
    12
    """
    return bar_ticks(metre, TICKS_PER_BEAT)


@dataclass(frozen=True, eq=False)
class Grid:
    """Notes of a song by steps of the grid, from the first bar on.

    Parameters
    ----------
    begin, end : ndarray of int, shape (n_notes,)
        Steps.
    notes : ndarray of NOTE, shape (n_notes,)
        As the song has them; those without beats are left out.
    metre : (int, int)
        Time signature.
    n_bars : int
        Bars.
    shift : int
        Semitones from the home key to that of the song.
    tempo : float
        Quarter notes a minute.
    """

    begin: Ints
    end: Ints
    notes: NDArray[np.void]
    metre: tuple[int, int]
    n_bars: int
    shift: int
    tempo: float

    @property
    def length(self) -> int:
        """Steps of a bar."""
        return length_of(self.metre)


def on_grid(song: Song, longest: int = LONGEST_BAR) -> Grid | None:
    """Lay a song on the grid; None without pitched notes or beats, or with longer bars."""
    melody = melodies.encode(song, TICKS_PER_BEAT)
    if melody is None or melody.bar_ticks > longest:
        return None
    tonic, minor = melodies.tonic(melody)
    notes = song.notes[np.isfinite(song.notes["beat"])]
    begin = np.round(notes["beat"].astype(float) * TICKS_PER_BEAT).astype(int)
    end = np.round(song.beats_at(notes["onset"] + notes["duration"]) * TICKS_PER_BEAT).astype(int)
    first = int(begin[~notes["drum"]][0]) - melody.position
    last = max(end.max(), begin.max() + 1)  # a short note may end in the step that it begins in
    n_bars = -(-int(last - first) // melody.bar_ticks)
    tempo = float(song.tempi[0, 1]) if len(song.tempi) else 120.0
    shift = nearest(tonic - HOME[minor])
    return Grid(begin - first, end - first, notes, melody.metre, n_bars, shift, tempo)


def encode(song: Song, voices: Sequence[str] = VOICES, bar_steps: int = 0) -> Score | None:
    """Write a song on the grid.

    Parameters
    ----------
    song : Song
        With beats.
    voices : sequence of str
        Those that are written.
    bar_steps : int
        Steps that there is room for in a bar; as many as its bars have unless given.

    Returns
    -------
    Score or None
        None where it has no pitched notes or no beats, or longer bars.

    Examples
    --------
    >>> from classify.representations.melody import Melody
    >>> tune = Melody((60, 62, melodies.REST, 64, 60), (2, 2, 4, 2, 6), 4)
    >>> score = encode(melodies.decode(tune, tempo=90), (MELODY,))
    >>> score.symbols[0, :6, 0].tolist(), score.shift
    ([60, 128, 62, 128, 129, 129], 0)
    >>> melodies.encode(decode(score)) == tune
    True
    """
    grid = on_grid(song, bar_steps or LONGEST_BAR)
    if grid is None:
        return None
    begin, end, notes, length, n_bars = grid.begin, grid.end, grid.notes, grid.length, grid.n_bars
    shape = n_bars, bar_steps or length, len(voices)
    symbols, loudness = np.full(shape, NOTHING), np.zeros(shape, int)
    programs = dict[str, int]()
    places = _places(begin, notes)
    for n, voice in enumerate(voices):
        chosen = places[voice]
        line = _line(begin[chosen], end[chosen], notes[chosen], n_bars * length,
                     0 if voice == DRUMS else grid.shift)  # fmt: skip
        symbols[:, :length, n], loudness[:, :length, n] = line.reshape(2, n_bars, length)
        if len(chosen) and voice != DRUMS:
            programs[voice] = Counter(notes["program"][chosen].tolist()).most_common(1)[0][0]
    return Score(symbols, loudness, tuple(voices), grid.metre, grid.shift, grid.tempo, programs,
                 song.title)  # fmt: skip


def _places(begin: Ints, notes: NDArray[np.void]) -> dict[str, NDArray[np.intp]]:
    """Tell notes to voices; give the places of each, in order of time, one a step."""
    order = np.lexsort((notes["pitch"], begin))
    drum = notes["drum"][order]
    pitched, drums = order[~drum], order[drum]
    at = begin[pitched]
    is_last = np.append(np.diff(at) > 0, True)[: len(at)]
    melody, rest = pitched[is_last], pitched[~is_last]
    at = begin[rest]
    is_first = np.append(True, np.diff(at) > 0)[: len(at)]
    bass, rest = rest[is_first], rest[~is_first]
    inner = rest[np.append(np.diff(begin[rest]) > 0, True)[: len(rest)]]
    drums = drums[np.append(True, np.diff(begin[drums]) > 0)[: len(drums)]]
    return {MELODY: melody, INNER: inner, BASS: bass, DRUMS: drums}


def _line(begin: Ints, end: Ints, notes: NDArray[np.void], n_steps: int, shift: int) -> Ints:
    """Write a voice as symbols and classes of loudness, shape (2, n_steps)."""
    line = np.stack([np.full(n_steps, SILENCE), np.zeros(n_steps, int)])
    inside = (begin >= 0) & (begin < n_steps)
    begin, end, notes = begin[inside], end[inside], notes[inside]
    following = np.append(begin[1:], n_steps)[: len(begin)]
    for first, last, after, note in zip(begin, end, following, notes, strict=True):
        stops = min(max(last, first + 1), after)
        if after < n_steps and after - stops < SHORTEST_REST * TICKS_PER_BEAT:
            stops = after  # so short a gap is articulation
        line[0, first + 1 : min(stops, first + LONGEST_NOTE)] = HOLD
        line[:, first] = np.clip(int(note["pitch"]) - shift, 0, 127), note["velocity"] // BIN
    return line


def decode(score: Score) -> Song:
    """Make a song of a score; a hold behind a silence is silence."""
    length = length_of(score.metre)
    per_step = 60 / score.tempo / TICKS_PER_BEAT
    parts = []
    for n, voice in enumerate(score.voices):
        symbols = score.symbols[:, :length, n].ravel()
        loudness = score.loudness[:, :length, n].ravel()
        begin = np.flatnonzero((symbols >= 0) & (symbols < HOLD))
        ends = np.append(np.flatnonzero(symbols != HOLD), len(symbols))
        end = ends[np.searchsorted(ends, begin, side="right")]
        end = np.minimum(end, begin + LONGEST_NOTE)
        drum = voice == DRUMS
        pitch = symbols[begin] + (0 if drum else score.shift)
        parts.append(note_array(
            onset=begin * per_step, duration=(end - begin) * per_step, beat=begin / TICKS_PER_BEAT,
            pitch=folded(pitch), velocity=(loudness[begin] * BIN + BIN // 2).clip(1, 127),
            program=0 if drum else (score.programs or {}).get(voice, 0), drum=drum,
        ))  # fmt: skip
    metres, tempi = np.array([[0, *score.metre]]), np.array([[0, score.tempo]])
    return song_of(apart(np.concatenate(parts)), tempi, metres, score.title)


def apart(notes: NDArray[np.void]) -> NDArray[np.void]:
    """End each note where its instrument begins the same pitch again, and begin none twice."""
    order = np.lexsort((-notes["duration"], notes["onset"], notes["pitch"], notes["program"],
                        notes["drum"]))  # fmt: skip
    notes = notes[order]
    same = np.ones(max(0, len(notes) - 1), bool)
    for name in ("pitch", "program", "drum"):
        same &= notes[name][1:] == notes[name][:-1]
    gap = np.diff(notes["onset"])
    notes["duration"][:-1] = np.where(
        same & (gap > 0), np.minimum(notes["duration"][:-1], gap), notes["duration"][:-1]
    )
    return notes[np.append(True, ~(same & (gap <= 0)))[: len(notes)]]


def folded(pitch: Ints) -> Ints:
    """Move pitches that no instrument of MIDI has by octaves to where they are some.

    >>> folded(np.array([-1, 60, 130])).tolist()
    [11, 60, 118]
    """
    below, above = -(np.minimum(pitch, 0) // 12), -(-np.maximum(pitch - 127, 0) // 12)
    return np.asarray(pitch + 12 * below - 12 * above)


def common_voices(scores: Sequence[Score], share: float = 0.1) -> tuple[str, ...]:
    """Name the voices that have notes in at least such a share of songs; always the melody."""
    heard = [((s.symbols >= 0) & (s.symbols < HOLD)).any(axis=(0, 1)) for s in scores]
    often = np.mean(heard, axis=0) >= share
    return tuple(v for v, kept in zip(scores[0].voices, often, strict=True) if kept or v == MELODY)


def cut(score: Score, bars: int, first: int = 0) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Cut a score into phrases of so many bars, from the bar `first` on.

    Returns
    -------
    symbols, loudness, counts : ndarray, each of shape (n_phrases, bars, bar_steps, n_voices)
        `counts` says where there is music to be learned: steps within bars, bars within the song.
        Behind the end of a song there is silence.
    """
    first = min(first, score.n_bars - 1)
    n_left = score.n_bars - first
    n_phrases = -(-n_left // bars)
    shape = n_phrases * bars, *score.symbols.shape[1:]
    silent = np.full(shape[1:], NOTHING)
    silent[: length_of(score.metre)] = SILENCE
    symbols, loudness = np.broadcast_to(silent, shape).copy(), np.zeros(shape, int)
    symbols[:n_left], loudness[:n_left] = score.symbols[first:], score.loudness[first:]
    counts = symbols != NOTHING
    counts[n_left:] = False
    whole = n_phrases, bars, *score.symbols.shape[1:]
    return symbols.reshape(whole), loudness.reshape(whole), counts.reshape(whole)
