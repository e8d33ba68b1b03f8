"""The features that people have words for, and those words.

Models read some 700 features; most have no name outside a catalogue. These thirty do. Each has a
word for more of it and one for less, which complete "this class is ...", and says how its value is
written. Terms of one *aspect* (two ways to be fast) are never both named in one sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.presentation.notes import pitch_name
from classify.representations import features


def percent(value: float) -> str:
    """Write a share."""
    return f"{100 * value:.0f} %"


def number(unit: str, digits: int = 1) -> Callable[[float], str]:
    """Write a number with its unit behind it."""
    return lambda value: f"{value:.{digits}f} {unit}".rstrip()


def seconds_of_log(value: float) -> str:
    """Write a logarithm of seconds as seconds."""
    return f"{np.exp(value):.2f} s"


@dataclass(frozen=True)
class Term:
    """A feature with words.

    Parameters
    ----------
    feature : str
        Name in `classify.representations.features`.
    less, more : str
        What a class is whose songs have less or more of it than others.
    what : str
        The quantity, as in "28 % of the notes are low".
    format : callable
        Value to text, with unit.
    aspect : str
        What it is about; the same for terms that say nearly the same.
    """

    feature: str
    less: str
    more: str
    what: str
    format: Callable[[float], str]
    aspect: str


TERMS = (
    Term("events_per_second", "slower", "faster", "onsets", number("a second"), "pace"),
    Term("tempo", "slower in beat", "quicker in beat", "tempo", number("bpm", 0), "pace"),
    Term("duration_log_q50", "shorter in notes", "longer in notes", "a note",
         seconds_of_log, "length"),
    Term("notes_per_second", "sparser", "denser", "notes", number("a second"), "density"),
    Term("density_variation", "steadier in pace", "more changeable in pace", "change of density",
         number("", 2), "steadiness"),
    Term("gap_npvi", "more even in rhythm", "more uneven in rhythm", "unevenness (nPVI)",
         number("", 0), "evenness"),
    Term("syncopated", "less syncopated", "more syncopated", "syncopated onsets", percent,
         "syncopation"),
    Term("rest_share", "more continuous", "richer in rests", "silence", percent, "rests"),
    Term("legato", "more detached", "more legato", "melody notes that reach the next", percent,
         "articulation"),
    Term("velocity_mean", "softer", "louder", "mean velocity", number("of 127", 0), "loudness"),
    Term("velocity_std", "more even in loudness", "more varied in loudness", "spread of velocity",
         number("", 0), "shading"),
    Term("velocity_trend", "fading", "growing in loudness", "trend of loudness", number("", 2),
         "swelling"),
    Term("pitch_mean", "lower", "higher", "mean pitch", pitch_name, "height"),
    Term("melody_pitch_mean", "lower in melody", "higher in melody", "mean melody pitch",
         pitch_name, "height"),
    Term("bass_pitch_mean", "lower in the bass", "higher in the bass", "mean bass pitch",
         pitch_name, "bass"),
    Term("pitch_range", "narrower in range", "wider in range", "range", number("semitones", 0),
         "range"),
    Term("key_mode", "nearer to minor", "nearer to major", "major less minor", number("", 2),
         "mode"),
    Term("key_clarity", "less clear in key", "clearer in key", "clarity of key", number("", 2),
         "clarity"),
    Term("degree_in_scale", "more chromatic", "more diatonic", "notes of the key's scale", percent,
         "chromaticism"),
    Term("dissonant_share", "more consonant", "more dissonant", "dissonant intervals", percent,
         "dissonance"),
    Term("chord_changes", "slower to change chords", "quicker to change chords",
         "changes of chord", percent, "harmonic rhythm"),
    Term("polyphony_mean", "thinner in texture", "thicker in texture", "notes at once", number(""),
         "texture"),
    Term("melody_interval_size", "smoother in melody", "more leaping in melody",
         "mean melodic interval", number("semitones"), "leaps"),
    Term("melody_up_of_moves", "more falling in melody", "more rising in melody",
         "melodic moves that rise", percent, "direction"),
    Term("melody_patterns_3", "more repetitive", "more varied in its patterns",
         "different melodic patterns", percent, "repetition"),
    Term("triple_less_duple", "more duple in metre", "more triple in metre", "triple less duple",
         number("", 2), "metre"),
    Term("swing_ratio", "straighter", "more swung", "long by short", number("", 2), "swing"),
    Term("programs", "played by fewer instruments", "played by more instruments", "instruments",
         number("", 0), "instruments"),
    Term("drum_share", "with fewer drums", "with more drums", "drum notes", percent, "drums"),
)  # fmt: skip

_PLACE = {feature.name: place for place, feature in enumerate(features.listed())}

#: Column of each term's feature in the table of all features.
COLUMNS = np.array([_PLACE[term.feature] for term in TERMS])


def of_songs(
    table: NDArray[np.floating], song: NDArray[np.int64], n_songs: int
) -> NDArray[np.float64]:
    """Average the terms' features over the windows of each song.

    Parameters
    ----------
    table : ndarray, shape (n_windows, n_features)
        As `classify.representations.features.compute` gives it.
    song : ndarray of int, shape (n_windows,)
        Song of each window; each from 0 to n_songs - 1 has one at least.
    n_songs : int
        How many there are.

    Returns
    -------
    ndarray, shape (n_songs, n_terms)
    """
    sums = np.zeros((n_songs, len(TERMS)))
    np.add.at(sums, song, table[:, COLUMNS])
    return sums / np.bincount(song, minlength=n_songs)[:, None]
