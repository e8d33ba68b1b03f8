"""What is compared: a corpus, cut into windows and split, and what decides the numbers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classify import features
from classify.corpora import Corpus, load
from classify.errors import InputError
from classify.evaluation import splits
from classify.progress import Display
from classify.training import TrainingSettings
from classify.windows import CHANNELS, ChannelScaler, Windows, WindowSettings, cut, unscaled

SPLITS = ("song", "window", "given")

#: Windows whose features are measured at once.
MEASURED = 500

#: Notes in a window where neither the user nor the corpus says otherwise: the paper's.
WINDOW = 800


@dataclass(frozen=True)
class Settings:
    """What decides the numbers of a run; two runs with equal settings give equal predictions.

    Parameters
    ----------
    corpus : str
        As `classify.corpora.load` takes it.
    window, hop : int or None
        Notes; None takes the corpus's own window (800 for a user's folder), and hops by a window.
    channels : tuple of str
        Of `classify.windows.CHANNELS`.
    split : {"song", "window", "given"}
        How songs are held out.
    models : tuple of str
        Names and groups of models.
    recipe : {"default", "paper"}
        How networks are trained, and whether numbers are scaled.
    epochs : int or None
        At most so many; None takes the default (3 when quick).
    seed : int
        Of everything drawn.
    quick : bool
        Few epochs and small grids: to see the road, not to publish.
    """

    corpus: str = "folk"
    window: int | None = None
    hop: int | None = None
    channels: tuple[str, ...] = tuple(CHANNELS)
    split: str = "song"
    models: tuple[str, ...] = ("all",)
    recipe: str = "default"
    epochs: int | None = None
    seed: int = 0
    quick: bool = False

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise InputError(f"--split {self.split}: expected one of {', '.join(SPLITS)}")
        if not 0 <= self.seed < 2**31:
            raise InputError(f"--seed {self.seed}: expected a whole number from 0 to 2147483647")
        for name in ("window", "hop", "epochs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"--{name} {value}: expected a whole number from 1 up")

    @property
    def training(self) -> TrainingSettings:
        """The settings of every network."""
        plain = TrainingSettings(recipe=self.recipe)
        epochs = self.epochs or (3 if self.quick else plain.epochs)
        return TrainingSettings(recipe=self.recipe, epochs=epochs)

    def windows(self, corpus: Corpus) -> WindowSettings:
        """Settle how a corpus is cut."""
        window = self.window or corpus.window or WINDOW
        return WindowSettings(window, self.hop or window, self.channels)


@dataclass(frozen=True, eq=False)
class Data:
    """A corpus cut and split: everything that models and tables need, window by window."""

    corpus: Corpus
    cutting: WindowSettings
    windows: Windows
    test: NDArray[np.bool_]
    notes: list[str] = field(default_factory=list)

    @property
    def labels(self) -> NDArray[np.str_]:
        """The label of each window."""
        return np.array(self.corpus.labels)[self.windows.song]

    @property
    def groups(self) -> NDArray[np.str_]:
        """The group of each window."""
        return np.array(self.corpus.groups)[self.windows.song]


def prepare(settings: Settings, display: Display) -> Data:
    """Read a corpus, cut it into windows and split it."""
    with display.counting(f"Reading {settings.corpus}", "song") as count:
        corpus = load(settings.corpus, count)
    cutting = settings.windows(corpus)
    windows = cut(corpus.songs, cutting)
    try:
        test, notes = _split(settings, corpus, windows)
    except splits.SplitError as error:
        raise InputError(f"{settings.corpus}: {error}") from None
    return Data(corpus, cutting, windows, test, notes)


def _split(
    settings: Settings, corpus: Corpus, windows: Windows
) -> tuple[NDArray[np.bool_], list[str]]:
    """Choose the test windows; say what a reader should know of the choice."""
    if settings.split == "window":
        return splits.by_window(len(windows), settings.seed), []
    notes: list[str] = []
    if settings.split == "given":
        songs, notes = _given(corpus)
    else:
        songs = splits.by_song(corpus.labels, corpus.groups, settings.seed)
    groups = np.array(corpus.groups)
    splits.guard(groups[~songs], groups[songs])
    return songs[windows.song], notes


def _given(corpus: Corpus) -> tuple[NDArray[np.bool_], list[str]]:
    """Read the test part from the listing's split column."""
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


def default_name(settings: Settings, data: Data) -> str:
    """Name a run's folder after its corpus and whatever is not as usual."""
    words = [data.corpus.name]
    usual = Settings(corpus=settings.corpus)
    if data.cutting.window != usual.windows(data.corpus).window:
        words.append(f"w{data.cutting.window}")
    if data.cutting.hop != data.cutting.window:
        words.append(f"hop{data.cutting.hop}")
    if settings.channels != usual.channels:
        words.append("-".join(settings.channels))
    words += [settings.split + "-split"] * (settings.split != usual.split)
    words += ["-".join(settings.models)] * (settings.models != usual.models)
    words += [settings.recipe + "-recipe"] * (settings.recipe != usual.recipe)
    words += [f"{settings.epochs}ep"] * (settings.epochs is not None)
    words += [f"seed{settings.seed}"] * (settings.seed != usual.seed)
    words += ["quick"] * settings.quick
    return "-".join(word.replace("/", "_") for word in words)


def measured(data: Data, display: Display) -> Iterator[NDArray[np.float32]]:
    """Measure the musical features of all windows, in blocks of shape (n, 1, n_features).

    In one thread, since sums over several differ in the last digits.
    """
    windows = data.windows
    with display.counting("Measuring musical features", "window") as count:
        for first in range(0, len(windows), MEASURED):
            rows = slice(first, first + MEASURED)
            wanted, song = np.unique(windows.song[rows], return_inverse=True)
            songs = [data.corpus.songs[index] for index in wanted]
            with threadpool_limits(1):
                batch = features.batch(songs, song, windows.start[rows], data.cutting.window)
                yield features.compute(batch)[:, np.newaxis]
            count(min(first + MEASURED, len(windows)), len(windows))


def scaled(data: Data, settings: Settings) -> Iterator[NDArray[np.float32]]:
    """Fill the padding of all windows and, except under the paper's recipe, scale them.

    Means and spreads are those of the training part. Windows come in blocks, in order.
    """
    fill = unscaled
    if settings.recipe != "paper":
        training = (x[~data.test[rows]] for rows, x in data.windows.blocks())
        fill = ChannelScaler.fit_blocks(training).transform
    for _, x in data.windows.blocks():
        yield fill(x)
