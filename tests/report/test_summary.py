"""Every sentence of the summary against runs whose numbers are known."""

import numpy as np
import pytest
from scipy.stats import binomtest

from classify.report.format import best_values, duplicate_warning, seconds
from classify.report.run_view import read_view
from classify.report.summary import summary, warnings
from tests.report.made_runs import N, write_run


def said(tmp_path, right, **changes) -> str:
    view = read_view(write_run(tmp_path / "run", right, **changes))
    return " ".join(warnings(view) + summary(view))


def test_a_clear_winner(tmp_path):
    text = said(tmp_path, {"svm": 38, "knn": 15})
    assert "SVM has the highest accuracy: 95.0 % of the 40 test songs (95 % interval" in text
    assert "majority class gives 50.0 %; SVM is 45.0 points above that, statistically" in text
    assert (
        "lead of 57.5 points over the next, KNN, is statistically significant (adjusted p < .001"
        in text
    )


def test_a_winner_whose_lead_is_not_significant(tmp_path):
    text = said(tmp_path, {"svm": 36, "knn": 35, "nn3": 12})
    assert (
        "Its lead of 2.5 points over the next, KNN, is not significant after Holm's correction;"
        in text
    )
    assert "on these songs it is not significantly different from KNN." in text


def test_nobody_is_significantly_different(tmp_path):
    text = said(tmp_path, {"svm": 30, "knn": 29, "nn3": 28})
    assert "it is not significantly different from any of the 2 other models." in text


def test_many_that_do_not_differ_are_counted(tmp_path):
    alike = ["knn", "nn1", "nn2", "logistic", "random-forest", "features-svm"]
    text = said(tmp_path, {"svm": 36, **dict.fromkeys(alike, 35), "nn3": 5})
    assert "it is not significantly different from 6 of the 7 other models." in text


def test_a_tie(tmp_path):
    late = np.arange(N) >= N - 30
    text = said(tmp_path, {"svm": 30, "knn": late, "nn3": 29})
    assert "KNN and SVM share the highest accuracy: 75.0 %" in text
    assert (
        "On these songs, KNN is not significantly different from any of the 2 other models." in text
    )


def test_nothing_learned(tmp_path):
    text = said(tmp_path, {"svm": 18, "nn3": np.arange(N) % 2 == 0})
    assert "so no model is more accurate than that" in text
    assert "NN3 predicts 'calm' for every test window: it has not learned to distinguish" in text


def test_a_failed_model_is_named_first(tmp_path):
    text = said(tmp_path, {"svm": 38}, failed="knn")
    assert "KNN failed and has no scores: MemoryError: no room." in text
    assert "SVM has an accuracy of 95.0 % on" in text and "Its lead" not in text
    assert "No other model has scores that SVM could be compared with." in text


def test_no_model_at_all(tmp_path):
    text = said(tmp_path, {}, failed="knn")
    assert (
        "Only the majority class was scored. Always predicting it has an accuracy of 50.0" in text
    )


def test_several_models_that_learned_nothing_are_one_sentence(tmp_path):
    text = said(tmp_path, {"nn1": np.arange(N) % 2 == 0, "nn2": np.arange(N) % 2 == 1, "svm": 30})
    assert "NN1 and NN2 each predict one and the same class for every test window" in text


def test_a_leak_is_the_first_thing_said(tmp_path):
    split = {
        "kind": "window",
        "shared": 0.95,
        "probes": [{"title": "nearest neighbour", "leaking": 0.93, "honest": 0.61, "points": 32.0}],
    }
    text = said(tmp_path, {"svm": 38}, split=split)
    assert text.startswith(
        "This split leaks: 95.0 % of the test windows come from songs (or groups"
    )
    assert "93.0 % where it reaches 61.0 % with songs kept whole (+32 points)" in text


def test_a_quick_run_says_so(tmp_path):
    text = said(tmp_path, {"svm": 38}, settings={"quick": True, "seed": 0})
    assert text.startswith("This is a quick run")


def test_p_values_are_mcnemars_with_holms_correction(tmp_path):
    view = read_view(write_run(tmp_path / "run", {"svm": 38, "knn": 30, "nn3": 36}))
    p = {row.name: row.difference.p_value for row in view.scored if row.difference}
    raw = {
        "knn": binomtest(0, 8).pvalue,
        "nn3": binomtest(0, 2).pvalue,
        "majority": binomtest(
            1, 20
        ).pvalue,  # it is right on the even songs: 20, of which 19 shared
    }
    assert "svm" not in p
    # between models: svm-nn3 (2), svm-knn (8) and nn3-knn (6 songs apart), times 1, 3 and 2
    assert p["knn"] == pytest.approx(3 * raw["knn"])
    assert p["nn3"] == pytest.approx(raw["nn3"])
    # against the majority class: three models, svm furthest from it
    assert p["majority"] == pytest.approx(3 * raw["majority"])


def test_a_small_test_part_is_said_to_be_small(tmp_path):
    assert "test part is small" in said(tmp_path, {"svm": 38})


def test_the_summary_is_short_whatever_happened(tmp_path):
    late = np.arange(N) >= N - 30
    runs = {
        "clear": ({"svm": 38, "knn": 15}, {}),
        "tie": ({"svm": 30, "knn": late}, {}),
        "one": ({"svm": 30}, {"failed": "knn", "temperature": {"svm": np.nan}}),
        "stuck": ({"svm": 30, "nn1": np.arange(N) % 2 == 0, "nn2": np.arange(N) % 2 == 0}, {}),
        "folds": ({"svm": 38, "knn": 15, "nn3": 20}, {"folds": 5, "repeats": 2}),
        "none": ({}, {"failed": "knn"}),
        "floor": ({"svm": 18, "knn": 16}, {}),
    }
    for name, (right, more) in runs.items():
        lines = summary(read_view(write_run(tmp_path / name, right, **more)))
        assert 3 <= len(lines) <= 6, name
        assert max(map(len, lines)) < 230


def test_folds_are_named_and_the_lead_has_a_probability(tmp_path):
    text = said(tmp_path, {"svm": 36, "knn": 33}, folds=5, repeats=3)
    assert (
        "SVM has the highest accuracy: 90.0 % of the 40 songs, each tested once in each of 3 "
        "repeats of 5 folds (95 % interval"
    ) in text
    assert (
        "lead of 7.5 points over the next, KNN, is not significant after Holm's correction (with "
        in text
    )
    (tmp_path / "sub").mkdir()
    text = said(tmp_path / "sub", {"svm": 40, "knn": 10}, folds=5)
    assert "each tested once in 5 folds" in text and "t test over songs, widened for folds" in text


def test_confident_predictions_are_counted(tmp_path):
    sure = np.where(np.arange(N) < 8, 0.95, 0.6)
    right = np.arange(N) >= 2  # two of the eight sure answers are wrong
    text = said(tmp_path, {"svm": right}, sure={"svm": sure})
    assert (
        "Of the 20.0 % of songs that SVM is at least 80 % sure of, it misclassifies 25.0 % "
        "(2 of 8; 95 % interval " in text
    )
    (tmp_path / "b").mkdir()
    text = said(tmp_path / "b", {"svm": right}, sure={"svm": 0.7})
    assert "SVM is not 80 % sure of any song." in text
    (tmp_path / "c").mkdir()
    text = said(tmp_path / "c", {"svm": right}, temperature={"svm": np.nan})
    assert "sure of" not in text


def test_best_values_and_times_are_of_all_fits(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 30, "nn3": 20}, folds=5, repeats=2)
    row = read_view(run).scored[0]
    assert best_values(row) == "depth 3 (8×) or 4 (2×)"
    assert seconds(row) == "15 s"
    for fit, value in zip(row.fits, range(10), strict=True):
        fit["best"] = {"epoch": value}
    assert best_values(row) == "epoch 0 to 9"


def test_duplicate_songs_are_named_where_a_split_may_part_them():
    def pair(groups: str, labels: str = "aa") -> dict:
        return {"groups": list(groups), "labels": list(labels)}

    corpus = {"duplicates": {"pairs": [pair("gg"), pair("gh"), pair("ik", "ab")], "merged": False}}
    (line,) = duplicate_warning(corpus)
    assert line.startswith("2 pairs of songs seem") and "1 of them under different labels" in line
    assert "since --keep-duplicates was given" in line
    corpus["duplicates"]["merged"] = True
    assert "no split parts them" in duplicate_warning(corpus)[0]
    assert duplicate_warning({}) == [] == duplicate_warning({"duplicates": {"pairs": [pair("gg")]}})
