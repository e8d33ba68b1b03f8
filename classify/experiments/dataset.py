"""What is compared: a corpus, cut into windows and split."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.addresses import shown
from classify.corpora import Corpus, duplicates, load
from classify.corpora.recorded import record_songs
from classify.errors import InputError
from classify.evaluation import splits
from classify.experiments import folds
from classify.experiments.folds import Fold
from classify.experiments.settings import Settings
from classify.models import pretrained, registry
from classify.progress import SILENT, Progress, counting
from classify.representations.perturbations import Perturbation, perturbations_of
from classify.representations.windows import Windows, WindowSettings, cut
from classify.songs import Song, acoustics

#: Songs of a corpus that are recorded, drawn from all: with 269 of 787 songs a model was as often
#: right about recordings as with 538 (64.0 %, on 125 held-out clips).
MOST_RECORDED = 1000


@dataclass(frozen=True, eq=False)
class SplitDataset:
    """A corpus cut and split: everything that models and tables need, window by window.

    Parameters
    ----------
    corpus, cutting, windows
        The songs and how they were cut.
    outer : list of Fold
        Those of the comparison itself; the test windows of a repeat are all of its folds'.
    extra : list of Fold
        The leak and the learning curve, where they were asked for.
    notes : list of str
        What a reader should know of the split.
    duplicates : list of dict
        Duplicate songs, as `classify.corpora.duplicates.pair_records` lists them.
    start : Pretrained or None
        The weights that a network starts from.
    copies : list of Song
        What a transcriber heard of songs of the corpus; they follow these wherever `windows` counts
        songs.
    copied : ndarray of int, shape (n_copies,)
        Index of the song that each is a copy of.
    """

    corpus: Corpus
    cutting: WindowSettings
    windows: Windows
    outer: list[Fold]
    extra: list[Fold] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    duplicates: list[dict[str, Any]] = field(default_factory=list)
    start: pretrained.Pretrained | None = None
    copies: list[Song] = field(default_factory=list)
    copied: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def songs(self) -> list[Song]:
        """Every song that windows are cut from: the corpus's, and the copies."""
        return [*self.corpus.songs, *self.copies]

    @property
    def original(self) -> NDArray[np.int64]:
        """Index in the corpus of the song of each window, or of the song that it is a copy of."""
        of_song = np.concatenate([np.arange(len(self.corpus.songs)), self.copied])
        return of_song[self.windows.song]

    @property
    def recorded(self) -> NDArray[np.bool_]:
        """Mark the windows of copies."""
        return self.windows.song >= len(self.corpus.songs)

    @property
    def parts(self) -> list[Fold]:
        """Every fit of a model."""
        return self.outer + self.extra

    @property
    def n_folds(self) -> int:
        """Folds of a repeat; 1 for a hold-out."""
        return 1 + max(part.fold for part in self.outer)

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
            if part.recorded is not None:
                digest.update(part.recorded.tobytes())
        return digest.hexdigest()

    @property
    def labels(self) -> NDArray[np.str_]:
        """The label of each window."""
        return np.array(self.corpus.labels)[self.original]

    @property
    def groups(self) -> NDArray[np.str_]:
        """The group of each window."""
        return np.array(self.corpus.groups)[self.original]


def prepare(settings: Settings, progress: Progress = SILENT) -> SplitDataset:
    """Read a corpus, cut it into windows and split it."""
    start = pretrained.load(Path(settings.init)) if settings.init is not None else None
    with counting(progress, f"Reading {shown(settings.corpus)}", "song") as count:
        corpus = load(settings.corpus, count)
    with counting(progress, "Looking for duplicate songs", "song") as count:
        pairs = duplicates.find_duplicates(corpus.songs, count)
    duplicate_records = duplicates.pair_records(corpus, pairs)
    if not settings.keep_duplicates:
        corpus = duplicates.with_merged_groups(corpus, pairs)
    copies = copied = None
    if settings.recordings:
        with counting(progress, "Recording songs", "song") as count:
            copies, copied = _recorded(corpus, settings.seed, settings.transcriber, count)
    return _split(settings, corpus, duplicate_records, start, copies, copied)


def with_windows(settings: Settings, data: SplitDataset) -> SplitDataset:
    """Cut and split a corpus that was read already, by other settings."""
    return _split(settings, data.corpus, data.duplicates, data.start, data.copies, data.copied)


def _recorded(
    corpus: Corpus, seed: int, by: str, count: Callable[[int, int], None]
) -> tuple[list[Song], NDArray[np.int64]]:
    """Record songs of a corpus that are no transcriptions, each under its own conditions."""
    played = [index for index, song in enumerate(corpus.songs) if not song.transcribed]
    drawn = np.random.default_rng(seed).permutation(played)[:MOST_RECORDED]
    played = sorted(int(index) for index in drawn)
    conditions = [acoustics.draw_for(corpus.songs[index].digest, seed) for index in played]
    heard = record_songs([corpus.songs[index] for index in played], conditions, count, by=by)
    kept = [index for index, copy in zip(played, heard, strict=True) if copy]
    return [copy for copy in heard if copy], np.array(kept, np.int64)


def _split(
    settings: Settings,
    corpus: Corpus,
    duplicate_records: list[dict[str, Any]],
    start: pretrained.Pretrained | None,
    copies: list[Song] | None = None,
    copied: NDArray[np.int64] | None = None,
) -> SplitDataset:
    cutting = settings.windows(corpus)
    if start:
        start.check(cutting.window, [spec.name for spec in registry.select(settings.models)])
    windows = cut(corpus.songs, cutting)
    try:
        if settings.leave_out:
            outer, notes = folds.by_source(corpus, windows)
        else:
            outer, notes = folds.outer(
                settings.split, settings.folds, settings.repeats, settings.seed, corpus, windows
            )
    except splits.SplitError as error:
        raise InputError(f"{settings.corpus}: {error}") from None
    extra = folds.leaking(len(windows), settings.seed) if settings.leak else []
    data = SplitDataset(corpus, cutting, windows, outer, extra, notes, duplicate_records, start)
    if copies and copied is not None:
        data = _with_copies(data, copies, copied)
    if settings.learning_curve:
        data.extra.extend(folds.curve(data.outer, data.labels, data.groups, settings.seed))
    return data


def _with_copies(data: SplitDataset, copies: list[Song], copied: NDArray[np.int64]) -> SplitDataset:
    """Put copies beside the songs, each on its song's side of every split."""
    windows = cut([*data.corpus.songs, *copies], data.cutting)
    windows = replace(windows, counts=data.windows.counts)  # of the corpus
    both = replace(data, windows=windows, copies=copies, copied=copied, outer=[], extra=[])
    n_windows, original = len(data.windows), both.original
    first = np.searchsorted(data.windows.song, original)  # a window of the song itself

    def beside(fold: Fold) -> Fold:
        train, test = fold.train[first], fold.test[first]
        if not fold.grouped:  # parts songs, so that copies would be on both sides
            train, test = np.zeros(len(first), bool), np.zeros(len(first), bool)
        return replace(
            fold,
            train=np.concatenate([fold.train, train[n_windows:]]),
            test=np.concatenate([fold.test, np.zeros(len(first) - n_windows, bool)]),
            recorded=np.concatenate([np.zeros(n_windows, bool), test[n_windows:]]),
        )

    return replace(both, outer=[*map(beside, data.outer)], extra=[*map(beside, data.extra)])


def default_name(settings: Settings, data: SplitDataset) -> str:
    """Name a run's folder after its corpus and the settings that differ from the defaults."""
    words = [data.corpus.name]
    default = Settings(corpus=settings.corpus)
    if data.cutting.window != default.windows(data.corpus).window:
        words.append(f"w{data.cutting.window}")
    if data.cutting.hop != data.cutting.window:
        words.append(f"hop{data.cutting.hop}")
    if settings.channels != default.channels:
        words.append("-".join(settings.channels))
    words += [settings.split + "-split"] * (settings.split != default.split)
    words += [f"{settings.folds}-folds"] * (settings.folds != default.folds)
    words += [f"{settings.repeats}-repeats"] * (settings.repeats != default.repeats)
    words += [f"leave-out-{settings.leave_out}"] * bool(settings.leave_out)
    for name in ("leak", "robustness", "learning_curve", "keep_duplicates", "recordings"):
        words += [name.replace("_", "-")] * getattr(settings, name)
    words += ["-".join(settings.models)] * (settings.models != default.models)
    words += [settings.recipe + "-recipe"] * (settings.recipe != default.recipe)
    words += [f"{settings.epochs}ep"] * (settings.epochs is not None)
    words += ["no-augment"] * (not settings.augment)
    words += [f"seed{settings.seed}"] * (settings.seed != default.seed)
    words += ["tuned"] * (settings.tune is not None)
    words += ["quick"] * settings.quick
    words += [f"from-{data.start.folder.name}"] if data.start else []
    return "-".join(word.replace("/", "_") for word in words)


def perturbed_songs(data: SplitDataset) -> Iterator[tuple[Perturbation, list[Song], Windows]]:
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
    for variation in perturbations(data):
        songs = [variation.of(song) for song in data.corpus.songs]
        windows = cut([songs[index] for index in wanted], data.cutting)
        yield variation, songs, replace(windows, songs=songs, song=wanted[windows.song])


def perturbations(data: SplitDataset) -> list[Perturbation]:
    """Give the changes that `perturbed_songs` makes, in order."""
    return perturbations_of([data.corpus.songs[index] for index in _tested(data)])


def _tested(data: SplitDataset) -> NDArray[np.int64]:
    """Give the indices of the songs that are tested in the first repeat."""
    tests = [part.test for part in data.outer if part.repeat == 0]
    return np.unique(data.windows.song[np.any(tests, axis=0)])
