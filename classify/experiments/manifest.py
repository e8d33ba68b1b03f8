"""The manifest of a run: what decides its numbers, and whether it may be gone on with.

`run.json` is written when a run begins and again when it has finished. Models that a stopped run
left are only used again if everything that decides their numbers is as it was.
"""

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from classify.addresses import shown
from classify.errors import InputError
from classify.evaluation import leak
from classify.experiments.corpus_record import run_corpus
from classify.experiments.dataset import SplitDataset
from classify.experiments.run_record import (
    FORMAT,
    RUN,
    CutCounts,
    ModelRecord,
    Parts,
    PartSize,
    PretrainedStart,
    ProbeRecord,
    RunRecord,
    RunWindows,
    SplitRecord,
    WeightsLoss,
    portable_settings,
    read_run,
    write_run,
)
from classify.experiments.settings import Settings
from classify.experiments.window_search import Tuning
from classify.files import whole
from classify.models import registry
from classify.records import VERSION, portable, remember, versions
from classify.representations.arrays import as_rows
from classify.representations.scaling import unscaled

#: The leak's probes look at no more than so many windows.
PROBED = 3000


def open_run(
    folder: Path,
    settings: Settings,
    data: SplitDataset,
    command: str,
    tuning: Tuning | None = None,
) -> RunRecord:
    """Begin a run's folder, or go on with it if it holds the same run.

    Parameters
    ----------
    folder : Path
        The run's folder.
    settings : Settings
        What was asked for.
    data : SplitDataset
        What that came to.
    command : str
        What to record as the command.
    tuning : Tuning, optional
        How the window and the channels were chosen.

    Returns
    -------
    RunRecord
        The content of run.json.

    Raises
    ------
    InputError
        If the folder holds something else, or a run that differs in anything that decides numbers.
    """
    identity = _identity(settings, data)
    _remember_places(settings, data)
    if (folder / RUN).is_file():
        run = read_run(folder)
        if run.identity != identity:
            raise InputError(
                f"{folder}: holds another run ({_difference(run.identity, identity)}); "
                f"name another folder with --out, or delete this one"
            )
        return run
    check_free(folder)
    run = _describe(settings, data, command, identity, tuning)
    write_run(folder, run)
    return run


def _remember_places(settings: Settings, data: SplitDataset) -> None:
    """Keep where the songs and weights are, of which run.json names no place outside of here."""
    remember(data.corpus.fingerprint, shown(str(_absolute(settings.corpus))))
    if data.start and settings.init is not None:
        remember(data.start.id, shown(str(_absolute(settings.init))))


def _absolute(given: str) -> Path | str:
    """Give a path from the root; names of built-in and published corpora stay."""
    return whole(Path(given)) if Path(given).exists() else given


def check_free(folder: Path) -> None:
    """Raise InputError where a folder holds something that is no run."""
    holds = folder.is_file() or (folder.is_dir() and any(folder.iterdir()))
    if holds and not (folder / RUN).is_file():
        raise InputError(f"{folder}: is there already and is no run; name another with --out")


def _probes(settings: Settings, data: SplitDataset) -> list[ProbeRecord]:
    """Measure what random windows claim that songs kept whole do not, on some groups of songs."""
    windows, groups = data.windows, data.groups
    draw = np.random.default_rng(settings.seed)
    names, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = draw.permutation(len(names))
    taken = order[np.cumsum(sizes[order]) <= max(PROBED, sizes[order[0]])]
    rows = np.flatnonzero(np.isin(place, taken) & ~data.recorded)
    blocks = [unscaled(x[np.isin(np.arange(len(windows))[at], rows)]) for at, x in windows.blocks()]
    probes = leak.probes(
        as_rows(np.concatenate(blocks)), data.labels[rows], groups[rows], settings.seed
    )
    return [ProbeRecord(one.title, one.leaking, one.honest, one.points) for one in probes]


def close_run(folder: Path, run: RunRecord, models: dict[str, ModelRecord]) -> None:
    """Record what became of each model, and that the run has finished."""
    write_run(folder, msgspec.structs.replace(run, models=models, finished=_now()))


def _identity(settings: Settings, data: SplitDataset) -> dict[str, Any]:
    """Collect everything that decides a model's numbers."""
    given = _plain(settings)
    del given["corpus"]  # `songs` and `songs/` are the same; what is in there counts
    del given["init"]
    if data.start:
        given["pretrained weights"] = data.start.id
    return {
        **given,
        "training": settings.training.record(),
        "windows": _listed(asdict(data.cutting)),
        "songs and their split": data.digest,
        "classify": VERSION,
        **versions(),
    }


def complete(run: RunRecord) -> bool:
    """Say whether a run has finished and no model failed (a failed one is worth another try)."""
    return bool(run.finished) and not any(model.reason for model in run.models.values())


def _difference(before: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Name the first thing in which two runs differ."""
    names = [*wanted, *before]
    name = next(name for name in names if before.get(name) != wanted.get(name))
    if name == "songs and their split":
        return "its songs, labels or split were others"
    return f"its {name} is {before.get(name)}, here it is {wanted.get(name)}"


def _plain(settings: Settings) -> dict[str, Any]:
    """Give settings as JSON gives them back; `tune` only where it was asked for."""
    plain = _listed(asdict(settings))
    if plain["tune"] is None:
        del plain["tune"]
    return plain


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    """Give tuples as lists, as JSON gives them back."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}


def _describe(
    settings: Settings,
    data: SplitDataset,
    command: str,
    identity: dict[str, Any],
    tuning: Tuning | None,
) -> RunRecord:
    """Collect everything about a run that is known before the first model trains."""
    cutting = data.cutting
    return RunRecord(
        format=FORMAT,
        classify=VERSION,
        command=portable(command),
        started=_now(),
        settings=portable_settings(settings),
        training=settings.training.record(),
        pretrained=pretrained_start(data),
        corpus=run_corpus(data.corpus, data.labels, data.duplicates, not settings.keep_duplicates),
        windows=RunWindows(
            cutting.window, cutting.hop, cutting.channels, CutCounts(**data.windows.counts)
        ),
        split=SplitRecord(
            kind=settings.split,
            folds=data.n_folds,
            leave_out=settings.leave_out,
            repeats=settings.repeats,
            parts=Parts(_size(data, "train"), _size(data, "test")),
            notes=data.notes,
            shared=leak.shared_groups(data.outer[0].test, data.groups),
            probes=_probes(settings, data),
            copies=len(data.copies),
        ),
        versions=versions(),
        machine={"system": platform.platform(), "processor": platform.machine()},
        identity=identity,
        tuning=tuning,
    )


def pretrained_start(data: SplitDataset) -> PretrainedStart | None:
    """Say what weights a network starts from, and which songs they come from.

    An encoder may have seen test songs, if never a label of one: how many is counted by the songs'
    digests. None where all networks start from random weights.
    """
    start = data.start
    if start is None:
        return None
    tested = np.any([part.test for part in data.outer], axis=0)
    songs = [data.corpus.songs[index] for index in np.unique(data.windows.song[tested])]
    loss = start.about.loss
    return PretrainedStart(
        folder=start.folder.name,
        sha256=start.id,
        model=start.model,
        title=registry.find()[start.model].title,
        songs=len(start.about.songs),
        seen=start.n_seen(song.digest for song in data.corpus.songs),
        tested=len(songs),
        seen_tested=start.n_seen(song.digest for song in songs),
        loss=WeightsLoss(sum(loss.blind.values()), sum(loss.held_out.values())),
    )


def pretraining_sentence(start: PretrainedStart) -> str:
    """Say in a sentence or two what started from where, and what that had seen."""
    text = (
        f"{start.title} starts from weights that learned from {start.songs:,} songs without "
        f"labels ({start.folder}), every other model from nothing."
    )
    if not start.seen_tested:
        return f"{text} None of the {start.tested:,} test songs is among them."
    return (
        f"{text} They had seen {start.seen_tested:,} of the {start.tested:,} test songs, "
        f"without labels: its scores are those of songs that it could learn from, "
        f"not of unseen songs."
    )


def _size(data: SplitDataset, which: str) -> PartSize:
    """Count songs and windows of the training parts, on average, or of all test parts of a repeat.

    Under folds every song is in one test part of each repeat.
    """
    of_repeat = [part for part in data.outer if part.repeat == 0]
    masks = [getattr(part, which) & ~data.recorded for part in of_repeat]
    songs = [len(np.unique(data.windows.song[mask])) for mask in masks]
    windows = [int(mask.sum()) for mask in masks]
    if which == "test":
        everywhere = np.any(masks, axis=0)
        return PartSize(len(np.unique(data.windows.song[everywhere])), sum(windows))
    return PartSize(round(np.mean(songs)), round(np.mean(windows)))


def opening_lines(run: RunRecord, settings: Settings, data: SplitDataset) -> list[str]:
    """Say in a few lines what is going to be compared."""
    train, test, corpus = run.split.parts.train, run.split.parts.test, run.corpus
    lines = [
        f"{corpus.songs} songs in {len(corpus.classes)} classes, "
        f"{int((~data.recorded).sum())} windows of {data.cutting.window} notes; "
        f"{len(corpus.skipped)} files skipped.",
        f"Training on {train.songs} songs ({train.windows} windows), "
        f"testing on {test.songs} ({test.windows})."
        if data.n_folds == 1
        else f"{data.n_folds} folds, {settings.repeats} times: each trains on about "
        f"{train.songs} songs ({train.windows} windows) and is tested on the others.",
    ]
    lines += run.split.notes
    if data.copies:
        lines.append(
            f"{run.split.copies} songs are learned from as transcribed recordings (by "
            f"{settings.transcriber}) too."
        )
    if run.pretrained:
        lines.append(pretraining_sentence(run.pretrained))
    if run.split.shared > 0:
        lines.append(
            f"This split leaks: {run.split.shared:.0%} of the test windows come from songs "
            f"(or groups of songs) that are also trained on."
        )
    return lines


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
