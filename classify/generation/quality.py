"""What is measured on songs, real or new, to say how alike they are and how they are built.

Descriptors are those of Yang and Lerch (Neural Computing and Applications 32, 2020, table 1), with
loudness, since a generator that plays all notes alike is one that a listener hears at once; bars
that return are counted after 4, 8 and 16 bars, where phrases of most songs come back.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classify.generation import knobs
from classify.representations import melody as melodies
from classify.representations.melody import REST
from classify.songs import Song

Floats = NDArray[np.float64]

#: Steps in a quarter note of the grid on which bars are compared.
GRID = 4

#: Bars after which a return is looked for.
RETURNS = (4, 8, 16)

#: Descriptors of a song, in the order in which reports show them.
TITLES = {
    "pitch_classes": "pitch classes",
    "transitions": "pitch-class transitions",
    "entropy": "pitch-class entropy",
    "range": "range",
    "density": "density",
    "inter_onset": "inter-onset interval",
    "length": "note length",
    "loudness": "loudness",
}


def descriptors(song: Song) -> dict[str, Floats]:
    """Describe a song.

    Parameters
    ----------
    song : Song
        With at least two notes that are no drums.

    Returns
    -------
    dict of str to ndarray
        Each of `TITLES`: pitch classes from the tonic up and their transitions in the skyline as
        shares, entropy in bits, range in semitones, notes a second, seconds, mean velocity.

    Examples
    --------
    >>> scale = melodies.decode(Melody((60, 62, 64, 65, 67, 69, 71, 72), (4,) * 8))
    >>> found = descriptors(scale)
    >>> found["range"].tolist(), found["transitions"].shape
    ([12.0], (144,))
    """
    notes = song.notes[~song.notes["drum"]]
    onset = np.unique(notes["onset"])
    share = np.bincount(notes["pitch"] % 12, minlength=12) / len(notes)
    gaps = np.diff(onset)
    scalar = {
        "entropy": -float((share[share > 0] * np.log2(share[share > 0])).sum()),
        "range": float(np.ptp(notes["pitch"].astype(int))),
        "density": knobs.density(song),
        "inter_onset": float(gaps.mean()) if len(gaps) else 0.0,
        "length": float(notes["duration"].mean()),
        "loudness": knobs.loudness(song),
    }
    from_tonic = np.roll(share, -_tonic(song))
    moves = {"pitch_classes": from_tonic, "transitions": _transitions(song)}
    return moves | {name: np.array([value]) for name, value in scalar.items()}


def _tonic(song: Song) -> int:
    melody = melodies.encode(song, GRID)
    return melodies.tonic(melody)[0] if melody else 0


def _transitions(song: Song) -> Floats:
    """Count which pitch class follows which in the skyline, from the tonic up, as shares."""
    counts = np.zeros((12, 12))
    melody = melodies.encode(song, GRID)
    if melody:
        tonic = melodies.tonic(melody)[0]
        pitch = (np.array([p for p in melody.pitch if p != REST]) - tonic) % 12
        np.add.at(counts, (pitch[:-1], pitch[1:]), 1)
    return np.asarray(counts.ravel() / max(1, counts.sum()))


def returns(song: Song) -> dict[int, float]:
    """Give the share of bars that are heard again so many bars later, note for note.

    Bars are compared by when their notes begin and by the steps between them, so that a bar that
    returns higher or lower counts; empty bars do not.

    Returns
    -------
    dict of int to float
        By the distance in bars; NaN where the song is too short, or has no beats.

    Examples
    --------
    >>> bar, other = (60, 62, 64, 65), (67, 65, 64, 60)
    >>> tune = Melody((*bar, *other, *bar, *other, *bar), (4,) * 20)
    >>> returns(melodies.decode(tune))[4]
    1.0
    """
    bars = _bars(song)
    shares = {}
    for distance in RETURNS:
        pairs = zip(bars, bars[distance:], strict=False)
        same = [one == other for one, other in pairs if one and other]
        shares[distance] = float(np.mean(same)) if same else np.nan
    return shares


def _bars(song: Song) -> list[tuple[tuple[int, int], ...]]:
    """Write each bar of the skyline as steps from its first note, and when each note begins."""
    melody = melodies.encode(song, GRID)
    if melody is None:
        return []
    begin = melody.position + np.cumsum((0, *melody.ticks[:-1]))
    pitch = np.array(melody.pitch)
    begin, pitch = begin[pitch != REST], pitch[pitch != REST]
    place = begin // melody.bar_ticks
    bars = []
    for bar in range(int(place[-1]) + 1):
        chosen = place == bar
        steps = pitch[chosen] - pitch[chosen][:1] if chosen.any() else pitch[:0]
        offsets = begin[chosen] - bar * melody.bar_ticks
        bars.append(tuple(zip(steps.tolist(), offsets.tolist(), strict=True)))
    return bars


def describe_all(songs: Sequence[Song]) -> dict[str, Floats]:
    """Describe songs.

    Returns
    -------
    dict of str to ndarray, shape (n_songs, n_values)
        As `descriptors`; songs with fewer than two notes are left out.
    """
    described = [descriptors(song) for song in songs if (~song.notes["drum"]).sum() > 1]
    return {name: np.array([one[name] for one in described]) for name in TITLES}


def normalised(described: dict[str, Floats]) -> Floats:
    """Put all descriptors but the transitions side by side, for a distance over all of them."""
    return np.concatenate([v for name, v in described.items() if name != "transitions"], axis=1)
