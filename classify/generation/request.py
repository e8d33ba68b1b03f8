"""What is asked of a generator."""

import re
from dataclasses import dataclass, fields

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
        Length, instead of bars: the nearest number of whole bars.
    mood : str, optional
        A mood that the generator has learned.
    tempo : float, optional
        Quarter notes a minute.
    key : str, optional
        As `"A minor"` or `"E♭ major"`.
    metre : (int, int), optional
        Time signature.
    low, high : int, optional
        Lowest and highest MIDI pitch, 0-127.
    instrument : int, optional
        General MIDI program, 0-127.
    chords : tuple of str, optional
        One a bar, begun again when all have passed; notes on a beat belong to the chord.
    repeats : int, optional
        Most times that a pitch may sound in a row.
    longest_copy : int, optional
        Longest run of notes that may equal one of a training song, in any key.
    primer : Song, optional
        What the new song goes on from; it is not part of the result.
    keep : Passage, optional
        Bars that the result has at the same place as this song; all else is new.

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
    key: str | None = None
    metre: tuple[int, int] | None = None
    low: int | None = None
    high: int | None = None
    instrument: int | None = None
    chords: tuple[str, ...] | None = None
    repeats: int | None = None
    longest_copy: int | None = None
    primer: Song | None = None
    keep: Passage | None = None

    def __post_init__(self) -> None:
        if self.bars is not None and self.seconds is not None:
            raise InputError("give a length in bars or in seconds, not both")
        _within("bars", self.bars, 1, MOST_BARS)
        _within("seconds", self.seconds, 1, 3600)
        _within("tempo", self.tempo, *TEMPI)
        for name in ("low", "high", "instrument"):
            _within(name, getattr(self, name), 0, 127)
        _within("repeats", self.repeats, 1, 64)
        _within("longest_copy", self.longest_copy, 1, 1000)
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InputError(
                f"the range {self.low}-{self.high} is empty: low must not be above high"
            )
        if self.key is not None:
            read_key(self.key)
        for symbol in self.chords or ():
            read_chord(symbol)

    @property
    def asked(self) -> set[str]:
        """Names of all wishes that were given."""
        return {field.name for field in fields(self) if getattr(self, field.name) is not None}


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
    match = re.fullmatch(r"([A-G])([#♯b♭]?)(.*)", text.strip())
    if not match or match.group(3) not in CHORDS:
        kinds = ", ".join(f"C{kind}" for kind in CHORDS)
        raise InputError(f"chord {text!r}: expected a root and a kind, as in {kinds}")
    root = _pitch_class(match.group(1), match.group(2))
    return frozenset((root + step) % 12 for step in CHORDS[match.group(3)])
