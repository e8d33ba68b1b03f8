"""Splits into a training and a test part, which keep groups together.

A *unit* is what a split assigns: a song, or a window under the paper's protocol. A *group* is a set
of units that a split must keep together.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedGroupKFold

#: Classes or groups, one a unit.
Names = Sequence[str] | NDArray[np.str_]

#: One part in so many is the test part: 80/20, as in the paper.
PARTS = 5


class SplitError(ValueError):
    """The units cannot be split as asked; the message says which class or group forbids it."""


def by_song(labels: Names, groups: Names, seed: int) -> NDArray[np.bool_]:
    """Choose a stratified, grouped fifth of the songs as the test part.

    Parameters
    ----------
    labels, groups : sequences of str, length n_songs
        Class and group of each song.
    seed : int
        Which fifth.

    Returns
    -------
    ndarray of bool, shape (n_songs,)
        True in the test part.

    Raises
    ------
    SplitError
        If a class has fewer than five groups of songs, or groups are too large to hold out a
        fifth with songs of every class.

    Examples
    --------
    >>> labels, groups = ["a", "b"] * 5, list("ABCDEFGHIJ")
    >>> test = by_song(labels, groups, seed=0)
    >>> sorted(np.array(labels)[test].tolist())
    ['a', 'b']
    """
    require_groups(labels, groups, PARTS)
    test = np.zeros(len(labels), dtype=bool)
    test[held_out(labels, groups, seed)[1]] = True
    absent = sorted(set(labels) - set(np.asarray(labels)[test]))
    if absent:
        raise SplitError(
            f"groups are so large that no fifth of them holds a song of every class "
            f"(none of {str(absent[0])!r}); use smaller groups, or --split given"
        )
    return test


def folds(labels: Names, groups: Names, n_folds: int, seed: int) -> list[NDArray[np.bool_]]:
    """Split the songs into stratified, grouped folds; each song is tested exactly once.

    For repeated folds, call again with other seeds.

    Parameters
    ----------
    labels, groups : sequences of str, length n_songs
        Class and group of each song.
    n_folds : int
        At least 2.
    seed : int
        Which folds.

    Returns
    -------
    list of ndarray of bool, shape (n_songs,)
        One mask a fold, True in its test part; every class is in every test part.

    Raises
    ------
    SplitError
        If a class has fewer groups of songs than there are folds, or groups are too large to give
        every fold songs of every class.

    References
    ----------
    The folds are scikit-learn's StratifiedGroupKFold.

    Examples
    --------
    >>> masks = folds(["a", "b"] * 4, list("AABBCCDD"), n_folds=2, seed=0)
    >>> [int(test.sum()) for test in masks], bool((masks[0] ^ masks[1]).all())
    ([4, 4], True)
    """
    if n_folds < 2:
        raise SplitError(f"{n_folds} folds leave nothing to learn from; 2 are the fewest")
    require_groups(labels, groups, n_folds)
    label, group = np.asarray(labels), np.asarray(groups)
    masks = []
    for _, chosen in _folds(labels, groups, n_folds, seed):
        test = np.zeros(len(label), dtype=bool)
        test[chosen] = True
        refuse_shared_groups(group[~test], group[test])
        absent = sorted(set(label) - set(label[test]))
        if absent:
            raise SplitError(
                f"groups are so large that one of the {n_folds} folds holds no song of the class "
                f"{str(absent[0])!r}; use smaller groups, or fewer folds"
            )
        masks.append(test)
    return masks


def by_window(n_windows: int, seed: int) -> NDArray[np.bool_]:
    """Choose a random fifth of the windows, whatever song they are from: the paper's split.

    It leaks: windows of one song land in both parts. Chen and Wang, section 4.1 (668 and 167 of
    835 windows, not stratified).

    Returns
    -------
    ndarray of bool, shape (n_windows,)
        True in the test part.

    Examples
    --------
    >>> by_window(10, seed=0).nonzero()[0].tolist()
    [4, 6]
    """
    test = np.zeros(n_windows, dtype=bool)
    chosen = np.random.default_rng(seed).permutation(n_windows)[: max(1, n_windows // PARTS)]
    test[chosen] = True
    return test


def require_groups(labels: Names, groups: Names, fewest: int) -> None:
    """Raise SplitError for the first class with fewer than `fewest` groups of songs.

    Examples
    --------
    >>> require_groups(["a", "a", "b"], ["A", "B", "C"], fewest=2)
    Traceback (most recent call last):
    ...
    classify.evaluation.splits.SplitError: the class 'b' has 1 song, and a split needs at least 2 \
songs in each class to learn from
    """
    pairs = set(zip(labels, groups, strict=True))
    n_groups = Counter(label for label, _ in pairs)
    n_songs = Counter(labels)
    for label in sorted(n_songs):
        if n_groups[label] < fewest:
            grouped = n_groups[label] < n_songs[label]
            what = f"{n_songs[label]} songs" if n_songs[label] != 1 else "1 song"
            what += f" in {n_groups[label]} groups" if grouped else ""
            raise SplitError(
                f"the class {str(label)!r} has {what}, and a split needs at least {fewest} "
                f"{'groups of songs' if grouped else 'songs'} in each class to learn from"
            )


def refuse_shared_groups(train_groups: Names, test_groups: Names) -> None:
    """Refuse a split that has songs of one group in both parts.

    Raises
    ------
    SplitError
        Naming the first groups concerned.

    Examples
    --------
    >>> refuse_shared_groups(["A", "B"], ["B", "C"])
    Traceback (most recent call last):
    ...
    classify.evaluation.splits.SplitError: the split divides 1 group of songs that belong together \
('B'); put each group into one part
    """
    shared = sorted(set(train_groups) & set(test_groups))
    if shared:
        named = ", ".join(repr(str(group)) for group in shared[:3])
        more = f" and {len(shared) - 3} more" if len(shared) > 3 else ""
        raise SplitError(
            f"the split divides {len(shared)} group{'s' * (len(shared) != 1)} of songs that belong "
            f"together ({named}{more}); put each group into one part"
        )


def inner_folds(
    labels: Names, groups: Names | None, n_folds: int, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Split the training part again, for grid search and early stopping.

    Parameters
    ----------
    labels : sequence, length n
        Class of each unit of the training part.
    groups : sequence of str, length n, or None
        Group of each unit; None splits unit by unit, as the paper's protocol does.
    n_folds : int
        At least 2; fewer are made where a class has fewer groups than that.
    seed : int
        Order of the draw.

    Returns
    -------
    list of (fit, validation) pairs of index arrays
        Every class is in every `fit`.

    Raises
    ------
    SplitError
        If a class has fewer than two groups, or groups hold classes in a way that leaves no fold.

    Examples
    --------
    >>> pairs = inner_folds(["a", "b"] * 4, list("AABBCCDD"), n_folds=2, seed=0)
    >>> [(len(fit), len(validation)) for fit, validation in pairs]
    [(4, 4), (4, 4)]
    """
    if groups is None:
        folds = KFold(n_folds, shuffle=True, random_state=seed).split(np.zeros(len(labels)))
        return list(folds)
    require_groups(labels, groups, 2)
    scarcest = min(Counter(label for label, _ in set(zip(labels, groups, strict=True))).values())
    folds = _folds(labels, groups, min(n_folds, scarcest), seed)
    n_classes = len(set(labels))
    whole = [fold for fold in folds if len(set(np.asarray(labels)[fold[0]])) == n_classes]
    if not whole:
        raise SplitError(
            "groups are so large that no inner fold has songs of every class to learn from"
        )
    return whole


def held_out(
    labels: Names, groups: Names | None, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hold out about a fifth once: the fold whose classes are nearest to a fifth of each.

    Folds of grouped units are uneven when groups are few or large; the most even one of the five is
    taken. Parameters are those of `inner_folds`.

    Returns
    -------
    (rest, held_out) : pair of index arrays

    Examples
    --------
    >>> rest, test = held_out(["a", "b"] * 5, list("AABBCCDDEE"), seed=0)
    >>> len(rest), len(test)
    (8, 2)
    """
    _, codes = np.unique(np.asarray(labels), return_inverse=True)
    sizes = np.bincount(codes)

    def unevenness(fold: tuple[NDArray[np.int64], NDArray[np.int64]]) -> float:
        share = np.bincount(codes[fold[1]], minlength=len(sizes)) / sizes
        return float(np.abs(share - 1 / PARTS).sum())

    return min(inner_folds(labels, groups, PARTS, seed), key=unevenness)


def _folds(
    labels: Names, groups: Names, n_folds: int, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(np.zeros(len(labels)), np.asarray(labels), np.asarray(groups)))
