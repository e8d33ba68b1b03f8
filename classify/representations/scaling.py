"""Channels of windows to numbers that models can learn from, and padding filled.

Windows are cut with NaN for padding (`classify.representations.windows`). An estimator learns the
scaling when it is fitted and applies it to whatever it is asked about later
(`classify.models.estimator`), so nobody else has to.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ChannelScaler:
    """Brings each channel to mean 0 and standard deviation 1 over the real notes it was fitted on.

    Parameters
    ----------
    mean, std : ndarray, shape (n_channels,)
        A channel that never changes has std 1, so it becomes 0 throughout.

    Examples
    --------
    >>> windows = np.array([[[np.nan], [60.0], [62.0]], [[62.0], [64.0], [62.0]]], np.float32)
    >>> scaler = ChannelScaler.fit(windows)
    >>> scaler.mean.tolist()
    [62.0]
    >>> [round(value, 2) for value in scaler.transform(windows)[0, :, 0].tolist()]
    [0.0, -1.58, 0.0]
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    @classmethod
    def fit(cls, *blocks: NDArray[np.float32]) -> "ChannelScaler":
        """Learn mean and spread from windows of the training part only, padding left out."""
        return cls.fit_blocks(blocks)

    @classmethod
    def fit_blocks(cls, blocks: Iterable[NDArray[np.float32]]) -> "ChannelScaler":
        """Learn mean and spread from blocks of windows that come one after another.

        Sums over blocks are joined as by Chan, Golub and LeVeque (1979), so that nothing is lost
        to rounding when there are many.
        """
        count, mean, squares = 0, np.zeros(1), np.zeros(1)
        for x in blocks:
            notes = x.reshape(-1, x.shape[-1])
            notes = notes[~np.isnan(notes[:, 0])].astype(np.float64)
            if len(notes):
                block_mean = notes.mean(axis=0)
                step = block_mean - mean
                share = len(notes) / (count + len(notes))
                squares = squares + ((notes - block_mean) ** 2).sum(axis=0)
                squares = squares + step**2 * count * share
                mean, count = mean + step * share, count + len(notes)
        std = np.sqrt(squares / count)
        return cls(mean, np.where(std > 1e-9, std, 1.0))

    @classmethod
    def identity(cls, n_channels: int) -> "ChannelScaler":
        """Leave numbers as they are, as the paper does: from 0 to 127, and 0 for padding.

        >>> scaler = ChannelScaler.identity(1)
        >>> scaler.transform(np.array([[[np.nan], [60.0]]], np.float32)).ravel().tolist()
        [0.0, 60.0]
        """
        return cls(np.zeros(n_channels), np.ones(n_channels))

    def transform(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale windows; padding becomes 0, the training mean."""
        return np.nan_to_num((x - self.mean) / self.std, copy=False, nan=0.0).astype(np.float32)

    def to_json(self) -> dict[str, list[float]]:
        """Give mean and spread as JSON holds them, exactly."""
        return {"mean": self.mean.tolist(), "std": self.std.tolist()}

    @classmethod
    def from_json(cls, values: dict[str, list[float]]) -> "ChannelScaler":
        """Read what `to_json` gave.

        >>> ChannelScaler.from_json({"mean": [60.0], "std": [2.0]}).std.tolist()
        [2.0]
        """
        return cls(np.array(values["mean"], float), np.array(values["std"], float))


#: Songs with a copy from which what a recording does to quantities is learned; mean and spread of
#: fewer are too little known. With 30 EMOPIA clips, 663 recordings had a log loss lower by .016,
#: with some 430 by .019.
LEAST_PAIRS = 30


@dataclass(frozen=True, eq=False)
class TranscriptionScaler:
    """Gives each quantity of transcriptions the mean and spread that it has for the songs.

    A transcription has other velocities, lengths and numbers of notes than its song, by much the
    same amount for all songs; that part is taken away, and what is left differs from song to song.

    Parameters
    ----------
    factor, shift : ndarray, shape (n_columns,)
        A quantity of a transcription becomes `factor` times itself and `shift` more; one that is
        the same for all transcriptions becomes the songs' mean.

    Examples
    --------
    >>> songs = np.array([[[40.0]], [[60.0]]], np.float32)
    >>> heard = np.array([[[70.0]], [[80.0]]], np.float32)
    >>> TranscriptionScaler.fit(songs, heard).transform(heard).ravel().tolist()
    [40.0, 60.0]
    """

    factor: NDArray[np.float64]
    shift: NDArray[np.float64]

    @classmethod
    def fit(cls, songs: NDArray[np.float32], copies: NDArray[np.float32]) -> "TranscriptionScaler":
        """Learn from songs and what was heard of each, both of shape (n_songs, 1, n_columns)."""
        played, heard = (rows.reshape(-1, rows.shape[-1]).astype(float) for rows in (songs, copies))
        spread = heard.std(axis=0)
        varied = spread > 1e-6
        factor = np.where(varied, played.std(axis=0) / np.where(varied, spread, 1.0), 0.0)
        return cls(factor, played.mean(axis=0) - factor * heard.mean(axis=0))

    @classmethod
    def of_pairs(
        cls, x: NDArray[np.float32], originals: NDArray, transcribed: NDArray[np.bool_]
    ) -> "TranscriptionScaler | None":
        """Learn from the songs that are there as themselves and as a transcription.

        Parameters
        ----------
        x : ndarray of float32, shape (n_windows, 1, n_columns)
            Windows, of which those of a song are all alike.
        originals : ndarray, shape (n_windows,)
            The song of each, or that which its song is a copy of.
        transcribed : ndarray of bool, shape (n_windows,)
            Windows of transcriptions.

        Returns
        -------
        TranscriptionScaler or None
            None where there are fewer than `LEAST_PAIRS`.
        """
        played, heard = np.flatnonzero(~transcribed), np.flatnonzero(transcribed)
        both, song, copy = np.intersect1d(originals[played], originals[heard], return_indices=True)
        if len(both) < LEAST_PAIRS:
            return None
        return cls.fit(x[played[song]], x[heard[copy]])

    def transform(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring quantities of transcriptions to those of songs."""
        return (x * self.factor + self.shift).astype(np.float32)

    def to_json(self) -> dict[str, list[float]]:
        """Give both as JSON holds them, exactly."""
        return {"factor": self.factor.tolist(), "shift": self.shift.tolist()}


def unscaled(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give windows as they are, with 0 for padding.

    >>> unscaled(np.array([[[np.nan], [60.0]]], np.float32)).ravel().tolist()
    [0.0, 60.0]
    """
    return np.nan_to_num(x, nan=0.0)


def check_padding(x: NDArray[np.float32]) -> None:
    """Refuse windows whose NaN are not padding: whole notes, on the left.

    Parameters
    ----------
    x : ndarray of float32, shape (n_windows, n_notes, n_channels)
        As `classify.representations.windows` cuts them.

    Raises
    ------
    ValueError
        If NaN stands in a part of a note, or behind a real one.

    Examples
    --------
    >>> check_padding(np.array([[[np.nan, np.nan], [60.0, 64.0]]]))
    >>> check_padding(np.array([[[60.0, 64.0], [np.nan, 64.0]]]))
    Traceback (most recent call last):
        ...
    ValueError: windows hold NaN that is no padding: padding is whole notes, on the left
    """
    missing = np.isnan(x)
    padding = np.asarray(missing.all(axis=2))
    if (missing.any(axis=2) != padding).any() or (padding[:, 1:] > padding[:, :-1]).any():
        raise ValueError("windows hold NaN that is no padding: padding is whole notes, on the left")
