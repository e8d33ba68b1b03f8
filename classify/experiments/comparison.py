"""Corpus times models: one comparison, from a folder of songs to files that a report is made from.

A run lives in one folder. Everything that took long is written as soon as it is there, so the same
command goes on where a killed one stopped. The folder holds

- `run.json`: command, settings, versions, corpus, split, and what became of each model,
- `predictions.parquet`: one row per model, fold, part and song, and the same per window,
- `scores.csv`: every score with its interval, tidy,
- `checks.parquet`: answers for changed test songs, and of models that learned from fewer songs,
- `importance.parquet`: what models on features listen to, see
  `classify.experiments.feature_importance`,
- `excerpts.parquet`: how the songs begin that the best model gets wrong most confidently,
- `models/<name>/<part>/`: the facts of each fit, and for a hold-out the trained model.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from classify.errors import InputError
from classify.experiments import fitting, results, window_search
from classify.experiments.dataset import Data, Settings, default_name, prepare, recut, tried, varied
from classify.experiments.fitting import LISTENED, VARIED, Job
from classify.experiments.folds import LEAK
from classify.experiments.manifest import (
    RECORD,
    about,
    check_free,
    close_run,
    complete,
    open_run,
    read_record,
)
from classify.files import exclusive
from classify.models import registry
from classify.models.networks.layers import SHORTEST_VALID
from classify.progress import Display, duration
from classify.representations.arrays import Table, save_data
from classify.representations.representation import Blocks, Representation
from classify.representations.windows import Windows
from classify.songs import Song


def compare(
    settings: Settings,
    out: Path | None = None,
    n_workers: int | None = None,
    display: Display | None = None,
    command: str | None = None,
    within: Path = Path("results"),
) -> Path:
    """Train every model on a corpus and write what came of it; go on where a killed run stopped.

    Parameters
    ----------
    settings : Settings
        What is compared.
    out : Path, optional
        The run's folder; one in `within`, named after the corpus and what is not as usual, unless
        given.
    n_workers : int, optional
        Models that train at once; what the machine bears unless given.
    display : Display, optional
        Shows progress.
    command : str, optional
        What to record as the command; this call unless given.
    within : Path
        Where the run's folder goes if `out` is not given.

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
    chosen = registry.select(settings.models)
    data = prepare(settings, display)
    folder = out or within / default_name(settings, data)
    with exclusive(folder):
        tuned = None
        if settings.tune is not None:
            tuned = _tuned(folder, settings, data, chosen, display)
            data = recut(window_search.settled(settings, tuned), data)
        return _run(folder, settings, data, chosen, n_workers, display, command, tuned)


def _tuned(
    folder: Path, settings: Settings, data: Data, chosen: list[registry.ModelSpec], display: Display
) -> dict[str, Any]:
    """Choose the window and the channels, or take the choice that the run has recorded."""
    check_free(folder)
    if (folder / RECORD).is_file():
        recorded = read_record(folder).get("tuning")
        if recorded is None:
            raise InputError(
                f"{folder}: holds another run (it was not tuned); name another folder with --out, "
                f"or delete this one"
            )
        display.say("Window and channels were chosen before; they stay.")
        return recorded

    def told(one: window_search.Candidate) -> None:
        display.say(
            f"Tried {one.named}: {100 * one.score:.1f} % of inner songs "
            f"(± {100 * one.error:.1f}), in {duration(one.seconds)}"
        )

    found = window_search.tune(settings, data, chosen, told)
    display.say(f"Chosen on {found.n_songs} training songs: {found.chosen.named}.")
    return found.to_json()


def _run(
    folder: Path,
    settings: Settings,
    data: Data,
    chosen: list[registry.ModelSpec],
    n_workers: int | None,
    display: Display,
    command: str | None,
    tuned: dict[str, Any] | None,
) -> Path:
    """Do what `compare` promises, in a folder that is ours."""
    run = open_run(folder, settings, data, command or f"compare({settings})", tuned)
    for line in about(run, settings, data):
        display.say(line)
    if complete(run):
        display.say("This run has finished already; nothing is trained again.")
        return folder
    n_workers = n_workers or fitting.default_jobs()
    jobs = _jobs(folder, chosen, settings, data)
    train_all(jobs, data, n_workers, display)
    fits = {spec.name: _facts(spec, jobs) for spec in chosen}
    if all("reason" in facts for facts in fits.values()):
        first = fits[registry.MAJORITY]
        raise InputError(f"{folder}: every model failed; {first['title']}: {first['reason']}")
    scored = [job for job in jobs if "reason" not in fits[job.spec.name]]
    answered = [job for job in scored if fitting.is_done(job, len(data.windows))]
    _write_tables(folder, settings, answered, data)
    close_run(folder, run, fits)
    shutil.rmtree(folder / "work", ignore_errors=True)
    if not any((folder / "logs").glob("*")):
        shutil.rmtree(folder / "logs", ignore_errors=True)
    return folder


def _jobs(
    folder: Path, chosen: list[registry.ModelSpec], settings: Settings, data: Data
) -> list[Job]:
    return [
        Job(
            spec=spec,
            part=part,
            folder=folder / "models" / spec.name / part.key,
            data=folder / "work",
            settings=settings.training,
            quick=settings.quick,
            seed=settings.seed,
            varied=settings.robustness and part.repeat == 0 and part in data.outer,
            kept=settings.folds == 1 and part in data.outer,
            listened=spec.representation.described and part.repeat == 0 and part in data.outer,
        )
        for part in data.parts
        for spec in chosen
    ]


def _facts(spec: registry.ModelSpec, jobs: list[Job]) -> dict[str, Any]:
    """Gather what a report needs to know of a model: each outer fit, or why one failed.

    What one fit says stands on top too: the first one's, with the time of all. Where only the leak
    or a fit on fewer songs failed, the model has its scores and lacks those rows.
    """
    fits = [
        {"repeat": job.part.repeat, "fold": job.part.fold} | fitting.results(job)
        for job in jobs
        if job.spec == spec and job.part.share == 1 and job.part.key != LEAK
    ]
    failures = [facts["reason"] for facts in fits if "reason" in facts]
    if failures:
        return asdict(spec) | {"reason": failures[0]}
    spent = {key: sum(fit[key] for fit in fits) for key in ("seconds_train", "seconds_predict")}
    return asdict(spec) | fits[0] | spent | {"fits": fits}


def train_all(jobs: list[Job], data: Data, n_workers: int, display: Display) -> None:
    """Train what is not trained yet; jobs' folders are `models/<name>/<part>` in one folder."""
    missing = [job for job in jobs if not fitting.is_done(job, len(data.windows))]
    for job in missing:
        shutil.rmtree(job.folder, ignore_errors=True)  # a failure of last time, tried again
    for half in jobs[0].folder.parents[1].glob("*/.*"):
        shutil.rmtree(half, ignore_errors=True)  # what a killed worker was writing
    if len(missing) < len(jobs):
        display.say(f"{len(jobs) - len(missing)} of {len(jobs)} fits are done already.")
    if not missing:
        return
    _save_data(missing, data, display)
    begun: dict[str, float] = {}

    def start(job: Job) -> None:
        total, unit = registry.n_units(job.spec, job.settings, job.quick)
        begun[job.key] = time.monotonic()
        display.begin(job.key, job.title, total, unit)

    def event(said: fitting.Event) -> None:
        if said.key in begun:
            display.advance(said.key, said.note)

    with display.counting("All fits", "fit") as count:
        left = {job.key for job in missing}

        def end(job: Job) -> None:
            took = duration(time.monotonic() - begun.pop(job.key))
            display.end(job.key, _ended(job, took))
            left.remove(job.key)
            count(len(missing) - len(left), len(missing))

        fitting.run(_networks_first(missing), n_workers, start, event, end)


def _save_data(missing: list[Job], data: Data, display: Display) -> None:
    """Write what models are given to a folder that their processes read."""
    folder = missing[0].data
    wanted = {job.spec.input: job.spec.representation for job in missing}

    def arrays(songs: Sequence[Song], windows: Windows, what: str) -> dict[str, Table]:
        return {
            name: (
                (len(windows), *one.shape(windows.settings)),
                _shown(one, songs, windows, display, what),
            )
            for name, one in sorted(wanted.items())
        }

    about = {"label": data.labels, "group": data.groups}
    plain = arrays(data.corpus.songs, data.windows, "")
    save_data(folder, plain, song=data.windows.song, **about)
    if any(job.varied for job in missing):
        for number, (variation, songs, windows) in enumerate(varied(data)):
            changed = arrays(songs, windows, f", {variation.name}")
            place = folder / fitting.VARIATIONS / f"{number:02d}"
            save_data(place, changed, song=windows.song)


def _shown(
    one: Representation, songs: Sequence[Song], windows: Windows, display: Display, what: str
) -> Blocks:
    """Encode windows; say so where that takes time."""
    if not one.title:
        yield from one.encode(songs, windows)
        return
    with display.counting(one.title + what, "window") as count:
        yield from one.encode(songs, windows, count)


def _networks_first(jobs: list[Job]) -> list[Job]:
    """Order jobs so that no long one is left alone at the end."""
    return sorted(jobs, key=lambda job: job.spec.kind != "network")


def _ended(job: Job, took: str) -> str:
    """Say in a line what came of a model."""
    facts = fitting.results(job)
    if "reason" in facts:
        return f"{job.title}: failed after {took}: {facts['reason']}"
    line = f"{job.title}: done in {took}"
    if facts["best"]:
        line += f" (best: {', '.join(f'{key} {value}' for key, value in facts['best'].items())})"
    if job.spec.kind == "network":
        line += f", on {facts['device']}"
    if facts.get("start"):
        line += f", started from {facts['start']['folder']}"
    if facts.get("padding") == ["same"]:
        line += f"; padded, since windows are shorter than {SHORTEST_VALID} notes"
    return line


def _write_tables(folder: Path, settings: Settings, jobs: list[Job], data: Data) -> None:
    about = results.WindowTable(
        song=data.windows.song,
        start=data.windows.start,
        names=[entry.name for entry in data.corpus.entries],
        labels=data.corpus.labels,
        groups=data.corpus.groups,
    )
    fits = [
        results.Fit(
            model=job.spec.name,
            part=job.part,
            p=np.load(job.folder / fitting.PROBABILITIES),
            facts=fitting.results(job),
        )
        for job in jobs
    ]
    predictions = results.predictions(about, [fit for fit in fits if fit.part.share == 1])
    results.write(folder, predictions, results.scores(predictions, settings.seed))
    checks = [results.curve(about, fit) for fit in fits if fit.part.share < 1]
    if settings.robustness:
        named = [(variation.name, variation.amount) for variation in tried(data)]
        checks += [
            results.robustness(about, job.spec.name, job.part, named, np.load(job.folder / VARIED))
            for job in jobs
            if job.varied
        ]
    if checks:
        results.write_parquet(folder / results.CHECKS, pd.concat(checks, ignore_index=True))
    heard = [
        results.listened(about, job.spec.name, job.part, pd.read_parquet(job.folder / LISTENED))
        for job in jobs
        if job.listened
    ]
    if heard:
        results.write_parquet(folder / results.IMPORTANCE, pd.concat(heard, ignore_index=True))
    excerpts = results.excerpts(predictions, about.names, data.corpus.songs)
    results.write_parquet(folder / results.EXCERPTS, excerpts)
