"""Permutation importance: columns of a fitted model's input are shuffled among test songs.

A column (or several that belong together) is *shuffled* by giving each test song the values of
another one, all windows of a song together: the column keeps its distribution and loses its
relation to the song. How much worse the predictions become is the column's importance. Two
questions are asked of every set of columns:

- `without`: only these are shuffled. What do they contribute that no other column does?
- `alone`: all others are shuffled. What do they contribute by themselves?

Columns that carry the same information make `without` small for both and `alone` large for both, so
neither question ranks fairly. `credit` is the mean of the two: of all orders in which sets of
columns could be given to the model, the two in which these come first and last. For two sets this
is Shapley's value, and for any number the credit of a set that matters to no order is 0.

Everything is measured on songs: windows' probabilities are averaged over a song before the
logarithm is taken or the class predicted, and intervals resample groups of songs.

References: Breiman 2001, Machine Learning 45 (permutation importance); Fisher, Rudin and Dominici
2019, JMLR 20 (on held-out data); Covert, Lundberg and Lee 2020, NeurIPS (Shapley values of a loss).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from classify.evaluation.intervals import estimate

#: Windows to class probabilities, (n_windows, ...) to (n_windows, n_classes).
Predict = Callable[[NDArray[np.float32]], NDArray[np.floating]]

#: A probability below this counts as this, so that no single song decides a mean of logarithms.
FLOOR = 1e-3

#: How often songs are shuffled; importances are averaged over the shuffles.
REPEATS = 5

#: Shuffled songs are predicted together up to so many bytes: many models have a cost per call.
BATCH_BYTES = 2**26

METRICS = ("log_likelihood", "accuracy")
QUESTIONS = ("without", "alone", "credit")

#: Columns whose rank correlation over songs is above this, on average, are one cluster.
CLUSTER_CORRELATION = 0.7


@dataclass(frozen=True, eq=False)
class HeldOutSongs:
    """Songs that a model has not seen.

    Parameters
    ----------
    x : ndarray of float32, shape (n_windows, ..., n_columns)
        As the model takes it.
    song : ndarray of int, shape (n_windows,)
        Song of each window, from 0 to n_songs - 1.
    truth : ndarray of int, shape (n_songs,)
        Column of each song's class in the model's output.
    groups : sequence of str, length n_songs
        Songs that belong together.

    Raises
    ------
    ValueError
        If a song has no window, lengths differ, or there are not two groups to shuffle between.
    """

    x: NDArray[np.float32]
    song: NDArray[np.int64]
    truth: NDArray[np.int64]
    groups: Sequence[str]

    def __post_init__(self) -> None:
        if not np.array_equal(np.unique(self.song), np.arange(len(self.truth))):
            raise ValueError(f"windows must name each song from 0 to {len(self.truth) - 1}")
        if len(self.x) != len(self.song) or len(self.groups) != len(self.truth):
            raise ValueError("x and song count windows; truth and groups count songs")
        if len(set(self.groups)) < 2:
            raise ValueError("one group of songs cannot be shuffled; give at least two")


@dataclass(frozen=True, eq=False)
class SongImportance:
    """How much worse each song is predicted without the information of some columns.

    Parameters
    ----------
    name : str
        Of the columns.
    without, alone : ndarray, shape (n_metrics, n_songs)
        The two questions, one row for each of METRICS: nats, and correct predictions (share of
        shuffles). Above 0 where the columns help; `alone` is NaN where it was not measured.
    """

    name: str
    without: NDArray[np.float64]
    alone: NDArray[np.float64]

    def of(self, question: str) -> NDArray[np.float64]:
        """Give the songs' importances for one of QUESTIONS."""
        return {"without": self.without, "alone": self.alone,
                "credit": (self.without + self.alone) / 2}[question]  # fmt: skip


def permutation_importance(
    predict: Predict,
    held_out: HeldOutSongs,
    columns: Mapping[str, NDArray[np.int64]],
    seed: int,
    repeats: int = REPEATS,
    alone: bool = True,
) -> list[SongImportance]:
    """Shuffle sets of columns among held-out songs and measure how much worse predictions become.

    Parameters
    ----------
    predict : callable
        The fitted model.
    held_out : HeldOutSongs
        Songs it has not seen.
    columns : mapping of str to ndarray of int
        Sets of columns of `held.x`'s last axis, by name.
    seed : int
        Of the shuffles.
    repeats : int
        Number of shuffles.
    alone : bool
        Whether to measure the second question too, which takes as long again.

    Returns
    -------
    list of SongImportance
        In the order of `columns`.

    Examples
    --------
    A model that depends on the first of two columns only.

    >>> x = np.array([[-1, 0], [-1, 1], [1, 0], [1, 1]], dtype=np.float32)
    >>> songs = HeldOutSongs(x, np.arange(4), np.array([0, 0, 1, 1]), ["a", "b", "c", "d"])
    >>> def predict(x):
    ...     return np.column_stack([x[:, 0] < 0, x[:, 0] > 0]).astype(float)
    >>> columns = {"first": np.array([0]), "second": np.array([1])}
    >>> first, second = permutation_importance(predict, songs, columns, seed=0)
    >>> bool(first.without[1].mean() > 0), second.without[1].tolist()
    (True, [0.0, 0.0, 0.0, 0.0])
    """
    (whole,) = _scored(predict, held_out, [held_out.x])
    sums = {name: np.zeros((2, *whole.shape)) for name in columns}
    for repeat in range(repeats):
        other = held_out.x[donor_windows(held_out.song, donors(held_out.groups, [seed, repeat]))]
        for name, left in zip(
            columns, _mixed(predict, held_out, held_out.x, other, columns), strict=True
        ):
            sums[name][0] += whole - left
        if not alone:
            continue
        (nothing,) = _scored(predict, held_out, [other])
        for name, left in zip(
            columns, _mixed(predict, held_out, other, held_out.x, columns), strict=True
        ):
            sums[name][1] += left - nothing
    measured_or_nan = np.array([1.0, 1.0 if alone else np.nan])[:, None, None]
    return [
        SongImportance(name, *(measured_or_nan * both / repeats)) for name, both in sums.items()
    ]


def _mixed(
    predict: Predict,
    held_out: HeldOutSongs,
    x: NDArray[np.float32],
    other: NDArray[np.float32],
    columns: Mapping[str, NDArray[np.int64]],
) -> Iterator[NDArray[np.float64]]:
    """Score songs once for each set of columns, that set being taken from elsewhere."""

    def tables() -> Iterator[NDArray[np.float32]]:
        for chosen in columns.values():
            mixed = x.copy()
            mixed[..., chosen] = other[..., chosen]
            yield mixed

    return _scored(predict, held_out, tables())


def donors(groups: Sequence[str], seed: int | list[int]) -> NDArray[np.int64]:
    """Choose for each song another one to take values from; each song gives to one.

    Groups are put into a random order, songs in them too, and each song takes from the one half
    way round. So no song takes from its own group, unless that holds more than half of all songs.

    Returns
    -------
    ndarray of int, shape (n_songs,)

    Examples
    --------
    >>> chosen = donors(["a", "a", "b", "b"], seed=0)
    >>> sorted(chosen[:2].tolist()), sorted(chosen[2:].tolist())
    ([2, 3], [0, 1])
    """
    draw = np.random.default_rng(seed)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    place = draw.permutation(group.max() + 1)[group]
    order = np.lexsort((draw.random(len(group)), place))
    chosen = np.empty(len(order), dtype=np.int64)
    chosen[order] = np.roll(order, len(order) // 2)
    return chosen


def donor_windows(song: NDArray[np.int64], donor: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give for each window the window it takes from: the song's nth from its donor's nth.

    A donor with fewer windows begins again from its first.

    Examples
    --------
    >>> donor_windows(np.array([0, 0, 0, 1, 1]), donor=np.array([1, 0])).tolist()
    [3, 4, 3, 0, 1]
    """
    order = np.argsort(song, kind="stable")
    counts = np.bincount(song, minlength=len(donor))
    firsts = np.cumsum(counts) - counts
    rank = np.empty(len(song), dtype=np.int64)
    rank[order] = np.arange(len(song)) - np.repeat(firsts, counts)
    giver = donor[song]
    return order[firsts[giver] + rank % counts[giver]]


def _scored(
    predict: Predict, held_out: HeldOutSongs, tables: Iterable[NDArray[np.float32]]
) -> Iterator[NDArray[np.float64]]:
    """Score the songs of each table: log-likelihood of the class, and whether it is predicted."""
    for some in _in_batches(tables, max(1, BATCH_BYTES // max(1, held_out.x.nbytes))):
        outputs = np.asarray(predict(np.concatenate(some)), dtype=float)
        for p in np.split(outputs, len(some)):
            sums = np.zeros((len(held_out.truth), p.shape[1]))
            np.add.at(sums, held_out.song, p)
            means = sums / np.bincount(held_out.song)[:, None]
            of_truth = means[np.arange(len(means)), held_out.truth]
            right = means.argmax(axis=1) == held_out.truth
            yield np.stack([np.log(np.maximum(of_truth, FLOOR)), right])


def _in_batches(
    tables: Iterable[NDArray[np.float32]], size: int
) -> Iterator[list[NDArray[np.float32]]]:
    """Give tables in lists of `size`."""
    left = iter(tables)
    while some := list(islice(left, size)):
        yield some


@dataclass(frozen=True)
class Importance:
    """How much a model's predictions depend on some columns.

    Parameters
    ----------
    name : str
        Of the columns.
    metric : str
        One of METRICS.
    question : str
        One of QUESTIONS.
    value, low, high : float
        Mean over songs with its interval, in nats or in the share of correct predictions.
    """

    name: str
    metric: str
    question: str
    value: float
    low: float
    high: float


def mean_importances(
    importances: Sequence[SongImportance], groups: Sequence[str], seed: int, n_folds: int = 1
) -> list[Importance]:
    """Average importances over songs, with intervals over groups of songs.

    Parameters
    ----------
    importances : sequence of SongImportance
        Of the same songs.
    groups : sequence of str, length n_songs
        Group of each song.
    seed : int
        Of the bootstrap.
    n_folds : int
        Folds that the songs are pooled from.

    Returns
    -------
    list of Importance
        Sets of columns by decreasing credit in log-likelihood; in each, every metric and question.

    Examples
    --------
    >>> one = SongImportance("tempo", np.ones((2, 4)), np.zeros((2, 4)))
    >>> table = mean_importances([one], ["a", "b", "c", "d"], seed=0)
    >>> [(row.question, row.value) for row in table if row.metric == "accuracy"]
    [('without', 1.0), ('alone', 0.0), ('credit', 0.5)]
    """
    ranked = sorted(importances, key=lambda importance: -importance.of("credit")[0].mean())

    def measured(importance: SongImportance, row: int, question: str) -> Importance:
        mean = estimate(importance.of(question)[row], groups, seed, n_folds)
        name, metric = importance.name, METRICS[row]
        return Importance(name, metric, question, mean.value, mean.low, mean.high)

    return [
        measured(importance, row, question)
        for importance in ranked
        for row in range(len(METRICS))
        for question in QUESTIONS
    ]


def correlated_clusters(
    table: NDArray[np.floating], names: Sequence[str]
) -> dict[str, NDArray[np.int64]]:
    """Cluster columns that are correlated over songs.

    Shuffling one of two columns with the same information shows little, whichever it is. Average
    linkage on 1 less the absolute rank correlation; a column that never changes is alone.

    Parameters
    ----------
    table : ndarray, shape (n_songs, n_columns)
        A row a song.
    names : sequence of str, length n_columns
        Of the columns.

    Returns
    -------
    dict of str to ndarray of int
        Columns of each cluster, under the name of the one that is most like the others.

    Examples
    --------
    >>> table = np.array([[1, 2, 5], [2, 4, 1], [3, 6, 4], [4, 8, 2.0]])
    >>> correlated_clusters(table, ["tempo", "density", "range"])
    {'tempo': array([0, 1]), 'range': array([2])}
    """
    ranks = rankdata(table, axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.linalg.norm(ranks, axis=0)
    ranks /= np.where(length > 0, length, 1)
    correlation = np.clip(np.abs(ranks.T @ ranks), 0, 1)
    np.fill_diagonal(correlation, 1)
    if len(names) < 2:
        return {name: np.array([0]) for name in names}
    tree = linkage(squareform(1 - correlation, checks=False), "average")
    label = fcluster(tree, 1 - CLUSTER_CORRELATION, "distance")
    members = [np.flatnonzero(label == number) for number in np.unique(label)]
    return {
        names[columns[correlation[np.ix_(columns, columns)].sum(axis=0).argmax()]]: columns
        for columns in members
    }
