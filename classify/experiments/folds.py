"""The parts of a comparison: who learns from which windows, and who is tested on which.

A comparison is a list of parts, and every model is fitted once for each. One hold-out is one part;
repeated folds are one for each fold and repeat. Beside these, on request, stand the paper's random
windows, which show what a leak would have claimed, and fits on fewer songs, for a learning curve.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.corpora import Corpus
from classify.errors import InputError
from classify.evaluation import splits
from classify.representations.windows import Windows

#: Shares of the training groups that a learning curve is drawn from, and what they are called.
SHARES = {
    1 / 8: "an eighth of the songs",
    1 / 4: "a quarter of the songs",
    1 / 2: "half of the songs",
}

SONG_SPLIT, WINDOW_SPLIT = "song", "window"

#: Key of the part that `leaking` gives.
LEAK = "leak"


@dataclass(frozen=True, eq=False)
class Part:
    """One fit of every model.

    Parameters
    ----------
    key : str
        For folders: `r0f2` is fold 2 of repeat 0.
    title : str
        For people, behind a model's name; empty for a single hold-out.
    protocol : {"song", "window", "given"}
        How the test windows were chosen.
    repeat, fold : int
        From 0.
    train, test : ndarray of bool, shape (n_windows,)
        Windows to learn from, and to be tested on.
    share : float
        Share of the part's training groups that `train` holds; 1 except for a learning curve.
    """

    key: str
    title: str
    protocol: str
    repeat: int
    fold: int
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    share: float = 1.0

    @property
    def grouped(self) -> bool:
        """Whether inner folds keep groups of songs whole."""
        return self.protocol != WINDOW_SPLIT


def outer(
    split: str, folds: int, repeats: int, seed: int, corpus: Corpus, windows: Windows
) -> tuple[list[Part], list[str]]:
    """Choose the test windows of a comparison's own split.

    Parameters
    ----------
    split : {"song", "window", "given"}
        How.
    folds, repeats : int
        One fold is a hold-out of about a fifth.
    seed : int
        Of the draws; repeat r is drawn from (seed, r).
    corpus, windows
        What is split.

    Returns
    -------
    parts : list of Part
        In order of repeat and fold.
    notes : list of str
        What a reader should know of the choice.

    Raises
    ------
    InputError, SplitError
        If the songs cannot be split so.
    """
    notes: list[str] = []
    if split == "given":
        songs, notes = _given(corpus)
        masks = [[songs[windows.song]]]
    elif split == WINDOW_SPLIT:
        masks = [_by_window(len(windows), folds, seed, r) for r in range(repeats)]
    else:
        masks = [
            [songs[windows.song] for songs in _by_song(corpus, folds, seed, r)]
            for r in range(repeats)
        ]
    groups = np.array(corpus.groups)[windows.song]
    parts = []
    for repeat, tests in enumerate(masks):
        for fold, test in enumerate(tests):
            if split != WINDOW_SPLIT:
                splits.guard(groups[~test], groups[test])
            title = _title(repeat, repeats, fold, folds)
            parts.append(Part(f"r{repeat}f{fold}", title, split, repeat, fold, ~test, test))
    return parts, notes


def _title(repeat: int, repeats: int, fold: int, folds: int) -> str:
    if folds == 1:
        return ""
    again = f", repeat {repeat + 1}" if repeats > 1 else ""
    return f"fold {fold + 1} of {folds}{again}"


def _draw(seed: int, repeat: int) -> int:
    """Give a seed of its own to each repeat; the first one's is the user's."""
    return seed if repeat == 0 else int(np.random.default_rng([seed, repeat]).integers(2**31))


def _by_song(corpus: Corpus, folds: int, seed: int, repeat: int) -> list[NDArray[np.bool_]]:
    labels, groups = corpus.labels, corpus.groups
    if folds == 1:
        return [splits.by_song(labels, groups, seed)]
    return splits.folds(labels, groups, folds, _draw(seed, repeat))


def _by_window(n_windows: int, folds: int, seed: int, repeat: int) -> list[NDArray[np.bool_]]:
    if folds == 1:
        return [splits.by_window(n_windows, seed)]
    order = np.random.default_rng(_draw(seed, repeat)).permutation(n_windows)
    return [np.isin(np.arange(n_windows), piece) for piece in np.array_split(order, folds)]


def leaking(n_windows: int, seed: int) -> Part:
    """Give the paper's split, one draw of random windows, to be shown beside an honest one."""
    test = splits.by_window(n_windows, seed)
    return Part(LEAK, "random windows", WINDOW_SPLIT, 0, 0, ~test, test)


def curve(parts: list[Part], labels: splits.Names, groups: splits.Names, seed: int) -> list[Part]:
    """Give parts that learn from fewer songs and are tested on the same ones.

    The songs of a smaller share are among those of a larger one. Groups stay whole, classes keep
    their proportions, and each keeps two groups at least, which inner folds need.

    Parameters
    ----------
    parts : list of Part
        Those of the first repeat are thinned.
    labels, groups : sequences of str, length n_windows
        Class and group of each window.
    seed : int
        Of the order in which groups are left out.
    """
    return [
        Part(
            f"{part.key}-{share:g}",
            ", ".join(filter(None, [part.title, name])),
            part.protocol,
            part.repeat,
            part.fold,
            _thinned(part.train, np.asarray(labels), np.asarray(groups), share, seed),
            part.test,
            share,
        )
        for part in parts
        if part.repeat == 0
        for share, name in SHARES.items()
    ]


def _thinned(
    train: NDArray[np.bool_], labels: NDArray, groups: NDArray, share: float, seed: int
) -> NDArray[np.bool_]:
    """Keep a share of the groups of each class."""
    draw = np.random.default_rng(seed)
    kept: set[str] = set()
    for label in np.unique(labels):
        own = draw.permutation(np.unique(groups[train & (labels == label)]))
        kept.update(own[: max(2, round(share * len(own)))])
    return train & np.isin(groups, list(kept))


def _given(corpus: Corpus) -> tuple[NDArray[np.bool_], list[str]]:
    """Read the test part, song by song, from the listing's split column."""
    parts = [entry.split for entry in corpus.entries]
    if "" in parts:
        nameless = corpus.entries[parts.index("")].name
        raise InputError(
            f"{corpus.source}: --split given needs a part for every song, and {nameless!r} has "
            f"none (column split in labels.csv: train, val or test)"
        )
    held_out = "test" if "test" in parts else "val"
    if held_out not in parts or "train" not in parts:
        raise InputError(
            f"{corpus.source}: --split given needs songs in train and in test, and the column "
            f"split has only {', '.join(sorted(set(parts)))}"
        )
    test = np.array([part == held_out for part in parts])
    labels = np.array(corpus.labels)
    untaught = sorted(set(corpus.classes) - set(labels[~test]))
    if untaught:
        raise InputError(f"{corpus.source}: the class {str(untaught[0])!r} has no song in train")
    splits.require(labels[~test], np.array(corpus.groups)[~test], 2)
    unasked = sorted(set(corpus.classes) - set(labels[test]))
    if unasked:
        raise InputError(
            f"{corpus.source}: the class {str(unasked[0])!r} has no song in {held_out}"
        )
    if held_out == "val":
        return test, ["The given split names no test songs; its val songs are the test part."]
    n_val = parts.count("val")
    return test, [f"The {n_val} val songs of the given split train with the others."] * (n_val > 0)
