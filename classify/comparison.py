"""Corpus times models: one comparison, from a folder of songs to files that a report is made from.

A run lives in one folder. Everything that took long is written as soon as it is there, so the same
command goes on where a killed one stopped. The folder holds

- `run.json`: command, settings, versions, corpus, split, and what became of each model,
- `predictions.parquet`: one row per model, part and song, and the same per window,
- `scores.csv`: every score with its interval, tidy,
- `models/<name>/`: each trained model, with the facts of its fit.
"""

import platform
import shlex
import shutil
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify import __version__, models, tables, workers
from classify.corpora import Corpus, load
from classify.errors import InputError
from classify.evaluation import leak, splits
from classify.files import read_json, write_json
from classify.progress import Display, duration
from classify.training import TrainingSettings
from classify.windows import CHANNELS, ChannelScaler, Windows, WindowSettings, cut, unscaled

SPLITS = ("song", "window", "given")

#: Notes in a window where neither the user nor the corpus says otherwise: the paper's.
WINDOW = 800

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
        if self.seed < 0:
            raise InputError(f"--seed {self.seed}: expected a whole number from 0 up")

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
        What to record as the command.

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
    run = _open_run(folder, settings, data, command or shlex.join(["classify", *sys.argv[1:]]))
    for line in _about(run, data):
        display.say(line)
    jobs = _jobs(folder, chosen, settings, n_workers or workers.default_jobs())
    _train(jobs, data, settings, n_workers or workers.default_jobs(), display)
    run["models"] = {job.spec.name: workers.results(job) | asdict(job.spec) for job in jobs}
    run["finished"] = _now()
    _write_tables(folder, run, jobs, data)
    write_json(folder / "run.json", run)
    shutil.rmtree(folder / "work", ignore_errors=True)
    if not any((folder / "logs").glob("*")):
        shutil.rmtree(folder / "logs", ignore_errors=True)
    return folder


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
        return splits.by_window(len(windows.x), settings.seed), []
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
    untaught = sorted(set(corpus.classes) - set(np.array(corpus.labels)[~test]))
    if untaught:
        raise InputError(f"{corpus.source}: the class {untaught[0]!r} has no song in train")
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
        rows = models.as_rows(_scaled(data, settings))
        found = leak.probes(rows, data.labels, data.groups, data.test, settings.seed)
        run["split"]["probes"] = [probe.to_json() for probe in found]
    write_json(path, run)
    return run


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
    cores = workers.default_jobs()
    return [
        workers.Job(
            spec=spec,
            folder=folder / "models" / spec.name,
            data=folder / "work",
            settings=settings.training,
            quick=settings.quick,
            seed=settings.seed,
            grouped=settings.split != "window",
            threads=max(1, cores // min(n_workers, len(chosen))),
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
    x = _scaled(data, settings)
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
        workers.run(_longest_first(missing), n_workers, start, event, end)


def _scaled(data: Data, settings: Settings) -> NDArray[np.float32]:
    """Fill the padding and, except under the paper's recipe, scale by the training part."""
    if settings.recipe == "paper":
        return unscaled(data.windows.x)
    return ChannelScaler.fit(data.windows.x[~data.test]).transform(data.windows.x)


def _longest_first(jobs: list[workers.Job]) -> list[workers.Job]:
    """Order jobs so that no long one is left alone at the end: recurrent stacks, then the rest."""
    slow = ("bi-nn1", "nn1", "bi-nn2", "nn2")
    return sorted(jobs, key=lambda job: slow.index(job.spec.name) if job.spec.name in slow else 9)


def _ended(job: workers.Job, took: str) -> str:
    facts = workers.results(job)
    if "reason" in facts:
        return f"{job.spec.title}: failed after {took}: {facts['reason']}"
    best = ", ".join(f"{key} {value}" for key, value in facts["best"].items())
    return f"{job.spec.title}: done in {took}{' (best: ' + best + ')' if best else ''}" + (
        f", on {facts['device']}" if job.spec.kind == "network" else ""
    )


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
