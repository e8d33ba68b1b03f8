"""How like real bars new ones are, and whether a generator writes the same over and over.

An adversary's loss says nothing of the music. What is measured after each epoch, on bars for the
chords and beginnings of held-out songs, is the Fréchet distance of simple descriptors of bars.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.evaluation.similarity import frechet_distance
from classify.evaluation.variety import first_of_their_kind, nearest_distances

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Steps in a quarter note.
BEAT = 4

#: Share of pieces that differ from all others, and distance of a piece to the nearest other one as
#: a share of that of real pieces, below which a generator has collapsed.
FEWEST_DISTINCT, CLOSEST = 0.5, 0.25

#: Least spread of a descriptor.
FLAT = 0.05


def describe(begins: Bools, sounds: Bools) -> Floats:
    """Describe bars.

    Parameters
    ----------
    begins, sounds : ndarray of bool, shape (n_bars, n_steps, n_pitches)
        Where notes begin, and where they sound.

    Returns
    -------
    ndarray, shape (n_bars, 22)
        Shares of 12 pitch classes; then notes a step, of these those on beats and those between
        eighths, steps that sound, pitches at once, mean length, used pitch classes, mean pitch,
        spread, and mean step between notes, all of about one size.
    """
    n, steps, pitches = sounds.shape
    classes = np.zeros((n, 12))
    np.add.at(classes.T, np.arange(pitches) % 12, sounds.sum(axis=1).T.astype(float))
    total = classes.sum(axis=1)
    shares = classes / np.maximum(total, 1)[:, None]
    notes = begins.sum(axis=(1, 2))
    some = np.maximum(notes, 1)
    place = np.arange(steps)
    at_once = sounds.sum(axis=2)
    height = np.arange(pitches) / 12
    by_pitch = begins.sum(axis=1) / some[:, None]
    mean = by_pitch @ height
    spread = np.sqrt(np.maximum(by_pitch @ height**2 - mean**2, 0))
    columns = [
        notes / steps,
        begins[:, place % BEAT == 0].sum(axis=(1, 2)) / some,
        begins[:, place % 2 == 1].sum(axis=(1, 2)) / some,
        (at_once > 0).mean(axis=1),
        at_once.mean(axis=1) / 4,
        np.minimum(total / some, steps) / steps,
        (classes > 0).sum(axis=1) / 12,
        mean / 4,
        spread,
        _steps(begins) / 12,
    ]
    return np.concatenate([shares, np.stack(columns, axis=1)], axis=1)


def _steps(begins: Bools) -> Floats:
    """Give the mean step between notes that follow each other, the highest of each place."""
    n = len(begins)
    top = np.where(begins.any(axis=2), begins.shape[2] - 1 - begins[:, :, ::-1].argmax(axis=2), -1)
    total, count, last = np.zeros(n), np.zeros(n), np.full(n, -1)
    for pitch in top.T:
        both = (pitch >= 0) & (last >= 0)
        total += np.where(both, np.abs(pitch - last), 0)
        count += both
        last = np.where(pitch >= 0, pitch, last)
    return total / np.maximum(count, 1)


def distance(real: Floats, new: Floats) -> float:
    """Give the Fréchet distance of described bars, each descriptor on the scale of real ones."""
    scale = np.maximum(real.std(axis=0), FLAT)
    return frechet_distance(real / scale, new / scale)


@dataclass(frozen=True)
class Variety:
    """How varied pieces are.

    Parameters
    ----------
    distinct : float
        Share of pieces that repeat none before.
    apart : float
        Median distance of a piece to the nearest other one, as a share of that of real pieces.
    """

    distinct: float
    apart: float

    @property
    def collapsed(self) -> bool:
        """Whether the generator writes the same over and over."""
        return self.distinct < FEWEST_DISTINCT or self.apart < CLOSEST

    @classmethod
    def of(cls, real: tuple[Bools, Bools], new: tuple[Bools, Bools]) -> "Variety":
        """Compare pieces with real ones.

        Parameters
        ----------
        real, new : pair of ndarray of bool, each of shape (n_pieces, n_bars, n_steps, n_pitches)
            Where notes begin, and where they sound; as many of both.
        """
        rows = []
        for begins, sounds in (real, new):
            flat = begins.reshape(-1, *begins.shape[2:]), sounds.reshape(-1, *sounds.shape[2:])
            rows.append(describe(*flat).reshape(len(begins), -1))
        scale = np.maximum(rows[0].std(axis=0), FLAT)
        near = [float(np.median(nearest_distances(row / scale))) for row in rows]
        pieces = [one.tobytes() + other.tobytes() for one, other in zip(*new, strict=True)]
        return cls(float(first_of_their_kind(pieces).mean()), near[1] / max(near[0], 1e-9))
