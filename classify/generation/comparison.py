"""Generators compared on a corpus, as strictly as classifiers are: who learns from what, and files.

The songs are divided once, whole groups at a time, songs that seem to be the same music in one
group: *generators* learn from two fifths, the *judge* from two fifths, and a fifth is *held out*
from both. What is measured on new songs is measured on held-out real songs too.

What is left is a folder: run.json, songs.csv (one row a song, real or new), new songs as MIDI
files, measures.csv (`classify.generation.measures`); for generators with a latent space, what it
holds of each held-out song (`classify.generation.latent.compared`). A generator that is finished
is not trained again when a run that was stopped goes on.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.compute.executor import Executor, Task, TaskDied, make_executor, task_name
from classify.corpora import Corpus, duplicates, load
from classify.errors import InputError
from classify.evaluation import splits
from classify.files import DiskFull, atomic_write, exclusive, read_json, write_json
from classify.generation import generator as generators
from classify.generation import knobs, measures, quality, voice_measures
from classify.generation.generator import Generator
from classify.generation.judge import Judge
from classify.generation.latent import compared
from classify.generation.latent.latent_generator import LatentGenerator
from classify.generation.measures import HELD_OUT, LEARNED
from classify.generation.networks.voice_generator import VoiceGenerator
from classify.generation.novelty import Repertoire
from classify.generation.request import Request
from classify.generation.voice_leading import parallels
from classify.models import registry
from classify.progress import SILENT, Progress, counting
from classify.records import VERSION, portable, versions
from classify.representations import melody as melodies
from classify.songs import Song, midi

LOG = logging.getLogger(__name__)

RUN, TABLE, MEASURES, SONGS = "run.json", "songs.csv", "measures.csv", "songs"

#: Folder among those of generators that holds the real songs that nobody learned from.
REAL = "held-out"

#: What a generator's folder holds when it is finished: a row a song.
DONE = "songs.csv"

#: Folds of the split: generators, generators, judge, judge, held out.
FOLDS = 5

#: Shortest and longest song that is asked for, in seconds, whatever real songs last.
SHORTEST, LONGEST = 10.0, 60.0

#: Songs for each knob, as a share of those for each mood; at least so many.
KNOB_SHARE, FEWEST_KNOB_SONGS = 5, 10

#: Knobs are asked for between these percentiles of the songs that were learned from.
KNOB_PERCENTILES = (10, 90)

#: Between which a knob is asked for where all songs of a corpus are alike.
WIDEST = {"tempo": (70.0, 160.0), "loudness": (50.0, 100.0)}

#: Unless told, all generators but those that are networks.
DEFAULT = ("copy", "markov", "unigram")


@dataclass(frozen=True)
class ComparisonSettings:
    """What is compared.

    Parameters
    ----------
    corpus : str
        As `classify.corpora.load` takes it.
    generators : tuple of str
        Names of generators.
    songs : int
        New songs of each mood, by each generator.
    judge : str
        Name of the classifier that judges.
    window : int, optional
        Notes in the judge's windows; the corpus's own unless given.
    epochs : int, optional
        Of generators that are networks; their own unless given.
    quick : bool
        Small networks, and small grids for the judge.
    seed : int
        Of everything that is drawn.
    """

    corpus: str
    generators: tuple[str, ...] = DEFAULT
    songs: int = 50
    judge: str = registry.RECOMMENDED
    window: int | None = None
    epochs: int | None = None
    quick: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        known = generators.names()
        for name in self.generators:
            if name not in known:
                raise InputError(f"--models {name}: no generator; known are {', '.join(known)}")
        if not self.generators:
            raise InputError(f"--models: name at least one of {', '.join(known)}")
        if not 2 <= self.songs <= 10_000:
            raise InputError(f"--songs {self.songs}: expected a whole number from 2 to 10,000")
        if self.judge not in registry.find() or self.judge == registry.MAJORITY:
            raise InputError(f"--judge {self.judge}: no classifier; `classify compare --help` "
                             "names them")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Parts:
    """The songs of a corpus, divided.

    Parameters
    ----------
    corpus : Corpus
        With duplicate songs in one group.
    learned, judged, held_out : ndarray of int
        Places of songs: what generators learn from, what the judge learns from, and what neither
        sees.
    """

    corpus: Corpus
    learned: NDArray[np.intp]
    judged: NDArray[np.intp]
    held_out: NDArray[np.intp]

    def of(self, places: NDArray[np.intp]) -> tuple[list[Song], list[str], list[str]]:
        """Give songs, moods and groups at some places."""
        labels, groups = self.corpus.labels, self.corpus.groups
        return (
            [self.corpus.songs[i] for i in places],
            [labels[i] for i in places],
            [groups[i] for i in places],
        )


def divide(settings: ComparisonSettings, progress: Progress = SILENT) -> Parts:
    """Read a corpus and divide it.

    Raises
    ------
    InputError
        If it cannot be read, or has too few groups of songs of a mood.
    """
    with counting(progress, f"Reading {settings.corpus}", "song") as count:
        corpus = load(settings.corpus, count)
    with counting(progress, "Looking for duplicate songs", "song") as count:
        pairs = duplicates.find_duplicates(corpus.songs, count)
    corpus = duplicates.with_merged_groups(corpus, pairs)
    try:
        masks = splits.folds(corpus.labels, corpus.groups, FOLDS, settings.seed)
    except splits.SplitError as error:
        raise InputError(f"{settings.corpus}: {error}") from None
    places = [np.flatnonzero(mask) for mask in masks]
    learned, judged = (np.sort(np.concatenate(places[i : i + 2])) for i in (0, 2))
    return Parts(corpus, learned, judged, places[4])


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
        judge = _make_judge(settings, parts, progress)
        table = _judge_all(settings, parts, out, failed, judge, progress)
        with atomic_write(out / TABLE) as temporary:
            table.to_csv(temporary, index=False)
        measured = measures.measure(table, _songs_by_set(parts, out, table), settings.seed)
        folders = {n: out / SONGS / n for n in settings.generators if n not in failed}
        variant_of = {n: getattr(generators.get(n), "VARIANT_OF", "") for n in folders}
        spaces = compared.measure(folders, variant_of, judge, settings.seed)
        voices = voice_measures.measure(folders, settings.seed)
        melodies_heard = _judge_melodies(parts, judge)
        measured = pd.concat([measured, melodies_heard, spaces, voices], ignore_index=True)
        with atomic_write(out / MEASURES) as temporary:
            measured.to_csv(temporary, index=False)
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(out / RUN, record | {"failed": failed, "finished": finished})
    return out


def _check(settings: ComparisonSettings, out: Path) -> str:
    """Refuse a folder that holds anything but this very comparison; give its name."""
    digest = task_name("generators", asdict(settings), VERSION, versions())
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
        "settings": asdict(settings) | {"corpus": portable(settings.corpus)},
        "corpus": {"name": corpus.name, "songs": len(corpus.songs), "classes": corpus.classes,
                   "groups": len(set(corpus.groups)), "licence": corpus.licence,
                   "skipped": len(corpus.skipped)},
        "parts": {"learned": len(parts.learned), "judged": len(parts.judged),
                  "held_out": len(parts.held_out)},
        "judge": registry.find()[settings.judge].title,
        "titles": {name: generators.get(name).TITLE for name in settings.generators},
        "follows_moods": {name: "mood" in generators.get(name).KEEPS | generators.get(name).AIMS
                          for name in settings.generators},
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / RUN, record)
    return record


def _write_held_out(parts: Parts, folder: Path) -> None:
    """Write the songs that nobody learned from, for listeners to compare new ones with."""
    with atomic_write(folder) as temporary:
        temporary.mkdir(parents=True)
        for place, file in zip(parts.held_out, _files(parts.held_out), strict=True):
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
            try:
                future.result()
            except DiskFull:  # no generator's fault: all wait until there is room
                raise
            except (InputError, TaskDied) as error:
                failed[futures[future]] = str(error)
            except Exception as error:  # a fault of one costs the others nothing
                LOG.debug("%s failed", futures[future], exc_info=error)
                lines = str(error).strip().splitlines() or ["no message"]
                failed[futures[future]] = f"{type(error).__name__}: {lines[-1]}"
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
        if isinstance(generator, VoiceGenerator):
            held_out, _, of_groups = parts.of(parts.held_out)
            voice_measures.write(generator, held_out, of_groups, temporary, settings.seed)
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
    wishes = {name: asked[name] for name in ("mood", "seconds") if name in takes and name in asked}
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


def _make_judge(settings: ComparisonSettings, parts: Parts, progress: Progress) -> Judge:
    """Let the judge learn."""
    progress.message(f"The judge learns from {len(parts.judged)} songs.")
    window = settings.window or parts.corpus.window or 60
    judge = Judge(settings.judge, window, settings.seed, settings.quick)
    return judge.fit(*parts.of(parts.judged))


def _judge_all(
    settings: ComparisonSettings,
    parts: Parts,
    out: Path,
    failed: dict[str, str],
    judge: Judge,
    progress: Progress,
) -> pd.DataFrame:
    """Judge and measure all songs, real and new: the rows of songs.csv."""
    tables = [_real_rows(parts)]
    for name in settings.generators:
        if name not in failed:
            rows = pd.read_csv(
                out / SONGS / name / DONE, keep_default_na=False, dtype={"file": str}
            )
            tables.append(rows.assign(set=name, group=[f"{name} {i}" for i in range(len(rows))]))
    table = pd.concat(tables, ignore_index=True)
    there = np.flatnonzero(table.failed == "")
    songs = [_song(parts, out, row) for row in table.iloc[there].itertuples()]
    with counting(progress, "Judging songs", "song") as count:
        p = judge.probabilities(songs)
        count(len(songs), len(songs))
    for place, mood in enumerate(judge.classes):
        table[f"p:{mood}"] = _at(there, p[:, place], len(table))
    judged = np.full(len(table), "", dtype=object)
    judged[there] = np.array(judge.classes)[p.argmax(axis=1)]
    table["judged"] = judged
    for knob in knobs.KNOBS:
        table[knob] = _at(there, np.array([knobs.KNOBS[knob](s) for s in songs]), len(table))
    led = [parallels(song) for song in songs]
    for kind in ("fifths", "octaves"):
        values = np.array([getattr(one, kind) / one.chords if one and one.chords else np.nan
                           for one in led])  # fmt: skip
        table[kind] = _at(there, values, len(table))
    returned = [quality.returns(song) for song in songs]
    for n_bars in quality.RETURNS:
        values = np.array([one[n_bars] for one in returned])
        table[f"returns_{n_bars}"] = _at(there, values, len(table))
    table["seconds"] = _at(there, np.array([song.seconds for song in songs]), len(table))
    return table


def _judge_melodies(parts: Parts, judge: Judge) -> pd.DataFrame:
    """Let the judge hear the melodies of held-out songs, as generators of melodies write them."""
    heard = [
        (melodies.alone(song), mood, group)
        for song, mood, group in zip(*parts.of(parts.held_out), strict=True)
    ]
    known = [(tune, mood, group) for tune, mood, group in heard if tune]
    tunes, moods, groups = zip(*known, strict=True) if known else ((), (), ())
    judged = judge.calls(tunes) if tunes else []
    return measures.of_melodies(judged, moods, groups)


def _at(places: NDArray[np.intp], values: NDArray[np.float64], n_rows: int) -> NDArray[np.float64]:
    column = np.full(n_rows, np.nan)
    column[places] = values
    return column


def _real_rows(parts: Parts) -> pd.DataFrame:
    """Give rows of the real songs, with the longest run that held-out ones share with others."""
    learned, moods, groups = parts.of(parts.learned)
    repertoire = Repertoire.of(learned)
    held_out, held_moods, held_groups = parts.of(parts.held_out)
    frames = [
        pd.DataFrame({
            "set": LEARNED, "file": _files(parts.learned), "mood": moods, "group": groups,
            "longest_run": repertoire.held_out_runs(groups),
        }),
        pd.DataFrame({
            "set": HELD_OUT, "file": _files(parts.held_out), "mood": held_moods,
            "group": held_groups,
            "longest_run": [repertoire.longest_run(song) for song in held_out],
        }),
    ]  # fmt: skip
    return pd.concat(frames).assign(knob="", target="", failed="")


def _files(places: NDArray[np.intp]) -> list[str]:
    return [f"{place:05d}.mid" for place in places]


def _song(parts: Parts, out: Path, row: Any) -> Song:
    if row.set in (LEARNED, HELD_OUT):
        return parts.corpus.songs[int(Path(row.file).stem)]
    return midi.read(out / SONGS / row.set / row.file)


def _songs_by_set(parts: Parts, out: Path, table: pd.DataFrame) -> dict[str, list[Song]]:
    """Give the songs of each set that were asked for a mood, or are real."""
    chosen = table[(table.failed == "") & (table.knob == "")]
    return {
        str(name): [_song(parts, out, row) for row in rows.itertuples()]
        for name, rows in chosen.groupby("set", sort=False)
    }
