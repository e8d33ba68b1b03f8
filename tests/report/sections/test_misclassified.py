"""Songs that go wrong: their order, their confidence, their pictures, and the full table."""

import csv
import re

import numpy as np
import pandas as pd
import pytest

from classify.report import write_report
from classify.report.run_view import View, read_view
from classify.report.sections import misclassified
from classify.report.song_predictions import of_model
from tests.report.made_checks import add_excerpts, change_predictions
from tests.report.made_runs import N, write_run


def with_confidence(folder, model: str, p: dict[int, float], temperature: float = np.nan):
    """Give a model's answers to some songs this probability, and all its songs a temperature."""

    def change(rows):
        own = (rows.model == model) & (rows.level == "song") & (rows.part == "test")
        rows["temperature"] = np.where(own, temperature, np.nan)
        for song, value in p.items():
            here = own & (rows.song == f"song <{song}>.mid")
            for name in ("calm", "happy"):
                rows.loc[here, f"p:{name}"] = np.where(
                    rows.loc[here, "answer"] == name, value, 1 - value
                )
        return rows

    change_predictions(folder, change)


def mistakes(view: View) -> pd.DataFrame:
    """Give the songs that the best model misclassifies, in the section's order."""
    own = view.test_songs[view.test_songs.model == view.best.name]
    return misclassified.most_confident(of_model(own, view.classes))


def test_the_most_confidently_wrong_come_first(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 37})
    with_confidence(run, "svm", {37: 0.6, 38: 0.9, 39: 0.7, 0: 0.99})
    found = mistakes(read_view(run))
    assert found.song.tolist() == [f"song <{i}>.mid" for i in (38, 39, 37)]
    first = found.iloc[0]
    assert (first.label, first.prediction) == ("calm", "happy")
    assert (first.confidence, first.p_true) == pytest.approx((0.9, 0.1))
    html = write_report(run).read_text()
    assert "as the model gave it" in html
    assert f"misclassifies 3 of {N} test songs. The most confident mistakes come first;" in html


def test_confidence_is_tempered(tmp_path):
    """Temperature 2 takes square roots: 0.9 and 0.1 become 3 to 1."""
    run = write_run(tmp_path / "run", {"svm": 37})
    with_confidence(run, "svm", {38: 0.9}, temperature=2.0)
    found = mistakes(read_view(run))
    song = found[found.song == "song <38>.mid"].iloc[0]
    assert (song.confidence, song.p_true) == pytest.approx((0.75, 0.25))
    assert "Confidence is calibrated" in write_report(run).read_text()


def test_repeats_are_averaged_and_counted(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 37})
    with_confidence(run, "svm", {38: 0.9, 39: 0.6})

    def again(rows):
        second = rows.assign(repeat=1)
        swapped = rows.song.isin(["song <38>.mid", "song <39>.mid"]) & (rows.model == "svm")
        second.loc[swapped, "answer"] = second.loc[swapped, "label"]
        right = np.where(second.loc[swapped, "label"] == "calm", 0.7, 0.3)
        second.loc[swapped, "p:calm"], second.loc[swapped, "p:happy"] = right, 1 - right
        return pd.concat([rows, second])

    change_predictions(run, again)
    found = mistakes(read_view(run)).set_index("song")
    assert found.right["song <37>.mid"] == 0 and found.repeats["song <37>.mid"] == 2
    twice = found.loc["song <38>.mid"]
    assert (twice.right, twice.repeats) == (1, 2)
    assert twice.confidence == pytest.approx((0.9 + 0.3) / 2)
    assert "song <39>.mid" not in found.index  # 0.6 against 0.7: right on the whole


def test_labels_that_most_models_confidently_contradict(tmp_path):
    late = np.arange(N) != 5
    run = write_run(
        tmp_path / "run",
        {"svm": 38, "knn": late & (np.arange(N) < 39)},
        sure={"knn": np.where(np.arange(N) == 5, 0.99, 0.9)},
    )
    found = misclassified.doubtful_labels(read_view(run))
    assert [row[:4] for row in found] == [("song <39>.mid", "happy", "calm", 2)]
    assert found[0][4] == pytest.approx(0.8)
    html = write_report(run).read_text()
    assert "Possible label errors: 1" in html and "calm (2 of 2)" in html


def test_one_model_alone_casts_no_doubt_on_labels(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 30})
    assert misclassified.doubtful_labels(read_view(run)) == []
    assert "label errors" not in write_report(run).read_text()


def test_a_model_that_is_always_right(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 40, "knn": 40})
    assert mistakes(read_view(run)).empty
    assert "KNN classifies all 40 test songs correctly" in write_report(run).read_text()


def test_no_model_at_all(tmp_path):
    run = write_run(tmp_path / "run", {}, failed="knn")
    assert list(misclassified.blocks(read_view(run))) == []
    assert "Misclassified songs" not in write_report(run).read_text()


def test_at_most_24_songs_each_with_its_roll(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 10})
    names = [f"song <{i}>.mid" for i in range(N)]
    add_excerpts(run, names, n_notes=900, drums=500)
    html = write_report(run).read_text()
    rolls = re.findall(
        r'<img src="data:image/svg\+xml;base64,([^"]*)" alt="Piano roll ([^"]*)"', html
    )
    assert len(rolls) == 24
    assert sum(len(data) for data, _ in rolls) < 1e6
    assert "900 notes from C2 to B5 and 500 drum strokes" in rolls[0][1]
    assert "&lt;" in rolls[0][1] and "<" not in rolls[0][1]
    assert "misclassifies 30 of 40 test songs. Here are the 24" in html


def test_a_roll_of_drums_alone_and_a_song_without_one(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 38})
    add_excerpts(run, ["song <38>.mid"], n_notes=0, drums=3)
    html = write_report(run).read_text()
    assert html.count("Piano roll of") == 1 and "song &lt;38&gt;.mid: 3 drum strokes." in html
    assert "song &lt;39&gt;.mid" in html


def test_the_full_table_keeps_any_name(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 37, "knn": 30}, failed="nn3")
    odd = 'a, "b"\nc; <é>\t=1+1.mid'
    change_predictions(run, lambda rows: rows.replace({"song": {"song <39>.mid": odd}}))
    write_report(run)
    with (run / "songs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == N
    by_name = {row["song"]: row for row in rows}
    assert by_name[odd]["label"] == "happy" and by_name[odd]["prediction:svm"] == "calm"
    assert by_name[odd]["models_wrong"] == "2" and by_name["song <36>.mid"]["models_wrong"] == "1"
    assert by_name["song <36>.mid"]["prediction:knn"] == "happy"
    assert all(row["prediction"] != row["label"] for row in rows[:3])
    assert all(row["prediction"] == row["label"] for row in rows[3:])
    assert {"prediction:majority", "prediction:svm", "prediction:knn"} <= set(rows[0])
    assert "prediction:nn3" not in rows[0]
