"""What latent spaces hold of songs that nobody learned from, and what can be done with them.

    python benchmarks/reconstruction.py CORPUS --models musae,musae-vae [--epochs N] [--out FOLDER]

Songs are divided as `classify compare-generators` divides them: generators learn from two fifths, a
judge from two fifths, and a fifth is held out. Printed are, with 95 % intervals over groups of
songs: held-out songs written again, and what a generator gains over a variant of it that is named
too, song by song; whether a linear classifier tells moods from vectors; songs moved to another
mood, with what the judge hears and how much of the melody is left; Pearson's r of songs moved along
attributes; and the share that the largest of four steps has of a way between two songs, beside
piano rolls that are mixed. With `--melodies` all of them, judge too, know the melodies of songs
alone.

A model that has learned is kept in FOLDER with all that was measured, and neither learns nor is
measured again; a training that was stopped goes on behind its last epoch. `--again` measures kept
models anew.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from classify.files import atomic_write, read_json, write_json
from classify.generation import generator as generators
from classify.generation.judged_songs import make_judge
from classify.generation.latent import compared
from classify.generation.latent.latent_generator import LatentGenerator
from classify.generation.parts import ComparisonSettings, Parts, divide
from classify.progress import Progress, on_terminal
from classify.representations import melody as melodies

#: Of a model's folder: the model, checkpoints of its training, what it cost, and what was measured.
MODEL, WORK, COST, MEASURED = "model", "work", "cost.json", "measured"


def of_melodies(parts: Parts) -> Parts:
    """Give melodies in the place of songs; songs that have none belong to no part."""
    alone = [melodies.alone(song) for song in parts.corpus.songs]
    known = np.array([song is not None for song in alone])
    songs = [new or song for new, song in zip(alone, parts.corpus.songs, strict=True)]
    learned, judged, held_out = (
        places[known[places]] for places in (parts.learned, parts.judged, parts.held_out)
    )
    return Parts(replace(parts.corpus, songs=songs), learned, judged, held_out)


def trained(
    name: str, parts: Parts, chosen: argparse.Namespace, folder: Path, progress: Progress
) -> LatentGenerator:
    """Give a generator that has learned; the one that is kept, if there is one."""
    kind: Any = generators.get(name)
    if not (folder / COST).is_file():
        whole = not (folder / WORK).exists()
        begun, songs = time.process_time(), parts.of(parts.learned)
        asked = {"epochs": chosen.epochs, "seed": chosen.seed, "preset": chosen.preset}
        made = kind(**asked).fit(*songs, progress, folder / WORK)
        with atomic_write(folder / MODEL) as temporary:
            temporary.mkdir(parents=True)
            made.save(temporary)
        seconds = time.process_time() - begun if whole else None
        write_json(folder / COST, {"seconds": seconds, "epochs": len(made.history)})
    kept: LatentGenerator = kind.load(folder / MODEL)
    return kept


def measure(generator: LatentGenerator, parts: Parts, folder: Path) -> None:
    """Measure a generator on held-out songs, if that was not done."""
    if not folder.is_dir():
        with atomic_write(folder) as temporary:
            temporary.mkdir(parents=True)
            compared.write(generator, *parts.of(parts.held_out), temporary)


def shown(rows: pd.DataFrame) -> str:
    """Write a line for each row."""
    return "\n".join(
        f"{row.set:18} {row.measure:15} {row.of:34} {row.value:9.3f} ({row.low:.3f} to "
        f"{row.high:.3f}), n = {row.n}"
        for row in rows.itertuples()
    )


def main(given: Sequence[str] | None = None) -> None:
    """Train, measure, and print a line for each measure of each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpus")
    parser.add_argument("--models", default="musae,musae-vae,music-vae,music-vae-flat")
    parser.add_argument("--epochs", type=int, help="at most, instead of each one's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preset", default="small", help="size of networks and phrases")
    parser.add_argument("--judge", default="features-logistic")
    parser.add_argument("--melodies", action="store_true")
    parser.add_argument("--again", action="store_true", help="measure kept models anew")
    parser.add_argument("--out", type=Path, default=Path("reconstruction"))
    chosen = parser.parse_args(given)
    names = tuple(chosen.models.split(","))
    settings = ComparisonSettings(chosen.corpus, names, judge=chosen.judge, seed=chosen.seed)
    with on_terminal() as progress:
        parts = divide(settings, progress)
        parts = of_melodies(parts) if chosen.melodies else parts
        folders = {name: chosen.out / name for name in names}
        for name, folder in folders.items():
            made = trained(name, parts, chosen, folder, progress)
            measured = folder / MEASURED
            if chosen.again and measured.is_dir():
                measured.rename(folder / f"{MEASURED}-before-{time.time():.0f}")
            measure(made, parts, measured)
            cost = read_json(folder / COST)
            n_weights = sum(weight.size for weight in made.weights.values())
            took = f", {cost['seconds']:.0f} s of processor time" if cost["seconds"] else ""
            print(f"{name}: {n_weights:,} weights, {cost['epochs']} epochs on "
                  f"{len(parts.learned)} songs{took}", flush=True)  # fmt: skip
        judge = make_judge(settings, parts, progress)
    variant_of = {name: getattr(generators.get(name), "VARIANT_OF", "") for name in names}
    spaces = {name: folder / MEASURED for name, folder in folders.items()}
    print(shown(compared.measure(spaces, variant_of, judge, chosen.seed)))


if __name__ == "__main__":
    main()
