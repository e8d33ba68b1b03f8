"""What can be said of a whole song without any model: tempo, key, loudness, and what it is like.

Tempo is in quarter notes a minute. A file's own beats are believed where its notes keep to them: at
least `ON_GRID` of the onsets lie within `NEAR` beats of a quarter or third of a beat. Performances
that were recorded without a click have beats that say nothing (mostly 120 bpm); their tempo is
measured from the onsets, and may be half or double of what a listener would tap.
"""

import inspect
import sys
from collections.abc import Iterator, Sequence
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
            np.append(values, tempo(notes)).tobytes() + key(notes).encode()
            for values, notes in zip(statistics(every), every, strict=True)
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


def statistics(every: Sequence[NDArray[np.void]]) -> NDArray[np.float64]:
    """Describe songs by a few numbers each, to tell whether one is like others.

    All songs are described together, since most have so few notes that calling NumPy for each
    would take longer than the arithmetic. No number depends on the songs beside.

    Parameters
    ----------
    every : sequence of ndarray of NOTE, shape (n_notes,)
        The notes of each song, at least one.

    Returns
    -------
    ndarray, shape (n_songs, n_statistics)
        As in `STATISTICS`; 0 where there is nothing to measure, as in a song of nothing but drums.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> values = statistics([piece().notes])
    >>> STATISTICS[0].name, round(float(values[0, 0]), 1)
    ('pitch_mean', 60.8)
    """
    notes, n_notes = np.concatenate(every), np.array([len(one) for one in every])
    song = np.repeat(np.arange(len(every)), n_notes)
    last = np.cumsum(n_notes) - 1
    first = last - n_notes + 1
    onset, duration = notes["onset"], notes["duration"].astype(float)
    gaps, of_gap = _steps(onset, song)
    apart = gaps > TOGETHER
    filled = onset[last] - onset[first] + duration[last] + TOGETHER
    sounding = _Ragged(duration, song, len(every)).sums() / filled
    pitched = notes[~notes["drum"]]
    of_pitched = song[~notes["drum"]]
    return np.column_stack([
        *_of_pitches(pitched["pitch"], of_pitched, len(every)),
        *_Ragged(notes["velocity"].astype(float), song, len(every)).mean_and_std(),
        *_Ragged(np.log(np.clip(gaps[apart], TOGETHER, 30)), of_gap[apart], len(every))
        .mean_and_std(),
        *_Ragged(np.log(np.clip(duration, 0, 30) + TOGETHER), song, len(every)).mean_and_std(),
        _Ragged((~apart).astype(float), of_gap, len(every)).sums() / n_notes,
        np.log(np.minimum(sounding, 1e3) + 0.1),
        _Ragged(notes["drum"].astype(float), song, len(every)).means(),
        _Ragged((pitched["program"] > 7).astype(float), of_pitched, len(every)).means(),
    ])  # fmt: skip


class _Ragged(NamedTuple):
    """Values of many songs, one song after the other; some may have none."""

    values: NDArray[np.float64]
    song: NDArray[np.int64]
    n_songs: int

    def counts(self) -> NDArray[np.int64]:
        """Give how many values each song has, but 1 where it has none: something to divide by."""
        return np.bincount(self.song, minlength=self.n_songs).clip(1)

    def sums(self) -> NDArray[np.float64]:
        """Add up the values of each song."""
        sums = np.zeros(self.n_songs)
        begin = np.flatnonzero(np.diff(self.song, prepend=-1))
        if len(begin):
            sums[self.song[begin]] = np.add.reduceat(self.values, begin)
        return sums

    def means(self) -> NDArray[np.float64]:
        """Give the mean value of each song, 0 where it has none."""
        return self.sums() / self.counts()

    def mean_and_std(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give mean and standard deviation of each song's values."""
        mean = self.means()
        squares = self._replace(values=(self.values - mean[self.song]) ** 2)
        return mean, np.sqrt(squares.means())


def _steps(
    values: NDArray[np.floating], song: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give the differences between successive values of a song, and whose they are."""
    within = song[1:] == song[:-1]
    return np.diff(values)[within].astype(float), song[1:][within]


def _of_pitches(
    pitch: NDArray[np.uint8], song: NDArray[np.int64], n_songs: int
) -> list[NDArray[np.float64]]:
    """Give mean, deviation, low and high quantile, entropy of pitch classes, and mean leap."""
    values = _Ragged(pitch.astype(float), song, n_songs)
    counted = np.bincount(12 * song + pitch % 12, minlength=12 * n_songs).reshape(-1, 12)
    shares = counted / values.counts()[:, np.newaxis]
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1) / np.log(12)
    leaps, of_leap = _steps(values.values, song)
    return [
        *values.mean_and_std(),
        *_quantiles(pitch, song, n_songs, (0.1, 0.9)),
        entropy,
        _Ragged(np.abs(leaps), of_leap, n_songs).means(),
    ]


def _quantiles(
    pitch: NDArray[np.uint8], song: NDArray[np.int64], n_songs: int, shares: tuple[float, ...]
) -> Iterator[NDArray[np.float64]]:
    """Give quantiles of each song's pitches, between two of them as `numpy.quantile` has it."""
    ordered = np.append(np.sort(128 * song + pitch) % 128, 0)
    counts = np.bincount(song, minlength=n_songs)
    first = np.cumsum(counts) - counts
    for share in shares:
        place = share * (counts - 1).clip(0)
        low = first + place.astype(int)
        high = np.minimum(low + 1, first + (counts - 1).clip(0))
        between = ordered[low] + (ordered[high] - ordered[low]) * (place % 1)
        yield np.where(counts > 0, between, 0.0)


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
