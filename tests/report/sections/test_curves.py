"""Areas of curves, tests of all pairs, and what others reached, in the report of a known run."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from classify.corpora.published import corpora
from classify.presentation.figures import save
from classify.report import blocks
from classify.report.run_view import read_view
from classify.report.sections import curves, differences, published
from tests.report.made_runs import N, write_run


def test_areas_of_curves_are_those_of_the_predictions(tmp_path):
    right = {"svm": np.arange(N) % 5 > 0, "knn": np.arange(N) % 2 > 0}
    view = read_view(write_run(tmp_path / "run", right, folds=4))
    found = list(curves.blocks(view))
    songs = view.test_songs[view.test_songs.model == "svm"]
    given = songs.label == "calm", songs["p:calm"]
    of_classes, of_models = blocks.tables(found)
    expected = [100 * area(*given) for area in (roc_auc_score, average_precision_score)]
    calm = of_classes.cells[0]
    assert [float(cell.text) for cell in calm[1:3]] == pytest.approx(expected, abs=0.05)
    assert calm[3].text == "50.0 %"
    assert [cells[0].text for cells in of_models.cells] == ["SVM", "KNN"]
    drawn = {one.name: one.draw for one in blocks.figures(found)}
    assert set(save(drawn, tmp_path)) == {"roc", "precision-recall"}


@pytest.mark.parametrize("folds", [1, 5])
def test_every_model_is_tested_against_every_other(tmp_path, folds):
    view = read_view(write_run(tmp_path / "run", {"svm": 38, "knn": 30, "nn3": 12}, folds=folds))
    (matrix,) = (one for one in blocks.tables(differences.blocks(view)) if one.dense)
    (svm, knn, nn3) = (cells[1:] for cells in matrix.cells)
    assert svm[0].text == "" and svm[2].text == "+65.0" and nn3[0].text == "−65.0"
    assert svm[2].small == nn3[0].small == "p < .001" and (svm[2].shade, nn3[0].shade) == (
        0.5,
        -0.5,
    )
    # one test of three: over all pairs at least as large as over those with the best model
    p = {row.name: row.difference.p_value for row in view.contenders if row.difference}
    assert view.pairs["svm", "knn"] >= p["knn"] and float(knn[0].small[2:]) > 0
    if folds == 1:
        assert view.pairs["svm", "knn"] == p["knn"]


def test_published_figures_say_whether_they_compare(tmp_path):
    emopia = corpora()["emopia"]
    run = write_run(tmp_path / "run", {"svm": 30})
    assert not list(published.blocks(read_view(run)))
    record = json.loads((run / "run.json").read_text())
    record["corpus"] |= {"name": "emopia", "citation": emopia.citation}
    (run / "run.json").write_text(json.dumps(record))
    table, _ = published.blocks(read_view(run))
    assert [cells[0].text for cells in table.cells] == ["SVM", *(x.system for x in emopia.reached)]
    assert {cells[4].text for cells in table.cells[1:]} == {"no, other test songs"}
    (tmp_path / "given").mkdir()
    run = write_run(
        tmp_path / "given" / "run", {"svm": 30}, split={"kind": "given"}, corpus=record["corpus"]
    )
    (table,) = published.blocks(read_view(run))
    assert [cells[4].text[:3] for cells in table.cells[1:]] == ["yes", "yes", "no,", "no,"]
