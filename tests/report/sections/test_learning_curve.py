"""Whether more songs would help, against curves whose slopes are known."""

import numpy as np
import pytest
from scipy.stats import binom, norm, t

from classify.evaluation.intervals import wilson
from classify.report import write_report
from classify.report.run_view import read_view
from classify.report.sections import learning_curve
from tests.report.made_checks import add_checks
from tests.report.made_runs import N, write_run

SHARES = {"a quarter of the songs": 0.25, "half of the songs": 0.5}


def made(folder, full: dict[str, int], half: dict[str, int], n_half: int = 20):
    """A run whose models are right about so many songs, learned from 40 songs and from fewer."""
    run = write_run(folder / "run", full)
    right = {(model, "half of the songs"): np.arange(N) < n for model, n in half.items()}
    right |= {(model, "a quarter of the songs"): np.arange(N) < 20 for model in half}
    n_train = {"a quarter of the songs": 10, "half of the songs": n_half}
    add_checks(run, "learning-curve", right, SHARES, n_train=n_train)
    return run


def test_a_gain_that_is_real(tmp_path):
    found = learning_curve.read(read_view(made(tmp_path, {"svm": 38}, {"svm": 30})))
    assert found.songs == [10, 20, 40] and found.before == 20
    gain = found.gains["svm"]
    assert gain.value == pytest.approx(0.2)
    tail = norm.sf(t.ppf(0.975, N - 1) * np.sqrt(N / (N - 1)))  # 8 of 40 songs gained: binomial
    assert N * gain.low == pytest.approx(binom.ppf(tail, N, 0.2), abs=1.01)
    assert N * gain.high == pytest.approx(binom.isf(tail, N, 0.2), abs=1.01)
    (line,) = learning_curve.sentences(found)
    assert line.startswith("Twice as many songs to learn from (40 instead of 20) gave SVM 20.0")
    assert line.endswith("), so labelling more songs is likely to help.")
    assert f"points more (95 % interval {100 * gain.low:.1f} to {100 * gain.high:.1f})" in line


def test_a_gain_whose_interval_includes_zero(tmp_path):
    found = learning_curve.read(read_view(made(tmp_path, {"svm": 38}, {"svm": 37})))
    assert "gave SVM 2.5 points more (95 % interval 0.0 to" in learning_curve.sentences(found)[0]
    assert (
        "interval includes zero: these songs cannot say whether more would help"
        in learning_curve.sentences(found)[0]
    )


def test_a_loss(tmp_path):
    found = learning_curve.read(read_view(made(tmp_path, {"svm": 30}, {"svm": 34})))
    assert "gave SVM 10.0 points fewer (95 % interval −" in learning_curve.sentences(found)[0]
    assert learning_curve.sentences(found)[0].endswith(
        "more songs of this kind are unlikely to help."
    )


def test_another_model_gains_more(tmp_path):
    run = made(tmp_path, {"svm": 38, "nn3": 36}, {"svm": 38, "nn3": 20})
    first, second = learning_curve.sentences(learning_curve.read(read_view(run)))
    assert "gave SVM 0.0 points more (95 % interval 0.0 to 0.0)" in first
    assert second.startswith("NN3 gained most, 40.0 points (95 % interval ")
    assert second.endswith("as the largest of 2 gains it is likely to flatter.")


def test_a_step_that_is_no_doubling(tmp_path):
    found = learning_curve.read(read_view(made(tmp_path, {"svm": 38}, {"svm": 30}, n_half=16)))
    assert learning_curve.sentences(found)[0].startswith(
        "2.5 times as many songs to learn from (40 instead of 16)"
    )


def test_accuracy_has_wilsons_interval(tmp_path):
    found = learning_curve.read(read_view(made(tmp_path, {"svm": 38}, {"svm": 30})))
    score = found.scores["svm", 20]
    right, groups = np.arange(N) < 30, [str(i) for i in range(N)]
    assert (score.low, score.high) == pytest.approx(wilson(right, groups))
    assert found.scores["svm", 40].value == 0.95


def test_the_section_with_its_picture(tmp_path):
    run = made(tmp_path, {"svm": 38, "nn3": 30}, {"svm": 30, "nn3": 28})
    html = write_report(run).read_text()
    assert "SVM: 50.0 % from 10 songs, 75.0 % from 20 songs, 95.0 % from 40 songs." in html
    assert "is likely to help" in html
    (row,) = [
        line
        for line in (run / "report.md").read_text().splitlines()
        if line.startswith("| SVM | 50.0 (") and "| 75.0 (" in line
    ]
    assert "| +20.0 (" in row


def test_a_run_that_was_not_asked_says_how_to(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 38})
    assert learning_curve.read(read_view(run)) is None
    assert "<code>--learning-curve</code>" in write_report(run).read_text()
    assert "`--learning-curve`" in (run / "report.md").read_text()
