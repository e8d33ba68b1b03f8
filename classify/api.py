"""Comparisons from Python: run one, or open one that was run before, and look at it as tables.

    from classify import compare, load_run

    run = compare("songs", folds=5, models="baselines")
    run.table()          # models by scores, with intervals
    run.differences()    # the best model against each other one
    run.songs("svm")     # who was answered how, the most confidently wrong first

    model = train("songs", "models/mine")
    moods = predict(model, "library")
    playlist(moods, "Calming", "evening.m3u8", start="Sports", minutes=30)

Everything about a run is read from its folder, so `load_run` gives what `compare` gave. All tables
are pandas DataFrames; shares and probabilities are 0 to 1.
"""

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from classify.errors import InputError
from classify.evaluation import calibration
from classify.experiments import comparison, results
from classify.experiments.dataset import Settings
from classify.inference import prediction, training
from classify.inference.saved_model import Bundle
from classify.inference.saved_model import load as load_bundle
from classify.playlists import plot
from classify.playlists.build import build
from classify.playlists.playlist import Playlist, Provenance
from classify.playlists.request import Limits, Request
from classify.playlists.writers import write as write_playlist
from classify.report import summary, write_report
from classify.report.run_view import Row, View, read_view


def compare(
    corpus: str | Path = "folk",
    *,
    models: str | tuple[str, ...] = "all",
    out: str | Path | None = None,
    jobs: int | None = None,
    **settings: Any,
) -> "Run":
    """Compare models on a corpus; go on where a run that was stopped ended.

    In a script, call it below `if __name__ == "__main__":`, since models train in processes that
    import the script.

    Parameters
    ----------
    corpus : str or Path
        As on the command line: a folder, or the name of a built-in corpus.
    models : str or tuple of str
        Names and groups of models; a str may hold several, with commas.
    out : str or Path, optional
        The run's folder; `results/<corpus>...` unless given.
    jobs : int, optional
        Fits at once.
    **settings
        Any other field of `classify.experiments.dataset.Settings`: window, hop, channels, split,
        folds, repeats, leak, robustness, learning_curve, recipe, epochs, augment, seed, quick,
        tune, init.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        As the command line refuses, in the same words.
    """
    chosen = tuple(models.replace(",", " ").split()) if isinstance(models, str) else models
    asked = _settings(corpus, settings | {"models": chosen})
    return load_run(comparison.compare(asked, Path(out) if out else None, jobs))


def load_run(folder: str | Path) -> "Run":
    """Open a finished run.

    Raises
    ------
    InputError
        If the folder holds none, or it has not finished.
    """
    return Run(read_view(Path(folder)))


class Run:
    """One comparison, as tables. Provenance by `compare` and `load_run`.

    Models are named as on the command line; where a method takes a model, the best one is meant
    unless another is named.
    """

    def __init__(self, view: View) -> None:
        self._view = view

    @property
    def folder(self) -> Path:
        """Where it lives."""
        return self._view.folder

    @property
    def record(self) -> dict[str, Any]:
        """Content of run.json: command, settings, versions, corpus, split, facts of each fit."""
        return self._view.run

    @property
    def classes(self) -> list[str]:
        """The labels, sorted."""
        return self._view.classes

    @property
    def models(self) -> list[str]:
        """Models that were scored, best first."""
        return [row.name for row in self._view.scored]

    @property
    def best(self) -> str:
        """The model that is right on most test songs, the majority class aside.

        Raises
        ------
        InputError
            If only the majority class was scored.
        """
        if not self._view.contenders:
            raise InputError(f"{self.folder}: only the majority class was scored")
        return self._view.contenders[0].name

    @property
    def predictions(self) -> pd.DataFrame:
        """All of predictions.parquet; `classify.experiments.results` describes its columns."""
        return self._view.predictions

    @property
    def scores(self) -> pd.DataFrame:
        """All of scores.csv: one row a model, protocol, level, part and metric."""
        return self._view.scores

    @cached_property
    def checks(self) -> pd.DataFrame:
        """All of checks.parquet: answers for changed songs, and of models taught by fewer songs.

        Raises
        ------
        InputError
            If the run was made without --robustness and --learning-curve.
        """
        path = self.folder / results.CHECKS
        if not path.is_file():
            raise InputError(
                f"{self.folder}: has no {results.CHECKS}; run the comparison with --robustness or "
                f"--learning-curve"
            )
        return pd.read_parquet(path)

    def summary(self) -> list[str]:
        """Give the report's first sentences: warnings, and the answer."""
        return [*summary.warnings(self._view), *summary.summary(self._view)]

    def table(self, level: str = "song", part: str = "test", protocol: str = "") -> pd.DataFrame:
        """Lay out scores with their 95 % intervals.

        Parameters
        ----------
        level : {"song", "window"}
            What is counted.
        part : {"test", "train"}
            Of which songs.
        protocol : str
            "window" for what random windows claim, in a run with --leak; the run's own split
            unless given.

        Returns
        -------
        DataFrame
            A row a model, best accuracy first; columns (metric, value | low | high).
        """
        wanted = self.scores[
            (self.scores.level == level)
            & (self.scores.part == part)
            & (self.scores.protocol == (protocol or self._view.protocol))
        ]
        if wanted.empty:
            raise InputError(
                f"{self.folder}: has no scores of level {level!r}, part {part!r} and protocol "
                f"{protocol or self._view.protocol!r}"
            )
        wide = wanted.pivot(index="model", columns="metric", values=["value", "low", "high"])
        wide = wide.swaplevel(axis=1).reindex(columns=_columns(wanted))
        return wide.sort_values([("accuracy", "value"), ("macro_f1", "value")], ascending=False)

    def differences(self) -> pd.DataFrame:
        """Compare the best model with each other one, on the same test songs.

        Returns
        -------
        DataFrame
            A row a model: accuracy of the best less that of this one, its 95 % interval, the
            adjusted p value, and for repeated folds the probabilities that the best is better, as
            good (within a point), and worse.
        """
        return pd.DataFrame(
            [_difference(row) for row in self._view.scored if row.difference is not None],
            columns=["model", "difference", "low", "high", "p", "better", "as_good", "worse"],
        ).set_index("model")

    def confusion(self, model: str = "") -> pd.DataFrame:
        """Count test songs: true class by row, answer by column."""
        counts = self._row(model).confusion
        index = pd.Index(self.classes, name="true")
        return pd.DataFrame(counts, index, pd.Index(self.classes, name="answered"))

    def songs(self, model: str = "") -> pd.DataFrame:
        """List test songs with a model's answers, the most confidently wrong first.

        Returns
        -------
        DataFrame
            A row for each song and repeat: song, group, label, answer, repeat, confidence
            (calibrated where the model is), right.
        """
        rows = self._tested(model)
        calm = results.calibrated(rows)
        p = np.where(np.isnan(calm), rows[self._p_columns].to_numpy(), calm)
        found = rows[["song", "group", "label", "answer", "repeat"]].assign(
            confidence=p.max(axis=1), right=(rows.label == rows.answer)
        )
        order = found.confidence.where(found.right, -found.confidence)
        return found.iloc[order.argsort(kind="stable")].reset_index(drop=True)

    def reliability(self, model: str = "", n_bins: int = calibration.BINS) -> pd.DataFrame:
        """Hold calibrated confidence against accuracy, in bins of equally many test songs.

        Returns
        -------
        DataFrame
            A row a bin: mean confidence, accuracy, number of songs.
        """
        p, truth = self._calibrated(model)
        bins = calibration.reliability(p, truth, n_bins)
        return pd.DataFrame(
            {"confidence": bins.confidence, "accuracy": bins.accuracy, "songs": bins.count}
        )

    def risk_coverage(self, model: str = "") -> pd.DataFrame:
        """Follow the share of wrong answers as less sure songs are let in.

        Returns
        -------
        DataFrame
            A row a threshold of confidence: threshold, coverage, risk.
        """
        curve = calibration.risk_coverage(*self._calibrated(model))
        return pd.DataFrame(
            {"threshold": curve.threshold, "coverage": curve.coverage, "risk": curve.risk}
        )

    def report(self) -> Path:
        """Write the report anew, from the run's files; give the path of the HTML page."""
        return write_report(self.folder, self._view)

    def _row(self, model: str) -> Row:
        wanted = model or self.best
        for row in self._view.scored:
            if row.name == wanted:
                return row
        raise InputError(
            f"{self.folder}: has no scores of {model!r}; it has those of {', '.join(self.models)}"
        )

    @property
    def _p_columns(self) -> list[str]:
        return [results.P + name for name in self.classes]

    def _tested(self, model: str) -> pd.DataFrame:
        """Song rows of the test part, under the run's own split."""
        name, table = self._row(model).name, self.predictions
        own = (table.model == name) & (table.protocol == self._view.protocol)
        return table[own & (table.level == "song") & (table.part == "test")]

    def _calibrated(self, model: str) -> tuple[np.ndarray, np.ndarray]:
        rows = self._tested(model)
        p = results.calibrated(rows)
        if np.isnan(p).any():
            raise InputError(f"{self.folder}: {model or self.best} was not calibrated")
        return p, np.searchsorted(self.classes, rows.label)

    def __repr__(self) -> str:
        """Say what it is in a line."""
        return f"<Run {self.folder}: {len(self.models)} models on {self.record['corpus']['name']}>"

    def _repr_html_(self) -> str:
        """Show a notebook the answer."""
        from html import escape

        return "".join(f"<p>{escape(line)}</p>" for line in self.summary())


def _columns(scores: pd.DataFrame) -> pd.MultiIndex:
    """Order metrics as scores.csv does, each with its value before its interval."""
    return pd.MultiIndex.from_product([scores.metric.unique(), ["value", "low", "high"]])


def _difference(row: Row) -> dict[str, Any]:
    found = row.difference
    assert found is not None
    chances = found.probabilities
    return {
        "model": row.name,
        "difference": found.points.value,
        "low": found.points.low,
        "high": found.points.high,
        "p": found.p_value,
        "better": chances.a_better if chances else np.nan,
        "as_good": chances.equivalent if chances else np.nan,
        "worse": chances.b_better if chances else np.nan,
    }


def train(
    corpus: str | Path, out: str | Path, model: str = "recommended", **settings: Any
) -> Bundle:
    """Train one model on all songs of a corpus and keep it in a folder.

    Parameters
    ----------
    corpus : str or Path
        As for `compare`.
    out : str or Path
        The model's folder; one that is there is replaced.
    model : str
        A model's name.
    **settings
        As for `compare`; `folds` are those that probabilities are calibrated on (5).

    Returns
    -------
    Bundle
        The trained model, loaded from its folder.

    Raises
    ------
    InputError
        As `classify train` refuses.
    """
    asked = _settings(corpus, {"folds": training.FOLDS} | settings)
    return load_bundle(training.train(training.plan(asked, model), Path(out), replaced=True))


def predict(model: Bundle | str | Path, *songs: str | Path) -> pd.DataFrame:
    """Say the moods of new songs, and how sure that is.

    Parameters
    ----------
    model : Bundle, str or Path
        What `train` gave, or its folder.
    *songs : str or Path
        Files, folders, zip archives.

    Returns
    -------
    DataFrame
        A row a song; `classify.inference.prediction` describes its columns.
    """
    bundle = model if isinstance(model, Bundle) else load_bundle(Path(model))
    return prediction.predict(bundle, [Path(source) for source in songs]).table


def playlist(
    predicted: pd.DataFrame, mood: str, out: str | Path, model: str = "", **wishes: Any
) -> Playlist:
    """Make a playlist of predicted songs, and write it with a picture of its arc.

    Parameters
    ----------
    predicted : DataFrame
        As `predict` gives it.
    mood : str
        The mood to reach and to hold.
    out : str or Path
        A file; its ending, .m3u8, .xspf, .jspf or .csv, says the format. The picture lies beside.
    model : str
        What to call the model in the file.
    **wishes
        Fields of `classify.playlists.request.Request` (minutes, start, pins, ...) and of its
        `Limits` (min_confidence, tempo_change, ...).

    Returns
    -------
    Playlist
    """
    bounds = {name: wishes.pop(name) for name in Limits.__dataclass_fields__ if name in wishes}
    request = Request(mood, limits=Limits(**bounds), **wishes)
    made = Provenance(model or "unnamed", datetime.now(UTC).isoformat(timespec="seconds"))
    (found,) = build(predicted, request)
    write_playlist(found, Path(out), made)
    plot.draw(found, Path(out).with_suffix(".svg"), made)
    return found


def _settings(corpus: str | Path, given: dict[str, Any]) -> Settings:
    unknown = sorted(set(given) - set(Settings.__dataclass_fields__))
    if unknown:
        expected = ", ".join(Settings.__dataclass_fields__)
        raise InputError(f"{unknown[0]!r} is no setting; expected any of {expected}")
    return Settings(corpus=str(corpus), **given)
