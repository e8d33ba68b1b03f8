"""Every sentence of the summary against runs whose numbers are known."""

import numpy as np
import pytest
from scipy.stats import binomtest

from classify.report import words
from classify.report.view import read_view
from tests.report.made_runs import N, write_run


def said(tmp_path, right, **changes) -> str:
    view = read_view(write_run(tmp_path / "run", right, **changes))
    return " ".join(words.warnings(view) + words.summary(view))


def test_a_clear_winner(tmp_path):
    text = said(tmp_path, {"svm": 38, "knn": 15})
    assert "SVM is right most often: for 95.0 % of the 40 test songs (95 % interval" in text
    assert "majority class is right for 50.0 %; SVM is 45.0 points above that, more than" in text
    assert (
        "lead of 57.5 points over the next, KNN, is more than chance gives (adjusted p < .001"
        in text
    )


def test_a_winner_that_could_be_chance(tmp_path):
    text = said(tmp_path, {"svm": 36, "knn": 35, "nn3": 12})
    assert "Its lead of 2.5 points over the next, KNN, could be chance;" in text
    assert "on these songs no test tells it from KNN." in text


def test_nobody_can_be_told_apart(tmp_path):
    text = said(tmp_path, {"svm": 30, "knn": 29, "nn3": 28})
    assert "no test tells it from any of the 2 other models." in text


def test_a_tie(tmp_path):
    late = np.arange(N) >= N - 30
    text = said(tmp_path, {"svm": 30, "knn": late, "nn3": 29})
    assert "KNN and SVM are right most often: for 75.0 %" in text
    assert "On these songs no test tells KNN from any of the 2 other models." in text


def test_nothing_learned(tmp_path):
    text = said(tmp_path, {"svm": 18, "nn3": np.arange(N) % 2 == 0})
    assert "so no model is right more often than that" in text
    assert "NN3 answers 'calm' for every test window: it has not learned to tell" in text


def test_a_failed_model_is_named_first(tmp_path):
    text = said(tmp_path, {"svm": 38}, failed="knn")
    assert "KNN failed and has no scores: MemoryError: no room." in text
    assert "SVM is right for 95.0 %" in text and "Its lead" not in text


def test_no_model_at_all(tmp_path):
    assert said(tmp_path, {}, failed="knn").endswith("Only the majority class was scored.")


def test_a_leak_is_the_first_thing_said(tmp_path):
    part = {"songs": N, "windows": N}
    split = {
        "kind": "window",
        "parts": {"train": part, "test": part},
        "notes": [],
        "shared": 0.95,
        "probes": [{"title": "nearest neighbour", "leaking": 0.93, "honest": 0.61, "points": 32.0}],
    }
    text = said(tmp_path, {"svm": 38}, split=split)
    assert text.startswith(
        "This split leaks: 95.0 % of the test windows come from songs (or groups"
    )
    assert "93.0 % where it reaches 61.0 % with songs kept whole (+32 points)" in text


def test_a_quick_run_says_so(tmp_path):
    text = said(tmp_path, {"svm": 38}, settings={"quick": True, "recipe": "default", "seed": 0})
    assert text.startswith("This is a quick run")


def test_p_values_are_mcnemars_with_holms_correction(tmp_path):
    view = read_view(write_run(tmp_path / "run", {"svm": 38, "knn": 30, "nn3": 36}))
    p = {row.name: row.p_value for row in view.scored}
    raw = {
        "knn": binomtest(0, 8).pvalue,
        "nn3": binomtest(0, 2).pvalue,
        "majority": binomtest(
            1, 20
        ).pvalue,  # it is right on the even songs: 20, of which 19 shared
    }
    assert p["svm"] is None
    # between models: svm-nn3 (2), svm-knn (8) and nn3-knn (6 songs apart), times 1, 3 and 2
    assert p["knn"] == pytest.approx(3 * raw["knn"])
    assert p["nn3"] == pytest.approx(raw["nn3"])
    # against the majority class: three models, svm furthest from it
    assert p["majority"] == pytest.approx(3 * raw["majority"])


def test_a_small_test_part_is_said_to_be_small(tmp_path):
    assert "test part is small" in said(tmp_path, {"svm": 38})
