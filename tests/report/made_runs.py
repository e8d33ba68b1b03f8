"""Runs written by hand, so that every sentence of a report can be checked against known numbers."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from classify.evaluation import calibration, intervals, scores
from classify.experiments import results
from classify.files import write_json

N = 40  # songs tested, each of one window; a hold-out trains on as many others


@dataclass
class Made:
    """What a made-up run is to hold; see `write_run`."""

    right: dict[str, int | np.ndarray]
    failed: str = ""
    labels: tuple[str, str] = ("calm", "happy")
    folds: int = 1
    repeats: int = 1
    leak: dict[str, int] = field(default_factory=dict)
    sure: dict[str, float | np.ndarray] = field(default_factory=dict)
    temperature: dict[str, float | list[float]] = field(default_factory=dict)
    limit: dict[str, float] = field(default_factory=dict)
    groups: list[str] | None = None

    @property
    def models(self) -> dict[str, int | np.ndarray]:
        """The models that did not fail, with the majority class."""
        return {"majority": np.arange(N) % 2 == 0, **self.right}


def write_run(
    folder: Path,
    right: dict[str, int | np.ndarray],
    failed: str = "",
    labels: tuple[str, str] = ("calm", "happy"),
    *,
    folds: int = 1,
    repeats: int = 1,
    leak: dict[str, int] | None = None,
    sure: dict[str, float | np.ndarray] | None = None,
    temperature: dict[str, float | list[float]] | None = None,
    limit: dict[str, float] | None = None,
    groups: list[str] | None = None,
    **changes,
) -> Path:
    """Write a run in which each model answers so many of 40 songs rightly (the first ones).

    Parameters
    ----------
    folder : Path
        The run's folder.
    right : dict
        By model: a number of songs, or an array of bool, shape (40,) or (repeats, 40).
    failed : str
        Name of a model that failed.
    labels : tuple of str
        The two classes, in order.
    folds, repeats : int
        Song i is in fold (i // 2 + repeat) % folds; 1 fold is a hold-out of 40 out of 80 songs.
    leak : dict of str to int
        By model: so many of 40 windows right under random windows; none unless given.
    sure : dict of str to float or ndarray, shape (40,)
        By model: probability of its answers for tested songs; 0.9 unless given.
    temperature : dict of str to float or list of float
        By model, of all fits or of each; 1 unless given, nan for not calibrated.
    limit : dict of str to float
        By model: 0.4 unless given.
    groups : list of str, length 40
        Of the tested songs; each its own unless given.
    changes : dict
        Parts of run.json to replace.
    """
    made = Made(
        right,
        failed,
        labels,
        folds,
        repeats,
        leak or {},
        sure or {},
        temperature or {},
        limit or {},
        groups,
    )
    own = changes.get("split", {}).get("kind", "song")
    frames = [_model(made, name, good, own) for name, good in made.models.items()]
    frames += [_leaking(made, name, count) for name, count in made.leak.items()]
    table = pd.concat(frames, ignore_index=True)
    folder.mkdir()
    results.write(folder, table, pd.DataFrame(_scores(table, made)))
    record = _record(made)
    changes["split"] = record["split"] | changes.get("split", {})
    write_json(folder / "run.json", record | changes)
    return folder


def _model(made: Made, name: str, good: int | np.ndarray, protocol: str) -> pd.DataFrame:
    good = np.arange(N) < good if isinstance(good, int) else good
    good = np.broadcast_to(good, (made.repeats, N))
    fits = [(r, f) for r in range(made.repeats) for f in range(made.folds)]
    parts = []
    for place, (repeat, fold) in enumerate(fits):
        songs = np.arange(N)
        test = (songs // 2 + repeat) % made.folds == fold
        tested = _rows(made, name, songs[test], good[repeat][test], "test")
        trained = songs[~test] if made.folds > 1 else songs + N
        parts += [
            frame.assign(repeat=repeat, fold=fold, protocol=protocol, **extra)
            for frame, extra in (
                (tested, _fitted(made, name, place)),
                (_rows(made, name, trained, np.ones(len(trained), bool), "train"), {}),
            )
        ]
    return pd.concat(parts, ignore_index=True)


def _fitted(made: Made, name: str, place: int) -> dict[str, float]:
    temperature = made.temperature.get(name, 1.0)
    one = temperature[place] if isinstance(temperature, list) else temperature
    limit = np.nan if np.isnan(one) else made.limit.get(name, 0.4)
    return {"temperature": one, "limit": limit}


def _leaking(made: Made, name: str, count: int) -> pd.DataFrame:
    songs = np.arange(N)
    test = _rows(made, name, songs, songs < count, "test")
    train = _rows(made, name, songs, np.ones(N, bool), "train")
    return pd.concat([test, train]).assign(repeat=0, fold=0, protocol="window")


def _rows(made: Made, name: str, songs: np.ndarray, good: np.ndarray, part: str) -> pd.DataFrame:
    """Lay out songs and their one window each; song i is of class i % 2."""
    truth = songs % 2
    answer = np.where(good, truth, 1 - truth)
    sure = np.broadcast_to(made.sure.get(name, 0.9), N)[songs % N]
    names = [f"song <{i}>.mid" for i in songs]
    groups = [made.groups[i] for i in songs % N] if made.groups else names
    columns = {
        "model": name,
        "part": part,
        "song": names,
        "group": groups,
        "label": np.array(made.labels)[truth],
        "answer": np.array(made.labels)[answer],
        **{
            results.P + label: np.where(answer == place, sure, 1 - sure)
            for place, label in enumerate(made.labels)
        },
        "temperature": np.nan,
        "limit": np.nan,
    }
    frame = pd.DataFrame(columns)
    return pd.concat([frame.assign(level="song", start=-1), frame.assign(level="window", start=0)])


def _scores(table: pd.DataFrame, made: Made) -> list[dict]:
    keys = ["model", "protocol", "level", "part"]
    return [
        dict(zip(keys, key, strict=True))
        | {"metric": metric, "value": value, "low": low, "high": high}
        | {"n_songs": rows.song.nunique(), "n_windows": rows.song.nunique()}
        for key, rows in table.groupby(keys, sort=False)
        for metric, (value, low, high) in _metrics(rows, made, key[2:] == ("song", "test")).items()
    ]


def _metrics(rows: pd.DataFrame, made: Made, sure: bool) -> dict[str, tuple[float, float, float]]:
    truth = np.searchsorted(made.labels, rows.label)
    answer = np.searchsorted(made.labels, rows.answer)
    counts = scores.confusion(truth, answer, 2)
    found = {}
    for metric, score in scores.SCORES.items():  # intervals of all but accuracy are made up
        value = float(score(counts))
        found[metric] = (value, value - 0.1, value + 0.1)
    shares = (rows.label == rows.answer).groupby([rows.group, rows.song]).mean()
    groups = shares.index.get_level_values(0).tolist()
    one = intervals.effective_groups(groups) <= 1
    ends = (0.0, 1.0) if one else intervals.wilson(shares.to_numpy(float), groups)
    found["accuracy"] = (found["accuracy"][0], *ends)
    if sure and rows.temperature.notna().all():
        p = np.concatenate(
            [
                calibration.apply_temperature(fold.filter(like=results.P).to_numpy(), temperature)
                for temperature, fold in rows.groupby("temperature")
            ]
        )
        truth = np.concatenate(
            [np.searchsorted(made.labels, fold.label) for _, fold in rows.groupby("temperature")]
        )
        for metric, measure in (
            ("ece", calibration.calibration_error),
            ("brier", calibration.brier),
        ):
            value = measure(p, truth)
            found[metric] = (value, value - 0.01, value + 0.02)
    return found


def _facts(name: str, made: Made) -> dict:
    kind = "reference" if name == "majority" else "network" if "nn" in name[:5] else "baseline"
    kind = "baseline" if name == "knn" else kind
    about = {"name": name, "title": name.upper(), "kind": kind, "input": "notes"}
    if name == made.failed:
        return about | {"reason": "MemoryError: no room"}
    fits = [
        _fit(kind, depth=3 + (fold == 1)) | {"repeat": repeat, "fold": fold}
        for repeat in range(made.repeats)
        for fold in range(made.folds)
    ]
    total = {key: sum(fit[key] for fit in fits) for key in ("seconds_train", "seconds_predict")}
    return fits[0] | about | total | {"fits": fits}


def _fit(kind: str, depth: int) -> dict:
    facts = {
        "parameters": None,
        "best": {} if kind == "reference" else {"depth": depth},
        "seconds_train": 1.5,
        "seconds_predict": 0.01,
        "device": "CPU",
        "padding": [],
    }
    if kind == "network":
        epoch = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.1, "val_accuracy": 0.4}
        facts |= {"history": [epoch, epoch], "best": {"epoch": 1}, "parameters": 90_053}
    return facts


def _record(made: Made) -> dict:
    part, labels = {"songs": N, "windows": N}, made.labels
    names = [*made.models, *([made.failed] if made.failed else [])]
    trained = part if made.folds == 1 else dict.fromkeys(part, N - N // made.folds)
    return {
        "classify": "0.1.0",
        "command": "classify compare songs",
        "identity": {},
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T01:00:00+00:00",
        "training": {"recipe": "default", "epochs": 30, "patience": 8},
        "settings": {
            "quick": False,
            "recipe": "default",
            "seed": 0,
            "folds": made.folds,
            "repeats": made.repeats,
            "leak": bool(made.leak),
            "robustness": False,
            "learning_curve": False,
        },
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
        "split": {
            "kind": "song",
            "folds": made.folds,
            "repeats": made.repeats,
            "parts": {"train": trained, "test": part},
            "notes": [],
            "shared": 0,
            "probes": [
                {"title": "nearest neighbour", "leaking": 0.61, "honest": 0.38, "points": 23.0},
                {"title": "random forest", "leaking": 0.5, "honest": 0.45, "points": 5.0},
            ],
        },
        "versions": {"python": "3.11"},
        "machine": {"system": "Linux"},
        "models": {name: _facts(name, made) for name in names},
    }
