"""From window to song: the features of a song and of its excerpts.

A song is described twice: by its features as one long window, which see its whole form, and by the
mean of the features of its excerpts, in which every part counts alike. Excerpts are windows of a
length of their own, so that a song's description does not depend on how songs are cut for other
models. Each song is looked at by itself, so nothing passes from one song to another, nor from a
training part to a test part that holds whole songs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.batch import batch
from classify.representations.features.registry import AT_ONCE, Feature, compute, listed
from classify.representations.windows import WindowSettings, cut
from classify.songs import Song

#: What is put before a feature's name: of the whole song, and the mean of its excerpts.
WHOLE, MEAN = "song_", "mean_"

#: Notes in an excerpt. Of 48, 100, 200, 400 and none, the one with the best mean accuracy over five
#: corpora, whatever their songs' lengths (`benchmarks/ablation.py`).
EXCERPT = 48


def listed_of_songs() -> list[Feature]:
    """Every quantity of a song, in the order of `of_songs`' columns; families are the windows'.

    >>> listed_of_songs()[0].name, listed_of_songs()[-1].name[:5]
    ('song_key_major_fit', 'mean_')
    """
    return [replace(f, name=prefix + f.name) for prefix in (WHOLE, MEAN) for f in listed()]


def of_songs(songs: Sequence[Song], excerpt: int = EXCERPT) -> NDArray[np.float32]:
    """Describe whole songs.

    Parameters
    ----------
    songs : sequence of Song
        At least one.
    excerpt : int
        Notes in an excerpt.

    Returns
    -------
    ndarray of float32, shape (n_songs, 2 * n_features)
        Columns as in `listed_of_songs`.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> of_songs([piece()]).shape == (1, len(listed_of_songs()))
    True
    """
    means = mean_of_excerpts(songs, excerpt)
    return np.concatenate([whole(songs), means], axis=1).astype(np.float32)


def mean_of_excerpts(songs: Sequence[Song], excerpt: int = EXCERPT) -> NDArray[np.float64]:
    """Compute the mean features of each song's excerpts, shape (n_songs, n_features).

    >>> from classify.representations.reference import piece
    >>> mean_of_excerpts([piece()]).shape == (1, len(listed()))
    True
    """
    cuts = cut(songs, WindowSettings(excerpt, excerpt))
    parts = compute(batch(songs, cuts.song, cuts.start, excerpt)).astype(np.float64)
    first = np.unique(cuts.song, return_index=True)[1]
    return _over_song(parts, cuts.song)[first]


def whole(songs: Sequence[Song]) -> NDArray[np.float32]:
    """Compute the features of whole songs, shape (n_songs, n_features).

    >>> from classify.representations.reference import piece
    >>> whole([piece()]).shape == (1, len(listed()))
    True
    """
    table = np.zeros((len(songs), len(listed())), np.float32)
    for rows in _alike([song.n_notes for song in songs]):
        chosen, place = [songs[row] for row in rows], np.arange(len(rows))
        longest = max(song.n_notes for song in chosen)
        table[rows] = compute(batch(chosen, place, np.zeros_like(place), longest))
    return table


def _alike(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Put songs of about one length together, since a batch is as wide as its longest song."""
    rows: list[int] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if rows and (len(rows) + 1) * lengths[row] > AT_ONCE:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _over_song(x: NDArray[np.float64], song: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean over the windows of each window's song; songs in any order."""
    _, place, counts = np.unique(song, return_inverse=True, return_counts=True)
    order = np.argsort(place, kind="stable")
    return (np.add.reduceat(x[order], np.cumsum(counts) - counts) / counts[:, None])[place]


def with_song(x: NDArray[np.float32], song: NDArray[np.int64]) -> NDArray[np.float32]:
    """Add to each window's features their mean and spread over the windows of its song.

    Parameters
    ----------
    x : ndarray, shape (n_windows, n_features)
        Features of windows.
    song : ndarray of int, shape (n_windows,)
        Each window's song, in any order.

    Returns
    -------
    ndarray of float32, shape (n_windows, 3 * n_features)
        Features, their means, their population standard deviations (0 for a song of one window).

    Examples
    --------
    >>> x = np.array([[1.0], [3.0], [5.0]], np.float32)
    >>> with_song(x, np.array([0, 0, 1])).tolist()
    [[1.0, 2.0, 1.0], [3.0, 2.0, 1.0], [5.0, 5.0, 0.0]]
    """
    values = x.astype(np.float64)
    mean = _over_song(values, song)
    spread = np.sqrt(_over_song((values - mean) ** 2, song))
    return np.concatenate([values, mean, spread], axis=1).astype(np.float32)
