"""What is compared: a corpus, cut into windows and split, and what decides the numbers."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.corpora import Corpus, duplicates, load
from classify.errors import InputError
from classify.evaluation import splits
from classify.experiments import folds
from classify.experiments.folds import Fold
from classify.models import pretrained, registry
from classify.models.training_settings import TrainingSettings
from classify.progress import Display
from classify.representations.perturbations import Perturbation, perturbations_of
from classify.representations.windows import CHANNELS, WINDOW, Windows, WindowSettings, cut
from classify.songs import Song

SPLITS = ("song", "window", "given")


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
        Of `classify.representations.windows.CHANNELS`.
    split : {"song", "window", "given"}
        How songs are held out.
    folds, repeats : int
        1 fold is a hold-out of about a fifth; more are repeated so often, with other draws.
    leak : bool
        Whether every model is also tested on the paper's random windows.
    robustness : bool
        Whether test songs are also given transposed, stretched, and so on.
    learning_curve : bool
        Whether models also learn from fewer songs.
    merge_duplicates : bool
        Whether songs that seem to be the same music share a group.
    models : tuple of str
        Names and groups of models.
    recipe : {"default", "paper"}
        How networks are trained, and whether numbers are scaled.
    epochs : int or None
        At most so many; None takes the default (3 when quick).
    augment : bool
        Whether networks on note events see their training windows changed at random.
    seed : int
        Of everything drawn.
    quick : bool
        Few epochs and small grids: to see the road, not to publish.
    tune : float or None
        Minutes for choosing the window and the channels on training songs, whichever of them is
        left as it is by default; see `classify.experiments.window_search`.
    init : str or None
        Folder of pretrained weights that the network they are of starts from.
    """

    corpus: str = "folk"
    window: int | None = None
    hop: int | None = None
    channels: tuple[str, ...] = tuple(CHANNELS)
    split: str = "song"
    folds: int = 1
    repeats: int = 1
    leak: bool = False
    robustness: bool = False
    learning_curve: bool = False
    merge_duplicates: bool = False
    models: tuple[str, ...] = ("all",)
    recipe: str = "default"
    epochs: int | None = None
    augment: bool = True
    seed: int = 0
    quick: bool = False
    tune: float | None = None
    init: str | None = None

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise InputError(f"--split {self.split}: expected one of {', '.join(SPLITS)}")
        if not 0 <= self.seed < 2**31:
            raise InputError(f"--seed {self.seed}: expected a whole number from 0 to 2147483647")
        for name in ("window", "hop", "epochs", "folds", "repeats"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"--{name} {value}: expected a whole number from 1 up")
        if self.repeats > 1 and self.folds == 1:
            raise InputError(f"--repeats {self.repeats}: repeats folds; give --folds too, as 5")
        if self.split == "given" and self.folds > 1:
            raise InputError(
                f"--folds {self.folds}: --split given names one test part; leave one of them out"
            )
        beside = self.leak or self.robustness or self.learning_curve
        if self.split == folds.WINDOW_SPLIT and beside:
            raise InputError(
                "--split window: is the leak itself; --leak, --robustness and --learning-curve go "
                "with a split that keeps songs whole"
            )
        if self.tune is not None:
            self._check_tuning()

    def _check_tuning(self) -> None:
        """Raise InputError where there is nothing to choose, or no one choice for all songs."""
        start = f"--tune {self.tune:g}: "
        if not 0 < (self.tune or 0) < float("inf"):
            raise InputError(f"{start}expected a number of minutes above 0")
        if self.window is not None and self.channels != tuple(CHANNELS):
            raise InputError(
                f"{start}chooses window and channels, and --window and --channels give both; leave "
                f"one of them out"
            )
        if self.folds > 1:
            raise InputError(
                f"{start}chooses on the training songs of one hold-out, and each of --folds "
                f"{self.folds} would need a choice of its own; leave one of the two out"
            )
        if self.split == folds.WINDOW_SPLIT:
            raise InputError(
                f"{start}chooses on songs that are not tested, and --split window tests parts of "
                f"all songs; leave one of the two out"
            )
        if self.init is not None and self.window is None:
            raise InputError(
                f"{start}tries windows of many lengths, and pretrained weights (--init) belong to "
                f"one; give --window, or leave one of the two out"
            )
        if self.hop is not None and self.window is None:
            raise InputError(
                f"{start}tries windows of many lengths, each with a hop of its own; give --window "
                f"with --hop {self.hop}, or leave --hop out"
            )

    @property
    def training(self) -> TrainingSettings:
        """The settings of every network."""
        plain = TrainingSettings(recipe=self.recipe)
        epochs = self.epochs or (3 if self.quick else plain.epochs)
        return TrainingSettings(
            recipe=self.recipe, epochs=epochs, augment=self.augment, init=self.init
        )

    def windows(self, corpus: Corpus) -> WindowSettings:
        """Settle how a corpus is cut."""
        window = self.window or corpus.window or WINDOW
        return WindowSettings(window, self.hop or window, self.channels)


@dataclass(frozen=True, eq=False)
class Data:
    """A corpus cut and split: everything that models and tables need, window by window.

    Parameters
    ----------
    corpus, cutting, windows
        The songs and how they were cut.
    outer : list of Fold
        Those of the comparison itself; the test windows of a repeat are all of its folds'.
    beside : list of Fold
        The leak and the learning curve, where they were asked for.
    notes : list of str
        What a reader should know of the split.
    duplicates : list of dict
        Duplicate songs, as `classify.corpora.duplicates.pair_records` lists them.
    start : Pretrained or None
        The weights that a network starts from.
    """

    corpus: Corpus
    cutting: WindowSettings
    windows: Windows
    outer: list[Fold]
    beside: list[Fold] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    duplicates: list[dict[str, Any]] = field(default_factory=list)
    start: pretrained.Pretrained | None = None

    @property
    def parts(self) -> list[Fold]:
        """Every fit of a model."""
        return self.outer + self.beside

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the windows, their labels and groups, and the folds."""
        digest = hashlib.sha256()
        for _, block in self.windows.blocks():
            digest.update(block.tobytes())
        for column in (self.labels, self.groups):
            digest.update("\x1f".join(column).encode())
        for part in self.parts:
            digest.update(part.key.encode() + part.train.tobytes() + part.test.tobytes())
        return digest.hexdigest()

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
    start = pretrained.load(Path(settings.init)) if settings.init is not None else None
    with display.counting(f"Reading {settings.corpus}", "song") as count:
        corpus = load(settings.corpus, count)
    with display.counting("Looking for duplicate songs", "song") as count:
        pairs = duplicates.find_duplicates(corpus.songs, count)
    twice = duplicates.pair_records(corpus, pairs)
    if settings.merge_duplicates:
        corpus = duplicates.with_merged_groups(corpus, pairs)
    return _laid_out(settings, corpus, twice, start)


def recut(settings: Settings, data: Data) -> Data:
    """Cut and split a corpus that was read already, by other settings."""
    return _laid_out(settings, data.corpus, data.duplicates, data.start)


def _laid_out(
    settings: Settings,
    corpus: Corpus,
    twice: list[dict[str, Any]],
    start: pretrained.Pretrained | None,
) -> Data:
    cutting = settings.windows(corpus)
    if start:
        start.check(cutting.window, [spec.name for spec in registry.select(settings.models)])
    windows = cut(corpus.songs, cutting)
    try:
        outer, notes = folds.outer(
            settings.split, settings.folds, settings.repeats, settings.seed, corpus, windows
        )
    except splits.SplitError as error:
        raise InputError(f"{settings.corpus}: {error}") from None
    data = Data(corpus, cutting, windows, outer, notes=notes, duplicates=twice, start=start)
    if settings.leak:
        data.beside.append(folds.leaking(len(windows), settings.seed))
    if settings.learning_curve:
        data.beside.extend(folds.curve(outer, data.labels, data.groups, settings.seed))
    return data


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
    words += [f"{settings.folds}-folds"] * (settings.folds != usual.folds)
    words += [f"{settings.repeats}-repeats"] * (settings.repeats != usual.repeats)
    for name in ("leak", "robustness", "learning_curve", "merge_duplicates"):
        words += [name.replace("_", "-")] * getattr(settings, name)
    words += ["-".join(settings.models)] * (settings.models != usual.models)
    words += [settings.recipe + "-recipe"] * (settings.recipe != usual.recipe)
    words += [f"{settings.epochs}ep"] * (settings.epochs is not None)
    words += ["no-augment"] * (not settings.augment)
    words += [f"seed{settings.seed}"] * (settings.seed != usual.seed)
    words += ["tuned"] * (settings.tune is not None)
    words += ["quick"] * settings.quick
    words += [f"from-{data.start.folder.name}"] if data.start else []
    return "-".join(word.replace("/", "_") for word in words)


def varied(data: Data) -> Iterator[tuple[Perturbation, list[Song], Windows]]:
    """Change all songs that are tested in the first repeat, one change after another.

    Yields
    ------
    Perturbation
        What was done.
    list of Song
        As many as the corpus has, in its order.
    Windows
        Of the songs that are tested, cut as the corpus is.
    """
    wanted = _tested(data)
    for variation in tried(data):
        songs = [variation.of(song) for song in data.corpus.songs]
        windows = cut([songs[index] for index in wanted], data.cutting)
        yield variation, songs, replace(windows, songs=songs, song=wanted[windows.song])


def tried(data: Data) -> list[Perturbation]:
    """Give the changes that `varied` makes, in order."""
    return perturbations_of([data.corpus.songs[index] for index in _tested(data)])


def _tested(data: Data) -> NDArray[np.int64]:
    """Give the indices of the songs that are tested in the first repeat."""
    tests = [part.test for part in data.outer if part.repeat == 0]
    return np.unique(data.windows.song[np.any(tests, axis=0)])
