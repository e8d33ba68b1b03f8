"""Feature importance, from tables whose numbers are known."""

import numpy as np
import pandas as pd

from classify.experiments import results
from classify.report import write_report
from classify.report.run_view import read_view
from classify.report.sections import feature_importance
from tests.report.made_runs import N, write_run


def rows(model, level, name, without, alone=np.nan, members="", fold=0, songs=None) -> pd.DataFrame:
    """What each of 40 songs loses without, and gains by, some columns."""
    songs = np.arange(N) if songs is None else songs
    names = [f"song <{i}>.mid" for i in songs]
    without, alone = (np.broadcast_to(v, N)[songs] for v in (without, alone))
    return pd.DataFrame(
        {"level": level, "name": name, "members": members, "without": without, "alone": alone,
         "without_right": without, "alone_right": alone, "model": model, "repeat": 0,
         "fold": fold, "song": names, "group": names}
    )  # fmt: skip


def made(folder, *frames, right=None, **more):
    run = write_run(folder / "run", right or {"svm": 38, "knn": 30}, **more)
    results.write_parquet(run / results.IMPORTANCE, pd.concat(frames, ignore_index=True))
    return run


HALF = np.arange(N) < 20
FEW = np.arange(N) < 2


def test_families_by_what_the_best_model_on_features_gets_from_them(tmp_path):
    run = made(
        tmp_path,
        rows("knn", "family", "key", FEW.astype(float), 0.0),
        rows("knn", "family", "rhythm", HALF.astype(float), HALF * 0.5),
        rows("knn", "feature", "leap_share", 0.5 + HALF, members="leap_share; leap_mean"),
        rows("knn", "feature", "dull_one", FEW - 0.05, members="dull_one"),
    )
    found = feature_importance.read(read_view(run))
    assert found.row.name == "knn" and found.n_songs == N  # svm is better and takes notes
    rhythm, key = found.families
    assert (rhythm.without.value, rhythm.alone.value, rhythm.credit.value) == (0.5, 0.25, 0.375)
    assert 0 < rhythm.credit.low < 0.375 < rhythm.credit.high
    assert key.name == "key" and key.credit.low <= 0 < key.credit.value
    first, second, third = feature_importance.sentences(found)
    assert first.startswith("Important to KNN: rhythm (37.5); in points of accuracy")
    assert second == "The interval includes zero for key."
    assert third.endswith("from the first on: leap share with 1 like it and dull one (?).")


def test_songs_of_all_folds_count_and_features_tried_in_most_of_them(tmp_path):
    odd, even = np.arange(1, N, 2), np.arange(0, N, 2)
    frames = []
    for fold, songs in enumerate((odd, even)):
        frames.append(rows("svm", "family", "key", HALF.astype(float), 0.0, "", fold, songs))
        frames.append(rows("svm", "feature", "both", 0.1, np.nan, "both", fold, songs))
    frames.append(rows("svm", "feature", "one_fold", 0.9, np.nan, "one_fold", 0, odd))
    found = feature_importance.read(read_view(made(tmp_path, *frames, folds=2)))
    assert found.n_songs == N and found.families[0].without.value == 0.5
    assert [feature.name for feature in found.features] == ["both"]


def test_songs_that_cannot_say(tmp_path):
    run = made(tmp_path, rows("svm", "family", "key", 0.0, 0.0))
    assert feature_importance.sentences(feature_importance.read(read_view(run))) == [
        "These songs cannot say which family of features matters to SVM."
    ]


def test_both_pages_hold_the_section(tmp_path):
    run = made(
        tmp_path,
        rows("svm", "family", "rhythm", HALF.astype(float), HALF * 0.5),
        rows("svm", "feature", "leap_share", 0.5 + HALF, members="leap_share"),
    )
    html = write_report(run).read_text()
    markdown = (run / "report.md").read_text()
    for text in (html, markdown):
        assert "Feature importance" in text and "leap share." in text
    assert "| rhythm | 50.0 (" in markdown
    assert 'alt="Points of accuracy that SVM gets from each family' in html
    assert "rhythm 37.5 (" in html and (run / "figures" / "feature-importance.svg").is_file()


def test_runs_without_the_table_or_without_such_models_have_no_section(tmp_path):
    run = write_run(tmp_path / "old", {"svm": 38, "knn": 30})
    assert "Feature importance" not in write_report(run).read_text()
    (tmp_path / "b").mkdir()
    run = made(tmp_path / "b", rows("gone", "family", "key", 0.1, 0.1))
    assert feature_importance.read(read_view(run)) is None
