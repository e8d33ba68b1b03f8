"""Rows that say what source, metre or length predict alone."""

import numpy as np
import pandas as pd
import pytest

from classify.report import cues, write_report
from classify.report.run_view import read_view
from classify.report.summary import summary
from tests.report.made_checks import songs_of
from tests.report.made_runs import N, write_run


def add_cue(folder, name: str, right: int) -> None:
    """Say that a cue predicts so many test songs rightly."""
    songs = songs_of(folder)
    other = songs.label.map({"calm": "happy", "happy": "calm"})
    predicted = songs.label.where(np.arange(N) < right, other)
    rows = songs[["repeat", "fold", "song", "group", "label"]].assign(
        check="confounds", variant=name, amount=0.0, n_train=40, model="", prediction=predicted
    )
    path = folder / "checks.parquet"
    before = [pd.read_parquet(path)] if path.is_file() else []
    pd.concat([*before, rows]).to_parquet(path, index=False)


def test_a_source_that_tells_all_that_a_model_does_is_said_first(tmp_path):
    folder = write_run(tmp_path / "run", {"svm": 38})
    add_cue(folder, "length", 24)
    add_cue(folder, "source", 37)
    source, length = cues.read(read_view(folder))
    assert (source.name, source.accuracy.value, length.accuracy.value) == ("source", 37 / 40, 0.6)
    assert source.ahead.value == pytest.approx(0.425) and source.behind.low <= 0 < length.behind.low
    text = " ".join(summary(read_view(folder)))
    assert "not significantly ahead of what the source of a song alone predicts (92.5 %)" in text
    assert "length" not in text
    page = write_report(folder).read_text(encoding="utf-8")
    assert "source only" in page and "length only" in page
