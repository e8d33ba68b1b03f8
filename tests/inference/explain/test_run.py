"""importance.csv of a run that was really made."""

import pandas as pd
import pytest

from classify.errors import InputError
from classify.experiments.comparison import compare
from classify.experiments.settings import Settings
from classify.inference.explain.run import IMPORTANCE, write_importance
from tests.conftest import write_corpus

pytestmark = pytest.mark.slow  # fits on several corpora


@pytest.mark.parametrize(
    ("model", "folds", "levels"),
    [("features-logistic", 1, {"family", "feature"}), ("logistic", 2, {"channel"})],
)
def test_a_run_is_told_what_its_model_rests_on(tmp_path, model, folds, levels):
    corpus = write_corpus(tmp_path / "songs", per_class=10)
    settings = Settings(str(corpus), window=20, models=(model,), quick=True, folds=folds)
    folder = compare(settings, tmp_path / "run", n_workers=1)
    table = pd.read_csv(write_importance(folder), keep_default_na=False)
    assert folder / IMPORTANCE in folder.iterdir()
    assert set(table.model) == {model} and set(table.level) == levels
    assert set(table.question) == {"without", "alone", "credit"}
    assert (table.low <= table.high).all()
    credit = table[(table.metric == "log_likelihood") & (table.question == "credit")]
    best = credit.loc[credit.value.idxmax()]
    assert best.value > 0 and best.n_songs >= 4
    if model == "logistic":  # low and slow against high and fast; all are equally loud
        assert best["name"] in ("pitch", "inter-onset", "duration")
        assert (credit[credit.name == "velocity"].value == 0).all()


def test_a_model_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no run"):
        write_importance(tmp_path)
