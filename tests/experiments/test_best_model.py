"""One rule for which model is best, on ties too, wherever one is chosen."""

import numpy as np
import pandas as pd

from classify.experiments.best_model import best_model, ranking
from classify.inference.training_plan import plan_of_run
from classify.report.run_view import read_view
from tests.report.made_runs import N, write_run


def scores(**models: tuple[float, float, float]) -> pd.DataFrame:
    """Lay out song accuracy, macro-F1 and window accuracy of each model, as scores.csv does."""
    rows = [
        (name, level, metric, value)
        for name, values in models.items()
        for (level, metric), value in zip(
            (("song", "accuracy"), ("song", "macro_f1"), ("window", "accuracy")),
            values, strict=True,
        )
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["model", "level", "metric", "value"])
    return table.assign(part="test", protocol="song")


def test_accuracy_then_macro_f1_then_windows_then_the_name():
    assert best_model(scores(a=(0.5, 0.9, 0.9), b=(0.6, 0.1, 0.1)), "song") == "b"
    assert best_model(scores(a=(0.5, 0.4, 0.9), b=(0.5, 0.5, 0.1)), "song") == "b"
    assert best_model(scores(a=(0.5, 0.5, 0.1), b=(0.5, 0.5, 0.2)), "song") == "b"
    assert ranking(scores(b=(0.5,) * 3, c=(0.5,) * 3, a=(0.5,) * 3), "song") == ["a", "b", "c"]
    nearly = scores(b=(0.5,) * 3, a=(0.5 - 1e-9, 0.5, 0.5))  # scores.csv keeps six digits
    assert best_model(nearly, "song") == "a"


def test_the_majority_class_is_never_best():
    table = scores(majority=(0.9, 0.9, 0.9), svm=(0.2, 0.2, 0.2))
    assert best_model(table, "song") == "svm"
    assert best_model(table[table.model == "majority"], "song") is None


def test_only_the_own_split_and_the_test_part_count():
    table = scores(a=(0.5,) * 3, b=(0.4,) * 3)
    leak = scores(a=(0.1,) * 3, b=(0.9,) * 3).assign(protocol="window")
    train = scores(a=(0.1,) * 3, b=(0.9,) * 3).assign(part="train")
    assert best_model(pd.concat([leak, train, table]), "song") == "a"


def test_report_and_training_choose_the_same_of_equals(tmp_path):
    """Both are right as often, on other songs; the majority class as often as they."""
    first = np.arange(N) < N // 2
    folder = write_run(tmp_path / "run", {"svm": ~first, "knn": first})
    chosen = read_view(folder).contenders[0].name
    assert plan_of_run(folder, None).model == chosen == "knn"
