"""Differences between models: every sentence against numbers worked out another way."""

import numpy as np
import pytest
from scipy.stats import t as student

from classify.evaluation import paired
from classify.evaluation.significance import holm, pooled
from classify.report.run_view import read_view
from classify.report.sections import differences
from tests.report.made_runs import N, write_run


def told(folder, right, **more) -> dict[str, str]:
    view = read_view(write_run(folder / "run", right, **more))
    rows = [row for row in view.scored if row.difference]
    return {row.name: differences.sentence(row, row.difference) for row in rows}


def test_every_other_model_has_a_sentence(tmp_path):
    said = told(tmp_path, {"svm": 38, "knn": 15, "nn3": 37}, failed="logistic")
    assert set(said) == {"knn", "nn3", "majority"}
    assert said["knn"].startswith("ahead of KNN by 57.5 points (")
    assert said["knn"].endswith("), statistically significant (adjusted p < .001)")
    assert said["nn3"].startswith("ahead of NN3 by 2.5 points (")
    assert said["nn3"].endswith("), not significant after Holm's correction (adjusted p = 1.000)")
    assert said["majority"].startswith("ahead of the majority class by 45.0 points (")


def test_the_interval_of_a_hold_out_is_that_of_paired_songs(tmp_path):
    view = read_view(write_run(tmp_path / "run", {"svm": 38, "knn": 30}))
    found = view.contenders[1].difference
    values = np.repeat([1.0, 0.0], [8, 32])  # right by svm only, by both or neither
    half = student.ppf(0.975, N - 1) * values.std(ddof=1) / np.sqrt(N)
    assert found.points.value == pytest.approx(0.2)
    assert found.points.low == pytest.approx(0.2 - half, abs=0.03)
    assert found.points.high == pytest.approx(0.2 + half, abs=0.03)
    assert found.probabilities is None


def test_models_that_are_right_on_the_same_songs(tmp_path):
    said = told(tmp_path, {"svm": 30, "knn": 30})
    assert said["svm"] == "right on the very same songs as SVM (adjusted p = 1.000)"
    (tmp_path / "folds").mkdir()
    said = told(tmp_path / "folds", {"svm": 30, "knn": 30}, folds=4)
    assert said["svm"].startswith("right on the very same songs as SVM (adjusted p = 1.000); with")
    assert "> 99 % practically equivalent" in said["svm"]


def test_a_tie_on_other_songs(tmp_path):
    said = told(tmp_path, {"svm": 30, "knn": np.arange(N) >= 10})
    assert said["svm"].startswith("level with SVM (") and said["svm"].endswith(
        "(adjusted p = 1.000)"
    )


def test_the_majority_class_can_be_ahead(tmp_path):
    said = told(tmp_path, {"svm": 16, "knn": 12})
    assert said["majority"].startswith("behind the majority class by 10.0 points (")
    assert "not significant" in said["majority"]


def test_folds_have_the_corrected_t_test_and_a_probability(tmp_path):
    rng = np.random.default_rng(0)
    svm, knn = rng.random((2, 4, N)) < np.array([0.8, 0.6])[:, None, None]
    view = read_view(write_run(tmp_path / "run", {"svm": svm, "knn": knn}, folds=5, repeats=4))
    assert view.contenders[0].name == "svm"
    found = view.contenders[1].difference
    values = np.array(
        [
            (svm[r].astype(int) - knn[r])[(np.arange(N) // 2 + r) % 5 == f].mean()
            for r in range(4)
            for f in range(5)
        ]
    )
    scale = np.sqrt((1 / 20 + 1 / 4) * values.var(ddof=1))
    assert found.points.value == pytest.approx(values.mean())
    p_value = 2 * student.sf(values.mean() / scale, 19)
    assert found.p_value == pytest.approx(2 * p_value)  # the smaller of two, after Holm
    half = student.ppf(0.975, 19) * scale
    assert (found.points.low, found.points.high) == pytest.approx(
        (values.mean() - half, values.mean() + half)
    )
    better = student.sf(0.01, 19, values.mean(), scale)
    assert found.probabilities.a_better == pytest.approx(better)
    assert f"with {100 * better:.0f} % probability really better" in differences.sentence(
        view.contenders[1], found
    )
    assert view.contenders[1].spread == pytest.approx(
        np.std(
            [knn[r][(np.arange(N) // 2 + r) % 5 == f].mean() for r in range(4) for f in range(5)],
            ddof=1,
        )
    )


def test_p_values_over_folds_are_adjusted_over_the_comparisons_shown(tmp_path):
    rng = np.random.default_rng(1)
    good = dict(zip(("svm", "knn", "nn3"), rng.random((3, 1, N)) < 0.7, strict=True))
    view = read_view(write_run(tmp_path / "three", good, folds=5))
    rows = view.predictions
    songs = rows[(rows.level == "song") & (rows.part == "test")]
    right = paired.right_table(songs).astype(int)
    best, *others = [row.name for row in view.scored]
    groups = [str(song) for song in range(N)]
    raw = [pooled((right[best] - right[o]).to_numpy(float), groups, 5).p_value for o in others]
    found = [row.difference.p_value for row in view.scored[1:]]
    np.testing.assert_allclose(found, holm(raw))


def test_an_interval_without_zero_can_still_be_not_significant_among_many(tmp_path):
    right = {f"model-{i}": np.arange(N) >= 40 - 28 + i for i in range(9)} | {"svm": 34}
    said = told(tmp_path, right)
    view = read_view(tmp_path / "run")
    for row in view.contenders[1:]:
        found, sentence = row.difference, said[row.name]
        assert ("not significant" in sentence) == (found.p_value >= 0.05)
        assert ("over so many" in sentence) == (found.p_value >= 0.05 and found.points.low > 0)


def test_of_one_group_of_songs_nothing_is_known(tmp_path):
    said = told(tmp_path, {"svm": 38, "knn": 30}, groups=["one"] * N)
    assert said["knn"].startswith("ahead of KNN by 20.0 points (−100.0 to 100.0), not significant")
