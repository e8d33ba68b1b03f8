"""Do generators that learn against an adversary collapse, whatever the seed?

    python benchmarks/adversaries.py CORPUS --models midi-net,seq-gan [--seeds 3] [--out FOLDER]

Four fifths of the songs are learned from and the rest is held out; each generator is trained once
for each seed and writes songs of as many bars as it finds usual. Printed is how varied they are, by
the measures of a comparison of generators: distinct songs, the distance to the nearest other one of
the set, by that among songs that were learned from, density and coverage (Naeem et al. 2020); and
how their bars are filled: empty bars, pitch classes, qualified notes, notes longer than a
sixteenth. Held-out songs have the same rows. `--melodies` compares with the melodies of real songs,
for generators that write these alone. What was measured is in FOLDER, one file a run; a run that is
there is not done again.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classify.corpora import load
from classify.files import write_json
from classify.generation import bar_measures, generator, measures, quality
from classify.generation.request import Request
from classify.progress import on_terminal
from classify.representations import melody as melodies
from classify.songs import Song

#: Share of songs that are held out.
HELD_OUT = 0.2

#: Shares, which are printed in per cent.
SHARES = ("distinct", "coverage", *bar_measures.SHARES)


def described(songs: Sequence[Song], learned: Sequence[Song]) -> dict[str, float]:
    """Measure songs, beside those that were learned from: means over songs."""
    found = measures.varied(songs, quality.describe_all(learned), quality.describe_all(songs))
    bars = [bar_measures.measure(song) for song in songs]
    filled = {name: _mean([one[name] for one in bars]) for name in bar_measures.TITLES}
    return {name: float(np.mean(values)) for name, values in found.items()} | filled


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def run(
    name: str, learned: Sequence[Song], beside: Sequence[Song], n: int, **options: Any
) -> dict[str, float]:
    """Train a generator, let it write songs, and measure them."""
    kind: Any = generator.get(name)
    begun, took = time.perf_counter(), time.process_time()
    with on_terminal() as progress:
        made = kind(**options).fit(learned, progress=progress)
    facts = {"seconds": time.perf_counter() - begun, "processor": time.process_time() - took}
    if hasattr(made, "best"):
        facts["best epoch"] = made.best + 1
    songs = [made.generate(Request(), number) for number in range(n)]
    return facts | {"said collapsed": float(bool(made.remarks()))} | described(songs, beside)


def shown(title: str, row: dict[str, float]) -> str:
    """Write a row of the table."""
    values = [f"{name} {100 * value:.1f} %" if name in SHARES else f"{name} {value:.4g}"
              for name, value in row.items() if np.isfinite(value)]  # fmt: skip
    return f"{title}: {', '.join(values)}"


def main() -> None:
    """Train, measure, and print a row for each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpus")
    parser.add_argument("--models", default="midi-net,seq-gan")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most", type=int, default=1000, help="songs of the corpus")
    parser.add_argument("--songs", type=int, default=40, help="that each writes")
    parser.add_argument("--epochs", type=int, help="at most, instead of each one's own")
    parser.add_argument("--melodies", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("adversaries"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    songs = load(given.corpus, labelled=False).songs
    order = np.random.default_rng(0).permutation(len(songs))[: given.most]
    n_held_out = round(HELD_OUT * len(order))
    held_out, learned = ([songs[place] for place in part]
                         for part in (order[:n_held_out], order[n_held_out:]))  # fmt: skip
    beside = [m for s in learned if (m := melodies.alone(s))] if given.melodies else learned
    others = [m for s in held_out if (m := melodies.alone(s))] if given.melodies else held_out
    print(shown(f"{len(others)} held-out songs", described(others, beside)), flush=True)
    for seed in range(given.seeds):
        for name in given.models.split(","):
            file = given.out / f"{Path(given.corpus).name}-{name}-{seed}.json"
            if not file.is_file():
                options = {"seed": seed, "epochs": given.epochs}
                write_json(file, run(name, learned, beside, given.songs, **options))
            print(shown(f"{name}, seed {seed}", json.loads(file.read_text())), flush=True)


if __name__ == "__main__":
    main()
