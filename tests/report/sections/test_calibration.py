"""Calibration in a report: its sentences and tables against numbers known beforehand."""

import re

import numpy as np
import pytest

from classify.evaluation import calibration as measures
from classify.presentation.numbers import thousandths
from classify.report import write_report
from classify.report.run_view import read_view
from classify.report.sections import calibration
from tests.report.made_runs import N, write_run


def lines(folder, right, **more):
    view = read_view(write_run(folder / "run", right, **more))
    return view, view.contenders


def test_what_a_confidence_is_worth(tmp_path):
    # ten songs each at 55, 65, 81 and 95 %, of which 5, 6, 7 and 9 are right
    sure = np.repeat([0.55, 0.65, 0.81, 0.95], 10)
    right = np.concatenate([np.arange(10) < k for k in (5, 6, 7, 9)])
    view, (line, *_) = lines(tmp_path, {"svm": right}, sure={"svm": sure}, limit={"svm": 0.3})
    said = calibration.sentences(view, line, line.calibration)
    assert said[0] == (
        "When SVM says 81 %, it is right for 70 % of songs (measured on 10 songs; 95 % interval "
        "34.2–91.3 %)."
    )
    assert said[1].startswith(
        "Keeping only songs it is at least 80 % sure of leaves 50 % of songs, of which 20.0 % "
        "(4 of 20; 95 % interval "
    )
    assert said[1].endswith(" %) are misclassified; of all songs, 32 % are.")
    # two classes at 55 and 65 %, one at the others: 10 + 10 + 7 + 9 of 40 sets hold the class
    assert said[2].startswith(
        "Prediction sets with about 90 % coverage hold the true class of 90.0 % of songs ("
    )
    assert said[2].endswith("with 1.5 of 2 classes on average.")
    assert said[3] == "That is over all songs: of the class 'happy' they hold it for 85.0 %."
    assert line.calibration.class_sets is None  # of a run that knows one threshold only
    assert line.calibration.sets.single == 0.5 and line.calibration.sets.empty == 0
    assert line.calibration.sets.covered.low < 0.9 < line.calibration.sets.covered.high
    gaps = 0.05 + 0.05 + 0.11 + 0.05
    assert line.calibration.ece[1] == pytest.approx(gaps / 4)


def test_a_temperature_is_applied_before_anything_is_measured(tmp_path):
    _, (line,) = lines(tmp_path, {"svm": 30}, sure={"svm": 0.9}, temperature={"svm": 2.0})
    cooler = 0.9**0.5 / (0.9**0.5 + 0.1**0.5)  # 75 %
    assert line.calibration.after.confidence == pytest.approx(cooler)
    assert line.calibration.before.confidence == pytest.approx(0.9)
    assert line.calibration.ece == pytest.approx((0.9 - 0.75, abs(cooler - 0.75)))
    assert line.calibration.brier[0] == pytest.approx(0.75 * 2 * 0.01 + 0.25 * 2 * 0.81)
    assert line.calibration.kept == 0 and np.isnan(line.calibration.wrong)
    assert calibration.temperature(line.calibration) == "2.00"
    ece = calibration.calibrated_score(line, line.calibration, "ece")
    assert ece.low == pytest.approx(ece.value - 0.01, abs=1e-6)  # scores.csv's


def test_each_fold_has_its_own_temperature(tmp_path):
    own = [1.0, 2.0, 3.0, 4.0]
    _, (line,) = lines(tmp_path, {"svm": 30}, folds=4, temperature={"svm": own})
    assert line.calibration.temperatures == (1.0, 2.0, 3.0, 4.0)
    assert calibration.temperature(line.calibration) == "1.00–4.00"
    expected = sorted(measures.apply_temperature(np.array([[0.9, 0.1]]), t)[0, 0] for t in own)
    assert line.calibration.curve.threshold[::-1] == pytest.approx(expected)
    assert line.calibration.n_songs == N


def test_repeats_count_predictions(tmp_path):
    view, (line,) = lines(tmp_path, {"svm": 30}, folds=4, repeats=3)
    assert line.calibration.n_songs == 3 * N
    assert (
        "(measured on 120 predictions; 95 % interval 59.1–86.2 %)"
        in calibration.sentences(view, line, line.calibration)[0]
    )


def test_a_model_that_could_not_be_calibrated(tmp_path):
    view, found = lines(tmp_path, {"nn3": 30, "svm": 20}, temperature={"nn3": np.nan})
    line = found[0]
    said = calibration.sentences(view, line, line.calibration)
    assert said[0] == "NN3 could not be calibrated." and "sets" not in " ".join(said)
    assert calibration.temperature(line.calibration) == "not calibrated"
    assert line.calibration.sets is None and line.calibration.ece[0] == line.calibration.ece[1]
    assert found[1].calibration.calibrated
    markdown = write_report(tmp_path / "run").with_name("report.md").read_text()
    (row,) = re.findall(r"^\| NN3 \| not calibrated.*$", markdown, re.MULTILINE)
    assert row.count("–") == 2  # ECE and Brier after
    (row,) = re.findall(r"^\| NN3 \| \.\d+ \| .*$", markdown, re.MULTILINE)
    assert row.endswith("| – | – | – | – |")  # of sets


def test_a_model_that_is_never_sure(tmp_path):
    view, (line,) = lines(tmp_path, {"svm": 30}, sure={"svm": 0.6})
    assert "It is not 80 % sure of any song." in calibration.sentences(view, line, line.calibration)


def test_sets_can_be_empty(tmp_path):
    _, (line,) = lines(tmp_path, {"svm": 30}, sure={"svm": 0.6}, limit={"svm": 0.7})
    assert line.calibration.sets.empty == 1 and line.calibration.sets.covered.value == 0


def test_of_one_group_of_songs_nothing_is_known(tmp_path):
    view, (line,) = lines(tmp_path, {"svm": 30}, groups=["one"] * N)
    covered = line.calibration.sets.covered
    assert (covered.low, covered.high) == (0, 1)
    assert "hold the true class of 75.0 % of songs (0.0–100.0), with" in " ".join(
        calibration.sentences(view, line, line.calibration)
    )


def test_tables_show_what_was_measured(tmp_path):
    _, (line, other) = lines(tmp_path, {"svm": 30, "knn": 28}, temperature={"svm": 1.5})
    markdown = write_report(tmp_path / "run").with_name("report.md").read_text()
    (row,) = re.findall(r"^\| SVM \| 1.50 .*$", markdown, re.MULTILINE)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2] == thousandths(line.calibration.ece[0])
    ece = calibration.calibrated_score(line, line.calibration, "ece")
    assert cells[3].startswith(thousandths(ece.value) + " (")
    assert f"| SVM | {thousandths(line.calibration.aurc)} |" in markdown
    assert other.name == "knn"
