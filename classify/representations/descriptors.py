"""What can be said of a whole song without any model: tempo, key, loudness, and what it is like.

Tempo is in quarter notes a minute. A file's own beats are believed where its notes keep to them: at
least `ON_GRID` of the onsets lie within `NEAR` beats of a quarter or third of a beat. Performances
that were recorded without a click have beats that say nothing (mostly 120 bpm); their tempo is
measured from the onsets, and may be half or double of what a listener would tap.
"""

import inspect
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classify.corpora.descriptions import find_or_compute, key_of, version_of
from classify.presentation import notes as notes_in_words
from classify.presentation.notes import key_name
from classify.representations.features.compiled import stamp
from classify.representations.features.key import key_of as tonality_of
from classify.songs import Song, table
from classify.songs.table import ON_GRID, on_grid

#: LUFS of a recording that sounds as loud as music of velocity 127; few records are louder.
FULL_VELOCITY = -8.0

#: Onsets are counted in steps of so many seconds, and only so many seconds of a song.
STEP, HEARD = 0.01, 600.0

#: Slowest and fastest tempo that is measured, the likeliest, and the spread about it in octaves.
SLOWEST, FASTEST, LIKELIEST, OCTAVES = 40.0, 240.0, 120.0, 0.9

#: Onsets closer than so many seconds are one chord.
TOGETHER = 0.03


@dataclass(frozen=True)
class Statistic:
    """One quantity of a song: name, unit, and the smallest difference that matters.

    >>> STATISTICS[-1]
    Statistic(name='not_piano', unit='share of pitched notes with a program above 7', least=0.2)
    """

    name: str
    unit: str
    least: float


#: What `statistics` gives, in order. None depends on a song's length.
STATISTICS = (
    Statistic("pitch_mean", "MIDI pitch", 2.0),
    Statistic("pitch_std", "semitones", 1.5),
    Statistic("pitch_low", "MIDI pitch, 10th percentile", 3.0),
    Statistic("pitch_high", "MIDI pitch, 90th percentile", 3.0),
    Statistic("pitch_class_entropy", "share of log 12", 0.03),
    Statistic("leap_mean", "semitones between successive notes", 1.5),
    Statistic("velocity_mean", "MIDI velocity", 8.0),
    Statistic("velocity_std", "MIDI velocity", 4.0),
    Statistic("gap_mean", "log s between onsets", 0.25),
    Statistic("gap_std", "log s", 0.15),
    Statistic("duration_mean", "log s", 0.25),
    Statistic("duration_std", "log s", 0.15),
    Statistic("together", "share of notes that begin with the one before", 0.1),
    Statistic("voices", "log of notes that sound at once, mean", 0.2),
    Statistic("drums", "share of notes", 0.05),
    Statistic("not_piano", "share of pitched notes with a program above 7", 0.2),
)

#: The smallest differences that matter, shape (n_statistics,).
LEAST = np.array([statistic.least for statistic in STATISTICS])


class Described(NamedTuple):
    """What is said of a song: its `statistics`, its `tempo` and its `key`."""

    statistics: NDArray[np.float64]
    tempo: float
    key: str


def described(songs: Sequence[Song]) -> list[Described]:
    """Describe songs; what is kept of one at its home is not computed again.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> described([piece()])[0].key
    'D major'
    """

    def compute(missing: list[int]) -> list[bytes]:
        every = [songs[place].notes for place in missing]
        return [
            np.append(statistics(notes), tempo(notes)).tobytes() + key(notes).encode()
            for notes in every
        ]

    keys = [key_of(_version(), song.notes) for song in songs]
    found, n_bytes = [], 8 * (len(STATISTICS) + 1)
    for one in find_or_compute([song.home for song in songs], keys, compute):
        *values, bpm = np.frombuffer(one[:n_bytes])
        found.append(Described(np.array(values), float(bpm), one[n_bytes:].decode()))
    return found


@cache
def _version() -> str:
    """Name the code that describes songs."""
    modules = sys.modules[__name__], table, notes_in_words
    return version_of("descriptors", stamp(), *map(inspect.getsource, modules))


def statistics(notes: NDArray[np.void]) -> NDArray[np.float64]:
    """Describe a song by a few numbers, to tell whether it is like others.

    Parameters
    ----------
    notes : ndarray of NOTE, shape (n_notes,)
        At least one.

    Returns
    -------
    ndarray, shape (n_statistics,)
        As in `STATISTICS`; 0 where there is nothing to measure, as in a song of nothing but drums.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> values = statistics(piece().notes)
    >>> STATISTICS[0].name, round(float(values[0]), 1)
    ('pitch_mean', 60.8)
    """
    pitched = notes[~notes["drum"]]
    velocity = notes["velocity"].astype(float)
    gaps = np.diff(notes["onset"])
    apart = np.log(np.clip(gaps[gaps > TOGETHER], TOGETHER, 30))
    lengths = np.log(np.clip(notes["duration"].astype(float), 0, 30) + TOGETHER)
    filled = notes["onset"][-1] - notes["onset"][0] + float(notes["duration"][-1]) + TOGETHER
    sounding = notes["duration"].astype(float).sum() / filled
    return np.array([
        *_of_pitches(pitched["pitch"].astype(float)),
        velocity.mean(),
        velocity.std(),
        *_mean_and_std(apart),
        *_mean_and_std(lengths),
        (gaps <= TOGETHER).sum() / len(notes),
        np.log(min(sounding, 1e3) + 0.1),
        notes["drum"].mean(),
        (pitched["program"] > 7).mean() if len(pitched) else 0.0,
    ])  # fmt: skip


def _of_pitches(pitch: NDArray[np.float64]) -> list[float]:
    if not len(pitch):
        return [0.0] * 6
    shares = np.bincount(pitch.astype(int) % 12, minlength=12) / len(pitch)
    used = shares[shares > 0]
    entropy = -(used * np.log(used)).sum() / np.log(12)
    low, high = np.quantile(pitch, [0.1, 0.9])
    leap = np.abs(np.diff(pitch)).mean() if len(pitch) > 1 else 0.0
    return [pitch.mean(), pitch.std(), low, high, entropy, leap]


def _mean_and_std(values: NDArray[np.float64]) -> tuple[float, float]:
    return (values.mean(), values.std()) if len(values) else (0.0, 0.0)


def loudness(notes: NDArray[np.void], measured: float = float("nan")) -> float:
    """Give the mean velocity of all notes, or the velocity as loud as a recording sounds, 0-127.

    Velocities of a transcription say how notes differ, not how loud the music is. So a recording's
    own loudness counts, turned into a velocity by the curve of General MIDI instruments (40 dB are
    a factor of ten: DLS Level 1, MIDI Manufacturers Association 1999) from `FULL_VELOCITY` down.

    Parameters
    ----------
    notes : ndarray of NOTE, shape (n_notes,)
        All notes of a song.
    measured : float
        Loudness of the recording in LUFS; NaN or infinite where none was measured.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> round(loudness(piece().notes), 1), round(loudness(piece().notes, -23.0), 1)
    (70.0, 53.6)
    """
    if np.isfinite(measured):
        return float(np.clip(127 * 10 ** ((measured - FULL_VELOCITY) / 40), 0, 127))
    return float(notes["velocity"].astype(float).mean())


def key(notes: NDArray[np.void]) -> str:
    """Name a song's key, such as `D minor`; empty for a song of nothing but drums.

    References
    ----------
    Krumhansl and Kessler 1982; see `classify.representations.features.key`.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> key(piece().notes)
    'D major'
    """
    tonality = tonality_of(notes)
    return "" if tonality is None else key_name(*tonality)


def tempo(notes: NDArray[np.void]) -> float:
    """Give a song's mean tempo in quarter notes a minute.

    Returns
    -------
    float
        NaN for a song whose notes all begin together.

    References
    ----------
    Without beats to believe: the autocorrelation of onsets, weighted towards 120 bpm, as in Ellis
    2007, Beat tracking by dynamic programming, section 3.2.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> round(tempo(piece().notes))
    120
    """
    span = notes["onset"][-1] - notes["onset"][0]
    if span <= TOGETHER:
        return float("nan")
    beat = notes["beat"].astype(float)
    if np.isfinite(beat).all() and beat[-1] > beat[0] and on_grid(beat).mean() >= ON_GRID:
        return float(60 * (beat[-1] - beat[0]) / span)
    return _measured_tempo(notes["onset"] - notes["onset"][0])


def _measured_tempo(onset: NDArray[np.float64]) -> float:
    steps = (onset[onset < HEARD] / STEP).astype(np.int64)
    train = np.convolve(np.minimum(np.bincount(steps), 4.0), np.hanning(7), "same")
    slowest, fastest = round(60 / SLOWEST / STEP), round(60 / FASTEST / STEP)
    spectrum = np.fft.rfft(train - train.mean(), 2 ** int(len(train) + slowest).bit_length())
    lags = np.arange(fastest, slowest + 1)
    same = np.fft.irfft(np.abs(spectrum) ** 2)[lags]
    bpm = 60 / (lags * STEP)
    likely = np.exp(-0.5 * (np.log2(bpm / LIKELIEST) / OCTAVES) ** 2)
    return float(bpm[(same * likely).argmax()])
