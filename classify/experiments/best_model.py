"""Which model of a run is best: one rule for reports, training, excerpts and explanations.

The highest accuracy on songs of the test part under the run's own split; of equals the highest
macro-F1 on songs, then the highest accuracy on windows, then the first name. The majority class is
what others are held against, and is never best.
"""

import pandas as pd

from classify.models import registry

#: What is compared, one after another: level and metric.
CRITERIA = (("song", "accuracy"), ("song", "macro_f1"), ("window", "accuracy"))

#: Digits that scores.csv keeps; scores that agree in these are equal.
DIGITS = 6


def rank_key(scores: tuple[float, ...], name: str) -> tuple[float | str, ...]:
    """Give what models are sorted by, the best first.

    Parameters
    ----------
    scores : tuple of float
        Of CRITERIA.
    name : str
        Of the model.

    Examples
    --------
    >>> sorted(["svm", "knn"], key=lambda name: rank_key((0.5, 0.5, 0.5), name))
    ['knn', 'svm']
    """
    return (*(-round(score, DIGITS) for score in scores), name)


def ranking(scores: pd.DataFrame, protocol: str) -> list[str]:
    """Name the models of a run from best to worst, the majority class left out.

    Parameters
    ----------
    scores : DataFrame
        As in scores.csv; `classify.experiments.results` describes it.
    protocol : {"song", "window", "given"}
        The run's own split.

    Returns
    -------
    list of str
        Empty if there is no model but the majority class.
    """
    own = scores[(scores.protocol == protocol) & (scores.part == "test")]
    own = own[own.model != registry.MAJORITY]
    value = own.set_index(["model", "level", "metric"]).value
    return sorted(
        own.model.unique(),
        key=lambda name: rank_key(tuple(value[(name, *one)] for one in CRITERIA), name),
    )


def best_model(scores: pd.DataFrame, protocol: str) -> str | None:
    """Name the best model of a run; None if it has none but the majority class."""
    return next(iter(ranking(scores, protocol)), None)
