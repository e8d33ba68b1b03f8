"""The folds of a comparison: who learns from which windows, and who is tested on which.

A comparison is a list of folds, and every model is fitted once for each. One hold-out is one fold;
repeated folds are one for each fold and repeat. Beside these, on request, stand the paper's random
windows, which show what a leak would have claimed, and fits on fewer songs, for a learning curve.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.corpora import Corpus
from classify.errors import InputError
from classify.evaluation import splits
from classify.files import atomic_write
from classify.representations.windows import Windows

#: Shares of the training groups that a learning curve is drawn from, and what they are called.
SHARES = {
    1 / 8: "an eighth of the songs",
    1 / 4: "a quarter of the songs",
    1 / 2: "half of the songs",
}

SONG_SPLIT, WINDOW_SPLIT = "song", "window"

#: How keys of the folds that `leaking` gives begin.
LEAK = "leak"


@dataclass(frozen=True)
class FoldKey:
    """Which fit of a model among all of a comparison; small, where its windows may be many.

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
    share : float
        Share of the training groups that are learned from; 1 except for a learning curve.
    """

    key: str
    title: str
    protocol: str
    repeat: int
    fold: int
    share: float = 1.0

    @property
    def grouped(self) -> bool:
        """Whether inner folds keep groups of songs whole."""
        return self.protocol != WINDOW_SPLIT


@dataclass(frozen=True, eq=False, kw_only=True)
class Fold(FoldKey):
    """One fit of every model: its key, and its windows.

    Parameters
    ----------
    train, test : ndarray of bool, shape (n_windows,)
        Windows to learn from, and to be tested on.
    recorded : ndarray of bool, shape (n_windows,), or None
        Windows of transcribed copies of the test songs, which are tested apart from these.
    """

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    recorded: NDArray[np.bool_] | None = None

    @property
    def without_windows(self) -> FoldKey:
        """The key alone, for a task; `load_fold` finds the windows again."""
        return FoldKey(self.key, self.title, self.protocol, self.repeat, self.fold, self.share)


def save_folds(path: Path, folds: Sequence[Fold]) -> None:
    """Write the windows of folds to a file that tasks read, whole or not at all."""
    masks = {f"{fold.key}/train": fold.train for fold in folds}
    masks |= {f"{fold.key}/test": fold.test for fold in folds}
    masks |= {f"{f.key}/recorded": f.recorded for f in folds if f.recorded is not None}
    with atomic_write(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **masks)


def load_fold(path: Path, key: FoldKey) -> Fold:
    """Read the windows of one fold from a file that `save_folds` wrote."""
    with np.load(path) as masks:
        train, test = masks[f"{key.key}/train"], masks[f"{key.key}/test"]
        recorded = masks.get(f"{key.key}/recorded")
    return Fold(**asdict(key), train=train, test=test, recorded=recorded)


def outer(
    split: str, folds: int, repeats: int, seed: int, corpus: Corpus, windows: Windows
) -> tuple[list[Fold], list[str]]:
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
    folds : list of Fold
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
    chosen = []
    for repeat, tests in enumerate(masks):
        for fold, test in enumerate(tests):
            if split != WINDOW_SPLIT:
                splits.refuse_shared_groups(groups[~test], groups[test])
            title = _title(repeat, repeats, fold, folds)
            key = f"r{repeat}f{fold}"
            chosen.append(Fold(key, title, split, repeat, fold, train=~test, test=test))
    return chosen, notes


#: Songs of which a source must have this many to be left out.
FEWEST_OF_SOURCE = 10


def by_source(corpus: Corpus, windows: Windows) -> tuple[list[Fold], list[str]]:
    """Test the songs of each source on models that learn from all others.

    Parameters
    ----------
    corpus, windows
        What is split.

    Returns
    -------
    folds : list of Fold
        One for each source of at least `FEWEST_OF_SOURCE` songs. Songs of a group that has songs
        in the source are not learned from.
    notes : list of str
        What a reader should know of it.

    Raises
    ------
    InputError
        If there are not two such sources, or no class has songs in two of them.
    """
    sources, groups = np.array(corpus.sources), np.array(corpus.groups)
    labels = np.array(corpus.labels)
    names = [
        str(name)
        for name in np.unique(sources[sources != ""])
        if (sources == name).sum() >= FEWEST_OF_SOURCE
    ]
    if len(names) < 2:
        raise InputError(
            f"{corpus.source}: --leave-out source needs two sources of at least "
            f"{FEWEST_OF_SOURCE} songs (column source in labels.csv), and it has {len(names)}"
        )
    chosen, described = [], []
    for fold, name in enumerate(names):
        test = sources == name
        train = ~test & ~np.isin(groups, groups[test])
        splits.require_groups(labels[train], groups[train], 2)
        test &= np.isin(labels, labels[train])
        if not test.any():
            raise InputError(
                f"{corpus.source}: --leave-out source: no class of {name} has songs elsewhere, so "
                f"that nothing can be learned without it"
            )
        masks = {"train": train[windows.song], "test": test[windows.song]}
        chosen.append(Fold(f"r0f{fold}", f"without {name}", SONG_SPLIT, 0, fold, **masks))
        alone = sorted(set(labels[sources == name]) - set(labels[test]))
        but = f"; {', '.join(alone)} comes from there alone and is not tested" if alone else ""
        described.append(f"{name} ({test.sum()} songs{but})")
    return chosen, [f"Each source is tested on models that did not see it: {', '.join(described)}."]


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


def leaking(n_windows: int, seed: int) -> list[Fold]:
    """Give the paper's split by random windows, to be shown next to an honest one.

    Five draws of a fifth each test every window once, so that each can be compared with itself
    under the run's own split.
    """
    return [
        Fold(
            f"{LEAK}{draw}",
            f"random windows, draw {draw + 1}",
            WINDOW_SPLIT,
            0,
            draw,
            train=~test,
            test=test,
        )
        for draw, test in enumerate(_by_window(n_windows, splits.PARTS, seed, 0))
    ]


def curve(outer: list[Fold], labels: splits.Names, groups: splits.Names, seed: int) -> list[Fold]:
    """Give folds that learn from fewer songs and are tested on the same ones.

    The songs of a smaller share are among those of a larger one. Groups stay whole, classes keep
    their proportions, and each keeps two groups at least, which inner folds need.

    Parameters
    ----------
    outer : list of Fold
        Those of the first repeat are thinned.
    labels, groups : sequences of str, length n_windows
        Class and group of each window.
    seed : int
        Of the order in which groups are left out.
    """
    return [
        Fold(
            f"{fold.key}-{share:g}",
            ", ".join(filter(None, [fold.title, name])),
            fold.protocol,
            fold.repeat,
            fold.fold,
            share,
            train=_thinned(fold.train, np.asarray(labels), np.asarray(groups), share, seed),
            test=fold.test,
            recorded=fold.recorded,
        )
        for fold in outer
        if fold.repeat == 0
        for share, name in SHARES.items()
    ]


def _thinned(
    train: NDArray[np.bool_], labels: NDArray, groups: NDArray, share: float, seed: int
) -> NDArray[np.bool_]:
    """Keep a share of the groups of each class."""
    draw = np.random.default_rng(seed)
    kept: set[str] = set()
    for label in np.unique(labels):
        of_class = draw.permutation(np.unique(groups[train & (labels == label)]))
        kept.update(of_class[: max(2, round(share * len(of_class)))])
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
    splits.require_groups(labels[~test], np.array(corpus.groups)[~test], 2)
    unasked = sorted(set(corpus.classes) - set(labels[test]))
    if unasked:
        raise InputError(
            f"{corpus.source}: the class {str(unasked[0])!r} has no song in {held_out}"
        )
    if held_out == "val":
        return test, ["The given split names no test songs; its val songs are the test part."]
    n_val = parts.count("val")
    return test, [f"The {n_val} val songs of the given split train with the others."] * (n_val > 0)
