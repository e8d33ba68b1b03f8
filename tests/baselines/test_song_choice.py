"""Votes and stacks choose their members inside the training part, and part no group there."""

import importlib
import pkgutil

import numpy as np
import pytest
from classify.baselines.song_choice import (
    FOLDS,
    ROUNDS,
    SelectedEnsemble,
    chosen_weights,
    fitted_steepness,
    whole_folds,
)
from classify.baselines.song_stack import StackedEnsemble
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.utils.validation import has_fit_parameter

from classify import baselines
from classify.baselines import song_choice, song_stack
from classify.models.baseline_classifier import BaselineClassifier

#: Columns of `songs`: what the class moves, and what only tells the group.
SIGNAL, GROUP = [0], [1, 2, 3]


def songs(seed: int = 0, n_groups: int = 60, each: int = 6):
    """Songs whose groups are recognised at once, and whose class has been drawn for the group."""
    draw = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_groups), each)
    y = np.repeat(np.arange(n_groups) % 2, each)
    x = draw.normal(size=(len(group), 4))
    x[:, SIGNAL] += 2.5 * y[:, None]
    x[:, GROUP] = draw.normal(size=(n_groups, 3))[group] + 1e-3 * x[:, GROUP]
    return x.astype(np.float32), np.array(["calm", "wild"])[y], group.astype(str)


def on(columns: list[int], model):
    return make_pipeline(
        FunctionTransformer(np.take, kw_args={"indices": columns, "axis": 1}), model
    )


def two():
    """A regression on the signal, and a memory of groups: worthless for songs of new groups."""
    signal = on(SIGNAL, LogisticRegression())
    return [("memory", on(GROUP, KNeighborsClassifier(1))), ("signal", signal)]


class Counting(LogisticRegression):
    """Counts how often it is fitted, by the column that it reads."""

    fits: dict[int, int] = {}  # noqa: RUF012 - shared by clones on purpose

    def __init__(self, column: int = 0) -> None:
        super().__init__()
        self.column = column

    def fit(self, x, y):
        self.fits[self.column] = self.fits.get(self.column, 0) + 1
        return super().fit(x[:, [self.column]], y)

    def predict_proba(self, x):
        return super().predict_proba(x[:, [self.column]])


@pytest.mark.parametrize("kind", [SelectedEnsemble, StackedEnsemble])
def test_groups_are_not_parted(kind):
    """With groups parted, the memory of groups looks nearly perfect, and takes the vote."""
    x, y, group = songs()
    new_x, new_y, _ = songs(seed=1)
    kept = kind(two()).fit(x, y, group)
    assert kept.weights_.tolist() == [0, 1]
    assert (kept.predict(new_x) == new_y).mean() > 0.8
    assert kind(two()).fit(x, y).weights_[0] > 0.5


def test_groups_reach_the_choice_through_every_fit(monkeypatch):
    """The model's own and those of the inner folds, which its calibration rests on."""
    monkeypatch.setattr(song_choice, "build", lambda seed: SelectedEnsemble(two(), seed))
    x, y, group = songs()
    kept = BaselineClassifier("song-choice").fit(x[:, None], y, group)
    assert kept.model_.weights_.tolist() == [0, 1]
    assert (kept.classes_[kept.held_out_.argmax(axis=1)] == y).mean() > 0.8
    parted = BaselineClassifier("song-choice").fit(x[:, None], y)
    assert parted.model_.weights_[0] > 0.5


@pytest.mark.parametrize("kind", [SelectedEnsemble, StackedEnsemble])
def test_noise_is_neither_chosen_nor_fitted_again(kind):
    """A member is fitted once a fold, and once more on everything only if it is chosen."""
    x, y, _ = songs(n_groups=180, each=1)
    Counting.fits.clear()
    model = kind([("noise", Counting(3)), ("signal", Counting(0))]).fit(x, y)
    assert model.weights_.tolist() == [0, 1]
    assert Counting.fits == {3: FOLDS, 0: FOLDS + 1}
    assert len(model.models_) == 1


def test_members_that_err_in_other_places_share_the_vote():
    sure, unsure = [0.9, 0.1], [0.4, 0.6]
    p = np.array([[sure, sure, unsure, unsure], [unsure, unsure, sure, sure], [[0.5, 0.5]] * 4])
    codes = np.zeros(4, dtype=int)
    assert chosen_weights(p, codes).tolist() == [0.5, 0.5, 0]


def test_the_best_vote_is_kept_not_the_last():
    """After a perfect pair every further member makes it worse."""
    draw = np.random.default_rng(0)
    p, codes = draw.dirichlet([1, 1, 1], size=(6, 200)), draw.integers(0, 3, 200)
    weights = chosen_weights(p, codes)
    assert weights.sum() == pytest.approx(1)
    assert (weights * ROUNDS <= ROUNDS).all()
    vote = log_loss(codes, np.average(p, axis=0, weights=weights))
    assert vote <= min(log_loss(codes, own) for own in p)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_member_without_probabilities_gets_calibrated_ones(n_classes):
    draw = np.random.default_rng(0)
    y = np.arange(300) % n_classes
    x = draw.normal(size=(300, 2)) + 2 * np.stack([y == 1, y == 2], axis=1)
    model = SelectedEnsemble([("svm", SVC())]).fit(x[:200], y[:200])
    p = model.predict_proba(x[200:])
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert log_loss(y[200:], p) < 0.75 * np.log(n_classes)


def test_members_that_are_too_sure_are_made_calmer():
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 3, 2000)
    honest = draw.normal(size=(2000, 3)) + 1.5 * np.eye(3)[codes]
    right = fitted_steepness(honest, codes)
    assert fitted_steepness(4 * honest, codes) == pytest.approx(right / 4, rel=1e-3)
    assert fitted_steepness(draw.normal(size=(2000, 3)), codes) < 0.1


def test_a_stack_mends_what_a_vote_cannot():
    """The only member leans to one class; the regression learns how far."""
    draw = np.random.default_rng(0)
    y = np.arange(400) % 2
    x = (draw.normal(size=400) + 1.5 * y)[:, None]
    member = [("leaning", LogisticRegression(class_weight={0: 1, 1: 60}))]
    vote, stack = (
        kind(member).fit(x[:200], y[:200]) for kind in (SelectedEnsemble, StackedEnsemble)
    )
    assert (stack.predict(x[200:]) == y[200:]).mean() > 0.7
    assert (vote.predict(x[200:]) == y[200:]).mean() < 0.6
    assert stack.final_.coef_.shape == (1, 2)


def test_folds_hold_out_every_row_once_and_part_no_group():
    _, y, group = songs()
    parts = whole_folds(y, group, 3, 0)
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(len(y)))
    assert all(not set(group[fit]) & set(group[held]) for fit, held in parts)
    assert len(whole_folds(np.array([0, 0, 0, 1, 1]), None, 3, 0)) == 2


def test_songs_that_cannot_be_split_are_refused():
    with pytest.raises(ValueError, match="a class has songs of a single group"):
        whole_folds(np.array([0, 0, 1, 1]), ["a", "a", "b", "c"], 3, 0)
    with pytest.raises(ValueError, match="no fold has songs of every class"):
        whole_folds(np.array([0, 1, 1, 2, 2, 0, 3, 4, 4, 5, 5, 3]), list("aabbccddeeff"), 2, 0)


def test_models_that_fold_for_themselves_have_nothing_to_search():
    """A grid search would not hand their groups on."""
    modules = [importlib.import_module(f"classify.baselines.{m.name}")
               for m in pkgutil.iter_modules(baselines.__path__)]  # fmt: skip
    folding = [m for m in modules if has_fit_parameter(m.build(0), "groups")]
    assert {song_choice, song_stack} <= set(folding)
    assert not any(module.GRID for module in folding)
