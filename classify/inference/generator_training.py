"""From a corpus to a saved generator."""

import hashlib
import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from classify.addresses import shown
from classify.corpora import Corpus, duplicates, load
from classify.errors import InputError
from classify.experiments.settings import check_count, check_seed
from classify.files import exclusive, work_dir
from classify.generation import generator as generators
from classify.generation.generator import Generator
from classify.inference import saved_generator, training
from classify.inference.generator_record import Copying, GeneratorCorpus, GeneratorRecord
from classify.options import flag
from classify.progress import SILENT, Progress, counting
from classify.records import VERSION, portable, versions

#: Notes of the shortest song that teaches anything.
LEAST_NOTES = 8

#: Skipped songs that are named with their reasons.
NAMED = 5

#: Songs below which a generator says that it has little to choose from.
FEW_SONGS = 20


def train(
    corpus: str,
    model: str,
    out: Path,
    options: dict[str, Any],
    progress: Progress = SILENT,
    command: str = "",
    replaced: bool = False,
) -> Path:
    """Train a generator on all songs of a corpus and write its folder.

    Parameters
    ----------
    corpus : str
        As `classify.corpora.load` takes it; a folder of songs without labels will do, too.
    model : str
        The generator's name.
    out : Path
        The folder.
    options : dict
        What was given of epochs, seed, quick and all other settings of a training.
    progress : Progress
        Shows progress.
    command : str
        What to record as the command.
    replaced : bool
        Whether a generator that is there may be replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If the corpus cannot be used, an option makes no sense, or `out` is taken.
    """
    training.check_free(out, replaced, saved_generator.ABOUT)
    generator = _generator(model, options)
    with counting(progress, f"Reading {shown(corpus)}", "song") as count:
        songs = _usable(load(corpus, count, labelled=False))
    with counting(progress, "Looking for duplicate songs", "song") as count:
        songs = duplicates.with_merged_groups(songs, duplicates.find_duplicates(songs.songs, count))
    key = (model, options, songs.fingerprint, VERSION, versions())
    with exclusive(out):
        work = work_dir(out, hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest())
        begun = time.perf_counter()
        generator.fit(songs.songs, songs.labels, songs.groups, progress, work)
        seconds = time.perf_counter() - begun
        about = _about(model, generator, songs, options, seconds, command)
        saved_generator.write(out, about, generator)
        shutil.rmtree(work)
    return out


def _generator(model: str, options: dict[str, Any]) -> Generator:
    """Make a generator that has learned nothing yet; refuse options that it has no use for."""
    kind = generators.get(model)
    for name in options:
        if name not in kind.OPTIONS:
            known = ", ".join(f"--{flag(other)}" for other in sorted(kind.OPTIONS)) or "none"
            raise InputError(
                f"--{flag(name)}: --model {model} learns without it; of these options it takes "
                f"{known}"
            )
    check_seed(options.get("seed", 0))
    check_count("epochs", options.get("epochs"))
    return kind(**options)


def _usable(corpus: Corpus) -> Corpus:
    """Skip songs that are too short to teach anything."""
    short = [
        (song.n_notes, entry)
        for song, entry in zip(corpus.songs, corpus.entries, strict=True)
        if song.n_notes < LEAST_NOTES
    ]
    return corpus.without(
        {
            entry.name: f"has {n_notes} note{'s' * (n_notes != 1)}; a generator learns from songs "
            f"of {LEAST_NOTES} or more"
            for n_notes, entry in short
        }
    )


def _about(
    model: str,
    generator: Generator,
    corpus: Corpus,
    options: dict[str, Any],
    seconds: float,
    command: str,
) -> GeneratorRecord:
    runs = generator.repertoire.held_out_runs(corpus.groups)
    return GeneratorRecord(
        format=saved_generator.FORMAT,
        classify=VERSION,
        files={},
        sha256="",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=portable(command or f"train({corpus.source!r}, model={model!r})"),
        name=model,
        title=generator.TITLE,
        moods=generator.moods,
        keeps=sorted(generator.KEEPS),
        aims=sorted(generator.AIMS),
        corpus=GeneratorCorpus.of(corpus, skipped=len(corpus.skipped)),
        options=options,
        versions=versions(),
        copying=Copying(generator.longest_copy, float(np.median(runs))),
        knobs=generator.profiles,
        seconds=seconds,
        remarks=_remarks(corpus, generator),
    )


def _remarks(corpus: Corpus, generator: Generator) -> list[str]:
    """Say what was skipped, where there is little to learn from, and what a generator says."""
    remarks, n_songs, skipped = generator.remarks(), len(corpus.songs), corpus.skipped
    if skipped:
        names = ", ".join(f"{Path(one.name).name} ({one.reason})" for one in skipped[:NAMED])
        more = f", and {len(skipped) - NAMED:,} more" if len(skipped) > NAMED else ""
        remarks.append(f"Skipped, {len(skipped):,} in all: {names}{more}.")
    if n_songs < FEW_SONGS:
        remarks.append(
            f"It learned from {n_songs} songs only: new ones will be much like these, and "
            f"requests may be impossible that {FEW_SONGS} songs or more would allow."
        )
    return remarks
