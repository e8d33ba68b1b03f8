"""Knobs: quantities that can be asked of a song, and measured on it again.

What is asked for and what is measured are the same functions, so that a report can lay one beside
the other. Moods set knobs by what the songs of a mood are like.
"""

from collections.abc import Callable, Sequence
from math import nan

import numpy as np
from numpy.typing import NDArray

from classify.generation.request import Request
from classify.representations.features.key import key_of
from classify.songs import Song

#: Quartiles of a knob among the songs of a mood.
Quartiles = tuple[float, float, float]

#: Quartiles by knob.
Profile = dict[str, Quartiles]


def tempo(song: Song) -> float:
    """Quarter notes a minute, the mean over time; NaN where the song has no tempo."""
    if not len(song.tempi) or not song.seconds:
        return nan
    return float(song.beats_at(np.array([song.seconds]))[0] / song.seconds * 60)


def density(song: Song) -> float:
    """Count notes a second, drums aside."""
    return len(_pitched(song)) / song.seconds if song.seconds else nan


def register(song: Song) -> float:
    """Mean MIDI pitch, drums aside."""
    return _mean(_pitched(song)["pitch"])


def mode(song: Song) -> float:
    """1 for major, 0 for minor, by the best of 24 keys (Krumhansl and Kessler 1982)."""
    key = key_of(song.notes)
    return nan if key is None else float(not key[1])


def loudness(song: Song) -> float:
    """Mean velocity, 0-127."""
    return _mean(song.notes["velocity"])


def spread(song: Song) -> float:
    """Give the standard deviation of MIDI pitch in semitones, drums aside."""
    pitch = _pitched(song)["pitch"]
    return float(pitch.std()) if len(pitch) else nan


def syncopation(song: Song) -> float:
    """Share of notes that begin between two beats and sound on beyond the next, 0 to 1.

    Beats are quarter notes; a 16th is beyond the next beat from a 32nd behind it on.
    """
    notes = _pitched(song)
    notes = notes[np.isfinite(notes["beat"])]
    begin = np.round(notes["beat"].astype(float) * 4) / 4
    end = song.beats_at(notes["onset"] + notes["duration"])
    return _mean((begin % 1 > 0) & (end > np.floor(begin) + 1.125))


KNOBS: dict[str, Callable[[Song], float]] = {
    "tempo": tempo, "density": density, "register": register, "mode": mode,
    "loudness": loudness, "spread": spread, "syncopation": syncopation,
}  # fmt: skip


def measure(song: Song) -> dict[str, float]:
    """Measure every knob on a song.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> sorted(measure(piece()))
    ['density', 'loudness', 'mode', 'register', 'spread', 'syncopation', 'tempo']
    """
    return {name: function(song) for name, function in KNOBS.items()}


def profile(songs: Sequence[Song]) -> Profile:
    """Give the quartiles of every knob among songs; a knob that none of them has is left out."""
    measured = [measure(song) for song in songs]
    quartiles: Profile = {}
    for name in KNOBS:
        values = np.array([one[name] for one in measured])
        values = values[np.isfinite(values)]
        if len(values):
            low, middle, high = np.percentile(values, (25, 50, 75)).tolist()
            quartiles[name] = low, middle, high
    if "mode" in quartiles:  # a share of songs, not a middle one
        share = float(np.nanmean([one["mode"] for one in measured]))
        quartiles["mode"] = share, share, share
    return quartiles


def distance(song: Song, asked: Request) -> float:
    """Say how far a song is from the density, register and spread that were asked for.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> round(distance(piece(), Request(register=register(piece()) + 2)), 6)
    4.0
    """
    return far(asked, density(song), register(song), spread(song))


def far(asked: Request, density: float, register: float, spread: float) -> float:
    """Say how far what was measured is from what was asked for.

    A tenth of the density is 1, and so is a semitone of the others; squares are added up.
    """
    total = 0.0
    if asked.density is not None:
        total += (10 * np.log(density / asked.density)) ** 2
    if asked.register is not None:
        total += (register - asked.register) ** 2
    if asked.spread is not None:
        total += (spread - asked.spread) ** 2
    return float(total)


def _pitched(song: Song) -> NDArray[np.void]:
    notes = song.notes
    return notes[~notes["drum"]]


def _mean(values: NDArray[np.generic]) -> float:
    return float(values.astype(float).mean()) if len(values) else nan
