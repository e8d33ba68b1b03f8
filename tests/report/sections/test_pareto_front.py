"""Accuracy against time, with times that are known."""

from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from classify.files import read_json, write_json
from classify.presentation.figures import STYLE
from classify.report import write_report
from classify.report.run_view import read_view
from classify.report.sections import pareto_front
from classify.report.summary import summary
from tests.report.made_runs import N, write_run


def made(folder: Path, right: dict, seconds: dict[str, float | None], **more) -> Path:
    """A run whose models took so many seconds in all; None for a run that does not say."""
    run = write_run(folder / "run", right, **more)
    record = read_json(run / "run.json")
    for name, spent in seconds.items():
        for fit in record["models"][name]["fits"]:
            del fit["seconds_train"]
            if spent is not None:
                fit["seconds_train"] = spent / len(record["models"][name]["fits"])
    write_json(run / "run.json", record)
    return run


def names(rows) -> list[str]:
    return [row.name for row in rows]


def test_a_model_is_on_the_front_if_none_is_as_fast_and_as_accurate(tmp_path):
    right = {"svm": 38, "knn": 30, "nn3": 36, "logistic": 30, "rocket": 20}
    seconds = {"svm": 600, "knn": 5, "nn3": 700, "logistic": 6, "rocket": 1}
    view = read_view(made(tmp_path, right, seconds))
    assert names(view.pareto_front) == ["rocket", "knn", "svm"]
    assert names(pareto_front.timed(view)) == ["rocket", "knn", "logistic", "svm", "nn3"]
    first = pareto_front.sentences(view)[0]
    assert first == (
        "Pareto-optimal, from the fastest on: ROCKET (50.0 % in 1.0 s), KNN (75.0 % in 5.0 s) and "
        "SVM (95.0 % in 10 min 0 s)."
    )
    assert (
        "Pareto-optimal, by accuracy against roughly measured training time, are ROCKET (1.0 s), "
        "KNN (5.0 s) and SVM (10 min 0 s): no other model is as fast and as accurate."
    ) in summary(view)


def test_equals_are_both_on_the_front_and_the_majority_class_never(tmp_path):
    seconds = {"svm": 3.0, "knn": 3.0, "majority": 0.001}
    late = np.arange(N) >= N - 30
    view = read_view(made(tmp_path, {"svm": 30, "knn": late}, seconds))
    assert names(view.pareto_front) == ["knn", "svm"]


def test_the_fastest_that_does_not_differ_from_the_best_is_not_called_as_good(tmp_path):
    right, seconds = {"svm": 36, "nn3": 35, "knn": 34, "logistic": 8}, {
        "svm": 100, "nn3": 50, "knn": 20, "logistic": 2}  # fmt: skip
    view = read_view(made(tmp_path, right, seconds))
    instead, _ = pareto_front.quicker_choice(view)
    assert instead.name == "knn" and view.scored[-1].name == "logistic"
    line = pareto_front.sentences(view)[1]
    assert line.startswith(
        "The fastest model that is not significantly different from SVM is KNN, in 20 s instead"
    )
    assert line.endswith("that does not show that it is as accurate.")


def test_where_all_faster_models_differ_from_the_best(tmp_path):
    view = read_view(made(tmp_path, {"svm": 40, "knn": 10}, {"svm": 100, "knn": 20}))
    assert pareto_front.quicker_choice(view) == (None, True)
    assert pareto_front.sentences(view)[1] == (
        "Every model that learned faster than SVM is significantly different from it."
    )


def test_a_model_alone_on_the_front(tmp_path):
    view = read_view(made(tmp_path, {"svm": 38, "knn": 30}, {"svm": 1, "knn": 20}))
    assert pareto_front.sentences(view) == [
        "SVM alone is Pareto-optimal: no model that learned faster than it, in 1.0 s, or as fast, "
        "was as accurate."
    ]
    assert not any("Pareto" in line for line in summary(view))


def test_times_are_those_of_all_fits(tmp_path):
    run = made(tmp_path, {"svm": 38, "knn": 30}, {"svm": 50, "knn": 20}, folds=5)
    view = read_view(run)
    assert view.contenders[0].seconds == pytest.approx(50)
    assert "all 5 fits together" in pareto_front.how_timed(view)


def test_many_names_leave_the_summary_short(tmp_path):
    right = {f"model-{i}": 20 + i for i in range(8)}
    view = read_view(made(tmp_path, right, {f"model-{i}": 10.0 + i for i in range(8)}))
    (line,) = [line for line in summary(view) if line.startswith("Pareto-optimal")]
    assert "MODEL-0 (10 s), MODEL-1 (11 s), 4 more, MODEL-6 (16 s) and MODEL-7 (17 s)" in line


def test_both_pages_hold_the_section_and_the_picture_has_words(tmp_path):
    run = made(tmp_path, {"svm": 38, "knn": 30}, {"svm": 100, "knn": 20})
    html = write_report(run).read_text().replace("\u00a0", " ")
    markdown = (run / "report.md").read_text()
    for text in (html, markdown):
        assert (
            "Pareto-optimal: accuracy against training time" in text and "so they are rough" in text
        )
        assert "KNN (75.0 % in 20 s)" in text
    assert "| SVM | 1 min 40 s | 95.0 (" in markdown
    assert 'alt="Accuracy on test songs against time to train' in html
    assert "SVM 95.0 % (" in html and "in 1 min 40 s, Pareto-optimal." in html


@pytest.mark.parametrize("missing", [["svm"], ["svm", "knn"]])
def test_a_run_that_does_not_say_how_long_still_has_a_report(tmp_path, missing):
    right = {"svm": 38, "knn": 30, "nn3": 20}
    html = write_report(made(tmp_path, right, dict.fromkeys(missing))).read_text()
    assert ("accuracy against training time</a></h2>" in html) == (len(missing) == 1)
    assert "<td>–</td>" in html


def test_names_are_legible_at_500_pixels_and_do_not_touch(tmp_path):
    draw = np.random.default_rng(0)
    right = {f"features-gradient-{i:02d}": int(draw.integers(20, 39)) for i in range(20)}
    seconds = {name: float(draw.uniform(1, 5000)) for name in right}
    view = read_view(made(tmp_path, right, seconds))
    with mpl.rc_context(STYLE):
        figure = pareto_front.draw(pareto_front.timed(view), view.pareto_front)
        FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # without their lines
    boxes.sort(key=lambda box: box.y0)
    assert len(boxes) == 20
    assert all(a.y1 <= b.y0 + 1 for a, b in pairwise(boxes))
    wide = figure.get_tightbbox().width * 72  # points, of which 500 pixels are made
    assert 500 / wide * axes.texts[0].get_fontsize() > 9.5
