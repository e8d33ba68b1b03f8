"""Generators compared on a corpus, as strictly as classifiers are: who learns from what, and files.

The songs are divided once, whole groups at a time, songs that seem to be the same music in one
group: *generators* learn from two fifths, the *judge* from two fifths, and a fifth is *held out*
from both (songs without classes are judged by nobody: generators learn from four fifths). What is
measured on new songs is measured on held-out real songs too.

What is left is a folder: run.json, songs.csv (one row a song, real or new), new songs as MIDI
files, measures.csv (`classify.generation.measures`); for generators with a latent space, what it
holds of each held-out song (`classify.generation.latent.compared`). A generator that is finished
is not trained again when a run that was stopped goes on.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from classify.addresses import shown
from classify.compute.executor import Executor, Task, TaskDied, make_executor, task_name
from classify.errors import InputError
from classify.files import DiskFull, atomic_write, exclusive, read_json, write_json
from classify.generation import generator as generators
from classify.generation import knobs, measures, voice_measures
from classify.generation.generator import Generator
from classify.generation.judged_songs import (
    DONE,
    SONGS,
    file_names,
    judge_all,
    judge_melodies,
    make_judge,
    songs_by_set,
)
from classify.generation.latent import compared
from classify.generation.latent.latent_generator import LatentGenerator
from classify.generation.networks.voice_generator import VoiceGenerator
from classify.generation.parts import ComparisonSettings, Parts, divide
from classify.generation.request import Request
from classify.models import registry
from classify.progress import SILENT, Progress, counting
from classify.records import VERSION, portable, versions
from classify.songs import Song, midi

LOG = logging.getLogger(__name__)

RUN, TABLE, MEASURES = "run.json", "songs.csv", "measures.csv"

#: Folder among those of generators that holds the real songs that nobody learned from.
REAL = "held-out"

#: Shortest and longest song that is asked for, in seconds, whatever real songs last.
SHORTEST, LONGEST = 10.0, 60.0

#: Held-out songs that a quick comparison asks a writer of voices about.
QUICK = 10

#: Songs for each knob, as a share of those for each mood; at least so many.
KNOB_SHARE, FEWEST_KNOB_SONGS = 5, 10

#: Knobs are asked for between these percentiles of the songs that were learned from.
KNOB_PERCENTILES = (10, 90)

#: Between which a knob is asked for where all songs of a corpus are alike.
WIDEST = {"tempo": (70.0, 160.0), "loudness": (50.0, 100.0)}


def compare(
    settings: ComparisonSettings,
    out: Path,
    progress: Progress = SILENT,
    command: str = "",
    n_workers: int | None = None,
    executor: Executor | None = None,
) -> Path:
    """Compare generators, and leave a folder of files; go on where a comparison was stopped.

    Parameters
    ----------
    settings : ComparisonSettings
        What is compared.
    out : Path
        The folder.
    progress : Progress
        Shows progress.
    command : str
        What to record as the command.
    n_workers : int, optional
        Generators at once; one a core unless given.
    executor : Executor, optional
        Where generators learn; in processes of this machine unless given.

    Raises
    ------
    InputError
        If the corpus cannot be used, or `out` holds something else.
    """
    with exclusive(out):
        digest = _check(settings, out)
        if (out / MEASURES).is_file():
            progress.message(f"{out}: finished before; its report is written again.")
            return out
        parts = divide(settings, progress)
        record = _begin(settings, parts, out, digest, command)
        _write_held_out(parts, out / SONGS / REAL)
        failed = _compose_all(settings, out, digest, progress, n_workers, executor)
        judge = make_judge(settings, parts, progress) if parts.moods else None
        table = judge_all(settings, parts, out, failed, judge, progress)
        with atomic_write(out / TABLE) as temporary:
            table.to_csv(temporary, index=False)
        measured = measures.measure(table, songs_by_set(parts, out, table), settings.seed)
        folders = {n: out / SONGS / n for n in settings.generators if n not in failed}
        variant_of = {n: getattr(generators.get(n), "VARIANT_OF", "") for n in folders}
        spaces = compared.measure(folders, variant_of, judge, settings.seed)
        voices = voice_measures.measure(folders, settings.seed)
        heard = [judge_melodies(parts, judge)] if judge else []
        measured = pd.concat([measured, *heard, spaces, voices], ignore_index=True)
        with atomic_write(out / MEASURES) as temporary:
            measured.to_csv(temporary, index=False)
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(out / RUN, record | {"failed": failed, "finished": finished})
    return out


def _check(settings: ComparisonSettings, out: Path) -> str:
    """Refuse a folder that holds anything but this very comparison; give its name."""
    chosen = asdict(settings) | {"corpus": shown(settings.corpus)}
    digest = task_name("generators", chosen, VERSION, versions())
    if (out / RUN).is_file() and read_json(out / RUN).get("digest") != digest:
        raise InputError(f"{out}: holds another comparison; name another folder with --out")
    if out.exists() and any(out.iterdir()) and not (out / RUN).is_file():
        raise InputError(f"{out}: holds other files; name another folder with --out")
    return digest


def _begin(
    settings: ComparisonSettings, parts: Parts, out: Path, digest: str, command: str
) -> dict[str, Any]:
    """Write what is known before the first generator learns."""
    corpus = parts.corpus
    record = {
        "kind": "generators",
        "digest": digest,
        "command": command,
        "classify": VERSION,
        "versions": versions(),
        "settings": asdict(settings) | {"corpus": portable(shown(settings.corpus))},
        "corpus": {"name": corpus.name, "songs": len(corpus.songs), "classes": parts.moods,
                   "groups": len(set(corpus.groups)), "licence": corpus.licence,
                   "skipped": len(corpus.skipped)},
        "parts": {"learned": len(parts.learned), "judged": len(parts.judged),
                  "held_out": len(parts.held_out)},
        "judge": registry.find()[settings.judge].title if parts.moods else "",
        "titles": {name: generators.get(name).TITLE for name in settings.generators},
        "follows_moods": {name: bool(parts.moods) and _takes_moods(name)
                          for name in settings.generators},
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / RUN, record)
    return record


def _takes_moods(name: str) -> bool:
    kind = generators.get(name)
    return "mood" in kind.KEEPS | kind.AIMS


def _write_held_out(parts: Parts, folder: Path) -> None:
    """Write the songs that nobody learned from, for listeners to compare new ones with."""
    with atomic_write(folder) as temporary:
        temporary.mkdir(parents=True)
        for place, file in zip(parts.held_out, file_names(parts.held_out), strict=True):
            midi.write_song(temporary / file, parts.corpus.songs[place])


def _compose_all(
    settings: ComparisonSettings,
    out: Path,
    digest: str,
    progress: Progress,
    n_workers: int | None,
    executor: Executor | None,
) -> dict[str, str]:
    """Let every generator that is not finished learn and compose; give reasons for failures."""
    missing = [n for n in settings.generators if not (out / SONGS / n / DONE).is_file()]
    failed = {}
    ours = executor or make_executor(n_workers or min(len(missing), 2) or 1)
    with counting(progress, "Generators", "generator") as count, ours:
        futures = {
            ours.submit(Task(task_name(digest, name), compose, (settings, name, out))): name
            for name in missing
        }
        for done, future in enumerate(ours.as_completed(list(futures)), 1):
            name = futures[future]
            try:
                future.result()
            except DiskFull:  # no generator's fault: all wait until there is room
                raise
            except (InputError, TaskDied) as error:
                failed[name] = str(error)
            except Exception as error:  # a fault of one costs the others nothing
                LOG.debug("%s failed", name, exc_info=error)
                lines = str(error).strip().splitlines() or ["no message"]
                failed[name] = f"{type(error).__name__}: {lines[-1]}"
            if name in failed:
                progress.message(f"{name} failed: {failed[name]}")
            count(done, len(missing))
    if len(failed) == len(settings.generators):
        name, reason = next(iter(failed.items()))
        raise InputError(f"no generator could be compared; {name}: {reason}")
    return failed


def compose(settings: ComparisonSettings, name: str, out: Path) -> None:
    """Let one generator learn and compose, into a folder that is there whole or not at all.

    Parameters
    ----------
    settings : ComparisonSettings
        What is compared.
    name : str
        Of the generator.
    out : Path
        The comparison's folder.
    """
    parts = divide(settings)
    songs, moods, groups = parts.of(parts.learned)
    kind = generators.get(name)
    given = {"epochs": settings.epochs, "seed": settings.seed, "quick": settings.quick}
    generator = kind(**{k: v for k, v in given.items() if k in kind.OPTIONS and v is not None})
    begun = time.process_time()
    generator.fit(songs, moods, groups)
    fitted = time.process_time() - begun
    rows = []
    with atomic_write(out / SONGS / name) as temporary:
        temporary.mkdir(parents=True)
        for number, asked in enumerate(_requests(settings, generator, songs, moods)):
            rows.append(_compose_one(generator, asked, number, settings.seed, temporary))
        if isinstance(generator, LatentGenerator):
            compared.write(generator, *parts.of(parts.held_out), temporary, settings.quick)
        elif history := getattr(generator, "history", None):
            known = pd.DataFrame(history).assign(collapse=getattr(generator, "collapse", ""))
            known.to_csv(temporary / compared.TRAINING, index=False)
        if isinstance(generator, VoiceGenerator):
            held_out, _, of_groups = parts.of(parts.held_out)
            n = QUICK if settings.quick else len(held_out)
            voice_measures.write(generator, held_out[:n], of_groups[:n], temporary, settings.seed)
        table = pd.DataFrame(rows).assign(fit_seconds=fitted)
        table.to_csv(temporary / DONE, index=False)


def _requests(
    settings: ComparisonSettings, generator: Generator, songs: Sequence[Song], moods: Sequence[str]
) -> list[dict[str, Any]]:
    """Plan what is asked: every mood so many times, then every knob over the range of real songs.

    A generator that knows nothing of moods or lengths is asked for songs as they come; what a
    judge then calls them says what chance gives.
    """
    random = np.random.default_rng(settings.seed)
    takes = generator.KEEPS | generator.AIMS
    lengths = np.clip([song.seconds for song in songs], SHORTEST, LONGEST)
    asked: list[dict[str, Any]] = []
    for mood in sorted(set(moods)):
        for _ in range(settings.songs):
            asked.append({"mood": mood, "seconds": float(random.choice(lengths))})
    n_knob_songs = max(FEWEST_KNOB_SONGS, settings.songs // KNOB_SHARE)
    measured = [knobs.measure(song) for song in songs]
    for knob in sorted(takes & set(knobs.KNOBS)):
        values = np.array([one[knob] for one in measured])
        values = values[np.isfinite(values)]
        if not len(values):
            continue
        low, high = np.percentile(values, KNOB_PERCENTILES)
        if low == high:
            low, high = WIDEST.get(knob, (low, high))
        for place, value in enumerate(np.linspace(low, high, n_knob_songs)):
            target = ("minor", "major")[place % 2] if knob == "mode" else float(value)
            seconds = float(random.choice(lengths))
            asked.append({"knob": knob, "target": target, "seconds": seconds})
    return asked


def _compose_one(
    generator: Generator, asked: dict[str, Any], number: int, seed: int, folder: Path
) -> dict[str, Any]:
    """Compose one song and write it; give its row, or the reason why there is none."""
    takes = generator.KEEPS | generator.AIMS
    wishes = {
        name: asked[name] for name in ("mood", "seconds") if name in takes and asked.get(name)
    }
    if "knob" in asked:
        wishes[asked["knob"]] = asked["target"]
    row = {name: asked.get(name, "") for name in ("mood", "knob", "target")}
    row |= {"file": f"{number:04d}.mid", "failed": ""}
    begun = time.process_time()
    try:
        song = generator.generate(Request(**wishes), seed + number)
    except InputError as error:
        return row | {"failed": str(error)}
    taken = time.process_time() - begun
    midi.write_song(folder / row["file"], song)
    run = generator.repertoire.longest_run(song)
    return row | {"compose_seconds": taken, "longest_run": run, "limit": generator.longest_copy}
