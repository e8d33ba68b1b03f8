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
