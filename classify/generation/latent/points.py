"""Songs as points of a latent space, and what is between, beside and common to them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classify.songs import Song

Floats = NDArray[np.float32]

#: Steps in a quarter note on which notes are compared.
GRID = 4


@dataclass(frozen=True, eq=False)
class Point:
    """A song as latent vectors, and what is known of it beside them.

    Parameters
    ----------
    z : ndarray of float32, shape (n_phrases, n_latent)
        A vector for each phrase.
    bars : int
        Length of the song.
    metre : (int, int)
        Time signature.
    shift : int
        Semitones from C major or A minor to its key.
    tempo : float
        Quarter notes a minute.
    programs : mapping of str to int
        General MIDI instrument of each voice.
    title : str
        Of the song.
    """

    z: Floats
    bars: int
    metre: tuple[int, int]
    shift: int = 0
    tempo: float = 120.0
    programs: Mapping[str, int] | None = None
    title: str = "new song"


@dataclass(frozen=True, eq=False)
class Way:
    """Where a song goes from where it is.

    Parameters
    ----------
    away, loud : ndarray of float32, shape (n_latent,)
        What is added to its latent vectors where notes are read, and where their loudness is; the
        same unless given.
    faster : float
        The logarithm of what its tempo is multiplied by: a space knows of none.
    """

    away: Floats
    loud: Floats | None = None
    faster: float = 0.0

    def part(self, far: float) -> "Way":
        """Go so far on it: 0 for not at all, 1 for the whole way."""
        loud = None if self.loud is None else far * self.loud
        return Way(far * self.away, loud, far * self.faster)


def slerp(a: NDArray[np.float32], b: NDArray[np.float32], t: float) -> NDArray[np.float32]:
    """Go from one vector to another on the sphere, the length changing evenly (Shoemake 1985).

    Parameters
    ----------
    a, b : ndarray of float, shape (..., n)
        Ends.
    t : float
        0 for the one, 1 for the other.

    Examples
    --------
    >>> slerp(np.array([2.0, 0.0]), np.array([0.0, 2.0]), 0.5).round(3).tolist()
    [1.414, 1.414]
    """
    length_a, length_b = (np.linalg.norm(v, axis=-1, keepdims=True) for v in (a, b))
    one, other = (v / np.maximum(n, 1e-9) for v, n in ((a, length_a), (b, length_b)))
    angle = np.arccos(np.clip((one * other).sum(axis=-1, keepdims=True), -1, 1))
    sine = np.sin(angle)
    straight = sine < 1e-4  # parallel, or opposite: there is no one way on the sphere
    sine = np.where(straight, 1, sine)
    way = np.where(straight, (1 - t) * one + t * other,
                   (np.sin((1 - t) * angle) * one + np.sin(t * angle) * other) / sine)  # fmt: skip
    return np.asarray(way * ((1 - t) * length_a + t * length_b))


def between(a: Point, b: Point, t: float) -> Point:
    """Give the place at `t`, from 0 to 1, of the way from one song to another."""
    n_bars = round((1 - t) * a.bars + t * b.bars)
    n = max(len(a.z), len(b.z))
    one, other = (np.resize(point.z, (n, point.z.shape[1])) for point in (a, b))
    near = a if t < 0.5 else b
    tempo = a.tempo ** (1 - t) * b.tempo**t
    return replace(near, z=slerp(one, other, t), bars=n_bars, tempo=tempo)


def of_the_middle(point: Point, middle: Floats) -> Point:
    """Forget a song: its phrases become the middle of the space; all else stays."""
    return replace(point, z=np.repeat(middle[None], len(point.z), axis=0))


def note_agreement(one: Song, other: Song) -> float:
    """Give the F1 of the notes of two songs: both have a note of that pitch at that sixteenth.

    Examples
    --------
    >>> from classify.representations.melody import Melody, decode
    >>> a, b = (decode(Melody((60, 62, p, 65), (4, 4, 4, 4))) for p in (64, 63))
    >>> note_agreement(a, b)
    0.75
    """
    a, b = (_notes(song) for song in (one, other))
    return 2 * len(a & b) / max(1, len(a) + len(b))


def _notes(song: Song) -> set[tuple[int, int, bool]]:
    notes = song.notes
    at = np.round(notes["beat"].astype(float) * GRID).astype(int)
    return set(zip(at.tolist(), notes["pitch"].tolist(), notes["drum"].tolist(), strict=True))


def attribute_ways(
    z: NDArray[np.floating], attributes: Mapping[str, NDArray[np.float64]]
) -> dict[str, Floats]:
    """Find the way along each attribute, with what the others explain taken out (least squares).

    Parameters
    ----------
    z : ndarray of float, shape (n_songs, n_latent)
        Where songs are.
    attributes : mapping of str to ndarray, shape (n_songs,)
        What is measured on each; NaN counts as the mean.

    Returns
    -------
    dict of str to ndarray of float32, shape (n_latent,)
        What a latent vector changes by for each standard deviation; none for an attribute that
        does not vary.
    """
    columns = dict[str, NDArray[np.float64]]()
    for name, values in attributes.items():
        known = values[np.isfinite(values)]
        filled = np.where(np.isfinite(values), values, known.mean() if len(known) else 0.0)
        if filled.std() > 0:
            columns[name] = (filled - filled.mean()) / filled.std()
    x = np.stack([*columns.values(), np.ones(len(z))], axis=1)
    ways = np.linalg.lstsq(x, z.astype(float), rcond=None)[0]
    return {name: way.astype(np.float32) for name, way in zip(columns, ways, strict=False)}
