"""Runs side by side: what is said and tested, against runs whose numbers are known."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, friedmanchisquare, ttest_1samp, wilcoxon
from scipy.stats import t as student

from classify.errors import InputError
from classify.experiments import results
from classify.files import read_json, write_json
from classify.report.side_by_side import figures, write_side_by_side
from classify.report.side_by_side import text as sentences
from classify.report.side_by_side.data import read_runs
from tests.report.made_runs import N, write_run
from tests.report.side_by_side.made_sides import change, on_corpora, refold


def said(folders) -> str:
    compared = read_runs(folders)
    lines = sentences.warnings(compared)
    lines += sentences.across(compared.across) if compared.across else []
    for same in compared.same:
        lines += sentences.same_corpus(same)
    return " ".join([*lines, sentences.differing(compared)])


def two(tmp_path, first: dict, second: dict, **changes) -> list:
    return [write_run(tmp_path / "a", first), write_run(tmp_path / "b", second, **changes)]


def test_the_same_songs_are_tested_in_pairs(tmp_path):
    runs = two(tmp_path, {"svm": 38, "knn": 30, "nn3": 20}, {"svm": 28, "knn": 31, "nn3": 29})
    same = read_runs(runs).same[0]
    p = {pair.title: pair.difference.p_value for pair in same.paired}
    # 10, 1 and 9 songs that only one of the two has right, all on one side; Holm: times 3, 1, 2
    assert p["SVM"] == pytest.approx(3 * binomtest(0, 10).pvalue)
    assert p["NN3"] == pytest.approx(2 * binomtest(0, 9).pvalue)
    assert p["KNN"] == 1
    svm = next(pair for pair in same.paired if pair.title == "SVM")
    assert (svm.gained, svm.lost, svm.difference.points.value) == (0, 10, pytest.approx(-0.25))
    assert -0.45 < svm.difference.points.low < -0.25 < svm.difference.points.high < -0.08
    assert "MAJORITY" not in p
    text = said(runs)
    assert "In a SVM has the highest accuracy: 95.0 % of the 40 test songs" in text
    assert "Of 3 models in both, 2 are more accurate in b and 1 in a." in text
    assert "SVM is right for 25.0 points more of the songs in a than in b, statistically" in text
    assert "NN3 is right for 22.5 points more of the songs in b than in a, statistically" in text
    assert "No other difference is significant." in text
    assert "No setting, seed or version differs." in text


def test_differences_that_are_not_significant(tmp_path):
    text = said(two(tmp_path, {"svm": 30, "knn": 30}, {"svm": 31, "knn": 28}))
    assert "No model's two results are significantly different." in text
    assert "statistically significant" not in text


def test_only_what_differs_is_in_the_table(tmp_path):
    runs = two(tmp_path, {"svm": 30}, {"svm": 31})
    change(runs[1], settings={"seed": 7}, windows={"window": 64}, versions={"python": "3.12"})
    assert read_runs(runs).differing == [
        ("seed", ["0", "7"]),
        ("window", ["16", "64"]),
        ("python", ["3.11", "3.12"]),
    ]
    assert "What differs: seed, window and python." in said(runs)


def test_a_model_that_one_run_lacks(tmp_path):
    runs = two(tmp_path, {"svm": 30, "knn": 28}, {"svm": 31}, failed="nn3")
    text = said(runs)
    assert "NN3 failed in b and has no scores there: MemoryError: no room." in text
    assert "KNN has scores in a only." in text
    page = write_side_by_side(runs, tmp_path / "out").with_suffix(".md").read_text()
    assert re.search(r"\| KNN \| 70.0 [^|]*\|[^|]*\| – \| – \|", page)


def test_other_songs_cannot_be_paired(tmp_path):
    runs = two(tmp_path, {"svm": 38}, {"svm": 10})
    shift_songs(runs[1], 4)
    same = read_runs(runs).same[0]
    assert same.paired == []
    text = said(runs)
    assert (
        "b cannot be tested against a, since other songs were held out: a has 40 test songs" in text
    )
    assert "and 36 are in both" in text and "statistically significant" not in text


def shift_songs(run, count: int) -> None:
    """Give some test songs other names."""
    table, scored = results.read(run)
    others = {f"song <{i}>.mid": f"other {i}.mid" for i in range(count)}
    table["song"] = table.song.replace(others)
    results.write(run, table, scored)


def test_the_same_folds_have_a_t_test_over_songs(tmp_path):
    rng = np.random.default_rng(0)
    good, poor = rng.random(N) < 0.9, rng.random(N) < 0.5
    names = zip("ab", (good, poor), strict=True)
    runs = [write_run(tmp_path / name, {"svm": right}, folds=5) for name, right in names]
    same = read_runs(runs).same[0]
    steps = poor.astype(int) - good
    plain = ttest_1samp(steps, 0).statistic  # its variance is 1, that over five folds 1 + 5/4
    p = 2 * student.sf(abs(plain) / np.sqrt(1 + 5 / 4), N - 1)
    difference = same.paired[0].difference
    assert difference.p_value == pytest.approx(p)
    assert difference.points.value == pytest.approx(np.mean(steps))
    assert "t test over songs, widened for 5 folds" in sentences.test_used(same)


def test_other_folds_cannot_be_paired(tmp_path):
    runs = [
        write_run(tmp_path / "a", {"svm": 38}, folds=5),
        write_run(tmp_path / "b", {"svm": 10}),
        refold(write_run(tmp_path / "c", {"svm": 10}, folds=5)),
    ]
    text = said(runs)
    start = "cannot be tested against a, since"
    assert f"b {start} one was tested on 5 folds and the other on one hold-out" in text
    assert f"c {start} the same songs were divided into folds in another way" in text
    assert "statistically significant" not in text


def test_a_leaking_run_is_named_first(tmp_path):
    runs = two(tmp_path, {"svm": 30}, {"svm": 31})
    change(runs[1], split={"shared": 0.9})
    assert said(runs).startswith("The split of b leaks: 90.0 % of its test windows come from")


def test_two_corpora_are_too_few(tmp_path):
    compared = read_runs(on_corpora(tmp_path, {"svm": [30, 31], "knn": [20, 21], "nn3": [25, 18]}))
    text = " ".join(sentences.across(compared.across))
    assert "SVM has the best mean rank by song accuracy, 1.00, of 3 models" in text
    assert "2 corpora are too few for any test of ranks" in text
    assert "Friedman" not in text and not compared.same
    assert (
        sentences.differing(compared)
        == "Apart from the corpus, no setting, seed or version differs."
    )


def test_three_corpora_cannot_reach_05(tmp_path):
    runs = on_corpora(tmp_path, {"svm": [30, 31, 38], "knn": [20, 21, 22], "nn3": [25, 18, 20]})
    text = said(runs)
    assert "A Wilcoxon test over 3 corpora cannot reach .05: where one model wins" in text
    assert "p is .250" in text and "takes 7 corpora at least" in text
    assert "No two models are significantly different over these corpora." in text


SIX = {"svm": [38, 37, 36, 35, 34, 33], "knn": [20, 22, 25, 21, 19, 30]}


def test_two_models_on_six_corpora_against_scipy(tmp_path):
    across = read_runs(on_corpora(tmp_path, SIX)).across
    assert across.ranking.friedman is None
    p = wilcoxon(SIX["svm"], SIX["knn"]).pvalue
    assert across.ranking.p_values[0, 1] == pytest.approx(p)
    text = " ".join(sentences.across(across))
    assert "SVM ranks significantly above KNN (adjusted p = .031)." in text
    assert "enough to find a difference between two models if one wins nearly everywhere" in text


def test_three_models_on_six_corpora_against_scipy(tmp_path):
    right = SIX | {"nn3": [30, 21, 28, 20, 18, 28]}
    across = read_runs(on_corpora(tmp_path, right)).across
    assert across.ranking.friedman == pytest.approx(friedmanchisquare(*right.values()).pvalue)
    assert [line.title for line in across.ranked] == ["SVM", "KNN", "NN3"]
    assert across.ranking.mean == pytest.approx([1, 14 / 6, 16 / 6])
    text = " ".join(sentences.across(across))
    assert "Holm-adjusted for 3 pairs of models, cannot reach .05" in text and ".094" in text


def test_a_model_without_a_score_everywhere_has_no_rank(tmp_path):
    right = {"svm": [30, 31, 38], "knn": [20, 21, 22], "nn3": [39, -1, 39]}
    across = read_runs(on_corpora(tmp_path, right)).across
    assert [line.title for line in across.ranked] == ["SVM", "KNN"]
    assert "NN3 is not ranked, for want of a score on every corpus." in sentences.across(across)


def test_corpora_of_different_classes(tmp_path):
    runs = on_corpora(tmp_path / "x", {"svm": [30], "knn": [20]}, labels=("calm", "happy"))
    runs += on_corpora(tmp_path / "y", {"svm": [31], "knn": [25]}, labels=("jazz", "rock"))
    change(runs[1], corpus={"fingerprint": "f" * 64})
    compared = read_runs(runs)
    assert compared.across.names == ["c0 (x/c0)", "c0 (y/c0)"]
    assert ("classes", ["calm, happy", "jazz, rock"]) in compared.differing
    html = write_side_by_side(runs, tmp_path / "out").read_text()
    assert "c0 (x/c0)" in html and "jazz, rock" in html


def test_runs_of_one_corpus_among_others(tmp_path):
    runs = on_corpora(tmp_path, {"svm": [30, 31, 32], "knn": [20, 25, 20]})
    again = change(write_run(tmp_path / "again", {"svm": 10}), corpus={"fingerprint": f"{1:064d}"})
    compared = read_runs([*runs, again])
    assert [side.name for side in compared.across.runs] == ["c0", "c1", "c2"]
    assert [side.name for side in compared.same[0].runs] == ["c0", "again"]


def test_runs_that_cannot_be_laid_side_by_side(tmp_path):
    runs = two(tmp_path, {"svm": 30}, {"svm": 31})
    with pytest.raises(InputError, match="two runs at least"):
        read_runs(runs[:1])
    with pytest.raises(InputError, match="is named twice"):
        read_runs([runs[0], tmp_path / "b" / ".." / "a"])
    record = read_json(runs[1] / "run.json")
    del record["finished"]
    write_json(runs[1] / "run.json", record)
    with pytest.raises(InputError, match=f"{runs[1]}: its run has not finished"):
        write_side_by_side(runs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sides")
    right = {"svm": [38, 37, 36], "k<b>n": [30, 31, 29], "nn3": [22, 25, 28]}
    runs = on_corpora(folder, right)
    runs.append(
        change(write_run(folder / "A$AP <i>", {"svm": 10}), corpus={"fingerprint": "0" * 63 + "1"})
    )
    return write_side_by_side(runs, folder / "out"), runs


def test_the_page_is_one_file_that_needs_no_network(page):
    html = page[0].read_text()
    targets = re.findall(r"""(?:src|href)\s*=\s*["']?(#|.{5})""", html)
    assert targets.count("data:") == 4 and set(targets) == {"data:", "#"}
    assert not re.findall(r"url\(|@import|<script", html)
    assert "<i>" not in html and "A$AP &lt;i&gt;" in html and "<b>" not in html
    for picture in re.findall(r"<img [^>]*>", html):
        assert len(re.search(r'alt="([^"]*)"', picture)[1]) > 40
    saved = {path.name for path in (page[0].parent / "figures").iterdir()}
    assert saved == {f"sides-{name}.svg" for name in ("same-0", "across", "ranks", "pairs")}


def test_the_same_runs_give_the_same_page(page):
    before = page[0].read_bytes()
    assert write_side_by_side(page[1], page[0].parent).read_bytes() == before


def test_drawing_leaves_pyplot_as_it_was(page):
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    plt.switch_backend("svg")
    try:
        before = dict(mpl.rcParams)
        write_side_by_side(page[1], page[0].parent)
        assert dict(mpl.rcParams) == before and not plt.get_fignums()
    finally:
        plt.switch_backend("agg")


def test_aeon_is_only_loaded_to_draw():
    tree = ast.parse(Path(figures.__file__).read_text())
    top = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    inside = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert "aeon.visualisation" in inside and "aeon.visualisation" not in top
