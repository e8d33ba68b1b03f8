"""Quantile transformers and forests that predict sooner, against scikit-learn's own."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from classify.baselines import song_vote
from classify.models.quick import Ranks, with_quick_parts


def table(seed: int, rows: int = 150) -> np.ndarray:
    """Columns as features are: continuous, of few values, constant, mostly 0."""
    draw = np.random.default_rng(seed)
    return np.column_stack([
        draw.normal(60, 9, rows), draw.integers(0, 4, rows), np.full(rows, 3.0),
        np.where(draw.random(rows) < 0.9, 0, draw.random(rows)), draw.gamma(1, 1e-3, rows),
    ])  # fmt: skip


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_values_are_those_of_scikit_learn(kind, distribution):
    theirs = QuantileTransformer(
        n_quantiles=100, output_distribution=distribution, random_state=0
    ).fit(table(0).astype(kind))
    ours = with_quick_parts(theirs)
    x = np.concatenate([table(1), table(0), 1e3 * table(2), -table(3)]).astype(kind)
    x[::7, 1] = np.nan
    before = x.copy()
    assert type(ours) is Ranks
    np.testing.assert_array_equal(ours.transform(x), theirs.transform(x))
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("kind", [ExtraTreesClassifier, RandomForestClassifier])
def test_forests_predict_what_those_of_scikit_learn_do(kind):
    x, y = table(0), np.arange(150) % 3
    theirs = kind(7, random_state=0).fit(np.nan_to_num(x), np.array(["b", "a", "c"])[y])
    ours = with_quick_parts(theirs)
    assert type(ours) is not kind and type(theirs) is kind
    for given in (table(1).astype(np.float32), np.asfortranarray(table(2))):
        np.testing.assert_array_equal(ours.predict_proba(given), theirs.predict_proba(given))
    assert ours.predict(table(1)).tolist() == theirs.predict(table(1)).tolist()


def test_a_vote_of_pipelines_predicts_the_same_and_stays_as_it_is():
    y = np.arange(150) % 3
    model = song_vote.build(0).set_params(trees__n_estimators=5).fit(table(0), y)
    quick = with_quick_parts(model)
    np.testing.assert_array_equal(quick.predict_proba(table(1)), model.predict_proba(table(1)))
    kinds = [type(step) for member in model.estimators_[:2] for _, step in member.steps]
    assert QuantileTransformer in kinds and Ranks not in kinds
    alone = make_pipeline(QuantileTransformer(n_quantiles=9)).fit(table(0))
    assert type(with_quick_parts(alone).steps[0][1]) is Ranks


def test_a_vote_within_a_vote_is_as_quick_and_predicts_the_same():
    x, y, originals = table(0), np.arange(150) % 3, np.arange(150) % 110
    x[110:] = x[:40]  # heard as they are
    model = song_vote.build(0).set_params(trees__n_estimators=2).fit(x, y, originals)
    quick = with_quick_parts(model)
    np.testing.assert_array_equal(quick.predict_proba(table(1)), model.predict_proba(table(1)))
    assert type(quick.lasting_vote_.estimators_[1].steps[0][1]) is Ranks
