"""Corpus times models: one comparison, from a folder of songs to files that a report is made from.

A run lives in one folder. Everything that took long is written as soon as it is there, so the same
command goes on where a killed one stopped. The folder holds

- `run.json`: command, settings, versions, corpus, split, and what became of each model,
- `predictions.parquet`: one row per model, part and song, and the same per window,
- `scores.csv`: every score with its interval, tidy,
- `models/<name>/`: each trained model, with the facts of its fit.
"""

import platform
import shutil
import time
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from classify import __version__, models, tables, training, workers
from classify.errors import InputError
from classify.evaluation import leak
from classify.experiment import Data, Settings, default_name, prepare, scaled
from classify.files import read_json, write_json
from classify.networks.layers import SHORTEST_VALID
from classify.progress import Display, duration

#: Libraries whose versions a run records.
LIBRARIES = (
    "tensorflow",
    "keras",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "symusic",
    "music21",
)


def compare(
    settings: Settings,
    out: Path | None = None,
    n_workers: int | None = None,
    display: Display | None = None,
    command: str | None = None,
) -> Path:
    """Train every model on a corpus and write what came of it; go on where a killed run stopped.

    Parameters
    ----------
    settings : Settings
        What is compared.
    out : Path, optional
        The run's folder; `results/<corpus>...` unless given.
    n_workers : int, optional
        Models that train at once; what the machine bears unless given.
    display : Display, optional
        Shows progress.
    command : str, optional
        What to record as the command; this call unless given.

    Returns
    -------
    Path
        The run's folder, with run.json, predictions.parquet and scores.csv in it.

    Raises
    ------
    InputError
        If the corpus cannot be read or split as asked, a model is unknown, or `out` holds a run
        with other settings.
    """
    display = display or Display()
    chosen = models.select(settings.models)
    data = prepare(settings, display)
    folder = out or Path("results") / default_name(settings, data)
    run = _open_run(folder, settings, data, command or f"compare({settings})")
    for line in _about(run, data):
        display.say(line)
    if _complete(run):
        display.say("This run has finished already; nothing is trained again.")
        return folder
    n_workers = n_workers or workers.default_jobs()
    jobs = _jobs(folder, chosen, settings, n_workers)
    _train(jobs, data, settings, n_workers, display)
    run["models"] = {job.spec.name: workers.results(job) | asdict(job.spec) for job in jobs}
    run["finished"] = _now()
    _write_tables(folder, run, jobs, data)
    write_json(folder / "run.json", run)
    shutil.rmtree(folder / "work", ignore_errors=True)
    if not any((folder / "logs").glob("*")):
        shutil.rmtree(folder / "logs", ignore_errors=True)
    return folder


def _open_run(folder: Path, settings: Settings, data: Data, command: str) -> dict[str, Any]:
    """Begin a run's folder, or go on with it if it holds a run of the same settings."""
    path = folder / "run.json"
    wanted = {"settings": _plain(settings), "fingerprint": data.corpus.fingerprint}
    if path.is_file():
        run = read_json(path)
        before = {"settings": run["settings"], "fingerprint": run["corpus"]["fingerprint"]}
        if before != wanted:
            raise InputError(
                f"{folder}: holds another run ({_difference(before, wanted)}); "
                f"name another folder with --out, or delete this one"
            )
        return run
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InputError(f"{folder}: is there already and is no run; name another with --out")
    run = _describe(settings, data, command)
    if run["split"]["shared"] > 0:
        rows = models.as_rows(scaled(data, settings))
        found = leak.probes(rows, data.labels, data.groups, data.test, settings.seed)
        run["split"]["probes"] = [probe.to_json() for probe in found]
    write_json(path, run)
    return run


def _complete(run: dict[str, Any]) -> bool:
    """Say whether a run has finished and no model failed (a failed one is worth another try)."""
    return "finished" in run and not any("reason" in facts for facts in run["models"].values())


def _difference(before: dict[str, Any], wanted: dict[str, Any]) -> str:
    for name, value in wanted["settings"].items():
        if before["settings"].get(name) != value:
            return f"its {name} is {before['settings'].get(name)}, here it is {value}"
    return "its songs or labels were others"


def _plain(settings: Settings) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(settings).items()}


def _describe(settings: Settings, data: Data, command: str) -> dict[str, Any]:
    """Collect everything about a run that is known before the first model trains."""
    corpus, windows = data.corpus, data.windows
    train_songs, test_songs = windows.song[~data.test], windows.song[data.test]
    part = {
        "train": {"songs": len(set(train_songs)), "windows": int((~data.test).sum())},
        "test": {"songs": len(set(test_songs)), "windows": int(data.test.sum())},
    }
    about = {
        "name": corpus.name,
        "fingerprint": corpus.fingerprint,
        "licence": corpus.licence,
        "songs": len(corpus.songs),
        "groups": len(set(corpus.groups)),
        "copies": corpus.n_copies,
        "classes": corpus.classes,
        "songs_per_class": dict(sorted(Counter(corpus.labels).items())),
        "windows_per_class": dict(sorted(Counter(data.labels.tolist()).items())),
        "set_aside": [asdict(item) for item in corpus.set_aside],
    }
    return {
        "classify": __version__,
        "command": command,
        "started": _now(),
        "settings": _plain(settings),
        "training": asdict(settings.training),
        "corpus": about,
        "windows": asdict(data.cutting) | {"counts": windows.counts},
        "split": {
            "kind": settings.split,
            "parts": part,
            "notes": data.notes,
            "shared": leak.shared_songs(data.test, data.groups),
        },
        "versions": {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
        "machine": {"system": platform.platform(), "processor": platform.machine()},
    }


def _about(run: dict[str, Any], data: Data) -> list[str]:
    """Say in a few lines what is going to be compared."""
    parts, corpus = run["split"]["parts"], run["corpus"]
    lines = [
        f"{corpus['songs']} songs in {len(corpus['classes'])} classes, "
        f"{len(data.windows.x)} windows of {data.cutting.window} notes; "
        f"{len(corpus['set_aside'])} files set aside.",
        f"Training on {parts['train']['songs']} songs ({parts['train']['windows']} windows), "
        f"testing on {parts['test']['songs']} ({parts['test']['windows']}).",
    ]
    lines += run["split"]["notes"]
    if run["split"]["shared"] > 0:
        lines.append(
            f"This split leaks: {run['split']['shared']:.0%} of the test windows come from songs "
            f"that are also trained on."
        )
    return lines


def _jobs(
    folder: Path, chosen: list[models.Spec], settings: Settings, n_workers: int
) -> list[workers.Job]:
    cores = workers.n_cores()
    alone = training.gpu_present()  # then networks run one at a time, and may use every core
    return [
        workers.Job(
            spec=spec,
            folder=folder / "models" / spec.name,
            data=folder / "work",
            settings=settings.training,
            quick=settings.quick,
            seed=settings.seed,
            grouped=settings.split != "window",
            threads=cores
            if alone and spec.kind == "network"
            else max(1, cores // min(n_workers, len(chosen))),
        )
        for spec in chosen
    ]


def _train(
    jobs: list[workers.Job], data: Data, settings: Settings, n_workers: int, display: Display
) -> None:
    """Train what is not trained yet."""
    missing = [job for job in jobs if not (job.folder / workers.FIT).is_file()]
    for job in missing:
        shutil.rmtree(job.folder, ignore_errors=True)  # a failure of last time, tried again
    if len(missing) < len(jobs):
        display.say(f"{len(jobs) - len(missing)} of {len(jobs)} models are done already.")
    if not missing:
        return
    x = scaled(data, settings)
    workers.save_data(missing[0].data, x, list(data.labels), list(data.groups), data.test)
    running: set[str] = set()
    begun: dict[str, float] = {}

    def start(job: workers.Job) -> None:
        total, unit = models.n_units(job.spec, job.settings, job.quick)
        begun[job.spec.name] = time.monotonic()
        running.add(job.spec.name)
        display.begin(job.spec.name, job.spec.title, total, unit)

    def event(said: workers.Event) -> None:
        if said.name in running:
            display.advance(said.name, said.note)

    def end(job: workers.Job) -> None:
        running.discard(job.spec.name)
        took = duration(time.monotonic() - begun[job.spec.name])
        display.end(job.spec.name, _ended(job, took))

    with display.shown():
        workers.run(_networks_first(missing), n_workers, start, event, end)


def _networks_first(jobs: list[workers.Job]) -> list[workers.Job]:
    """Order jobs so that no long one is left alone at the end."""
    return sorted(jobs, key=lambda job: job.spec.kind != "network")


def _ended(job: workers.Job, took: str) -> str:
    """Say in a line what came of a model."""
    facts = workers.results(job)
    if "reason" in facts:
        return f"{job.spec.title}: failed after {took}: {facts['reason']}"
    line = f"{job.spec.title}: done in {took}"
    if facts["best"]:
        line += f" (best: {', '.join(f'{key} {value}' for key, value in facts['best'].items())})"
    if job.spec.kind == "network":
        line += f", on {facts['device']}"
    if facts.get("padding") == ["same"]:
        line += f"; padded, since windows are shorter than {SHORTEST_VALID} notes"
    return line


def _write_tables(folder: Path, run: dict[str, Any], jobs: list[workers.Job], data: Data) -> None:
    about = tables.WindowTable(
        song=data.windows.song,
        start=data.windows.start,
        test=data.test,
        names=[entry.name for entry in data.corpus.entries],
        labels=data.corpus.labels,
        groups=data.corpus.groups,
    )
    probabilities = {
        job.spec.name: np.load(job.folder / workers.PROBABILITIES)
        for job in jobs
        if (job.folder / workers.FIT).is_file()
    }
    predictions = tables.predictions(about, probabilities)
    tables.write(folder, predictions, tables.scores(predictions, run["settings"]["seed"]))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
