"""What is asked of a generator."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from classify.errors import InputError
from classify.songs import Song

#: Semitones above C of the letters of notes.
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

#: Semitones above the root, by what follows it in a chord symbol.
CHORDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
}

#: Slowest and fastest tempo that can be asked for, in quarter notes a minute.
TEMPI = (20.0, 400.0)

#: Most bars that can be asked for.
MOST_BARS = 512

#: Least and most of each wish that is a number.
BOUNDS = {
    "bars": (1, MOST_BARS), "seconds": (1, 3600), "tempo": TEMPI, "density": (0.1, 50),
    "register": (0, 127), "loudness": (1, 127), "spread": (0, 40), "syncopation": (0, 1),
    "low": (0, 127), "high": (0, 127), "repeats": (1, 64), "longest_copy": (1, 1000),
}  # fmt: skip


@dataclass(frozen=True)
class Passage:
    """Bars that stay as they are in a song.

    Parameters
    ----------
    song : Song
        The song they are of.
    first, last : int
        Bars, counted from 1; both are kept.
    """

    song: Song
    first: int
    last: int


@dataclass(frozen=True)
class Request:
    """A wish for one song. What is None is left to the generator.

    Parameters
    ----------
    bars : int, optional
        Length.
    seconds : float, optional
        Length, instead of bars: the nearest number of whole bars, where a generator counts these.
    mood : str, optional
        A mood that the generator has learned; it sets the knobs that are left open.
    tempo : float, optional
        Quarter notes a minute.
    density : float, optional
        Notes a second.
    register : float, optional
        Mean MIDI pitch.
    mode : {"major", "minor"}, optional
        Of the key.
    loudness : float, optional
        Mean velocity, 1-127.
    spread : float, optional
        Standard deviation of pitch, in semitones.
    syncopation : float, optional
        Share of notes that begin between beats and sound on beyond the next, 0-1.
    key : str, optional
        As `"A minor"` or `"E♭ major"`.
    metre : (int, int), optional
        Time signature.
    low, high : int, optional
        Lowest and highest MIDI pitch, 0-127.
    instruments : tuple of int, optional
        General MIDI programs, 0-127, one a part, the highest part first.
    chords : tuple of str, optional
        One a bar, begun again when all have passed; notes on a beat belong to the chord.
    repeats : int, optional
        Most times that a pitch may sound in a row.
    longest_copy : int, optional
        Longest run of notes that may equal one of a training song, in any key; as in real songs
        unless given.
    primer : Song, optional
        What the new song goes on from; it is not part of the result.
    keep : Passage, optional
        Bars that the result has at the same place as this song; all else is new.
    renew : Passage, optional
        Bars of a song that are composed again; all else of it stays.
    voices : tuple of int, optional
        Voices of the song in `keep` or `renew` that stay in all its bars, the highest being 1: that
        of a melody that is to be harmonised, or all but the one that is missing.
    bridge : (Song, Song), optional
        The new song leads from the end of the first to the beginning of the second; neither is
        part of the result.

    Raises
    ------
    InputError
        If a wish makes no sense by itself.

    Examples
    --------
    >>> sorted(Request(bars=8, key="A minor", tempo=90).asked)
    ['bars', 'key', 'tempo']
    """

    bars: int | None = None
    seconds: float | None = None
    mood: str | None = None
    tempo: float | None = None
    density: float | None = None
    register: float | None = None
    mode: Literal["major", "minor"] | None = None
    loudness: float | None = None
    spread: float | None = None
    syncopation: float | None = None
    key: str | None = None
    metre: tuple[int, int] | None = None
    low: int | None = None
    high: int | None = None
    instruments: tuple[int, ...] | None = None
    chords: tuple[str, ...] | None = None
    repeats: int | None = None
    longest_copy: int | None = None
    primer: Song | None = None
    keep: Passage | None = None
    renew: Passage | None = None
    voices: tuple[int, ...] | None = None
    bridge: tuple[Song, Song] | None = None

    def __post_init__(self) -> None:
        if self.bars is not None and self.seconds is not None:
            raise InputError("give a length in bars or in seconds, not both")
        for name, (low, high) in BOUNDS.items():
            _within(name, getattr(self, name), low, high)
        for program in self.instruments or ():
            _within("instrument", program, 0, 127)
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InputError(
                f"the range {self.low}-{self.high} is empty: low must not be above high"
            )
        if self.mode not in (None, "major", "minor"):
            raise InputError(f"mode {self.mode}: expected major or minor")
        if self.key is not None and self.mode is not None:
            raise InputError(
                f"give a key or a mode, not both: {self.key!r} says which of the two it is"
            )
        if self.key is not None:
            read_key(self.key)
        for symbol in self.chords or ():
            read_chord(symbol)
        given = [n for n in ("primer", "keep", "renew", "bridge") if getattr(self, n) is not None]
        if self.voices is not None and self.keep is None and self.renew is None:
            raise InputError("voices: give the song that they are of, too")
        if self.voices is not None and (not self.voices or min(self.voices) < 1):
            raise InputError(f"voices {list(self.voices)}: expected numbers, the highest being 1")
        if len(given) > 1:
            raise InputError(f"give one of {', '.join(given)}: each says what the new goes with")

    @property
    def asked(self) -> set[str]:
        """Names of all wishes that were given."""
        return {field.name for field in fields(self) if getattr(self, field.name) is not None}

    @property
    def minor(self) -> bool | None:
        """Whether the key or the mode that is asked for is minor."""
        if self.key is not None:
            return read_key(self.key)[1]
        return None if self.mode is None else self.mode == "minor"

    @property
    def given(self) -> Song | None:
        """The song that the new one goes with, or None."""
        if self.bridge:
            return self.bridge[0]
        return self.passage.song if self.passage else self.primer

    @property
    def passage(self) -> Passage | None:
        """The bars of a song that stay, or that are composed again, or None."""
        return self.keep or self.renew

    def metre_among(self, known: Sequence[Sequence[int]]) -> tuple[int, int]:
        """Give the time signature that is wanted, or the first of those that were learned.

        Raises
        ------
        InputError
            If it was not learned.
        """
        n, d = self.metre or known[0]
        if [n, d] not in [list(metre) for metre in known]:
            names = ", ".join(f"{n}/{d}" for n, d in known)
            raise InputError(f"metre {n}/{d}: was not learned; known are {names}")
        return n, d

    def n_bars(self, seconds: float, usual: float) -> int:
        """Give how many bars of so many seconds are wanted; as many as usual unless said."""
        if self.seconds is not None:
            return max(1, round(self.seconds / seconds))
        return self.bars or max(1, round(usual))

    def with_knobs(self, values: Mapping[str, float | str]) -> "Request":
        """Set knobs, each to what can be asked for; a mode only where no key is given."""
        within = {
            name: value if isinstance(value, str) else float(np.clip(value, *BOUNDS[name]))
            for name, value in values.items()
            if not (name == "mode" and self.key is not None)
        }
        return replace(self, **within)  # type: ignore[arg-type]

    def kept_beats(self, song: Song) -> tuple[slice, ...]:
        """Give the quarter notes of a song whose melody it was to keep; empty where it keeps none.

        A melody is the highest voice.
        """
        if self.voices and 1 in self.voices:
            return (slice(0, None),)
        numerator, denominator = song.metres[0, 1:] if len(song.metres) else (4, 4)
        bar = 4 * numerator / denominator
        if self.keep:
            return (slice((self.keep.first - 1) * bar, self.keep.last * bar),)
        if self.renew:
            return slice(0, (self.renew.first - 1) * bar), slice(self.renew.last * bar, None)
        return ()


def _within(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise InputError(f"{name} {value:g}: must lie between {low:g} and {high:g}")


def _pitch_class(letter: str, accidental: str) -> int:
    return (LETTERS[letter] + {"#": 1, "♯": 1, "b": -1, "♭": -1, "": 0}[accidental]) % 12


def read_key(text: str) -> tuple[int, bool]:
    """Read a key: pitch class of the tonic, and whether it is minor.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> read_key("Eb major"), read_key("F♯ minor"), read_key("a minor")
    ((3, False), (6, True), (9, True))
    """
    match = re.fullmatch(r"\s*([A-Ga-g])([#♯b♭]?)\s*(major|minor)?\s*", text)
    if not match:
        raise InputError(f"key {text!r}: expected a tonic and a mode, as 'A minor' or 'Eb major'")
    letter, accidental, mode = match.groups()
    return _pitch_class(letter.upper(), accidental), mode == "minor"


def read_chord(text: str) -> frozenset[int]:
    """Read a chord symbol: its pitch classes.

    Raises
    ------
    InputError
        If it is none of the kinds in `CHORDS`.

    Examples
    --------
    >>> sorted(read_chord("Am7"))
    [0, 4, 7, 9]
    """
    root, steps = _chord(text)
    return frozenset((root + step) % 12 for step in steps)


def read_triad(text: str) -> tuple[int, bool]:
    """Read a chord symbol: pitch class of the root, and whether the third is minor.

    Examples
    --------
    >>> read_triad("Am7"), read_triad("Ebmaj7")
    ((9, True), (3, False))
    """
    root, steps = _chord(text)
    return root, 3 in steps


def _chord(text: str) -> tuple[int, tuple[int, ...]]:
    """Read a chord symbol: pitch class of the root, and semitones above it."""
    match = re.fullmatch(r"([A-G])([#♯b♭]?)(.*)", text.strip())
    if not match or match.group(3) not in CHORDS:
        kinds = ", ".join(f"C{kind}" for kind in CHORDS)
        raise InputError(f"chord {text!r}: expected a root and a kind, as in {kinds}")
    return _pitch_class(match.group(1), match.group(2)), CHORDS[match.group(3)]
