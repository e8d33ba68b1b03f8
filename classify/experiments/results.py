"""The tables of a run: predictions for windows and songs, and scores with intervals.

predictions.parquet is the primary artefact, and scores.csv can be derived from it. Columns of the
predictions: `level` (window or song), `model`, `protocol` (how test windows were chosen: song,
window or given), `repeat`, `fold`, `part` (train, test, or recorded: transcribed copies of the test
songs), `song`, `group`, `start` (first note of a window; -1 for a song), `label`, `prediction`,
`p:<class>` for each class as the model gave it, and for test and recorded songs `temperature` and
`threshold`: what inner folds of the training part chose.
Calibrated probabilities are `tempered(p, temperature)`; a song's 90 % set holds the classes whose
calibrated probability is at least `threshold`, and its class-conditional set those whose own is at
least `threshold:<class>`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation import calibration
from classify.evaluation.intervals import (
    bootstrap_of_counts,
    effective_groups,
    interval,
    resampled,
    wilson,
)
from classify.evaluation.scores import SCORES, confusion
from classify.experiments.folds import SHARES, WINDOW_SPLIT, Fold
from classify.files import atomic_write, check_regular

PREDICTIONS = "predictions.parquet"
SCORES_FILE = "scores.csv"
CHECKS = "checks.parquet"
EXCERPTS = "excerpts.parquet"
IMPORTANCE = "importance.parquet"
P = "p:"
THRESHOLD = "threshold:"


@dataclass(frozen=True, eq=False)
class WindowTable:
    """What is known of each window and each song, apart from any model.

    Parameters
    ----------
    song, start : ndarray of int, shape (n_windows,)
        Index of the song, and first note.
    names, labels, groups : list of str, length n_songs
        Of each song.
    """

    song: NDArray[np.int64]
    start: NDArray[np.int64]
    names: list[str]
    labels: list[str]
    groups: list[str]

    @property
    def classes(self) -> list[str]:
        """The labels that occur, sorted; columns of all probabilities."""
        return sorted(set(self.labels))


@dataclass(frozen=True, eq=False)
class Fit:
    """What one fit of a model predicted.

    Parameters
    ----------
    model : str
        Which.
    part : Fold
        What it learned from and was tested on.
    p : ndarray, shape (n_windows, n_classes)
        Its probabilities; NaN where it predicted nothing.
    facts : dict
        `temperature` and `threshold`, among others.
    """

    model: str
    part: Fold
    p: NDArray[np.float32]
    facts: Mapping[str, Any]


def predictions(about: WindowTable, fits: Sequence[Fit]) -> pd.DataFrame:
    """Lay out every model's predictions, window by window and song by song.

    Parameters
    ----------
    about : WindowTable
        Windows and songs.
    fits : sequence of Fit
        Of every model and part.

    Returns
    -------
    DataFrame
        A song's probabilities are the mean of its windows' in the same part.
    """
    frames = [frame for fit in fits for frame in _frames(about, fit)]
    table = _named(pd.concat(frames, ignore_index=True), about)
    return table[[*FIRST, *_p_columns(about), *LAST, *_threshold_columns(about)]]


#: Columns before and behind the probabilities.
FIRST = ("level", "model", "protocol", "repeat", "fold", "part", "song", "group", "start", "label",
         "prediction")  # fmt: skip
LAST = ("temperature", "threshold")

#: Parts of a split that nothing was learned from: test songs, and transcribed copies of these.
TEST, RECORDED = "test", "recorded"

#: What columns of older runs are called today.
RENAMED = {"answer": "prediction", "limit": "threshold"}


def _p_columns(about: WindowTable) -> list[str]:
    return [P + name for name in about.classes]


def _threshold_columns(about: WindowTable) -> list[str]:
    return [THRESHOLD + name for name in about.classes]


def _frames(about: WindowTable, fit: Fit) -> Iterator[pd.DataFrame]:
    """Give a fit's windows, and its songs."""
    columns = _p_columns(about)
    masks = {"train": fit.part.train, TEST: fit.part.test}
    if fit.part.recorded is not None:
        masks[RECORDED] = fit.part.recorded
    part = np.select(list(masks.values()), list(masks), "")
    windows = pd.DataFrame({"part": part, "index": about.song, "start": about.start})
    windows[columns] = fit.p
    windows = windows[(part != "") & ~np.isnan(fit.p[:, 0])]
    songs = windows.groupby(["part", "index"], as_index=False)[columns].mean()
    nothing = [np.nan] * len(about.classes)
    for suffix, of_part in (("", TEST), ("_recorded", RECORDED)):
        rows = songs.part == of_part
        of_class = fit.facts.get(f"thresholds{suffix}") or nothing
        facts = {name: fit.facts.get(f"{name}{suffix}") for name in LAST}
        facts |= dict(zip(_threshold_columns(about), of_class, strict=True))
        for name, value in facts.items():
            songs.loc[rows, name] = np.nan if value is None else value
    for name in (*LAST, *_threshold_columns(about)):
        windows = windows.assign(**{name: np.nan})
    key = {"model": fit.model, "protocol": fit.part.protocol,
           "repeat": fit.part.repeat, "fold": fit.part.fold}  # fmt: skip
    yield windows.assign(level="window", **key)
    yield songs.assign(level="song", start=-1, **key)


def _named(table: pd.DataFrame, about: WindowTable) -> pd.DataFrame:
    """Add what is known of each song, and the prediction."""
    for column, values in (
        ("song", about.names),
        ("group", about.groups),
        ("label", about.labels),
    ):
        table[column] = np.array(values, dtype=object)[table["index"]]
    best = table[_p_columns(about)].to_numpy().argmax(axis=1)
    table["prediction"] = np.array(about.classes, dtype=object)[best]
    return table


#: Columns of checks.parquet before the probabilities.
CHECKED = ("check", "variant", "amount", "n_train", "model", "repeat", "fold", "song", "group",
           "label", "prediction")  # fmt: skip


def curve(about: WindowTable, fit: Fit) -> pd.DataFrame:
    """Lay out the predictions of a model trained on fewer songs."""
    _, songs = _frames(about, fit)
    songs = songs[songs.part == "test"].assign(
        check="learning-curve", variant=SHARES[fit.part.share], amount=fit.part.share
    )
    return _checked(songs, about, fit.part)


def robustness(
    about: WindowTable,
    model: str,
    part: Fold,
    named: Sequence[tuple[str, float]],
    p: NDArray[np.float32],
) -> pd.DataFrame:
    """Lay out what a model predicts for changed test songs.

    Parameters
    ----------
    about, model, part
        As in `Fit`.
    named : sequence of (str, float)
        Name and amount of each change.
    p : ndarray, shape (n_changes, n_songs, n_classes)
        For the songs of the test part, in the corpus's order.
    """
    index = np.unique(about.song[part.test])
    frames = []
    for (variant, amount), probabilities in zip(named, p, strict=True):
        frame = pd.DataFrame({"index": index, "variant": variant, "amount": float(amount)})
        frame[_p_columns(about)] = probabilities
        frames.append(frame)
    songs = pd.concat(frames, ignore_index=True).assign(
        check="robustness", model=model, repeat=part.repeat, fold=part.fold
    )
    return _checked(songs, about, part)


def confounds(
    about: WindowTable, cue: str, part: Fold, index: NDArray[np.int64], p: NDArray[np.float64]
) -> pd.DataFrame:
    """Lay out what is predicted for test songs from one cue, such as their source, alone.

    Parameters
    ----------
    about, part
        As in `Fit`.
    cue : str
        What songs are told by.
    index : ndarray of int, shape (n_songs,)
        The test songs.
    p : ndarray, shape (n_songs, n_classes)
        Shares of the classes among training songs that are alike.
    """
    songs = pd.DataFrame(p, columns=_p_columns(about)).assign(
        index=index, check="confounds", variant=cue, amount=0.0, model="", repeat=part.repeat,
        fold=part.fold,
    )  # fmt: skip
    return _checked(songs, about, part)


def importance(about: WindowTable, model: str, part: Fold, table: pd.DataFrame) -> pd.DataFrame:
    """Name the songs of a table that `classify.experiments.feature_importance` describes."""
    index = table["index"].to_numpy(int)
    key = {"model": model, "repeat": part.repeat, "fold": part.fold}
    named = {
        "song": np.array(about.names, dtype=object)[index],
        "group": np.array(about.groups, dtype=object)[index],
    }
    return table.drop(columns="index").assign(**key, **named)


def _checked(songs: pd.DataFrame, about: WindowTable, part: Fold) -> pd.DataFrame:
    songs = songs.assign(n_train=len(np.unique(about.song[part.train])))
    table = _named(songs, about)[[*CHECKED, *_p_columns(about)]]
    return table.round(dict.fromkeys(_p_columns(about), 4))  # a third of the file


def scores(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Score every model on songs and on windows, with intervals that know the groups of songs.

    Repeats and folds are pooled: every prediction counts alike. Accuracy has Wilson's interval for
    the effective number of songs; the other scores have bootstrap percentiles over groups, widened
    for few groups and for folds. `benchmarks/random_labels.py` measures how often each kind misses.

    Parameters
    ----------
    table : DataFrame
        As `predictions` gives it.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns model, protocol, level, part, metric, value, low, high, n_songs, n_windows. Test
        songs have `ece` and `brier` of their calibrated probabilities too, where there are any.
    """
    return pd.DataFrame(_score_rows(table, seed))


def _score_rows(table: pd.DataFrame, seed: int) -> Iterator[dict[str, object]]:
    classes = [column.removeprefix(P) for column in table.columns if column.startswith(P)]
    windows = table[table.level == "window"].drop_duplicates(["protocol", "part", "song", "start"])
    n_windows = windows.groupby(["protocol", "part"]).size()
    keys = ["model", "protocol", "level", "part"]
    for key, rows in table.groupby(keys, sort=False):
        truth = np.searchsorted(classes, rows.label)
        predicted = np.searchsorted(classes, rows.prediction)
        groups = rows.group.tolist()
        n_folds = rows.fold.nunique()
        counted = {"n_songs": rows.song.nunique(), "n_windows": int(n_windows[key[1], key[3]])}
        counts = confusion(truth, predicted, len(classes))
        draws = resampled(truth, predicted, groups, len(classes), seed)
        n_groups = effective_groups(rows.drop_duplicates(["song", "start"]).group.tolist())
        metrics: dict[str, tuple[float, tuple[float, float]]] = {}
        for metric, score in SCORES.items():
            if n_groups <= 1:
                bounds = 0.0, 1.0  # one group alone says nothing of others
            elif metric == "accuracy":
                bounds = _accuracy_bounds(rows, n_folds)
            else:
                bounds = interval(score(draws), n_groups, n_folds)
            metrics[metric] = float(score(counts)), bounds
        honest = key[1] != WINDOW_SPLIT  # random windows leave no song whole to be sure of
        if honest and key[2] == "song" and key[3] in (TEST, RECORDED) and n_groups > 1:
            metrics |= _calibration_scores(rows, classes, truth, groups, n_groups, n_folds, seed)
        for metric, (value, (low, high)) in metrics.items():
            named = dict(zip(keys, key, strict=True)) | {"metric": metric}
            yield named | {"value": value, "low": low, "high": high} | counted


def _accuracy_bounds(rows: pd.DataFrame, n_folds: int) -> tuple[float, float]:
    """Give Wilson's interval; an item that is predicted in several repeats is one item."""
    right = (rows.label == rows.prediction).groupby([rows.song, rows.start], sort=False).mean()
    groups = rows.groupby([rows.song, rows.start], sort=False).group.first()
    return wilson(right.to_numpy(), groups.tolist(), n_folds)


def _calibration_scores(
    rows: pd.DataFrame,
    classes: list[str],
    truth: NDArray[np.int64],
    groups: list[str],
    n_groups: float,
    n_folds: int,
    seed: int,
) -> dict[str, tuple[float, tuple[float, float]]]:
    """Score the calibrated probabilities of test songs; nothing where a fold has none."""
    p = calibrated(rows)
    if np.isnan(p).any():
        return {}
    measures = {
        "ece": (calibration.calibration_error, calibration.resampled_error),
        "brier": (calibration.brier, calibration.resampled_brier),
    }
    metrics = {}
    for name, (metric, of_draws) in measures.items():
        value = metric(p, truth)
        replicates = bootstrap_of_counts(partial(of_draws, p, truth), groups, seed)
        # songs that are drawn twice raise a calibration error, so replicates are centred on it
        low, high = interval(replicates - replicates.mean() + value, n_groups, n_folds)
        metrics[name] = value, (max(0.0, low), high)
    return metrics


def calibrated(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Give the calibrated probabilities of test songs, shape (n_songs, n_classes).

    NaN where a model had no inner folds to calibrate on.
    """
    p = rows[[column for column in rows if column.startswith(P)]].to_numpy(float)
    tempered = np.full(p.shape, np.nan)
    temperature = rows.temperature.to_numpy(float)
    for value in np.unique(temperature[~np.isnan(temperature)]):
        fitted = temperature == value
        tempered[fitted] = calibration.apply_temperature(p[fitted], value)
    return tempered


def calibrated_or_raw(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Give the calibrated probabilities of test songs, or the model's own where there are none."""
    raw = rows[[column for column in rows if column.startswith(P)]].to_numpy(float)
    p = calibrated(rows)
    return np.where(np.isnan(p), raw, p)


def write(folder: Path, table: pd.DataFrame, scored: pd.DataFrame) -> None:
    """Write predictions.parquet and scores.csv into a run's folder, each whole or not at all."""
    write_parquet(folder / PREDICTIONS, table)
    with atomic_write(folder / SCORES_FILE) as temporary:
        scored.to_csv(temporary, index=False, float_format="%.6f")


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write a table, whole or not at all."""
    with atomic_write(path) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd")


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the predictions and the scores of a run's folder; texts stay texts.

    Columns of older runs are given today's names.

    Raises
    ------
    InputError
        If either is missing or damaged.
    """
    texts = dict.fromkeys(("model", "protocol", "level", "part", "metric"), str)
    numbers = dict.fromkeys(("value", "low", "high"), float)
    file = folder / SCORES_FILE
    try:
        scored = pd.read_csv(file, dtype=texts | numbers, keep_default_na=False)
        file = folder / PREDICTIONS
        return read_table(file), scored
    except (OSError, ValueError):
        raise InputError(
            f"{file}: is missing or damaged; delete {folder / 'run.json'} and {folder / 'models'}, "
            f"and give the run's command again"
        ) from None


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that `write_parquet` wrote; columns of older runs are given today's names."""
    check_regular(path)
    return pd.read_parquet(path).rename(columns=RENAMED)
