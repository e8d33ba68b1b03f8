"""Precision, recall and further scores against scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, matthews_corrcoef, precision_recall_fscore_support

from classify.evaluation.scores import confusion, mcc
from classify.report.run_view import read_view
from classify.report.sections import classes
from tests.report.made_runs import N, write_run


def test_each_class_by_itself(tmp_path):
    right = np.arange(N) % 3 > 0
    view = read_view(write_run(tmp_path / "run", {"svm": right}, folds=4))
    songs = view.test_songs[view.test_songs.model == "svm"]
    expected = np.array(precision_recall_fscore_support(songs.label, songs.prediction)).T
    table, further, folds = list(classes.blocks(view))
    for cells, values in zip(table.cells, expected, strict=True):
        shown = [float(cell.text) for cell in cells[1:]]
        assert shown == pytest.approx([*(100 * values[:3]), values[3]], abs=0.05)
    (row, _) = further.blocks[0].cells
    assert float(row[1].text) == pytest.approx(
        matthews_corrcoef(songs.label, songs.prediction), abs=0.005
    )
    p = songs[["p:calm", "p:happy"]].to_numpy()
    assert float(row[2].text) == pytest.approx(log_loss(songs.label, p), abs=0.005)
    assert row[3].text == "–"  # a run that does not say what its choices scored
    assert [cell.text for cell in folds.blocks[0].cells[-1]] == ["songs", "10", "10", "10", "10"]


def test_matthews_correlation_of_many_classes_is_scikit_learns():
    draw = np.random.default_rng(0)
    for _ in range(5):
        truth, predicted = draw.integers(0, 4, (2, 60))
        counts = confusion(truth, predicted, 4)
        assert float(mcc(counts)) == pytest.approx(matthews_corrcoef(truth, predicted))
