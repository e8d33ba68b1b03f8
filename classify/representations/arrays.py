"""Arrays of many windows: on disk, for the processes that train on them, and as rows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.files import atomic_write
from classify.representations.windows import Windows

#: Shape of all windows, and the windows a block at a time.
Table = tuple[tuple[int, ...], Iterable[np.ndarray]]


@dataclass(frozen=True, eq=False)
class StoredWindows(Windows):
    """Windows that were cut once, into a file; what needs them again reads them there.

    Parameters
    ----------
    path : Path
        A .npy file of shape (n_windows, n_notes, n_channels).
    """

    path: Path

    def _cut(self, rows: slice) -> NDArray[np.float32]:
        return np.array(np.load(self.path, mmap_mode="r")[rows])

    def moved_to(self, path: Path) -> "StoredWindows":
        """Move the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path.replace(path)
        return replace(self, path=path)


def store_windows(windows: Windows, path: Path) -> StoredWindows:
    """Cut all windows and write them to a .npy file, which is replaced if it is there."""
    _write(path, windows.shape, (block for _, block in windows.blocks()))
    where = windows.song, windows.start, windows.counts, path
    return StoredWindows(windows.songs, windows.settings, *where)


def _write(path: Path, shape: tuple[int, ...], blocks: Iterable[np.ndarray]) -> None:
    """Write an array block by block.

    By plain writes, which fail where the disk is full; a file in memory ends the process there.
    """
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    n_bytes = 4 * math.prod(shape)
    with atomic_write(path, n_bytes) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.asarray(block, "<f4").tobytes())


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
        if not path.is_file():
            _write(path, shape, blocks)
    with atomic_write(folder / "about.npz") as temporary:
        np.savez(temporary, allow_pickle=False, **about)


def as_rows(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay a window's notes side by side: (n_windows, n_notes * n_channels).

    >>> as_rows(np.zeros((5, 16, 2), np.float32)).shape
    (5, 32)
    """
    return x.reshape(len(x), -1)
