"""Arrays of many windows: on disk, for the processes that train on them, and as rows."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.files import atomic_write

#: Shape of all windows, and the windows a block at a time.
Table = tuple[tuple[int, ...], Iterable[np.ndarray]]


def save_data(folder: Path, inputs: dict[str, Table], **about: np.ndarray) -> None:
    """Write windows and what is known of each, unless a stopped run has left them there.

    Parameters
    ----------
    folder : Path
        Where to.
    inputs : dict of str to (tuple of int, iterable of ndarray of float32)
        What models are given, by the name of its representation: the shape of all windows,
        and the windows, some at a time, in order.
    about : ndarray, shape (n_windows,)
        `label`, `group` and `song` of each window.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     blocks = [np.zeros((2, 4, 1), np.float32), np.ones((1, 4, 1), np.float32)]
    ...     save_data(Path(folder), {"notes": ((3, 4, 1), blocks)}, song=np.array([0, 0, 1]))
    ...     print(np.load(Path(folder) / "notes.npy").shape)
    (3, 4, 1)
    """
    for name, (shape, blocks) in inputs.items():
        path = folder / f"{name}.npy"
        if path.is_file():
            continue
        with atomic_write(path) as beside:
            x = np.lib.format.open_memmap(beside, "w+", np.float32, shape)
            written = 0
            for block in blocks:
                x[written : written + len(block)] = block
                written += len(block)
            x.flush()
    with atomic_write(folder / "about.npz") as beside:
        np.savez(beside, allow_pickle=False, **about)


def as_rows(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay a window's notes side by side: (n_windows, n_notes * n_channels).

    >>> as_rows(np.zeros((5, 16, 2), np.float32)).shape
    (5, 32)
    """
    return x.reshape(len(x), -1)
