"""What models lose on changed songs, against runs whose losses are known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm, t

from classify.report import write_report
from classify.report.run_view import read_view
from classify.report.sections import robustness
from tests.report.made_checks import add_checks, change_predictions
from tests.report.made_runs import N, write_run

AMOUNTS = {
    "transposed -6": -6,
    "transposed +3": 3,
    "stretched 0.8": 0.8,
    "stretched 1.25": 1.25,
    "velocity flattened": 1,
    "drums removed": 1,
}


def first(n: int) -> np.ndarray:
    return np.arange(N) < n


@pytest.fixture
def run(tmp_path):
    """The SVM is right about 38 songs, NN3 about 30, both about the first ones."""
    folder = write_run(tmp_path / "run", {"svm": 38, "nn3": 30})
    right = {("svm", variant): first(38) for variant in AMOUNTS}
    right |= {("nn3", variant): first(30) for variant in AMOUNTS}
    right |= {
        ("svm", "transposed +3"): first(36),
        ("nn3", "transposed -6"): first(12),
        ("svm", "stretched 0.8"): first(18),
        ("nn3", "velocity flattened"): first(40),
    }
    add_checks(folder, "robustness", right, AMOUNTS)
    return folder


def test_every_loss_and_how_many_predictions_change(run):
    found = robustness.read(read_view(run))
    assert found.unchanged == pytest.approx({"svm": 0.95, "nn3": 0.75})
    cell = found.results["svm", "transposed +3"]
    assert (cell.accuracy, cell.change.value) == pytest.approx((0.9, -0.05))
    assert (cell.n_changed, cell.n_songs) == (2, N)
    cell = found.results["nn3", "velocity flattened"]
    assert cell.change.value == pytest.approx(0.25) and cell.n_changed == 10
    unmoved = found.results["svm", "drums removed"].change
    assert (unmoved.value, unmoved.low, unmoved.high) == (0, 0, 0)


def test_the_interval_is_that_of_the_paired_difference(run):
    """With two of forty independent songs lost, resampled falls are binomial."""
    change = robustness.read(read_view(run)).results["svm", "transposed +3"].change
    tail = norm.sf(t.ppf(0.975, N - 1) * np.sqrt(N / (N - 1)))
    assert -change.low * N == pytest.approx(binom.isf(tail, N, 2 / N), abs=1.01)
    assert change.high == 0


def test_each_sentence(run):
    about = robustness.sentences(robustness.read(read_view(run)))
    assert len(about) == 4
    assert about[0].startswith("Transposed by up to six semitones, SVM loses at most 5.0 points (")
    assert "(at +3; 95 % interval 0.0 to" in about[0] and "the interval includes zero)" in about[0]
    assert "; NN3 loses most, up to 45.0 points (at −6; " in about[0]
    assert about[0].count("includes zero") == 1
    assert about[1].startswith(
        "Stretched to 0.8 to 1.25 times their length, SVM loses at most 50.0"
    )
    assert about[1].endswith("; no other model loses more.")
    for line, start in zip(
        about[2:], ("With all notes equally loud", "Without drums"), strict=True
    ):
        assert line == f"{start}, SVM loses nothing; no other model loses anything."


def test_the_order_of_rows_does_not_matter(run):
    before = robustness.read(read_view(run))
    rows = pd.read_parquet(run / "checks.parquet")
    rows.sample(frac=1, random_state=1).to_parquet(run / "checks.parquet", index=False)
    change_predictions(run, lambda rows: rows.sample(frac=1, random_state=2))
    after = robustness.read(read_view(run))
    assert after.results == before.results and after.variants == before.variants


def test_leaking_rows_and_other_repeats_do_not_count(run):
    before = robustness.read(read_view(run)).results

    def leaked(rows):
        wrong = rows.assign(answer="calm", protocol="window")
        return pd.concat([wrong, rows.assign(protocol="song"), wrong.assign(repeat=1)])

    change_predictions(run, leaked)
    assert robustness.read(read_view(run)).results == before


def test_a_variant_of_some_songs_is_compared_on_those(run):
    rows = pd.read_parquet(run / "checks.parquet")
    some = sorted(rows.song.unique(), key=lambda name: int(name[6:-5]))[30:]
    rows = rows[(rows.variant != "drums removed") | rows.song.isin(some)]
    rows.to_parquet(run / "checks.parquet", index=False)
    cell = robustness.read(read_view(run)).results["svm", "drums removed"]
    assert cell.n_songs == 10 and cell.accuracy == pytest.approx(0.8)
    assert cell.change.value == 0


def test_folds_widen_the_interval(run):
    alone = robustness.read(read_view(run)).results["svm", "stretched 0.8"].change
    view = read_view(run)
    view.run["split"]["folds"] = 5
    folded = robustness.read(view).results["svm", "stretched 0.8"].change
    assert folded.value == alone.value
    assert folded.low < alone.low and folded.high > alone.high


def test_the_section_with_its_pictures_and_numbers(run):
    html = write_report(run).read_text()
    assert html.count("Accuracy on transposed test songs") == 1
    assert html.count("Accuracy on stretched test songs") == 1
    assert "SVM: unchanged 95.0 %, lowest 45.0 %" in html
    assert "−45.0" in html and "18 of 40" in html and "loses at most" in html
    markdown = (run / "report.md").read_text()
    assert "| SVM | transposed +3 | 90.0 | −5.0 | " in markdown and "loses at most" in markdown


def test_a_run_that_was_not_asked_says_how_to(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 38})
    assert robustness.read(read_view(run)) is None
    html = write_report(run).read_text()
    assert "<code>--robustness</code>" in html and "loses" not in html
    assert "`--robustness`" in (run / "report.md").read_text()


@pytest.mark.may_leave_out
def test_damaged_checks_are_named(run, caplog):
    (run / "checks.parquet").write_bytes(b"junk")
    html = write_report(run).read_text()
    assert "checks.parquet: is damaged; delete it" in html and "All models" in html
    assert "checks.parquet: is damaged; delete it" in caplog.text
