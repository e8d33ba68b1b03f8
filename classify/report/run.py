"""One comparison as tables: what `classify.compare` and `classify.load_run` give.

Everything is read from the run's folder. All tables are pandas DataFrames; shares and probabilities
are 0 to 1.
"""

from dataclasses import astuple
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from classify.errors import InputError
from classify.evaluation import calibration
from classify.experiments import results
from classify.report import HTML, summary, write_report
from classify.report.run_view import Row, View
from classify.report.sections import leak


class Run:
    """One comparison, as tables. Made by `compare` and `load_run`.

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
        """All of checks.parquet: predictions for changed songs, and of models of fewer songs.

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
        return results.read_table(path)

    def summary(self) -> list[str]:
        """Give the report's first sentences: warnings, and the result."""
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
            One row per model, best accuracy first; columns (metric, value | low | high).
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
            One row per model: accuracy of the best less that of this one, its 95 % interval, the
            adjusted p value, and for repeated folds the probabilities that the best is better, as
            good (within a point), and worse.
        """
        return pd.DataFrame(
            [_difference(row) for row in self._view.scored if row.difference is not None],
            columns=["model", "difference", "low", "high", "p", "better", "equivalent", "worse"],
        ).set_index("model")

    def inflation(self) -> pd.DataFrame:
        """Say by how much random windows overestimate each model, on the same windows.

        Returns
        -------
        DataFrame
            One row per model, with the 95 % interval: inflation, low, high; as shares of windows.

        Raises
        ------
        InputError
            If the run was made without --leak.
        """
        lines = leak.read(self._view)
        if not lines:
            raise InputError(f"{self.folder}: was made without --leak; give that to the comparison")
        found = [(one.row.name, *astuple(one.inflation)) for one in lines]
        return pd.DataFrame(found, columns=["model", "inflation", "low", "high"]).set_index("model")

    def confusion(self, model: str = "") -> pd.DataFrame:
        """Count test songs: true class by row, prediction by column."""
        counts = self._row(model).confusion
        index = pd.Index(self.classes, name="true")
        return pd.DataFrame(counts, index, pd.Index(self.classes, name="predicted"))

    def songs(self, model: str = "") -> pd.DataFrame:
        """List test songs with a model's predictions, the most confidently wrong first.

        Returns
        -------
        DataFrame
            A row for each song and repeat: song, group, label, prediction, repeat, confidence
            (calibrated where the model is), right.
        """
        rows = self._tested(model)
        p = results.calibrated_or_raw(rows)
        table = rows[["song", "group", "label", "prediction", "repeat"]].assign(
            confidence=p.max(axis=1), right=(rows.label == rows.prediction)
        )
        order = table.confidence.where(table.right, -table.confidence)
        return table.iloc[order.argsort(kind="stable")].reset_index(drop=True)

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

    @property
    def failures(self) -> list[str]:
        """Models that failed, and so were not scored."""
        return [row.name for row in self._view.failures]

    @property
    def page(self) -> Path:
        """Where the report is, as one HTML page."""
        return self.folder / HTML

    def report(self) -> Path:
        """Write the report again, from the run's files; give the path of the HTML page."""
        return write_report(self.folder, self._view)

    def _row(self, model: str) -> Row:
        wanted = model or self.best
        for row in self._view.scored:
            if row.name == wanted:
                return row
        raise InputError(
            f"{self.folder}: has no scores of {model!r}; it has those of {', '.join(self.models)}"
        )

    def _tested(self, model: str) -> pd.DataFrame:
        """Song rows of the test part, under the run's own split."""
        name, table = self._row(model).name, self.predictions
        of_model = (table.model == name) & (table.protocol == self._view.protocol)
        return table[of_model & (table.level == "song") & (table.part == "test")]

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
        """Show a notebook the result."""
        from html import escape

        return "".join(f"<p>{escape(line)}</p>" for line in self.summary())


def _columns(scores: pd.DataFrame) -> pd.MultiIndex:
    """Order metrics as scores.csv does, each with its value before its interval."""
    return pd.MultiIndex.from_product([scores.metric.unique(), ["value", "low", "high"]])


def _difference(row: Row) -> dict[str, Any]:
    difference = row.difference
    assert difference is not None
    chances = difference.probabilities
    return {
        "model": row.name,
        "difference": difference.points.value,
        "low": difference.points.low,
        "high": difference.points.high,
        "p": difference.p_value,
        "better": chances.a_better if chances else np.nan,
        "equivalent": chances.equivalent if chances else np.nan,
        "worse": chances.b_better if chances else np.nan,
    }
