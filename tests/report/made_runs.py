"""Runs written by hand, so that every sentence of a report can be checked against known numbers."""

from pathlib import Path

import numpy as np

from classify import tables
from classify.files import write_json

N = 40  # test songs; each is one window


def write_run(
    folder: Path,
    right: dict[str, int | np.ndarray],
    failed: str = "",
    labels: tuple[str, str] = ("calm", "happy"),
    **changes,
) -> Path:
    """Write a run in which each model answers so many of 40 test songs rightly (the first ones).

    Parameters
    ----------
    folder : Path
        The run's folder.
    right : dict
        By model: a number of songs, or an array of bool, shape (40,).
    failed : str
        Name of a model that failed.
    labels : tuple of str
        The two classes, in order.
    changes : dict
        Parts of run.json to replace.
    """
    names = [f"song <{i}>.mid" for i in range(2 * N)]
    about = tables.WindowTable(
        song=np.arange(2 * N),
        start=np.zeros(2 * N, dtype=int),
        test=np.arange(2 * N) < N,
        names=names,
        labels=list(labels) * N,
        groups=names,
    )
    truth = np.arange(2 * N) % 2
    probabilities, models = {}, {}
    for name, given in {"majority": truth[:N] == 0, **right}.items():
        good = np.arange(N) < given if isinstance(given, int) else given
        answer = np.where(np.concatenate([good, np.ones(N, bool)]), truth, 1 - truth)
        probabilities[name] = np.eye(2)[answer]
        models[name] = _facts(name)
    if failed:
        models[failed] = _facts(failed) | {"reason": "MemoryError: no room"}
    table = tables.predictions(about, probabilities)
    folder.mkdir()
    tables.write(folder, table, tables.scores(table, 0))
    write_json(folder / "run.json", _record(models, labels) | changes)
    return folder


def _facts(name: str) -> dict:
    kind = "reference" if name == "majority" else "network" if "nn" in name[:5] else "baseline"
    kind = "baseline" if name == "knn" else kind
    facts = {
        "name": name,
        "title": name.upper(),
        "kind": kind,
        "best": {"depth": 3},
        "parameters": None,
        "seconds_train": 1.5,
        "seconds_predict": 0.01,
        "device": "CPU",
    }
    if kind == "network":
        epoch = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.1, "val_accuracy": 0.4}
        facts |= {"history": [epoch, epoch], "best": {"epoch": 1}, "parameters": 90_053}
    return facts  # fmt: skip


def _record(models: dict, labels: tuple[str, str]) -> dict:
    part = {"songs": N, "windows": N}
    return {
        "classify": "0.1.0",
        "command": "classify compare songs",
        "identity": {},
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T01:00:00+00:00",
        "training": {"recipe": "default", "epochs": 30, "patience": 8},
        "settings": {"quick": False, "recipe": "default", "seed": 0},
        "corpus": {
            "name": "songs",
            "fingerprint": "0" * 64,
            "licence": "",
            "songs": 2 * N,
            "groups": 2 * N,
            "copies": 0,
            "contradictions": 0,
            "songs_per_class": dict.fromkeys(labels, N),
            "windows_per_class": dict.fromkeys(labels, N),
            "set_aside": [
                {"name": "<b>bad|one</b>.mid", "reason": "is an empty file", "label": "calm"}
            ],
            "repaired": [{"name": "old|song.rmi", "what": "a RIFF <around> it was taken off"}],
            "note": "Splits by clip leak.",
            "citation": "@inproceedings{some2021,\n  title = {Songs}\n}",
        },
        "windows": {
            "window": 16,
            "hop": 16,
            "channels": ["pitch"],
            "counts": {
                "full": 80,
                "padded_songs": 0,
                "padded_tails": 0,
                "dropped_tails": 0,
                "dropped_notes": 0,
            },
        },
        "split": {"kind": "song", "parts": {"train": part, "test": part}, "notes": [], "shared": 0},
        "versions": {"python": "3.11"},
        "machine": {"system": "Linux"},
        "models": models,
    }
