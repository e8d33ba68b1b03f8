"""What each ingredient is worth: song accuracy with and without it, on the same folds.

    python benchmarks/ablation.py [CORPUS ...] [--folds 5] [--repeats 1] [--out results/ablation]

For each corpus (`folk` unless named; `NAME:NOTES` sets the window), models are compared by
`classify compare`, once as usual, once with pitch alone and once without augmentation; and the
ensemble on songs is fitted on songs described in other ways. Every row of the table
is compared with the row that it differs from in one ingredient, with the difference over the same
folds and its interval by the corrected t of Nadeau and Bengio (2003). Writes `ablation.csv`,
`ablation.md` and `ablation.svg`; a killed run continues where it was.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import classify.baselines.song_vote as song_vote
import matplotlib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classify.corpora import Corpus, load
from classify.evaluation.intervals import wilson
from classify.evaluation.significance import corrected_interval
from classify.evaluation.splits import folds
from classify.experiments.comparison import compare
from classify.experiments.settings import Settings
from classify.files import atomic_write, write_text
from classify.models.registry import MAJORITY
from classify.representations import features

Table = NDArray[np.float32]

#: Models of the run as usual, and of the runs without an ingredient: options, then models.
USUAL = (
    "logistic", "features-logistic", "features-vote", "song-logistic", "song-vote", "nn3", "crnn",
    "crnn-mean", "transformer", "passages",
)  # fmt: skip
RUNS: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "usual": ({}, USUAL),
    "pitch": ({"channels": ("pitch",)}, ("logistic", "nn3")),
    "plain": ({"augment": False}, ("crnn",)),
}


@dataclass(frozen=True)
class Row:
    """One line of the table: an ingredient, what has it, and what lacks it.

    Parameters
    ----------
    ingredient : str
        What differs.
    title : str
        Of the row.
    of : str
        Whose predictions for songs: `run/model`.
    without : str, optional
        Whose predictions lack the ingredient; `run/model/window` for those for windows.
    """

    ingredient: str
    title: str
    of: str
    without: str = ""


ROWS = [
    Row("reference", "Majority class", f"usual/{MAJORITY}"),
    Row("channels", "Logistic regression on all channels", "usual/logistic", "pitch/logistic"),
    Row("channels", "NN3 on all channels, not pitch alone", "usual/nn3", "pitch/nn3"),
    Row("channels", "CRNN on note events, not NN3", "usual/crnn", "usual/nn3"),
    Row("features", "Logistic regression on features, not notes", "usual/features-logistic",
        "usual/logistic"),
    Row("augmentation", "CRNN with augmentation", "usual/crnn", "plain/crnn"),
    Row("attention", "CRNN with attention, not a mean over steps", "usual/crnn", "usual/crnn-mean"),
    Row("attention", "Transformer, not CRNN", "usual/transformer", "usual/crnn"),
    Row("attention", "Four excerpts at once, not one window", "usual/passages", "usual/crnn"),
    Row("song-level averaging", "Logistic regression on features: songs, not windows",
        "usual/features-logistic", "usual/features-logistic/window"),
    Row("song-level averaging", "CRNN: songs, not windows", "usual/crnn", "usual/crnn/window"),
    Row("whole songs", "Regression on songs, not on windows", "usual/song-logistic",
        "usual/features-logistic"),
    Row("ensemble", "Song-level ensemble, not one regression", "usual/song-vote",
        "usual/song-logistic"),
    Row("ensemble", "Ensemble on features, not one regression", "usual/features-vote",
        "usual/features-logistic"),
]  # fmt: skip

#: The description that others are compared with.
BASE = "whole and excerpts of 48"


def _descriptions(corpus: Corpus) -> Iterator[tuple[str, Table]]:
    """Describe songs in other ways for the ensemble: `BASE` first, then others and less."""
    base = features.of_songs(corpus.songs)
    yield BASE, base
    for notes in (100, 400):
        yield f"whole and excerpts of {notes}", features.of_songs(corpus.songs, notes)
    yield "whole", features.whole(corpus.songs)
    yield "excerpts of 48", base[:, len(features.listed()) :]
    families = np.array([feature.family for feature in features.listed_of_songs()])
    for family in dict.fromkeys(families):
        yield f"without {family}", base[:, families != family]


def described(corpus: Corpus, x: Table, n_folds: int, repeats: int, seed: int = 0) -> pd.DataFrame:
    """Fit the ensemble on songs on one description; a row for each prediction."""
    labels, groups = np.array(corpus.labels), np.array(corpus.groups)
    frames = []
    for repeat in range(repeats):
        for fold, test in enumerate(folds(labels, groups, n_folds, seed + repeat)):
            predicted = song_vote.build(seed).fit(x[~test], labels[~test]).predict(x[test])
            about = {"repeat": repeat, "fold": fold, "song": np.flatnonzero(test),
                     "start": -1, "group": groups[test]}  # fmt: skip
            frames.append(pd.DataFrame(about | {"right": predicted == labels[test]}))
    return pd.concat(frames, ignore_index=True)


def ran(settings: Settings, folder: Path) -> dict[str, pd.DataFrame]:
    """Compare models; predictions by `run/model` for songs, `run/model/window` for windows."""
    compare(settings, folder)
    columns = ["model", "level", "repeat", "fold", "song", "start", "group", "label", "prediction"]
    table = pd.read_parquet(folder / "predictions.parquet", columns=[*columns, "part"])
    table = table[table.part == "test"]
    table = table.assign(right=table.label == table.prediction)
    return {
        f"{folder.name}/{model}" + "/window" * (level == "window"): own
        for (model, level), own in table.groupby(["model", "level"])
    }


def difference(one: pd.DataFrame, other: pd.DataFrame) -> tuple[float, float, float]:
    """Mean difference of accuracy over folds in points, and its interval."""
    by_fold = [f.groupby(["repeat", "fold"]).right.mean() for f in (one, other)]
    each = 100 * (by_fold[0] - by_fold[1])
    n_folds = one.fold.nunique()
    return float(each.mean()), *corrected_interval(each.to_numpy(), 1 / (n_folds - 1))


def line(ingredient: str, title: str, own: pd.DataFrame, other: pd.DataFrame | None) -> dict:
    """Make one row of the table."""
    song = own.groupby(["song", "start"])
    low, high = wilson(
        song.right.mean().to_numpy(), song.group.first().tolist(), own.fold.nunique()
    )
    found = {"ingredient": ingredient, "row": title, "accuracy": 100 * own.right.mean(),
             "low": 100 * low, "high": 100 * high}  # fmt: skip
    names = ("gain", "gain_low", "gain_high")
    gains = difference(own, other) if other is not None else (np.nan,) * 3
    return found | dict(zip(names, gains, strict=True))


def ablated(source: str, n_folds: int, repeats: int, out: Path) -> pd.DataFrame:
    """Make the table of one corpus."""
    name, _, notes = source.partition(":")
    window = int(notes) if notes else None
    place = out / Path(name).name
    predictions: dict[str, pd.DataFrame] = {}
    for run, (options, models) in RUNS.items():
        asked = Settings(corpus=name, window=window, folds=n_folds, repeats=repeats,
                         models=models, **options)  # type: ignore[arg-type]  # fmt: skip
        predictions |= ran(asked, place / "runs" / run)
    rows = [
        line(
            row.ingredient,
            row.title,
            predictions[row.of],
            predictions[row.without] if row.without else None,
        )
        for row in ROWS
    ]
    return pd.DataFrame(rows + descriptions(load(name), n_folds, repeats))


def descriptions(corpus: Corpus, n_folds: int, repeats: int) -> list[dict]:
    """Make the rows on how songs are described."""
    base, rows = None, []
    for title, x in _descriptions(corpus):
        own = described(corpus, x, n_folds, repeats)
        rows.append(line("description", title, own, base))
        base = own if base is None else base
        print(f"{title}: {own.right.mean():.3f}", flush=True)
    return rows


def markdown(source: str, table: pd.DataFrame, n_folds: int, repeats: int) -> str:
    """Write the table for people."""
    lines = [
        f"# What each ingredient is worth on {Path(source).name}",
        "",
        f"Accuracy in %, songs kept whole, {n_folds} folds, {repeats} "
        f"repeat{'s' * (repeats > 1)}. Gain: points over what lacks the ingredient (of a "
        f"description: over {BASE}), with its 95 % interval over the same folds.",
        "",
        "| ingredient | row | accuracy | gain |",
        "|---|---|---|---|",
    ]
    for row in table.itertuples():
        gain = ""
        if not np.isnan(row.gain):
            low, high = _signed(row.gain_low), _signed(row.gain_high)
            gain = f"{_signed(row.gain)} ({low} to {high})"
        lines.append(
            f"| {row.ingredient} | {row.row} | {row.accuracy:.1f} ({row.low:.1f}–{row.high:.1f}) "
            f"| {gain} |"
        )
    return "\n".join(lines) + "\n"


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-0.0", "0.0").replace("+0.0", "0.0").replace("-", "−")


def draw(source: str, table: pd.DataFrame, path: Path) -> None:
    """Draw the gains with their intervals."""
    matplotlib.use("svg")
    from matplotlib.figure import Figure

    compared = table[table.gain.notna()].iloc[::-1]
    figure = Figure(figsize=(9, 0.3 * len(compared) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    place = np.arange(len(compared))
    ends = [compared.gain - compared.gain_low, compared.gain_high - compared.gain]
    axes.errorbar(compared.gain, place, xerr=ends, fmt="o", color="#1b6ca8", ecolor="#9bbdd6")
    axes.axvline(0, color="#888888", linewidth=1)
    axes.set_yticks(place, [f"{r.ingredient}: {r.row}" for r in compared.itertuples()], fontsize=8)
    axes.set_xlabel(f"points of accuracy gained on {Path(source).name}, with 95 % intervals")
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None})


def main() -> None:
    """Make the table of every corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpora", nargs="*", default=["folk"], metavar="CORPUS")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("results/ablation"))
    options = parser.parse_args()
    with threadpool_limits(1):
        for source in options.corpora:
            table = ablated(source, options.folds, options.repeats, options.out)
            place = options.out / Path(source.partition(":")[0]).name
            with atomic_write(place / "ablation.csv") as temporary:
                table.to_csv(temporary, index=False, float_format="%.4f")
            text = markdown(source, table, options.folds, options.repeats)
            write_text(place / "ablation.md", text)
            draw(source, table, place / "ablation.svg")
            print(text)


if __name__ == "__main__":
    main()
