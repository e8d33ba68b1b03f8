"""What random windows would have reported: sentences and ranks against known numbers."""

import pytest

from classify.report import write_report
from classify.report.run_view import read_view
from classify.report.sections import leak
from tests.report.made_runs import write_run

PROBES = {
    "kind": "song",
    "probes": [
        {"title": "nearest neighbour", "leaking": 0.61, "honest": 0.38, "points": 23.0},
        {"title": "random forest", "leaking": 0.5, "honest": 0.45, "points": 5.0},
    ],
}


def sentences(run) -> list[str]:
    view = read_view(run)
    ranked = [line for line in leak.read(view) if line.reported]
    return leak.sentences(ranked, leak._mean_inflation(view, ranked))


def test_the_probes_always_have_their_sentence(tmp_path):
    assert leak.probes(PROBES) == (
        "Random windows would have overestimated a nearest neighbour by 23 points (61 % of windows "
        "right instead of 38 %) and a random forest by 5 points (50 % of windows right instead "
        "of 45 %)."
    )
    html = write_report(write_run(tmp_path / "run", {"svm": 30})).read_text()
    assert "would have overestimated a nearest neighbour by 23 points" in html
    assert "With <code>--leak</code>" in html and "Kendall" not in html


def test_probes_that_gain_nothing():
    first, second = PROBES["probes"]
    none = second | {"points": -0.4, "leaking": 0.446, "honest": 0.45}
    assert leak.probes(PROBES | {"probes": [first, none]}).endswith(", but not a random forest.")
    assert leak.probes(PROBES | {"probes": [none]}) == (
        "Random windows would not have overestimated a random forest on this corpus."
    )
    assert "too few groups" in leak.probes(PROBES | {"probes": []})
    assert leak.probes(PROBES | {"kind": "window"}).startswith(
        "Random windows overestimate a nearest"
    )


def test_ranks_points_and_sentences(tmp_path):
    right = {"svm": 32, "knn": 20, "nn3": 28, "bi-nn3": 24}
    claimed = {"svm": 34, "knn": 38, "nn3": 36, "bi-nn3": 30, "majority": 20}
    found = leak.read(read_view(write_run(tmp_path / "run", right, leak=claimed)))
    ranks = {line.row.name: (line.reported, line.true) for line in found}
    assert ranks == {
        "knn": (1, 4), "nn3": (2, 2), "svm": (3, 1), "bi-nn3": (4, 3), "majority": (0, 0),
    }  # fmt: skip
    points = {line.row.name: 100 * line.inflation.value for line in found}
    assert points == pytest.approx({"knn": 45, "nn3": 20, "svm": 5, "bi-nn3": 15, "majority": 0})
    # of six pairs of models, two are in the same order under both
    knn = found[0].inflation
    assert 0 < knn.low < knn.value < knn.high
    said = sentences(tmp_path / "run")
    assert said[0].startswith(
        "Over these 4 models, on the same windows, random windows overestimate accuracy by 21.2 "
        "points (95 % interval "
    )
    assert "; most for KNN: by 45.0 points (95 % interval " in said[0]
    assert said[1:] == [
        "They would have called KNN best; on windows of unseen songs it is 4th of 4.",
        "Kendall's τ of the two rankings is −0.33: a ranking that goes against the true one.",
    ]
    html = write_report(tmp_path / "run").read_text()
    assert "called KNN best" in html and "--leak" not in html


def test_the_same_ranking(tmp_path):
    right = {"svm": 32, "knn": 20}
    said = sentences(write_run(tmp_path / "run", right, leak={"svm": 39, "knn": 30}))
    assert "They call SVM best, as windows of unseen songs do." in said
    assert "Kendall's τ of the two rankings is 1.00: the same ranking." in said


def test_random_windows_can_report_too_little(tmp_path):
    right = {"svm": 32, "knn": 20}
    said = sentences(write_run(tmp_path / "run", right, leak={"svm": 18, "knn": 18}))
    assert "do not significantly overestimate accuracy (−20.0 points (95 % interval" in said[0]
    assert said[0].endswith("; for no model is that significant.")
    assert "called SVM and KNN best; on windows of unseen songs they are" in said[1]
    assert len(said) == 2  # a ranking of equals has no correlation


def test_one_model_is_not_ranked(tmp_path):
    (said,) = sentences(write_run(tmp_path / "run", {"svm": 20}, leak={"svm": 36}))
    assert said.startswith(
        "Random windows report 90.0 % for SVM; on windows of unseen songs it reaches 50.0 %; "
        "random windows overestimate accuracy by 40.0 points ("
    )


def test_a_model_that_failed_under_one_split_is_left_out(tmp_path):
    right = {"svm": 32, "knn": 20, "nn3": 25}
    run = write_run(tmp_path / "run", right, failed="nn1", leak={"svm": 39, "knn": 30})
    assert [line.row.name for line in leak.read(read_view(run))] == ["svm", "knn"]
    write_report(run)


def test_rows_under_random_windows_touch_no_other_number(tmp_path):
    right = {"svm": 32, "knn": 20}
    plain = read_view(write_run(tmp_path / "a", right))
    leaking = read_view(write_run(tmp_path / "b", right, leak={"svm": 10, "knn": 39}))
    for a, b in zip(plain.rows, leaking.rows, strict=True):
        assert a.name == b.name and a.scores == b.scores and a.difference == b.difference
        assert (a.confusion == b.confusion).all()


def test_a_run_under_random_windows_is_not_set_beside_itself(tmp_path):
    split = {"kind": "window", "shared": 0.9}
    run = write_run(tmp_path / "run", {"svm": 32, "knn": 20}, split=split)
    assert leak.read(read_view(run)) == []
    html = write_report(run).read_text()
    assert html.index("This split leaks") < html.index('class="result"')
    assert "--leak" not in html
