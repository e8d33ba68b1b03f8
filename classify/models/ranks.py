"""Quantile transformers of fitted models, for all columns at once: the same values, much sooner.

scikit-learn transforms column by column, and spends most of that time on preparing calls of SciPy;
a song has 1,402 columns.
"""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from sklearn.ensemble import VotingClassifier
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


def with_quick_ranks(model: Any) -> Any:
    """Give a fitted model that predicts the same, with `Ranks` for its quantile transformers.

    Parameters
    ----------
    model : estimator
        A pipeline, a vote of pipelines, which may hold another one, or a single step. It is not
        changed, and its parts are shared.
    """
    if type(model) is QuantileTransformer:
        made = Ranks.__new__(Ranks)
        made.__dict__ |= model.__dict__
        return made
    if isinstance(model, Pipeline):
        made = copy.copy(model)
        made.steps = [(name, with_quick_ranks(step)) for name, step in model.steps]
        return made
    if isinstance(model, VotingClassifier):
        made = copy.copy(model)
        made.estimators_ = [with_quick_ranks(member) for member in model.estimators_]
        inner = {n: one for n, one in vars(model).items() if isinstance(one, VotingClassifier)}
        made.__dict__ |= {name: with_quick_ranks(one) for name, one in inner.items()}
        return made
    return model
