"""From songs to what a model is given, and back: the contract, and the list of who keeps it.

A `Representation` is an object at the top of a module of this package. Models say the name of the
one they take (`INPUT` in a file of `baselines` or `classify.models.networks`), and `get` finds it:
a new representation is a new file here and nothing else.
"""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

import classify.representations
from classify.representations.features.registry import Feature
from classify.representations.windows import Windows, WindowSettings
from classify.songs import Song

#: Told how many windows are done, of how many.
Count = Callable[[int, int], None]
Blocks = Iterator[NDArray[np.float32]]


def silent(done: int, total: int) -> None:
    """Watch nothing.

    >>> silent(1, 2)
    """


class Representation(ABC):
    """How songs become the input of a model.

    Attributes
    ----------
    name : str
        Unique; in run records, saved models and file names.
    title : str
        What is said while it is made; empty where that takes no time.
    scaled : bool
        Whether columns have units of their own and padding is NaN, so that an estimator has to
        scale and fill them; everything else is finite and in fixed units.
    per_song : bool
        Whether all windows of a song are the same.
    described : bool
        Whether columns are quantities that people have words for, in families.
    gradients : bool
        Whether a gradient says something of a note: each row is one, and no column is a code, as
        programs and pitch classes are.
    augments : bool
        Whether `augment` changes anything.

    Examples
    --------
    >>> given = get("notes")
    >>> [column.name for column in given.columns(WindowSettings(64, 64, ("pitch", "drum")))]
    ['pitch', 'drum']
    """

    name: str
    title: str = ""
    scaled: bool = False
    per_song: bool = False
    described: bool = False
    gradients: bool = False
    augments: bool = False

    @abstractmethod
    def columns(self, settings: WindowSettings) -> list[Feature]:
        """Name the columns of the last axis."""

    @abstractmethod
    def shape(self, settings: WindowSettings) -> tuple[int, int]:
        """Give the shape of a window: notes (1 where it is described as a whole), columns."""

    @abstractmethod
    def encode(self, songs: Sequence[Song], windows: Windows, count: Count = silent) -> Blocks:
        """Give all windows, in order, a block at a time.

        Parameters
        ----------
        songs : sequence of Song
            That `windows.song` counts.
        windows : Windows
            Those of a song stand together.
        count : callable, optional
            Told of progress.

        Yields
        ------
        ndarray of float32, shape (n, n_notes, n_columns)
            As `shape` gives it; columns as `columns` names them.
        """

    def decode(self, x: NDArray[np.float32], settings: WindowSettings) -> NDArray[np.void]:
        """Give the notes that windows stand for, as far as they hold them.

        Parameters
        ----------
        x : ndarray of float32, shape (n_windows, n_notes, n_columns)
            Windows of one song that follow each other without overlap (`hop` is `window`).
        settings : WindowSettings
            That they were cut by.

        Returns
        -------
        ndarray of NOTE, shape (n_notes,)
            Sorted by onset and pitch; the first note begins at 0 s.

        Raises
        ------
        TypeError
            If this representation does not keep the notes.
        ValueError
            If it does, and these windows lack what makes a note.
        """
        raise TypeError(f"{self.name} does not keep the notes of a song, so none can be made of it")

    def augment(self, x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Change windows at random in ways that leave their class alone."""
        return x

    def families(self, settings: WindowSettings) -> dict[str, NDArray[np.int64]]:
        """Give the columns of each family (rhythm, harmony, ...); each column alone without any."""
        columns = self.columns(settings)
        names = np.array([c.family if self.described else c.name for c in columns])
        return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}

    def select(self, names: Sequence[str], settings: WindowSettings) -> "Representation":
        """Give the same representation with these columns only, in this order.

        Raises
        ------
        KeyError
            If it has no such column.
        """
        known = {column.name: place for place, column in enumerate(self.columns(settings))}
        places = np.array([known[name] for name in names])
        return self if list(names) == list(known) else _ChosenColumns(self, places)


class _ChosenColumns(Representation):
    """Some columns of another representation."""

    def __init__(self, whole: Representation, places: NDArray[np.int64]) -> None:
        for name in ("name", "title", "scaled", "per_song", "described", "gradients"):
            setattr(self, name, getattr(whole, name))
        self._whole, self._places = whole, places

    def columns(self, settings: WindowSettings) -> list[Feature]:
        columns = self._whole.columns(settings)
        return [columns[place] for place in self._places]

    def shape(self, settings: WindowSettings) -> tuple[int, int]:
        return self._whole.shape(settings)[0], len(self._places)

    def encode(self, songs: Sequence[Song], windows: Windows, count: Count = silent) -> Blocks:
        # a copy in C order, as models were fitted on: in another order sums round otherwise
        for x in self._whole.encode(songs, windows, count):
            yield np.take(x, self._places, axis=-1)


@cache
def find() -> dict[str, Representation]:
    """Find every representation of this package, by name.

    >>> sorted(find())[:2]
    ['compound', 'features']
    """
    by_name: dict[str, Representation] = {}
    for info in pkgutil.iter_modules(classify.representations.__path__):
        module = importlib.import_module(f"classify.representations.{info.name}")
        for value in vars(module).values():
            if not isinstance(value, Representation):
                continue
            if by_name.setdefault(value.name, value) is not value:
                raise ValueError(f"two representations are called {value.name!r}")
    return by_name


def get(name: str) -> Representation:
    """Give the representation of this name.

    Raises
    ------
    KeyError
        If there is none.

    Examples
    --------
    >>> get("note-events").shape(WindowSettings(64, 64))
    (64, 9)
    """
    known = find()
    if name not in known:
        raise KeyError(f"no representation {name!r}; there are {', '.join(sorted(known))}")
    return known[name]
