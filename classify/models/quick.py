"""Parts of fitted models that predict the same, sooner.

scikit-learn transforms to quantiles column by column, and spends most of that time on preparing
calls of SciPy; a song has 1,402 columns. It asks each tree of a forest by way of its own checks and
of a pool of threads, which takes two fifths of the time of 300 trees on 1,000 songs.
"""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, VotingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import QuantileTransformer

#: How near to the first or last quantile a value counts as being there, as scikit-learn has it.
NEAR = 1e-7

#: Least and greatest rank as normal quantiles.
LEAST, GREATEST = float(ndtri(NEAR - np.spacing(1))), float(ndtri(1 - (NEAR - np.spacing(1))))


class Ranks(QuantileTransformer):
    """A fitted quantile transformer to a normal distribution that takes all columns together."""

    def _transform(self, x: NDArray[np.floating], inverse: bool = False) -> NDArray[np.floating]:
        if inverse or self.output_distribution != "normal" or not isinstance(x, np.ndarray):
            return super()._transform(x, inverse)
        low, high = x - NEAR < self.quantiles_[0], x + NEAR > self.quantiles_[-1]
        references, backwards = self.references_, -self.references_[::-1]
        for column in range(x.shape[1]):
            values, quantiles = x[:, column], self.quantiles_[:, column]
            from_below = np.interp(values, quantiles, references)
            # where a quantile is there more than once, a value on it has their mean rank
            x[:, column] = 0.5 * (from_below - np.interp(-values, -quantiles[::-1], backwards))
        x[high] = 1
        x[low] = 0
        return np.clip(ndtri(x), LEAST, GREATEST)


class _Forest:
    """The mean of trees' probabilities, added up in their order, as by scikit-learn on one core."""

    estimators_: list[Any]
    n_classes_: int

    def predict_proba(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Give class probabilities, shape (n, n_classes)."""
        x = np.ascontiguousarray(x, np.float32)
        total = np.zeros((len(x), self.n_classes_))
        for tree in self.estimators_:
            total += tree.tree_.predict(x)[:, : self.n_classes_]
        total /= len(self.estimators_)
        return total


class ExtraTrees(_Forest, ExtraTreesClassifier):
    """Fitted extremely randomised trees that are asked directly."""


class RandomForest(_Forest, RandomForestClassifier):
    """A fitted random forest whose trees are asked directly."""


#: What is put in the place of a fitted part.
QUICK = {
    QuantileTransformer: Ranks,
    ExtraTreesClassifier: ExtraTrees,
    RandomForestClassifier: RandomForest,
}


def with_quick_parts(model: Any) -> Any:
    """Give a fitted model that predicts the same, with parts of `QUICK` for those of scikit-learn.

    Parameters
    ----------
    model : estimator
        A pipeline, a vote of pipelines, which may hold another one, or a single step. It is not
        changed, and its parts are shared.
    """
    if quick := QUICK.get(type(model)):
        made: Any = quick.__new__(quick)
        made.__dict__ |= model.__dict__
        return made
    if isinstance(model, Pipeline):
        made = copy.copy(model)
        made.steps = [(name, with_quick_parts(step)) for name, step in model.steps]
        return made
    if isinstance(model, VotingClassifier):
        made = copy.copy(model)
        made.estimators_ = [with_quick_parts(member) for member in model.estimators_]
        inner = {n: one for n, one in vars(model).items() if isinstance(one, VotingClassifier)}
        made.__dict__ |= {name: with_quick_parts(one) for name, one in inner.items()}
        return made
    return model
