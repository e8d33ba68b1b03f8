"""Corpus times models: one comparison, from a folder of songs to files that a report is made from.

A run lives in one folder. Everything that took long is written as soon as it is there, so the same
command goes on where a killed one stopped. The folder holds

- `run.json`: command, settings, versions, corpus, split, and what became of each model,
- `predictions.parquet`: one row per model, part and song, and the same per window,
- `scores.csv`: every score with its interval, tidy,
- `models/<name>/`: each trained model, with the facts of its fit.
"""

import shutil
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from classify import features, models, tables, workers
from classify.errors import InputError
from classify.experiment import Data, Settings, default_name, measured, prepare, scaled
from classify.networks.layers import SHORTEST_VALID
from classify.progress import Display, duration
from classify.record import about, close_run, complete, one_at_a_time, open_run


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
    with one_at_a_time(folder):
        return _run(folder, settings, data, chosen, n_workers, display, command)


def _run(
    folder: Path,
    settings: Settings,
    data: Data,
    chosen: list[models.Spec],
    n_workers: int | None,
    display: Display,
    command: str | None,
) -> Path:
    """Do what `compare` promises, in a folder that is ours."""
    run = open_run(folder, settings, data, command or f"compare({settings})")
    for line in about(run, data):
        display.say(line)
    if complete(run):
        display.say("This run has finished already; nothing is trained again.")
        return folder
    n_workers = n_workers or workers.default_jobs()
    jobs = _jobs(folder, chosen, settings)
    _train(jobs, data, settings, n_workers, display)
    fits = {job.spec.name: workers.results(job) | asdict(job.spec) for job in jobs}
    if all("reason" in facts for facts in fits.values()):
        first = fits[models.MAJORITY]
        raise InputError(f"{folder}: every model failed; {first['title']}: {first['reason']}")
    _write_tables(folder, settings.seed, jobs, data)
    close_run(folder, run, fits)
    shutil.rmtree(folder / "work", ignore_errors=True)
    if not any((folder / "logs").glob("*")):
        shutil.rmtree(folder / "logs", ignore_errors=True)
    return folder


def _jobs(folder: Path, chosen: list[models.Spec], settings: Settings) -> list[workers.Job]:
    return [
        workers.Job(
            spec=spec,
            folder=folder / "models" / spec.name,
            data=folder / "work",
            settings=settings.training,
            quick=settings.quick,
            seed=settings.seed,
            grouped=settings.split != "window",
        )
        for spec in chosen
    ]


def _train(
    jobs: list[workers.Job], data: Data, settings: Settings, n_workers: int, display: Display
) -> None:
    """Train what is not trained yet."""
    missing = [job for job in jobs if not workers.is_done(job, len(data.test))]
    for job in missing:
        shutil.rmtree(job.folder, ignore_errors=True)  # a failure of last time, tried again
    for half in missing[0].folder.parent.glob(".*") if missing else ():
        shutil.rmtree(half, ignore_errors=True)  # what a killed worker was writing
    if len(missing) < len(jobs):
        display.say(f"{len(jobs) - len(missing)} of {len(jobs)} models are done already.")
    if not missing:
        return
    inputs: dict[str, workers.Table] = {"notes": (data.windows.shape, scaled(data, settings))}
    if any(job.spec.input == "features" for job in missing):
        shape = len(data.windows), 1, len(features.listed())
        inputs["features"] = shape, measured(data, display)
    workers.save_data(
        missing[0].data,
        inputs,
        label=data.labels,
        group=data.groups,
        song=data.windows.song,
        test=data.test,
    )
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


def _write_tables(folder: Path, seed: int, jobs: list[workers.Job], data: Data) -> None:
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
    tables.write(folder, predictions, tables.scores(predictions, seed))
