"""What robustness checks, learning curves and excerpts leave, written beside a made-up run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from classify.experiments import results
from classify.report.run_view import read_view

Right = np.ndarray


def songs_of(folder: Path) -> pd.DataFrame:
    """Give the test songs of a run, one model's rows, in order."""
    rows = pd.read_parquet(folder / results.PREDICTIONS)
    rows = rows[(rows.level == "song") & (rows.part == "test") & (rows.model == "majority")]
    return rows.reset_index(drop=True)


def change_predictions(folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Rewrite a run's predictions."""
    path = folder / results.PREDICTIONS
    change(pd.read_parquet(path)).to_parquet(path, index=False)


def add_checks(
    folder: Path, check: str, right: dict[tuple[str, str], Right], amounts: dict[str, float], **more
) -> None:
    """Add rows to checks.parquet: who is right about which test songs under which variant.

    Parameters
    ----------
    folder : Path
        A run that `write_run` wrote.
    check : str
        robustness or learning-curve.
    right : dict of (model, variant) to ndarray of bool
        Which of the test songs the model then answers rightly.
    amounts : dict of str to float
        Of each variant.
    more : dict
        n_train: by variant, songs trained on (40 unless given).
    """
    view, songs, frames = read_view(folder), songs_of(folder), []
    first, second = view.classes
    for (model, variant), good in right.items():
        other = songs.label.map({first: second, second: first})
        answer = songs.label.where(good, other)
        columns = {
            "check": check,
            "variant": variant,
            "amount": float(amounts[variant]),
            "n_train": more.get("n_train", {}).get(variant, 40),
            "model": model,
            "answer": answer,
        }
        frame = songs[["repeat", "fold", "song", "group", "label"]].assign(**columns)
        frames.append(frame.assign(**{f"p:{c}": (answer == c).astype(float) for c in view.classes}))
    path = folder / "checks.parquet"
    before = [pd.read_parquet(path)] if path.is_file() else []
    pd.concat(before + frames, ignore_index=True).to_parquet(path, index=False)


def add_excerpts(folder: Path, songs: list[str], n_notes: int = 60, drums: int = 20) -> None:
    """Write excerpts.parquet: a rising line of notes, and drum strokes, for each of these songs."""
    frames = []
    for song in songs:
        for n, drum in ((n_notes, False), (drums, True)):
            pitch = np.full(n, 38) if drum else 36 + np.arange(n) % 48
            onset = np.linspace(0, 29, n)
            frame = pd.DataFrame({"onset": onset, "duration": 0.4, "pitch": pitch})
            frames.append(frame.assign(song=song, velocity=80, drum=drum))
    pd.concat(frames, ignore_index=True).to_parquet(folder / "excerpts.parquet", index=False)
