"""Do prediction sets have 90 % coverage, and are confident predictions correct?

    python benchmarks/set_coverage.py CORPUS [CORPUS ...] [--models song-vote] [--seeds 20]

Compares the models on each corpus once for each seed, as `classify compare` does: other songs are
held out each time, and temperature and threshold come from inner folds of the training part. Prints
the share of held-out songs whose set holds their class, how many classes a set has, how many songs
have a confidence of 0.8 or more, and the share of errors among these; then the mean, spread, least
and largest of all seeds, beside the nominal value. Columns that are named after a class are the
coverage of its songs by sets with a threshold for each class.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from classify.evaluation import conformal
from classify.experiments import results
from classify.experiments.comparison import compare
from classify.experiments.results import P
from classify.experiments.settings import Settings
from classify.models.registry import MAJORITY, RECOMMENDED
from classify.report import calibration_metrics


def facts(songs: pd.DataFrame, folds: int) -> dict[str, float]:
    """Evaluate sets and confident predictions of one model's held-out songs, as the report does."""
    classes = [name.removeprefix(P) for name in songs if name.startswith(P)]
    sure = calibration_metrics.summarise(songs, classes, folds)
    covered = sure.sets.covered.value if sure.sets else np.nan
    of_class = sure.class_sets.of_class if sure.class_sets else {}
    return {
        "songs": sure.n_songs,
        "right": (songs.label == songs.prediction).mean(),
        "coverage": covered,
        "set size": sure.sets.size if sure.sets else np.nan,
        "sure": sure.kept,
        "risk": sure.wrong,
    } | {name: own.value for name, own in of_class.items()}


def measured(corpus: str, models: tuple[str, ...], folds: int, seed: int) -> pd.DataFrame:
    """Compare models with one seed; a row of facts for each."""
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(corpus=corpus, models=models, folds=folds, seed=seed)
        folder = compare(settings, Path(place) / "run")
        songs = results.read(folder)[0]
    songs = songs[(songs.level == "song") & (songs.part == "test") & (songs.model != MAJORITY)]
    rows = [
        {"model": name, "seed": seed} | facts(own, folds) for name, own in songs.groupby("model")
    ]
    return pd.DataFrame(rows)


def main() -> None:
    """Print every seed, and the summary of each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpora", nargs="+", metavar="CORPUS")
    parser.add_argument("--models", default=RECOMMENDED)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--folds", type=int, default=1)
    options = parser.parse_args()
    models = tuple(options.models.split(","))
    pd.set_option("display.width", 160)
    for corpus in options.corpora:
        tables = []
        for seed in range(options.seeds):
            tables.append(measured(corpus, models, options.folds, seed))
            print(tables[-1].round(3).to_string(index=False, header=not seed), flush=True)
        found = pd.concat(tables)
        for name, own in found.groupby("model"):
            print(
                f"\n{corpus}, {name}: {conformal.COVERAGE:.0%} promised, "
                f"risk above {calibration_metrics.CONFIDENT}"
            )
            numbers = own.drop(columns=["model", "seed"])
            print(numbers.agg(["mean", "std", "min", "max"]).round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
