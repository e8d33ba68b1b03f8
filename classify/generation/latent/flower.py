"""The prior of MusAE: a Gaussian for each label, on a circle and wide away from its middle."""

import numpy as np
from numpy.typing import NDArray

#: Variance away from the middle of the circle, and in all other ways (Valenti et al. 2020).
RADIAL, NARROW = 0.1, 0.001


def petals(n_labels: int, n_latent: int) -> NDArray[np.float32]:
    """Give the means: on the unit circle in the first two directions.

    Returns
    -------
    ndarray of float32, shape (n_labels, n_latent)

    Examples
    --------
    >>> petals(4, 3)[1].round(3).tolist()
    [0.0, 1.0, 0.0]
    """
    means = np.zeros((n_labels, n_latent), np.float32)
    angle = 2 * np.pi * np.arange(n_labels) / n_labels
    means[:, 0], means[:, 1] = np.cos(angle), np.sin(angle)
    return means


def petal_root(mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give a square root of the covariance around a mean, shape (n_latent, n_latent).

    Examples
    --------
    >>> root = petal_root(np.array([1, 0, 0], np.float32))
    >>> np.diag(root @ root.T).astype(float).round(4).tolist()
    [0.1, 0.001, 0.001]
    """
    narrow = np.sqrt(NARROW) * np.eye(len(mean))
    wide = (np.sqrt(RADIAL) - np.sqrt(NARROW)) * np.outer(mean, mean)
    return (narrow + wide).astype(np.float32)


def deviations(n_latent: int) -> NDArray[np.float32]:
    """Give the prior's standard deviation in each direction, over labels that are evenly many.

    Examples
    --------
    >>> (deviations(3) ** 2).astype(float).round(4).tolist()
    [0.5505, 0.5505, 0.001]
    """
    found = np.full(n_latent, np.sqrt(NARROW), np.float32)
    found[:2] = np.sqrt((1 + RADIAL + NARROW) / 2)
    return found
