"""The record of a run: what it is, under which everything, and whether it may be gone on with.

`run.json` is written when a run begins and again when it has finished. Models that a stopped run
left are only used again if everything that decides their numbers is as it was.
"""

import platform
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from classify.errors import InputError
from classify.evaluation import leak
from classify.experiments.dataset import Data
from classify.experiments.settings import Settings
from classify.files import read_json, write_json
from classify.models import registry
from classify.representations.arrays import as_rows
from classify.representations.scaling import unscaled
from classify.versions import VERSION, versions

RECORD = "run.json"

#: The leak's probes look at no more than so many windows.
PROBED = 3000


def open_run(
    folder: Path,
    settings: Settings,
    data: Data,
    command: str,
    tuning: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Begin a run's folder, or go on with it if it holds the same run.

    Parameters
    ----------
    folder : Path
        The run's folder.
    settings : Settings
        What was asked for.
    data : Data
        What that came to.
    command : str
        What to record as the command.
    tuning : dict, optional
        How the window and the channels were chosen, as
        `classify.experiments.window_search.Tuning.to_json` says it.

    Returns
    -------
    dict
        The content of run.json.

    Raises
    ------
    InputError
        If the folder holds something else, or a run that differs in anything that decides numbers.
    """
    path = folder / RECORD
    identity = _identity(settings, data)
    if path.is_file():
        run = read_record(folder)
        if run["identity"] != identity:
            raise InputError(
                f"{folder}: holds another run ({_difference(run['identity'], identity)}); "
                f"name another folder with --out, or delete this one"
            )
        return run
    check_free(folder)
    run = _describe(settings, data, command) | {"identity": identity}
    if tuning:
        run["tuning"] = tuning
    run["split"]["probes"] = _probes(settings, data)
    write_json(path, run)
    return run


def check_free(folder: Path) -> None:
    """Raise InputError where a folder holds something that is no run."""
    holds = folder.is_file() or (folder.is_dir() and any(folder.iterdir()))
    if holds and not (folder / RECORD).is_file():
        raise InputError(f"{folder}: is there already and is no run; name another with --out")


def asked(run: dict[str, Any]) -> dict[str, Any]:
    """Give the settings of a run by name, its tuned window and channels among them.

    Settings that this version does not know are left out.
    """
    known = set(Settings.__dataclass_fields__)
    given = {name: value for name, value in run["settings"].items() if name in known}
    if "tuning" in run:
        given |= {name: run["windows"][name] for name in ("window", "hop", "channels")}
        given["tune"] = None
    return {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}


def _probes(settings: Settings, data: Data) -> list[dict[str, float | str]]:
    """Measure what random windows claim that songs kept whole do not, on some groups of songs."""
    windows, groups = data.windows, data.groups
    draw = np.random.default_rng(settings.seed)
    names, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = draw.permutation(len(names))
    taken = order[np.cumsum(sizes[order]) <= max(PROBED, sizes[order[0]])]
    rows = np.flatnonzero(np.isin(place, taken))
    blocks = [unscaled(x[np.isin(np.arange(len(windows))[at], rows)]) for at, x in windows.blocks()]
    found = leak.probes(
        as_rows(np.concatenate(blocks)), data.labels[rows], groups[rows], settings.seed
    )
    return [probe.to_json() for probe in found]


def read_record(folder: Path) -> dict[str, Any]:
    """Read a run's run.json.

    Raises
    ------
    InputError
        If there is none, or it is damaged.
    """
    path = folder / RECORD
    if not path.is_file():
        raise InputError(f"{folder}: holds no run (no {RECORD} in it)")
    try:
        run = read_json(path)
        if isinstance(run, dict) and {"identity", "command", "corpus", "split"} <= set(run):
            return run
        raise ValueError("not a record")
    except ValueError:
        raise InputError(
            f"{path}: is damaged and cannot be read; delete the run's folder"
        ) from None


def close_run(folder: Path, run: dict[str, Any], fits: dict[str, dict[str, Any]]) -> None:
    """Record what became of each model, and that the run has finished."""
    write_json(folder / RECORD, run | {"models": fits, "finished": _now()})


def _identity(settings: Settings, data: Data) -> dict[str, Any]:
    """Collect everything that decides a model's numbers."""
    asked = _plain(settings)
    del asked["corpus"]  # `songs` and `songs/` are the same; what is in there counts
    del asked["init"]
    if data.start:
        asked["pretrained weights"] = data.start.id
    return {
        **asked,
        "training": settings.training.record(),
        "windows": _listed(asdict(data.cutting)),
        "songs and their split": data.digest,
        "classify": VERSION,
        **versions(),
    }


def complete(run: dict[str, Any]) -> bool:
    """Say whether a run has finished and no model failed (a failed one is worth another try)."""
    return "finished" in run and not any("reason" in facts for facts in run["models"].values())


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


def _describe(settings: Settings, data: Data, command: str) -> dict[str, Any]:
    """Collect everything about a run that is known before the first model trains."""
    corpus, windows = data.corpus, data.windows
    first = data.outer[0]
    about = {
        "name": corpus.name,
        "fingerprint": corpus.fingerprint,
        "licence": corpus.licence,
        "songs": len(corpus.songs),
        "groups": len(set(corpus.groups)),
        "copies": corpus.n_copies,
        "contradictions": corpus.n_contradictions,
        "classes": corpus.classes,
        "songs_per_class": dict(sorted(Counter(corpus.labels).items())),
        "windows_per_class": dict(sorted(Counter(data.labels.tolist()).items())),
        "set_aside": [asdict(item) for item in corpus.skipped],
        "repaired": [{"name": name, "what": what} for name, what in corpus.repaired],
        "duplicates": {"pairs": data.duplicates, "merged": settings.merge_duplicates},
        "note": corpus.note,
        "citation": corpus.citation,
    }
    return {
        "classify": VERSION,
        "command": command,
        "started": _now(),
        "settings": _plain(settings),
        "training": settings.training.record(),
        "pretrained": pretraining(data),
        "corpus": about,
        "windows": asdict(data.cutting) | {"counts": windows.counts},
        "split": {
            "kind": settings.split,
            "folds": settings.folds,
            "repeats": settings.repeats,
            "parts": {"train": _size(data, "train"), "test": _size(data, "test")},
            "notes": data.notes,
            "shared": leak.shared_groups(first.test, data.groups),
        },
        "versions": versions(),
        "machine": {"system": platform.platform(), "processor": platform.machine()},
    }


def pretraining(data: Data) -> dict[str, Any] | None:
    """Say what weights a network starts from, and which songs they come from.

    An encoder may have seen test songs, if never a label of one: how many is counted by the songs'
    digests. None where all networks start from random weights.
    """
    if data.start is None:
        return None
    tested = np.any([part.test for part in data.outer], axis=0)
    songs = [data.corpus.songs[index] for index in np.unique(data.windows.song[tested])]
    about = data.start.about
    return {
        "folder": str(data.start.folder),
        "sha256": data.start.id,
        "model": data.start.model,
        "title": registry.find()[data.start.model].title,
        "songs": len(about["songs"]),
        "seen": data.start.n_seen(song.digest for song in data.corpus.songs),
        "tested": len(songs),
        "seen_tested": data.start.n_seen(song.digest for song in songs),
        "loss": {which: sum(about["loss"][which].values()) for which in ("blind", "held_out")},
    }


def started(said: dict[str, Any]) -> str:
    """Say in a sentence or two what started from where, and what that had seen.

    Parameters
    ----------
    said : dict
        As `pretraining` gives it.
    """
    text = (
        f"{said['title']} starts from weights that learned from {said['songs']:,} songs without "
        f"labels ({said['folder']}), every other model from nothing."
    )
    if not said["seen_tested"]:
        return f"{text} None of the {said['tested']:,} test songs is among them."
    return (
        f"{text} They had seen {said['seen_tested']:,} of the {said['tested']:,} test songs, "
        f"without labels: its scores are those of songs that were there to be listened to before, "
        f"not of songs that come later."
    )


def _size(data: Data, which: str) -> dict[str, int]:
    """Count songs and windows of the training parts, on average, or of all test parts of a repeat.

    Under folds every song is in one test part of each repeat.
    """
    of_repeat = [part for part in data.outer if part.repeat == 0]
    masks = [getattr(part, which) for part in of_repeat]
    songs = [len(np.unique(data.windows.song[mask])) for mask in masks]
    windows = [int(mask.sum()) for mask in masks]
    if which == "test":
        everywhere = np.any(masks, axis=0)
        return {"songs": len(np.unique(data.windows.song[everywhere])), "windows": sum(windows)}
    return {"songs": round(np.mean(songs)), "windows": round(np.mean(windows))}


def about(run: dict[str, Any], settings: Settings, data: Data) -> list[str]:
    """Say in a few lines what is going to be compared."""
    parts, corpus = run["split"]["parts"], run["corpus"]
    lines = [
        f"{corpus['songs']} songs in {len(corpus['classes'])} classes, "
        f"{len(data.windows)} windows of {data.cutting.window} notes; "
        f"{len(corpus['set_aside'])} files skipped.",
        f"Training on {parts['train']['songs']} songs ({parts['train']['windows']} windows), "
        f"testing on {parts['test']['songs']} ({parts['test']['windows']})."
        if settings.folds == 1
        else f"{settings.folds} folds, {settings.repeats} times: each trains on about "
        f"{parts['train']['songs']} songs ({parts['train']['windows']} windows) and is tested on "
        f"the others.",
    ]
    lines += run["split"]["notes"]
    if run["pretrained"]:
        lines.append(started(run["pretrained"]))
    if run["split"]["shared"] > 0:
        lines.append(
            f"This split leaks: {run['split']['shared']:.0%} of the test windows come from songs "
            f"(or groups of songs) that are also trained on."
        )
    return lines


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
